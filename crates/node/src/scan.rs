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
use std::sync::mpsc::sync_channel;

use entente_detect::{Generation, Hit, Options};
use entente_stix::time::Timestamp;
use entente_store::Detection;
use entente_telemetry::Format;

use crate::limits::{DETECTIONS_BATCH_MAX, REPEATED_RECORDS_MAX};
use crate::{Error, Node};
use order::InOrder;
use workers::{Part, Shared};

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
        let mut collector = Collector::new(self, settings, names, tell);
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

/// Takes parts in order, notes their detections, tells everything.
struct Collector<'a> {
    node: &'a Node,
    settings: &'a Settings,
    names: Vec<String>,
    tell: &'a mut dyn FnMut(Told<'_>),
    waiting: Vec<(usize, Hit, Detection)>,
    repeated: HashMap<u64, u32, BuildHasherDefault<DefaultHasher>>,
    repeated_in: usize,
    by_input: HashMap<usize, Sums, BuildHasherDefault<DefaultHasher>>,
    total: Sums,
}

impl<'a> Collector<'a> {
    fn new(
        node: &'a Node,
        settings: &'a Settings,
        names: Vec<String>,
        tell: &'a mut dyn FnMut(Told<'_>),
    ) -> Self {
        Collector {
            node,
            settings,
            names,
            tell,
            waiting: Vec::new(),
            repeated: HashMap::default(),
            repeated_in: 0,
            by_input: HashMap::default(),
            total: Sums::default(),
        }
    }

    fn part(&mut self, part: Part) -> Result<(), Error> {
        let input = part.input;
        if let Some(cause) = part.fault {
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
        (self.tell)(Told::Progress {
            file: name,
            bytes: part.bytes,
        });
        if let Some(end) = part.end {
            self.flush()?;
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

    fn hit(&mut self, input: usize, hit: Hit) -> Result<(), Error> {
        if self.repeated_in != input {
            self.repeated.clear();
            self.repeated_in = input;
        }
        let same_record = self.waiting.last().is_some_and(|(last_input, last, _)| {
            *last_input == input && last.line == hit.line && last.indicator.id == hit.indicator.id
        });
        let occurrence = match self.waiting.last() {
            Some((_, _, last)) if same_record => last.occurrence,
            _ => self.occurrence(&hit),
        };
        let detection = self.detection(input, &hit, occurrence);
        self.waiting.push((input, hit, detection));
        if self.waiting.len() >= DETECTIONS_BATCH_MAX {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Which one of several equal records this is: the same log scanned again, or renamed, or compressed,
    /// numbers them alike.
    fn occurrence(&mut self, hit: &Hit) -> u32 {
        use std::hash::{Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        (hit.record_digest, &hit.indicator.id).hash(&mut hasher);
        let key = hasher.finish();
        if self.repeated.len() >= REPEATED_RECORDS_MAX && !self.repeated.contains_key(&key) {
            return 0;
        }
        let seen = self.repeated.entry(key).or_insert(0);
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
            value: hit.observable.value.clone(),
            host: hit.host.clone().unwrap_or_default(),
            how: hit.how.to_string(),
        }
    }

    /// Notes what waits, then tells it: what is printed is already kept.
    fn flush(&mut self) -> Result<(), Error> {
        let waiting = std::mem::take(&mut self.waiting);
        let (places, detections): (Vec<(usize, Hit)>, Vec<Detection>) = waiting
            .into_iter()
            .map(|(input, hit, detection)| ((input, hit), detection))
            .unzip();
        let news = if self.settings.record && !detections.is_empty() {
            self.node.store.record_detections(&detections)?
        } else {
            vec![false; detections.len()]
        };
        for ((input, hit), is_new) in places.iter().zip(news) {
            if let Some(sums) = self.by_input.get_mut(input) {
                sums.detections += 1;
                sums.new += u64::from(is_new);
            }
            let file = self.names.get(*input).map(String::as_str).unwrap_or_default();
            (self.tell)(Told::Found { hit, file, is_new });
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Sums, Error> {
        self.flush()?;
        Ok(self.total)
    }
}
