use super::*;
use entente_stix::json;

/// One observation of these objects; the ids are `type--n`, from 1.
fn observed(objects: &[&str]) -> String {
    let mut out = Vec::new();
    let mut references = Vec::new();
    for (place, object) in objects.iter().enumerate() {
        let value = json::read(object.as_bytes()).unwrap();
        let id = format!("{}--{}", value.get("type").unwrap().as_str().unwrap(), place + 1);
        out.push(object.replacen('{', &format!("{{\"id\":\"{id}\","), 1));
        references.push(format!("\"{id}\""));
    }
    let observed = format!(
        r#"{{"type":"observed-data","id":"observed-data--1","first_observed":"2026-08-01T00:00:00Z",
            "last_observed":"2026-08-01T00:00:00Z","number_observed":1,"object_refs":[{}]}}"#,
        references.join(",")
    );
    out.push(observed);
    format!("[{}]", out.join(","))
}

#[track_caller]
fn verdict_of(pattern: &str, text: &str, options: Options) -> Verdict {
    let observations = Observations::read(text.as_bytes());
    assert_eq!(observations.defects(), []);
    evaluate(pattern, &observations, options).unwrap()
}

/// Patterns with and without a match over one observation of these objects.
#[track_caller]
fn check(objects: &[&str], matching: &[&str], others: &[&str]) {
    let text = observed(objects);
    for (patterns, expected) in [(matching, true), (others, false)] {
        for pattern in patterns {
            let verdict = verdict_of(pattern, &text, Options::default());
            assert_eq!(verdict.matched, expected, "{pattern} over {objects:?}");
            assert_eq!(verdict.incomplete, None);
        }
    }
}

#[test]
fn comparisons_of_one_bracket_begin_at_one_object() {
    check(
        &[
            r#"{"type":"network-traffic","src_port":1}"#,
            r#"{"type":"network-traffic","dst_port":2}"#,
            r#"{"type":"file","name":"a"}"#,
        ],
        &[
            "[network-traffic:src_port = 1 OR file:name = 'b']",
            "[network-traffic:src_port = 9 OR file:name = 'a']",
        ],
        &[
            "[network-traffic:src_port = 1 AND network-traffic:dst_port = 2]",
            "[network-traffic:src_port = 1 AND file:name = 'a']",
        ],
    );
}

#[test]
fn what_is_not_there_is_false_whatever_the_operator() {
    check(
        &[r#"{"type":"file","name":"a"}"#],
        &[
            "[NOT EXISTS file:size]",
            "[EXISTS file:name]",
            "[file:name != 5]",
            "[file:name NOT = 5]",
        ],
        &[
            "[file:size != 5]",
            "[file:size NOT = 5]",
            "[file:size NOT IN (5)]",
            "[EXISTS file:size]",
            "[NOT EXISTS file:name]",
            "[NOT EXISTS url:value]",
            "[file:name[0] != 'b']",
            "[file:name.x != 'b']",
            "[file:name = 5]",
        ],
    );
}

#[test]
fn any_element_suffices() {
    check(
        &[r#"{"type":"network-traffic","protocols":["tcp","http"]}"#],
        &[
            "[network-traffic:protocols[*] = 'http']",
            "[network-traffic:protocols[*] NOT = 'tcp']",
            "[network-traffic:protocols[1] = 'http']",
            "[EXISTS network-traffic:protocols[*]]",
        ],
        &[
            "[network-traffic:protocols[0] = 'http']",
            "[network-traffic:protocols[2] != 'http']",
            "[network-traffic:protocols[-1] = 'http']",
            "[network-traffic:protocols = 'http']",
            "[network-traffic:protocols[*] NOT IN ('tcp', 'http')]",
        ],
    );
}

#[test]
fn references_lead_to_objects_of_the_same_observation() {
    check(
        &[
            r#"{"type":"network-traffic","src_ref":"ipv4-addr--2","dst_ref":"ipv4-addr--9","x_refs":["ipv4-addr--2"]}"#,
            r#"{"type":"ipv4-addr","value":"10.1.2.3","resolves_to_refs":["mac-addr--3"]}"#,
            r#"{"type":"mac-addr","value":"aa"}"#,
        ],
        &[
            "[network-traffic:src_ref.value ISSUBSET '10.0.0.0/8']",
            "[network-traffic:src_ref = 'ipv4-addr--2']",
            "[network-traffic:x_refs[*].value = '10.1.2.3']",
            "[network-traffic:src_ref.resolves_to_refs[0].value = 'aa']",
            "[network-traffic:dst_ref = 'ipv4-addr--9' AND NOT EXISTS network-traffic:dst_ref.value]",
        ],
        &[
            "[network-traffic:dst_ref.value != 'x']",
            "[network-traffic:dst_ref.value.x = 'x']",
        ],
    );
}

#[test]
fn extensions_and_dictionaries_are_walked() {
    check(
        &[r#"{"type":"file","hashes":{"SHA-256":"ab"},
            "extensions":{"ntfs-ext":{"alternate_data_streams":[{"name":"x","size":7}]}}}"#],
        &[
            "[file:hashes.'SHA-256' = 'ab']",
            "[file:extensions.'ntfs-ext'.alternate_data_streams[*].size > 6]",
        ],
        &["[file:hashes.'SHA-256' = 'AB']", "[file:hashes.SHA256 = 'ab']"],
    );
}

#[test]
fn numbers_are_compared_exactly() {
    check(
        &[r#"{"type":"x","i":9007199254740991,"f":1.5,"z":0,"e":1e3}"#],
        &[
            "[x:i = 9007199254740991]",
            "[x:f > 1]",
            "[x:f < 1.6]",
            "[x:z = 0.0]",
            "[x:e IN (1000, 0.5)]",
            "[x:f >= 1.5]",
        ],
        &[
            "[x:i = 9007199254740992]",
            "[x:i = 9007199254740993]",
            "[x:f = 1]",
            "[x:z != 0]",
            "[x:z = false]",
            "[x:z < '1']",
        ],
    );
}

#[test]
fn timestamps_are_compared_to_any_digit() {
    check(
        &[r#"{"type":"x","t":"2026-01-01T00:00:00.123456789Z","bad":"2026-02-30T00:00:00Z"}"#],
        &[
            "[x:t > t'2026-01-01T00:00:00.123456788Z']",
            "[x:t = t'2026-01-01T00:00:00.1234567890Z']",
            "[x:bad != t'2026-01-01T00:00:00Z']",
            "[x:t = '2026-01-01T00:00:00.123456789Z']",
        ],
        &[
            "[x:t <= t'2026-01-01T00:00:00.123456788Z']",
            "[x:bad > t'2026-01-01T00:00:00Z']",
        ],
    );
}

#[test]
fn bytes_are_compared_as_bytes() {
    check(
        &[r#"{"type":"x","a_hex":"616C","a_bin":"YWw=","text":"al","odd_hex":"616"}"#],
        &[
            "[x:a_hex = 'al' AND x:a_bin = h'616c' AND x:text = b'YWw=']",
            "[x:a_hex IN ('no', 'al')]",
            "[x:a_bin LIKE 'a_' AND x:a_bin MATCHES '^al$']",
            "[x:a_bin != 'YWw=']",
            "[x:odd_hex = '616']",
        ],
        &[
            "[x:a_bin = 'YWw=']",
            "[x:a_hex = '616C']",
            "[x:a_hex = '\u{103}l']",
            "[x:a_hex MATCHES '\u{103}']",
        ],
    );
}

#[test]
fn text_is_searched_in_one_composition() {
    check(
        &["{\"type\":\"x\",\"v\":\"e\u{301}\\nb\"}"],
        &[
            "[x:v LIKE '\u{e9}%b']",
            "[x:v LIKE '__b']",
            "[x:v MATCHES '\u{e9}.b$']",
            "[x:v MATCHES 'b(?!c)']",
            "[x:v = 'e\u{301}\nb']",
        ],
        &[
            "[x:v = '\u{e9}\nb']",
            "[x:v LIKE 'b']",
            "[x:v LIKE '\u{c9}%']",
            "[x:v MATCHES '^b']",
        ],
    );
}

#[test]
fn networks_of_both_families_and_of_any_length() {
    check(
        &[
            r#"{"type":"ipv6-addr","value":"2001:db8::/64"}"#,
            r#"{"type":"ipv4-addr","value":"1.2.3.4"}"#,
        ],
        &[
            "[ipv6-addr:value ISSUBSET '2001:db8::/32']",
            "[ipv6-addr:value ISSUPERSET '2001:db8::1']",
            "[ipv4-addr:value ISSUBSET '0.0.0.0/0']",
            "[ipv4-addr:value ISSUPERSET '1.2.3.4/32']",
            "[ipv4-addr:value NOT ISSUBSET 'nonsense']",
        ],
        &[
            "[ipv4-addr:value ISSUBSET '::/0']",
            "[ipv4-addr:value = '1.2.3.4/32']",
            "[ipv4-addr:value ISSUPERSET '1.2.3.0/24']",
        ],
    );
}

#[test]
fn many_wildcards_over_a_circle_of_references_stay_small() {
    let circle = r#"{"type":"x","x_refs":["x--1","x--2","x--3"],"v":1}"#;
    let path = format!("[x:{}v = 1]", "x_refs[*].".repeat(200));
    let never = format!("[x:{}v = 2]", "x_refs[*].".repeat(200));
    check(&[circle, circle, circle], &[&path], &[&never]);
}

#[test]
fn what_look_around_cannot_decide_is_told() {
    let text = observed(&[
        &format!(r#"{{"type":"x","v":"{}"}}"#, "a".repeat(200)),
        r#"{"type":"x","w":1}"#,
    ]);
    let evil = r"x:v MATCHES '^(a|aa)+\\1c'";
    let verdict = verdict_of(&format!("[{evil}]"), &text, Options::default());
    assert!(!verdict.matched);
    assert_eq!(verdict.incomplete, Some(Incomplete::Expression));
    assert!(verdict_of(&format!("[{evil} OR x:w = 1]"), &text, Options::default()).matched);
    let decided = verdict_of(&format!("[{evil} AND x:w = 1]"), &text, Options::default());
    assert_eq!((decided.matched, decided.incomplete), (false, None));
}

const OF_2_0: &str = r#"{"type":"bundle","spec_version":"2.0","id":"bundle--1","objects":[
    {"type":"observed-data","id":"observed-data--1","first_observed":"2026-08-01T00:00:00Z",
     "last_observed":"2026-08-01T00:00:00Z","number_observed":2,"created_by_ref":"identity--1",
     "objects":{"0":{"type":"file","name":"a","parent_directory_ref":"1"},"1":{"type":"directory","path":"/tmp"}}},
    {"type":"observed-data","id":"observed-data--2","first_observed":"2026-08-01T00:01:00Z",
     "last_observed":"2026-08-01T00:01:00Z","number_observed":1,"created_by_ref":"identity--2",
     "objects":{"0":{"type":"file","name":"b"}}}]}"#;

#[test]
fn observed_data_of_2_0_has_its_objects_inside() {
    let verdict = verdict_of(
        "[file:parent_directory_ref.path = '/tmp'] FOLLOWEDBY [file:name = 'b']",
        OF_2_0,
        Options::default(),
    );
    assert!(verdict.matched);
    let told: Vec<_> = verdict
        .binding
        .iter()
        .map(|part| (part.comparison.as_str(), part.observation, part.object.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("[file:parent_directory_ref.path = '/tmp']", 0, "0"),
            ("[file:name = 'b']", 1, "0")
        ]
    );
}

#[test]
fn number_observed_counts_only_if_asked() {
    let twice = "[file:name = 'a'] REPEATS 2 TIMES";
    assert!(!verdict_of(twice, OF_2_0, Options::default()).matched);
    let counting = Options {
        counts_number_observed: true,
        ..Options::default()
    };
    assert!(verdict_of(twice, OF_2_0, counting).matched);
    assert!(!verdict_of("[file:name = 'a'] REPEATS 3 TIMES", OF_2_0, counting).matched);
}

#[test]
fn assets_are_kept_apart_if_asked() {
    let both = "[file:name = 'a'] AND [file:name = 'b']";
    assert!(verdict_of(both, OF_2_0, Options::default()).matched);
    let apart = Options {
        mode: Mode::Asset,
        ..Options::default()
    };
    assert!(!verdict_of(both, OF_2_0, apart).matched);
    assert!(verdict_of("[file:name = 'b']", OF_2_0, apart).matched);
}

#[test]
fn what_cannot_be_used_is_a_defect_beside_the_rest() {
    let text = r#"[
        {"type":"observed-data","id":"observed-data--1","first_observed":"2026-08-01T00:00:00Z","object_refs":[]},
        {"type":"observed-data","id":"observed-data--2","first_observed":"2026-08-01T00:00:00Z",
         "last_observed":"2026-08-01T00:00:00Z","number_observed":1,"object_refs":["file--1","file--2"]},
        {"type":"file","id":"file--1","name":"a"},
        {"type":"file","id":"file--3","name":"a","name":"b"},
        7]"#;
    let observations = Observations::read(text.as_bytes());
    assert_eq!(observations.len(), 1);
    assert_eq!(observations.defects().len(), 4, "{:?}", observations.defects());
    assert!(
        evaluate("[file:name = 'a']", &observations, Options::default())
            .unwrap()
            .matched
    );
}
