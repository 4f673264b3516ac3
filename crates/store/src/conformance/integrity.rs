//! The check: clean after anything done through the trait, and it sees what derives differently.

use super::{Case, Open, Sample, derive, id, ingest};
use crate::{Derived, Detection, Store};

pub(super) const CASES: &[Case] = &[
    ("empty_store_checks_clean", empty_store_checks_clean),
    (
        "store_with_a_history_checks_clean",
        store_with_a_history_checks_clean,
    ),
    (
        "what_derives_differently_is_named",
        what_derives_differently_is_named,
    ),
    (
        "repair_makes_indexes_follow_history",
        repair_makes_indexes_follow_history,
    ),
];

fn clean(store: &dyn Store) {
    let report = store.check(false, &derive).unwrap();
    assert!(report.is_clean(), "{:?}", report.differences);
    assert_eq!(report.versions, store.stats().unwrap().versions);
}

fn empty_store_checks_clean(open: &Open<'_>) {
    clean(&*open("a"));
}

/// Versions in all orders, several sources, hubs, dangling references, shared values, detections.
fn fill(store: &dyn Store) {
    for round in 0..12u64 {
        let samples: Vec<Sample> = (0..150)
            .map(|n| {
                let number = (n * 31 + round * 17) % 400;
                Sample::new(
                    &id(["tool", "indicator", "report"][number as usize % 3], number),
                    (round * 7 % 5) as i64,
                )
                .name(&format!("name{number} round{round}"))
                .words(&format!("word{} Größe{} shared", number % 10, round))
                .by(&id("identity", number % 4))
                .term(&format!("{}.example", number % 50))
                .mention(&format!("{round}.example"))
                .edge("object_refs", &id("tool", number * 13 % 600))
                .edge("object_refs", &id("tool", round))
            })
            .collect();
        ingest(store, &format!("source {}", round % 3), &samples);
    }
    let detection = |n: u64| Detection {
        indicator: id("indicator", n % 5),
        record: super::digest(&n.to_be_bytes()),
        occurrence: 0,
        at: if n.is_multiple_of(4) { i64::MIN } else { n as i64 },
        day: (n % 2) as i32,
        file: String::new(),
        line: n,
        field: String::new(),
        kind: 3,
        value: n.to_string(),
        host: String::new(),
        how: String::new(),
    };
    store
        .record_detections(&(0..100).map(detection).collect::<Vec<_>>())
        .unwrap();
}

fn store_with_a_history_checks_clean(open: &Open<'_>) {
    let store = open("a");
    fill(&*store);
    clean(&*store);
    drop(store);
    clean(&*open("a"));
}

/// A later program that finds other things in the same texts.
fn derive_otherwise(text: &[u8]) -> Result<Derived, String> {
    let mut derived = derive(text)?;
    derived.observables.retain(|observed| observed.is_term);
    derived.edges.push(("added_ref".to_owned(), id("added", 1)));
    derived.words.push_str(" addition");
    derived.name.make_ascii_uppercase();
    Ok(derived)
}

fn what_derives_differently_is_named(open: &Open<'_>) {
    let store = open("a");
    ingest(
        &*store,
        "a",
        &[
            Sample::new("tool--1", 1).name("n").words("w").mention("m"),
            Sample::new("tool--2", 1),
        ],
    );
    let parts = |report: crate::Report| {
        let mut parts: Vec<_> = report
            .differences
            .iter()
            .map(|difference| difference.part)
            .collect();
        parts.sort_unstable();
        parts.dedup();
        parts
    };
    assert_eq!(
        parts(store.check(false, &derive_otherwise).unwrap()),
        ["edges", "name", "observables", "words"]
    );
    let other_digest = |text: &[u8]| {
        derive(text).map(|derived| Derived {
            digest: [1; 32],
            ..derived
        })
    };
    let report = store.check(true, &other_digest).unwrap();
    assert_eq!(
        report
            .differences
            .iter()
            .filter(|difference| difference.part == "text")
            .count(),
        2
    );
    assert!(
        report
            .differences
            .iter()
            .any(|difference| difference.subject == "tool--1" && !difference.repairable)
    );
    let refused = store
        .check(false, &|_: &[u8]| Err("no object".to_owned()))
        .unwrap();
    assert!(
        refused
            .differences
            .iter()
            .any(|difference| difference.message.contains("no object"))
    );
}

fn repair_makes_indexes_follow_history(open: &Open<'_>) {
    let store = open("a");
    fill(&*store);
    let report = store.check(true, &derive_otherwise).unwrap();
    assert!(report.repaired && !report.is_clean());
    let report = store.check(true, &derive_otherwise).unwrap();
    assert!(report.is_clean() && !report.repaired, "{:?}", report.differences);
    assert!(
        !store
            .edges_to(&id("added", 1), None, None, 1_000)
            .unwrap()
            .items
            .is_empty()
    );
    assert!(
        store.look(&[(3, "3.example")], 100).unwrap()[0]
            .mentions
            .iter()
            .all(|mention| mention.is_term)
    );
    // And back again.
    assert!(store.check(true, &derive).unwrap().repaired);
    clean(&*store);
}
