//! Where a reading of a collection stopped; the caller keeps it.

use std::fmt::Write as _;

use entente_stix::json::{self, Value, quote};

use super::date::Stamp;
use super::envelope::{Key, Tail};
use crate::limits::{TAXII_CURSOR_BYTES_MAX, TAXII_NEXT_BYTES_MAX, TAXII_TAIL_MAX};

/// Where a reading stopped, so that the next one goes on there and nothing comes twice. Kept as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Whether pages are under way, which began with `filter`.
    pub(super) is_under_way: bool,
    /// The `added_after` of the pages under way: `next` only means something together with it (TAXII 2.1 §3.5).
    pub(super) filter: Option<String>,
    /// Where the pages under way go on.
    pub(super) next: Option<String>,
    /// The latest instant at which something that was read had been added.
    pub(super) high: Option<Stamp>,
    /// What was read at that instant, so that it can be asked for again: others may be added at it still.
    pub(super) tail: Tail,
    /// Too much was read at that instant to be asked for again.
    pub(super) is_crowded: bool,
    /// The server does not keep to the order of time.
    pub(super) is_unordered: bool,
    /// It was seen to keep to it.
    pub(super) is_ordered: bool,
    /// One `next` stands for wherever the server is: pages under way cannot be gone on with later.
    pub(super) is_scroll: bool,
    /// A page of those under way was lost, and its successor may have been left out.
    pub(super) is_doubtful: bool,
}

impl Cursor {
    /// The cursor as text: JSON.
    pub fn to_text(&self) -> String {
        let mut text = String::from("{");
        let strings = [
            ("filter", self.filter.clone()),
            ("next", self.next.clone()),
            ("high", self.high.map(|high| high.to_string())),
        ];
        for (name, value) in strings {
            if let Some(value) = value {
                let _ = write!(text, "\"{name}\":");
                quote(&value, &mut text);
                text.push(',');
            }
        }
        let flags = [
            ("under_way", self.is_under_way),
            ("crowded", self.is_crowded),
            ("unordered", self.is_unordered),
            ("ordered", self.is_ordered),
            ("scroll", self.is_scroll),
            ("doubtful", self.is_doubtful),
        ];
        for (name, flag) in flags {
            let _ = write!(text, "\"{name}\":{flag},");
        }
        text.push_str("\"tail\":\"");
        for Key(key) in &self.tail.0 {
            key.iter().for_each(|byte| {
                let _ = write!(text, "{byte:02x}");
            });
        }
        text.push_str("\"}");
        text
    }

    /// Reads what [`Cursor::to_text`] wrote; `None` for anything else.
    pub fn read(text: &str) -> Option<Cursor> {
        if text.len() > TAXII_CURSOR_BYTES_MAX {
            return None;
        }
        let value = json::read(text.as_bytes()).ok()?;
        let string = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let flag = |key: &str| value.get(key).and_then(Value::as_bool);
        let high = match string("high") {
            Some(high) => Some(Stamp::read(&high)?),
            None => None,
        };
        let next = string("next").filter(|next| next.len() <= TAXII_NEXT_BYTES_MAX);
        Some(Cursor {
            filter: string("filter"),
            next,
            high,
            tail: tail(&string("tail")?)?,
            is_under_way: flag("under_way")?,
            is_crowded: flag("crowded")?,
            is_unordered: flag("unordered")?,
            is_ordered: flag("ordered")?,
            is_scroll: flag("scroll")?,
            is_doubtful: flag("doubtful")?,
        })
    }

    /// The latest instant at which something that was read had been added, as the server tells it.
    pub fn read_until(&self) -> Option<String> {
        self.high.map(|high| high.to_string())
    }

    /// Whether pages are under way.
    pub fn is_under_way(&self) -> bool {
        self.is_under_way
    }
}

fn tail(hex: &str) -> Option<Tail> {
    let mut tail = Tail::default();
    for digits in hex.as_bytes().chunks(16) {
        let digits = std::str::from_utf8(digits)
            .ok()
            .filter(|digits| digits.len() == 16)?;
        let key = u64::from_str_radix(digits, 16).ok()?;
        tail.push(Key(key.to_be_bytes()), TAXII_TAIL_MAX);
    }
    Some(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let mut cursor = Cursor {
            filter: Some("2024-01-01T00:00:00.123Z".to_owned()),
            next: Some("2023-11-16 22:40:05|\"23\\".to_owned()),
            high: Stamp::read("2024-01-01T00:00:00.124Z"),
            is_under_way: true,
            is_unordered: true,
            ..Cursor::default()
        };
        cursor.tail.push(Key::of(b"a"), 3);
        cursor.tail.push(Key::of(b"b"), 3);
        assert_eq!(Cursor::read(&cursor.to_text()), Some(cursor));
        assert_eq!(
            Cursor::read(&Cursor::default().to_text()),
            Some(Cursor::default())
        );
        for text in [
            "",
            "{}",
            "[]",
            r#"{"crowded":true,"unordered":false,"tail":"0g"}"#,
        ] {
            assert_eq!(Cursor::read(text), None, "{text}");
        }
    }
}
