//! What can go wrong between nodes, by whose fault.

use crate::message::NotAMessage;

/// Why a conversation with a peer ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the peer sent is no message, or a damaged one. Ask again; if it stays so, it is the peer's fault.
    #[error("cannot read what the peer sent: {0}")]
    Message(#[from] NotAMessage),
    /// The peer answers something else than it was asked.
    #[error("the peer answered something that was not asked; it is at fault")]
    Unasked,
    /// The peer refuses.
    #[error("the peer refuses: {reason}")]
    Refused {
        /// A stable word.
        code: String,
        /// Its sentence.
        reason: String,
    },
    /// The way to the peer failed.
    #[error("cannot reach the peer: {0}; what came before is kept, the next time goes on from there")]
    Transport(String),
    /// This node failed, or does not accept what came.
    #[error(transparent)]
    Node(#[from] entente_node::Error),
    /// This node cannot say what the peer may know.
    #[error(transparent)]
    Own(#[from] entente_node::view::Refused),
    /// The packer failed, for want of memory.
    #[error("cannot pack a message: {0}")]
    Pack(#[from] std::io::Error),
}
