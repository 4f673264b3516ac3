//! Rules over telemetry: which fire, on what; which cannot be evaluated; and that rules of the node leave sightings.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Home, Ran, bundle, indicator, shared};

const WHOAMI: &str = "title: Whoami Run\nid: 11111111-2222-4333-8444-555555555555\nlevel: high\nstatus: test\n\
logsource:\n  category: process_creation\n  product: windows\ndetection:\n  selection:\n    \
Image|endswith: '\\whoami.exe'\n  filter:\n    User: 'NT AUTHORITY\\SYSTEM'\n  condition: selection and not filter\n";

fn event(second: u32, image: &str, user: &str) -> String {
    let event = json!({"Event": {
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
            "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "pc7",
            "TimeCreated": {"#attributes": {"SystemTime": format!("2026-01-01T00:00:{second:02}.000000Z")}},
        },
        "EventData": {"Image": image, "User": user, "CommandLine": "whoami /all"},
    }});
    format!("{event}\n")
}

fn log() -> String {
    event(1, "C:\\Windows\\System32\\WHOAMI.exe", "corp\\ada")
        + &event(2, "C:\\Windows\\System32\\whoami.exe", "NT AUTHORITY\\SYSTEM")
        + &event(3, "C:\\Windows\\notwhoami.exe.txt", "corp\\ada")
        + &event(4, "C:\\Windows\\System32\\whoami.exe", "corp\\bob")
}

fn sigma(number: u64, rule: &str) -> String {
    let mut object: Value = serde_json::from_str(&indicator(number, rule)).unwrap();
    object["pattern_type"] = json!("sigma");
    object.to_string()
}

fn fired(ran: &Ran) -> Vec<(String, u64)> {
    let lines = ran.json().into_iter();
    lines
        .filter(|line| line["rule"].is_string())
        .map(|line| {
            (
                line["rule"].as_str().unwrap().to_owned(),
                line["line"].as_u64().unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_rule_of_a_folder_fires_and_says_on_what() {
    let home = Home::with_indicator();
    home.file("rules/deep/whoami.yml", WHOAMI);
    home.file("rules/README.md", "no rule");
    let rules = home.path("rules").display().to_string();
    let log = home.file("sysmon.json", log());
    let ran = home.ok(&["scan", "--json", "--rules", &rules, &log]);
    let id = "11111111-2222-4333-8444-555555555555";
    assert_eq!(
        fired(&ran),
        [(id.to_owned(), 1), (id.to_owned(), 4)],
        "{}",
        ran.out
    );
    let first = &ran.json()[0];
    assert_eq!(first["name"], "Whoami Run");
    assert_eq!(first["level"], "high");
    assert_eq!(first["host"], "pc7");
    assert_eq!(first["time"], "2026-01-01T00:00:01.000Z");
    assert_eq!(first["parts"][0]["field"], "Image");
    assert_eq!(
        first["parts"][0]["values"],
        json!(["C:\\Windows\\System32\\WHOAMI.exe"])
    );
    assert!(first["from"].as_str().unwrap().ends_with("rules/deep/whoami.yml"));
    let summary = &ran.last()["summary"];
    assert_eq!(
        (&summary["detections"], &summary["fired"]),
        (&json!(2), &json!(2))
    );
    assert_eq!((&summary["new"], &summary["sightings"]), (&json!(0), &json!(0)));
    assert_eq!(summary["top_rules"], json!([{"name": id, "count": 2}]));

    let text = home.ok(&["scan", "--rules", &rules, &log]).out;
    assert!(
        text.contains("Image = C:\\Windows\\System32\\whoami.exe"),
        "{text}"
    );
    assert!(text.contains("2 detections (2 by rules) in 4 records"), "{text}");
    assert_eq!(
        home.run(&["scan", "--quiet", "--fail-on-hit", "--rules", &rules, &log])
            .code,
        1
    );
}

#[test]
fn a_rule_that_is_an_object_leaves_a_sighting_and_the_same_log_twice_adds_nothing() {
    let home = Home::with_indicator();
    let feed = home.file("rules.json", bundle(&[sigma(7, WHOAMI)]));
    home.ok(&["import", "--quiet", &feed]);
    let log = home.file("sysmon.json", log());
    let ran = home.ok(&["scan", "--json", &log]);
    let id = "indicator--00000007-0000-4000-8000-000000000007".to_owned();
    assert_eq!(fired(&ran), [(id.clone(), 1), (id.clone(), 4)], "{}", ran.out);
    let summary = &ran.last()["summary"];
    assert_eq!((&summary["new"], &summary["sightings"]), (&json!(2), &json!(1)));
    assert_eq!(summary["not_evaluated"], 0);
    let sightings = home.ok(&["export", "stix", "--type", "sighting"]).out;
    assert!(
        sightings.contains(&format!("\"sighting_of_ref\":\"{id}\"")),
        "{sightings}"
    );
    assert!(sightings.contains("\"count\":2"), "{sightings}");

    let again = home.ok(&["scan", "--json", &log]).last();
    assert_eq!(
        (&again["summary"]["new"], &again["summary"]["sightings"]),
        (&json!(0), &json!(0))
    );
    home.ok(&["check", "--quiet"]);
}

#[test]
fn rules_that_are_revoked_or_meant_for_another_time_do_not_fire() {
    let home = Home::with_indicator();
    let mut revoked: Value = serde_json::from_str(&sigma(7, WHOAMI)).unwrap();
    revoked["revoked"] = json!(true);
    let mut over: Value = serde_json::from_str(&sigma(8, WHOAMI)).unwrap();
    over["valid_until"] = json!("2020-01-01T00:00:00Z");
    let feed = home.file("rules.json", bundle(&[revoked.to_string(), over.to_string()]));
    home.ok(&["import", "--quiet", &feed]);
    let log = home.file("sysmon.json", log());
    let ran = home.ok(&["scan", "--json", "--dry-run", &log]);
    assert_eq!(fired(&ran), []);
    assert_eq!(ran.last()["summary"]["outside_validity"], 2);
    let ran = home.ok(&["scan", "--json", "--dry-run", "--any-time", &log]);
    assert_eq!(fired(&ran).len(), 2);
}

#[test]
fn one_bad_rule_among_good_ones_is_named_with_its_place_and_the_good_ones_fire() {
    let home = Home::with_indicator();
    let bad = WHOAMI
        .replace("endswith", "endswiht")
        .replace("11111111", "aaaaaaaa");
    let rules = home.file("both.yml", format!("{bad}---\n{WHOAMI}"));
    let log = home.file("sysmon.json", log());
    let ran = home.run(&["scan", "--json", "--rules", &rules, &log]);
    assert_eq!(ran.code, 6);
    assert_eq!(fired(&ran).len(), 2);
    let lines = ran.json();
    let refused = lines.iter().find(|line| line.get("refused").is_some()).unwrap();
    assert_eq!(refused["refused"]["from"], json!(rules));
    let reason = refused["refused"]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("line 10, column ") && reason.contains("did you mean `endswith`?"),
        "{reason}"
    );
    let text = home.run(&["scan", "--rules", &rules, &log]);
    assert!(
        text.err.contains(&format!("refused  {rules}: line 10")),
        "{}",
        text.err
    );
}

#[test]
fn what_cannot_be_evaluated_is_named_and_never_silent() {
    let home = Home::with_indicator();
    let elsewhere = WHOAMI
        .replace("product: windows", "product: okta")
        .replace("process_creation", "login");
    let placeholder = WHOAMI.replace("Image|endswith: '\\whoami.exe'", "User|expand: '%admins%'");
    let rules = home.file("elsewhere.yml", &elsewhere);
    let feed = home.file(
        "rules.json",
        bundle(&[sigma(7, &placeholder), sigma(8, "title: no rule")]),
    );
    home.ok(&["import", "--quiet", &feed]);
    let log = home.file("sysmon.json", log());
    let ran = home.ok(&["scan", "--json", "--rules", &rules, &log]);
    let lines = ran.json();
    let mut named: Vec<(&str, &str)> = lines
        .iter()
        .filter_map(|line| line.get("not_evaluated"))
        .map(|one| {
            let id = one["indicator"].as_str().or(one["rule"].as_str()).unwrap();
            (id, one["reason"].as_str().unwrap())
        })
        .collect();
    named.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
    assert_eq!(named.len(), 3, "{}", ran.out);
    named.swap(0, 1);
    assert!(
        named[0].0.starts_with("indicator--00000007") && named[0].1.contains("%admins%"),
        "{named:?}"
    );
    assert!(named[1].0.starts_with("indicator--00000008"), "{named:?}");
    assert!(
        named[2].0.starts_with("11111111-") && named[2].1.contains("product okta"),
        "{named:?}"
    );
    assert_eq!(ran.last()["summary"]["not_evaluated"], 3);
    let any = home.ok(&["scan", "--json", "--any-log-source", "--rules", &rules, &log]);
    assert_eq!(fired(&any).len(), 2);
    let pipeline = home.file(
        "pipeline.yml",
        "name: admins\nvars:\n  admins: ['corp\\\\ada']\ntransformations:\n  - type: value_placeholders\n",
    );
    let filled = home.ok(&["scan", "--json", "--pipeline", &pipeline, &log]);
    assert_eq!(
        fired(&filled).iter().map(|(_, line)| *line).collect::<Vec<_>>(),
        [1, 3]
    );
    let broken = home.file("broken.yml", "transformations: 7\n");
    let refused = home.run(&["scan", "--pipeline", &broken, &log]);
    assert_eq!(refused.code, 6, "{}", refused.err);
}

#[test]
fn hits_of_indicators_and_rules_come_in_the_order_of_records_whatever_the_threads() {
    let home = Home::with_indicator();
    let hash = "d41d8cd98f00b204e9800998ecf8427e";
    let feed = home.file(
        "feed2.json",
        bundle(&[
            indicator(3, &format!("[file:hashes.MD5 = '{hash}']")),
            sigma(7, WHOAMI),
        ]),
    );
    home.ok(&["import", "--quiet", &feed]);
    // On trial it would wait, and match too much.
    home.ok(&[
        "rule",
        "accept",
        "indicator--00000007-0000-4000-8000-000000000007",
    ]);
    let mut log = String::new();
    for number in 0..4_000 {
        let image = if number % 3 == 0 {
            "C:\\whoami.exe"
        } else {
            "C:\\x.exe"
        };
        let line = event(number % 60, image, "corp\\ada");
        let hashes = if number % 2 == 0 {
            format!("MD5={hash}")
        } else {
            "MD5=00".to_owned()
        };
        log += &line.replace(
            "\"CommandLine\"",
            &format!("\"Hashes\":\"{hashes}\",\"CommandLine\""),
        );
    }
    let log = home.file("sysmon.json", log);
    let places = |threads: &str| -> Vec<(u64, bool)> {
        let ran = home.ok(&["scan", "--json", "--dry-run", "--threads", threads, &log]);
        let lines = ran.json().into_iter().filter(|line| line["line"].is_u64());
        lines
            .map(|line| (line["line"].as_u64().unwrap(), line["rule"].is_string()))
            .collect()
    };
    let one = places("1");
    assert_eq!(one.len(), 2_000 + 1_334);
    assert!(one.is_sorted(), "a record's indicators come before its rules");
    assert_eq!(one, places("3"));
}

#[test]
fn a_look_around_that_takes_too_long_is_named_and_the_scan_ends() {
    let home = Home::with_indicator();
    let rule = WHOAMI.replace("Image|endswith: '\\whoami.exe'", "CommandLine|re: '^(a|aa)+\\1c'");
    let rules = home.file("slow.yml", rule);
    let line = event(1, "C:\\x.exe", "corp\\ada").replace("whoami /all", &format!("{}dc", "a".repeat(200)));
    let log = home.file("sysmon.json", line);
    let ran = home.ok(&["scan", "--json", "--rules", &rules, &log]);
    let lines = ran.json();
    let exhausted = lines.iter().find_map(|line| line.get("exhausted"));
    assert_eq!(exhausted.unwrap()["count"], 1, "{}", ran.out);
}

#[test]
fn each_regression_sample_makes_its_rule_fire() {
    let Some(samples) = shared("data/sigma/regression-sample") else {
        println!("skipped: the shared data is not beside this checkout");
        return;
    };
    let home = Home::with_indicator();
    let mut arguments = vec!["scan".to_owned(), "--json".to_owned()];
    for folder in ["rules", "rules-emerging-threats", "rules-threat-hunting"] {
        let rules = shared(&format!("data/sigma/{folder}")).unwrap();
        arguments.extend(["--rules".to_owned(), rules.display().to_string()]);
    }
    arguments.push(format!("{}/*.evtx", samples.display()));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ran = home.ok(&arguments);
    let found: BTreeSet<(String, String)> = ran
        .json()
        .iter()
        .filter(|line| line["rule"].is_string())
        .map(|line| {
            (
                line["file"].as_str().unwrap().to_owned(),
                line["rule"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let missed: Vec<String> = std::fs::read_dir(samples)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "evtx"))
        .filter(|path| {
            let rule = path.file_stem().unwrap().to_str().unwrap().to_owned();
            !found.contains(&(path.display().to_string(), rule))
        })
        .map(|path| path.display().to_string())
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
    assert_eq!(ran.last()["summary"]["refused"], 0);
}

#[test]
fn rules_that_are_handed_in_need_no_node_and_nothing_is_kept() {
    let home = Home::new();
    let rules = home.file("whoami.yml", WHOAMI);
    let log = home.file("sysmon.json", log());
    for command in [vec!["scan"], vec!["watch", "--until-stdin-closes"]] {
        let ran = home.run(&[&command[..], &["--json", "--rules", &rules, &log]].concat());
        assert_eq!((ran.code, fired(&ran).len()), (0, 2), "{}", ran.err);
        assert!(
            ran.err.contains("there is no node yet, so nothing is kept"),
            "{}",
            ran.err
        );
    }
    assert_eq!(home.run(&["scan", &log]).code, 4, "no node was made");
}

#[test]
fn logs_and_files_are_looked_at_together_with_rules_for_both() {
    let home = Home::new();
    let sigma = home.file("rules/whoami.yml", WHOAMI);
    let yara = home.file(
        "rules/bad.yar",
        "rule bad { strings: $a = \"evil payload\" condition: $a }",
    );
    home.file("seen/sysmon.json", log());
    home.file(
        "seen/program.exe",
        "MZ\0\u{1}\u{2}\0\0evil payload\0\u{3}\u{7f}\0",
    );
    let seen = home.path("seen").display().to_string();
    let ran = home.run(&["scan", "--json", "--rules", &sigma, "--yara", &yara, &seen]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(fired(&ran).len(), 2, "{}", ran.out);
    assert_eq!(ran.last()["summary"]["matches"], 1, "{}", ran.out);
    let text = home.run(&["scan", "--rules", &sigma, "--yara", &yara, &seen]);
    assert!(
        text.out.contains("2 detections (2 by rules) in 4 records"),
        "{}",
        text.out
    );
    assert!(text.out.contains("program.exe"), "{}", text.out);
    assert!(!text.err.contains("unread"), "{}", text.err);
    let ran = home.run(&[
        "scan",
        "--quiet",
        "--fail-on-hit",
        "--rules",
        &sigma,
        "--yara",
        &yara,
        &seen,
    ]);
    assert_eq!(ran.code, 1);
}
