//! Sets of many texts: what is published loads, a bad rule costs itself alone, verdicts are remembered rightly.

use std::path::Path;

use entente_yara::{Compiler, Finding, Key, Scanner, Severity, Trust, Verdicts, limits};

use crate::semantics::{own, shared};

fn files(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else if path
            .extension()
            .is_some_and(|ending| ending == "yar" || ending == "yara")
        {
            into.push(path);
        }
    }
}

#[test]
fn published_rules_load() {
    let Some(folder) = shared("data/yara/signature-base") else {
        return;
    };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    paths.sort();
    let mut compiler = Compiler::new(Trust::Own);
    let mut errors: Vec<Finding> = Vec::new();
    for path in &paths {
        let name = path.file_name().unwrap().to_string_lossy();
        let findings = compiler.add(&own(&name), &std::fs::read(path).unwrap());
        errors.extend(findings.into_iter().filter(|f| f.severity == Severity::Error));
    }
    let rules = compiler.finish();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!((paths.len(), rules.len()), (741, 5883));
    let mut scanner = Scanner::new(&rules, limits::LOOK_MAX);
    assert!(
        !scanner
            .look(b"nothing to be found here", "a.txt")
            .unwrap()
            .incomplete
    );
}

#[test]
fn a_bad_rule_costs_itself_and_those_that_depend_on_it() {
    let text = "rule good { condition: true }\n\
                rule bad { condition: unknown_thing }\n\
                rule falls { condition: bad }\n\
                rule also_good { condition: good }\n";
    let mut compiler = Compiler::new(Trust::Own);
    let findings = compiler.add(&own("mixed.yar"), text.as_bytes());
    let errors: Vec<&Finding> = findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .collect();
    let told: Vec<(Option<&str>, usize)> = errors
        .iter()
        .map(|finding| (finding.rule.as_deref(), finding.line))
        .collect();
    assert_eq!(told, [(Some("bad"), 2), (Some("falls"), 3)], "{findings:#?}");
    assert_eq!(errors[0].column, 23);
    assert!(errors[0].message.contains("unknown"), "{}", errors[0].message);
    let rules = compiler.finish();
    let names: Vec<String> = rules.facts().map(|rule| rule.name).collect();
    assert_eq!(names, ["good", "also_good"]);
}

#[test]
fn rules_of_one_name_in_two_texts_do_not_collide() {
    let mut compiler = Compiler::new(Trust::Own);
    for _ in 0..2 {
        assert_eq!(
            compiler.add(&own("same.yar"), b"rule one { condition: filesize < 9 }"),
            []
        );
    }
    let rules = compiler.finish();
    let mut scanner = Scanner::new(&rules, limits::LOOK_MAX);
    let matches = scanner.look(b"", "x").unwrap().matches;
    assert_eq!(matches.len(), 2);
    assert!(matches.iter().all(|found| found.origin == "same.yar"));
}

#[test]
fn a_verdict_is_remembered_for_these_bytes_and_this_set_only() {
    let set = |text: &str| {
        let mut compiler = Compiler::new(Trust::Own);
        compiler.add(&own("r"), text.as_bytes());
        compiler.finish()
    };
    let (one, two) = (
        set("rule a { condition: filesize > 10 }"),
        set("rule a { condition: filesize > 11 }"),
    );
    let mut book = Verdicts::new();
    book.remember(Key::of(&one, b"bytes", "name").unwrap());
    let book = Verdicts::from_bytes(&book.to_bytes());
    assert_eq!(book.len(), 1);
    assert!(book.is_clean(Key::of(&one, b"bytes", "another name").unwrap()));
    assert!(!book.is_clean(Key::of(&one, b"bytez", "name").unwrap()));
    assert!(!book.is_clean(Key::of(&two, b"bytes", "name").unwrap()));
    let named = set("rule a { condition: filename == \"x\" }");
    assert_ne!(Key::of(&named, b"", "x"), Key::of(&named, b"", "y"));
    assert_eq!(
        Key::of(
            &set("import \"time\" rule a { condition: time.now() > 0 }"),
            b"",
            "x"
        ),
        None
    );
}

#[test]
fn a_damaged_book_is_an_empty_one() {
    let rules = Compiler::new(Trust::Own).finish();
    let mut book = Verdicts::new();
    book.remember(Key::of(&rules, b"", "").unwrap());
    let mut bytes = book.to_bytes();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    assert!(Verdicts::from_bytes(&bytes).is_empty());
    assert!(Verdicts::from_bytes(b"").is_empty());
}
