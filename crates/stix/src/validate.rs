//! The rules of STIX 2.1 for an object and for a bundle; what breaks them is a finding, as data.
//!
//! Data first: [`schema`] says what a table is made of, [`tables`] holds one row for each type, and
//! [`vocabulary`] the terms. Over them run the rules, a file for each subject in `rules`, each known to
//! [`rule`] by a stable name. To add a rule: name it in [`rule`], write the function, call it in `rules`.

mod findings;
mod forms;
mod language;
mod registry;
pub mod rule;
mod rules;
pub mod schema;
pub mod tables;
#[cfg(test)]
mod tests;
pub mod vocabulary;

pub use findings::Finding;
pub use rule::{Rule, Severity};

use crate::json::Value;
use findings::{Findings, Place};

/// Every rule there is: for documentation, and for whoever selects among findings.
pub fn rules() -> &'static [&'static Rule] {
    rule::ALL
}

/// What the rules say about one object; a bundle is looked into. No finding of severity
/// [`Severity::Error`] means valid. At most [`FINDINGS_MAX`](crate::limits::FINDINGS_MAX) findings.
pub fn object(value: &Value<'_>) -> Vec<Finding> {
    let mut findings = Findings::new();
    rules::check(value, &Place::ROOT, &mut findings);
    findings.into_vec()
}

/// What the rules say about a bundle: its own properties, its objects one by one, and the objects
/// among each other.
pub fn bundle(value: &Value<'_>) -> Vec<Finding> {
    let mut findings = Findings::new();
    rules::bundle::check(value, &Place::ROOT, &mut findings);
    findings.into_vec()
}
