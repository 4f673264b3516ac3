use proptest::prelude::*;

use super::*;

fn message(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

/// The tree, written out again.
fn written(text: &str) -> String {
    parse(text).unwrap().to_string()
}

#[test]
fn and_binds_tighter_than_or_tighter_than_followedby() {
    assert_eq!(
        written("[a:b=1] AND [c:d=2] OR [e:f=3] FOLLOWEDBY [g:h=4]"),
        "[a:b = 1] AND [c:d = 2] OR [e:f = 3] FOLLOWEDBY [g:h = 4]"
    );
    let ObservationExpr::FollowedBy(steps) = parse("[a:b=1] AND [c:d=2] OR [e:f=3] FOLLOWEDBY [g:h=4]")
        .unwrap()
        .expression
    else {
        panic!("FOLLOWEDBY binds loosest")
    };
    assert!(matches!(&steps[0], ObservationExpr::Or(all) if matches!(all[0], ObservationExpr::And(_))));
}

#[test]
fn a_qualifier_binds_to_the_nearest_expression() {
    let ObservationExpr::FollowedBy(steps) = parse("[a:b=1] FOLLOWEDBY [c:d=2] WITHIN 300 SECONDS")
        .unwrap()
        .expression
    else {
        panic!()
    };
    assert!(matches!(steps[0], ObservationExpr::Comparison(_)));
    assert!(matches!(
        steps[1],
        ObservationExpr::Qualified {
            qualifier: Qualifier::Within(300.0),
            ..
        }
    ));
}

#[test]
fn brackets_that_group_nothing_leave_no_trace() {
    assert_eq!(written("((([a:b=1 AND (c:d=2)])))"), "[a:b = 1 AND c:d = 2]");
    assert_eq!(
        written("[(a:b=1 OR a:b=2) AND a:c=3]"),
        "[(a:b = 1 OR a:b = 2) AND a:c = 3]"
    );
}

#[test]
fn two_escapes_and_no_others() {
    let pattern = parse(r"[file:name = 'it\'s C:\\x']").unwrap();
    assert_eq!(
        pattern.comparisons()[0].values,
        [Constant::String(r"it's C:\x".to_owned())]
    );
    assert!(message(r"[file:name = 'C:\new']").contains(r"only \' and \\ are escapes"));
}

#[test]
fn constants_of_every_kind() {
    let pattern =
        parse("[a:b IN (1, -2, +3, .5, -0.25, 'x', true, h'00ff', b'AP8=', t'2024-05-31T12:00:00.5Z')]");
    let values = pattern.unwrap().comparisons()[0].values.clone();
    assert_eq!(
        values,
        [
            Constant::Integer(1),
            Constant::Integer(-2),
            Constant::Integer(3),
            Constant::Float(0.5),
            Constant::Float(-0.25),
            Constant::String("x".to_owned()),
            Constant::Boolean(true),
            Constant::Hex(vec![0, 255]),
            Constant::Binary(vec![0, 255]),
            Constant::Timestamp(Instant::new("2024-05-31T12:00:00.5Z").unwrap()),
        ]
    );
}

#[test]
fn paths_with_quotes_indices_and_stars() {
    let pattern = parse("[x-a-b:'odd name'.hashes.'SHA-256'[0][*].y = 'z']").unwrap();
    let property = |name: &str| Step::Property(name.to_owned());
    assert_eq!(
        pattern.comparisons()[0].path,
        ObjectPath {
            object_type: "x-a-b".to_owned(),
            steps: vec![
                property("odd name"),
                property("hashes"),
                property("SHA-256"),
                Step::Index(0),
                Step::Any,
                property("y")
            ],
        }
    );
}

#[test]
fn errors_name_the_place_what_was_found_and_a_way_out() {
    for (text, expected) in [
        (
            "file:size = 1280",
            "line 1, column 1: found `file`, expected `[` or `(`; put the comparison into square brackets: `[file:size = 1280]`",
        ),
        (
            "",
            "line 1, column 1: found the end of the pattern, expected `[` or `(`",
        ),
        (
            "[file:size = ]",
            "line 1, column 14: found `]`, expected a constant",
        ),
        (
            "[a:b=1]\n AND [c:d = x]",
            "line 2, column 13: found `x`, expected a constant; put text into single quotes: 'x'",
        ),
        (
            "[foo:bar=1] within 2 seconds",
            "line 1, column 13: found `within`, expected the end of the pattern, AND, OR, FOLLOWEDBY or a qualifier; keywords are upper case: WITHIN",
        ),
        (
            "[a:b=1] WITHIN 5 HOURS",
            "line 1, column 18: found `HOURS`, expected SECONDS, the only unit",
        ),
        (
            "[file:hashes.SHA-256 = 'x']",
            "line 1, column 14: found `SHA-256`, expected a property name; a property name with a hyphen is quoted: 'SHA-256'",
        ),
        (
            "[a:b = t'2024-13-01T00:00:00Z']",
            "line 1, column 8: found `t'2024-13-01T00:00:00Z'`, expected a constant; write a timestamp as t'2024-05-31T12:00:00.000Z'",
        ),
        (
            "[a:b = 'x",
            "line 1, column 8: found `'`, expected a constant; the text is not closed; end it with `'`",
        ),
        (
            "[a:b = \"x\"]",
            "line 1, column 8: found `\"`, expected a constant; text goes into single quotes",
        ),
        (
            "[é:b=1]",
            "line 1, column 2: found `é`, expected an object path such as `file:name`",
        ),
    ] {
        assert_eq!(message(text), expected);
    }
}

#[test]
fn what_the_grammar_refuses() {
    for text in [
        "[a:b=1",
        "a:b=1]",
        "[a:b=1]]",
        "[[a:b=1]]",
        "[]",
        "()",
        "[a:b]",
        "[a=1]",
        "[a:b.=1]",
        "[a:b[]=1]",
        "[a:b[1.5]=1]",
        "['a':b=1]",
        "[a:b-c=1]",
        "[a:b > true]",
        "[a:b NOT 1]",
        "[NOT a:b=1]",
        "[a:b = 01]",
        "[a:b = 1.]",
        "[a:b = 1e5]",
        "[a:b=h'abc']",
        "[a:b=b'']",
        "[a:b=b'====']",
        "[a:b LIKE 1]",
        "[a:b IN 1]",
        "[a:b IN (1,)]",
        "[a:b=1] REPEATS 1.5 TIMES",
        "[a:b=1] REPEATS -1 TIMES",
        "[a:b=1] WITHIN -5 SECONDS",
        "[a:b=1] START 1 STOP 2",
        "[a:b=1] START 'x' STOP 'y'",
        "[a:b=1] [c:d=1]",
        "[a:b=1] AND",
        "[a:LAST=1]",
        "[a:b=1 /* open]",
        "[a:b=99999999999999999999]",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn comments_and_unusual_blanks_are_skipped() {
    assert_eq!(written("/* c */[a:b\u{a0}=\u{3000}1] // end"), "[a:b = 1]");
    assert_eq!(
        written("[a:b /*x*/ = 1 // [\n AND a:c = 2]"),
        "[a:b = 1 AND a:c = 2]"
    );
}

#[test]
fn what_the_standard_forbids_beyond_the_grammar_is_remarked() {
    for (text, kind) in [
        ("[file:hashes.'SHA-256' = 'f00']", RemarkKind::Hash),
        (
            "[file:hashes.MD5 IN ('d41d8cd98f00b204e9800998ecf8427e', 'x')]",
            RemarkKind::Hash,
        ),
        ("[a:b=1] REPEATS 0 TIMES", RemarkKind::QualifierValue),
        (
            "[a:b=1] WITHIN 5 SECONDS WITHIN 6 SECONDS",
            RemarkKind::DoubledQualifier,
        ),
        ("[a:b=1] WITHIN 0 SECONDS", RemarkKind::QualifierValue),
        (
            "[a:b=1] START '2024-01-01T00:00:00Z' STOP t'2024-01-02T00:00:00Z'",
            RemarkKind::OldTimestamp,
        ),
    ] {
        let checked = check(text).unwrap();
        assert!(!checked.is_valid(), "{text}");
        assert_eq!(checked.remarks[0].kind, kind, "{text}");
    }
}

#[test]
fn what_never_matches_is_valid_and_remarked() {
    for (text, kind) in [
        ("[a:b IN ()]", RemarkKind::NeverMatches),
        ("[a:b[-1] = 1]", RemarkKind::NeverMatches),
        (
            "[a:b=1] START t'2024-01-01T00:00:00Z' STOP t'2024-01-01T00:00:00.0Z'",
            RemarkKind::NeverMatches,
        ),
        (
            "[network-traffic:src_port = 1 AND user-account:user_id = 'root']",
            RemarkKind::MixedTypes,
        ),
        ("[(a:b = 1 OR c:d = 1) AND e:f = 1]", RemarkKind::MixedTypes),
    ] {
        let checked = check(text).unwrap();
        assert!(checked.is_valid(), "{text}");
        assert_eq!(checked.remarks[0].kind, kind, "{text}");
    }
    assert!(
        check("[(a:b = 1 OR c:d = 1) AND c:f = 1]")
            .unwrap()
            .remarks
            .is_empty()
    );
}

#[test]
fn bounds_hold() {
    use crate::limits::{PATTERN_BYTES_MAX, PATTERN_DEPTH_MAX};
    let nested = |depth: usize| format!("{}[a:b=1]{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(PATTERN_DEPTH_MAX)).is_ok());
    assert!(message(&nested(PATTERN_DEPTH_MAX + 1)).contains("nested deeper"));
    assert!(message(&"(".repeat(PATTERN_BYTES_MAX)).contains("nested deeper"));
    assert!(message(&" ".repeat(PATTERN_BYTES_MAX + 1)).contains("longer than"));
    let long = format!("[{}]", vec!["a:b = 1"; 50_000].join(" OR "));
    assert_eq!(parse(&long).unwrap().comparisons().len(), 50_000);
}

#[test]
fn reading_is_total() {
    let pieces = [
        "[", "]", "(", ")", "'", "\\", "t'", "h'", "b'", "a:b", "=", "1", ".", "-", "é", "/*", "//", " ",
        "IN", "NOT",
    ];
    let mut seed = 7_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
        }
        let _ = parse(&text);
    }
}

fn constant() -> impl Strategy<Value = Constant> {
    prop_oneof![
        ".{0,12}".prop_map(Constant::String),
        any::<i64>().prop_map(Constant::Integer),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(Constant::Float),
        any::<bool>().prop_map(Constant::Boolean),
        proptest::collection::vec(any::<u8>(), 0..9).prop_map(Constant::Hex),
        proptest::collection::vec(any::<u8>(), 1..9).prop_map(Constant::Binary),
        (0..10_000_u32, 1..13_u32, 0..61_u32)
            .prop_map(|(y, m, s)| Instant::new(&format!("{y:04}-{m:02}-31T23:59:{s:02}.{y}Z")).unwrap())
            .prop_map(Constant::Timestamp),
    ]
}

fn path() -> impl Strategy<Value = ObjectPath> {
    let property = || {
        prop_oneof![
            "[a-z_]{1,6}",
            "[ -~é]{0,6}",
            Just("NOT".to_owned()),
            Just("true".to_owned())
        ]
    };
    let step = prop_oneof![
        property().prop_map(Step::Property),
        any::<i64>().prop_map(Step::Index),
        Just(Step::Any)
    ];
    (
        "x[a-z0-9-]{0,6}",
        property(),
        proptest::collection::vec(step, 0..4),
    )
        .prop_map(|(object_type, first, rest)| ObjectPath {
            object_type,
            steps: std::iter::once(Step::Property(first)).chain(rest).collect(),
        })
}

fn test_of_one() -> impl Strategy<Value = ComparisonExpr> {
    let any_value = prop_oneof![Just(Operator::Equal), Just(Operator::NotEqual)];
    let text = prop_oneof![
        Just(Operator::Like),
        Just(Operator::Matches),
        Just(Operator::IsSubset),
        Just(Operator::IsSuperset)
    ];
    let order = prop_oneof![
        Just(Operator::Less),
        Just(Operator::LessOrEqual),
        Just(Operator::Greater),
        Just(Operator::GreaterOrEqual)
    ];
    let shape = prop_oneof![
        (any_value, constant().prop_map(|value| vec![value])),
        (text, ".{0,8}".prop_map(|value| vec![Constant::String(value)])),
        (
            order,
            any::<i64>().prop_map(|value| vec![Constant::Integer(value)])
        ),
        (Just(Operator::In), proptest::collection::vec(constant(), 0..4)),
        (Just(Operator::Exists), Just(Vec::new())),
    ];
    (path(), any::<bool>(), shape).prop_map(|(path, negated, (operator, values))| {
        ComparisonExpr::Test(Comparison {
            path,
            negated,
            operator,
            values,
        })
    })
}

fn comparison() -> impl Strategy<Value = ComparisonExpr> {
    test_of_one().prop_recursive(4, 12, 3, |inner| {
        let some = proptest::collection::vec(inner, 2..4);
        prop_oneof![
            some.clone().prop_map(ComparisonExpr::And),
            some.prop_map(ComparisonExpr::Or)
        ]
    })
}

fn qualifier() -> impl Strategy<Value = Qualifier> {
    let at = |second: u32| Instant::new(&format!("2024-05-31T12:00:{second:02}Z")).unwrap();
    prop_oneof![
        (0.0..1e12_f64).prop_map(Qualifier::Within),
        any::<u64>().prop_map(Qualifier::Repeats),
        (0..30_u32, 30..60_u32).prop_map(move |(start, stop)| Qualifier::StartStop(at(start), at(stop))),
    ]
}

pub(super) fn observation() -> impl Strategy<Value = ObservationExpr> {
    comparison()
        .prop_map(ObservationExpr::Comparison)
        .prop_recursive(4, 12, 3, |inner| {
            let some = proptest::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                some.clone().prop_map(ObservationExpr::And),
                some.clone().prop_map(ObservationExpr::Or),
                some.prop_map(ObservationExpr::FollowedBy),
                (inner, qualifier()).prop_map(|(inner, qualifier)| ObservationExpr::Qualified {
                    inner: Box::new(inner),
                    qualifier
                }),
            ]
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_as_the_same_tree(expression in observation()) {
        let pattern = Pattern { expression };
        let text = pattern.to_string();
        prop_assert_eq!(parse(&text).map_err(|error| format!("{error}: {text}")), Ok(pattern));
    }
}
