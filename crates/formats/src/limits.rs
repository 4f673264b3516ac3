//! Every bound of this crate, shown to people by `entente limits`.

/// The longest line of a list or CSV file, in bytes; a longer one is skipped without being held.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// The longest CSV record, in bytes, when quoted fields span lines.
pub const CSV_RECORD_BYTES_MAX: usize = 256 * 1024;
/// The most lines that one CSV record spans.
pub const CSV_RECORD_LINES_MAX: usize = 100;
/// The most columns of a CSV file.
pub const CSV_COLUMNS_MAX: usize = 256;
/// The most lines before a CSV header.
pub const CSV_PREAMBLE_LINES_MAX: usize = 1_000;
/// The longest description taken from a comment, in bytes.
pub const DESCRIPTION_BYTES_MAX: usize = 4 * 1024;
/// The most labels of an entry.
pub const LABELS_MAX: usize = 64;
/// The most links of an entry.
pub const LINKS_MAX: usize = 16;
/// How much of a refused line is shown, in bytes.
pub const EXCERPT_BYTES_MAX: usize = 160;

/// Bytes of another TAXII server's data file.
pub const MEDALLION_BYTES_MAX: usize = 1 << 30;
/// Defects told of one data file; further ones are left out.
pub const DEFECTS_MAX: usize = 100_000;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[
    (
        "line of a list or CSV file, bytes",
        LINE_BYTES_MAX as u64,
        "a longer line of a list is skipped and named",
    ),
    (
        "CSV record, bytes",
        CSV_RECORD_BYTES_MAX as u64,
        "a longer CSV record is refused; reading goes on at the line after its first",
    ),
    (
        "lines of a CSV record",
        CSV_RECORD_LINES_MAX as u64,
        "a CSV record over more lines is refused; reading goes on at the line after its first",
    ),
    (
        "columns of a CSV file",
        CSV_COLUMNS_MAX as u64,
        "a CSV header with more columns is refused",
    ),
    (
        "comment lines before a CSV header",
        CSV_PREAMBLE_LINES_MAX as u64,
        "a CSV file with more comment lines before its header is refused",
    ),
    (
        "description from a list or CSV file, bytes",
        DESCRIPTION_BYTES_MAX as u64,
        "a longer comment is cut",
    ),
    (
        "labels of an entry",
        LABELS_MAX as u64,
        "further labels of an entry are left out",
    ),
    (
        "links of an entry",
        LINKS_MAX as u64,
        "further links of an entry are left out",
    ),
    (
        "excerpt of a refused line, bytes",
        EXCERPT_BYTES_MAX as u64,
        "a refused line is shown up to here",
    ),
    (
        "data file of a TAXII server, bytes",
        MEDALLION_BYTES_MAX as u64,
        "a bigger one is refused",
    ),
    (
        "defects of a data file",
        DEFECTS_MAX as u64,
        "further ones are not listed",
    ),
];
