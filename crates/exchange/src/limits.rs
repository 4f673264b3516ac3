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

/// Bytes of an answer of a TAXII server, unpacked.
pub const TAXII_ANSWER_BYTES_MAX: usize = 64 << 20;

/// Objects that a TAXII server is asked for in one page.
pub const TAXII_LIMIT_MAX: u32 = 10_000;

/// Pages of one reading of a TAXII collection.
pub const TAXII_PAGES_MAX: u64 = 100_000;

/// Pages in a row without anything new, after which a TAXII server leads round in circles.
pub const TAXII_FRUITLESS_MAX: u32 = 100;

/// Empty pages in a row with the same `next`, after which a TAXII server leads round in circles.
pub const TAXII_EMPTY_MAX: u32 = 10;

/// Objects of one reading that are told from those that come again.
pub const TAXII_SEEN_MAX: usize = 1 << 20;

/// Objects of the last instant that are remembered between two readings.
pub const TAXII_TAIL_MAX: usize = 2_000;

/// Bytes of a TAXII server's `next`.
pub const TAXII_NEXT_BYTES_MAX: usize = 4 << 10;

/// Bytes of a cursor as text.
pub const TAXII_CURSOR_BYTES_MAX: usize = 64 << 10;

/// Times that a TAXII server may forget its `next` within one reading.
pub const TAXII_FORGOTTEN_MAX: u32 = 3;

/// Redirects in a row.
pub const TAXII_REDIRECTS_MAX: u32 = 3;

/// Failures in a row after which a TAXII server is left alone until the next time.
pub const TAXII_RETRIES_MAX: u32 = 4;

/// Damaged answers in a row after which a TAXII server is left alone until the next time.
pub const TAXII_DAMAGED_MAX: u32 = 2;

/// Seconds that a TAXII server may make us wait within one conversation.
pub const TAXII_WAIT_SECONDS_MAX: u32 = 3_600;

/// API roots of a TAXII server.
pub const TAXII_ROOTS_MAX: usize = 100;

/// Collections of an API root.
pub const TAXII_COLLECTIONS_MAX: usize = 10_000;

/// Bytes of an id in a path of TAXII.
pub const TAXII_NAME_BYTES_MAX: usize = 250;

/// Bytes of an envelope that is handed in.
pub const TAXII_DELIVERY_BYTES_MAX: usize = 4 << 20;

/// Objects of an envelope that is handed in.
pub const TAXII_DELIVERY_OBJECTS_MAX: usize = 500;

/// Times that the status of an envelope is asked for.
pub const TAXII_POLLS_MAX: u32 = 30;

/// Seconds between two of those.
pub const TAXII_POLL_SECONDS_MAX: u32 = 30;

/// zstd's level for whatever travels.
pub(crate) const PACK_LEVEL: i32 = 3;

/// Logarithm of the greatest window of zstd that is written and read: 8 MiB.
pub(crate) const WINDOW_LOG_MAX: u32 = 23;

/// Bytes of a rendered TAXII page that is worth keeping.
pub const PAGE_KEPT_BYTES_MIN: usize = 1 << 10;

/// Bytes of the body that puts objects into a TAXII collection.
pub const POST_BYTES_MAX: usize = 16 << 20;

/// Objects of a TAXII page where nobody asks for fewer or more.
pub const PAGE_OBJECTS: usize = 1_000;

/// Objects of a TAXII page.
pub const PAGE_OBJECTS_MAX: usize = 10_000;

/// Bytes of a path that TAXII is asked for.
pub const PATH_BYTES_MAX: usize = 8 << 10;

/// Bytes of a TAXII query.
pub const QUERY_BYTES_MAX: usize = 64 << 10;

/// Values of one filter in a TAXII query.
pub const FILTER_VALUES_MAX: usize = 1_000;

/// Bytes of `Accept` and of `Content-Type`.
pub const ACCEPT_BYTES_MAX: usize = 8 << 10;

/// Bytes that a kept page takes beside its own, about.
pub(crate) const PAGE_OVERHEAD_BYTES: usize = 512;

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
    (
        "answer of a TAXII server, unpacked, bytes",
        TAXII_ANSWER_BYTES_MAX as u64,
        "fewer objects are asked for; where one object is bigger, the reading ends and says so",
    ),
    (
        "objects asked for in a page of TAXII",
        TAXII_LIMIT_MAX as u64,
        "no more are asked for at a time",
    ),
    (
        "pages in a reading of a TAXII collection",
        TAXII_PAGES_MAX,
        "the reading goes on from there the next time",
    ),
    (
        "pages in a row without anything new, from a TAXII server",
        TAXII_FRUITLESS_MAX as u64,
        "the reading ends: the server leads round in circles",
    ),
    (
        "objects of a reading that are told from those that come again",
        TAXII_SEEN_MAX as u64,
        "the oldest are forgotten, and known when they come again",
    ),
    (
        "objects of the last instant of a TAXII collection, remembered",
        TAXII_TAIL_MAX as u64,
        "that instant is not asked for again",
    ),
    (
        "`next` of a TAXII server, bytes",
        TAXII_NEXT_BYTES_MAX as u64,
        "the answer counts as damaged",
    ),
    (
        "failures in a row of a TAXII server",
        TAXII_RETRIES_MAX as u64,
        "it is left alone until the next time",
    ),
    (
        "waiting that a TAXII server may ask for, seconds",
        TAXII_WAIT_SECONDS_MAX as u64,
        "it is left alone until the next time",
    ),
    (
        "API roots of a TAXII server",
        TAXII_ROOTS_MAX as u64,
        "the rest is not looked at",
    ),
    (
        "collections of an API root",
        TAXII_COLLECTIONS_MAX as u64,
        "the rest is not listed, and it is said so",
    ),
    (
        "envelope handed in to a TAXII server, bytes",
        TAXII_DELIVERY_BYTES_MAX as u64,
        "the next envelope takes the rest; a bigger object goes alone",
    ),
    (
        "objects of an envelope handed in",
        TAXII_DELIVERY_OBJECTS_MAX as u64,
        "the next envelope takes the rest",
    ),
    (
        "body that puts objects into a collection, bytes",
        POST_BYTES_MAX as u64,
        "a bigger one is refused",
    ),
    (
        "rendered TAXII page that is kept, bytes at the least",
        PAGE_KEPT_BYTES_MIN as u64,
        "a smaller one is rendered each time",
    ),
    (
        "objects of a TAXII page unasked",
        PAGE_OBJECTS as u64,
        "the page ends and gives a cursor",
    ),
    (
        "objects of a TAXII page",
        PAGE_OBJECTS_MAX as u64,
        "the page ends and gives a cursor",
    ),
    (
        "path for TAXII, bytes",
        PATH_BYTES_MAX as u64,
        "there is nothing at a longer one",
    ),
    (
        "query for TAXII, bytes",
        QUERY_BYTES_MAX as u64,
        "a longer one is refused",
    ),
    (
        "values of a TAXII filter",
        FILTER_VALUES_MAX as u64,
        "a filter with more is refused",
    ),
    (
        "media types in a header, bytes",
        ACCEPT_BYTES_MAX as u64,
        "a longer header is read as one that allows nothing",
    ),
];
