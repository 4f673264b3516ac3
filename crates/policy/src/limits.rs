//! Every bound of this crate, shown to people by `entente limits`.

/// Bytes of an agreement's canonical JSON. It cannot reach the bound of values in a JSON text, since
/// no value of a list takes less than four bytes.
pub const AGREEMENT_BYTES_MAX: usize = 2 << 20;

/// Bytes of an agreement's TOML.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;

/// Bytes of a document that is no TOML, up to which every place is told; of a bigger one the first.
pub const RECOVERED_BYTES_MAX: usize = 256 << 10;

/// Parties of an agreement.
pub const PARTIES_MAX: usize = 1000;

/// Clauses of an agreement; as many contributions.
pub const CLAUSES_MAX: usize = 1000;

/// Elements of one list in an agreement.
pub const LIST_MAX: usize = 1000;

/// Bytes of a name or an id that parties choose.
pub const NAME_BYTES_MAX: usize = 64;

/// Bytes of one line of text: a title, a label, a key, an address.
pub const LINE_BYTES_MAX: usize = 1024;

/// Bytes of a text: a purpose, a description.
pub const TEXT_BYTES_MAX: usize = 64 << 10;

/// The longest span of time, in seconds: 100 years of 365.25 days.
pub const SPAN_SECONDS_MAX: u64 = 100 * 31_557_600;

/// Faults told of one document; further ones are counted.
pub const FAULTS_MAX: usize = 1000;

/// Classes of objects whose answers are kept for one agreement.
pub const CLASSES_MAX: usize = 1 << 16;

/// Ways from an owner to an audience whose answers are kept for one agreement.
pub const ROUTES_MAX: usize = 1024;

/// Microseconds that a peer's clock may be ahead of ours.
pub const CLOCK_AHEAD_MICROS_MAX: i64 = 5 * 60 * 1_000_000;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[
    (
        "agreement, bytes",
        AGREEMENT_BYTES_MAX as u64,
        "bytes of an agreement's canonical JSON; a bigger one is refused",
    ),
    (
        "document of an agreement, bytes",
        DOCUMENT_BYTES_MAX as u64,
        "bytes of an agreement's TOML; a bigger one is refused",
    ),
    (
        "broken document of an agreement, bytes",
        RECOVERED_BYTES_MAX as u64,
        "bytes of a document that is no TOML; of a bigger one only the first fault is told",
    ),
    (
        "parties of an agreement",
        PARTIES_MAX as u64,
        "parties of an agreement; more are refused",
    ),
    (
        "clauses of an agreement",
        CLAUSES_MAX as u64,
        "clauses of an agreement, and as many contributions; more are refused",
    ),
    (
        "elements of a list in an agreement",
        LIST_MAX as u64,
        "elements of one list in an agreement; more are refused",
    ),
    (
        "name in an agreement, bytes",
        NAME_BYTES_MAX as u64,
        "bytes of a name or id that parties choose; longer ones are refused",
    ),
    (
        "line in an agreement, bytes",
        LINE_BYTES_MAX as u64,
        "bytes of a title, a label, a key or an address; longer ones are refused",
    ),
    (
        "text in an agreement, bytes",
        TEXT_BYTES_MAX as u64,
        "bytes of a purpose or a description; longer ones are refused",
    ),
    (
        "span of time in an agreement, seconds",
        SPAN_SECONDS_MAX,
        "seconds of a span of time in an agreement; longer ones are refused",
    ),
    (
        "faults of an agreement",
        FAULTS_MAX as u64,
        "faults told of one document; further ones are counted",
    ),
    (
        "classes of objects",
        CLASSES_MAX as u64,
        "classes of objects whose answers are kept for one agreement; then they are asked for anew",
    ),
    (
        "audiences",
        ROUTES_MAX as u64,
        "audiences whose answers are kept for one agreement; then they are asked for anew",
    ),
    (
        "clock ahead, microseconds",
        CLOCK_AHEAD_MICROS_MAX as u64,
        "microseconds that a time in a peer's object may be ahead; later ones are parked",
    ),
];
