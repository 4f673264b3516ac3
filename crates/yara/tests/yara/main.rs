//! The crate from outside: cases of the engine's own suite, published rules, archives, hostile texts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::indexing_slicing
)]

mod archives;
mod hostile;
mod semantics;
mod sets;
