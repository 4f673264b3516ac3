//! Releases of a channel that stand, in the order of their entries.

use rusqlite::{Connection, OptionalExtension};

use super::channels;
use super::fault::Fault;
use super::logs::{at_place, place};
use super::numbered::{self, Statements};
use crate::channels::Standing;
use crate::collections::{Filter, Numbered};

const STATEMENTS: Statements = Statements {
    all: "SELECT place FROM live WHERE told = 1 AND place >= ?3 AND place < ?4 ORDER BY place LIMIT ?5",
    of_type: "SELECT place FROM live WHERE told = 1 AND type = ?2 AND place >= ?3 AND place < ?4
        ORDER BY place LIMIT ?5",
    of_id: "SELECT place FROM live WHERE subject = ?2 AND channel = ?1 AND told = 1
        AND place >= ?3 AND place < ?4 LIMIT ?5",
};
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
    let sources = numbered::sources(connection, channel, filter, STATEMENTS)?;
    let mut statement = connection.prepare_cached(
        "SELECT e.id, n.digest, n.opening, n.expires_at, n.added, n.at
         FROM entries n JOIN entities e ON e.pk = n.subject WHERE n.place = ?1",
    )?;
    numbered::page(&sources, (from, until), limit, |place| {
        let standing = statement.query_row([place], |row| {
            Ok(Standing {
                number: at_place(place).1,
                id: row.get(0)?,
                digest: row.get(1)?,
                opening: row.get(2)?,
                expires_at: row.get(3)?,
                added: row.get(4)?,
                at: row.get(5)?,
            })
        });
        let standing = standing
            .optional()?
            .ok_or_else(|| Fault::damage("a release stands that is in no log"))?;
        let bytes = standing.opening.len();
        Ok(Some((standing, bytes)))
    })
}
