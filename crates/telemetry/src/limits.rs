//! Every bound of this crate, shown to people by `entente limits`.
//!
//! What has no bound: the length of a log, also of a compressed one. Logs are legitimately huge, so the
//! decompressed text is a stream in constant memory, and the caller decides when to stop.

/// Longest line, in bytes. A longer one is a defect, skipped without being held.
pub const LINE_BYTES_MAX: usize = 16 << 20;

/// Longest CSV record over several lines, in bytes. Of a longer one the first line is a defect, and the lines
/// looked at for its end are records of one line each.
pub const CSV_RECORD_BYTES_MAX: usize = 256 << 10;

/// Length, in bytes, from which a JSON value over several lines is given up when it has not ended. Its first
/// line is a defect, and of the lines looked at for its end the whole values are taken.
pub const VALUE_BYTES_MAX: usize = 1 << 20;

/// Size a batch aims at, in bytes: small enough for a second-level cache. A longer line makes a longer batch.
pub const BATCH_BYTES: usize = 256 << 10;

/// Deepest nesting of objects and arrays in one JSON record; deeper is a defect.
pub const JSON_DEPTH_MAX: usize = 64;

/// Most values in one JSON record; more is a defect.
pub const RECORD_VALUES_MAX: usize = 65_536;

/// Longest dotted field path, in bytes; what is longer is cut for naming and never typed.
pub const PATH_BYTES_MAX: usize = 1_024;

/// Most columns of a Zeek TSV or CSV record; more is a defect.
pub const COLUMNS_MAX: usize = 4_096;

/// Most hosts that a record's URL paths are joined with (a repeated `host` key gives more than one).
pub const URL_HOSTS_MAX: usize = 4;

/// Longest shape (one JSON key layout) that is remembered, in values. Longer records take the generic path.
pub const SHAPE_VALUES_MAX: usize = 512;

/// Most steps that all remembered shapes of one thread hold together; when full they are forgotten and
/// learnt again.
pub const SHAPE_STEPS_MAX: usize = 16_384;

/// Bytes of a log's beginning that decide its format.
pub const SNIFF_BYTES: usize = 64 << 10;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[
    (
        "line of a log, bytes",
        LINE_BYTES_MAX as u64,
        "a longer line is a defect and skipped unread",
    ),
    (
        "CSV record over several lines, bytes",
        CSV_RECORD_BYTES_MAX as u64,
        "a longer one is a defect of its first line; the next lines are read alone",
    ),
    (
        "JSON value over several lines, bytes",
        VALUE_BYTES_MAX as u64,
        "a longer one is a defect of its first line; the next lines are read alone",
    ),
    (
        "batch of records, bytes",
        BATCH_BYTES as u64,
        "records are handed on in batches of about this size",
    ),
    (
        "JSON depth of a record",
        JSON_DEPTH_MAX as u64,
        "a deeper record is a defect",
    ),
    (
        "values of a JSON record",
        RECORD_VALUES_MAX as u64,
        "a JSON record with more is a defect",
    ),
    (
        "path of a field, bytes",
        PATH_BYTES_MAX as u64,
        "a longer field path is cut and its value untyped",
    ),
    (
        "columns of a row",
        COLUMNS_MAX as u64,
        "a row with more is a defect",
    ),
    (
        "repeated hosts of a URL record",
        URL_HOSTS_MAX as u64,
        "further repetitions of a host are not joined with the path",
    ),
    (
        "values of a remembered JSON shape",
        SHAPE_VALUES_MAX as u64,
        "a JSON record with more is read the slow way",
    ),
    (
        "steps of remembered JSON shapes",
        SHAPE_STEPS_MAX as u64,
        "the shape cache is emptied and learnt again",
    ),
    (
        "beginning that tells the format, bytes",
        SNIFF_BYTES as u64,
        "the format is decided from this much of the beginning",
    ),
];
