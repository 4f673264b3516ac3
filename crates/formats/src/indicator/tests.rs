use entente_stix::{json, marking::Tlp, observable, pattern};
use proptest::prelude::*;

use super::*;
use crate::{Item, entry::Attributes, list};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn entry(line: &str) -> Entry {
    let mut reader = list::Reader::new(line.as_bytes());
    match reader.read_item().unwrap().unwrap() {
        Item::Entry(entry) => entry,
        Item::Defect(defect) => panic!("{defect}"),
    }
}

fn of(kind: Kind, value: &str) -> Entry {
    let observable = observable::normalise(kind, value).unwrap();
    let attributes = Attributes::default();
    Entry {
        line: 1,
        observable,
        written: value.to_owned(),
        port: None,
        attributes,
    }
}

fn text_of(entry: &Entry) -> String {
    indicator(entry, "list.txt", at("2026-03-01T00:00:00Z"))
}

fn pattern_of(text: &str) -> String {
    json::read(text.as_bytes())
        .unwrap()
        .get("pattern")
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn each_kind_has_its_pattern() {
    let check = |kind, value, pattern: &str| {
        let text = pattern_of(&text_of(&of(kind, value)));
        assert_eq!(text, pattern);
        pattern::parse(&text).unwrap();
    };
    check(Kind::Ipv4, "192.0.2.1", "[ipv4-addr:value = '192.0.2.1']");
    check(
        Kind::Ipv4,
        "192.0.2.0/24",
        "[ipv4-addr:value ISSUBSET '192.0.2.0/24']",
    );
    check(
        Kind::Ipv6,
        "2001:db8::/32",
        "[ipv6-addr:value ISSUBSET '2001:db8::/32']",
    );
    check(
        Kind::Domain,
        "evil.example",
        "[domain-name:value = 'evil.example']",
    );
    check(
        Kind::Url,
        "http://evil.example/a",
        "[url:value = 'http://evil.example/a']",
    );
    check(
        Kind::Email,
        "a@evil.example",
        "[email-addr:value = 'a@evil.example']",
    );
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    check(Kind::Md5, md5, &format!("[file:hashes.MD5 = '{md5}']"));
    let sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    check(Kind::Sha1, sha1, &format!("[file:hashes.'SHA-1' = '{sha1}']"));
    check(Kind::FileName, "o'clock.exe", r"[file:name = 'o\'clock.exe']");
    check(
        Kind::RegistryKey,
        r"HKEY_LOCAL_MACHINE\Software\Evil",
        r"[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\Software\\Evil']",
    );
    check(
        Kind::AutonomousSystem,
        "AS64496",
        "[autonomous-system:number = 64496]",
    );
}

#[test]
fn every_path_denotes_the_kind_it_is_for() {
    for kind in Kind::all().filter(|kind| *kind != Kind::Vulnerability) {
        let parsed = pattern::parse(&format!("[{} = 'x']", path(kind))).unwrap();
        let pattern::ObservationExpr::Comparison(pattern::ComparisonExpr::Test(test)) = parsed.expression
        else {
            panic!("{kind:?}");
        };
        let kinds = observable::of_path(&test.path).unwrap().kinds();
        assert_eq!(kinds, [kind]);
    }
}

#[test]
fn the_same_entry_has_the_same_id_at_any_time() {
    let entry = entry("evil.example # c2");
    let id = |at: Timestamp, source| {
        let text = indicator(&entry, source, at);
        json::read(text.as_bytes())
            .unwrap()
            .get("id")
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (march, april) = (at("2026-03-01T00:00:00Z"), at("2026-04-01T00:00:00Z"));
    assert_eq!(id(march, "a"), id(april, "a"));
    assert_ne!(id(march, "a"), id(march, "b"));
}

#[test]
fn a_list_without_times_is_valid_since_always() {
    let text = text_of(&entry("evil.example"));
    assert!(text.contains(r#""valid_from":"1970-01-01T00:00:00Z""#), "{text}");
}

#[test]
fn the_port_is_told_and_the_address_is_the_indicator() {
    let text = text_of(&entry("192.0.2.1:443 # shell"));
    assert_eq!(pattern_of(&text), "[ipv4-addr:value = '192.0.2.1']");
    assert!(text.contains(r"shell\nlisted with port 443"), "{text}");
}

#[test]
fn what_is_made_is_valid_by_the_standard() {
    for line in [
        "192.0.2.0/24",
        "evil.example # c2",
        "hxxp://evil[.]example/a'b?c=d",
    ] {
        let mut entry = entry(line);
        entry.attributes.tlp = Some(Tlp::AmberStrict);
        entry.attributes.confidence = Some(80);
        entry.attributes.valid_until = Some(at("2026-12-31T00:00:00Z"));
        entry.attributes.label("c2");
        let text = text_of(&entry);
        let value = json::read(text.as_bytes()).unwrap();
        let findings = entente_stix::validate::object(&value);
        let errors: Vec<_> = findings
            .iter()
            .filter(|finding| finding.severity == entente_stix::validate::Severity::Error)
            .collect();
        assert!(errors.is_empty(), "{text}\n{errors:?}");
    }
}

proptest! {
    #[test]
    fn any_written_value_makes_a_pattern_that_says_that_value(value in "\\PC{0,40}") {
        let observable = Observable { kind: Kind::Mutex, value: value.clone() };
        let parsed = format!("{:?}", pattern::parse(&pattern(&observable, &value)).unwrap());
        let shown = format!("{value:?}");
        prop_assert!(parsed.contains(&shown));
    }
}
