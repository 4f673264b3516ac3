//! Reads logs from memory.

use entente_detect::rules::{Field, FieldNames};
use entente_telemetry::{Defect, Kind, Observed, Record, Scratch, Source, Visitor};

/// What reading tells.
pub(crate) enum Read<'f> {
    /// An event.
    Fields(&'f [Field<'f>]),
    /// A batch of them ends.
    Batch,
}

/// Reads a log until so many events were seen; gives their number.
pub(crate) fn read(log: &[u8], names: &FieldNames, events: u64, each: impl FnMut(Read<'_>)) -> u64 {
    let mut reader = Reader {
        names,
        events: 0,
        each,
    };
    let mut scratch = Scratch::new();
    while reader.events < events {
        let mut source = Source::open(log, "log").expect("a log");
        while let Some(batch) = source.next().expect("a batch") {
            batch.visit(&mut reader, &mut scratch);
            (reader.each)(Read::Batch);
            source.recycle(batch);
        }
    }
    reader.events
}

/// The same for who needs only the events.
pub(crate) fn read_fields(
    log: &[u8],
    names: &FieldNames,
    events: u64,
    mut each: impl FnMut(&[Field<'_>]),
) -> u64 {
    read(log, names, events, |read| {
        if let Read::Fields(fields) = read {
            each(fields);
        }
    })
}

struct Reader<'n, F> {
    names: &'n FieldNames,
    events: u64,
    each: F,
}

impl<F: FnMut(Read<'_>)> Visitor for Reader<'_, F> {
    fn wants(&self, _: Kind) -> bool {
        false
    }
    fn observed(&mut self, _: Observed<'_>) {}
    fn names(&self) -> Option<&FieldNames> {
        Some(self.names)
    }
    fn fields(&mut self, fields: &[Field<'_>]) {
        (self.each)(Read::Fields(fields));
    }
    fn record(&mut self, _: &Record<'_>) {
        self.events += 1;
    }
    fn defect(&mut self, defect: Defect) {
        panic!("a record is broken: {defect:?}");
    }
}
