//! Texts and files made to hurt: each is refused or broken off, named, and costs the others nothing.

use std::time::{Duration, Instant};

use entente_yara::{Compiler, Origin, Scanner, Severity, Trust, limits};

use crate::semantics::{look, own};

fn shared_origin() -> Origin {
    Origin {
        name: "indicator--1".to_owned(),
        trust: Trust::Shared,
    }
}

#[test]
fn a_hundred_thousand_brackets_are_refused() {
    let deep = format!(
        "rule a {{ condition: {}true{} }}",
        "(".repeat(100_000),
        ")".repeat(100_000)
    );
    let error = look(&deep, b"").unwrap_err();
    assert!(error.contains("nested deeper"), "{error}");
}

#[test]
fn a_long_text_is_refused() {
    let mut compiler = Compiler::new(Trust::Shared);
    let text = vec![b' '; limits::SHARED_SOURCE_BYTES_MAX + 1];
    let findings = compiler.add(&shared_origin(), &text);
    assert!(findings[0].message.contains("longer than"), "{findings:?}");
}

#[test]
fn texts_that_are_no_rules_are_named() {
    for text in [
        &b"\xff\xfe\x00garbage"[..],
        b"rule",
        b"{}",
        b"rule a { strings: $a = /(/ condition: $a }",
    ] {
        let mut compiler = Compiler::new(Trust::Own);
        let findings = compiler.add(&own("bad"), text);
        assert!(
            findings.iter().any(|f| f.severity == Severity::Error),
            "{findings:?}"
        );
        assert!(compiler.finish().is_empty());
    }
}

#[test]
fn nothing_is_included_from_this_disk() {
    let error = look("include \"/etc/passwd\"\nrule a { condition: true }", b"").unwrap_err();
    assert!(error.contains("include"), "{error}");
}

#[test]
fn what_the_engine_calls_slow_is_refused_from_others_and_taken_from_the_operator() {
    let slow = "rule slow { strings: $a = /.{1,2}x/ condition: $a }\nrule fast { condition: true }";
    let mut compiler = Compiler::new(Trust::Shared);
    let findings = compiler.add(&shared_origin(), slow.as_bytes());
    assert!(
        findings
            .iter()
            .any(|f| f.severity == Severity::Error && f.rule.as_deref() == Some("slow")),
        "{findings:?}"
    );
    assert_eq!(compiler.finish().len(), 1);
    let mut compiler = Compiler::new(Trust::Own);
    let findings = compiler.add(&own("own"), slow.as_bytes());
    assert!(
        findings.iter().all(|f| f.severity == Severity::Warning),
        "{findings:?}"
    );
    assert_eq!(compiler.finish().len(), 2);
}

#[test]
fn a_look_ends_at_its_time_and_says_so() {
    let endless = "rule a { condition: for all i in (0..100000000) : \
                   ( for all j in (0..100000000) : ( i + j >= 0 ) ) }";
    let mut compiler = Compiler::new(Trust::Own);
    compiler.add(&own("endless"), endless.as_bytes());
    let rules = compiler.finish();
    let started = Instant::now();
    let verdict = Scanner::new(&rules, Duration::from_secs(1))
        .look(b"x", "x")
        .unwrap();
    assert!(verdict.incomplete);
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn long_chains_and_many_bad_rules_end_soon_and_not_the_stack() {
    let rule = |condition: String| format!("rule x {{ strings: $a = \"x\" condition: {condition} }}");
    let chain = |unit: &str, end: &str| rule(format!("{}{end}", unit.repeat(20_000)));
    let many = |text: &str| (0..5_000).fold(String::new(), |all, n| all + &text.replace('#', &n.to_string()));
    for text in [
        chain("true or ", "true"),
        chain("true and ", "true"),
        chain("1 + ", "1 == 1"),
        chain("1 - ", "1 == 1"),
        chain("1 * ", "1 == 1"),
        chain("1 + 1 - ", "1 == 1"),
        chain("1 * 1 + 1 - ", "1 == 1"),
        chain("1 \\ ", "1 == 1"),
        chain("1 % ", "1 == 1"),
        chain("1 & ", "1 == 1"),
        chain("1 | ", "1 == 1"),
        chain("1 ^ ", "1 == 1"),
        chain("1 << ", "1 == 1"),
        chain("1 == ", "1"),
        chain("1 < ", "1"),
        chain("\"a\" contains ", "\"a\""),
        chain("a.", "a"),
        chain("a", "[0]"),
        rule(format!("a{}", "[0]".repeat(20_000))),
        rule(format!("a{}", "()".repeat(20_000))),
        chain("not ", "true"),
        chain("- ", "1 == 1"),
        chain("( /*)*/ ", "true"),
        chain("any of them and ", "true"),
        rule(format!("any of ({}$a)", "$a, ".repeat(20_000))),
        format!(
            "rule x {{ strings: $a = /{}{}/ condition: $a }}",
            "(".repeat(20_000),
            ")".repeat(20_000)
        ),
        format!(
            "rule x {{ strings: $a = /{}a/ condition: $a }}",
            "a|".repeat(20_000)
        ),
        format!(
            "rule x {{ strings: $a = /a{}/ condition: $a }}",
            "{9}".repeat(20_000)
        ),
        format!(
            "rule x {{ strings: $a = /{}/ condition: $a }}",
            "[a-z]{1,1000}".repeat(1_000)
        ),
        "/* ".repeat(300_000),
        "\"".repeat(300_001),
        "\"\"\"a ".repeat(100_000),
        "/a\n".repeat(300_000),
        "rule ".repeat(200_000),
        "$a = ".repeat(200_000),
        "rule a { ".repeat(100_000),
        "{ ".repeat(300_000),
        "} ".repeat(300_000),
        "import \"x\" ".repeat(20_000),
        "rule a { condition: true } ".repeat(5_000),
        format!(
            "rule a {{ strings: {} condition: true }}",
            "$a = 1 ".repeat(20_000)
        ),
        format!("rule a {{ meta: {} condition: true }}", "a = ".repeat(20_000)),
        format!("rule a {{ condition: {} }}", "true true ".repeat(20_000)),
        "? ".repeat(100_000),
        many("rule r# { condition: nope }"),
        many("rule r# { condition: nope }\n"),
        format!(
            "rule r {{ condition: nope }}\n{}",
            many("rule r# { condition: r }\n")
        ),
        many("rule r# { strings: $a = \"x\" condition: true }\n"),
        many("rule r# { strings: $a = \"open condition: $a }\n"),
    ] {
        let started = Instant::now();
        let mut compiler = Compiler::new(Trust::Own);
        let findings = compiler.add(&own("hostile.yar"), text.as_bytes());
        assert!(started.elapsed() < Duration::from_secs(10), "{text:.80}");
        let others = findings.iter().filter(|finding| finding.rule.is_none());
        assert!(others.count() <= limits::FINDINGS_MAX, "{text:.80}");
    }
}
