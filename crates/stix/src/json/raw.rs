//! Where the members of an object and the elements of a list stand in a text, so that each can be read, or kept, by
//! itself, byte by byte.
//!
//! Only so much is looked at as is needed to find where a value ends; what it is, its reader says.

use std::borrow::Cow;

use super::{Error, ErrorKind, Value};
use crate::limits::DEPTH_MAX;

/// The members of the object that a text is, in its order: each name, and the text of the value without the white
/// space around it. A name may come twice.
///
/// # Errors
/// The text is no object, or something in it does not end.
pub fn members(text: &str) -> Result<Vec<(Cow<'_, str>, &str)>, Error> {
    let mut walker = Walker::new(text, b'{', "`{`")?;
    let mut members = Vec::new();
    while let Some(start) = walker.next(b'}')? {
        if walker.peek() != Some(b'"') {
            return Err(walker.unexpected("a key in quotes"));
        }
        walker.skip()?;
        let key = match super::read(walker.slice(start).as_bytes()) {
            Ok(Value::String(Cow::Borrowed(key))) => Cow::Borrowed(key),
            Ok(Value::String(Cow::Owned(key))) => Cow::Owned(key),
            Ok(_) => return Err(walker.unexpected("a key in quotes")),
            Err(error) => return Err(error.moved(start)),
        };
        walker.space();
        walker.take(b':', "`:`")?;
        walker.space();
        let value = walker.at;
        walker.skip()?;
        members.push((key, walker.slice(value)));
    }
    walker.end()?;
    Ok(members)
}

/// The elements of the list that a text is, each without the white space around it.
///
/// # Errors
/// The text is no list, or something in it does not end.
pub fn elements(text: &str) -> Result<Vec<&str>, Error> {
    let mut walker = Walker::new(text, b'[', "`[`")?;
    let mut elements = Vec::new();
    while let Some(start) = walker.next(b']')? {
        walker.skip()?;
        elements.push(walker.slice(start));
    }
    walker.end()?;
    Ok(elements)
}

struct Walker<'t> {
    text: &'t str,
    at: usize,
    is_first: bool,
}

impl<'t> Walker<'t> {
    fn new(text: &'t str, open: u8, expected: &'static str) -> Result<Walker<'t>, Error> {
        let mut walker = Walker {
            text,
            at: 0,
            is_first: true,
        };
        walker.space();
        walker.take(open, expected)?;
        Ok(walker)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn slice(&self, from: usize) -> &'t str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8, expected: &'static str) -> Result<(), Error> {
        match self.peek() == Some(byte) {
            true => {
                self.at += 1;
                Ok(())
            }
            false => Err(self.unexpected(expected)),
        }
    }

    /// Where the next member or element begins; `None` behind the bracket that closes.
    fn next(&mut self, close: u8) -> Result<Option<usize>, Error> {
        self.space();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(None);
        }
        if !std::mem::take(&mut self.is_first) {
            self.take(b',', "`,` or the end")?;
            self.space();
        }
        Ok(Some(self.at))
    }

    /// Goes behind one value.
    fn skip(&mut self) -> Result<(), Error> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.peek() {
                None => return Err(self.error(ErrorKind::UnexpectedEnd)),
                Some(b'"') => self.skip_string()?,
                Some(bracket @ (b'{' | b'[')) => {
                    if open.len() >= DEPTH_MAX {
                        return Err(self.error(ErrorKind::TooDeep));
                    }
                    open.push(if bracket == b'{' { b'}' } else { b']' });
                    self.at += 1;
                    continue;
                }
                Some(bracket @ (b'}' | b']')) => {
                    if open.pop() != Some(bracket) {
                        return Err(self.unexpected("a value"));
                    }
                    self.at += 1;
                }
                Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':') if !open.is_empty() => {
                    self.at += 1;
                    continue;
                }
                Some(_) => self.skip_word()?,
            }
            if open.is_empty() {
                return Ok(());
            }
        }
    }

    fn skip_string(&mut self) -> Result<(), Error> {
        self.at += 1;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.text.len();
                return Err(self.error(ErrorKind::UnexpectedEnd));
            };
            let is_end = rest.get(found) == Some(&b'"');
            self.at += found + if is_end { 1 } else { 2 };
            if is_end {
                return Ok(());
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn skip_word(&mut self) -> Result<(), Error> {
        let start = self.at;
        let is_in_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        while self.peek().as_ref().is_some_and(is_in_word) {
            self.at += 1;
        }
        match self.at > start {
            true => Ok(()),
            false => Err(self.unexpected("a value")),
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        self.space();
        match self.at < self.text.len() {
            true => Err(self.error(ErrorKind::TrailingBytes)),
            false => Ok(()),
        }
    }

    fn unexpected(&self, expected: &'static str) -> Error {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.chars().next() {
            Some(found) => self.error(ErrorKind::Unexpected(found, expected)),
            None => self.error(ErrorKind::UnexpectedEnd),
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error {
            kind,
            pointer: String::new(),
            offset: self.at,
        }
    }
}

impl Error {
    /// The same, of a text that begins `by` bytes into another.
    fn moved(self, by: usize) -> Error {
        Error {
            offset: self.offset.saturating_add(by),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn members_and_elements_are_the_bytes_they_are() {
        let text = " {\"a\" : [1, {\"b\":\"]}\\\"\"}] ,\"\\u0063\":-1.5e3,\"d\":null } \n";
        let found = members(text).unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(key, value)| (key.as_ref(), *value)).collect();
        assert_eq!(
            found,
            [("a", "[1, {\"b\":\"]}\\\"\"}]"), ("c", "-1.5e3"), ("d", "null")]
        );
        assert_eq!(elements("[ ]").unwrap(), [""; 0]);
        assert_eq!(
            elements("[1 , \"x,]\",[[]],{}]").unwrap(),
            ["1", "\"x,]\"", "[[]]", "{}"]
        );
    }

    #[test]
    fn what_does_not_end_or_is_something_else_is_refused() {
        for text in [
            "",
            "{",
            "[1]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "{a:1}",
            "{\"a\":[}]}",
            "{}x",
            "{\"a\":\"\\\"",
        ] {
            assert!(members(text).is_err(), "{text}");
        }
        for text in ["", "[", "{}", "[1,]", "[,1]", "[1 2]", "[1]]", "[\"]", "[é]"] {
            assert!(elements(text).is_err(), "{text}");
        }
        assert!(
            elements(&format!(
                "[{}{}]",
                "[".repeat(DEPTH_MAX + 1),
                "]".repeat(DEPTH_MAX + 1)
            ))
            .is_err()
        );
    }

    proptest! {
        #[test]
        fn finding_is_total(text in "[\\[\\]{}\",:a1\\\\ é]{0,60}") {
            let _ = members(&text);
            let _ = elements(&text);
        }

        /// What the strict reader takes is found, and its pieces are what the reader says.
        #[test]
        fn pieces_are_those_of_the_strict_reader(text in "[\\[\\]{}\",:1 ]{0,24}") {
            if let Ok(value) = super::super::read(text.as_bytes()) {
                if let Some(list) = value.as_array() {
                    let found = elements(&text).unwrap();
                    prop_assert_eq!(found.len(), list.len());
                    for (piece, element) in found.iter().zip(list) {
                        prop_assert_eq!(&super::super::read(piece.as_bytes()).unwrap(), element);
                    }
                }
                if let Some(map) = value.as_object() {
                    prop_assert_eq!(members(&text).unwrap().len(), map.len());
                }
            }
        }
    }
}
