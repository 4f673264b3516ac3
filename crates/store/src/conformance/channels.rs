//! Channels and their entries, what stands of releases, tiles, contents.

use super::{Case, Open, Sample, derive, digest, id};
use crate::{
    Append, Change, EntryKind, Error, Filter, NewAct, NewChannel, NewContent, NewEntry, Standing, Store,
    Telling, limits,
};

pub(super) const CASES: &[Case] = &[
    ("channel_is_made_once_and_grows", channel_is_made_once_and_grows),
    (
        "append_elsewhere_in_between_is_refused",
        append_elsewhere_in_between_is_refused,
    ),
    (
        "last_release_stands_until_recalled",
        last_release_stands_until_recalled,
    ),
    ("entries_come_in_pages", entries_come_in_pages),
    ("tiles_are_replaced", tiles_are_replaced),
    (
        "content_stays_while_an_entry_needs_it",
        content_stays_while_an_entry_needs_it,
    ),
    (
        "erasure_leaves_other_objects_contents",
        erasure_leaves_other_objects_contents,
    ),
    (
        "expired_entries_are_due_until_erased",
        expired_entries_are_due_until_erased,
    ),
    ("one_of_many_appends_wins", one_of_many_appends_wins),
    (
        "times_of_a_channels_entries_grow",
        times_of_a_channels_entries_grow,
    ),
    (
        "disturbed_grows_when_earlier_releases_stand_no_more",
        disturbed_grows_when_earlier_releases_stand_no_more,
    ),
    ("standing_release_is_told_whole", standing_release_is_told_whole),
];

/// An entry about an object; its bytes follow from its place.
pub(super) fn entry(kind: EntryKind, subject: &str, released: u8) -> NewEntry<'_> {
    NewEntry {
        kind,
        subject,
        digest: (kind == EntryKind::Release).then_some([released; 32]),
        opening: b"opening",
        salt: [released; 32],
        leaf: digest(&[kind as u8, released]),
        expires_at: None,
    }
}

pub(super) fn release(subject: &str, released: u8) -> NewEntry<'_> {
    entry(EntryKind::Release, subject, released)
}

fn recall(subject: &str) -> NewEntry<'_> {
    entry(EntryKind::Recall, subject, 0)
}

pub(super) fn append<'a>(origin: &'a str, expected_size: u64, entries: Vec<NewEntry<'a>>) -> Append<'a> {
    Append {
        origin,
        expected_size,
        entries,
        tiles: Vec::new(),
        frontier: vec![expected_size as u8],
    }
}

pub(super) fn channel(origin: &str) -> NewChannel<'_> {
    NewChannel {
        origin,
        agreement: "pact",
        owner: "identity--1",
        audience: vec!["identity--2", "identity--3"],
    }
}

/// A store with the channels `x` and `y`.
pub(super) fn with_channels(open: &Open<'_>) -> Box<dyn Store> {
    let store = open("a");
    let change = Change {
        channels: vec![channel("x"), channel("y")],
        ..Change::default()
    };
    store.apply(&change).unwrap();
    store
}

pub(super) fn add(store: &dyn Store, origin: &str, entries: Vec<NewEntry<'_>>) {
    let size = store.channel(origin).unwrap().unwrap().size;
    let change = Change {
        at: 5,
        appends: vec![append(origin, size, entries)],
        ..Change::default()
    };
    store.apply(&change).unwrap();
}

pub(super) fn clean(store: &dyn Store) {
    let report = store.check(false, &derive).unwrap();
    assert!(report.is_clean(), "{:?}", report.differences);
}

fn channel_is_made_once_and_grows(open: &Open<'_>) {
    let store = open("a");
    let change = Change {
        channels: vec![channel("x")],
        appends: vec![append("x", 0, vec![release("tool--1", 1)])],
        heads: vec![("x", b"head 1\xff")],
        ..Change::default()
    };
    store.apply(&change).unwrap();
    let again = Change {
        channels: vec![
            NewChannel {
                owner: "identity--9",
                audience: vec![],
                ..channel("x")
            },
            channel("w"),
        ],
        ..Change::default()
    };
    store.apply(&again).unwrap();
    let channels = store.channels().unwrap();
    assert_eq!(
        channels
            .iter()
            .map(|channel| channel.origin.as_str())
            .collect::<Vec<_>>(),
        ["w", "x"]
    );
    let x = store.channel("x").unwrap().unwrap();
    assert_eq!(x, channels[1]);
    assert_eq!(
        (x.agreement.as_str(), x.owner.as_str(), x.size, x.closed),
        ("pact", "identity--1", 1, false)
    );
    assert_eq!(x.audience, ["identity--2", "identity--3"]);
    assert_eq!(
        (x.head.as_deref(), x.frontier.as_slice()),
        (Some(&b"head 1\xff"[..]), &[0][..])
    );
    assert_eq!((channels[0].size, channels[0].head.as_ref()), (0, None));
    assert_eq!(store.channel("z").unwrap(), None);
    add(&*store, "x", vec![entry(EntryKind::Close, "", 0)]);
    assert!(store.channel("x").unwrap().unwrap().closed);
    clean(&*store);
}

fn append_elsewhere_in_between_is_refused(open: &Open<'_>) {
    let store = with_channels(open);
    add(&*store, "x", vec![release("tool--1", 1), release("tool--2", 2)]);
    for expected in [0, 1, 3, u64::MAX >> 30] {
        let act = NewAct {
            kind: "signature",
            subject: "pact",
            digest: [1; 32],
            text: b"a note",
        };
        let change = Change {
            acts: vec![act],
            appends: vec![append("x", expected, vec![release("tool--3", 3)])],
            ..Change::default()
        };
        match store.apply(&change) {
            Err(Error::Moved {
                origin,
                expected: named,
                found,
            }) => {
                assert_eq!((origin.as_str(), named, found), ("x", expected, 2));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(
        store.acts(0, 10).unwrap().is_empty(),
        "nothing of the change is stored"
    );
    assert_eq!(store.channel("x").unwrap().unwrap().size, 2);
}

fn last_release_stands_until_recalled(open: &Open<'_>) {
    let store = with_channels(open);
    let ids = ["tool--1", "tool--2", "tool--9"];
    let live = |origin: &str| store.live(origin, &ids).unwrap();
    add(
        &*store,
        "x",
        vec![
            release("tool--1", 1),
            release("tool--2", 2),
            release("tool--1", 3),
        ],
    );
    add(&*store, "y", vec![release("tool--2", 4)]);
    assert_eq!(live("x"), [Some((2, [3; 32])), Some((1, [2; 32])), None]);
    assert_eq!(live("y"), [None, Some((0, [4; 32])), None]);
    assert_eq!(live("z"), [None, None, None]);
    assert_eq!(
        store.released_in("tool--2").unwrap(),
        [("x".to_owned(), 1), ("y".to_owned(), 0)]
    );
    add(&*store, "x", vec![recall("tool--2"), recall("tool--9")]);
    assert_eq!(live("x"), [Some((2, [3; 32])), None, None]);
    assert_eq!(store.released_in("tool--2").unwrap(), [("y".to_owned(), 0)]);
    assert!(store.released_in("tool--9").unwrap().is_empty());
    add(
        &*store,
        "x",
        vec![
            recall("tool--1"),
            release("tool--1", 5),
            release("tool--2", 2),
            recall("tool--2"),
        ],
    );
    assert_eq!(live("x"), [Some((6, [5; 32])), None, None]);
    let about = |after, limit| store.entries_about("tool--2", after, limit).unwrap();
    let at = |origin: &str, number| (origin.to_owned(), number);
    assert_eq!(
        about(None, 10),
        [at("x", 1), at("x", 3), at("x", 7), at("x", 8), at("y", 0)]
    );
    assert_eq!(about(Some(("x", 3)), 2), [at("x", 7), at("x", 8)]);
    assert!(about(Some(("y", 0)), 2).is_empty());
    assert!(matches!(
        store.entries_about("tool--2", Some(("z", 0)), 2),
        Err(Error::BadCursor { .. })
    ));
    clean(&*store);
}

fn entries_come_in_pages(open: &Open<'_>) {
    let store = with_channels(open);
    let ids: Vec<String> = (0..10).map(|n| id("tool", n)).collect();
    let entries = ids.iter().map(|id| NewEntry {
        expires_at: Some(77),
        ..release(id, 6)
    });
    add(&*store, "x", entries.collect());
    add(&*store, "y", vec![recall("tool--1")]);
    add(&*store, "x", vec![entry(EntryKind::Close, "", 0)]);
    let entries = store.entries("x", 0, 100).unwrap();
    assert_eq!(
        entries.iter().map(|entry| entry.number).collect::<Vec<_>>(),
        (0..11).collect::<Vec<_>>()
    );
    let first = &entries[0];
    assert_eq!(
        (first.kind, first.subject.as_str(), first.digest),
        (EntryKind::Release, ids[0].as_str(), Some([6; 32]))
    );
    assert_eq!(
        (first.opening.as_slice(), first.salt, first.leaf),
        (&b"opening"[..], [6; 32], digest(&[1, 6]))
    );
    assert_eq!((first.at, first.expires_at, first.erased), (5, Some(77), false));
    assert_eq!(
        (entries[10].kind, entries[10].subject.as_str(), entries[10].digest),
        (EntryKind::Close, "", None)
    );
    assert_eq!(store.entries("x", 4, 3).unwrap(), entries[4..7]);
    assert!(store.entries("x", 11, 3).unwrap().is_empty());
    assert!(store.entries("x", u64::MAX, 3).unwrap().is_empty());
    assert!(store.entries("z", 0, 3).unwrap().is_empty());
    assert_eq!(store.entries("y", 0, 3).unwrap().len(), 1);
    let opening = vec![b'x'; limits::PAGE_BYTES_MAX / 4 + 1];
    for _ in 0..2 {
        let wide = [id("tool", 20), id("tool", 21), id("tool", 22)];
        add(
            &*store,
            "y",
            wide.iter()
                .map(|id| NewEntry {
                    opening: &opening,
                    ..recall(id)
                })
                .collect(),
        );
    }
    assert_eq!(
        store.entries("y", 1, 100).unwrap().len(),
        3,
        "a page ends at its bytes"
    );
    assert_eq!(store.entries("y", 4, 100).unwrap().len(), 3);
}

fn tiles_are_replaced(open: &Open<'_>) {
    let store = with_channels(open);
    let put = |origin: &str, tiles: Vec<(u8, u64, Vec<u8>)>| {
        let change = Change {
            appends: vec![Append {
                tiles,
                ..append(origin, 0, vec![])
            }],
            ..Change::default()
        };
        store.apply(&change).unwrap();
    };
    put("x", vec![(0, 0, vec![1]), (0, 1, vec![2]), (1, 0, vec![3])]);
    put("x", vec![(0, 1, vec![2, 2])]);
    put("y", vec![(0, 0, vec![9; limits::TILE_BYTES_MAX])]);
    let tile = |origin: &str, level, index| store.tile(origin, level, index).unwrap();
    assert_eq!(
        [tile("x", 0, 0), tile("x", 0, 1), tile("x", 1, 0)],
        [Some(vec![1]), Some(vec![2, 2]), Some(vec![3])]
    );
    assert_eq!(tile("y", 0, 0).unwrap().len(), limits::TILE_BYTES_MAX);
    assert_eq!(
        [tile("x", 2, 0), tile("x", 0, u64::MAX), tile("z", 0, 0)],
        [None, None, None]
    );
}

/// The form of an object that was released.
fn form(subject: &str) -> Sample {
    Sample::new(subject, 1).name("redacted")
}

pub(super) fn keep(form: &Sample) -> NewContent<'_> {
    NewContent {
        subject: &form.id,
        digest: form.digest(),
        text: form.text(),
    }
}

pub(super) fn release_of(form: &Sample) -> NewEntry<'_> {
    NewEntry {
        digest: Some(form.digest()),
        ..release(&form.id, 1)
    }
}

fn erase(store: &dyn Store, erased: &[(&str, u64)]) {
    let change = Change {
        erased: erased.to_vec(),
        ..Change::default()
    };
    store.apply(&change).unwrap();
}

fn content_stays_while_an_entry_needs_it(open: &Open<'_>) {
    let store = with_channels(open);
    let (whole, form) = (Sample::new("tool--2", 1), form("tool--1"));
    let change = Change {
        told: vec![Telling {
            source: "a",
            objects: vec![whole.incoming()],
        }],
        contents: vec![keep(&form), keep(&form)],
        appends: vec![
            append("x", 0, vec![release_of(&form), release_of(&form)]),
            append("y", 0, vec![release_of(&form)]),
        ],
        ..Change::default()
    };
    store.apply(&change).unwrap();
    let content = || store.content(&[form.digest()]).unwrap()[0].clone();
    assert_eq!(content().as_deref(), Some(form.text()));
    assert_eq!(
        store.content(&[whole.digest(), [9; 32], form.digest()]).unwrap(),
        [Some(whole.text().to_vec()), None, content()]
    );
    assert_eq!(
        store.current("tool--1").unwrap(),
        None,
        "a form is not an object here"
    );
    erase(&*store, &[("x", 0)]);
    erase(&*store, &[("y", 0), ("y", 0)]);
    assert!(content().is_some(), "one entry is left");
    clean(&*store);
    erase(&*store, &[("x", 1)]);
    assert_eq!(content(), None);
    let entries = store.entries("x", 0, 10).unwrap();
    assert!(
        entries
            .iter()
            .all(|entry| entry.erased && entry.digest == Some(form.digest()))
    );
    assert_eq!(
        store.live("x", &["tool--1"]).unwrap(),
        [Some((1, form.digest()))],
        "erased is not recalled"
    );
    clean(&*store);
    let unknown = Change {
        erased: vec![("x", 2)],
        ..Change::default()
    };
    assert!(matches!(store.apply(&unknown), Err(Error::Unfit { .. })));
}

/// An entry may name any digest: what it does not own does not go with it.
fn erasure_leaves_other_objects_contents(open: &Open<'_>) {
    let store = with_channels(open);
    let form = form("tool--1");
    let stolen = NewEntry {
        subject: "tool--2",
        ..release_of(&form)
    };
    let change = Change {
        contents: vec![keep(&form)],
        appends: vec![
            append("x", 0, vec![release_of(&form)]),
            append("y", 0, vec![stolen]),
        ],
        ..Change::default()
    };
    store.apply(&change).unwrap();
    erase(&*store, &[("y", 0)]);
    assert!(store.content(&[form.digest()]).unwrap()[0].is_some());
    clean(&*store);
}

fn expired_entries_are_due_until_erased(open: &Open<'_>) {
    let store = with_channels(open);
    let until = |subject, expires_at| NewEntry {
        expires_at,
        ..release(subject, 1)
    };
    add(
        &*store,
        "x",
        vec![
            until("tool--1", Some(30)),
            until("tool--2", None),
            until("tool--3", Some(10)),
        ],
    );
    add(&*store, "y", vec![until("tool--4", Some(20))]);
    let due = |until, limit| {
        let due = store.expiring(until, limit).unwrap();
        due.into_iter()
            .map(|(origin, number, subject)| format!("{origin} {number} {subject}"))
            .collect::<Vec<_>>()
    };
    assert!(due(9, 10).is_empty());
    assert_eq!(due(20, 10), ["x 2 tool--3", "y 0 tool--4"]);
    assert_eq!(due(i64::MAX, 1), ["x 2 tool--3"]);
    erase(&*store, &[("x", 2)]);
    assert_eq!(due(i64::MAX, 10), ["y 0 tool--4", "x 0 tool--1"]);
}

fn one_of_many_appends_wins(open: &Open<'_>) {
    let store = with_channels(open);
    let store = &*store;
    let won: u64 = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..6u8)
            .map(|writer| {
                scope.spawn(move || {
                    let mut won = 0;
                    for size in 0..20 {
                        let change = Change {
                            appends: vec![append("x", size, vec![release("tool--1", writer)])],
                            ..Change::default()
                        };
                        match store.apply(&change) {
                            Ok(_) => won += 1,
                            Err(Error::Moved { found, .. }) => assert!(found > size),
                            Err(error) => panic!("{error}"),
                        }
                    }
                    won
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(
        (won, store.channel("x").unwrap().unwrap().size),
        (20, 20),
        "each place is given once"
    );
    clean(store);
}

fn times_of_a_channels_entries_grow(open: &Open<'_>) {
    let store = with_channels(open);
    let ids: Vec<String> = (0..9).map(|n| id("tool", n)).collect();
    let mut ids = ids.iter();
    let mut at = |at, count| {
        let entries: Vec<_> = ids.by_ref().take(count).map(|id| release(id, 1)).collect();
        let size = store.channel("x").unwrap().unwrap().size;
        let change = Change {
            at,
            appends: vec![append("x", size, entries)],
            ..Change::default()
        };
        store.apply(&change).unwrap();
    };
    at(10, 2);
    at(10, 2);
    at(9, 1);
    at(50, 1);
    at(i64::MIN, 1);
    let entries = store.entries("x", 0, 10).unwrap();
    let times: Vec<_> = entries.iter().map(|entry| (entry.at, entry.added)).collect();
    assert_eq!(
        times,
        [
            (10, 10),
            (10, 11),
            (10, 12),
            (10, 13),
            (9, 14),
            (50, 50),
            (i64::MIN, 51)
        ]
    );
    clean(&*store);
}

fn disturbed_grows_when_earlier_releases_stand_no_more(open: &Open<'_>) {
    let store = with_channels(open);
    let disturbed = || store.channel("x").unwrap().unwrap().disturbed;
    add(&*store, "x", vec![release("tool--1", 1), release("tool--2", 2)]);
    add(&*store, "x", vec![release("tool--3", 3), recall("tool--9")]);
    assert_eq!(disturbed(), 0);
    add(&*store, "x", vec![release("tool--1", 4)]);
    assert_eq!(disturbed(), 1, "entry 0 is replaced");
    add(&*store, "x", vec![recall("tool--2")]);
    assert_eq!(disturbed(), 2);
    erase(&*store, &[("x", 0)]);
    assert_eq!(disturbed(), 2, "it stood no more");
    erase(&*store, &[("x", 2), ("x", 2)]);
    assert_eq!(disturbed(), 3);
    add(&*store, "x", vec![entry(EntryKind::Close, "", 0)]);
    assert_eq!(disturbed(), 4);
    assert_eq!(store.channel("y").unwrap().unwrap().disturbed, 0);
}

fn standing_release_is_told_whole(open: &Open<'_>) {
    let store = with_channels(open);
    let lasting = NewEntry {
        expires_at: Some(70),
        ..release("tool--1", 8)
    };
    add(
        &*store,
        "x",
        vec![recall("tool--1"), lasting, entry(EntryKind::Close, "", 0)],
    );
    let page = |origin, from, until| {
        store
            .released(origin, from, until, &Filter::default(), 10)
            .unwrap()
    };
    let standing = Standing {
        number: 1,
        id: "tool--1".to_owned(),
        digest: [8; 32],
        opening: b"opening".to_vec(),
        expires_at: Some(70),
        added: 6,
        at: 5,
    };
    assert_eq!(page("x", 0, u64::MAX).items, std::slice::from_ref(&standing));
    assert_eq!(page("x", 1, 2).items, [standing]);
    for (origin, from, until) in [
        ("x", 0, 1),
        ("x", 2, 9),
        ("x", u64::MAX, 0),
        ("x", 5, 1),
        ("y", 0, 9),
        ("z", 0, 9),
    ] {
        let page = page(origin, from, until);
        assert_eq!((page.items, page.next), (vec![], None), "{origin} {from} {until}");
    }
    let opening = vec![b'x'; limits::PAGE_BYTES_MAX / 4 + 1];
    let ids: Vec<String> = (0..6).map(|n| id("tool", n)).collect();
    for ids in ids.chunks(3) {
        let wide = ids.iter().map(|id| NewEntry {
            opening: &opening,
            ..release(id, 1)
        });
        add(&*store, "y", wide.collect());
    }
    let first = page("y", 0, 6);
    assert_eq!(
        (first.items.len(), first.next),
        (3, Some(3)),
        "a page ends at its bytes"
    );
    assert_eq!(page("y", 3, 6).items.len(), 3);
}
