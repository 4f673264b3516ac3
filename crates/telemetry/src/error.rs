//! What ends the reading of a log.

/// Why a log cannot be read, or not further. All that was readable before has been delivered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The reader failed.
    #[error("cannot read `{name}` after byte {offset}: {source}")]
    Io {
        /// The log's name as given to [`Source::open`](crate::Source::open).
        name: String,
        /// How many bytes of the input had been read.
        offset: u64,
        /// The cause.
        source: std::io::Error,
    },
    /// The content is none of the known formats.
    #[error("`{name}` is not a log that can be read: {found}; tried {tried}")]
    Unreadable {
        /// The log's name.
        name: String,
        /// What it looks like instead, with a way out where there is one.
        found: String,
        /// The formats that were tried.
        tried: &'static str,
    },
    /// The compressed stream ends early or is damaged.
    #[error(
        "`{name}`: {compression} data is {what} at byte {offset} of the file; everything before it was read"
    )]
    Compressed {
        /// The log's name.
        name: String,
        /// `gzip` or `zstd`.
        compression: &'static str,
        /// `truncated`, or `damaged (cause)`.
        what: String,
        /// Offset in the compressed file.
        offset: u64,
    },
}

impl Error {
    /// Whether the reader only has nothing for the moment.
    pub(crate) fn is_pause(&self) -> bool {
        matches!(self, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::WouldBlock)
    }
}
