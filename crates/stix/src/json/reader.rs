//! The strict reader: one pass, recursion bounded by [`DEPTH_MAX`].

use std::borrow::Cow;

use super::{Error, ErrorKind, Map, Number, Value, number, push_token};
use crate::limits::{DEPTH_MAX, POINTER_BYTES_MAX, VALUES_MAX};

/// Maps up to this many members are checked for duplicates member by member, larger ones by sorting.
const SMALL_MAP: usize = 32;

/// Reads one value, and nothing after it.
pub fn read(text: &[u8]) -> Result<Value<'_>, Error> {
    if let Some(encoding) = byte_order_mark(text) {
        return Err(Error {
            kind: ErrorKind::ByteOrderMark(encoding),
            pointer: String::new(),
            offset: 0,
        });
    }
    match std::str::from_utf8(text) {
        Ok(text) => Parser::new(text).whole().map_err(Failure::into_error),
        Err(broken) => Err(not_utf8(text, broken.valid_up_to())),
    }
}

fn byte_order_mark(text: &[u8]) -> Option<&'static str> {
    match text {
        [0xef, 0xbb, 0xbf, ..] => Some("UTF-8"),
        [0xff, 0xfe, ..] => Some("UTF-16 (little endian)"),
        [0xfe, 0xff, ..] => Some("UTF-16 (big endian)"),
        _ => None,
    }
}

/// Reads what is UTF-8, to say inside which value it stops being so, or what was wrong before.
fn not_utf8(text: &[u8], valid_bytes: usize) -> Error {
    let valid = text
        .get(..valid_bytes)
        .and_then(|valid| std::str::from_utf8(valid).ok())
        .unwrap_or("");
    let mut error = Error {
        kind: ErrorKind::InvalidUtf8,
        pointer: String::new(),
        offset: valid_bytes,
    };
    if let Err(failure) = Parser::new(valid).whole() {
        let earlier = failure.into_error();
        if !matches!(earlier.kind, ErrorKind::UnexpectedEnd | ErrorKind::Empty) {
            return earlier;
        }
        error.pointer = earlier.pointer;
    }
    error
}

/// What went wrong, and the way to it from inside out; boxed, because it is rare and results are many.
struct Failure(Box<Trace>);

struct Trace {
    kind: ErrorKind,
    offset: usize,
    steps: Vec<String>,
}

impl Failure {
    fn new(kind: ErrorKind, offset: usize) -> Failure {
        Failure(Box::new(Trace {
            kind,
            offset,
            steps: Vec::new(),
        }))
    }

    fn inside(mut self, step: impl Into<String>) -> Failure {
        self.0.steps.push(step.into());
        self
    }

    fn into_error(self) -> Error {
        let Trace { kind, offset, steps } = *self.0;
        let mut pointer = String::new();
        for step in steps.iter().rev() {
            push_token(&mut pointer, step);
        }
        if pointer.len() > POINTER_BYTES_MAX {
            pointer.truncate(pointer.floor_char_boundary(POINTER_BYTES_MAX));
            pointer.push('…');
        }
        Error {
            kind,
            pointer,
            offset,
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// How many more values may come.
    values_left: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Parser {
            text,
            at: 0,
            values_left: VALUES_MAX,
        }
    }

    fn whole(&mut self) -> Result<Value<'a>, Failure> {
        self.skip_space();
        if self.peek().is_none() {
            return Err(Failure::new(ErrorKind::Empty, self.at));
        }
        let value = self.value(0)?;
        self.skip_space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(Failure::new(ErrorKind::TrailingBytes, self.at)),
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[cold]
    fn unexpected(&self, wanted: &'static str) -> Failure {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => Failure::new(ErrorKind::UnexpectedEnd, self.at),
            Some(found) => Failure::new(ErrorKind::Unexpected(found, wanted), self.at),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Failure> {
        // A value takes more memory than its text: two bytes of `0,` become 32.
        let Some(left) = self.values_left.checked_sub(1) else {
            return Err(Failure::new(ErrorKind::TooManyValues, self.at));
        };
        self.values_left = left;
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.no_value()),
        }
    }

    #[cold]
    fn no_value(&self) -> Failure {
        let names = ["NaN", "Infinity", "-Infinity"];
        match names.iter().any(|name| self.rest().starts_with(name.as_bytes())) {
            true => Failure::new(ErrorKind::NotFinite, self.at),
            false => self.unexpected("a value"),
        }
    }

    fn literal(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, Failure> {
        if self.rest().starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        let common = self
            .rest()
            .iter()
            .zip(word.bytes())
            .take_while(|(found, wanted)| *found == wanted)
            .count();
        self.at += common;
        Err(self.unexpected(word))
    }

    fn number(&mut self) -> Result<Value<'a>, Failure> {
        let Some(length) = number::grammar_end(self.rest()) else {
            return Err(self.broken_number());
        };
        let text = self.text.get(self.at..self.at + length).unwrap_or_default();
        if !number::keeps_value(text) {
            return Err(Failure::new(ErrorKind::PrecisionLoss, self.at));
        }
        self.at += length;
        Ok(Value::Number(Number::checked(text)))
    }

    #[cold]
    fn broken_number(&self) -> Failure {
        if self.rest().starts_with(b"-Infinity") {
            return self.no_value();
        }
        let digits = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        match self.rest().iter().all(digits) {
            true => Failure::new(ErrorKind::UnexpectedEnd, self.text.len()),
            false => Failure::new(ErrorKind::InvalidNumber, self.at),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Failure> {
        self.enter(depth)?;
        let mut elements = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(elements));
        }
        loop {
            match self.value(depth) {
                Ok(value) => elements.push(value),
                Err(failure) => return Err(failure.inside(elements.len().to_string())),
            }
            if self.more(b']', "`,` or `]`")? {
                return Ok(Value::Array(elements));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Failure> {
        let opened_at = self.at;
        self.enter(depth)?;
        // Most objects are of some ten members; what is inside of them may be tiny and many.
        let room = if depth == 1 { 16 } else { 0 };
        let mut map = Map {
            entries: Vec::with_capacity(room),
        };
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(map));
        }
        let mut seen = Seen::default();
        loop {
            let key_at = self.at;
            let key = self.key()?;
            if seen.duplicate(&map, &key) {
                return Err(Failure::new(ErrorKind::DuplicateKey, key_at).inside(key));
            }
            match self.value(depth) {
                Ok(value) => map.entries.push((key, value)),
                Err(failure) => return Err(failure.inside(key)),
            }
            if self.more(b'}', "`,` or `}`")? {
                break;
            }
        }
        match map.entries.len() > SMALL_MAP {
            true => self.without_duplicates(map, opened_at, depth),
            false => Ok(Value::Object(map)),
        }
    }

    /// The bracket, and the white space after it.
    fn enter(&mut self, depth: usize) -> Result<(), Failure> {
        if depth > DEPTH_MAX {
            return Err(Failure::new(ErrorKind::TooDeep, self.at));
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    /// A key and its colon, up to the value.
    fn key(&mut self) -> Result<Cow<'a, str>, Failure> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in quotes"));
        }
        let key = self.string()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:`").inside(key));
        }
        self.at += 1;
        self.skip_space();
        Ok(key)
    }

    /// After an element: a comma and true for "ended" where the bracket `close` stands.
    #[inline]
    fn more(&mut self, close: u8, wanted: &'static str) -> Result<bool, Failure> {
        self.skip_space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.skip_space();
                Ok(false)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(self.unexpected(wanted)),
        }
    }

    /// Sorts the keys of a big map, so that a hostile one costs n log n.
    fn without_duplicates(&self, map: Map<'a>, opened_at: usize, depth: usize) -> Result<Value<'a>, Failure> {
        let mut keys: Vec<(&str, usize)> = map.keys().zip(0..).collect();
        keys.sort_unstable();
        let second = keys
            .windows(2)
            .filter_map(|pair| match pair {
                [(left, _), (right, position)] if left == right => Some((*position, *right)),
                _ => None,
            })
            .min();
        match second {
            None => Ok(Value::Object(map)),
            Some((position, key)) => {
                let offset = Parser {
                    at: opened_at,
                    ..Parser::new(self.text)
                }
                .key_offset(position, depth);
                Err(Failure::new(ErrorKind::DuplicateKey, offset).inside(key))
            }
        }
    }

    /// Where the key of member `position` stands; reads again, since only an error asks.
    fn key_offset(mut self, position: usize, depth: usize) -> usize {
        let mut walk = || -> Result<usize, Failure> {
            self.enter(depth)?;
            for _ in 0..position {
                self.key()?;
                self.value(depth)?;
                self.more(b'}', "")?;
            }
            Ok(self.at)
        };
        walk().unwrap_or(0)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Failure> {
        let start = self.at + 1;
        let end = plain_end(self.text.as_bytes(), start);
        match self.text.as_bytes().get(end) {
            Some(b'"') => {
                self.at = end + 1;
                Ok(Cow::Borrowed(self.text.get(start..end).unwrap_or_default()))
            }
            Some(b'\\') => self.escaped_string(start, end),
            other => Err(unclosed(other, end)),
        }
    }

    /// A string whose first escape stands at `backslash`.
    fn escaped_string(&mut self, start: usize, backslash: usize) -> Result<Cow<'a, str>, Failure> {
        let mut out = String::with_capacity(2 * (backslash - start) + 16);
        let mut plain_from = start;
        let mut end = backslash;
        loop {
            out.push_str(self.text.get(plain_from..end).unwrap_or_default());
            match self.text.as_bytes().get(end) {
                Some(b'"') => {
                    self.at = end + 1;
                    return Ok(Cow::Owned(out));
                }
                Some(b'\\') => {
                    self.at = end;
                    out.push(self.escape()?);
                }
                other => return Err(unclosed(other, end)),
            }
            plain_from = self.at;
            end = plain_end(self.text.as_bytes(), plain_from);
        }
    }

    /// The escape at the backslash.
    fn escape(&mut self) -> Result<char, Failure> {
        let backslash = self.at;
        let Some(&byte) = self.text.as_bytes().get(backslash + 1) else {
            return Err(Failure::new(ErrorKind::UnexpectedEnd, self.text.len()));
        };
        self.at += 2;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(backslash),
            _ => return Err(Failure::new(ErrorKind::InvalidEscape, backslash)),
        })
    }

    fn unicode_escape(&mut self, backslash: usize) -> Result<char, Failure> {
        let high = self.hex4(backslash)?;
        if let Some(character) = char::from_u32(high) {
            return Ok(character);
        }
        let lone = || Failure::new(ErrorKind::LoneSurrogate, backslash);
        if high >= 0xdc00 || !self.rest().starts_with(b"\\u") {
            return Err(lone());
        }
        let second_backslash = self.at;
        self.at += 2;
        let low = self.hex4(second_backslash)?;
        if !(0xdc00..0xe000).contains(&low) {
            return Err(lone());
        }
        char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or_else(lone)
    }

    fn hex4(&mut self, backslash: usize) -> Result<u32, Failure> {
        let mut value = 0;
        for _ in 0..4 {
            let Some(byte) = self.peek() else {
                return Err(Failure::new(ErrorKind::UnexpectedEnd, self.at));
            };
            let Some(digit) = char::from(byte).to_digit(16) else {
                return Err(Failure::new(ErrorKind::InvalidEscape, backslash));
            };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }
}

#[cold]
fn unclosed(found: Option<&u8>, at: usize) -> Failure {
    match found {
        Some(byte) => Failure::new(ErrorKind::ControlCharacter(*byte), at),
        None => Failure::new(ErrorKind::UnexpectedEnd, at),
    }
}

/// Duplicate check of a small map: one bit a key first, so that most keys are compared with none.
#[derive(Default)]
struct Seen(u64);

impl Seen {
    #[inline]
    fn duplicate(&mut self, map: &Map<'_>, key: &str) -> bool {
        if map.entries.len() > SMALL_MAP {
            return false;
        }
        let bytes = key.as_bytes();
        let sample = |byte: Option<&u8>| u64::from(byte.copied().unwrap_or(0));
        let mix = sample(bytes.first())
            ^ (sample(bytes.last()) << 8)
            ^ (sample(bytes.get(bytes.len() / 2)) << 16)
            ^ ((bytes.len() as u64) << 24);
        let bit = 1 << (mix.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58);
        let maybe = self.0 & bit != 0;
        self.0 |= bit;
        maybe && map.contains_key(key)
    }
}

/// The first quote, backslash or control character at or after `from`; the end where there is none.
#[inline]
pub(super) fn plain_end(bytes: &[u8], from: usize) -> usize {
    let (words, tail) = bytes.get(from..).unwrap_or_default().as_chunks::<8>();
    let mut at = from;
    for word in words {
        let stops = stops_in(u64::from_le_bytes(*word));
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let ends = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    at + tail.iter().position(ends).unwrap_or(tail.len())
}

/// The high bit of each byte that ends a plain run. A borrow can mark a byte above a true stop
/// wrongly, never one below it, and only the lowest is asked for.
#[inline]
fn stops_in(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let zero_bytes = |word: u64| word.wrapping_sub(ONES) & !word;
    let quote = zero_bytes(word ^ (ONES * b'"' as u64));
    let backslash = zero_bytes(word ^ (ONES * b'\\' as u64));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (quote | backslash | control) & (ONES * 0x80)
}
