//! The reference validator's suite: the verdict on each object, and whether anything is recommended.

use entente_stix::json::{self, Value};
use entente_stix::validate::{self, Severity};

use crate::shared;

#[test]
fn verdicts_are_those_of_the_reference_validator() {
    let Some(text) = shared::read("cases/stix_validation.json") else {
        return;
    };
    let cases = json::read(&text).unwrap();
    let cases = cases.get("cases").and_then(Value::as_array).unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let findings = validate::object(case.get("input").unwrap());
        let has = |severity| findings.iter().any(|finding| finding.severity == severity);
        let valid = case.get("mandatory_valid").and_then(Value::as_bool).unwrap();
        let recommended = case
            .get("recommended_findings")
            .and_then(Value::as_array)
            .unwrap();
        if has(Severity::Error) == valid || has(Severity::Warning) == recommended.is_empty() {
            let id = case.get("id").and_then(Value::as_str).unwrap();
            wrong.push(format!("{id}: valid {valid}, {recommended:?}, but {findings:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} deviate:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
