//! Patterns over a stream.

use super::*;
use crate::pattern::join::Join;

fn within(inner: Join, seconds: i64) -> Join {
    Join::Within(Box::new(inner), seconds * SECOND)
}

fn both() -> Join {
    Join::InOrder(vec![Join::Leaf(0), Join::Leaf(1)])
}

/// Leaf, seconds, event and asset.
type Leaf<'a> = (u32, i64, u8, Option<&'a str>);

fn machine(join: &Join, scope: Scope, settings: Settings) -> Machine {
    let mut plan = Plan::default();
    assert_eq!(plan.add_pattern(join, scope), Ok(0));
    Machine::new(Arc::new(plan), settings)
}

fn push_leaf(machine: &mut Machine, (leaf, seconds, event, asset): Leaf<'_>) {
    machine.push(&Hit {
        source: Source::Leaf { pattern: 0, leaf },
        time: seconds * SECOND,
        event: [event; 16],
        asset,
        values: &[],
    });
}

fn found(join: &Join, scope: Scope, leaves: &[Leaf<'_>]) -> Vec<Match> {
    let mut machine = machine(join, scope, batch());
    leaves.iter().for_each(|leaf| push_leaf(&mut machine, *leaf));
    machine.finish();
    machine.take_matches()
}

#[test]
fn patterns_are_joined_within_an_asset_unless_told() {
    let apart = [(0, 0, 0, Some("h")), (1, 1, 1, Some("g"))];
    assert_eq!(found(&both(), Scope::Asset, &apart), []);
    assert_eq!(found(&both(), Scope::Global, &apart).len(), 1);
    let nowhere = [(0, 0, 0, None), (1, 1, 1, None)];
    assert_eq!(found(&both(), Scope::Asset, &nowhere).len(), 1);
    let matches = found(
        &both(),
        Scope::Asset,
        &[(0, 0, 0, Some("h")), (1, 1, 1, Some("h"))],
    );
    assert_eq!(matches[0].group, [Some("h".to_owned())]);
    let leaf = |leaf| Part::Source(Source::Leaf { pattern: 0, leaf });
    let parts: Vec<Part> = matches[0].evidence.iter().map(|one| one.part).collect();
    assert_eq!(parts, [leaf(0), leaf(1)]);
}

#[test]
fn one_observation_is_not_two() {
    let all = Join::All(vec![Join::Leaf(0), Join::Leaf(1)]);
    assert_eq!(found(&all, Scope::Asset, &[(0, 0, 0, None), (1, 0, 0, None)]), []);
    assert_eq!(
        found(&all, Scope::Asset, &[(0, 0, 0, None), (1, 0, 1, None)]).len(),
        1
    );
}

#[test]
fn a_pattern_without_within_looks_back_so_far_and_says_so() {
    let day = 86_400;
    let days = |gap: i64| [(0, 0, 0, None), (0, day, 1, None), (1, day * gap, 2, None)];
    let within_week = found(&both(), Scope::Asset, &days(6));
    assert_eq!((within_week.len(), within_week[0].incomplete), (1, false));
    let over_a_week = found(
        &both(),
        Scope::Asset,
        &days(8).map(|leaf| if leaf.2 == 1 { (0, 2 * day, 1, None) } else { leaf }),
    );
    assert_eq!((over_a_week.len(), over_a_week[0].incomplete), (1, true));
    assert_eq!(found(&both(), Scope::Asset, &days(9)), []);
}

#[test]
fn a_pattern_with_a_stop_looks_back_to_its_start() {
    let day = 86_400 * SECOND;
    let month = Join::Between(Box::new(both()), 0, 30 * day);
    let at = |first: i64, second: i64| [(0, first * 86_400, 0, None), (1, second * 86_400, 1, None)];
    assert_eq!(found(&month, Scope::Asset, &at(1, 29)).len(), 1);
    assert_eq!(found(&month, Scope::Asset, &at(1, 30)), []);
}

#[test]
fn repetitions_are_kept_as_many_as_are_asked_for() {
    let many = within(Join::Repeats(Box::new(Join::Leaf(0)), 1000), 5000);
    let mut machine = machine(&many, Scope::Asset, batch());
    for place in 0..2000_u32 {
        let mut event = [0; 16];
        event[..4].copy_from_slice(&place.to_be_bytes());
        machine.push(&Hit {
            source: Source::Leaf { pattern: 0, leaf: 0 },
            time: i64::from(place) * SECOND,
            event,
            asset: None,
            values: &[],
        });
    }
    machine.finish();
    let found = machine.take_matches();
    assert_eq!(found.len(), 2);
    assert!(
        found
            .iter()
            .all(|found| found.evidence.len() == 1000 && !found.incomplete)
    );
}

#[test]
fn a_leaf_that_hits_too_often_marks_what_comes_behind() {
    let settings = Settings {
        leaf_hits_max: 2,
        ..batch()
    };
    let mut machine = machine(&both(), Scope::Asset, settings);
    for event in 0..3 {
        push_leaf(&mut machine, (0, i64::from(event), event, None));
    }
    push_leaf(&mut machine, (1, 9, 9, None));
    machine.finish();
    assert_eq!(machine.counters().capped, 1);
    assert!(machine.take_matches()[0].incomplete);
}

#[test]
fn a_pattern_that_is_too_much_work_is_named() {
    let mut machine = machine(&knot(), Scope::Asset, batch());
    push_in_turn(&mut machine, 5000);
    machine.finish();
    assert_eq!(machine.take_matches(), []);
    let named: Vec<Of> = machine.unjoined().map(|(of, _)| of).collect();
    assert_eq!(named, [Of::Pattern(0)]);
}

/// Satisfied only where three events are at one time, and before them is another.
fn knot() -> Join {
    let near = Join::InOrder(vec![Join::Leaf(1), Join::Leaf(0), Join::Leaf(1)]);
    Join::InOrder(vec![Join::Leaf(0), Join::Within(Box::new(near), 1)])
}

/// Gives leaves in turn, a hundred a second.
fn push_in_turn(machine: &mut Machine, count: u32) {
    for place in 0..count {
        let mut event = [0; 16];
        event[..4].copy_from_slice(&place.to_be_bytes());
        machine.push(&Hit {
            source: Source::Leaf {
                pattern: 0,
                leaf: place % 2,
            },
            time: i64::from(place) * SECOND / 100,
            event,
            asset: None,
            values: &[],
        });
    }
}

#[test]
fn a_pattern_that_spent_its_work_rests_and_goes_on() {
    let knot = knot();
    let settings = Settings {
        lateness: Some(SECOND),
        ..Settings::default()
    };
    let mut in_stream = machine(&knot, Scope::Asset, settings);
    let mut in_batch = machine(&knot, Scope::Asset, batch());
    let wants = |machine: &Machine, seconds: i64| {
        machine.wants(Source::Leaf { pattern: 0, leaf: 0 }, seconds * SECOND)
    };
    assert!(wants(&in_stream, 0));
    for machine in [&mut in_stream, &mut in_batch] {
        push_in_turn(machine, 20_000);
    }
    in_batch.advance(200 * SECOND);
    // What rests wants nothing until it has rested.
    assert!(!wants(&in_stream, 200) && !wants(&in_batch, 200));
    assert!(wants(&in_stream, 2000) && wants(&in_batch, 2000));
    assert!(in_stream.waiting.len() < 200, "{}", in_stream.waiting.len());
    for machine in [&mut in_stream, &mut in_batch] {
        for (event, leaf) in [0, 1, 0, 1].into_iter().enumerate() {
            push_leaf(machine, (leaf, 2000, event as u8, None));
        }
        machine.finish();
    }
    assert_eq!(in_stream.take_matches(), in_batch.take_matches());
    assert_eq!(in_stream.counters(), in_batch.counters());
    assert!(in_stream.counters().unjoined > 10_000);
}

#[test]
fn a_pattern_of_too_many_leaves_is_refused() {
    let leaves = (0..=5000).map(Join::Leaf).collect();
    let mut plan = Plan::default();
    assert!(plan.add_pattern(&Join::All(leaves), Scope::Asset).is_err());
    assert_eq!(plan.add_pattern(&both(), Scope::Asset), Ok(1));
}
