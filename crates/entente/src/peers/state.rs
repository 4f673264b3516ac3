//! How the conversations with each peer go: kept in the store, shown by `peer list`, REST and `/metrics`.

use serde::{Deserialize, Serialize};

/// The kind of these documents.
pub(crate) const KIND: &str = "peer";

/// How it stands with one peer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub(crate) struct State {
    /// When the last conversation was begun.
    pub(crate) tried: Option<String>,
    /// When the last one came to its end.
    pub(crate) succeeded: Option<String>,
    /// Why the last one did not, as a sentence.
    pub(crate) error: Option<String>,
    /// Failures since the last success.
    pub(crate) failures: u32,
    /// Until when it is left alone after failures.
    pub(crate) held_until: Option<String>,
    /// Entries that the peer has signed for us and that are not held here yet.
    pub(crate) lag: u64,
    /// Objects of the peer that are parked.
    pub(crate) parked: u64,
    /// Entries of our logs that the peer has not acknowledged.
    pub(crate) queue: u64,
    /// Bytes that went to the peer, and that came from it, in all conversations.
    pub(crate) sent: u64,
    /// Bytes that came from it.
    pub(crate) received: u64,
    /// Conversations that came to their end.
    pub(crate) conversations: u64,
}
