//! Why a bundle was not written or not read, by whose fault.

use std::io;

use entente_stix::time::Timestamp;

use crate::{Malformed, NotUnpacked};

/// Why a bundle was not written, or was refused. A refused bundle changed nothing, but for what it says of keys
/// and agreements where that had to be known first: see [`super::read`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The party for whom it shall be is not known, or told no key to encrypt to.
    #[error("cannot encrypt to `{party}`: {cause}; take its latest card in with `entente party add FILE`")]
    NoRecipient {
        /// The party.
        party: String,
        /// What is missing.
        cause: String,
    },
    /// This node's own secret cannot be used.
    #[error("this node's own key for files cannot be used: {0}")]
    Secret(String),
    /// Not a bundle, or damaged.
    #[error("not a bundle of Entente, or a damaged one: {0}; nothing was taken in: have it brought again")]
    NotOurs(String),
    /// Its end is missing.
    #[error("the bundle is cut short; nothing was taken in: have it brought again")]
    Truncated,
    /// Encrypted to others.
    #[error(
        "the bundle is encrypted to another party's key; nothing was taken in: ask for one to this party's latest key"
    )]
    WrongRecipient,
    /// Encrypted to this party, but made for another: somebody packed it anew.
    #[error("the bundle is for `{audience}`, not for this party; nothing was taken in")]
    WrongAudience {
        /// For whom it is.
        audience: String,
    },
    /// Made by nobody known.
    #[error(
        "the bundle is by `{issuer}`, who is not known here; nothing was taken in: take their card in with `entente party add FILE`"
    )]
    UnknownIssuer {
        /// Who it says made it.
        issuer: String,
    },
    /// Signed by no key of its issuer that counts now.
    #[error(
        "the bundle's {place} is not signed by a key of `{issuer}` that counts: {cause}; nothing was taken in"
    )]
    NotSigned {
        /// Who it says made it.
        issuer: String,
        /// Its header or its end.
        place: &'static str,
        /// What is wrong.
        cause: String,
    },
    /// From the future.
    #[error(
        "the bundle counts from {not_before} on, which has not come yet; nothing was taken in: check the clocks of both sides"
    )]
    NotYet {
        /// From when on it counts.
        not_before: Timestamp,
    },
    /// Too old.
    #[error("the bundle counted until {until}; nothing was taken in: ask for a new one")]
    Over {
        /// Until when it counted.
        until: Timestamp,
    },
    /// Something between what is held and what it tells is missing.
    #[error(
        "the bundle tells of `{origin}` from entry {from} on, and only {have} are held; nothing was taken in: read {missing} first"
    )]
    Gap {
        /// The log.
        origin: String,
        /// Entries that are held.
        have: u64,
        /// Its first entry.
        from: u64,
        /// The bundles that are missing, in words.
        missing: String,
    },
    /// It does not tell what its header promises.
    #[error("the bundle does not hold what its header says: {0}; nothing was taken in")]
    NotAsSaid(String),
    /// The file is another than a moment ago.
    #[error("the file changed while it was read; what came before is taken in whole: read it again")]
    Changed,
    /// The log grew while it was written.
    #[error("`{origin}` grew while the bundle was written; write it again")]
    Moved {
        /// The log.
        origin: String,
    },
    /// A section does not unpack.
    #[error("the bundle cannot be unpacked: {0}; nothing was taken in")]
    Packed(#[from] NotUnpacked),
    /// A section is not of our form.
    #[error("the bundle cannot be read: {0}; nothing was taken in")]
    Malformed(#[from] Malformed),
    /// This node refuses, or failed.
    #[error(transparent)]
    Node(#[from] entente_node::Error),
    /// This node does not tell the party that.
    #[error(transparent)]
    Refused(#[from] entente_node::view::Refused),
    /// A file could not be read or written.
    #[error("cannot use the file: {0}")]
    Io(io::Error),
}

impl Error {
    pub(super) fn not_ours(cause: impl Into<String>) -> Error {
        Error::NotOurs(cause.into())
    }

    /// Whether the bundle shows that a log has two histories: the proof of that is kept.
    pub fn is_fork(&self) -> bool {
        matches!(self, Error::Node(entente_node::Error::Forked { .. }))
    }
}

/// What the decryption finds wrong comes as an error of the file; it is the bundle's.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::Truncated,
            io::ErrorKind::InvalidData => Error::NotOurs(error.to_string()),
            _ => Error::Io(error),
        }
    }
}
