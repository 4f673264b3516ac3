//! The table behind the filter: open addressing in 8-byte slots, eight to a cache line.
//!
//! A slot holds 31 bits of the hash and a [`Reference`] into the arena. Slots are laid out by ascending
//! hash, so the table can be written as a stream and a search goes forward from the key's home line to the
//! first empty slot.

/// Where the records of one hash are: a record, or a list of records, in units of 8 bytes from the file's
/// beginning. Never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) place: u32,
    pub(crate) is_list: bool,
}

impl Reference {
    pub(crate) fn offset(self) -> u64 {
        u64::from(self.place) * 8
    }

    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.is_list) << 32 | u64::from(self.place)
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Reference {
            place: bits as u32,
            is_list: bits >> 32 & 1 == 1,
        }
    }
}

const LINE: u64 = 8;
const FINGERPRINT_BITS: u32 = 31;
const FINGERPRINT_SHIFT: u32 = 33;

/// Lines for so many hashes: six of eight slots filled.
pub(crate) const fn lines_for(hashes: u64) -> u64 {
    hashes.div_ceil(6)
}

#[inline(always)]
fn home(hash: u64, lines: u64) -> u64 {
    ((u128::from(hash) * u128::from(lines)) >> 64) as u64 * LINE
}

/// Writes slots in order, from hashes in ascending order.
pub(crate) struct Layout {
    lines: u64,
    next: u64,
}

impl Layout {
    pub(crate) fn new(lines: u64) -> Self {
        Layout { lines, next: 0 }
    }

    /// Emits the empty slots before this hash's slot, and the slot.
    pub(crate) fn place<E>(
        &mut self,
        hash: u64,
        reference: Reference,
        mut emit: impl FnMut(u64) -> Result<(), E>,
    ) -> Result<(), E> {
        let home = home(hash, self.lines);
        while self.next < home {
            emit(0)?;
            self.next += 1;
        }
        self.next += 1;
        emit(hash << FINGERPRINT_SHIFT | reference.to_bits())
    }

    /// Fills the last line and what is missing of the table.
    pub(crate) fn finish<E>(mut self, mut emit: impl FnMut(u64) -> Result<(), E>) -> Result<(), E> {
        while self.next < self.lines * LINE || !self.next.is_multiple_of(LINE) {
            emit(0)?;
            self.next += 1;
        }
        Ok(())
    }
}

/// A table in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    slots: Vec<u64>,
    lines: u64,
}

impl Table {
    /// `lines` is what the layout was made with; overflow of the last lines may follow them.
    pub(crate) fn new(slots: Vec<u64>, lines: u64) -> Self {
        Table { slots, lines }
    }

    /// Whether some slot has this hash's fingerprint: wrong for one missing key in about 10⁸.
    #[inline]
    pub(crate) fn may_contain(&self, hash: u64) -> bool {
        self.find(hash).next().is_some()
    }

    /// The references stored under this hash's fingerprint.
    #[inline]
    pub(crate) fn find(&self, hash: u64) -> impl Iterator<Item = Reference> + '_ {
        let fingerprint = hash & ((1 << FINGERPRINT_BITS) - 1);
        let home = usize::try_from(home(hash, self.lines)).unwrap_or(usize::MAX);
        self.slots
            .get(home..)
            .unwrap_or_default()
            .iter()
            .take_while(|&&slot| slot != 0)
            .filter(move |&&slot| slot >> FINGERPRINT_SHIFT == fingerprint)
            .map(|&slot| Reference::from_bits(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn table_of(keys: &BTreeMap<u64, u32>) -> Table {
        let lines = lines_for(keys.len() as u64);
        let (mut slots, mut layout) = (Vec::new(), Layout::new(lines));
        let mut emit = |slot| {
            slots.push(slot);
            Ok::<(), ()>(())
        };
        for (&hash, &place) in keys {
            layout
                .place(
                    hash,
                    Reference {
                        place,
                        is_list: place % 2 == 0,
                    },
                    &mut emit,
                )
                .unwrap();
        }
        layout.finish(&mut emit).unwrap();
        Table::new(slots, lines)
    }

    proptest! {
        #[test]
        fn finds_every_key(keys in prop::collection::btree_map(any::<u64>(), 1u32.., 0..300)) {
            let table = table_of(&keys);
            for (&hash, &place) in &keys {
                let expected = Reference { place, is_list: place % 2 == 0 };
                prop_assert!(table.find(hash).any(|found| found == expected));
            }
        }

        #[test]
        fn finds_keys_that_crowd_in_one_line(keys in prop::collection::btree_map(u64::MAX - 300.., 1u32.., 0..200)) {
            let table = table_of(&keys);
            for (&hash, &place) in &keys {
                prop_assert!(table.find(hash).any(|r| r.place == place));
            }
        }
    }

    #[test]
    fn a_missing_key_is_not_found() {
        let spread = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let keys = (1..10_000u32).map(|n| (spread(u64::from(n)), n)).collect();
        let table = table_of(&keys);
        assert_eq!(
            (10_000..200_000)
                .filter(|&n| table.may_contain(spread(n)))
                .count(),
            0
        );
        assert!(!Table::default().may_contain(3));
    }
}
