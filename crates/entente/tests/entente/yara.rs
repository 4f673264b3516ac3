//! `scan --yara`: rules of files and of indicators over files and what is inside of them.

use serde_json::Value;

use crate::harness::{Home, Ran, bundle};

const RULES: &str = r#"
rule needle : test {
    meta: description = "finds a needle"
    strings: $n = "needle"
    condition: $n }
rule broken { condition: no_such_thing }
rule leans { condition: broken }
"#;

/// The lines of one kind.
fn lines(ran: &Ran, kind: &str) -> Vec<Value> {
    ran.json()
        .into_iter()
        .filter_map(|mut line| line.get_mut(kind).map(Value::take))
        .collect()
}

fn summary(ran: &Ran, what: &str) -> u64 {
    lines(ran, "summary")[0][what].as_u64().unwrap()
}

fn rule_indicator(number: u64, name: &str, rule: &str) -> String {
    serde_json::json!({
        "type": "indicator", "spec_version": "2.1",
        "id": format!("indicator--00000000-0000-4000-8000-{number:012}"),
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "name": name, "pattern": rule, "pattern_type": "yara", "valid_from": "2026-01-01T00:00:00Z",
    })
    .to_string()
}

#[test]
fn rules_of_a_folder_are_found_in_files_without_a_node_and_bad_ones_are_named() {
    let home = Home::new();
    let rules = home.file("rules/needle.yar", RULES);
    home.file("rules/readme.md", "no rules");
    let hay = home.file("in/hay.txt", "hay needle hay");
    home.file("in/clean.txt", "hay");
    let folder = |path: &str| path.rsplit_once('/').unwrap().0.to_owned();
    let ran = home.run(&["scan", "--json", "--yara", &folder(&rules), &folder(&hay)]);
    assert_eq!(ran.code, 6, "a rule was refused: {}", ran.err);
    let found = lines(&ran, "match");
    assert_eq!(found.len(), 1);
    assert_eq!(
        (
            &found[0]["file"],
            &found[0]["rule"],
            &found[0]["strings"][0]["offset"]
        ),
        (
            &Value::from(hay.as_str()),
            &Value::from("needle"),
            &Value::from(4)
        )
    );
    let refused: Vec<(Value, Value)> = lines(&ran, "rule")
        .into_iter()
        .filter(|finding| finding["severity"] == "error")
        .map(|finding| (finding["rule"].clone(), finding["line"].clone()))
        .collect();
    assert_eq!(
        refused,
        [
            (Value::from("broken"), Value::from(6)),
            (Value::from("leans"), Value::from(7))
        ]
    );
    let asked = ["scan", "--fail-on-hit", "--quiet", "--yara", &rules, &hay];
    assert_eq!(home.run(&asked).code, 1);
}

#[test]
fn rules_that_were_told_are_found_inside_of_archives_and_become_sightings_once() {
    let home = Home::new();
    let feed = home.file(
        "feed.json",
        bundle(&[
            rule_indicator(
                1,
                "good",
                "rule told { strings: $a = \"evil core\" condition: $a }",
            ),
            rule_indicator(2, "bad", "rule told { condition: }"),
        ]),
    );
    home.ok(&["import", "--quiet", &feed]);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("in/side.bin", zip::write::SimpleFileOptions::default())
        .unwrap();
    std::io::Write::write_all(&mut zip, b"an evil core").unwrap();
    let sample = home.file("sample.zip", zip.finish().unwrap().into_inner());
    let ran = home.run(&["scan", "--json", "--files", &sample]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    let found = lines(&ran, "match");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["file"], format!("{sample}!/in/side.bin"));
    assert_eq!(
        found[0]["indicator"],
        "indicator--00000000-0000-4000-8000-000000000001"
    );
    assert_eq!((summary(&ran, "new"), summary(&ran, "sightings")), (1, 1));
    let again = home.run(&["scan", "--json", "--files", &sample]);
    assert_eq!(
        (
            summary(&again, "matches"),
            summary(&again, "new"),
            summary(&again, "sightings")
        ),
        (1, 0, 0)
    );
    let sha256 = found[0]["sha256"].as_str().unwrap();
    let looked = home.ok(&["look", sha256]);
    assert!(looked.out.contains("1"), "{}", looked.out);
}

#[test]
fn what_was_clean_is_remembered_until_the_file_or_the_rules_change() {
    let home = Home::new();
    let feed = home.file(
        "feed.json",
        bundle(&[rule_indicator(
            1,
            "one",
            "rule one { strings: $a = \"evil\" condition: $a }",
        )]),
    );
    home.ok(&["import", "--quiet", &feed]);
    let file = home.file("in/a.txt", "harmless");
    let remembered = |args: &[&str]| summary(&home.ok(args), "remembered");
    let asked = ["scan", "--json", "--files", &file];
    assert_eq!(remembered(&asked), 0);
    assert_eq!(remembered(&asked), 1);
    home.file("in/a.txt", "harmless still");
    assert_eq!(remembered(&asked), 0);
    let more = home.file(
        "more.json",
        bundle(&[rule_indicator(
            2,
            "two",
            "rule two { strings: $a = \"still\" condition: $a }",
        )]),
    );
    home.ok(&["import", "--quiet", &more]);
    let ran = home.ok(&asked);
    assert_eq!((summary(&ran, "remembered"), summary(&ran, "matches")), (0, 1));
}

#[test]
fn without_any_rule_it_says_how_to_get_some() {
    let home = Home::new();
    let feed = home.file(
        "feed.json",
        bundle(&[crate::harness::indicator(1, "[domain-name:value = 'a.example']")]),
    );
    home.ok(&["import", "--quiet", &feed]);
    let ran = home.run(&["scan", "--files", &feed]);
    assert_eq!(ran.code, 4);
    assert!(ran.err.contains("--yara PATH"), "{}", ran.err);
}
