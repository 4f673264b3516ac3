//! A stream of bytes to batches of whole records: reads, finds the format, cuts.
//!
//! Whatever depends on what came before (headers, line numbers, where a record ends) is settled here, so that
//! batches can be visited in any order. Buffers go round: a recycled batch's memory is the next one's.

use crate::batch::{Layout, PADDING};
use crate::evtx_chunk::{CHUNK_BYTES, HEADER_BYTES};
use crate::frame::{self, Framed};
use crate::input::Input;
use crate::sniff::{self, Framing};
use crate::{Batch, Defect, Error, Format, csv, limits, tsv};
use std::io::Read;
use std::sync::Arc;

/// What the caller knows and the log does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// A moment (microseconds since 1970 UTC) that no record lies much after: the log's modification time, or
    /// now. Syslog's times without a year take theirs from it; without it such records have no time.
    pub reference_time: Option<i64>,
    /// The log is still being written: where the reader has nothing for the moment
    /// ([`WouldBlock`](std::io::ErrorKind::WouldBlock)), [`Source::next`] gives the whole records that are there, and
    /// an empty batch where there is none. A first line must be there when it is opened.
    pub live: bool,
}

/// Most buffers kept for reuse.
const SPARE_BUFFERS_MAX: usize = 16;

/// One log, read from its beginning to its end. Decompresses gzip and zstd, converts UTF-16.
#[derive(Debug)]
pub struct Source<R: Read> {
    input: Input<R>,
    format: Format,
    framing: Framing,
    options: Options,
    /// Text read and not yet handed on: `buffer[..filled]`.
    buffer: Vec<u8>,
    filled: usize,
    /// Line of the buffer's first byte, or number of the next EVTX chunk.
    line: u64,
    ended: bool,
    /// Nothing more is there for the moment.
    paused: bool,
    /// The error that ended the input, told once all before it has been handed on.
    error: Option<Error>,
    /// The rest of the current line is to be thrown away.
    skipping: bool,
    defects: Vec<Defect>,
    tsv: Arc<tsv::Header>,
    csv: Option<Arc<csv::Header>>,
    spare: Vec<Vec<u8>>,
}

impl<R: Read> Source<R> {
    /// Finds out what the log is from its first bytes. `name` is for error texts only.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when it is none of the known formats; [`Error::Io`], [`Error::Compressed`].
    pub fn open(reader: R, name: &str) -> Result<Self, Error> {
        Self::open_with(reader, name, Options::default())
    }

    /// As [`Source::open`], with more known.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn open_with(reader: R, name: &str, options: Options) -> Result<Self, Error> {
        let input = Input::open(reader, name)?;
        let mut source = Source {
            input,
            format: Format::Text,
            framing: Framing::Text,
            options,
            buffer: Vec::new(),
            filled: 0,
            line: 1,
            ended: false,
            paused: false,
            error: None,
            skipping: false,
            defects: Vec::new(),
            tsv: Arc::default(),
            csv: None,
            spare: Vec::new(),
        };
        source.fill(limits::SNIFF_BYTES);
        if source.filled == 0
            && let Some(error) = source.error.take()
        {
            return Err(error);
        }
        let head = source.buffer.get(..source.filled).unwrap_or_default();
        match sniff::sniff(head, source.ended) {
            Ok((format, framing)) => (source.format, source.framing) = (format, framing),
            Err(found) => {
                return Err(Error::Unreadable {
                    name: name.into(),
                    found,
                    tried: sniff::TRIED,
                });
            }
        }
        if source.framing == Framing::Evtx {
            source.line = 0;
            source.fill(HEADER_BYTES);
            source.discard(HEADER_BYTES.min(source.filled));
        }
        Ok(source)
    }

    /// What the log is.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The next records; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Compressed`], once everything before has been delivered. The call after an
    /// error gives `None`.
    #[expect(
        clippy::should_implement_trait,
        reason = "errors end it, and batches are given back"
    )]
    pub fn next(&mut self) -> Result<Option<Batch>, Error> {
        let mut target = limits::BATCH_BYTES;
        loop {
            if self.framing == Framing::Evtx {
                target = CHUNK_BYTES;
            }
            self.fill(target);
            if self.skipping && !self.skip_line() {
                if self.paused {
                    return Ok(Some(self.take(0, Layout::Text)));
                }
                continue;
            }
            if self.filled == 0 && self.ended {
                return self.finish();
            }
            let layout = match self.framing {
                Framing::Evtx => self.cut_chunk(),
                Framing::JsonValues => self.cut_values(),
                Framing::Csv { separator } => self.cut_csv(separator),
                Framing::JsonLines => self.cut_lines().map(|used| (used, Layout::JsonLines)),
                Framing::Tsv => self.cut_tsv(),
                Framing::Text => self.cut_lines().map(|used| (used, Layout::Text)),
                Framing::Syslog => {
                    let layout = Layout::Syslog {
                        reference: self.options.reference_time,
                    };
                    self.cut_lines().map(|used| (used, layout))
                }
            };
            if let Some((used, layout)) = layout {
                return Ok(Some(self.take(used, layout)));
            }
            if self.paused {
                return Ok(Some(self.take(0, Layout::Text)));
            }
            target = self.grow(target);
        }
    }

    /// Gives a visited batch back, so that its memory serves again.
    pub fn recycle(&mut self, batch: Batch) {
        let fits = batch.data.len() <= 4 * limits::BATCH_BYTES;
        if fits && self.spare.len() < SPARE_BUFFERS_MAX {
            self.spare.push(batch.data);
        }
    }

    /// Reads until the buffer holds `target` bytes or the input ends.
    fn fill(&mut self, target: usize) {
        if self.buffer.len() < target + PADDING {
            self.buffer.resize(target + PADDING, 0);
        }
        self.paused = false;
        while self.filled < target && !self.ended {
            let Some(room) = self.buffer.get_mut(self.filled..target) else {
                return;
            };
            match self.input.read(room) {
                Ok(0) => self.ended = true,
                Ok(count) => self.filled += count,
                Err(error) if self.options.live && error.is_pause() => {
                    self.paused = true;
                    return;
                }
                Err(error) => {
                    self.error = Some(error);
                    self.ended = true;
                }
            }
        }
    }

    /// After a cut found no whole record: how much to read for the next try. Beyond the longest line, gives up
    /// the line instead.
    fn grow(&mut self, target: usize) -> usize {
        if self.filled < target || self.ended {
            return target;
        }
        if target <= limits::LINE_BYTES_MAX {
            return (target * 2).min(limits::LINE_BYTES_MAX + 1);
        }
        let reason = format!("longer than {} bytes; skipped", limits::LINE_BYTES_MAX);
        self.defects.push(Defect {
            line: self.line,
            reason,
        });
        self.skipping = true;
        limits::BATCH_BYTES
    }

    /// Throws away up to the next line end; `false` if that is not in the buffer.
    fn skip_line(&mut self) -> bool {
        let text = self.buffer.get(..self.filled).unwrap_or_default();
        match memchr::memchr(b'\n', text) {
            Some(end) => {
                self.discard(end + 1);
                self.line += 1;
                self.skipping = false;
            }
            None => {
                self.filled = 0;
                self.skipping = !self.ended;
                self.buffer.truncate(limits::BATCH_BYTES + PADDING);
            }
        }
        !self.skipping
    }

    fn discard(&mut self, count: usize) {
        self.buffer.copy_within(count..self.filled, 0);
        self.filled -= count;
    }

    fn finish(&mut self) -> Result<Option<Batch>, Error> {
        if !self.defects.is_empty() {
            return Ok(Some(self.take(0, Layout::Text)));
        }
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// Hands on the first `used` bytes and what was found broken, and keeps the rest.
    fn take(&mut self, used: usize, layout: Layout) -> Batch {
        let mut next = self.spare.pop().unwrap_or_default();
        let rest = self.buffer.get(used..self.filled).unwrap_or_default();
        let room = rest.len().max(limits::BATCH_BYTES) + PADDING;
        if next.len() < room {
            next.resize(room, 0);
        }
        if let Some(to) = next.get_mut(..rest.len()) {
            to.copy_from_slice(rest);
        }
        self.filled = rest.len();
        let mut data = std::mem::replace(&mut self.buffer, next);
        if data.len() < used + PADDING {
            data.resize(used + PADDING, 0);
        }
        if let Some(padding) = data.get_mut(used..used + PADDING) {
            padding.fill(0);
        }
        let first_line = self.line;
        self.line += match &layout {
            Layout::Evtx => 1,
            _ => memchr::memchr_iter(b'\n', data.get(..used).unwrap_or_default()).count() as u64,
        };
        Batch {
            format: self.format,
            data,
            used,
            first_line,
            bytes_read: self.input.consumed(),
            layout,
            defects: std::mem::take(&mut self.defects),
        }
    }

    /// How much of the buffer is whole lines. The last line of the log gets its line end.
    fn cut_lines(&mut self) -> Option<usize> {
        if self.ended {
            self.end_line();
        }
        let text = self.buffer.get(..self.filled).unwrap_or_default();
        memchr::memrchr(b'\n', text).map(|end| end + 1)
    }

    fn end_line(&mut self) {
        let last = self.filled.checked_sub(1).and_then(|last| self.buffer.get(last));
        if last.is_some_and(|last| *last != b'\n') {
            if self.buffer.len() < self.filled + 1 {
                self.buffer.resize(self.filled + PADDING, 0);
            }
            if let Some(byte) = self.buffer.get_mut(self.filled) {
                *byte = b'\n';
                self.filled += 1;
            }
        }
    }

    /// Whole lines up to the next change of header.
    fn cut_tsv(&mut self) -> Option<(usize, Layout)> {
        let whole = self.cut_lines()?;
        let text = self.buffer.get(..whole).unwrap_or_default();
        let mut at = 0;
        let mut changed = None;
        while text.get(at) == Some(&b'#') {
            let end = memchr::memchr(b'\n', text.get(at..).unwrap_or_default()).map_or(whole, |end| at + end);
            let header = changed.get_or_insert_with(|| (*self.tsv).clone());
            header.apply(text.get(at..end).unwrap_or_default());
            at = end + 1;
        }
        let used = next_header(text, at.min(whole)).unwrap_or(whole);
        if let Some(header) = changed {
            self.tsv = Arc::new(header);
        }
        Some((used, Layout::Tsv(Arc::clone(&self.tsv))))
    }

    fn cut_csv(&mut self, separator: u8) -> Option<(usize, Layout)> {
        if self.ended {
            self.end_line();
        }
        let text = self.buffer.get(..self.filled).unwrap_or_default();
        let mut framed = frame::csv_records(text, self.line, separator, self.ended);
        let broken = std::mem::take(&mut framed.broken);
        self.defects.extend(broken.into_iter().map(defect));
        if framed.used == 0 {
            return None;
        }
        let header = match &self.csv {
            Some(header) => Arc::clone(header),
            None => {
                let first = framed.spans.first().copied();
                if first.is_some() {
                    framed.spans.remove(0);
                }
                let first = first.and_then(|span| text.get(span.start as usize..span.end as usize));
                let header = Arc::new(csv::Header::read(first.unwrap_or_default(), separator));
                self.csv = Some(Arc::clone(&header));
                header
            }
        };
        Some((
            framed.used,
            Layout::Csv {
                header,
                spans: framed.spans,
            },
        ))
    }

    fn cut_values(&mut self) -> Option<(usize, Layout)> {
        let text = self.buffer.get(..self.filled).unwrap_or_default();
        let mut framed = frame::json_values(text, self.line, false);
        if framed.used == 0 && (self.ended || self.filled > limits::VALUE_BYTES_MAX) {
            framed = frame::values_by_line(text, self.line, self.ended);
        }
        let Framed { spans, broken, used } = framed;
        self.defects.extend(broken.into_iter().map(defect));
        (used > 0).then_some((used, Layout::JsonSpans { spans }))
    }

    /// One chunk; empty ones lie in every log that was not closed.
    fn cut_chunk(&mut self) -> Option<(usize, Layout)> {
        let text = self.buffer.get(..self.filled).unwrap_or_default();
        let is_empty = text.iter().all(|byte| *byte == 0);
        if !is_empty && self.filled == CHUNK_BYTES {
            return Some((CHUNK_BYTES, Layout::Evtx));
        }
        if !is_empty {
            let reason = format!(
                "chunk {} is cut: {} of {CHUNK_BYTES} bytes",
                self.line, self.filled
            );
            self.defects.push(Defect { line: 0, reason });
        }
        self.filled = 0;
        self.line += 1;
        None
    }
}

fn defect((line, reason): (u64, &str)) -> Defect {
    Defect {
        line,
        reason: reason.into(),
    }
}

/// Where, after the lines at the beginning, a header line comes that changes something.
fn next_header(text: &[u8], from: usize) -> Option<usize> {
    let start = from.saturating_sub(1);
    let inner = text.get(start..)?;
    memchr::memmem::find_iter(inner, b"\n#")
        .map(|found| start + found + 1)
        .find(|at| {
            let line = text.get(*at..).unwrap_or_default();
            !line.starts_with(b"#close") && !line.starts_with(b"#open")
        })
}
