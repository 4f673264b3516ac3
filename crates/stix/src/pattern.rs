//! The STIX pattern language: text to a tree and back (STIX 2.1 §9).
//!
//! Knows the grammar and what §9 says about a single pattern; matching observations is `detect`'s task.
//! Begin at [`parse`]; [`check`] also tells what the grammar accepts and the standard does not.

mod ast;
mod display;
mod lexer;
mod parser;
mod remarks;
#[cfg(test)]
mod tests;

pub use ast::{
    Comparison, ComparisonExpr, Constant, Instant, ObjectPath, ObservationExpr, Operator, Pattern, Qualifier,
    Step,
};
pub(crate) use remarks::HashForm;
pub use remarks::{Remark, RemarkKind};

/// A pattern and what is to be said about it although the grammar accepts it.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The tree.
    pub pattern: Pattern,
    /// What breaks or stretches the standard, in the order of the text.
    pub remarks: Vec<Remark>,
}

impl Checked {
    /// Whether the text is a valid STIX 2.1 pattern: no remark is an error.
    pub fn is_valid(&self) -> bool {
        !self.remarks.iter().any(Remark::is_error)
    }
}

/// Why a text is not a pattern, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct PatternError {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What was found, what was expected, and a way out; lower case, one line.
    pub message: String,
}

/// Reads a pattern by the grammar of STIX 2.1 §9; the quoted `START '…' STOP '…'` of STIX 2.0 is taken too.
///
/// Texts longer than [`PATTERN_BYTES_MAX`](crate::limits::PATTERN_BYTES_MAX), deeper than
/// [`PATTERN_DEPTH_MAX`](crate::limits::PATTERN_DEPTH_MAX) or with sets larger than
/// [`PATTERN_SET_MAX`](crate::limits::PATTERN_SET_MAX) are refused.
pub fn parse(text: &str) -> Result<Pattern, PatternError> {
    check(text).map(|checked| checked.pattern)
}

/// Reads a pattern like [`parse`] and adds remarks: errors where a MUST of §9 is broken
/// (a malformed hash, the 2.0 spelling, `REPEATS 0 TIMES`), warnings where it can never match.
pub fn check(text: &str) -> Result<Checked, PatternError> {
    parser::parse(text)
}
