//! Texts that mean harm: each is refused with a place and a reason, at once, and alone.

use entente_sigma::{Collection, Pipeline};

const GOOD: &str = "title: good\nlogsource: {category: c}\ndetection: {s: {a: 1}, condition: s}\n";

fn bad(text: &str) -> Vec<String> {
    let collection = Collection::read(&format!("{GOOD}---\n{text}\n---\n{GOOD}"));
    assert_eq!(
        collection.rules.len(),
        2,
        "{}",
        text.chars().take(80).collect::<String>()
    );
    collection.refusals.iter().map(ToString::to_string).collect()
}

fn rule_with(detection: &str) -> String {
    format!("title: bad\nlogsource: {{category: c}}\ndetection:\n{detection}")
}

#[test]
fn one_bad_document_leaves_the_good_ones() {
    for (text, expected) in [
        ("title: [", "line 6, column 1 (document 2): not readable as YAML"),
        ("title: 'x", "not readable as YAML"),
        ("a: b: c", "not readable as YAML"),
        (
            "just a text",
            "line 5, column 1 (document 2): `document` must be a map",
        ),
        ("- 1", "must be a map"),
        (
            "title: t\ntitle: u",
            "line 6, column 1 (document 2): `title` stands here and in line 5",
        ),
        ("? [a, b]\n: c", "a key must be a text"),
        ("title: *x", "not readable as YAML"),
        ("title: t\nlogsource: {category: c}", "`detection` is missing"),
        (
            "title: t\nlogsource: {category: c}\nlevel: hihg\ndetection: {s: {a: 1}, condition: s}",
            "line 7, column 8 (document 2): `level` must be a level, not the text `hihg`; did you mean `high`?",
        ),
    ] {
        let refusals = bad(text);
        assert!(
            refusals.len() == 1 && refusals[0].contains(expected),
            "{text}: {refusals:?}"
        );
    }
}

#[test]
fn aliases_cannot_multiply_without_bound() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{below}]\n");
    }
    assert!(
        bad(&bomb)[0].contains("values in one document"),
        "{:?}",
        bad(&bomb)
    );
    let long = format!(
        "a: &a '{}'\nb: [{}]",
        "x".repeat(1 << 20),
        vec!["*a"; 1000].join(", ")
    );
    assert!(bad(&long)[0].contains("bytes of values in one document"));
    assert!(bad("a: &a [*a]")[0].contains("itself"), "{:?}", bad("a: &a [*a]"));
}

#[test]
fn depth_is_bounded() {
    for text in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        (0..5000)
            .map(|depth| format!("{}a:\n", " ".repeat(depth)))
            .collect(),
    ] {
        let refusals = bad(&text);
        assert_eq!(refusals.len(), 1, "{refusals:?}");
    }
    let brackets = rule_with(&format!(
        "  s: {{a: 1}}\n  condition: {}s{}",
        "(".repeat(20_000),
        ")".repeat(20_000)
    ));
    assert!(bad(&brackets)[0].contains("more than 64 brackets"));
    let groups = rule_with(&format!(
        "  s: {{a|re: '{}{}'}}\n  condition: s",
        "(".repeat(20_000),
        ")".repeat(20_000)
    ));
    assert!(
        bad(&groups)[0].contains("regular expression"),
        "{:?}",
        bad(&groups)
    );
}

#[test]
fn four_megabytes_are_read_or_refused_and_do_not_hang() {
    let long = "x".repeat(4 << 20);
    let collection = Collection::read(&rule_with(&format!(
        "  s: {{a|contains: '{long}'}}\n  condition: s"
    )));
    assert_eq!(collection.rules.len(), 1);
    for detection in [
        format!("  s: {{a|re: '{long}'}}\n  condition: s"),
        format!("  s: {{a: 1}}\n  condition: {long}"),
        format!("  s: {{a|{long}: 1}}\n  condition: s"),
        format!("  s: {{a: 1}}\n  condition: s or {}", "s or ".repeat(800_000)),
        format!("  s: {{a|cidr: '{long}'}}\n  condition: s"),
    ] {
        assert_eq!(bad(&rule_with(&detection)).len(), 1);
    }
    let dashes = "-".repeat(1 << 20);
    let collection = Collection::read(&rule_with(&format!(
        "  s: {{a|windash: '{dashes}'}}\n  condition: s"
    )));
    assert_eq!(collection.rules.len() + collection.refusals.len(), 1);
}

#[test]
fn large_searches_named_often_are_refused() {
    let values = vec!["x"; 10_000].join(", ");
    let condition = vec!["s"; 10_000].join(" or ");
    let refusals = bad(&rule_with(&format!(
        "  s: {{a: [{values}]}}\n  condition: {condition}"
    )));
    assert!(refusals[0].contains("tests in one rule"), "{refusals:?}");
}

#[test]
fn pipelines_are_bounded_too() {
    let nested = "{type: nest, items: [".repeat(20);
    assert!(Pipeline::read(&format!("transformations: [{nested}")).is_err());
    assert!(
        Pipeline::read(
            "transformations: [{type: replace_string, regex: 'a{1000}{1000}{1000}', replacement: x}]"
        )
        .is_err()
    );
    assert!(Pipeline::read("").is_err() && Pipeline::read("a: 1\n---\nb: 1").is_err());
}

#[test]
fn references_in_great_numbers_do_not_hang() {
    let many = 5000;
    let correlation = |name: usize, rule: String| {
        format!(
            "---\ntitle: c{name}\nname: c{name}\ncorrelation: {{type: temporal, rules: [{rule}], timespan: 1m}}\n"
        )
    };
    let circle: String = (0..many)
        .map(|name| correlation(name, format!("c{}", (name + 1) % many)))
        .collect();
    let unknown: String = (0..many)
        .map(|name| correlation(name, format!("x{name}")))
        .collect();
    for text in [circle, unknown] {
        let mut collection = Collection::read(&text);
        collection.link();
        assert_eq!(
            (collection.correlations.len(), collection.refusals.len()),
            (0, many)
        );
    }
}

#[test]
fn modifiers_in_a_row_do_not_multiply_without_bound() {
    for modifiers in [
        "|windash".repeat(6),
        "|base64offset".repeat(40),
        "|base64".repeat(400),
        "|utf16le|base64".repeat(60),
    ] {
        let refusals = bad(&rule_with(&format!(
            "  s: {{'a{modifiers}': '-a -b -c xxxxxxx'}}\n  condition: s"
        )));
        assert!(refusals[0].contains("one value"), "{refusals:?}");
    }
    let many = vec!["'-a -b -c'"; 20_000].join(", ");
    let refusals = bad(&rule_with(&format!(
        "  s: {{a|windash: [{many}]}}\n  condition: s"
    )));
    assert!(refusals[0].contains("tests in one rule"), "{refusals:?}");
}

#[test]
fn repeated_documents_do_not_multiply_without_bound() {
    let values = vec!["x"; 10_000].join(", ");
    let first = rule_with(&format!("  s: {{a: [{values}]}}\n  condition: s"));
    let collection = Collection::read(&format!(
        "{first}\n---\n{}",
        "action: repeat\nx: 1\n---\n".repeat(5000)
    ));
    assert!(collection.rules.len() < 300);
    assert!(
        collection.refusals[0].to_string().contains("made by `action`"),
        "{:?}",
        collection.refusals
    );
}
