//! Stores of earlier schemas: brought up to date whole, or left as they were.

use std::fs;
use std::path::Path;

use entente_store::sqlite::{Options, Sqlite};
use entente_store::{Append, Change, EntryKind, Error, Filter, NewAct, NewEntry, Outcome, Store};
use rusqlite::{Connection, params};
use tempfile::TempDir;

use super::faults::{assert_clean, count, derive, digest, ingest, open, told};

/// A store as schema 1 kept it, with the objects 0 to 9 told by `old`: written by SQL alone.
fn schema_1(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join("store.db")).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.execute_batch(include_str!("schema1.sql")).unwrap();
    connection
        .execute_batch(
            "INSERT INTO sources VALUES (1, 'old', 5); INSERT INTO properties VALUES (1, 'x_ref');
             UPDATE counters SET value = 7;
             INSERT INTO entities VALUES (11, 'tool--00000010', NULL);
             INSERT INTO meta VALUES ('place', 'here');",
        )
        .unwrap();
    for number in 0..10u8 {
        add(&connection, number);
    }
    connection
}

fn add(connection: &Connection, number: u8) {
    let told = told(u64::from(number));
    let (pk, value) = (number + 1, format!("value{number}"));
    let digest = digest(told.text.as_bytes());
    let (head, tail) = digest.split_at(8);
    let head = (u64::from_be_bytes(head.try_into().unwrap()) ^ (1 << 63)).cast_signed();
    // One reference: property 1, to the next object; one observable of kind 3 that is looked for.
    let mut derived = vec![1, 1, pk + 1, 1, 3, 0, u8::try_from(value.len()).unwrap()];
    derived.extend(value.as_bytes());
    let object = "INSERT INTO objects VALUES (?1, ?1, 1, ?2, ?3, 5, 0, NULL, ?4, ?5, ?6)";
    let name = format!("name{number}");
    connection
        .execute("INSERT INTO entities VALUES (?1, ?2, ?1)", params![pk, told.id])
        .unwrap();
    connection
        .execute(object, params![pk, head, tail, name, derived, told.text])
        .unwrap();
    connection
        .execute("INSERT INTO holdings VALUES (?1, 1, 5)", [pk])
        .unwrap();
    connection
        .execute(
            "INSERT INTO observables VALUES (3, ?1, 0, ?2)",
            params![value, pk],
        )
        .unwrap();
    connection
        .execute("INSERT INTO edges VALUES (?1, 1, ?2)", [pk + 1, pk])
        .unwrap();
    let words = format!("some words of {}", told.id);
    connection
        .execute(
            "INSERT INTO words (rowid, name, body) VALUES (?1, ?2, ?3)",
            params![pk, name, words],
        )
        .unwrap();
}

/// Once, a store that was closed with one object in it planned every look-up as a scan from then on, and a hundred
/// thousand objects that came later took minutes.
#[test]
fn what_a_store_knows_of_its_sizes_does_not_outlive_them() {
    let folder = TempDir::new().unwrap();
    let connection = schema_1(folder.path());
    connection.execute_batch("ANALYZE").unwrap();
    connection.close().unwrap();
    for _ in 0..2 {
        Box::new(open(folder.path()).unwrap()).close().unwrap();
        let connection = Connection::open(folder.path().join("store.db")).unwrap();
        let notes: i64 = connection
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'",
                (),
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(notes, 0);
        let plan: String = connection
            .query_row(
                "EXPLAIN QUERY PLAN SELECT current FROM entities WHERE id = ?1",
                [""],
                |row| row.get(3),
            )
            .unwrap();
        assert!(plan.starts_with("SEARCH"), "{plan}");
    }
}

#[test]
fn store_of_schema_1_is_brought_up_to_date() {
    let folder = TempDir::new().unwrap();
    schema_1(folder.path()).close().unwrap();
    let store = open(folder.path()).unwrap();
    assert_clean(&store);
    assert_eq!(count(&store), 10);
    assert_eq!(
        (
            store.change_number().unwrap(),
            store.meta("place").unwrap().as_deref()
        ),
        (7, Some("here"))
    );
    assert_eq!(
        ingest(&store, 0..10).unwrap(),
        [Outcome::KnownElsewhere; 10],
        "told by `test` now"
    );
    assert_eq!(
        ingest(&store, 10..11).unwrap(),
        [Outcome::New],
        "it was only referred to"
    );
    let (changed, next) = store.changed(0, 100).unwrap();
    assert_eq!(changed.len(), 11, "what was there before takes its turn");
    let withdrawn = ["old", "test"].map(|source| entente_store::Withdrawn {
        source,
        id: "tool--00000003",
        digest: None,
        derive: &derive,
    });
    let act = NewAct {
        kind: "party",
        subject: "x",
        digest: [1; 32],
        text: b"x",
    };
    let change = Change {
        withdrawn: withdrawn.to_vec(),
        acts: vec![act],
        ..Change::default()
    };
    assert_eq!(store.apply(&change).unwrap().withdrawn, 2);
    assert_eq!((count(&store), store.changed(next, 10).unwrap().0.len()), (10, 0));
    assert_clean(&store);
    drop(store);
    assert_clean(&open(folder.path()).unwrap());
}

/// Of channels 1 and 2 the releases, recalls and erasures that schema 2 kept, some at the same time and some at an
/// earlier one.
fn schema_2(folder: &Path) -> Connection {
    let connection = schema_1(folder);
    connection.execute_batch(include_str!("schema2.sql")).unwrap();
    connection
        .execute_batch(
            "INSERT INTO channels VALUES (1, 'x', 'pact', 'a', 'b', 7, x'00', NULL, 0),
                 (2, 'y', 'pact', 'a', 'b', 2, x'00', NULL, 0), (3, 'empty', 'pact', 'a', 'b', 0, x'', NULL, 0);
             INSERT INTO entities VALUES (12, 'report--1', NULL), (13, 'bare', NULL);",
        )
        .unwrap();
    // Channel, number, kind, subject, time, whether erased.
    let entries: [(i64, i64, i64, i64, i64, bool); 9] = [
        (1, 0, 1, 1, 10, false),
        (1, 1, 1, 2, 10, false),
        (1, 2, 1, 12, 10, false),
        (1, 3, 1, 3, 4, true),
        (1, 4, 2, 2, 30, false),
        (1, 5, 1, 1, 30, false),
        (1, 6, 1, 13, 30, false),
        (2, 0, 1, 1, 7, false),
        (2, 1, 1, 2, 7, false),
    ];
    for (channel, number, kind, subject, at, erased) in entries {
        let digest = (kind == 1).then_some([1u8; 32]);
        let entry = "INSERT INTO entries VALUES (?1, ?2, ?3, ?4, x'aa', x'bb', x'cc', ?5, NULL, ?6)";
        let place = (channel << 40) + number;
        let (salt, leaf) = ([2u8; 32], [3u8; 32]);
        connection
            .execute(entry, params![place, kind, subject, digest, at, erased])
            .unwrap();
        connection
            .execute(
                "UPDATE entries SET salt = ?2, leaf = ?3 WHERE place = ?1",
                params![place, salt, leaf],
            )
            .unwrap();
        let live = match kind {
            1 => "INSERT OR REPLACE INTO live VALUES (?1, ?2, ?3, ?4)",
            _ => "DELETE FROM live WHERE subject = ?1 AND channel = ?2 AND ?3 > 0 AND ?4 IS NULL",
        };
        connection
            .execute(live, params![subject, channel, number, digest])
            .unwrap();
    }
    connection
}

#[test]
fn entries_of_schema_2_get_times_that_grow() {
    let folder = TempDir::new().unwrap();
    schema_2(folder.path()).close().unwrap();
    let store = open(folder.path()).unwrap();
    assert_clean(&store);
    let added = |origin| -> Vec<i64> {
        let entries = store.entries(origin, 0, 10).unwrap();
        entries.iter().map(|entry| entry.added).collect()
    };
    assert_eq!(added("x"), [10, 11, 12, 13, 30, 31, 32]);
    assert_eq!(added("y"), [7, 8]);
    let standing = |origin, types: &[&'static str]| -> Vec<(u64, String)> {
        let filter = Filter {
            types: types.to_vec(),
            ..Filter::default()
        };
        let page = store.released(origin, 0, 100, &filter, 10).unwrap();
        page.items
            .into_iter()
            .map(|standing| (standing.number, standing.id))
            .collect()
    };
    let named = |number, id: &str| (number, id.to_owned());
    assert_eq!(
        standing("x", &[]),
        [
            named(2, "report--1"),
            named(5, "tool--00000000"),
            named(6, "bare")
        ]
    );
    assert_eq!(standing("x", &["report"]), [named(2, "report--1")]);
    assert_eq!(standing("y", &["tool"]).len(), 2);
    let live = store.live("x", &["tool--00000002", "tool--00000001"]).unwrap();
    assert_eq!(live, [Some((3, [1; 32])), None], "erased is not recalled");
    let entry = NewEntry {
        kind: EntryKind::Release,
        subject: "tool--00000005",
        digest: Some([1; 32]),
        opening: b"",
        salt: [0; 32],
        leaf: [0; 32],
        expires_at: None,
    };
    let append = |origin, expected_size| Append {
        origin,
        expected_size,
        entries: vec![entry.clone()],
        tiles: Vec::new(),
        frontier: Vec::new(),
    };
    let change = Change {
        at: 12,
        appends: vec![append("x", 7), append("empty", 0)],
        ..Change::default()
    };
    store.apply(&change).unwrap();
    assert_eq!(
        (added("x").last(), added("empty")),
        (Some(&33), vec![12]),
        "and go on growing"
    );
    assert_clean(&store);
}

#[test]
fn old_store_opened_for_reading_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    schema_1(folder.path()).close().unwrap();
    let error = Sqlite::open(folder.path(), &Options::read())
        .map(|_| ())
        .unwrap_err();
    assert!(error.to_string().contains("open it once for writing"), "{error}");
}

/// A step that fails half-way, here because a table of its name is there already.
#[test]
fn failed_step_leaves_the_old_store_whole() {
    let folder = TempDir::new().unwrap();
    let connection = schema_1(folder.path());
    connection.execute_batch("CREATE TABLE notes (x)").unwrap();
    connection.close().unwrap();
    let before = fs::read(folder.path().join("store.db")).unwrap();
    assert!(matches!(open(folder.path()), Err(Error::Engine { .. })));
    let connection = Connection::open(folder.path().join("store.db")).unwrap();
    let version: i64 = connection
        .query_row("PRAGMA user_version", (), |row| row.get(0))
        .unwrap();
    let made = "SELECT count(*) FROM sqlite_schema WHERE name IN ('again', 'acts', 'channels')";
    let made: i64 = connection.query_row(made, (), |row| row.get(0)).unwrap();
    assert_eq!((version, made), (1, 0));
    connection.execute_batch("DROP TABLE notes").unwrap();
    connection.close().unwrap();
    assert_eq!(
        fs::read(folder.path().join("store.db")).unwrap().len(),
        before.len()
    );
    let store = open(folder.path()).unwrap();
    assert_clean(&store);
    assert_eq!(count(&store), 10);
}
