//! The engine's own cases: that the build which is linked here evaluates as its authors say.

use std::path::Path;

use entente_yara::{Compiler, Origin, Scanner, Severity, Trust, limits};

pub(crate) fn shared(file: &str) -> Option<std::path::PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared")
        .join(file);
    path.exists().then_some(path)
}

pub(crate) fn own(name: &str) -> Origin {
    Origin {
        name: name.to_owned(),
        trust: Trust::Own,
    }
}

/// Compiles one text and looks at the bytes; the names of the rules that match, or the findings.
pub(crate) fn look(rule: &str, bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut compiler = Compiler::new(Trust::Own);
    let findings = compiler.add(&own("case"), rule.as_bytes());
    if let Some(error) = findings
        .iter()
        .find(|finding| finding.severity == Severity::Error)
    {
        return Err(format!("{error:?}"));
    }
    let rules = compiler.finish();
    let mut scanner = Scanner::new(&rules, limits::LOOK_MAX);
    let verdict = scanner.look(bytes, "case").map_err(|error| error.to_string())?;
    Ok(verdict.matches.into_iter().map(|found| found.rule).collect())
}

#[test]
fn every_published_case_is_evaluated_as_expected() {
    let Some(path) = shared("cases/yara_semantics.json") else {
        return;
    };
    let cases: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let hex = case["data_hex"].as_str().unwrap();
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        let found = look(case["rule"].as_str().unwrap(), &bytes);
        if found.as_ref().map(|names| !names.is_empty()) != Ok(case["expect"].as_bool().unwrap()) {
            wrong.push(format!("{}: {} gave {found:?}", case["id"], case["rule"]));
        }
    }
    assert!(cases.len() > 200, "{} cases", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_match_says_where_and_what_its_author_says() {
    let text = r#"rule found : tagged {
        meta: author = "somebody" score = 70
        strings: $a = "needle"
        condition: $a and filename == "hay.txt" }"#;
    let mut compiler = Compiler::new(Trust::Own);
    assert_eq!(compiler.add(&own("r.yar"), text.as_bytes()), []);
    let rules = compiler.finish();
    let mut scanner = Scanner::new(&rules, limits::LOOK_MAX);
    let verdict = scanner.look(b"hay needle hay", "/stack/hay.txt").unwrap();
    let found = &verdict.matches[0];
    assert_eq!((found.rule.as_str(), found.origin.as_str()), ("found", "r.yar"));
    assert_eq!(found.tags, ["tagged"]);
    assert_eq!(found.meta[1], ("score".to_owned(), "70".to_owned()));
    let place = &found.places[0];
    assert_eq!((place.string.as_str(), place.offset, place.length), ("$a", 4, 6));
    assert_eq!(place.shown, b"needle");
    assert!(
        scanner
            .look(b"hay needle hay", "/stack/other")
            .unwrap()
            .matches
            .is_empty()
    );
}
