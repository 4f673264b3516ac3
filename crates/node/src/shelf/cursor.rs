//! Where a page ended, as text that clients carry without reading it.
//!
//! The cursor of who may see all of a collection is the number to go on from. For who sees only some, numbers would
//! count the rest: its cursor is the time and id of the last object that it was told, sealed, so that made-up ones
//! ask nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use entente_stix::digest::Digest;
use entente_stix::time::Timestamp;

use crate::limits::CURSOR_BYTES_MAX;

/// A place in a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cursor {
    /// From this number on.
    Number(u64),
    /// Behind this object, added at that time.
    Behind { added: Timestamp, id: String },
}

/// Bytes of the digest that ties a cursor to its collection and filter.
const TIE: usize = 8;

impl Cursor {
    /// As text, tied to `name`: the collection and the filter that it goes on with. `secret` seals it.
    pub(super) fn text(&self, name: &str, secret: u64) -> String {
        let mut bytes = match self {
            Cursor::Number(number) => [&[1], &number.to_be_bytes()[..]].concat(),
            Cursor::Behind { added, id } => [&[2], &added.micros().to_be_bytes()[..], id.as_bytes()].concat(),
        };
        bytes.extend(tie(&bytes, name, secret));
        BASE64.encode(bytes)
    }

    /// Reads the text of a cursor; `None` where it is none, or belongs to another collection or filter.
    pub(super) fn read(text: &str, name: &str, secret: u64) -> Option<Cursor> {
        if text.len() > CURSOR_BYTES_MAX {
            return None;
        }
        let bytes = BASE64.decode(text).ok()?;
        let (said, tied) = bytes.split_at_checked(bytes.len().checked_sub(TIE)?)?;
        if tied != tie(said, name, secret) {
            return None;
        }
        let (kind, rest) = said.split_first()?;
        let (number, rest) = rest.split_at_checked(8)?;
        let number: [u8; 8] = number.try_into().ok()?;
        match (kind, rest) {
            (1, []) => Some(Cursor::Number(u64::from_be_bytes(number))),
            (2, id) => Some(Cursor::Behind {
                added: Timestamp::from_micros(i64::from_be_bytes(number)),
                id: std::str::from_utf8(id).ok()?.to_owned(),
            }),
            _ => None,
        }
    }
}

fn tie(said: &[u8], name: &str, secret: u64) -> [u8; TIE] {
    let about = [&secret.to_be_bytes()[..], b"cursor", name.as_bytes(), b"\0", said].concat();
    let mut tied = [0; TIE];
    for (byte, from) in tied.iter_mut().zip(Digest::of(&about).as_bytes()) {
        *byte = *from;
    }
    tied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_where_they_belong_and_nowhere_else() {
        let behind = Cursor::Behind {
            added: Timestamp::from_micros(-5),
            id: "indicator--1".to_owned(),
        };
        for cursor in [Cursor::Number(0), Cursor::Number(u64::MAX), behind] {
            let text = cursor.text("a collection", 7);
            assert_eq!(Cursor::read(&text, "a collection", 7), Some(cursor));
            assert_eq!(Cursor::read(&text, "another", 7), None);
            assert_eq!(Cursor::read(&text, "a collection", 8), None);
            for place in 0..text.len() {
                let mut broken = text.clone().into_bytes();
                broken[place] = if broken[place] == b'A' { b'B' } else { b'A' };
                assert_eq!(
                    Cursor::read(&String::from_utf8(broken).unwrap(), "a collection", 7),
                    None
                );
                assert_eq!(Cursor::read(&text[..place], "a collection", 7), None);
            }
        }
        assert_eq!(Cursor::read(&"A".repeat(100_000), "", 7), None);
    }
}
