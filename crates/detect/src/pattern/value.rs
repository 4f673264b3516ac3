//! Values of properties beside constants: which types go together, and how they are ordered (STIX 2.1 §9.6).

use crate::rules::Number;
use entente_stix::json::Value;
use entente_stix::pattern::{Constant, Instant};
use std::cmp::Ordering;

/// A property's value in the type that it is compared in.
#[derive(Debug)]
pub(super) enum Subject<'v> {
    Text(&'v str),
    /// Of a property whose name ends with `_bin` or `_hex` (STIX 2.1 §2.2, §2.8).
    Bytes(Vec<u8>),
    Number(Number),
    Boolean(bool),
    /// What no constant is equal to: `null`, lists, objects.
    Other,
}

/// A constant of a pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Text(String),
    Bytes(Vec<u8>),
    Number(Number),
    Boolean(bool),
    Time(Instant),
}

/// Whether values of a property of this name are bytes in the data.
pub(super) fn is_binary(property: &str) -> bool {
    property.ends_with("_bin") || property.ends_with("_hex")
}

impl<'v> Subject<'v> {
    /// The value of a property; what says it is bytes and is none stays a text.
    pub(super) fn of(value: &'v Value<'_>, property: &str) -> Subject<'v> {
        match value {
            Value::String(text) if property.ends_with("_bin") => {
                unbase64(text).map_or(Subject::Text(text), Subject::Bytes)
            }
            Value::String(text) if property.ends_with("_hex") => {
                unhex(text).map_or(Subject::Text(text), Subject::Bytes)
            }
            Value::String(text) => Subject::Text(text),
            Value::Number(number) => Number::parse(number.text()).map_or(Subject::Other, Subject::Number),
            Value::Bool(value) => Subject::Boolean(*value),
            _ => Subject::Other,
        }
    }

    /// How the value is ordered beside a constant; none where their types do not go together.
    pub(super) fn compare(&self, operand: &Operand) -> Option<Ordering> {
        match (self, operand) {
            // Text by code points, which UTF-8 keeps in order.
            (Subject::Text(text), Operand::Text(constant)) => Some((*text).cmp(constant.as_str())),
            (Subject::Text(text), Operand::Bytes(constant)) => Some(bytes_of(text)?.cmp(constant)),
            (Subject::Text(text), Operand::Time(constant)) => {
                let time = Instant::new(text).filter(|time| time.timestamp().is_some())?;
                Some(order(&time, constant))
            }
            (Subject::Bytes(bytes), Operand::Bytes(constant)) => Some(bytes.cmp(constant)),
            (Subject::Bytes(bytes), Operand::Text(constant)) => Some(bytes.cmp(&bytes_of(constant)?)),
            (Subject::Number(number), Operand::Number(constant)) => Some(number.cmp(constant)),
            (Subject::Boolean(value), Operand::Boolean(constant)) => Some(value.cmp(constant)),
            _ => None,
        }
    }
}

impl Operand {
    pub(super) fn of(constant: &Constant) -> Operand {
        match constant {
            Constant::String(text) => Operand::Text(text.clone()),
            Constant::Integer(integer) => Operand::Number(Number::Integer(*integer)),
            Constant::Float(float) => {
                Operand::Number(Number::from_float(*float).unwrap_or(Number::Float(*float)))
            }
            Constant::Boolean(value) => Operand::Boolean(*value),
            Constant::Timestamp(time) => Operand::Time(time.clone()),
            Constant::Hex(bytes) | Constant::Binary(bytes) => Operand::Bytes(bytes.clone()),
        }
    }
}

/// Exact to any number of digits.
fn order(a: &Instant, b: &Instant) -> Ordering {
    if a.is_before(b) {
        Ordering::Less
    } else if b.is_before(a) {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

/// A text as bytes, if every character is one (STIX 2.1 §9.6.4).
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|character| u8::try_from(character).ok())
        .collect()
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok())
        .collect()
}
