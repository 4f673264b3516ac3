//! Measures STIX patterns over logs: reading, projecting to observables and matching together, in CPU time of one
//! thread, and compares what matches with the evaluation over observed data.
//!
//! `cargo run --release -p entente-detect --example patterns -- EVENTS PATTERNS FOLDER [KIND] [--worst]`
//!
//! The folder is that of the logs; patterns are made by seed. The logs are read again and again to the number of
//! events, each kind alone and then all mixed. `--worst` tells what the worst patterns take away from the others, also
//! where processes are begun with long command lines.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for people to run"
)]
#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement ends when something is wrong"
)]

#[path = "../shared/cpu.rs"]
mod cpu;
mod events;
mod made;
mod reading;
mod set;
mod worst;

use cpu::cpu;
use entente_detect::pattern::{Compiled, Observations, Options};
use entente_detect::rules::{Field, FieldNames, Matcher};
use entente_detect::sco::{Comparing, Map, Projection, Projector};
use entente_stix::json::{self, Value};
use events::Log;
use made::Maker;
use reading::{Read, read, read_fields};
use set::Set;
use std::collections::BTreeSet;

const SEED: u64 = 1;
/// Events of each kind that are compared with the evaluation over observed data.
const COMPARED: usize = 60;
/// Events of one kind that stand together where kinds are mixed.
const TOGETHER: usize = 16;

fn main() {
    let (options, arguments): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let events: u64 = arguments[0].parse().expect("a number of events");
    let count: usize = arguments[1].parse().expect("a number of patterns");
    let mut logs = events::logs(std::path::Path::new(&arguments[2]));
    let patterns = patterns(&logs, count);
    compare(&logs, &patterns);
    logs.push(mixed(&logs));
    if let Some(kind) = arguments.get(3) {
        logs.retain(|log| log.name == kind);
    }
    let (set, seconds) = cpu(|| Set::of(&patterns, Comparing::Canonical));
    println!(
        "compile   {} patterns, {} leaves, {} fields of events   {seconds:.3} CPU-s",
        patterns.len(),
        set.rules.len(),
        set.projection.names().len()
    );
    for log in &logs {
        measure(log, &set, events);
    }
    if options.iter().any(|option| option == "--worst") {
        logs.retain(|log| log.name == "mixed");
        logs.push(events::long());
        worst(&logs, &patterns, events / 5);
    }
}

/// What the worst patterns take away from the others.
fn worst(logs: &[Log], patterns: &[String], events: u64) {
    for log in logs {
        let alone = Set::of(patterns, Comparing::Canonical);
        for count in [1, 20] {
            for (kind, worst) in worst::kinds(count) {
                let together = Set::of(&[patterns, &worst].concat(), Comparing::Canonical);
                let (mut best, mut over) = ([f64::MAX; 2], 0);
                for _ in 0..3 {
                    for (set, best) in [&alone, &together].into_iter().zip(&mut best) {
                        let matched = matching(log, set, events);
                        *best = best.min(matched.seconds);
                        over = matched.over.len();
                    }
                }
                let less = 100.0 * (1.0 - best[0] / best[1]);
                println!(
                    "worst     {:<8} {count:>2} x {kind:<29} {less:>5.1} % less, {over} leaves passed over",
                    log.name
                );
            }
        }
    }
}

/// What became of some events.
struct Matched {
    seconds: f64,
    events: u64,
    rows: u64,
    hits: u64,
    decided: u64,
    /// Leaves that were passed over in some batch.
    over: BTreeSet<u32>,
}

fn matching(log: &Log, set: &Set, events: u64) -> Matched {
    let (mut projector, mut matcher) = (Projector::new(), Matcher::new());
    let (mut rows, mut hits, mut over) = (0, 0, BTreeSet::new());
    let (events, seconds) = cpu(|| {
        read(&log.text, set.projection.names(), events, |read| match read {
            Read::Fields(fields) => set.projection.rows(fields, &mut projector, |row| {
                rows += 1;
                hits += set.rules.matching(row, &mut matcher).len() as u64;
            }),
            Read::Batch => {
                let exhausted = set.rules.exhausted(&mut matcher).into_iter();
                over.extend(exhausted.filter_map(|exhausted| exhausted.leaf));
            }
        })
    });
    Matched {
        seconds,
        events,
        rows,
        hits,
        decided: matcher.decided().iter().sum(),
        over,
    }
}

fn measure(log: &Log, set: &Set, events: u64) {
    let names = set.projection.names();
    let (mut reading, mut projecting) = (f64::MAX, f64::MAX);
    let mut best: Option<Matched> = None;
    for _ in 0..3 {
        reading = reading.min(cpu(|| read_fields(&log.text, names, events, |_| ())).1);
        let mut projector = Projector::new();
        let mut project = |fields: &[Field<'_>]| set.projection.rows(fields, &mut projector, |_| ());
        projecting = projecting.min(cpu(|| read_fields(&log.text, names, events, &mut project)).1);
        let matched = matching(log, set, events);
        if best.as_ref().is_none_or(|best| matched.seconds < best.seconds) {
            best = Some(matched);
        }
    }
    let matched = best.expect("a run");
    let count = matched.events as f64;
    println!(
        "matching  {:<8} {count} events {:>9.0} events/CPU-s; reading alone {:.0}, with projecting {:.0}; {} bytes, \
         {:.2} rows, {:.2} leaves decided, {:.2} leaves hit an event; {} leaves passed over",
        log.name,
        count / matched.seconds,
        count / reading,
        count / projecting,
        log.text.len() / log.text.iter().filter(|byte| **byte == b'\n').count(),
        matched.rows as f64 / count,
        matched.decided as f64 / count,
        matched.hits as f64 / count,
        matched.over.len(),
    );
}

/// All kinds of events, as many of each, some of one kind together.
fn mixed(logs: &[Log]) -> Log {
    let lines = |log: &'_ Log| -> Vec<Vec<u8>> {
        let lines = log.text.split_inclusive(|byte| *byte == b'\n');
        lines.map(<[u8]>::to_vec).collect()
    };
    let kinds: Vec<Vec<Vec<u8>>> = logs.iter().map(lines).collect();
    let most = kinds.iter().map(Vec::len).max().unwrap_or_default();
    let mut text = Vec::new();
    for place in (0..most).step_by(TOGETHER) {
        for kind in &kinds {
            (place..place + TOGETHER).for_each(|place| text.extend_from_slice(&kind[place % kind.len()]));
        }
    }
    Log { name: "mixed", text }
}

/// Patterns that look like what the logs hold.
fn patterns(logs: &[Log], count: usize) -> Vec<String> {
    let projection = Projection::new(Map::standard(), &made::names());
    let mut projector = Projector::new();
    let mut maker = Maker::new(SEED);
    for log in logs {
        let mut number = 0;
        read_fields(&log.text, projection.names(), 1, |fields| {
            number += 1;
            if number % 7 == 0 {
                projection.rows(fields, &mut projector, |row| maker.learn(row));
            }
        });
    }
    (0..count).map(|_| maker.pattern()).collect()
}

/// Compares the leaves that some events hit with those that match their objects as observed data.
fn compare(logs: &[Log], patterns: &[String]) {
    let set = Set::of(patterns, Comparing::Strict);
    let whole = Projection::whole(Map::standard());
    let observed: Vec<Vec<Compiled>> = set
        .stix
        .iter()
        .map(|rule| {
            rule.texts
                .iter()
                .map(|text| Compiled::parse(text).expect("a leaf"))
                .collect()
        })
        .collect();
    let (mut events, mut hits) = (0, 0);
    for log in logs {
        let all = log.text.iter().filter(|byte| **byte == b'\n').count();
        let every = (all / COMPARED).max(1);
        // The fields have other numbers for the two projections: the same events are read twice.
        let by_objects = sampled(&log.text, whole.names(), every, |fields, projector| {
            let objects = whole.objects(fields, projector);
            by_objects(&objects, &observed)
        });
        let mut matcher = Matcher::new();
        let by_rows = sampled(&log.text, set.projection.names(), every, |fields, projector| {
            let mut found = BTreeSet::new();
            set.projection.rows(fields, projector, |row| {
                for leaf in set.rules.matching(row, &mut matcher) {
                    found.insert((set.owners[*leaf as usize], set.number_of(*leaf)));
                }
            });
            found
        });
        assert_eq!(
            by_rows, by_objects,
            "the rows and the objects of some event in {} differ",
            log.name
        );
        events += by_rows.len();
        hits += by_rows.iter().map(BTreeSet::len).sum::<usize>();
    }
    println!("compared  {events} events with the evaluation over observed data: equal, {hits} leaves hit");
}

fn sampled<T>(
    log: &[u8],
    names: &FieldNames,
    every: usize,
    mut of: impl FnMut(&[Field<'_>], &mut Projector) -> T,
) -> Vec<T> {
    let mut projector = Projector::new();
    let (mut number, mut all) = (0, Vec::new());
    read_fields(log, names, 1, |fields| {
        if number % every == 0 {
            all.push(of(fields, &mut projector));
        }
        number += 1;
    });
    all
}

fn by_objects(objects: &[Value<'_>], patterns: &[Vec<Compiled>]) -> BTreeSet<(usize, u32)> {
    let id = |object: &Value<'_>| object.get("id").expect("an id").canonical();
    let ids: Vec<String> = objects.iter().map(id).collect();
    let mut texts: Vec<String> = objects.iter().map(Value::canonical).collect();
    texts.push(format!(
        r#"{{"type":"observed-data","id":"observed-data--1","first_observed":"2020-01-01T00:00:00Z",
        "last_observed":"2020-01-01T00:00:00Z","number_observed":1,"object_refs":[{}]}}"#,
        ids.join(",")
    ));
    let bundle = format!(
        r#"{{"type":"bundle","id":"bundle--1","objects":[{}]}}"#,
        texts.join(",")
    );
    let observations = Observations::of(vec![json::read(bundle.as_bytes()).expect("a bundle")]);
    let mut found = BTreeSet::new();
    for (number, leaves) in patterns.iter().enumerate() {
        for (leaf, compiled) in (0..).zip(leaves) {
            if compiled.evaluate(&observations, Options::default()).matched {
                found.insert((number, leaf));
            }
        }
    }
    found
}
