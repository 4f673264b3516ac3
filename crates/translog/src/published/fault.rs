//! What can be wrong with a published log, each kind with its code.

use std::fmt;

/// The first thing that is wrong with a published log. The fault is of whoever published it, or changed
/// it since; only [`Kind::Unreadable`] may be the disk's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    kind: Kind,
    place: String,
    why: String,
}

impl Fault {
    /// A fault of this kind in the file at `place`.
    pub(super) fn new(kind: Kind, place: &str, why: impl Into<String>) -> Self {
        Self {
            kind,
            place: place.to_owned(),
            why: why.into(),
        }
    }

    /// Which kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The code of its kind: stable, for machines.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// The file in which it lies, relative to the folder of the log.
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {} ({})", self.place, self.why, self.code())
    }
}

impl std::error::Error for Fault {}

macro_rules! kinds {
    ($($(#[$doc:meta])+ $name:ident = $code:literal,)+) => {
        /// The kinds of faults.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])+ $name,)+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its code, which never changes.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

kinds! {
    /// There is no checkpoint.
    MissingCheckpoint = "missing-checkpoint",
    /// The checkpoint is no checkpoint.
    BadCheckpoint = "bad-checkpoint",
    /// A known key is named under the checkpoint, and did not sign it so.
    BadSignature = "bad-signature",
    /// None of the known keys signed the checkpoint.
    UnknownSigner = "unknown-signer",
    /// A known key signed the checkpoint in a way that cannot be checked here.
    UnsupportedSignature = "unsupported-signature",
    /// The checkpoint is of a log of another name.
    OtherLog = "other-log",
    /// Too few of the known witnesses cosigned the checkpoint.
    TooFewWitnesses = "too-few-witnesses",
    /// The log is smaller than it was.
    RolledBack = "rolled-back",
    /// The log does not begin as it did.
    Forked = "forked",
    /// The tiles hold together, but are not those of the checkpoint.
    RootMismatch = "root-mismatch",
    /// A tile is not there.
    MissingTile = "missing-tile",
    /// A tile has too few bytes.
    ShortTile = "short-tile",
    /// A tile has bytes behind its end.
    LongTile = "long-tile",
    /// A hash in a tile is not the one that belongs there.
    BadHash = "bad-hash",
    /// A tile holds together with what is below it, but is of another log.
    ForeignTile = "foreign-tile",
    /// A bundle of entries is not there.
    MissingEntries = "missing-entries",
    /// A bundle has too few entries.
    ShortEntries = "short-entries",
    /// A bundle has too many entries.
    LongEntries = "long-entries",
    /// A bundle cannot be taken apart into entries.
    BadEntries = "bad-entries",
    /// An entry is not the one whose hash was logged.
    BadEntry = "bad-entry",
    /// A bundle has nothing of this log in it.
    ForeignEntries = "foreign-entries",
    /// An entry is not a commitment of 32 bytes.
    NotACommitment = "not-a-commitment",
    /// The log has no entry of that number.
    NoSuchEntry = "no-such-entry",
    /// A file is there, and cannot be read.
    Unreadable = "unreadable",
}
