//! Pages of boxes and collections that are kept here, with all versions of their objects.

use std::collections::BTreeMap;

use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_store::{Collection, CollectionEntry, CollectionFilter};

use super::cursor::Cursor;
use super::page::{Filling, Item, Page, Wanted, stored_filter};
use super::{Filter, Shelf, Visitor};
use crate::channel::source_of;
use crate::limits::{LISTED_MAX, SHELF_ROUNDS_MAX};
use crate::view::CONTENTS_AT_ONCE;
use crate::{Error, Node};

impl Shelf<'_> {
    /// A page in the order of adding. Of those added at one instant none is parted from the others, unless the
    /// instant fills the page: who goes on by time, as some clients do, misses nothing.
    pub(super) fn boxed_page(
        &self,
        stored: &Collection,
        wanted: &Wanted<'_>,
        cursor: Cursor,
    ) -> Result<(Page, Option<Cursor>), Error> {
        let Cursor::Number(mut from) = cursor else {
            return Ok((Page::default(), None));
        };
        let mut filling = Filling::new(wanted.limit);
        for _ in 0..SHELF_ROUNDS_MAX {
            let some = filling.room().min(CONTENTS_AT_ONCE);
            let (entries, next) = self.node.chosen_entries(stored, from, wanted.filter, some)?;
            for item in self.items(stored, entries)? {
                let (number, added) = (item.number, item.added);
                if !filling.add(item) {
                    return Ok(cut(filling.done(), number, added));
                }
            }
            match next {
                Some(next) => from = next,
                None => return Ok((filling.done(), None)),
            }
        }
        Ok((filling.done(), Some(Cursor::Number(from))))
    }

    /// The entries of one object that a filter leaves.
    pub(super) fn entries_of(
        &self,
        stored: &Collection,
        id: &str,
        filter: &Filter,
    ) -> Result<Vec<CollectionEntry>, Error> {
        let filter = Filter {
            ids: vec![id.to_owned()],
            ..filter.clone()
        };
        let mut found = Vec::new();
        let mut from = 0;
        loop {
            let (entries, next) = self.node.chosen_entries(stored, from, &filter, LISTED_MAX)?;
            found.extend(entries);
            match next {
                Some(next) => from = next,
                None => return Ok(found),
            }
        }
    }

    /// Entries with their texts. What was withdrawn meanwhile has none, and is not told.
    fn items(&self, stored: &Collection, entries: Vec<CollectionEntry>) -> Result<Vec<Item>, Error> {
        let digests: Vec<[u8; 32]> = entries.iter().map(|entry| entry.digest).collect();
        let texts = self.node.contents(&digests)?;
        let mut items = Vec::with_capacity(entries.len());
        for (entry, text) in entries.into_iter().zip(texts) {
            let text = match (text, &stored.owner) {
                (None, Some(party)) => self.node.text_beside(&source_of(party, &stored.root), &entry)?,
                (text, _) => text,
            };
            let text = text.and_then(|text| self.as_told(stored, text));
            items.extend(text.map(|text| Item {
                number: entry.number,
                id: entry.id,
                added: Timestamp::from_micros(entry.added),
                version: entry.version_text,
                media_type: entry.media_type,
                text,
            }));
        }
        Ok(items)
    }

    /// A party gets back what it wrote in canonical form: of two spellings of one object the first is kept, and
    /// another's must not show through it.
    fn as_told(&self, stored: &Collection, text: Vec<u8>) -> Option<Vec<u8>> {
        match (self.visitor, &stored.owner) {
            (Visitor::Party(_), Some(_)) => {
                let object = Object::read(&text).ok()?;
                Some(object.value().canonical().into_bytes())
            }
            _ => Some(text),
        }
    }
}

/// The page without those at its end that were added at the same instant as the first one that did not fit.
fn cut(mut page: Page, number: u64, added: Timestamp) -> (Page, Option<Cursor>) {
    let whole = page.items.iter().take_while(|item| item.added < added).count();
    let parted = page.items.get(whole).map(|item| item.number);
    match parted.filter(|_| whole > 0) {
        Some(parted) => {
            page.items.truncate(whole);
            (page, Some(Cursor::Number(parted)))
        }
        None => (page, Some(Cursor::Number(number))),
    }
}

impl Node {
    /// Entries from number `from` on that a filter leaves, in order, and the number to go on from. Versions are
    /// chosen last, among what the rest of the filter leaves, as other servers do: the latest version of STIX of
    /// each object, then its first, its last or a named version.
    fn chosen_entries(
        &self,
        stored: &Collection,
        from: u64,
        filter: &Filter,
        limit: usize,
    ) -> Result<(Vec<CollectionEntry>, Option<u64>), Error> {
        let outer = collection_filter(filter);
        let page = self
            .store()
            .collection_entries(&stored.root, &stored.id, from, &outer, limit)?;
        let mut ids: Vec<&str> = page.items.iter().map(|entry| entry.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() || (filter.versions.all && !filter.spec_versions.is_empty()) {
            return Ok((page.items, page.next));
        }
        let extents = self.extents(stored, &outer, ids)?;
        let chosen = page.items.iter().filter(|entry| {
            let extent = extents.get(&entry.id);
            extent.is_some_and(|extent| extent.has(entry, filter))
        });
        Ok((chosen.cloned().collect(), page.next))
    }

    /// What there is of each of these objects in a collection.
    fn extents(
        &self,
        stored: &Collection,
        outer: &CollectionFilter<'_>,
        ids: Vec<&str>,
    ) -> Result<BTreeMap<String, Extent>, Error> {
        let mut inner = outer.clone();
        inner.filter.ids = ids;
        let mut all = Vec::new();
        let mut from = 0;
        loop {
            let store = self.store();
            let page = store.collection_entries(&stored.root, &stored.id, from, &inner, LISTED_MAX)?;
            all.extend(page.items);
            match page.next {
                Some(next) => from = next,
                None => break,
            }
        }
        let mut latest: BTreeMap<String, String> = BTreeMap::new();
        for entry in &all {
            let spec = latest.entry(entry.id.clone()).or_default();
            if order(spec) < order(&entry.spec_version) {
                spec.clone_from(&entry.spec_version);
            }
        }
        let mut extents: BTreeMap<String, Extent> = BTreeMap::new();
        for entry in &all {
            let spec = latest.get(&entry.id).filter(|_| outer.spec_versions.is_empty());
            if spec.is_some_and(|spec| *spec != entry.spec_version) {
                continue;
            }
            let extent = extents.entry(entry.id.clone()).or_insert_with(|| Extent {
                spec: spec.cloned(),
                first: (entry.version, entry.number),
                last: (entry.version, entry.number),
            });
            if entry.version < extent.first.0 {
                extent.first = (entry.version, entry.number);
            }
            if entry.version > extent.last.0 {
                extent.last = (entry.version, entry.number);
            }
        }
        Ok(extents)
    }

    /// The text of an entry that was kept beside, since the object is another's to change.
    fn text_beside(&self, source: &str, entry: &CollectionEntry) -> Result<Option<Vec<u8>>, Error> {
        let beside = self.asides_of(source, &entry.id)?.into_iter();
        let mut alike = beside.filter(|aside| aside.digest == entry.digest);
        Ok(alike.next().map(|aside| aside.text))
    }
}

fn collection_filter(filter: &Filter) -> CollectionFilter<'_> {
    CollectionFilter {
        filter: stored_filter(filter),
        versions: entente_store::Versions::All,
        spec_versions: filter.spec_versions.iter().map(String::as_str).collect(),
    }
}

/// `2.1` as numbers, to be compared; what is none comes before all.
fn order(spec: &str) -> (u32, u32) {
    let parts = spec.split_once('.');
    let numbers = parts.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    numbers.unwrap_or_default()
}

/// The versions of one object that there are, as far as anybody asks.
struct Extent {
    /// The only version of STIX that counts.
    spec: Option<String>,
    /// The first and the last version, with the number of the entry that tells it first.
    first: (i64, u64),
    last: (i64, u64),
}

impl Extent {
    fn has(&self, entry: &CollectionEntry, filter: &Filter) -> bool {
        let versions = &filter.versions;
        let is_spec = self.spec.as_ref().is_none_or(|spec| *spec == entry.spec_version);
        let is_version = versions.all
            || (versions.first && entry.number == self.first.1)
            || (versions.last && entry.number == self.last.1)
            || versions.exact.contains(&Timestamp::from_micros(entry.version));
        is_spec && is_version
    }
}
