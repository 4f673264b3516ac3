//! Processing pipelines: how rules are told the fields and log sources of the events there are.
//!
//! The YAML is pySigma's. A pipeline is a list of items; each has a transformation and conditions on the rule, on a
//! detection item, or on a field name that say where it applies. Begin at [`Pipeline::read`] for one, at
//! [`crate::Pipelines`] for what a rule becomes.

mod apply;
mod condition;
mod placeholder;
mod prepare;
mod read;
mod transform;
mod values;

pub use prepare::{Alternative, Applied, Pipelines, Prepared, Skipped, Variant};

use self::condition::Conditions;
use self::transform::Transformation;

/// A pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Its name; empty where there is none.
    pub name: String,
    /// Its version, if it says so.
    pub version: Option<String>,
    /// Lower ones are applied first.
    pub priority: i64,
    vars: Vec<(String, Vec<String>)>,
    items: Vec<Step>,
}

/// One item of a pipeline.
#[derive(Debug, Clone)]
struct Step {
    id: Option<String>,
    transformation: Transformation,
    conditions: Conditions,
}
