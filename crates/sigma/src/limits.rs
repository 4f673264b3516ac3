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

/// Spellings that the modifiers of one value make of it.
pub const SPELLINGS_MAX: usize = 1000;

/// Bytes of all spellings of one value.
pub const SPELLINGS_BYTES_MAX: usize = 16 << 20;

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

/// Values of all documents of a text that `action` made of others; documents behind are refused.
pub const REPEATED_NODES_MAX: usize = 2_000_000;

/// Searches of one rule.
pub const SEARCHES_MAX: usize = 1000;

/// Correlations that refer to each other in a chain.
pub const CHAIN_MAX: usize = 32;

/// Filters in one collection; those behind are refused.
pub const FILTERS_MAX: usize = 10_000;

/// Filters that are for one rule; those behind are not applied, and it is said.
pub const FILTERS_OF_RULE_MAX: usize = 1000;

/// Values that the placeholders of one value come to.
pub const FILLED_MAX: usize = 10_000;

/// `nest` of pipelines inside each other.
pub const NESTED_PIPELINES_MAX: usize = 8;

/// Bytes of one compiled regular expression of a pipeline.
pub const PIPELINE_REGEX_BYTES_MAX: usize = 4 << 20;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[
    (
        "Sigma text, bytes",
        TEXT_BYTES_MAX as u64,
        "bytes of one text of rules; a longer one is refused",
    ),
    (
        "Sigma documents",
        DOCUMENTS_MAX as u64,
        "documents in one text; those behind are refused",
    ),
    (
        "YAML depth",
        DEPTH_MAX as u64,
        "lists and maps inside each other in one document; deeper ones are refused",
    ),
    (
        "YAML values",
        NODES_MAX as u64,
        "values of one document, aliases counted as often as used; more are refused",
    ),
    (
        "YAML values, bytes",
        SCALAR_BYTES_MAX as u64,
        "bytes of the values of one document; more are refused",
    ),
    (
        "values by `action`",
        REPEATED_NODES_MAX as u64,
        "values of documents that `action` made of others; documents behind are refused",
    ),
    (
        "searches of a rule",
        SEARCHES_MAX as u64,
        "searches of one rule; more are refused",
    ),
    (
        "dashes of `windash`",
        DASHES_SPELLED_MAX as u64,
        "dashes of one value that are spelled out; with more it is one expression",
    ),
    (
        "spellings of a value",
        SPELLINGS_MAX as u64,
        "spellings that modifiers make of one value; more are refused",
    ),
    (
        "spellings of a value, bytes",
        SPELLINGS_BYTES_MAX as u64,
        "bytes of all spellings of one value; more are refused",
    ),
    (
        "regular expression of a rule, bytes",
        REGEX_BYTES_MAX as u64,
        "bytes of one expression; longer ones are refused",
    ),
    (
        "regular expression of a rule, depth",
        REGEX_DEPTH_MAX as u64,
        "groups inside each other; deeper ones are refused",
    ),
    (
        "condition, bytes",
        CONDITION_BYTES_MAX as u64,
        "bytes of one condition; longer ones are refused",
    ),
    (
        "condition, depth",
        CONDITION_DEPTH_MAX as u64,
        "brackets and `not` inside each other; deeper ones are refused",
    ),
    (
        "tests of a rule",
        EXPRESSION_PARTS_MAX as u64,
        "tests of one rule, searches counted as often as named; more are refused",
    ),
    (
        "correlations above each other",
        CHAIN_MAX as u64,
        "correlations above each other; those above are refused",
    ),
    (
        "filters",
        FILTERS_MAX as u64,
        "filters in one collection; those behind are refused",
    ),
    (
        "filters of a rule",
        FILTERS_OF_RULE_MAX as u64,
        "filters that are for one rule; those behind are not applied, and it is said",
    ),
    (
        "values of placeholders",
        FILLED_MAX as u64,
        "values that the placeholders of one value come to; more are refused",
    ),
    (
        "`nest` in pipelines",
        NESTED_PIPELINES_MAX as u64,
        "`nest` inside each other; deeper ones are refused",
    ),
    (
        "regular expression of a pipeline, bytes",
        PIPELINE_REGEX_BYTES_MAX as u64,
        "bytes of one compiled expression; bigger ones are refused",
    ),
];
