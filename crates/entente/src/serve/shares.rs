//! Something that there is only so much of, and of which one alone gets only so much, so that none crowds out the
//! others: connections by network, bytes of bodies and long answers by caller.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Who has how much.
#[derive(Debug)]
pub(crate) struct Shares<K> {
    all_max: u64,
    one_max: u64,
    taken: Mutex<Taken<K>>,
}

#[derive(Debug)]
struct Taken<K> {
    all: u64,
    by_one: BTreeMap<K, u64>,
}

/// Why there is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// All is taken.
    All,
    /// This one has what one may have.
    One,
}

/// What one has, until dropped.
#[derive(Debug)]
pub(crate) struct Share<K: Ord> {
    shares: Arc<Shares<K>>,
    one: K,
    amount: u64,
}

impl<K: Ord + Clone> Shares<K> {
    pub(crate) fn new(all_max: u64, one_max: u64) -> Arc<Shares<K>> {
        Arc::new(Shares {
            all_max,
            one_max,
            taken: Mutex::new(Taken {
                all: 0,
                by_one: BTreeMap::new(),
            }),
        })
    }

    /// A share of `amount`, to grow or not.
    pub(crate) fn take(self: &Arc<Self>, one: K, amount: u64) -> Result<Share<K>, Full> {
        let mut share = Share {
            shares: self.clone(),
            one,
            amount: 0,
        };
        share.grow(amount)?;
        Ok(share)
    }
}

impl<K: Ord + Clone> Share<K> {
    /// Takes so much more; where there is not as much, the share stays as it is.
    pub(crate) fn grow(&mut self, more: u64) -> Result<(), Full> {
        let mut taken = self.shares.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = taken.by_one.get(&self.one).copied().unwrap_or_default();
        let (all, mine) = (taken.all.saturating_add(more), mine.saturating_add(more));
        if mine > self.shares.one_max {
            return Err(Full::One);
        }
        if all > self.shares.all_max {
            return Err(Full::All);
        }
        taken.all = all;
        taken.by_one.insert(self.one.clone(), mine);
        self.amount = self.amount.saturating_add(more);
        Ok(())
    }
}

impl<K: Ord> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.shares.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(self.amount);
        if let Some(mine) = taken.by_one.get_mut(&self.one) {
            *mine = mine.saturating_sub(self.amount);
            if *mine == 0 {
                taken.by_one.remove(&self.one);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_does_not_take_all() {
        let shares = Shares::new(5, 3);
        let mut first = shares.take("a", 2).unwrap();
        assert_eq!(first.grow(2), Err(Full::One));
        assert_eq!(first.grow(1), Ok(()));
        assert_eq!(shares.take("a", 1).err(), Some(Full::One));
        let second = shares.take("b", 2).unwrap();
        assert_eq!(shares.take("c", 1).err(), Some(Full::All));
        drop(first);
        assert!(shares.take("a", 3).is_ok());
        drop(second);
        let taken = shares.taken.lock().unwrap();
        assert_eq!((taken.all, taken.by_one.len()), (0, 0));
    }
}
