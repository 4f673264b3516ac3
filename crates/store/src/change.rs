//! Everything that one act changes, to be applied whole: begin at [`Change`].
//!
//! The store understands no STIX, no signature and no tree: bytes go in, with what they must be found by.

use std::fmt;

use crate::collections::{Collect, Collected, Discard, NewCollection};
use crate::documents::NewDocument;
use crate::records::{Derive, Incoming, Outcome};

/// Everything that one act changes: all of it is stored, or nothing.
///
/// What a withdrawal, an erasure or a settled aside removes is overwritten where it stood. Copies of its page in the
/// write-ahead log, and its single words in the index of words, go when those are next put in order.
///
/// Withdrawals come first, then what was told, then the rest in the order of the fields; so an entry may name an
/// object told, and a channel made, by the same change.
#[derive(Debug, Clone, Default)]
pub struct Change<'a> {
    /// When, in microseconds since 1970 UTC: noted with everything that is new.
    pub at: i64,
    /// Holdings that end.
    pub withdrawn: Vec<Withdrawn<'a>>,
    /// What sources told: as [`crate::Store::ingest`], one answer for each in [`Applied::outcomes`].
    pub told: Vec<Telling<'a>>,
    /// Signed statements, numbered in the order in which they are stored; one whose digest is known is left out.
    pub acts: Vec<NewAct<'a>>,
    /// Channels to make; one whose origin is known stays as it is.
    pub channels: Vec<NewChannel<'a>>,
    /// Forms of objects that are not objects here (redacted ones).
    pub contents: Vec<NewContent<'a>>,
    /// New entries of channels, at most one append for each origin.
    pub appends: Vec<Append<'a>>,
    /// The latest signed head of a channel: origin and note.
    pub heads: Vec<(&'a str, &'a [u8])>,
    /// Ids and the party each belongs to from now on; an id that belongs to some party already stays with it.
    pub bound: Vec<(&'a str, &'a str)>,
    /// Asides that are settled, by number; unknown numbers do nothing.
    pub aside_gone: Vec<u64>,
    /// What was told but not taken in. Of the same source and digest only one is kept: it keeps its number, and
    /// its kind, reason and time follow the latest.
    pub aside: Vec<NewAside<'a>>,
    /// Notes, one for each (kind, subject, party): a later one takes the place of an earlier.
    pub notes: Vec<NewNote<'a>>,
    /// Entries (origin, number) whose content shall no longer be kept for them. The entry keeps its place and its
    /// leaf; a content that no other entry of the same subject needs is removed.
    pub erased: Vec<(&'a str, u64)>,
    /// The node's own small values, as [`crate::Store::set_meta`].
    pub meta: Vec<(&'a str, Option<&'a str>)>,
    /// Collections to make; one that is there keeps its entries and its time, and is described anew.
    pub collections: Vec<NewCollection<'a>>,
    /// Entries of collections that go.
    pub discarded: Vec<Discard<'a>>,
    /// New entries of collections.
    pub collected: Vec<Collect<'a>>,
    /// Documents to write or to remove. Where there is not what one expects, nothing of the change is stored.
    pub documents: Vec<NewDocument<'a>>,
}

/// What one source told.
#[derive(Debug, Clone)]
pub struct Telling<'a> {
    /// Who told it.
    pub source: &'a str,
    /// What.
    pub objects: Vec<Incoming<'a>>,
}

/// Ends what a source holds of an id. A version that nobody holds any more is removed with its text, and everything
/// is as if it had never been told: the greatest version that is left becomes current.
#[derive(Clone)]
pub struct Withdrawn<'a> {
    /// Whose holding.
    pub source: &'a str,
    /// Of which id.
    pub id: &'a str,
    /// Of which version; `None` for all.
    pub digest: Option<[u8; 32]>,
    /// Reads again what is to be found of the version that becomes current instead.
    pub derive: &'a Derive<'a>,
}

impl fmt::Debug for Withdrawn<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Withdrawn")
            .field("source", &self.source)
            .field("id", &self.id)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

/// A signed statement on its way in.
#[derive(Debug, Clone)]
pub struct NewAct<'a> {
    /// What sort of statement.
    pub kind: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// What tells it from all others.
    pub digest: [u8; 32],
    /// The statement.
    pub text: &'a [u8],
}

/// A channel to make.
#[derive(Debug, Clone)]
pub struct NewChannel<'a> {
    /// The name of its log, unique.
    pub origin: &'a str,
    /// The agreement it belongs to.
    pub agreement: &'a str,
    /// The party that releases through it.
    pub owner: &'a str,
    /// The parties that receive, without the owner.
    pub audience: Vec<&'a str>,
}

/// The form of an object in which it was released, where that is not the object itself.
#[derive(Debug, Clone)]
pub struct NewContent<'a> {
    /// The id of the object: entries of this subject keep the content.
    pub subject: &'a str,
    /// SHA-256 of its canonical form, as in the entry.
    pub digest: [u8; 32],
    /// The form, an object's text.
    pub text: &'a [u8],
}

/// New entries of one channel, with what becomes of its tree.
#[derive(Debug, Clone)]
pub struct Append<'a> {
    /// Which channel.
    pub origin: &'a str,
    /// How many entries the channel had when this was made; if it has another number by now,
    /// [`crate::Error::Moved`].
    pub expected_size: u64,
    /// The entries, in order.
    pub entries: Vec<NewEntry<'a>>,
    /// Level, index and bytes of tiles that are new or replaced.
    pub tiles: Vec<(u8, u64, Vec<u8>)>,
    /// What is needed to append on.
    pub frontier: Vec<u8>,
}

/// What an entry of a channel does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// Releases a form of an object.
    Release = 1,
    /// Takes back every earlier release of an object.
    Recall = 2,
    /// Ends the channel.
    Close = 3,
}

impl EntryKind {
    /// The kind of a stored number.
    pub fn from_number(number: u8) -> Option<EntryKind> {
        [EntryKind::Release, EntryKind::Recall, EntryKind::Close]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }
}

/// One entry on its way in.
#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    /// What it does.
    pub kind: EntryKind,
    /// The id of the object; empty for [`EntryKind::Close`].
    pub subject: &'a str,
    /// The digest of what was released.
    pub digest: Option<[u8; 32]>,
    /// What the leaf commits to.
    pub opening: &'a [u8],
    /// What hides it.
    pub salt: [u8; 32],
    /// The leaf hash.
    pub leaf: [u8; 32],
    /// When its content shall be erased, microseconds since 1970 UTC.
    pub expires_at: Option<i64>,
}

/// Something told that was not taken in.
#[derive(Debug, Clone)]
pub struct NewAside<'a> {
    /// `proposal`, `parked`…
    pub kind: &'a str,
    /// The id of the object.
    pub id: &'a str,
    /// Who told it.
    pub source: &'a str,
    /// What tells it from all else that this source told.
    pub digest: [u8; 32],
    /// What was told, which need not be an object, nor text.
    pub text: &'a [u8],
    /// Why it was not taken in.
    pub reason: &'a str,
    /// When to try again, microseconds since 1970 UTC.
    pub until: Option<i64>,
}

/// A note on its way in.
#[derive(Debug, Clone)]
pub struct NewNote<'a> {
    /// `receipt`, `witnessed`, `seen`, `fork`…
    pub kind: &'a str,
    /// What it is about, an origin mostly.
    pub subject: &'a str,
    /// Whose it is.
    pub party: &'a str,
    /// Of which size of the log.
    pub size: i64,
    /// The note.
    pub text: &'a [u8],
}

/// What became of a [`Change`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// For each telling, one outcome for each object.
    pub outcomes: Vec<Vec<Outcome>>,
    /// For each act its number; `None` where its digest was known.
    pub acts: Vec<Option<u64>>,
    /// How many holdings ended.
    pub withdrawn: u64,
    /// How many entries of collections went.
    pub discarded: u64,
    /// For each [`Collect`], what became of each entry.
    pub collected: Vec<Vec<Collected>>,
}
