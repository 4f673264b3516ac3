//! What several records satisfy together, and STIX patterns that are more than values: in scans, in watches, and in what is kept.

use serde_json::{Value, json};

use crate::harness::{Home, Ran, bundle, indicator};

/// A process that began, as Sysmon tells it.
fn process(second: u64, host: &str, image: &str, command: &str) -> String {
    let event = json!({"Event": {
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
            "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": host,
            "TimeCreated": {"#attributes": {"SystemTime":
                format!("2026-01-01T00:{:02}:{:02}.000000Z", second / 60, second % 60)}},
        },
        "EventData": {"Image": format!("C:\\Windows\\System32\\{image}"), "User": "corp\\ada", "CommandLine": command},
    }});
    format!("{event}\n")
}

/// A logon that failed, as Windows tells it.
fn failed_logon(second: u64, user: &str) -> String {
    let event = json!({"Event": {
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
            "EventID": 4625, "Channel": "Security", "Computer": "dc1",
            "TimeCreated": {"#attributes": {"SystemTime":
                format!("2026-01-01T00:{:02}:{:02}.000000Z", second / 60, second % 60)}},
        },
        "EventData": {"TargetUserName": user, "IpAddress": "192.0.2.7"},
    }});
    format!("{event}\n")
}

const FAILED: &str = "title: Failed Logon\nname: failed_logon\nid: 11111111-2222-4333-8444-000000000001\n\
logsource:\n  product: windows\n  service: security\ndetection:\n  selection:\n    EventID: 4625\n  condition: selection\n";

const MANY: &str = "title: Many Failed Logons\nid: 11111111-2222-4333-8444-000000000002\nlevel: high\ncorrelation:\n  \
type: event_count\n  rules:\n    - failed_logon\n  group-by:\n    - TargetUserName\n  timespan: 1m\n  \
condition:\n    gte: 3\n";

fn both() -> String {
    format!("{FAILED}---\n{MANY}")
}

fn sigma(number: u64, rule: &str) -> String {
    let mut object: Value = serde_json::from_str(&indicator(number, rule)).unwrap();
    object["pattern_type"] = json!("sigma");
    object.to_string()
}

fn id(number: u64) -> String {
    format!("indicator--{number:08x}-0000-4000-8000-{number:012x}")
}

fn fired(ran: &Ran) -> Vec<Value> {
    let lines = ran.json().into_iter();
    lines.filter(|line| line["rule"].is_string()).collect()
}

fn with(objects: &[String]) -> Home {
    let home = Home::with_indicator();
    let feed = home.file("rules.json", bundle(objects));
    home.ok(&["import", "--quiet", &feed]);
    home
}

/// Three failures of ada within a minute, two of bob, and three of carol that are too far apart.
fn logons() -> String {
    [
        failed_logon(0, "ada"),
        failed_logon(10, "bob"),
        failed_logon(20, "ada"),
        failed_logon(30, "carol"),
        failed_logon(40, "ada"),
        failed_logon(65, "carol"),
        failed_logon(120, "carol"),
        failed_logon(130, "bob"),
    ]
    .concat()
}

#[test]
fn a_correlation_fires_for_the_records_that_satisfy_it_together() {
    let home = Home::with_indicator();
    let rules = home.file("many.yml", both());
    let log = home.file("security.json", logons());
    let ran = home.ok(&["scan", "--json", "--rules", &rules, &log]);
    let fired = fired(&ran);
    assert_eq!(fired.len(), 1, "the rule itself is silent: {}", ran.out);
    assert_eq!(fired[0]["rule"], "11111111-2222-4333-8444-000000000002");
    assert_eq!(fired[0]["level"], "high");
    assert_eq!(
        (&fired[0]["line"], &fired[0]["time"]),
        (&json!(5), &json!("2026-01-01T00:00:40.000Z"))
    );
    let over_time = &fired[0]["over_time"];
    assert_eq!(over_time["group"], json!({"TargetUserName": "ada"}));
    assert_eq!(over_time["measure"], 3.0);
    let records = over_time["records"].as_array().unwrap();
    let places: Vec<&Value> = records.iter().map(|record| &record["line"]).collect();
    assert_eq!(places, [&json!(1), &json!(3), &json!(5)]);
    assert_eq!(records[0]["what"], "Failed Logon");
    assert!(records[0]["file"].as_str().unwrap().ends_with("security.json"));
    assert_eq!(
        (&over_time["late"], &over_time["incomplete"]),
        (&json!(false), &json!(false))
    );
    let account = ran
        .json()
        .into_iter()
        .find_map(|line| line.get("over_time").filter(|_| line["rule"].is_null()).cloned());
    assert_eq!(account.unwrap()["hits"], 8);
    assert_eq!(ran.last()["summary"]["not_evaluated"], 0);

    let text = home.ok(&["scan", "--rules", &rules, &log]).out;
    assert!(
        text.contains("3 records together within 40 s, measured 3; TargetUserName = ada"),
        "{text}"
    );
}

#[test]
fn the_order_of_records_and_files_does_not_matter() {
    let home = Home::with_indicator();
    let rules = home.file("many.yml", both());
    let logons = logons();
    let mut lines: Vec<&str> = logons.lines().collect();
    let later = home.file("a.json", lines.split_off(3).join("\n"));
    lines.reverse();
    let earlier = home.file("b.json", lines.join("\n"));
    let ran = home.ok(&["scan", "--json", "--rules", &rules, &later, &earlier]);
    let fired = fired(&ran);
    assert_eq!(fired.len(), 1, "{}", ran.out);
    let records = fired[0]["over_time"]["records"].as_array().unwrap();
    let lines: Vec<u64> = records
        .iter()
        .map(|record| record["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [3, 1, 2]);
}

#[test]
fn equal_records_count_each_and_a_log_that_is_there_twice_counts_once() {
    let home = Home::with_indicator();
    let rules = home.file("many.yml", both());
    let one = home.file("one.json", failed_logon(1, "ada").repeat(3));
    let ran = home.ok(&["scan", "--json", "--rules", &rules, &one]);
    assert_eq!(fired(&ran).len(), 1, "{}", ran.out);
    let two = failed_logon(1, "ada") + &failed_logon(2, "ada");
    let first = home.file("first.json", &two);
    let second = home.file("second.json", &two);
    let ran = home.ok(&["scan", "--json", "--rules", &rules, &first, &second]);
    assert_eq!(fired(&ran).len(), 0, "{}", ran.out);
}

#[test]
fn an_object_with_a_correlation_leaves_one_sighting_and_a_second_scan_adds_nothing() {
    let home = with(&[sigma(7, &both())]);
    let log = home.file("security.json", logons());
    let ran = home.ok(&["scan", "--json", &log]);
    let found = fired(&ran);
    assert_eq!(found.len(), 1, "{}", ran.out);
    assert_eq!(
        (&found[0]["rule"], &found[0]["new"]),
        (&json!(id(7)), &json!(true))
    );
    let summary = &ran.last()["summary"];
    assert_eq!((&summary["new"], &summary["sightings"]), (&json!(1), &json!(1)));
    let again = home.ok(&["scan", "--json", &log]);
    assert_eq!(
        (&fired(&again)[0]["new"], &again.last()["summary"]["new"]),
        (&json!(false), &json!(0))
    );
    home.ok(&["check", "--quiet"]);
}

#[test]
fn a_pattern_of_one_observation_fires_on_the_values_that_met_it() {
    let home = with(&[indicator(
        7,
        "[process:image_ref.name = 'whoami.exe' AND process:command_line LIKE '%/all%']",
    )]);
    let log = home.file(
        "sysmon.json",
        process(1, "pc1", "whoami.exe", "whoami /all") + &process(2, "pc1", "whoami.exe", "whoami /groups"),
    );
    let ran = home.ok(&["scan", "--json", &log]);
    let found = fired(&ran);
    assert_eq!(found.len(), 1, "{}", ran.out);
    assert_eq!(
        (&found[0]["rule"], &found[0]["line"], &found[0]["host"]),
        (&json!(id(7)), &json!(1), &json!("pc1"))
    );
    let parts = found[0]["parts"].as_array().unwrap();
    let values: Vec<(&str, &str)> = parts
        .iter()
        .map(|part| {
            (
                part["field"].as_str().unwrap(),
                part["values"][0].as_str().unwrap(),
            )
        })
        .collect();
    assert!(
        values.contains(&("process:image_ref.name", "whoami.exe")),
        "{values:?}"
    );
    assert!(
        values.contains(&("process:command_line", "whoami /all")),
        "{values:?}"
    );
    let summary = &ran.last()["summary"];
    assert_eq!(
        (&summary["sightings"], &summary["not_evaluated"]),
        (&json!(1), &json!(0))
    );
}

#[test]
fn a_pattern_of_several_observations_joins_those_of_one_machine() {
    let home = with(&[indicator(
        7,
        "([process:image_ref.name = 'whoami.exe'] FOLLOWEDBY [process:image_ref.name = 'net.exe']) WITHIN 60 SECONDS",
    )]);
    let joined = home.file(
        "joined.json",
        process(1, "pc1", "whoami.exe", "whoami") + &process(2, "pc1", "net.exe", "net user"),
    );
    let ran = home.ok(&["scan", "--json", &joined]);
    let found = fired(&ran);
    assert_eq!(found.len(), 1, "{}", ran.out);
    assert_eq!((&found[0]["host"], &found[0]["line"]), (&json!("pc1"), &json!(2)));
    let records = found[0]["over_time"]["records"].as_array().unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0]["what"], "[process:image_ref.name = 'whoami.exe']");
    assert_eq!(records[1]["parts"][0]["values"], json!(["net.exe"]));

    for (name, log) in [
        (
            "other-machine",
            process(1, "pc1", "whoami.exe", "whoami") + &process(2, "pc2", "net.exe", "net user"),
        ),
        (
            "other-order",
            process(1, "pc1", "net.exe", "net user") + &process(2, "pc1", "whoami.exe", "whoami"),
        ),
        (
            "too-late",
            process(1, "pc1", "whoami.exe", "whoami") + &process(61, "pc1", "net.exe", "net user"),
        ),
    ] {
        let log = home.file(&format!("{name}.json"), log);
        let ran = home.ok(&["scan", "--json", "--dry-run", &log]);
        assert_eq!(fired(&ran).len(), 0, "{name}: {}", ran.out);
    }
}

#[test]
fn a_record_that_satisfies_a_pattern_in_two_ways_is_one_detection() {
    let home = with(&[indicator(
        7,
        "[domain-name:value = 'evil.example'] OR [network-traffic:dst_port = 53 AND network-traffic:protocols[*] = 'dns']",
    )]);
    let log = home.file(
        "dns.log",
        "{\"_path\":\"dns\",\"ts\":1767225600.5,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.5\",\"id.orig_p\":1,\
         \"id.resp_h\":\"10.0.0.1\",\"id.resp_p\":53,\"proto\":\"udp\",\"query\":\"evil.example\"}\n",
    );
    let ran = home.ok(&["scan", "--json", &log]);
    let of_it: Vec<Value> = ran
        .json()
        .into_iter()
        .filter(|line| line["rule"] == id(7) || line["indicator"] == id(7))
        .collect();
    assert_eq!(of_it.len(), 1, "{}", ran.out);
}

#[test]
fn what_no_record_can_satisfy_and_what_builds_on_what_is_not_evaluated_is_named() {
    let home = with(&[
        indicator(7, "[x-unheard-of:value = 'x' AND x-unheard-of:size > 1]"),
        indicator(
            8,
            "[process:image_ref.name = 'a.exe' AND (process:pid > 1 OR process:x_unheard = 'y')]",
        ),
    ]);
    let rules = home.file(
        "many.yml",
        both().replace("service: security", "service: unheard-of"),
    );
    let log = home.file("security.json", logons());
    let ran = home.ok(&["scan", "--json", "--rules", &rules, &log]);
    let reasons: Vec<(String, String)> = ran
        .json()
        .iter()
        .filter_map(|line| line.get("not_evaluated"))
        .map(|one| {
            let id = one["indicator"].as_str().or(one["rule"].as_str()).unwrap();
            (id.to_owned(), one["reason"].as_str().unwrap().to_owned())
        })
        .collect();
    let of = |id: &str| {
        let found = reasons.iter().find(|(known, _)| known == id);
        found.map(|(_, reason)| reason.as_str()).unwrap_or_default()
    };
    assert!(of(&id(7)).contains("x-unheard-of"), "{reasons:?}");
    assert!(
        of(&id(8)).starts_with("in part: ") && of(&id(8)).contains("x_unheard"),
        "{reasons:?}"
    );
    assert!(
        of("11111111-2222-4333-8444-000000000001").contains("unheard-of"),
        "{reasons:?}"
    );
    assert!(
        of("11111111-2222-4333-8444-000000000002").contains("builds on a rule"),
        "{reasons:?}"
    );
    assert_eq!(reasons.len(), 4, "{reasons:?}");
}

#[test]
fn records_without_a_time_are_told_and_do_not_count() {
    let home = Home::with_indicator();
    let rules = home.file("many.yml", both());
    let untimed = failed_logon(1, "ada").replace("SystemTime", "NoTime");
    let log = home.file("security.json", untimed.repeat(3));
    let ran = home.ok(&["scan", "--rules", &rules, &log]);
    assert!(
        ran.out
            .contains("3 × a record that helps to a match over time tells no time"),
        "{}",
        ran.out
    );
}

#[test]
fn a_pattern_that_every_record_helps_to_satisfy_is_named_and_the_others_find_what_they_find() {
    let home = with(&[
        indicator(
            7,
            "[process:command_line LIKE '%o%'] FOLLOWEDBY [process:pid = 77]",
        ),
        indicator(
            8,
            "([process:command_line = 'whoami 3'] AND [process:command_line = 'whoami 11']) WITHIN 60 SECONDS",
        ),
    ]);
    let log: String = (0..12_000)
        .map(|number| process(number / 4, "pc1", "whoami.exe", &format!("whoami {number}")))
        .collect();
    let log = home.file("sysmon.json", log);
    let ran = home.ok(&["scan", "--json", "--threads", "1", &log]);
    let found: Vec<Value> = fired(&ran).iter().map(|fired| fired["rule"].clone()).collect();
    assert_eq!(found, [json!(id(8))], "{}", ran.err);
    let lines = ran.json();
    let account = lines
        .iter()
        .find(|line| line["over_time"]["hits"].is_u64())
        .unwrap();
    let passed_over = account["over_time"]["passed_over"].as_object().unwrap();
    assert_eq!(passed_over.keys().collect::<Vec<_>>(), [&id(7)]);
    let passed_over = passed_over[&id(7)].as_u64().unwrap();
    assert!((1..7_000).contains(&passed_over), "{passed_over}");
    let text = home.ok(&["scan", "--threads", "1", &log]).out;
    assert!(text.contains("is met by too many records"), "{text}");
}
