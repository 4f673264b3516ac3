//! Threads that read and match. Each prefers an input of its own, so that files are decompressed in
//! parallel; when none is left they share what is open, so that one big file keeps all of them busy.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use entente_telemetry::{
    Batch, Defect, Error, Field, FieldNames, Format, Kind, Observed, Options as ReadOptions, Record, Scratch,
    Source, Visitor,
};

use super::matching::{Against, Found, Matching};
use super::{LogInput, Sums};
use crate::limits::DETECTIONS_BATCH_MAX;
use crate::rules::{GivenUp, Passed};

type Reader = Source<Box<dyn std::io::Read + Send>>;

/// What one batch of one input gave.
#[derive(Default)]
pub(super) struct Part {
    pub(super) input: usize,
    pub(super) number: u64,
    /// Pieces of one batch follow each other; all but the last have more after them.
    pub(super) piece: u64,
    pub(super) has_more: bool,
    /// In the order of records; of one record indicators first, then rules, then what is seen over time.
    pub(super) found: Vec<Found>,
    pub(super) exhausted: Vec<GivenUp>,
    /// Patterns that were passed over, as they were hit too often, and for how many records.
    pub(super) passed_over: Vec<(u32, u64)>,
    /// Matches of parked rules, by number.
    pub(super) parked: Vec<(u32, u64)>,
    /// What rules looked at.
    pub(super) passed: Passed,
    pub(super) defects: Vec<Defect>,
    pub(super) sums: Sums,
    pub(super) bytes: u64,
    /// The latest time of its records, where that is wanted.
    pub(super) latest: Option<i64>,
    /// The line of its last record, where that is wanted.
    pub(super) line: u64,
    /// Up to this line, what takes several records has seen them already.
    pub(super) seen_until: u64,
    /// Set on the last part of an input.
    pub(super) end: Option<End>,
    /// The generation failed under the scanner; nothing more of the scan can be trusted.
    pub(super) fault: Option<String>,
}

/// How an input ended.
pub(super) enum End {
    Read(Format),
    Failed(String),
}

/// An open input, read by whoever holds its lock.
struct Open {
    input: usize,
    source: Reader,
    next_number: u64,
    bytes_told: u64,
    /// Visited batches, whose memory serves again.
    spare: Vec<Batch>,
}

/// What the workers share.
pub(super) struct Shared {
    waiting: Mutex<std::iter::Enumerate<std::vec::IntoIter<LogInput>>>,
    open: Vec<Mutex<Option<Open>>>,
    turns: Turns,
}

/// Which batches of each input are done. A worker with many detections waits here until all batches before its own
/// are done: what it found could not be told earlier anyway, and would only fill memory.
#[derive(Default)]
struct Turns {
    done: Mutex<BTreeMap<usize, Done>>,
    changed: Condvar,
}

/// The batches of one input that are done: all below `all_below`, and some after it.
#[derive(Default)]
struct Done {
    all_below: u64,
    beyond: BTreeSet<u64>,
}

impl Turns {
    fn wait_for(&self, input: usize, number: u64) {
        let mut done = lock(&self.done);
        while done.entry(input).or_default().all_below < number {
            done = self.changed.wait(done).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, input: usize, number: u64) {
        let mut done = lock(&self.done);
        let of_input = done.entry(input).or_default();
        of_input.beyond.insert(number);
        while of_input.beyond.remove(&of_input.all_below) {
            of_input.all_below += 1;
        }
        drop(done);
        self.changed.notify_all();
    }
}

/// Marks a batch as done however its worker leaves it; the workers after it must not wait for ever.
struct Turn<'a> {
    turns: &'a Turns,
    input: usize,
    number: u64,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.done(self.input, self.number);
    }
}

/// Locks are held only to move plain values; a panic elsewhere leaves nothing half done behind them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A batch taken from an input, with its number in that input.
struct Taken {
    input: usize,
    number: u64,
    bytes: u64,
    batch: Option<Batch>,
    end: Option<End>,
    slot: usize,
}

impl Shared {
    pub(super) fn new(inputs: Vec<LogInput>, threads: NonZeroUsize) -> Shared {
        Shared {
            waiting: Mutex::new(inputs.into_iter().enumerate()),
            open: (0..threads.get()).map(|_| Mutex::new(None)).collect(),
            turns: Turns::default(),
        }
    }

    /// Reads and matches until nothing is left, or until nobody listens any more.
    pub(super) fn work(&self, against: &Against<'_>, send: &SyncSender<Part>) {
        let mut matching = Matching::new(against);
        let mut scratch = Scratch::new();
        while let Some(taken) = self.take() {
            let turn = Turn {
                turns: &self.turns,
                input: taken.input,
                number: taken.number,
            };
            let mut part = Part {
                input: taken.input,
                number: taken.number,
                bytes: taken.bytes,
                end: taken.end,
                ..Part::default()
            };
            if let Some(batch) = taken.batch {
                let before = matching.counters();
                let mut draining = Draining {
                    matching: &mut matching,
                    part: &mut part,
                    turn: &turn,
                    send,
                    hung_up: false,
                };
                batch.visit(&mut draining, &mut scratch);
                if draining.hung_up {
                    return;
                }
                matching.rest(before, &mut part);
                self.give_back(taken.slot, batch);
            }
            if send.send(part).is_err() {
                return;
            }
        }
    }

    fn give_back(&self, slot: usize, batch: Batch) {
        if let Some(open) = self
            .open
            .get(slot)
            .map(lock)
            .as_mut()
            .and_then(|guard| guard.as_mut())
        {
            open.spare.push(batch);
        }
    }

    /// The next batch of some input: of a new one where a slot is free, else of whatever is open, without
    /// waiting where another worker is reading; when all are being read, waits for one of them.
    fn take(&self) -> Option<Taken> {
        loop {
            if let Some(taken) = self.open_next() {
                return Some(taken);
            }
            let mut busy = None;
            for (number, slot) in self.open.iter().enumerate() {
                match slot.try_lock() {
                    Ok(mut guard) => {
                        if let Some(taken) = next_batch(number, &mut guard) {
                            return Some(taken);
                        }
                    }
                    Err(_) => busy = Some((number, slot)),
                }
            }
            let (number, slot) = busy?;
            if let Some(taken) = next_batch(number, &mut lock(slot)) {
                return Some(taken);
            }
        }
    }

    /// Opens the next waiting input in a free slot, and takes its first batch.
    fn open_next(&self) -> Option<Taken> {
        for (number, slot) in self.open.iter().enumerate() {
            let Ok(mut guard) = slot.try_lock() else { continue };
            if guard.is_some() {
                continue;
            }
            let (input, log) = lock(&self.waiting).next()?;
            match open(log) {
                Ok(source) => {
                    *guard = Some(Open {
                        input,
                        source,
                        next_number: 0,
                        bytes_told: 0,
                        spare: Vec::new(),
                    });
                    return next_batch(number, &mut guard);
                }
                Err(reason) => {
                    let end = Some(End::Failed(reason));
                    return Some(Taken {
                        input,
                        number: 0,
                        bytes: 0,
                        batch: None,
                        end,
                        slot: number,
                    });
                }
            }
        }
        None
    }
}

fn open(log: LogInput) -> Result<Reader, String> {
    let reader = (log.open)().map_err(|cause| format!("cannot read `{}`: {cause}", log.name))?;
    let options = ReadOptions {
        reference_time: log.modified,
        live: false,
    };
    Source::open_with(reader, &log.name, options).map_err(|error: Error| error.to_string())
}

/// The next batch of the input in a slot; frees the slot at the input's end.
fn next_batch(slot: usize, guard: &mut Option<Open>) -> Option<Taken> {
    let open = guard.as_mut()?;
    while let Some(batch) = open.spare.pop() {
        open.source.recycle(batch);
    }
    let (batch, end) = match open.source.next() {
        Ok(Some(batch)) => (Some(batch), None),
        Ok(None) => (None, Some(End::Read(open.source.format()))),
        Err(error) => (None, Some(End::Failed(error.to_string()))),
    };
    let read = batch.as_ref().map_or(open.bytes_told, Batch::bytes_read);
    let bytes = read.saturating_sub(open.bytes_told);
    open.bytes_told = open.bytes_told.max(read);
    let number = open.next_number;
    open.next_number += 1;
    let taken = Taken {
        input: open.input,
        number,
        bytes,
        batch,
        end,
        slot,
    };
    if taken.end.is_some() {
        *guard = None;
    }
    Some(taken)
}

/// Matching whose detections are sent on while a batch is still being visited, when they become many.
struct Draining<'a, 'g> {
    matching: &'a mut Matching<'g>,
    part: &'a mut Part,
    turn: &'a Turn<'a>,
    send: &'a SyncSender<Part>,
    hung_up: bool,
}

impl Visitor for Draining<'_, '_> {
    #[inline]
    fn wants(&self, kind: Kind) -> bool {
        self.matching.wants(kind)
    }

    #[inline]
    fn observed(&mut self, observed: Observed<'_>) {
        self.matching.observed(observed);
    }

    fn names(&self) -> Option<&FieldNames> {
        self.matching.names()
    }

    #[inline]
    fn fields(&mut self, fields: &[Field<'_>]) {
        self.matching.fields(fields);
    }

    #[inline]
    fn record(&mut self, record: &Record<'_>) {
        self.matching.record(record);
        if self.matching.waiting() >= DETECTIONS_BATCH_MAX {
            self.send_on();
        }
    }

    #[inline]
    fn defect(&mut self, defect: Defect) {
        self.matching.defect(defect);
    }
}

impl Draining<'_, '_> {
    #[cold]
    fn send_on(&mut self) {
        self.turn.turns.wait_for(self.turn.input, self.turn.number);
        let mut piece = Part {
            input: self.part.input,
            number: self.part.number,
            piece: self.part.piece,
            has_more: true,
            ..Part::default()
        };
        self.matching.take(&mut piece);
        self.part.piece += 1;
        self.hung_up |= self.send.send(piece).is_err();
    }
}
