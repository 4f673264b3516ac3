//! Answers about acts, asides and notes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Row, params};

use super::fault::Fault;
use super::read;
use crate::channels::{Act, Aside, Note};

pub(super) fn acts(connection: &Connection, after: u64, limit: usize) -> Result<Vec<Act>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT number, kind, subject, digest, text, at FROM acts WHERE number > ?1 ORDER BY number LIMIT ?2",
    )?;
    let items = read::page_items(limit);
    let rows = statement.query_map([read::sql_number(after), read::sql_limit(items + 1)], |row| {
        Ok(Act {
            number: row.get::<_, i64>(0)?.cast_unsigned(),
            kind: row.get(1)?,
            subject: row.get(2)?,
            digest: row.get(3)?,
            text: row.get(4)?,
            at: row.get(5)?,
        })
    })?;
    read::whole_page(rows, items, |act| act.text.len())
}

/// Where the acts end, as far as it is known: every request asks whether there are new ones, and there hardly ever are.
#[derive(Default)]
pub(super) struct ActsEnd(Mutex<End>);

#[derive(Default)]
struct End {
    /// Nothing was found behind this number.
    after: Option<u64>,
    /// How often acts were written meanwhile.
    written: u64,
}

/// That acts behind a number are looked for.
pub(super) struct Asked {
    after: u64,
    written: u64,
}

impl ActsEnd {
    /// Nothing, where it is known that there is nothing behind `after`.
    pub(super) fn asked(&self, after: u64) -> Option<Asked> {
        let end = self.end();
        let written = end.written;
        (end.after != Some(after)).then_some(Asked { after, written })
    }

    /// Nothing was found; acts that were written since it was asked are not seen in that.
    pub(super) fn found(&self, asked: Asked) {
        let mut end = self.end();
        if end.written == asked.written {
            end.after = Some(asked.after);
        }
    }

    /// Acts were written, or may have been.
    pub(super) fn forget(&self) {
        let mut end = self.end();
        end.written += 1;
        end.after = None;
    }

    // A panic elsewhere cannot leave it half changed.
    fn end(&self) -> MutexGuard<'_, End> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const ASIDE: &str = "SELECT a.number, a.kind, e.id, s.name, a.digest, a.text, a.reason, a.at, a.until
    FROM asides a JOIN entities e ON e.pk = a.subject JOIN sources s ON s.pk = a.source";

fn aside(row: &Row<'_>) -> rusqlite::Result<Aside> {
    Ok(Aside {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        kind: row.get(1)?,
        id: row.get(2)?,
        source: row.get(3)?,
        digest: row.get(4)?,
        text: row.get(5)?,
        reason: row.get(6)?,
        at: row.get(7)?,
        until: row.get(8)?,
    })
}

pub(super) fn asides(
    connection: &Connection,
    id: Option<&str>,
    after: u64,
    limit: usize,
) -> Result<Vec<Aside>, Fault> {
    let items = read::page_items(limit);
    let (after, rows) = (read::sql_number(after), read::sql_limit(items + 1));
    let bytes = |aside: &Aside| aside.text.len() + aside.reason.len();
    match id {
        None => {
            let sql = format!("{ASIDE} WHERE a.number > ?1 ORDER BY a.number LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            read::whole_page(statement.query_map([after, rows], aside)?, items, bytes)
        }
        Some(id) => {
            let sql = format!(
                "{ASIDE} WHERE a.subject = (SELECT pk FROM entities WHERE id = ?3) AND a.number > ?1
                 ORDER BY a.number LIMIT ?2"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            read::whole_page(
                statement.query_map(params![after, rows, id], aside)?,
                items,
                bytes,
            )
        }
    }
}

pub(super) fn asides_due(connection: &Connection, until: i64, limit: usize) -> Result<Vec<Aside>, Fault> {
    let items = read::page_items(limit);
    let sql =
        format!("{ASIDE} WHERE a.until <= ?1 AND a.until IS NOT NULL ORDER BY a.until, a.number LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([until, read::sql_limit(items + 1)], aside)?;
    read::whole_page(rows, items, |aside| aside.text.len() + aside.reason.len())
}

pub(super) fn notes(connection: &Connection, kind: &str, subject: &str) -> Result<Vec<Note>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT party, size, text, at FROM notes WHERE kind = ?1 AND subject = ?2 ORDER BY party",
    )?;
    let notes = statement.query_map([kind, subject], |row| {
        Ok(Note {
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            party: row.get(0)?,
            size: row.get(1)?,
            text: row.get(2)?,
            at: row.get(3)?,
        })
    })?;
    Ok(notes.collect::<rusqlite::Result<_>>()?)
}
