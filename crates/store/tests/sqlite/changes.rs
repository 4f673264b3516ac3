//! Changes of channels on a full disk, a store for reading only, and a file that was changed.

use entente_store::sqlite::{Options, Sqlite};
use entente_store::{
    Append, Change, Collect, EntryKind, Error, Expected, Incoming, NewChannel, NewCollection,
    NewCollectionEntry, NewContent, NewDocument, NewEntry, Store, Telling, Withdrawn,
};
use rusqlite::Connection;
use tempfile::TempDir;

use super::faults::{Told, assert_clean, count, derive, digest, open, open_limited, told};

const ORIGIN: &str = "entente/pact/owner/audience";

fn incoming(told: &Told) -> Incoming<'_> {
    let derived = derive(told.text.as_bytes()).unwrap();
    Incoming {
        id: &told.id,
        type_name: "tool",
        version: 1,
        digest: derived.digest,
        text: told.text.as_bytes(),
        created_by: None,
        revoked: false,
        derived: false,
        observables: derived.observables,
        edges: derived.edges,
        words: derived.words,
        name: derived.name,
    }
}

fn release(told: &Told) -> NewEntry<'_> {
    NewEntry {
        kind: EntryKind::Release,
        subject: &told.id,
        digest: Some(digest(told.text.as_bytes())),
        opening: told.text.as_bytes(),
        salt: [7; 32],
        leaf: digest(b"leaf"),
        expires_at: None,
    }
}

const BOX: NewCollection<'static> = NewCollection {
    root: "root",
    id: "box",
    title: "",
    description: None,
    alias: None,
    media_types: vec![],
    can_read: true,
    can_write: true,
    owner: None,
};

fn held(id: &str, version: i64) -> NewCollectionEntry<'_> {
    NewCollectionEntry {
        id,
        version,
        version_text: "",
        spec_version: "2.1",
        media_type: "",
        digest: [0; 32],
        added: (version > 1).then_some(version * 10),
    }
}

/// One act: ten objects are told and released, the ten before them are withdrawn.
fn act(store: &Sqlite, round: u64) -> Result<(), Error> {
    let new: Vec<Told> = (round * 10..round * 10 + 10).map(told).collect();
    let old: Vec<Told> = (round.saturating_sub(1) * 10..round * 10).map(told).collect();
    let withdrawn = |told: &'static str, id| Withdrawn {
        source: told,
        id,
        digest: None,
        derive: &derive,
    };
    let change = Change {
        withdrawn: old.iter().map(|told| withdrawn("test", &told.id)).collect(),
        told: vec![Telling {
            source: "test",
            objects: new.iter().map(incoming).collect(),
        }],
        channels: vec![NewChannel {
            origin: ORIGIN,
            agreement: "pact",
            owner: "x",
            audience: vec!["y"],
        }],
        appends: vec![Append {
            origin: ORIGIN,
            expected_size: round * 10,
            entries: new.iter().map(release).collect(),
            tiles: vec![(0, round, vec![5; 8192])],
            frontier: vec![1],
        }],
        heads: vec![(ORIGIN, b"head")],
        collections: vec![BOX],
        collected: vec![Collect {
            root: "root",
            collection: "box",
            entries: new.iter().map(|told| held(&told.id, 1)).collect(),
        }],
        documents: vec![NewDocument {
            kind: "status",
            key: &new[0].id,
            value: Some(b"taken in"),
            expires_at: None,
            expected: Expected::Absent,
        }],
        ..Change::default()
    };
    store.apply(&change).map(|_| ())
}

fn size(store: &Sqlite) -> u64 {
    store.channel(ORIGIN).unwrap().map_or(0, |channel| channel.size)
}

fn held_size(store: &Sqlite) -> u64 {
    let made = store.collection("root", "box").unwrap();
    let documents = store.documents("status", None, 0, 1_000).unwrap();
    assert_eq!(
        documents.len() as u64 * 10,
        made.as_ref().map_or(0, |made| made.size)
    );
    made.map_or(0, |made| made.size)
}

#[test]
fn full_disk_leaves_whole_acts_only_and_heals() {
    let mut failed = 0;
    for pages in (60..200).step_by(11) {
        let folder = TempDir::new().unwrap();
        let store = open_limited(folder.path(), pages * 8192).unwrap();
        let mut round = 0;
        for _ in 0..60 {
            match act(&store, round) {
                Ok(()) => round += 1,
                Err(Error::Full { .. }) => failed += 1,
                Err(error) => panic!("{error}"),
            }
            assert_eq!(
                (size(&store), count(&store), held_size(&store)),
                (round * 10, round.min(1) * 10, round * 10),
                "still read"
            );
        }
        assert_eq!(store.entries(ORIGIN, 0, 1_000).unwrap().len() as u64, round * 10);
        assert_clean(&store);
        drop(store);
        let store = open(folder.path()).unwrap();
        assert_eq!(size(&store), round * 10);
        act(&store, round).unwrap();
        assert_clean(&store);
    }
    assert!(failed > 100, "the disk was full");
}

/// How often a text stands in the database file.
fn found(folder: &TempDir, text: &str) -> usize {
    let file = std::fs::read(folder.path().join("store.db")).unwrap();
    file.windows(text.len())
        .filter(|window| *window == text.as_bytes())
        .count()
}

#[test]
fn removed_texts_are_overwritten_in_the_file() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    fill(&store);
    Box::new(store).close().unwrap();
    let (object, form) = (told(3), told(50));
    let found = || (found(&folder, &object.text), found(&folder, &form.text));
    assert_eq!(found(), (2, 3), "the openings say it too");
    let store = open(folder.path()).unwrap();
    let change = Change {
        withdrawn: vec![Withdrawn {
            source: "test",
            id: &object.id,
            digest: None,
            derive: &derive,
        }],
        erased: vec![(ORIGIN, 10)],
        ..Change::default()
    };
    store.apply(&change).unwrap();
    Box::new(store).close().unwrap();
    assert_eq!(found(), (1, 2));
}

#[test]
fn store_opened_for_reading_takes_no_change() {
    let folder = TempDir::new().unwrap();
    act(&open(folder.path()).unwrap(), 0).unwrap();
    let reader = Sqlite::open(folder.path(), &Options::read()).unwrap();
    assert!(matches!(act(&reader, 1), Err(Error::OpenedForReading { .. })));
    assert_eq!(size(&reader), 10);
}

#[test]
fn store_without_sync_keeps_what_it_was_told() {
    let folder = TempDir::new().unwrap();
    let options = Options {
        sync: false,
        ..Options::write()
    };
    act(&Sqlite::open(folder.path(), &options).unwrap(), 0).unwrap();
    let store = open(folder.path()).unwrap();
    assert_eq!((size(&store), count(&store)), (10, 10));
    assert_clean(&store);
}

/// A log with releases that stand and one that does not, a content, an owner, a collection.
fn fill(store: &Sqlite) {
    act(store, 0).unwrap();
    let form = told(50);
    let recall = NewEntry {
        kind: EntryKind::Recall,
        digest: None,
        ..release(&form)
    };
    let other = told(3);
    let change = Change {
        contents: vec![NewContent {
            subject: &form.id,
            digest: digest(form.text.as_bytes()),
            text: form.text.as_bytes(),
        }],
        appends: vec![Append {
            origin: ORIGIN,
            expected_size: 10,
            entries: vec![
                release(&form),
                NewEntry {
                    subject: &other.id,
                    ..recall
                },
            ],
            tiles: vec![],
            frontier: vec![],
        }],
        bound: vec![(&form.id, "identity--1")],
        collections: vec![BOX],
        collected: vec![Collect {
            root: "root",
            collection: "box",
            entries: (1..4).map(|version| held("tool--held", version)).collect(),
        }],
        ..Change::default()
    };
    store.apply(&change).unwrap();
}

#[test]
fn changed_logs_are_named_and_what_follows_is_repaired() {
    let damages = [
        (
            "entries",
            false,
            "DELETE FROM entries WHERE place % 1099511627776 = 4",
        ),
        (
            "entries",
            false,
            "DELETE FROM entries WHERE place % 1099511627776 = 11",
        ),
        ("entries", false, "UPDATE channels SET size = 13"),
        (
            "entries",
            false,
            "UPDATE entries SET place = place + 2199023255552 WHERE place % 1099511627776 = 4",
        ),
        ("live", true, "DELETE FROM live WHERE place % 1099511627776 = 5"),
        (
            "live",
            true,
            "INSERT INTO live SELECT subject, place / 1099511627776, place, digest, 1, 1 FROM entries WHERE place % 1099511627776 = 3",
        ),
        (
            "live",
            true,
            "UPDATE live SET place = place - 3 WHERE place % 1099511627776 = 5",
        ),
        (
            "live",
            true,
            "UPDATE live SET digest = zeroblob(32) WHERE place % 1099511627776 = 5",
        ),
        (
            "live",
            true,
            "UPDATE live SET channel = 9 WHERE place % 1099511627776 = 5",
        ),
        (
            "live",
            true,
            "UPDATE live SET told = 1 - told WHERE place % 1099511627776 = 5",
        ),
        (
            "live",
            true,
            "UPDATE live SET type = 77 WHERE place % 1099511627776 = 5",
        ),
        ("live", true, "DELETE FROM types"),
        (
            "added",
            true,
            "UPDATE entries SET added = added + 1 WHERE place % 1099511627776 = 5",
        ),
        ("closed", true, "UPDATE channels SET closed = 1"),
        ("tiles", true, "INSERT INTO tiles VALUES (9, 0, 0, x'00')"),
        (
            "contents",
            true,
            "INSERT INTO contents SELECT 9, subject, zeroblob(32), text FROM contents",
        ),
        (
            "contents",
            true,
            "UPDATE entries SET erased = 1 WHERE place % 1099511627776 = 10",
        ),
        (
            "contents",
            false,
            "UPDATE contents SET text = replace(text, 'value0', 'value1')",
        ),
        ("contents", false, "UPDATE contents SET text = x'ff'"),
        ("ids", false, "DELETE FROM entities WHERE id = 'identity--1'"),
        ("ids", true, "DELETE FROM entities WHERE id = 'tool--00000005'"),
        ("collections", true, "UPDATE collections SET size = size + 1"),
        ("collections", true, "UPDATE collections SET last = 1"),
        ("collections", true, "UPDATE collections SET last_added = 1"),
        ("collected", true, "UPDATE collected SET is_first = 1 - is_first"),
        ("collected", true, "UPDATE collected SET is_last = 1"),
        ("collected", true, "UPDATE collected SET type = 77"),
        ("collections", true, "DELETE FROM collected WHERE version = 2"),
        (
            "collected",
            false,
            "UPDATE collected SET place = place + 2199023255552 WHERE version = 2",
        ),
        (
            "collected",
            false,
            "UPDATE collected SET added = 1 WHERE version = 2",
        ),
        ("collected", false, "DELETE FROM labels"),
        ("ids", false, "DELETE FROM entities WHERE id = 'tool--held'"),
    ];
    for (part, mends, damage) in damages {
        let folder = TempDir::new().unwrap();
        let store = open(folder.path()).unwrap();
        fill(&store);
        assert_clean(&store);
        Box::new(store).close().unwrap();
        let connection = Connection::open(folder.path().join("store.db")).unwrap();
        connection.execute_batch(damage).unwrap();
        connection.close().unwrap();
        let store = open(folder.path()).unwrap();
        let report = store.check(true, &derive).unwrap();
        let mut named = report
            .differences
            .iter()
            .map(|difference| (difference.part, difference.repairable));
        assert!(
            named.any(|named| named == (part, mends)),
            "{damage}: {:?}",
            report.differences
        );
        if mends {
            assert!(report.repaired, "{damage}");
            assert_clean(&store);
        }
    }
}

#[test]
fn repaired_choice_of_the_current_version_is_told_to_who_follows() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    fill(&store);
    let (_, next) = store.changed(0, 100).unwrap();
    Box::new(store).close().unwrap();
    let connection = Connection::open(folder.path().join("store.db")).unwrap();
    connection
        .execute_batch("UPDATE entities SET current = NULL WHERE id IN ('tool--00000003', 'tool--00000005')")
        .unwrap();
    connection.close().unwrap();
    let store = open(folder.path()).unwrap();
    assert!(store.check(true, &derive).unwrap().repaired);
    let (changed, _) = store.changed(next, 100).unwrap();
    let ids: Vec<_> = changed.iter().map(|changed| changed.stored.id.as_str()).collect();
    assert_eq!(ids, ["tool--00000003", "tool--00000005"]);
    assert_clean(&store);
}
