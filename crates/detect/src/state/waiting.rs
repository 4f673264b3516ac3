//! Hits that wait for earlier ones, by time, event and source.
//!
//! Most hits come in order: those stand in a row, and only the others in a tree.

use super::values::Values;
use super::{Event, Source};
use std::collections::{BTreeMap, VecDeque};

/// Where a hit has its place.
pub(super) type At = (i64, Event, Source);

/// No hit is in both, and none twice.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    row: VecDeque<(At, Values)>,
    tree: BTreeMap<At, Values>,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.row.len() + self.tree.len()
    }

    /// Adds a hit; false if it is there already.
    pub(super) fn add(&mut self, at: At, values: Values) -> bool {
        if !self.tree.is_empty() && self.tree.contains_key(&at) {
            return false;
        }
        if self.row.back().is_none_or(|(last, _)| *last < at) {
            self.row.push_back((at, values));
            return true;
        }
        if self.row.binary_search_by_key(&at, |(at, _)| *at).is_ok() {
            return false;
        }
        self.tree.insert(at, values);
        true
    }

    pub(super) fn first(&self) -> Option<At> {
        let row = self.row.front().map(|(at, _)| *at);
        let tree = self.tree.first_key_value().map(|(at, _)| *at);
        match (row, tree) {
            (Some(row), Some(tree)) => Some(row.min(tree)),
            (row, tree) => row.or(tree),
        }
    }

    pub(super) fn pop_first(&mut self) -> Option<(At, Values)> {
        let first = self.first()?;
        match self.row.front() {
            Some((at, _)) if *at == first => self.row.pop_front(),
            _ => self.tree.pop_first(),
        }
    }

    /// All hits, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&At, &Values)> {
        let mut row = self.row.iter().map(|(at, values)| (at, values)).peekable();
        let mut tree = self.tree.iter().peekable();
        std::iter::from_fn(move || match (row.peek(), tree.peek()) {
            (Some((in_row, _)), Some((in_tree, _))) if in_row > in_tree => tree.next(),
            (None, Some(_)) => tree.next(),
            _ => row.next(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hits_come_out_as_of_a_tree(hits in prop::collection::vec((0..12_i64, 0..3_u8, any::<bool>()), 0..40)) {
            let (mut waiting, mut tree) = (Waiting::default(), BTreeMap::new());
            for (time, event, pops) in hits {
                let at = (time, [event; 16], Source::Rule(0));
                let is_new = waiting.add(at, Values::of_bytes(&[]));
                prop_assert_eq!(is_new, tree.insert(at, ()).is_none());
                if pops {
                    prop_assert_eq!(waiting.pop_first().map(|(at, _)| at), tree.pop_first().map(|(at, ())| at));
                }
                prop_assert_eq!(waiting.len(), tree.len());
                prop_assert_eq!(waiting.first(), tree.keys().next().copied());
                prop_assert!(waiting.iter().map(|(at, _)| at).eq(tree.keys()));
            }
        }
    }
}
