//! One test ready to run on one value.

use super::clock;
use super::fold::fold;
use super::glob::Glob;
use super::necessary::Written;
use super::{Number, Order, Piece, Reading, Test, TimePart, Value};
use crate::expression::{Expression, Stopped};
use crate::limits::RULE_EXPRESSIONS_BYTES_MAX;
use entente_stix::time::Timestamp;
use memchr::memmem::Finder;
use std::collections::HashSet;
use std::net::IpAddr;

/// What any test takes, as [`super::effort`] counts.
const TEST_WORK: u64 = 2;

/// What a value made of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Passes,
    Fails,
    /// The value is of a type that the test does not take.
    Mismatch,
}

/// A compiled test, of one value alone.
#[derive(Debug)]
pub(super) enum Check {
    Text {
        fold: bool,
        test: TextTest,
    },
    Number(Order, Number),
    Boolean(bool),
    Null,
    Exists,
    /// Compared with another field, which the caller knows.
    Other,
}

/// A test of a text; where case is ignored, of the folded text, and then what it holds is folded too.
#[derive(Debug)]
pub(super) enum TextTest {
    Equals(Box<str>),
    OneOf(HashSet<Box<str>>),
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Contains(Box<Finder<'static>>),
    Glob(Box<Glob>),
    Regex(Box<Expression>),
    Network(IpAddr, u8),
    NetworkHolding(IpAddr, u8),
    Ordered(Order, Box<str>),
    Time(Order, Timestamp),
    TimePart(TimePart, Order, i64),
}

impl Check {
    /// Of a regular expression, whether it runs in linear time.
    pub(super) fn is_linear(&self) -> Option<bool> {
        match self {
            Check::Text {
                test: TextTest::Regex(expression),
                ..
            } => Some(!matches!(**expression, Expression::Backtracking(_))),
            _ => None,
        }
    }

    /// Programs of regular expressions are added to `bytes`.
    ///
    /// # Errors
    /// Why the test cannot be run, for people.
    pub(super) fn compile(test: &Test, bytes: &mut usize) -> Result<Check, String> {
        let folded = |text: &String, ignore: bool| if ignore { fold(text) } else { text.clone() };
        let (fold, test) = match test {
            Test::Equals { text, fold } => (*fold, TextTest::Equals(folded(text, *fold).into())),
            Test::OneOf { texts, fold } => {
                let texts = texts.iter().map(|text| folded(text, *fold).into());
                (*fold, TextTest::OneOf(texts.collect()))
            }
            Test::StartsWith { text, fold } => (*fold, TextTest::StartsWith(folded(text, *fold).into())),
            Test::EndsWith { text, fold } => (*fold, TextTest::EndsWith(folded(text, *fold).into())),
            Test::Contains { text, fold } => {
                let finder = Finder::new(folded(text, *fold).as_bytes()).into_owned();
                (*fold, TextTest::Contains(Box::new(finder)))
            }
            Test::Glob { pieces, fold } => {
                let folded = |piece: &Piece| match piece {
                    Piece::Literal(text) => Piece::Literal(folded(text, *fold)),
                    other => other.clone(),
                };
                let pieces: Vec<Piece> = pieces.iter().map(folded).collect();
                (*fold, TextTest::Glob(Box::new(Glob::new(&pieces))))
            }
            Test::Regex { .. } => {
                let written = Written::of(test).ok_or("no expression")?;
                let (expression, size) = written.compile()?;
                *bytes += size;
                if *bytes > RULE_EXPRESSIONS_BYTES_MAX {
                    return Err(format!(
                        "the regular expressions of all rules take more than {RULE_EXPRESSIONS_BYTES_MAX} bytes"
                    ));
                }
                (false, TextTest::Regex(Box::new(expression)))
            }
            Test::Network { address, length } => {
                let (address, length) = canonical_network(*address, *length);
                (false, TextTest::Network(address, length))
            }
            Test::NetworkHolding { address, length } => {
                let (address, length) = canonical_network(*address, *length);
                (false, TextTest::NetworkHolding(address, length))
            }
            Test::Ordered { order, text } => (false, TextTest::Ordered(*order, text.as_str().into())),
            Test::Time { order, time } => (false, TextTest::Time(*order, *time)),
            Test::TimePart { part, order, number } => (false, TextTest::TimePart(*part, *order, *number)),
            Test::Number { order, number } => return Ok(Check::Number(*order, *number)),
            Test::Boolean(truth) => return Ok(Check::Boolean(*truth)),
            Test::Null => return Ok(Check::Null),
            Test::Exists => return Ok(Check::Exists),
            Test::Other { .. } => return Ok(Check::Other),
        };
        Ok(Check::Text { fold, test })
    }
}

impl TextTest {
    /// What it does is added to `work`; it may be as much as is left.
    pub(super) fn outcome(&self, text: &str, left: u64, work: &mut u64) -> Result<Outcome, Stopped> {
        *work += TEST_WORK;
        let passes = match self {
            TextTest::Equals(other) => *text == **other,
            TextTest::OneOf(texts) => texts.contains(text),
            TextTest::StartsWith(start) => text.starts_with(&**start),
            TextTest::EndsWith(end) => text.ends_with(&**end),
            TextTest::Contains(part) => part.find(text.as_bytes()).is_some(),
            TextTest::Glob(glob) => glob.is_match(text, left, work).ok_or(Stopped::Work)?,
            TextTest::Regex(expression) => expression.is_in_text_within(text, left, work)?,
            TextTest::Ordered(order, other) => order.holds(text.cmp(other)),
            TextTest::Network(address, length) => match network(text) {
                Some((inner, inner_length)) => inner_length >= *length && covers((*address, *length), inner),
                None => return Ok(Outcome::Mismatch),
            },
            TextTest::NetworkHolding(address, length) => match network(text) {
                Some((outer, outer_length)) => {
                    outer_length <= *length && covers((outer, outer_length), *address)
                }
                None => return Ok(Outcome::Mismatch),
            },
            TextTest::Time(order, other) => match Timestamp::parse_rfc3339(text) {
                Ok(time) => order.holds(time.cmp(other)),
                Err(_) => return Ok(Outcome::Mismatch),
            },
            TextTest::TimePart(part, order, number) => match clock::part(text, *part) {
                Some(found) => order.holds(found.cmp(number)),
                None => return Ok(Outcome::Mismatch),
            },
        };
        Ok(if passes { Outcome::Passes } else { Outcome::Fails })
    }
}

/// The text that tests of text are put to.
pub(super) fn text_of<'a>(value: Value<'a>, reading: Reading) -> Option<&'a str> {
    match (value, reading) {
        (Value::Text(text), _) => Some(text),
        (Value::Number(text), Reading::Loose) => Some(text),
        (Value::Boolean(true), Reading::Loose) => Some("true"),
        (Value::Boolean(false), Reading::Loose) => Some("false"),
        _ => None,
    }
}

pub(super) fn number_of(value: Value<'_>, reading: Reading) -> Option<Number> {
    match (value, reading) {
        (Value::Number(text), _) | (Value::Text(text), Reading::Loose) => Number::parse(text),
        _ => None,
    }
}

pub(super) fn boolean_of(value: Value<'_>, reading: Reading) -> Option<bool> {
    match (value, reading) {
        (Value::Boolean(truth), _) => Some(truth),
        (Value::Text(text), Reading::Loose) if text.eq_ignore_ascii_case("true") => Some(true),
        (Value::Text(text), Reading::Loose) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A network inside of those that are mapped into IPv6 as one of IPv4.
pub(super) fn canonical_network(address: IpAddr, length: u8) -> (IpAddr, u8) {
    match (address.to_canonical(), address, length.checked_sub(96)) {
        (four @ IpAddr::V4(_), IpAddr::V6(_), Some(length)) => (four, length),
        _ => (address, length),
    }
}

/// `address/length`, or an address alone.
pub(crate) fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let bits = bits(address);
    let length = match length {
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => digits.parse().ok()?,
        Some(_) => return None,
        None => bits,
    };
    (length <= bits).then(|| canonical_network(address, length))
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// An address as its bits at the top of a word, and everything after the first `length` bits zero.
pub(super) fn masked(address: IpAddr, length: u8) -> u128 {
    let word = match address {
        IpAddr::V4(four) => u128::from(four.to_bits()) << 96,
        IpAddr::V6(six) => six.to_bits(),
    };
    word & u128::MAX
        .checked_shl(128 - u32::from(length.min(128)))
        .unwrap_or(0)
}

fn covers((address, length): (IpAddr, u8), inner: IpAddr) -> bool {
    address.is_ipv4() == inner.is_ipv4() && masked(address, length) == masked(inner, length)
}
