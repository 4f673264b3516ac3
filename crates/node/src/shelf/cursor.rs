//! Where a page ended, as text that clients carry without reading it.
//!
//! The cursor of who may see all of a collection is the number to go on from. For who sees only some, numbers would
//! count the rest: its cursor is the time and id of the last object that it was told, sealed, so that made-up ones
//! ask nothing. Where a page ended among what it may not see, the number is there too, and cannot be read.

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
    /// From this number on, which the text does not show.
    Hidden(u64),
}

/// Bytes of the digest that ties a cursor to its collection and filter.
const TIE: usize = 8;

impl Cursor {
    /// As text, tied to `name`: the collection and the filter that it goes on with. `secret` seals it.
    pub(super) fn text(&self, name: &str, secret: u64) -> String {
        if let Cursor::Hidden(number) = self {
            let tied = tie(&hidden(*number), name, secret);
            let masked = number ^ mask(tied, name, secret);
            return BASE64.encode([&hidden(masked)[..], &tied].concat());
        }
        let mut bytes = match self {
            Cursor::Number(number) | Cursor::Hidden(number) => [&[1], &number.to_be_bytes()[..]].concat(),
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
        if let [HIDDEN, masked @ ..] = said {
            let masked = u64::from_be_bytes(masked.try_into().ok()?);
            let number = masked ^ mask(tied.try_into().ok()?, name, secret);
            return (tied == tie(&hidden(number), name, secret)).then_some(Cursor::Hidden(number));
        }
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

/// The first byte of a hidden number.
const HIDDEN: u8 = 3;

fn hidden(number: u64) -> [u8; 9] {
    let mut bytes = [HIDDEN; 9];
    for (byte, from) in bytes.iter_mut().skip(1).zip(number.to_be_bytes()) {
        *byte = from;
    }
    bytes
}

/// What hides a number: it depends on the number by its tie, so two cursors do not tell how far they are apart.
fn mask(tied: [u8; TIE], name: &str, secret: u64) -> u64 {
    u64::from_be_bytes(tie(&tied, &format!("{name}\nmask"), secret))
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
        for cursor in [
            Cursor::Number(0),
            Cursor::Number(u64::MAX),
            Cursor::Hidden(20_000),
            behind,
        ] {
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
        let shown = |number: u64| BASE64.decode(Cursor::Hidden(number).text("c", 7)).unwrap();
        assert_ne!(shown(1)[..9], hidden(1)[..]);
        assert_ne!(shown(1)[1..8], shown(2)[1..8], "near numbers do not look alike");
        assert_eq!(Cursor::read(&"A".repeat(100_000), "", 7), None);
    }
}
