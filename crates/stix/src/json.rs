//! Strict I-JSON (RFC 7493): a tree that borrows from the text, and the canonical form (RFC 8785).
//!
//! What two readers could understand differently is refused, with a JSON pointer and a byte offset:
//! duplicate keys, lone surrogates, numbers that lose precision, depth. Begin at [`read`].

mod canonical;
mod number;
pub mod raw;
mod reader;

use std::borrow::Cow;
use std::fmt;

pub use canonical::quote;
pub use number::Number;
pub use reader::read;

/// A JSON value; strings and numbers borrow from the text they were read from.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, its text kept.
    Number(Number<'a>),
    /// A string; borrowed where it has no escapes.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object, in the order of the text.
    Object(Map<'a>),
}

impl<'a> Value<'a> {
    /// The member `key`, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.as_object()?.get(key)
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if this is one.
    pub fn as_number(&self) -> Option<&Number<'a>> {
        match self {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The number as an integer, if it is one (`1.0` is).
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// The number as a double, if this is a number.
    pub fn as_f64(&self) -> Option<f64> {
        Some(self.as_number()?.as_f64())
    }

    /// The elements, if this is an array.
    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        match self {
            Value::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The members, if this is an object.
    pub fn as_object(&self) -> Option<&Map<'a>> {
        match self {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    /// The value at a JSON pointer (RFC 6901); `""` is the value itself.
    pub fn pointer(&self, pointer: &str) -> Option<&Value<'a>> {
        if pointer.is_empty() {
            return Some(self);
        }
        let tokens = pointer.strip_prefix('/')?;
        tokens.split('/').try_fold(self, |value, token| match value {
            Value::Object(map) => map.get(&unescape_token(token)),
            Value::Array(elements) => elements.get(index(token)?),
            _ => None,
        })
    }

    /// The canonical text (RFC 8785): keys by UTF-16 code units, numbers as ECMAScript writes them.
    pub fn canonical(&self) -> String {
        self.canonical_of(0)
    }

    /// As [`Value::canonical`], of about so many bytes.
    pub(crate) fn canonical_of(&self, bytes: usize) -> String {
        let mut out = String::with_capacity(bytes);
        canonical::write(self, &mut out);
        out
    }

    /// What people call this type of value: `a string`, `an object`...
    pub fn type_words(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::String(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::String(Cow::Owned(text))
    }
}

/// The members of an object, in the order of the text; no key occurs twice.
#[derive(Debug, Clone, Default)]
pub struct Map<'a> {
    entries: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Map<'a> {
    /// A map without members.
    pub fn new() -> Self {
        Map::default()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// Whether `key` is a member.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The members, in the order of the text.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value<'a>)> {
        self.entries.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// The keys, in the order of the text.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_ref())
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Sets `key`, in place where it is already a member, else at the end.
    pub fn insert(&mut self, key: impl Into<Cow<'a, str>>, value: Value<'a>) {
        let key = key.into();
        match self.entries.iter_mut().find(|(name, _)| *name == key) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key, value)),
        }
    }
}

/// Equal as JSON objects are: the order of members says nothing.
impl PartialEq for Map<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.sorted() == other.sorted()
    }
}

impl<'a> Map<'a> {
    fn sorted(&self) -> Vec<(&str, &Value<'a>)> {
        let mut members: Vec<_> = self.iter().collect();
        members.sort_unstable_by_key(|(name, _)| *name);
        members
    }
}

/// Why a text is not strict I-JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// JSON pointer (RFC 6901) of the innermost value that was being read.
    pub pointer: String,
    /// Where in the text, in bytes from its start.
    pub offset: usize,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nothing but white space.
    Empty,
    /// The text ends inside a value.
    UnexpectedEnd,
    /// A character that cannot stand here, and what could.
    Unexpected(char, &'static str),
    /// `NaN`, `Infinity`: not JSON numbers.
    NotFinite,
    /// More after the value.
    TrailingBytes,
    /// The key of the pointer occurs twice in one object.
    DuplicateKey,
    /// Half of a UTF-16 surrogate pair as an escape.
    LoneSurrogate,
    /// A control character, unescaped, in a string.
    ControlCharacter(u8),
    /// A backslash with something that it cannot escape.
    InvalidEscape,
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// A byte order mark, of the encoding named.
    ByteOrderMark(&'static str),
    /// Deeper than [`DEPTH_MAX`](crate::limits::DEPTH_MAX) arrays and objects.
    TooDeep,
    /// More than [`VALUES_MAX`](crate::limits::VALUES_MAX) values.
    TooManyValues,
    /// A malformed number, such as `01` or `1.`.
    InvalidNumber,
    /// A number that a double cannot hold exactly as written.
    PrecisionLoss,
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error {
            kind,
            pointer,
            offset,
        } = self;
        write!(f, "{kind}, at byte {offset}")?;
        if pointer.is_empty() {
            Ok(())
        } else {
            write!(f, " in `{pointer}`")
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Empty => f.write_str("empty text where a JSON value should be"),
            ErrorKind::UnexpectedEnd => f.write_str("the text ends inside a value"),
            ErrorKind::Unexpected(found, wanted) => {
                write!(f, "`{}` where {wanted} should be", found.escape_debug())
            }
            ErrorKind::NotFinite => f.write_str("NaN and infinities are not JSON numbers"),
            ErrorKind::TrailingBytes => f.write_str("more text after the end of the value"),
            ErrorKind::DuplicateKey => f.write_str("key given twice in one object"),
            ErrorKind::LoneSurrogate => f.write_str("half of a surrogate pair: not a character"),
            ErrorKind::ControlCharacter(byte) => {
                write!(f, "control character U+{byte:04X} in a string: escape it")
            }
            ErrorKind::InvalidEscape => f.write_str("unknown escape in a string"),
            ErrorKind::InvalidUtf8 => f.write_str("not UTF-8"),
            ErrorKind::ByteOrderMark(encoding) => {
                write!(
                    f,
                    "starts with a byte order mark of {encoding}: write it as UTF-8 without one"
                )
            }
            ErrorKind::TooDeep => write!(f, "nested deeper than {}", crate::limits::DEPTH_MAX),
            ErrorKind::TooManyValues => write!(f, "more than {} values", crate::limits::VALUES_MAX),
            ErrorKind::InvalidNumber => f.write_str("malformed number"),
            ErrorKind::PrecisionLoss => f.write_str(
                "number that a double cannot hold exactly: write it as a string or with fewer digits",
            ),
        }
    }
}

/// Appends `token` to a JSON pointer, escaped as RFC 6901 asks.
pub fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for character in token.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

fn unescape_token(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

/// An array index as RFC 6901 §4 spells it: no sign, no leading zero.
fn index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|byte| byte.is_ascii_digit());
    let spare_zero = token.len() > 1 && token.starts_with('0');
    if plain && !spare_zero {
        token.parse().ok()
    } else {
        None
    }
}
