//! What a peer may be told. A peer's door sees a node through this and nothing else.

/// A channel that a peer may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The log's name.
    pub origin: String,
    /// The agreement's id.
    pub agreement: String,
    /// Entries up to the signed head.
    pub size: u64,
    /// The signed head: a note with cosignatures.
    pub head: String,
}

/// Some entries of a channel's log in order, with what proves that they are its.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The log's name.
    pub origin: String,
    /// The signed head that the entries are proven against: a note with cosignatures.
    pub head: String,
    /// Number of the first entry.
    pub from: u64,
    /// The entries, without a gap. May be empty: then the slice only carries the head.
    pub entries: Vec<SliceEntry>,
    /// Consistency proof (RFC 9162 §2.1.4) from the end of this slice to the head; empty if the slice
    /// reaches the head, or ends at 0.
    pub consistency: Vec<[u8; 32]>,
}

impl Slice {
    /// Number of the entry after the last one here.
    pub fn end(&self) -> u64 {
        self.from.saturating_add(self.entries.len() as u64)
    }
}

/// One entry of a log, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceEntry {
    /// What the entry commits to: canonical JSON.
    pub opening: Vec<u8>,
    /// The commitment's salt.
    pub salt: [u8; 32],
    /// The object's text. `None` where the entry releases nothing, or its content is no longer told:
    /// recalled, replaced by a later entry, or past its time.
    pub content: Option<Vec<u8>>,
}

/// Why a peer does not get what it asked for. Says nothing that the peer may not know.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No such channel, or not for this peer: the same answer to both.
    #[error("no channel `{origin}` for this party")]
    NoChannel {
        /// The log asked for.
        origin: String,
    },
    /// The agreement is not in force.
    #[error("agreement `{agreement}` is not in force: {standing}")]
    NotInForce {
        /// The agreement's id.
        agreement: String,
        /// How it stands, as a sentence.
        standing: String,
    },
    /// The log is not that long.
    #[error("the log `{origin}` has {size} entries, there is nothing from {from} on")]
    Beyond {
        /// The log.
        origin: String,
        /// Its signed size.
        size: u64,
        /// What was asked for.
        from: u64,
    },
    /// What the peer sent is not what it has to be.
    #[error("{0}")]
    Bad(String),
    /// This node failed. The cause is for its operator, not for the peer.
    #[error("this node cannot answer now; ask again later")]
    Failed(#[source] Box<crate::Error>),
}
