//! What goes into a store and comes out of it. No SQL, no integer keys, no engine.

use crate::{Error, limits};

/// One object on its way in, with everything derived from it that must be found again.
///
/// Observables, edges and words may be left empty by a caller that does not want them found.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming<'a> {
    /// STIX id, `type--uuid`.
    pub id: &'a str,
    /// STIX type, the part of the id before `--`.
    pub type_name: &'a str,
    /// `modified` in microseconds since 1970 UTC; 0 for objects that have none.
    pub version: i64,
    /// SHA-256 of the canonical form (RFC 8785).
    pub digest: [u8; 32],
    /// The object's JSON text as it came: UTF-8.
    pub text: &'a [u8],
    /// `created_by_ref`.
    pub created_by: Option<&'a str>,
    /// `revoked`.
    pub revoked: bool,
    /// The id was derived from the content (of a list's line, say), so a known id is known content,
    /// whatever `version` and `digest` say.
    pub derived: bool,
    /// What can be looked up. Duplicates are allowed and stored once.
    pub observables: Vec<Observed>,
    /// Every `*_ref` and `*_refs`: property path and target id. Duplicates are stored once.
    pub edges: Vec<(String, String)>,
    /// The text that people may search, beyond `name`; any form, it is tokenised by the store.
    pub words: String,
    /// What people call it: name, value or pattern. Searched too, and weighs more than `words`.
    pub name: String,
}

/// Whether an object keeps to the bounds of every engine. [`crate::Store::ingest`] refuses a batch with one that
/// does not; who asks before loses only that one.
///
/// # Errors
/// [`Error::TooMuch`] or [`Error::Unfit`], naming what is wrong.
pub fn require_fit(
    id: &str,
    type_name: &str,
    created_by: Option<&str>,
    edges: &[(String, String)],
) -> Result<(), Error> {
    let bound = |what: &'static str, found: usize| {
        let limit = limits::NAME_BYTES_MAX;
        if found <= limit {
            return Ok(());
        }
        Err(Error::TooMuch {
            what,
            found: found as u64,
            limit: limit as u64,
        })
    };
    bound("an id", id.len())?;
    bound("a `created_by_ref`", created_by.map_or(0, str::len))?;
    for (property, target) in edges {
        bound("a reference", property.len().max(target.len()))?;
    }
    if type_of(id) != type_name || id.len() == type_name.len() {
        let cause = format!("the id does not begin with the type `{type_name}--`");
        return Err(Error::Unfit {
            subject: id.to_owned(),
            cause,
        });
    }
    Ok(())
}

/// A value that can be looked up, in normal form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Observed {
    /// The stable number of its kind.
    pub kind: u8,
    /// Its normal form.
    pub value: String,
    /// Whether it is what an indicator looks for, rather than merely mentioned.
    pub is_term: bool,
}

/// What became of one incoming object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The id was not known: stored.
    New,
    /// Stored, and it is now the current version of its id.
    NewVersion,
    /// Stored beside a version that stays current.
    OlderVersion,
    /// Already stored and told by this source: nothing changed.
    KnownHere,
    /// Already stored, told by others only: now held from this source too.
    KnownElsewhere,
}

/// One stored version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// STIX id.
    pub id: String,
    /// `modified` in microseconds since 1970 UTC; 0 where there is none.
    pub version: i64,
    /// SHA-256 of the canonical form.
    pub digest: [u8; 32],
    /// The text exactly as it came first.
    pub text: Vec<u8>,
    /// `created_by_ref`.
    pub created_by: Option<String>,
    /// `revoked`.
    pub revoked: bool,
    /// What people call it.
    pub name: String,
    /// When this version was first told, microseconds since 1970 UTC.
    pub first_told_at: i64,
}

impl Stored {
    /// STIX type: the part of the id before `--`.
    pub fn type_name(&self) -> &str {
        type_of(&self.id)
    }
}

/// The part of an id before `--`, or all of it.
pub fn type_of(id: &str) -> &str {
    id.split_once("--").map_or(id, |(type_name, _)| type_name)
}

/// One version of an object as told by one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Who told it.
    pub source: String,
    /// When this source told it first, microseconds since 1970 UTC.
    pub at: i64,
    /// Which version.
    pub version: i64,
    /// Its digest.
    pub digest: [u8; 32],
    /// Whether that is the current version.
    pub is_current: bool,
}

/// A reference from one object to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The id of the object that refers.
    pub source: String,
    /// The property path, `object_refs` or `extensions.x.y_ref`.
    pub property: String,
    /// The id referred to, which need not be stored.
    pub target: String,
}

/// A place to go on from: given by one page, handed in for the next, to the same call on the same store
/// (a later process included). Opaque; as text it can travel in a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub(crate) String);

impl Cursor {
    /// The cursor as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A cursor from its text. One that no page gave leads to [`crate::Error::BadCursor`] or to some
    /// other place in the order, never to harm.
    pub fn from_text(text: &str) -> Cursor {
        Cursor(text.to_owned())
    }
}

/// Some of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<Cursor>,
}

/// The answer to one looked-up value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Looked {
    /// Who mentions it; indicators that look for it come first.
    pub mentions: Vec<Mention>,
    /// Whether there are more mentions than were asked for.
    pub more: bool,
}

/// A current object that mentions a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// STIX id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether the object looks for the value, rather than merely mentions it.
    pub is_term: bool,
    /// `revoked`.
    pub revoked: bool,
    /// `modified` in microseconds since 1970 UTC; 0 where there is none.
    pub version: i64,
    /// Who told this version, and when first, by name; at most [`crate::limits::LOOK_MENTIONS_MAX`].
    pub told: Vec<Told>,
}

/// Who told an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The name given at ingest.
    pub source: String,
    /// When it told it first, microseconds since 1970 UTC.
    pub at: i64,
}

/// An object found by search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// STIX id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `revoked`.
    pub revoked: bool,
    /// `modified` in microseconds since 1970 UTC; 0 where there is none.
    pub version: i64,
}

/// An indicator and what leads from it to what it is based on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndicatorRow {
    /// STIX id.
    pub id: String,
    /// `revoked`.
    pub revoked: bool,
    /// Its text.
    pub text: Vec<u8>,
    /// The texts of current `relationship` objects whose `source_ref` is this indicator, `based-on` and
    /// others; at most [`crate::limits::RELATIONS_MAX`] of at most [`crate::limits::RELATION_BYTES_MAX`].
    pub relations: Vec<Vec<u8>>,
}

/// Someone who told something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name given at ingest.
    pub name: String,
    /// How many object versions are held from it.
    pub holdings: u64,
    /// When it first told anything, microseconds since 1970 UTC.
    pub first_at: i64,
}

/// Counts of everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// Current versions by type, by type name.
    pub current_by_type: Vec<(String, u64)>,
    /// Current versions: ids that are stored.
    pub current: u64,
    /// Stored versions, current ones included.
    pub versions: u64,
    /// Holdings.
    pub holdings: u64,
    /// Sources.
    pub sources: u64,
    /// Observables of current versions.
    pub observables: u64,
    /// References of current versions.
    pub edges: u64,
    /// Detections recorded.
    pub detections: u64,
    /// Bytes on disk, write-ahead log included.
    pub disk_bytes: u64,
}

/// One observation of an indicator in telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// The indicator's id.
    pub indicator: String,
    /// SHA-256 of the raw record.
    pub record: [u8; 32],
    /// Which one of several equal records in the same input, from 0.
    pub occurrence: u32,
    /// The event's own time, microseconds since 1970 UTC; `i64::MIN` when unknown.
    pub at: i64,
    /// Days since 1970-01-01 of the event, or of the scan when the event's time is unknown.
    pub day: i32,
    /// Input file, as the operator named it.
    pub file: String,
    /// Line or record number, from 1.
    pub line: u64,
    /// The field that matched.
    pub field: String,
    /// The stable number of the value's kind.
    pub kind: u8,
    /// The value that matched, in normal form where it has one.
    pub value: String,
    /// The asset concerned; empty when unknown.
    pub host: String,
    /// Why it matched, for people.
    pub how: String,
}

/// A detection as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its number in the order of recording, from 1.
    pub number: u64,
    /// The detection.
    pub detection: Detection,
}

/// Detections of one indicator on one day: what one sighting tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The indicator's id.
    pub indicator: String,
    /// Days since 1970-01-01.
    pub day: i32,
    /// How many detections.
    pub count: u64,
    /// The earliest known event time, microseconds since 1970 UTC; `None` when no event told one.
    pub first: Option<i64>,
    /// The latest known event time.
    pub last: Option<i64>,
    /// The distinct (kind, value) seen, in order of first appearance; at most
    /// [`crate::limits::GROUP_VALUES_MAX`].
    pub values: Vec<(u8, String)>,
    /// Grows with every change of the group.
    pub revision: u64,
}

impl Group {
    /// The note that a sighting now tells this group as it was read.
    pub fn done(&self) -> GroupDone<'_> {
        GroupDone {
            indicator: &self.indicator,
            day: self.day,
            revision: self.revision,
        }
    }
}

/// A group whose sighting has been written, as of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupDone<'a> {
    /// The indicator's id.
    pub indicator: &'a str,
    /// Days since 1970-01-01.
    pub day: i32,
    /// [`Group::revision`] when the sighting was written.
    pub revision: u64,
}

/// One's own detections of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hits {
    /// How many.
    pub count: u64,
    /// The earliest known event time, microseconds since 1970 UTC.
    pub first: Option<i64>,
    /// The latest known event time.
    pub last: Option<i64>,
}

/// Everything that can be derived from an object's text: see [`Incoming`] for the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// STIX id.
    pub id: String,
    /// `modified`, or 0.
    pub version: i64,
    /// SHA-256 of the canonical form.
    pub digest: [u8; 32],
    /// `created_by_ref`.
    pub created_by: Option<String>,
    /// `revoked`.
    pub revoked: bool,
    /// What can be looked up.
    pub observables: Vec<Observed>,
    /// References.
    pub edges: Vec<(String, String)>,
    /// Searchable text.
    pub words: String,
    /// What people call it.
    pub name: String,
}

/// Derives an object anew from its text; `Err` says why the text is not an object.
pub type Derive<'a> = dyn Fn(&[u8]) -> Result<Derived, String> + 'a;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Stored versions looked at.
    pub versions: u64,
    /// What differs; at most [`crate::limits::DIFFERENCES_MAX`], see `differences_total`.
    pub differences: Vec<Difference>,
    /// How many differences there are in all.
    pub differences_total: u64,
    /// Whether indexes were rebuilt.
    pub repaired: bool,
}

impl Report {
    /// Whether nothing differs.
    pub fn is_clean(&self) -> bool {
        self.differences_total == 0
    }
}

/// One thing that is not as history says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which part: `structure`, `text`, `current`, `observables`, `edges`, `words`, `name`, `groups`…
    pub part: &'static str,
    /// The object's id, or the place in the file; may be empty.
    pub subject: String,
    /// What differs, for people.
    pub message: String,
    /// Whether a repair mends it.
    pub repairable: bool,
}
