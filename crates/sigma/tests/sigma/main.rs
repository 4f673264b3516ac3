//! Rules as others write them, through the crate's own door.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod cases;
mod hostile;
mod pipelines;
mod real;
mod rules;
