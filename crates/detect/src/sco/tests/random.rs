//! Patterns by chance: rows and leaves say what the evaluation over observed data says.

use super::{Comparing, Event, events, matches_as_observed, matches_by_rows, rule};
use proptest::prelude::*;

const PATHS: &[&str] = &[
    "network-traffic:src_ref.value",
    "network-traffic:dst_ref.value",
    "network-traffic:src_port",
    "network-traffic:dst_port",
    "network-traffic:protocols[*]",
    "network-traffic:protocols[1]",
    "network-traffic:protocols",
    "network-traffic:src_ref",
    "network-traffic:start",
    "network-traffic:src_ref.resolves_to_refs[*].value",
    "network-traffic:extensions.'http-request-ext'.request_value",
    "ipv4-addr:value",
    "ipv6-addr:value",
    "domain-name:value",
    "domain-name:resolves_to_refs[*].value",
    "domain-name:resolves_to_refs[0].value",
    "url:value",
    "process:pid",
    "process:command_line",
    "process:image_ref.name",
    "process:image_ref.parent_directory_ref.path",
    "process:parent_ref.pid",
    "process:created_time",
    "file:name",
    "file:hashes.MD5",
    "file:hashes",
    "windows-registry-key:values[*].name",
    "windows-registry-key:values[0].data",
    "windows-registry-key:key",
    "mutex:name",
];

const TESTS: &[&str] = &[
    "= '10.0.0.1'",
    "!= '10.0.0.1'",
    "NOT != 'tcp'",
    "NOT = 'ssl'",
    "= 443",
    "!= 443",
    "< 420.5",
    ">= 420",
    "NOT < 77",
    "> 'a'",
    "NOT <= 'udp'",
    "= true",
    "IN ('tcp', 'udp', 'evil')",
    "NOT IN ('tcp', 'gssapi', 'ssl')",
    "IN (443, 420)",
    "NOT IN (443, 420)",
    "LIKE '%.exe'",
    "LIKE 'caf_.exe'",
    "NOT LIKE '1%'",
    "LIKE '%e\u{301}%'",
    "MATCHES '^[a-z.]+$'",
    "NOT MATCHES 'whoami.net'",
    "ISSUBSET '10.0.0.0/8'",
    "NOT ISSUBSET '10.0.0.0/8'",
    "ISSUPERSET '192.0.2.1'",
    "ISSUBSET 'x'",
    "NOT ISSUBSET 'x'",
    "> t'2018-03-24T00:00:00Z'",
    "!= t'2018-03-24T00:00:00Z'",
    "= h'746370'",
    "NOT = h'746370'",
    "!= 'd41d8cd98f00b204e9800998ecf8427e'",
];

fn comparison() -> impl Strategy<Value = String> {
    let path = prop::sample::select(PATHS);
    prop_oneof![
        8 => (path.clone(), prop::sample::select(TESTS)).prop_map(|(path, test)| format!("{path} {test}")),
        1 => path.clone().prop_map(|path| format!("EXISTS {path}")),
        1 => path.prop_map(|path| format!("NOT EXISTS {path}")),
    ]
}

/// Comparisons of one type together, and of several only by OR.
fn leaf() -> impl Strategy<Value = String> {
    let both = (comparison(), comparison()).prop_map(|(a, b)| {
        let of = |text: &str| {
            let path = text.trim_start_matches("NOT ").trim_start_matches("EXISTS ");
            path.split(':').next().unwrap().to_owned()
        };
        let operator = if of(&a) == of(&b) { "AND" } else { "OR" };
        format!("{a} {operator} {b}")
    });
    prop_oneof![
        comparison(),
        both,
        (comparison(), comparison()).prop_map(|(a, b)| format!("{a} OR {b}"))
    ]
    .prop_map(|inner| format!("[{inner}]"))
}

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => leaf(),
        1 => (leaf(), leaf()).prop_map(|(a, b)| format!("{a} AND {b}")),
        1 => (leaf(), leaf()).prop_map(|(a, b)| format!("{a} FOLLOWEDBY {b}")),
        1 => leaf().prop_map(|a| format!("{a} REPEATS 2 TIMES")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn rows_and_leaves_say_what_observed_data_says(
        pattern in pattern(),
        chosen in prop::collection::vec(0usize..6, 1..3),
        dropped in prop::collection::vec(0usize..14, 0..3),
    ) {
        let all = events();
        let events: Vec<Event> = chosen.iter().map(|place| {
            let mut event = all[*place].clone();
            for place in &dropped {
                if *place > 2 && *place < event.len() {
                    event.remove(*place);
                }
            }
            event
        }).collect();
        let events: Vec<&Event> = events.iter().collect();
        let rule = rule(&pattern, Comparing::Strict);
        let by_rows = matches_by_rows(&rule, &events);
        prop_assert_eq!(by_rows, matches_as_observed(&pattern, &events), "{}", pattern);
        prop_assert!(rule.can_match || !by_rows);
    }
}
