//! Numbers as they are written, compared exactly.

use super::{Number, Order};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// Two to the 63rd: the first whole number above those of [`Number::Integer`].
const ABOVE_INTEGERS: f64 = 9_223_372_036_854_775_808.0;

impl Number {
    /// Reads a decimal number as JSON writes it: no `+`, no leading zeros, no blanks, no hexadecimal. A number
    /// beyond the largest fraction is no number.
    pub fn parse(text: &str) -> Option<Number> {
        if !is_written_so(text.as_bytes()) {
            return None;
        }
        if let Ok(integer) = text.parse() {
            return Some(Number::Integer(integer));
        }
        Number::from_float(text.parse().ok()?)
    }

    /// A finite fraction; a whole one becomes an integer where it fits.
    pub fn from_float(float: f64) -> Option<Number> {
        if !float.is_finite() {
            return None;
        }
        if float.fract() == 0.0 && (-ABOVE_INTEGERS..ABOVE_INTEGERS).contains(&float) {
            return Some(Number::Integer(float as i64));
        }
        Some(Number::Float(float))
    }
}

impl Order {
    /// Whether something that compares so with the right side stands in this order to it.
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?` (RFC 8259).
fn is_written_so(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, rest) = digits(text);
    if whole.is_empty() || whole.len() > 1 && whole.starts_with(b"0") {
        return false;
    }
    let rest = match rest.strip_prefix(b".") {
        Some(fraction) => match digits(fraction) {
            ([], _) => return false,
            (_, rest) => rest,
        },
        None => rest,
    };
    let [b'e' | b'E', exponent @ ..] = rest else {
        return rest.is_empty();
    };
    let exponent = match exponent {
        [b'+' | b'-', exponent @ ..] => exponent,
        _ => exponent,
    };
    matches!(digits(exponent), ([_, ..], []))
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at(count)
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Number::Integer(left), Number::Integer(right)) => left.cmp(&right),
            (Number::Float(left), Number::Float(right)) => left.total_cmp(&right),
            (Number::Integer(left), Number::Float(right)) => integer_with_float(left, right),
            (Number::Float(left), Number::Integer(right)) => integer_with_float(right, left).reverse(),
        }
    }
}

/// A fraction beyond the integers is told by its sign; any other differs from all of them in its whole part,
/// or by its fraction.
fn integer_with_float(integer: i64, float: f64) -> Ordering {
    if float >= ABOVE_INTEGERS {
        return Ordering::Less;
    }
    if float < -ABOVE_INTEGERS {
        return Ordering::Greater;
    }
    let floor = float.floor();
    let whole = integer.cmp(&(floor as i64));
    whole.then(if float > floor {
        Ordering::Less
    } else {
        Ordering::Equal
    })
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl Hash for Number {
    // Whoever made a whole number a fraction by hand gets a hash of its own; `parse` and `from_float` do not.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Number::Integer(integer) => integer.hash(state),
            Number::Float(float) => match Number::from_float(*float) {
                Some(Number::Integer(integer)) => integer.hash(state),
                _ => float.to_bits().hash(state),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_json_writes_them() {
        for text in ["0", "-0", "4625", "-1.5e3", "1E+2", "0.5", "9223372036854775808"] {
            assert!(Number::parse(text).is_some(), "{text}");
        }
        for text in [
            "", "-", "+1", "01", "1.", ".5", "1e", "0x10", " 1", "1 ", "1e999", "nan", "inf", "1_000",
        ] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
        assert_eq!(Number::parse("4625.0"), Some(Number::Integer(4625)));
        assert_eq!(Number::parse("1e3"), Number::parse("1000"));
        assert_eq!(Number::parse("-0"), Number::parse("0.0"));
    }

    #[test]
    fn integers_and_fractions_are_compared_exactly() {
        let sorted = [
            "-1e300",
            "-9223372036854775808",
            "-2.5",
            "-2",
            "0",
            "0.1",
            "1",
            "1.5",
            "2",
            "9007199254740993",
            "9223372036854775807",
            "9223372036854775808",
            "1e300",
        ];
        let numbers: Vec<Number> = sorted.iter().map(|text| Number::parse(text).unwrap()).collect();
        for (left, a) in numbers.iter().enumerate() {
            for (right, b) in numbers.iter().enumerate() {
                assert_eq!(a.cmp(b), left.cmp(&right), "{a:?} {b:?}");
            }
        }
    }
}
