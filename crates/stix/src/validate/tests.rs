use super::*;
use crate::json;

fn findings(text: &str) -> Vec<Finding> {
    object(&json::read(text.as_bytes()).unwrap())
}

/// Severity, pointer and rule of each finding.
fn told(text: &str) -> Vec<(Severity, String, &'static str)> {
    findings(text)
        .into_iter()
        .map(|finding| (finding.severity, finding.pointer, finding.rule))
        .collect()
}

fn error(pointer: &str, rule: &'static str) -> (Severity, String, &'static str) {
    (Severity::Error, pointer.to_owned(), rule)
}

fn warning(pointer: &str, rule: &'static str) -> (Severity, String, &'static str) {
    (Severity::Warning, pointer.to_owned(), rule)
}

/// A valid tool with more properties in front.
fn tool(more: &str) -> String {
    format!(
        r#"{{{more}"type":"tool","spec_version":"2.1","id":"tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "created":"2024-05-31T12:00:00.000Z","modified":"2024-05-31T12:00:00.000Z","name":"a"}}"#
    )
}

fn indicator(pattern: &str) -> String {
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "created":"2024-05-31T12:00:00.000Z","modified":"2024-05-31T12:00:00.000Z","name":"a","description":"b",
            "pattern_type":"stix","valid_from":"2024-05-31T12:00:00Z","pattern":{}}}"#,
        json::Value::from(pattern).canonical()
    )
}

#[test]
fn a_good_object_gives_nothing() {
    assert_eq!(told(&tool("")), []);
    assert_eq!(told(&indicator("[file:name = 'a']")), []);
}

#[test]
fn a_finding_says_where_what_why_and_what_to_do() {
    let found = findings(&tool(r#""kill_chain_phases":[{"kill_chain_name":"a/b"}],"#));
    assert_eq!(
        found,
        [Finding {
            severity: Severity::Error,
            pointer: "/kill_chain_phases/0".to_owned(),
            rule: "required-property",
            clause: "STIX 2.1 §3.1",
            message: "kill-chain-phase needs the property `phase_name`".to_owned(),
            way_out: "add `phase_name`".to_owned(),
        }]
    );
}

#[test]
fn properties_have_the_shape_of_the_tables() {
    for (more, expected) in [
        (r#""confidence":101,"#, error("/confidence", "value-range")),
        (r#""confidence":"1","#, error("/confidence", "value-type")),
        (r#""labels":[],"#, error("/labels", "empty-value")),
        (r#""labels":[1],"#, error("/labels/0", "value-type")),
        (r#""labels":null,"#, error("/labels", "null-value")),
        (r#""revoked":"true","#, error("/revoked", "value-type")),
        (r#""lang":"foo","#, error("/lang", "language")),
        (
            r#""created_by_ref":"identity--x","#,
            error("/created_by_ref", "identifier"),
        ),
        (
            r#""object_marking_refs":["tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"],"#,
            error("/object_marking_refs/0", "reference-target"),
        ),
        (
            r#""external_references":[{"source_name":"x"}],"#,
            error("/external_references/0", "any-of-properties"),
        ),
        (
            r#""external_references":[{"source_name":"cve","external_id":"CVE-1"}],"#,
            error("/external_references/0", "external-reference-id"),
        ),
        (
            r#""granular_markings":[{"selectors":["nothing"],"lang":"en"}],"#,
            error("/granular_markings/0/selectors/0", "marking-selector"),
        ),
        (
            r#""extensions":{"x":{"a_b":1}},"#,
            error("/extensions/x", "extension-key"),
        ),
        (
            r#""tool_types":["hammer"],"#,
            warning("/tool_types", "tool-type-ov"),
        ),
    ] {
        assert_eq!(told(&tool(more)), [expected], "{more}");
    }
}

#[test]
fn content_of_ones_own_wants_an_extension() {
    assert_eq!(told(&tool(r#""x_a":1,"#)), [warning("/x_a", "custom-property")]);
    assert_eq!(told(&tool(r#""Bad":1,"#))[0], error("/Bad", "property-name"));
    let extension = r#""extensions":{"extension-definition--04b2d3ef-d061-4912-ab77-6bbe807a5bd5":
                       {"extension_type":"toplevel-property-extension"}},"#;
    assert_eq!(told(&tool(&format!(r#""x_a":1,{extension}"#))), []);
}

#[test]
fn timestamps_exist_and_keep_their_order() {
    let created = |text: &str| tool("").replacen("2024-05-31T12:00:00.000Z", text, 1);
    assert_eq!(
        told(&created("2023-02-29T12:00:00.000Z")),
        [error("/created", "timestamp")]
    );
    assert_eq!(
        told(&created("2024-05-31T12:00:00Z")),
        [error("/created", "timestamp-precision")]
    );
    assert_eq!(
        told(&created("2024-05-31T12:00:00.000001Z")),
        [error("/modified", "timestamp-order")]
    );
}

#[test]
fn patterns_are_read() {
    for (pattern, rule, severity) in [
        ("[file:name = ]", "pattern", Severity::Error),
        ("[file:hashes.MD5 = 'x']", "pattern", Severity::Error),
        ("[ab:name = 'x']", "pattern-type-name", Severity::Error),
        ("[file:xy = 'x']", "pattern-property-name", Severity::Error),
        (
            "[file:name = 'x' AND url:value = 'y']",
            "pattern-never-matches",
            Severity::Warning,
        ),
    ] {
        assert_eq!(
            told(&indicator(pattern)),
            [(severity, "/pattern".to_owned(), rule)],
            "{pattern}"
        );
    }
}

#[test]
fn times_of_a_pattern_lie_in_those_of_its_indicator() {
    // Valid from noon of 31 May 2024 until noon of 30 June.
    let check = |pattern: &str, words: &str| {
        let text = indicator(pattern).replace(
            r#""valid_from""#,
            r#""valid_until":"2024-06-30T12:00:00.0Z","valid_from""#,
        );
        let found = findings(&text);
        match words {
            "" => assert_eq!(found, [], "{pattern}"),
            _ => {
                assert_eq!(found.len(), 1, "{pattern} {found:?}");
                assert_eq!(
                    (found[0].rule, found[0].severity),
                    ("pattern-window", Severity::Warning)
                );
                assert!(found[0].message.contains(words), "{pattern} {found:?}");
            }
        }
    };
    let window =
        |start: &str, stop: &str| format!("[file:name = 'a'] START t'2024-{start}Z' STOP t'2024-{stop}Z'");
    for (start, stop, words) in [
        ("05-31T12:00:00.000", "06-30T12:00:00", ""),
        ("06-01T00:00:00", "06-02T00:00:00", ""),
        (
            "05-31T11:59:59.9999999",
            "06-02T00:00:00",
            "START t'2024-05-31T11:59:59.9999999Z' is before `valid_from`",
        ),
        (
            "06-01T00:00:00",
            "06-30T12:00:00.001",
            "STOP t'2024-06-30T12:00:00.001Z' is after `valid_until`",
        ),
        (
            "05-01T00:00:00",
            "07-01T00:00:00",
            "is before `valid_from`, 2024-05-31T12:00:00Z, and what",
        ),
        (
            "05-01T00:00:00",
            "05-31T12:00:00",
            "is not after `valid_from`, 2024-05-31T12:00:00Z, so this never matches",
        ),
        (
            "06-30T12:00:00",
            "07-01T00:00:00",
            "is not before `valid_until`, 2024-06-30T12:00:00.0Z, so this never",
        ),
    ] {
        check(&window(start, stop), words);
        check(
            &format!(
                "([url:value = 'b'] FOLLOWEDBY ({}) REPEATS 2 TIMES) WITHIN 5 SECONDS",
                window(start, stop)
            ),
            words,
        );
    }
    check("[file:name = 'a']", "");
    // Without an end all later times are in.
    assert_eq!(
        findings(&indicator(&window("06-01T00:00:00", "12-01T00:00:00"))),
        []
    );
}

#[test]
fn a_stix_2_0_object_is_told_once() {
    let old = tool("")
        .replace(r#""spec_version":"2.1","#, "")
        .replace(r#","name":"a""#, "");
    let found = findings(&old);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].rule, found[0].severity),
        ("stix-2.0-object", Severity::Error)
    );
    assert_eq!(
        found[0].way_out,
        "to make it STIX 2.1, add `spec_version`, `name`"
    );
    let bundle = format!(
        r#"{{"type":"bundle","id":"bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","objects":[{old}]}}"#
    );
    assert_eq!(told(&bundle), [warning("/objects/0", "stix-2.0-in-bundle")]);
}

#[test]
fn a_bundle_is_looked_into() {
    let text = format!(
        r#"{{"type":"bundle","id":"bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","objects":[{},{},3,{{"id":"x"}}]}}"#,
        tool(""),
        tool("")
    );
    assert_eq!(
        told(&text),
        [
            error("/objects/2", "not-an-object"),
            error("/objects/3", "not-an-object"),
            warning("/objects/1", "duplicate-object"),
        ]
    );
}

#[test]
fn observables_among_observed_data_name_each_other_by_key() {
    let observed = |parent: &str| {
        format!(
            r#"{{"type":"observed-data","spec_version":"2.1","id":"observed-data--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "created":"2024-05-31T12:00:00.000Z","modified":"2024-05-31T12:00:00.000Z","number_observed":1,
            "first_observed":"2024-05-31T12:00:00Z","last_observed":"2024-05-31T12:00:00Z","objects":{{
            "0":{{"type":"file","id":"file--e277603e-1060-5ad4-9937-c26c97f1ca68","name":"a","parent_directory_ref":"{parent}"}},
            "1":{{"type":"directory","id":"directory--93c0a9b0-520d-545d-9094-1a08ddf46b05","path":"/"}}}}}}"#
        )
    };
    let deprecated = warning("/objects", "deprecated-property");
    let place = "/objects/0/parent_directory_ref";
    assert_eq!(told(&observed("1")), std::slice::from_ref(&deprecated));
    assert_eq!(
        told(&observed("7")),
        [deprecated.clone(), error(place, "reference-in-graph")]
    );
    assert_eq!(
        told(&observed("0")),
        [deprecated, error(place, "reference-target")]
    );
}

#[test]
fn a_note_leaves_an_object_valid() {
    let found = told(
        r#"{"type":"network-traffic","id":"network-traffic--15a157a8-26e3-56e0-820b-0c2a8e553a2c",
            "src_ref":"ipv4-addr--123","src_port":1,"dst_port":2,"protocols":["tcp"]}"#,
    );
    assert_eq!(
        found,
        [(Severity::Note, "/src_ref".to_owned(), "observable-reference")]
    );
}

#[test]
fn what_is_no_object_is_told() {
    for text in ["3", "[]", "{}", r#"{"id":"x"}"#] {
        assert_eq!(told(text), [error("", "not-an-object")], "{text}");
    }
}

#[test]
fn findings_are_bounded_and_the_verdict_stands() {
    let items = vec!["\"X\""; crate::limits::FINDINGS_MAX + 5].join(",");
    let found = findings(&tool(&format!(r#""tool_types":[{items}],"type2":null,"#)));
    assert!(found.len() <= crate::limits::FINDINGS_MAX + 1);
    assert_eq!(found.last().unwrap().rule, "findings-cut");
    assert!(found.iter().any(|finding| finding.severity == Severity::Error));
}

#[test]
fn rules_have_names_of_their_own() {
    let mut names: Vec<&str> = rules().iter().map(|rule| rule.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(names.iter().all(|name| {
        name.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
    }));
}

#[test]
fn tables_are_whole_and_in_order() {
    for object_type in tables::ALL {
        let mut names: Vec<&str> = object_type
            .properties
            .iter()
            .chain(object_type.common)
            .map(|property| property.name)
            .collect();
        names.sort_unstable();
        assert!(
            names.windows(2).all(|pair| pair[0] != pair[1]),
            "{}",
            object_type.name
        );
        for (later, _, earlier) in object_type.ordered {
            assert!(object_type.property(later).is_some() && object_type.property(earlier).is_some());
        }
        if let schema::AnyOf::These(any) = object_type.any_of {
            assert!(
                any.iter().all(|name| object_type.property(name).is_some()),
                "{}",
                object_type.name
            );
        }
    }
    let known = crate::object::DOMAIN_TYPES
        .iter()
        .chain(crate::object::RELATIONSHIP_TYPES)
        .chain(crate::object::OBSERVABLE_TYPES)
        .chain(crate::object::META_TYPES);
    for name in known {
        let row = tables::find(name).unwrap_or_else(|| panic!("no table for {name}"));
        assert_eq!(
            row.is_observable,
            crate::object::OBSERVABLE_TYPES.contains(name),
            "{name}"
        );
    }
    assert!(
        vocabulary::ALL
            .iter()
            .all(|vocabulary| vocabulary.terms.is_sorted())
    );
}

#[test]
fn registries_are_in_order_and_found_in() {
    for registry in [
        registry::MEDIA_TYPES,
        registry::CHARACTER_SETS,
        registry::PROTOCOLS,
        registry::IPFIX,
        registry::SOCKET_OPTIONS,
        registry::HTTP_REQUEST_HEADERS,
        registry::COUNTRIES,
    ] {
        assert!(registry.names().is_sorted());
        assert!(registry.names().all(|name| registry.contains(name)));
        for name in ["", "!", "zzzz", "application/pd", "tcpp", "é"] {
            assert!(!registry.contains(name), "{name}");
        }
    }
}
