//! Small records of the node's own: statuses, answers that are given once, places where a feed stopped.
//!
//! Found by kind and key, told in the order of the keys. One past its time is as one that is not there,
//! whether or not [`crate::Store::sweep_documents`] has removed it yet.

/// A document on its way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocument<'a> {
    /// `status`, `answer`, `feed`…
    pub kind: &'a str,
    /// Its name among those of its kind.
    pub key: &'a str,
    /// What it holds; `None` removes it.
    pub value: Option<&'a [u8]>,
    /// From when on it is gone, microseconds since 1970 UTC; `None` for never.
    pub expires_at: Option<i64>,
    /// What must be there for this to be written.
    pub expected: Expected<'a>,
}

/// What must be there for a document to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expected<'a> {
    /// Anything, or nothing.
    #[default]
    Any,
    /// Nothing.
    Absent,
    /// This value.
    Value(&'a [u8]),
}

/// A document as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// `status`, `answer`, `feed`…
    pub kind: String,
    /// Its name among those of its kind.
    pub key: String,
    /// What it holds.
    pub value: Vec<u8>,
    /// When it was written, microseconds since 1970 UTC.
    pub at: i64,
    /// From when on it is gone, microseconds since 1970 UTC; `None` for never.
    pub expires_at: Option<i64>,
}

/// What became of a document that was to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It was written, or removed.
    Done,
    /// Nothing was written: there is not what was expected, but this.
    Found(Option<Document>),
}
