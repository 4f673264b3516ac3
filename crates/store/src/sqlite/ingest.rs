//! One batch into history and indexes, inside a transaction that the writer opened.
//!
//! Begin at [`ingest`]; `entities` finds what the batch names, `indexes` writes what can be found.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};

use super::entities::{self, Entities, Entity, Moved, next_key, split_digest, write_entities};
use super::fault::Fault;
use super::indexes::{IndexChange, Prepared};
use super::{indexes, schema};
use crate::records::{self, Incoming, Outcome};
use crate::{Error, limits};

/// Refuses a batch that is over a bound or cannot be stored, before anything is written.
pub(super) fn require_fit(source: &str, batch: &[Incoming<'_>]) -> Result<(), Error> {
    super::limit("the batch", batch.len(), limits::BATCH_OBJECTS_MAX)?;
    super::limit("the batch, in bytes,", weight(batch), limits::BATCH_BYTES_MAX)?;
    super::limit("the name of the source", source.len(), limits::NAME_BYTES_MAX)?;
    batch.iter().try_for_each(|object| {
        records::require_fit(object.id, object.type_name, object.created_by, &object.edges)?;
        require_text(object)
    })
}

/// About how many bytes a batch writes.
pub(super) fn weight(batch: &[Incoming<'_>]) -> usize {
    batch
        .iter()
        .map(|object| object.text.len() + object.words.len() + object.name.len())
        .sum()
}

/// Stores a batch. Errors leave it half done: the caller undoes it.
pub(super) fn ingest(
    connection: &Connection,
    source: &str,
    at: i64,
    batch: &[Incoming<'_>],
) -> Result<Vec<Outcome>, Fault> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let source = source_key(connection, source, at)?;
    let mut entities = Entities::find(connection, batch)?;
    let packed = indexes::pack(connection, batch, &entities)?;
    let outcomes = History {
        connection,
        source,
        at,
    }
    .write(batch, &packed, &mut entities)?;
    let moved = entities.moved();
    write_entities(connection, &entities)?;
    let mut change = IndexChange::between(connection, &packed, &moved)?;
    change.write(connection)?;
    indexes::write_words(connection, batch, &moved)?;
    note_change(connection, batch, &packed, &moved, &change, &outcomes)?;
    Ok(outcomes)
}

/// The key of a source, made where it is not known.
pub(super) fn source_key(connection: &Connection, name: &str, at: i64) -> Result<i64, Fault> {
    let known = connection
        .prepare_cached("SELECT pk FROM sources WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if let Some(pk) = known {
        return Ok(pk);
    }
    connection
        .prepare_cached("INSERT INTO sources (name, first_at) VALUES (?1, ?2)")?
        .execute(params![name, at])?;
    Ok(connection.last_insert_rowid())
}

/// Writes objects and holdings, in the order of the batch.
struct History<'a> {
    connection: &'a Connection,
    source: i64,
    at: i64,
}

impl History<'_> {
    fn write(
        &self,
        batch: &[Incoming<'_>],
        prepared: &[Prepared],
        entities: &mut Entities<'_>,
    ) -> Result<Vec<Outcome>, Fault> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO objects (pk, entity, version, digest_head, digest_tail, at, revoked, creator, name, derived, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        let mut hold = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO holdings (object, source, at) VALUES (?1, ?2, ?3)")?;
        let mut take_turn = self.connection.prepare_cached(entities::TAKE_TURN)?;
        let mut next_pk = next_key(self.connection, entities::LAST_NUMBER)?;
        let mut derived = Vec::new();
        let mut outcomes = Vec::with_capacity(batch.len());
        for (place, (object, prepared)) in batch.iter().zip(prepared).enumerate() {
            let own = entities.own(place);
            let Some(entity) = entities.all.get_mut(own) else {
                continue;
            };
            if let Some(known) = self.known(object, entity)? {
                let is_new_here = hold.execute([known, self.source, self.at])? > 0;
                if is_new_here && entity.head.is_some_and(|head| head.object == known) {
                    take_turn.execute([next_pk, entity.pk])?;
                    next_pk += 1;
                }
                outcomes.push(if is_new_here {
                    Outcome::KnownElsewhere
                } else {
                    Outcome::KnownHere
                });
                continue;
            }
            prepared.packed.write(&mut derived);
            let (digest_head, digest_tail) = split_digest(&object.digest);
            insert.execute(params![
                next_pk,
                entity.pk,
                object.version,
                digest_head,
                digest_tail,
                self.at,
                object.revoked,
                prepared.creator,
                object.name,
                derived,
                // Checked to be UTF-8 in `require_fit`.
                ToSqlOutput::Borrowed(ValueRef::Text(object.text)),
            ])?;
            hold.execute([next_pk, self.source, self.at])?;
            outcomes.push(entity.admit(place, object, next_pk));
            next_pk += 1;
        }
        Ok(outcomes)
    }

    /// The stored version that `object` is, if it is one.
    fn known(&self, object: &Incoming<'_>, entity: &Entity<'_>) -> Result<Option<i64>, Fault> {
        let Some(head) = entity.head else { return Ok(None) };
        if object.derived || head.is_same(object) {
            return Ok(Some(head.object));
        }
        let (digest_head, digest_tail) = split_digest(&object.digest);
        let found = self
            .connection
            .prepare_cached(
                "SELECT pk FROM objects WHERE entity = ?1 AND version = ?2 AND digest_head = ?3 AND digest_tail = ?4",
            )?
            .query_row(params![entity.pk, object.version, digest_head, digest_tail], |row| row.get(0))
            .optional()?;
        Ok(found)
    }
}

fn note_change(
    connection: &Connection,
    batch: &[Incoming<'_>],
    prepared: &[Prepared],
    moved: &[Moved],
    change: &IndexChange<'_>,
    outcomes: &[Outcome],
) -> Result<(), Fault> {
    if outcomes.iter().all(|outcome| *outcome == Outcome::KnownHere) {
        return Ok(());
    }
    schema::count_on(connection, schema::CHANGE)?;
    if indexes::moves_generation(connection, batch, prepared, moved, change)? {
        schema::count_on(connection, schema::GENERATION)?;
    }
    Ok(())
}

/// Sets or removes one of the node's own values.
pub(super) fn set_meta(connection: &Connection, name: &str, value: Option<&str>) -> Result<(), Fault> {
    match value {
        Some(value) => connection
            .prepare_cached(
                "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            )?
            .execute([name, value])?,
        None => connection
            .prepare_cached("DELETE FROM meta WHERE name = ?1")?
            .execute([name])?,
    };
    Ok(())
}

fn require_text(object: &Incoming<'_>) -> Result<(), Error> {
    if std::str::from_utf8(object.text).is_err() {
        let cause = "its text is not UTF-8".to_owned();
        return Err(Error::Unfit {
            subject: object.id.to_owned(),
            cause,
        });
    }
    Ok(())
}
