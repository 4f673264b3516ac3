//! What is seen over time: correlations, hits and snapshots.

use std::sync::{Arc, LazyLock};

use entente_detect::pattern::join::Join;
use entente_detect::state::{Hit, Late, Machine, Match, Of, Part, Plan, Scope, Settings, Source};
use entente_sigma::Collection;
use sha2::{Digest, Sha256};

use crate::choice::Choices;

const SECOND: i64 = 1_000_000;

/// A text of correlations: a plan or refusals in words, and hits of all its rules, which give matches in their order.
pub fn sigma_correlation(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut collection = Collection::read(text);
    collection.link();
    let (plan, refusals) = Plan::of_sigma(&collection);
    assert!(refusals.iter().all(|refusal| !refusal.reason.is_empty()));
    let plan = Arc::new(plan);
    let rules = u32::try_from(collection.rules.len().min(20)).expect("few");
    let mut machine = Machine::new(Arc::clone(&plan), batch());
    for turn in 0..200_u32 {
        let rule = turn % rules.max(1);
        let values = [Some("1"), Some("x"), None, Some("2.5")];
        let value = |place: usize| values[(place + turn as usize / 7) % values.len()];
        let values: Vec<Option<&str>> = (0..plan.fields(rule).len()).map(value).collect();
        machine.push(&hit(
            Source::Rule(rule),
            i64::from(turn) * SECOND,
            turn as u8,
            &values,
        ));
    }
    machine.finish();
    let matches = machine.take_matches();
    for found in &matches {
        sound(found);
        assert!(
            matches!(found.of, Of::Correlation(number) if (number as usize) < collection.correlations.len())
        );
    }
    assert!(matches.is_sorted_by_key(|found| found.time));
}

/// Hits, delivered as the bytes have it: an interruption and other numbers change nothing.
pub fn state_hits(data: &[u8]) {
    let mut choices = Choices::new(data);
    let settings = Settings {
        lateness: [None, Some(0), Some(5 * SECOND)][choices.below(3)],
        late: choices.one_of(&[Late::Take, Late::Leave]),
        leaf_hits_max: 1 + choices.below(8),
        groups_max: 1 + choices.below(300),
        events_max: 1 + choices.below(600),
        waiting_max: 1 + choices.below(300),
        ..Settings::default()
    };
    let mut whole = Machine::new(Arc::clone(&PLAN), settings.clone());
    let mut broken = Machine::new(Arc::clone(&PLAN), settings.clone());
    let mut found = Vec::new();
    while !choices.is_over() {
        match choices.below(16) {
            0 => {
                found.extend(broken.take_matches());
                let bytes = broken.snapshot();
                broken = Machine::restore(Arc::clone(&PLAN), settings.clone(), &bytes)
                    .expect("what was just written");
                assert_eq!(broken.snapshot(), bytes);
            }
            1 => {
                found.extend(broken.take_matches());
                let kept = broken.go_on_with(Arc::clone(&PLAN));
                assert_eq!((kept.forgotten, kept.begun), (0, 0));
            }
            2 => {
                let time = choices.below(1 << 10) as i64 * SECOND;
                whole.see(time);
                broken.see(time);
            }
            _ => {
                let (source, time) = (source(&mut choices), choices.below(1 << 10) as i64 * SECOND / 4);
                let event = choices.below(64) as u8;
                let value =
                    choices.one_of(&[None, Some("x"), Some("y"), Some("1"), Some("-2.5"), Some("1e23")]);
                let values = [value, choices.one_of(&[Some("x"), Some("7")])];
                whole.push(&hit(source, time, event, &values));
                broken.push(&hit(source, time, event, &values));
            }
        }
    }
    whole.finish();
    broken.finish();
    found.extend(broken.take_matches());
    assert_eq!(whole.take_matches(), found);
    assert_eq!(whole.counters(), broken.counters());
    found.iter().for_each(sound);
}

/// A snapshot with changes, or bytes as one, but for the digest at its end: taken or refused; what is taken goes on.
pub fn state_snapshot(data: &[u8]) {
    let mut choices = Choices::new(data);
    let mut bytes = match choices.below(8) {
        0 => data.to_vec(),
        _ => {
            let mut machine = Machine::new(Arc::clone(&PLAN), batch());
            for _ in 0..choices.below(24) {
                let (source, time) = (source(&mut choices), choices.below(64) as i64 * SECOND);
                let value = choices.one_of(&[Some("x"), Some("1"), None]);
                machine.push(&hit(source, time, choices.below(64) as u8, &[value, Some("2")]));
                machine.advance(choices.below(64) as i64 * SECOND);
            }
            let mut bytes = machine.snapshot();
            bytes.truncate(bytes.len() - 32);
            bytes
        }
    };
    while !choices.is_over() && !bytes.is_empty() {
        let place = choices.below(1 << 16) % bytes.len();
        match choices.below(8) {
            0 => bytes.truncate(place),
            1 => bytes.insert(place, choices.below(256) as u8),
            2 => drop(bytes.remove(place)),
            3 => bytes.extend_from_within(place..),
            _ => bytes[place] = choices.below(256) as u8,
        }
        bytes.truncate(1 << 20);
    }
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    let Ok(mut machine) = Machine::restore(Arc::clone(&PLAN), batch(), &bytes) else {
        return;
    };
    let again = machine.snapshot();
    let restored = Machine::restore(Arc::clone(&PLAN), batch(), &again).expect("what was just written");
    assert_eq!(restored.snapshot(), again);
    for turn in 0..60 {
        let source = match turn % 5 {
            4 => Source::Leaf {
                pattern: 0,
                leaf: turn % 2,
            },
            rule => Source::Rule(rule % 3),
        };
        machine.push(&hit(
            source,
            i64::from(turn) * SECOND,
            turn as u8,
            &[Some("x"), Some("1")],
        ));
    }
    machine.finish();
    for found in machine.take_matches() {
        let times: Vec<i64> = found.evidence.iter().map(|evidence| evidence.time).collect();
        assert!(!times.is_empty() && times.is_sorted(), "{found:?}");
    }
}

/// Correlations of all kinds, one upon others, and two patterns.
static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| {
    let mut text = String::new();
    for rule in ["a", "b", "c"] {
        text += &format!(
            "title: {rule}\nname: {rule}\nlogsource: {{category: t}}\ndetection: {{s: {{x: {rule}}}, condition: s}}\n---\n"
        );
    }
    for (kind, condition) in [
        ("event_count", "{gte: 3}"),
        ("event_count", "{lt: 3}"),
        ("value_count", "{field: n, gte: 2}"),
        ("value_count", "{field: n, eq: 2}"),
        ("value_sum", "{field: n, gt: 2}"),
        ("value_avg", "{field: n, lte: 1}"),
        ("value_percentile", "{field: n, percentile: 30, gte: 1}"),
        ("value_median", "{field: n, neq: 1}"),
        ("temporal", "{gte: 2}"),
        ("temporal_extended", "(a or c) and not b"),
        ("temporal_ordered", "{gte: 2}"),
    ] {
        let number = text.len();
        text += &format!(
            "title: t{number}\nname: t{number}\ncorrelation:\n  type: {kind}\n  rules: [a, b, c]\n  group-by: [user]\n  \
             timespan: 10s\n  condition: {condition}\n---\n"
        );
    }
    let below = text
        .rfind("name: t")
        .map(|at| text[at + 6..].lines().next().unwrap_or_default().to_owned());
    text += &format!(
        "title: above\ncorrelation:\n  type: event_count\n  rules: [{}, b]\n  group-by: [user]\n  timespan: 20s\n  \
         condition: {{gte: 2}}\n",
        below.unwrap_or_default()
    );
    let mut collection = Collection::read(&text);
    collection.link();
    assert_eq!(collection.refusals, []);
    let (mut plan, refusals) = Plan::of_sigma(&collection);
    assert_eq!(refusals, []);
    let leaves = |leaves: [u32; 2]| leaves.map(Join::Leaf).to_vec();
    let order = Join::Within(Box::new(Join::InOrder(leaves([0, 1]))), 20 * SECOND);
    plan.add_pattern(&order, Scope::Asset).expect("a pattern");
    let twice = Join::Repeats(Box::new(Join::All(leaves([0, 1]))), 2);
    plan.add_pattern(&twice, Scope::Global).expect("a pattern");
    Arc::new(plan)
});

fn source(choices: &mut Choices<'_>) -> Source {
    match choices.below(5) {
        3 => Source::Leaf {
            pattern: 0,
            leaf: choices.below(2) as u32,
        },
        4 => Source::Leaf {
            pattern: 1,
            leaf: choices.below(2) as u32,
        },
        rule => Source::Rule(rule as u32),
    }
}

fn hit<'a>(source: Source, time: i64, event: u8, values: &'a [Option<&'a str>]) -> Hit<'a> {
    Hit {
        source,
        time,
        event: [event; 16],
        asset: values.first().copied().flatten(),
        values,
    }
}

fn batch() -> Settings {
    Settings {
        lateness: None,
        ..Settings::default()
    }
}

/// A match has evidence, by time and of its time at the latest, and of a leaf each event once.
fn sound(found: &Match) {
    assert!(!found.evidence.is_empty());
    assert!(found.evidence.is_sorted_by_key(|one| one.time));
    assert!(found.evidence.iter().all(|one| one.time <= found.time));
    let leaves = found
        .evidence
        .iter()
        .filter(|one| matches!(one.part, Part::Source(Source::Leaf { .. })));
    let mut events: Vec<_> = leaves.map(|one| (one.time, one.event)).collect();
    let count = events.len();
    events.sort_unstable();
    events.dedup();
    assert_eq!(events.len(), count);
}
