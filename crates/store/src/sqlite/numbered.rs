//! Pages of what has a place: candidates in the order of their places, from one or several sources, and of them
//! those that a filter lets through.
//!
//! A page takes a bounded number of looks, however deep it begins and however rare what is wanted: where
//! there is an index for the filter it leads, and where it does not the page ends early and tells where to go on.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use super::fault::Fault;
use super::logs::at_place;
use super::{entities, labels, read};
use crate::collections::{Filter, Numbered};
use crate::records::type_of;
use crate::{Error, limits};

/// Places that one source gives at a time, at least.
const EACH_MIN: usize = 16;

/// Statements that each give places from ?3 on and before ?4 in order, at most ?5.
pub(super) struct Statements {
    /// All of them.
    pub(super) all: &'static str,
    /// Those of the type ?2.
    pub(super) of_type: &'static str,
    /// Those of the id ?2 in the channel or collection ?1.
    pub(super) of_id: &'static str,
}

/// Where candidates come from: a statement, and what it is asked for one after the other.
pub(super) struct Sources<'a> {
    connection: &'a Connection,
    statement: &'static str,
    of: i64,
    keys: BTreeSet<i64>,
}

/// What leads to the entries of a channel or collection that a filter wants, but for their time.
pub(super) fn sources<'a>(
    connection: &'a Connection,
    of: i64,
    filter: &Filter<'_>,
    statements: Statements,
) -> Result<Sources<'a>, Fault> {
    let types = &filter.types;
    let (statement, keys) = if !filter.ids.is_empty() {
        let ids = filter.ids.iter().copied();
        let of_types = ids.filter(|id| types.is_empty() || types.contains(&type_of(id)));
        (statements.of_id, keys(connection, entities::KEY, of_types)?)
    } else if !types.is_empty() {
        let types = types.iter().copied();
        (statements.of_type, keys(connection, labels::TYPE_KEY, types)?)
    } else {
        (statements.all, BTreeSet::from([0]))
    };
    Ok(Sources {
        connection,
        statement,
        of,
        keys,
    })
}

impl Sources<'_> {
    /// Some places of all sources from `from` on, in order, and the place up to which they are all.
    fn some(&self, from: i64, until: i64, wanted: usize) -> Result<(Vec<i64>, i64), Fault> {
        let each = (wanted / self.keys.len().max(1)).max(EACH_MIN);
        let mut statement = self.connection.prepare_cached(self.statement)?;
        let (mut places, mut known_until) = (Vec::new(), until);
        for key in &self.keys {
            let before = places.len();
            let bounds = [self.of, *key, from, until, read::sql_limit(each)];
            for place in statement.query_map(bounds, |row| row.get::<_, i64>(0))? {
                places.push(place?);
            }
            if places.len() - before == each {
                let last = places.last().map_or(until, |last| last.saturating_add(1));
                known_until = known_until.min(last);
            }
        }
        places.sort_unstable();
        places.retain(|place| *place < known_until);
        Ok((places, known_until))
    }
}

/// A page of what `look` lets through, with about how many bytes each is.
pub(super) fn page<T>(
    sources: &Sources<'_>,
    (from, until): (i64, i64),
    limit: usize,
    mut look: impl FnMut(i64) -> Result<Option<(T, usize)>, Fault>,
) -> Result<Numbered<T>, Fault> {
    let limit = read::page_items(limit);
    let (mut items, mut bytes, mut looks) = (Vec::new(), 0, 0);
    let mut from = from;
    while from < until {
        let (places, known_until) = sources.some(from, until, limit + 1)?;
        for place in places {
            let ends_at = |items| {
                let next = Some(at_place(place).1);
                Ok(Numbered { items, next })
            };
            if looks == limits::FILTER_LOOKS_MAX.max(limit + 1) {
                return ends_at(items);
            }
            looks += 1;
            if let Some((item, size)) = look(place)? {
                bytes += size;
                let is_full = items.len() == limit || bytes > limits::PAGE_BYTES_MAX;
                if is_full && !items.is_empty() {
                    return ends_at(items);
                }
                items.push(item);
            }
        }
        from = known_until;
    }
    Ok(Numbered { items, next: None })
}

/// Refuses a filter that is over a bound.
pub(super) fn require_fit(filter: &Filter<'_>) -> Result<(), Error> {
    super::limit("the ids of a filter", filter.ids.len(), limits::FILTER_KEYS_MAX)?;
    super::limit(
        "the types of a filter",
        filter.types.len(),
        limits::FILTER_KEYS_MAX,
    )
}

/// The keys of what is known among `names`.
pub(super) fn keys<'n>(
    connection: &Connection,
    statement: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Result<BTreeSet<i64>, Fault> {
    let keys = names
        .into_iter()
        .map(|name| read::key(connection, statement, name));
    keys.filter_map(Result::transpose).collect()
}

/// The first place from `from` on, and before `until`, of what was added after a time. `statement` gives the first
/// place and its time from ?1 on and before ?2; times never fall from one place to the next.
pub(super) fn first_after(
    connection: &Connection,
    statement: &str,
    (from, until): (i64, i64),
    added_after: i64,
) -> Result<i64, Fault> {
    let mut statement = connection.prepare_cached(statement)?;
    let (mut from, mut until) = (from, until);
    while from < until {
        let middle = from + (until - from) / 2;
        let found: Option<(i64, i64)> = statement
            .query_row([middle, until], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match found {
            Some((place, added)) if added <= added_after => from = place + 1,
            _ => until = middle,
        }
    }
    Ok(from)
}
