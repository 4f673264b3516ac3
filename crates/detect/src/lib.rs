//! Indicators compiled once, events matched many times, each match explained.
//!
//! Patterns become atoms ([`terms`]), atoms a generation file ([`Compiler`]), a generation is opened
//! ([`Generation`]) and shared by scanners ([`Scanner`]), each a visitor of telemetry on one thread. Whose
//! indicators these are, what becomes of a detection, and when a generation is replaced is left to others.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod address;
mod arena;
mod atom;
mod bloom;
mod compile;
mod expression;
mod filter;
mod generation;
mod hash;
mod key;
mod layout;
pub mod limits;
mod lookup;
mod memo;
mod networks;
pub mod pattern;
mod patterns;
pub mod rules;
mod scan;
pub mod sco;
pub mod state;
mod table;
pub mod terms;
mod text;
mod values;

pub use arena::Indicator;
pub use atom::{Atom, Test};
pub use compile::{Compiler, Entry, Error as CompileError, Settings};
pub use generation::{Error, Generation, Storage, Summary};
pub use scan::{Counters, Hit, How, Options, Scanner};
