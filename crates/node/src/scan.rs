//! Logs against everything the node looks for, on all cores; every detection is noted and told in order.
//!
//! Workers read, look for indicators and hold records against rules in one pass ([`workers`]); one collector puts
//! their answers in order ([`order`]), notes detections in the store and reports ([`collect`]). Begin at [`Node::scan`].

mod collect;
mod detection;
mod files;
mod matching;
mod on_trial;
mod order;
mod over_time;
pub mod watch;
mod workers;

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use entente_detect::{Generation, Hit};
use entente_stix::time::Timestamp;
use entente_telemetry::Format;

use crate::generation::Compiled;
use crate::receipt::Recalled;
use crate::rules::trials::Standing;
use crate::rules::{Fired, Rule, RuleSet};
use crate::{Error, Node};
use collect::Collector;
use matching::Against;
use order::InOrder;
use workers::{Part, Shared};

pub use files::{FileMatch, RuleText};
pub use over_time::Account;

/// The kind of a detection's value where the value is no observable: what a rule found.
pub const NO_OBSERVABLE: u8 = u8::MAX;

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
    /// How much later than others a record may come and still be put in their order, in microseconds; of a watch.
    pub lateness: i64,
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
    /// A record satisfies a rule.
    Fired {
        /// Where, and what of it.
        fired: &'a Fired,
        /// The rule.
        rule: &'a Rule,
        /// In which input.
        file: &'a str,
        /// Whether the rule is the node's, and the node did not know this detection before.
        is_new: bool,
        /// By whom, when and why the rule was taken back, where the party that it belongs to did.
        recalled: Option<&'a Recalled>,
    },
    /// Something took too much work, and was taken not to match. Told at the end of the scan.
    Exhausted {
        /// The expression or comparison.
        expression: &'a str,
        /// The rule that was passed over for it, by its id; none where the expression alone was given up.
        rule: Option<&'a str>,
        /// For how many records, or values.
        times: u64,
    },
    /// What happened to what is looked for over time. Told at the end, where anything is.
    OverTime {
        /// What happened.
        account: &'a Account,
    },
    /// A rule of an object does not alert freely: it is on trial or parked. Told at the end.
    Trial {
        /// Which.
        rule: &'a Rule,
        /// How it stands.
        standing: &'a Standing,
    },
    /// A watch begins, or goes on with what the node knows now.
    Ready {
        /// What it looks for.
        compiled: &'a Compiled,
        /// And the rules.
        rules: &'a RuleSet,
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
    /// Detections, those of rules included.
    pub detections: u64,
    /// Matches of rules among the detections.
    pub fired: u64,
    /// Detections that the node did not know before.
    pub new: u64,
    /// Matches of indicators that were not valid at the event's time.
    pub outside_validity: u64,
    /// Matches of revoked indicators.
    pub revoked: u64,
    /// Matches of indicators that their owner recalled.
    pub recalled: u64,
    /// Matches of rules that are parked; counted at the end.
    pub parked: u64,
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
        self.fired += other.fired;
        self.new += other.new;
        self.outside_validity += other.outside_validity;
        self.revoked += other.revoked;
        self.recalled += other.recalled;
        self.parked += other.parked;
        self.cut += other.cut;
        self.failed += other.failed;
    }
}

impl Node {
    /// Scans `inputs` against `generation` and `rules` and tells what happens, detections in the order of inputs and
    /// records. Returns the sums over all inputs.
    ///
    /// # Errors
    /// The store failed. Inputs that cannot be read are told, not errors.
    pub fn scan(
        &self,
        generation: &Generation,
        rules: &Arc<RuleSet>,
        inputs: Vec<LogInput>,
        settings: &Settings,
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<Sums, Error> {
        let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
        let shared = Shared::new(inputs, settings.threads);
        let mut collector = Collector::new(self, Arc::clone(rules), settings, names, tell)?;
        let against = Against {
            generation,
            rules,
            parked: &collector.parked(),
            any_time: settings.any_time,
            url_hosts: settings.url_hosts,
            with_times: false,
        };
        std::thread::scope(|scope| {
            // Small and bounded: a slow disk under the store slows the readers down instead of filling memory.
            let (send, parts) = sync_channel::<Part>(settings.threads.get() * 4);
            for _ in 0..settings.threads.get() {
                let send = send.clone();
                let shared = &shared;
                scope.spawn(move || shared.work(&against, &send));
            }
            drop(send);
            let mut in_order = InOrder::new();
            for part in parts {
                in_order.put(part);
                while let Some(part) = in_order.take() {
                    collector.part(part)?;
                }
            }
            collector.finish()?;
            collector.end()
        })
    }
}
