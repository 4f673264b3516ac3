//! STIX patterns against what others expect: the reference matcher's cases, and probes of STIX 2.1 §9.

use crate::shared;
use entente_detect::pattern::{Observations, Options, Refused, evaluate};
use entente_stix::json::{self, Value};

/// Where the text overrules the reference matcher: the case, what the text says, and its clause.
const OVERRULED: &[(&str, &str, &str)] = &[
    (
        "m0659",
        "no_match",
        "§9.5.1: each repetition is by a different Observation; number_observed is not asked",
    ),
    (
        "m0661",
        "no_match",
        "§9.5.1: each repetition is by a different Observation; number_observed is not asked",
    ),
    (
        "m0753",
        "no_match",
        "§9.5.1: the latest is not equal to or later than the earliest plus the window",
    ),
    (
        "m0573",
        "match",
        "§9.6.1: of values of different types `!=` is true; an odd value is no error of the pattern",
    ),
    (
        "m0779",
        "no_match",
        "§9.6.1: a value that is no timestamp is of another type",
    ),
    (
        "m0781",
        "no_match",
        "§9.6.1: a value that is no timestamp is of another type",
    ),
    (
        "m0783",
        "no_match",
        "§9.6.1: a value that is no timestamp is of another type",
    ),
];

/// What the reference matcher says where each observation counts as often as `number_observed` says.
const COUNTED: &[&str] = &["m0659", "m0661"];

fn text<'v>(value: &'v Value<'_>, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap()
}

fn list<'v, 'a>(value: &'v Value<'a>, key: &str) -> &'v [Value<'a>] {
    value.get(key).and_then(Value::as_array).unwrap()
}

#[track_caller]
fn verdict(pattern: &str, observed: &[Value<'_>], options: Options) -> &'static str {
    let observations = Observations::of(observed.to_vec());
    match evaluate(pattern, &observations, options) {
        Ok(verdict) => {
            assert_eq!(verdict.incomplete, None, "{pattern}");
            assert_eq!(verdict.matched, !verdict.binding.is_empty(), "{pattern}");
            if verdict.matched { "match" } else { "no_match" }
        }
        Err(_) => "error",
    }
}

#[test]
fn matcher_cases_are_decided_by_the_text() {
    let Some(text_of_cases) = shared::read("cases/stix_pattern_matcher.json") else {
        return;
    };
    let file = json::read(&text_of_cases).unwrap();
    let cases = list(&file, "cases");
    let mut wrong = Vec::new();
    for case in cases {
        let set = list(&file, "observation_sets")
            .iter()
            .find(|set| text(set, "id") == text(case, "observation_set"))
            .unwrap();
        let (id, pattern) = (text(case, "id"), text(case, "pattern"));
        let overruled = OVERRULED.iter().find(|overruled| overruled.0 == id);
        let expected = overruled.map_or(text(case, "expect"), |overruled| overruled.1);
        let found = verdict(pattern, list(set, "observed_data"), Options::default());
        if found != expected {
            wrong.push(format!("{id} {pattern}: {found}, not {expected}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    assert!(cases.len() >= 212);
}

#[test]
fn matcher_cases_that_count_number_observed_agree_when_it_is_counted() {
    let Some(text_of_cases) = shared::read("cases/stix_pattern_matcher.json") else {
        return;
    };
    let file = json::read(&text_of_cases).unwrap();
    for case in list(&file, "cases")
        .iter()
        .filter(|case| COUNTED.contains(&text(case, "id")))
    {
        let set = list(&file, "observation_sets")
            .iter()
            .find(|set| text(set, "id") == text(case, "observation_set"))
            .unwrap();
        let options = Options {
            counts_number_observed: true,
            ..Options::default()
        };
        let found = verdict(text(case, "pattern"), list(set, "observed_data"), options);
        assert_eq!(found, text(case, "expect"), "{}", text(case, "id"));
    }
}

#[test]
fn probes_of_section_9_are_decided() {
    let Some(text_of_cases) = shared::read("cases/stix_pattern_probes.json") else {
        return;
    };
    let file = json::read(&text_of_cases).unwrap();
    let mut decided = 0;
    let mut wrong = Vec::new();
    for case in list(&file, "cases") {
        let expected = text(case, "expect");
        let found = verdict(
            text(case, "pattern"),
            list(case, "observed_data"),
            Options::default(),
        );
        if expected != "undecided" {
            decided += 1;
            if found != expected {
                wrong.push(format!("{}: {found}, not {expected}", text(case, "name")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(decided, 30);
}

/// A pattern that is not valid matches nothing and says why (§9.4).
#[test]
fn invalid_patterns_are_refused_with_the_reason() {
    let observations = Observations::default();
    for (pattern, reason) in [
        ("[file:name = ", "line 1"),
        ("[file:size IN (1, true)]", "different types"),
        ("[file:name MATCHES '(((']", "the expression `(((`"),
        ("[file:size = 1] REPEATS 0 TIMES", "0 times"),
        ("[file:size = 1] WITHIN 0 SECONDS", "0 seconds"),
        (
            "[file:size = 1] START t'2021-02-30T00:00:00Z' STOP t'2021-03-30T00:00:00Z'",
            "calendar",
        ),
    ] {
        let refused: Refused = evaluate(pattern, &observations, Options::default()).unwrap_err();
        assert!(refused.to_string().contains(reason), "{refused}");
    }
}
