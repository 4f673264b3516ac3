//! Answers about channels, from one committed state: entries, releases that stand, contents.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::entities::split_digest;
use super::fault::Fault;
use super::logs::{at_place, place};
use super::read;
use crate::change::EntryKind;
use crate::channels::{Channel, LiveRelease, LogEntry};
use crate::{Error, limits};

const CHANNEL: &str =
    "SELECT origin, agreement, owner, audience, size, frontier, head, closed, disturbed FROM channels";

fn channel_of(row: &Row<'_>) -> rusqlite::Result<Channel> {
    let audience: String = row.get(3)?;
    Ok(Channel {
        origin: row.get(0)?,
        agreement: row.get(1)?,
        owner: row.get(2)?,
        audience: audience.lines().map(str::to_owned).collect(),
        size: row.get::<_, i64>(4)?.cast_unsigned(),
        frontier: row.get(5)?,
        head: row.get(6)?,
        closed: row.get(7)?,
        disturbed: row.get::<_, i64>(8)?.cast_unsigned(),
    })
}

pub(super) fn channels(connection: &Connection) -> Result<Vec<Channel>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{CHANNEL} ORDER BY origin"))?;
    let channels = statement.query_map((), channel_of)?;
    Ok(channels.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn channel(connection: &Connection, origin: &str) -> Result<Option<Channel>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{CHANNEL} WHERE origin = ?1"))?;
    Ok(statement.query_row([origin], channel_of).optional()?)
}

fn key(connection: &Connection, origin: &str) -> Result<Option<i64>, Fault> {
    read::key(connection, "SELECT pk FROM channels WHERE origin = ?1", origin)
}

/// The key of a channel, and how many entries it has.
pub(super) fn key_and_size(connection: &Connection, origin: &str) -> Result<Option<(i64, u64)>, Fault> {
    let found = connection
        .prepare_cached("SELECT pk, size FROM channels WHERE origin = ?1")?
        .query_row([origin], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        });
    Ok(found.optional()?)
}

pub(super) fn entries(
    connection: &Connection,
    origin: &str,
    from: u64,
    limit: usize,
) -> Result<Vec<LogEntry>, Fault> {
    let Some(channel) = key(connection, origin)? else {
        return Ok(Vec::new());
    };
    let (Some(first), Some(end)) = (place(channel, from), place(channel + 1, 0)) else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(
        "SELECT n.place, n.kind, e.id, n.digest, n.opening, n.salt, n.leaf, n.at, n.expires_at, n.erased, n.added
         FROM entries n LEFT JOIN entities e ON e.pk = n.subject
         WHERE n.place >= ?1 AND n.place < ?2 ORDER BY n.place LIMIT ?3",
    )?;
    let items = read::page_items(limit);
    let rows = statement.query_map(params![first, end, read::sql_limit(items + 1)], entry)?;
    read::whole_page(rows, items, |entry| entry.opening.len())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<LogEntry> {
    let kind = row.get(1)?;
    Ok(LogEntry {
        number: at_place(row.get(0)?).1,
        kind: EntryKind::from_number(kind)
            .ok_or(rusqlite::Error::IntegralValueOutOfRange(1, i64::from(kind)))?,
        subject: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
        digest: row.get(3)?,
        opening: row.get(4)?,
        salt: row.get(5)?,
        leaf: row.get(6)?,
        at: row.get(7)?,
        expires_at: row.get(8)?,
        erased: row.get(9)?,
        added: row.get(10)?,
    })
}

pub(super) fn live(
    connection: &Connection,
    origin: &str,
    ids: &[&str],
) -> Result<Vec<Option<LiveRelease>>, Fault> {
    let Some(channel) = key(connection, origin)? else {
        return Ok(vec![None; ids.len()]);
    };
    let mut statement = connection.prepare_cached(
        "SELECT l.place, l.digest FROM entities e JOIN live l ON l.subject = e.pk AND l.channel = ?2
         WHERE e.id = ?1",
    )?;
    let live = ids.iter().map(|id| {
        let release = statement.query_row(params![id, channel], |row| {
            Ok((at_place(row.get(0)?).1, row.get(1)?))
        });
        Ok(release.optional()?)
    });
    live.collect()
}

pub(super) fn released_in(connection: &Connection, id: &str) -> Result<Vec<(String, u64)>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT c.origin, l.place FROM live l JOIN channels c ON c.pk = l.channel
         WHERE l.subject = (SELECT pk FROM entities WHERE id = ?1) ORDER BY c.origin",
    )?;
    let releases = statement.query_map([id], |row| Ok((row.get(0)?, at_place(row.get(1)?).1)))?;
    Ok(releases.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn entries_about(
    connection: &Connection,
    id: &str,
    after: Option<(&str, u64)>,
    limit: usize,
) -> Result<Vec<(String, u64)>, Fault> {
    let after = match after {
        None => -1,
        Some((origin, number)) => key(connection, origin)?
            .and_then(|channel| place(channel, number))
            .ok_or_else(|| Error::BadCursor {
                cursor: format!("{origin} {number}"),
            })?,
    };
    let mut statement = connection.prepare_cached(
        "SELECT place FROM entries WHERE subject = (SELECT pk FROM entities WHERE id = ?1) AND place > ?2
         ORDER BY place LIMIT ?3",
    )?;
    let items = read::sql_limit(read::page_items(limit));
    let places = statement.query_map(params![id, after, items], |row| row.get(0))?;
    let places: Vec<i64> = places.collect::<rusqlite::Result<_>>()?;
    let named = places.into_iter().map(|place| named(connection, place));
    named.collect()
}

/// The origin and the number of an entry's place.
fn named(connection: &Connection, place: i64) -> Result<(String, u64), Fault> {
    let (channel, number) = at_place(place);
    let origin = connection
        .prepare_cached("SELECT origin FROM channels WHERE pk = ?1")?
        .query_row([channel], |row| row.get(0))
        .optional()?;
    let origin = origin.ok_or_else(|| Fault::damage("an entry belongs to no channel"))?;
    Ok((origin, number))
}

pub(super) fn expiring(
    connection: &Connection,
    until: i64,
    limit: usize,
) -> Result<Vec<(String, u64, String)>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT n.place, e.id FROM entries n LEFT JOIN entities e ON e.pk = n.subject
         WHERE n.expires_at <= ?1 AND n.expires_at IS NOT NULL AND n.erased = 0
         ORDER BY n.expires_at, n.place LIMIT ?2",
    )?;
    let mut rows = statement.query(params![until, read::sql_limit(read::page_items(limit))])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        let (origin, number) = named(connection, row.get(0)?)?;
        due.push((
            origin,
            number,
            row.get::<_, Option<String>>(1)?.unwrap_or_default(),
        ));
    }
    Ok(due)
}

pub(super) fn tile(
    connection: &Connection,
    origin: &str,
    level: u8,
    index: u64,
) -> Result<Option<Vec<u8>>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT t.bytes FROM channels c JOIN tiles t ON t.channel = c.pk AND t.level = ?2 AND t.position = ?3
         WHERE c.origin = ?1",
    )?;
    let Ok(index) = i64::try_from(index) else {
        return Ok(None);
    };
    Ok(statement
        .query_row(params![origin, level, index], |row| row.get(0))
        .optional()?)
}

pub(super) fn content(connection: &Connection, digests: &[[u8; 32]]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT text FROM contents WHERE digest = ?1 UNION ALL
         SELECT text FROM objects WHERE digest_head = ?2 AND digest_tail = ?3 LIMIT 1",
    )?;
    let text = |row: &Row<'_>| Ok(row.get_ref(0)?.as_bytes()?.to_vec());
    let mut contents = Vec::with_capacity(digests.len());
    let mut bytes = 0;
    for digest in digests {
        let (head, tail) = split_digest(digest);
        let found = statement
            .query_row(params![digest, head, tail], text)
            .optional()?;
        bytes += found.as_ref().map_or(0, Vec::len);
        super::limit("the answer, in bytes,", bytes, limits::CONTENT_BYTES_MAX)?;
        contents.push(found);
    }
    Ok(contents)
}

pub(super) fn owners(connection: &Connection, ids: &[&str]) -> Result<Vec<Option<String>>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT p.id FROM entities e JOIN owners o ON o.subject = e.pk JOIN entities p ON p.pk = o.party
         WHERE e.id = ?1",
    )?;
    let owners = ids
        .iter()
        .map(|id| Ok(statement.query_row([id], |row| row.get(0)).optional()?));
    owners.collect()
}
