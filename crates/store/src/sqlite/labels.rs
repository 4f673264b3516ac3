//! Names that many rows share, kept once: types of ids, STIX versions, media types.

use rusqlite::Connection;

use super::fault::Fault;
use super::read;

/// The key of a label.
pub(super) const KEY: &str = "SELECT pk FROM labels WHERE name = ?1";

/// The key of a label, made where it is not known.
pub(super) fn key(connection: &Connection, name: &str) -> Result<i64, Fault> {
    if let Some(known) = read::key(connection, KEY, name)? {
        return Ok(known);
    }
    connection
        .prepare_cached("INSERT INTO labels (name) VALUES (?1)")?
        .execute([name])?;
    Ok(connection.last_insert_rowid())
}
