//! Many texts looked for inside one value at once: each by its rarest four bytes.
//!
//! Every four bytes of the value are looked up in a small filter of bits; the few that pass, in a table; what is
//! there is compared. No step waits for the one before, so this is faster than an automaton as long as few pass.

use super::keyed::{Table, mix};
use super::probe::GRAM_BYTES;
use super::rarity::{Rarity, grams};

/// Bits of the filter for each text, at least.
const BITS_FOR_TEXT: usize = 32;
/// Most bits of the filter: 32 KiB stay in the first-level cache's reach.
const BITS_MAX: usize = 1 << 18;

/// The texts, all at least [`GRAM_BYTES`] long.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// A bit for each hashed gram.
    filter: Vec<u64>,
    /// How far a gram's hash is moved to number its bit.
    shift: u32,
    table: Table,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    text: Box<str>,
    /// Where in the text its gram is.
    offset: usize,
    probe: u32,
}

impl Parts {
    pub(super) fn new(texts: &[(&str, u32)], rarity: &Rarity) -> Self {
        if texts.is_empty() {
            return Parts::default();
        }
        let bits = (texts.len() * BITS_FOR_TEXT)
            .next_power_of_two()
            .clamp(64, BITS_MAX);
        let mut parts = Parts {
            filter: vec![0; bits / 64],
            shift: 32 - bits.trailing_zeros(),
            table: Table::default(),
            entries: Vec::with_capacity(texts.len()),
        };
        let mut keyed = Vec::with_capacity(texts.len());
        for (number, (text, probe)) in (0..).zip(texts) {
            let offset = rarity
                .rarest_gram(text.as_bytes())
                .map_or(0, |(offset, _)| offset);
            let gram = grams(text.as_bytes()).nth(offset).unwrap_or_default();
            let bit = spread(gram) >> parts.shift;
            if let Some(word) = parts.filter.get_mut(bit as usize / 64) {
                *word |= 1 << (bit % 64);
            }
            keyed.push((mix(u64::from(gram)), number));
            parts.entries.push(Entry {
                text: Box::from(*text),
                offset,
                probe: *probe,
            });
        }
        parts.table = Table::new(&keyed);
        parts
    }

    /// Tells every text that the value holds, perhaps more than once.
    #[inline]
    pub(super) fn ask(&self, value: &[u8], answers: &mut impl FnMut(u32)) {
        if self.entries.is_empty() {
            return;
        }
        let filter = self.filter.as_slice();
        let mask = filter.len().wrapping_sub(1);
        for (at, gram) in value.array_windows::<GRAM_BYTES>().enumerate() {
            let gram = u32::from_le_bytes(*gram);
            let bit = spread(gram) >> self.shift;
            let word = filter
                .get((bit as usize / 64) & mask)
                .copied()
                .unwrap_or_default();
            if word >> (bit % 64) & 1 != 0 {
                self.look(value, at, gram, answers);
            }
        }
    }

    #[inline(never)]
    fn look(&self, value: &[u8], at: usize, gram: u32, answers: &mut impl FnMut(u32)) {
        self.table.find(mix(u64::from(gram)), |number| {
            if let Some(entry) = self.entries.get(number as usize)
                && let Some(start) = at.checked_sub(entry.offset)
                && value
                    .get(start..)
                    .is_some_and(|rest| rest.starts_with(entry.text.as_bytes()))
            {
                answers(entry.probe);
            }
        });
    }
}

#[inline(always)]
fn spread(gram: u32) -> u32 {
    gram.wrapping_mul(0x9e37_79b1)
}
