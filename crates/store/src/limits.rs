//! Every bound of this crate, shown to people by `entente limits`.

/// Items of each sort in one change of channels: entries, acts, asides…
pub const CHANGE_ITEMS_MAX: usize = 20_000;
/// Bytes of everything in one change, objects included.
pub const CHANGE_BYTES_MAX: usize = BATCH_BYTES_MAX;
/// Bytes of a tile: 256 hashes of 32 bytes.
pub const TILE_BYTES_MAX: usize = 256 * 32;
/// Parties in the audience of a channel.
pub const AUDIENCE_MAX: usize = 10_000;
/// Entries of a channel.
pub const CHANNEL_ENTRIES_MAX: u64 = 1 << 40;
/// Channels of a store.
pub const CHANNELS_MAX: u64 = 1 << 20;
/// Collections of a store.
pub const COLLECTIONS_MAX: u64 = 1 << 20;
/// Bytes of what a collection is for.
pub const DESCRIPTION_BYTES_MAX: usize = 16 << 10;
/// Media types of a collection.
pub const MEDIA_TYPES_MAX: usize = 100;
/// Keys of each sort in a filter: ids, types, versions…
pub const FILTER_KEYS_MAX: usize = 1_000;
/// Entries that are looked at for one page of a filter.
pub const FILTER_LOOKS_MAX: usize = 20_000;
/// Bytes of a document.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;
/// Bytes of contents in one answer.
pub const CONTENT_BYTES_MAX: usize = BATCH_BYTES_MAX;
/// Objects in one ingest.
pub const BATCH_OBJECTS_MAX: usize = 20_000;
/// Bytes of texts and words in one ingest.
pub const BATCH_BYTES_MAX: usize = 64 << 20;
/// Bytes of an id, source name, property path or meta name.
pub const NAME_BYTES_MAX: usize = 4 << 10;
/// Bytes of a value that can be looked up; longer ones are kept in the text only.
pub const VALUE_BYTES_MAX: usize = 16 << 10;
/// Keys in one look-up.
pub const LOOK_KEYS_MAX: usize = 100_000;
/// Mentions of one key in one look-up.
pub const LOOK_MENTIONS_MAX: usize = 1_000;
/// Items in one page.
pub const PAGE_ITEMS_MAX: usize = 10_000;
/// Bytes of texts after which a page ends.
pub const PAGE_BYTES_MAX: usize = 16 << 20;
/// Relationships given with one indicator.
pub const RELATIONS_MAX: usize = 100;
/// Bytes of a relationship given with an indicator.
pub const RELATION_BYTES_MAX: usize = 64 << 10;
/// Search results in one answer.
pub const SEARCH_HITS_MAX: usize = 1_000;
/// Matches of a search that are ranked; of more, the newest come first.
pub const SEARCH_RANKED_MAX: usize = 20_000;
/// Bytes of a search query.
pub const SEARCH_BYTES_MAX: usize = 4 << 10;
/// Words and phrases in a search query.
pub const SEARCH_TERMS_MAX: usize = 64;
/// Detections recorded in one call.
pub const DETECTIONS_MAX: usize = 100_000;
/// Distinct values listed for a group of detections.
pub const GROUP_VALUES_MAX: usize = 100;
/// Differences listed by one check.
pub const DIFFERENCES_MAX: usize = 1_000;
/// Read connections held open at once; further readers wait.
pub const READERS_MAX: usize = 8;
/// Batches that share one commit.
pub const COMMIT_BATCHES_MAX: usize = 16;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[
    (
        "items of each sort in a change of channels",
        CHANGE_ITEMS_MAX as u64,
        "a larger change is refused whole",
    ),
    (
        "change of channels, bytes",
        CHANGE_BYTES_MAX as u64,
        "a larger change is refused whole",
    ),
    (
        "tile of a log, bytes",
        TILE_BYTES_MAX as u64,
        "a change with a larger tile is refused whole",
    ),
    (
        "parties in an audience",
        AUDIENCE_MAX as u64,
        "a channel for more parties is refused",
    ),
    (
        "entries of a channel",
        CHANNEL_ENTRIES_MAX,
        "further entries are refused",
    ),
    (
        "channels of a store",
        CHANNELS_MAX,
        "further channels are refused",
    ),
    (
        "collections of a store",
        COLLECTIONS_MAX,
        "further collections are refused",
    ),
    (
        "description of a collection, bytes",
        DESCRIPTION_BYTES_MAX as u64,
        "a collection with a longer one is refused",
    ),
    (
        "media types of a collection",
        MEDIA_TYPES_MAX as u64,
        "a collection with more is refused",
    ),
    (
        "ids, types or versions in a filter",
        FILTER_KEYS_MAX as u64,
        "a question for more is refused",
    ),
    (
        "entries looked at for a page of a filter",
        FILTER_LOOKS_MAX as u64,
        "the page ends and tells where to go on",
    ),
    (
        "document of the node's own, bytes",
        DOCUMENT_BYTES_MAX as u64,
        "a longer one is refused",
    ),
    (
        "contents in one answer, bytes",
        CONTENT_BYTES_MAX as u64,
        "a question for more is refused",
    ),
    (
        "objects in a batch",
        BATCH_OBJECTS_MAX as u64,
        "a larger batch is refused whole",
    ),
    (
        "batch, bytes",
        BATCH_BYTES_MAX as u64,
        "a larger batch is refused whole",
    ),
    (
        "id, source or property, bytes",
        NAME_BYTES_MAX as u64,
        "a longer id, source or property is refused",
    ),
    (
        "value that can be looked up, bytes",
        VALUE_BYTES_MAX as u64,
        "a longer value is stored but cannot be looked up",
    ),
    (
        "keys of one look-up",
        LOOK_KEYS_MAX as u64,
        "more keys in one look-up are refused",
    ),
    (
        "mentions in one look-up",
        LOOK_MENTIONS_MAX as u64,
        "further mentions are cut, and the answer says so",
    ),
    (
        "items of a page",
        PAGE_ITEMS_MAX as u64,
        "the page ends and gives a cursor",
    ),
    (
        "page, bytes",
        PAGE_BYTES_MAX as u64,
        "the page ends and gives a cursor",
    ),
    (
        "relationships of an indicator",
        RELATIONS_MAX as u64,
        "further relationships of an indicator are not followed",
    ),
    (
        "hits of a search",
        SEARCH_HITS_MAX as u64,
        "further hits are cut, and the answer says so",
    ),
    (
        "ranked matches of a search",
        SEARCH_RANKED_MAX as u64,
        "of more matches the newest come first, unranked",
    ),
    (
        "query of a search, bytes",
        SEARCH_BYTES_MAX as u64,
        "a longer query is refused",
    ),
    (
        "words of a query",
        SEARCH_TERMS_MAX as u64,
        "a query with more words is refused",
    ),
    (
        "detections in one call",
        DETECTIONS_MAX as u64,
        "more detections in one call are refused",
    ),
    (
        "values of a group of detections",
        GROUP_VALUES_MAX as u64,
        "further values are counted, not listed",
    ),
    (
        "differences listed by a check",
        DIFFERENCES_MAX as u64,
        "further differences are counted, not listed",
    ),
    (
        "readers at once",
        READERS_MAX as u64,
        "further readers wait for a connection",
    ),
    (
        "batches in one commit",
        COMMIT_BATCHES_MAX as u64,
        "further batches go into the next commit",
    ),
];
