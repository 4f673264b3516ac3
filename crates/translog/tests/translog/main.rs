//! Behaviour of the crate as its users see it: against the texts of C2SP, against another implementation,
//! against a naive one, and against whoever changes things.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod differential;
mod forks;
mod format;
mod notes;
mod published;
mod shared;
mod tampering;
mod texts;
mod tree;
mod witnesses;
