//! `entente pattern` as clap sees it.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum Pattern {
    /// Read patterns: errors with their place, and what their author is likely to have meant otherwise
    Check(PatternCheck),
    /// Whether two patterns mean the same; exits with 1 where they do not
    Equal(PatternEqual),
    /// Whether observed data satisfies a pattern, and which of it; exits with 1 where it does not
    Match(PatternMatch),
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

#[derive(Debug, Args)]
pub(crate) struct PatternMatch {
    /// A pattern, a file with one pattern or indicator, or - for stdin
    #[arg(value_name = "PATTERN", required_unless_present = "batch")]
    pub(crate) pattern: Option<String>,
    /// Files, folders or globs with observed-data and its objects, taken together
    #[arg(value_name = "FILE", required_unless_present = "batch")]
    pub(crate) files: Vec<String>,
    /// Which observations are joined
    #[arg(long, value_enum, default_value_t = PatternMode::Strict)]
    pub(crate) mode: PatternMode,
    /// Count an observed-data as often as its number_observed says; by the text it counts once
    #[arg(long)]
    pub(crate) count_number_observed: bool,
    /// Lines of {"id","pattern","observed_data":[bundle…]} on stdin, lines of {"id","verdict"} on stdout
    #[arg(long, conflicts_with_all = ["pattern", "files"])]
    pub(crate) batch: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PatternMode {
    /// All with all, as STIX 2.1 §9 has it
    Strict,
    /// Only those of one asset: of one `created_by_ref`
    Asset,
}
