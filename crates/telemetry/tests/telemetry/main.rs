//! What holds over whole logs: real ones where they are at hand, generated ones, and damaged ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod corpus;
mod damage;
mod differential;
mod formats;
mod live;
mod named;

use entente_telemetry::{
    Defect, Error, Format, Kind, Observed, Options, Record, Scratch, Source, Value, Visitor,
};
use std::io::Read;

/// Everything that was shown, as text.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Seen {
    pub values: Vec<String>,
    pub records: Vec<(u64, Option<i64>, Option<String>)>,
    pub raw: Vec<Vec<u8>>,
    pub defects: Vec<Defect>,
}

impl Visitor for Seen {
    fn observed(&mut self, observed: Observed<'_>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let value = match observed.value {
            Value::Plain(value) => text(value),
            Value::Url { host, port, path } => {
                let port = port.map(|port| format!(":{}", text(port))).unwrap_or_default();
                format!("{}{port} {}", text(host), text(path))
            }
        };
        self.values.push(format!(
            "{} {:?} {} {value}",
            self.records.len(),
            observed.kind,
            observed.field
        ));
    }

    fn record(&mut self, record: &Record<'_>) {
        self.records.push((record.line(), record.time(), record.host()));
        self.raw.push(record.raw().to_vec());
    }

    fn defect(&mut self, defect: Defect) {
        self.defects.push(defect);
    }
}

impl Seen {
    pub fn values_of(&self, kind: Kind) -> Vec<&str> {
        let word = format!("{kind:?}");
        let of_kind = self
            .values
            .iter()
            .filter(|value| value.split(' ').nth(1) == Some(&word));
        of_kind
            .map(|value| value.splitn(4, ' ').nth(3).unwrap())
            .collect()
    }
}

pub fn read_with<V: Visitor>(reader: impl Read, visitor: &mut V) -> (Format, Option<Error>) {
    let options = Options {
        reference_time: Some(1_546_300_800_000_000),
        ..Options::default()
    };
    let mut source = match Source::open_with(reader, "log", options) {
        Ok(source) => source,
        Err(error) => return (Format::Text, Some(error)),
    };
    let mut scratch = Scratch::new();
    loop {
        match source.next() {
            Ok(Some(batch)) => {
                batch.visit(visitor, &mut scratch);
                source.recycle(batch);
            }
            Ok(None) => return (source.format(), None),
            Err(error) => {
                assert!(source.next().unwrap().is_none(), "after an error comes the end");
                return (source.format(), Some(error));
            }
        }
    }
}

pub fn read(bytes: &[u8]) -> (Format, Seen) {
    let mut seen = Seen::default();
    let (format, error) = read_with(bytes, &mut seen);
    assert!(error.is_none(), "{error:?}");
    (format, seen)
}

/// The folder of real logs, where it is at hand.
pub fn logs() -> Option<std::path::PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/logs");
    Some(std::path::PathBuf::from(folder)).filter(|folder| folder.is_dir())
}
