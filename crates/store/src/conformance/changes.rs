//! Acts, owners, asides and notes; and of every change all or nothing.

use super::channels::{add, append, channel, clean, entry, keep, release, release_of, with_channels};
use super::collections::{all_entries, collect, collection, discard, item};
use super::documents::document;
use super::{Case, Open, Sample, derive, ingest};
use crate::Outcome::{KnownElsewhere, New};
use crate::{
    Append, Change, EntryKind, Error, Expected, NewAct, NewAside, NewChannel, NewDocument, NewEntry, NewNote,
    Store, Telling, limits,
};

pub(super) const CASES: &[Case] = &[
    (
        "acts_are_numbered_and_known_ones_left_out",
        acts_are_numbered_and_known_ones_left_out,
    ),
    ("first_owner_stays", first_owner_stays),
    (
        "aside_is_kept_once_and_follows_the_latest",
        aside_is_kept_once_and_follows_the_latest,
    ),
    (
        "aside_numbers_are_never_given_again",
        aside_numbers_are_never_given_again,
    ),
    (
        "note_takes_the_place_of_an_earlier",
        note_takes_the_place_of_an_earlier,
    ),
    ("failing_change_leaves_nothing", failing_change_leaves_nothing),
    ("change_over_a_bound_is_refused", change_over_a_bound_is_refused),
    ("changes_survive_reopening", changes_survive_reopening),
    ("empty_change_does_nothing", empty_change_does_nothing),
];

fn act(number: u8) -> NewAct<'static> {
    NewAct {
        kind: "signature",
        subject: "pact",
        digest: [number; 32],
        text: b"a note\xff",
    }
}

fn acts_are_numbered_and_known_ones_left_out(open: &Open<'_>) {
    let store = open("a");
    let add = |acts: &[u8]| {
        let change = Change {
            at: 3,
            acts: acts.iter().map(|number| act(*number)).collect(),
            ..Change::default()
        };
        store.apply(&change).unwrap().acts
    };
    assert_eq!(add(&[7, 7, 8]), [Some(1), None, Some(2)]);
    assert_eq!(add(&[8, 9]), [None, Some(3)]);
    let acts = store.acts(0, 10).unwrap();
    let told: Vec<_> = acts
        .iter()
        .map(|act| (act.number, act.digest[0], act.at))
        .collect();
    assert_eq!(told, [(1, 7, 3), (2, 8, 3), (3, 9, 3)]);
    assert_eq!(
        (
            acts[0].kind.as_str(),
            acts[0].subject.as_str(),
            acts[0].text.as_slice()
        ),
        ("signature", "pact", &b"a note\xff"[..])
    );
    assert_eq!(store.acts(1, 1).unwrap(), acts[1..2]);
    assert!(store.acts(3, 10).unwrap().is_empty());
    assert!(store.acts(u64::MAX, 10).unwrap().is_empty());
}

fn first_owner_stays(open: &Open<'_>) {
    let store = open("a");
    let bind = |bound: Vec<(&str, &str)>| {
        store
            .apply(&Change {
                bound,
                ..Change::default()
            })
            .unwrap()
    };
    bind(vec![
        ("tool--1", "identity--1"),
        ("tool--1", "identity--2"),
        ("tool--2", "identity--2"),
    ]);
    bind(vec![("tool--2", "identity--1")]);
    let owners = store
        .owners(&["tool--2", "tool--1", "tool--3", "identity--1"])
        .unwrap();
    assert_eq!(
        owners,
        [
            Some("identity--2".to_owned()),
            Some("identity--1".to_owned()),
            None,
            None
        ]
    );
    assert_eq!(store.stats().unwrap().current, 0, "a bound id need not be stored");
}

fn aside(id: &str, released: u8) -> NewAside<'_> {
    NewAside {
        kind: "parked",
        id,
        source: "a",
        digest: [released; 32],
        text: b"no object\xff",
        reason: "from the future",
        until: Some(50),
    }
}

fn set_aside(store: &dyn Store, at: i64, aside: Vec<NewAside<'_>>) {
    store
        .apply(&Change {
            at,
            aside,
            ..Change::default()
        })
        .unwrap();
}

fn aside_is_kept_once_and_follows_the_latest(open: &Open<'_>) {
    let store = open("a");
    set_aside(
        &*store,
        1,
        vec![
            aside("tool--1", 1),
            aside("tool--2", 2),
            NewAside {
                source: "b",
                until: None,
                ..aside("tool--1", 1)
            },
        ],
    );
    set_aside(
        &*store,
        2,
        vec![NewAside {
            kind: "proposal",
            reason: "not theirs",
            until: Some(40),
            ..aside("tool--1", 1)
        }],
    );
    let asides = store.asides(None, 0, 10).unwrap();
    assert_eq!(asides.len(), 3);
    let first = &asides[0];
    assert_eq!(
        (first.kind.as_str(), first.id.as_str(), first.source.as_str()),
        ("proposal", "tool--1", "a")
    );
    assert_eq!(
        (first.digest, first.text.as_slice(), first.reason.as_str()),
        ([1; 32], &b"no object\xff"[..], "not theirs")
    );
    assert_eq!((first.at, first.until), (1, Some(40)));
    let one = store.asides(Some("tool--1"), 0, 10).unwrap();
    assert_eq!(one, [asides[0].clone(), asides[2].clone()]);
    assert_eq!(
        store.asides(Some("tool--1"), asides[0].number, 10).unwrap(),
        asides[2..]
    );
    assert_eq!(store.asides(None, asides[0].number, 1).unwrap(), asides[1..2]);
    assert!(store.asides_due(39, 10).unwrap().is_empty());
    assert_eq!(store.asides_due(50, 10).unwrap(), asides[..2]);
    assert_eq!(store.asides_due(50, 1).unwrap(), asides[..1]);
    assert_eq!(
        store.stats().unwrap().current,
        0,
        "what is aside is not an object here"
    );
}

fn aside_numbers_are_never_given_again(open: &Open<'_>) {
    let store = open("a");
    set_aside(&*store, 1, vec![aside("tool--1", 1), aside("tool--2", 2)]);
    let last = store.asides(None, 0, 10).unwrap()[1].number;
    let gone = Change {
        aside_gone: vec![last, 99],
        ..Change::default()
    };
    store.apply(&gone).unwrap();
    assert_eq!(store.asides(None, 0, 10).unwrap().len(), 1);
    drop(store);
    let store = open("a");
    set_aside(&*store, 2, vec![aside("tool--2", 2)]);
    assert_eq!(
        store.asides(None, last, 10).unwrap().len(),
        1,
        "a reader that goes on meets it"
    );
}

fn note_takes_the_place_of_an_earlier(open: &Open<'_>) {
    let store = open("a");
    let note = |party, size, text| NewNote {
        kind: "receipt",
        subject: "x",
        party,
        size,
        text,
    };
    let put = |at, notes| {
        store
            .apply(&Change {
                at,
                notes,
                ..Change::default()
            })
            .unwrap()
    };
    put(
        1,
        vec![
            note("identity--2", 5, &b"two"[..]),
            note("identity--1", 4, b"one"),
        ],
    );
    put(
        2,
        vec![
            note("identity--2", 6, b"three\xff"),
            NewNote {
                kind: "seen",
                ..note("identity--2", 9, b"other")
            },
        ],
    );
    let notes = store.notes("receipt", "x").unwrap();
    let told: Vec<_> = notes
        .iter()
        .map(|note| (note.party.as_str(), note.size, note.text.as_slice(), note.at))
        .collect();
    assert_eq!(
        told,
        [
            ("identity--1", 4, &b"one"[..], 1),
            ("identity--2", 6, b"three\xff", 2)
        ]
    );
    assert!(store.notes("receipt", "y").unwrap().is_empty());
    assert_eq!(store.notes("seen", "x").unwrap().len(), 1);
}

/// A change of everything, without what fails.
fn everything<'a>(sample: &'a Sample) -> Change<'a> {
    Change {
        at: 5,
        withdrawn: vec![crate::Withdrawn {
            source: "old",
            id: "tool--old",
            digest: None,
            derive: &derive,
        }],
        told: vec![Telling {
            source: "new",
            objects: vec![sample.incoming()],
        }],
        acts: vec![act(1)],
        channels: vec![channel("new")],
        contents: vec![keep(sample)],
        appends: vec![append("x", 1, vec![release_of(sample)])],
        heads: vec![("x", b"later head")],
        bound: vec![("tool--1", "identity--1")],
        aside_gone: vec![1],
        aside: vec![aside("tool--1", 1)],
        notes: vec![NewNote {
            kind: "seen",
            subject: "x",
            party: "identity--1",
            size: 1,
            text: b"x",
        }],
        erased: vec![("x", 0)],
        meta: vec![("place", Some("1"))],
        collections: vec![collection("root", "made")],
        discarded: vec![discard("root", "box", "tool--0")],
        collected: vec![collect("root", "box", vec![item("tool--1", 1)])],
        documents: vec![NewDocument {
            expected: Expected::Value(b"before"),
            ..document("status", "1", b"after")
        }],
    }
}

/// All that a store says about the channel side, as text.
fn told(store: &dyn Store) -> String {
    let objects = store.objects(None, None, 100).unwrap();
    let numbers = (store.change_number().unwrap(), store.generation_number().unwrap());
    let channels = store.channels().unwrap();
    let entries = (
        store.entries("x", 0, 100).unwrap(),
        store.entries("new", 0, 100).unwrap(),
    );
    let noted = (
        store.acts(0, 100).unwrap(),
        store.asides(None, 0, 100).unwrap(),
        store.notes("seen", "x").unwrap(),
    );
    let about = (
        store.owners(&["tool--1"]).unwrap(),
        store.live("x", &["tool--1"]).unwrap(),
    );
    let rest = (
        store.content(&[[1; 32]]).unwrap(),
        store.meta("place").unwrap(),
        store.sources().unwrap(),
    );
    let changed = store.changed(0, 100).unwrap();
    let held = (
        store.collections(None).unwrap(),
        all_entries(store, "root", "box"),
        store.documents("status", None, 0, 100).unwrap(),
    );
    format!(
        "{objects:?} {numbers:?} {channels:?} {entries:?} {noted:?} {about:?} {rest:?} {changed:?} {held:?}"
    )
}

fn with_history(open: &Open<'_>) -> Box<dyn Store> {
    let store = with_channels(open);
    ingest(&*store, "old", &[Sample::new("tool--old", 1)]);
    add(&*store, "x", vec![release("tool--0", 1)]);
    set_aside(&*store, 1, vec![aside("tool--9", 9)]);
    let held = Change {
        collections: vec![collection("root", "box")],
        collected: vec![collect("root", "box", vec![item("tool--0", 1)])],
        documents: vec![document("status", "1", b"before")],
        ..Change::default()
    };
    store.apply(&held).unwrap();
    store
}

fn failing_change_leaves_nothing(open: &Open<'_>) {
    let store = with_history(open);
    let before = told(&*store);
    let sample = Sample::new("tool--1", 1);
    let good = everything(&sample);
    let bad_object = crate::Incoming {
        text: b"\xff",
        ..sample.incoming()
    };
    let no_origin = channel("");
    let failing = [
        Change {
            told: vec![Telling {
                source: "b",
                objects: vec![bad_object],
            }],
            ..good.clone()
        },
        Change {
            appends: vec![append("x", 0, vec![])],
            ..good.clone()
        },
        Change {
            appends: vec![append("x", 1, vec![]), append("x", 1, vec![])],
            ..good.clone()
        },
        Change {
            appends: vec![append("unknown", 0, vec![])],
            ..good.clone()
        },
        Change {
            appends: vec![append("x", 1, vec![release("", 1)])],
            ..good.clone()
        },
        Change {
            appends: vec![append(
                "x",
                1,
                vec![NewEntry {
                    digest: None,
                    ..release("tool--1", 1)
                }],
            )],
            ..good.clone()
        },
        Change {
            appends: vec![append("x", 1, vec![entry(EntryKind::Close, "tool--1", 1)])],
            ..good.clone()
        },
        Change {
            heads: vec![("x", b"1"), ("unknown", b"x")],
            ..good.clone()
        },
        Change {
            erased: vec![("x", 0), ("x", 9)],
            ..good.clone()
        },
        Change {
            erased: vec![("unknown", 0)],
            ..good.clone()
        },
        Change {
            channels: vec![NewChannel {
                audience: vec!["a\nb"],
                ..no_origin.clone()
            }],
            ..good.clone()
        },
        Change {
            channels: vec![NewChannel {
                audience: vec![""],
                ..no_origin
            }],
            ..good.clone()
        },
    ];
    for (number, change) in failing.iter().enumerate() {
        let answer = store.apply(change);
        assert!(
            matches!(answer, Err(Error::Unfit { .. } | Error::Moved { .. })),
            "{number}: {answer:?}"
        );
        assert_eq!(told(&*store), before, "{number}");
    }
    let applied = store.apply(&good).unwrap();
    assert_eq!(
        (applied.outcomes, applied.acts, applied.withdrawn),
        (vec![vec![New]], vec![Some(1)], 1)
    );
    assert_ne!(told(&*store), before);
    clean(&*store);
}

fn change_over_a_bound_is_refused(open: &Open<'_>) {
    let store = with_history(open);
    let before = told(&*store);
    let long = "x".repeat(limits::NAME_BYTES_MAX + 1);
    let sample = Sample::new("tool--1", 1);
    let large = vec![0; limits::CHANGE_BYTES_MAX / 2];
    let many = limits::CHANGE_ITEMS_MAX + 1;
    let over = [
        Change {
            acts: vec![act(1); many],
            ..Change::default()
        },
        Change {
            aside_gone: vec![1; many],
            ..Change::default()
        },
        Change {
            meta: vec![("x", None); many],
            ..Change::default()
        },
        Change {
            appends: vec![append("x", 1, vec![release("tool--1", 1); many])],
            ..Change::default()
        },
        Change {
            told: vec![
                Telling {
                    source: "a",
                    objects: vec![sample.incoming(); 15_000]
                };
                2
            ],
            ..Change::default()
        },
        Change {
            acts: vec![
                NewAct {
                    text: &large,
                    ..act(1)
                },
                NewAct {
                    text: &large,
                    ..act(2)
                },
                act(3),
            ],
            ..Change::default()
        },
        Change {
            heads: vec![("x", &large[..]), ("x", &large[..]), ("x", b"x")],
            ..Change::default()
        },
        Change {
            meta: vec![(&long, None)],
            ..Change::default()
        },
        Change {
            bound: vec![("tool--1", &long)],
            ..Change::default()
        },
        Change {
            channels: vec![channel(&long)],
            ..Change::default()
        },
        Change {
            channels: vec![NewChannel {
                audience: vec!["identity--1"; limits::AUDIENCE_MAX + 1],
                ..channel("x")
            }],
            ..Change::default()
        },
        Change {
            appends: vec![append("x", 1, vec![release(&long, 1)])],
            ..Change::default()
        },
        Change {
            appends: vec![append("x", u64::MAX, vec![])],
            ..Change::default()
        },
        Change {
            appends: vec![Append {
                tiles: vec![(0, 0, vec![0; limits::TILE_BYTES_MAX + 1])],
                ..append("x", 1, vec![])
            }],
            ..Change::default()
        },
    ];
    for (number, change) in over.iter().enumerate() {
        let answer = store.apply(change);
        assert!(
            matches!(answer, Err(Error::TooMuch { .. })),
            "{number}: {answer:?}"
        );
    }
    assert_eq!(told(&*store), before);
}

fn changes_survive_reopening(open: &Open<'_>) {
    let store = with_history(open);
    store.apply(&everything(&Sample::new("tool--1", 1))).unwrap();
    let before = told(&*store);
    drop(store);
    let store = open("a");
    assert_eq!(told(&*store), before);
    // An object that arrives the other way is the same object.
    assert_eq!(
        ingest(&*store, "old", &[Sample::new("tool--1", 1)]),
        [KnownElsewhere]
    );
    store.close().unwrap();
    clean(&*open("a"));
}

fn empty_change_does_nothing(open: &Open<'_>) {
    let store = with_history(open);
    let before = told(&*store);
    assert_eq!(
        store.apply(&Change::default()).unwrap(),
        crate::Applied::default()
    );
    assert_eq!(told(&*store), before);
}
