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
mod hostile;
mod interference;
mod pact;
mod party;
mod peers;
mod speed;
mod takeover;
mod world;
