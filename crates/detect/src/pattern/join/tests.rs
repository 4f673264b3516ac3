use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn leaf(number: u32) -> Join {
    Join::Leaf(number)
}

fn repeats(inner: Join, times: u64) -> Join {
    Join::Repeats(Box::new(inner), times)
}

fn within(inner: Join, width: i64) -> Join {
    Join::Within(Box::new(inner), width)
}

fn between(inner: Join, start: i64, stop: i64) -> Join {
    Join::Between(Box::new(inner), start, stop)
}

/// Observations as leaves, first and last time; the number is the place.
fn hits(observations: &[(&[u32], i64, i64)]) -> Vec<Hit> {
    let of = |(number, (leaves, first, last)): (usize, &(&[u32], i64, i64))| {
        let (first, last) = (*first, *last);
        leaves
            .iter()
            .map(move |leaf| Hit {
                scope: 0,
                observation: number as u32,
                leaf: *leaf,
                first,
                last,
            })
            .collect::<Vec<Hit>>()
    };
    observations.iter().enumerate().flat_map(of).collect()
}

fn is_match(join: &Join, hits: &[Hit]) -> bool {
    match find(join, hits, Bounds::default()) {
        Outcome::Match(binding) => {
            assert!(
                holds(join, hits, &binding),
                "{binding:?} does not satisfy {join:?}"
            );
            true
        }
        Outcome::NoMatch => false,
        Outcome::Incomplete => panic!("incomplete: {join:?} over {} hits", hits.len()),
    }
}

/// A binding as the text knows it: observations and the time at which each was observed.
type Points = BTreeSet<(u32, i64)>;

/// Every binding, written straight from STIX 2.1 §9.5, one observation at each moment of its times.
fn every(join: &Join, hits: &[Hit]) -> BTreeSet<Points> {
    match join {
        Join::Leaf(leaf) => hits
            .iter()
            .filter(|hit| hit.leaf == *leaf)
            .flat_map(|hit| (hit.first..=hit.last).map(|time| Points::from([(hit.observation, time)])))
            .collect(),
        Join::All(all) => product(all.iter().map(|one| every(one, hits)), |_, _| true),
        Join::InOrder(row) => product(row.iter().map(|one| every(one, hits)), |before, after| {
            before.iter().all(|a| after.iter().all(|b| a.1 <= b.1))
        }),
        Join::Any(any) => any.iter().flat_map(|one| every(one, hits)).collect(),
        Join::Repeats(inner, times) => {
            let one = every(inner, hits);
            product((0..*times).map(|_| one.clone()), |_, _| true)
        }
        Join::Within(inner, width) => filtered(every(inner, hits), |points| {
            let times: Vec<i64> = points.iter().map(|point| point.1).collect();
            times.iter().max().unwrap() - times.iter().min().unwrap() < *width
        }),
        Join::Between(inner, start, stop) => filtered(every(inner, hits), |points| {
            points.iter().all(|point| *start <= point.1 && point.1 < *stop)
        }),
    }
}

fn filtered(all: BTreeSet<Points>, keep: impl Fn(&Points) -> bool) -> BTreeSet<Points> {
    all.into_iter().filter(keep).collect()
}

/// One of each, over different observations.
fn product(
    all: impl Iterator<Item = BTreeSet<Points>>,
    agree: fn(&Points, &Points) -> bool,
) -> BTreeSet<Points> {
    let mut joined = BTreeSet::from([Points::new()]);
    for next in all {
        let mut longer = BTreeSet::new();
        for before in &joined {
            for after in &next {
                let is_apart = after.iter().all(|a| before.iter().all(|b| a.0 != b.0));
                if is_apart && agree(before, after) {
                    longer.insert(before.union(after).copied().collect());
                }
            }
        }
        joined = longer;
    }
    joined
}

/// Whether the hits of a binding alone satisfy the expression, by the same evaluator run on them; small ones also by
/// the naive one.
fn holds(join: &Join, hits: &[Hit], binding: &[Bound]) -> bool {
    let is_in = |hit: &&Hit| {
        binding.contains(&Bound {
            leaf: hit.leaf,
            observation: hit.observation,
        })
    };
    let kept: Vec<Hit> = hits.iter().filter(is_in).copied().collect();
    let observations: BTreeSet<u32> = binding.iter().map(|bound| bound.observation).collect();
    observations.len() == binding.len()
        && kept.len() == binding.len()
        && (binding.len() > 5
            || kept.iter().any(|hit| hit.last - hit.first > 10)
            || !every(join, &kept).is_empty())
}

fn joins() -> impl Strategy<Value = Join> {
    let one = prop_oneof![
        (0..3_u32).prop_map(leaf),
        (0..3_u32, 1..4_u64).prop_map(|(l, n)| repeats(leaf(l), n))
    ];
    one.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(Join::All),
            1 => prop::collection::vec(inner.clone(), 2..4).prop_map(Join::Any),
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(Join::InOrder),
            2 => (inner.clone(), 2..3_u64).prop_map(|(inner, times)| repeats(inner, times)),
            2 => (inner.clone(), 1..4_i64).prop_map(|(inner, width)| within(inner, width)),
            1 => (inner, 0..3_i64, 1..4_i64).prop_map(|(inner, start, more)| between(inner, start, start + more)),
        ]
    })
    .prop_filter("few enough for the naive one", |join| weight(join) <= 6)
}

/// How many observations a binding has at most.
fn weight(join: &Join) -> u64 {
    match join {
        Join::Leaf(_) => 1,
        Join::All(all) | Join::InOrder(all) => all.iter().map(weight).sum(),
        Join::Any(any) => any.iter().map(weight).max().unwrap_or(0),
        Join::Repeats(inner, times) => weight(inner) * times,
        Join::Within(inner, _) | Join::Between(inner, ..) => weight(inner),
    }
}

fn small_hits() -> impl Strategy<Value = Vec<Hit>> {
    let one = (1..8_u32, 0..5_i64, 0..6_i64);
    prop::collection::vec(one, 0..6).prop_map(|observations| {
        let mut out = Vec::new();
        for (number, (leaves, first, more)) in observations.into_iter().enumerate() {
            // Most observations are of one moment.
            let last = first + (more - 3).max(0);
            for leaf in (0..3).filter(|leaf| leaves >> leaf & 1 == 1) {
                out.push(Hit {
                    scope: 0,
                    observation: number as u32,
                    leaf,
                    first,
                    last,
                });
            }
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(1500), ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_every_binding_tried(join in joins(), hits in small_hits()) {
        prop_assert_eq!(is_match(&join, &hits), !every(&join, &hits).is_empty());
    }

    #[test]
    fn few_steps_give_no_wrong_answer(join in joins(), hits in small_hits(), steps_max in 0..40_u64, hits_max in 0..60_u64) {
        let expected = !every(&join, &hits).is_empty();
        match find(&join, &hits, Bounds { hits_max, steps_max }) {
            Outcome::Match(_) => prop_assert!(expected),
            Outcome::NoMatch => prop_assert!(!expected),
            Outcome::Incomplete => {}
        }
    }
}

/// `ENTENTE_CASES` multiplies how many are tried.
fn cases(usual: u32) -> u32 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a longer campaign is asked for from outside"
    )]
    let factor = std::env::var("ENTENTE_CASES")
        .ok()
        .and_then(|text| text.parse::<u32>().ok());
    usual * factor.unwrap_or(1)
}

#[test]
fn within_excludes_its_upper_bound() {
    let both = hits(&[(&[0], 0, 0), (&[1], 300, 300)]);
    assert!(!is_match(&within(Join::All(vec![leaf(0), leaf(1)]), 300), &both));
    assert!(is_match(&within(Join::All(vec![leaf(0), leaf(1)]), 301), &both));
}

#[test]
fn each_leaf_takes_an_observation_of_its_own() {
    let one = hits(&[(&[0, 1], 0, 0)]);
    assert!(!is_match(&Join::All(vec![leaf(0), leaf(1)]), &one));
    assert!(is_match(&Join::Any(vec![leaf(0), leaf(1)]), &one));
    let two = hits(&[(&[0, 1], 0, 0), (&[0], 9, 9)]);
    assert!(is_match(&Join::All(vec![leaf(0), leaf(1)]), &two));
    assert!(!is_match(&Join::InOrder(vec![leaf(0), leaf(1)]), &two));
}

#[test]
fn order_admits_equal_times() {
    let together = hits(&[(&[1], 5, 5), (&[0], 5, 5)]);
    assert!(is_match(&Join::InOrder(vec![leaf(0), leaf(1)]), &together));
}

#[test]
fn repeated_groups_take_different_observations() {
    let pair = Join::InOrder(vec![leaf(0), leaf(1)]);
    let three = hits(&[(&[0], 0, 0), (&[1], 1, 1), (&[1], 2, 2)]);
    assert!(!is_match(&repeats(pair.clone(), 2), &three));
    let four = hits(&[(&[0], 0, 0), (&[1], 1, 1), (&[0], 2, 2), (&[1], 3, 3)]);
    assert!(is_match(&repeats(pair, 2), &four));
}

#[test]
fn start_and_stop_bound_the_moment_that_is_chosen() {
    // Within its times the first can only be observed at 8, which is not before 5.
    let two = hits(&[(&[0], 0, 10), (&[1], 5, 5)]);
    assert!(is_match(&Join::InOrder(vec![leaf(0), leaf(1)]), &two));
    let late = Join::InOrder(vec![between(leaf(0), 8, 9), leaf(1)]);
    assert!(!is_match(&late, &two));
}

#[test]
fn scopes_join_only_inside_themselves() {
    let mut both = hits(&[(&[0], 0, 0), (&[1], 1, 1)]);
    both[1].scope = 7;
    let join = Join::All(vec![leaf(0), leaf(1)]);
    assert!(is_match(&join, &both));
    assert_eq!(find_in_scopes(&join, &both, Bounds::default()), Outcome::NoMatch);
    both[0].scope = 7;
    assert!(matches!(
        find_in_scopes(&join, &both, Bounds::default()),
        Outcome::Match(_)
    ));
}

#[test]
fn times_at_the_ends_of_the_calendar_do_not_overflow() {
    let ends = hits(&[(&[0], i64::MIN, i64::MIN), (&[1], i64::MAX, i64::MAX)]);
    let both = Join::All(vec![leaf(0), leaf(1)]);
    assert!(is_match(&both, &ends));
    assert!(!is_match(&within(both, i64::MAX), &ends));
    assert!(!is_match(&repeats(leaf(0), u64::MAX), &ends));
}

/// Every `step` microseconds an observation of these leaves in turn.
fn stream(count: u32, step: i64, leaves: &[&[u32]]) -> Vec<Hit> {
    let observations: Vec<(&[u32], i64, i64)> = (0..count as usize)
        .map(|place| {
            (
                leaves[place % leaves.len()],
                place as i64 * step,
                place as i64 * step,
            )
        })
        .collect();
    hits(&observations)
}

#[test]
fn large_groups_are_decided() {
    // The reference matcher takes an hour for 300 observations of this kind.
    let everywhere = stream(300, 10, &[&[0, 1, 2, 3, 4]]);
    let five = Join::All((0..5).map(leaf).collect());
    assert!(is_match(&within(five.clone(), 41), &everywhere));
    assert!(!is_match(&within(five, 40), &everywhere));
    let twenty = Join::All((0..20).map(leaf).collect());
    let all_leaves: Vec<u32> = (0..20).collect();
    assert!(!is_match(&twenty, &stream(19, 10, &[&all_leaves])));
    assert!(is_match(&twenty, &stream(20, 10, &[&all_leaves])));
}

#[test]
fn long_repetitions_are_decided() {
    let often = stream(20_000, 1, &[&[0]]);
    assert!(is_match(&within(repeats(leaf(0), 1000), 1000), &often));
    assert!(!is_match(&within(repeats(leaf(0), 1000), 999), &often));
    let pair = Join::InOrder(vec![leaf(0), leaf(1)]);
    assert!(is_match(&repeats(pair.clone(), 10), &stream(20, 1, &[&[0, 1]])));
    assert!(!is_match(&repeats(pair.clone(), 11), &stream(20, 1, &[&[0, 1]])));
    // All the second halves come before the first ones, but for one.
    let mut reversed = stream(40, 1, &[&[1]]);
    reversed.iter_mut().skip(19).for_each(|hit| hit.leaf = 0);
    reversed[39].leaf = 1;
    assert!(is_match(&pair, &reversed));
    assert!(!is_match(&repeats(pair, 2), &reversed));
}

#[test]
fn long_chains_are_decided() {
    let chain = Join::InOrder((0..50).map(|place| leaf(place % 2)).collect());
    assert!(is_match(&chain, &stream(50, 1, &[&[0], &[1]])));
    assert!(!is_match(&chain, &stream(49, 1, &[&[0], &[1]])));
    assert!(is_match(
        &within(chain.clone(), 50),
        &stream(5_000, 1, &[&[0], &[1]])
    ));
    assert!(!is_match(&within(chain, 49), &stream(5_000, 1, &[&[0], &[1]])));
}

#[test]
fn what_cannot_be_decided_says_so() {
    let pair = within(Join::InOrder(vec![leaf(0), leaf(1), leaf(0)]), 40);
    let knot = Join::All(vec![
        repeats(pair.clone(), 7),
        repeats(leaf(1), 9),
        within(repeats(pair, 5), 50),
    ]);
    let dense = stream(60, 3, &[&[0, 1], &[0], &[1]]);
    let bounds = Bounds {
        steps_max: 1000,
        ..Bounds::default()
    };
    assert_eq!(find(&knot, &dense, bounds), Outcome::Incomplete);
}
