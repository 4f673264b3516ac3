//! Releases of a channel that stand, in the order of their entries.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use super::fault::Fault;
use super::logs::{at_place, place};
use super::numbered::{self, Statements};
use super::{channels, read};
use crate::channels::Standing;
use crate::collections::{Filter, Numbered};
use crate::limits;

const STATEMENTS: Statements = Statements {
    all: "SELECT place FROM live WHERE told = 1 AND place >= ?3 AND place < ?4 ORDER BY place LIMIT ?5",
    of_type: "SELECT place FROM live WHERE told = 1 AND type = ?2 AND place >= ?3 AND place < ?4
        ORDER BY place LIMIT ?5",
    of_id: "SELECT place FROM live WHERE subject = ?2 AND channel = ?1 AND told = 1
        AND place >= ?3 AND place < ?4 LIMIT ?5",
};
const ONE: &str = "SELECT n.place, e.id, n.digest, n.opening, n.expires_at, n.added, n.at
    FROM entries n JOIN entities e ON e.pk = n.subject WHERE n.place = ?1";
/// As one by one, in one go: whole logs are read like this.
const ALL: &str = "SELECT l.place, e.id, n.digest, n.opening, n.expires_at, n.added, n.at
    FROM live l LEFT JOIN entries n ON n.place = l.place LEFT JOIN entities e ON e.pk = n.subject
    WHERE l.told = 1 AND l.place >= ?1 AND l.place < ?2 ORDER BY l.place LIMIT ?3";
const ADDED: &str =
    "SELECT place, added FROM entries WHERE place >= ?1 AND place < ?2 ORDER BY place LIMIT 1";

pub(super) fn released(
    connection: &Connection,
    origin: &str,
    (from, until): (u64, u64),
    filter: &Filter<'_>,
    limit: usize,
) -> Result<Numbered<Standing>, Fault> {
    let nothing = Numbered {
        items: Vec::new(),
        next: None,
    };
    let Some((channel, size)) = channels::key_and_size(connection, origin)? else {
        return Ok(nothing);
    };
    let (Some(mut from), Some(until)) = (place(channel, from), place(channel, until.min(size))) else {
        return Ok(nothing);
    };
    if let Some(added_after) = filter.added_after {
        from = numbered::first_after(connection, ADDED, (from, until), added_after)?;
    }
    if filter.ids.is_empty() && filter.types.is_empty() {
        return all(connection, (from, until), limit);
    }
    let sources = numbered::sources(connection, channel, filter, STATEMENTS)?;
    let mut statement = connection.prepare_cached(ONE)?;
    numbered::page(&sources, (from, until), limit, |place| {
        let standing = statement.query_row([place], standing).optional()?;
        let standing = standing.ok_or_else(in_no_log)?;
        let bytes = standing.opening.len();
        Ok(Some((standing, bytes)))
    })
}

fn all(
    connection: &Connection,
    (from, until): (i64, i64),
    limit: usize,
) -> Result<Numbered<Standing>, Fault> {
    let limit = read::page_items(limit);
    let mut statement = connection.prepare_cached(ALL)?;
    let mut rows = statement.query([from, until, read::sql_limit(limit + 1)])?;
    let (mut items, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if row.get_ref(1)? == ValueRef::Null {
            return Err(in_no_log());
        }
        let standing = standing(row)?;
        bytes += standing.opening.len();
        let is_full = items.len() == limit || bytes > limits::PAGE_BYTES_MAX;
        if is_full && !items.is_empty() {
            let next = Some(standing.number);
            return Ok(Numbered { items, next });
        }
        items.push(standing);
    }
    Ok(Numbered { items, next: None })
}

fn standing(row: &Row<'_>) -> rusqlite::Result<Standing> {
    Ok(Standing {
        number: at_place(row.get(0)?).1,
        id: row.get(1)?,
        digest: row.get(2)?,
        opening: row.get(3)?,
        expires_at: row.get(4)?,
        added: row.get(5)?,
        at: row.get(6)?,
    })
}

fn in_no_log() -> Fault {
    Fault::damage("a release stands that is in no log")
}
