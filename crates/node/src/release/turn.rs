//! Whose turn it is: the changes since the last time, read once for each rank that occurs in them.

use entente_store::{Changed, Store, type_of};

use super::order;
use crate::Error;
use crate::limits::RELEASE_BATCH_MAX;

/// Pages that stay in memory after the first reading: enough for the releases of every day.
const KEPT_MAX: usize = 4;

/// The changes from some number on, in pages.
pub(super) struct Pages<'s> {
    store: &'s dyn Store,
    next: u64,
    pages: Vec<Page>,
}

struct Page {
    after: u64,
    end: u64,
    /// A bit for each rank that occurs.
    ranks: u32,
    kept: Option<Vec<Changed>>,
}

impl<'s> Pages<'s> {
    pub(super) fn new(store: &'s dyn Store, from: u64) -> Pages<'s> {
        Pages {
            store,
            next: from,
            pages: Vec::new(),
        }
    }

    /// The next page of the first reading.
    pub(super) fn scan(&mut self) -> Result<Option<Vec<Changed>>, Error> {
        let after = self.next;
        let (changed, next) = self.store.changed(after, RELEASE_BATCH_MAX)?;
        if changed.is_empty() {
            return Ok(None);
        }
        let ranks = changed
            .iter()
            .map(|changed| 1 << order::rank(type_of(&changed.stored.id)));
        self.pages.push(Page {
            after,
            end: next,
            ranks: ranks.fold(0, |all, rank: u32| all | rank),
            kept: None,
        });
        self.next = next;
        Ok(Some(changed))
    }

    /// Keeps the page that was scanned last for the passes, if there is room.
    pub(super) fn keep(&mut self, changed: Vec<Changed>) {
        let has_room = self.pages.len() <= KEPT_MAX;
        if let Some(page) = self.pages.last_mut().filter(|_| has_room) {
            page.kept = Some(changed);
        }
    }

    /// Up to which change everything was read.
    pub(super) fn reached(&self) -> u64 {
        self.next
    }

    /// The pages in which a rank occurs, once more.
    pub(super) fn pass(&self, rank: u8) -> Pass<'_> {
        Pass {
            store: self.store,
            rank: 1 << rank,
            pages: self.pages.iter(),
        }
    }
}

/// One more reading of some pages.
pub(super) struct Pass<'p> {
    store: &'p dyn Store,
    rank: u32,
    pages: std::slice::Iter<'p, Page>,
}

impl<'p> Pass<'p> {
    pub(super) fn next(&mut self) -> Result<Option<std::borrow::Cow<'p, [Changed]>>, Error> {
        let rank = self.rank;
        let Some(page) = self.pages.find(|page| page.ranks & rank != 0) else {
            return Ok(None);
        };
        if let Some(kept) = &page.kept {
            return Ok(Some(kept.into()));
        }
        let (mut changed, _) = self.store.changed(page.after, RELEASE_BATCH_MAX)?;
        // What changed meanwhile moved on to a later number, and another takes its place at the page's end.
        changed.retain(|changed| changed.number <= page.end);
        Ok(Some(changed.into()))
    }
}
