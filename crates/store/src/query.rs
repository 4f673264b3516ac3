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
    /// The words, in a row. What is neither letter nor digit only separates them.
    pub words: String,
    /// Whether the last word may go on.
    pub is_prefix: bool,
}

impl SearchQuery {
    /// Reads a query: `plain words`, `"a phrase"`, `begin*`, `type:indicator`, `id:…`, `source:…`, `by:…`
    /// (values may be quoted: `source:"CERT A"`). Any text has a meaning: an unknown `word:` is a word like
    /// others, a quote that does not end ends with the text, what has no letter or digit is left out. Of a
    /// filter given twice the last counts.
    ///
    /// # Errors
    /// [`Error::TooMuch`] over [`limits::SEARCH_BYTES_MAX`] or [`limits::SEARCH_TERMS_MAX`].
    pub fn parse(text: &str) -> Result<SearchQuery, Error> {
        limit("the search, in bytes,", text.len(), limits::SEARCH_BYTES_MAX)?;
        let mut query = SearchQuery::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (piece, after) = split_piece(rest);
            query.add(&piece);
            rest = after.trim_start();
        }
        limit(
            "the search, in words,",
            query.terms.len(),
            limits::SEARCH_TERMS_MAX,
        )?;
        Ok(query)
    }

    /// The words of this search that look like filters and are none, `typ:` in `typ:indicator`: each is searched as a
    /// word, which is most likely not what was meant.
    pub fn not_filters(&self) -> Vec<&str> {
        let before_colon = self.terms.iter().filter_map(|term| term.words.split_once(':'));
        let names = before_colon.filter(|(name, value)| {
            let is_name = !name.is_empty()
                && name
                    .chars()
                    .all(|letter| letter.is_ascii_lowercase() || letter == '_');
            is_name && !value.is_empty() && !value.starts_with("//") && !FILTERS.contains(name)
        });
        names.map(|(name, _)| name).collect()
    }

    fn add(&mut self, piece: &Piece<'_>) {
        let filter = match piece.filter {
            Some("type") => &mut self.type_name,
            Some("id") => &mut self.id,
            Some("source") => &mut self.source,
            Some("by") => &mut self.created_by,
            _ => return self.terms.extend(piece.term()),
        };
        *filter = Some(piece.value.to_owned());
    }
}

/// One word, phrase or filter as typed.
struct Piece<'a> {
    filter: Option<&'a str>,
    value: &'a str,
    is_prefix: bool,
}

impl Piece<'_> {
    fn term(&self) -> Option<Term> {
        let has_words = self.value.chars().any(char::is_alphanumeric);
        has_words.then(|| Term {
            words: self.value.to_owned(),
            is_prefix: self.is_prefix,
        })
    }
}

/// The fields that a search knows.
pub const FILTERS: [&str; 4] = ["type", "id", "source", "by"];

/// The first piece of a text that does not begin with a space, and what follows it.
fn split_piece(text: &str) -> (Piece<'_>, &str) {
    let known = FILTERS
        .iter()
        .find_map(|filter| Some((*filter, text.strip_prefix(filter)?.strip_prefix(':')?)));
    match known {
        // `type: indicator` is a word with a colon, not a filter for nothing.
        Some((filter, value)) if !value.is_empty() && !value.starts_with(char::is_whitespace) => {
            let (value, after) = split_value(value);
            (
                Piece {
                    filter: Some(filter),
                    value: value.trim_end_matches('*'),
                    is_prefix: false,
                },
                after,
            )
        }
        _ => {
            let is_quoted = text.starts_with('"');
            let (value, after) = split_value(text);
            match after.strip_prefix('*') {
                Some(after) if is_quoted => (
                    Piece {
                        filter: None,
                        value,
                        is_prefix: true,
                    },
                    after,
                ),
                _ => {
                    let is_prefix = !is_quoted && value.ends_with('*');
                    (
                        Piece {
                            filter: None,
                            value,
                            is_prefix,
                        },
                        after,
                    )
                }
            }
        }
    }
}

/// A quoted value without its quotes, or a value up to a space.
fn split_value(text: &str) -> (&str, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split_once('"').unwrap_or((quoted, ""));
    }
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The terms as `word`, `"phrase"` of any sort in brackets, and the filters.
    fn check(text: &str, terms: &[(&str, bool)], filters: [Option<&str>; 4]) {
        let query = SearchQuery::parse(text).unwrap();
        let found: Vec<_> = query
            .terms
            .iter()
            .map(|term| (term.words.as_str(), term.is_prefix))
            .collect();
        assert_eq!(found, terms, "{text}");
        let of = Option::as_deref;
        assert_eq!(
            [
                of(&query.type_name),
                of(&query.id),
                of(&query.source),
                of(&query.created_by)
            ],
            filters,
            "{text}"
        );
    }

    #[test]
    fn words_phrases_beginnings_and_filters_are_told_apart() {
        check(
            "cobalt strike",
            &[("cobalt", false), ("strike", false)],
            [None; 4],
        );
        check(
            "\"cobalt strike\" bea*",
            &[("cobalt strike", false), ("bea*", true)],
            [None; 4],
        );
        check("\"lazarus gr\"*", &[("lazarus gr", true)], [None; 4]);
        check(
            "type:indicator id:x--1* evil",
            &[("evil", false)],
            [Some("indicator"), Some("x--1"), None, None],
        );
        check(
            "source:\"CERT A\" by:identity--1",
            &[],
            [None, None, Some("CERT A"), Some("identity--1")],
        );
    }

    #[test]
    fn any_other_text_is_words() {
        check("", &[], [None; 4]);
        check(" \t ", &[], [None; 4]);
        check("- * \" \" ( AND:", &[("AND:", false)], [None; 4]);
        check("type: x", &[("type:", false), ("x", false)], [None; 4]);
        check("\"no end", &[("no end", false)], [None; 4]);
        check("tipe:x a\"b", &[("tipe:x", false), ("a\"b", false)], [None; 4]);
    }

    #[test]
    fn words_that_look_like_filters_are_named() {
        for (text, names) in [
            ("typ:indicator evil", vec!["typ"]),
            ("type:indicator https://a.example 12:30 type: x", vec![]),
            ("\"created_by: x\" creator:a by:b", vec!["created_by", "creator"]),
        ] {
            assert_eq!(SearchQuery::parse(text).unwrap().not_filters(), names, "{text}");
        }
    }

    #[test]
    fn too_long_a_query_is_refused() {
        assert!(matches!(
            SearchQuery::parse(&"a ".repeat(65)),
            Err(Error::TooMuch { .. })
        ));
        assert!(matches!(
            SearchQuery::parse(&"a".repeat(5000)),
            Err(Error::TooMuch { .. })
        ));
    }

    proptest! {
        #[test]
        fn parsing_is_total(text in ".{0,300}") {
            let _ = SearchQuery::parse(&text);
        }
    }
}
