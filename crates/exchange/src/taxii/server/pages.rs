//! Pages that were rendered, kept until what they tell is told no more: bounded by bytes, the least used go first.
//!
//! What is kept is asked for only by who was just found to be allowed to see the collection: see
//! [`Pages::get`]'s callers. New objects behind a page that says that there is more leave it as it is.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entente_node::shelf::Mark;
use entente_stix::time::Timestamp;

use crate::limits::{PAGE_KEPT_BYTES_MIN, PAGE_OVERHEAD_BYTES};

/// A cache of rendered pages, to be shared by all who answer.
#[derive(Debug)]
pub struct Pages {
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    pages: HashMap<Key, Entry>,
    /// By when they were used last.
    by_use: BTreeMap<u64, Key>,
    bytes: usize,
    /// Counts uses.
    clock: u64,
}

/// What a page answers to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// What is told to whom: [`entente_node::shelf::Shelf::name_of`].
    pub(super) name: String,
    /// `objects`, `manifest`…
    pub(super) form: &'static str,
    pub(super) added_after: Option<i64>,
    pub(super) next: Option<String>,
    pub(super) limit: usize,
}

#[derive(Debug)]
struct Entry {
    rendered: Rendered,
    mark: Mark,
    weight: usize,
    used: u64,
}

/// A page as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Rendered {
    pub(super) body: Arc<[u8]>,
    /// When its first and last object were added, as the headers tell it.
    pub(super) added: Option<(String, String)>,
    /// Whether there is more behind it.
    pub(super) more: bool,
    /// Until when it is right at the longest.
    pub(super) expires: Option<Timestamp>,
}

impl Pages {
    /// A cache of at most so many bytes.
    pub fn new(bytes_max: usize) -> Pages {
        Pages {
            bytes_max,
            kept: Mutex::default(),
        }
    }

    /// Bytes that are kept now.
    pub fn bytes(&self) -> usize {
        self.kept().bytes
    }

    /// A page, if it is still right at `at` with the collection at `mark`.
    pub(super) fn get(&self, key: &Key, mark: Mark, at: Timestamp) -> Option<Rendered> {
        let mut kept = self.kept();
        let is_right = kept.pages.get(key)?.is_right(mark, at);
        if is_right {
            return kept.use_now(key);
        }
        kept.remove(key);
        None
    }

    /// Keeps a page that was read after the collection was found at `mark`.
    pub(super) fn put(&self, key: Key, mark: Mark, rendered: Rendered) {
        let weight = key.weight() + rendered.body.len();
        // What is read as quickly as it is kept, and what would push most others out, is not worth it.
        if rendered.body.len() < PAGE_KEPT_BYTES_MIN || weight > self.bytes_max / 4 {
            return;
        }
        let mut kept = self.kept();
        kept.remove(&key);
        while kept.bytes + weight > self.bytes_max {
            let Some((_, oldest)) = kept.by_use.pop_first() else {
                break;
            };
            kept.remove(&oldest);
        }
        kept.clock += 1;
        let used = kept.clock;
        kept.bytes += weight;
        kept.by_use.insert(used, key.clone());
        kept.pages.insert(
            key,
            Entry {
                rendered,
                mark,
                weight,
                used,
            },
        );
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn use_now(&mut self, key: &Key) -> Option<Rendered> {
        self.clock += 1;
        let entry = self.pages.get_mut(key)?;
        let key = self.by_use.remove(&entry.used)?;
        entry.used = self.clock;
        self.by_use.insert(entry.used, key);
        Some(entry.rendered.clone())
    }

    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.pages.remove(key) {
            self.by_use.remove(&entry.used);
            self.bytes -= entry.weight;
        }
    }
}

impl Key {
    fn weight(&self) -> usize {
        // It stands in both indexes.
        PAGE_OVERHEAD_BYTES + 2 * (self.name.len() + self.next.as_ref().map_or(0, String::len))
    }
}

impl Entry {
    fn is_right(&self, mark: Mark, at: Timestamp) -> bool {
        let is_settled = self.mark.settled == mark.settled;
        let is_full = self.rendered.more || self.mark.size == mark.size;
        let is_timely = self.rendered.expires.is_none_or(|expires| expires > at);
        is_settled && is_full && is_timely
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key {
            name: name.to_owned(),
            form: "objects",
            added_after: None,
            next: None,
            limit: 10,
        }
    }

    fn page(bytes: usize, more: bool, expires: Option<i64>) -> Rendered {
        Rendered {
            body: vec![b' '; bytes].into(),
            added: None,
            more,
            expires: expires.map(Timestamp::from_micros),
        }
    }

    fn mark(disturbed: u64, size: u64) -> Mark {
        Mark {
            settled: (disturbed, [0; 32]),
            size,
        }
    }

    const NOON: Timestamp = Timestamp::from_micros(12);

    #[test]
    fn full_pages_stay_while_others_are_added_behind_them() {
        let pages = Pages::new(100_000);
        pages.put(key("full"), mark(1, 10), page(2_000, true, None));
        pages.put(key("open"), mark(1, 10), page(2_000, false, None));
        assert!(pages.get(&key("full"), mark(1, 11), NOON).is_some());
        assert!(pages.get(&key("open"), mark(1, 10), NOON).is_some());
        assert!(pages.get(&key("open"), mark(1, 11), NOON).is_none());
        assert!(pages.get(&key("full"), mark(2, 11), NOON).is_none());
        assert_eq!(pages.bytes(), 0);
    }

    #[test]
    fn a_page_ends_with_the_first_object_in_it() {
        let pages = Pages::new(100_000);
        for (expires, is_right) in [(11, false), (12, false), (13, true)] {
            pages.put(key("k"), mark(1, 1), page(2_000, true, Some(expires)));
            assert_eq!(pages.get(&key("k"), mark(1, 1), NOON).is_some(), is_right);
        }
    }

    #[test]
    fn the_least_used_make_room_and_the_biggest_are_not_kept() {
        let pages = Pages::new(40_000);
        for name in ["a", "b", "c"] {
            pages.put(key(name), mark(1, 1), page(9_000, true, None));
        }
        assert!(pages.get(&key("a"), mark(1, 1), NOON).is_some());
        pages.put(key("d"), mark(1, 1), page(9_000, true, None));
        pages.put(key("e"), mark(1, 1), page(9_000, true, None));
        pages.put(key("huge"), mark(1, 1), page(11_000, true, None));
        let kept =
            ["a", "b", "c", "d", "e", "huge"].map(|name| pages.get(&key(name), mark(1, 1), NOON).is_some());
        assert_eq!(kept, [true, false, true, true, true, false]);
        assert!(pages.bytes() <= 40_000);
    }

    #[test]
    fn tiny_pages_push_nothing_out() {
        let pages = Pages::new(40_000);
        pages.put(key("real"), mark(1, 1), page(9_000, true, None));
        for number in 0..100 {
            pages.put(key(&number.to_string()), mark(1, 1), page(2, false, None));
        }
        assert!(pages.get(&key("real"), mark(1, 1), NOON).is_some());
        assert!(pages.get(&key("99"), mark(1, 1), NOON).is_none());
    }

    #[test]
    fn what_is_indexed_is_what_is_kept() {
        let pages = Pages::new(40_000);
        for number in 0..1_000_u64 {
            let name = (number % 13).to_string();
            match number % 3 {
                0 => drop(pages.get(&key(&name), mark(number % 2, 1), NOON)),
                _ => pages.put(key(&name), mark(number % 2, 1), page(3_000, true, None)),
            }
            let kept = pages.kept();
            assert_eq!(kept.pages.len(), kept.by_use.len());
            let sum: usize = kept.pages.values().map(|entry| entry.weight).sum();
            assert_eq!(kept.bytes, sum);
        }
    }
}
