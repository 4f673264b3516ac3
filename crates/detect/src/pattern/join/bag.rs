//! Whether observations suffice for slots that each need some, no observation for two: a flow from slots to
//! classes of observations that can fill the same slots. Grows and shrinks by one observation.

use std::collections::{HashMap, VecDeque};

/// The flow. Slots are called by their places in the bag, at most 64.
#[derive(Debug)]
pub(super) struct Flow {
    /// Observations that each slot still lacks.
    lacking: Vec<u64>,
    lacking_total: u64,
    classes: Vec<Class>,
    by_kinds: HashMap<u64, usize>,
    /// Links looked at since the last question.
    work: usize,
}

#[derive(Debug)]
struct Class {
    kinds: u64,
    observations: u64,
    used: u64,
    /// By slot.
    given: Vec<u64>,
}

impl Flow {
    pub(super) fn new(counts: impl Iterator<Item = u64>) -> Flow {
        let lacking: Vec<u64> = counts.collect();
        Flow {
            lacking_total: lacking.iter().fold(0, |sum, count| sum.saturating_add(*count)),
            lacking,
            classes: Vec::new(),
            by_kinds: HashMap::new(),
            work: 0,
        }
    }

    /// Whether every slot has what it needs.
    pub(super) fn is_full(&self) -> bool {
        self.lacking_total == 0
    }

    /// How much was looked at since this was asked last.
    pub(super) fn take_work(&mut self) -> usize {
        std::mem::take(&mut self.work)
    }

    /// One more observation that can fill these kinds.
    pub(super) fn add(&mut self, kinds: u64) {
        let class = *self.by_kinds.entry(kinds).or_insert_with(|| {
            self.classes.push(Class {
                kinds,
                observations: 0,
                used: 0,
                given: vec![0; self.lacking.len()],
            });
            self.classes.len() - 1
        });
        if let Some(class) = self.classes.get_mut(class) {
            class.observations += 1;
        }
        if !self.is_full() {
            self.augment();
        }
    }

    /// One observation less. Whether every slot still has what it needs.
    pub(super) fn remove(&mut self, kinds: u64) -> bool {
        let class = self
            .by_kinds
            .get(&kinds)
            .and_then(|class| self.classes.get_mut(*class));
        let Some(class) = class else {
            return self.is_full();
        };
        class.observations = class.observations.saturating_sub(1);
        if class.used <= class.observations {
            return self.is_full();
        }
        let taken_from = class.given.iter_mut().enumerate().find(|(_, given)| **given > 0);
        let Some((slot, given)) = taken_from else {
            return self.is_full();
        };
        *given -= 1;
        class.used -= 1;
        if let Some(lacking) = self.lacking.get_mut(slot) {
            *lacking += 1;
            self.lacking_total += 1;
        }
        self.augment();
        self.is_full()
    }

    /// How many observations of each class each slot is given: kinds, and the numbers by slot.
    pub(super) fn given(&self) -> impl Iterator<Item = (u64, &[u64])> {
        self.classes
            .iter()
            .map(|class| (class.kinds, class.given.as_slice()))
    }

    /// Gives one lacking slot one more observation, moving others where it must; nothing where it cannot.
    fn augment(&mut self) {
        // From slots that lack over classes to the slots that could give way: who asked each slot, over which class.
        let mut asked: Vec<Option<(usize, usize)>> = vec![None; self.lacking.len()];
        let mut seen = vec![false; self.classes.len()];
        let mut reached: Vec<bool> = self.lacking.iter().map(|lacking| *lacking > 0).collect();
        let mut queue: VecDeque<usize> = (0..reached.len())
            .filter(|slot| reached.get(*slot) == Some(&true))
            .collect();
        while let Some(slot) = queue.pop_front() {
            for (number, class) in self.classes.iter().enumerate() {
                self.work += 1;
                let fits = class.kinds.checked_shr(slot as u32).unwrap_or(0) & 1 == 1;
                let is_seen = seen.get_mut(number);
                let Some(is_seen) = is_seen.filter(|is_seen| fits && !**is_seen) else {
                    continue;
                };
                *is_seen = true;
                if class.used < class.observations {
                    self.shift(slot, number, &asked);
                    return;
                }
                for (other, given) in class.given.iter().enumerate() {
                    let is_new = *given > 0 && reached.get(other) == Some(&false);
                    if let (true, Some(reached), Some(asked)) =
                        (is_new, reached.get_mut(other), asked.get_mut(other))
                    {
                        *reached = true;
                        *asked = Some((slot, number));
                        queue.push_back(other);
                    }
                }
            }
        }
    }

    /// Takes one of the class for the slot and passes what becomes free along to the slot that lacks.
    fn shift(&mut self, mut slot: usize, class: usize, asked: &[Option<(usize, usize)>]) {
        self.give(slot, class, 1);
        while let Some(Some((asker, from))) = asked.get(slot).copied() {
            self.give(slot, from, -1);
            self.give(asker, from, 1);
            slot = asker;
        }
        if let Some(lacking) = self.lacking.get_mut(slot) {
            *lacking -= 1;
            self.lacking_total -= 1;
        }
    }

    fn give(&mut self, slot: usize, class: usize, change: i64) {
        if let Some(class) = self.classes.get_mut(class) {
            class.used = class.used.wrapping_add_signed(change);
            if let Some(given) = class.given.get_mut(slot) {
                *given = given.wrapping_add_signed(change);
            }
        }
    }
}
