//! A filter in front of the table: four bits of one word a key, so that a miss touches one cache line.
//!
//! One filter a family of kinds, all in one array: kinds that a log does not have stay out of the cache.

/// Bits a key. With four bits set in one 64-bit word about 1.3 % of missing keys pass.
pub(crate) const BITS_A_KEY: u64 = 12;

/// The words of one family.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bloom {
    words: Vec<u64>,
}

impl Bloom {
    /// An empty filter for so many keys; for none at all it has no words and answers no.
    pub(crate) fn for_keys(keys: u64) -> Self {
        let words = (keys * BITS_A_KEY).div_ceil(64);
        Bloom {
            words: vec![0; usize::try_from(words).unwrap_or(usize::MAX)],
        }
    }

    pub(crate) fn from_words(words: Vec<u64>) -> Self {
        Bloom { words }
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(crate) fn insert(&mut self, hash: u64) {
        let place = self.place(hash);
        if let Some(word) = self.words.get_mut(place) {
            *word |= bits(hash);
        }
    }

    /// Whether a key with this hash may have been inserted.
    #[inline(always)]
    pub(crate) fn may_contain(&self, hash: u64) -> bool {
        match self.words.get(self.place(hash)) {
            Some(word) => word & bits(hash) == bits(hash),
            None => false,
        }
    }

    /// High bits of the hash scaled to the number of words.
    #[inline(always)]
    fn place(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.words.len() as u128) >> 64) as usize
    }
}

#[inline(always)]
const fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63) | 1 << (hash >> 18 & 63)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Keys;

    #[test]
    fn holds_all_that_was_inserted_and_little_else() {
        let keys = Keys::new(1);
        let mut bloom = Bloom::for_keys(100_000);
        (0..100_000).for_each(|n| bloom.insert(keys.word(0, n)));
        assert!((0..100_000).all(|n| bloom.may_contain(keys.word(0, n))));
        let passed = (100_000..1_100_000)
            .filter(|&n| bloom.may_contain(keys.word(0, n)))
            .count();
        assert!(passed < 20_000, "{passed} of a million passed");
    }

    #[test]
    fn without_keys_nothing_passes() {
        assert!(!Bloom::for_keys(0).may_contain(5));
    }
}
