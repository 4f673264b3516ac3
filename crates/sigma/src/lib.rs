//! Sigma 2.1 as text to a tree that an engine can compile: rules, correlations, filters and pipelines.
//!
//! Pure: text in, trees, findings and refusals out, each with its place. Modifiers are resolved to tests when a
//! rule is read, so that nobody after this crate knows of `base64offset` or `windash`. Whether an event meets a
//! test is the engine's task. Begin at [`Collection::read`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod builtin;
pub mod collection;
pub mod condition;
pub mod correlation;
pub mod error;
pub mod filter;
pub mod hayabusa;
pub mod limits;
pub mod lint;
pub mod pipeline;
pub mod rule;
pub mod search;
pub mod test;
pub mod yaml;

mod detection;
mod meta;
mod pattern;
mod suggest;

pub use collection::{Collection, one_rule};
pub use correlation::Correlation;
pub use error::{Place, Reason, Refusal};
pub use filter::Filter;
pub use pipeline::{Pipeline, Pipelines};
pub use rule::Rule;
