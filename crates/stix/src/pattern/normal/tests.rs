use proptest::prelude::*;

use super::super::{parse, tests::observation as any_observation};
use super::*;

fn same(left: &str, right: &str) -> Result<bool, Undecided> {
    equal(&parse(left).unwrap(), &parse(right).unwrap())
}

fn written(text: &str) -> String {
    normal(&parse(text).unwrap()).unwrap().to_string()
}

#[test]
fn what_says_the_same_is_equal() {
    for (left, right) in [
        ("[a:b = 1.0]", "[a:b = 1]"),
        ("[a:b IN (2, 1, 1)]", "[a:b = 1 OR a:b = 2]"),
        ("[a:b NOT IN (2, 1)]", "[a:b NOT IN (1, 2, 2)]"),
        ("[a:b NOT IN (2)]", "[a:b != 2]"),
        ("[a:b NOT = 1]", "[a:b != 1]"),
        ("[a:b NOT != 1]", "[a:b = 1 OR a:b = 1 AND a:c = 1]"),
        ("[a:b = 1 OR a:b = 2]", "[a:b = 2] OR [a:b = 1]"),
        (
            "[a:b = t'2024-05-31T12:00:00.500Z']",
            "[a:b = t'2024-05-31T12:00:00.5Z']",
        ),
        ("[a:b = h'0AFF']", "[a:b = h'0aff']"),
        (
            "[a:b = 1] START t'2024-01-01T00:00:00Z' STOP t'2024-01-02T00:00:00.0Z'",
            "[a:b = 1] START '2024-01-01T00:00:00.00Z' STOP '2024-01-02T00:00:00Z'",
        ),
        (
            "[ipv4-addr:value ISSUBSET '10.1.2.3/8']",
            "[ipv4-addr:value ISSUBSET '10.0.0.0/8']",
        ),
        (
            "[ipv6-addr:value = '2001:DB8::1/128']",
            "[ipv6-addr:value = '2001:db8:0::1']",
        ),
        (
            "[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\Run']",
            "[windows-registry-key:key = 'hkey_local_machine\\\\run']",
        ),
        // What never matches adds nothing, and all that never matches is one.
        ("[a:b = 1 AND c:d = 1] OR [a:b = 1]", "[a:b = 1]"),
        ("[a:b = 1 AND c:d = 1] AND [a:b = 1]", "[e:f IN ()]"),
        ("[a:b[-1] = 1] WITHIN 5 SECONDS", "[e:f IN ()]"),
        (
            "([a:b = 1] AND [a:c = 1]) OR ([a:b = 1 AND a:d = 1] AND [a:c = 1] AND [a:e = 1])",
            "[a:c = 1] AND [a:b = 1]",
        ),
    ] {
        assert_eq!(same(left, right), Ok(true), "{left}  {right}");
    }
}

#[test]
fn what_differs_is_not_equal() {
    for (left, right) in [
        ("[a:b = 'X']", "[a:b = 'x']"),
        ("[a:b = 1]", "[a:b = '1']"),
        ("[a:b = 'é']", "[a:b = 'e\u{301}']"),
        ("[a:b = h'41']", "[a:b = 'A']"),
        ("[a:b NOT < 1]", "[a:b >= 1]"),
        ("[a:b IN (1, 2)]", "[a:b IN (1, 2, 3)]"),
        ("[a:b NOT IN ()]", "[a:b IN ()]"),
        ("[a:b[*] = 1]", "[a:b[0] = 1]"),
        ("[a:b = 1] AND [a:b = 1]", "[a:b = 1]"),
        ("[a:b = 1] REPEATS 2 TIMES", "[a:b = 1] AND [a:b = 1]"),
        (
            "([a:b = 1] OR [a:b = 2]) REPEATS 2 TIMES",
            "[a:b = 1] REPEATS 2 TIMES OR [a:b = 2] REPEATS 2 TIMES",
        ),
        (
            "[a:b = 1] FOLLOWEDBY [a:b = 2] WITHIN 5 SECONDS",
            "([a:b = 1] FOLLOWEDBY [a:b = 2]) WITHIN 5 SECONDS",
        ),
        (
            "[windows-registry-key:key MATCHES '\\\\D']",
            "[windows-registry-key:key MATCHES '\\\\d']",
        ),
        (
            "[ipv4-addr:value = '10.0.0.0/8']",
            "[ipv4-addr:value = '10.0.0.0']",
        ),
    ] {
        assert_eq!(same(left, right), Ok(false), "{left}  {right}");
    }
}

#[test]
fn the_normal_form_is_readable() {
    assert_eq!(
        written("[a:c = 2] AND ([a:b IN (2, 1)] OR [a:b = 1 AND a:d = 3])"),
        "[a:b = 1] AND [a:c = 2] OR [a:b = 2] AND [a:c = 2]"
    );
    assert_eq!(
        written("([b:x = 1] OR [a:x = 1]) WITHIN 5.0 SECONDS"),
        "[a:x = 1 OR b:x = 1] WITHIN 5 SECONDS"
    );
    assert_eq!(written("[a:b = 1 AND c:d = 1]"), "[x-never:matches IN ()]");
    assert_eq!(
        written("[a:b = 3] OR [a:b IN (1, 4) OR a:b != 1] OR [a:b = 2 AND a:c = 1]"),
        "[a:b != 1 OR a:b IN (1, 3, 4) OR a:b = 2 AND a:c = 1]"
    );
}

#[test]
fn what_explodes_is_not_decided() {
    let chain = |parts: [&str; 2], joint: &str| {
        let choice = |number| format!("{}a:b = {number} OR a:c = {number}{}", parts[0], parts[1]);
        (0..40).map(choice).collect::<Vec<_>>().join(joint)
    };
    let inside = format!("[{}]", chain(["(", ")"], " AND "));
    let and = chain(["[", "]"], " AND ");
    for text in [&inside, &and, &chain(["[", "]"], " FOLLOWEDBY ")] {
        assert_eq!(normal(&parse(text).unwrap()), Err(Undecided), "{text}");
        assert_eq!(same(text, "[a:b = 1]"), Err(Undecided), "{text}");
    }
    // Decided, but longer than a pattern may be.
    let long = |number| format!("[a:b = '{0}{number}' OR a:c = '{0}{number}']", "x".repeat(60));
    let long = parse(&(0..12).map(long).collect::<Vec<_>>().join(" FOLLOWEDBY ")).unwrap();
    assert_eq!((normal(&long), equal(&long, &long)), (Err(Undecided), Ok(true)));
    // Where only the order differs, it is decided all the same.
    let mut parts: Vec<&str> = and.split(" AND ").collect();
    parts.reverse();
    assert_eq!(same(&and, &parts.join(" AND ")), Ok(true));
}

#[test]
fn large_patterns_are_decided() {
    let values: Vec<String> = (0..20_000).map(|number| format!("'{number}'")).collect();
    let mut reversed = values.clone();
    reversed.reverse();
    let set = format!("[a:b IN ({})]", values.join(", "));
    let or = format!("[a:b = {}]", reversed.join("] OR [a:b = "));
    assert_eq!(same(&set, &or), Ok(true));
    assert_eq!(same(&set, "[a:b = 1]"), Ok(false));
    // It grows no longer than it came.
    assert!(written(&or).len() < or.len());
    let and = |values: &[String]| format!("[a:b = {}]", values.join("] AND [a:b = "));
    assert_eq!(same(&and(&values), &and(&reversed)), Ok(true));
}

/// Monotone formulas over five comparisons of one object.
fn formula() -> impl Strategy<Value = ComparisonExpr> {
    let test = (0..5_i64).prop_map(|number| {
        let ObservationExpr::Comparison(test) = parse(&format!("[a:b{number} = 1]")).unwrap().expression
        else {
            panic!()
        };
        test
    });
    test.prop_recursive(4, 16, 3, |inner| {
        let some = proptest::collection::vec(inner, 2..4);
        prop_oneof![
            some.clone().prop_map(ComparisonExpr::And),
            some.prop_map(ComparisonExpr::Or)
        ]
    })
}

/// Whether a formula holds where the comparisons in `world` do, a bit each.
fn holds(formula: &ComparisonExpr, world: u32) -> bool {
    match formula {
        ComparisonExpr::And(all) => all.iter().all(|one| holds(one, world)),
        ComparisonExpr::Or(all) => all.iter().any(|one| holds(one, world)),
        ComparisonExpr::Test(test) => {
            let Step::Property(name) = &test.path.steps[0] else {
                panic!()
            };
            let number: u32 = name[1..].parse().unwrap();
            world >> number & 1 == 1
        }
    }
}

const OBSERVED: usize = 4;

/// Ways of matching: which observations, as bits, the first and the last of them.
type Ways = std::collections::BTreeSet<(u32, usize, usize)>;

/// Every way in which an expression matches observations one after the other, each a world of `holds`.
fn ways(expression: &ObservationExpr, worlds: &[u32; OBSERVED]) -> Ways {
    let both = |left: &Ways, right: &Ways, ordered: bool| -> Ways {
        let pairs = left
            .iter()
            .flat_map(|one| right.iter().map(move |other| (one, other)));
        pairs
            .filter(|(one, other)| one.0 & other.0 == 0 && (!ordered || one.2 < other.1))
            .map(|(one, other)| (one.0 | other.0, one.1.min(other.1), one.2.max(other.2)))
            .collect()
    };
    let all = |parts: &[ObservationExpr], ordered: bool| {
        let parts = parts.iter().map(|part| ways(part, worlds));
        parts.reduce(|left, right| both(&left, &right, ordered)).unwrap()
    };
    match expression {
        ObservationExpr::Comparison(formula) => (0..OBSERVED)
            .filter(|at| holds(formula, worlds[*at]))
            .map(|at| (1 << at, at, at))
            .collect(),
        ObservationExpr::Or(parts) => parts.iter().flat_map(|part| ways(part, worlds)).collect(),
        ObservationExpr::And(parts) => all(parts, false),
        ObservationExpr::FollowedBy(parts) => all(parts, true),
        ObservationExpr::Qualified { inner, qualifier } => {
            let inner = ways(inner, worlds);
            match qualifier {
                Qualifier::Repeats(times) => {
                    (1..*times).fold(inner.clone(), |more, _| both(&more, &inner, false))
                }
                Qualifier::Within(seconds) => inner
                    .into_iter()
                    .filter(|way| ((way.2 - way.1) as f64) < *seconds)
                    .collect(),
                Qualifier::StartStop(..) => panic!("not generated"),
            }
        }
    }
}

fn observation() -> impl Strategy<Value = ObservationExpr> {
    let qualifier = prop_oneof![
        (1..3_u64).prop_map(Qualifier::Repeats),
        (1..4_u32).prop_map(|seconds| Qualifier::Within(seconds.into()))
    ];
    let leaf = formula().prop_map(ObservationExpr::Comparison);
    leaf.prop_recursive(3, 8, 3, move |inner| {
        let some = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            some.clone().prop_map(ObservationExpr::And),
            some.clone().prop_map(ObservationExpr::Or),
            some.prop_map(ObservationExpr::FollowedBy),
            (inner, qualifier.clone()).prop_map(|(inner, qualifier)| ObservationExpr::Qualified {
                inner: Box::new(inner),
                qualifier
            }),
        ]
    })
}

proptest! {
    #[test]
    fn formulas_are_equal_exactly_where_they_hold_in_the_same_worlds(left in formula(), right in formula()) {
        let same = (0..32).all(|world| holds(&left, world) == holds(&right, world));
        let pattern = |formula: &ComparisonExpr| Pattern {
            expression: ObservationExpr::Comparison(formula.clone()),
        };
        prop_assert_eq!(equal(&pattern(&left), &pattern(&right)), Ok(same));
        let Ok(Pattern { expression: ObservationExpr::Comparison(normal) }) = normal(&pattern(&left)) else {
            panic!()
        };
        prop_assert!((0..32).all(|world| holds(&left, world) == holds(&normal, world)));
    }

    #[test]
    fn the_normal_form_matches_what_the_pattern_matches(
        expression in observation(),
        worlds in proptest::collection::vec(proptest::array::uniform4(0..32_u32), 8),
    ) {
        let Ok(normal) = normal(&Pattern { expression: expression.clone() }) else { return Ok(()) };
        for worlds in &worlds {
            prop_assert_eq!(
                ways(&expression, worlds).is_empty(),
                ways(&normal.expression, worlds).is_empty(),
                "{} {} {:?}", expression, normal, worlds
            );
        }
    }

    #[test]
    fn the_normal_form_is_its_own_and_is_read_back(expression in any_observation()) {
        let pattern = Pattern { expression };
        if let Ok(once) = normal(&pattern) {
            let again = parse(&once.to_string()).unwrap();
            prop_assert_eq!(normal(&again), Ok(once.clone()));
            prop_assert_eq!(equal(&pattern, &again), Ok(true));
            prop_assert_eq!(equal(&again, &pattern), Ok(true));
        }
    }

    #[test]
    fn sameness_does_not_depend_on_who_comes_first(left in observation(), right in observation()) {
        let (left, right) = (Pattern { expression: left }, Pattern { expression: right });
        prop_assert_eq!(equal(&left, &right), equal(&right, &left));
    }
}
