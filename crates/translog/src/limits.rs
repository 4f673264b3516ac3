//! Every bound of this crate, shown to people by `entente limits`.

/// Entries of a tree: proofs have at most 63 hashes, and timestamps and sizes fit a signed number
/// (C2SP tlog-witness).
pub const TREE_SIZE_MAX: u64 = (1 << 63) - 1;

/// Bytes of one log entry: its length is two bytes (C2SP tlog-tiles).
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// Bytes of one full bundle of entries.
pub const BUNDLE_BYTES_MAX: usize = 256 * (2 + ENTRY_BYTES_MAX);

/// Bytes of a signed note, signatures included. A post-quantum signature has up to 5 kB.
pub const NOTE_BYTES_MAX: usize = 1 << 20;

/// Signatures on one note; C2SP signed-note wants at least 16.
pub const NOTE_SIGNATURES_MAX: usize = 100;

/// Bytes of a key's name.
pub const KEY_NAME_BYTES_MAX: usize = 512;

/// Bytes of a key in its text form.
pub const KEY_TEXT_BYTES_MAX: usize = 8 << 10;

/// Hashes of one inclusion or consistency proof in a text (C2SP tlog-witness).
pub const PROOF_HASHES_MAX: usize = 63;

/// Bytes of a request to a witness, of a proof and of a fork, each as text.
pub const TEXT_BYTES_MAX: usize = (2 * NOTE_BYTES_MAX) + (64 << 10);

/// Bytes of the extra data in a proof file.
pub const EXTRA_BYTES_MAX: usize = 16 << 10;

/// Every bound: name, value, and what happens beyond it.
pub const ALL: &[(&str, u64, &str)] = &[
    (
        "entries of a log",
        TREE_SIZE_MAX,
        "entries of one log; a bigger checkpoint is refused",
    ),
    (
        "log entry, bytes",
        ENTRY_BYTES_MAX as u64,
        "bytes of one log entry; a longer one cannot be logged",
    ),
    (
        "bundle of log entries, bytes",
        BUNDLE_BYTES_MAX as u64,
        "bytes of one bundle of log entries; a longer one is refused",
    ),
    (
        "signed note, bytes",
        NOTE_BYTES_MAX as u64,
        "bytes of a signed note; a longer one is refused",
    ),
    (
        "signatures on one note",
        NOTE_SIGNATURES_MAX as u64,
        "signatures on one note; a note with more is refused",
    ),
    (
        "name of a key, bytes",
        KEY_NAME_BYTES_MAX as u64,
        "bytes of the name of a key; a longer one is refused",
    ),
    (
        "key as text, bytes",
        KEY_TEXT_BYTES_MAX as u64,
        "bytes of a key as text; a longer one is refused",
    ),
    (
        "hashes of one proof",
        PROOF_HASHES_MAX as u64,
        "hashes of one inclusion or consistency proof; a longer one is refused",
    ),
    (
        "request, proof or fork as text, bytes",
        TEXT_BYTES_MAX as u64,
        "bytes of a witness request, a proof or a fork as text; a longer one is refused",
    ),
    (
        "extra data of a proof, bytes",
        EXTRA_BYTES_MAX as u64,
        "bytes of the extra data in a proof; more are refused",
    ),
];
