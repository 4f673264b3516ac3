//! Every bound of this crate, shown to people by `entente limits`.

/// Objects in one atomic batch of an import.
pub const BATCH_OBJECTS_MAX: usize = 1_024;

/// Bytes of object text in one atomic batch of an import.
pub const BATCH_BYTES_MAX: usize = 4 << 20;

/// Bytes of searchable words taken from one object.
pub const WORDS_BYTES_MAX: usize = 64 << 10;

/// Bytes of what people call an object; longer names and patterns are cut.
pub const LABEL_BYTES_MAX: usize = 1_000;

/// References of one object that are indexed.
pub const REFERENCES_MAX: usize = 65_536;

/// Mentions shown for one looked-up value.
pub const LOOK_MENTIONS_MAX: usize = 100;

/// Detections recorded in one transaction.
pub const DETECTIONS_BATCH_MAX: usize = 4_096;

/// Detections and defects held back to print files in order; over it, a file's are printed before an earlier file ends.
pub const HELD_MAX: usize = 65_536;

/// Distinct matching records of one file for which repetitions are told apart; over it, equal records count once.
pub const REPEATED_RECORDS_MAX: usize = 4_000_000;

/// Indicators of which a scan remembers whether they were recalled; over it, they are asked about anew.
pub const RECALLS_KNOWN_MAX: usize = 100_000;

/// Records that a shared rule looks at before it alerts.
pub const TRIAL_RECORDS: u64 = 10_000;

/// Matches among them: 1 in 100. At one more the rule is parked.
pub const TRIAL_MATCHES_MAX: u64 = 100;

/// Matches of all rules on trial that are held back at a time; at one more all are told.
pub const TRIAL_HELD_MAX: usize = 16_384;

/// Microseconds for which a watch holds matches of rules on trial back: a minute.
pub const TRIAL_HELD_MICROS: i64 = 60_000_000;
/// Hits that wait for earlier ones while logs are read; over it, the earliest waits no longer.
pub const HITS_WAITING_MAX: usize = 1 << 20;

/// Records whose places are remembered, to be told where they satisfy something with others; over it, the first is forgotten.
pub const PLACES_KNOWN_MAX: usize = 1 << 20;

/// Hits of a pattern over several observations that each thread takes of the first records.
pub const PATTERN_HITS_FREE: u64 = 5_000;

/// Records for each hit of such a pattern beyond those; over both, hits are passed over, and that is told.
pub const RECORDS_A_PATTERN_HIT: u64 = 500;

/// Bytes of what a watch keeps to go on with after a stop; over it, the next one begins anew.
pub const WATCH_STATE_BYTES_MAX: u64 = 1 << 30;

/// Records told of what several satisfy together; the earlier ones are counted.
pub const RECORDS_TOLD_MAX: usize = 100;

/// Microseconds by which a record's time may be ahead of the clock to count in what is seen over time.
pub const AHEAD_MICROS_MAX: i64 = 86_400_000_000;

/// Versions or sources listed for one object.
pub const LISTED_MAX: usize = 1_000;

/// Entries of a log that are verified at once.
pub const AUDIT_ENTRIES_AT_ONCE: usize = 256;

/// Bytes of a file of acts: a card, an agreement with its signatures.
pub const ACTS_FILE_BYTES_MAX: usize = 16 << 20;

/// Acts in one file.
pub const ACTS_IN_FILE_MAX: usize = 10_000;

/// Acts read from the store at once.
pub const ACTS_PAGE_MAX: usize = 1_000;

/// Bytes of a signed note of a party: card, key list, signature.
pub const NOTE_BYTES_MAX: usize = 64 << 10;

/// Keys in one list of a party.
pub const LIST_KEYS_MAX: usize = 64;

/// Revoked keys in one list of a party.
pub const LIST_REVOKED_MAX: usize = 128;

/// Keys that a party ever had.
pub const PARTY_KEYS_MAX: usize = 1_000;

/// Bytes of a party's name.
pub const PARTY_NAME_BYTES_MAX: usize = 200;

/// Parties that are known.
pub const PARTIES_MAX: usize = 100_000;

/// Agreements that are known.
pub const PACTS_MAX: usize = 10_000;

/// Versions of one agreement.
pub const VERSIONS_MAX: usize = 1_000;

/// Versions of agreements that peers brought and that neither this node's own party nor all of its parties signed.
pub const FOREIGN_DRAFTS_MAX: usize = 100;

/// How often a party may suspend and resume one agreement.
pub const WORDS_OF_A_PARTY_MAX: usize = 1_000;

/// Bytes of what one entry of a log commits to.
pub const OPENING_BYTES_MAX: usize = 8 << 10;

/// Releases that one recall takes back.
pub const RECALLED_AT_ONCE_MAX: usize = 256;

/// Bytes of the reason of a recall.
pub const REASON_BYTES_MAX: usize = 1_000;

/// Objects decided at a time, and entries of a log appended in one transaction.
pub const RELEASE_BATCH_MAX: usize = 1_000;

/// Bytes of forms that are stored in one transaction with their entries.
pub const RELEASE_BATCH_BYTES_MAX: usize = 8 << 20;

/// Entries in one slice of a log.
pub const SLICE_ENTRIES_MAX: usize = 4_096;

/// Bytes of openings and contents in one slice of a log; a single entry with its content always fits.
pub const SLICE_BYTES_MAX: usize = 16 << 20;

/// Hashes in a consistency proof: two for each level of a tree of 2^62 entries.
pub const PROOF_HASHES_MAX: usize = 128;

/// Bytes of a signed head with its cosignatures, of a receipt, of a request to a witness.
pub const HEAD_BYTES_MAX: usize = 64 << 10;

/// Releases without content that wait for the entry that explains it, in one log.
pub const UNEXPLAINED_MAX: usize = 10_000;

/// Heads of one log that are kept until enough is held to compare them.
pub const SEEN_HEADS_MAX: usize = 64;

/// Heads handed in at once by gossip.
pub const HEADS_MAX: usize = 1_000;

/// Bytes of texts after which a page of a collection ends, if it has an object.
pub const SHELF_PAGE_BYTES_MAX: usize = 16 << 20;

/// Times that the store is asked for one page of a collection; then the page ends and tells where to go on.
pub const SHELF_ROUNDS_MAX: usize = 1_000;

/// Entries that one page for anyone passes over; then it ends and tells where to go on.
pub const HIDDEN_ENTRIES_MAX: usize = 20_000;

/// Bytes of the text that says where a page ended.
pub const CURSOR_BYTES_MAX: usize = 1_024;

/// Objects that a visitor may put into a collection at once.
pub const WRITE_OBJECTS_MAX: usize = 10_000;

/// Microseconds for which the status of what was written is kept: a day.
pub const STATUS_KEPT_MICROS: i64 = 86_400_000_000;

/// Bytes of a status; of a bigger one only the counts are told.
pub const STATUS_BYTES_MAX: usize = 2 << 20;

/// Bytes of the reason why an object was not taken; longer ones are cut.
pub const STATUS_MESSAGE_BYTES_MAX: usize = 500;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[
    (
        "import batch, objects",
        BATCH_OBJECTS_MAX as u64,
        "one atomic transaction; the next batch begins",
    ),
    (
        "import batch, bytes",
        BATCH_BYTES_MAX as u64,
        "one atomic transaction; the next batch begins",
    ),
    (
        "searchable words of an object, bytes",
        WORDS_BYTES_MAX as u64,
        "further words are not found by `find`",
    ),
    (
        "name of an object in lists, bytes",
        LABEL_BYTES_MAX as u64,
        "cut; the object itself is kept whole",
    ),
    (
        "references of an object that are indexed",
        REFERENCES_MAX as u64,
        "further ones are kept in the object and not followed",
    ),
    (
        "mentions of a looked-up value",
        LOOK_MENTIONS_MAX as u64,
        "the answer says that there are more",
    ),
    (
        "detections in one transaction",
        DETECTIONS_BATCH_MAX as u64,
        "the next transaction begins",
    ),
    (
        "detections and defects held to keep files in order",
        HELD_MAX as u64,
        "printed before an earlier file ends",
    ),
    (
        "repeated records told apart in a file",
        REPEATED_RECORDS_MAX as u64,
        "equal records count once",
    ),
    (
        "hits that wait for earlier ones while logs are read",
        HITS_WAITING_MAX as u64,
        "the earliest waits no longer; what comes before it then is late",
    ),
    (
        "records whose places are remembered for what is seen over time",
        PLACES_KNOWN_MAX as u64,
        "the places of earlier ones are not told",
    ),
    (
        "hits of a pattern over several observations, a thread",
        PATTERN_HITS_FREE,
        "more are taken only as records come; others are passed over, the pattern is named, its matches say incomplete",
    ),
    (
        "records for each hit of such a pattern beyond those",
        RECORDS_A_PATTERN_HIT,
        "the same",
    ),
    (
        "bytes of what a watch keeps to go on with",
        WATCH_STATE_BYTES_MAX,
        "the next watch begins anew with what takes several records",
    ),
    (
        "records told of what several satisfy together",
        RECORDS_TOLD_MAX as u64,
        "the earlier ones are counted",
    ),
    (
        "microseconds by which a record may be ahead of the clock",
        AHEAD_MICROS_MAX as u64,
        "it does not count in what is seen over time; that is told",
    ),
    (
        "recalls that a scan remembers, indicators",
        RECALLS_KNOWN_MAX as u64,
        "they are asked about anew",
    ),
    (
        "trial of a shared rule, records",
        TRIAL_RECORDS,
        "it passed, and alerts from then on",
    ),
    (
        "matches of a rule on trial",
        TRIAL_MATCHES_MAX,
        "it is parked at one more: it does not alert (`entente rule accept`)",
    ),
    (
        "matches of rules on trial held back, of all rules",
        TRIAL_HELD_MAX as u64,
        "all are told, and the trials go on",
    ),
    (
        "matches of rules on trial held back by a watch, microseconds",
        TRIAL_HELD_MICROS as u64,
        "all are told, and the trials go on",
    ),
    (
        "versions, sources or relations listed",
        LISTED_MAX as u64,
        "the answer says that there are more",
    ),
    (
        "file of acts, bytes",
        ACTS_FILE_BYTES_MAX as u64,
        "the file is refused",
    ),
    ("acts in a file", ACTS_IN_FILE_MAX as u64, "the file is refused"),
    (
        "signed note of a party, bytes",
        NOTE_BYTES_MAX as u64,
        "the note is refused",
    ),
    ("keys in a key list", LIST_KEYS_MAX as u64, "the list is refused"),
    (
        "revoked keys in a key list",
        LIST_REVOKED_MAX as u64,
        "the list is refused",
    ),
    (
        "keys that a party ever had",
        PARTY_KEYS_MAX as u64,
        "further lists are refused",
    ),
    (
        "name of a party, bytes",
        PARTY_NAME_BYTES_MAX as u64,
        "the card is refused",
    ),
    ("parties", PARTIES_MAX as u64, "further cards are refused"),
    ("agreements", PACTS_MAX as u64, "further ones are refused"),
    (
        "versions of an agreement",
        VERSIONS_MAX as u64,
        "further ones are refused; make a new agreement",
    ),
    (
        "drafts that peers brought",
        FOREIGN_DRAFTS_MAX as u64,
        "further ones are refused from peers; the operator can still take them in from a file",
    ),
    (
        "suspensions and resumptions of one party",
        WORDS_OF_A_PARTY_MAX as u64,
        "further ones are refused; make a new version of the agreement",
    ),
    (
        "opening of a log entry, bytes",
        OPENING_BYTES_MAX as u64,
        "the slice is refused",
    ),
    (
        "releases taken back by one recall",
        RECALLED_AT_ONCE_MAX as u64,
        "the slice is refused",
    ),
    (
        "reason of a recall, bytes",
        REASON_BYTES_MAX as u64,
        "refused; say it shorter",
    ),
    (
        "log entries in one transaction",
        RELEASE_BATCH_MAX as u64,
        "the next transaction begins",
    ),
    (
        "slice of a log, entries",
        SLICE_ENTRIES_MAX as u64,
        "the next slice goes on; a longer one is refused",
    ),
    (
        "slice of a log, bytes",
        SLICE_BYTES_MAX as u64,
        "the next slice goes on; a larger one of several entries is refused",
    ),
    ("consistency proof, hashes", PROOF_HASHES_MAX as u64, "refused"),
    (
        "signed head, receipt or request to a witness, bytes",
        HEAD_BYTES_MAX as u64,
        "refused",
    ),
    (
        "releases without content that wait for their recall, in a log",
        UNEXPLAINED_MAX as u64,
        "the slice is refused",
    ),
    (
        "heads of a log kept until they can be compared",
        SEEN_HEADS_MAX as u64,
        "further ones are not kept",
    ),
    (
        "heads handed in at once",
        HEADS_MAX as u64,
        "further ones are not looked at",
    ),
    (
        "page of a collection, bytes",
        SHELF_PAGE_BYTES_MAX as u64,
        "the page ends and gives a cursor",
    ),
    (
        "looks for a page of a collection",
        SHELF_ROUNDS_MAX as u64,
        "the page ends and gives a cursor",
    ),
    (
        "entries that a page for anyone passes over",
        HIDDEN_ENTRIES_MAX as u64,
        "the page ends and gives a cursor",
    ),
    (
        "cursor of a collection, bytes",
        CURSOR_BYTES_MAX as u64,
        "a longer one is refused",
    ),
    (
        "objects put into a collection at once",
        WRITE_OBJECTS_MAX as u64,
        "a request with more is refused",
    ),
    (
        "status kept, microseconds",
        STATUS_KEPT_MICROS as u64,
        "the status of what was written is told no longer than this",
    ),
    (
        "status, bytes",
        STATUS_BYTES_MAX as u64,
        "of a bigger one only the counts are told",
    ),
    (
        "reason in a status, bytes",
        STATUS_MESSAGE_BYTES_MAX as u64,
        "a longer reason is cut",
    ),
];
