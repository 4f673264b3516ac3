//! Patterns on the command line: read, explained, compared, one by one and as batches.

use serde_json::{Value, json};

use crate::harness::{Home, bundle, shared};

fn cases(file: &str) -> Option<Vec<Value>> {
    let text = std::fs::read(shared(&format!("cases/{file}"))?).unwrap();
    let value: Value = serde_json::from_slice(&text).unwrap();
    Some(value["cases"].as_array().unwrap().clone())
}

#[test]
fn the_batch_forms_agree_with_the_public_cases() {
    let home = Home::new();
    let answers = |command: &str, lines: Vec<Value>| {
        let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let ran = home.with_input(&["pattern", command, "--batch"], input);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.json()
    };
    if let Some(cases) = cases("stix_pattern_validity.json") {
        let lines = cases
            .iter()
            .map(|case| json!({"id": case["id"], "pattern": case["pattern"]}));
        for (case, answer) in cases.iter().zip(answers("check", lines.collect())) {
            assert_eq!(
                (&answer["id"], &answer["valid"]),
                (&case["id"], &case["valid"]),
                "{case}"
            );
            assert_eq!(answer["error"].is_null(), answer["valid"] == true, "{answer}");
        }
    }
    if let Some(cases) = cases("stix_pattern_equivalence.json") {
        let line =
            |(id, case): (usize, &Value)| json!({"id": id, "a": case["pattern1"], "b": case["pattern2"]});
        let answers = answers("equal", cases.iter().enumerate().map(line).collect());
        for (id, (case, answer)) in cases.iter().zip(answers).enumerate() {
            assert_eq!(answer, json!({"id": id, "equal": case["equivalent"]}), "{case}");
        }
    }
}

#[test]
fn batches_answer_each_line_also_what_is_no_pattern() {
    let input = "{\"id\":1,\"pattern\":\"[a:b = \"}\n{\"id\":\"x\"}\n{\"id\":3,\"pattern\":\"[a:b = 1]\"}\n";
    let ran = Home::new().with_input(&["pattern", "check", "--batch"], input);
    let lines = ran.json();
    assert_eq!(
        lines[0],
        json!({"id": 1, "valid": false,
            "error": "line 1, column 8: found the end of the pattern, expected a constant"})
    );
    assert_eq!(
        (&lines[1]["id"], &lines[1]["valid"]),
        (&json!("x"), &json!(false))
    );
    assert_eq!(lines[2], json!({"id": 3, "valid": true, "error": null}));
    let ran = Home::new().with_input(
        &["pattern", "equal", "--batch"],
        "{\"id\":1,\"a\":\"[a:b = 1]\",\"b\":\"[\"}\n",
    );
    assert_eq!(ran.json()[0]["equal"], Value::Null);
    assert!(
        ran.json()[0]["error"]
            .as_str()
            .unwrap()
            .contains("`b` cannot be read")
    );
}

#[test]
fn a_remark_points_at_its_place() {
    let ran = Home::new().run(&["pattern", "check", "[file:nam = 'x']", "[file:name = ]"]);
    assert_eq!(ran.code, 6);
    assert!(
        ran.out.contains(
            "warning  line 1, column 7: `file` has no property `nam`; did you mean `name`?  (unknown-property)\n  \
             [file:nam = 'x']\n        ^\n"
        ),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("error    line 1, column 14: found `]`"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.ends_with("2 patterns: 1 valid, 1 invalid, 1 warning\n"),
        "{}",
        ran.out
    );
}

fn indicator(number: u32, members: &str) -> String {
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--0000000{number}-0000-4000-8000-000000000001",
        "created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","valid_from":"2026-01-01T00:00:00Z",{members}}}"#
    )
}

#[test]
fn patterns_come_from_files_of_objects_of_text_and_from_stdin() {
    let home = Home::new();
    let objects = home.file(
        "feed.json",
        bundle(&[
            indicator(1, r#""pattern_type":"stix","pattern":"[file:name = 'x']""#),
            indicator(2, r#""pattern_type":"sigma","pattern":"title: x""#),
            indicator(
                3,
                r#""pattern":"[url:value = 'x'] START '2024-01-01T00:00:00Z' STOP '2025-01-01T00:00:00Z'""#,
            ),
        ]),
    );
    let text = home.file("one.stix", "[mutex:name = 'x'\n AND mutex:name LIKE 'y']\n");
    let ran = home.ok(&["pattern", "check", "--json", &objects, &text]);
    let sources: Vec<_> = ran
        .json()
        .iter()
        .map(|line| line["source"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        sources,
        [
            format!("{objects}#/objects/0"),
            format!("{objects}#/objects/2"),
            text
        ]
    );
    assert_eq!(
        ran.json()[0]["comparisons"],
        json!({"file": [{"path": ["name"], "operator": "=", "value": "'x'"}]})
    );
    let ran = home.run(&["pattern", "check", &objects]);
    assert!(
        ran.out.contains("1 object without a STIX pattern passed over"),
        "{}",
        ran.out
    );
    home.file("many/list.txt", "evil.example\n");
    home.file("many/one.stix", "[url:value = 'x']");
    let ran = home.ok(&["pattern", "check", &home.path("many").display().to_string()]);
    assert!(
        ran.out
            .ends_with("1 valid, 0 invalid, 0 warnings, 1 file without a pattern passed over\n"),
        "{}",
        ran.out
    );
    let ran = home.with_input(&["pattern", "check", "-"], "[url:value = 'x']");
    assert_eq!(ran.code, 0, "{}", ran.out);
    let ran = home.run(&["pattern", "check", "no-such-file.json"]);
    assert_eq!(ran.code, 6);
    assert!(ran.err.contains("no such file"), "{}", ran.err);
}

#[test]
fn sameness_is_told_by_word_and_exit_code() {
    let home = Home::new();
    let equal = |left: &str, right: &str| {
        let ran = home.run(&["pattern", "equal", left, right]);
        (ran.code, ran.out.trim().to_owned(), ran.err)
    };
    let (code, said, _) = equal("[a:b = 1] OR [a:c = 2]", "[a:c = 2 OR a:b = 1]");
    assert_eq!((code, said.as_str()), (0, "equal"));
    let (code, said, _) = equal("[a:b = 1]", "[a:b = 2]");
    assert_eq!((code, said.as_str()), (1, "different"));
    let (code, _, err) = equal("[a:b = 1]", "[a:b = ]");
    assert!(
        code == 6 && err.contains("the second pattern cannot be read: line 1, column 8"),
        "{err}"
    );
    let choices: Vec<String> = (0..40).map(|at| format!("[a:b = {at} OR a:c = {at}]")).collect();
    let (code, _, err) = equal(&choices.join(" AND "), "[a:b = 1]");
    assert!(code == 6 && err.contains("not decided"), "{err}");
    let ran = home.run(&["pattern", "equal", "--json", "[a:b = 1]", "[a:b = 1.0]"]);
    assert_eq!(ran.json(), [json!({"equal": true})]);
}

#[test]
fn hostile_patterns_end_with_an_error_soon() {
    let home = Home::new();
    for (text, said) in [
        ("(".repeat(100_000), "nested deeper"),
        (
            format!("[{} OR f:n = ]", vec!["f:n = 1"; 60_000].join(" OR ")),
            "line 1, column",
        ),
        (format!("[a:b = '{}']", "x".repeat(4 << 20)), "longer than"),
    ] {
        let file = home.file("hostile.stix", text);
        let ran = home.run(&["pattern", "check", &file]);
        assert_eq!(ran.code, 6);
        assert!(ran.out.contains(said), "{}", &ran.out[..ran.out.len().min(400)]);
    }
    let many = home.file("many.stix", format!("[{}]", vec!["f:n = 1"; 80_000].join(" OR ")));
    let ran = home.ok(&["pattern", "check", &many]);
    assert!(
        ran.out.contains("and 9950 more; --json shows all of them"),
        "{}",
        &ran.out[ran.out.len() - 400..]
    );
}

#[test]
fn observed_data_is_matched_from_files_and_in_batches() {
    let home = Home::new();
    let seen = r#"{"type":"bundle","id":"bundle--1","objects":[
        {"type":"file","id":"file--1","name":"a"},
        {"type":"observed-data","id":"observed-data--1","first_observed":"2026-08-01T00:00:00Z",
         "last_observed":"2026-08-01T00:00:00Z","number_observed":1,"object_refs":["file--1"]}]}"#;
    let file = home.file("seen.json", seen);
    let ran = home.run(&["pattern", "match", "[file:name = 'a']", &file]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("observed-data--1 (file--1)"), "{}", ran.out);
    assert_eq!(
        home.run(&["pattern", "match", "[file:name = 'b']", &file]).code,
        1
    );
    let seen: Value = serde_json::from_str(seen).unwrap();
    let line = |id: u64, pattern: &str| json!({"id": id, "pattern": pattern, "observed_data": [seen]});
    let input = format!(
        "{}\n{}\n{}\n",
        line(1, "[file:name = 'a']"),
        line(2, "[file:name = 'b']"),
        line(3, "[file:name = ")
    );
    let ran = home.with_input(&["pattern", "match", "--batch"], input);
    let verdicts: Vec<Value> = ran
        .json()
        .iter()
        .map(|answer| answer["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["match", "no_match", "error"]);
}
