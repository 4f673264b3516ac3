//! Full text (FTS5) and field filters.

use rusqlite::{Connection, ToSql, params};

use super::fault::Fault;
use super::read;
use crate::limits;
use crate::query::{SearchQuery, Term};
use crate::records::{Cursor, Page, SearchHit};

/// A word in the name weighs as much as this many in the other words: enough that what is called so comes before
/// what tells of it, however long its description is.
const NAME_WEIGHT: f64 = 40.0;

pub(super) fn search(
    connection: &Connection,
    query: &SearchQuery,
    limit: usize,
) -> Result<Page<SearchHit>, Fault> {
    super::limit("the search", query.terms.len(), limits::SEARCH_TERMS_MAX)?;
    let nothing = Page {
        items: Vec::new(),
        next: None,
    };
    let Some(filters) = Filters::of(connection, query)? else {
        return Ok(nothing);
    };
    let hits = limit.clamp(1, limits::SEARCH_HITS_MAX);
    if query.terms.is_empty() {
        return if filters.is_empty() {
            Ok(nothing)
        } else {
            list(connection, &filters, hits)
        };
    }
    ranked(connection, &query.terms, &filters, hits)
}

/// Filters with names resolved to keys.
struct Filters {
    id_from: String,
    id_to: String,
    source: Option<i64>,
    creator: Option<i64>,
}

impl Filters {
    /// `None` when a filter names what is not there, so that nothing can match.
    fn of(connection: &Connection, query: &SearchQuery) -> Result<Option<Filters>, Fault> {
        let resolve = |sql: &str, name: &Option<String>| match name {
            None => Ok(Some(None)),
            Some(name) => read::key(connection, sql, name).map(|key| key.map(Some)),
        };
        let source = resolve("SELECT pk FROM sources WHERE name = ?1", &query.source)?;
        let creator = resolve("SELECT pk FROM entities WHERE id = ?1", &query.created_by)?;
        let (Some(source), Some(creator)) = (source, creator) else {
            return Ok(None);
        };
        let (type_from, type_to) = read::type_range(query.type_name.as_deref());
        let id = query.id.clone().unwrap_or_default();
        let last = char::MAX.to_string();
        let id_to = type_to.unwrap_or_else(|| last.clone()).min(format!("{id}{last}"));
        Ok(Some(Filters {
            id_from: type_from.max(id),
            id_to,
            source,
            creator,
        }))
    }

    fn is_empty(&self) -> bool {
        self.id_from.is_empty() && self.source.is_none() && self.creator.is_none()
    }
}

const FILTER: &str = "e.id >= ?1 AND e.id < ?2
    AND (?3 IS NULL OR EXISTS (SELECT 1 FROM holdings h WHERE h.object = o.pk AND h.source = ?3))
    AND (?4 IS NULL OR o.creator = ?4)";

/// By filters alone, in the order of ids.
fn list(connection: &Connection, filters: &Filters, hits: usize) -> Result<Page<SearchHit>, Fault> {
    let sql = format!(
        "SELECT e.id, o.name, o.revoked, o.version FROM entities e JOIN objects o ON o.pk = e.current
         WHERE {FILTER} ORDER BY e.id LIMIT ?5"
    );
    answer(connection, &sql, filters, hits, &[])
}

/// Best first, equals in the order of ids; of very many, newest first.
fn ranked(
    connection: &Connection,
    terms: &[Term],
    filters: &Filters,
    hits: usize,
) -> Result<Page<SearchHit>, Fault> {
    let expression = expression(terms);
    if expression.is_empty() {
        return Ok(Page {
            items: Vec::new(),
            next: None,
        });
    }
    // A rank reads every match, so it is only given where they are not too many.
    let order = match matches_more_than(connection, &expression, limits::SEARCH_RANKED_MAX)? {
        true => "words.rowid DESC".to_owned(),
        false => format!("bm25(words, {NAME_WEIGHT}, 1.0), e.id"),
    };
    // `CROSS JOIN` keeps the order of reading: words, then what they belong to.
    let sql = format!(
        "SELECT e.id, o.name, o.revoked, o.version FROM words
         CROSS JOIN objects o ON o.pk = words.rowid CROSS JOIN entities e ON e.pk = o.entity
         WHERE words MATCH ?6 AND {FILTER} ORDER BY {order} LIMIT ?5"
    );
    answer(connection, &sql, filters, hits, &[&expression])
}

fn matches_more_than(connection: &Connection, expression: &str, count: usize) -> Result<bool, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM words WHERE words MATCH ?1 LIMIT 1 OFFSET ?2")?;
    Ok(statement.exists(params![expression, i64::try_from(count).unwrap_or(i64::MAX)])?)
}

fn answer(
    connection: &Connection,
    sql: &str,
    filters: &Filters,
    hits: usize,
    more: &[&dyn ToSql],
) -> Result<Page<SearchHit>, Fault> {
    let rows = i64::try_from(hits + 1).unwrap_or(i64::MAX);
    let Filters {
        id_from,
        id_to,
        source,
        creator,
    } = filters;
    let mut values: Vec<&dyn ToSql> = vec![id_from, id_to, source, creator, &rows];
    values.extend(more);
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map(values.as_slice(), |row| {
        Ok(SearchHit {
            id: row.get(0)?,
            name: row.get(1)?,
            revoked: row.get(2)?,
            version: row.get(3)?,
        })
    })?;
    let mut items = found.collect::<rusqlite::Result<Vec<_>>>()?;
    // There is no going on from a rank: more is found by asking more closely.
    let next = (items.len() > hits).then(|| Cursor(String::new()));
    items.truncate(hits);
    Ok(Page { items, next })
}

/// The terms in FTS5's language. Quoted, nothing in a string has a meaning there but the quote itself.
fn expression(terms: &[Term]) -> String {
    let mut expression = String::new();
    for term in terms
        .iter()
        .filter(|term| term.words.chars().any(char::is_alphanumeric))
    {
        if !expression.is_empty() {
            expression.push_str(" AND ");
        }
        expression.push('"');
        for character in term.words.chars().filter(|character| *character != '\0') {
            expression.push(character);
            if character == '"' {
                expression.push(character);
            }
        }
        expression.push('"');
        if term.is_prefix {
            expression.push('*');
        }
    }
    expression
}
