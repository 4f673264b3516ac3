//! Collections: numbers, times, versions, filters, pages.

use super::{Case, digest};
use crate::{Collect, CollectionEntry, CollectionFilter, Discard, NewCollection, NewCollectionEntry, Store};

pub(super) const CASES: &[Case] = &[];

pub(super) fn collection<'a>(root: &'a str, id: &'a str) -> NewCollection<'a> {
    NewCollection {
        root,
        id,
        title: "a title",
        description: None,
        alias: None,
        media_types: vec!["application/stix+json;version=2.1"],
        can_read: true,
        can_write: true,
        owner: None,
    }
}

/// An entry whose digest follows from its id and version.
pub(super) fn item(id: &str, version: i64) -> NewCollectionEntry<'_> {
    NewCollectionEntry {
        id,
        version,
        version_text: "a version",
        spec_version: "2.1",
        media_type: "application/stix+json;version=2.1",
        digest: digest(format!("{id} {version}").as_bytes()),
        added: None,
    }
}

pub(super) fn collect<'a>(
    root: &'a str,
    collection: &'a str,
    entries: Vec<NewCollectionEntry<'a>>,
) -> Collect<'a> {
    Collect {
        root,
        collection,
        entries,
    }
}

pub(super) fn discard<'a>(root: &'a str, collection: &'a str, id: &'a str) -> Discard<'a> {
    Discard {
        root,
        collection,
        id,
        version: None,
    }
}

/// Every entry of a collection that a filter lets through, by pages of `limit`.
pub(super) fn filtered(
    store: &dyn Store,
    (root, id): (&str, &str),
    filter: &CollectionFilter<'_>,
    limit: usize,
) -> Vec<CollectionEntry> {
    let (mut entries, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next {
        let page = store.collection_entries(root, id, from, filter, limit).unwrap();
        assert!(page.items.len() <= limit);
        entries.extend(page.items);
        next = page.next;
    }
    entries
}

pub(super) fn all_entries(store: &dyn Store, root: &str, id: &str) -> Vec<CollectionEntry> {
    filtered(store, (root, id), &CollectionFilter::default(), 100)
}
