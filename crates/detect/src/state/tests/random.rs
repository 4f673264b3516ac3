//! Random correlations over random events: against the naive evaluators, in other orders, with a break.

use super::naive::{Asked, Naive, Told};
use super::*;
use crate::pattern::join::{self, Bounds, Join, Outcome};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// `ENTENTE_CASES` multiplies how many are tried.
pub(super) fn cases(usual: u32) -> u32 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a longer campaign is asked for from outside"
    )]
    let factor = std::env::var("ENTENTE_CASES")
        .ok()
        .and_then(|text| text.parse::<u32>().ok());
    usual * factor.unwrap_or(1)
}

pub(super) fn events() -> impl Strategy<Value = Vec<Seen>> {
    let user = prop_oneof![3 => Just(Some("x")), 2 => Just(Some("y")), 1 => Just(None)];
    let number = prop_oneof![6 => (-2..6_i32).prop_map(|n| Some(format!("{}", f64::from(n) / 2.0))), 1 => Just(Some("?".to_owned())), 1 => Just(None)];
    let event = (0..40_i64, 1..8_u32, user, number);
    prop::collection::vec(event, 0..24).prop_map(|events| {
        let mut seen = Vec::new();
        for (place, (seconds, rules, user, number)) in (0..).zip(events) {
            let mut fields = Vec::new();
            fields.extend(user.map(|user| ("user", user.to_owned())));
            fields.extend(number.map(|number| ("n", number)));
            for rule in (0..3).filter(|rule| rules >> rule & 1 == 1) {
                seen.push(Seen {
                    rule,
                    seconds,
                    event: place,
                    fields: fields.clone(),
                });
            }
        }
        seen
    })
}

/// The bounds of a condition as text, as a test, and whether they are judged at the end.
pub(super) type Bound = (&'static str, fn(f64) -> bool, bool);

pub(super) const BOUNDS: [Bound; 7] = [
    ("gte: 3", |n| n >= 3.0, false),
    ("gt: 1", |n| n > 1.0, false),
    ("lt: 3", |n| n < 3.0, true),
    ("lte: 1", |n| n <= 1.0, true),
    ("eq: 2", |n| n == 2.0, true),
    ("neq: 2", |n| n != 2.0, true),
    ("gte: 2, lt: 4", |n| (2.0..4.0).contains(&n), true),
];

pub(super) const KINDS: [(&str, &str, Asked); 8] = [
    ("event_count", "", Asked::Count),
    ("value_count", "field: n, ", Asked::Distinct),
    ("value_sum", "field: n, ", Asked::Sum),
    ("value_avg", "field: n, ", Asked::Average),
    (
        "value_percentile",
        "field: n, percentile: 30, ",
        Asked::Percentile(30.0),
    ),
    ("value_median", "field: n, ", Asked::Percentile(50.0)),
    ("temporal", "", Asked::Temporal),
    ("temporal_ordered", "", Asked::Ordered),
];

fn told(matches: &[Match]) -> Vec<Told> {
    let mut told: Vec<Told> = matches
        .iter()
        .map(|found| {
            (
                found.time / SECOND,
                found.group[0].clone().unwrap(),
                found.measure,
            )
        })
        .collect();
    told.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    told
}

/// All kinds at once, one of them upon others, and a pattern.
fn everything(bound: usize) -> Arc<Plan> {
    static PLANS: LazyLock<Vec<Arc<Plan>>> = LazyLock::new(|| BOUNDS.iter().map(all_kinds).collect());
    Arc::clone(&PLANS[bound])
}

fn all_kinds(bound: &Bound) -> Arc<Plan> {
    let mut text = String::new();
    for (kind, field, asked) in KINDS {
        let condition = match asked {
            Asked::Ordered => "{gte: 2}".to_owned(),
            _ => format!("{{{field}{}}}", bound.0),
        };
        let document = correlation(kind, "user", "a, b, c", &condition);
        text += &format!("name: {kind}\n{document}---\n");
    }
    text += "title: above\ncorrelation:\n  type: event_count\n  rules: [event_count, temporal_ordered, b]\n  \
             group-by: [user]\n  timespan: 20s\n  condition: {gte: 3}\n";
    let (mut plan, refusals) = plan_of(&text);
    assert_eq!(refusals, []);
    let join = Join::InOrder(vec![Join::Leaf(0), Join::Repeats(Box::new(Join::Leaf(1)), 2)]);
    plan.add_pattern(&join, Scope::Asset).unwrap();
    Arc::new(plan)
}

fn push_both(machine: &mut Machine, event: &Seen) {
    push(machine, event);
    machine.push(&Hit {
        source: Source::Leaf {
            pattern: 0,
            leaf: event.rule,
        },
        time: event.seconds * SECOND,
        event: [event.event; 16],
        asset: event.fields.first().map(|(_, value)| value.as_str()),
        values: &[],
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(250), ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_all_windows_tried(events in events(), bound in 0..7_usize, kind in 0..8_usize) {
        let (kind, field, asked) = KINDS[kind];
        let (text, holds, mut closes) = BOUNDS[bound];
        let mut condition = format!("{{{field}{text}}}");
        if asked == Asked::Ordered {
            condition = "{gte: 3}".to_owned();
            closes = false;
        }
        if asked == Asked::Temporal {
            // Of three rules more can only be seen: `gte: 2, lt: 4` is known at once.
            closes = closes && bound != 6;
        }
        let plan = plan(&correlation(kind, "user", "a, b, c", &condition));
        let found = run(&plan, &events).take_matches();
        let naive = Naive { asked, holds: &holds, closes };
        prop_assert_eq!(told(&found), naive.run(&events));
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(
        events in events(),
        delays in prop::collection::vec(0..6_i64, 72),
        bound in 0..7_usize,
        twice in any::<bool>(),
    ) {
        let plan = everything(bound);
        let mut in_batch = Machine::new(Arc::clone(&plan), batch());
        events.iter().for_each(|event| push_both(&mut in_batch, event));
        in_batch.finish();
        // Each event arrives up to 5 seconds late, which is what is waited for.
        let mut arrivals: Vec<(i64, &Seen)> =
            events.iter().zip(&delays).map(|(event, delay)| (event.seconds + delay, event)).collect();
        arrivals.sort_by_key(|arrival| arrival.0);
        let mut in_stream = stream(&plan, Late::Leave);
        for (_, event) in arrivals {
            push_both(&mut in_stream, event);
            if twice {
                push_both(&mut in_stream, event);
            }
        }
        in_stream.finish();
        prop_assert_eq!(in_stream.counters().late, 0);
        prop_assert_eq!(in_stream.take_matches(), in_batch.take_matches());
    }

    #[test]
    fn a_break_does_not_matter(
        events in events(),
        at in 0..72_usize,
        bound in 0..7_usize,
        groups_max in 2..40_usize,
    ) {
        let plan = everything(bound);
        let settings = Settings { lateness: Some(5 * SECOND), groups_max, ..Settings::default() };
        let mut whole = Machine::new(Arc::clone(&plan), settings.clone());
        let mut broken = Machine::new(Arc::clone(&plan), settings.clone());
        let mut found = Vec::new();
        for (place, event) in events.iter().enumerate() {
            if place == at {
                found.extend(broken.take_matches());
                let bytes = broken.snapshot();
                broken = Machine::restore(Arc::clone(&plan), settings.clone(), &bytes).unwrap();
                prop_assert_eq!(broken.snapshot(), bytes);
            }
            push_both(&mut whole, event);
            push_both(&mut broken, event);
        }
        whole.finish();
        broken.finish();
        found.extend(broken.take_matches());
        prop_assert_eq!(whole.take_matches(), found);
        prop_assert_eq!(whole.counters(), broken.counters());
    }

    #[test]
    fn any_bytes_are_restored_or_refused(
        events in events(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        bound in 0..7_usize,
    ) {
        let plan = everything(bound);
        let mut machine = stream(&plan, Late::Take);
        events.iter().for_each(|event| push_both(&mut machine, event));
        let mut bytes = machine.snapshot();
        bytes.truncate(bytes.len() - 32);
        for (place, byte) in changes {
            let place = 44 + place.index(bytes.len() - 44);
            bytes[place] = byte;
        }
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        if let Ok(mut machine) = Machine::restore(plan, batch(), &bytes) {
            events.iter().for_each(|event| push_both(&mut machine, event));
            machine.finish();
        }
    }

    #[test]
    fn patterns_match_when_all_hits_so_far_do(events in events()) {
        let pattern = Join::Within(
            Box::new(Join::All(vec![
                Join::InOrder(vec![Join::Leaf(0), Join::Leaf(1)]),
                Join::Repeats(Box::new(Join::Leaf(2)), 2),
            ])),
            15 * SECOND,
        );
        let mut plan = Plan::default();
        plan.add_pattern(&pattern, Scope::Global).unwrap();
        let mut machine = Machine::new(Arc::new(plan), batch());
        events.iter().for_each(|event| push_both(&mut machine, event));
        machine.finish();
        let found: Vec<i64> = machine.take_matches().iter().map(|found| found.time).collect();
        let mut expected = Vec::new();
        let mut sorted = events.clone();
        sorted.sort_by_key(|event| (event.seconds, event.event, event.rule));
        let mut hits: Vec<join::Hit> = Vec::new();
        for event in sorted {
            let time = event.seconds * SECOND;
            hits.push(join::Hit {
                scope: 0,
                observation: u32::from(event.event),
                leaf: event.rule,
                first: time,
                last: time,
            });
            if matches!(join::find(&pattern, &hits, Bounds::default()), Outcome::Match(_)) {
                expected.push(time);
                hits.clear();
            }
        }
        prop_assert_eq!(found, expected);
    }
}
