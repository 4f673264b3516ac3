//! Logs against everything the node looks for, on all cores; every detection is noted and told in order.
//!
//! Workers read and match ([`workers`]), one collector puts their answers in order ([`order`]), notes
//! detections in the store and reports. Begin at [`Node::scan`].

mod order;
mod workers;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use entente_detect::{Generation, Hit, Options};
use entente_stix::observable::{Kind, Observable};
use entente_stix::time::Timestamp;
use entente_store::Detection;
use entente_telemetry::Format;

use crate::limits::{DETECTIONS_BATCH_MAX, RECALLS_KNOWN_MAX, REPEATED_RECORDS_MAX};
use crate::noted::Noted;
use crate::recall::standing::Recalls;
use crate::receipt::Recalled;
use crate::{Error, Node};
use order::InOrder;
use workers::{Part, Shared};

/// Parts of a quarter of a megabyte after which detections are kept and told, however few there are.
const PARTS_BETWEEN_FLUSHES: u32 = 256;

const MICROS_A_DAY: i64 = 86_400_000_000;

/// One log to scan, opened when its turn comes.
pub struct LogInput {
    /// The name that reports use.
    pub name: String,
    /// Opens it.
    pub open: Box<dyn FnOnce() -> io::Result<Box<dyn Read + Send>> + Send>,
    /// When the log was last written, microseconds since 1970 UTC: syslog takes its year from it.
    pub modified: Option<i64>,
}

/// How a scan is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Worker threads.
    pub threads: NonZeroUsize,
    /// Match also outside of indicators' validity.
    pub any_time: bool,
    /// Report the host of a URL indicator, too.
    pub url_hosts: bool,
    /// Match also what the party that it belongs to recalled.
    pub recalled: bool,
    /// Note detections in the store.
    pub record: bool,
    /// Now: the day of events that tell no time.
    pub now: Timestamp,
}

/// What a scan tells while it runs.
pub enum Told<'a> {
    /// Something was found.
    Found {
        /// Where and what.
        hit: &'a Hit,
        /// In which input.
        file: &'a str,
        /// Whether the node did not know this detection before.
        is_new: bool,
        /// By whom, when and why the indicator was taken back, where the party that it belongs to did.
        recalled: Option<&'a Recalled>,
    },
    /// A record could not be read; reading went on.
    Defect {
        /// In which input.
        file: &'a str,
        /// Its line.
        line: u64,
        /// What is wrong.
        reason: &'a str,
    },
    /// An input could not be read, or not to its end.
    Failed {
        /// Which input.
        file: &'a str,
        /// Why, naming the place.
        reason: &'a str,
    },
    /// An input was read to its end.
    Read {
        /// Which input.
        file: &'a str,
        /// What it was found to be.
        format: Format,
        /// Its sums.
        sums: Sums,
    },
    /// So many more bytes of inputs were read.
    Progress {
        /// Of which input.
        file: &'a str,
        /// Bytes since the last word.
        bytes: u64,
    },
}

/// Sums over records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Records read.
    pub records: u64,
    /// Values compared.
    pub values: u64,
    /// Broken records.
    pub defects: u64,
    /// Detections.
    pub detections: u64,
    /// Detections that the node did not know before.
    pub new: u64,
    /// Matches of indicators that were not valid at the event's time.
    pub outside_validity: u64,
    /// Matches of revoked indicators.
    pub revoked: u64,
    /// Matches of indicators that their owner recalled.
    pub recalled: u64,
    /// Detections of records that had too many, beyond the bound.
    pub cut: u64,
    /// Inputs that could not be read, or not to their end.
    pub failed: u64,
}

impl Sums {
    fn add(&mut self, other: &Sums) {
        self.records += other.records;
        self.values += other.values;
        self.defects += other.defects;
        self.detections += other.detections;
        self.new += other.new;
        self.outside_validity += other.outside_validity;
        self.revoked += other.revoked;
        self.recalled += other.recalled;
        self.cut += other.cut;
        self.failed += other.failed;
    }
}

impl Node {
    /// Scans `inputs` against `generation` and tells what happens, detections in the order of inputs and
    /// records. Returns the sums over all inputs.
    ///
    /// # Errors
    /// The store failed. Inputs that cannot be read are told, not errors.
    pub fn scan(
        &self,
        generation: &Generation,
        inputs: Vec<LogInput>,
        settings: &Settings,
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<Sums, Error> {
        let options = Options {
            any_time: settings.any_time,
            url_hosts: settings.url_hosts,
        };
        let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
        let shared = Shared::new(inputs, settings.threads);
        let mut collector = Collector::new(self, self.recalls()?, settings, names, tell);
        std::thread::scope(|scope| {
            // Small and bounded: a slow disk under the store slows the readers down instead of filling memory.
            let (send, parts) = sync_channel::<Part>(settings.threads.get() * 4);
            for _ in 0..settings.threads.get() {
                let send = send.clone();
                let shared = &shared;
                scope.spawn(move || shared.work(generation, options, &send));
            }
            drop(send);
            let mut in_order = InOrder::new();
            for part in parts {
                in_order.put(part);
                while let Some(part) = in_order.take() {
                    collector.part(part)?;
                }
            }
            collector.finish()
        })
    }
}

/// Maps whose keys we made ourselves, hashed without a random seed: a scan is repeatable.
type Counts<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// The record that the last hit was in, and which occurrence of it each indicator counted.
#[derive(Default)]
struct InRecord {
    place: Option<(usize, u64, [u8; 32])>,
    occurrences: Counts<String, u32>,
}

/// Takes parts in order, notes their detections, tells everything.
struct Collector<'a> {
    node: &'a Node,
    recalls: Recalls<'a>,
    /// What they say of the indicators that matched.
    recalled: Counts<String, Option<Arc<Recalled>>>,
    settings: &'a Settings,
    names: Vec<String>,
    tell: &'a mut dyn FnMut(Told<'_>),
    waiting: Vec<(usize, Hit, Detection)>,
    /// How often each matching record occurred, by input; parts of several inputs may alternate.
    repeated: Counts<usize, Counts<u64, u32>>,
    record: InRecord,
    /// Parts since the last flush.
    parts: u32,
    by_input: Counts<usize, Sums>,
    total: Sums,
}

impl<'a> Collector<'a> {
    fn new(
        node: &'a Node,
        recalls: Recalls<'a>,
        settings: &'a Settings,
        names: Vec<String>,
        tell: &'a mut dyn FnMut(Told<'_>),
    ) -> Self {
        Collector {
            node,
            recalls,
            recalled: HashMap::default(),
            settings,
            names,
            tell,
            waiting: Vec::new(),
            repeated: HashMap::default(),
            record: InRecord::default(),
            parts: 0,
            by_input: HashMap::default(),
            total: Sums::default(),
        }
    }

    fn part(&mut self, part: Part) -> Result<(), Error> {
        let input = part.input;
        if let Some(cause) = part.fault {
            // Removed, so that the next scan makes it anew; this one must not look complete.
            self.node.forget_generations();
            let cause = format!("{cause}; it is made anew by the next scan, repeat this one");
            return Err(Error::Generation {
                path: self.node.folder.clone(),
                cause,
            });
        }
        self.by_input.entry(input).or_default().add(&part.sums);
        for hit in part.hits {
            self.hit(input, hit)?;
        }
        let name = self.names.get(input).map(String::as_str).unwrap_or_default();
        for defect in &part.defects {
            (self.tell)(Told::Defect {
                file: name,
                line: defect.line,
                reason: &defect.reason,
            });
        }
        self.parts += 1;
        if self.parts >= PARTS_BETWEEN_FLUSHES {
            // A long scan that is broken off has kept what it found until shortly before.
            self.flush()?;
        }
        let name = self.names.get(input).map(String::as_str).unwrap_or_default();
        (self.tell)(Told::Progress {
            file: name,
            bytes: part.bytes,
        });
        if let Some(end) = part.end {
            self.flush()?;
            self.repeated.remove(&input);
            let name = self.names.get(input).map(String::as_str).unwrap_or_default();
            let mut sums = self.by_input.remove(&input).unwrap_or_default();
            match end {
                workers::End::Read(format) => (self.tell)(Told::Read {
                    file: name,
                    format,
                    sums,
                }),
                workers::End::Failed(reason) => {
                    sums.failed = 1;
                    (self.tell)(Told::Failed {
                        file: name,
                        reason: &reason,
                    });
                }
            }
            self.total.add(&sums);
        }
        Ok(())
    }

    /// The recall of an indicator that matched. What somebody recalls while a scan runs counts from the next one on.
    fn recall_of(&mut self, indicator: &str) -> Result<Option<Arc<Recalled>>, Error> {
        if let Some(known) = self.recalled.get(indicator) {
            return Ok(known.clone());
        }
        let recall = self.recalls.of(indicator)?.map(Arc::new);
        if self.recalled.len() >= RECALLS_KNOWN_MAX {
            self.recalled.clear();
        }
        self.recalled.insert(indicator.to_owned(), recall.clone());
        Ok(recall)
    }

    fn hit(&mut self, input: usize, hit: Hit) -> Result<(), Error> {
        let recall = self.recall_of(&hit.indicator.id)?;
        if recall.is_some_and(|recall| self.recalls.withdraws(&recall)) && !self.settings.recalled {
            self.by_input.entry(input).or_default().recalled += 1;
            return Ok(());
        }
        let occurrence = self.occurrence(input, &hit);
        let detection = self.detection(input, &hit, occurrence);
        self.waiting.push((input, hit, detection));
        if self.waiting.len() >= DETECTIONS_BATCH_MAX {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Which one of several equal records this is: the same log scanned again, or renamed, or compressed,
    /// numbers them alike. Several values of one record that satisfy one indicator are one event.
    fn occurrence(&mut self, input: usize, hit: &Hit) -> u32 {
        let place = (input, hit.line, hit.record_digest);
        if self.record.place != Some(place) {
            self.record = InRecord {
                place: Some(place),
                occurrences: Counts::default(),
            };
        }
        if let Some(occurrence) = self.record.occurrences.get(&hit.indicator.id) {
            return *occurrence;
        }
        let occurrence = self.next_occurrence(input, hit);
        self.record
            .occurrences
            .insert(hit.indicator.id.clone(), occurrence);
        occurrence
    }

    fn next_occurrence(&mut self, input: usize, hit: &Hit) -> u32 {
        use std::hash::{Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        (hit.record_digest, &hit.indicator.id).hash(&mut hasher);
        let key = hasher.finish();
        let repeated = self.repeated.entry(input).or_default();
        if repeated.len() >= REPEATED_RECORDS_MAX && !repeated.contains_key(&key) {
            return 0;
        }
        let seen = repeated.entry(key).or_insert(0);
        let occurrence = *seen;
        *seen = seen.saturating_add(1);
        occurrence
    }

    fn detection(&self, input: usize, hit: &Hit, occurrence: u32) -> Detection {
        let at = hit.time.unwrap_or(i64::MIN);
        let day = hit
            .time
            .unwrap_or(self.settings.now.micros())
            .div_euclid(MICROS_A_DAY);
        Detection {
            indicator: hit.indicator.id.clone(),
            record: hit.record_digest,
            occurrence,
            at,
            day: i32::try_from(day).unwrap_or_default(),
            file: self.names.get(input).cloned().unwrap_or_default(),
            line: hit.line,
            field: hit.field.clone(),
            kind: hit.observable.kind.number(),
            value: kept_value(&hit.observable, &hit.value),
            host: hit.host.clone().unwrap_or_default(),
            how: hit.how.to_string(),
        }
    }

    /// Notes what waits, then tells it: what is printed is already kept.
    fn flush(&mut self) -> Result<(), Error> {
        self.parts = 0;
        let waiting = std::mem::take(&mut self.waiting);
        let (places, detections): (Vec<(usize, Hit)>, Vec<Detection>) = waiting
            .into_iter()
            .map(|(input, hit, detection)| ((input, hit), detection))
            .unzip();
        let news = if self.settings.record && !detections.is_empty() {
            let values = detections
                .iter()
                .map(|detection| (detection.kind, detection.value.as_str()));
            Noted::extend(self.node.store(), values)?;
            self.node.store.record_detections(&detections)?
        } else {
            vec![false; detections.len()]
        };
        for ((input, hit), is_new) in places.iter().zip(news) {
            if let Some(sums) = self.by_input.get_mut(input) {
                sums.detections += 1;
                sums.new += u64::from(is_new);
            }
            let recalled = self.recall_of(&hit.indicator.id)?;
            let file = self.names.get(*input).map(String::as_str).unwrap_or_default();
            (self.tell)(Told::Found {
                hit,
                file,
                is_new,
                recalled: recalled.as_deref(),
            });
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Sums, Error> {
        self.flush()?;
        Ok(self.total)
    }
}

/// The value under which a detection is kept: its normal form, a URL with the scheme that the log told.
fn kept_value(observable: &Observable, logged: &str) -> String {
    let scheme = logged
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme {
        Some(scheme) if observable.kind == Kind::Url && (scheme == "http" || scheme == "https") => {
            format!("{scheme}://{}", observable.value)
        }
        _ => observable.value.clone(),
    }
}
