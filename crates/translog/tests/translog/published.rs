//! Published logs: what holds together is found good; each kind of fault has its code and its place.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;

use entente_translog::published::{self, CHECKPOINT, Fault, Folder, Kind, Options, Source};
use entente_translog::tlog_proof::Policy;
use entente_translog::{checkpoint, cosignature, hash, limits, proof};

use crate::shared::{Log, ORIGIN, log_key, log_keys, rounds, witness_key};

type Files = BTreeMap<String, Vec<u8>>;

fn verify(files: &Files) -> Result<published::Report, Fault> {
    let options = Options {
        origin: Some(ORIGIN),
        commitments: true,
        ..Options::default()
    };
    published::verify(files, &log_keys(), &options)
}

/// A change to the files, the code it must give, and the file it must name.
fn check(log: &Log, change: impl FnOnce(&mut Files), code: &str, place: &str) {
    let mut files = log.publish();
    change(&mut files);
    let fault = verify(&files).unwrap_err();
    assert_eq!((fault.code(), fault.place()), (code, place), "{fault}");
}

#[test]
fn logs_of_many_sizes_hold_together() {
    for size in [
        0, 1, 2, 255, 256, 257, 511, 512, 600, 65_535, 65_536, 65_537, 66_000,
    ] {
        let log = Log::made(1, size);
        let report = verify(&log.publish()).unwrap();
        assert_eq!(
            (report.checkpoint.size, report.checkpoint.root),
            (size, log.root())
        );
        assert_eq!(
            (report.tiles, report.bundles),
            (log.tiles.len() as u64, size.div_ceil(256))
        );
    }
}

#[test]
fn a_folder_is_read_like_memory() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::made(2, 700);
    for (path, bytes) in log.publish() {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let source = Folder::new(folder.path());
    let report = published::verify(&source, &log_keys(), &Options::default()).unwrap();
    assert_eq!(report.checkpoint.root, log.root());
    assert_eq!(source.read("tile/9/000", 10), Ok(None));
    assert_eq!(source.read("checkpoint/below", 10), Ok(None));
    assert!(source.read("tile", 10).is_err());
    assert_eq!(source.read("tile/0/000", 10).unwrap().unwrap().len(), 11);
    fs::remove_file(folder.path().join("tile/0/001")).unwrap();
    fs::create_dir(folder.path().join("tile/0/001")).unwrap();
    let fault = published::verify(&source, &log_keys(), &Options::default()).unwrap_err();
    assert_eq!((fault.code(), fault.place()), ("unreadable", "tile/0/001"));
}

#[test]
fn each_fault_of_a_checkpoint_has_its_code() {
    let log = Log::made(3, 700);
    let put =
        |text: String| move |files: &mut Files| drop(files.insert(CHECKPOINT.to_owned(), text.into_bytes()));
    check(
        &log,
        |files| drop(files.remove(CHECKPOINT)),
        "missing-checkpoint",
        CHECKPOINT,
    );
    check(&log, put(String::new()), "bad-checkpoint", CHECKPOINT);
    check(&log, put(log.head() + "\n"), "bad-checkpoint", CHECKPOINT);
    check(
        &log,
        put("a".repeat(limits::NOTE_BYTES_MAX + 1)),
        "bad-checkpoint",
        CHECKPOINT,
    );
    check(
        &log,
        put(log.head().replacen("\n700\n", "\n699\n", 1)),
        "bad-signature",
        CHECKPOINT,
    );
    check(
        &log,
        put(log.head().replacen("identity", "Identity", 1)),
        "unknown-signer",
        CHECKPOINT,
    );
    let mut other = log.checkpoint();
    other.origin = "entente/another".to_owned();
    check(
        &log,
        put(checkpoint::sign(&other, &log_key()).unwrap()),
        "other-log",
        CHECKPOINT,
    );
    let mut other = log.checkpoint();
    other.root = [1; 32];
    check(
        &log,
        put(checkpoint::sign(&other, &log_key()).unwrap()),
        "root-mismatch",
        CHECKPOINT,
    );
    // Signed for a size that the tiles do not have.
    other.size = 701;
    check(
        &log,
        put(checkpoint::sign(&other, &log_key()).unwrap()),
        "missing-tile",
        "tile/0/002.p/189",
    );
    let mut vast = log.checkpoint();
    vast.size = limits::TREE_SIZE_MAX;
    let text = checkpoint::sign(&vast, &log_key()).unwrap();
    check(&log, put(text), "missing-tile", "tile/7/000.p/127");
}

#[test]
fn each_fault_of_a_tile_has_its_code() {
    let log = Log::made(4, 66_000);
    let other = Log::made(5, 66_000).publish();
    let edit = |path: &'static str, change: fn(&mut Vec<u8>)| {
        move |files: &mut Files| change(files.get_mut(path).unwrap())
    };
    for path in [
        "tile/0/000",
        "tile/0/200",
        "tile/0/257.p/208",
        "tile/1/000",
        "tile/1/001.p/1",
        "tile/2/000.p/1",
    ] {
        check(&log, |files| drop(files.remove(path)), "missing-tile", path);
        check(
            &log,
            edit(path, |tile| tile.truncate(tile.len() - 1)),
            "short-tile",
            path,
        );
        check(&log, edit(path, Vec::clear), "short-tile", path);
        check(&log, edit(path, |tile| tile.push(0)), "long-tile", path);
        check(&log, edit(path, |tile| tile[9] ^= 1), "bad-hash", path);
    }
    // A tile alone fits nothing; with all that is below it, it fits that, but not this log.
    let from_other = |paths: &'static [&'static str], files: &mut Files| {
        paths
            .iter()
            .for_each(|path| drop(files.insert((*path).to_owned(), other[*path].clone())));
    };
    check(
        &log,
        |files| from_other(&["tile/0/003"], files),
        "bad-hash",
        "tile/0/003",
    );
    let both = ["tile/0/003", "tile/entries/003"].as_slice();
    check(
        &log,
        |files| from_other(both, files),
        "foreign-tile",
        "tile/0/003",
    );
    let branch = |files: &mut Files| {
        let all = other
            .iter()
            .filter(|(path, _)| path.starts_with("tile/0/") || *path == "tile/1/000");
        files.extend(all.map(|(path, bytes)| (path.clone(), bytes.clone())));
    };
    // The edge of level 0 is of the other log too, and is found first: it makes the root.
    check(&log, branch, "bad-hash", "tile/0/257.p/208");
    let inner = |files: &mut Files| {
        branch(files);
        files.insert(
            "tile/0/257.p/208".to_owned(),
            log.publish()["tile/0/257.p/208"].clone(),
        );
        files.insert("tile/0/256".to_owned(), log.publish()["tile/0/256"].clone());
    };
    check(&log, inner, "foreign-tile", "tile/1/000");
    // All tiles of another log under this checkpoint hold together, and are not what was signed.
    let all =
        |files: &mut Files| files.extend(other.clone().into_iter().filter(|(path, _)| path != CHECKPOINT));
    check(&log, all, "root-mismatch", CHECKPOINT);
}

#[test]
fn each_fault_of_a_bundle_has_its_code() {
    let log = Log::made(6, 700);
    let other = Log::made(7, 700).publish();
    let edit = |path: &'static str, change: fn(&mut Vec<u8>)| {
        move |files: &mut Files| change(files.get_mut(path).unwrap())
    };
    for path in ["tile/entries/001", "tile/entries/002.p/188"] {
        check(&log, |files| drop(files.remove(path)), "missing-entries", path);
        check(
            &log,
            edit(path, |bundle| bundle.truncate(bundle.len() - 1)),
            "bad-entries",
            path,
        );
        check(&log, edit(path, Vec::clear), "bad-entries", path);
        check(
            &log,
            edit(path, |bundle| bundle.truncate(34 * 100)),
            "short-entries",
            path,
        );
        check(
            &log,
            edit(path, |bundle| bundle[34 * 40 + 5] ^= 1),
            "bad-entry",
            path,
        );
        check(
            &log,
            edit(path, |bundle| bundle[34..34 * 3].rotate_left(34)),
            "bad-entry",
            path,
        );
        check(
            &log,
            edit(path, |bundle| drop(bundle.drain(..34))),
            "short-entries",
            path,
        );
        check(&log, edit(path, |bundle| bundle.push(0)), "bad-entries", path);
        check(
            &log,
            |files| drop(files.insert(path.to_owned(), other[path].clone())),
            "foreign-entries",
            path,
        );
    }
    let one_more = |bundle: &mut Vec<u8>| bundle.extend([0, 0]);
    check(
        &log,
        edit("tile/entries/002.p/188", one_more),
        "long-entries",
        "tile/entries/002.p/188",
    );
    check(
        &log,
        edit("tile/entries/001", one_more),
        "bad-entries",
        "tile/entries/001",
    );
    let mut odd = Log::made(8, 3);
    odd.append(vec![b"in the clear".to_vec()]);
    check(&odd, |_| (), "not-a-commitment", "tile/entries/000.p/4");
    published::verify(&odd.publish(), &log_keys(), &Options::default()).unwrap();
    let fault = verify(&{
        let mut files = log.publish();
        files.get_mut("tile/entries/001").unwrap()[34 * 40 + 5] ^= 1;
        files
    });
    assert!(
        fault
            .unwrap_err()
            .to_string()
            .contains("entry 296 is not the one that was logged")
    );
}

/// tlog-tiles, Partial Tiles: the partial file may be gone once the full one is there.
#[test]
fn full_tiles_stand_in_for_partial_ones() {
    let (small, grown) = (Log::made(9, 600), Log::made(9, 1000));
    let mut files = grown.publish();
    files.insert(CHECKPOINT.to_owned(), small.head().into_bytes());
    // Tile 2 is full by now and its partial is gone; of level 1 the old partial one was kept.
    files.insert("tile/1/000.p/2".to_owned(), small.tiles[&(1, 0)].clone());
    let report = verify(&files).unwrap();
    assert_eq!((report.checkpoint.size, report.bundles), (600, 3));
    // Where both are there, the full one counts, for better or worse.
    files.insert("tile/0/002.p/88".to_owned(), vec![0; 88 * 32]);
    verify(&files).unwrap();
    files.insert("tile/0/002".to_owned(), vec![0; 8192]);
    assert_eq!(verify(&files).unwrap_err().place(), "tile/0/002.p/88");
    files.insert("tile/0/002".to_owned(), vec![0; 8191]);
    let fault = verify(&files).unwrap_err();
    assert_eq!((fault.code(), fault.place()), ("short-tile", "tile/0/002"));
}

#[test]
fn a_log_put_back_or_rewritten_is_told_by_a_head_seen_before() {
    let (log, other) = (Log::made(10, 700), Log::made(11, 700));
    let known = |log: &Log, size| Some((size, proof::root(log, size).unwrap()));
    let verify = |known| {
        let options = Options {
            known,
            ..Options::default()
        };
        published::verify(&log.publish(), &log_keys(), &options).map_err(|fault| fault.code())
    };
    for size in [0, 1, 256, 500, 700] {
        verify(known(&log, size)).unwrap();
    }
    let grown = Log::made(10, 701);
    assert_eq!(verify(known(&grown, 701)).unwrap_err(), "rolled-back");
    for size in [1, 256, 500, 700] {
        assert_eq!(verify(known(&other, size)).unwrap_err(), "forked");
    }
    assert_eq!(verify(Some((0, [1; 32]))).unwrap_err(), "forked");
}

#[test]
fn witnesses_are_counted() {
    let log = Log::made(12, 5);
    let mut files = log.publish();
    let keys: Vec<_> = (1..=3).map(|nth| witness_key(nth).verifier().clone()).collect();
    let verify = |files: &Files, quorum| {
        let options = Options {
            witness_keys: &keys,
            quorum,
            ..Options::default()
        };
        published::verify(files, &log_keys(), &options)
    };
    assert_eq!(verify(&files, 1).unwrap_err().code(), "too-few-witnesses");
    let line = cosignature::cosign(log.head().as_bytes(), &witness_key(2), 7).unwrap();
    files.insert(CHECKPOINT.to_owned(), (log.head() + &line).into_bytes());
    assert_eq!(verify(&files, 1).unwrap().witnesses, ["witness.example/2"]);
    assert_eq!(verify(&files, 2).unwrap_err().code(), "too-few-witnesses");
    files.insert(
        CHECKPOINT.to_owned(),
        (log.head() + &line.replace("AAAAA", "AAAAB")).into_bytes(),
    );
    assert_eq!(verify(&files, 1).unwrap_err().code(), "bad-signature");
}

#[test]
fn any_entry_can_be_proved_from_the_files() {
    let log = Log::made(13, 66_000);
    let (mut files, keys) = (log.publish(), log_keys());
    let policy = Policy {
        origin: ORIGIN,
        log_keys: &keys,
        witness_keys: &[],
        quorum: 0,
    };
    for index in [0, 1, 255, 256, 65_535, 65_536, 65_999] {
        let proof = published::prove(&files, &keys, index).unwrap();
        proof.verify(&log.entries[index as usize], &policy).unwrap();
    }
    assert_eq!(
        published::prove(&files, &keys, 66_000).unwrap_err().kind(),
        Kind::NoSuchEntry
    );
    assert_eq!(
        published::prove(&files, &keys, u64::MAX).unwrap_err().kind(),
        Kind::NoSuchEntry
    );
    files.get_mut("tile/entries/000").unwrap()[7] ^= 1;
    assert_eq!(
        published::prove(&files, &keys, 0).unwrap_err().kind(),
        Kind::BadEntry
    );
    published::prove(&files, &keys, 1).unwrap();
}

#[test]
fn each_file_is_read_once_and_never_more_than_it_may_be_long() {
    struct Counted(Files, RefCell<BTreeMap<String, u32>>);
    impl Source for Counted {
        fn read(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, String> {
            let found = self.0.read(path, bytes_max)?;
            if let Some(bytes) = &found {
                assert!(bytes.len() <= bytes_max);
                *self.1.borrow_mut().entry(path.to_owned()).or_default() += 1;
            }
            Ok(found)
        }
    }
    let counted = Counted(Log::made(14, 66_000).publish(), RefCell::default());
    published::verify(&counted, &log_keys(), &Options::default()).unwrap();
    let read = counted.1.into_inner();
    assert_eq!(
        read.keys().collect::<Vec<_>>(),
        counted.0.keys().collect::<Vec<_>>()
    );
    assert!(read.values().all(|times| *times == 1));
}

#[test]
fn codes_are_one_for_each_kind() {
    let codes: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), Kind::ALL.len());
    assert!(
        codes
            .iter()
            .all(|code| code.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()))
    );
}

/// A million entries in a folder; with ENTENTE_CAMPAIGN and `--release`, the figure of the issue.
#[test]
fn a_big_log_in_a_folder_holds_together() {
    let size = rounds(20_000, 1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let log = Log::made(15, size);
    for (path, bytes) in log.publish() {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    #[allow(clippy::disallowed_methods)]
    let begun = std::time::Instant::now();
    let options = Options {
        commitments: true,
        ..Options::default()
    };
    let report = published::verify(&Folder::new(folder.path()), &log_keys(), &options).unwrap();
    let took = begun.elapsed();
    assert_eq!(report.checkpoint.root, log.root());
    assert_ne!(report.checkpoint.root, hash::empty());
    if size == 1_000_000 {
        assert!(took.as_secs() < 10, "{took:?}");
        #[allow(clippy::print_stdout)]
        {
            println!("verified {size} entries in {:.2}s", took.as_secs_f64());
        }
    }
}
