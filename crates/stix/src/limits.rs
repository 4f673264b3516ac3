//! Every bound of this crate, shown to people by `entente limits`.

/// Arrays and objects inside each other, in one JSON value.
pub const DEPTH_MAX: usize = 64;

/// Values in one JSON text.
pub const VALUES_MAX: usize = 1 << 19;

/// Bytes of a JSON pointer in an error; longer ones are cut.
pub const POINTER_BYTES_MAX: usize = 1024;

/// Bytes of one object in a bundle; a bigger one is skipped and named.
pub const OBJECT_BYTES_MAX: usize = 16 << 20;

/// Bytes of a pattern; a longer one is refused.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Brackets inside each other in a pattern.
pub const PATTERN_DEPTH_MAX: usize = 64;

/// Values of one `IN (…)`.
pub const PATTERN_SET_MAX: usize = 65_536;

/// Qualifiers on one expression of a pattern.
pub const PATTERN_QUALIFIERS_MAX: usize = 8;

/// Steps towards the normal form of a pattern: each copies or compares one number.
pub const PATTERN_NORMAL_STEPS_MAX: u64 = 1 << 22;

/// Bytes of the name of an object type (STIX 2.1 §3.1, §11.2).
pub const TYPE_NAME_BYTES_MAX: usize = 250;

/// Bytes of a value that can be looked up.
pub const VALUE_BYTES_MAX: usize = 16 << 10;

/// Findings of one validation; further ones are counted as cut.
pub const FINDINGS_MAX: usize = 10_000;

/// Bytes read again in search of the next object behind a broken one.
pub const RESYNC_BYTES_MAX: u64 = 64 << 20;

/// Values without any STIX at the start of a file, before the rest is left unread.
pub const STRAY_VALUES_MAX: u64 = 1000;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[
    (
        "JSON depth",
        DEPTH_MAX as u64,
        "arrays and objects inside each other; deeper ones are refused",
    ),
    (
        "JSON pointer in a message, bytes",
        POINTER_BYTES_MAX as u64,
        "bytes of a JSON pointer in a message; longer ones are cut",
    ),
    (
        "object in a bundle, bytes",
        OBJECT_BYTES_MAX as u64,
        "bytes of one object in a bundle; a bigger one is skipped and named",
    ),
    (
        "pattern, bytes",
        PATTERN_BYTES_MAX as u64,
        "bytes of a pattern; a longer one is refused",
    ),
    (
        "brackets inside each other in a pattern",
        PATTERN_DEPTH_MAX as u64,
        "brackets inside each other in a pattern; deeper ones are refused",
    ),
    (
        "values of a set in a pattern",
        PATTERN_SET_MAX as u64,
        "values of one IN (...) in a pattern; larger sets are refused",
    ),
    (
        "qualifiers on one expression of a pattern",
        PATTERN_QUALIFIERS_MAX as u64,
        "qualifiers on one expression of a pattern; more are refused",
    ),
    (
        "steps towards the normal form of a pattern",
        PATTERN_NORMAL_STEPS_MAX,
        "steps towards the normal form of a pattern; where it takes more, sameness is not decided",
    ),
    (
        "name of an object type, bytes",
        TYPE_NAME_BYTES_MAX as u64,
        "bytes of the name of an object type; longer ones are refused",
    ),
    (
        "value of an observable, bytes",
        VALUE_BYTES_MAX as u64,
        "bytes of a value that can be looked up; longer ones are left out",
    ),
    (
        "findings of one validation",
        FINDINGS_MAX as u64,
        "findings of one validation; further ones are not shown",
    ),
    (
        "search for the next object behind a broken one, bytes",
        RESYNC_BYTES_MAX,
        "bytes read again in search of the next object behind a broken one",
    ),
    (
        "values without STIX at the start of a file",
        STRAY_VALUES_MAX,
        "values without STIX at the start of a file; the rest is left unread",
    ),
    (
        "values in one JSON text",
        VALUES_MAX as u64,
        "values in one JSON text; it bounds the memory that an object can take",
    ),
];
