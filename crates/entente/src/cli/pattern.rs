//! `entente pattern` as clap sees it.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Pattern {
    /// Read patterns: errors with their place, and what their author is likely to have meant otherwise
    Check(PatternCheck),
    /// Whether two patterns mean the same; exits with 1 where they do not
    Equal(PatternEqual),
}

#[derive(Debug, Args)]
pub(crate) struct PatternCheck {
    /// Patterns, files with a pattern or with STIX indicators, folders, or - for stdin
    #[arg(value_name = "PATTERN", required_unless_present = "batch")]
    pub(crate) patterns: Vec<String>,
    /// Lines of {"id","pattern"} on stdin, lines of {"id","valid","error"} on stdout
    #[arg(long, conflicts_with = "patterns")]
    pub(crate) batch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PatternEqual {
    /// A pattern, a file with one pattern or indicator, or - for stdin
    #[arg(value_name = "A", required_unless_present = "batch")]
    pub(crate) left: Option<String>,
    /// Another
    #[arg(value_name = "B", required_unless_present = "batch")]
    pub(crate) right: Option<String>,
    /// Lines of {"id","a","b"} on stdin, lines of {"id","equal"} on stdout
    #[arg(long, conflicts_with_all = ["left", "right"])]
    pub(crate) batch: bool,
}
