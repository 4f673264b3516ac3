//! Sections one after another: a tag, a length, and so many bytes. No names, so no paths.

use std::io::{self, Read, Write};

use entente_stix::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::Error;
use crate::limits::{PACKED_BYTES_MAX, SECTIONS_MAX};
use crate::wire::Writer;

/// The first bytes inside the age file.
const MAGIC: &[u8] = b"entente/bundle\n";

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Header = 1,
    Acts = 2,
    Slice = 3,
    Receipts = 4,
    Heads = 5,
    Closing = 6,
}

impl Tag {
    fn of(number: u8) -> Option<Tag> {
        let all = [
            Tag::Header,
            Tag::Acts,
            Tag::Slice,
            Tag::Receipts,
            Tag::Heads,
            Tag::Closing,
        ];
        all.into_iter().find(|tag| *tag as u8 == number)
    }
}

/// Writes sections, and sums them up.
pub(super) struct Frames<W> {
    out: W,
    sum: Sha256,
    count: u64,
}

impl<W: Write> Frames<W> {
    pub(super) fn begin(mut out: W) -> io::Result<Frames<W>> {
        out.write_all(MAGIC)?;
        Ok(Frames {
            out,
            sum: Sha256::new(),
            count: 0,
        })
    }

    /// The header or the closing: not part of the sum.
    pub(super) fn write_apart(&mut self, tag: Tag, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(&framed(tag, bytes))
    }

    pub(super) fn write(&mut self, tag: Tag, bytes: &[u8]) -> io::Result<()> {
        let frame = framed(tag, bytes);
        self.sum.update(&frame);
        self.count += 1;
        self.out.write_all(&frame)
    }

    /// How many sections, and their sum.
    pub(super) fn sum(&self) -> (u64, Digest) {
        (self.count, Digest::from_bytes(self.sum.clone().finalize().into()))
    }

    pub(super) fn finish(self) -> W {
        self.out
    }
}

fn framed(tag: Tag, bytes: &[u8]) -> Vec<u8> {
    let mut frame = Writer::default();
    frame.byte(tag as u8);
    frame.bytes(bytes);
    frame.finish()
}

/// Reads sections, and sums them up.
pub(super) struct Sections<R> {
    from: R,
    sum: Sha256,
    count: u64,
}

impl<R: Read> Sections<R> {
    pub(super) fn begin(mut from: R) -> Result<Sections<R>, Error> {
        let mut magic = Vec::new();
        from.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic)?;
        if magic != MAGIC {
            return Err(Error::not_ours(
                "what it holds is no bundle of Entente".to_owned(),
            ));
        }
        Ok(Sections {
            from,
            sum: Sha256::new(),
            count: 0,
        })
    }

    /// The next section. Memory is bounded by what is really there.
    pub(super) fn next(&mut self) -> Result<(Tag, Vec<u8>), Error> {
        let tag = self.byte()?;
        let tag =
            Tag::of(tag).ok_or_else(|| Error::not_ours("it has a section of no known kind".to_owned()))?;
        let length = self.length()?;
        let mut bytes = Vec::new();
        self.from.by_ref().take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != length {
            return Err(Error::Truncated);
        }
        if !matches!(tag, Tag::Header | Tag::Closing) {
            self.sum.update(framed(tag, &bytes));
            self.count += 1;
        }
        if self.count > SECTIONS_MAX {
            return Err(Error::not_ours(format!(
                "it has more than {SECTIONS_MAX} sections"
            )));
        }
        Ok((tag, bytes))
    }

    /// How many sections so far, and their sum.
    pub(super) fn sum(&self) -> (u64, Digest) {
        (self.count, Digest::from_bytes(self.sum.clone().finalize().into()))
    }

    /// Nothing may follow.
    pub(super) fn end(mut self) -> Result<(), Error> {
        match self.from.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(Error::not_ours("bytes follow its end".to_owned())),
        }
    }

    fn byte(&mut self) -> Result<u8, Error> {
        let mut byte = [0];
        match self.from.read_exact(&mut byte) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Error::Truncated),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(u8::from_le_bytes(byte)),
        }
    }

    /// A length: LEB128 of at most four bytes, and within the bound.
    fn length(&mut self) -> Result<u64, Error> {
        let mut length = 0_u64;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            length |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if (byte == 0 && shift > 0) || length > PACKED_BYTES_MAX as u64 {
                    break;
                }
                return Ok(length);
            }
        }
        Err(Error::not_ours(
            "it has a section of a length that cannot be".to_owned(),
        ))
    }
}
