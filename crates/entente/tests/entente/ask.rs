//! Questions: look, show, find, limits, and the exit codes that scripts rely on.

use crate::harness::{Home, bundle, indicator};

fn filled() -> Home {
    let home = Home::new();
    let objects = [
        indicator(1, "[domain-name:value = 'evil.example']"),
        indicator(2, "[ipv4-addr:value = '198.51.100.0/24']"),
        indicator(3, "[url:value = 'http://bad.example/a/b?c=d']"),
        indicator(4, "[file:hashes.'SHA-256' = 'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855']"),
        r#"{"type":"malware","spec_version":"2.1","id":"malware--00000001-0000-4000-8000-000000000001",
            "created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","name":"Sleepy Otter",
            "description":"Steals credentials from browsers","is_family":true}"#.to_owned(),
        r#"{"type":"relationship","spec_version":"2.1","id":"relationship--00000001-0000-4000-8000-000000000001",
            "created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","relationship_type":"indicates",
            "source_ref":"indicator--00000001-0000-4000-8000-000000000001",
            "target_ref":"malware--00000001-0000-4000-8000-000000000001"}"#.to_owned(),
    ];
    let file = home.file("feed.json", bundle(&objects));
    home.ok(&["import", "--source", "a feed", &file]);
    home
}

#[test]
fn look_knows_values_their_parents_and_networks_and_no_look_alikes() {
    let home = filled();
    let known = |value: &str| home.run(&["look", value]).code == 0;
    assert!(known("evil.example"));
    assert!(known("www.EVIL.example."));
    assert!(known("hxxp://evil[.]example/path"));
    assert!(known("198.51.100.77"));
    assert!(known("hxxp://bad[.]example/a/b?c=d"));
    assert!(known(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    ));
    assert!(!known("notevil.example"));
    assert!(!known("evil.example.org"));
    assert!(!known("198.51.101.1"));
    assert!(!known("http://bad.example/other"));
}

#[test]
fn look_says_who_and_since_when() {
    let home = filled();
    let text = home.ok(&["look", "www.evil.example"]).out;
    assert!(
        text.contains("indicator 1") && text.contains("told by a feed on 20"),
        "{text}"
    );
    let json = home.ok(&["look", "--json", "www.evil.example"]).last();
    assert_eq!(json["mentions"][0]["about"]["value"], "evil.example");
    assert_eq!(json["mentions"][0]["exact"], false);
    assert_eq!(json["mentions"][0]["sources"][0]["source"], "a feed");
}

#[test]
fn look_says_what_is_indicated_and_what_has_expired() {
    let home = Home::new();
    let objects = [
        indicator(1, "[domain-name:value = 'evil.example']").replace("\"valid_from\"", "\"valid_until\":\"2024-02-01T00:00:00Z\",\"description\":\"seen at a bank\",\"valid_from\""),
        r#"{"type":"malware","spec_version":"2.1","id":"malware--00000001-0000-4000-8000-000000000001",
            "created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","name":"Sleepy Otter","is_family":true}"#
            .to_owned(),
        r#"{"type":"relationship","spec_version":"2.1","id":"relationship--00000001-0000-4000-8000-000000000001",
            "created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","relationship_type":"indicates",
            "source_ref":"indicator--00000001-0000-4000-8000-000000000001",
            "target_ref":"malware--00000001-0000-4000-8000-000000000001"}"#
            .to_owned(),
    ];
    let file = home.file("feed.json", bundle(&objects));
    home.ok(&["import", &file]);
    let text = home.ok(&["look", "evil.example"]).out;
    for told in [
        "indicates Sleepy Otter",
        "says: seen at a bank",
        "expired on 2024-02-01",
    ] {
        assert!(text.contains(told), "{text}");
    }
}

#[test]
fn look_answers_a_stream_of_values_in_order() {
    let home = filled();
    let ran = home.with_input(
        &["look", "--json", "-"],
        "evil.example\n\nnobody.example\n198.51.100.1\n",
    );
    let known: Vec<bool> = ran
        .json()
        .iter()
        .map(|line| line["known"].as_bool().unwrap())
        .collect();
    assert_eq!(known, [true, false, true]);
    assert_eq!(ran.code, 0);
}

#[test]
fn show_tells_relations_both_ways() {
    let home = filled();
    let text = home
        .ok(&["show", "malware--00000001-0000-4000-8000-000000000001"])
        .out;
    assert!(
        text.contains("Sleepy Otter") && text.contains("Referred to by"),
        "{text}"
    );
    assert!(text.contains("relationship--00000001"), "{text}");
    let missing = home.run(&["show", "malware--00000001-0000-4000-8000-00000000ffff"]);
    assert_eq!(missing.code, 4);
    assert!(missing.err.contains("entente find"), "{}", missing.err);
}

#[test]
fn find_searches_words_prefixes_and_fields() {
    let home = filled();
    let found = |query: &[&str]| -> usize {
        let arguments: Vec<&str> = ["find", "--json"]
            .into_iter()
            .chain(query.iter().copied())
            .collect();
        home.run(&arguments).out.lines().count()
    };
    assert_eq!(found(&["otter"]), 1);
    assert_eq!(found(&["credentials", "browsers"]), 1);
    assert_eq!(found(&["cred*"]), 1);
    assert_eq!(found(&["\"credentials from\""]), 1);
    assert_eq!(found(&["\"from credentials\""]), 0);
    assert_eq!(found(&["type:malware"]), 1);
    assert_eq!(found(&["type:indicator"]), 4);
    // Whatever people type is a question, never a syntax error.
    for odd in [
        "\"",
        "AND OR NOT",
        "a NEAR/2 b",
        "col:x*",
        "(((",
        "'; DROP TABLE objects; --",
        "*",
        "^a",
        "-",
        "type:",
    ] {
        let ran = home.run(&["find", "--", odd]);
        assert!(ran.code == 0 || ran.code == 4, "{odd}: {} {}", ran.code, ran.err);
    }
}

#[test]
fn no_store_is_a_clear_answer() {
    let home = Home::new();
    let ran = home.run(&["look", "evil.example"]);
    assert_eq!(ran.code, 4);
    assert!(ran.err.contains("entente import"), "{}", ran.err);
}

#[test]
fn usage_errors_exit_with_2_and_suggest() {
    let home = Home::new();
    let ran = home.run(&["improt", "x"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("import"), "{}", ran.err);
    assert_eq!(home.run(&["--help"]).code, 0);
    assert_eq!(home.run(&["--version"]).code, 0);
    assert_eq!(home.run(&["scan"]).code, 2);
}

#[test]
fn limits_are_listed_for_every_part() {
    let home = Home::new();
    let parts: std::collections::BTreeSet<String> = home
        .ok(&["limits", "--json"])
        .json()
        .iter()
        .map(|line| line["part"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        parts.into_iter().collect::<Vec<_>>(),
        [
            "access",
            "detect",
            "exchange",
            "formats",
            "node",
            "policy",
            "serve",
            "sigma",
            "stix",
            "store",
            "telemetry",
            "translog",
            "yara"
        ]
    );
}

#[test]
fn foreign_text_cannot_move_the_cursor() {
    let home = Home::new();
    let object =
        indicator(1, "[domain-name:value = 'evil.example']").replace("indicator 1", "\\u001b[2J\\u202eevil");
    let file = home.file("feed.json", bundle(&[object]));
    home.ok(&["import", &file]);
    for ran in [
        home.ok(&["look", "evil.example"]),
        home.ok(&["show", "indicator--00000001-0000-4000-8000-000000000001"]),
        home.ok(&["find", "type:indicator"]),
    ] {
        assert!(
            !ran.out.contains('\u{1b}') && !ran.out.contains('\u{202e}'),
            "{:?}",
            ran.out
        );
    }
}

#[test]
fn find_lists_up_to_its_cap_and_says_that_there_is_more() {
    let home = Home::new();
    let list: String = (0..1_001)
        .map(|number| format!("host-{number}.example\n"))
        .collect();
    let file = home.file("list.txt", list);
    home.ok(&["import", &file]);
    let more = |limit: &str| {
        home.ok(&["find", "--limit", limit, "type:indicator"])
            .out
            .lines()
            .last()
            .unwrap()
            .to_owned()
    };
    assert!(more("2").contains("`--limit` lists up to 1,000"));
    assert!(more("1000").contains("1,000 is the most") && more("1000").contains("more words"));
    assert_eq!(home.run(&["find", "--limit", "0", "x"]).code, 2);
    assert_eq!(home.run(&["find", "--limit", "1001", "x"]).code, 2);
}

#[test]
fn an_empty_query_is_a_usage_error() {
    let ran = filled().run(&["find", " "]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("give words"), "{}", ran.err);
}

#[test]
fn show_keeps_a_line_a_property_and_a_column_for_values() {
    let home = Home::new();
    let object = indicator(1, "[domain-name:value = 'evil.example']").replace(
        "\"name\"",
        "\"x_property_with_a_long_name\":\"one\\r\\ntwo\",\"name\"",
    );
    let file = home.file("feed.json", bundle(&[object]));
    home.ok(&["import", &file]);
    let text = home
        .ok(&["show", "indicator--00000001-0000-4000-8000-000000000001"])
        .out;
    let column = |value: &str| text.lines().find_map(|line| line.find(value)).unwrap();
    assert_eq!(column("one two"), column("[domain-name:"), "{text}");
}

#[test]
fn show_is_asked_for_one_form_at_a_time() {
    let id = "malware--00000001-0000-4000-8000-000000000001";
    let ran = filled().run(&["show", "--raw", "--json", id]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("leave one of them off"), "{}", ran.err);
}

#[test]
fn limits_have_a_heading_for_people() {
    let text = Home::new().ok(&["limits"]).out;
    assert!(text.starts_with("part "), "{text}");
}

#[test]
fn no_threads_is_refused_with_a_way_out() {
    let ran = Home::new().run(&["scan", "--threads", "0", "x"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("one a core"), "{}", ran.err);
}

#[test]
fn the_demonstration_keeps_to_what_was_asked_for() {
    let home = Home::new();
    let plain = home.ok(&["demo"]).out;
    assert!(plain.contains("$ entente import intelligence"), "{plain}");
    let quiet = home.ok(&["demo", "--quiet"]).out;
    assert!(
        !quiet.contains("$ entente") && quiet.contains("lantern"),
        "{quiet}"
    );
    assert!(!home.ok(&["demo", "--json"]).json().is_empty());
}
