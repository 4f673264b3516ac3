//! The generation file: header, blocks of records, sections of words, trailer; and their checksums.
//!
//! `docs/formats/generation.md` describes it for people. Everything is little-endian 64-bit words; the
//! trailer stands at the end so that the file can be written as a stream. What a record, a slot or a filter
//! word means is left to their modules.

use crate::generation::Error;

/// `ENTGEN` and two bytes that text tools change.
pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"ENTGEN\r\n");
/// The format's version; a reader refuses any other.
pub(crate) const VERSION: u64 = 1;
/// Unit of reading and of checksums in the arena, in bytes.
pub(crate) const BLOCK_BYTES: usize = 4096;
pub(crate) const HEADER_WORDS: usize = 4;
pub(crate) const FAMILIES: usize = 6;

/// What a section holds, in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    BlockSums,
    Networks4,
    Networks6,
    Patterns,
    Bloom,
    Table,
}

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Part::BlockSums => "block checksums",
            Part::Networks4 => "IPv4 networks",
            Part::Networks6 => "IPv6 networks",
            Part::Patterns => "patterns",
            Part::Bloom => "filter",
            Part::Table => "table",
        }
    }
}

/// Where a section is and what it adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) words: u64,
    pub(crate) checksum: u64,
}

/// The last words of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trailer {
    pub(crate) seed: u64,
    /// Blocks of the arena, from the file's beginning; the sections follow.
    pub(crate) blocks: u64,
    pub(crate) sections: [Section; 6],
    pub(crate) bloom_words: [u64; FAMILIES],
    pub(crate) table_lines: u64,
    pub(crate) indicators: u64,
    pub(crate) atoms: u64,
    /// Atoms of each test, by its number.
    pub(crate) tests: [u64; 16],
    /// Atoms of each kind, by its number.
    pub(crate) kinds: [u64; 32],
}

impl Trailer {
    /// Words of a trailer with its checksum and the closing magic.
    pub(crate) const WORDS: usize = 4 + 12 + FAMILIES + 3 + 16 + 32 + 2;

    pub(crate) fn to_words(&self) -> Vec<u64> {
        let mut words = vec![MAGIC, VERSION, self.seed, self.blocks];
        words.extend(self.sections.iter().flat_map(|s| [s.words, s.checksum]));
        words.extend(self.bloom_words);
        words.extend([self.table_lines, self.indicators, self.atoms]);
        words.extend(self.tests);
        words.extend(self.kinds);
        words.push(Checksum::of(&words));
        words.push(MAGIC);
        words
    }

    pub(crate) fn from_words(words: &[u64]) -> Result<Self, Error> {
        let [body @ .., checksum, magic] = words else {
            return Err(Error::NotAGeneration);
        };
        if *magic != MAGIC {
            return Err(Error::NotAGeneration);
        }
        if Checksum::of(body) != *checksum {
            return Err(Error::Damaged { section: "trailer" });
        }
        let mut words = body.iter().copied();
        let mut next = || words.next().ok_or(Error::Damaged { section: "trailer" });
        if next()? != MAGIC {
            return Err(Error::NotAGeneration);
        }
        let version = next()?;
        if version != VERSION {
            return Err(Error::Version { found: version });
        }
        let mut trailer = Trailer {
            seed: next()?,
            blocks: next()?,
            ..Trailer::default()
        };
        for section in &mut trailer.sections {
            *section = Section {
                words: next()?,
                checksum: next()?,
            };
        }
        for words in &mut trailer.bloom_words {
            *words = next()?;
        }
        trailer.table_lines = next()?;
        trailer.indicators = next()?;
        trailer.atoms = next()?;
        for count in trailer.tests.iter_mut().chain(&mut trailer.kinds) {
            *count = next()?;
        }
        Ok(trailer)
    }

    pub(crate) fn section(&self, part: Part) -> Section {
        self.sections.get(part as usize).copied().unwrap_or_default()
    }

    /// The section's first byte in the file; `None` if the lengths cannot be true.
    pub(crate) fn offset(&self, part: Part) -> Option<u64> {
        self.sections
            .get(..part as usize)?
            .iter()
            .try_fold(self.blocks.checked_mul(BLOCK_BYTES as u64)?, |at, section| {
                at.checked_add(section.words.checked_mul(8)?)
            })
    }

    /// Length of a file with this trailer.
    pub(crate) fn file_bytes(&self) -> Option<u64> {
        let table = self.section(Part::Table).words.checked_mul(8)?;
        self.offset(Part::Table)?
            .checked_add(table)?
            .checked_add(Self::WORDS as u64 * 8)
    }
}

/// A checksum against accidents (not against people) of a stream of words: four lanes of xor and
/// multiplication, then mixed together with the count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checksum {
    lanes: [u64; 4],
    count: u64,
}

impl Checksum {
    const MULTIPLIERS: [u64; 4] = [
        0x9e37_79b9_7f4a_7c15,
        0xbf58_476d_1ce4_e5b9,
        0x94d0_49bb_1331_11eb,
        0xd6e8_feb8_6659_fd93,
    ];

    pub(crate) fn new() -> Self {
        Checksum {
            lanes: Self::MULTIPLIERS,
            count: 0,
        }
    }

    pub(crate) fn of(words: &[u64]) -> u64 {
        let mut checksum = Checksum::new();
        let (quads, rest) = words.as_chunks::<4>();
        for quad in quads {
            for ((lane, multiplier), word) in checksum.lanes.iter_mut().zip(Self::MULTIPLIERS).zip(quad) {
                *lane = Self::mix(*lane, *word, multiplier);
            }
        }
        checksum.count = quads.len() as u64 * 4;
        rest.iter().for_each(|&word| checksum.add(word));
        checksum.value()
    }

    pub(crate) fn add(&mut self, word: u64) {
        let lane = (self.count % 4) as usize;
        if let (Some(lane), Some(&multiplier)) = (self.lanes.get_mut(lane), Self::MULTIPLIERS.get(lane)) {
            *lane = Self::mix(*lane, word, multiplier);
        }
        self.count += 1;
    }

    pub(crate) fn value(&self) -> u64 {
        let mut value = self.count;
        for (lane, multiplier) in self.lanes.iter().zip(Self::MULTIPLIERS) {
            value = Self::mix(value, *lane, multiplier);
        }
        value ^ value >> 32
    }

    /// A bijection of the lane for each word, so that a single wrong word never goes unseen in its lane.
    #[inline(always)]
    fn mix(lane: u64, word: u64, multiplier: u64) -> u64 {
        (lane ^ word).wrapping_mul(multiplier).rotate_left(29)
    }
}

/// Bytes as words; a rest of less than eight bytes is left out.
pub(crate) fn words_of(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|word| u64::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailer_reads_as_it_was_written() {
        let mut trailer = Trailer {
            seed: 5,
            blocks: 1,
            table_lines: 4,
            indicators: 9,
            ..Trailer::default()
        };
        trailer.sections[2] = Section {
            words: 3,
            checksum: 8,
        };
        trailer.kinds[31] = 1;
        let words = trailer.to_words();
        assert_eq!(words.len(), Trailer::WORDS);
        assert_eq!(Trailer::from_words(&words).unwrap(), trailer);
        for place in 0..words.len() {
            let mut wrong = words.clone();
            wrong[place] ^= 1 << (place % 64);
            assert!(Trailer::from_words(&wrong).is_err(), "word {place}");
        }
    }

    #[test]
    fn streamed_and_whole_checksums_agree() {
        for count in 0..20 {
            let words: Vec<u64> = (0..count).map(|n| n * 77).collect();
            let mut streamed = Checksum::new();
            words.iter().for_each(|&word| streamed.add(word));
            assert_eq!(streamed.value(), Checksum::of(&words));
        }
    }
}
