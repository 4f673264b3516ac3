//! Where STIX patterns and Sigma rules are easily read wrong, one row for each: what the text says.

use crate::sigma::{compiled, matches};
use entente_detect::pattern::{Observations, Options, evaluate};
use entente_stix::pattern::{RemarkKind, lint};

/// Observations with their seconds, and with their objects as in a bundle; references are to ids `type--n`, where `n`
/// is the object's place in its observation.
fn observed(observations: &[(u32, &[&str])]) -> String {
    let mut out = Vec::new();
    for (number, (second, objects)) in observations.iter().enumerate() {
        let mut references = Vec::new();
        for (place, object) in objects.iter().enumerate() {
            let kind = object.split('"').nth(3).unwrap();
            let id = format!("{kind}--{number}-{}", place + 1);
            let object = object.replace("--@", &format!("--{number}-"));
            out.push(object.replacen('{', &format!("{{\"id\":\"{id}\","), 1));
            references.push(format!("\"{id}\""));
        }
        let time = format!("2026-08-01T00:{:02}:{:02}Z", second / 60, second % 60);
        out.push(format!(
            r#"{{"type":"observed-data","id":"observed-data--{number}","first_observed":"{time}","last_observed":"{time}",
                "number_observed":3,"object_refs":[{}]}}"#,
            references.join(",")
        ));
    }
    format!("[{}]", out.join(","))
}

const ADDRESS: &str = r#"{"type":"ipv4-addr","value":"1.1.1.1"}"#;
const DOMAIN: &str = r#"{"type":"domain-name","value":"a.example"}"#;
const URL: &str = r#"{"type":"url","value":"http://x/"}"#;
const A: &str = "[ipv4-addr:value = '1.1.1.1']";
const B: &str = "[domain-name:value = 'a.example']";
const C: &str = "[url:value = 'http://x/']";

/// Each trap: its number in the list of the design, what was observed when, patterns that match and patterns that do
/// not. `A`, `B` and `C` stand for an address, a domain and a URL.
type Trap = (
    u32,
    &'static [(u32, &'static [&'static str])],
    &'static [&'static str],
    &'static [&'static str],
);

const FILE: &str = r#"{"type":"file","name":"a\nb","hashes":{"MD5":"aabb"},"x_number":7}"#;
const DECOMPOSED: &str = r#"{"type":"file","name":"e\u0301"}"#;
const TRAFFIC: &str = r#"{"type":"network-traffic","src_port":1,"dst_port":9,"protocols":["tcp","ipv4"],"dst_ref":"ipv4-addr--@2"}"#;
const OTHER_TRAFFIC: &str = r#"{"type":"network-traffic","src_port":5,"dst_port":2,"protocols":["tcp"]}"#;

const PATTERNS: &[Trap] = &[
    (
        1,
        &[(0, &[ADDRESS]), (300, &[DOMAIN])],
        &[
            "(A AND B) WITHIN 301 SECONDS",
            "(A AND B) WITHIN 300.000001 SECONDS",
        ],
        &["(A AND B) WITHIN 300 SECONDS"],
    ),
    (
        2,
        &[(0, &[ADDRESS]), (300, &[DOMAIN])],
        &["A FOLLOWEDBY B WITHIN 10 SECONDS"],
        &["(A FOLLOWEDBY B) WITHIN 10 SECONDS"],
    ),
    (
        3,
        &[(0, &[ADDRESS, DOMAIN])],
        &["[ipv4-addr:value = '1.1.1.1' OR url:value = 'z']"],
        &["A AND B", "A FOLLOWEDBY B", "A AND A"],
    ),
    (
        4,
        &[(0, &[ADDRESS]), (1, &[ADDRESS]), (2, &[ADDRESS])],
        &["A REPEATS 3 TIMES", "A REPEATS 2 TIMES"],
        &["A REPEATS 4 TIMES"],
    ),
    (
        5,
        &[(0, &[ADDRESS]), (50, &[ADDRESS]), (100, &[ADDRESS])],
        &[
            "A REPEATS 2 TIMES WITHIN 51 SECONDS",
            "A REPEATS 3 TIMES WITHIN 101 SECONDS",
        ],
        &[
            "A REPEATS 3 TIMES WITHIN 60 SECONDS",
            "A REPEATS 4 TIMES WITHIN 600 SECONDS",
        ],
    ),
    (
        6,
        &[(0, &[ADDRESS]), (1, &[DOMAIN]), (2, &[URL])],
        &["A FOLLOWEDBY B FOLLOWEDBY C"],
        &["A FOLLOWEDBY C FOLLOWEDBY B", "(A FOLLOWEDBY B) REPEATS 2 TIMES"],
    ),
    (
        6,
        &[(0, &[ADDRESS]), (1, &[ADDRESS]), (2, &[DOMAIN]), (3, &[DOMAIN])],
        &["(A FOLLOWEDBY B) REPEATS 2 TIMES"],
        &[
            "(A FOLLOWEDBY B) REPEATS 3 TIMES",
            "(B FOLLOWEDBY A) REPEATS 1 TIMES",
        ],
    ),
    (
        7,
        &[(5, &[DOMAIN]), (5, &[ADDRESS])],
        &["A FOLLOWEDBY B", "B FOLLOWEDBY A"],
        &[],
    ),
    (
        8,
        &[(60, &[ADDRESS])],
        &["A START t'2026-08-01T00:01:00Z' STOP t'2026-08-01T00:01:00.000001Z'"],
        &[
            "A START t'2026-08-01T00:00:00Z' STOP t'2026-08-01T00:01:00Z'",
            "A START t'2026-08-01T00:01:00.000001Z' STOP t'2026-08-01T00:02:00Z'",
        ],
    ),
    (
        9,
        &[(0, &[ADDRESS])],
        &[
            "A OR B AND C",
            "[ipv4-addr:value = '1.1.1.1' OR ipv4-addr:value = 'y' AND ipv4-addr:value = 'z']",
        ],
        &[
            "(A OR B) AND C",
            "A OR B FOLLOWEDBY C",
            "[(ipv4-addr:value = '1.1.1.1' OR ipv4-addr:value = 'y') AND ipv4-addr:value = 'z']",
        ],
    ),
    (
        10,
        &[(0, &[TRAFFIC, ADDRESS]), (1, &[OTHER_TRAFFIC])],
        &["[network-traffic:src_port = 1 AND network-traffic:dst_port = 9]"],
        &["[network-traffic:src_port = 1 AND network-traffic:dst_port = 2]"],
    ),
    (
        10,
        &[(0, &[TRAFFIC, OTHER_TRAFFIC, ADDRESS])],
        &["[network-traffic:src_port = 1 OR url:value = 'z']"],
        &["[network-traffic:src_port = 1 AND network-traffic:dst_port = 2]"],
    ),
    (
        11,
        &[(0, &[FILE])],
        &[
            "[file:name != 5]",
            "[file:x_number != 'a']",
            "[file:name NOT = 'x']",
        ],
        &[
            "[file:size != 5]",
            "[file:size NOT = 5]",
            "[file:size NOT IN (5)]",
            "[file:x_number = '7']",
            "[file:x_number > 'a']",
        ],
    ),
    (
        12,
        &[(0, &[FILE, DECOMPOSED, ADDRESS])],
        &[
            "[file:hashes.MD5 = 'aabb']",
            "[file:name LIKE 'é']",
            "[file:name MATCHES '^é$']",
        ],
        &[
            "[file:hashes.MD5 = 'AABB']",
            "[file:name = 'é']",
            "[ipv4-addr:value = '1.1.1.1/32']",
        ],
    ),
    (
        13,
        &[(0, &[FILE])],
        &["[file:name MATCHES 'a.b']", "[file:name MATCHES 'b']"],
        &["[file:name MATCHES '^b']", "[file:name MATCHES 'A.B']"],
    ),
    (
        14,
        &[(0, &[FILE])],
        &[
            "[file:name LIKE 'a%b']",
            "[file:name LIKE 'a_b']",
            "[file:name LIKE '%']",
        ],
        &["[file:name LIKE 'b']", "[file:name LIKE 'ab_']"],
    ),
    (
        15,
        &[(0, &[ADDRESS, r#"{"type":"ipv6-addr","value":"2001:db8::1"}"#])],
        &[
            "[ipv6-addr:value ISSUBSET '2001:db8::/32']",
            "[ipv4-addr:value ISSUBSET '0.0.0.0/0']",
            "[ipv6-addr:value ISSUBSET '::/0']",
            "[ipv4-addr:value ISSUPERSET '1.1.1.1/32']",
        ],
        &[
            "[ipv6-addr:value ISSUBSET '2001:db9::/32']",
            "[ipv4-addr:value ISSUPERSET '1.1.1.0/24']",
            "[ipv4-addr:value ISSUBSET '::/0']",
        ],
    ),
    (
        16,
        &[(0, &[TRAFFIC, ADDRESS])],
        &[
            "[network-traffic:protocols[*] NOT = 'tcp']",
            "[network-traffic:protocols[*] != 'tcp']",
            "[network-traffic:protocols[*] = 'tcp']",
        ],
        &[
            "[network-traffic:protocols[*] = 'udp']",
            "[network-traffic:protocols[0] != 'tcp']",
        ],
    ),
    (
        17,
        &[(0, &[TRAFFIC, ADDRESS])],
        &["[network-traffic:dst_ref.value = '1.1.1.1']"],
        &[],
    ),
    (
        17,
        &[
            (0, &[r#"{"type":"network-traffic","dst_ref":"ipv4-addr--1-1"}"#]),
            (1, &[ADDRESS]),
        ],
        &[],
        &["[network-traffic:dst_ref.value = '1.1.1.1']"],
    ),
    (
        18,
        &[(0, &[FILE])],
        &[
            "[EXISTS file:name]",
            "[NOT EXISTS file:size]",
            "[EXISTS file:name AND file:x_number = 7]",
        ],
        &[
            "[EXISTS file:size]",
            "[NOT EXISTS file:name]",
            "[NOT EXISTS url:value]",
        ],
    ),
    (
        19,
        &[(
            0,
            &[r#"{"type":"artifact","payload_bin":"YWJj","x_hex":"616263"}"#],
        )],
        &[
            "[artifact:payload_bin = 'abc']",
            "[artifact:payload_bin = b'YWJj']",
            "[artifact:payload_bin = h'616263']",
            "[artifact:x_hex = h'616263']",
        ],
        &["[artifact:payload_bin = 'YWJj']"],
    ),
    (
        20,
        &[(0, &[r#"{"type":"file","name":"a'b\\c.d"}"#])],
        &[r"[file:name = 'a\'b\\c.d']", r"[file:name MATCHES 'b\\\\c\\.d']"],
        &[r"[file:name MATCHES 'b\\\\c\\.\\.d']"],
    ),
    (
        21,
        &[(0, &[ADDRESS]), (1, &[DOMAIN])],
        &["(A AND B) WITHIN 1.5 SECONDS"],
        &["(A AND B) WITHIN 0.5 SECONDS"],
    ),
    (
        24,
        &[(0, &[r#"{"type":"file","hashes":{"SHA-256":"aa"}}"#])],
        &["[file:hashes.'SHA-256' = 'aa']"],
        &["[file:hashes.SHA1 = 'aa']"],
    ),
    (25, &[(0, &[FILE, TRAFFIC, ADDRESS])], &[], &["[file:name IN ()]"]),
];

#[test]
fn patterns_mean_what_the_text_says() {
    for (trap, observations, matching, others) in PATTERNS {
        let text = observed(observations);
        let observations = Observations::read(text.as_bytes());
        assert_eq!(observations.defects(), [], "{trap}");
        for (patterns, expected) in [(matching, true), (others, false)] {
            for pattern in *patterns {
                let verdict = evaluate(&spelled(pattern), &observations, Options::default());
                let verdict = verdict.unwrap_or_else(|refused| panic!("{trap} {pattern}: {refused}"));
                assert_eq!(
                    (verdict.matched, verdict.incomplete),
                    (expected, None),
                    "{trap} {pattern}"
                );
            }
        }
    }
}

fn spelled(pattern: &str) -> String {
    let word = |word: &str| match word.trim_matches(['(', ')']) {
        "A" => word.replace('A', A),
        "B" => word.replace('B', B),
        "C" => word.replace('C', C),
        _ => word.to_owned(),
    };
    pattern.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// What is refused or remarked on: traps 2, 10, 21 to 25.
#[test]
fn patterns_that_mean_less_than_meant_are_told() {
    let remarked = |pattern: &str| -> Vec<RemarkKind> {
        let checked = lint(&spelled(pattern)).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        checked.remarks.iter().map(|remark| remark.kind).collect()
    };
    for (pattern, kind) in REMARKED {
        assert!(
            remarked(pattern).contains(kind),
            "{pattern}: {:?}",
            remarked(pattern)
        );
    }
    for pattern in [
        "A WITHIN 5 MINUTES",
        "A REPEATS 1.5 TIMES",
        "[file:name = \"a\"]",
        "[file:hashes.SHA-256 = 'a']",
        "",
        "A AND",
    ] {
        assert!(lint(&spelled(pattern)).is_err(), "{pattern}");
    }
}

const REMARKED: &[(&str, RemarkKind)] = &[
    ("A FOLLOWEDBY B WITHIN 300 SECONDS", RemarkKind::QualifierReach),
    (
        "A AND B START t'2026-08-01T00:00:00Z' STOP t'2026-08-02T00:00:00Z'",
        RemarkKind::QualifierBinding,
    ),
    ("[file:name = 'a' AND url:value = 'b']", RemarkKind::MixedTypes),
    ("A REPEATS 0 TIMES", RemarkKind::QualifierValue),
    ("A REPEATS 2 TIMES REPEATS 3 TIMES", RemarkKind::DoubledQualifier),
    (
        "A START '2026-08-01T00:00:00Z' STOP '2026-08-02T00:00:00Z'",
        RemarkKind::OldTimestamp,
    ),
    ("[file:name = 5]", RemarkKind::ConstantType),
    ("[file:hashes.SHA256 = 'a']", RemarkKind::HashName),
    ("[file:name IN ()]", RemarkKind::NeverMatches),
    (
        "[network-traffic:protocols[-1] = 'tcp']",
        RemarkKind::NeverMatches,
    ),
];

/// Each trap of Sigma: its number, the search, events that it matches and events that it does not.
const SEARCHES: &[(u32, &str, &[&str], &[&str])] = &[
    (1, "f: ПРИВЕТ", &[r#""f":"привет""#], &[r#""f":"привет!""#]),
    (1, "f: kelvin", &["\"f\":\"\u{212a}ELVIN\""], &[]),
    (1, "f|re: ABC", &[r#""f":"xABCx""#], &[r#""f":"abc""#]),
    (1, "f|cased: ABC", &[r#""f":"ABC""#], &[r#""f":"abc""#]),
    (2, r"f: a\b", &[r#""f":"a\\b""#], &[]),
    (
        2,
        r"f: a\*b",
        &[r#""f":"a*b""#],
        &[r#""f":"axb""#, r#""f":"a\\xb""#],
    ),
    (2, r"f: a\\*b", &[r#""f":"a\\xb""#], &[r#""f":"a*b""#]),
    (2, r"f: a\\\*b", &[r#""f":"a\\*b""#], &[r#""f":"a\\xb""#]),
    (2, r"f: a\\\\b", &[r#""f":"a\\\\b""#], &[r#""f":"a\\b""#]),
    (2, r"f: a\?b", &[r#""f":"a?b""#], &[r#""f":"axb""#]),
    (3, "f: 'a*b'", &[r#""f":"a\r\n\nb""#], &[]),
    (
        4,
        "f: 'a?b'",
        &[r#""f":"a\u00e9b""#, r#""f":"a\ud83d\ude00b""#],
        &[r#""f":"ab""#, r#""f":"aeeb""#],
    ),
    (5, "f: null", &[r#""g":1"#, r#""f":null"#], &[r#""f":"""#]),
    (5, "f: ''", &[r#""f":"""#], &[r#""f":null"#, r#""g":1"#]),
    (5, "f|exists: true", &[r#""f":null"#, r#""f":"""#], &[r#""g":1"#]),
    (
        6,
        "f|wide|base64offset|contains: foobar",
        &[r#""f":"xxZgBvAG8AYgBhAHIAxx""#, r#""f":"xYAbwBvAGIAYQByAx""#],
        &[r#""f":"foobar""#, r#""f":"Zm9vYmFy""#],
    ),
    (
        6,
        "f|base64: foobar",
        &[r#""f":"Zm9vYmFy""#],
        &[r#""f":"foobar""#],
    ),
    (6, "f|utf16|base64: a", &[r#""f":"//5hAA==""#], &[r#""f":"YQA=""#]),
    (
        7,
        "f|windash|contains: ' -a'",
        &[
            r#""f":"x /a""#,
            r#""f":"x -a""#,
            "\"f\":\"x \u{2013}a\"",
            "\"f\":\"x \u{2014}a\"",
            "\"f\":\"x \u{2015}a\"",
        ],
        &[r#""f":"x +a""#],
    ),
    (8, "f|contains|all: [a, b]", &[r#""f":"xbxa""#], &[r#""f":"xa""#]),
    (
        8,
        "'|all': [one, two]",
        &[r#""f":"one","g":"two""#],
        &[r#""f":"one""#],
    ),
    (9, "f|re: 'b.d'", &[r#""f":"abcde""#], &[r#""f":"b\nd""#]),
    (9, "f|re|s: 'b.d'", &[r#""f":"b\nd""#], &[]),
    (9, "f|re|m: '^b'", &[r#""f":"a\nb""#], &[]),
    (
        10,
        "f|fieldref: g",
        &[r#""f":"A","g":"a""#],
        &[r#""f":"A","g":"b""#, r#""f":"A""#, r#""g":"A""#],
    ),
    (
        10,
        "f|fieldref|endswith: g",
        &[r#""f":"xyA","g":"ya""#],
        &[r#""f":"Axy","g":"a""#],
    ),
    (11, "f|neq: x", &[r#""f":"y""#], &[r#""g":1"#, r#""f":"X""#]),
    (
        12,
        "f: x",
        &[r#""f":["y","X"]"#],
        &[r#""f":["y","z"]"#, r#""f":[]"#],
    ),
    (
        13,
        "f: 4625",
        &[r#""f":4625"#, r#""f":"4625""#],
        &[r#""f":"4625 ""#],
    ),
    (13, "f: '4625'", &[r#""f":4625"#, r#""f":"4625""#], &[]),
    (
        13,
        "f|lt: 10",
        &[r#""f":"9.5""#, r#""f":-1"#],
        &[r#""f":"nine""#, r#""f":10"#],
    ),
    (
        14,
        "f|cidr: 10.0.0.0/8",
        &[r#""f":"10.1.2.3""#, r#""f":"::ffff:10.1.2.3""#],
        &[r#""f":"11.1.2.3""#, r#""f":"2001:db8::1""#],
    ),
];

#[test]
fn searches_of_sigma_meet_events_as_the_text_has_it() {
    for (trap, search, matching, others) in SEARCHES {
        for (events, expected) in [(matching, true), (others, false)] {
            for event in *events {
                assert_eq!(matches(search, event), expected, "{trap} {search} {event}");
            }
        }
    }
}

/// Conditions, over an event with `a: 1` and `b: 2`: traps 11, 12, 15.
#[test]
fn conditions_of_sigma_mean_what_the_text_says() {
    let rule = |condition: &str| {
        format!(
            "detection:\n    one: {{a: 1}}\n    two: {{b: 2}}\n    none: {{c: 3}}\n    _one: {{a: 1}}\n    _none: {{c: 3}}\n    \
             condition: {condition}\n"
        )
    };
    for (condition, expected) in [
        // `not` before `and` before `or`.
        ("one or none and none", true),
        ("not none and one", true),
        ("not (none and one)", true),
        ("not one or two", true),
        // A field that is missing.
        ("not none", true),
        // Names that begin with `_` are not among `them`.
        ("1 of them", true),
        ("all of them", false),
        ("all of _*", false),
        ("1 of _n*", false),
        ("all of one", true),
        ("[none, one]", true),
        ("[none, none]", false),
    ] {
        let rules = compiled(&rule(condition)).unwrap_or_else(|refusal| panic!("{condition}: {refusal}"));
        let found = crate::sigma::found(&rules, r#""a":1,"b":2"#);
        assert_eq!(found, expected, "{condition}");
    }
    for (condition, word) in [
        ("all of x*", "x*"),
        ("one | count() > 5", "count"),
        ("one | near two", "near"),
        ("unknown", "unknown"),
        ("one and", "condition"),
    ] {
        let refusal = compiled(&rule(condition))
            .err()
            .unwrap_or_else(|| panic!("{condition}"));
        assert!(refusal.contains(word), "{condition}: {refusal}");
    }
}

/// What is refused with its name: traps 9, 13, 14 and 16, and unknown modifiers. `null` among values (5) and `all` on one
/// value (8) are in use; they keep their meaning, and lint tells them.
#[test]
fn searches_without_a_meaning_are_refused() {
    for (search, word) in [
        ("f|contians: a", "contains"),
        ("f|expand: '%admins%'", "admins"),
        ("f|re: '(('", "unclosed"),
        ("f|cidr: 10.0.0.0/33", "10.0.0.0/33"),
        ("f|lt: many", "many"),
    ] {
        let refusal = compiled(&format!(
            "detection:\n    s:\n        {search}\n    condition: s\n"
        ));
        let refusal = refusal.err().unwrap_or_else(|| panic!("{search}"));
        assert!(refusal.contains(word), "{search}: {refusal}");
    }
}
