//! One record, whose fields are looked up only when someone asks.

use crate::Format;
use std::borrow::Cow;

/// One record of a log, borrowed from its batch.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub(crate) line: u64,
    pub(crate) raw: &'a [u8],
    pub(crate) format: Format,
}

impl<'a> Record<'a> {
    /// The 1-based line of the decompressed text on which the record starts; for EVTX the record's number
    /// (`EventRecordID`).
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The record's bytes without the line end; for EVTX its JSON rendering.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The format of the log it is from.
    pub fn format(&self) -> Format {
        self.format
    }

    /// When it happened, in microseconds since 1970 UTC; `None` where the record does not say.
    pub fn time(&self) -> Option<i64> {
        None
    }

    /// One field by its dotted path (`id.orig_h`, `dns.answers[0].rdata`), unescaped. Of a list and of a
    /// repeated key the first value. EVTX fields may be named without `Event.System.` or `Event.EventData.`.
    pub fn field(&self, path: &str) -> Option<Cow<'a, [u8]>> {
        let _ = path;
        None
    }

    /// The machine this is about: Zeek `id.orig_h`, EVE `src_ip`, Windows `Computer`, syslog's host.
    pub fn host(&self) -> Option<String> {
        None
    }
}
