//! Whether observations satisfy an observation expression: `AND`, `OR`, `FOLLOWEDBY` and qualifiers (STIX 2.1 §9.5).
//!
//! Knows nothing of objects: it is given [`Hit`]s, which say that an observation satisfies a leaf, and an
//! expression over the numbers of leaves. Exact, or [`Outcome::Incomplete`] where the steps do not suffice: never
//! a hang, never a silent no. Begin at [`find`].
//!
//! A binding gives each leaf an observation of its own and each observation a point between its first and last
//! time such that all orders and windows hold. Because groups are nested, the points exist exactly when every two
//! observations agree: where one comes before the other, its first is not after the other's last; where both are
//! in one window of `w`, no first is `w` or more after a last. So a group is summed up by two times: the latest
//! first and the earliest last (`frontier`). Distinctness is solved inside a group of leaves by a flow (`bag`);
//! between groups it is tried by order and then decided by `search`.

mod bag;
mod frontier;
mod normal;
mod search;
mod table;

use table::Table;

/// An observation expression over numbered leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Join {
    /// An observation that satisfies the leaf of this number.
    Leaf(u32),
    /// `AND`: all of them.
    All(Vec<Join>),
    /// `OR`: at least one of them.
    Any(Vec<Join>),
    /// `FOLLOWEDBY`: all of them, each not before the one before.
    InOrder(Vec<Join>),
    /// `REPEATS`: so many times, each by different observations.
    Repeats(Box<Join>, u64),
    /// `WITHIN`: the latest is less than so many microseconds after the earliest.
    Within(Box<Join>, i64),
    /// `START` and `STOP`, in microseconds since 1970: not before the first, before the second.
    Between(Box<Join>, i64, i64),
}

/// One observation satisfies one leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    /// Where it was observed: hits join only inside one scope if the caller asks so ([`find_in_scopes`]).
    pub scope: u64,
    /// Which observation; the hits of one observation have the same times.
    pub observation: u32,
    /// Which leaf it satisfies.
    pub leaf: u32,
    /// When it was observed first, in microseconds since 1970.
    pub first: i64,
    /// When it was observed last.
    pub last: i64,
}

/// How much work one question may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Hits that are looked at, counted once for each part of the expression.
    pub hits_max: u64,
    /// Steps of the search among bindings, where order and counting do not decide.
    pub steps_max: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            hits_max: crate::limits::JOIN_HITS_MAX,
            steps_max: crate::limits::JOIN_STEPS_MAX,
        }
    }
}

/// Whether hits satisfy an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// They do, by these: one of the ways, by leaf and observation.
    Match(Vec<Bound>),
    /// They do not.
    NoMatch,
    /// It is not known: a bound of [`Bounds`] was hit.
    Incomplete,
}

/// A leaf and the observation that satisfies it in a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bound {
    /// The leaf.
    pub leaf: u32,
    /// The observation.
    pub observation: u32,
}

/// The bound was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spent;

/// What may still be spent.
#[derive(Debug)]
struct Budget {
    left: u64,
}

impl Budget {
    fn spend(&mut self, units: usize) -> Result<(), Spent> {
        self.left = self.left.checked_sub(units as u64).ok_or(Spent)?;
        Ok(())
    }
}

/// Whether the hits satisfy the expression, whatever their scopes.
pub fn find(join: &Join, hits: &[Hit], bounds: Bounds) -> Outcome {
    Prepared::of(join).find(hits, bounds).0
}

/// An expression that is asked of many hits.
#[derive(Debug)]
pub(crate) struct Prepared {
    normal: Option<normal::Normal>,
}

impl Prepared {
    pub(crate) fn of(join: &Join) -> Self {
        Prepared {
            normal: normal::of(join),
        }
    }

    /// Whether the hits satisfy it, and how much of the bounds that took.
    pub(crate) fn find(&self, hits: &[Hit], bounds: Bounds) -> (Outcome, u64) {
        let Some(normal) = &self.normal else {
            return (Outcome::NoMatch, 0);
        };
        let table = Table::new(hits);
        let mut budget = Budget {
            left: bounds.hits_max,
        };
        let mut steps = Budget {
            left: bounds.steps_max,
        };
        let outcome = decide(normal, &table, &mut budget, &mut steps).unwrap_or(Outcome::Incomplete);
        let used = bounds.hits_max.saturating_sub(budget.left);
        (
            outcome,
            used.saturating_add(bounds.steps_max.saturating_sub(steps.left)),
        )
    }
}

/// Whether the hits of one scope satisfy the expression: the first such scope by number.
pub fn find_in_scopes(join: &Join, hits: &[Hit], bounds: Bounds) -> Outcome {
    let mut sorted = hits.to_vec();
    sorted.sort_unstable();
    let mut incomplete = false;
    for scope in sorted.chunk_by(|a, b| a.scope == b.scope) {
        match find(join, scope, bounds) {
            Outcome::NoMatch => {}
            Outcome::Incomplete => incomplete = true,
            found => return found,
        }
    }
    if incomplete {
        Outcome::Incomplete
    } else {
        Outcome::NoMatch
    }
}

/// From what is cheap to what is sure: each step either decides or leaves it to the next.
fn decide(
    normal: &normal::Normal,
    table: &Table,
    budget: &mut Budget,
    steps: &mut Budget,
) -> Result<Outcome, Spent> {
    // Without distinctness between groups: what fails here fails.
    let loose = frontier::Solver::new(normal, table, frontier::Ties::Allowed, budget).solve()?;
    if loose.is_empty() {
        return Ok(Outcome::NoMatch);
    }
    if let Some(binding) = distinct(loose.binding(normal, table)) {
        return Ok(Outcome::Match(binding));
    }
    // Observations of one time are put in a row, so that those of different groups in order are different.
    if normal.root.has_order() {
        let rowed = frontier::Solver::new(normal, table, frontier::Ties::InRow, budget).solve()?;
        if let Some(binding) = distinct(rowed.binding(normal, table)) {
            return Ok(Outcome::Match(binding));
        }
    }
    // All leaves of a group counted together.
    let counted = frontier::Solver::new(normal, table, frontier::Ties::Allowed, budget)
        .counting()
        .solve()?;
    if counted.is_empty() {
        return Ok(Outcome::NoMatch);
    }
    search::Search::new(normal, table, steps).run()
}

/// The binding, if no observation is in it twice.
fn distinct(binding: Option<Vec<Bound>>) -> Option<Vec<Bound>> {
    let binding = binding?;
    let mut observations: Vec<u32> = binding.iter().map(|bound| bound.observation).collect();
    observations.sort_unstable();
    let count = observations.len();
    observations.dedup();
    (observations.len() == count).then_some(binding)
}

#[cfg(test)]
mod tests;
