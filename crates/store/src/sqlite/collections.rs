//! Collections and their entries: making, adding, discarding.
//!
//! Begin at [`write`]. Answers are in `collected`. Which entry is the first and which the last of its id, by (version, digest), is
//! kept with it, so that a page of last versions needs no search.

use rusqlite::{Connection, OptionalExtension, params};

use super::entities::{self, split_digest};
use super::fault::Fault;
use super::labels;
use super::logs::{at_place, place};
use crate::change::{Applied, Change};
use crate::collections::{Collect, Collected, Discard, NewCollection, NewCollectionEntry};
use crate::{Error, limits};

/// Refuses what is over a bound or cannot be stored.
pub(super) fn require_fit(change: &Change<'_>) -> Result<(), Error> {
    for collection in &change.collections {
        let description = collection.description.map_or(0, str::len);
        super::limit(
            "the description of a collection, in bytes,",
            description,
            limits::DESCRIPTION_BYTES_MAX,
        )?;
        super::limit(
            "the media types of a collection",
            collection.media_types.len(),
            limits::MEDIA_TYPES_MAX,
        )?;
        if collection.media_types.iter().any(|name| name.contains('\n')) {
            return Err(unfit(collection.id, "a media type has several lines"));
        }
    }
    let entries = change.collected.iter().map(|added| added.entries.len()).sum();
    super::limit("the entries of collections", entries, limits::CHANGE_ITEMS_MAX)
}

/// Every name in a change that is about collections.
pub(super) fn names<'a>(change: &'a Change<'a>) -> impl Iterator<Item = &'a str> {
    let collections = change.collections.iter().flat_map(|made| {
        let names = [
            Some(made.root),
            Some(made.id),
            Some(made.title),
            made.alias,
            made.owner,
        ];
        names
            .into_iter()
            .flatten()
            .chain(made.media_types.iter().copied())
    });
    let discarded = change
        .discarded
        .iter()
        .flat_map(|gone| [gone.root, gone.collection, gone.id]);
    let collected = change.collected.iter().flat_map(|added| {
        let entries = added
            .entries
            .iter()
            .flat_map(|entry| [entry.id, entry.version_text, entry.spec_version, entry.media_type]);
        [added.root, added.collection].into_iter().chain(entries)
    });
    collections.chain(discarded).chain(collected)
}

/// About how many bytes are written of collections.
pub(super) fn weight(change: &Change<'_>) -> usize {
    let descriptions = change.collections.iter().filter_map(|made| made.description);
    let entries = change.collected.iter().flat_map(|added| &added.entries);
    let entries = entries.map(|entry| 128 + entry.id.len() + entry.version_text.len());
    descriptions.map(str::len).chain(entries).sum()
}

fn unfit(subject: &str, cause: &str) -> Error {
    Error::Unfit {
        subject: subject.to_owned(),
        cause: cause.to_owned(),
    }
}

/// Makes collections, lets entries go, and adds entries.
pub(super) fn write(
    connection: &Connection,
    change: &Change<'_>,
    applied: &mut Applied,
) -> Result<(), Fault> {
    for collection in &change.collections {
        make(connection, collection, change.at)?;
    }
    for gone in &change.discarded {
        applied.discarded += discard(connection, gone)?;
    }
    for added in &change.collected {
        applied.collected.push(collect(connection, added, change.at)?);
    }
    Ok(())
}

fn make(connection: &Connection, made: &NewCollection<'_>, at: i64) -> Result<(), Fault> {
    let key: i64 = connection
        .prepare_cached(
            "INSERT INTO collections (root, id, title, description, alias, media_types, can_read, can_write, owner,
                 size, last, last_added, disturbed, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, ?10, 0, ?11)
             ON CONFLICT (root, id) DO UPDATE SET title = ?3, description = ?4, alias = ?5, media_types = ?6,
                 can_read = ?7, can_write = ?8, owner = ?9
             RETURNING pk",
        )?
        .query_row(
            params![
                made.root,
                made.id,
                made.title,
                made.description,
                made.alias,
                made.media_types.join("\n"),
                made.can_read,
                made.can_write,
                made.owner,
                i64::MIN,
                at
            ],
            |row| row.get(0),
        )?;
    let key = key.cast_unsigned();
    if key > limits::COLLECTIONS_MAX {
        return Err(Error::TooMuch {
            what: "the store, in collections,",
            found: key,
            limit: limits::COLLECTIONS_MAX,
        }
        .into());
    }
    Ok(())
}

/// A collection that entries come to or go from.
struct Open {
    key: i64,
    size: i64,
    last: u64,
    last_added: i64,
    disturbed: i64,
}

fn open(connection: &Connection, root: &str, id: &str) -> Result<Option<Open>, Fault> {
    let found = connection
        .prepare_cached(
            "SELECT pk, size, last, last_added, disturbed FROM collections WHERE root = ?1 AND id = ?2",
        )?
        .query_row([root, id], |row| {
            Ok(Open {
                key: row.get(0)?,
                size: row.get(1)?,
                last: row.get::<_, i64>(2)?.cast_unsigned(),
                last_added: row.get(3)?,
                disturbed: row.get(4)?,
            })
        });
    Ok(found.optional()?)
}

impl Open {
    fn save(&self, connection: &Connection) -> Result<(), Fault> {
        connection
            .prepare_cached(
                "UPDATE collections SET size = ?2, last = ?3, last_added = ?4, disturbed = ?5 WHERE pk = ?1",
            )?
            .execute([
                self.key,
                self.size,
                self.last.cast_signed(),
                self.last_added,
                self.disturbed,
            ])?;
        Ok(())
    }

    /// When the next entry is added.
    fn time(&self, entry: &NewCollectionEntry<'_>, at: i64) -> Result<i64, Fault> {
        match entry.added {
            None => Ok(at.max(self.last_added.saturating_add(1))),
            Some(added) if added >= self.last_added => Ok(added),
            Some(_) => Err(unfit(entry.id, "it was added before the last one of its collection").into()),
        }
    }
}

fn collect(connection: &Connection, added: &Collect<'_>, at: i64) -> Result<Vec<Collected>, Fault> {
    let mut open = open(connection, added.root, added.collection)?
        .ok_or_else(|| unfit(added.collection, "there is no such collection"))?;
    let before = open.last;
    let mut collected = Vec::with_capacity(added.entries.len());
    for entry in &added.entries {
        collected.push(add(connection, &mut open, entry, at)?);
    }
    if open.last > before {
        open.save(connection)?;
    }
    Ok(collected)
}

fn add(
    connection: &Connection,
    open: &mut Open,
    entry: &NewCollectionEntry<'_>,
    at: i64,
) -> Result<Collected, Fault> {
    let subject = entities::key(connection, entry.id)?;
    if let Some(known) = known(connection, open.key, subject, entry)? {
        return Ok(known);
    }
    let number = open.last + 1;
    let place = place(open.key, number).ok_or(Error::TooMuch {
        what: "the collection",
        found: number,
        limit: limits::CHANNEL_ENTRIES_MAX,
    })?;
    let added = open.time(entry, at)?;
    let (is_first, is_last) = take_ends(connection, open, subject, entry)?;
    let (digest_head, digest_tail) = split_digest(&entry.digest);
    connection
        .prepare_cached(
            "INSERT INTO collected (place, collection, subject, type, version, version_text, spec, media, added,
                 digest_head, digest_tail, is_first, is_last)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            place,
            open.key,
            subject,
            labels::type_key(connection, entry.id)?,
            entry.version,
            entry.version_text,
            labels::key(connection, entry.spec_version)?,
            labels::key(connection, entry.media_type)?,
            added,
            digest_head,
            digest_tail,
            is_first,
            is_last
        ])?;
    (open.last, open.last_added) = (number, added);
    open.size += 1;
    Ok(Collected {
        number,
        added,
        is_new: true,
    })
}

fn known(
    connection: &Connection,
    collection: i64,
    subject: i64,
    entry: &NewCollectionEntry<'_>,
) -> Result<Option<Collected>, Fault> {
    let (digest_head, digest_tail) = split_digest(&entry.digest);
    let known = connection
        .prepare_cached(
            "SELECT place, added FROM collected WHERE subject = ?1 AND collection = ?2 AND version = ?3
             AND digest_head = ?4 AND digest_tail = ?5",
        )?
        .query_row(
            params![subject, collection, entry.version, digest_head, digest_tail],
            |row| {
                Ok(Collected {
                    number: at_place(row.get(0)?).1,
                    added: row.get(1)?,
                    is_new: false,
                })
            },
        );
    Ok(known.optional()?)
}

const FIRST: &str = "SELECT place, version, digest_head FROM collected WHERE subject = ?1 AND collection = ?2
    ORDER BY version, digest_head, place LIMIT 1";
const LAST: &str = "SELECT place, version, digest_head FROM collected WHERE subject = ?1 AND collection = ?2
    ORDER BY version DESC, digest_head DESC, place DESC LIMIT 1";

/// An entry at one end of the versions of its id.
struct End {
    place: i64,
    /// Its version and its digest.
    order: (i64, i64),
}

fn end(connection: &Connection, statement: &str, keys: [i64; 2]) -> Result<Option<End>, Fault> {
    let found = connection.prepare_cached(statement)?.query_row(keys, |row| {
        Ok(End {
            place: row.get(0)?,
            order: (row.get(1)?, row.get(2)?),
        })
    });
    Ok(found.optional()?)
}

/// Whether a new entry is the first and whether it is the last of its id; those that were are so no longer.
fn take_ends(
    connection: &Connection,
    open: &mut Open,
    subject: i64,
    entry: &NewCollectionEntry<'_>,
) -> Result<(bool, bool), Fault> {
    let keys = [subject, open.key];
    let order = (entry.version, split_digest(&entry.digest).0);
    let Some(last) = end(connection, LAST, keys)? else {
        return Ok((true, true));
    };
    if order >= last.order {
        open.disturbed += 1;
        connection
            .prepare_cached("UPDATE collected SET is_last = 0 WHERE place = ?1")?
            .execute([last.place])?;
        return Ok((false, true));
    }
    let first = end(connection, FIRST, keys)?;
    let Some(first) = first.filter(|first| order < first.order) else {
        return Ok((false, false));
    };
    open.disturbed += 1;
    connection
        .prepare_cached("UPDATE collected SET is_first = 0 WHERE place = ?1")?
        .execute([first.place])?;
    Ok((true, false))
}

fn discard(connection: &Connection, gone: &Discard<'_>) -> Result<u64, Fault> {
    let subject = super::read::key(connection, entities::KEY, gone.id)?;
    let (Some(mut open), Some(subject)) = (open(connection, gone.root, gone.collection)?, subject) else {
        return Ok(0);
    };
    let removed = match gone.version {
        None => connection
            .prepare_cached("DELETE FROM collected WHERE subject = ?1 AND collection = ?2")?
            .execute([subject, open.key])?,
        Some(version) => connection
            .prepare_cached("DELETE FROM collected WHERE subject = ?1 AND collection = ?2 AND version = ?3")?
            .execute([subject, open.key, version])?,
    };
    if removed == 0 {
        return Ok(0);
    }
    for (statement, mark) in [
        (FIRST, "UPDATE collected SET is_first = 1 WHERE place = ?1"),
        (LAST, "UPDATE collected SET is_last = 1 WHERE place = ?1"),
    ] {
        if let Some(end) = end(connection, statement, [subject, open.key])? {
            connection.prepare_cached(mark)?.execute([end.place])?;
        }
    }
    open.size -= i64::try_from(removed).unwrap_or(0);
    open.disturbed += 1;
    open.save(connection)?;
    Ok(removed as u64)
}
