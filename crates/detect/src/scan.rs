//! Matching: a visitor of telemetry that turns records into detections.
//!
//! Values are filtered as they come; what may match waits for its record, is then read exactly, looked up,
//! and held against the indicator's validity at the record's own time. Begin at [`Scanner`].

use crate::arena::{AtomRecord, Indicator, Reader};
use crate::atom::Test;
use crate::filter::Filter;
use crate::generation::{Error, Generation};
use crate::limits::{DEFECTS_KEPT_MAX, HIT_VALUE_BYTES_MAX, HITS_PER_RECORD_MAX};
use crate::lookup::lookup;
use crate::values::{Reading, readings};
use entente_stix::observable::Observable;
use entente_telemetry::{Defect, Kind, Observed, Record, Value, Visitor};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is asked of a scan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Report also what happened before or after the indicator's validity.
    pub any_time: bool,
    /// Report hosts of URL indicators that are seen without the URL ([`How::UrlHost`]); needs a generation
    /// compiled with [`Settings::url_hosts`](crate::Settings::url_hosts).
    pub url_hosts: bool,
}

/// One detection: a value of a record satisfies an indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The record's line or number.
    pub line: u64,
    /// The field the value stands in; the first one, when it stands in several.
    pub field: String,
    /// The value as logged, at most [`HIT_VALUE_BYTES_MAX`] bytes of it.
    pub value: String,
    /// What of it matched, in normal form.
    pub observable: Observable,
    /// The indicator.
    pub indicator: Arc<Indicator>,
    /// Why it matched.
    pub how: How,
    /// The record's time, microseconds since 1970 UTC. Without one, validity could not be judged.
    pub time: Option<i64>,
    /// The machine that the record is about.
    pub host: Option<String>,
    /// SHA-256 of the raw record.
    pub record_digest: [u8; 32],
}

/// How a value satisfies an indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// It is the value that the indicator names.
    Exact,
    /// It is a name below this domain.
    Subdomain {
        /// The domain that the indicator names.
        of: String,
    },
    /// It is an address in this network.
    Network {
        /// The network that the indicator names.
        of: String,
    },
    /// It is this URL with a query.
    AnyQuery {
        /// The URL that the indicator names.
        of: String,
    },
    /// It is a URL below this one.
    UrlPrefix {
        /// The URL that the indicator names.
        of: String,
    },
    /// It is the host of this indicator's URL: a weak sign.
    UrlHost,
    /// It satisfies this `LIKE`.
    Like {
        /// The pattern of the indicator.
        pattern: String,
    },
    /// It satisfies this `MATCHES`.
    Matches {
        /// The pattern of the indicator.
        pattern: String,
    },
}

impl std::fmt::Display for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            How::Exact => f.write_str("is"),
            How::Subdomain { of } => write!(f, "is below {of}"),
            How::Network { of } => write!(f, "is in {of}"),
            How::AnyQuery { of } => write!(f, "is {of} with a query"),
            How::UrlPrefix { of } => write!(f, "begins with {of}"),
            How::UrlHost => f.write_str("is the host of the URL"),
            How::Like { pattern } => write!(f, "is like {pattern}"),
            How::Matches { pattern } => write!(f, "matches {pattern}"),
        }
    }
}

/// What a scan has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Records, also those without values.
    pub records: u64,
    /// Values looked at.
    pub values: u64,
    /// Records that could not be read.
    pub defects: u64,
    /// Detections.
    pub hits: u64,
    /// Matches of indicators that were not valid at the record's time, not among the detections.
    pub outside_validity: u64,
    /// Matches of revoked indicators, not among the detections.
    pub revoked: u64,
    /// Detections beyond [`HITS_PER_RECORD_MAX`] of one record, not reported.
    pub hits_cut: u64,
}

impl std::ops::AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.values += other.values;
        self.defects += other.defects;
        self.hits += other.hits;
        self.outside_validity += other.outside_validity;
        self.revoked += other.revoked;
        self.hits_cut += other.hits_cut;
    }
}

/// Matches one thread's records against a generation.
#[derive(Debug)]
pub struct Scanner<'g> {
    filter: Filter<'g>,
    reader: Reader<'g>,
    options: Options,
    counters: Counters,
    /// Values of the current record that may match.
    pending: Vec<Pending>,
    hits: Vec<Hit>,
    defects: Vec<Defect>,
    failure: Option<Error>,
}

/// A value that waits for its record.
#[derive(Debug)]
struct Pending {
    kind: Kind,
    field: String,
    value: Parts,
}

#[derive(Debug)]
enum Parts {
    Plain(Vec<u8>),
    Url {
        host: Vec<u8>,
        port: Option<Vec<u8>>,
        path: Vec<u8>,
    },
}

impl<'g> Scanner<'g> {
    /// A scanner for one thread.
    pub fn new(generation: &'g Generation, options: Options) -> Self {
        Scanner {
            filter: Filter::new(generation, options.url_hosts),
            reader: Reader::new(generation),
            options,
            counters: Counters::default(),
            pending: Vec::new(),
            hits: Vec::new(),
            defects: Vec::new(),
            failure: None,
        }
    }

    /// How many detections wait to be taken: who visits a batch may take them in between, so that a record that
    /// satisfies thousands of indicators does not multiply in memory.
    pub fn waiting(&self) -> usize {
        self.hits.len()
    }

    /// The detections since the last call, in the order of the records.
    ///
    /// # Errors
    /// When the generation's records could not be read: then detections are missing.
    pub fn hits(&mut self) -> Result<Vec<Hit>, Error> {
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(std::mem::take(&mut self.hits)),
        }
    }

    /// The broken records since the last call, at most [`DEFECTS_KEPT_MAX`].
    pub fn defects(&mut self) -> Vec<Defect> {
        std::mem::take(&mut self.defects)
    }

    /// What was seen since the scanner was made.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    #[inline(always)]
    fn probe(&mut self, kind: Kind, field: &str, value: &Value<'_>) {
        if self.filter.may_match(kind, value) {
            self.keep(kind, field, value);
        }
    }

    #[cold]
    #[inline(never)]
    fn keep(&mut self, kind: Kind, field: &str, value: &Value<'_>) {
        let value = match value {
            Value::Plain(bytes) => Parts::Plain(bytes.to_vec()),
            Value::Url { host, port, path } => Parts::Url {
                host: host.to_vec(),
                port: port.map(<[u8]>::to_vec),
                path: path.to_vec(),
            },
        };
        self.pending.push(Pending {
            kind,
            field: field.to_owned(),
            value,
        });
    }

    #[inline(never)]
    fn text(&mut self, field: &str, text: &[u8]) {
        let mut found: Vec<(Kind, &[u8])> = Vec::new();
        let Scanner { filter, .. } = self;
        // The pieces are cut by rules that the filter holds, and tried by the filter.
        let cutter = filter.cutter();
        cutter.pieces(text, |kind, piece| {
            if filter.may_match(kind, &Value::Plain(piece)) {
                found.push((kind, piece));
            }
        });
        for (kind, piece) in found {
            self.keep(kind, field, &Value::Plain(piece));
        }
    }

    #[cold]
    #[inline(never)]
    fn resolve(&mut self, record: &Record<'_>) {
        let mut seen = BTreeSet::new();
        let mut matches = Vec::new();
        for pending in std::mem::take(&mut self.pending) {
            for reading in readings(pending.kind, &pending.value.as_value()) {
                if !seen.insert(reading.observable.clone()) {
                    continue;
                }
                if let Err(error) = self.matches(&pending.field, &reading, &mut matches) {
                    self.failure.get_or_insert(error);
                }
            }
        }
        if !matches.is_empty() {
            self.judge(record, matches);
        }
    }

    /// Every indicator that a reading satisfies, each once.
    fn matches(&mut self, field: &str, reading: &Reading, matches: &mut Vec<Match>) -> Result<(), Error> {
        let mut known = BTreeSet::new();
        let url_hosts = self.options.url_hosts;
        let Reading { observable, raw } = reading;
        lookup(&mut self.reader, observable, raw, url_hosts, |reader, atom| {
            if known.insert(atom.indicator) {
                matches.push(Match {
                    field: field.to_owned(),
                    value: raw
                        .get(..raw.floor_char_boundary(HIT_VALUE_BYTES_MAX))
                        .unwrap_or_default()
                        .to_owned(),
                    observable: observable.clone(),
                    indicator: reader.indicator(atom.indicator)?,
                    how: how(&atom, observable),
                });
            }
            Ok(())
        })
    }

    /// Holds matches against the indicators' validity; the rest are detections.
    fn judge(&mut self, record: &Record<'_>, matches: Vec<Match>) {
        let time = record.time();
        let mut of_record = 0;
        let mut context = None;
        for one in matches {
            let Match {
                field,
                value,
                observable,
                indicator,
                how,
            } = one;
            if indicator.revoked {
                self.counters.revoked += 1;
                continue;
            }
            if !self.options.any_time && time.is_some_and(|time| !indicator.is_valid_at(time)) {
                self.counters.outside_validity += 1;
                continue;
            }
            if of_record >= HITS_PER_RECORD_MAX {
                self.counters.hits_cut += 1;
                continue;
            }
            of_record += 1;
            self.counters.hits += 1;
            let (host, digest): &(Option<String>, [u8; 32]) =
                context.get_or_insert_with(|| (record.host(), Sha256::digest(record.raw()).into()));
            self.hits.push(Hit {
                line: record.line(),
                field,
                value,
                observable,
                indicator,
                how,
                time,
                host: host.clone(),
                record_digest: *digest,
            });
        }
    }
}

impl Visitor for Scanner<'_> {
    #[inline(always)]
    fn wants(&self, kind: Kind) -> bool {
        self.filter.wants(kind)
    }

    #[inline(always)]
    fn observed(&mut self, observed: Observed<'_>) {
        self.counters.values += 1;
        match (observed.kind, &observed.value) {
            (Kind::Text, Value::Plain(text)) => self.text(observed.field, text),
            (kind, value) => self.probe(kind, observed.field, value),
        }
    }

    #[inline(always)]
    fn record(&mut self, record: &Record<'_>) {
        self.counters.records += 1;
        if !self.pending.is_empty() {
            self.resolve(record);
        }
    }

    #[cold]
    fn defect(&mut self, defect: Defect) {
        self.counters.defects += 1;
        self.pending.clear();
        if self.defects.len() < DEFECTS_KEPT_MAX {
            self.defects.push(defect);
        }
    }
}

/// A match before its indicator's validity is known.
struct Match {
    field: String,
    value: String,
    observable: Observable,
    indicator: Arc<Indicator>,
    how: How,
}

impl Parts {
    fn as_value(&self) -> Value<'_> {
        match self {
            Parts::Plain(bytes) => Value::Plain(bytes),
            Parts::Url { host, port, path } => Value::Url {
                host,
                port: port.as_deref(),
                path,
            },
        }
    }
}

fn how(atom: &AtomRecord, observable: &Observable) -> How {
    let value = String::from_utf8_lossy(&atom.value).into_owned();
    let is_whole = value == observable.value;
    match atom.test {
        Test::Exact => How::Exact,
        Test::Domain | Test::UrlAnyQuery | Test::UrlPrefix if is_whole => How::Exact,
        Test::Domain | Test::Below => How::Subdomain { of: value },
        Test::Network => How::Network { of: value },
        Test::UrlAnyQuery => How::AnyQuery { of: value },
        Test::UrlPrefix => How::UrlPrefix { of: value },
        Test::UrlHost => How::UrlHost,
        Test::Like => How::Like { pattern: value },
        Test::Matches => How::Matches { pattern: value },
    }
}
