//! Passwords that were verified seconds ago: HTTP Basic sends one with every request, and hashing each would cost
//! more than the answer.
//!
//! Keyed by a hash under a random seed over account, state and password: what lies in memory opens nothing, and a
//! changed password is another key.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::Seconds;
use crate::limits::{VERIFIED_FOR, VERIFIED_MAX};

/// What a password that was verified is known by again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key([u8; 32]);

/// Verified passwords, each for [`VERIFIED_FOR`] seconds.
pub struct Recent {
    seed: [u8; 32],
    until: BTreeMap<Key, Seconds>,
}

impl Recent {
    /// None yet.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Recent {
        Recent {
            seed,
            until: BTreeMap::new(),
        }
    }

    /// What a password is known by: of the account in a state that `name` is, or of none.
    #[must_use]
    pub fn key(&self, name: &str, epoch: u64, password: &str) -> Key {
        let hash = Sha256::new()
            .chain_update(self.seed)
            .chain_update(epoch.to_be_bytes())
            .chain_update((name.len() as u64).to_be_bytes())
            .chain_update(name)
            .chain_update(password);
        Key(hash.finalize().into())
    }

    /// Whether it was verified a moment ago.
    #[must_use]
    pub fn knows(&self, key: &Key, at: Seconds) -> bool {
        self.until.get(key).is_some_and(|until| at < *until)
    }

    /// It was verified at `at`.
    pub fn verified(&mut self, key: Key, at: Seconds) {
        if self.until.len() >= VERIFIED_MAX {
            self.until.retain(|_, until| at < *until);
        }
        if self.until.len() < VERIFIED_MAX {
            self.until.insert(key, at.saturating_add(VERIFIED_FOR));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verified_password_is_known_for_seconds_and_only_as_it_was() {
        let mut recent = Recent::new([5; 32]);
        let key = recent.key("ada", 0, "words");
        assert!(!recent.knows(&key, 0));
        recent.verified(key, 0);
        assert!(recent.knows(&key, VERIFIED_FOR - 1));
        assert!(!recent.knows(&key, VERIFIED_FOR));
        for other in [
            recent.key("ada", 1, "words"),
            recent.key("ada", 0, "word"),
            recent.key("bob", 0, "words"),
            Recent::new([6; 32]).key("ada", 0, "words"),
        ] {
            assert!(!recent.knows(&other, 0));
        }
    }

    #[test]
    fn no_more_are_known_than_the_limit() {
        let mut recent = Recent::new([5; 32]);
        for epoch in 0..VERIFIED_MAX as u64 + 10 {
            let key = recent.key("ada", epoch, "words");
            recent.verified(key, 0);
        }
        assert_eq!(recent.until.len(), VERIFIED_MAX);
        let late = recent.key("ada", 0, "others");
        recent.verified(late, VERIFIED_FOR);
        assert!(recent.knows(&late, VERIFIED_FOR));
    }
}
