//! Offline bundles: one file for one party under one agreement (`docs/formats/bundle.md`).
//!
//! A bundle is what a conversation would carry, sealed: what was said about agreements, slices of the issuer's logs
//! with their proofs, receipts, heads. It is signed at both ends by the issuer and encrypted to the party. Reading
//! verifies all of it before anything is applied. Nothing in it has a name, so there are no paths. Begin at
//! [`write()`] and [`read`].

mod check;
mod error;
mod frames;
mod header;
mod read;
mod sealed;
mod write;

pub use check::outline;
pub use error::Error;
pub use header::{Header, Log};
pub use read::{Account, read};
pub use sealed::recipient;
pub use write::{From, Order, Written, write};
