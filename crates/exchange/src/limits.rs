//! Every bound of this crate, shown to people by `entente limits`.

/// Bytes of one slice before packing after which it ends, if it has an entry.
pub const CHUNK_BYTES_MAX: usize = 1 << 20;

/// Entries of one slice.
pub const CHUNK_ENTRIES_MAX: usize = 10_000;

/// Bytes of one message or section, unpacked: room for the biggest object there may be.
pub const MESSAGE_BYTES_MAX: usize = 24 << 20;

/// Bytes of one message or section as it travels.
pub const PACKED_BYTES_MAX: usize = MESSAGE_BYTES_MAX + (1 << 20);

/// Bytes of one signed note.
pub const NOTE_BYTES_MAX: usize = 64 << 10;

/// Bytes of a hello.
pub const HELLO_BYTES_MAX: usize = 4 << 10;

/// Versions of the exchange that one hello names.
pub const HELLO_VERSIONS_MAX: usize = 16;

/// Questions in one request, and so answers.
pub const PARTS_MAX: usize = 64;

/// Heads, receipts or offers in one message.
pub const NOTES_MAX: usize = 10_000;

/// Bytes of acts in one answer after which it ends, if it has one.
pub const ACTS_BYTES_MAX: usize = 4 << 20;

/// Bytes of the answers to one request after which further questions in it are refused.
pub const ANSWERS_BYTES_MAX: usize = 4 << 20;

/// Acts in one message or section.
pub const ACTS_MAX: usize = 100_000;

/// Answers with acts that one conversation takes.
pub const ACTS_ANSWERS_MAX: u32 = 64;

/// Bytes of the age header of a bundle.
pub const SEAL_BYTES_MAX: u64 = 16 << 10;

/// Bytes of the header of a bundle.
pub const HEADER_BYTES_MAX: usize = 3 << 20;

/// Sections of a bundle.
pub const SECTIONS_MAX: u64 = 1 << 20;

/// zstd's level for whatever travels.
pub(crate) const PACK_LEVEL: i32 = 3;

/// Logarithm of the greatest window of zstd that is written and read: 8 MiB.
pub(crate) const WINDOW_LOG_MAX: u32 = 23;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[
    (
        "slice of a log, bytes",
        CHUNK_BYTES_MAX as u64,
        "the slice ends, the next one goes on",
    ),
    (
        "slice of a log, entries",
        CHUNK_ENTRIES_MAX as u64,
        "the slice ends, the next one goes on",
    ),
    (
        "message or section of a bundle, unpacked, bytes",
        MESSAGE_BYTES_MAX as u64,
        "a bigger one is refused at this byte",
    ),
    (
        "message or section of a bundle, bytes",
        PACKED_BYTES_MAX as u64,
        "a longer one is refused",
    ),
    (
        "signed note in a message, bytes",
        NOTE_BYTES_MAX as u64,
        "a longer one is refused",
    ),
    ("hello, bytes", HELLO_BYTES_MAX as u64, "a longer one is refused"),
    (
        "versions of the exchange in a hello",
        HELLO_VERSIONS_MAX as u64,
        "a hello with more is refused",
    ),
    (
        "questions in a request",
        PARTS_MAX as u64,
        "a request with more is refused",
    ),
    (
        "notes in a question or answer",
        NOTES_MAX as u64,
        "a message with more is refused",
    ),
    (
        "acts in an answer, bytes",
        ACTS_BYTES_MAX as u64,
        "the answer ends and says that there are more",
    ),
    (
        "answers to a request, bytes",
        ANSWERS_BYTES_MAX as u64,
        "further questions of the request are refused",
    ),
    (
        "acts in a message or section",
        ACTS_MAX as u64,
        "a message or bundle with more is refused",
    ),
    (
        "answers with acts in a conversation",
        ACTS_ANSWERS_MAX as u64,
        "the conversation goes on without the rest, which the next one asks for",
    ),
    (
        "age header of a bundle, bytes",
        SEAL_BYTES_MAX,
        "a bundle with a longer one is refused",
    ),
    (
        "sections of a bundle",
        SECTIONS_MAX,
        "a bundle with more is refused",
    ),
];
