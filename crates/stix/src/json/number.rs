//! Numbers as they are written, and what a double makes of them.

use std::borrow::Cow;

/// The largest integer that every JSON reader keeps: 2^53 - 1 (RFC 7493 §2.2).
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// A number, kept as written. Holds only what a double keeps exactly.
#[derive(Debug, Clone)]
pub struct Number<'a> {
    text: Cow<'a, str>,
}

impl<'a> Number<'a> {
    /// A number from its JSON text; `None` where the text is no number or loses precision as a double.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Option<Number<'a>> {
        let text = text.into();
        let whole = grammar_end(text.as_bytes()) == Some(text.len());
        (whole && keeps_value(&text)).then_some(Number { text })
    }

    /// The caller has read `text` by the grammar and asked [`keeps_value`].
    pub(super) fn checked(text: &'a str) -> Number<'a> {
        Number {
            text: Cow::Borrowed(text),
        }
    }

    /// The number as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value as an integer, if it is one: `1`, `1.0` and `1e0` are.
    pub fn as_i64(&self) -> Option<i64> {
        if let Ok(integer) = self.text.parse::<i64>() {
            return Some(integer);
        }
        let value = self.as_f64();
        // Exact by the bound; the reader lets no integer beyond 2^53 - 1 through.
        (value.fract() == 0.0 && value.abs() <= INTEGER_MAX as f64).then_some(value as i64)
    }

    /// The value as a double; exact, because nothing else is let in.
    pub fn as_f64(&self) -> f64 {
        self.text.parse().unwrap_or(0.0)
    }

    /// Whether it is written as an integer: without fraction and exponent.
    pub fn is_integer_text(&self) -> bool {
        !self.text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
    }
}

/// Equal as values: `1.0` is `1`.
impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_f64() == other.as_f64()
    }
}

impl From<u32> for Number<'_> {
    fn from(value: u32) -> Self {
        Number {
            text: Cow::Owned(value.to_string()),
        }
    }
}

impl From<i32> for Number<'_> {
    fn from(value: i32) -> Self {
        Number {
            text: Cow::Owned(value.to_string()),
        }
    }
}

/// Where the number at the start of `bytes` ends by the grammar of RFC 8259 §6.
pub(super) fn grammar_end(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let run = bytes.get(from..).unwrap_or_default();
        run.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes.get(at) == Some(&b'0')) {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return None;
        }
        at += exponent;
    }
    Some(at)
}

/// Whether reading `text` as a double and writing the shortest form of that gives the same value,
/// and the canonical form is no integer beyond 2^53 - 1. So what was read can be written and read again.
pub(super) fn keeps_value(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let Ok(value) = text.parse::<f64>() else {
        return false;
    };
    if !value.is_finite() {
        return false;
    }
    let integral = value.fract() == 0.0;
    if integral && value.abs() > INTEGER_MAX as f64 && value.abs() < 1e21 {
        return false;
    }
    decimal(text) == decimal(&shortest(value))
}

/// The fewest digits that give `value` back, of these the closest, of two as close the even ones:
/// `1.2345e3`. Rust's shortest digits keep the first two of these rules only.
pub(super) fn shortest(value: f64) -> String {
    let shortest = format!("{value:e}");
    let mantissa = shortest.split('e').next().unwrap_or_default();
    let decimals = mantissa.trim_start_matches('-').len().saturating_sub(2);
    let closest = format!("{value:.decimals$e}");
    if closest.parse() == Ok(value) {
        closest
    } else {
        shortest
    }
}

/// The significant digits and the power of ten of the last of them. Zero is `("", 0)`.
fn decimal(text: &str) -> Option<(String, i64)> {
    let unsigned = text.trim_start_matches('-');
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent_value(exponent)),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let leading = all.trim_start_matches('0');
    let significant = leading.trim_end_matches('0');
    if significant.is_empty() {
        return Some((String::new(), 0));
    }
    let trailing_zeros = i64::try_from(leading.len() - significant.len()).ok()?;
    let fraction_digits = i64::try_from(fraction.len()).ok()?;
    let power = exponent
        .checked_sub(fraction_digits)?
        .checked_add(trailing_zeros)?;
    Some((significant.to_owned(), power))
}

/// Saturates: an exponent that long is compared with nothing that a double writes.
fn exponent_value(text: &str) -> i64 {
    let negative = text.starts_with('-');
    let size = text
        .trim_start_matches(['+', '-'])
        .bytes()
        .fold(0_i64, |value, byte| {
            value
                .saturating_mul(10)
                .saturating_add(i64::from(byte.wrapping_sub(b'0')))
                .min(i64::MAX / 4)
        });
    if negative { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_a_double_keeps_are_let_in() {
        for text in [
            "0",
            "-0",
            "0.0",
            "1",
            "-17",
            "1.50",
            "0.1",
            "1e2",
            "1E+2",
            "100e-2",
            "5e-324",
            "1.7976931348623157e308",
            "9007199254740991",
            "-9007199254740991",
            "1e21",
            "1e300",
            "0e99999999999999999999999",
            "12.0",
            "1424953923781206.2",
            "-1424953923781206.2",
            "0.30000000000000004",
        ] {
            assert!(Number::new(text).is_some(), "{text}");
        }
    }

    #[test]
    fn numbers_a_double_changes_are_refused() {
        for text in [
            "9007199254740992",
            "-9007199254740993",
            "1e20",
            "123456789012345678",
            "0.1000000000000000055511151231257827",
            "1e309",
            "-1e999999999999999999999",
            "1e-400",
            "4.9e-324",
            "3.14159265358979323846",
            "1.00000000000000001",
        ] {
            assert!(Number::new(text).is_none(), "{text}");
        }
    }

    #[test]
    fn malformed_numbers_are_refused() {
        for text in [
            "", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x1", "1_0", "--1", "1 ",
        ] {
            assert!(Number::new(text).is_none(), "{text}");
        }
    }

    #[test]
    fn integers_in_any_spelling_are_integers() {
        for (text, value) in [
            ("1.0", 1),
            ("1e2", 100),
            ("-0", 0),
            ("9007199254740991", (1 << 53) - 1),
        ] {
            assert_eq!(Number::new(text).unwrap().as_i64(), Some(value), "{text}");
        }
        assert_eq!(Number::new("1.5").unwrap().as_i64(), None);
        assert_eq!(Number::new("1e300").unwrap().as_i64(), None);
    }
}
