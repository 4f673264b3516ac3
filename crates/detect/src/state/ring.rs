//! Hits of a pattern's leaves, or of rules in an order, joined as they come in.

use super::plan::Joined;
use super::window::{Added, Aside, Entry, Window};
use crate::limits::{STATE_COUNT_MAX, STATE_JOIN_HITS_MAX, STATE_JOIN_STEPS_MAX};
use crate::pattern::join::{Bound, Bounds, Hit, Outcome};

impl Window {
    /// Adds a hit. At most `most` of a leaf are kept, or as many as every match takes.
    pub(super) fn add_to_join(&mut self, joined: &Joined, mut entry: Entry, span: i64, most: usize) -> Added {
        self.latest = self.latest.max(entry.time);
        if entry.time <= self.latest.saturating_sub(span) {
            return Added::Lost;
        }
        // Of an event that came late, other leaves may have been hit in time.
        let not_before = self
            .entries
            .iter()
            .rev()
            .take_while(|kept| kept.time >= entry.time);
        let mut known = None;
        for kept in not_before.filter(|kept| kept.event == entry.event) {
            if kept.part == entry.part {
                return Added::Known;
            }
            known = Some(kept.value);
        }
        entry.value = known.unwrap_or(entry.value);
        let needed = joined.needs.get(entry.part as usize).copied().unwrap_or(0);
        let most = (most as u64).max(needed).min(STATE_COUNT_MAX as u64);
        if self.count(entry.part) >= most {
            self.incomplete = true;
            if let Some(place) = self.entries.iter().position(|kept| kept.part == entry.part) {
                self.forget(place);
            }
        }
        self.put(entry);
        Added::Taken
    }

    fn count(&self, part: u32) -> u64 {
        let Aside::Counts(counts) = &self.aside else {
            return 0;
        };
        let place = counts.binary_search_by_key(&part, |count| count.0);
        let count = place.ok().and_then(|place| counts.get(place));
        count.map_or(0, |(_, count)| u64::from(*count))
    }

    /// Whether there are hits enough to be worth joining.
    pub(super) fn suffices(&self, joined: &Joined) -> bool {
        let needed = (0..).zip(&joined.needs).filter(|(_, need)| **need > 0);
        needed.into_iter().all(|(part, need)| self.count(part) >= *need)
    }

    /// Joins the hits; tells also what it cost.
    pub(super) fn join(&self, joined: &Joined) -> (Outcome, u64) {
        let first = self.entries.iter().map(|entry| entry.value).min().unwrap_or(0);
        let hits: Vec<Hit> = self
            .entries
            .iter()
            .map(|entry| Hit {
                scope: 0,
                observation: u32::try_from(entry.value - first).unwrap_or(u32::MAX),
                leaf: entry.part,
                first: entry.time,
                last: entry.time,
            })
            .collect();
        let bounds = Bounds {
            hits_max: STATE_JOIN_HITS_MAX,
            steps_max: STATE_JOIN_STEPS_MAX,
        };
        joined.prepared.find(&hits, bounds)
    }

    /// The entries of a binding, by time.
    pub(super) fn bound<'w>(&'w self, binding: &'w [Bound]) -> impl Iterator<Item = &'w Entry> + 'w {
        let first = self.entries.iter().map(|entry| entry.value).min().unwrap_or(0);
        self.entries.iter().filter(move |entry| {
            let observation = u32::try_from(entry.value - first).unwrap_or(u32::MAX);
            binding
                .iter()
                .any(|bound| bound.leaf == entry.part && bound.observation == observation)
        })
    }
}
