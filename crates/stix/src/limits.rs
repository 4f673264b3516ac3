//! Every bound of this crate, shown to people by `entente limits`.

/// Arrays and objects inside each other, in one JSON value.
pub const DEPTH_MAX: usize = 64;

/// Bytes of a JSON pointer in an error; longer ones are cut.
pub const POINTER_BYTES_MAX: usize = 1024;

/// Bytes of one object in a bundle; a bigger one is skipped and named.
pub const OBJECT_BYTES_MAX: usize = 16 << 20;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[
    (
        "stix.DEPTH_MAX",
        DEPTH_MAX as u64,
        "arrays and objects inside each other; deeper ones are refused",
    ),
    (
        "stix.POINTER_BYTES_MAX",
        POINTER_BYTES_MAX as u64,
        "bytes of a JSON pointer in a message; longer ones are cut",
    ),
    (
        "stix.OBJECT_BYTES_MAX",
        OBJECT_BYTES_MAX as u64,
        "bytes of one object in a bundle; a bigger one is skipped and named",
    ),
];
