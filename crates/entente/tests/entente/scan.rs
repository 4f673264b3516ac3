//! Detections: what is found, where, why; what is not; and that counting twice adds nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::harness::{Home, Ran, bundle, indicator, shared};

const CONN: &str = concat!(
    "{\"_path\":\"conn\",\"ts\":1767225600.5,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.5\",\"id.orig_p\":50000,",
    "\"id.resp_h\":\"198.51.100.7\",\"id.resp_p\":443,\"proto\":\"tcp\"}\n",
    "{\"_path\":\"dns\",\"ts\":1767225601.5,\"uid\":\"C2\",\"id.orig_h\":\"10.0.0.5\",\"id.orig_p\":50001,",
    "\"id.resp_h\":\"10.0.0.1\",\"id.resp_p\":53,\"query\":\"www.evil.example\",\"answers\":[\"203.0.113.9\"]}\n",
    "{\"_path\":\"dns\",\"ts\":1767225602.5,\"uid\":\"C3\",\"id.orig_h\":\"10.0.0.6\",\"id.orig_p\":50002,",
    "\"id.resp_h\":\"10.0.0.1\",\"id.resp_p\":53,\"query\":\"notevil.example\"}\n",
    "{\"_path\":\"http\",\"ts\":1767225603.5,\"uid\":\"C4\",\"id.orig_h\":\"10.0.0.6\",\"id.orig_p\":50003,",
    "\"id.resp_h\":\"10.0.0.2\",\"id.resp_p\":80,\"host\":\"bad.example\",\"uri\":\"/a/b?c=d\"}\n",
    "this is no record\n",
);

fn detections(ran: &Ran) -> Vec<Value> {
    ran.json()
        .into_iter()
        .filter(|line| line.get("indicator").is_some())
        .collect()
}

/// `(line, field, value)` of every detection.
fn places(ran: &Ran) -> Vec<(u64, String, String)> {
    detections(ran)
        .iter()
        .map(|found| {
            let text = |key: &str| found[key].as_str().unwrap().to_owned();
            (found["line"].as_u64().unwrap(), text("field"), text("value"))
        })
        .collect()
}

fn home_with(patterns: &[&str]) -> Home {
    let home = Home::new();
    let objects: Vec<String> = patterns
        .iter()
        .enumerate()
        .map(|(number, pattern)| indicator(number as u64 + 1, pattern))
        .collect();
    let file = home.file("feed.json", bundle(&objects));
    home.ok(&["import", "--quiet", &file]);
    home
}

#[test]
fn planted_values_are_found_at_their_line_and_look_alikes_are_not() {
    let home = home_with(&[
        "[domain-name:value = 'evil.example']",
        "[ipv4-addr:value = '198.51.100.0/29']",
        "[url:value = 'http://bad.example/a/b?c=d'] OR [ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]",
    ]);
    let log = home.file("conn.json", CONN);
    let ran = home.ok(&["scan", "--json", &log]);
    let mut lines: Vec<(u64, String)> = places(&ran)
        .into_iter()
        .map(|(line, field, _)| (line, field))
        .collect();
    lines.dedup_by_key(|(line, _)| *line);
    assert_eq!(lines[0], (1, "id.resp_h".to_owned()));
    assert_eq!(lines[1], (2, "query".to_owned()));
    assert_eq!(lines[2].0, 4);
    assert_eq!(lines.len(), 3, "{}", ran.out);
    let summary = &ran.last()["summary"];
    assert_eq!(summary["records"], 4);
    assert_eq!(summary["defects"], 1);
    let defect = ran
        .json()
        .into_iter()
        .find(|line| line.get("defect").is_some())
        .unwrap();
    assert_eq!(defect["defect"]["line"], 5);
}

#[test]
fn scanning_the_same_log_twice_adds_nothing_also_renamed_or_compressed() {
    use std::io::Write as _;
    let home = home_with(&["[domain-name:value = 'evil.example']"]);
    let log = home.file("conn.json", CONN);
    let first = home.ok(&["scan", "--json", &log]).last();
    assert_eq!(
        (
            first["summary"]["new"].clone(),
            first["summary"]["sightings"].clone()
        ),
        (json!(1), json!(1))
    );
    let sightings = |home: &Home| {
        home.ok(&["export", "stix", "--type", "sighting", "--versions"])
            .out
    };
    let before = sightings(&home);
    assert!(before.contains("\"count\":1"), "{before}");

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(CONN.as_bytes()).unwrap();
    let gzip = home.file("other-name.gz", gzip.finish().unwrap());
    let second = home.ok(&["scan", "--json", &log, &gzip]).last();
    assert_eq!(second["summary"]["detections"], 2);
    assert_eq!(
        (
            second["summary"]["new"].clone(),
            second["summary"]["sightings"].clone()
        ),
        (json!(0), json!(0))
    );
    assert_eq!(sightings(&home), before);
}

#[test]
fn detections_of_a_day_are_one_sighting_that_counts() {
    let home = home_with(&["[domain-name:value = 'evil.example']"]);
    let line = |second: u32, day: u32| {
        format!(
            "{{\"_path\":\"dns\",\"ts\":\"2026-01-{day:02}T00:00:{second:02}.000000Z\",\"uid\":\"C{second}\",\"id.orig_h\":\"10.0.0.5\",\"query\":\"evil.example\"}}\n"
        )
    };
    let log = home.file("one.json", line(1, 1) + &line(2, 1) + &line(1, 2));
    home.ok(&["scan", "--quiet", &log]);
    let more = home.file("two.json", line(1, 1) + &line(9, 1));
    home.ok(&["scan", "--quiet", &more]);
    let exported: Value =
        serde_json::from_str(&home.ok(&["export", "stix", "--type", "sighting"]).out).unwrap();
    let counts: BTreeMap<&str, u64> = exported["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sighting| {
            (
                sighting["first_seen"].as_str().unwrap(),
                sighting["count"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        counts,
        BTreeMap::from([("2026-01-01T00:00:01.000Z", 3), ("2026-01-02T00:00:01.000Z", 1)])
    );
}

#[test]
fn sightings_are_valid_stix_and_point_at_what_was_seen() {
    let home = home_with(&[
        "[domain-name:value = 'evil.example']",
        "[url:value = 'http://bad.example/a/b?c=d']",
        "[ipv4-addr:value = '198.51.100.7']",
    ]);
    let log = home.file("conn.json", CONN);
    home.ok(&["scan", "--quiet", &log]);
    let file = home.path("all.json").display().to_string();
    home.ok(&["export", "stix", "-o", &file]);
    let validated = home.run(&["stix", "validate", "--json", &file]);
    assert_eq!(validated.code, 0, "{}", validated.out);
    let exported: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let objects = exported["objects"].as_array().unwrap();
    let of = |type_name: &str| {
        objects
            .iter()
            .filter(|object| object["type"] == type_name)
            .count()
    };
    assert_eq!((of("sighting"), of("observed-data")), (3, 3));
    assert_eq!((of("domain-name"), of("url"), of("ipv4-addr")), (1, 1, 1));
    let looked = home.ok(&["look", "--json", "www.evil.example"]).last();
    assert_eq!(looked["own_hits"]["count"], 1);
}

#[test]
fn validity_is_obeyed_against_the_events_own_time() {
    let home = Home::new();
    let mut until: Value =
        serde_json::from_str(&indicator(1, "[domain-name:value = 'evil.example']")).unwrap();
    until["valid_until"] = json!("2026-01-01T00:00:01Z");
    let mut revoked: Value =
        serde_json::from_str(&indicator(2, "[domain-name:value = 'evil.example']")).unwrap();
    revoked["revoked"] = json!(true);
    let file = home.file("feed.json", bundle(&[until.to_string(), revoked.to_string()]));
    home.ok(&["import", "--quiet", &file]);
    // The event is at 00:00:01.5: after the first one's end; the second was taken back.
    let log = home.file("conn.json", CONN);
    let ran = home.ok(&["scan", "--json", &log]);
    assert_eq!(detections(&ran).len(), 0, "{}", ran.out);
    assert!(ran.last()["summary"]["outside_validity"].as_u64().unwrap() >= 1);
    let any = home.ok(&["scan", "--json", "--any-time", "--dry-run", &log]);
    assert_eq!(detections(&any).len(), 1, "revoked stays revoked: {}", any.out);
}

#[test]
fn what_needs_more_than_values_is_reported_by_id() {
    let home = home_with(&[
        "[domain-name:value = 'evil.example' AND network-traffic:dst_port = 53]",
        "[domain-name:value = 'evil.example'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.1']",
        "[domain-name:value = 'evil.example']",
    ]);
    let log = home.file("conn.json", CONN);
    let ran = home.ok(&["scan", "--json", &log]);
    let not: Vec<Value> = ran
        .json()
        .into_iter()
        .filter(|line| line.get("not_evaluated").is_some())
        .collect();
    assert_eq!(not.len(), 1, "{}", ran.out);
    assert!(
        not.iter()
            .all(|line| line["not_evaluated"]["reason"].as_str().unwrap().len() > 10)
    );
    assert_eq!(detections(&ran).len(), 1);
}

#[test]
fn observables_that_an_indicator_is_based_on_are_looked_for() {
    let home = Home::new();
    let domain = r#"{"type":"domain-name","spec_version":"2.1","id":"domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7","value":"evil.example"}"#;
    let relation = r#"{"type":"relationship","spec_version":"2.1","id":"relationship--00000001-0000-4000-8000-000000000001",
        "created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","relationship_type":"based-on",
        "source_ref":"indicator--00000001-0000-4000-8000-000000000001",
        "target_ref":"domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7"}"#;
    let objects = [
        indicator(1, "[process:name = 'x' AND process:pid = 1]"),
        domain.to_owned(),
        relation.to_owned(),
    ];
    let file = home.file("feed.json", bundle(&objects));
    home.ok(&["import", "--quiet", &file]);
    let log = home.file("conn.json", CONN);
    assert_eq!(places(&home.ok(&["scan", "--json", &log])).len(), 1);
}

/// Zeek logs `host` without its port, and so a URL with a port was never found in its logs.
#[test]
fn url_with_a_port_is_found_by_the_port_of_the_server() {
    let home = home_with(&[
        "[url:value = 'http://bad.example:8080/a']",
        "[url:value = 'http://bad.example/b']",
    ]);
    let line = |port: u16, uri: &str| {
        format!(
            "{{\"_path\":\"http\",\"ts\":1.5,\"uid\":\"C\",\"id.orig_h\":\"10.0.0.1\",\"id.resp_p\":{port},\"host\":\"bad.example\",\"uri\":\"{uri}\"}}\n"
        )
    };
    let json = line(8080, "/a") + &line(80, "/a") + &line(3128, "/b");
    let tsv = "#separator \\x09\n#path\thttp\n#fields\tts\tid.resp_p\thost\turi\n1.5\t8080\tbad.example\t/a\n1.5\t80\tbad.example\t/a\n1.5\t3128\tbad.example\t/b\n";
    let json = home.file("http.json", json);
    let tsv = home.file("http.log", tsv);
    let lines = |log: &str| -> Vec<u64> {
        let ran = home.ok(&["scan", "--json", "--any-time", "--dry-run", log]);
        places(&ran).into_iter().map(|(line, _, _)| line).collect()
    };
    assert_eq!(lines(&json), [1, 3]);
    assert_eq!(lines(&tsv), [4, 6]);
}

/// Two feeds with one domain, one record with two names below it: hits came as A, B, A, B and counted twice.
#[test]
fn one_record_is_one_event_for_each_indicator() {
    let home = home_with(&[
        "[domain-name:value = 'evil.example']",
        "[domain-name:value = 'evil.example'] OR [ipv4-addr:value = '192.0.2.1']",
    ]);
    let log = home.file(
        "dns.json",
        "{\"_path\":\"dns\",\"ts\":1767225601.5,\"uid\":\"C2\",\"query\":\"a.evil.example\",\"answers\":[\"b.evil.example\",\"c.evil.example\"]}\n",
    );
    home.ok(&["scan", "--quiet", &log]);
    let exported: Value =
        serde_json::from_str(&home.ok(&["export", "stix", "--type", "sighting"]).out).unwrap();
    let counts: Vec<u64> = exported["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sighting| sighting["count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [1, 1]);
}

/// 256 groups of a hundred values each were more than the store takes at once, and no sighting was ever written.
#[test]
fn many_indicators_with_many_values_become_sightings() {
    let patterns: Vec<String> = (0..300)
        .map(|number| format!("[domain-name:value = 'h{number}.example']"))
        .collect();
    let home = home_with(&patterns.iter().map(String::as_str).collect::<Vec<_>>());
    let lines: String = (0..30_000)
        .map(|number| {
            let (host, sub) = (number % 300, number / 300);
            format!("{{\"_path\":\"dns\",\"ts\":1767225601.5,\"uid\":\"C{number}\",\"query\":\"s{sub}.h{host}.example\"}}\n")
        })
        .collect();
    let log = home.file("dns.json", lines);
    assert_eq!(
        home.ok(&["scan", "--json", &log]).last()["summary"]["sightings"],
        300
    );
}

#[test]
fn every_observable_that_an_indicator_is_based_on_is_looked_for_however_many() {
    let home = Home::new();
    let mut objects = vec![indicator(1, "[process:name = 'x' AND process:pid = 1]")];
    for number in 0..300 {
        let domain = format!("domain-name--{number:08x}-0000-4000-8000-000000000000");
        objects.push(json!({"type": "domain-name", "spec_version": "2.1", "id": domain, "value": format!("h{number}.example")}).to_string());
        objects.push(
            json!({
                "type": "relationship", "spec_version": "2.1",
                "id": format!("relationship--{number:08x}-0000-4000-8000-000000000000"),
                "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z",
                "relationship_type": "based-on", "source_ref": "indicator--00000001-0000-4000-8000-000000000001",
                "target_ref": domain,
            })
            .to_string(),
        );
    }
    let file = home.file("feed.json", bundle(&objects));
    home.ok(&["import", "--quiet", &file]);
    let lines: String = (0..300)
        .map(|number| format!("{{\"_path\":\"dns\",\"query\":\"h{number}.example\"}}\n"))
        .collect();
    let log = home.file("dns.json", lines);
    assert_eq!(places(&home.ok(&["scan", "--json", &log])).len(), 300);
}

#[test]
fn event_without_a_time_gives_a_sighting_without_one() {
    let home = home_with(&["[domain-name:value = 'evil.example']"]);
    let log = home.file("plain.txt", "connection to evil.example seen\n");
    home.ok(&["scan", "--quiet", &log]);
    let exported: Value =
        serde_json::from_str(&home.ok(&["export", "stix", "--type", "sighting"]).out).unwrap();
    let sighting = &exported["objects"][0];
    assert_eq!(sighting["count"], 1);
    assert!(
        sighting.get("first_seen").is_none() && sighting.get("last_seen").is_none(),
        "{sighting}"
    );
}

#[test]
fn what_was_seen_by_a_pattern_alone_is_known_afterwards() {
    let home = home_with(&["[file:name LIKE 'evil%.exe']"]);
    let log = home.file("files.json", "{\"_path\":\"files\",\"ts\":1767225601.5,\"fuid\":\"F1\",\"source\":\"HTTP\",\"filename\":\"evil77.exe\"}\n");
    home.ok(&["scan", "--quiet", &log]);
    assert_eq!(
        home.ok(&["look", "--json", "evil77.exe"]).last()["own_hits"]["count"],
        1
    );
}

/// A URL's detections are asked for under three values; the next value's count must not be one of them.
#[test]
fn own_detections_stay_with_their_value() {
    let home = home_with(&[
        "[domain-name:value = 'evil.example']",
        "[url:value = 'http://bad.example/a/b?c=d']",
    ]);
    let log = home.file("conn.json", CONN);
    home.ok(&["scan", "--quiet", &log]);
    let ran = home.ok(&[
        "look",
        "--json",
        "http://bad.example/a/b?c=d",
        "www.evil.example",
        "203.0.113.9",
    ]);
    let counts: Vec<u64> = ran
        .json()
        .iter()
        .map(|line| line["own_hits"]["count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [1, 1, 0]);
}

#[test]
fn scan_of_a_node_that_is_not_there_makes_none() {
    let home = Home::new();
    let log = home.file("plain.txt", "evil.example\n");
    let ran = home.run(&["scan", &log]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(!home.data().exists());
    // No indicators is no clean bill of health.
    let list = home.file("empty.txt", "# nothing\n");
    home.ok(&["import", "--as", "list", &list]);
    let ran = home.run(&["scan", "--quiet", "--fail-on-hit", &log]);
    assert_eq!(ran.code, 4);
    assert!(ran.err.contains("no indicator"), "{}", ran.err);
}

/// A partner sent a sighting of ours back with `modified` in the year 9999, and no scan could write one again.
#[test]
fn own_sighting_from_the_far_future_does_not_stop_later_ones() {
    let home = home_with(&["[domain-name:value = 'evil.example']"]);
    let line = |uid: &str| {
        format!("{{\"_path\":\"dns\",\"ts\":1767225601.5,\"uid\":\"{uid}\",\"query\":\"evil.example\"}}\n")
    };
    let first = home.file("one.json", line("C1"));
    home.ok(&["scan", "--quiet", &first]);
    let mut exported: Value =
        serde_json::from_str(&home.ok(&["export", "stix", "--type", "sighting"]).out).unwrap();
    exported["objects"][0]["modified"] = json!("9999-12-31T23:59:59.999999Z");
    let poison = home.file("poison.json", exported.to_string());
    home.ok(&["import", "--quiet", &poison]);
    let second = home.file("two.json", line("C2"));
    assert_eq!(
        home.ok(&["scan", "--json", &second]).last()["summary"]["sightings"],
        1
    );
    let versions = home
        .ok(&["export", "stix", "--type", "sighting", "--versions"])
        .out;
    assert!(versions.contains("\"count\":2"), "{versions}");
}

#[test]
fn many_indicators_of_one_value_are_all_told_in_order() {
    let patterns = vec!["[domain-name:value = 'evil.example']"; 300];
    let home = home_with(&patterns);
    let lines: String = (0..100)
        .map(|number| {
            format!(
                "{{\"_path\":\"dns\",\"ts\":1767225601.5,\"uid\":\"C{number}\",\"query\":\"evil.example\"}}\n"
            )
        })
        .collect();
    let log = home.file("dns.json", lines);
    let lines: Vec<u64> = places(&home.ok(&["scan", "--json", &log]))
        .into_iter()
        .map(|(line, _, _)| line)
        .collect();
    assert_eq!(lines.len(), 30_000);
    assert!(lines.is_sorted());
}

#[test]
fn damaged_generation_is_made_anew() {
    let home = home_with(&["[domain-name:value = 'evil.example']"]);
    let log = home.file("conn.json", CONN);
    home.ok(&["scan", "--quiet", &log]);
    let folder = home.data().join("generations");
    for entry in std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        let mut bytes = std::fs::read(&entry).unwrap();
        for byte in bytes.iter_mut().skip(33).take(200) {
            *byte ^= 0xff;
        }
        std::fs::write(&entry, bytes).unwrap();
    }
    let ran = home.run(&["scan", "--json", &log]);
    assert!(ran.code == 0 || ran.code == 7, "{}", ran.err);
    assert_eq!(places(&home.ok(&["scan", "--json", &log])).len(), 1);
}

#[test]
fn fail_on_hit_exits_with_1() {
    let home = home_with(&["[domain-name:value = 'evil.example']"]);
    let log = home.file("conn.json", CONN);
    assert_eq!(home.run(&["scan", "--quiet", "--fail-on-hit", &log]).code, 1);
    let clean = home.file("clean.json", CONN.lines().next().unwrap());
    assert_eq!(home.run(&["scan", "--quiet", "--fail-on-hit", &clean]).code, 0);
}

#[test]
fn new_intelligence_is_found_at_once() {
    let home = home_with(&["[domain-name:value = 'other.example']"]);
    let log = home.file("conn.json", CONN);
    assert_eq!(places(&home.ok(&["scan", "--json", &log])).len(), 0);
    let list = home.file("list.txt", "evil[.]example\n");
    home.ok(&["import", &list]);
    assert_eq!(places(&home.ok(&["scan", "--json", &log])).len(), 1);
    let stdin = home.with_input(&["scan", "--json", "--dry-run", "-"], CONN);
    assert_eq!(places(&stdin).len(), 1);
}

#[test]
fn real_logs_are_read_whole() {
    let Some(folder) = shared("data/logs") else { return };
    let home = home_with(&["[domain-name:value = 'evil.example']"]);
    let ran = home.run(&["scan", "--json", folder.to_str().unwrap()]);
    let failed: Vec<Value> = ran
        .json()
        .into_iter()
        .filter(|line| line.get("failed").is_some())
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
    let read: Vec<Value> = ran
        .json()
        .into_iter()
        .filter(|line| line.get("read").is_some())
        .collect();
    assert_eq!(
        read.len(),
        walkdir::WalkDir::new(&folder)
            .into_iter()
            .filter(|entry| entry.as_ref().unwrap().path().is_file())
            .count()
    );
    let formats: BTreeSet<&str> = read
        .iter()
        .map(|line| line["read"]["format"].as_str().unwrap())
        .collect();
    for format in [
        "Zeek TSV",
        "Zeek JSON",
        "Suricata EVE",
        "Windows EVTX",
        "Windows events as JSON",
    ] {
        assert!(formats.contains(format), "{formats:?}");
    }
    // Lines of Zeek's are records or headers, none is lost.
    for line in read.iter().filter(|line| line["read"]["format"] == "Zeek TSV") {
        let file = line["read"]["file"].as_str().unwrap();
        let text = std::fs::read(file).unwrap();
        let records = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty() && line[0] != b'#')
            .count();
        assert_eq!(
            line["read"]["records"].as_u64().unwrap() as usize
                + line["read"]["defects"].as_u64().unwrap() as usize,
            records,
            "{file}"
        );
    }
}

/// Indicators made from values that really occur, with look-alikes beside them, against a plain search.
#[test]
fn every_planted_indicator_is_found_in_real_zeek_logs() {
    for (file, field) in [
        ("dns.log", "query"),
        ("ssl.log", "server_name"),
        ("rdp.log", "id.resp_h"),
        ("smtp.log", "id.orig_h"),
    ] {
        let Some(path) = shared(&format!("data/logs/zeek/zeek-default/{file}")) else {
            return;
        };
        let values = column(&path, field);
        let is_address = field.starts_with("id.");
        let distinct: BTreeSet<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
        let is_wanted = |value: &str| is_address || (value.contains('.') && !value.ends_with(".arpa"));
        let planted: Vec<&str> = distinct
            .into_iter()
            .filter(|value| is_wanted(value))
            .step_by(5)
            .take(200)
            .collect();
        assert!(!planted.is_empty(), "{file}");
        let list: String = planted
            .iter()
            .flat_map(|value| {
                if is_address {
                    vec![format!("{value}\n")]
                } else {
                    vec![format!("{value}\n"), format!("not{value}\n")]
                }
            })
            .collect();
        let home = Home::new();
        let list = home.file("list.txt", list);
        home.run(&["import", "--quiet", &list]);
        let ran = home.run(&["scan", "--json", "--dry-run", path.to_str().unwrap()]);
        let everywhere: Vec<(u64, String, String)> = places(&ran)
            .into_iter()
            .map(|(line, field, value)| (line, field, value.to_lowercase()))
            .collect();
        // A value that stands in two fields of a record is told once, with the first of them.
        let anywhere: BTreeSet<(u64, String)> = everywhere
            .iter()
            .map(|(line, _, value)| (*line, value.clone()))
            .collect();
        let found: BTreeSet<(u64, String)> = everywhere
            .into_iter()
            .filter(|(_, found_field, _)| found_field == field)
            .map(|(line, _, value)| (line, value))
            .collect();
        let expected: BTreeSet<(u64, String)> = values
            .iter()
            .map(|(line, value)| (*line, value.to_lowercase()))
            .filter(|(_, value)| {
                planted
                    .iter()
                    .map(|planted| planted.to_lowercase())
                    .any(|planted| {
                        *value == planted || (!is_address && value.ends_with(&format!(".{planted}")))
                    })
            })
            .collect();
        let missing: Vec<_> = expected.difference(&anywhere).take(5).collect();
        let extra: Vec<_> = found.difference(&expected).take(5).collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "{file}: missing {missing:?}, extra {extra:?}"
        );
    }
}

/// `(line, value)` of one column of a Zeek log, read as plainly as can be.
fn column(path: &std::path::Path, field: &str) -> Vec<(u64, String)> {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let mut position = None;
    let mut values = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(fields) = line.strip_prefix("#fields\t") {
            position = fields.split('\t').position(|name| name == field);
        }
        let Some(position) = position.filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let value = line.split('\t').nth(position).unwrap_or("-");
        if value != "-" && value != "(empty)" {
            values.push((number as u64 + 1, value.to_owned()));
        }
    }
    values
}

#[test]
fn examples_hold_exactly_what_their_list_says() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let home = Home::new();
    home.run(&["import", "--quiet", &format!("{examples}/intelligence")]);
    let ran = home.ok(&["scan", "--json", &format!("{examples}/logs")]);
    let found: BTreeSet<String> = detections(&ran)
        .iter()
        .map(|found| {
            let text = |key: &str| found[key].as_str().unwrap();
            let file = text("file").rsplit_once("/examples/").unwrap().1;
            format!(
                "{file}\t{}\t{}\t{}\t{}",
                found["line"],
                text("field"),
                text("value"),
                text("name")
            )
        })
        .collect();
    let listed = std::fs::read_to_string(format!("{examples}/expected-detections.txt")).unwrap();
    let expected: BTreeSet<String> = listed
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(str::to_owned)
        .collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    let extra: Vec<_> = found.difference(&expected).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "missing {missing:#?}\nextra {extra:#?}"
    );
}
