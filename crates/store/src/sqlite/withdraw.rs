//! Ends holdings: what nobody holds any more goes, and what is left is as if that had never been told.
//!
//! Begin at [`withdraw`]. The indexes must afterwards be those that `check` derives.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::entities::{self, join_digest};
use super::fault::Fault;
use super::indexes::{self, IndexChange};
use super::packed::Packed;
use super::schema;
use crate::change::Withdrawn;
use crate::records::{Derive, type_of};

/// Ends holdings, and tells how many ended.
pub(super) fn withdraw(connection: &Connection, withdrawn: &[Withdrawn<'_>]) -> Result<u64, Fault> {
    let mut touched: BTreeMap<i64, Touched<'_>> = BTreeMap::new();
    let mut ended = 0;
    for withdrawn in withdrawn {
        for held in held(connection, withdrawn)? {
            let touched = touched.entry(held.entity).or_insert_with(|| Touched {
                id: withdrawn.id,
                derive: withdrawn.derive,
                before: held.current,
                gone: Vec::new(),
            });
            if end(connection, &held)? {
                touched.gone.push(held.object);
            }
            ended += 1;
        }
    }
    if ended > 0 {
        settle(connection, &touched)?;
        schema::count_on(connection, schema::CHANGE)?;
    }
    Ok(ended)
}

/// A holding that ends.
struct Held {
    entity: i64,
    object: i64,
    source: i64,
    current: Option<i64>,
}

/// An id of which holdings ended.
struct Touched<'a> {
    id: &'a str,
    derive: &'a Derive<'a>,
    /// Its current version before.
    before: Option<i64>,
    /// Versions that nobody holds any more.
    gone: Vec<i64>,
}

fn held(connection: &Connection, withdrawn: &Withdrawn<'_>) -> Result<Vec<Held>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT o.digest_head, o.digest_tail, e.pk, o.pk, h.source, e.current
         FROM entities e JOIN objects o ON o.entity = e.pk
         JOIN holdings h ON h.object = o.pk AND h.source = (SELECT pk FROM sources WHERE name = ?2)
         WHERE e.id = ?1",
    )?;
    let mut rows = statement.query([withdrawn.id, withdrawn.source])?;
    let mut held = Vec::new();
    while let Some(row) = rows.next()? {
        let digest = join_digest(row.get(0)?, row.get(1)?);
        if withdrawn.digest.is_none_or(|wanted| wanted == digest) {
            held.push(Held {
                entity: row.get(2)?,
                object: row.get(3)?,
                source: row.get(4)?,
                current: row.get(5)?,
            });
        }
    }
    Ok(held)
}

/// Ends a holding; whether nobody holds the version any more.
fn end(connection: &Connection, held: &Held) -> Result<bool, Fault> {
    connection
        .prepare_cached("DELETE FROM holdings WHERE object = ?1 AND source = ?2")?
        .execute([held.object, held.source])?;
    let first: Option<i64> = connection
        .prepare_cached("SELECT min(at) FROM holdings WHERE object = ?1")?
        .query_row([held.object], |row| row.get(0))?;
    if let Some(at) = first {
        connection
            .prepare_cached("UPDATE objects SET at = ?2 WHERE pk = ?1 AND at <> ?2")?
            .execute([held.object, at])?;
    }
    Ok(first.is_none())
}

/// An id whose current version is another one, or none.
struct Moved<'a> {
    entity: i64,
    type_name: &'a str,
    before: i64,
    old: Packed,
    new: Packed,
    words: Option<Words>,
}

/// What the index of words shall hold of an object.
struct Words {
    object: i64,
    name: String,
    words: String,
}

fn settle(connection: &Connection, touched: &BTreeMap<i64, Touched<'_>>) -> Result<(), Fault> {
    let mut take_turn = connection.prepare_cached(entities::TAKE_TURN)?;
    let first = entities::next_key(connection, entities::LAST_NUMBER)?;
    let mut moved = Vec::new();
    for (number, (entity, touched)) in (first..).zip(touched) {
        // Also where nothing is left: numbers of objects that are gone are then never given again.
        take_turn.execute([number, *entity])?;
        moved.extend(remove(connection, *entity, touched)?);
    }
    let mut change = IndexChange::default();
    for moved in &moved {
        change.add(moved.entity, moved.old.clone(), &moved.new);
    }
    change.write(connection)?;
    write_words(connection, &moved)?;
    if moves_generation(connection, &moved, &change)? {
        schema::count_on(connection, schema::GENERATION)?;
    }
    Ok(())
}

/// Removes the versions that nobody holds; what becomes current if the current one is among them.
fn remove<'a>(
    connection: &Connection,
    entity: i64,
    touched: &Touched<'a>,
) -> Result<Option<Moved<'a>>, Fault> {
    let before = touched.before.filter(|before| touched.gone.contains(before));
    let old = match before {
        Some(before) => indexes::stored_packed(connection, before)?,
        None => Packed::default(),
    };
    let mut delete = connection.prepare_cached("DELETE FROM objects WHERE pk = ?1")?;
    for object in &touched.gone {
        delete.execute([object])?;
    }
    let Some(before) = before else { return Ok(None) };
    let current = entities::choose_greatest(connection, entity)?;
    let mut moved = Moved {
        entity,
        type_name: type_of(touched.id),
        before,
        old,
        new: Packed::default(),
        words: None,
    };
    if let Some(object) = current {
        moved.new = indexes::stored_packed(connection, object)?;
        moved.words = Some(words(connection, object, touched.derive)?);
    }
    Ok(Some(moved))
}

/// Reads the words again, which nothing but the text has. Of a damaged text nothing can be found.
fn words(connection: &Connection, object: i64, derive: &Derive<'_>) -> Result<Words, Fault> {
    let mut statement = connection
        .prepare_cached("SELECT digest_head, digest_tail, name, text FROM objects WHERE pk = ?1")?;
    let words = statement.query_row([object], |row| {
        let digest = join_digest(row.get(0)?, row.get(1)?);
        let derived = derive(row.get_ref(3)?.as_bytes()?).ok();
        Ok(Words {
            object,
            name: row.get(2)?,
            words: derived
                .filter(|derived| derived.digest == digest)
                .map(|derived| derived.words)
                .unwrap_or_default(),
        })
    });
    Ok(words?)
}

fn write_words(connection: &Connection, moved: &[Moved<'_>]) -> Result<(), Fault> {
    let mut delete = connection.prepare_cached("DELETE FROM words WHERE rowid = ?1")?;
    for moved in moved {
        delete.execute([moved.before])?;
    }
    let mut words: Vec<&Words> = moved.iter().filter_map(|moved| moved.words.as_ref()).collect();
    words.sort_unstable_by_key(|words| words.object);
    let mut insert = connection.prepare_cached(indexes::INSERT_WORDS)?;
    for words in words {
        insert.execute(params![words.object, words.name, words.words])?;
    }
    Ok(())
}

fn moves_generation(
    connection: &Connection,
    moved: &[Moved<'_>],
    change: &IndexChange<'_>,
) -> Result<bool, Fault> {
    let is_told = |moved: &Moved<'_>| indexes::tells_detection(moved.type_name, &moved.new);
    if moved.iter().any(is_told) || change.takes_out_terms() {
        return Ok(true);
    }
    for moved in moved {
        if indexes::is_pointed_at(connection, moved.entity)? {
            return Ok(true);
        }
    }
    Ok(false)
}
