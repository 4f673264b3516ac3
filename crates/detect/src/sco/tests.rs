//! Rows and leaves against objects and the evaluation over observed data.

mod random;

use super::*;
use crate::pattern::join::{Bounds, Hit, Join, Outcome, find};
use crate::pattern::{Compiled, Observations, Options};
use crate::rules::{Field, FieldNames, Leaf, Matcher, Rules, Value};
use entente_stix::json::{Value as Json, read};
use entente_stix::pattern::parse;
use std::collections::BTreeSet;

type Event = Vec<(&'static str, Value<'static>)>;

fn text(name: &'static str, value: &'static str) -> (&'static str, Value<'static>) {
    (name, Value::Text(value))
}

fn number(name: &'static str, value: &'static str) -> (&'static str, Value<'static>) {
    (name, Value::Number(value))
}

fn fields(names: &FieldNames, event: &Event) -> Vec<Field<'static>> {
    let field = |(name, value): &(&str, Value<'static>)| {
        Some(Field {
            number: names.number(name)?,
            value: *value,
        })
    };
    event.iter().filter_map(field).collect()
}

fn objects(event: &Event) -> Vec<Json<'static>> {
    let whole = Projection::whole(Map::standard());
    whole.objects(&fields(whole.names(), event), &mut Projector::new())
}

/// Whether events, one after the other, match by rows and leaves.
fn matches_by_rows(rule: &StixRule, events: &[&Event]) -> bool {
    let leaves: Vec<Leaf> = rule.parts.iter().map(|part| part.leaf.clone()).collect();
    let (rules, refused) = Rules::compile(&leaves, 1);
    assert_eq!(refused, []);
    let projection = Projection::new(Map::standard(), rules.names());
    let (mut projector, mut matcher) = (Projector::new(), Matcher::new());
    let mut hits = BTreeSet::new();
    for (number, event) in (0..).zip(events) {
        projection.rows(&fields(projection.names(), event), &mut projector, |row| {
            for part in rules.matching(row, &mut matcher) {
                hits.insert(Hit {
                    scope: 0,
                    observation: number,
                    leaf: rule.parts[*part as usize].number,
                    first: i64::from(number),
                    last: i64::from(number),
                });
            }
        });
    }
    let hits: Vec<Hit> = hits.into_iter().collect();
    matches!(find(&rule.join, &hits, Bounds::default()), Outcome::Match(_))
}

/// Whether the same events match as observed data.
fn matches_as_observed(pattern: &str, events: &[&Event]) -> bool {
    let bundles = events.iter().enumerate().map(|(number, event)| {
        let objects = objects(event);
        let id = |object: &Json<'_>| object.get("id").unwrap().canonical();
        let references: Vec<String> = objects.iter().map(id).collect();
        let texts: Vec<String> = objects.iter().map(Json::canonical).collect();
        format!(
            r#"{{"type":"bundle","id":"bundle--{number}","objects":[{}{}{{"type":"observed-data","id":"observed-data--{number}",
            "first_observed":"1970-01-01T00:00:00.00000{number}Z","last_observed":"1970-01-01T00:00:00.00000{number}Z",
            "number_observed":1,"object_refs":[{}]}}]}}"#,
            texts.join(","),
            if texts.is_empty() { "" } else { "," },
            references.join(",")
        )
    });
    let bundles: Vec<String> = bundles.collect();
    let values = bundles
        .iter()
        .map(|bundle| read(bundle.as_bytes()).unwrap())
        .collect();
    let observations = Observations::of(values);
    assert_eq!(observations.defects(), []);
    Compiled::parse(pattern)
        .unwrap()
        .evaluate(&observations, Options::default())
        .matched
}

fn rule(pattern: &str, comparing: Comparing) -> StixRule {
    from_stix(&parse(pattern).unwrap(), Map::standard(), comparing).unwrap()
}

fn conn() -> Event {
    vec![
        text("#schema", "zeek"),
        text("#log", "conn"),
        number("ts", "1521911721.255387"),
        text("id.orig_h", "10.0.0.1"),
        number("id.orig_p", "40000"),
        text("id.resp_h", "2001:DB8::1"),
        number("id.resp_p", "443"),
        text("proto", "tcp"),
        text("service", "gssapi,ssl"),
        number("duration", "0.5"),
        number("orig_bytes", "120"),
        text("orig_l2_addr", "00:0C:29:ab:cd:ef"),
    ]
}

fn dns() -> Event {
    vec![
        text("#schema", "zeek"),
        text("#log", "dns"),
        text("id.orig_h", "10.0.0.1"),
        text("id.resp_h", "10.0.0.2"),
        text("proto", "udp"),
        text("query", "Example.org"),
        text("answers", "cname.example.org"),
        text("answers", "192.0.2.1"),
        text("answers", "2001:db8::1"),
    ]
}

fn process() -> Event {
    vec![
        text("#schema", "windows"),
        number("EventID", "1"),
        text("Channel", "Microsoft-Windows-Sysmon/Operational"),
        text("Image", "C:\\Windows\\cafe\u{301}.exe"),
        text("ProcessId", "0x1a4"),
        text("CommandLine", "cmd /c whoami\nnet user"),
        text("ParentImage", r"C:\Windows\explorer.exe"),
        text("ParentProcessId", "77"),
        text("User", r"CORP\ada"),
        text(
            "Hashes",
            "MD5=D41D8CD98F00B204E9800998ECF8427E,IMPHASH=00000000000000000000000000000000",
        ),
        text("UtcTime", "2020-10-21 12:32:58.311"),
    ]
}

fn registry() -> Event {
    vec![
        text("#schema", "windows"),
        text("EventID", "13"),
        text("Channel", "Microsoft-Windows-Sysmon/Operational"),
        text("Image", r"C:\Windows\regedit.exe"),
        text("TargetObject", r"HKLM\Software\Run\evil"),
        text("Details", r"C:\evil.exe"),
    ]
}

fn http() -> Event {
    vec![
        text("#schema", "zeek"),
        text("#log", "http"),
        text("id_orig_h", "10.0.0.1"),
        text("id_resp_h", "192.0.2.1"),
        text("method", "GET"),
        text("host", "Example.org:8080"),
        text("uri", "/a?b=e\u{301}"),
        text("user_agent", "curl/8"),
    ]
}

fn events() -> Vec<Event> {
    vec![
        conn(),
        dns(),
        process(),
        registry(),
        http(),
        vec![text("#schema", "zeek")],
    ]
}

#[test]
fn the_standard_map_is_read_and_says_its_versions() {
    let names: Vec<&str> = Map::standard().versions().map(|(name, _)| name).collect();
    assert_eq!(names, ["ecs", "ocsf", "suricata", "windows", "zeek"]);
    assert!(Map::standard().versions().all(|(_, version)| version >= 1));
    assert!(Map::standard().types().contains("windows-registry-key"));
}

#[test]
fn patterns_match_the_events_they_describe() {
    let strict = [
        (
            conn(),
            "[network-traffic:src_ref.value = '10.0.0.1' AND network-traffic:dst_port = 443]",
        ),
        (conn(), "[network-traffic:dst_ref.value = '2001:db8::1']"),
        (
            conn(),
            "[network-traffic:protocols[*] = 'ssl' AND network-traffic:protocols[0] = 'tcp']",
        ),
        (
            conn(),
            "[network-traffic:src_ref.resolves_to_refs[0].value = '00:0c:29:ab:cd:ef']",
        ),
        (conn(), "[network-traffic:end >= t'2018-03-24T17:15:21.755387Z']"),
        (conn(), "[network-traffic:src_byte_count > 119.5]"),
        (conn(), "[ipv4-addr:value ISSUBSET '10.0.0.0/8']"),
        (conn(), "[NOT EXISTS network-traffic:dst_byte_count]"),
        (
            conn(),
            "[EXISTS network-traffic:src_ref AND EXISTS network-traffic:protocols]",
        ),
        (
            dns(),
            "[domain-name:value = 'example.org' AND domain-name:resolves_to_refs[*].value = '192.0.2.1']",
        ),
        (dns(), "[domain-name:resolves_to_refs[2].value = '2001:db8::1']"),
        (
            dns(),
            "[domain-name:resolves_to_refs[*].value NOT IN ('cname.example.org', '192.0.2.1')]",
        ),
        (
            process(),
            "[process:image_ref.name LIKE 'caf_.exe' AND process:pid = 420]",
        ),
        (
            process(),
            r"[process:command_line MATCHES 'whoami.net' AND process:parent_ref.image_ref.name = 'explorer.exe']",
        ),
        (
            process(),
            "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e' OR url:value = 'x']",
        ),
        (
            process(),
            r"[process:creator_user_ref.account_login = 'CORP\\ada']",
        ),
        (
            registry(),
            r"[windows-registry-key:key LIKE 'HKEY_LOCAL_MACHINE%' AND windows-registry-key:values[*].name = 'evil']",
        ),
        (http(), "[url:value LIKE 'http://example.org:8080/%']"),
        (
            http(),
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'curl/8']",
        ),
    ];
    for (event, pattern) in &strict {
        let rule = rule(pattern, Comparing::Strict);
        assert!(matches_by_rows(&rule, &[event]), "{pattern}");
        assert!(matches_as_observed(pattern, &[event]), "{pattern}");
        assert!(rule.parts.iter().all(|part| !part.is_canonical));
    }
}

#[test]
fn other_spellings_match_only_as_canonical_and_are_marked() {
    let cases = [
        (
            process(),
            "[file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E']",
        ),
        (conn(), "[ipv6-addr:value = '2001:0db8:0:0::1']"),
        (conn(), "[ipv4-addr:value = '10.0.0.1/32']"),
        (dns(), "[domain-name:value IN ('EXAMPLE.org', 'x')]"),
        (registry(), r"[windows-registry-key:key = 'hklm\\software\\run']"),
    ];
    for (event, pattern) in &cases {
        assert!(
            !matches_by_rows(&rule(pattern, Comparing::Strict), &[event]),
            "{pattern}"
        );
        let canonical = rule(pattern, Comparing::Canonical);
        assert!(matches_by_rows(&canonical, &[event]), "{pattern}");
        assert!(canonical.parts.iter().all(|part| part.is_canonical), "{pattern}");
    }
}

#[test]
fn what_no_event_can_answer_is_told() {
    let cases = [
        (
            "[x-thing:name = 'x']",
            "no event that is known holds a `x-thing`",
            false,
        ),
        (
            "[file:size_on_moon = 1]",
            "no event that is known fills `file:size_on_moon`",
            false,
        ),
        (
            "[network-traffic:src_ref = 'ipv4-addr--1']",
            "is an identifier, a list or a dictionary",
            false,
        ),
        (
            "[file:name = 'a' OR x-thing:name = 'x']",
            "holds a `x-thing`",
            true,
        ),
        (
            "[file:name = 'a'] AND [x-thing:name = 'x']",
            "holds a `x-thing`",
            false,
        ),
        (
            "[file:name = 'a'] OR [x-thing:name = 'x']",
            "holds a `x-thing`",
            true,
        ),
    ];
    for (pattern, reason, can_match) in cases {
        let rule = rule(pattern, Comparing::Canonical);
        assert_eq!(rule.unanswerable.len(), 1, "{pattern}");
        assert!(
            rule.unanswerable[0].reason.contains(reason),
            "{pattern}: {:?}",
            rule.unanswerable
        );
        assert_eq!(rule.can_match, can_match, "{pattern}");
    }
    assert!(
        from_stix(
            &parse("[file:name MATCHES '(']").unwrap(),
            Map::standard(),
            Comparing::Strict
        )
        .is_err()
    );
}

#[test]
fn leaves_of_different_types_hit_one_leaf() {
    let rule = rule(
        "[ipv4-addr:value = 'a' OR domain-name:value = 'b'] REPEATS 2 TIMES",
        Comparing::Strict,
    );
    assert_eq!(rule.join, Join::Repeats(Box::new(Join::Leaf(0)), 2));
    assert_eq!(
        rule.parts.iter().map(|part| part.number).collect::<Vec<_>>(),
        [0, 0]
    );
}

#[test]
fn fields_with_other_numbers_are_found() {
    let rule = rule("[ipv4-addr:value = '10.0.0.1']", Comparing::Strict);
    let (rules, _) = Rules::compile(rule.parts.iter().map(|part| &part.leaf), 1);
    let plain = Projection::new(Map::standard(), rules.names());
    let own: Vec<&str> = (0..plain.names().len() as u32)
        .filter_map(|number| plain.names().name(number))
        .collect();
    let union = FieldNames::new(["CommandLine", "id.orig_h"].into_iter().chain(own));
    let projection = Projection::new(Map::standard(), rules.names()).among(&union);
    let mut rows = 0;
    projection.rows(&fields(&union, &conn()), &mut Projector::new(), |row| {
        rows += usize::from(row.iter().any(|field| field.value == Value::Text("10.0.0.1")));
    });
    assert_eq!(rows, 1);
}

#[test]
fn many_answers_are_cut_and_counted() {
    let mut event = dns();
    event.extend((0..200).map(|_| text("answers", "192.0.2.9")));
    let whole = Projection::whole(Map::standard());
    let mut projector = Projector::new();
    let objects = whole.objects(&fields(whole.names(), &event), &mut projector);
    assert!(objects.len() < 100);
    assert_eq!(projector.cut(), 203 - 64);
}
