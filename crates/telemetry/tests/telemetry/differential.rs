//! The shape cache and the generic reader show the same: a record in a stream of its kind is seen as it is
//! seen alone, when nothing has been learnt yet.

use crate::{Seen, logs, read_with};
use entente_telemetry::{Scratch, Source};
use proptest::prelude::*;

/// Reads the text with one scratch for all, and with a new one for each line; both must agree.
fn agree(text: &str) {
    let mut learnt = Seen::default();
    let (_, error) = read_with(text.as_bytes(), &mut learnt);
    assert!(error.is_none(), "{error:?}");
    let mut fresh = Seen::default();
    // Each line alone, behind a line that fixes the format.
    for (line, number) in text.split('\n').zip(1u64..) {
        let alone = format!("{line}\n");
        let mut source = match Source::open(alone.as_bytes(), "line") {
            Ok(source) => source,
            Err(_) => continue,
        };
        if line.trim().is_empty() {
            continue;
        }
        let mut seen = Seen::default();
        while let Some(batch) = source.next().unwrap() {
            batch.visit(&mut seen, &mut Scratch::new());
        }
        let before = fresh.records.len();
        let renumber = |value: &String| format!("{before} {}", value.split_once(' ').unwrap().1);
        fresh.values.extend(seen.values.iter().map(renumber));
        fresh.records.extend(
            seen.records
                .into_iter()
                .map(|(_, time, host)| (number, time, host)),
        );
        fresh.raw.extend(seen.raw);
        fresh.defects.extend(seen.defects.into_iter().map(|mut defect| {
            defect.line = number;
            defect
        }));
    }
    assert_eq!(learnt.defects, fresh.defects, "{text}");
    assert_eq!(learnt.values, fresh.values, "{text}");
    assert_eq!(learnt.records, fresh.records, "{text}");
    assert_eq!(learnt.raw, fresh.raw, "{text}");
}

#[test]
fn on_every_real_json_log() {
    let Some(logs) = logs() else { return };
    for folder in ["zeek", "zeek/zeek-json", "windows-json"] {
        for entry in std::fs::read_dir(logs.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                agree(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,3}(\\.[0-9]{1,20})?(e[+-]?[0-9])?",
        Just("true".to_string()),
        Just("null".to_string()),
        "[ -~]{0,40}".prop_map(|text| format!("{:?}", text)),
        "[a-z]{1,40}\\.example".prop_map(|text| format!("\"{text}\"")),
        "[a-z]{0,4}(\\\\[nrtbf/\"\\\\]|\\\\u00[0-9a-f]{2}){1,5}[a-z]{0,20}"
            .prop_map(|text| format!("\"{text}\"")),
        Just("\"\\ud83d\\ude00\\ud800\"".to_string()),
    ]
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => Just(""), 1 => Just(" "), 1 => Just("\t ")]
}

fn value() -> impl Strategy<Value = String> {
    let list = |inner: BoxedStrategy<String>| {
        (space(), prop::collection::vec(inner, 0..4), space())
            .prop_map(|(a, parts, b)| format!("[{a}{}{b}]", parts.join(&format!("{b},{a}"))))
    };
    let leaf = scalar().boxed();
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            list(scalar().boxed()),
            list(inner.clone()),
            object_of(inner.clone()),
            inner
        ]
    })
}

fn key() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("ts"),
        Just("uid"),
        Just("id.orig_h"),
        Just("id_resp_h"),
        Just("host"),
        Just("uri"),
        Just("query"),
        Just("answers"),
        Just("_path"),
        Just("event_type"),
        Just("timestamp"),
        Just("dns"),
        Just("url"),
        Just("a"),
        Just("a_key_that_is_longer_than_thirty_two_bytes"),
        Just("k\\u0065y"),
        Just(""),
        Just("Hashes"),
    ]
}

fn object_of(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member = (key(), space(), space(), inner);
    (prop::collection::vec(member, 0..6), space()).prop_map(|(members, space)| {
        let members: Vec<_> = members
            .iter()
            .map(|(key, a, b, value)| format!("{a}\"{key}\"{b}:{a}{value}{b}"))
            .collect();
        format!("{{{space}{}{space}}}", members.join(","))
    })
}

/// A record's keys and shape stay, its values change; now and then a byte goes wrong.
fn variants() -> impl Strategy<Value = String> {
    let record = object_of(value());
    let change = (
        any::<prop::sample::Index>(),
        prop_oneof![
            Just(""),
            Just("\""),
            Just("\\"),
            Just("}"),
            Just("["),
            Just("]"),
            Just(","),
            Just(":"),
            Just("\n"),
            Just("x"),
            Just("1"),
            Just("\r"),
            Just(" "),
            Just("{"),
            Just("_path"),
        ],
        any::<bool>(),
    );
    (
        prop::collection::vec(record, 1..4),
        prop::collection::vec((any::<prop::sample::Index>(), change), 0..12),
    )
        .prop_map(|(records, changes)| {
            let mut text = records
                .iter()
                .map(|record| format!("{record}\n{record}\n"))
                .collect::<String>();
            for (which, (place, what, replace)) in changes {
                let mut record: Vec<char> = which.get(&records).chars().collect();
                let at = place.index(record.len());
                if replace {
                    record.remove(at);
                }
                let what: Vec<char> = what.chars().collect();
                record.splice(at..at, what);
                text.extend(record);
                text.push('\n');
                text.push_str(which.get(&records).as_str());
                text.push('\n');
            }
            text
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn on_generated_records_and_their_damaged_copies(text in variants()) {
        agree_lines(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn on_lists_of_records_that_span_lines(
        records in prop::collection::vec(object_of(value()), 1..6),
        between in prop_oneof![Just(",\n"), Just(","), Just("\n,\n  "), Just("\n")],
    ) {
        let records: Vec<String> = records.iter().map(|record| record.replace(',', ",\n")).collect();
        // Line ends in strings break a record; here only whole ones are compared.
        let whole = |record: &&String| {
            let mut seen = Seen::default();
            read_with(format!("[{record}]").as_bytes(), &mut seen);
            seen.defects.is_empty()
        };
        let records: Vec<&String> = records.iter().filter(whole).collect();
        let twice: Vec<&str> = records.iter().flat_map(|record| [record.as_str(), record.as_str()]).collect();
        let mut learnt = Seen::default();
        read_with(format!("[{}]", twice.join(between)).as_bytes(), &mut learnt);
        let mut fresh = Seen::default();
        for record in twice {
            let mut seen = Seen::default();
            read_with(format!("[{record}]").as_bytes(), &mut seen);
            let number = fresh.records.len();
            let renumber = |value: &String| format!("{number} {}", value.split_once(' ').unwrap().1);
            fresh.values.extend(seen.values.iter().map(renumber));
            fresh.records.extend(seen.records);
            fresh.raw.extend(seen.raw);
        }
        prop_assert_eq!(learnt.defects, vec![]);
        prop_assert_eq!(learnt.values, fresh.values);
        prop_assert_eq!(learnt.raw, fresh.raw);
    }
}

/// As [`agree`], with the format fixed to JSON lines by the first line.
fn agree_lines(text: &str) {
    let fix = "{\"fix\":1}\n";
    let mut learnt = Seen::default();
    let (_, error) = read_with(format!("{fix}{text}").as_bytes(), &mut learnt);
    assert!(error.is_none(), "{error:?}");
    let mut fresh = Seen::default();
    let mut first = true;
    for (line, number) in text.split('\n').zip(2u64..) {
        let mut seen = Seen::default();
        let alone = format!("{fix}{line}\n");
        let mut source = Source::open(alone.as_bytes(), "line").unwrap();
        while let Some(batch) = source.next().unwrap() {
            batch.visit(&mut seen, &mut Scratch::new());
        }
        let skip = usize::from(!first);
        first = false;
        let before = fresh.records.len();
        let renumber = |value: &String| {
            let (record, rest) = value.split_once(' ').unwrap();
            let record: usize = record.parse().unwrap();
            format!("{} {rest}", before + record - skip)
        };
        fresh.values.extend(seen.values.iter().map(renumber));
        let records = seen
            .records
            .into_iter()
            .map(|(line, time, host)| (line.max(1), time, host));
        fresh.records.extend(
            records
                .skip(skip)
                .map(|(line, time, host)| (if line == 1 { 1 } else { number }, time, host)),
        );
        fresh.raw.extend(seen.raw.into_iter().skip(skip));
        fresh.defects.extend(seen.defects.into_iter().map(|mut defect| {
            defect.line = number;
            defect
        }));
    }
    assert_eq!(learnt.defects, fresh.defects, "{text}");
    assert_eq!(learnt.values, fresh.values, "{text}");
    assert_eq!(learnt.records, fresh.records, "{text}");
    assert_eq!(learnt.raw, fresh.raw, "{text}");
}
