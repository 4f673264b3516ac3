//! Machines that go on with another plan.

use super::random::{BOUNDS, KINDS, cases, events};
use super::*;
use crate::pattern::join::Join;
use proptest::prelude::*;
use std::collections::BTreeSet;

const RULES: [&str; 3] = ["a", "b", "c"];

/// Correlations, each with what it stands on before it.
const WANTED: usize = KINDS.len() * 4 + 2;

/// Patterns, of which two differ only in what they are called.
const PATTERNS: [&str; 3] = ["in order", "in order elsewhere", "repeated"];

/// What a plan is made of, in the order in which it stands there.
#[derive(Debug, Clone, Default)]
struct Made {
    rules: Vec<&'static str>,
    correlations: Vec<usize>,
    patterns: Vec<usize>,
}

/// A plan whose numbers mean something only to it.
#[derive(Debug)]
struct Known {
    plan: Arc<Plan>,
    made: Made,
}

fn title(wanted: usize) -> String {
    format!("wanted {wanted}")
}

/// All kinds under two bounds each, by one field or the other, and two upon others.
fn document(wanted: usize) -> String {
    let Some((kind, field, _)) = KINDS.get(wanted / 4) else {
        let below = title(wanted % 2);
        return format!(
            "title: {0}\nname: {0}\ncorrelation:\n  type: temporal\n  rules: [{below}, b]\n  group-by: [user]\n  \
             timespan: 20s\n  condition: {{gte: 2}}\n",
            title(wanted)
        );
    };
    let (bound, ..) = BOUNDS[[0, 2][wanted % 2]];
    let condition = match *kind {
        "temporal_ordered" => format!("{{gte: {}}}", 2 + wanted % 2),
        _ => format!("{{{field}{bound}}}"),
    };
    let group = ["user", "n"][wanted / 2 % 2];
    let document = correlation(kind, group, "a, b, c", &condition);
    format!("name: {}\n{document}", title(wanted))
}

impl Known {
    fn new(mut made: Made) -> Known {
        let lower: BTreeSet<usize> = made
            .correlations
            .iter()
            .filter(|wanted| **wanted >= KINDS.len() * 4)
            .map(|wanted| wanted % 2)
            .collect();
        made.correlations.extend(lower);
        let mut seen = BTreeSet::new();
        made.correlations.retain(|wanted| seen.insert(*wanted));
        let mut text = String::new();
        for name in &made.rules {
            text += &format!(
                "title: {name}\nname: {name}\nlogsource: {{category: t}}\ndetection: {{s: {{x: {name}}}, condition: s}}\n---\n"
            );
        }
        for wanted in &made.correlations {
            text += &format!("{}---\n", document(*wanted));
        }
        let mut collection = Collection::read(&text);
        collection.link();
        assert_eq!(collection.refusals, []);
        let (mut plan, refusals) = Plan::of_sigma(&collection);
        assert_eq!(refusals, []);
        for pattern in &made.patterns {
            let join = match pattern {
                2 => Join::Repeats(Box::new(Join::Leaf(1)), 3),
                _ => Join::InOrder(vec![Join::Leaf(0), Join::Leaf(2)]),
            };
            plan.add_pattern_called(PATTERNS[*pattern].as_bytes(), &join, Scope::Asset)
                .unwrap();
        }
        Known {
            plan: Arc::new(plan),
            made,
        }
    }

    /// What both look for.
    fn shared(&self, other: &Known) -> Known {
        let both = |mine: &[usize], others: &[usize]| {
            mine.iter().copied().filter(|one| others.contains(one)).collect()
        };
        Known::new(Made {
            rules: RULES.to_vec(),
            correlations: both(&self.made.correlations, &other.made.correlations),
            patterns: both(&self.made.patterns, &other.made.patterns),
        })
    }

    fn push(&self, machine: &mut Machine, event: &Seen) {
        let name = RULES[event.rule as usize];
        if let Some(rule) = self.made.rules.iter().position(|rule| *rule == name) {
            push(
                machine,
                &Seen {
                    rule: rule as u32,
                    ..event.clone()
                },
            );
        }
        for (pattern, called) in (0..).zip(&self.made.patterns) {
            machine.push(&Hit {
                source: Source::Leaf {
                    pattern,
                    leaf: (event.rule + u32::from(*called == 1)) % 3,
                },
                time: event.seconds * SECOND,
                event: [event.event; 16],
                asset: event.fields.first().map(|(_, value)| value.as_str()),
                values: &[],
            });
        }
    }

    fn of(&self, of: Of) -> String {
        match of {
            Of::Correlation(number) => title(self.made.correlations[number as usize]),
            Of::Pattern(number) => PATTERNS[self.made.patterns[number as usize]].to_owned(),
        }
    }

    fn part(&self, part: Part) -> String {
        match part {
            Part::Source(Source::Rule(rule)) => self.made.rules[rule as usize].to_owned(),
            Part::Source(Source::Leaf { pattern, leaf }) => {
                format!("{} {leaf}", self.of(Of::Pattern(pattern)))
            }
            Part::Correlation(number) => self.of(Of::Correlation(number)),
        }
    }

    /// Takes out what was found of what both look for, in words.
    fn take(&self, machine: &mut Machine, shared: &Known) -> Vec<String> {
        let wanted: BTreeSet<String> = shared.plan.units.iter().map(|unit| shared.of(unit.of)).collect();
        let matches = machine.take_matches();
        let told = matches.iter().map(|found| {
            let evidence = found
                .evidence
                .iter()
                .map(|one| (one.time, one.event[0], self.part(one.part)));
            let evidence: Vec<_> = evidence.collect();
            let (time, group, measure) = (found.time, &found.group, found.measure);
            assert!(!found.late && !found.incomplete);
            (
                self.of(found.of),
                format!("{time} {group:?} {measure:?} {evidence:?}"),
            )
        });
        told.filter(|(of, _)| wanted.contains(of))
            .map(|(of, told)| format!("{of} {told}"))
            .collect()
    }
}

fn made() -> impl Strategy<Value = Known> {
    let some = |count: usize| Just((0..count).collect::<Vec<usize>>()).prop_shuffle();
    let rules = Just(vec!["a", "b", "c", "d", "e"]).prop_shuffle();
    (rules, some(WANTED), 0..WANTED, some(3), 0..4_usize).prop_map(
        |(rules, mut correlations, count, mut patterns, less)| {
            correlations.truncate(count);
            patterns.truncate(less);
            Known::new(Made {
                rules,
                correlations,
                patterns,
            })
        },
    )
}

/// What goes on from the first text to the other.
fn goes_on(first: &str, other: &str, (by, other_by): (&[u8], &[u8])) -> Kept {
    let plan = |text: &str, by| {
        let mut collection = Collection::read(text);
        collection.link();
        assert_eq!(collection.refusals, []);
        Arc::new(Plan::of_sigma_read_by(&collection, by).0)
    };
    Machine::new(plan(first, by), batch()).go_on_with(plan(other, other_by))
}

#[test]
fn what_asks_the_same_of_the_same_goes_on() {
    const FIRST: &str = "title: t\nid: 5d1d4d4d-0000-4000-8000-000000000001\nname: a\nlogsource: {category: t}\ndetection:\n  \
                         s: {x: 1}\n  condition: s\n---\ntitle: many\nname: many\ncorrelation:\n  type: event_count\n  \
                         rules: [a]\n  group-by: [user]\n  timespan: 10s\n  condition: {gte: 2}\n---\ntitle: above\n\
                         correlation:\n  type: event_count\n  rules: [many]\n  timespan: 1m\n  condition: {gte: 2}\n";
    let both = Kept {
        kept: 2,
        forgotten: 0,
        begun: 0,
    };
    let upper = Kept {
        kept: 1,
        forgotten: 1,
        begun: 1,
    };
    let none = Kept {
        kept: 0,
        forgotten: 2,
        begun: 2,
    };
    for (from, to, expected) in [
        ("", "", both),
        // Words, and where it stands.
        (
            "title: t",
            "# Further down.\n\ntitle: another\nlevel: high\nstatus: test",
            both,
        ),
        ("title: many", "title: very many", both),
        ("group-by: [user]\n", "group-by: [user]\n  generate: true\n", both),
        ("  s: {x: 1}", "  s:\n    x: 1", both),
        // What is looked for.
        ("{x: 1}", "{x: 2}", none),
        ("{category: t}", "{category: u}", none),
        ("000000000001", "000000000002", none),
        ("condition: s", "condition: not s", none),
        ("[user]", "[host]", none),
        ("10s", "11s", none),
        (
            "type: event_count\n  rules: [a]",
            "type: temporal\n  rules: [a]",
            none,
        ),
        ("1m\n  condition: {gte: 2}", "1m\n  condition: {gte: 3}", upper),
    ] {
        assert!(FIRST.contains(from), "{from}");
        assert_eq!(
            goes_on(FIRST, &FIRST.replacen(from, to, 1), (b"", b"")),
            expected,
            "{from} {to}"
        );
    }
    assert_eq!(goes_on(FIRST, FIRST, (b"pipeline", b"pipeline")), both);
    assert_eq!(goes_on(FIRST, FIRST, (b"pipeline", b"another")), none);
}

#[test]
fn patterns_go_on_by_what_they_are_called() {
    let plan = |called: &[&str]| {
        let mut plan = Plan::default();
        for called in called {
            plan.add_pattern_called(called.as_bytes(), &Join::Leaf(0), Scope::Asset)
                .unwrap();
        }
        Arc::new(plan)
    };
    let mut machine = Machine::new(plan(&["a", "b", "b"]), batch());
    let kept = machine.go_on_with(plan(&["b", "c", "b", "b", "a"]));
    assert_eq!(
        kept,
        Kept {
            kept: 3,
            forgotten: 0,
            begun: 2
        }
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(150), ..ProptestConfig::default() })]

    #[test]
    fn what_two_plans_share_goes_on_as_if_alone(
        first in made(),
        second in made(),
        events in events(),
        delays in prop::collection::vec(0..6_i64, 72),
        at in 0..72_usize,
        by_bytes in any::<bool>(),
    ) {
        let shared = first.shared(&second);
        let mut arrivals: Vec<(i64, &Seen)> =
            events.iter().zip(&delays).map(|(event, delay)| (event.seconds + delay, event)).collect();
        arrivals.sort_by_key(|arrival| arrival.0);
        let mut alone = stream(&shared.plan, Late::Leave);
        let mut moved = stream(&first.plan, Late::Leave);
        let mut now = &first;
        let mut found = Vec::new();
        for (place, (_, event)) in arrivals.iter().enumerate() {
            if place == at {
                found.extend(first.take(&mut moved, &shared));
                let bytes = moved.snapshot();
                let settings = moved.settings.clone();
                let kept = moved.go_on_with(Arc::clone(&second.plan));
                prop_assert_eq!(kept.kept, shared.plan.units.len());
                prop_assert_eq!(kept.forgotten + kept.kept, first.plan.units.len());
                prop_assert_eq!(kept.begun + kept.kept, second.plan.units.len());
                let restored = Machine::restore(Arc::clone(&second.plan), settings, &bytes).unwrap();
                prop_assert_eq!(restored.snapshot(), moved.snapshot());
                if by_bytes {
                    moved = restored;
                }
                now = &second;
            }
            shared.push(&mut alone, event);
            now.push(&mut moved, event);
        }
        alone.finish();
        moved.finish();
        found.extend(now.take(&mut moved, &shared));
        let mut expected = shared.take(&mut alone, &shared);
        expected.sort();
        found.sort();
        prop_assert_eq!(found, expected);
    }
}
