//! What can be wrong with what one is given, and whose fault it is.

use crate::tile::TileId;

/// What is wrong with a text, a signature or a proof. The fault is of whoever made it; nothing here
/// is the disk's or the operator's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a signed note (C2SP signed-note).
    #[error("not a signed note: {0}")]
    Note(&'static str),
    /// Not a key in its text form, or one that nobody should trust.
    #[error("not a key: {0}")]
    Key(&'static str),
    /// Not a checkpoint (C2SP tlog-checkpoint).
    #[error("not a checkpoint: {0}")]
    Checkpoint(&'static str),
    /// Not a request, proof, fork or other text of this crate.
    #[error("not a {what}: {why}")]
    Text {
        /// Which kind of text was expected.
        what: &'static str,
        /// Where it goes wrong.
        why: &'static str,
    },
    /// Not the path of a tile (C2SP tlog-tiles).
    #[error("not the path of a tile: {0}")]
    Path(&'static str),
    /// A tile, a bundle of entries or a frontier with bytes that cannot be one.
    #[error("not a {what}: {why}")]
    Bytes {
        /// Which kind of bytes was expected.
        what: &'static str,
        /// Where they go wrong.
        why: &'static str,
    },
    /// Over a bound of [`crate::limits`].
    #[error("{what} is over the bound of {max}")]
    TooMuch {
        /// What is too long or too many.
        what: &'static str,
        /// The bound.
        max: u64,
    },
    /// None of the known keys signed it.
    #[error("no signature by a known key; the note is signed by {0}")]
    UnknownSigner(String),
    /// A known key is named, but the signature is not by it or not over this text.
    #[error("the signature of `{0}` is not good: the text was changed, or somebody else signed in that name")]
    BadSignature(String),
    /// A known key signed in a way that this version cannot check; never taken for good.
    #[error(
        "the signature of `{name}` is of type {algorithm:#04x}, which this version cannot check; ask for an Ed25519 signature"
    )]
    Unsupported {
        /// The key's name.
        name: String,
        /// The type byte of C2SP signed-note.
        algorithm: u8,
    },
    /// A key was asked for something that its type is not for.
    #[error("the key `{name}` cannot be used here: {why}")]
    WrongKey {
        /// The key's name.
        name: String,
        /// What was asked of it.
        why: &'static str,
    },
    /// Fewer witnesses than asked for.
    #[error("cosigned by {found} known witnesses; {wanted} are needed")]
    Quorum {
        /// Known witnesses whose cosignature is good.
        found: usize,
        /// How many the policy wants.
        wanted: usize,
    },
    /// A log of another name.
    #[error("this is of the log `{found}`, not of `{wanted}`")]
    Origin {
        /// The origin in the checkpoint.
        found: String,
        /// The origin that was expected.
        wanted: String,
    },
    /// The hashes do not lead from the one to the other.
    #[error("the proof does not hold: {0}")]
    Proof(&'static str),
    /// Two heads that are of one log after all.
    #[error("not a fork: the earlier head is a beginning of the later one")]
    NoFork,
}

/// A reading of tiles that could not be finished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError<E> {
    /// The source of tiles failed.
    #[error("cannot read a tile: {0}")]
    Source(E),
    /// The source gave fewer hashes than the tile has.
    #[error("the tile `{}` has too few hashes", .0.path())]
    Short(TileId),
    /// What was asked for is not in a tree of that size.
    #[error(transparent)]
    Asked(#[from] Error),
}
