//! The records of a generation: what an indicator is, what each of its atoms asks for.
//!
//! They stay in the file and are read a checked block at a time, through a small cache that each reader has
//! for itself. A record starts at a multiple of 8 bytes and may cross blocks.

use crate::atom::Test;
use crate::generation::{Error, Generation};
use crate::layout::BLOCK_BYTES;
use crate::limits::{CACHED_BLOCKS, CACHED_INDICATORS, ID_BYTES_MAX, NAME_BYTES_MAX, VALUE_BYTES_MAX};
use crate::table::Reference;
use std::sync::Arc;

/// An indicator as a detection names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// The STIX id.
    pub id: String,
    /// What people call it; cut at [`NAME_BYTES_MAX`] bytes.
    pub name: String,
    /// First moment of validity, microseconds since 1970 UTC.
    pub valid_from: Option<i64>,
    /// First moment after validity.
    pub valid_until: Option<i64>,
    /// Withdrawn by its maker.
    pub revoked: bool,
    /// 0 to 100.
    pub confidence: Option<u8>,
}

impl Indicator {
    /// Whether it is valid at a time: from the first moment on, until before the last.
    pub fn is_valid_at(&self, time: i64) -> bool {
        self.valid_from.is_none_or(|from| from <= time) && self.valid_until.is_none_or(|until| time < until)
    }
}

/// One atom as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AtomRecord {
    pub(crate) kind: u8,
    pub(crate) test: Test,
    pub(crate) indicator: u32,
    pub(crate) value: Vec<u8>,
}

const FROM: u8 = 1;
const UNTIL: u8 = 2;
const REVOKED: u8 = 4;
const CONFIDENCE: u8 = 8;

/// Appends an indicator's record: lengths, flags, times, id, name.
pub(crate) fn write_indicator(entry: &crate::compile::Entry<'_>, out: &mut Vec<u8>) {
    let name = cut(entry.name, NAME_BYTES_MAX);
    let id = cut(entry.id, ID_BYTES_MAX);
    let flags = if entry.valid_from.is_some() { FROM } else { 0 }
        | if entry.valid_until.is_some() { UNTIL } else { 0 }
        | if entry.revoked { REVOKED } else { 0 }
        | if entry.confidence.is_some() { CONFIDENCE } else { 0 };
    out.extend((id.len() as u16).to_le_bytes());
    out.extend((name.len() as u16).to_le_bytes());
    out.extend([flags, entry.confidence.unwrap_or(0), 0, 0]);
    out.extend(
        entry
            .valid_from
            .into_iter()
            .chain(entry.valid_until)
            .flat_map(i64::to_le_bytes),
    );
    out.extend(id.as_bytes());
    out.extend(name.as_bytes());
}

/// Appends an atom's record.
pub(crate) fn write_atom(kind: u8, test: Test, indicator: u32, value: &[u8], out: &mut Vec<u8>) {
    out.extend([kind, test as u8]);
    out.extend((value.len() as u16).to_le_bytes());
    out.extend(indicator.to_le_bytes());
    out.extend(value);
}

/// Appends a list of records.
pub(crate) fn write_list(places: &[u32], out: &mut Vec<u8>) {
    out.extend((places.len() as u32).to_le_bytes());
    out.extend(places.iter().flat_map(|place| place.to_le_bytes()));
}

/// The longest beginning of at most `most` bytes that ends between characters.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

/// Reads records of one generation. One for each thread.
#[derive(Debug)]
pub(crate) struct Reader<'g> {
    generation: &'g Generation,
    blocks: Vec<Option<(u64, Box<[u8]>)>>,
    indicators: Vec<Option<(u32, Arc<Indicator>)>>,
    buffer: Vec<u8>,
}

impl<'g> Reader<'g> {
    pub(crate) fn new(generation: &'g Generation) -> Self {
        Reader {
            generation,
            blocks: vec![None; CACHED_BLOCKS],
            indicators: vec![None; CACHED_INDICATORS],
            buffer: Vec::new(),
        }
    }

    pub(crate) fn generation(&self) -> &'g Generation {
        self.generation
    }

    /// The places of the atoms that a reference stands for, given one by one.
    pub(crate) fn places(
        &mut self,
        reference: Reference,
        mut each: impl FnMut(&mut Self, u32) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if !reference.is_list {
            return each(self, reference.place);
        }
        let mut at = reference.offset();
        let [count] = self.numbers(&mut at)?;
        for _ in 0..count {
            let [place] = self.numbers(&mut at)?;
            each(self, place)?;
        }
        Ok(())
    }

    fn numbers<const N: usize>(&mut self, at: &mut u64) -> Result<[u32; N], Error> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = u32::from_le_bytes(self.array(*at)?);
            *at += 4;
        }
        Ok(numbers)
    }

    pub(crate) fn atom(&mut self, place: u32) -> Result<AtomRecord, Error> {
        let at = u64::from(place) * 8;
        let [kind, test, low, high, indicator @ ..] = self.array::<8>(at)?;
        let length = usize::from(u16::from_le_bytes([low, high]));
        let test = Test::from_number(test).ok_or(Error::Damaged { section: "records" })?;
        if length > VALUE_BYTES_MAX {
            return Err(Error::Damaged { section: "records" });
        }
        let value = self.bytes(at + 8, length)?.to_vec();
        Ok(AtomRecord {
            kind,
            test,
            indicator: u32::from_le_bytes(indicator),
            value,
        })
    }

    pub(crate) fn indicator(&mut self, place: u32) -> Result<Arc<Indicator>, Error> {
        let slot = place as usize % CACHED_INDICATORS;
        if let Some(Some((known, indicator))) = self.indicators.get(slot)
            && *known == place
        {
            return Ok(Arc::clone(indicator));
        }
        let indicator = Arc::new(self.read_indicator(u64::from(place) * 8)?);
        if let Some(slot) = self.indicators.get_mut(slot) {
            *slot = Some((place, Arc::clone(&indicator)));
        }
        Ok(indicator)
    }

    fn read_indicator(&mut self, mut at: u64) -> Result<Indicator, Error> {
        let [id0, id1, name0, name1, flags, confidence, _, _] = self.array::<8>(at)?;
        at += 8;
        let mut time = |reader: &mut Self, flag| -> Result<Option<i64>, Error> {
            if flags & flag == 0 {
                return Ok(None);
            }
            let time = i64::from_le_bytes(reader.array(at)?);
            at += 8;
            Ok(Some(time))
        };
        let valid_from = time(self, FROM)?;
        let valid_until = time(self, UNTIL)?;
        let id_length = usize::from(u16::from_le_bytes([id0, id1]));
        let id = self.text(at, id_length, ID_BYTES_MAX)?;
        let name_length = usize::from(u16::from_le_bytes([name0, name1]));
        let name = self.text(at + id_length as u64, name_length, NAME_BYTES_MAX)?;
        Ok(Indicator {
            id,
            name,
            valid_from,
            valid_until,
            revoked: flags & REVOKED != 0,
            confidence: (flags & CONFIDENCE != 0).then_some(confidence),
        })
    }

    fn text(&mut self, at: u64, length: usize, most: usize) -> Result<String, Error> {
        if length > most {
            return Err(Error::Damaged { section: "records" });
        }
        let text = self.bytes(at, length)?.to_vec();
        String::from_utf8(text).map_err(|_| Error::Damaged { section: "records" })
    }

    fn array<const N: usize>(&mut self, at: u64) -> Result<[u8; N], Error> {
        self.bytes(at, N)?
            .first_chunk()
            .copied()
            .ok_or(Error::Damaged { section: "records" })
    }

    /// So many bytes at an offset of the file, all inside the arena.
    fn bytes(&mut self, at: u64, length: usize) -> Result<&[u8], Error> {
        self.buffer.clear();
        let mut at = at;
        let mut buffer = std::mem::take(&mut self.buffer);
        while buffer.len() < length {
            let within = (at % BLOCK_BYTES as u64) as usize;
            let missing = length - buffer.len();
            let block = self.block(at / BLOCK_BYTES as u64)?;
            let rest = block.get(within..).unwrap_or_default();
            let part = rest.get(..missing).unwrap_or(rest);
            if part.is_empty() {
                return Err(Error::Damaged { section: "records" });
            }
            buffer.extend_from_slice(part);
            at += part.len() as u64;
        }
        self.buffer = buffer;
        Ok(&self.buffer)
    }

    fn block(&mut self, number: u64) -> Result<&[u8], Error> {
        let slot = (number % CACHED_BLOCKS as u64) as usize;
        let slot = self
            .blocks
            .get_mut(slot)
            .ok_or(Error::Damaged { section: "records" })?;
        let block = match slot.take() {
            Some(cached) if cached.0 == number => cached,
            _ => (number, self.generation.read_block(number)?),
        };
        Ok(&slot.insert(block).1)
    }
}
