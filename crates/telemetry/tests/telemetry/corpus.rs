//! Every record of every real log is read.

use crate::{Seen, logs, read_with};
use entente_telemetry::{Format, Kind};
use std::path::{Path, PathBuf};

fn files(folder: &str) -> Vec<PathBuf> {
    let Some(logs) = logs() else { return Vec::new() };
    let mut files: Vec<_> = std::fs::read_dir(logs.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

fn seen(path: &Path) -> (Format, Seen) {
    let mut seen = Seen::default();
    let (format, error) = read_with(std::fs::File::open(path).unwrap(), &mut seen);
    assert!(error.is_none(), "{}: {error:?}", path.display());
    (format, seen)
}

#[test]
fn zeek_tsv_every_line_that_is_no_header() {
    for path in files("zeek/zeek-default") {
        let text = std::fs::read(&path).unwrap();
        let lines = text.split(|byte| *byte == b'\n').zip(1u64..);
        let expected: Vec<u64> = lines
            .filter(|(line, _)| !line.is_empty() && line[0] != b'#')
            .map(|(_, number)| number)
            .collect();
        let (format, seen) = seen(&path);
        assert_eq!(format, Format::ZeekTsv, "{}", path.display());
        assert_eq!(seen.defects, [], "{}", path.display());
        assert_eq!(
            seen.records.iter().map(|record| record.0).collect::<Vec<_>>(),
            expected
        );
        assert!(
            seen.records.iter().all(|record| record.1.is_some()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn json_lines_every_line() {
    let zeek = files("zeek/zeek-json").into_iter().chain(files("zeek"));
    let zeek = zeek.map(|path| (path, Format::ZeekJson));
    let windows = files("windows-json")
        .into_iter()
        .map(|path| (path, Format::WindowsJson));
    for (path, expected) in zeek.chain(windows) {
        let text = std::fs::read(&path).unwrap();
        let lines = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .count();
        let (format, seen) = seen(&path);
        assert_eq!(
            (format, seen.records.len()),
            (expected, lines),
            "{}",
            path.display()
        );
        assert_eq!(seen.defects, [], "{}", path.display());
        for (record, raw) in seen.records.iter().zip(&seen.raw) {
            // `loaded_scripts` has no time.
            let timed = record.1.is_some() || raw.starts_with(b"{\"@stream\":\"loaded_scripts\"");
            assert!(timed, "{} {}", path.display(), record.0);
        }
    }
}

#[test]
fn zeek_tsv_and_json_of_one_network_show_the_same_values() {
    for path in files("zeek/zeek-default") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let json = path.with_file_name(format!("../zeek-json/{name}.json"));
        if !json.is_file() {
            continue;
        }
        let mut both = [seen(&path).1, seen(&json).1];
        // The two name the same records in different orders, and keep different fields in a few logs.
        for seen in &mut both {
            for value in &mut seen.values {
                *value = value.split_once(' ').unwrap().1.to_string();
            }
            seen.values.sort();
        }
        let [tsv, json] = both;
        if tsv.records.len() == json.records.len() {
            let differ = tsv.values.iter().zip(&json.values).find(|(a, b)| a != b);
            assert_eq!(differ, None, "{name}");
            assert_eq!(tsv.values.len(), json.values.len(), "{name}");
        }
    }
}

#[test]
fn eve_arrays_every_element_at_its_line() {
    for path in files("suricata") {
        let text = std::fs::read_to_string(&path).unwrap();
        let expected: Vec<u64> = text
            .lines()
            .zip(1..)
            .filter(|(line, _)| *line == "  {")
            .map(|(_, number)| number)
            .collect();
        let (format, seen) = seen(&path);
        assert_eq!(format, Format::Eve);
        assert_eq!(
            seen.records.iter().map(|record| record.0).collect::<Vec<_>>(),
            expected
        );
        assert_eq!(seen.defects, []);
        assert!(seen.values_of(Kind::Address).len() >= 2 * expected.len());
    }
}

#[test]
fn evtx_every_record_that_the_parser_gives() {
    for path in files("evtx") {
        let mut parser = evtx::EvtxParser::from_path(&path).unwrap();
        let (mut whole, mut broken) = (Vec::new(), 0);
        for record in parser.records_json() {
            match record {
                Ok(record) => whole.push(record.event_record_id),
                Err(_) => broken += 1,
            }
        }
        let (format, seen) = seen(&path);
        assert_eq!(format, Format::Evtx);
        let mut ids: Vec<u64> = seen.records.iter().map(|record| record.0).collect();
        whole.sort();
        ids.sort();
        assert_eq!(ids, whole, "{}", path.display());
        assert_eq!(
            seen.defects.len(),
            broken,
            "{}: {:?}",
            path.display(),
            seen.defects
        );
        for (record, raw) in seen.records.iter().zip(&seen.raw) {
            let timed = record.1.is_some() || memchr::memmem::find(raw, b"SystemTime").is_none();
            assert!(timed && record.2.is_some(), "{} {}", path.display(), record.0);
        }
    }
}
