//! Release, bundles, recall and logs from the command line, between homes that know each other only by files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::harness::{Home, Snapshot};
use crate::party::{introduce, party, signing};

const TERMS: &str = r#"
[[clause]]
name = "warnings"
from = "all"
to = "all"
types = ["any"]
markings_up_to = "TLP:AMBER"
unmarked = "TLP:GREEN"
labels_none = ["internal"]
"#;

/// Homes that are parties to one agreement in force, `pact`.
pub(crate) fn agreed(names: &[&str]) -> Vec<Home> {
    static MADE: Mutex<BTreeMap<String, Vec<Snapshot>>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let snapshots = made
        .entry(names.join(" "))
        .or_insert_with(|| agree(names).iter().map(Snapshot::of).collect());
    snapshots.iter().map(Snapshot::home).collect()
}

/// Seals the keys of a home anew with a scrypt that costs little: tests unlock them hundreds of times.
fn seal_lightly(home: &Home) {
    let passphrase = || "four words make one".to_owned().into();
    for entry in std::fs::read_dir(home.data().join("keys")).unwrap() {
        let file = entry.unwrap().path();
        let identity = age::scrypt::Identity::new(passphrase());
        let text = age::decrypt(&identity, &std::fs::read(&file).unwrap()).unwrap();
        let mut recipient = age::scrypt::Recipient::new(passphrase());
        recipient.set_work_factor(6);
        std::fs::write(&file, age::encrypt(&recipient, &text).unwrap()).unwrap();
    }
}

fn agree(names: &[&str]) -> Vec<Home> {
    let homes: Vec<Home> = names.iter().map(|name| party(name)).collect();
    homes.iter().for_each(seal_lightly);
    for one in &homes {
        for other in homes.iter().filter(|other| other.data() != one.data()) {
            introduce(other, one);
        }
    }
    let template = homes[0].ok(&["agreement", "new", "pact"]).out;
    let parties: String = template
        .split_inclusive('\n')
        .take_while(|line| !line.starts_with("[[clause]]"))
        .collect();
    let mut file = homes[0].file("pact.toml", format!("{parties}{TERMS}"));
    for home in &homes {
        home.ok(&["agreement", "add", &file]);
        let signed = home.path("pact.signed").display().to_string();
        assert_eq!(signing(home, &["agreement", "sign", "pact", "-o", &signed]).0, 0);
        file = signed;
    }
    for home in &homes {
        home.ok(&["agreement", "add", &file]);
    }
    homes
}

pub(crate) fn indicator(nth: u32, more: &str) -> String {
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-{nth:012}","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","name":"Number {nth}","pattern":"[domain-name:value = 'n{nth}.example']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"{more}}}"#
    )
}

pub(crate) fn id(nth: u32) -> String {
    format!("indicator--00000000-0000-4000-8000-{nth:012}")
}

pub(crate) fn import(home: &Home, objects: &[String]) {
    let bundle = format!(
        r#"{{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000000","objects":[{}]}}"#,
        objects.join(",")
    );
    let file = home.file("feed.json", bundle);
    home.ok(&["import", &file, "--source", "feed"]);
}

/// Writes a bundle and gives its path.
fn bundle(home: &Home, to: &str, name: &str) -> String {
    let file = home.path(name).display().to_string();
    let (code, _, err) = signing(home, &["bundle", "write", "--to", to, "-o", &file]);
    assert_eq!(code, 0, "{err}");
    file
}

/// Runs, and expects this exit code and these words on standard error.
fn refused(home: &Home, arguments: &[&str], code: i32, says: &str) {
    let ran = signing(home, arguments);
    assert_eq!(ran.0, code, "{arguments:?}\n{}\n{}", ran.1, ran.2);
    assert!(ran.2.contains(says), "{arguments:?}: {}", ran.2);
}

#[test]
fn nothing_leaves_without_an_agreement_in_force() {
    let home = party("Alone");
    import(&home, &[indicator(1, "")]);
    refused(&home, &["release", "--all"], 3, "there is none yet");
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    import(&alpha, &[indicator(1, "")]);
    assert_eq!(signing(&beta, &["agreement", "suspend", "pact", "-o", "-"]).0, 0);
    let word = beta.ok(&["agreement", "show", "pact", "--file"]).out;
    let word = alpha.file("word", word);
    alpha.ok(&["agreement", "add", &word]);
    refused(&alpha, &["release", "--all"], 3, "suspended");
    let file = alpha.path("b").display().to_string();
    refused(
        &alpha,
        &["bundle", "write", "--to", "Beta", "-o", &file],
        3,
        "suspended",
    );
    assert!(!Path::new(&file).exists());
}

#[test]
fn what_is_withheld_by_name_is_refused_by_policy() {
    let homes = agreed(&["Alpha", "Beta"]);
    import(&homes[0], &[indicator(1, r#","labels":["internal"]"#)]);
    let (code, out, _) = signing(&homes[0], &["release", "--all", "--dry-run"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("would be released"), "{out}");
    assert!(homes[0].ok(&["log", "show"]).out.contains("no logs yet"));
    assert_eq!(signing(&homes[0], &["release", &id(77)]).0, 4, "not known here");
    let (code, out, _) = signing(&homes[0], &["release", &id(1)]);
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("internal"), "{out}");
    assert!(homes[0].ok(&["log", "show"]).out.contains("0 entries"));
}

#[test]
fn a_release_crosses_in_a_file_and_is_recalled() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    import(&alpha, &[indicator(1, ""), indicator(2, "")]);
    assert_eq!(signing(&alpha, &["release", "--all"]).0, 0);
    let first = bundle(&alpha, "Beta", "first");
    assert_eq!(signing(&beta, &["bundle", "read", &first]).0, 0);
    assert!(beta.ok(&["show", &id(1)]).out.contains("Alpha (under `pact`)"));
    // Again: nothing new, and no harm.
    let (code, out, _) = signing(&beta, &["bundle", "read", &first]);
    assert_eq!(code, 0);
    assert!(out.contains("nothing that is not held already"), "{out}");
    let (code, _, err) = signing(&alpha, &["recall", &id(1), "--reason", "a mistake"]);
    assert_eq!(code, 0, "{err}");
    let open = alpha.ok(&["log", "show"]).out;
    assert!(open.contains("not yet acknowledged by Beta"), "{open}");
    assert_eq!(
        signing(&beta, &["bundle", "read", &bundle(&alpha, "Beta", "second")]).0,
        0
    );
    let gone = beta.run(&["show", &id(1)]);
    assert_eq!(gone.code, 4);
    assert!(
        gone.out.contains("by Alpha under `pact`") && gone.out.contains("a mistake"),
        "{}",
        gone.out
    );
    assert!(!beta.ok(&["export", "stix"]).out.contains(&id(1)));
    let receipts = bundle(&beta, "Alpha", "receipts");
    assert_eq!(signing(&alpha, &["bundle", "read", &receipts]).0, 0);
    let closed = alpha.ok(&["log", "show"]).out;
    assert!(closed.contains("Beta has signed for everything"), "{closed}");
    assert!(!closed.contains("acknowledged"), "{closed}");
    for home in [&alpha, &beta] {
        home.ok(&["log", "verify"]);
        home.ok(&["check"]);
    }
    refused(&alpha, &["recall", &id(9), "--reason", "x"], 4, "");
}

#[test]
fn a_copy_that_came_by_another_way_is_told_as_recalled_and_no_longer_matches() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    import(&alpha, &[indicator(1, "")]);
    assert_eq!(signing(&alpha, &["release", "--all"]).0, 0);
    assert_eq!(
        signing(&beta, &["bundle", "read", &bundle(&alpha, "Beta", "first")]).0,
        0
    );
    import(&beta, &[indicator(1, "")]);
    assert_eq!(signing(&alpha, &["recall", &id(1), "--reason", "a mistake"]).0, 0);
    assert_eq!(
        signing(&beta, &["bundle", "read", &bundle(&alpha, "Beta", "second")]).0,
        0
    );

    let told = |said: &str| said.contains("recalled by Alpha on ") && said.contains(": a mistake");
    let value = "n1.example";
    let log = beta.file("log.txt", format!("{value}\n"));
    for arguments in [
        &["look", value][..],
        &["find", "type:indicator"],
        &["scan", "--recalled", "--dry-run", &log],
    ] {
        let ran = beta.ok(arguments);
        assert!(told(&ran.out), "{arguments:?}: {}", ran.out);
    }
    let scanned = beta.ok(&["scan", "--dry-run", &log]).out;
    assert!(
        scanned.contains("0 detections") && scanned.contains("owner recalled"),
        "{scanned}"
    );
    let rows = beta.ok(&["export", "csv"]);
    assert!(
        !rows.out.contains(value) && told(&rows.err),
        "{}{}",
        rows.out,
        rows.err
    );
    let whole = beta.ok(&["export", "stix"]);
    assert!(whole.out.contains(&id(1)) && told(&whole.err), "{}", whole.err);
    assert_eq!(
        beta.ok(&["look", value, "--json"]).json()[0]["mentions"][0]["recalled"]["reason"],
        "a mistake"
    );
}

#[test]
fn what_is_not_known_is_named_with_what_looks_like_it() {
    let home = agreed(&["Alpha", "Beta"]).remove(0);
    import(&home, &[indicator(1, "")]);
    refused(&home, &["release", "--source", "fed"], 4, "`feed`");
    let found = home.run(&["find", "typ:indicator"]);
    assert!(
        found.out.contains("`typ:` is no field") && found.out.contains("type:"),
        "{}",
        found.out
    );
}

#[test]
fn a_bundle_for_others_or_damaged_changes_nothing() {
    let [alpha, beta, gamma] = <[Home; 3]>::try_from(agreed(&["Alpha", "Beta", "Gamma"]))
        .ok()
        .unwrap();
    import(&alpha, &[indicator(1, "")]);
    assert_eq!(signing(&alpha, &["release", "--all"]).0, 0);
    let file = bundle(&alpha, "Beta", "file");
    refused(&gamma, &["bundle", "read", &file], 6, "another party's key");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let damaged = beta.file("damaged", &bytes);
    refused(&beta, &["bundle", "read", &damaged], 6, "nothing was taken in");
    let cut = beta.file("cut", &bytes[..middle]);
    refused(&beta, &["bundle", "read", &cut], 6, "nothing was taken in");
    let zeros = beta.file("zeros", vec![0; 1 << 20]);
    refused(&beta, &["bundle", "read", &zeros], 6, "not a bundle");
    refused(&beta, &["bundle", "read", "/nowhere"], 6, "cannot read");
    assert!(beta.ok(&["log", "show"]).out.contains("no logs yet"));
}

#[test]
fn published_logs_and_proofs_are_verified_from_their_files() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    import(
        &alpha,
        &(1..301).map(|nth| indicator(nth, "")).collect::<Vec<_>>(),
    );
    assert_eq!(signing(&alpha, &["release", "--all"]).0, 0);
    let folder = alpha.path("published");
    let published = folder.display().to_string();
    alpha.ok(&["log", "publish", &published]);
    let good = beta.ok(&["log", "verify", &published]).out;
    assert!(good.contains("301 entries"), "{good}");
    let alone = beta.run(&["log", "verify", &published, "--quorum", "1"]);
    assert_eq!(alone.code, 1, "nobody has cosigned it: {}", alone.out);
    let stranger = Home::new();
    refused(&stranger, &["log", "verify", &published], 2, "--key");
    let key = alpha.ok(&["party", "keys", "--json"]).last()["keys"][0]["key"]
        .as_str()
        .unwrap()
        .to_owned();
    stranger.ok(&["log", "verify", &published, "--key", &key]);

    let proof = alpha.path("proof.tlog-proof").display().to_string();
    alpha.ok(&["log", "prove", &id(17), "-o", &proof]);
    let shown = stranger.ok(&["log", "verify", &proof, "--key", &key]).out;
    assert!(shown.contains(&format!("release of {}", id(17))), "{shown}");
    let forged = fs::read_to_string(&proof)
        .unwrap()
        .replacen("index 17", "index 16", 1);
    let other = fs::read_to_string(&proof)
        .unwrap()
        .replacen("extra A", "extra B", 1);
    for text in [forged, other.replacen("extra C", "extra D", 1)] {
        if text != fs::read_to_string(&proof).unwrap() {
            let bad = stranger.run(&["log", "verify", &stranger.file("bad", text), "--key", &key]);
            assert_eq!(bad.code, 1, "{}", bad.out);
        }
    }

    let log = fs::read_dir(folder.join("entente/pact"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let log = fs::read_dir(log).unwrap().next().unwrap().unwrap().path();
    let tile = log.join("tile/0/000");
    let bytes = fs::read(&tile).unwrap();
    fs::remove_file(&tile).unwrap();
    let missing = beta.run(&["log", "verify", &published]);
    assert_eq!(missing.code, 1);
    assert!(missing.out.contains("missing-tile"), "{}", missing.out);
    let mut changed = bytes.clone();
    changed[40] ^= 1;
    fs::write(&tile, changed).unwrap();
    let changed = beta.run(&["log", "verify", &published, "--json"]);
    assert_eq!(changed.code, 1);
    assert_eq!(changed.json()[0]["good"], false);
    fs::write(&tile, bytes).unwrap();
    beta.ok(&["log", "verify", &published]);
}

#[test]
fn a_restored_backup_does_not_sign_a_second_history() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    import(&alpha, &[indicator(1, "")]);
    assert_eq!(signing(&alpha, &["release", "--all"]).0, 0);
    copy(&alpha.data(), &alpha.path("backup"));
    import(&alpha, &[indicator(2, "")]);
    assert_eq!(signing(&alpha, &["release", "--all"]).0, 0);
    let told = bundle(&alpha, "Beta", "told");
    assert_eq!(signing(&beta, &["bundle", "read", &told]).0, 0);
    fs::remove_dir_all(alpha.data()).unwrap();
    copy(&alpha.path("backup"), &alpha.data());
    import(&alpha, &[indicator(3, "")]);
    refused(&alpha, &["release", "--all"], 7, "an old backup was restored");
    // On a new machine the guard is not there either.
    fs::rename(alpha.path("heads"), alpha.path("heads.old")).unwrap();
    refused(&alpha, &["release", "--all"], 7, "entente log guard");
    fs::remove_dir_all(alpha.path("heads")).ok();
    fs::rename(alpha.path("heads.old"), alpha.path("heads")).unwrap();
    // A reader has a copy, and gives it back.
    let back = beta.path("back").display().to_string();
    let written = signing(
        &beta,
        &["bundle", "write", "--give-back", "--to", "Alpha", "-o", &back],
    );
    assert_eq!(written.0, 0, "{}", written.2);
    let (code, out, err) = signing(&alpha, &["bundle", "read", &back]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = signing(&alpha, &["release", "--all"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(
        signing(&beta, &["bundle", "read", &bundle(&alpha, "Beta", "after")]).0,
        0
    );
    beta.ok(&["show", &id(3)]);
    assert!(!beta.ok(&["log", "show"]).out.contains("ALARM"));
}

#[test]
fn demonstration_tells_the_story_to_its_end() {
    let told = Home::new().ok(&["demo"]).out;
    for part in [
        "`paper-lantern`, version 1, is in force",
        "32 released",
        "31 detections in 61 records, 31 of them new; 17 sightings written",
        "59 new entries, 58 stored, 1 known already; everything up to the signed head is held",
        "1 new entry, 1 recalled; everything up to the signed head is held",
        "33 new entries, 31 stored, 1 recalled, 1 no longer told",
        "The Lamp has signed for everything",
        "2 logs, 92 entries: everything is there, unchanged, under its owner's signature",
        "1 log, 33 entries: everything is there, unchanged, under its owner's signature",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}
