//! Patterns of the reference validator's suite and of published feeds.

use entente_stix::{json, pattern};

use crate::shared;

/// Compares our verdict with the field `expected` of every case.
fn check(file: &str, expected: &str) {
    let Some(text) = shared::read(file) else { return };
    let cases = json::read(&text).unwrap();
    let cases = cases.get("cases").and_then(json::Value::as_array).unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let field = |name| case.get(name).and_then(json::Value::as_str).unwrap();
        let valid = case.get(expected).and_then(json::Value::as_bool).unwrap();
        let verdict = pattern::check(field("pattern"));
        if verdict.as_ref().is_ok_and(pattern::Checked::is_valid) != valid {
            wrong.push(format!("{} {}: {verdict:?}", field("id"), field("pattern")));
        }
        if let Ok(checked) = &verdict {
            let again = pattern::parse(&checked.pattern.to_string());
            assert_eq!(again.as_ref(), Ok(&checked.pattern), "{}", field("pattern"));
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

#[test]
fn validity_of_patterns_is_that_of_the_reference_validator() {
    check("cases/stix_pattern_validity.json", "valid");
}

#[test]
fn published_patterns_are_accepted() {
    check("cases/stix_patterns_real.json", "valid_21");
}
