//! Logs of every format, found out from their content.

use std::io::Read;

use entente_telemetry::{Defect, Error, Observed, Record, Scratch, Source, Value, Visitor};

use crate::Dribble;

/// A log of any format but EVTX: what is read does not depend on where reads end.
pub fn logs(data: &[u8]) {
    let whole = read(data);
    let dribbled = read(Dribble::new(data));
    // Where compressed data is damaged, how much comes out before is the decompressor's affair.
    match (whole, dribbled) {
        (Ok(whole), Ok(dribbled)) => assert_eq!(whole, dribbled),
        (whole, dribbled) => assert!(whole.is_err() && dribbled.is_err()),
    }
}

/// A Windows event log, its header repaired so that mutations get past it.
pub fn evtx(data: &[u8]) {
    let mut log = b"ElfFile\0".to_vec();
    log.extend_from_slice(data.strip_prefix(b"ElfFile\0").unwrap_or(data));
    let _ = read(log.as_slice());
}

/// All that a log gives, as text; its error where it has one.
fn read(reader: impl Read) -> Result<Vec<String>, Error> {
    let mut seen = Seen::default();
    let mut source = Source::open(reader, "fuzz")?;
    let mut scratch = Scratch::default();
    while let Some(batch) = source.next()? {
        batch.visit(&mut seen, &mut scratch);
        source.recycle(batch);
    }
    Ok(seen.told)
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
