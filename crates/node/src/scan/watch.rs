//! Logs that are still being written, against everything the node looks for: a scan that does not end.
//!
//! One thread reads what is there of each source in turn, so that a log watched from its beginning gives what a scan
//! of it gives, hit for hit. When the node's indicators change, it goes on with the new ones. Reading without waiting,
//! clock and pause are the caller's. Begin at [`Node::watch`].

mod kept;
mod source;

use std::io::{self, Read};
use std::sync::Arc;

use entente_stix::time::Timestamp;
use entente_telemetry::Scratch;

use super::collect::Collector;
use super::matching::{Against, Matching};
use super::{Settings, Sums, Told};
use crate::rules::Asked;
use crate::{Error, Node};
use kept::Kept;
use source::{Watched, waited_for};

/// Microseconds between two writings of what a watch goes on with after a stop.
const BETWEEN_KEEPINGS: i64 = 300_000_000;

/// Batches of one source before the next one's turn comes.
const BATCHES_A_TURN: u32 = 16;

/// Where records come from, for as long as somebody watches.
pub struct LiveInput {
    /// The name that reports use.
    pub name: String,
    /// Asked for the first log, and again whenever one ended: a log that is replaced by a new one is two.
    pub open: Box<dyn FnMut() -> io::Result<Opened>>,
}

/// What a source has to read.
pub enum Opened {
    /// A log, whose first line is there. Where nothing is there at the moment, reading says
    /// [`WouldBlock`](io::ErrorKind::WouldBlock); where the log was replaced, it ends.
    Log(Box<dyn Read + Send>, Option<Mark>),
    /// Nothing yet.
    NotYet,
    /// Nothing any more.
    Over,
}

/// By what a log is known again after a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Tells it from other logs, also from one that has its name or place later.
    pub digest: [u8; 32],
    /// Its length in bytes; where it is shorter later, it was cut.
    pub bytes: u64,
}

/// What the caller wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// To go on, at this time.
    GoOn(Timestamp),
    /// To stop.
    Stop,
}

/// What one round over all sources came to.
struct Round {
    /// There was something to read.
    was_busy: bool,
    /// No source will have more.
    is_over: bool,
}

impl Node {
    /// Watches `sources` until all are over, or until `pace` says so. It is asked after each round over the sources,
    /// and told whether there was nothing to read: then it waits before it answers. Tells what happens, and returns
    /// the sums.
    ///
    /// # Errors
    /// The store failed, or a pipeline cannot be used. Sources that cannot be read are told, not errors.
    pub fn watch(
        &self,
        sources: Vec<LiveInput>,
        asked: &Asked,
        settings: &Settings,
        pace: &mut dyn FnMut(bool) -> Pace,
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<Sums, Error> {
        let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
        let mut sources: Vec<Watched> = sources.into_iter().enumerate().map(Watched::new).collect();
        let kept = self.kept_of(&names).filter(|_| settings.record).map(Arc::new);
        for source in &mut sources {
            source.kept = kept.clone();
        }
        let mut keeping = Keeping {
            node: self,
            records: settings.record,
            at: settings.now.micros(),
        };
        let mut collector: Option<Collector<'_>> = None;
        let mut tell = Some(tell);
        loop {
            // What changes while this is compiled has a higher number, and is seen below.
            let number = self.store.generation_number()?;
            let compiled = self.generation()?;
            let rules = self.rules(&compiled, asked)?;
            let collector = match (&mut collector, tell.take()) {
                (Some(collector), _) => {
                    collector.go_on_with(Arc::clone(&rules))?;
                    collector
                }
                (none, Some(tell)) => {
                    let new = Collector::new(self, Arc::clone(&rules), settings, names.clone(), tell)?;
                    let collector = none.insert(new);
                    if let Some(kept) = &kept {
                        collector.restore(&kept.state);
                    }
                    collector
                }
                (None, None) => return Ok(Sums::default()),
            };
            collector.tell_ready(&compiled);
            let parked = collector.parked();
            let against = Against {
                generation: &compiled.generation,
                rules: &rules,
                parked: &parked,
                any_time: settings.any_time,
                url_hosts: settings.url_hosts,
                with_times: !rules.plan().is_empty(),
            };
            let mut matching = Matching::new(&against);
            let mut scratch = Scratch::new();
            loop {
                let round = round(&mut sources, &mut matching, &mut scratch, collector)?;
                if round.is_over {
                    collector.finish()?;
                    collector.tell_held()?;
                    keeping.keep(&sources, None)?;
                    return collector.end();
                }
                if let Some(until) = waited_for(&sources, settings.lateness, collector.settings.now) {
                    collector.advance(until)?;
                }
                collector.tell_due()?;
                collector.flush()?;
                match pace(!round.was_busy) {
                    Pace::Stop => {
                        // Who stops wants to know what is known; what comes late after it still counts.
                        if let Some(latest) = sources.iter().filter_map(Watched::latest).max() {
                            collector.advance(latest.saturating_add(1))?;
                        }
                        collector.tell_held()?;
                        keeping.keep(&sources, collector.state())?;
                        return collector.end();
                    }
                    Pace::GoOn(now) => collector.settings.now = now,
                }
                if keeping.is_due(collector.settings.now) {
                    // The next watch does not find again what is known here.
                    collector.tell_held()?;
                    keeping.keep(&sources, collector.state())?;
                }
                if self.store.generation_number()? != number {
                    break;
                }
            }
        }
    }
}

/// Writes what the next watch goes on with.
struct Keeping<'n> {
    node: &'n Node,
    records: bool,
    at: i64,
}

impl Keeping<'_> {
    fn is_due(&mut self, now: Timestamp) -> bool {
        let is_due = now.micros().saturating_sub(self.at).saturating_abs() > BETWEEN_KEEPINGS;
        if is_due {
            self.at = now.micros();
        }
        is_due
    }

    fn keep(&self, sources: &[Watched], state: Option<Vec<u8>>) -> Result<(), Error> {
        if !self.records {
            return Ok(());
        }
        let kept = state.map(|state| Kept {
            sources: sources.iter().map(Watched::far).collect(),
            state,
        });
        self.node.keep(kept.as_ref())
    }
}

fn round(
    sources: &mut [Watched],
    matching: &mut Matching<'_>,
    scratch: &mut Scratch,
    collector: &mut Collector<'_>,
) -> Result<Round, Error> {
    let mut round = Round {
        was_busy: false,
        is_over: true,
    };
    for source in sources {
        for _ in 0..BATCHES_A_TURN {
            let Some(part) = source.next(matching, scratch, collector.settings.now) else {
                break;
            };
            round.was_busy = true;
            collector.part(part)?;
        }
        round.is_over &= source.is_over;
    }
    Ok(round)
}
