//! Intelligence in and out again: accounts, repetition, round trips, refusals.

use crate::harness::{Home, bundle, indicator, shared};
use serde_json::{Value, json};

#[test]
fn same_file_twice_changes_nothing_and_says_so() {
    let home = Home::new();
    let objects = [
        indicator(1, "[domain-name:value = 'evil.example']"),
        indicator(2, "[ipv4-addr:value = '192.0.2.1']"),
    ];
    let file = home.file("feed.json", bundle(&objects));
    let list = home.file("list.txt", "evil[.]example\n198.51.100.7\n");
    let first = home.ok(&["import", "--json", &file, &list]).last();
    assert_eq!(first["account"]["stored"], 4);
    let second = home.ok(&["import", "--json", &file, &list]).last();
    assert_eq!(second["account"]["known"], 4);
    assert_eq!(second["account"]["stored"], 0);
    assert_eq!(second["account"]["versions"], 0);
    assert!(home.ok(&["import", &file]).out.contains("Nothing changed"));
}

#[test]
fn same_object_from_two_sources_is_held_twice_and_stored_once() {
    let home = Home::new();
    let file = home.file(
        "feed.json",
        bundle(&[indicator(1, "[domain-name:value = 'evil.example']")]),
    );
    home.ok(&["import", "--source", "one", &file]);
    let second = home.ok(&["import", "--json", "--source", "two", &file]);
    assert_eq!(second.json()[0]["outcome"], "known, new source");
    let shown = home.ok(&["show", "--json", &id(1)]).last();
    let sources: Vec<&str> = shown["holdings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|holding| holding["source"].as_str().unwrap())
        .collect();
    assert_eq!(sources, ["one", "two"]);
}

fn id(number: u64) -> String {
    format!("indicator--{number:08x}-0000-4000-8000-{number:012x}")
}

#[test]
fn one_bad_object_never_loses_the_good_ones_beside_it() {
    let home = Home::new();
    let good = |number| indicator(number, "[domain-name:value = 'evil.example']");
    let bad = [
        r#"{"type":"indicator","id":"indicator--1","id":"indicator--2"}"#.to_owned(),
        r#"{"type":"indicator","id":"not an id"}"#.to_owned(),
        r#"{"id":"indicator--00000001-0000-4000-8000-000000000099"}"#.to_owned(),
        r#"{"type":"x-thing","id":"x-thing--00000001-0000-4000-8000-000000000099","n":12345678901234567890}"#
            .to_owned(),
        r#"{"type":"x-thing","id":"x-thing--00000001-0000-4000-8000-000000000098","s":"\ud800"}"#.to_owned(),
        "17".to_owned(),
        format!(
            r#"{{"type":"x-thing","id":"x-thing--00000001-0000-4000-8000-000000000097","{}_ref":"identity--00000001-0000-4000-8000-000000000001"}}"#,
            "x".repeat(10_000)
        ),
    ];
    let mut objects = vec![good(1)];
    for (number, bad) in bad.iter().enumerate() {
        objects.push(bad.clone());
        objects.push(good(number as u64 + 2));
    }
    let file = home.file("feed.json", bundle(&objects));
    let ran = home.run(&["import", "--json", &file]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert_eq!(ran.last()["account"]["stored"], 8);
    assert_eq!(ran.last()["account"]["refused"], 7);
    let refused: Vec<Value> = ran
        .json()
        .into_iter()
        .filter(|line| line["outcome"] == "refused")
        .collect();
    let places: Vec<&str> = refused
        .iter()
        .map(|line| line["place"].as_str().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "/objects/1",
            "/objects/3",
            "/objects/5",
            "/objects/7",
            "/objects/9",
            "/objects/11",
            "/objects/13"
        ]
    );
    let reason = |index: usize| refused[index]["reason"].as_str().unwrap();
    assert!(reason(0).contains("id"), "{}", reason(0));
    assert!(
        reason(3).contains("/n"),
        "the pointer names the number: {}",
        reason(3)
    );
    assert!(
        reason(4).contains("/s"),
        "the pointer names the string: {}",
        reason(4)
    );
}

#[test]
fn what_is_exported_is_what_was_imported() {
    let home = Home::new();
    // Order, spacing, spelling of numbers, unknown members: all of it survives.
    let odd = r#"{ "x_custom" : {"b":1.50,"a":[1e2, -0.0]}, "type":"indicator","spec_version":"2.1",
      "id":"indicator--00000001-0000-4000-8000-000000000001","created":"2026-01-01T00:00:00Z",
      "modified":"2026-01-01T00:00:00.000Z","pattern":"[url:value = 'http:\/\/evil.example\/']",
      "pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z","name":"\u00e9"}"#;
    let file = home.file("feed.json", bundle(&[odd.to_owned()]));
    home.ok(&["import", &file]);
    let raw = home.ok(&["show", "--raw", &id(1)]);
    assert_eq!(raw.out, format!("{odd}\n"));
    let exported = home.ok(&["export", "stix", "--type", "indicator"]);
    assert!(exported.out.contains(odd));
}

#[test]
fn versions_stand_side_by_side_and_the_newest_is_current() {
    let home = Home::new();
    let version = |day: u32, name: &str| {
        let mut object: Value =
            serde_json::from_str(&indicator(1, "[domain-name:value = 'evil.example']")).unwrap();
        object["modified"] = json!(format!("2026-01-{day:02}T00:00:00.000Z"));
        object["name"] = json!(name);
        object.to_string()
    };
    let outcome = |text: String| {
        let file = home.file("feed.json", bundle(&[text]));
        home.ok(&["import", "--json", "--source", "feed", &file]).json()[0]["outcome"].clone()
    };
    assert_eq!(outcome(version(5, "second")), "stored");
    assert_eq!(outcome(version(9, "third")), "new version");
    assert_eq!(outcome(version(2, "first")), "older version");
    assert_eq!(outcome(version(5, "second")), "known");
    let shown = home.ok(&["show", "--json", "--versions", &id(1)]).last();
    assert_eq!(shown["object"]["name"], "third");
    let names: Vec<&str> = shown["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["object"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["third", "second", "first"]);
}

#[test]
fn strict_import_refuses_what_breaks_a_must() {
    let home = Home::new();
    let mut object: Value =
        serde_json::from_str(&indicator(1, "[domain-name:value = 'evil.example']")).unwrap();
    object["valid_until"] = json!("1999-01-01T00:00:00Z");
    let file = home.file("feed.json", bundle(&[object.to_string()]));
    let strict = home.run(&["import", "--json", "--strict", &file]);
    assert_eq!(strict.code, 6);
    assert_eq!(strict.json()[0]["outcome"], "refused");
    assert_eq!(
        home.ok(&["import", "--json", &file]).json()[0]["outcome"],
        "stored"
    );
}

#[test]
fn dry_run_tells_and_stores_nothing() {
    let home = Home::new();
    let file = home.file("list.txt", "evil.example\nnot a value at all\n");
    let dry = home.run(&["import", "--json", "--dry-run", &file]);
    assert_eq!(dry.last()["account"]["stored"], 1);
    assert_eq!(dry.last()["account"]["refused"], 1);
    assert_eq!(home.run(&["look", "evil.example"]).code, 4);
}

#[test]
fn compressed_intelligence_is_read_as_it_is() {
    use std::io::Write as _;
    let home = Home::new();
    let text = bundle(&[indicator(1, "[domain-name:value = 'evil.example']")]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    let files = [home.file("a.json.gz", &gzip), home.file("b.json.zst", zstd)];
    let account = home
        .ok(&["import", "--json", "--source", "x", &files[0], &files[1]])
        .last();
    assert_eq!(
        (
            account["account"]["stored"].clone(),
            account["account"]["known"].clone()
        ),
        (json!(1), json!(1))
    );

    let cut = home.file("cut.json.gz", &gzip[..gzip.len() / 2]);
    let ran = home.run(&["import", &cut]);
    assert_eq!(ran.code, 6);
    assert!(ran.out.contains("inputs unread"), "{}", ran.out);
    assert!(
        ran.err.contains("cut.json.gz") && ran.err.contains("byte"),
        "{}",
        ran.err
    );
}

#[test]
fn real_stix_comes_in_whole_and_goes_out_the_same() {
    let Some(folder) = shared("data/stix") else { return };
    let home = Home::new();
    let ran = home.run(&["import", "--json", "--source", "real", folder.to_str().unwrap()]);
    assert!(ran.code == 0 || ran.code == 6, "{}", ran.err);
    let account = ran.last();
    assert!(account["account"]["stored"].as_u64().unwrap() > 10_000);
    for line in ran.json().iter().filter(|line| line["outcome"] == "refused") {
        assert!(line["reason"].as_str().unwrap().len() > 10, "{line}");
    }

    let first = home.path("first.json").display().to_string();
    home.ok(&["export", "stix", "--versions", "-o", &first]);
    let again = Home::new();
    let account = again.ok(&["import", "--json", &first]).last();
    assert_eq!(account["account"]["refused"], 0);
    let second = again.path("second.json").display().to_string();
    again.ok(&["export", "stix", "--versions", "-o", &second]);
    assert_eq!(digests(&home, &first), digests(&again, &second));
}

/// The canonical digests of a bundle's objects, without those that each node makes for itself.
fn digests(home: &Home, file: &str) -> Vec<(String, Vec<u8>)> {
    let _ = home;
    let text = std::fs::read(file).unwrap();
    let mut reader = entente_stix::bundle::Reader::new(text.as_slice());
    let mut digests = Vec::new();
    while let Some(item) = reader.next().unwrap() {
        let entente_stix::bundle::Item::Object { text, .. } = item else {
            panic!("a defect in our own export")
        };
        let object = entente_stix::object::Object::read(text).unwrap();
        if object.name() != Some("this node") {
            digests.push((object.id().to_owned(), object.digest().as_bytes().to_vec()));
        }
    }
    digests.sort();
    assert!(!digests.is_empty());
    digests
}
