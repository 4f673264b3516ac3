//! Validation and ids, through the batch forms that other people's suites talk to.

use serde_json::{Value, json};

use crate::harness::{Home, bundle, shared};

fn cases(file: &str) -> Option<Vec<Value>> {
    let text = std::fs::read(shared(&format!("cases/{file}"))?).unwrap();
    let value: Value = serde_json::from_slice(&text).unwrap();
    Some(value["cases"].as_array().unwrap().clone())
}

fn batch(arguments: &[&str], lines: &[Value]) -> Vec<Value> {
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let ran = Home::new().with_input(arguments, input);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.json()
}

#[test]
fn validation_agrees_with_the_public_cases() {
    let Some(cases) = cases("stix_validation.json") else {
        return;
    };
    let lines: Vec<Value> = cases
        .iter()
        .map(|case| json!({"id": case["id"], "object": case["input"]}))
        .collect();
    let answers = batch(&["stix", "validate", "--batch"], &lines);
    assert_eq!(answers.len(), cases.len());
    let mut wrong = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        assert_eq!(case["id"], answer["id"]);
        let warned = !answer["warnings"].as_array().unwrap().is_empty();
        let recommended = !case["recommended_findings"].as_array().unwrap().is_empty();
        if case["mandatory_valid"] != answer["valid"]
            || (case["mandatory_valid"] == true && warned != recommended)
        {
            wrong.push(format!("{} {}", case["id"], case["origin"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), cases.len());
}

#[test]
fn observable_ids_agree_with_the_public_cases() {
    let Some(cases) = cases("stix_sco_ids.json") else {
        return;
    };
    let lines: Vec<Value> = cases
        .iter()
        .enumerate()
        .map(|(id, case)| json!({"id": id, "object": case["object"]}))
        .collect();
    let answers = batch(&["stix", "id", "--batch"], &lines);
    for (case, answer) in cases.iter().zip(&answers) {
        assert_eq!(case["expected_id"], answer["stix_id"], "{}", case["object"]);
    }
}

#[test]
fn batch_answers_each_line_in_order_also_broken_ones() {
    let input = concat!(
        "{\"id\":1,\"object\":{\"type\":\"indicator\"}}\n\n",
        "{\"id\":\"two\",\"object\":{\"a\":1,\"a\":2}}\n",
        "{\"id\":3,\"object\":17}\n",
    );
    let ran = Home::new().with_input(&["stix", "validate", "--batch"], input);
    let ids: Vec<Value> = ran.json().iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, [json!(1), json!("two"), json!(3)]);
    assert!(ran.json().iter().all(|line| line["valid"] == false));
    assert_eq!(
        Home::new()
            .with_input(&["stix", "validate", "--batch"], "no json\n")
            .code,
        6
    );
}

#[test]
fn findings_name_pointer_rule_clause_and_way_out() {
    let home = Home::new();
    let file = home.file("bad.json", r#"{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":[
        {"type":"indicator","spec_version":"2.1","id":"indicator--00000001-0000-4000-8000-000000000001",
         "created":"2026-01-01T00:00:00Z","modified":"2025-01-01T00:00:00Z","pattern":"[a","pattern_type":"stix",
         "valid_from":"2026-01-01T00:00:00Z"}]}"#);
    let ran = home.run(&["stix", "validate", "--json", &file]);
    assert_eq!(ran.code, 6);
    for finding in ran.json() {
        for member in ["severity", "pointer", "rule", "clause", "message", "way_out"] {
            assert!(finding[member].is_string(), "{member}: {finding}");
        }
    }
    assert!(
        ran.json()
            .iter()
            .any(|finding| finding["pointer"] == "/objects/0/modified"),
        "{}",
        ran.out
    );
    assert!(home.ok(&["stix", "validate", "--rules"]).out.lines().count() > 40);
}

const BAD: &str = r#"{"type":"indicator","id":"indicator--00000001-0000-4000-8000-000000000001"}"#;

#[test]
fn a_file_without_objects_is_told_as_such_and_counts_none() {
    let home = Home::new();
    let file = home.file("other.json", r#"{"name":"x","list":[1]}"#);
    let ran = home.run(&["stix", "validate", "--json", &file]);
    assert_eq!((ran.code, ran.json().len()), (6, 1));
    assert_eq!(ran.last()["rule"], "no-stix-objects");
    let text = home.run(&["stix", "validate", &file]).out;
    assert!(text.contains("0 objects: 1 error"), "{text}");
    let rules = home.ok(&["stix", "validate", "--rules"]).out;
    assert!(rules.contains("no-stix-objects") && rules.contains("i-json"));
}

#[test]
fn an_empty_folder_is_no_success() {
    let home = Home::new();
    std::fs::create_dir(home.path("empty")).unwrap();
    let folder = home.path("empty").display().to_string();
    for command in ["validate", "id"] {
        let ran = home.run(&["stix", command, &folder]);
        assert_eq!(ran.code, 6);
        assert!(ran.err.contains("nothing was read"), "{}", ran.err);
    }
}

#[test]
fn one_unreadable_file_does_not_end_a_validation() {
    let home = Home::new();
    home.file("feeds/a.json.gz", b"\x1f\x8b\x08 not gzip");
    home.file("feeds/b.json", BAD);
    let ran = home.run(&["stix", "validate", &home.path("feeds").display().to_string()]);
    assert_eq!(ran.code, 6);
    assert!(
        ran.err.contains("unread") && ran.err.contains("a.json.gz"),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("1 object:"), "{}", ran.out);
}

#[test]
fn ids_of_a_bundle_are_those_of_its_observables() {
    let home = Home::new();
    let domain = r#"{"type":"domain-name","id":"domain-name--00000001-0000-4000-8000-000000000001","value":"circl.lu"}"#;
    let file = home.file("bundle.json", bundle(&[domain.to_owned(), BAD.to_owned()]));
    let ran = home.ok(&["stix", "id", &file]);
    assert_eq!(ran.out, "domain-name--4f2ea360-1460-5a03-afb8-4cbce15a9cf0\n");
    assert!(ran.err.contains("passed over: 1 object"), "{}", ran.err);
    let none = home.file("none.json", bundle(&[BAD.to_owned()]));
    assert_eq!(home.run(&["stix", "id", &none]).code, 6);
}

#[test]
fn an_observable_without_an_id_says_what_it_lacks() {
    let home = Home::new();
    let check = |object: &str, says: &str| {
        let ran = home.run(&["stix", "id", &home.file("object.json", object)]);
        assert_eq!(ran.code, 6);
        assert!(ran.err.contains(says), "{}", ran.err);
    };
    check(
        r#"{"type":"domain-name","id":"domain-name--1"}"#,
        "`value` is missing",
    );
    check(
        r#"{"type":"file","id":"file--1","size":1}"#,
        "`hashes`, `name`, `parent_directory_ref`, `extensions`",
    );
    check(r#"{"type":"process","id":"process--1","pid":1}"#, "a random one");
}
