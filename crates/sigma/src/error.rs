//! Why a document is refused, and where.

use std::fmt;

/// A place in a text; all three count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which document of the text.
    pub document: u32,
    /// Line in the whole text.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            document: 1,
            line: 1,
            column: 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)?;
        if self.document > 1 {
            write!(f, " (document {})", self.document)?;
        }
        Ok(())
    }
}

/// A document that cannot be used; whoever wrote it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct Refusal {
    /// Where.
    pub place: Place,
    /// Why.
    pub reason: Reason,
}

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Not YAML, or YAML that rules have no use for.
    #[error("not readable as YAML: {0}")]
    Yaml(String),
}
