//! What people type into a search box.

use entente_store::SearchQuery;

/// A search: any text has a meaning, or is too long.
pub fn search_query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(query) = SearchQuery::parse(text) {
        assert!(
            query
                .terms
                .iter()
                .all(|term| term.words.chars().any(char::is_alphanumeric))
        );
    }
}
