//! Requests and answers between two nodes as bytes: some questions, and an answer to each, in order.
//!
//! ```text
//! message = "entente" version (1 byte) frame (zstd of the body)
//! body    = count, then so many parts: tag (1 byte), length, fields
//! ```
//!
//! Who asks is known from the way the bytes came; nothing in them says so. Readers are total and bounded by
//! [`crate::limits`]. Begin at [`Question`] and [`Answer`].

mod answers;
mod questions;

use entente_node::acts::{Act, Kind};

use crate::limits::{ACTS_MAX, MESSAGE_BYTES_MAX, NOTES_MAX, PACKED_BYTES_MAX, PARTS_MAX};
use crate::packed::{self, NotUnpacked};
use crate::wire::{Malformed, Reader, Writer};

pub use answers::Answer;
pub use questions::Question;

/// The version of the form that is spoken here.
pub const VERSION: u8 = 1;

const MAGIC: &[u8] = b"entente";

/// The first bytes of a digest: enough to say which one is meant, between two who are honest. A liar only
/// withholds from itself.
pub type Prefix = [u8; 8];

/// The first bytes of a digest.
pub fn prefix(digest: &[u8; 32]) -> Prefix {
    let mut prefix = [0; 8];
    prefix.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    prefix
}

/// A head that one side knows, in few bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    /// The log: the beginning of the SHA-256 of its origin.
    pub origin: Prefix,
    /// Entries.
    pub size: u64,
    /// The beginning of the root.
    pub root: Prefix,
}

/// Why bytes are not a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAMessage {
    /// Something else altogether.
    #[error("not a message between nodes of Entente")]
    Foreign,
    /// Of another version.
    #[error(
        "the peer speaks version {theirs} of the exchange, this node version {VERSION}; the older of the two must be updated"
    )]
    Version {
        /// The version that the bytes name.
        theirs: u8,
    },
    /// Longer than may be.
    #[error("a message of {bytes} bytes, at most {PACKED_BYTES_MAX} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Its frame does not unpack.
    #[error(transparent)]
    Packed(#[from] NotUnpacked),
    /// Its body is not of our form.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// The questions of a request.
///
/// # Errors
/// [`NotAMessage`].
pub fn read_questions(message: &[u8]) -> Result<Vec<Question>, NotAMessage> {
    read(message)
}

/// The answers of a response.
///
/// # Errors
/// [`NotAMessage`].
pub fn read_answers(message: &[u8]) -> Result<Vec<Answer>, NotAMessage> {
    read(message)
}

/// The body of a request, unpacked: read, and written again.
///
/// # Errors
/// [`Malformed`].
pub fn questions_again(body: &[u8]) -> Result<Vec<u8>, Malformed> {
    Ok(write_body(&parts::<Question>(body)?))
}

/// The body of a response, unpacked: read, and written again.
///
/// # Errors
/// [`Malformed`].
pub fn answers_again(body: &[u8]) -> Result<Vec<u8>, Malformed> {
    Ok(write_body(&parts::<Answer>(body)?))
}

/// Something of which a message is made.
pub(crate) trait Part: Sized {
    fn tag(&self) -> u8;
    fn write(&self, out: &mut Writer);
    fn read(tag: u8, from: &mut Reader<'_>) -> Result<Self, Malformed>;
}

pub(crate) fn write<P: Part>(parts: &[P]) -> std::io::Result<Vec<u8>> {
    let mut message = MAGIC.to_vec();
    message.push(VERSION);
    message.extend(packed::pack(&write_body(parts))?);
    Ok(message)
}

fn write_body<P: Part>(parts: &[P]) -> Vec<u8> {
    let mut body = Writer::default();
    body.count(parts.len());
    for part in parts {
        let mut fields = Writer::default();
        part.write(&mut fields);
        body.byte(part.tag());
        body.bytes(&fields.finish());
    }
    body.finish()
}

pub(crate) fn read<P: Part>(message: &[u8]) -> Result<Vec<P>, NotAMessage> {
    let Some((version, frame)) = message.strip_prefix(MAGIC).and_then(<[u8]>::split_first) else {
        return Err(NotAMessage::Foreign);
    };
    if *version != VERSION {
        return Err(NotAMessage::Version { theirs: *version });
    }
    if message.len() > PACKED_BYTES_MAX {
        return Err(NotAMessage::TooLong { bytes: message.len() });
    }
    let body = packed::unpack(frame, MESSAGE_BYTES_MAX)?;
    Ok(parts(&body)?)
}

fn parts<P: Part>(body: &[u8]) -> Result<Vec<P>, Malformed> {
    let mut from = Reader::new(body);
    let count = from.number_up_to(PARTS_MAX, "too many parts in one message")?;
    let mut parts = Vec::new();
    for _ in 0..count {
        let tag = from.byte()?;
        let mut fields = Reader::new(from.bytes()?);
        let part = P::read(tag, &mut fields)?;
        fields.end()?;
        parts.push(part);
    }
    from.end()?;
    Ok(parts)
}

pub(crate) fn write_acts(acts: &[Act], out: &mut Writer) {
    out.count(acts.len());
    for act in acts {
        out.bytes(act.kind.name().as_bytes());
        out.bytes(act.text.as_bytes());
    }
}

pub(crate) fn read_acts(from: &mut Reader<'_>) -> Result<Vec<Act>, Malformed> {
    let count = from.count(2)?;
    if count > ACTS_MAX {
        return Err(from.fault("too many acts"));
    }
    (0..count)
        .map(|_| {
            let kind = Kind::of(from.text()?).ok_or_else(|| from.fault("an act of no known kind"))?;
            let text = from.text()?.to_owned();
            Ok(Act { kind, text })
        })
        .collect()
}

fn write_prefixes(prefixes: &[Prefix], out: &mut Writer) {
    out.count(prefixes.len());
    prefixes.iter().for_each(|prefix| out.raw(prefix));
}

fn read_prefixes(from: &mut Reader<'_>) -> Result<Vec<Prefix>, Malformed> {
    let count = bounded(from, size_of::<Prefix>())?;
    (0..count).map(|_| from.array()).collect()
}

pub(crate) fn read_notes(from: &mut Reader<'_>) -> Result<Vec<String>, Malformed> {
    let count = bounded(from, 1)?;
    (0..count).map(|_| from.text().map(str::to_owned)).collect()
}

fn bounded(from: &mut Reader<'_>, item_bytes_min: usize) -> Result<usize, Malformed> {
    match from.count(item_bytes_min)? {
        count if count > NOTES_MAX => Err(from.fault("too many items in one part")),
        count => Ok(count),
    }
}
