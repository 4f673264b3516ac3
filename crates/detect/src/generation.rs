//! A compiled generation, opened: filter and table in memory, records in the file.
//!
//! Immutable, and shared by any number of scanners. A damaged file is an [`Error`] when it is opened, or, if
//! the damage is among the records, when such a record is read; never a wrong answer.

use crate::atom::Test;
use crate::bloom::Bloom;
use crate::hash::Keys;
use crate::layout::{BLOCK_BYTES, Checksum, Part, Trailer, words_of};
use crate::networks::{Network, Networks};
use crate::patterns::Patterns;
use crate::table::{Reference, Table};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Why a generation cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the compiled generation: {0}")]
    Io(#[from] std::io::Error),
    /// It is something else, or only the beginning of a generation.
    #[error("this is not a compiled generation, or it was cut short; delete it and it is compiled anew")]
    NotAGeneration,
    /// It was written by another release.
    #[error(
        "the compiled generation has format {found}, this release reads 1; delete it and it is compiled anew"
    )]
    Version {
        /// The format that it has.
        found: u64,
    },
    /// Its content is not what was written.
    #[error("the compiled generation is damaged in its {section}; delete it and it is compiled anew")]
    Damaged {
        /// The part that is damaged.
        section: &'static str,
    },
}

/// Where a generation's bytes are.
#[derive(Debug)]
pub enum Storage {
    /// In a file, read by position; it must not be changed while it is open (replace it, do not rewrite it).
    File(File),
    /// In memory.
    Bytes(Vec<u8>),
}

impl From<File> for Storage {
    fn from(file: File) -> Self {
        Storage::File(file)
    }
}

impl From<Vec<u8>> for Storage {
    fn from(bytes: Vec<u8>) -> Self {
        Storage::Bytes(bytes)
    }
}

impl Storage {
    fn len(&self) -> Result<u64, Error> {
        match self {
            Storage::File(file) => Ok(file.metadata()?.len()),
            Storage::Bytes(bytes) => Ok(bytes.len() as u64),
        }
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), Error> {
        match self {
            Storage::File(file) => Ok(file.read_exact_at(buffer, offset)?),
            Storage::Bytes(bytes) => {
                let range = usize::try_from(offset).ok().and_then(|from| bytes.get(from..));
                match range.and_then(|rest| rest.get(..buffer.len())) {
                    Some(found) => buffer.copy_from_slice(found),
                    None => return Err(Error::NotAGeneration),
                }
                Ok(())
            }
        }
    }
}

/// What a generation holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Indicators added.
    pub indicators: u64,
    /// What they ask for, in all.
    pub atoms: u64,
    /// Of these, networks.
    pub networks: u64,
    /// Of these, `LIKE` and `MATCHES`.
    pub patterns: u64,
    /// Length of the file.
    pub file_bytes: u64,
}

/// A compiled set of indicators.
#[derive(Debug)]
pub struct Generation {
    storage: Storage,
    trailer: Trailer,
    sums: Vec<u64>,
    pub(crate) keys: Keys,
    pub(crate) blooms: [Bloom; crate::layout::FAMILIES],
    pub(crate) table: Table,
    pub(crate) networks4: Networks<u32>,
    pub(crate) networks6: Networks<u128>,
    pub(crate) patterns: Patterns,
}

impl Generation {
    /// Opens what a [`Compiler`](crate::Compiler) wrote.
    ///
    /// # Errors
    /// When it cannot be read, is no generation of this format, or a part other than the records is damaged.
    pub fn open(storage: impl Into<Storage>) -> Result<Self, Error> {
        let storage = storage.into();
        let length = storage.len()?;
        let trailer_bytes = Trailer::WORDS as u64 * 8;
        let at = length.checked_sub(trailer_bytes).ok_or(Error::NotAGeneration)?;
        let trailer = Trailer::from_words(&read_words(&storage, at, Trailer::WORDS as u64)?)?;
        if trailer.file_bytes() != Some(length) {
            return Err(Error::NotAGeneration);
        }
        let section = |part| read_section(&storage, &trailer, part);
        let mut generation = Generation {
            sums: section(Part::BlockSums)?,
            keys: Keys::new(trailer.seed),
            blooms: blooms(section(Part::Bloom)?, &trailer)?,
            table: Table::new(section(Part::Table)?, trailer.table_lines),
            networks4: networks4(&section(Part::Networks4)?)?,
            networks6: networks6(&section(Part::Networks6)?)?,
            patterns: Patterns::default(),
            trailer,
            storage,
        };
        if generation.sums.len() as u64 != generation.trailer.blocks {
            return Err(Error::Damaged {
                section: Part::BlockSums.name(),
            });
        }
        let patterns = read_section(&generation.storage, &generation.trailer, Part::Patterns)?;
        generation.patterns = Patterns::read(&generation, &patterns)?;
        Ok(generation)
    }

    /// Number of indicators.
    pub fn len(&self) -> u64 {
        self.trailer.indicators
    }

    /// Whether it has no indicators.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it holds.
    pub fn summary(&self) -> Summary {
        self.trailer.summary()
    }

    /// Bytes held in memory, without the compiled regular expressions.
    pub fn resident(&self) -> usize {
        let words = self.sums.len()
            + self.blooms.iter().map(|bloom| bloom.words().len()).sum::<usize>()
            + self.trailer.section(Part::Table).words as usize;
        words * 8 + self.networks4.resident() + self.networks6.resident()
    }

    /// Reads every block of records and compares it with its checksum.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Damaged`].
    pub fn verify(&self) -> Result<(), Error> {
        (0..self.trailer.blocks).try_for_each(|block| self.read_block(block).map(drop))
    }

    /// Whether any atom has this test.
    pub(crate) fn has_test(&self, test: Test) -> bool {
        self.trailer
            .tests
            .get(test as usize)
            .is_some_and(|&count| count > 0)
    }

    /// Whether any atom has this kind.
    #[inline]
    pub(crate) fn has_kind(&self, kind: u8) -> bool {
        self.trailer
            .kinds
            .get(usize::from(kind))
            .is_none_or(|&count| count > 0)
    }

    /// One block of the arena, checked.
    pub(crate) fn read_block(&self, number: u64) -> Result<Box<[u8]>, Error> {
        let sum = usize::try_from(number)
            .ok()
            .and_then(|number| self.sums.get(number));
        let sum = *sum.ok_or(Error::Damaged { section: "records" })?;
        let mut block = vec![0; BLOCK_BYTES].into_boxed_slice();
        self.storage.read_at(&mut block, number * BLOCK_BYTES as u64)?;
        if block_sum(&block) != sum {
            return Err(Error::Damaged { section: "records" });
        }
        Ok(block)
    }
}

impl Trailer {
    pub(crate) fn summary(&self) -> Summary {
        let count = |test: Test| self.tests.get(test as usize).copied().unwrap_or_default();
        Summary {
            indicators: self.indicators,
            atoms: self.atoms,
            networks: count(Test::Network),
            patterns: count(Test::Like) + count(Test::Matches),
            file_bytes: self.file_bytes().unwrap_or_default(),
        }
    }
}

/// Checksum of one block of the arena.
pub(crate) fn block_sum(block: &[u8]) -> u64 {
    let mut sum = Checksum::new();
    words_of(block).for_each(|word| sum.add(word));
    sum.value()
}

fn read_section(storage: &Storage, trailer: &Trailer, part: Part) -> Result<Vec<u64>, Error> {
    let damaged = Error::Damaged { section: part.name() };
    let Some(offset) = trailer.offset(part) else {
        return Err(damaged);
    };
    let section = trailer.section(part);
    let words = read_words(storage, offset, section.words)?;
    if Checksum::of(&words) != section.checksum {
        return Err(damaged);
    }
    Ok(words)
}

/// The caller has compared the trailer's lengths with the file's, so a wrong length cannot ask for more
/// memory than the file is long.
fn read_words(storage: &Storage, offset: u64, count: u64) -> Result<Vec<u64>, Error> {
    let count = usize::try_from(count).map_err(|_| Error::NotAGeneration)?;
    let mut words = Vec::with_capacity(count);
    let mut buffer = vec![0; 64 * BLOCK_BYTES];
    let mut at = offset;
    while words.len() < count {
        let bytes = ((count - words.len()) * 8).min(buffer.len());
        let part = buffer.get_mut(..bytes).unwrap_or_default();
        storage.read_at(part, at)?;
        words.extend(words_of(part));
        at += bytes as u64;
    }
    Ok(words)
}

fn blooms(words: Vec<u64>, trailer: &Trailer) -> Result<[Bloom; crate::layout::FAMILIES], Error> {
    let damaged = || Error::Damaged {
        section: Part::Bloom.name(),
    };
    let mut blooms: [Bloom; crate::layout::FAMILIES] = Default::default();
    let mut rest = words.as_slice();
    for (bloom, &count) in blooms.iter_mut().zip(&trailer.bloom_words) {
        let count = usize::try_from(count).map_err(|_| damaged())?;
        let (own, others) = rest.split_at_checked(count).ok_or_else(damaged)?;
        *bloom = Bloom::from_words(own.to_vec());
        rest = others;
    }
    if rest.is_empty() {
        Ok(blooms)
    } else {
        Err(damaged())
    }
}

fn networks4(words: &[u64]) -> Result<Networks<u32>, Error> {
    let networks = words.as_chunks::<2>().0.iter().map(|&[start, rest]| Network {
        start: start as u32,
        length: (rest >> 40) as u8,
        reference: Reference::from_bits(rest),
    });
    Networks::from_sorted(networks).ok_or(Error::Damaged {
        section: Part::Networks4.name(),
    })
}

fn networks6(words: &[u64]) -> Result<Networks<u128>, Error> {
    let networks = words.as_chunks::<3>().0.iter().map(|&[high, low, rest]| Network {
        start: u128::from(high) << 64 | u128::from(low),
        length: (rest >> 40) as u8,
        reference: Reference::from_bits(rest),
    });
    Networks::from_sorted(networks).ok_or(Error::Damaged {
        section: Part::Networks6.name(),
    })
}

/// The last word of a stored network.
pub(crate) fn network_word(length: u8, reference: Reference) -> u64 {
    u64::from(length) << 40 | reference.to_bits()
}
