//! Detections, their groups, and the counts of one's own hits.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use super::fault::Fault;
use super::{entities, read};
use crate::limits;
use crate::records::{Cursor, Detection, Group, GroupDone, Hits, Page, Recorded};

/// About how many bytes a batch writes.
pub(super) fn weight(batch: &[Detection]) -> usize {
    let texts = |detection: &Detection| {
        let Detection {
            file,
            field,
            value,
            host,
            how,
            ..
        } = detection;
        128 + file.len() + field.len() + value.len() + host.len() + how.len()
    };
    batch.iter().map(texts).sum()
}

/// What a batch adds to a group.
#[derive(Default)]
struct Addition<'a> {
    count: i64,
    first: Option<i64>,
    last: Option<i64>,
    values: Vec<(u8, &'a str)>,
}

pub(super) fn record(connection: &Connection, batch: &[Detection]) -> Result<Vec<bool>, Fault> {
    let mut indicators = Indicators {
        connection,
        known: BTreeMap::new(),
    };
    let mut groups: BTreeMap<(i64, i32), Addition<'_>> = BTreeMap::new();
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO detections
         (indicator, record, occurrence, at, day, file, line, field, kind, value, host, how)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    let mut were_new = Vec::with_capacity(batch.len());
    for detection in batch {
        let indicator = indicators.key(&detection.indicator)?;
        let at = (detection.at != i64::MIN).then_some(detection.at);
        let Detection {
            record,
            occurrence,
            day,
            file,
            line,
            field,
            kind,
            value,
            host,
            how,
            ..
        } = detection;
        let line = line.cast_signed();
        let values = params![
            indicator, record, occurrence, at, day, file, line, field, kind, value, host, how
        ];
        let is_new = insert.execute(values)? > 0;
        if is_new {
            groups.entry((indicator, *day)).or_default().add(detection, at);
        }
        were_new.push(is_new);
    }
    for ((indicator, day), addition) in &groups {
        addition.write(connection, *indicator, *day)?;
    }
    Ok(were_new)
}

/// Keys of indicators, which need not be stored here.
struct Indicators<'a> {
    connection: &'a Connection,
    known: BTreeMap<String, i64>,
}

impl Indicators<'_> {
    fn key(&mut self, id: &str) -> Result<i64, Fault> {
        if let Some(key) = self.known.get(id) {
            return Ok(*key);
        }
        let key = entities::key(self.connection, id)?;
        self.known.insert(id.to_owned(), key);
        Ok(key)
    }
}

impl<'a> Addition<'a> {
    fn add(&mut self, detection: &'a Detection, at: Option<i64>) {
        self.count += 1;
        self.first = earlier(self.first, at);
        self.last = self.last.max(at);
        let value = (detection.kind, detection.value.as_str());
        if self.values.len() < limits::GROUP_VALUES_MAX && !self.values.contains(&value) {
            self.values.push(value);
        }
    }

    fn write(&self, connection: &Connection, indicator: i64, day: i32) -> Result<(), Fault> {
        connection
            .prepare_cached(
                "INSERT INTO groups (indicator, day, count, first, last, revision, dirty)
                 VALUES (?1, ?2, ?3, ?4, ?5, 1, 1)
                 ON CONFLICT (indicator, day) DO UPDATE SET
                     count = count + ?3,
                     first = min(ifnull(first, ?4), ifnull(?4, first)),
                     last = max(ifnull(last, ?5), ifnull(?5, last)),
                     revision = revision + 1,
                     dirty = 1",
            )?
            .execute(params![indicator, day, self.count, self.first, self.last])?;
        let mut stored = values_of(connection, indicator, day)?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO group_values (indicator, day, position, kind, value) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (kind, value) in &self.values {
            let is_known = stored
                .iter()
                .any(|(known_kind, known)| known_kind == kind && known == value);
            if is_known || stored.len() >= limits::GROUP_VALUES_MAX {
                continue;
            }
            insert.execute(params![
                indicator,
                day,
                i64::try_from(stored.len()).unwrap_or(i64::MAX),
                kind,
                value
            ])?;
            stored.push((*kind, (*value).to_owned()));
        }
        Ok(())
    }
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn values_of(connection: &Connection, indicator: i64, day: i32) -> Result<Vec<(u8, String)>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, value FROM group_values WHERE indicator = ?1 AND day = ?2 ORDER BY position",
    )?;
    let rows = statement.query_map(params![indicator, day], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn dirty_groups(connection: &Connection, limit: usize) -> Result<Vec<Group>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT g.indicator, e.id, g.day, g.count, g.first, g.last, g.revision
         FROM groups g JOIN entities e ON e.pk = g.indicator
         WHERE g.dirty = 1 ORDER BY g.indicator, g.day LIMIT ?1",
    )?;
    let items = i64::try_from(read::page_items(limit)).unwrap_or(i64::MAX);
    let mut rows = statement.query([items])?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next()? {
        let day = row.get(2)?;
        groups.push(Group {
            indicator: row.get(1)?,
            day,
            count: row.get::<_, i64>(3)?.cast_unsigned(),
            first: row.get(4)?,
            last: row.get(5)?,
            values: values_of(connection, row.get(0)?, day)?,
            revision: row.get::<_, i64>(6)?.cast_unsigned(),
        });
    }
    Ok(groups)
}

/// Marks groups clean that are still as they were read.
pub(super) fn mark_done(connection: &Connection, done: &[GroupDone<'_>]) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "UPDATE groups SET dirty = 0
         WHERE indicator = (SELECT pk FROM entities WHERE id = ?1) AND day = ?2 AND revision = ?3",
    )?;
    for group in done {
        statement.execute(params![group.indicator, group.day, group.revision.cast_signed()])?;
    }
    Ok(())
}

pub(super) fn page(
    connection: &Connection,
    indicator: Option<&str>,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Recorded>, Fault> {
    let start: i64 = after
        .map(|cursor| read::place(cursor, |text| text.parse().ok()))
        .transpose()?
        .unwrap_or(0);
    let items = read::page_items(limit);
    let rows = i64::try_from(items + 1).unwrap_or(i64::MAX);
    let found: Vec<Recorded> = match indicator {
        None => connection
            .prepare_cached(&format!(
                "{RECORDED} WHERE d.number > ?1 ORDER BY d.number LIMIT ?2"
            ))?
            .query_map([start, rows], recorded)?
            .collect::<rusqlite::Result<_>>()?,
        Some(id) => {
            let key = read::key(connection, "SELECT pk FROM entities WHERE id = ?1", id)?;
            connection
                .prepare_cached(&format!(
                    "{RECORDED} WHERE d.indicator = ?3 AND d.number > ?1 ORDER BY d.number LIMIT ?2"
                ))?
                .query_map(params![start, rows, key], recorded)?
                .collect::<rusqlite::Result<_>>()?
        }
    };
    let mut page = Page {
        items: found,
        next: None,
    };
    if page.items.len() > items {
        page.items.truncate(items);
        page.next = page.items.last().map(|last| Cursor(last.number.to_string()));
    }
    Ok(page)
}

const RECORDED: &str = "SELECT d.number, e.id, d.record, d.occurrence, d.at, d.day, d.file, d.line, d.field,
    d.kind, d.value, d.host, d.how FROM detections d JOIN entities e ON e.pk = d.indicator";

fn recorded(row: &Row<'_>) -> rusqlite::Result<Recorded> {
    let detection = Detection {
        indicator: row.get(1)?,
        record: row.get(2)?,
        occurrence: row.get(3)?,
        at: row.get::<_, Option<i64>>(4)?.unwrap_or(i64::MIN),
        day: row.get(5)?,
        file: row.get(6)?,
        line: row.get::<_, i64>(7)?.cast_unsigned(),
        field: row.get(8)?,
        kind: row.get(9)?,
        value: row.get(10)?,
        host: row.get(11)?,
        how: row.get(12)?,
    };
    Ok(Recorded {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        detection,
    })
}

pub(super) fn hits(connection: &Connection, keys: &[(u8, &str)]) -> Result<Vec<Hits>, Fault> {
    // A node that never scanned is asked as often as any other.
    let any = connection
        .prepare_cached("SELECT 1 FROM detections LIMIT 1")?
        .exists([])?;
    if !any {
        return Ok(vec![Hits::default(); keys.len()]);
    }
    let mut statement = connection
        .prepare_cached("SELECT count(*), min(at), max(at) FROM detections WHERE kind = ?1 AND value = ?2")?;
    let hits = keys.iter().map(|(kind, value)| {
        statement.query_row(params![kind, value], |row| {
            Ok(Hits {
                count: row.get::<_, i64>(0)?.cast_unsigned(),
                first: row.get(1)?,
                last: row.get(2)?,
            })
        })
    });
    Ok(hits.collect::<rusqlite::Result<_>>()?)
}

/// Groups that do not tell what the detections say: (indicator, day, message).
pub(super) fn wrong_groups(connection: &Connection, limit: usize) -> Result<Vec<(String, i32)>, Fault> {
    let mut statement = connection.prepare(
        "WITH told AS (SELECT indicator, day, count(*) AS count, min(at) AS first, max(at) AS last
                       FROM detections GROUP BY indicator, day)
         SELECT e.id, t.day FROM told t LEFT JOIN groups g ON g.indicator = t.indicator AND g.day = t.day
         JOIN entities e ON e.pk = t.indicator
         WHERE g.count IS NOT t.count OR g.first IS NOT t.first OR g.last IS NOT t.last LIMIT ?1",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Counts groups anew; those that change become dirty, so that their sighting is told again.
pub(super) fn recount(connection: &Connection) -> Result<(), Fault> {
    let wrong = wrong_groups(connection, usize::MAX)?;
    for (id, day) in wrong {
        let indicator = read::key(connection, "SELECT pk FROM entities WHERE id = ?1", &id)?;
        connection
            .prepare_cached(
                "INSERT INTO groups (indicator, day, count, first, last, revision, dirty)
                 SELECT indicator, day, count(*), min(at), max(at), 1, 1 FROM detections
                 WHERE indicator = ?1 AND day = ?2
                 ON CONFLICT (indicator, day) DO UPDATE SET count = excluded.count, first = excluded.first,
                     last = excluded.last, revision = revision + 1, dirty = 1",
            )?
            .execute(params![indicator, day])?;
    }
    Ok(())
}
