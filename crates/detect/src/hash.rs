//! Keyed 64-bit hashes of normal forms, in one pass also of every domain suffix and every URL prefix.
//!
//! Keyed, so that nobody can choose values that fall together. Not what makes an answer exact: values are
//! compared byte by byte behind it. Letters are folded with `| 0x20` where a kind ignores case, which may
//! only merge values, never part them. Begin at [`Keys`].

/// Sets bit 5 of eight bytes at once: ASCII lower case, and nothing else that a normal form would part.
const FOLD: u64 = 0x2020_2020_2020_2020;
const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// High and low half of the product, combined: every input bit reaches every output bit.
#[inline(always)]
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

/// SplitMix64 (Steele, Lea, Flood 2014), to spread a seed over several words.
const fn spread(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The hash functions of one generation.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    starts: [u64; 256],
    step: u64,
    last: u64,
}

impl Keys {
    pub(crate) fn new(seed: u64) -> Self {
        let mut starts = [0; 256];
        for (tag, start) in (0u64..).zip(&mut starts) {
            *start = spread(seed, tag);
        }
        Keys {
            starts,
            step: spread(seed, 256) | 1,
            last: spread(seed, 257) | 1,
        }
    }

    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "a u8 is below 256")]
    fn start(&self, tag: u8) -> u64 {
        self.starts[tag as usize]
    }

    /// Of up to 64 bits, such as an IPv4 address.
    #[inline(always)]
    pub(crate) fn word(&self, tag: u8, word: u64) -> u64 {
        fold(self.start(tag) ^ word, self.last)
    }

    /// Of 128 bits, such as an IPv6 address.
    #[inline(always)]
    pub(crate) fn wide(&self, tag: u8, wide: u128) -> u64 {
        fold(
            fold(self.start(tag) ^ ((wide >> 64) as u64), self.step) ^ (wide as u64),
            self.last,
        )
    }

    /// Of bytes as they are.
    #[inline(always)]
    pub(crate) fn exact(&self, tag: u8, bytes: &[u8]) -> u64 {
        self.bytes::<0>(tag, bytes)
    }

    /// Of bytes whose ASCII letters count the same in either case.
    #[inline(always)]
    pub(crate) fn caseless(&self, tag: u8, bytes: &[u8]) -> u64 {
        self.bytes::<FOLD>(tag, bytes)
    }

    #[inline(always)]
    fn bytes<const MASK: u64>(&self, tag: u8, bytes: &[u8]) -> u64 {
        let mut state = self.start(tag);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            state = fold(state ^ (u64::from_le_bytes(*word) | MASK), self.step);
        }
        fold(
            state ^ ((tail(bytes, rest) | MASK) & low_bytes(rest.len())),
            self.last,
        )
    }

    /// Hash of `bytes` as [`Keys::exact`] gives it, and of each of its beginnings that ends after a `/`,
    /// given to `prefix` with its length (also the whole, when it ends so).
    #[inline(always)]
    pub(crate) fn prefixes(&self, tag: u8, bytes: &[u8], mut prefix: impl FnMut(u64, usize)) -> u64 {
        let mut state = self.start(tag);
        let (words, rest) = bytes.as_chunks::<8>();
        let mut at = 0;
        for word in words {
            let word = u64::from_le_bytes(*word);
            let mut slashes = equal_bytes(word, b'/');
            while slashes != 0 {
                let length = (slashes.trailing_zeros() >> 3) as usize + 1;
                slashes &= slashes - 1;
                if length == 8 {
                    prefix(fold(fold(state ^ word, self.step), self.last), at + 8);
                } else {
                    prefix(fold(state ^ (word & low_bytes(length)), self.last), at + length);
                }
            }
            state = fold(state ^ word, self.step);
            at += 8;
        }
        let word = tail(bytes, rest) & low_bytes(rest.len());
        let mut slashes = equal_bytes(word, b'/');
        while slashes != 0 {
            let length = (slashes.trailing_zeros() >> 3) as usize + 1;
            slashes &= slashes - 1;
            prefix(fold(state ^ (word & low_bytes(length)), self.last), at + length);
        }
        fold(state ^ word, self.last)
    }

    /// Hash of a domain name in lower case without a trailing dot.
    pub(crate) fn domain(&self, tag: u8, name: &[u8]) -> u64 {
        let mut state = self.start(tag);
        let (rest, words) = name.as_rchunks::<8>();
        for word in words.iter().rev() {
            state = fold(state ^ (u64::from_le_bytes(*word) | FOLD), self.step);
        }
        fold(state ^ head(name, rest), self.last)
    }

    /// Goes over a name from its right end and gives `suffix` the hash, as [`Keys::domain`] computes it, of
    /// every suffix that starts after a dot and has at least one dot in it, with the offset at which it
    /// starts; then of the whole name, whatever it is.
    ///
    /// Gives false when the name has a byte that is no letter, digit, `-`, `.` or `_`: then the hashes are
    /// of no use, and its normal form is to be asked.
    #[inline(always)]
    pub(crate) fn suffixes(&self, tag: u8, name: &[u8], mut suffix: impl FnMut(u64, usize)) -> bool {
        let mut state = self.start(tag);
        let (rest, words) = name.as_rchunks::<8>();
        let mut at = name.len();
        let mut dotted = false;
        let mut odd = 0;
        for word in words.iter().rev() {
            at -= 8;
            let word = u64::from_le_bytes(*word) | FOLD;
            odd |= odd_bytes(word);
            let mut dots = equal_bytes(word, b'.');
            while dots != 0 {
                // The rightmost dot is the highest byte.
                let place = 63 - dots.leading_zeros();
                dots ^= 1 << place;
                if dotted {
                    let kept = (place >> 3) as usize + 1;
                    suffix(fold(state ^ high_bytes(word, kept), self.last), at + kept);
                }
                dotted = true;
            }
            state = fold(state ^ word, self.step);
        }
        let word = head(name, rest);
        let filled = rest.len();
        if filled != 0 {
            odd |= odd_bytes(word | low_bytes(8 - filled) & (LOW * 0x2e));
        }
        let mut dots = equal_bytes(word, b'.');
        while dots != 0 {
            let place = 63 - dots.leading_zeros();
            dots ^= 1 << place;
            if dotted {
                let kept = (place >> 3) as usize + 1;
                suffix(fold(state ^ high_bytes(word, kept), self.last), kept + filled - 8);
            }
            dotted = true;
        }
        suffix(fold(state ^ word, self.last), 0);
        odd == 0
    }
}

/// The last `rest.len()` bytes of `bytes` in the low bytes of a word; above them is anything.
#[inline(always)]
fn tail(bytes: &[u8], rest: &[u8]) -> u64 {
    match bytes.last_chunk::<8>() {
        Some(word) => (u64::from_le_bytes(*word) >> 8) >> (8 * (7 - rest.len() as u32 % 8)),
        None => short(rest),
    }
}

/// The first `rest.len()` bytes of a name, folded, in the high bytes of a word; below them zeros.
#[inline(always)]
fn head(name: &[u8], rest: &[u8]) -> u64 {
    let filled = rest.len() % 8;
    if filled == 0 {
        return 0;
    }
    let word = match name.first_chunk::<8>() {
        Some(word) => u64::from_le_bytes(*word),
        None => short(rest),
    };
    (word | FOLD) << (8 * (8 - filled as u32))
}

/// Up to seven bytes as the low bytes of a word.
#[inline(always)]
fn short(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let high = u64::from(u32::from_le_bytes(*last)) << (8 * (bytes.len() as u32 - 4));
        return u64::from(u32::from_le_bytes(*first)) | high;
    }
    bytes
        .iter()
        .rev()
        .fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// A mask of the lowest `count` bytes, 0 to 7.
#[inline(always)]
const fn low_bytes(count: usize) -> u64 {
    (1u64 << (8 * (count as u32 % 8))) - 1
}

/// A word without its lowest `dropped` bytes, 0 to 8.
#[inline(always)]
const fn high_bytes(word: u64, dropped: usize) -> u64 {
    if dropped >= 8 {
        0
    } else {
        word & (u64::MAX << (8 * dropped as u32))
    }
}

/// The high bit of each byte that equals `byte`, exactly.
#[inline(always)]
const fn equal_bytes(word: u64, byte: u8) -> u64 {
    let difference = word ^ (LOW * byte as u64);
    !((difference & !HIGH).wrapping_add(!HIGH) | difference | !HIGH)
}

/// Not 0 when a folded byte is no letter, digit, `-`, `.` or `_` (with which DEL folds together).
#[inline(always)]
const fn odd_bytes(word: u64) -> u64 {
    let low = word & !HIGH;
    let below_dash = !low.wrapping_add(LOW * (0x80 - 0x2d));
    let from_colon = low.wrapping_add(LOW * (0x80 - 0x3a));
    let from_a = low.wrapping_add(LOW * (0x80 - 0x61));
    let from_brace = low.wrapping_add(LOW * (0x80 - 0x7b));
    let from_underscore = low.wrapping_add(LOW);
    (below_dash | from_colon & !from_a | from_brace & !from_underscore | equal_bytes(word, b'/') | word)
        & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_suffix_has_the_hash_of_the_name_it_is(name in "[a-z0-9-]{1,12}(\\.[a-z0-9_-]{1,12}){0,5}") {
            let keys = Keys::new(7);
            let mut found = Vec::new();
            prop_assert!(keys.suffixes(3, name.as_bytes(), |hash, at| found.push((hash, at))));
            let mut expected: Vec<_> = name
                .match_indices('.')
                .map(|(dot, _)| dot + 1)
                .filter(|&at| name[at..].contains('.'))
                .map(|at| (keys.domain(3, &name.as_bytes()[at..]), at))
                .collect();
            expected.reverse();
            expected.push((keys.domain(3, name.as_bytes()), 0));
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn every_prefix_has_the_hash_of_the_text_it_is(text in "[a-z/]{0,40}") {
            let keys = Keys::new(7);
            let mut found = Vec::new();
            let whole = keys.prefixes(3, text.as_bytes(), |hash, length| found.push((hash, length)));
            let expected: Vec<_> = text
                .match_indices('/')
                .map(|(slash, _)| (keys.exact(3, &text.as_bytes()[..=slash]), slash + 1))
                .collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(whole, keys.exact(3, text.as_bytes()));
        }

        #[test]
        fn case_does_not_change_a_caseless_hash(text in "[ -~]{0,40}") {
            let keys = Keys::new(7);
            prop_assert_eq!(keys.caseless(1, text.as_bytes()), keys.caseless(1, text.to_uppercase().as_bytes()));
            prop_assert_eq!(keys.domain(1, text.as_bytes()), keys.domain(1, text.to_uppercase().as_bytes()));
        }

        #[test]
        fn names_with_blanks_or_other_alphabets_are_odd(
            before in "[a-z.]{0,20}", odd in "[ \t*%+,/:;?@\\[{|~äж]", after in "[a-z.]{0,20}"
        ) {
            let name = format!("{before}{odd}{after}");
            let plain = Keys::new(7).suffixes(3, name.as_bytes(), |_, _| {});
            prop_assert!(!plain);
        }
    }

    #[test]
    fn distinct_values_tags_and_seeds_have_distinct_hashes() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..4 {
            let keys = Keys::new(seed);
            for tag in 0..4 {
                for n in 0..1000u32 {
                    assert!(seen.insert(keys.word(tag, u64::from(n))));
                    assert!(seen.insert(keys.wide(tag, u128::from(n))));
                    assert!(seen.insert(keys.exact(tag, format!("value-{n}").as_bytes())));
                    assert!(seen.insert(keys.domain(tag, format!("{n}.example").as_bytes())));
                }
            }
        }
    }
}
