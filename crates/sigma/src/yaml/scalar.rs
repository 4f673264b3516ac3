//! Plain scalars to values by the core schema (YAML 1.2.2 §10.3.2).

use super::Value;
use crate::test::Number;

/// What a plain scalar without a tag is.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Boolean(true),
        "false" | "False" | "FALSE" => Value::Boolean(false),
        _ => number(text).map_or_else(
            || Value::Text(text.to_owned()),
            |number| Value::Number(number, text.to_owned()),
        ),
    }
}

/// The number that this is, if it is one; those that are not numbers to compare with (`.nan`) stay texts.
pub(crate) fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return None;
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return match text.parse() {
            Ok(number) => Some(Number::Integer(number)),
            Err(_) => text.parse().ok().map(Number::Float),
        };
    }
    decimal(digits)
        .then(|| text.parse().ok())
        .flatten()
        .filter(|number: &f64| number.is_finite())
        .map(Number::Float)
}

fn radix(digits: &str, radix: u32) -> Option<Number> {
    let plain = digits.bytes().all(|digit| digit.is_ascii_alphanumeric());
    plain
        .then(|| i64::from_str_radix(digits, radix).ok())
        .flatten()
        .map(Number::Integer)
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let all_digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    let mantissa_holds = match mantissa.split_once('.') {
        Some((whole, part)) => {
            all_digits(whole) && all_digits(part) && !(whole.is_empty() && part.is_empty())
        }
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let exponent_holds = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    mantissa_holds && exponent_holds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, expected) in [
            ("~", Value::Null),
            ("no", Value::Text("no".into())),
            ("True", Value::Boolean(true)),
            ("4625", Value::Number(Number::Integer(4625), "4625".into())),
            ("-3", Value::Number(Number::Integer(-3), "-3".into())),
            ("0x10", Value::Number(Number::Integer(16), "0x10".into())),
            ("1e3", Value::Number(Number::Float(1000.0), "1e3".into())),
            ("1.2.3", Value::Text("1.2.3".into())),
            ("2024-01-02", Value::Text("2024-01-02".into())),
            ("-", Value::Text("-".into())),
            (".", Value::Text(".".into())),
            ("0x", Value::Text("0x".into())),
            ("0x+1", Value::Text("0x+1".into())),
            ("1e999", Value::Text("1e999".into())),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
