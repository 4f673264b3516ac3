//! Names that many rows share, kept once: STIX versions and media types as labels, types of ids apart from them, since
//! those can be derived again.

use rusqlite::Connection;

use super::fault::Fault;
use super::read;
use crate::records::type_of;

/// The key of a label.
pub(super) const KEY: &str = "SELECT pk FROM labels WHERE name = ?1";
/// The key of a type.
pub(super) const TYPE_KEY: &str = "SELECT pk FROM types WHERE name = ?1";

/// The key of a label, made where it is not known.
pub(super) fn key(connection: &Connection, name: &str) -> Result<i64, Fault> {
    made(connection, [KEY, "INSERT INTO labels (name) VALUES (?1)"], name)
}

/// The key of the type in an id, made where it is not known.
pub(super) fn type_key(connection: &Connection, id: &str) -> Result<i64, Fault> {
    made(
        connection,
        [TYPE_KEY, "INSERT INTO types (name) VALUES (?1)"],
        type_of(id),
    )
}

fn made(connection: &Connection, [known, make]: [&str; 2], name: &str) -> Result<i64, Fault> {
    if let Some(known) = read::key(connection, known, name)? {
        return Ok(known);
    }
    connection.prepare_cached(make)?.execute([name])?;
    Ok(connection.last_insert_rowid())
}
