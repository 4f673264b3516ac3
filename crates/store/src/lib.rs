//! Durable state behind one trait.
//!
//! Truth is history: object texts by digest and who told them. Observables, edges, words and the
//! choice of the current version are indexes, derivable from the texts; [`Store::check`] derives
//! them again and compares. The store understands no STIX: what must be indexed comes prepared
//! with each [`Incoming`]. Of channels and their logs it keeps what it is handed in one [`Change`], and
//! knows which releases stand. Begin at [`Store`]; [`sqlite::Sqlite`] is the embedded engine.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod change;
pub mod channels;
pub mod collections;
pub mod documents;
pub mod error;
pub mod limits;
pub mod query;
pub mod records;
pub mod sqlite;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use change::{
    Append, Applied, Change, EntryKind, NewAct, NewAside, NewChannel, NewContent, NewEntry, NewNote, Telling,
    Withdrawn,
};
pub use channels::{Act, Aside, Changed, Channel, LiveRelease, LogEntry, Note, Standing};
pub use collections::{
    Collect, Collected, Collection, CollectionEntry, CollectionFilter, Discard, Filter, NewCollection,
    NewCollectionEntry, Numbered, Versions,
};
pub use documents::{Document, Expected, NewDocument, Put};
pub use error::Error;
pub use query::SearchQuery;
pub use records::{
    Cursor, Derive, Derived, Detection, Difference, Edge, Group, GroupDone, Hits, Holding, Incoming,
    IndicatorRow, Looked, Mention, Observed, Outcome, Page, Recorded, Report, SearchHit, Source, Stats,
    Stored, Told, require_fit, type_of,
};

/// Durable state. Every call is synchronous and may be made from any thread.
///
/// Calls that write are atomic, and durable when they return `Ok`; after an `Err` nothing of that
/// call is stored. Calls that read see one committed state each and never wait for a writer.
/// Everything handed in or out is bounded by [`limits`]; going over a bound is
/// [`Error::TooMuch`], except that page limits are silently lowered to the bound.
///
/// The **current** version of an id is its greatest (version, digest). Observables, edges and words
/// are those of current versions only.
pub trait Store: Send + Sync {
    /// Takes in what `source` told at `at` (microseconds since 1970 UTC): all of `batch`, or
    /// nothing. One outcome for each object, in order. Several threads may call at once; their
    /// batches then share a commit.
    fn ingest(&self, source: &str, at: i64, batch: &[Incoming<'_>]) -> Result<Vec<Outcome>, Error>;

    /// The current version of an id.
    fn current(&self, id: &str) -> Result<Option<Stored>, Error>;

    /// The current versions of many ids (at most [`limits::LOOK_KEYS_MAX`]), in the order asked.
    /// Read in one transaction.
    fn current_many(&self, ids: &[&str]) -> Result<Vec<Option<Stored>>, Error>;

    /// Every stored version of an id, newest (version, digest) first.
    fn versions(&self, id: &str, after: Option<&Cursor>, limit: usize) -> Result<Page<Stored>, Error>;

    /// The object with this SHA-256 of its canonical form.
    fn by_digest(&self, digest: &[u8; 32]) -> Result<Option<Stored>, Error>;

    /// Who told which version of this id, and when first. Newest version first, then by source name.
    fn holdings(&self, id: &str, after: Option<&Cursor>, limit: usize) -> Result<Page<Holding>, Error>;

    /// The references that the current version of `id` makes, in the order in which they came.
    fn edges_from(&self, id: &str) -> Result<Vec<Edge>, Error>;

    /// The references that current versions make to `id`, whether or not `id` itself is stored;
    /// of one property only where named. Stable order.
    fn edges_to(
        &self,
        id: &str,
        property: Option<&str>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Edge>, Error>;

    /// Which current objects mention each (kind, normal form), one answer for each key, in order;
    /// at most `per_key` mentions of each (bounded by [`limits::LOOK_MENTIONS_MAX`]).
    /// Exact: the caller asks for the parent domains and networks that it wants to know about.
    fn look(&self, keys: &[(u8, &str)], per_key: usize) -> Result<Vec<Looked>, Error>;

    /// Full-text and field search among current versions, best first; of more than
    /// [`limits::SEARCH_RANKED_MAX`] matches the newest first, and for filters without words in the order of
    /// ids. A page's `next` says that there are more, and leads nowhere: ask more closely.
    fn search(&self, query: &SearchQuery, limit: usize) -> Result<Page<SearchHit>, Error>;

    /// Current versions in the order of their ids (bytewise), of one type where named. An object
    /// that is stored when the paging begins is seen exactly once, whatever is written meanwhile.
    /// A page also ends when its texts reach [`limits::PAGE_BYTES_MAX`].
    fn objects(
        &self,
        type_name: Option<&str>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Stored>, Error>;

    /// Current indicators in the order of their ids, each with the relationships that start at it:
    /// what a detection engine is compiled from.
    fn indicators(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<IndicatorRow>, Error>;

    /// A number that grows whenever what [`Store::indicators`] gives, or an object that an indicator
    /// may be based on, has changed. A detection engine compiled at this number is up to date.
    /// Storing one's own sightings does not move it.
    fn generation_number(&self) -> Result<u64, Error>;

    /// A number that grows with every [`Store::ingest`] and [`Store::apply`] that changed anything about objects,
    /// holdings included.
    fn change_number(&self) -> Result<u64, Error>;

    /// Counts of everything. Reads whole indexes: for people, not for loops.
    fn stats(&self) -> Result<Stats, Error>;

    /// Everyone who ever told something, by name.
    fn sources(&self) -> Result<Vec<Source>, Error>;

    /// Notes detections; for each, whether it was new. Identity is (indicator, record, occurrence):
    /// scanning the same record again changes nothing. The (indicator, day) groups of the new ones
    /// become dirty in the same transaction.
    fn record_detections(&self, batch: &[Detection]) -> Result<Vec<bool>, Error>;

    /// Groups of detections whose sighting is not yet written, or no longer tells the whole.
    fn dirty_groups(&self, limit: usize) -> Result<Vec<Group>, Error>;

    /// Stores the sightings written for `done`, and marks those groups clean whose revision is
    /// still the one named: one transaction, so that a crash leaves either both or neither, and a
    /// detection that came meanwhile keeps its group dirty.
    fn ingest_sightings(
        &self,
        done: &[GroupDone<'_>],
        source: &str,
        at: i64,
        batch: &[Incoming<'_>],
    ) -> Result<Vec<Outcome>, Error>;

    /// Detections in the order in which they were recorded, of one indicator where named.
    fn detections(
        &self,
        indicator: Option<&str>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Recorded>, Error>;

    /// One's own detections of each (kind, value), in order: [`Detection::kind`] and
    /// [`Detection::value`] compared exactly.
    fn hits(&self, keys: &[(u8, &str)]) -> Result<Vec<Hits>, Error>;

    /// A small named value of the node's own, set by [`Store::set_meta`].
    fn meta(&self, name: &str) -> Result<Option<String>, Error>;

    /// Sets a small named value, durably; `None` removes it.
    fn set_meta(&self, name: &str, value: Option<&str>) -> Result<(), Error>;

    /// Stores everything of `change`, or nothing.
    ///
    /// # Errors
    /// [`Error::TooMuch`] and [`Error::Unfit`] before anything is written; [`Error::Moved`] when a channel has not
    /// the size that an append expects; [`Error::Unfit`] for a head, an append or an erasure that names a channel
    /// or an entry which is not there.
    fn apply(&self, change: &Change<'_>) -> Result<Applied, Error>;

    /// Acts with a greater number than `after`, in the order of storing. A page also ends when its texts reach
    /// [`limits::PAGE_BYTES_MAX`]; the last is reached when nothing more comes.
    fn acts(&self, after: u64, limit: usize) -> Result<Vec<Act>, Error>;

    /// Every channel, by origin.
    fn channels(&self) -> Result<Vec<Channel>, Error>;

    /// The channel of an origin.
    fn channel(&self, origin: &str) -> Result<Option<Channel>, Error>;

    /// The entries of a channel from number `from` on, none where there is no such channel. Pages end as those of
    /// [`Store::acts`].
    fn entries(&self, origin: &str, from: u64, limit: usize) -> Result<Vec<LogEntry>, Error>;

    /// For each id its last release in a channel that no later recall took back: number and digest. Asks for at
    /// most [`limits::LOOK_KEYS_MAX`].
    fn live(&self, origin: &str, ids: &[&str]) -> Result<Vec<Option<LiveRelease>>, Error>;

    /// The releases of a channel that stand, from number `from` on and before `until`, in order: recalled and
    /// replaced ones are left out, and those whose content was erased. None where there is no such channel. A page
    /// also ends when its openings reach [`limits::PAGE_BYTES_MAX`].
    fn released(
        &self,
        origin: &str,
        from: u64,
        until: u64,
        filter: &Filter<'_>,
        limit: usize,
    ) -> Result<Numbered<Standing>, Error>;

    /// The channels in which an object is released and not recalled, by origin, with the number of its last
    /// release there.
    fn released_in(&self, id: &str) -> Result<Vec<(String, u64)>, Error>;

    /// Entries about an object in all channels, erased ones included: origin and number, channel by channel and in
    /// order. After a place given by an earlier answer where named.
    fn entries_about(
        &self,
        id: &str,
        after: Option<(&str, u64)>,
        limit: usize,
    ) -> Result<Vec<(String, u64)>, Error>;

    /// Entries whose content should have been erased by `until` and was not: origin, number and subject, the
    /// longest due first.
    fn expiring(&self, until: i64, limit: usize) -> Result<Vec<(String, u64, String)>, Error>;

    /// A tile of a channel's tree.
    fn tile(&self, origin: &str, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error>;

    /// What was released under each digest: a content, else the text of the object with this digest. Of more than
    /// [`limits::CONTENT_BYTES_MAX`] together none is given, but [`Error::TooMuch`]: ask for fewer.
    fn content(&self, digests: &[[u8; 32]]) -> Result<Vec<Option<Vec<u8>>>, Error>;

    /// The party that each id belongs to. Asks for at most [`limits::LOOK_KEYS_MAX`].
    fn owners(&self, ids: &[&str]) -> Result<Vec<Option<String>>, Error>;

    /// Asides with a greater number than `after`, of one id where named, by number. Pages end as those of
    /// [`Store::acts`].
    fn asides(&self, id: Option<&str>, after: u64, limit: usize) -> Result<Vec<Aside>, Error>;

    /// Asides that should be tried again by `until`, the longest due first. Pages end as those of [`Store::acts`].
    fn asides_due(&self, until: i64, limit: usize) -> Result<Vec<Aside>, Error>;

    /// Notes of a kind about a subject, by party.
    fn notes(&self, kind: &str, subject: &str) -> Result<Vec<Note>, Error>;

    /// What changed after a number, in the order of changing, and the number to go on from; nothing more for now
    /// when the list is empty. An id takes its turn whenever another version of it becomes current, again too, and
    /// whenever someone else tells its current version or no longer does; so who goes on from here misses nothing,
    /// whatever is written meanwhile, and may meet an id more than once. An id of which nothing is left is not
    /// told. A page also ends when its texts reach [`limits::PAGE_BYTES_MAX`].
    fn changed(&self, after: u64, limit: usize) -> Result<(Vec<Changed>, u64), Error>;

    /// The collections of an API root, or all, in the order in which they were made.
    fn collections(&self, root: Option<&str>) -> Result<Vec<Collection>, Error>;

    /// The collection of this id in an API root.
    fn collection(&self, root: &str, id: &str) -> Result<Option<Collection>, Error>;

    /// Entries of a collection from number `from` on, in order; none where there is no such collection.
    fn collection_entries(
        &self,
        root: &str,
        id: &str,
        from: u64,
        filter: &CollectionFilter<'_>,
        limit: usize,
    ) -> Result<Numbered<CollectionEntry>, Error>;

    /// Writes or removes a document at `at` (microseconds since 1970 UTC), if there is what it expects; else tells
    /// what is there.
    fn put_document(&self, document: &NewDocument<'_>, at: i64) -> Result<Put, Error>;

    /// The document of a kind and key, unless it is past its time at `at`.
    fn document(&self, kind: &str, key: &str, at: i64) -> Result<Option<Document>, Error>;

    /// Documents of a kind that are not past their time at `at`, in the order of their keys, after a key where
    /// named. Pages end as those of [`Store::acts`].
    fn documents(
        &self,
        kind: &str,
        after: Option<&str>,
        at: i64,
        limit: usize,
    ) -> Result<Vec<Document>, Error>;

    /// Removes documents that are past their time at `at`, those longest past it first, and tells how many; fewer than `limit` when
    /// none is left.
    fn sweep_documents(&self, at: i64, limit: usize) -> Result<u64, Error>;

    /// Checks the engine's own structure, derives every object anew with `derive` and compares it
    /// with what is stored and indexed. With `repair`, rebuilds the indexes that differ; a text
    /// whose digest is wrong is only reported, since nothing here can restore it.
    /// Writers wait while it runs with `repair`; readers never.
    fn check(&self, repair: bool, derive: &Derive<'_>) -> Result<Report, Error>;

    /// Puts everything into its final form and lets go. Dropping the store does the same, but
    /// cannot tell about a failure. Nothing acknowledged depends on it.
    fn close(self: Box<Self>) -> Result<(), Error>;
}
