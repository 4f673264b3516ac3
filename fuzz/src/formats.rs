//! Lists and tables: each entry makes an indicator that is read again, and always the same one.

use std::io::BufReader;

use entente_formats::{Entry, Item, csv as table, detect_kind, export, indicator, list as plain};
use entente_stix::{json, pattern, time::Timestamp};

use crate::{Dribble, stix::is_normal};

/// A plain list.
pub fn list(data: &[u8]) {
    detect_kind(data, "list.txt");
    let mut whole = plain::Reader::new(data);
    let items = all(|| whole.read_item());
    let mut dribbled = plain::Reader::new(BufReader::with_capacity(5, Dribble::new(data)));
    assert_eq!(all(|| dribbled.read_item()), items);
    check(&items);
}

/// A CSV file.
pub fn csv(data: &[u8]) {
    detect_kind(data, "table.csv");
    let mut whole = table::Reader::new(data);
    let items = all(|| whole.read_item());
    let mut dribbled = table::Reader::new(BufReader::with_capacity(5, Dribble::new(data)));
    assert_eq!(all(|| dribbled.read_item()), items);
    check(&items);
}

/// The CSV that goes out: no cell begins as a formula, and our reader takes it.
pub fn export_csv(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let row = export::csv::Row {
        name: text,
        value: text,
        labels: &[text],
        ..Default::default()
    };
    let mut writer = export::csv::Writer::new(Vec::new()).expect("in memory");
    writer.write(&row).expect("in memory");
    let written = writer.finish().expect("in memory");
    let mut fields = Vec::new();
    for cell in String::from_utf8(written.clone()).expect("UTF-8").split(',') {
        fields.push(cell.trim_start_matches('"').chars().next());
    }
    let mut reader = table::Reader::new(written.as_slice());
    check(&all(|| reader.read_item()));
    let formula = ['=', '+', '@', '\t', '\r'];
    // The header's last cell and the row's first are one piece between commas.
    let begins = |at: usize| fields.get(export::csv::COLUMNS.len() - 1 + at).copied().flatten();
    if text.starts_with(formula) {
        assert_eq!(begins(3), Some('\''));
    }
}

fn all(mut next: impl FnMut() -> std::io::Result<Option<Item>>) -> Vec<Item> {
    let mut items = Vec::new();
    while let Some(item) = next().expect("in memory") {
        items.push(item);
    }
    items
}

fn check(items: &[Item]) {
    let mut last = 0;
    for item in items {
        let line = match item {
            Item::Entry(entry) => {
                check_entry(entry);
                entry.line
            }
            Item::Defect(defect) => {
                assert!(!defect.reason.is_empty() && !defect.way_out.is_empty());
                defect.line
            }
        };
        assert!(line >= last, "in order");
        last = line;
    }
}

fn check_entry(entry: &Entry) {
    is_normal(&entry.observable);
    let at = Timestamp::from_micros(1_772_323_200_000_000);
    let text = indicator(entry, "fuzz", at);
    let value = json::read(text.as_bytes()).expect("an indicator is strict JSON");
    let written = value
        .get("pattern")
        .and_then(json::Value::as_str)
        .expect("has a pattern");
    pattern::parse(written).expect("its pattern is read");
    assert_eq!(indicator(entry, "fuzz", at), text);
}
