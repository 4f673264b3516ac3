//! Behaviour of the crate as its users see it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod agreement;
mod anyone;
mod decisions;
mod forms;
mod golden;
mod labels;
mod oracle;
mod random;
mod speed;
mod standing;
mod table;
mod takeover;
mod worlds;
