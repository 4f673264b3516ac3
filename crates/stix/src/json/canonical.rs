//! The JSON canonicalization scheme, RFC 8785.

use super::{Map, Value, number::shortest, reader::plain_end};

/// Writes the canonical form of `value`.
pub(super) fn write(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_double(number.as_f64(), out),
        Value::String(text) => quote(text, out),
        Value::Array(elements) => write_array(elements, out),
        Value::Object(map) => write_object(map, out),
    }
}

fn write_array(elements: &[Value<'_>], out: &mut String) {
    out.push('[');
    for (position, element) in elements.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write(element, out);
    }
    out.push(']');
}

fn write_object(map: &Map<'_>, out: &mut String) {
    let mut members: Vec<_> = map.iter().collect();
    members.sort_unstable_by(|(left, _), (right, _)| by_utf16(left, right));
    out.push('{');
    for (position, (key, value)) in members.into_iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        quote(key, out);
        out.push(':');
        write(value, out);
    }
    out.push('}');
}

/// RFC 8785 §3.2.3: by UTF-16 code units, which differs from UTF-8 order above U+FFFF only.
fn by_utf16(left: &str, right: &str) -> std::cmp::Ordering {
    if left.is_ascii() && right.is_ascii() {
        left.cmp(right)
    } else {
        left.encode_utf16().cmp(right.encode_utf16())
    }
}

/// Appends `text` as a JSON string, escaped as RFC 8785 §3.2.2.2 does: the least possible.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut plain_from = 0;
    loop {
        let end = plain_end(text.as_bytes(), plain_from);
        out.push_str(text.get(plain_from..end).unwrap_or_default());
        match text.as_bytes().get(end) {
            Some(byte) => escape(*byte, out),
            None => break,
        }
        plain_from = end + 1;
    }
    out.push('"');
}

fn escape(byte: u8, out: &mut String) {
    let short = match byte {
        0x08 => 'b',
        b'\t' => 't',
        b'\n' => 'n',
        0x0c => 'f',
        b'\r' => 'r',
        b'"' | b'\\' => char::from(byte),
        _ => {
            out.push_str(&format!("\\u{byte:04x}"));
            return;
        }
    };
    out.push('\\');
    out.push(short);
}

/// ECMAScript Number::toString (ECMA-262 §6.1.6.1.20), which RFC 8785 §3.2.2.3 asks for.
fn write_double(value: f64, out: &mut String) {
    if value == 0.0 {
        out.push('0');
        return;
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        out.push_str(&(value as i64).to_string());
        return;
    }
    let scientific = shortest(value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    if value < 0.0 {
        out.push('-');
    }
    lay_out(&digits, point, out);
}

/// Digits with the decimal point after `point` of them (`k` and `n` in ECMA-262).
fn lay_out(digits: &str, point: i32, out: &mut String) {
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if count <= point && point <= 21 {
        out.push_str(digits);
        out.push_str(&zeros(point - count));
    } else if 0 < point && point <= 21 {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    } else if -6 < point && point <= 0 {
        out.push_str("0.");
        out.push_str(&zeros(-point));
        out.push_str(digits);
    } else {
        let (first, rest) = digits.split_at(1);
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        let exponent = point - 1;
        out.push('e');
        out.push(if exponent < 0 { '-' } else { '+' });
        out.push_str(&exponent.unsigned_abs().to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::write_double;

    fn check(value: f64, expected: &str) {
        let mut out = String::new();
        write_double(value, &mut out);
        assert_eq!(out, expected);
    }

    // RFC 8785 appendix B, and the borders of each layout in ECMA-262.
    #[test]
    fn doubles_are_written_as_ecmascript_does() {
        for (bits, expected) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            check(f64::from_bits(bits), expected);
        }
    }
}
