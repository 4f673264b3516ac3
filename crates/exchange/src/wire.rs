//! Numbers and byte strings as they stand in slices, messages and bundles.
//!
//! A number is an unsigned LEB128 of the shortest form, so that equal values have equal bytes; a string is its
//! length and its bytes. Reading borrows from the input and never allocates by a length that was only claimed.

/// Bytes that are not of our form; the place is an offset into the unpacked bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not of this form at byte {at}: {what}; it was damaged on its way, or made by another version")]
pub struct Malformed {
    /// Where, from 0.
    pub at: usize,
    /// What was wrong there.
    pub what: &'static str,
}

/// Reads from the front of a byte string.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader {
            rest: bytes,
            length: bytes.len(),
        }
    }

    /// What is wrong here.
    pub(crate) fn fault(&self, what: &'static str) -> Malformed {
        Malformed {
            at: self.length.saturating_sub(self.rest.len()),
            what,
        }
    }

    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        match self.rest {
            [] => Ok(()),
            _ => Err(self.fault("more bytes than it says")),
        }
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| self.fault("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let fault = self.fault("it ends too early");
        self.take(1)?.first().copied().ok_or(fault)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.fault("neither yes nor no")),
        }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let fault = self.fault("it ends too early");
        self.take(N)?.try_into().map_err(|_| fault)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(self.fault("a number beyond 64 bits"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return match byte {
                    0 if shift > 0 => Err(self.fault("a number that is not in its shortest form")),
                    _ => Ok(value),
                };
            }
        }
        Err(self.fault("a number beyond 64 bits"))
    }

    /// A number that must not be over `max`.
    pub(crate) fn number_up_to(&mut self, max: usize, what: &'static str) -> Result<usize, Malformed> {
        let number = self.number()?;
        match usize::try_from(number) {
            Ok(number) if number <= max => Ok(number),
            _ => Err(self.fault(what)),
        }
    }

    /// How many items follow, each of at least `item_bytes_min` bytes: never more than there is room for.
    pub(crate) fn count(&mut self, item_bytes_min: usize) -> Result<usize, Malformed> {
        let number = self.number()?;
        let room = self.left() / item_bytes_min.max(1);
        match usize::try_from(number) {
            Ok(number) if number <= room => Ok(number),
            _ => Err(self.fault("more items than bytes")),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.count(1)?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.fault("text that is not UTF-8"))
    }
}

/// Writes at the end of a byte string.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn number(&mut self, mut value: u64) {
        while value > 0x7f {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    pub(crate) fn texts<'t>(&mut self, texts: impl ExactSizeIterator<Item = &'t str>) {
        self.count(texts.len());
        texts.for_each(|text| self.bytes(text.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, Writer};

    fn written(value: u64) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.number(value);
        writer.finish()
    }

    #[test]
    fn numbers_come_back() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::MAX - 1, u64::MAX] {
            let bytes = written(value);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.number(), Ok(value));
            assert_eq!(reader.end(), Ok(()));
        }
    }

    #[test]
    fn a_number_has_one_form() {
        for bytes in [&[0x80, 0][..], &[0xff, 0x80, 0], &[0x80], &[], &[0xff; 11]] {
            assert!(Reader::new(bytes).number().is_err(), "{bytes:?}");
        }
        let beyond = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert!(Reader::new(&beyond).number().is_err());
    }

    #[test]
    fn a_claimed_length_is_bounded_by_what_is_there() {
        let claim = written(1 << 40);
        assert!(Reader::new(&claim).bytes().is_err());
        assert!(Reader::new(&claim).count(1).is_err());
    }
}
