//! Documents: written when there is what is expected, told while their time has not come.
//!
//! Begin at [`put`].

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::fault::Fault;
use super::read;
use crate::documents::{Document, Expected, NewDocument, Put};
use crate::{Error, limits};

/// Refuses what is over a bound.
pub(super) fn require_fit(document: &NewDocument<'_>) -> Result<(), Error> {
    for name in [document.kind, document.key] {
        super::limit("the name of a document", name.len(), limits::NAME_BYTES_MAX)?;
    }
    super::limit(
        "a document, in bytes,",
        weight(document),
        limits::DOCUMENT_BYTES_MAX,
    )
}

/// How many bytes it writes.
pub(super) fn weight(document: &NewDocument<'_>) -> usize {
    document.value.map_or(0, <[u8]>::len)
}

/// Writes or removes a document if there is what it expects.
pub(super) fn put(connection: &Connection, document: &NewDocument<'_>, at: i64) -> Result<Put, Fault> {
    if document.expected != Expected::Any {
        let found = get(connection, document.kind, document.key, at)?;
        let value = found.as_ref().map(|found| found.value.as_slice());
        let is_expected = match document.expected {
            Expected::Any => true,
            Expected::Absent => value.is_none(),
            Expected::Value(expected) => value == Some(expected),
        };
        if !is_expected {
            return Ok(Put::Found(found));
        }
    }
    write(connection, document, at)?;
    Ok(Put::Done)
}

/// Writes documents that must all find what they expect.
pub(super) fn put_all(connection: &Connection, documents: &[NewDocument<'_>], at: i64) -> Result<(), Fault> {
    for document in documents {
        if let Put::Found(_) = put(connection, document, at)? {
            return Err(Error::Taken {
                kind: document.kind.to_owned(),
                key: document.key.to_owned(),
            }
            .into());
        }
    }
    Ok(())
}

fn write(connection: &Connection, document: &NewDocument<'_>, at: i64) -> Result<(), Fault> {
    let Some(value) = document.value else {
        connection
            .prepare_cached("DELETE FROM documents WHERE kind = ?1 AND key = ?2")?
            .execute([document.kind, document.key])?;
        return Ok(());
    };
    connection
        .prepare_cached(
            "INSERT INTO documents (kind, key, value, at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (kind, key) DO UPDATE SET value = ?3, at = ?4, expires_at = ?5",
        )?
        .execute(params![
            document.kind,
            document.key,
            value,
            at,
            document.expires_at
        ])?;
    Ok(())
}

const LASTING: &str = "SELECT kind, key, value, at, expires_at FROM documents
    WHERE (expires_at IS NULL OR expires_at > ?2) AND kind = ?1";

fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        kind: row.get(0)?,
        key: row.get(1)?,
        value: row.get(2)?,
        at: row.get(3)?,
        expires_at: row.get(4)?,
    })
}

pub(super) fn get(
    connection: &Connection,
    kind: &str,
    key: &str,
    at: i64,
) -> Result<Option<Document>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{LASTING} AND key = ?3"))?;
    Ok(statement.query_row(params![kind, at, key], document).optional()?)
}

pub(super) fn page(
    connection: &Connection,
    kind: &str,
    after: Option<&str>,
    at: i64,
    limit: usize,
) -> Result<Vec<Document>, Fault> {
    // No key is before the empty one, which is a key like others.
    let from = if after.is_some() { "key > ?3" } else { "key >= ?3" };
    let mut statement = connection.prepare_cached(&format!("{LASTING} AND {from} ORDER BY key LIMIT ?4"))?;
    let items = read::page_items(limit);
    let rows = params![kind, at, after.unwrap_or_default(), read::sql_limit(items + 1)];
    read::whole_page(statement.query_map(rows, document)?, items, |document| {
        document.value.len()
    })
}

/// Removes documents that are past their time.
pub(super) fn sweep(connection: &Connection, at: i64, limit: usize) -> Result<u64, Fault> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM documents WHERE pk IN (SELECT pk FROM documents
                 WHERE expires_at IS NOT NULL AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute([at, read::sql_limit(read::page_items(limit))])?;
    Ok(removed as u64)
}
