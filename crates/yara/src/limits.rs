//! Every bound of this crate, shown to people by `entente limits`.

use std::time::Duration;

/// Longest text of rules, in bytes; a longer one is refused.
pub const SOURCE_BYTES_MAX: usize = 16 << 20;

/// Longest text of rules from another party, in bytes; a longer one is refused.
pub const SHARED_SOURCE_BYTES_MAX: usize = 1 << 20;

/// Brackets, signs and operators in each other in a text of rules; a deeper one is refused before it is parsed.
pub const NESTING_MAX: usize = 256;

/// Rules in one text; one with more is refused.
pub const RULES_MAX: usize = 50_000;

/// Imports in one text of rules; one with more is refused.
pub const IMPORTS_MAX: usize = 1_000;

/// Words of a text of rules that are none: no text, number, name or sign; a text with more is refused.
pub const STRANGERS_MAX: usize = 200;

/// Findings kept of one text of rules, beside those that refuse a rule.
pub const FINDINGS_MAX: usize = 1000;

/// Largest file or member looked at, in bytes; a larger one is told as skipped.
pub const FILE_BYTES_MAX: u64 = 256 << 20;

/// Bytes that the members of one archive may have together, inflated; the rest is told as skipped.
pub const ARCHIVE_BYTES_MAX: u64 = 2 << 30;

/// Members of one archive; the rest is told as skipped.
pub const ARCHIVE_MEMBERS_MAX: usize = 10_000;

/// Archives in archives; a deeper one is looked at as the bytes that it is.
pub const ARCHIVE_DEPTH_MAX: usize = 3;

/// How many times its size a compressed stream may inflate to, once it is longer than a megabyte.
pub const INFLATE_RATIO_MAX: u64 = 200;

/// Longest look at one file, all rules together; a longer one is broken off and told as incomplete.
pub const LOOK_SECONDS_MAX: u64 = 60;

/// [`LOOK_SECONDS_MAX`] as a duration.
pub const LOOK_MAX: Duration = Duration::from_secs(LOOK_SECONDS_MAX);

/// Places kept of one string of one rule in one file.
pub const PLACES_MAX: usize = 100;

/// How much of a matching string is shown, in bytes.
pub const SHOWN_BYTES_MAX: usize = 64;

/// Verdicts that a book remembers; at more the oldest half goes.
pub const VERDICTS_MAX: usize = 200_000;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[
    (
        "text of YARA rules, bytes",
        SOURCE_BYTES_MAX as u64,
        "a longer one is refused",
    ),
    (
        "text of another party's YARA rules, bytes",
        SHARED_SOURCE_BYTES_MAX as u64,
        "a longer one is refused",
    ),
    (
        "brackets, signs and operators in each other in YARA rules",
        NESTING_MAX as u64,
        "a deeper text is refused before it is parsed",
    ),
    (
        "YARA rules in one text",
        RULES_MAX as u64,
        "a text with more is refused before it is parsed",
    ),
    (
        "imports in one text of YARA rules",
        IMPORTS_MAX as u64,
        "a text with more is refused before it is parsed",
    ),
    (
        "words of YARA rules that are none",
        STRANGERS_MAX as u64,
        "a text with more is refused before it is parsed",
    ),
    (
        "findings of one text of YARA rules, beside those that refuse a rule",
        FINDINGS_MAX as u64,
        "the rest is not told",
    ),
    (
        "file or member looked at, bytes",
        FILE_BYTES_MAX,
        "a larger one is told as skipped",
    ),
    (
        "members of one archive together, bytes",
        ARCHIVE_BYTES_MAX,
        "the rest is told as skipped",
    ),
    (
        "members of one archive",
        ARCHIVE_MEMBERS_MAX as u64,
        "the rest is told as skipped",
    ),
    (
        "archives in archives",
        ARCHIVE_DEPTH_MAX as u64,
        "a deeper one is looked at as the bytes that it is",
    ),
    (
        "inflated size by packed size, beyond a megabyte",
        INFLATE_RATIO_MAX,
        "a member that inflates to more is told as skipped",
    ),
    (
        "look at one file, seconds",
        LOOK_SECONDS_MAX,
        "it is broken off, and told as incomplete",
    ),
    (
        "places of one string in one file",
        PLACES_MAX as u64,
        "the rest is not told",
    ),
    (
        "shown of a string, bytes",
        SHOWN_BYTES_MAX as u64,
        "the rest is not shown",
    ),
    (
        "files remembered as looked at",
        VERDICTS_MAX as u64,
        "the older half is looked at again",
    ),
];
