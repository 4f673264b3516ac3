//! Rules and patterns made to hurt, given to every command that reads some: good ones load, each bad one has its
//! place and its reason, and nothing hangs.

use std::time::{Duration, Instant};

use crate::harness::{Home, Ran};

/// No command takes longer over one bad file, on the slowest machine that tests run on.
const SOON: Duration = Duration::from_secs(30);

const RULE: &str = "title: Good\nlogsource: {category: test}\ndetection:\n  s: {a: b}\n  condition: s\n";

const EVENT: &str = "{\"a\":\"b\"}";

/// Runs within the time, and tells neither too much nor of a panic.
#[track_caller]
fn soon(home: &Home, arguments: &[&str]) -> Ran {
    let started = Instant::now();
    let ran = home.run(arguments);
    assert!(started.elapsed() < SOON, "{arguments:?}: {:?}", started.elapsed());
    assert!(
        (0..8).contains(&ran.code) && !ran.err.contains("panicked"),
        "{arguments:?}: {} {}",
        ran.code,
        ran.err
    );
    ran
}

#[track_caller]
fn check(ran: &Ran, code: i32, said: &str) {
    assert_eq!(ran.code, code, "{} {}", beginning(&ran.out), beginning(&ran.err));
    assert!(
        ran.out.contains(said) || ran.err.contains(said),
        "{said}: {} {}",
        beginning(&ran.out),
        beginning(&ran.err)
    );
}

fn beginning(text: &str) -> String {
    text.chars().take(600).collect()
}

fn with(search: &str, condition: &str) -> String {
    format!("title: x\nlogsource: {{category: test}}\ndetection:\n  s: {search}\n  condition: {condition}\n")
}

fn correlation(name: &str, of: &str) -> String {
    format!(
        "---\ntitle: {name}\nname: {name}\ncorrelation: {{type: event_count, rules: [{of}], timespan: 5m, condition: {{gte: 2}}}}\n"
    )
}

/// A text, and what is said of it.
fn bad_sigma() -> Vec<(Vec<u8>, &'static str)> {
    let bomb = (1..40).fold("a0: &a0 [x, x]\n".to_owned(), |text, number| {
        format!("{text}a{number}: &a{number} [*a{0}, *a{0}, *a{0}]\n", number - 1)
    });
    let deep = format!("{}s{}", "(".repeat(100_000), ")".repeat(100_000));
    let circle: String = (0..500)
        .map(|number| correlation(&format!("c{number}"), &format!("c{}", (number + 1) % 500)))
        .collect();
    let texts: Vec<(String, &str)> = vec![
        (bomb, "more than"),
        ("[".repeat(100_000), "recursion limit"),
        ("- ".repeat(100_000), "more than"),
        (with("{a: b}", &deep), "more than"),
        (with("{a: b}", &"not ".repeat(100_000)), "more than"),
        (with("{a|re: '(('}", "s"), "unclosed group"),
        (with("{a|re: '((a{1000}){1000}){1000}'}", "s"), "takes more than"),
        (correlation("own", "own"), "in a circle"),
        (circle, "more than"),
        ("\u{0}\u{1}".to_owned(), "unprintable"),
    ];
    let mut bytes: Vec<(Vec<u8>, &str)> = texts
        .into_iter()
        .map(|(text, said)| (text.into_bytes(), said))
        .collect();
    bytes.push((b"title: \xe4\n".to_vec(), "UTF-8"));
    bytes
}

#[test]
fn bad_rules_of_sigma_are_named_by_every_command_and_good_ones_beside_them_work() {
    let home = Home::with_indicator();
    let log = home.file("log.json", format!("{EVENT}\n"));
    for (number, (text, said)) in bad_sigma().into_iter().enumerate() {
        let bad = home.file(&format!("{number}/bad.yml"), text);
        home.file(&format!("{number}/good.yml"), RULE);
        let folder = home.path(&number.to_string()).display().to_string();
        let ran = soon(&home, &["rule", "check", &folder]);
        check(&ran, 6, said);
        assert!(ran.out.contains("1 rule loads"), "{}", ran.out);
        let ran = soon(&home, &["rule", "eval", &folder, EVENT]);
        check(&ran, 6, said);
        assert!(ran.out.starts_with("match "), "{}", ran.out);
        check(&soon(&home, &["rule", "explain", &bad, EVENT]), 6, said);
        // The expression that takes too much is found when a pipeline knows the rule's log source, or none is asked.
        let both = ["--any-log-source", "--dry-run", "--rules", &folder, &log];
        let ran = soon(&home, &[["scan"].as_slice(), &both].concat());
        assert!(ran.out.contains("1 detection"), "{said}: {} {}", ran.out, ran.err);
        assert!(
            ran.code == 6 || ran.out.contains("not evaluated"),
            "{said}: {} {}",
            ran.out,
            ran.err
        );
        soon(
            &home,
            &[["watch", "--until-stdin-closes"].as_slice(), &both].concat(),
        );
    }
}

#[test]
fn rules_in_other_encodings_and_line_ends_are_read() {
    let home = Home::with_indicator();
    let log = home.file("log.json", format!("{EVENT}\n"));
    let utf16 = |units: &mut dyn Iterator<Item = u16>, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        units.flat_map(bytes).collect()
    };
    let marked = || std::iter::once(0xfeff).chain(RULE.encode_utf16());
    for (name, text) in [
        ("crlf", RULE.replace('\n', "\r\n").into_bytes()),
        ("bom", [b"\xef\xbb\xbf".as_slice(), RULE.as_bytes()].concat()),
        ("utf-16le", utf16(&mut marked(), u16::to_le_bytes)),
        ("utf-16be", utf16(&mut marked(), u16::to_be_bytes)),
    ] {
        let rule = home.file(&format!("{name}.yml"), text);
        check(
            &soon(&home, &["rule", "check", &rule]),
            0,
            "1 rule loads, 0 refused",
        );
        check(&soon(&home, &["rule", "eval", &rule, EVENT]), 0, "match ");
        check(&soon(&home, &["rule", "explain", &rule, EVENT]), 0, "match ");
        let scan = ["scan", "--any-log-source", "--dry-run", "--rules", &rule, &log];
        check(&soon(&home, &scan), 0, "1 detection");
    }
    let empty = home.file("empty.yml", "");
    check(&soon(&home, &["rule", "check", &empty]), 6, "no rule was read");
    check(
        &soon(&home, &["rule", "eval", &empty, EVENT]),
        6,
        "no rule was read",
    );
}

#[test]
fn bad_patterns_are_named_with_their_place() {
    let home = Home::new();
    let observed = home.file("observed.json", crate::harness::bundle(&[]));
    let name = |text: &str| format!("[file:name = '{text}']");
    for (text, said) in [
        (name(&"x".repeat(4 << 20)), "longer than 1048576 bytes"),
        ("(".repeat(100_000), "nested deeper than"),
        (
            format!("[{}file:size = 1{}]", "(".repeat(100_000), ")".repeat(100_000)),
            "nested deeper than",
        ),
        (
            format!("[file:size {}= 1]", "NOT ".repeat(100_000)),
            "line 1, column 16",
        ),
        (String::new(), "the end of the pattern"),
    ] {
        let file = home.file("pattern.txt", text);
        check(&soon(&home, &["pattern", "check", &file]), 6, said);
        check(
            &soon(&home, &["pattern", "equal", &file, "[file:size = 1]"]),
            6,
            said,
        );
        check(&soon(&home, &["pattern", "match", &file, &observed]), 6, said);
    }
    let junk = home.file("pattern.txt", b"\xff\x00junk");
    check(&soon(&home, &["pattern", "check", &junk]), 6, "not UTF-8");
    // As large as a pattern may be.
    let many = vec!["file:name = 'abcdefghijklm'"; 30_000].join(" OR ");
    for text in [format!("[{many}]"), name(&"x".repeat(1_000_000))] {
        let file = home.file("pattern.txt", text);
        check(&soon(&home, &["pattern", "check", &file]), 0, "1 valid");
        check(&soon(&home, &["pattern", "equal", &file, &file]), 0, "equal");
        check(
            &soon(&home, &["pattern", "match", &file, &observed]),
            1,
            "no match",
        );
    }
    // Valid by the grammar, and nothing that can be run.
    for (expression, said) in [("((", "unclosed group"), ("(a{1000}){1000}", "takes more than")] {
        let pattern = format!("[file:name MATCHES '{expression}']");
        let ran = soon(&home, &["pattern", "check", &pattern]);
        check(&ran, 0, said);
        assert!(ran.out.contains("(not-evaluated)"), "{}", ran.out);
        check(&soon(&home, &["pattern", "match", &pattern, &observed]), 6, said);
    }
}

#[test]
fn bad_yara_rules_are_named_and_good_ones_beside_them_work() {
    let home = Home::new();
    let hay = home.file("hay.txt", "hay");
    let rule = |condition: String| format!("rule x {{ condition: {condition} }}");
    let many = (0..2_000).map(|number| format!("rule r{number} {{ condition: nope }}\n"));
    let bytes: Vec<String> = (0..2_000)
        .map(|number| format!("{:02x} {:02x}", number >> 8, number & 0xff))
        .collect();
    let alternatives: Vec<String> = (0..20_000).map(|number| format!("{number:05}")).collect();
    for (number, (text, said)) in [
        (
            rule(format!("{}true{}", "(".repeat(100_000), ")".repeat(100_000))),
            "nested deeper",
        ),
        (rule(format!("{}true", "not ".repeat(100_000))), "nested deeper"),
        (
            rule(format!("{}true", "( /*)*/ ".repeat(100_000))),
            "nested deeper",
        ),
        (rule("x".to_owned()), "unknown identifier"),
        (many.collect(), "unknown identifier"),
        (
            "rule x { strings: $a = /((/ condition: $a }".to_owned(),
            "invalid regular expression",
        ),
        (
            "rule x { strings: $a = \"open\n condition: $a }".to_owned(),
            "syntax error",
        ),
        ("include \"/etc/passwd\"".to_owned(), "include"),
        (
            format!(
                "rule x {{ strings: $a = {{ 01 ({}) }} condition: $a }}",
                bytes.join("|")
            ),
            "too many alternatives",
        ),
        ("{".repeat(100_000), "syntax error"),
        ("\u{1}\u{2}".to_owned(), "syntax error"),
    ]
    .into_iter()
    .enumerate()
    {
        let good = "\u{feff}rule good { condition: true }\r\n";
        home.file(&format!("{number}/bad.yar"), text);
        home.file(&format!("{number}/good.yar"), good);
        let folder = home.path(&number.to_string()).display().to_string();
        let ran = soon(&home, &["rule", "check", &folder]);
        check(&ran, 6, said);
        assert!(
            ran.out.contains("bad.yar:1:") && ran.out.contains("1 rule loads"),
            "{}",
            beginning(&ran.out)
        );
        let ran = soon(&home, &["scan", "--files", "--yara", &folder, &hay]);
        check(&ran, 6, "good");
    }
    let evil = format!(
        "rule x {{ strings: $a = /{}/ $b = /(a*)*b/ $c = /(x+x+)+y/ condition: any of them }}",
        alternatives.join("|")
    );
    let evil = home.file("evil.yar", evil);
    check(&soon(&home, &["rule", "check", &evil]), 0, "1 rule loads");
    soon(&home, &["scan", "--files", "--yara", &evil, &hay]);
}

#[test]
fn bad_lines_of_batches_are_answered() {
    let home = Home::new();
    let lines = [
        (
            "rule",
            "check",
            serde_json::json!({"id": 1, "rule": "rule x { condition: ".to_owned() + &"not ".repeat(100_000)}),
        ),
        (
            "rule",
            "check",
            serde_json::json!({"id": 1, "rule": "[".repeat(100_000)}),
        ),
        (
            "rule",
            "eval",
            serde_json::json!({"id": 1, "rule": "a: &a [*a]", "event": {}}),
        ),
        (
            "pattern",
            "check",
            serde_json::json!({"id": 1, "pattern": "(".repeat(1_000_000)}),
        ),
        (
            "pattern",
            "match",
            serde_json::json!({"id": 1, "pattern": "[", "observed_data": []}),
        ),
    ];
    for (command, verb, line) in lines {
        let started = Instant::now();
        let ran = home.with_input(&[command, verb, "--batch"], format!("{line}\n"));
        assert!(started.elapsed() < SOON);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.json()[0]["error"].is_string(), "{}", beginning(&ran.out));
    }
}
