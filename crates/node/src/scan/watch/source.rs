//! One source of records: what is open of it, and how far it is.

use std::io::Read;
use std::sync::Arc;

use entente_stix::time::Timestamp;
use entente_telemetry::{Batch, Format, Options as ReadOptions, Scratch, Source};

use super::super::matching::Matching;
use super::super::workers::{End, Part};
use super::kept::{Far, Kept};
use super::{LiveInput, Mark, Opened};

/// One source and what is open of it.
pub(super) struct Watched {
    input: usize,
    live: LiveInput,
    source: Option<Source<Box<dyn Read + Send>>>,
    /// Batches since the log was opened.
    number: u64,
    bytes_told: u64,
    pub(super) is_over: bool,
    /// None until a record told a time.
    clock: Option<Clock>,
    /// What the open log is known by, and the last line that was read of it.
    mark: Option<Mark>,
    line: u64,
    /// Of the first log, the last line that was seen before the watch began: what takes several records has seen it.
    seen_until: u64,
    /// What an earlier watch kept, until the first log is open.
    pub(super) kept: Option<Arc<Kept>>,
}

/// How far a source's records are, in microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// The latest time of a record.
    latest: i64,
    /// When there was something to read.
    read_at: i64,
}

/// No record from before this time is waited for any more. Each source has a clock of its own: one that is read from long
/// ago does not make another one's records late, nor the other way round; and where nothing comes, its time goes on.
pub(super) fn waited_for(sources: &[Watched], lateness: i64, now: Timestamp) -> Option<i64> {
    let clocks = sources.iter().filter(|source| !source.is_over);
    let times = clocks.filter_map(|source| source.clock).map(|clock| {
        let since = now.micros().saturating_sub(clock.read_at).max(0);
        clock.latest.saturating_add(since)
    });
    times.min().map(|time| time.saturating_sub(lateness))
}

impl Watched {
    pub(super) fn latest(&self) -> Option<i64> {
        self.clock.map(|clock| clock.latest)
    }

    /// How far it is read.
    pub(super) fn far(&self) -> Far {
        Far {
            name: self.live.name.clone(),
            mark: self.mark,
            line: self.line.max(self.seen_until),
        }
    }

    pub(super) fn new((input, live): (usize, LiveInput)) -> Watched {
        Watched {
            input,
            live,
            source: None,
            number: 0,
            bytes_told: 0,
            is_over: false,
            clock: None,
            mark: None,
            line: 0,
            seen_until: 0,
            kept: None,
        }
    }

    /// What was there to read; nothing where nothing is there now.
    pub(super) fn next(
        &mut self,
        matching: &mut Matching<'_>,
        scratch: &mut Scratch,
        now: Timestamp,
    ) -> Option<Part> {
        let mut part = self.read(matching, scratch, now)?;
        part.seen_until = self.seen_until;
        self.line = self.line.max(part.line);
        if part.end.is_some() {
            (self.mark, self.line, self.seen_until) = (None, 0, 0);
        }
        self.clock = part.latest.max(self.latest()).map(|latest| Clock {
            latest,
            read_at: now.micros(),
        });
        Some(part)
    }

    fn read(&mut self, matching: &mut Matching<'_>, scratch: &mut Scratch, now: Timestamp) -> Option<Part> {
        if self.is_over {
            return None;
        }
        if self.source.is_none() {
            match self.open(now) {
                Ok(source) => self.source = Some(source?),
                Err(reason) => return Some(self.over(reason)),
            }
        }
        let source = self.source.as_mut()?;
        match source.next() {
            Ok(Some(batch)) if batch.is_empty() => {
                source.recycle(batch);
                None
            }
            Ok(Some(batch)) => {
                let part = self.matched(&batch, matching, scratch);
                if let Some(source) = &mut self.source {
                    source.recycle(batch);
                }
                Some(part)
            }
            Ok(None) => {
                let format = source.format();
                self.source = None;
                Some(self.part(End::Read(format)))
            }
            Err(error) => Some(self.over(error.to_string())),
        }
    }

    /// The next log of this source, if it is there.
    fn open(&mut self, now: Timestamp) -> Result<Option<Source<Box<dyn Read + Send>>>, String> {
        let reader = match (self.live.open)() {
            Ok(Opened::Log(reader, mark)) => {
                let kept = self.kept.take();
                self.seen_until = kept.map_or(0, |kept| kept.line_of(&self.live.name, mark));
                self.mark = mark;
                reader
            }
            Ok(Opened::NotYet) => return Ok(None),
            Ok(Opened::Over) => {
                self.is_over = true;
                return Ok(None);
            }
            Err(cause) => return Err(format!("cannot read `{}`: {cause}", self.live.name)),
        };
        let options = ReadOptions {
            reference_time: Some(now.micros()),
            live: true,
        };
        let source =
            Source::open_with(reader, &self.live.name, options).map_err(|error| error.to_string())?;
        if source.format() == Format::Evtx {
            return Err(format!(
                "`{}` is EVTX, which is not written from front to back; `entente scan` reads it",
                self.live.name
            ));
        }
        (self.number, self.bytes_told) = (0, 0);
        Ok(Some(source))
    }

    fn matched(&mut self, batch: &Batch, matching: &mut Matching<'_>, scratch: &mut Scratch) -> Part {
        let bytes = batch.bytes_read().saturating_sub(self.bytes_told);
        self.bytes_told += bytes;
        let mut part = Part {
            input: self.input,
            number: self.number,
            bytes,
            ..Part::default()
        };
        self.number += 1;
        matching.visit(batch, scratch, &mut part);
        part
    }

    fn part(&self, end: End) -> Part {
        Part {
            input: self.input,
            number: self.number,
            end: Some(end),
            ..Part::default()
        }
    }

    /// A source that cannot be read is told once and left; the others go on.
    fn over(&mut self, reason: String) -> Part {
        self.is_over = true;
        self.source = None;
        self.part(End::Failed(reason))
    }
}
