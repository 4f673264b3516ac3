//! Shared rules on trial, from the command line: what a scan says, what the operator sees and decides.

use serde_json::{Value, json};

use crate::harness::{Home, Ran, bundle};

const GOOD: &str = "indicator--00000000-0000-4000-8000-000000000001";
const LOUD: &str = "indicator--00000000-0000-4000-8000-000000000002";

fn rule(id: &str, name: &str, language: &str, pattern: &str) -> String {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": id,
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "name": name, "pattern": pattern, "pattern_type": language, "valid_from": "2026-01-01T00:00:00Z",
    })
    .to_string()
}

fn sigma(ends: &str) -> String {
    format!(
        "title: A rule\nlogsource:\n  product: windows\n  category: process_creation\ndetection:\n  a:\n    Image|endswith: {ends}\n  condition: a"
    )
}

/// A node with a rule that matches `rare.exe`, and one that matches everything.
fn told() -> Home {
    let home = Home::new();
    let rules = bundle(&[
        rule(GOOD, "Rare process", "sigma", &sigma("rare.exe")),
        rule(LOUD, "Any process", "sigma", &sigma(".exe")),
    ]);
    home.ok(&["import", "--quiet", &home.file("feed.json", rules)]);
    home
}

/// Processes as Sysmon tells them: every tenth is `rare.exe`.
fn log(home: &Home, records: u32) -> String {
    let record = |number: u32| {
        let image = if number.is_multiple_of(10) {
            "rare.exe"
        } else {
            "usual.exe"
        };
        let event = json!({"Event": {
            "System": {
                "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
                "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "pc7",
                "TimeCreated": {"#attributes": {"SystemTime": format!("2026-01-01T{:02}:{:02}:00.000000Z", number / 60, number % 60)}},
            },
            "EventData": {"Image": format!("C:\\{image}"), "User": "corp\\ada"},
        }});
        format!("{event}\n")
    };
    home.file(
        &format!("sysmon{records}.json"),
        (1..=records).map(record).collect::<String>(),
    )
}

fn lines(ran: &Ran, kind: &str) -> Vec<Value> {
    let lines = ran.json().into_iter();
    lines
        .filter_map(|mut line| line.get_mut(kind).map(Value::take))
        .collect()
}

fn fired(ran: &Ran, id: &str) -> usize {
    ran.json().iter().filter(|line| line["rule"] == id).count()
}

/// Each rule with its state.
fn states(home: &Home) -> Vec<(String, String)> {
    let listed = home.ok(&["rule", "trials", "--json"]).json().into_iter();
    let word = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    listed
        .map(|line| (word(&line, "id"), word(&line, "state")))
        .collect()
}

fn state(id: &str, state: &str) -> (String, String) {
    (id.to_owned(), state.to_owned())
}

#[test]
fn a_rule_that_matches_everything_is_named_and_a_good_one_alerts_in_the_first_scan() {
    let home = told();
    assert_eq!(states(&home), [state(GOOD, "on-trial"), state(LOUD, "on-trial")]);
    let log = log(&home, 300);
    let text = home.ok(&["scan", "--dry-run", &log]).out;
    assert!(
        text.contains("30 detections (30 by rules) in 300 records"),
        "{text}"
    );
    assert!(
        text.contains(
            "1 rule on trial: each alerts freely once it looked at 10,000 records (`entente rule trials`)"
        ),
        "{text}"
    );
    assert!(
        text.contains(&format!(
            "1 rule parked, 300 matches not told; `entente rule accept ID` lets one alert:\n  \
             matches too much: 300 of 300 records that it looked at  ({LOUD})  Any process"
        )),
        "{text}"
    );
    assert_eq!(
        states(&home),
        [state(GOOD, "on-trial"), state(LOUD, "on-trial")],
        "it was a dry run"
    );

    let ran = home.ok(&["scan", "--json", &log]);
    assert_eq!((fired(&ran, GOOD), fired(&ran, LOUD)), (30, 0));
    let parked = &lines(&ran, "parked")[0];
    assert_eq!(
        (&parked["rule"], &parked["name"]),
        (&json!(LOUD), &json!("Any process"))
    );
    assert_eq!(
        (&parked["matches"], &parked["records"]),
        (&json!(300), &json!(300))
    );
    let on_trial = &lines(&ran, "on_trial")[0];
    assert_eq!(
        (&on_trial["rule"], &on_trial["matches"]),
        (&json!(GOOD), &json!(30))
    );
    let summary = &lines(&ran, "summary")[0];
    for (what, count) in [
        ("detections", 30),
        ("new", 30),
        ("on_trial", 1),
        ("parked", 1),
        ("parked_matches", 300),
    ] {
        assert_eq!(summary[what], count, "{what}");
    }
    assert_eq!(states(&home), [state(GOOD, "on-trial"), state(LOUD, "parked")]);
    let again = home.ok(&["scan", "--json", &log]);
    assert_eq!((fired(&again, GOOD), fired(&again, LOUD)), (30, 0));
    assert_eq!(lines(&again, "summary")[0]["new"], 0);
    home.ok(&["check", "--quiet"]);
}

#[test]
fn the_operator_sees_how_rules_stand_and_has_the_last_word() {
    let home = told();
    let log = log(&home, 300);
    home.ok(&["scan", "--quiet", &log]);
    let text = home.ok(&["rule", "trials"]).out;
    assert!(text.contains("30 matches in 300 records"), "{text}");
    assert!(
        text.contains("matches too much: 300 of 300 records that it looked at"),
        "{text}"
    );
    assert!(
        text.ends_with("2 rules: 1 on trial, 0 passed, 0 accepted, 1 parked\n"),
        "{text}"
    );
    let parked = home.ok(&["rule", "trials", "parked", "--json"]).json();
    assert_eq!((parked.len(), &parked[0]["id"]), (1, &json!(LOUD)));
    let shown = home.ok(&["show", LOUD]).out;
    assert!(
        shown.contains(&format!("As a rule: parked, it does not alert: matches too much: 300 of 300 records that it looked at; `entente rule accept {LOUD}` lets it")),
        "{shown}"
    );
    assert_eq!(
        home.ok(&["show", "--json", GOOD]).last()["trial"]["state"],
        "on-trial"
    );

    home.ok(&["rule", "accept", LOUD]);
    home.ok(&["rule", "park", GOOD, "--because", "our installer"]);
    let ran = home.ok(&["scan", "--json", &log]);
    assert_eq!((fired(&ran, GOOD), fired(&ran, LOUD)), (0, 300));
    assert_eq!(lines(&ran, "parked")[0]["reason"], "our installer");
    assert_eq!(states(&home), [state(GOOD, "parked"), state(LOUD, "accepted")]);
    assert!(
        home.ok(&["show", LOUD])
            .out
            .contains("alerts, as the operator accepted it")
    );
}

#[test]
fn what_is_no_rule_of_the_node_is_not_decided_on() {
    let home = told();
    let malware = "malware--00000000-0000-4000-8000-000000000001";
    for unknown in [malware, "no id", ""] {
        let ran = home.run(&["rule", "accept", GOOD, unknown]);
        assert_eq!(ran.code, 4, "{}", ran.err);
        assert!(
            ran.err.contains("`entente rule trials` lists them"),
            "{}",
            ran.err
        );
    }
    assert_eq!(home.run(&["rule", "park", GOOD, "--because", " "]).code, 2);
    assert_eq!(home.run(&["rule", "park", GOOD]).code, 2);
    assert_eq!(home.run(&["rule", "trials", "lost"]).code, 2);
    assert_eq!(
        home.run(&["rule", "park", GOOD, "--because", &"a".repeat(1_001)])
            .code,
        2
    );
    assert_eq!(states(&home), [state(GOOD, "on-trial"), state(LOUD, "on-trial")]);
    assert_eq!(Home::new().run(&["rule", "trials"]).code, 4, "there is no node");
}

#[test]
fn a_yara_rule_that_matches_every_file_is_parked_and_a_good_one_alerts() {
    let home = Home::new();
    let rules = bundle(&[
        rule(
            GOOD,
            "Needle",
            "yara",
            "rule needle { strings: $n = \"needle\" condition: $n }",
        ),
        rule(LOUD, "Anything", "yara", "rule anything { condition: true }"),
    ]);
    home.ok(&["import", "--quiet", &home.file("feed.json", rules)]);
    for number in 0..120 {
        let text = if number % 40 == 0 { "a needle" } else { "hay" };
        home.file(&format!("in/{number}.txt"), format!("{text} {number}"));
    }
    let folder = home.path("in").display().to_string();
    let ran = home.ok(&["scan", "--json", "--files", &folder]);
    let of = |ran: &Ran, id: &str| {
        lines(ran, "match")
            .iter()
            .filter(|found| found["indicator"] == id)
            .count()
    };
    assert_eq!((of(&ran, GOOD), of(&ran, LOUD)), (3, 0));
    let summary = &lines(&ran, "summary")[0];
    for (what, count) in [
        ("matches", 3),
        ("new", 3),
        ("sightings", 1),
        ("on_trial", 1),
        ("parked", 1),
        ("parked_matches", 120),
    ] {
        assert_eq!(summary[what], count, "{what}");
    }
    assert_eq!(
        lines(&ran, "parked")[0]["reason"],
        "matches too much: 120 of 120 files that it looked at"
    );
    assert_eq!(states(&home), [state(GOOD, "on-trial"), state(LOUD, "parked")]);
    let text = home.ok(&["scan", "--files", &folder]).out;
    assert!(text.contains("1 rule parked, 120 matches not told"), "{text}");
    home.ok(&["rule", "accept", LOUD]);
    let ran = home.ok(&["scan", "--json", "--files", &folder]);
    assert_eq!((of(&ran, GOOD), of(&ran, LOUD)), (3, 120));
}
