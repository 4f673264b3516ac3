//! What a rule may take of the work, and what becomes of one that takes more.

use entente_detect::rules::{Atom, Condition, Exhausted, Field, Leaf, Matcher, Piece, Rules, Test, Value};

/// Takes steps without end to go back.
const EVIL: &str = r"^(a|aa)+\1c";

fn leaf(condition: Condition) -> Leaf {
    Leaf {
        gate: Condition::True,
        condition,
    }
}

fn regex(source: &str) -> Condition {
    let test = Test::Regex {
        source: source.into(),
        ignore_case: false,
        multi_line: false,
        dot_all: true,
    };
    Atom::strict("text", test).into()
}

fn holding(text: &str) -> Condition {
    let test = Test::Contains {
        text: text.into(),
        fold: true,
    };
    Atom::strict("text", test).into()
}

/// Which leaves hit which rows, and who was passed over.
fn matched(rules: &Rules, rows: &[&str], matcher: &mut Matcher) -> (Vec<Vec<u32>>, Vec<Exhausted>) {
    let number = rules.names().number("text").unwrap();
    let hits = rows.iter().map(|text| {
        let value = Value::Text(text);
        rules.matching(&[Field { number, value }], matcher).to_vec()
    });
    (hits.collect(), rules.exhausted(matcher))
}

#[test]
fn one_that_takes_too_much_is_passed_over_and_named_and_the_others_are_not() {
    let leaves = [
        leaf(regex(EVIL)),
        leaf(holding("aaaa")),
        leaf(Condition::Not(Box::new(regex(EVIL)))),
    ];
    let (rules, refused) = Rules::compile(&leaves, 1);
    assert_eq!(refused, []);
    let text = "a".repeat(300);
    let rows = [text.as_str(); 50];
    let mut matcher = Matcher::new();
    let (hits, exhausted) = matched(&rules, &rows, &mut matcher);
    assert!(hits.iter().all(|hits| *hits == [1]), "{hits:?}");
    let named: Vec<_> = exhausted
        .iter()
        .map(|one| (one.leaf, one.source.as_str(), one.times))
        .collect();
    assert_eq!(named, [(Some(0), EVIL, 50), (Some(2), EVIL, 50)]);
    // With the next batch they are decided again.
    let (begun_anew, none) = matched(&rules, &["aac", "abc"], &mut matcher);
    assert_eq!((begun_anew, none), (vec![vec![0], vec![2]], vec![]));
    assert_eq!(matched(&rules, &rows, &mut matcher), (hits, exhausted));
}

#[test]
fn what_is_searched_in_linear_time_is_always_allowed() {
    let leaves = [leaf(regex("[0-9a-f]{32}")), leaf(regex(r"\d+(x|y)\w+z"))];
    let (rules, _) = Rules::compile(&leaves, 1);
    let text = "-".repeat(20_000) + "d41d8cd98f00b204e9800998ecf8427e";
    let rows = vec![text.as_str(); 100];
    let (hits, exhausted) = matched(&rules, &rows, &mut Matcher::new());
    assert!(hits.iter().all(|hits| *hits == [0]));
    assert_eq!(exhausted, []);
}

#[test]
fn wildcards_that_fit_everywhere_but_nowhere_whole_are_stopped() {
    let mut pieces = vec![Piece::AnyRun];
    for _ in 0..400 {
        pieces.extend([Piece::Literal("a".into()), Piece::AnyOne]);
    }
    pieces.extend([Piece::Literal("b".into()), Piece::AnyRun]);
    let test = Test::Glob { pieces, fold: false };
    let (rules, _) = Rules::compile(&[leaf(Atom::strict("text", test).into())], 1);
    let text = "a".repeat(16 << 10);
    let (hits, exhausted) = matched(&rules, &[&text, &text], &mut Matcher::new());
    assert!(hits.iter().all(Vec::is_empty));
    assert_eq!(exhausted.len(), 1);
    assert!(
        exhausted[0].source.starts_with("text is like '*a?a?"),
        "{exhausted:?}"
    );
    assert_eq!((exhausted[0].leaf, exhausted[0].times), (Some(0), 2));
}

#[test]
fn ten_thousand_values_are_one_comparison() {
    let texts: Vec<String> = (0..10_000).map(|number| format!("Value-{number}")).collect();
    let leaves = [true, false].map(|fold| {
        let texts = texts.clone();
        leaf(Condition::Not(Box::new(
            Atom::strict("text", Test::OneOf { texts, fold }).into(),
        )))
    });
    let (rules, _) = Rules::compile(&leaves, 1);
    let rows = ["Value-1", "value-9999", "value-10000"];
    let rows: Vec<&str> = (0..10_000_usize).map(|row| rows[row % 3]).collect();
    let (hits, exhausted) = matched(&rules, &rows, &mut Matcher::new());
    assert_eq!(hits[..3], [vec![], vec![1], vec![0, 1]]);
    assert_eq!(exhausted, []);
}

#[test]
fn one_that_is_dear_now_and_then_is_never_passed_over() {
    let (rules, _) = Rules::compile(&[leaf(regex(r"(?<!x)cmd.*(?=y)"))], 1);
    let rows: Vec<String> = (0..1_000)
        .map(|row| {
            if row % 20 == 0 {
                format!("cmd {row} y")
            } else {
                format!("{row}")
            }
        })
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let mut matcher = Matcher::new();
    for batch in rows.chunks(7) {
        let (hits, exhausted) = matched(&rules, batch, &mut matcher);
        let expected = batch
            .iter()
            .map(|text| text.starts_with("cmd"))
            .collect::<Vec<_>>();
        assert_eq!(exhausted, [], "{batch:?}");
        let found: Vec<bool> = hits.iter().map(|hits| !hits.is_empty()).collect();
        assert_eq!(found, expected, "{batch:?}");
    }
}

#[test]
fn one_that_is_dear_always_is_passed_over_in_later_batches_too_and_named_in_each() {
    let (rules, _) = Rules::compile(&[leaf(regex(EVIL))], 1);
    let text = "a".repeat(300);
    let mut matcher = Matcher::new();
    let passed_over: u64 = (0..200)
        .map(|_| {
            matched(&rules, &[text.as_str(); 10], &mut matcher)
                .1
                .iter()
                .map(|one| one.times)
                .sum::<u64>()
        })
        .sum();
    assert_eq!(passed_over, 2_000);
}

#[test]
fn one_that_has_nothing_left_is_named_for_each_row_that_it_is_not_decided_for() {
    let (rules, _) = Rules::compile(&[leaf(regex(r"(?<!x)cmd.*(?=y)"))], 1);
    let mut matcher = Matcher::new();
    let (mut found, mut named) = (0, 0);
    for _ in 0..20_000 {
        let (hits, exhausted) = matched(&rules, &["cmd 1 and some more y"], &mut matcher);
        found += hits.iter().filter(|hits| !hits.is_empty()).count() as u64;
        named += exhausted.iter().map(|one| one.times).sum::<u64>();
    }
    assert!(found > 0 && named > 0);
    assert_eq!(found + named, 20_000);
}
