//! The hits by observation, in the order of time, and which of them fill a slot.

use super::normal::{Need, Normal};
use super::{Bound, Hit};
use std::collections::HashMap;

/// Observations in the order of their first times.
#[derive(Debug)]
pub(super) struct Table {
    hits: Vec<Hit>,
}

/// An observation that can fill slots of a bag, between two times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) observation: u32,
    /// The kinds of the bag, by their places in it.
    pub(super) kinds: u64,
}

/// Which kind of a bag a leaf fills, between which times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filler {
    pub(super) kind: usize,
    start: i64,
    end: i64,
}

/// The leaves that fill the kinds of a bag.
pub(super) type Fillers = HashMap<u32, Vec<Filler>>;

impl Table {
    pub(super) fn new(hits: &[Hit]) -> Table {
        let mut hits = hits.to_vec();
        hits.sort_unstable_by_key(|hit| (hit.observation, hit.leaf));
        // One observation has one pair of times, in order.
        for group in hits.chunk_by_mut(|a, b| a.observation == b.observation) {
            let times = group
                .first()
                .map(|hit| (hit.first.min(hit.last), hit.first.max(hit.last)));
            for (hit, (first, last)) in group.iter_mut().zip(std::iter::repeat(times).flatten()) {
                (hit.first, hit.last) = (first, last);
            }
        }
        hits.sort_unstable_by_key(|hit| (hit.first, hit.last, hit.observation, hit.leaf));
        Table { hits }
    }

    pub(super) fn len(&self) -> usize {
        self.hits.len()
    }

    /// The hits of each observation, in the order of first times.
    pub(super) fn observations(&self) -> impl Iterator<Item = &[Hit]> {
        self.hits.chunk_by(|a, b| a.observation == b.observation)
    }

    /// The observations that can fill kinds of a bag.
    pub(super) fn entries(&self, normal: &Normal, bag: &[Need]) -> Vec<Entry> {
        let fillers = fillers(normal, bag);
        let mut entries: Vec<Entry> = Vec::new();
        for hits in self.observations() {
            let begin = entries.len();
            for (hit, filler) in filling(hits, &fillers) {
                let Some((low, high)) = filler.times(hit) else {
                    continue;
                };
                let bit = 1_u64.checked_shl(filler.kind as u32).unwrap_or(0);
                let same = entries
                    .iter_mut()
                    .skip(begin)
                    .find(|entry| (entry.low, entry.high) == (low, high));
                match same {
                    Some(entry) => entry.kinds |= bit,
                    None => entries.push(Entry {
                        low,
                        high,
                        observation: hit.observation,
                        kinds: bit,
                    }),
                }
            }
        }
        entries
    }

    /// By which leaf each observation fills its kind of a bag; the pairs are of observation and kind.
    pub(super) fn name(&self, normal: &Normal, bag: &[Need], filled: &HashMap<u32, usize>) -> Vec<Bound> {
        let fillers = fillers(normal, bag);
        let mut bounds = Vec::with_capacity(filled.len());
        for hits in self.observations() {
            let Some(kind) = hits.first().and_then(|hit| filled.get(&hit.observation)) else {
                continue;
            };
            let by = filling(hits, &fillers)
                .find(|(hit, filler)| filler.kind == *kind && filler.times(hit).is_some());
            bounds.extend(by.map(|(hit, _)| Bound {
                leaf: hit.leaf,
                observation: hit.observation,
            }));
        }
        bounds
    }
}

/// Which leaves fill which kinds of a bag.
pub(super) fn fillers(normal: &Normal, bag: &[Need]) -> Fillers {
    let mut fillers = Fillers::new();
    for (kind, need) in bag.iter().enumerate() {
        for source in normal.slots.get(need.slot).into_iter().flatten() {
            fillers.entry(source.leaf).or_default().push(Filler {
                kind,
                start: source.start,
                end: source.end,
            });
        }
    }
    fillers
}

/// The hits of one observation with what they fill.
pub(super) fn filling<'a>(
    hits: &'a [Hit],
    fillers: &'a Fillers,
) -> impl Iterator<Item = (&'a Hit, &'a Filler)> {
    hits.iter().flat_map(|hit| {
        let of_leaf = fillers.get(&hit.leaf).map(Vec::as_slice).unwrap_or_default();
        of_leaf.iter().map(move |filler| (hit, filler))
    })
}

impl Filler {
    /// The part of the observation's times that is allowed here; none where there is none.
    pub(super) fn times(&self, hit: &Hit) -> Option<(i64, i64)> {
        let (low, high) = (hit.first.max(self.start), hit.last.min(self.end));
        (low <= high).then_some((low, high))
    }
}
