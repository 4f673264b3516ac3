//! What is wrong with a document, where, and the way out.

use std::fmt;

/// One fault of an agreement's document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line from 1; `None` in canonical JSON, which has only one.
    pub line: Option<usize>,
    /// Column from 1, in characters.
    pub column: Option<usize>,
    /// Which part: `clause "warnings", markings_up_to`; empty for the document as a whole.
    pub place: String,
    /// What is wrong, and what was expected.
    pub what: String,
    /// The way out, where there is one to tell.
    pub way_out: Option<String>,
}

impl std::error::Error for Fault {}

/// `line 4, column 1, clause "warnings": unknown key `markings_upto`; did you mean `markings_up_to`?`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        if let Some(line) = self.line {
            write!(f, "line {line}")?;
            between = ", ";
        }
        if let Some(column) = self.column {
            write!(f, "{between}column {column}")?;
            between = ", ";
        }
        if !self.place.is_empty() {
            write!(f, "{between}{}", self.place)?;
            between = ", ";
        }
        if !between.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.what)?;
        match &self.way_out {
            Some(way_out) => write!(f, "; {way_out}"),
            None => Ok(()),
        }
    }
}
