//! What can be found: observables, references and words of current versions.
//!
//! Rows are written in the order of their tree, so that keys which arrive at random still touch each page once a
//! batch. Begin at [`pack`] and [`IndexChange`].

use rusqlite::{Connection, OptionalExtension, params};

use super::entities::{Entities, Moved};
use super::fault::Fault;
use super::packed::Packed;
use crate::limits;
use crate::records::Incoming;

/// What the indexes will hold about each object of the batch, and its creator's key.
pub(super) struct Prepared {
    pub(super) packed: Packed,
    pub(super) creator: Option<i64>,
}

pub(super) fn pack(
    connection: &Connection,
    batch: &[Incoming<'_>],
    entities: &Entities<'_>,
) -> Result<Vec<Prepared>, Fault> {
    let mut properties = Properties::new(connection);
    let mut prepared = Vec::with_capacity(batch.len());
    for (object, begin) in batch.iter().zip(&entities.begins) {
        let creator = object.created_by.map(|_| entities.key_of_mention(begin + 1));
        let first_target = begin + 1 + usize::from(creator.is_some());
        let mut edges = Vec::with_capacity(object.edges.len());
        for (place, (property, _)) in object.edges.iter().enumerate() {
            edges.push((
                properties.key(property)?,
                entities.key_of_mention(first_target + place),
            ));
        }
        drop_repeated(&mut edges);
        let observables = indexable(&object.observables);
        prepared.push(Prepared {
            packed: Packed { edges, observables },
            creator,
        });
    }
    Ok(prepared)
}

/// Keeps the first of equal edges. Quadratic only where that is quick.
pub(super) fn drop_repeated(edges: &mut Vec<(i64, i64)>) {
    if edges.len() <= 16 {
        let mut kept = 0;
        for place in 0..edges.len() {
            let Some(edge) = edges.get(place).copied() else {
                break;
            };
            if edges.iter().take(kept).all(|earlier| *earlier != edge) {
                edges.swap(kept, place);
                kept += 1;
            }
        }
        edges.truncate(kept);
        return;
    }
    let mut seen = std::collections::BTreeSet::new();
    edges.retain(|edge| seen.insert(*edge));
}

/// The observables that are indexed: sorted, each value once (what an indicator looks for wins), without the
/// overlong.
pub(super) fn indexable(observables: &[crate::Observed]) -> Vec<(u8, String, bool)> {
    let fitting = observables
        .iter()
        .filter(|observed| observed.value.len() <= limits::VALUE_BYTES_MAX);
    let mut indexable: Vec<_> = fitting
        .map(|observed| (observed.kind, observed.value.clone(), !observed.is_term))
        .collect();
    indexable.sort_unstable();
    indexable.dedup_by(|later, earlier| (later.0, &later.1) == (earlier.0, &earlier.1));
    indexable
}

/// Keys of property paths; the few that occur are remembered for the batch.
pub(super) struct Properties<'a> {
    connection: &'a Connection,
    known: Vec<(String, i64)>,
}

impl<'a> Properties<'a> {
    pub(super) fn new(connection: &'a Connection) -> Properties<'a> {
        Properties {
            connection,
            known: Vec::new(),
        }
    }

    pub(super) fn key(&mut self, name: &str) -> Result<i64, Fault> {
        if let Some((_, pk)) = self.known.iter().take(32).find(|(known, _)| known == name) {
            return Ok(*pk);
        }
        let stored = self
            .connection
            .prepare_cached("SELECT pk FROM properties WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        let pk = match stored {
            Some(pk) => pk,
            None => {
                self.connection
                    .prepare_cached("INSERT INTO properties (name) VALUES (?1)")?
                    .execute([name])?;
                self.connection.last_insert_rowid()
            }
        };
        if self.known.len() < 32 {
            self.known.push((name.to_owned(), pk));
        }
        Ok(pk)
    }
}

/// Rows to take out of and put into the observables and edges.
#[derive(Default)]
pub(super) struct IndexChange<'a> {
    new_observables: Vec<(u8, &'a str, bool, i64)>,
    old_observables: Vec<(u8, String, bool, i64)>,
    new_edges: Vec<(i64, i64, i64)>,
    old_edges: Vec<(i64, i64, i64)>,
}

impl<'a> IndexChange<'a> {
    pub(super) fn between(
        connection: &Connection,
        prepared: &'a [Prepared],
        moved: &[Moved],
    ) -> Result<IndexChange<'a>, Fault> {
        let mut change = IndexChange::default();
        for moved in moved {
            let Some(Prepared { packed: new, .. }) = prepared.get(moved.chosen) else {
                continue;
            };
            let old = match moved.before {
                Some(before) => stored_packed(connection, before.object)?,
                None => Packed::default(),
            };
            change.add(moved.entity, old, new);
        }
        Ok(change)
    }

    /// What both versions have stays untouched.
    pub(super) fn add(&mut self, entity: i64, old: Packed, new: &'a Packed) {
        let observables = new
            .observables
            .iter()
            .filter(|row| old.observables.binary_search(row).is_err());
        self.new_observables
            .extend(observables.map(|(kind, value, plain)| (*kind, value.as_str(), *plain, entity)));
        let (old_edges, new_edges) = (sorted(&old.edges), sorted(&new.edges));
        let edges = new_edges
            .iter()
            .filter(|edge| old_edges.binary_search(edge).is_err());
        self.new_edges
            .extend(edges.map(|(property, target)| (*target, *property, entity)));
        let edges = old_edges
            .iter()
            .filter(|edge| new_edges.binary_search(edge).is_err());
        self.old_edges
            .extend(edges.map(|(property, target)| (*target, *property, entity)));
        let observables = old
            .observables
            .into_iter()
            .filter(|row| new.observables.binary_search(row).is_err());
        self.old_observables
            .extend(observables.map(|(kind, value, plain)| (kind, value, plain, entity)));
    }

    /// Whether something is no longer looked for.
    pub(super) fn takes_out_terms(&self) -> bool {
        self.old_observables.iter().any(|(_, _, plain, _)| !plain)
    }

    pub(super) fn write(&mut self, connection: &Connection) -> Result<(), Fault> {
        self.old_observables.sort_unstable();
        let mut delete = connection.prepare_cached(
            "DELETE FROM observables WHERE kind = ?1 AND value = ?2 AND plain = ?3 AND entity = ?4",
        )?;
        for (kind, value, plain, entity) in &self.old_observables {
            delete.execute(params![kind, value, plain, entity])?;
        }
        self.new_observables.sort_unstable();
        let mut insert = connection.prepare_cached(
            "INSERT OR IGNORE INTO observables (kind, value, plain, entity) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for (kind, value, plain, entity) in &self.new_observables {
            insert.execute(params![kind, value, plain, entity])?;
        }
        self.old_edges.sort_unstable();
        let mut delete = connection
            .prepare_cached("DELETE FROM edges WHERE target = ?1 AND property = ?2 AND source = ?3")?;
        for (target, property, source) in &self.old_edges {
            delete.execute([target, property, source])?;
        }
        write_edges(connection, &mut self.new_edges)
    }
}

/// Writes (kind, value, plain, entity) into the index, in its order.
pub(super) fn write_observables<V: AsRef<str> + Ord>(
    connection: &Connection,
    rows: &mut [(u8, V, bool, i64)],
) -> Result<(), Fault> {
    rows.sort_unstable();
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO observables (kind, value, plain, entity) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (kind, value, plain, entity) in &*rows {
        insert.execute(params![kind, value.as_ref(), plain, entity])?;
    }
    Ok(())
}

/// Writes (target, property, source) into the index, in its order.
pub(super) fn write_edges(connection: &Connection, rows: &mut [(i64, i64, i64)]) -> Result<(), Fault> {
    rows.sort_unstable();
    let mut insert = connection
        .prepare_cached("INSERT OR IGNORE INTO edges (target, property, source) VALUES (?1, ?2, ?3)")?;
    for (target, property, source) in rows {
        insert.execute([*target, *property, *source])?;
    }
    Ok(())
}

fn sorted(edges: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut edges = edges.to_vec();
    edges.sort_unstable();
    edges
}

pub(super) fn stored_packed(connection: &Connection, object: i64) -> Result<Packed, Fault> {
    connection
        .prepare_cached("SELECT derived FROM objects WHERE pk = ?1")?
        .query_row([object], |row| Ok(Packed::read(row.get_ref(0)?.as_blob()?)))?
}

pub(super) const INSERT_WORDS: &str = "INSERT INTO words (rowid, name, body) VALUES (?1, ?2, ?3)";

pub(super) fn write_words(
    connection: &Connection,
    batch: &[Incoming<'_>],
    moved: &[Moved],
) -> Result<(), Fault> {
    let mut delete = connection.prepare_cached("DELETE FROM words WHERE rowid = ?1")?;
    for before in moved.iter().filter_map(|moved| moved.before) {
        delete.execute([before.object])?;
    }
    // FTS5 gathers rows in memory as long as they ascend.
    let mut rows: Vec<(i64, usize)> = moved.iter().map(|moved| (moved.object, moved.chosen)).collect();
    rows.sort_unstable();
    let mut insert = connection.prepare_cached(INSERT_WORDS)?;
    for (object, chosen) in rows {
        let Some(incoming) = batch.get(chosen) else {
            continue;
        };
        insert.execute(params![object, incoming.name, incoming.words])?;
    }
    Ok(())
}

/// Whether a changed object is an indicator, says what one is based on, or may be what one is based on:
/// an object that some relationship or observed data already pointed at.
pub(super) fn moves_generation(
    connection: &Connection,
    batch: &[Incoming<'_>],
    prepared: &[Prepared],
    moved: &[Moved],
    change: &IndexChange<'_>,
) -> Result<bool, Fault> {
    let is_told = |moved: &Moved| {
        let type_name = batch.get(moved.chosen).map_or("", |object| object.type_name);
        let prepared = prepared.get(moved.chosen);
        prepared.is_some_and(|prepared| tells_detection(type_name, &prepared.packed))
    };
    if moved.iter().any(is_told) || change.takes_out_terms() {
        return Ok(true);
    }
    for moved in moved.iter().filter(|moved| !moved.is_new) {
        if is_pointed_at(connection, moved.entity)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether an object is an indicator, looks for something, or says what an indicator is based on.
pub(super) fn tells_detection(type_name: &str, packed: &Packed) -> bool {
    matches!(type_name, "indicator" | "relationship") || packed.observables.iter().any(|(_, _, plain)| !plain)
}

/// Whether some relationship or observed data points at an id.
pub(super) fn is_pointed_at(connection: &Connection, entity: i64) -> Result<bool, Fault> {
    let mut pointed_at = connection.prepare_cached(
        "SELECT 1 FROM edges WHERE target = ?1
         AND property IN (SELECT pk FROM properties WHERE name IN ('target_ref', 'object_refs')) LIMIT 1",
    )?;
    Ok(pointed_at.exists([entity])?)
}
