//! Every bound of this crate, shown to people by `entente limits`.

/// Bytes of one text of rules or of a pipeline; a longer one is refused.
pub const TEXT_BYTES_MAX: usize = 64 << 20;

/// Documents in one text; those after are refused.
pub const DOCUMENTS_MAX: usize = 100_000;

/// Lists and maps inside each other in one document.
pub const DEPTH_MAX: usize = 48;

/// Nodes of one document, aliases counted as often as they are used.
pub const NODES_MAX: usize = 200_000;

/// Bytes of the scalars of one document, aliases counted as often as they are used.
pub const SCALAR_BYTES_MAX: usize = 16 << 20;

/// Dashes and slashes of a `windash` value that are spelled out, five spellings each; with more it is one expression.
pub const DASHES_SPELLED_MAX: usize = 3;

/// Bytes of one regular expression.
pub const REGEX_BYTES_MAX: usize = 64 << 10;

/// Groups inside each other in a regular expression.
pub const REGEX_DEPTH_MAX: u32 = 100;

/// Bytes of one condition.
pub const CONDITION_BYTES_MAX: usize = 64 << 10;

/// Brackets and `not` inside each other in a condition.
pub const CONDITION_DEPTH_MAX: usize = 64;

/// Parts of the expression that a rule comes to, once names are replaced by what they stand for.
pub const EXPRESSION_PARTS_MAX: usize = 200_000;

/// Searches of one rule.
pub const SEARCHES_MAX: usize = 1000;

/// Correlations that refer to each other in a chain.
pub const CHAIN_MAX: usize = 32;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[];
