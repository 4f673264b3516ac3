//! Real lists, where they are present: every line is an entry, a comment, or a defect that says why.

#![expect(clippy::expect_used, reason = "tests")]

use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
};

use entente_formats::{Entry, Item, Kind, detect_kind, indicator, list};
use entente_stix::{json, pattern, time::Timestamp};

fn shared(part: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")).join(part);
    path.exists().then_some(path)
}

#[derive(Default)]
struct Account {
    entries: Vec<Entry>,
    defects: Vec<entente_formats::Defect>,
    skipped: u64,
    lines: u64,
}

fn read(path: &Path) -> Account {
    let text = fs::read_to_string(path).expect("text");
    let mut account = Account {
        lines: text.lines().count() as u64,
        ..Account::default()
    };
    let mut reader = list::Reader::new(BufReader::new(File::open(path).expect("file")));
    while let Some(item) = reader.read_item().expect("read") {
        match item {
            Item::Entry(entry) => account.entries.push(entry),
            Item::Defect(defect) => account.defects.push(defect),
        }
    }
    account.skipped = reader.skipped();
    account
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).expect("folder");
    let mut files: Vec<_> = read.map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    files
}

#[test]
fn every_line_of_a_real_list_is_accounted_for() {
    let Some(folder) = shared("data/indicators") else {
        return;
    };
    for file in files(&folder.join("maltrail"))
        .iter()
        .chain(&files(&folder.join("signature-base-iocs")))
    {
        let account = read(file);
        let told = account.entries.len() as u64 + account.defects.len() as u64 + account.skipped;
        assert_eq!(told, account.lines, "{}", file.display());
        for defect in &account.defects {
            assert!(
                !defect.reason.is_empty() && !defect.way_out.is_empty(),
                "{defect}"
            );
        }
    }
}

#[test]
fn maltrail_lists_are_taken_but_for_bare_paths_and_expressions() {
    let Some(folder) = shared("data/indicators/maltrail") else {
        return;
    };
    for file in files(&folder) {
        let head = fs::read(&file).expect("file");
        let head = head.get(..4096).unwrap_or(&head);
        assert_eq!(
            detect_kind(head, &file.to_string_lossy()),
            Kind::List,
            "{}",
            file.display()
        );
        let account = read(&file);
        assert!(account.entries.len() > 1_000, "{}", file.display());
        let told = ["a URL path", "a regular expression"];
        let named = |reason: &str| told.iter().any(|start| reason.starts_with(start));
        let other: Vec<_> = account
            .defects
            .iter()
            .filter(|defect| !named(&defect.reason))
            .collect();
        // A slip of the pen here and there, such as a suffix that does not exist.
        assert!(other.len() <= 3, "{}: {other:#?}", file.display());
    }
}

#[test]
fn hash_and_c2_lists_are_taken_whole() {
    let Some(folder) = shared("data/indicators/signature-base-iocs") else {
        return;
    };
    for name in ["hash-iocs.txt", "c2-iocs.txt"] {
        let account = read(&folder.join(name));
        assert!(account.entries.len() > 1_000);
        assert!(account.defects.is_empty(), "{name}: {:#?}", account.defects);
    }
}

#[test]
fn file_name_expressions_are_taken_where_plain_and_named_where_not() {
    let Some(folder) = shared("data/indicators/signature-base-iocs") else {
        return;
    };
    let account = read(&folder.join("filename-iocs.txt"));
    assert!(account.entries.len() > 1_500, "{}", account.entries.len());
    for defect in &account.defects {
        assert!(defect.reason.contains("regular expression"), "{defect}");
    }
}

#[test]
fn every_entry_of_a_real_list_makes_a_readable_indicator() {
    let Some(folder) = shared("data/indicators") else {
        return;
    };
    let at = Timestamp::parse("2026-03-01T00:00:00Z").expect("time");
    for file in files(&folder.join("maltrail"))
        .iter()
        .chain(&files(&folder.join("signature-base-iocs")))
    {
        for entry in read(file).entries.iter().step_by(7) {
            let text = indicator(entry, "list", at);
            let value = json::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
            let written = value
                .get("pattern")
                .and_then(|pattern| pattern.as_str())
                .expect("pattern");
            pattern::parse(written).unwrap_or_else(|error| panic!("{error}: {written}"));
        }
    }
}
