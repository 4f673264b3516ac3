//! The STIX pattern language: text to a tree and back (STIX 2.1 §9).
//!
//! Knows the grammar and what §9 says about a single pattern; matching observations is `detect`'s task.
//! Begin at [`parse`]; [`check`] also tells what the grammar accepts and the standard does not, [`lint`] what
//! was likely meant otherwise, [`equal`] whether two patterns say the same, [`inspect`] what one looks at.

mod ast;
mod display;
mod inspect;
mod layout;
mod lexer;
mod lint;
mod normal;
mod parser;
mod remarks;
#[cfg(test)]
mod tests;
mod text;

pub use ast::{
    Comparison, ComparisonExpr, Constant, Instant, ObjectPath, ObservationExpr, Operator, Pattern, Qualifier,
    Step,
};
pub use inspect::{Inspection, Use};
pub use normal::{Undecided, equal, normal};
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

/// Reads a pattern by the grammar of STIX 2.1 §9; what STIX 2.0 wrote otherwise is taken too: the quoted
/// `START '…' STOP '…'`, and two qualifiers of one kind on one `[…]`.
///
/// Texts longer than [`PATTERN_BYTES_MAX`](crate::limits::PATTERN_BYTES_MAX), deeper than
/// [`PATTERN_DEPTH_MAX`](crate::limits::PATTERN_DEPTH_MAX) or with sets larger than
/// [`PATTERN_SET_MAX`](crate::limits::PATTERN_SET_MAX) are refused.
pub fn parse(text: &str) -> Result<Pattern, PatternError> {
    parser::parse(text, false).map(|read| read.pattern)
}

/// Reads a pattern like [`parse`] and adds remarks: errors where a MUST of §9 is broken
/// (a malformed hash, the 2.0 spelling, `REPEATS 0 TIMES`), warnings where it can never match.
pub fn check(text: &str) -> Result<Checked, PatternError> {
    let read = parser::parse(text, false)?;
    Ok(Checked {
        remarks: remarks::located(text, read.remarks),
        pattern: read.pattern,
    })
}

/// Reads a pattern like [`check`] and also remarks on what its author is likely to have meant otherwise:
/// types and properties that no object has, constants of another type than the property's, qualifiers that
/// restrict less than the whole.
pub fn lint(text: &str) -> Result<Checked, PatternError> {
    let mut read = parser::parse(text, true)?;
    lint::add(&read.pattern, &read.layout, &mut read.remarks);
    Ok(Checked {
        remarks: remarks::located(text, read.remarks),
        pattern: read.pattern,
    })
}

/// Reads a pattern like [`parse`] and tells what it looks at.
pub fn inspect(text: &str) -> Result<Inspection, PatternError> {
    let read = parser::parse(text, true)?;
    Ok(inspect::of(text, &read.pattern, &read.layout))
}
