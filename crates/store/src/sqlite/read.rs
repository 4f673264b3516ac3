//! Answers from one committed state.

use std::collections::BTreeSet;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::entities::{join_digest, split_digest};
use super::fault::Fault;
use super::packed::Packed;
use crate::channels::Changed;
use crate::records::{
    Cursor, Edge, Holding, IndicatorRow, Looked, Mention, Page, Source, Stats, Stored, Told,
};
use crate::{Error, limits};

/// The columns that [`stored`] reads, of `objects o` and `entities e`.
const STORED: &str = "e.id, o.version, o.digest_head, o.digest_tail, o.text, o.revoked, o.name, o.at,
    (SELECT c.id FROM entities c WHERE c.pk = o.creator)";

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        id: row.get(0)?,
        version: row.get(1)?,
        digest: join_digest(row.get(2)?, row.get(3)?),
        text: row.get_ref(4)?.as_bytes()?.to_vec(),
        revoked: row.get(5)?,
        name: row.get(6)?,
        first_told_at: row.get(7)?,
        created_by: row.get(8)?,
    })
}

/// The cursor was made by this call, or it is an error to say so.
pub(super) fn place<T>(cursor: &Cursor, parse: impl Fn(&str) -> Option<T>) -> Result<T, Fault> {
    parse(cursor.as_str()).ok_or_else(|| {
        Error::BadCursor {
            cursor: cursor.as_str().to_owned(),
        }
        .into()
    })
}

/// Items in a page, at least one so that paging goes on.
pub(super) fn page_items(limit: usize) -> usize {
    limit.clamp(1, limits::PAGE_ITEMS_MAX)
}

pub(super) fn sql_limit(items: usize) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}

/// A number handed in, as SQLite counts; none is beyond its greatest.
pub(super) fn sql_number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The rows of one page, where the last of them tells where the next begins.
pub(super) fn whole_page<T>(
    rows: impl Iterator<Item = rusqlite::Result<T>>,
    items: usize,
    bytes: impl Fn(&T) -> usize,
) -> Result<Vec<T>, Fault> {
    Ok(page(rows, items, bytes, |_| String::new())?.items)
}

/// Makes a page of rows of which one more than `items` was asked for.
fn page<T>(
    rows: impl Iterator<Item = rusqlite::Result<T>>,
    items: usize,
    bytes: impl Fn(&T) -> usize,
    cursor: impl Fn(&T) -> String,
) -> Result<Page<T>, Fault> {
    let mut page = Page {
        items: Vec::new(),
        next: None,
    };
    let mut bytes_read = 0;
    for row in rows {
        let row = row?;
        if page.items.len() == items || (bytes_read > 0 && bytes_read + bytes(&row) > limits::PAGE_BYTES_MAX)
        {
            page.next = page.items.last().map(|last| Cursor(cursor(last)));
            break;
        }
        bytes_read += bytes(&row);
        page.items.push(row);
    }
    Ok(page)
}

pub(super) fn current(connection: &Connection, id: &str) -> Result<Option<Stored>, Fault> {
    let text = sql(&[
        "SELECT ",
        STORED,
        " FROM entities e JOIN objects o ON o.pk = e.current WHERE e.id = ?1",
    ]);
    Ok(connection
        .prepare_cached(&text)?
        .query_row([id], stored)
        .optional()?)
}

fn sql(parts: &[&str]) -> String {
    parts.concat()
}

pub(super) fn versions(
    connection: &Connection,
    id: &str,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Stored>, Fault> {
    let (version, head, tail) = after
        .map(|cursor| place(cursor, version_place))
        .transpose()?
        .unwrap_or_else(newest);
    let text = sql(&[
        "SELECT ",
        STORED,
        " FROM entities e JOIN objects o ON o.entity = e.pk
         WHERE e.id = ?1 AND o.version <= ?2 AND (o.version, o.digest_head, o.digest_tail) < (?2, ?3, ?4)
         ORDER BY o.version DESC, o.digest_head DESC, o.digest_tail DESC LIMIT ?5",
    ]);
    let items = page_items(limit);
    let mut statement = connection.prepare_cached(&text)?;
    let rows = statement.query_map(params![id, version, head, tail, sql_limit(items + 1)], stored)?;
    page(
        rows,
        items,
        |stored| stored.text.len(),
        |stored| version_cursor(stored.version, &stored.digest),
    )
}

/// A version, and its digest in two parts as stored.
type VersionPlace = (i64, i64, Vec<u8>);

/// After this place comes the newest version: no digest's end has 25 bytes.
fn newest() -> VersionPlace {
    (i64::MAX, i64::MAX, vec![0xff; 25])
}

fn version_cursor(version: i64, digest: &[u8; 32]) -> String {
    let (head, tail) = split_digest(digest);
    let tail: String = tail.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{version}.{head}.{tail}")
}

fn version_place(text: &str) -> Option<VersionPlace> {
    let mut parts = text.splitn(3, '.');
    let (version, head) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((version, head, unhex(parts.next()?)?))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    rest.is_empty()
        .then(|| pairs.iter().map(byte).collect())
        .flatten()
}

pub(super) fn by_digest(connection: &Connection, digest: &[u8; 32]) -> Result<Option<Stored>, Fault> {
    let text = sql(&[
        "SELECT ",
        STORED,
        " FROM objects o JOIN entities e ON e.pk = o.entity WHERE o.digest_head = ?1 AND o.digest_tail = ?2 LIMIT 1",
    ]);
    let (head, tail) = split_digest(digest);
    Ok(connection
        .prepare_cached(&text)?
        .query_row(params![head, tail], stored)
        .optional()?)
}

pub(super) fn holdings(
    connection: &Connection,
    id: &str,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Holding>, Fault> {
    let start = after.map(|cursor| place(cursor, holding_place)).transpose()?;
    let ((version, head, tail), source) = start.unwrap_or_else(|| (newest(), String::new()));
    let mut statement = connection.prepare_cached(
        "SELECT s.name, h.at, o.version, o.digest_head, o.digest_tail, o.pk = e.current
         FROM entities e JOIN objects o ON o.entity = e.pk
         JOIN holdings h ON h.object = o.pk JOIN sources s ON s.pk = h.source
         WHERE e.id = ?1 AND o.version <= ?2
           AND ((o.version, o.digest_head, o.digest_tail) < (?2, ?3, ?4)
                OR ((o.version, o.digest_head, o.digest_tail) = (?2, ?3, ?4) AND s.name > ?5))
         ORDER BY o.version DESC, o.digest_head DESC, o.digest_tail DESC, s.name LIMIT ?6",
    )?;
    let items = page_items(limit);
    let rows = statement.query_map(
        params![id, version, head, tail, source, sql_limit(items + 1)],
        holding,
    )?;
    page(
        rows,
        items,
        |_| 0,
        |holding| {
            format!(
                "{} {}",
                version_cursor(holding.version, &holding.digest),
                holding.source
            )
        },
    )
}

fn holding(row: &Row<'_>) -> rusqlite::Result<Holding> {
    Ok(Holding {
        source: row.get(0)?,
        at: row.get(1)?,
        version: row.get(2)?,
        digest: join_digest(row.get(3)?, row.get(4)?),
        is_current: row.get::<_, Option<bool>>(5)?.unwrap_or(false),
    })
}

fn holding_place(text: &str) -> Option<(VersionPlace, String)> {
    let (version, source) = text.split_once(' ')?;
    Some((version_place(version)?, source.to_owned()))
}

pub(super) fn edges_from(connection: &Connection, id: &str) -> Result<Vec<Edge>, Fault> {
    let packed = connection
        .prepare_cached(
            "SELECT o.derived FROM entities e JOIN objects o ON o.pk = e.current WHERE e.id = ?1",
        )?
        .query_row([id], |row| Ok(Packed::read(row.get_ref(0)?.as_blob()?)))
        .optional()?;
    let Some(packed) = packed.transpose()? else {
        return Ok(Vec::new());
    };
    let mut names = connection.prepare_cached(
        "SELECT (SELECT name FROM properties WHERE pk = ?1), (SELECT id FROM entities WHERE pk = ?2)",
    )?;
    let mut edges = Vec::with_capacity(packed.edges.len());
    for (property, target) in packed.edges {
        let (property, target) = names.query_row([property, target], |row| Ok((row.get(0)?, row.get(1)?)))?;
        edges.push(Edge {
            source: id.to_owned(),
            property,
            target,
        });
    }
    Ok(edges)
}

pub(super) fn edges_to(
    connection: &Connection,
    id: &str,
    property: Option<&str>,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Edge>, Fault> {
    let start = after
        .map(|cursor| place(cursor, edge_place))
        .transpose()?
        .unwrap_or((0, 0));
    let Some(target) = key(connection, "SELECT pk FROM entities WHERE id = ?1", id)? else {
        return Ok(Page {
            items: Vec::new(),
            next: None,
        });
    };
    let (least, most) = match property {
        None => (0, i64::MAX),
        Some(name) => match key(connection, "SELECT pk FROM properties WHERE name = ?1", name)? {
            Some(pk) => (pk, pk),
            None => {
                return Ok(Page {
                    items: Vec::new(),
                    next: None,
                });
            }
        },
    };
    let mut statement = connection.prepare_cached(
        "SELECT g.property, g.source, p.name, e.id FROM edges g
         JOIN properties p ON p.pk = g.property JOIN entities e ON e.pk = g.source
         WHERE g.target = ?1 AND g.property BETWEEN ?2 AND ?3 AND (g.property, g.source) > (?4, ?5)
         ORDER BY g.property, g.source LIMIT ?6",
    )?;
    let items = page_items(limit);
    // Skips to the property of the cursor without reading what lies before.
    let least = least.max(start.0);
    let keys = params![target, least, most, start.0, start.1, sql_limit(items + 1)];
    let rows = statement.query_map(keys, |row| {
        let edge = Edge {
            property: row.get(2)?,
            source: row.get(3)?,
            target: id.to_owned(),
        };
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, edge))
    })?;
    let page = page(
        rows,
        items,
        |_| 0,
        |(property, source, _)| format!("{property}.{source}"),
    )?;
    Ok(Page {
        items: page.items.into_iter().map(|(_, _, edge)| edge).collect(),
        next: page.next,
    })
}

fn edge_place(text: &str) -> Option<(i64, i64)> {
    let (property, source) = text.split_once('.')?;
    Some((property.parse().ok()?, source.parse().ok()?))
}

pub(super) fn key(connection: &Connection, sql: &str, name: &str) -> Result<Option<i64>, Fault> {
    Ok(connection
        .prepare_cached(sql)?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

pub(super) fn look(
    connection: &Connection,
    keys: &[(u8, &str)],
    per_key: usize,
) -> Result<Vec<Looked>, Fault> {
    let per_key = per_key.clamp(1, limits::LOOK_MENTIONS_MAX);
    let mut statement = connection.prepare_cached(
        "SELECT e.id, o.name, x.plain, o.revoked, o.version, o.pk FROM observables x
         JOIN entities e ON e.pk = x.entity JOIN objects o ON o.pk = e.current
         WHERE x.kind = ?1 AND x.value = ?2 ORDER BY x.plain, x.entity LIMIT ?3",
    )?;
    let mut tellers = connection.prepare_cached(TELLERS)?;
    let mut answers: Vec<Looked> = Vec::new();
    answers.resize_with(keys.len(), Looked::default);
    // In the order of the index, so that neighbours are read together.
    let mut order: Vec<(&(u8, &str), &mut Looked)> = keys.iter().zip(&mut answers).collect();
    order.sort_unstable_by_key(|(key, _)| **key);
    for ((kind, value), answer) in order {
        let mut rows = statement.query(params![kind, value, sql_limit(per_key + 1)])?;
        while let Some(row) = rows.next()? {
            if answer.mentions.len() == per_key {
                answer.more = true;
                break;
            }
            let mut mention = mention(row)?;
            mention.told = told(&mut tellers, row.get(5)?)?;
            answer.mentions.push(mention);
        }
    }
    Ok(answers)
}

fn mention(row: &Row<'_>) -> rusqlite::Result<Mention> {
    let plain: bool = row.get(2)?;
    Ok(Mention {
        id: row.get(0)?,
        name: row.get(1)?,
        is_term: !plain,
        revoked: row.get(3)?,
        version: row.get(4)?,
        told: Vec::new(),
    })
}

const TELLERS: &str = "SELECT s.name, h.at FROM holdings h JOIN sources s ON s.pk = h.source
    WHERE h.object = ?1 ORDER BY s.name LIMIT ?2";

fn told(statement: &mut CachedStatement<'_>, object: i64) -> Result<Vec<Told>, Fault> {
    let told = statement.query_map(params![object, sql_limit(limits::LOOK_MENTIONS_MAX)], |row| {
        Ok(Told {
            source: row.get(0)?,
            at: row.get(1)?,
        })
    })?;
    Ok(told.collect::<rusqlite::Result<_>>()?)
}

/// The ids of a type are those from `type--` to before `type-.`: `.` follows `-`.
pub(super) fn type_range(type_name: Option<&str>) -> (String, Option<String>) {
    match type_name {
        Some(name) => (format!("{name}--"), Some(format!("{name}-."))),
        None => (String::new(), None),
    }
}

pub(super) fn objects(
    connection: &Connection,
    type_name: Option<&str>,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Stored>, Fault> {
    let items = page_items(limit);
    let text = sql(&["SELECT ", STORED, CURRENT_IN_ORDER]);
    let mut statement = connection.prepare_cached(&text)?;
    let rows = in_order(&mut statement, type_name, after, items, stored)?;
    page(
        rows,
        items,
        |stored| stored.text.len(),
        |stored| stored.id.clone(),
    )
}

// A range in each statement: with `OR ?3 IS NULL` SQLite would not use the index for the end.
const CURRENT_IN_ORDER: &str = " FROM entities e JOIN objects o ON o.pk = e.current
    WHERE e.id > ?1 AND e.id < ?2 ORDER BY e.id LIMIT ?3";

/// Current versions by id, from after the cursor.
fn in_order<'a, T>(
    statement: &'a mut CachedStatement<'_>,
    type_name: Option<&str>,
    after: Option<&Cursor>,
    items: usize,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T> + 'a,
) -> Result<impl Iterator<Item = rusqlite::Result<T>> + 'a, Fault> {
    let (first, end) = type_range(type_name);
    let start = after.map_or("", Cursor::as_str).max(&first).to_owned();
    // No id begins with the last of all characters.
    let end = end.unwrap_or_else(|| char::MAX.to_string());
    Ok(statement.query_map(params![start, end, sql_limit(items + 1)], read)?)
}

pub(super) fn indicators(
    connection: &Connection,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<IndicatorRow>, Fault> {
    let items = page_items(limit);
    let text = sql(&["SELECT e.id, o.revoked, o.text, e.pk", CURRENT_IN_ORDER]);
    let mut statement = connection.prepare_cached(&text)?;
    let mut relations = Relations::new(connection)?;
    let rows = in_order(&mut statement, Some("indicator"), after, items, |row| {
        let relations = relations.of(row.get(3)?)?;
        Ok(IndicatorRow {
            id: row.get(0)?,
            revoked: row.get(1)?,
            text: row.get_ref(2)?.as_bytes()?.to_vec(),
            relations,
        })
    })?;
    let bytes = |row: &IndicatorRow| row.text.len() + row.relations.iter().map(Vec::len).sum::<usize>();
    page(rows, items, bytes, |row| row.id.clone())
}

/// The relationships that start at an entity.
struct Relations<'a> {
    source_ref: Option<i64>,
    statement: CachedStatement<'a>,
}

impl<'a> Relations<'a> {
    fn new(connection: &'a Connection) -> Result<Relations<'a>, Fault> {
        let source_ref = key(
            connection,
            "SELECT pk FROM properties WHERE name = ?1",
            "source_ref",
        )?;
        let statement = connection.prepare_cached(
            "SELECT o.text FROM edges g JOIN entities e ON e.pk = g.source JOIN objects o ON o.pk = e.current
             WHERE g.target = ?1 AND g.property = ?2 AND e.id > 'relationship--' AND e.id < 'relationship-.'
               AND octet_length(o.text) <= ?4
             ORDER BY g.source LIMIT ?3",
        )?;
        Ok(Relations {
            source_ref,
            statement,
        })
    }

    fn of(&mut self, entity: i64) -> rusqlite::Result<Vec<Vec<u8>>> {
        let Some(source_ref) = self.source_ref else {
            return Ok(Vec::new());
        };
        let keys = [
            entity,
            source_ref,
            sql_limit(limits::RELATIONS_MAX),
            sql_limit(limits::RELATION_BYTES_MAX),
        ];
        let texts = self
            .statement
            .query_map(keys, |row| Ok(row.get_ref(0)?.as_bytes()?.to_vec()))?;
        texts.collect()
    }
}

/// What changed after a number, each id at most once, and the number to go on from.
pub(super) fn changed(
    connection: &Connection,
    after: u64,
    limit: usize,
) -> Result<(Vec<Changed>, u64), Fault> {
    // Both halves come in the order of their keys; `CROSS JOIN` keeps SQLite from another order.
    let mut turns = connection.prepare_cached(
        "SELECT o.pk, o.pk FROM objects o CROSS JOIN entities e
         WHERE o.pk > ?1 AND e.pk = o.entity AND e.current = o.pk
         UNION ALL
         SELECT a.number, e.current FROM again a CROSS JOIN entities e
         WHERE a.number > ?1 AND e.pk = a.entity AND e.current IS NOT NULL
         ORDER BY 1 LIMIT ?2",
    )?;
    let items = page_items(limit);
    let turns = turns.query_map([sql_number(after), sql_limit(items)], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    let sql = sql(&[
        "SELECT ",
        STORED,
        " FROM objects o JOIN entities e ON e.pk = o.entity WHERE o.pk = ?1",
    ]);
    let mut object = connection.prepare_cached(&sql)?;
    let mut tellers = connection.prepare_cached(TELLERS)?;
    let (mut changed, mut seen, mut next, mut bytes) = (Vec::new(), BTreeSet::new(), after, 0);
    for turn in turns {
        let (number, pk) = turn?;
        if seen.insert(pk) {
            let stored = object.query_row([pk], stored)?;
            bytes += stored.text.len();
            if bytes > limits::PAGE_BYTES_MAX && !changed.is_empty() {
                break;
            }
            changed.push(Changed {
                number: number.cast_unsigned(),
                stored,
                told: told(&mut tellers, pk)?,
            });
        }
        next = number.cast_unsigned();
    }
    Ok((changed, next))
}

pub(super) fn stats(connection: &Connection) -> Result<Stats, Fault> {
    let count = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, i64>(0).map(i64::cast_unsigned));
    let mut types = connection.prepare(
        "SELECT substr(id, 1, instr(id, '--') - 1) AS type, count(*) FROM entities
         WHERE current IS NOT NULL GROUP BY type ORDER BY type",
    )?;
    let current_by_type: Vec<(String, u64)> = types
        .query_map((), |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Stats {
        current: current_by_type.iter().map(|(_, count)| count).sum(),
        current_by_type,
        versions: count("SELECT count(*) FROM objects")?,
        holdings: count("SELECT count(*) FROM holdings")?,
        sources: count("SELECT count(*) FROM sources")?,
        observables: count("SELECT count(*) FROM observables")?,
        edges: count("SELECT count(*) FROM edges")?,
        detections: count("SELECT count(*) FROM detections")?,
        disk_bytes: 0,
    })
}

pub(super) fn sources(connection: &Connection) -> Result<Vec<Source>, Fault> {
    let mut statement = connection.prepare(
        "SELECT s.name, count(h.object), s.first_at FROM sources s LEFT JOIN holdings h ON h.source = s.pk
         GROUP BY s.pk ORDER BY s.name",
    )?;
    let rows = statement.query_map((), |row| {
        Ok(Source {
            name: row.get(0)?,
            holdings: row.get::<_, i64>(1)?.cast_unsigned(),
            first_at: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn meta(connection: &Connection, name: &str) -> Result<Option<String>, Fault> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}
