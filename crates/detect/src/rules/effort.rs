//! How much work leaves cause, and when one has had its share.
//!
//! Work is counted in units of about a nanosecond, by what is done and not by the clock, so that equal rows in equal
//! order end alike on every machine. A leaf may spend [`RULE_WORK_BEGIN`], and with each row that is seen as much
//! again as the row allows to each leaf: a harmless leaf that is dear now and then is never stopped, and one that is
//! dear always costs the others no more than its share. One that has nothing left is passed over until the caller
//! asks who was ([`Rules::exhausted`](super::Rules::exhausted)), as it does after each batch.

use super::conditions::AtomNumber;
use crate::limits::{RULE_WORK_BEGIN, RULE_WORK_EACH_ROW, RULE_WORK_ROW_BYTES};
use std::collections::BTreeMap;

/// The work of deciding one leaf for one row.
#[derive(Debug, Default)]
pub(super) struct Effort {
    spent: u64,
    /// What may be spent.
    limit: u64,
    /// The atom that took the most, and how much.
    dearest: (u64, AtomNumber),
    /// It ended for want of work.
    pub(super) is_cut: bool,
}

impl Effort {
    /// For a leaf that may spend so much.
    #[inline]
    pub(super) fn begin(&mut self, limit: u64) {
        *self = Effort {
            limit,
            ..Effort::default()
        };
    }

    /// What is left.
    pub(super) fn left(&self) -> u64 {
        self.limit.saturating_sub(self.spent)
    }

    #[inline]
    pub(super) fn spend(&mut self, atom: AtomNumber, work: u64) {
        self.spent = self.spent.saturating_add(work);
        if work > self.dearest.0 {
            self.dearest = (work, atom);
        }
    }
}

/// The work of all leaves.
#[derive(Debug, Default)]
pub(super) struct Spending {
    /// What the rows so far allow each leaf.
    allowed: u64,
    /// By leaf, what it spent.
    spent: Vec<u64>,
    /// By leaf, whether it is passed over until somebody asks who was.
    is_passed_over: Vec<bool>,
    /// Leaves that somebody wants to be passed over.
    resting: Vec<u32>,
    over: Vec<Over>,
    /// Of leaves that were passed over, the atom that took the most.
    dearest: BTreeMap<u32, AtomNumber>,
}

/// A leaf that is passed over.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) leaf: u32,
    /// The atom that took the most of its last row's work.
    pub(super) atom: AtomNumber,
    /// Rows for which it was not decided.
    pub(super) times: u64,
}

impl Spending {
    /// A row comes.
    #[inline]
    pub(super) fn begin(&mut self, leaves: usize, row_bytes: usize) {
        if self.spent.len() < leaves {
            self.spent.resize(leaves, 0);
            self.is_passed_over.resize(leaves, false);
        }
        self.allowed += RULE_WORK_EACH_ROW + row_bytes as u64 / RULE_WORK_ROW_BYTES;
    }

    /// What a leaf may spend; none where it is passed over, and that is counted.
    #[inline]
    pub(super) fn left(&mut self, leaf: u32) -> Option<u64> {
        let spent = self.spent.get(leaf as usize).copied().unwrap_or_default();
        let left = (RULE_WORK_BEGIN + self.allowed).saturating_sub(spent);
        let is_passed_over = self
            .is_passed_over
            .get(leaf as usize)
            .copied()
            .unwrap_or_default();
        if left == 0 || is_passed_over {
            self.pass_over(leaf);
            return None;
        }
        Some(left)
    }

    /// Passes a leaf over; whoever wants that knows of it.
    pub(super) fn rest(&mut self, leaf: u32) {
        if let Some(is_passed_over) = self.is_passed_over.get_mut(leaf as usize)
            && !std::mem::replace(is_passed_over, true)
        {
            self.resting.push(leaf);
        }
    }

    #[cold]
    fn pass_over(&mut self, leaf: u32) {
        if let Some(over) = self.over.iter_mut().find(|over| over.leaf == leaf) {
            over.times += 1;
        } else if let Some(atom) = self.dearest.get(&leaf).copied()
            && !self.resting.contains(&leaf)
        {
            self.over.push(Over { leaf, atom, times: 1 });
        }
    }

    /// Notes what deciding a leaf took. What each row allows anyway is not noted.
    #[inline]
    pub(super) fn note(&mut self, leaf: u32, effort: &Effort) {
        if effort.is_cut || effort.spent > RULE_WORK_EACH_ROW {
            self.charge(leaf, effort);
        }
    }

    fn charge(&mut self, leaf: u32, effort: &Effort) {
        let Some(spent) = self.spent.get_mut(leaf as usize) else {
            return;
        };
        *spent = spent.saturating_add(effort.spent);
        if !effort.is_cut && *spent < RULE_WORK_BEGIN + self.allowed {
            return;
        }
        let atom = effort.dearest.1;
        self.dearest.insert(leaf, atom);
        if let Some(is_passed_over) = self.is_passed_over.get_mut(leaf as usize) {
            *is_passed_over = true;
        }
        let times = u64::from(effort.is_cut);
        self.over.push(Over { leaf, atom, times });
    }

    /// Gives the leaves that were passed over; from here on they are decided again, if something is left to them.
    pub(super) fn take(&mut self) -> Vec<Over> {
        let mut over = std::mem::take(&mut self.over);
        let passed_over = over.iter().map(|over| over.leaf);
        for leaf in passed_over.chain(self.resting.drain(..)) {
            if let Some(is_passed_over) = self.is_passed_over.get_mut(leaf as usize) {
                *is_passed_over = false;
            }
        }
        // Of others no row was left.
        over.retain(|over| over.times > 0);
        over
    }
}
