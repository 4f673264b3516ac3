use super::*;
use entente_sigma::Collection;
use std::sync::Arc;

mod naive;
mod passage;
mod patterns;
mod random;

const SECOND: i64 = 1_000_000;

/// Rules `a`, `b` and `c`, then these documents.
fn plan_of(correlations: &str) -> (Plan, Vec<Refusal>) {
    let rule = |name: &str| {
        format!(
            "title: {name}\nname: {name}\nlogsource: {{category: t}}\ndetection: {{s: {{x: 1}}, condition: s}}\n---\n"
        )
    };
    let text = format!("{}{}{}{correlations}", rule("a"), rule("b"), rule("c"));
    let mut collection = Collection::read(&text);
    collection.link();
    assert_eq!(collection.refusals, [], "{correlations}");
    assert_eq!(collection.rules.len(), 3);
    Plan::of_sigma(&collection)
}

fn plan(correlations: &str) -> Arc<Plan> {
    let (plan, refusals) = plan_of(correlations);
    assert_eq!(refusals, [], "{correlations}");
    Arc::new(plan)
}

/// One correlation over all three rules, 10 seconds.
fn correlation(kind: &str, group_by: &str, rules: &str, condition: &str) -> String {
    format!(
        "title: t\ncorrelation:\n  type: {kind}\n  rules: [{rules}]\n  group-by: [{group_by}]\n  timespan: 10s\n  condition: {condition}\n"
    )
}

/// An event in a test: what it hits, when, who it is, and its fields.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    rule: u32,
    seconds: i64,
    event: u8,
    fields: Vec<(&'static str, String)>,
}

fn seen(rule: u32, seconds: i64, event: u8, fields: &[(&'static str, &str)]) -> Seen {
    let fields = fields
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    Seen {
        rule,
        seconds,
        event,
        fields,
    }
}

/// Seconds at which events of rule `a` come, each another event.
fn row(seconds: &[i64]) -> Vec<Seen> {
    let each = (0..).zip(seconds);
    each.map(|(event, seconds)| seen(0, *seconds, event, &[]))
        .collect()
}

fn push(machine: &mut Machine, seen: &Seen) {
    let plan = Arc::clone(&machine.plan);
    let field = |name: &String| {
        let field = seen.fields.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_str())
    };
    let values: Vec<Option<&str>> = plan.fields(seen.rule).iter().map(field).collect();
    machine.push(&Hit {
        source: Source::Rule(seen.rule),
        time: seen.seconds * SECOND,
        event: [seen.event; 16],
        asset: None,
        values: &values,
    });
}

fn batch() -> Settings {
    Settings {
        lateness: None,
        ..Settings::default()
    }
}

fn run(plan: &Arc<Plan>, events: &[Seen]) -> Machine {
    let mut machine = Machine::new(Arc::clone(plan), batch());
    events.iter().for_each(|event| push(&mut machine, event));
    machine.finish();
    machine
}

/// The seconds of the matches and what they measure.
fn check(correlation: &str, events: &[Seen], expected: &[(i64, Option<f64>)]) {
    let found = run(&plan(correlation), events).take_matches();
    let found: Vec<(i64, Option<f64>)> = found
        .iter()
        .map(|found| (found.time / SECOND, found.measure))
        .collect();
    assert_eq!(found, expected, "{correlation}");
}

#[test]
fn a_count_fires_when_it_is_reached_and_starts_anew() {
    let three = correlation("event_count", "", "a", "{gte: 3}");
    check(
        &three,
        &row(&[0, 1, 2, 3, 4, 5]),
        &[(2, Some(3.0)), (5, Some(3.0))],
    );
    check(&three, &row(&[0, 5, 10, 14]), &[(14, Some(3.0))]);
    check(
        &correlation("event_count", "", "a", "{gt: 2}"),
        &row(&[0, 9, 9]),
        &[(9, Some(3.0))],
    );
}

#[test]
fn what_is_one_timespan_ago_is_out_of_the_window() {
    let two = correlation("event_count", "", "a", "{gte: 2}");
    check(&two, &row(&[0, 10]), &[]);
    check(&two, &row(&[1, 10]), &[(10, Some(2.0))]);
}

#[test]
fn upper_bounds_are_judged_at_the_end_of_the_window() {
    let few = correlation("event_count", "", "a", "{lt: 3}");
    check(&few, &row(&[0, 9, 10, 11, 12]), &[(10, Some(2.0))]);
    let range = correlation("event_count", "", "a", "{gt: 1, lte: 2}");
    check(&range, &row(&[0, 9, 20, 21, 22]), &[(10, Some(2.0))]);
    check(
        &correlation("event_count", "", "a", "{neq: 2}"),
        &row(&[0, 9, 20]),
        &[(30, Some(1.0))],
    );
    check(
        &correlation("event_count", "", "a", "{eq: 2}"),
        &row(&[0, 9, 20]),
        &[(10, Some(2.0))],
    );
}

#[test]
fn values_are_counted_and_measured() {
    let events: Vec<Seen> = (0..)
        .zip(["1", "2", "2", "4.5", "x"])
        .map(|(place, value)| seen(0, i64::from(place), place, &[("n", value)]))
        .collect();
    let on = |kind: &str, condition: &str| correlation(kind, "", "a", condition);
    check(
        &on("value_count", "{field: n, gte: 3}"),
        &events,
        &[(3, Some(3.0))],
    );
    check(&on("value_sum", "{field: n, gte: 9}"), &events, &[(3, Some(9.5))]);
    check(
        &on("value_avg", "{field: n, gt: 2}"),
        &events,
        &[(3, Some(2.375))],
    );
    check(
        &on("value_median", "{field: n, gte: 2}"),
        &events,
        &[(2, Some(2.0)), (3, Some(4.5))],
    );
    let third = "{field: n, percentile: 75, gte: 2}";
    check(
        &on("value_percentile", third),
        &events,
        &[(2, Some(2.0)), (3, Some(4.5))],
    );
    check(
        &on("value_avg", "{field: n, lt: 3}"),
        &events,
        &[(10, Some(2.375))],
    );
    let mut machine = run(&plan(&on("value_sum", "{field: n, gte: 99}")), &events);
    assert_eq!(machine.counters().unmeasured, 1);
    assert_eq!(machine.take_matches(), []);
}

#[test]
fn several_fields_are_one_value() {
    let pairs = [("1", "2"), ("12", ""), ("1", "2"), ("2", "1")];
    let events: Vec<Seen> = (0..)
        .zip(pairs)
        .map(|(place, (x, y))| seen(0, i64::from(place), place, &[("x", x), ("y", y)]))
        .collect();
    let both = correlation("value_count", "", "a", "{field: [x, y], gte: 3}");
    check(&both, &events, &[(3, Some(3.0))]);
}

#[test]
fn temporal_takes_any_order_and_temporal_ordered_its_own() {
    let both = |kind: &str| correlation(kind, "", "a, b", "{gte: 2}");
    let backwards = [seen(1, 0, 0, &[]), seen(0, 1, 1, &[])];
    check(&both("temporal"), &backwards, &[(1, Some(2.0))]);
    check(&both("temporal_ordered"), &backwards, &[]);
    let ordered = [seen(0, 0, 0, &[]), seen(1, 9, 1, &[])];
    check(&both("temporal_ordered"), &ordered, &[(9, None)]);
    let apart = [seen(0, 0, 0, &[]), seen(1, 10, 1, &[])];
    check(&both("temporal_ordered"), &apart, &[]);
    // Two events of one second may be in either order; one event is not in an order with itself.
    let at_once = [seen(0, 0, 9, &[]), seen(1, 0, 1, &[])];
    check(&both("temporal_ordered"), &at_once, &[(0, None)]);
    let one_event = [seen(0, 0, 1, &[]), seen(1, 0, 1, &[])];
    check(&both("temporal_ordered"), &one_event, &[]);
    check(&both("temporal"), &one_event, &[(0, Some(2.0))]);
}

#[test]
fn conditions_over_rules_are_met() {
    let events = [seen(0, 0, 0, &[]), seen(2, 1, 1, &[])];
    let of = |kind: &str, condition: &str| correlation(kind, "", "a, b, c", condition);
    check(&of("temporal_extended", "a and (b or c)"), &events, &[(1, None)]);
    check(&of("temporal_ordered_extended", "(b or c) and a"), &events, &[]);
    check(
        &of("temporal_ordered_extended", "a and (b or c)"),
        &events,
        &[(1, None)],
    );
    // What is not seen is known at the end.
    check(
        &of("temporal_extended", "a and c and not b"),
        &events,
        &[(10, None)],
    );
    let (_, refusals) = plan_of(&of("temporal_ordered_extended", "a and c and not b"));
    assert!(refusals[0].reason.contains("no place in an order"));
}

#[test]
fn some_rules_in_order_are_enough_when_fewer_are_asked_for() {
    let two = correlation("temporal_ordered", "", "a, b, c", "{gte: 2}");
    check(
        &two,
        &[seen(2, 0, 0, &[]), seen(0, 1, 1, &[]), seen(2, 2, 2, &[])],
        &[(2, None)],
    );
    let (_, refusals) = plan_of(&correlation("temporal_ordered", "", "a, b, c", "{lt: 2}"));
    assert!(refusals[0].reason.contains("upper bound"), "{refusals:?}");
}

#[test]
fn groups_are_apart_and_an_event_without_the_field_counts_nowhere() {
    let two = plan(&correlation("event_count", "user", "a", "{gte: 2}"));
    let events = [
        seen(0, 0, 0, &[("user", "x")]),
        seen(0, 1, 1, &[("user", "y")]),
        seen(0, 2, 2, &[]),
        seen(0, 3, 3, &[("user", "x")]),
    ];
    let mut machine = run(&two, &events);
    assert_eq!(machine.counters().ungrouped, 1);
    let matches = machine.take_matches();
    assert_eq!(matches.len(), 1);
    assert_eq!(matches[0].group, [Some("x".to_owned())]);
    let evidence: Vec<(i64, u8)> = matches[0]
        .evidence
        .iter()
        .map(|one| (one.time / SECOND, one.event[0]))
        .collect();
    assert_eq!(evidence, [(0, 0), (3, 3)]);
    assert_eq!(matches[0].evidence[0].part, Part::Source(Source::Rule(0)));
}

#[test]
fn aliases_name_the_fields_of_each_rule() {
    let text = "title: t\ncorrelation:\n  type: temporal\n  rules: [a, b]\n  group-by: [ip]\n  timespan: 10s\n  \
                aliases:\n    ip:\n      a: destination.ip\n      b: source.ip\n";
    let plan = plan(text);
    assert_eq!(plan.fields(0), ["destination.ip"]);
    assert_eq!(plan.fields(1), ["source.ip"]);
    let events = [
        seen(
            0,
            0,
            0,
            &[("destination.ip", "192.0.2.1"), ("source.ip", "192.0.2.2")],
        ),
        seen(
            1,
            1,
            1,
            &[("destination.ip", "192.0.2.1"), ("source.ip", "192.0.2.2")],
        ),
        seen(1, 2, 2, &[("source.ip", "192.0.2.1")]),
    ];
    let found = run(&plan, &events).take_matches();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].evidence[1].event[0], 2);
}

const CHAIN: &str = "title: many\nname: many\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [host, user]\n  \
                     timespan: 10s\n  condition: {gte: 2}\n---\ntitle: in\ncorrelation:\n  type: temporal_ordered\n  \
                     rules: [many, b]\n  group-by: [user]\n  timespan: 1m\n";

#[test]
fn a_correlation_builds_on_another_by_its_own_group() {
    let plan = plan(CHAIN);
    let on = |host| [("host", host), ("user", "x")];
    let events = [
        seen(0, 0, 0, &on("h")),
        seen(0, 1, 1, &on("h")),
        seen(1, 40, 2, &on("another")),
    ];
    let found = run(&plan, &events).take_matches();
    assert_eq!(found.len(), 2);
    assert!(found[0].silent && !found[1].silent);
    assert_eq!(found[1].group, [Some("x".to_owned())]);
    let parts: Vec<Part> = found[1].evidence.iter().map(|one| one.part).collect();
    assert_eq!(parts, [Part::Correlation(0), Part::Source(Source::Rule(1))]);
}

#[test]
fn an_event_delivered_twice_counts_once() {
    let two = plan(&correlation("event_count", "", "a, b", "{gte: 2}"));
    let twice = [seen(0, 0, 7, &[]), seen(0, 0, 7, &[])];
    let mut machine = run(&two, &twice);
    assert_eq!(
        (machine.counters().duplicates, machine.take_matches()),
        (1, Vec::new())
    );
    // One event that hits two rules is one event.
    assert_eq!(
        run(&two, &[seen(0, 0, 7, &[]), seen(1, 0, 7, &[])]).take_matches(),
        []
    );
}

/// A machine that waits 5 seconds.
fn stream(plan: &Arc<Plan>, late: Late) -> Machine {
    let settings = Settings {
        lateness: Some(5 * SECOND),
        late,
        ..Settings::default()
    };
    Machine::new(Arc::clone(plan), settings)
}

#[test]
fn late_events_are_counted_and_what_they_make_is_marked() {
    let two = plan(&correlation("event_count", "", "a", "{gte: 2}"));
    for (late, matches) in [(Late::Take, 1), (Late::Leave, 0)] {
        let mut machine = stream(&two, late);
        push(&mut machine, &seen(0, 10, 0, &[]));
        machine.see(16 * SECOND);
        push(&mut machine, &seen(0, 5, 1, &[]));
        let found = machine.take_matches();
        assert_eq!((machine.counters().late, found.len()), (1, matches));
        assert!(found.iter().all(|found| found.late && found.time == 10 * SECOND));
    }
    // Delivered once more when it is late, an event still counts once.
    let mut machine = stream(&two, Late::Take);
    push(&mut machine, &seen(0, 10, 0, &[]));
    machine.see(16 * SECOND);
    push(&mut machine, &seen(0, 10, 0, &[]));
    assert_eq!(
        (machine.counters().duplicates, machine.take_matches()),
        (1, Vec::new())
    );
    machine.see(60 * SECOND);
    push(&mut machine, &seen(0, 50, 1, &[]));
    push(&mut machine, &seen(0, 60, 2, &[]));
    machine.see(90 * SECOND);
    push(&mut machine, &seen(0, 20, 3, &[]));
    assert_eq!(machine.counters().lost, 1);
}

#[test]
fn an_event_with_a_wrong_clock_does_not_make_the_others_late() {
    let two = plan(&correlation("event_count", "", "a", "{gte: 2}"));
    let mut machine = stream(&two, Late::Leave);
    machine.not_after(100 * SECOND);
    push(&mut machine, &seen(0, 1_000_000, 0, &[]));
    machine.see(2_000_000 * SECOND);
    row(&[0, 1]).iter().for_each(|event| push(&mut machine, event));
    machine.finish();
    assert_eq!((machine.counters().ahead, machine.take_matches().len()), (1, 1));
}

#[test]
fn groups_beyond_the_bound_are_forgotten_and_results_say_so() {
    let two = plan(&correlation("event_count", "user", "a", "{gte: 2}"));
    let settings = Settings {
        groups_max: 2,
        ..batch()
    };
    let mut machine = Machine::new(two, settings);
    for (event, user) in (0..).zip(["x", "y", "z", "x", "z"]) {
        push(&mut machine, &seen(0, i64::from(event), event, &[("user", user)]));
    }
    machine.finish();
    assert_eq!(machine.counters().evicted, 2);
    let found = machine.take_matches();
    assert_eq!(found.len(), 1);
    assert!(found[0].incomplete);
}

#[test]
fn a_waiting_room_that_is_full_lets_the_earliest_go() {
    let two = plan(&correlation("event_count", "", "a", "{gte: 2}"));
    let settings = Settings {
        waiting_max: 2,
        ..batch()
    };
    let mut machine = Machine::new(two, settings);
    row(&[3, 4, 5, 1])
        .iter()
        .for_each(|event| push(&mut machine, event));
    assert_eq!((machine.counters().pressed, machine.counters().late), (1, 1));
}

#[test]
fn groups_that_are_over_are_forgotten() {
    let two = plan(&correlation("event_count", "user", "a", "{gte: 2}"));
    let mut machine = stream(&two, Late::Leave);
    for place in 0..100 {
        let event = u8::try_from(place).unwrap();
        push(
            &mut machine,
            &seen(0, place, event, &[("user", &place.to_string())]),
        );
    }
    assert!(machine.groups() <= 11, "{}", machine.groups());
}

#[test]
fn what_counts_beyond_the_bound_is_refused() {
    let (_, refusals) = plan_of(&correlation("event_count", "", "a", "{gte: 65537}"));
    assert_eq!(refusals[0].of, Of::Correlation(0));
    let often = format!("a and (b{})", " or b".repeat(1100));
    let (_, refusals) = plan_of(&correlation("temporal_extended", "", "a, b", &often));
    assert!(
        refusals[0].reason.contains("more than 1024 parts"),
        "{refusals:?}"
    );
    let (plan, refusals) = plan_of(&CHAIN.replace("gte: 2", "gte: 65537"));
    assert_eq!(refusals.len(), 2);
    assert!(
        refusals[1]
            .reason
            .contains("builds on a correlation that is refused")
    );
    assert!(plan.is_empty());
}

#[test]
fn damaged_snapshots_are_refused() {
    let two = plan(&correlation("event_count", "user", "a", "{gte: 2}"));
    let mut machine = stream(&two, Late::Take);
    let user = [("user", "x")];
    for (event, second) in [(0, 0), (1, 20), (2, 22)] {
        push(&mut machine, &seen(0, second, event, &user));
    }
    let bytes = machine.snapshot();
    let restore = |bytes: &[u8]| Machine::restore(Arc::clone(&two), Settings::default(), bytes).map(|_| ());
    assert_eq!(restore(&bytes), Ok(()));
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        assert!(restore(&damaged).is_err(), "{place}");
        assert!(restore(&bytes[..place]).is_err(), "{place}");
    }
}
