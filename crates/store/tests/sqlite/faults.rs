//! A full disk, a read-only folder, a second process, damage, older and later files.

use std::fs;
use std::path::Path;

use entente_store::sqlite::{Options, Sqlite};
use entente_store::{Derived, Error, Incoming, Observed, Outcome, Store};
use rusqlite::Connection;
use tempfile::TempDir;

pub(super) fn open(folder: &Path) -> Result<Sqlite, Error> {
    Sqlite::open(folder, &Options::write())
}

pub(super) fn open_limited(folder: &Path, bytes: u64) -> Result<Sqlite, Error> {
    Sqlite::open(
        folder,
        &Options {
            file_bytes_max: Some(bytes),
            ..Options::write()
        },
    )
}

/// An object whose text derives everything: `id name value target`.
pub(super) struct Told {
    pub(super) id: String,
    pub(super) text: String,
}

pub(super) fn told(number: u64) -> Told {
    let id = format!("tool--{number:08}");
    Told {
        text: format!("{id} name{number} value{} tool--{:08}", number % 50, number + 1),
        id,
    }
}

pub(super) fn derive(text: &[u8]) -> Result<Derived, String> {
    let told = std::str::from_utf8(text).map_err(|error| error.to_string())?;
    let [id, name, value, target] = told.split(' ').collect::<Vec<_>>()[..] else {
        return Err("it has not four parts".to_owned());
    };
    Ok(Derived {
        id: id.to_owned(),
        version: 1,
        digest: digest(text),
        created_by: None,
        revoked: false,
        observables: vec![Observed {
            kind: 3,
            value: value.to_owned(),
            is_term: true,
        }],
        edges: vec![("x_ref".to_owned(), target.to_owned())],
        words: format!("some words of {id}"),
        name: name.to_owned(),
    })
}

pub(super) fn digest(text: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(text).into()
}

pub(super) fn ingest(store: &Sqlite, numbers: std::ops::Range<u64>) -> Result<Vec<Outcome>, Error> {
    let told: Vec<Told> = numbers.map(told).collect();
    let incoming = |told: &'_ Told| {
        let Derived {
            digest,
            observables,
            edges,
            words,
            name,
            ..
        } = derive(told.text.as_bytes()).unwrap();
        (digest, observables, edges, words, name)
    };
    let batch: Vec<Incoming<'_>> = told
        .iter()
        .map(|told| {
            let (digest, observables, edges, words, name) = incoming(told);
            Incoming {
                id: &told.id,
                type_name: "tool",
                version: 1,
                digest,
                text: told.text.as_bytes(),
                created_by: None,
                revoked: false,
                derived: false,
                observables,
                edges,
                words,
                name,
            }
        })
        .collect();
    store.ingest("test", 1, &batch)
}

pub(super) fn count(store: &Sqlite) -> u64 {
    store.stats().unwrap().current
}

pub(super) fn assert_clean(store: &Sqlite) {
    let report = store.check(false, &derive).unwrap();
    assert!(report.is_clean(), "{:?}", report.differences);
}

#[test]
fn full_disk_loses_nothing_acknowledged_and_heals() {
    // Empty it has some 40 pages: every step from where opening fails to where all fits.
    for pages in (1..200).step_by(7) {
        let folder = TempDir::new().unwrap();
        let store = match open_limited(folder.path(), pages * 8192) {
            Ok(store) => store,
            Err(error) => panic!("{error}"),
        };
        let mut acknowledged = 0;
        for batch in 0..20u64 {
            match ingest(&store, batch * 100..(batch + 1) * 100) {
                Ok(outcomes) => {
                    assert_eq!(outcomes, vec![Outcome::New; 100]);
                    acknowledged += 100;
                }
                Err(Error::Full { path }) => assert!(path.ends_with("store.db")),
                Err(error) => panic!("{error}"),
            }
            assert_eq!(count(&store), acknowledged, "still read");
        }
        assert_clean(&store);
        drop(store);
        let store = open(folder.path()).unwrap();
        assert_eq!(count(&store), acknowledged);
        ingest(&store, 0..2_000).unwrap();
        assert_eq!(count(&store), 2_000, "there is room again");
        assert_clean(&store);
    }
}

#[test]
fn full_disk_fails_only_whom_it_hits() {
    let folder = TempDir::new().unwrap();
    let store = open_limited(folder.path(), 100 * 8192).unwrap();
    let stored: u64 = std::thread::scope(|scope| {
        let store = &store;
        let writers: Vec<_> = (0..4u64)
            .map(|writer| {
                scope.spawn(move || {
                    // One writes much at a time, the others little.
                    let size = if writer == 0 { 5_000 } else { 3 };
                    let batches = (0..20u64)
                        .map(|n| (writer << 20) | (n * size))
                        .map(|from| ingest(store, from..from + size));
                    batches
                        .filter(|batch| matches!(batch, Ok(outcomes) if outcomes.len() == size as usize))
                        .count() as u64
                        * size
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(count(&store), stored, "what was acknowledged is what is stored");
    assert_eq!(stored, 180, "the small ones fit");
    assert_clean(&store);
}

#[test]
fn second_writer_is_refused_with_the_first_ones_pid() {
    let folder = TempDir::new().unwrap();
    let first = open(folder.path()).unwrap();
    match open(folder.path()) {
        Err(error @ Error::Locked { .. }) => {
            let text = error.to_string();
            assert!(text.contains(&std::process::id().to_string()), "{text}");
            assert!(text.contains(&folder.path().display().to_string()), "{text}");
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
    drop(first);
    open(folder.path()).unwrap();
}

#[test]
fn reader_sees_a_running_writers_commits_and_cannot_write() {
    let folder = TempDir::new().unwrap();
    let writer = open(folder.path()).unwrap();
    let reader = Sqlite::open(folder.path(), &Options::read()).unwrap();
    assert_eq!(count(&reader), 0);
    ingest(&writer, 0..10).unwrap();
    assert_eq!(count(&reader), 10);
    assert!(matches!(
        ingest(&reader, 0..1),
        Err(Error::OpenedForReading { .. })
    ));
    Box::new(writer).close().unwrap();
    assert_eq!(count(&reader), 10);
    let writer = open(folder.path()).unwrap();
    ingest(&writer, 10..20).unwrap();
    assert_eq!(count(&reader), 20);
}

#[test]
fn reading_needs_a_store() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("none");
    for path in [folder.path(), &missing] {
        assert!(matches!(
            Sqlite::open(path, &Options::read()),
            Err(Error::Missing { .. })
        ));
    }
    assert!(!missing.exists(), "reading creates nothing");
}

#[test]
fn closing_leaves_one_file_and_the_lock() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    ingest(&store, 0..500).unwrap();
    assert_eq!(count(&store), 500);
    Box::new(store).close().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["lock", "store.db"]);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("a/b");
    let store = open(&folder).unwrap();
    ingest(&store, 0..10).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn later_schema_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    drop(open(folder.path()).unwrap());
    let database = folder.path().join("store.db");
    Connection::open(&database)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let before = fs::read(&database).unwrap();
    for options in [Options::write(), Options::read()] {
        match Sqlite::open(folder.path(), &options) {
            Err(Error::Newer { path, found: 99, .. }) => assert_eq!(path, database),
            other => panic!("{:?}", other.map(|_| ())),
        }
    }
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[test]
fn foreign_files_are_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let database = folder.path().join("store.db");
    Connection::open(&database)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
        .unwrap();
    let sqlite = fs::read(&database).unwrap();
    for content in [sqlite, b"not a database at all, but long enough to have a header of one hundred bytes, so that SQLite looks at it closely".to_vec()] {
        fs::write(&database, &content).unwrap();
        for options in [Options::write(), Options::read()] {
            let opened = Sqlite::open(folder.path(), &options);
            assert!(matches!(opened, Err(Error::NotAStore { .. })), "{:?}", opened.map(|_| ()));
        }
        assert_eq!(fs::read(&database).unwrap(), content);
    }
}

#[test]
fn file_that_a_crash_left_empty_becomes_a_store() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("store.db"), b"").unwrap();
    assert!(matches!(
        Sqlite::open(folder.path(), &Options::read()),
        Err(Error::Missing { .. })
    ));
    let store = open(folder.path()).unwrap();
    ingest(&store, 0..10).unwrap();
    assert_eq!(count(&store), 10);
}

#[test]
fn folder_that_cannot_be_made_is_named() {
    let parent = TempDir::new().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = open(&file.join("store")).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
}

/// Who may write everywhere cannot see a folder that is read-only by its mode.
fn may_write_everywhere(folder: &Path) -> bool {
    fs::write(folder.join("probe"), b"").is_ok()
}

#[cfg(unix)]
#[test]
fn read_only_folder_is_named_and_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("store");
    let store = open(&folder).unwrap();
    ingest(&store, 0..10).unwrap();
    Box::new(store).close().unwrap();
    let set_mode = |folder_mode, file_mode| {
        for name in ["lock", "store.db"] {
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(file_mode)).unwrap();
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(folder_mode)).unwrap();
    };
    set_mode(0o500, 0o400);
    if !may_write_everywhere(&folder) {
        assert!(matches!(open(&folder), Err(Error::ReadOnly { .. })));
        let reader = Sqlite::open(&folder, &Options::read()).unwrap();
        assert_eq!(count(&reader), 10);
        assert_clean(&reader);
    }
    set_mode(0o700, 0o600);
}

#[test]
fn changed_text_is_named() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    ingest(&store, 0..100).unwrap();
    Box::new(store).close().unwrap();
    let database = folder.path().join("store.db");
    let tampered = "UPDATE objects SET text = replace(text, 'value7', 'value8') WHERE pk = 8";
    Connection::open(&database)
        .unwrap()
        .execute_batch(tampered)
        .unwrap();
    let store = open(folder.path()).unwrap();
    let report = store.check(false, &derive).unwrap();
    let [difference] = &report.differences[..] else {
        panic!("{:?}", report.differences)
    };
    assert_eq!(
        (
            difference.part,
            difference.subject.as_str(),
            difference.repairable
        ),
        ("text", "tool--00000007", false)
    );
}

#[test]
fn changed_indexes_are_named_and_repaired() {
    let damages = [
        ("observables", "DELETE FROM observables WHERE value = 'value7'"),
        (
            "observables",
            "INSERT INTO observables VALUES (3, 'planted', 0, 1)",
        ),
        ("edges", "DELETE FROM edges WHERE source < 5"),
        ("edges", "INSERT INTO edges VALUES (1, 1, 77)"),
        ("words", "DELETE FROM words WHERE rowid = 9"),
        (
            "words",
            "INSERT INTO words (rowid, name, body) VALUES (1000, 'planted', 'x')",
        ),
        (
            "words",
            "DELETE FROM words WHERE rowid = 9; INSERT INTO words (rowid, name, body) VALUES (9, 'name8', 'some other words tool')",
        ),
        ("current", "UPDATE entities SET current = NULL WHERE pk = 3"),
        ("current", "DELETE FROM entities WHERE pk = 3"),
        ("name", "UPDATE objects SET name = 'x' WHERE pk = 3"),
        ("version", "UPDATE objects SET version = 5 WHERE pk = 3"),
        ("revoked", "UPDATE objects SET revoked = 1 WHERE pk = 3"),
        ("creator", "UPDATE objects SET creator = 1 WHERE pk = 3"),
        ("observables", "UPDATE objects SET derived = x'0000' WHERE pk = 3"),
        ("observables", "UPDATE objects SET derived = x'ff' WHERE pk = 3"),
        (
            "groups",
            "INSERT INTO detections VALUES (1, 1, x'00', 0, 5, 5, '', 1, '', 1, '', '', '')",
        ),
    ];
    let folder = TempDir::new().unwrap();
    drop(
        open(folder.path())
            .map(|store| ingest(&store, 0..200).unwrap())
            .unwrap(),
    );
    for (part, damage) in damages {
        Connection::open(folder.path().join("store.db"))
            .unwrap()
            .execute_batch(damage)
            .unwrap();
        let store = open(folder.path()).unwrap();
        let report = store.check(true, &derive).unwrap();
        assert!(
            report
                .differences
                .iter()
                .any(|difference| difference.part == part),
            "{damage}: {:?}",
            report.differences
        );
        assert!(report.repaired, "{damage}");
        assert_clean(&store);
        assert_eq!(count(&store), 200);
        assert_eq!(
            store.look(&[(3, "value7"), (3, "planted")], 10).unwrap()[0]
                .mentions
                .len(),
            4,
            "{damage}"
        );
    }
}

/// Overwrites pages of the file, or cuts it: never a panic, never a hang, always either whole answers or an error.
#[test]
fn damaged_pages_are_errors_and_named_by_the_check() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).unwrap();
    ingest(&store, 0..1_000).unwrap();
    Box::new(store).close().unwrap();
    let database = folder.path().join("store.db");
    let whole = fs::read(&database).unwrap();
    let pages = whole.len() / 8192;
    let mut found = 0;
    for page in 1..pages {
        let mut damaged = whole.clone();
        damaged[page * 8192..(page + 1) * 8192].fill(if page % 2 == 0 { 0xa5 } else { 0 });
        fs::write(&database, &damaged).unwrap();
        match open(folder.path()) {
            Ok(store) => {
                let is_seen = match store.check(false, &derive) {
                    Ok(report) => !report.is_clean(),
                    Err(Error::Corrupt { .. }) => true,
                    Err(error) => panic!("page {page}: {error}"),
                };
                assert!(is_seen, "page {page} of {pages}");
                found += 1;
                for number in (0..1_000).step_by(50) {
                    let told = told(number);
                    match store.current(&told.id) {
                        Ok(Some(stored)) => assert_eq!(stored.text, told.text.as_bytes(), "page {page}"),
                        Ok(None) | Err(Error::Corrupt { .. }) => {}
                        Err(error) => panic!("page {page}: {error}"),
                    }
                }
            }
            Err(Error::Corrupt { .. } | Error::NotAStore { .. }) => {}
            Err(error) => panic!("page {page}: {error}"),
        }
    }
    assert!(found > pages / 2, "{found} of {pages}");
    fs::write(&database, &whole[..whole.len() / 2]).unwrap();
    let cut = open(folder.path()).and_then(|store| store.check(false, &derive));
    assert!(
        matches!(&cut, Ok(report) if !report.is_clean()) || matches!(cut, Err(Error::Corrupt { .. })),
        "{cut:?}"
    );
}
