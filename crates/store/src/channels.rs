//! What the channel side of a store gives back: acts, channels and their entries, asides and notes.
//!
//! What goes in is in [`crate::change`].

use crate::change::EntryKind;
use crate::records::{Stored, Told};

/// A signed statement as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Its number in the order of storing, from 1.
    pub number: u64,
    /// What sort of statement.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// What tells it from all others.
    pub digest: [u8; 32],
    /// The statement.
    pub text: Vec<u8>,
    /// When it was stored, microseconds since 1970 UTC.
    pub at: i64,
}

/// A channel: the log of what one party released to one audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// The name of its log, unique.
    pub origin: String,
    /// The agreement it belongs to.
    pub agreement: String,
    /// The party that releases through it.
    pub owner: String,
    /// The parties that receive, in the order given.
    pub audience: Vec<String>,
    /// How many entries it has.
    pub size: u64,
    /// What is needed to append on; empty before the first append.
    pub frontier: Vec<u8>,
    /// The latest signed head.
    pub head: Option<Vec<u8>>,
    /// Whether an entry closed it.
    pub closed: bool,
    /// Grows whenever something released earlier stands no more, or stands again elsewhere: a recall, a second
    /// release of an id, an erasure, a close. A page of [`crate::Store::released`] that was read at this number,
    /// and after which more came, is still right.
    pub disturbed: u64,
}

/// An entry of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place in the channel, from 0.
    pub number: u64,
    /// What it does.
    pub kind: EntryKind,
    /// The id of the object; empty for [`EntryKind::Close`].
    pub subject: String,
    /// The digest of what was released.
    pub digest: Option<[u8; 32]>,
    /// What the leaf commits to.
    pub opening: Vec<u8>,
    /// What hides it.
    pub salt: [u8; 32],
    /// The leaf hash.
    pub leaf: [u8; 32],
    /// When it was stored, microseconds since 1970 UTC.
    pub at: i64,
    /// The same, but later than that of every earlier entry of the channel: `at`, or one microsecond after the
    /// entry before.
    pub added: i64,
    /// When its content shall be erased, microseconds since 1970 UTC.
    pub expires_at: Option<i64>,
    /// Whether its content was erased.
    pub erased: bool,
}

/// A release that stands: its number in the channel, and the digest of what was released.
pub type LiveRelease = (u64, [u8; 32]);

/// A release that stands, with what is needed to tell it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its number in the channel, from 0.
    pub number: u64,
    /// The id of the object.
    pub id: String,
    /// The digest of what was released.
    pub digest: [u8; 32],
    /// What the leaf commits to.
    pub opening: Vec<u8>,
    /// When its content shall be erased, microseconds since 1970 UTC.
    pub expires_at: Option<i64>,
    /// [`LogEntry::added`].
    pub added: i64,
    /// [`LogEntry::at`].
    pub at: i64,
}

/// Something told that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// Its number, never given twice.
    pub number: u64,
    /// `proposal`, `parked`…
    pub kind: String,
    /// The id of the object.
    pub id: String,
    /// Who told it.
    pub source: String,
    /// What tells it from all else that this source told.
    pub digest: [u8; 32],
    /// What was told.
    pub text: Vec<u8>,
    /// Why it was not taken in.
    pub reason: String,
    /// When it was first told, microseconds since 1970 UTC.
    pub at: i64,
    /// When to try again, microseconds since 1970 UTC.
    pub until: Option<i64>,
}

/// A note about a log or another subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// `receipt`, `witnessed`, `seen`, `fork`…
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// Whose it is.
    pub party: String,
    /// Of which size of the log.
    pub size: i64,
    /// The note.
    pub text: Vec<u8>,
    /// When it was stored, microseconds since 1970 UTC.
    pub at: i64,
}

/// A current version whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its place in the order of changes.
    pub number: u64,
    /// The version.
    pub stored: Stored,
    /// Who told it, by name; at most [`crate::limits::LOOK_MENTIONS_MAX`].
    pub told: Vec<Told>,
}
