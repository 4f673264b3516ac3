//! Merkle log: leaves, tiles, checkpoints, proofs, cosignatures. Verifies alone.
//!
//! Pure: bytes in, values and answers out; tiles are asked for through [`tile::Tiles`]. The texts are
//! those of C2SP (`tlog-tiles`, `signed-note`, `tlog-checkpoint`, `tlog-cosignature`,
//! `tlog-witness`, `tlog-proof`) over the tree of RFC 6962. What an entry says is left to others: here it
//! is bytes, in a release log a [`commitment`]. An auditor begins at [`published::verify`], a log at
//! [`tile::appended`] and [`checkpoint::sign`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod checkpoint;
pub mod commitment;
pub mod cosignature;
mod error;
pub mod fork;
pub mod frontier;
pub mod hash;
pub mod limits;
pub mod note;
pub mod proof;
pub mod published;
mod text;
pub mod tile;
pub mod tlog_proof;
pub mod witness;

pub use error::{Error, ReadError};
