//! Answers about collections, from one committed state.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row};

use super::entities::join_digest;
use super::fault::Fault;
use super::labels;
use super::logs::{at_place, place};
use super::numbered::{self, Statements};
use crate::collections::{Collection, CollectionEntry, CollectionFilter, Numbered, Versions};
use crate::{Error, limits};

const COLLECTION: &str =
    "SELECT root, id, title, description, alias, media_types, can_read, can_write, owner, size,
    last, disturbed, at FROM collections";

fn collection_of(row: &Row<'_>) -> rusqlite::Result<Collection> {
    let media_types: String = row.get(5)?;
    let number = |column| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.cast_unsigned());
    Ok(Collection {
        root: row.get(0)?,
        id: row.get(1)?,
        title: row.get(2)?,
        description: row.get(3)?,
        alias: row.get(4)?,
        media_types: media_types.lines().map(str::to_owned).collect(),
        can_read: row.get(6)?,
        can_write: row.get(7)?,
        owner: row.get(8)?,
        size: number(9)?,
        last: number(10)?,
        disturbed: number(11)?,
        at: row.get(12)?,
    })
}

pub(super) fn collections(connection: &Connection, root: Option<&str>) -> Result<Vec<Collection>, Fault> {
    let mut collections = Vec::new();
    let sql = match root {
        Some(_) => format!("{COLLECTION} WHERE root = ?1 ORDER BY pk"),
        None => format!("{COLLECTION} ORDER BY pk"),
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(root), collection_of)?;
    for row in rows {
        collections.push(row?);
    }
    Ok(collections)
}

pub(super) fn collection(connection: &Connection, root: &str, id: &str) -> Result<Option<Collection>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{COLLECTION} WHERE root = ?1 AND id = ?2"))?;
    Ok(statement.query_row([root, id], collection_of).optional()?)
}

/// Refuses a filter that is over a bound.
pub(super) fn require_fit(filter: &CollectionFilter<'_>) -> Result<(), Error> {
    numbered::require_fit(&filter.filter)?;
    if let Versions::Any { exact, .. } = &filter.versions {
        super::limit("the versions of a filter", exact.len(), limits::FILTER_KEYS_MAX)?;
    }
    super::limit(
        "the STIX versions of a filter",
        filter.spec_versions.len(),
        limits::FILTER_KEYS_MAX,
    )
}

const STATEMENTS: Statements = Statements {
    all: "SELECT place FROM collected WHERE place >= ?3 AND place < ?4 ORDER BY place LIMIT ?5",
    of_type: "SELECT place FROM collected WHERE type = ?2 AND place >= ?3 AND place < ?4 ORDER BY place LIMIT ?5",
    of_id: "SELECT place FROM collected WHERE subject = ?2 AND place >= ?3 AND place < ?4 ORDER BY place LIMIT ?5",
};
const LAST: &str =
    "SELECT place FROM collected WHERE is_last = 1 AND place >= ?3 AND place < ?4 ORDER BY place LIMIT ?5";
const ADDED: &str =
    "SELECT place, added FROM collected WHERE place >= ?1 AND place < ?2 ORDER BY place LIMIT 1";

pub(super) fn entries(
    connection: &Connection,
    (root, id): (&str, &str),
    from: u64,
    filter: &CollectionFilter<'_>,
    limit: usize,
) -> Result<Numbered<CollectionEntry>, Fault> {
    let nothing = Numbered {
        items: Vec::new(),
        next: None,
    };
    let found: Option<(i64, i64)> = connection
        .prepare_cached("SELECT pk, last FROM collections WHERE root = ?1 AND id = ?2")?
        .query_row([root, id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((collection, last)) = found else {
        return Ok(nothing);
    };
    let until = place(collection, last.cast_unsigned().saturating_add(1));
    let (Some(mut from), Some(until)) = (place(collection, from), until) else {
        return Ok(nothing);
    };
    if let Some(added_after) = filter.filter.added_after {
        from = numbered::first_after(connection, ADDED, (from, until), added_after)?;
    }
    let only_last = Versions::Any {
        first: false,
        last: true,
        exact: Vec::new(),
    };
    let statements = Statements {
        all: if filter.versions == only_last {
            LAST
        } else {
            STATEMENTS.all
        },
        ..STATEMENTS
    };
    let sources = numbered::sources(connection, collection, &filter.filter, statements)?;
    let wanted = Wanted::new(connection, filter)?;
    let mut statement = connection.prepare_cached(ENTRY)?;
    numbered::page(&sources, (from, until), limit, |place| {
        let entry = statement.query_row([place], |row| match wanted.lets_through(row)? {
            true => entry(row, place).map(Some),
            false => Ok(None),
        });
        let bytes =
            |entry: &CollectionEntry| entry.id.len() + entry.version_text.len() + entry.media_type.len();
        Ok(entry?
            .map(|entry| (bytes(&entry), entry))
            .map(|(bytes, entry)| (entry, bytes)))
    })
}

const ENTRY: &str =
    "SELECT n.is_first, n.is_last, n.version, n.spec, e.id, n.version_text, s.name, m.name, n.added,
        n.digest_head, n.digest_tail
    FROM collected n JOIN entities e ON e.pk = n.subject JOIN labels s ON s.pk = n.spec
    JOIN labels m ON m.pk = n.media WHERE n.place = ?1";

fn entry(row: &Row<'_>, place: i64) -> rusqlite::Result<CollectionEntry> {
    Ok(CollectionEntry {
        number: at_place(place).1,
        version: row.get(2)?,
        id: row.get(4)?,
        version_text: row.get(5)?,
        spec_version: row.get(6)?,
        media_type: row.get(7)?,
        added: row.get(8)?,
        digest: join_digest(row.get(9)?, row.get(10)?),
    })
}

/// What a filter asks of an entry that its source does not already hold to.
struct Wanted<'a> {
    versions: &'a Versions,
    /// Keys of labels; `None` for all.
    specs: Option<BTreeSet<i64>>,
}

impl Wanted<'_> {
    fn new<'a>(connection: &Connection, filter: &'a CollectionFilter<'_>) -> Result<Wanted<'a>, Fault> {
        let specs = filter.spec_versions.iter().copied();
        Ok(Wanted {
            versions: &filter.versions,
            specs: (!filter.spec_versions.is_empty())
                .then(|| numbered::keys(connection, labels::KEY, specs))
                .transpose()?,
        })
    }

    fn lets_through(&self, row: &Row<'_>) -> rusqlite::Result<bool> {
        let is_version = match self.versions {
            Versions::All => true,
            Versions::Any { first, last, exact } => {
                (*first && row.get(0)?) || (*last && row.get(1)?) || exact.contains(&row.get(2)?)
            }
        };
        let spec: i64 = row.get(3)?;
        Ok(is_version && self.specs.as_ref().is_none_or(|specs| specs.contains(&spec)))
    }
}
