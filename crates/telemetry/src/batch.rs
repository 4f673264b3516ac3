//! A batch of whole records, and visiting them.

use crate::{Format, Record, Visitor};

/// Whole records of one log, ready to be visited on any thread.
#[derive(Debug)]
pub struct Batch {
    pub(crate) format: Format,
    pub(crate) data: Vec<u8>,
    pub(crate) first_line: u64,
    pub(crate) bytes_read: u64,
}

/// What a thread keeps from batch to batch: learnt shapes, buffers. It fits any source and any visitor.
#[derive(Debug, Default)]
pub struct Scratch {}

impl Scratch {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Batch {
    /// Reads every record of the batch.
    pub fn visit<V: Visitor>(&self, visitor: &mut V, scratch: &mut Scratch) {
        let _ = scratch;
        for (line, raw) in (self.first_line..).zip(self.data.split(|&b| b == b'\n')) {
            visitor.record(&Record {
                line,
                raw,
                format: self.format,
            });
        }
    }

    /// Bytes of the input (compressed, where it is) that had been read when the batch was made.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}
