//! Logs of every format, found out from their content.

use std::io::Read;

use entente_telemetry::{Defect, Observed, Record, Scratch, Source, Value, Visitor};

use crate::Dribble;

/// A log of any format but EVTX: what is read does not depend on where reads end.
pub fn logs(data: &[u8]) {
    let whole = read(data);
    let dribbled = read(Dribble::new(data));
    assert_eq!(whole, dribbled);
}

/// A Windows event log, its header repaired so that mutations get past it.
pub fn evtx(data: &[u8]) {
    let mut log = b"ElfFile\0".to_vec();
    log.extend_from_slice(data.strip_prefix(b"ElfFile\0").unwrap_or(data));
    read(log.as_slice());
}

/// All that a log gives, as text.
fn read(reader: impl Read) -> Vec<String> {
    let mut seen = Seen::default();
    let Ok(mut source) = Source::open(reader, "fuzz") else {
        return seen.told;
    };
    let mut scratch = Scratch::default();
    loop {
        match source.next() {
            Ok(Some(batch)) => {
                batch.visit(&mut seen, &mut scratch);
                source.recycle(batch);
            }
            Ok(None) => return seen.told,
            Err(error) => seen.told.push(error.to_string()),
        }
    }
}

#[derive(Default)]
struct Seen {
    told: Vec<String>,
    line: u64,
}

impl Visitor for Seen {
    fn observed(&mut self, observed: Observed<'_>) {
        match observed.value {
            Value::Plain(value) => assert!(!value.is_empty(), "never empty"),
            Value::Url { host, .. } => assert!(!host.is_empty(), "never empty"),
        }
        self.told.push(format!("{observed:?}"));
    }

    fn record(&mut self, record: &Record<'_>) {
        assert!(record.line() > 0, "counted from 1");
        self.line = record.line();
        let (time, host) = (record.time(), record.host());
        self.told.push(format!("{} {time:?} {host:?}", record.line()));
        let _ = (
            record.raw().len(),
            record.field("ts"),
            record.field("a.b[0]"),
            record.format(),
        );
    }

    fn defect(&mut self, defect: Defect) {
        assert!(!defect.reason.is_empty());
        self.told.push(format!("{defect:?}"));
    }
}
