//! How the conversations with each peer go: kept in the store, shown by `peer list`, REST and `/metrics`.

use entente_node::Node;
use entente_stix::time::Timestamp;
use entente_store::{Expected, NewDocument};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::place;

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

impl State {
    /// As it was kept; a beginning where nothing was.
    pub(crate) fn of(node: &Node, party: &str, at: Timestamp) -> Result<State, Failure> {
        let kept = node
            .store()
            .document(KIND, party, at.micros())
            .map_err(place::failure)?;
        // What cannot be read was written by another version: it is counted anew.
        let state = kept.and_then(|kept| serde_json::from_slice(&kept.value).ok());
        Ok(state.unwrap_or_default())
    }

    /// Keeps it.
    pub(crate) fn keep(&self, node: &Node, party: &str, at: Timestamp) -> Result<(), Failure> {
        let value = serde_json::to_vec(self).map_err(Failure::store)?;
        let document = NewDocument {
            kind: KIND,
            key: party,
            value: Some(&value),
            expires_at: None,
            expected: Expected::Any,
        };
        node.store()
            .put_document(&document, at.micros())
            .map_err(place::failure)?;
        Ok(())
    }
}
