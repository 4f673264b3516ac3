//! One batch into history and indexes, inside a transaction that the writer opened.
//!
//! Texts go in as they come; everything that a tree sorts is written in the tree's order, so that keys
//! which arrive at random still touch each page once a batch.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::packed::Packed;
use super::schema;
use crate::records::{Incoming, Outcome};
use crate::{Error, limits};

/// Refuses a batch that is over a bound or cannot be stored, before anything is written.
pub(super) fn require_fit(source: &str, batch: &[Incoming<'_>]) -> Result<(), Error> {
    super::limit("the batch", batch.len(), limits::BATCH_OBJECTS_MAX)?;
    super::limit("the batch, in bytes,", weight(batch), limits::BATCH_BYTES_MAX)?;
    super::limit("the name of the source", source.len(), limits::NAME_BYTES_MAX)?;
    batch.iter().try_for_each(require_object_fit)
}

fn require_object_fit(object: &Incoming<'_>) -> Result<(), Error> {
    super::limit("an id", object.id.len(), limits::NAME_BYTES_MAX)?;
    super::limit(
        "a `created_by_ref`",
        object.created_by.map_or(0, str::len),
        limits::NAME_BYTES_MAX,
    )?;
    for (property, target) in &object.edges {
        super::limit(
            "a reference",
            property.len().max(target.len()),
            limits::NAME_BYTES_MAX,
        )?;
    }
    let unfit = |cause: &str| Error::Unfit {
        subject: object.id.to_owned(),
        cause: cause.to_owned(),
    };
    if crate::records::type_of(object.id) != object.type_name || object.id.len() == object.type_name.len() {
        return Err(unfit(&format!(
            "the id does not begin with the type `{}--`",
            object.type_name
        )));
    }
    if std::str::from_utf8(object.text).is_err() {
        return Err(unfit("its text is not UTF-8"));
    }
    Ok(())
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
    let packed = pack(connection, batch, &entities)?;
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
    write_words(connection, batch, &moved)?;
    note_change(connection, batch, &packed, &moved, &change, &outcomes)?;
    Ok(outcomes)
}

fn source_key(connection: &Connection, name: &str, at: i64) -> Result<i64, Fault> {
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

/// A stored version: where it is, and what decides whether it is current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    version: i64,
    digest: [u8; 32],
    object: i64,
}

impl Head {
    fn is_before(&self, object: &Incoming<'_>) -> bool {
        (self.version, self.digest) < (object.version, object.digest)
    }

    fn is_same(&self, object: &Incoming<'_>) -> bool {
        (self.version, self.digest) == (object.version, object.digest)
    }
}

/// An id that the batch names, as its own or as a target.
struct Entity<'a> {
    id: &'a str,
    pk: i64,
    is_new: bool,
    /// Whether an object of the batch has this id.
    is_own: bool,
    before: Option<Head>,
    head: Option<Head>,
    /// The object of the batch that is now current.
    chosen: Option<usize>,
}

/// An entity whose current version the batch changed.
#[derive(Clone, Copy)]
struct Moved {
    entity: i64,
    is_new: bool,
    before: Option<Head>,
    object: i64,
    /// Its place in the batch.
    chosen: usize,
}

/// Every id that the batch names, once, in the order of the ids.
struct Entities<'a> {
    all: Vec<Entity<'a>>,
    /// For each mention, its place in `all`. Mentions are, object by object: the id, the creator if
    /// there is one, the targets.
    mentions: Vec<usize>,
    /// Where each object's mentions begin.
    begins: Vec<usize>,
}

impl<'a> Entities<'a> {
    fn find(connection: &Connection, batch: &'a [Incoming<'a>]) -> Result<Entities<'a>, Fault> {
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
        let mut other = connection.prepare_cached("SELECT pk FROM entities WHERE id = ?1")?;
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

    fn own(&self, object: usize) -> usize {
        get(&self.mentions, get(&self.begins, object))
    }

    fn key_of_mention(&self, mention: usize) -> i64 {
        self.all
            .get(get(&self.mentions, mention))
            .map_or(0, |entity| entity.pk)
    }

    fn moved(&self) -> Vec<Moved> {
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

fn next_key(connection: &Connection, greatest: &str) -> Result<i64, Fault> {
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

/// What the indexes will hold about each object of the batch, and its creator's key.
struct Prepared {
    packed: Packed,
    creator: Option<i64>,
}

fn pack(
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
        let mut next_pk = next_key(self.connection, "SELECT max(pk) FROM objects")?;
        let mut derived = Vec::new();
        let mut outcomes = Vec::with_capacity(batch.len());
        for (place, (object, prepared)) in batch.iter().zip(prepared).enumerate() {
            let own = entities.own(place);
            let Some(entity) = entities.all.get_mut(own) else {
                continue;
            };
            if let Some(known) = self.known(object, entity)? {
                let is_new_here = hold.execute([known, self.source, self.at])? > 0;
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

impl Entity<'_> {
    /// Notes a stored object, which becomes current if it is the greatest.
    fn admit(&mut self, place: usize, object: &Incoming<'_>, pk: i64) -> Outcome {
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

fn write_entities(connection: &Connection, entities: &Entities<'_>) -> Result<(), Fault> {
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

/// Rows to take out of and put into the observables and edges.
#[derive(Default)]
struct IndexChange<'a> {
    new_observables: Vec<(u8, &'a str, bool, i64)>,
    old_observables: Vec<(u8, String, bool, i64)>,
    new_edges: Vec<(i64, i64, i64)>,
    old_edges: Vec<(i64, i64, i64)>,
}

impl<'a> IndexChange<'a> {
    fn between(
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
    fn add(&mut self, entity: i64, old: Packed, new: &'a Packed) {
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

    fn write(&mut self, connection: &Connection) -> Result<(), Fault> {
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

fn write_words(connection: &Connection, batch: &[Incoming<'_>], moved: &[Moved]) -> Result<(), Fault> {
    let mut delete = connection.prepare_cached("DELETE FROM words WHERE rowid = ?1")?;
    for before in moved.iter().filter_map(|moved| moved.before) {
        delete.execute([before.object])?;
    }
    // FTS5 gathers rows in memory as long as they ascend.
    let mut rows: Vec<(i64, usize)> = moved.iter().map(|moved| (moved.object, moved.chosen)).collect();
    rows.sort_unstable();
    let mut insert =
        connection.prepare_cached("INSERT INTO words (rowid, name, body) VALUES (?1, ?2, ?3)")?;
    for (object, chosen) in rows {
        let Some(incoming) = batch.get(chosen) else {
            continue;
        };
        insert.execute(params![object, incoming.name, incoming.words])?;
    }
    Ok(())
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
    if moves_generation(connection, batch, prepared, moved, change)? {
        schema::count_on(connection, schema::GENERATION)?;
    }
    Ok(())
}

/// Whether a changed object is an indicator, says what one is based on, or may be what one is based on:
/// an object that some relationship or observed data already pointed at.
fn moves_generation(
    connection: &Connection,
    batch: &[Incoming<'_>],
    prepared: &[Prepared],
    moved: &[Moved],
    change: &IndexChange<'_>,
) -> Result<bool, Fault> {
    let is_told = |moved: &Moved| {
        let type_name = batch.get(moved.chosen).map_or("", |object| object.type_name);
        let observables = prepared
            .get(moved.chosen)
            .map_or(&[][..], |prepared| &prepared.packed.observables);
        matches!(type_name, "indicator" | "relationship") || observables.iter().any(|(_, _, plain)| !plain)
    };
    if moved.iter().any(is_told) || change.old_observables.iter().any(|(_, _, plain, _)| !plain) {
        return Ok(true);
    }
    let mut pointed_at = connection.prepare_cached(
        "SELECT 1 FROM edges WHERE target = ?1
         AND property IN (SELECT pk FROM properties WHERE name IN ('target_ref', 'object_refs')) LIMIT 1",
    )?;
    for moved in moved.iter().filter(|moved| !moved.is_new) {
        if pointed_at.exists([moved.entity])? {
            return Ok(true);
        }
    }
    Ok(false)
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
