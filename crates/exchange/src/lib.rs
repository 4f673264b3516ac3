//! What peers hear and say: messages between nodes, offline bundles, TAXII. Request to response; no socket.
//!
//! One encoding of a slice of a channel's log serves both. Begin at [`sync`] for the side that asks, [`answer`]
//! for the side that answers, and [`bundle`] for the file.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod answer;
pub mod bundle;
mod error;
mod heads;
pub mod hello;
pub mod limits;
pub mod message;
mod packed;
pub mod slice;
pub mod sync;
pub mod taxii;
mod wire;

pub use answer::{answer, answer_locked};
pub use error::Error;
pub use message::{read_answers, read_questions};
pub use packed::NotUnpacked;
pub use sync::{Account, Sync, Transport, sync};
pub use wire::Malformed;
