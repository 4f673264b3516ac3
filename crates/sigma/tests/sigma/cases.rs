//! The recorded calls of pySigma's tests: what it accepts and what it refuses.

use entente_sigma::Collection;
use serde_json::Value;

use crate::real::shared;

/// Where we differ, and by which words.
const ARGUED: &[(&str, &str)] = &[];

#[test]
fn what_others_accept_and_refuse_so_do_we() {
    let Some(path) = shared("cases/sigma_parse.json") else {
        return;
    };
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let differing: Vec<String> = cases.iter().filter_map(differs).collect();
    assert!(
        differing.is_empty(),
        "{} of {}:\n{}",
        differing.len(),
        cases.len(),
        differing.join("\n")
    );
}

fn differs(case: &Value) -> Option<String> {
    let id = case["id"].as_str().unwrap();
    let kind = case["kind"].as_str().unwrap();
    let mut collection = Collection::read(&text(&case["input"]));
    if kind == "SigmaCollection" {
        collection.link();
    }
    let one = [
        collection.rules.len(),
        collection.correlations.len(),
        collection.filters.len(),
    ];
    let right_kind = match kind {
        "SigmaRule" => one == [1, 0, 0],
        "SigmaCorrelationRule" => one == [0, 1, 0],
        "SigmaFilter" => one == [0, 0, 1],
        _ => one.iter().sum::<usize>() > 0,
    };
    let accepted = collection.refusals.is_empty() && right_kind;
    let expected = case["valid"].as_bool().unwrap();
    let argued = ARGUED.iter().any(|(argued, _)| *argued == id);
    (accepted != expected && !argued).then(|| {
        let why: Vec<_> = collection.refusals.iter().map(ToString::to_string).collect();
        format!(
            "{id} {kind} expected {expected}: {one:?} {} ({})",
            why.join("; "),
            case["error"]
        )
    })
}

/// A mapping is written as JSON, which is YAML; a list of them as documents.
fn text(input: &Value) -> String {
    match input {
        Value::String(yaml) => yaml.clone(),
        Value::Array(documents) => {
            let each: Vec<_> = documents
                .iter()
                .map(|document| format!("---\n{document}\n"))
                .collect();
            each.concat()
        }
        mapping => mapping.to_string(),
    }
}
