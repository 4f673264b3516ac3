//! What the reference library's inspector finds in patterns.

use entente_stix::json::{self, Value};
use entente_stix::pattern::{self, Step, Use};

use crate::shared;

/// A use as the cases write it: path, operator, value.
fn told(used: &Use) -> String {
    let step = |step: &Step| match step {
        Step::Property(name) => Value::from(name.as_str()).canonical(),
        Step::Index(index) => index.to_string(),
        Step::Any => "\"*\"".to_owned(),
    };
    let path: Vec<String> = used.path.iter().map(step).collect();
    let text = |text: &str| Value::from(text).canonical();
    format!(
        "[[{}],{},{}]",
        path.join(","),
        text(&used.operator),
        text(used.value.as_deref().unwrap_or_default())
    )
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.map(|text| Value::from(text).canonical()).collect();
    format!("[{}]", texts.join(","))
}

#[test]
fn inspection_finds_what_the_reference_library_finds() {
    let Some(text) = shared::read("cases/stix_pattern_inspect.json") else {
        return;
    };
    let cases = json::read(&text).unwrap();
    for case in cases.get("cases").and_then(Value::as_array).unwrap() {
        let field = |name| case.get(name).and_then(Value::as_str).unwrap();
        let inspection = pattern::inspect(field("pattern")).unwrap();
        let found = match field("test") {
            "test_comparisons" => {
                let types = inspection.comparisons.iter().map(|(name, uses)| {
                    let uses: Vec<String> = uses.iter().map(told).collect();
                    format!("{}:[{}]", Value::from(name.as_str()).canonical(), uses.join(","))
                });
                format!("{{{}}}", types.collect::<Vec<_>>().join(","))
            }
            "test_observation_ops" => list(inspection.observation_operators.iter().copied()),
            _ => list(inspection.qualifiers.iter().map(String::as_str)),
        };
        assert_eq!(
            case.get("expected").unwrap().canonical(),
            found,
            "{}",
            field("id")
        );
    }
}
