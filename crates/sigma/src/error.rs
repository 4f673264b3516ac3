//! Why a document is refused, and where.

use std::fmt;

/// A place in a text. Document, line and column count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which text, by the number that its reader gave it ([`crate::Collection::read_as`]); 0 otherwise.
    pub source: u32,
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
            source: 0,
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

impl Place {
    /// This reason, here.
    pub(crate) fn refuse(self, reason: Reason) -> Refusal {
        Refusal { place: self, reason }
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

/// What was probably meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hint(pub Option<String>);

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(meant) => write!(f, "; did you mean `{meant}`?"),
            None => Ok(()),
        }
    }
}

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Not YAML, or YAML that rules have no use for.
    #[error("not readable as YAML: {0}")]
    Yaml(String),
    /// A bound of [`crate::limits`].
    #[error("more than {max} {what}; split it")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        max: usize,
    },
    /// A key stands twice in one map.
    #[error("`{key}` stands here and in line {first}; of two keys with one name, readers keep either")]
    DuplicateKey {
        /// The key.
        key: String,
        /// Where it stands first.
        first: u32,
    },
    /// Something that must be there is not.
    #[error("`{0}` is missing")]
    Missing(String),
    /// Something has a form that it may not have.
    #[error("`{attribute}` must be {expected}, not {found}{hint}")]
    Wrong {
        /// What.
        attribute: String,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
        /// What was meant.
        hint: Hint,
    },
    /// A modifier that neither the text nor pySigma knows.
    #[error("unknown modifier `{modifier}`{hint}")]
    UnknownModifier {
        /// As written.
        modifier: String,
        /// What was meant.
        hint: Hint,
    },
    /// A modifier at a place or on a value where it has no meaning.
    #[error("modifier `{modifier}` {why}")]
    Modifier {
        /// Its name.
        modifier: String,
        /// Why not.
        why: String,
    },
    /// A value that no test can be made of.
    #[error("the value {0}")]
    Value(String),
    /// A condition that does not parse.
    #[error("condition, character {at}: {why}")]
    Condition {
        /// Which character of the condition, counted from 1.
        at: usize,
        /// What is wrong with it, and what was expected.
        why: String,
    },
    /// A condition with the aggregations of Sigma before version 1.
    #[error("`| {0}`: aggregations in conditions are no longer part of Sigma; write a correlation rule")]
    Aggregation(String),
    /// A condition names a search that the rule does not have.
    #[error("the condition names `{name}`, and there is no such search{hint}")]
    UnknownSearch {
        /// As written.
        name: String,
        /// What was meant.
        hint: Hint,
    },
    /// A selector of a condition selects nothing, and so would mean nothing.
    #[error("`{selector}` selects none of the searches{hint}")]
    SelectsNothing {
        /// As written.
        selector: String,
        /// What was meant.
        hint: Hint,
    },
    /// A regular expression that none can read.
    #[error("regular expression, character {at}: {why}")]
    Regex {
        /// Which character of the expression, counted from 1.
        at: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A correlation or filter names a rule that is not there.
    #[error("`{of}` refers to `{reference}`, and no rule has this id or name{hint}")]
    UnknownRule {
        /// Who refers to it.
        of: String,
        /// As written.
        reference: String,
        /// What was meant.
        hint: Hint,
    },
    /// A correlation names a rule that cannot be used itself.
    #[error("`{of}` refers to `{reference}`, which is itself refused")]
    RefusedRule {
        /// Who refers to it.
        of: String,
        /// As written.
        reference: String,
    },
    /// Two rules have this id or name, and something refers to it.
    #[error("`{of}` refers to `{reference}`, and {count} rules are called so; give them different names")]
    AmbiguousRule {
        /// Who refers to it.
        of: String,
        /// As written.
        reference: String,
        /// How many.
        count: usize,
    },
    /// Correlations refer to each other in a circle.
    #[error("correlations refer to each other in a circle: {0}")]
    Cycle(String),
    /// A placeholder that nobody filled (Sigma 2.1 rules, "Placeholders": the tool must reject the rule).
    #[error("placeholder `%{0}%` has no values; give it some in a pipeline (`value_placeholders`)")]
    Placeholder(String),
    /// A pipeline that cannot be used.
    #[error("{0}")]
    Pipeline(String),
    /// A pipeline says that the rule cannot be used.
    #[error("pipeline `{pipeline}`: {why}")]
    Unsupported {
        /// Which.
        pipeline: String,
        /// In its words.
        why: String,
    },
}

impl Reason {
    /// What it is about: a name that stays.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Yaml(_) => "yaml",
            Self::TooMuch { .. } => "too-much",
            Self::DuplicateKey { .. } => "duplicate-key",
            Self::Missing(_) => "missing",
            Self::Wrong { .. } => "wrong-form",
            Self::UnknownModifier { .. } => "unknown-modifier",
            Self::Modifier { .. } => "modifier-use",
            Self::Value(_) => "value",
            Self::Condition { .. } => "condition-syntax",
            Self::Aggregation(_) => "aggregation",
            Self::UnknownSearch { .. } => "unknown-search",
            Self::SelectsNothing { .. } => "selects-nothing",
            Self::Regex { .. } => "expression-syntax",
            Self::UnknownRule { .. } => "unknown-rule",
            Self::RefusedRule { .. } => "refused-rule",
            Self::AmbiguousRule { .. } => "ambiguous-rule",
            Self::Cycle(_) => "circle",
            Self::Placeholder(_) => "placeholder",
            Self::Pipeline(_) => "pipeline",
            Self::Unsupported { .. } => "unsupported",
        }
    }

    pub(crate) fn wrong(
        attribute: impl Into<String>,
        expected: &'static str,
        found: impl Into<String>,
    ) -> Self {
        Self::Wrong {
            attribute: attribute.into(),
            expected,
            found: found.into(),
            hint: Hint::default(),
        }
    }

    pub(crate) fn modifier(modifier: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Modifier {
            modifier: modifier.into(),
            why: why.into(),
        }
    }
}
