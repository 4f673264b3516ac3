//! How much work leaves cause, and when one has had its share.
//!
//! Work is counted in units of about a nanosecond, by what is done and not by the clock, so that equal rows in equal
//! order end alike on every machine. A leaf may spend [`RULE_WORK_BEGIN`] at once, and with each row that is seen as
//! much again as the row allows to each leaf. One that spends more is passed over until the caller asks who was
//! ([`Rules::exhausted`](super::Rules::exhausted)): as it does after each batch, a batch's outcome is its own.

use super::conditions::AtomNumber;
use crate::limits::{RULE_WORK_BEGIN, RULE_WORK_EACH_ROW, RULE_WORK_ROW_BYTES};

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

/// The work of all leaves since somebody asked.
#[derive(Debug, Default)]
pub(super) struct Spending {
    /// What each leaf may have spent by now.
    allowed: u64,
    /// By leaf; [`Spending::OVER`] for one that is passed over.
    spent: Vec<u64>,
    /// Leaves that spent something.
    spenders: Vec<u32>,
    over: Vec<Over>,
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
    const OVER: u64 = u64::MAX;

    /// A row comes.
    #[inline]
    pub(super) fn begin(&mut self, leaves: usize, row_bytes: usize) {
        if self.spent.len() < leaves {
            self.spent.resize(leaves, 0);
        }
        self.allowed += RULE_WORK_EACH_ROW + row_bytes as u64 / RULE_WORK_ROW_BYTES;
    }

    /// What a leaf may spend; none where it is passed over, and that is counted.
    #[inline]
    pub(super) fn left(&mut self, leaf: u32) -> Option<u64> {
        let spent = self.spent.get(leaf as usize).copied().unwrap_or_default();
        if spent == Self::OVER {
            self.pass_over(leaf);
            return None;
        }
        Some((RULE_WORK_BEGIN + self.allowed).saturating_sub(spent))
    }

    /// Passes a leaf over; whoever wants that knows of it.
    pub(super) fn rest(&mut self, leaf: u32) {
        if let Some(spent) = self.spent.get_mut(leaf as usize) {
            *spent = Self::OVER;
            self.spenders.push(leaf);
        }
    }

    #[cold]
    fn pass_over(&mut self, leaf: u32) {
        if let Some(over) = self.over.iter_mut().find(|over| over.leaf == leaf) {
            over.times += 1;
        }
    }

    /// Notes what deciding a leaf took. What each row allows anyway is not noted.
    #[inline]
    pub(super) fn note(&mut self, leaf: u32, effort: &Effort) {
        if effort.spent > RULE_WORK_EACH_ROW {
            self.charge(leaf, effort);
        }
    }

    fn charge(&mut self, leaf: u32, effort: &Effort) {
        let Some(spent) = self.spent.get_mut(leaf as usize) else {
            return;
        };
        if *spent == 0 {
            self.spenders.push(leaf);
        }
        *spent = spent.saturating_add(effort.spent);
        if effort.is_cut || *spent > RULE_WORK_BEGIN + self.allowed {
            *spent = Self::OVER;
            self.over.push(Over {
                leaf,
                atom: effort.dearest.1,
                times: u64::from(effort.is_cut),
            });
        }
    }

    /// Gives the leaves that were passed over, and begins anew.
    pub(super) fn take(&mut self) -> Vec<Over> {
        self.allowed = 0;
        for leaf in self.spenders.drain(..) {
            if let Some(spent) = self.spent.get_mut(leaf as usize) {
                *spent = 0;
            }
        }
        let mut over = std::mem::take(&mut self.over);
        // Of others no row was left.
        over.retain(|over| over.times > 0);
        over
    }
}
