//! Several threads at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{Case, Open, Sample, id, ingest};
use crate::{Incoming, Outcome};

pub(super) const CASES: &[Case] = &[
    ("four_writers_lose_nothing", four_writers_lose_nothing),
    ("failing_writer_fails_alone", failing_writer_fails_alone),
    ("readers_see_whole_batches", readers_see_whole_batches),
    (
        "same_batch_from_many_is_stored_once",
        same_batch_from_many_is_stored_once,
    ),
];

fn four_writers_lose_nothing(open: &Open<'_>) {
    let store = open("a");
    let writer = |writer: u64| {
        for round in 0..25 {
            let samples: Vec<Sample> = (0..8)
                .map(|n| {
                    Sample::new(&id("tool", writer << 32 | round << 8 | n), 1)
                        .edge("x_ref", &id("tool", n))
                        .term("shared")
                })
                .collect();
            assert_eq!(
                ingest(&*store, &format!("writer {writer}"), &samples),
                [Outcome::New; 8]
            );
            // Acknowledged is visible, at once, to all.
            assert!(store.current(&samples[7].id).unwrap().is_some());
        }
    };
    thread::scope(|scope| (0..4).for_each(|n| drop(scope.spawn(move || writer(n)))));
    let stats = store.stats().unwrap();
    assert_eq!(
        (
            stats.current,
            stats.holdings,
            stats.sources,
            stats.observables,
            stats.edges
        ),
        (800, 800, 4, 800, 800)
    );
    drop(store);
    assert_eq!(open("a").stats().unwrap().current, 800);
}

fn failing_writer_fails_alone(open: &Open<'_>) {
    let store = open("a");
    let store = &*store;
    thread::scope(|scope| {
        for writer in 0..4u64 {
            scope.spawn(move || {
                for round in 0..30 {
                    let sample = Sample::new(&id("tool", writer << 32 | round), 1);
                    let poison = Incoming {
                        text: b"\xff",
                        ..sample.incoming()
                    };
                    match writer {
                        0 => assert!(store.ingest("bad", 1, &[sample.incoming(), poison]).is_err()),
                        _ => assert_eq!(
                            store.ingest("good", 1, &[sample.incoming()]).unwrap(),
                            [Outcome::New]
                        ),
                    }
                }
            });
        }
    });
    assert_eq!(store.stats().unwrap().current, 90);
    assert_eq!(store.sources().unwrap().len(), 1);
}

fn readers_see_whole_batches(open: &Open<'_>) {
    let store = open("a");
    let store = &*store;
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_done.load(Ordering::SeqCst) {
                    let ids = [id("tool", 1), id("tool", 2)];
                    let both = store.current_many(&[&ids[0], &ids[1]]).unwrap();
                    let versions: Vec<_> = both
                        .iter()
                        .map(|stored| stored.as_ref().map(|stored| stored.version))
                        .collect();
                    assert_eq!(versions[0], versions[1], "one state for all of a call");
                    let looked = store.look(&[(3, "even"), (3, "odd")], 5).unwrap();
                    let counts = [looked[0].mentions.len(), looked[1].mentions.len()];
                    assert!(matches!(counts, [0, 0] | [0, 2] | [2, 0]), "{counts:?}");
                }
            });
        }
        for version in 1..150 {
            let term = if version % 2 == 0 { "even" } else { "odd" };
            let pair = [1, 2].map(|n| Sample::new(&id("tool", n), version).term(term));
            ingest(store, "a", &pair);
        }
        is_done.store(true, Ordering::SeqCst);
    });
}

fn same_batch_from_many_is_stored_once(open: &Open<'_>) {
    let store = open("a");
    let store = &*store;
    let samples: Vec<Sample> = (0..40).map(|n| Sample::new(&id("tool", n), 1)).collect();
    let new: usize = thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    ingest(store, "a", &samples)
                        .iter()
                        .filter(|outcome| **outcome == Outcome::New)
                        .count()
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(new, 40, "each object is new to exactly one");
    assert_eq!(store.stats().unwrap().holdings, 40);
}
