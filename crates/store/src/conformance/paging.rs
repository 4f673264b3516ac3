//! Pages: stable order, nothing lost or doubled, whatever is written meanwhile.

use super::{Case, Open, Sample, all_pages, id, ingest};
use crate::limits;

pub(super) const CASES: &[Case] = &[
    ("objects_come_in_order_of_id", objects_come_in_order_of_id),
    (
        "paging_loses_nothing_while_others_write",
        paging_loses_nothing_while_others_write,
    ),
    ("page_ends_at_its_bytes", page_ends_at_its_bytes),
    (
        "indicators_bring_their_relationships",
        indicators_bring_their_relationships,
    ),
];

fn objects_come_in_order_of_id(open: &Open<'_>) {
    let store = open("a");
    let mut ids: Vec<String> = (0..97)
        .map(|n| {
            id(
                ["tool", "malware", "malware-analysis"][n as usize % 3],
                n * 7919 % 97,
            )
        })
        .collect();
    let samples: Vec<Sample> = ids
        .iter()
        .map(|id| Sample::new(id, 1).edge("x_ref", "zzz--dangling"))
        .collect();
    ingest(&*store, "a", &samples);
    ids.sort();
    for limit in [0, 1, 10, 97, 1_000, usize::MAX] {
        let all = all_pages(|after| store.objects(None, after, limit).unwrap());
        assert_eq!(
            all.iter().map(|stored| stored.id.clone()).collect::<Vec<_>>(),
            ids,
            "{limit}"
        );
    }
    let malware = all_pages(|after| store.objects(Some("malware"), after, 5).unwrap());
    let expected: Vec<_> = ids
        .iter()
        .filter(|id| id.starts_with("malware--"))
        .cloned()
        .collect();
    assert_eq!(
        malware.iter().map(|stored| stored.id.clone()).collect::<Vec<_>>(),
        expected
    );
    assert!(store.objects(Some("mal"), None, 5).unwrap().items.is_empty());
    let exact = store.objects(None, None, 97).unwrap();
    assert!(exact.next.is_none(), "no page after the last");
}

fn paging_loses_nothing_while_others_write(open: &Open<'_>) {
    let store = open("a");
    let old: Vec<Sample> = (0..200).map(|n| Sample::new(&id("tool", n * 1_000), 1)).collect();
    ingest(&*store, "a", &old);
    let mut round = 0;
    let seen = all_pages(|after| {
        round += 1;
        // New objects everywhere in the order, and new versions of some old ones.
        let new = (0..20).map(|n| Sample::new(&id("tool", n * 9_973 + round), 1));
        let newer = old
            .iter()
            .step_by(7)
            .map(|sample| Sample::new(&sample.id, 1 + round as i64));
        ingest(&*store, "b", &new.chain(newer).collect::<Vec<_>>());
        store.objects(None, after, 9).unwrap()
    });
    let mut ids: Vec<_> = seen.iter().map(|stored| stored.id.as_str()).collect();
    assert!(ids.is_sorted());
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "nothing twice");
    assert!(
        old.iter()
            .all(|sample| ids.binary_search(&sample.id.as_str()).is_ok()),
        "nothing lost"
    );
}

fn page_ends_at_its_bytes(open: &Open<'_>) {
    let store = open("a");
    let large = "x".repeat(limits::PAGE_BYTES_MAX / 4 + 1);
    let samples: Vec<Sample> = (0..6)
        .map(|n| Sample::new(&id("tool", n), 1).name(&large))
        .collect();
    for pair in samples.chunks(2) {
        ingest(&*store, "a", pair);
    }
    let first = store.objects(None, None, 100).unwrap();
    assert_eq!((first.items.len(), first.next.is_some()), (3, true));
    let all = all_pages(|after| store.objects(None, after, 100).unwrap());
    assert_eq!(all.len(), 6);
    assert_eq!(all[5].text, samples[5].text());
}

fn indicators_bring_their_relationships(open: &Open<'_>) {
    let store = open("a");
    let based_on = |n: u64, source: &str, target: &str| {
        Sample::new(&id("relationship", n), 1)
            .edge("source_ref", source)
            .edge("target_ref", target)
    };
    let (one, two) = (id("indicator", 1), id("indicator", 2));
    let relationships = [
        based_on(1, &one, "domain-name--1"),
        based_on(2, &one, "domain-name--2"),
        based_on(3, "malware--1", &one),
    ];
    let note = Sample::new("note--1", 1).edge("source_ref", &one);
    ingest(&*store, "a", &relationships);
    ingest(
        &*store,
        "a",
        &[
            Sample::new(&two, 1).revoked(),
            Sample::new(&one, 1).term("x"),
            note,
            Sample::new("indicator-x--1", 1),
        ],
    );
    let rows = all_pages(|after| store.indicators(after, 1).unwrap());
    assert_eq!(
        rows.iter()
            .map(|row| (row.id.as_str(), row.revoked))
            .collect::<Vec<_>>(),
        [(one.as_str(), false), (two.as_str(), true)]
    );
    let mut relations = rows[0].relations.clone();
    relations.sort();
    assert_eq!(relations, [relationships[0].text(), relationships[1].text()]);
    assert!(rows[1].relations.is_empty());
    assert!(rows[0].text.starts_with(b"id\tindicator--"));
}
