//! Behaviour of the crate as its users see it, and what foreign suites expect of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod conformance_equivalence;
mod conformance_inspection;
mod conformance_pattern;
mod conformance_validation;
mod json_oracles;
mod real_objects;
mod shared;
