//! Whole nodes on embedded stores: parties, agreements, channels.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod acts;
mod channel;
mod crash;
mod forks;
mod hostile;
mod interference;
mod pact;
mod party;
mod peers;
mod recovery;
mod speed;
mod takeover;
mod trials;
mod world;
