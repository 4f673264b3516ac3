//! Patterns that the reference library calls equivalent, and those that it does not.

use entente_stix::{json, pattern};

use crate::shared;

#[test]
fn sameness_of_patterns_is_that_of_the_reference_library() {
    let Some(text) = shared::read("cases/stix_pattern_equivalence.json") else {
        return;
    };
    let cases = json::read(&text).unwrap();
    let cases = cases.get("cases").and_then(json::Value::as_array).unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let read = |name| {
            let text = case.get(name).and_then(json::Value::as_str).unwrap();
            pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
        };
        let (left, right) = (read("pattern1"), read("pattern2"));
        let expected = case.get("equivalent").and_then(json::Value::as_bool).unwrap();
        let normal = [&left, &right].map(|one| pattern::normal(one).unwrap().to_string());
        if [pattern::equal(&left, &right), pattern::equal(&right, &left)] != [Ok(expected); 2] {
            wrong.push(format!("{left}  {right}: {expected} expected; {normal:?}"));
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
