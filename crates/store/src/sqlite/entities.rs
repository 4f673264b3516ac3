//! The ids that a batch names, with their keys and what is stored of them.
//!
//! Found and written in the order of the ids, which is the order of their tree. Begin at [`Entities::find`].

use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::read;
use crate::records::{Incoming, Outcome};

/// A stored version: where it is, and what decides whether it is current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) version: i64,
    pub(super) digest: [u8; 32],
    pub(super) object: i64,
}

impl Head {
    pub(super) fn is_before(&self, object: &Incoming<'_>) -> bool {
        (self.version, self.digest) < (object.version, object.digest)
    }

    pub(super) fn is_same(&self, object: &Incoming<'_>) -> bool {
        (self.version, self.digest) == (object.version, object.digest)
    }
}

/// An id that the batch names, as its own or as a target.
pub(super) struct Entity<'a> {
    pub(super) id: &'a str,
    pub(super) pk: i64,
    pub(super) is_new: bool,
    /// Whether an object of the batch has this id.
    pub(super) is_own: bool,
    pub(super) before: Option<Head>,
    pub(super) head: Option<Head>,
    /// The object of the batch that is now current.
    pub(super) chosen: Option<usize>,
}

/// An entity whose current version the batch changed.
#[derive(Clone, Copy)]
pub(super) struct Moved {
    pub(super) entity: i64,
    pub(super) is_new: bool,
    pub(super) before: Option<Head>,
    pub(super) object: i64,
    /// Its place in the batch.
    pub(super) chosen: usize,
}

/// Every id that the batch names, once, in the order of the ids.
pub(super) struct Entities<'a> {
    pub(super) all: Vec<Entity<'a>>,
    /// For each mention, its place in `all`. Mentions are, object by object: the id, the creator if
    /// there is one, the targets.
    pub(super) mentions: Vec<usize>,
    /// Where each object's mentions begin.
    pub(super) begins: Vec<usize>,
}

impl<'a> Entities<'a> {
    pub(super) fn find(connection: &Connection, batch: &'a [Incoming<'a>]) -> Result<Entities<'a>, Fault> {
        let mut entities = Entities::collect(batch);
        entities.load(connection)?;
        Ok(entities)
    }

    fn collect(batch: &'a [Incoming<'a>]) -> Entities<'a> {
        let mut named: Vec<(u64, &str, usize, bool)> = Vec::with_capacity(batch.len() * 4);
        let mut begins = Vec::with_capacity(batch.len());
        for object in batch {
            begins.push(named.len());
            named.push((ending(object.id), object.id, named.len(), true));
            let targets = object.edges.iter().map(|(_, target)| target.as_str());
            for id in object.created_by.into_iter().chain(targets) {
                named.push((ending(id), id, named.len(), false));
            }
        }
        let mut mentions = vec![0; named.len()];
        // By the end of the id first, which is where ids differ: most comparisons are of one number.
        named.sort_unstable();
        let mut all: Vec<Entity<'a>> = Vec::new();
        let mut groups: Vec<(usize, usize)> = Vec::with_capacity(named.len());
        for (_, id, mention, is_own) in named {
            if all.last().is_none_or(|last| last.id != id) {
                all.push(Entity {
                    id,
                    pk: 0,
                    is_new: true,
                    is_own,
                    before: None,
                    head: None,
                    chosen: None,
                });
            }
            if let Some(last) = all.last_mut() {
                last.is_own |= is_own;
            }
            groups.push((mention, all.len() - 1));
        }
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_unstable_by_key(|place| all.get(*place).map(|entity| entity.id));
        let mut place_of = vec![0; all.len()];
        for (sorted, place) in order.iter().enumerate() {
            set(&mut place_of, *place, sorted);
        }
        for (mention, group) in groups {
            set(&mut mentions, mention, get(&place_of, group));
        }
        all.sort_unstable_by_key(|entity| entity.id);
        Entities {
            all,
            mentions,
            begins,
        }
    }

    /// Looks the ids up in their order, and gives the unknown ones new keys.
    fn load(&mut self, connection: &Connection) -> Result<(), Fault> {
        let mut own = connection.prepare_cached(
            "SELECT e.pk, o.pk, o.version, o.digest_head, o.digest_tail
             FROM entities e LEFT JOIN objects o ON o.pk = e.current WHERE e.id = ?1",
        )?;
        let mut other = connection.prepare_cached(KEY)?;
        let mut next_pk = next_key(connection, "SELECT max(pk) FROM entities")?;
        for entity in &mut self.all {
            let found = if entity.is_own {
                own.query_row([entity.id], |row| Ok((row.get(0)?, head(row)?)))
                    .optional()?
            } else {
                other
                    .query_row([entity.id], |row| Ok((row.get(0)?, None)))
                    .optional()?
            };
            entity.is_new = found.is_none();
            (entity.pk, entity.before) = found.unwrap_or((next_pk, None));
            entity.head = entity.before;
            next_pk += i64::from(entity.is_new);
        }
        Ok(())
    }

    pub(super) fn own(&self, object: usize) -> usize {
        get(&self.mentions, get(&self.begins, object))
    }

    pub(super) fn key_of_mention(&self, mention: usize) -> i64 {
        self.all
            .get(get(&self.mentions, mention))
            .map_or(0, |entity| entity.pk)
    }

    pub(super) fn moved(&self) -> Vec<Moved> {
        let moved = self.all.iter().filter_map(|entity| {
            let (chosen, head) = (entity.chosen?, entity.head?);
            let Entity {
                pk, is_new, before, ..
            } = *entity;
            Some(Moved {
                entity: pk,
                is_new,
                before,
                object: head.object,
                chosen,
            })
        });
        moved.collect()
    }
}

/// The last eight bytes of an id: of a random UUID, enough to tell nearly all apart.
fn ending(id: &str) -> u64 {
    id.as_bytes()
        .last_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

fn get(places: &[usize], place: usize) -> usize {
    places.get(place).copied().unwrap_or_default()
}

fn set(places: &mut [usize], place: usize, value: usize) {
    if let Some(slot) = places.get_mut(place) {
        *slot = value;
    }
}

fn head(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Head>> {
    let Some(object) = row.get(1)? else {
        return Ok(None);
    };
    let digest = join_digest(row.get(3)?, row.get(4)?);
    Ok(Some(Head {
        version: row.get(2)?,
        digest,
        object,
    }))
}

/// The key of an id.
pub(super) const KEY: &str = "SELECT pk FROM entities WHERE id = ?1";

/// The key of an id, made where it is not known.
pub(super) fn key(connection: &Connection, id: &str) -> Result<i64, Fault> {
    if let Some(known) = read::key(connection, KEY, id)? {
        return Ok(known);
    }
    connection
        .prepare_cached("INSERT INTO entities (id) VALUES (?1)")?
        .execute([id])?;
    Ok(connection.last_insert_rowid())
}

/// The last number in the order of changes: of an object, or of an id that took its turn again.
pub(super) const LAST_NUMBER: &str = "SELECT max(ifnull((SELECT max(pk) FROM objects), 0),
    ifnull((SELECT max(number) FROM again), 0))";

/// Gives an id whose current version stays the same row a new place in the order of changes.
pub(super) const TAKE_TURN: &str = "INSERT INTO again (number, entity) VALUES (?1, ?2)";

/// The key of the greatest version of the entity `e`.
pub(super) const GREATEST: &str = "(SELECT o.pk FROM objects o WHERE o.entity = e.pk
     ORDER BY o.version DESC, o.digest_head DESC, o.digest_tail DESC LIMIT 1)";

/// Makes the greatest version that is stored the current one, and tells its key.
pub(super) fn choose_greatest(connection: &Connection, entity: i64) -> Result<Option<i64>, Fault> {
    let sql = format!("UPDATE entities AS e SET current = {GREATEST} WHERE pk = ?1 RETURNING current");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row([entity], |row| row.get(0))?)
}

pub(super) fn next_key(connection: &Connection, greatest: &str) -> Result<i64, Fault> {
    let greatest: Option<i64> = connection
        .prepare_cached(greatest)?
        .query_row((), |row| row.get(0))?;
    Ok(greatest.unwrap_or(0) + 1)
}

/// A digest as it is stored: the first 8 bytes as a number of the same order, and the rest.
pub(super) fn split_digest(digest: &[u8; 32]) -> (i64, &[u8]) {
    let (head, tail) = digest.split_first_chunk().unwrap_or((&[0; 8], &[]));
    ((u64::from_be_bytes(*head) ^ (1 << 63)).cast_signed(), tail)
}

pub(super) fn join_digest(head: i64, tail: [u8; 24]) -> [u8; 32] {
    let mut digest = [0; 32];
    let (first, rest) = digest.split_at_mut(8);
    first.copy_from_slice(&(head.cast_unsigned() ^ (1 << 63)).to_be_bytes());
    rest.copy_from_slice(&tail);
    digest
}

impl Entity<'_> {
    /// Notes a stored object, which becomes current if it is the greatest.
    pub(super) fn admit(&mut self, place: usize, object: &Incoming<'_>, pk: i64) -> Outcome {
        let outcome = match self.head {
            None => Outcome::New,
            Some(head) if head.is_before(object) => Outcome::NewVersion,
            Some(_) => return Outcome::OlderVersion,
        };
        self.head = Some(Head {
            version: object.version,
            digest: object.digest,
            object: pk,
        });
        self.chosen = Some(place);
        outcome
    }
}

pub(super) fn write_entities(connection: &Connection, entities: &Entities<'_>) -> Result<(), Fault> {
    let mut insert =
        connection.prepare_cached("INSERT INTO entities (pk, id, current) VALUES (?1, ?2, ?3)")?;
    let mut update = connection.prepare_cached("UPDATE entities SET current = ?2 WHERE pk = ?1")?;
    for entity in &entities.all {
        let current = entity.head.map(|head| head.object);
        if entity.is_new {
            insert.execute(params![entity.pk, entity.id, current])?;
        } else if entity.chosen.is_some() {
            update.execute(params![entity.pk, current])?;
        }
    }
    Ok(())
}
