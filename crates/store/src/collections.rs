//! Numbered collections of object versions, as TAXII tells them: what goes in and comes out.
//!
//! A collection holds references; the texts are those of objects with the same digest
//! ([`crate::Store::content`]). Of an object that was withdrawn meanwhile there is no text any more.

/// A collection to make, or to describe anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCollection<'a> {
    /// The path name of its API root.
    pub root: &'a str,
    /// Its id, unique in its root.
    pub id: &'a str,
    /// What people call it.
    pub title: &'a str,
    /// What it is for.
    pub description: Option<&'a str>,
    /// Another name that it may be asked for by.
    pub alias: Option<&'a str>,
    /// Of what it holds.
    pub media_types: Vec<&'a str>,
    /// Whether it may be read.
    pub can_read: bool,
    /// Whether it may be added to.
    pub can_write: bool,
    /// The party that it is kept for; `None` for one's own.
    pub owner: Option<&'a str>,
}

/// A collection as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// The path name of its API root.
    pub root: String,
    /// Its id, unique in its root.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// Another name that it may be asked for by.
    pub alias: Option<String>,
    /// Of what it holds, in the order given.
    pub media_types: Vec<String>,
    /// Whether it may be read.
    pub can_read: bool,
    /// Whether it may be added to.
    pub can_write: bool,
    /// The party that it is kept for; `None` for one's own.
    pub owner: Option<String>,
    /// How many entries it has.
    pub size: u64,
    /// The last number that was given; 0 before the first.
    pub last: u64,
    /// Grows whenever an entry goes, and whenever a new one changes which version of its id is first or last: a
    /// page that was read at this number, and after which more came, is still right.
    pub disturbed: u64,
    /// When it was made, microseconds since 1970 UTC.
    pub at: i64,
}

/// Entries for one collection, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collect<'a> {
    /// The path name of its API root.
    pub root: &'a str,
    /// Its id.
    pub collection: &'a str,
    /// What to add. One with the id, version and digest of an entry that is there changes nothing.
    pub entries: Vec<NewCollectionEntry<'a>>,
}

/// An entry of a collection on its way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCollectionEntry<'a> {
    /// STIX id.
    pub id: &'a str,
    /// What its versions are ordered by, microseconds since 1970 UTC.
    pub version: i64,
    /// The version as TAXII tells it.
    pub version_text: &'a str,
    /// STIX version, `2.1`.
    pub spec_version: &'a str,
    /// The media type of its text.
    pub media_type: &'a str,
    /// SHA-256 of the canonical form of the object.
    pub digest: [u8; 32],
    /// When it was added, microseconds since 1970 UTC, where that was elsewhere: not before the last one of the
    /// collection. `None` for [`crate::Change::at`], or one microsecond after the last one if that is later.
    pub added: Option<i64>,
}

/// What became of an entry that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collected {
    /// Its number.
    pub number: u64,
    /// When it was added, microseconds since 1970 UTC.
    pub added: i64,
    /// Whether it is new.
    pub is_new: bool,
}

/// Entries of an id that shall go from a collection. What is not there is no fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discard<'a> {
    /// The path name of its API root.
    pub root: &'a str,
    /// Its id.
    pub collection: &'a str,
    /// STIX id.
    pub id: &'a str,
    /// Of which version; `None` for all.
    pub version: Option<i64>,
}

/// An entry of a collection as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionEntry {
    /// Its number in the order of adding, from 1, never given twice.
    pub number: u64,
    /// STIX id.
    pub id: String,
    /// What its versions are ordered by, microseconds since 1970 UTC.
    pub version: i64,
    /// The version as TAXII tells it.
    pub version_text: String,
    /// STIX version, `2.1`.
    pub spec_version: String,
    /// The media type of its text.
    pub media_type: String,
    /// When it was added, microseconds since 1970 UTC: grows with the number, strictly unless [`NewCollectionEntry::added`] said
    /// otherwise.
    pub added: i64,
    /// SHA-256 of the canonical form of the object.
    pub digest: [u8; 32],
}

/// Which entries, or releases, are wanted: those for which every field holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter<'a> {
    /// Ids, at most [`crate::limits::FILTER_KEYS_MAX`]; empty for all.
    pub ids: Vec<&'a str>,
    /// STIX types, at most [`crate::limits::FILTER_KEYS_MAX`]; empty for all.
    pub types: Vec<&'a str>,
    /// Added later than this, microseconds since 1970 UTC.
    pub added_after: Option<i64>,
}

/// Which entries of a collection are wanted: those for which every field holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CollectionFilter<'a> {
    /// By id, type and time.
    pub filter: Filter<'a>,
    /// By version.
    pub versions: Versions,
    /// STIX versions; empty for all.
    pub spec_versions: Vec<&'a str>,
}

/// Which versions are wanted. First and last are meant among all entries of the id in the collection, whatever else
/// is asked for; of equal versions the one with the smaller number is first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Versions {
    /// Every one.
    #[default]
    All,
    /// Those for which one of these holds.
    Any {
        /// The first of each id.
        first: bool,
        /// The last of each id.
        last: bool,
        /// These.
        exact: Vec<i64>,
    },
}

/// Some of what is numbered, in the order of the numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered<T> {
    /// The items; may be fewer than asked for, even none, while `next` leads on: a page also ends when
    /// [`crate::limits::FILTER_LOOKS_MAX`] were looked at.
    pub items: Vec<T>,
    /// The number to go on from; `None` when nothing more is there.
    pub next: Option<u64>,
}
