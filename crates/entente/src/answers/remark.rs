//! Something that is to be said about a rule or a pattern.

use entente_stix::pattern::{PatternError, Remark};
use entente_stix::validate::Severity;
use serde::Serialize;

/// Something that is to be said about a rule or a pattern.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RemarkShown {
    /// `error`, `warning` or `note`.
    pub(crate) severity: &'static str,
    /// What it is about, a stable name; for errors that YARA's engine found its code, such as `E009`.
    pub(crate) kind: &'static str,
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// What is wrong, and a way out.
    pub(crate) message: String,
}

impl RemarkShown {
    /// Place and message in one line.
    pub(crate) fn words(&self) -> String {
        format!("line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl From<&Remark> for RemarkShown {
    fn from(remark: &Remark) -> RemarkShown {
        RemarkShown {
            severity: remark.kind.severity().name(),
            kind: remark.kind.name(),
            line: remark.line,
            column: remark.column,
            message: remark.message.clone(),
        }
    }
}

impl From<&PatternError> for RemarkShown {
    fn from(error: &PatternError) -> RemarkShown {
        RemarkShown {
            severity: Severity::Error.name(),
            kind: "syntax",
            line: error.line,
            column: error.column,
            message: error.message.clone(),
        }
    }
}
