//! Which rules are parked, as all threads that evaluate them see it.

use std::sync::atomic::{AtomicBool, Ordering};

/// By number, whether a rule is parked: what it matches is then counted and nothing else. Where a thread learns it a
/// moment late, who takes the matches counts them instead.
#[derive(Debug)]
pub(crate) struct Parked(Box<[AtomicBool]>);

impl Parked {
    /// None of so many rules.
    pub(crate) fn none_of(rules: usize) -> Parked {
        Parked((0..rules).map(|_| AtomicBool::new(false)).collect())
    }

    /// From now on this one is.
    pub(crate) fn park(&self, number: u32) {
        if let Some(parked) = self.0.get(number as usize) {
            parked.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn holds(&self, number: u32) -> bool {
        let parked = self.0.get(number as usize);
        parked.is_some_and(|parked| parked.load(Ordering::Relaxed))
    }
}
