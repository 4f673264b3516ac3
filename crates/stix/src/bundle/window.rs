//! A window over the input: positions are bytes from the start of the input, and only what is held is kept.

use std::io::{self, Read};

use super::structure::{Progress, Structure};

const CHUNK_BYTES: usize = 256 << 10;

pub(super) struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    /// Position of the first byte of the buffer.
    base: u64,
    /// Where reading goes on.
    pub(super) at: u64,
    /// From where bytes are kept; from `at` where there is none.
    pub(super) hold: Option<u64>,
    ended: bool,
    /// An error of the input that came behind bytes: they are given first.
    failed: Option<io::Error>,
}

/// How the way over a value ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skipped {
    /// `at` is behind the value.
    Whole,
    /// The input ended before the value.
    Truncated,
    /// The byte at `at` closes a bracket that is not open.
    Mismatch,
    /// The value is longer than allowed; `at` is inside.
    TooLong,
    /// No value begins at `at`.
    NoValue,
}

impl<R: Read> Window<R> {
    pub(super) fn new(input: R) -> Self {
        Window {
            input,
            buffer: Vec::new(),
            base: 0,
            at: 0,
            hold: None,
            ended: false,
            failed: None,
        }
    }

    /// The bytes from `start` to `end`, as far as they are in the window.
    pub(super) fn slice(&self, start: u64, end: u64) -> &[u8] {
        let place = |position: u64| usize::try_from(position.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.buffer.get(place(start)..place(end)).unwrap_or_default()
    }

    /// The bytes from `at` to the end of the window.
    fn ahead(&self) -> &[u8] {
        self.slice(self.at, self.base + self.buffer.len() as u64)
    }

    /// The byte at `at`; `None` at the end of the input.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            if let Some(byte) = self.ahead().first() {
                return Ok(Some(*byte));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// The byte at `at`, which is moved behind it.
    pub(super) fn take(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        self.at += u64::from(byte.is_some());
        Ok(byte)
    }

    /// The first byte at or after `at` that is no white space.
    pub(super) fn peek_past_space(&mut self) -> io::Result<Option<u8>> {
        loop {
            let ahead = self.ahead();
            let space = ahead
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
                .count();
            let found = ahead.get(space).copied();
            self.at += space as u64;
            if found.is_some() || !self.fill()? {
                return Ok(found);
            }
        }
    }

    /// The first byte at or after `at` that is no white space; `at` is moved behind it.
    pub(super) fn take_past_space(&mut self) -> io::Result<Option<u8>> {
        self.peek_past_space()?;
        self.take()
    }

    /// Whether the next bytes are `wanted`.
    pub(super) fn starts_with(&mut self, wanted: &[u8]) -> io::Result<bool> {
        while self.ahead().len() < wanted.len() && self.fill()? {}
        Ok(self.ahead().starts_with(wanted))
    }

    /// Moves over the value at `at`, at most `bytes_max` of it.
    pub(super) fn skip_value(&mut self, bytes_max: u64) -> io::Result<Skipped> {
        match self.peek()? {
            Some(b'{' | b'[' | b'"') => self.skip_structure(&mut Structure::default(), bytes_max),
            Some(b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => self.skip_scalar(),
            Some(_) => Ok(Skipped::NoValue),
            None => Ok(Skipped::Truncated),
        }
    }

    /// Moves on to the end of a value that was begun; see [`Structure::feed`].
    pub(super) fn skip_structure(
        &mut self,
        structure: &mut Structure,
        bytes_max: u64,
    ) -> io::Result<Skipped> {
        let last = self.at.saturating_add(bytes_max);
        loop {
            let ahead = self.ahead();
            let length = ahead.len() as u64;
            match structure.feed(ahead) {
                Progress::Closed(count) => {
                    self.at += count as u64;
                    return Ok(if self.at <= last {
                        Skipped::Whole
                    } else {
                        Skipped::TooLong
                    });
                }
                Progress::Mismatch(count) => {
                    self.at += count as u64;
                    return Ok(Skipped::Mismatch);
                }
                Progress::Open => self.at += length,
            }
            if self.at > last {
                return Ok(Skipped::TooLong);
            }
            if !self.fill()? {
                return Ok(Skipped::Truncated);
            }
        }
    }

    fn skip_scalar(&mut self) -> io::Result<Skipped> {
        loop {
            let ahead = self.ahead();
            let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t');
            let end = ahead.iter().position(ends);
            self.at += end.unwrap_or(ahead.len()) as u64;
            // At the end of the input a scalar is whole: nothing closes it.
            if end.is_some() || !self.fill()? {
                return Ok(Skipped::Whole);
            }
        }
    }

    /// Reads one chunk more, and lets go of what is not held. False at the end of the input.
    fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let keep_from = self.hold.unwrap_or(self.at).min(self.at);
        let gone = usize::try_from(keep_from.saturating_sub(self.base))
            .unwrap_or(0)
            .min(self.buffer.len());
        self.buffer.drain(..gone);
        self.base += gone as u64;
        if let Some(error) = self.failed.take() {
            self.ended = true;
            return Err(error);
        }
        let before = self.buffer.len();
        let outcome = (&mut self.input)
            .take(CHUNK_BYTES as u64)
            .read_to_end(&mut self.buffer);
        let grown = self.buffer.len() > before;
        match outcome {
            Ok(_) => self.ended = !grown,
            Err(error) if grown => self.failed = Some(error),
            Err(error) => {
                self.ended = true;
                return Err(error);
            }
        }
        Ok(grown)
    }
}
