//! Texts of logs as the values of properties: where in the text they are, or how they are written.

use super::{Form, Made, Where};
use entente_stix::time::Timestamp;
use std::fmt::Write;
use std::net::IpAddr;
use std::ops::Range;

const HIVES: &[(&str, &str)] = &[
    ("HKLM", "HKEY_LOCAL_MACHINE"),
    ("HKU", "HKEY_USERS"),
    ("HKCU", "HKEY_CURRENT_USER"),
    ("HKCR", "HKEY_CLASSES_ROOT"),
    ("HKCC", "HKEY_CURRENT_CONFIG"),
    (r"\REGISTRY\MACHINE", "HKEY_LOCAL_MACHINE"),
    (r"\REGISTRY\USER", "HKEY_USERS"),
];

/// What logs write for nothing.
pub(super) fn is_nothing(text: &str) -> bool {
    matches!(text, "" | "-" | "(empty)")
}

pub(super) fn there(range: Range<usize>) -> Made {
    Made {
        text: Where::There(range),
        is_number: false,
        form: Form::Any,
    }
}

pub(super) fn written(start: usize, out: &str) -> Made {
    Made {
        text: Where::Written(start..out.len()),
        is_number: false,
        form: Form::Any,
    }
}

pub(super) fn lower(text: &str, range: Range<usize>, out: &mut String) -> Made {
    let part = text.get(range.clone()).unwrap_or_default();
    if !part.chars().any(char::is_uppercase) {
        return there(range);
    }
    let start = out.len();
    out.extend(part.chars().flat_map(char::to_lowercase));
    written(start, out)
}

pub(super) fn integer(text: &str, out: &mut String) -> Option<Made> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let number = i64::from_str_radix(hex, 16).ok().filter(|number| *number >= 0)?;
        let start = out.len();
        write!(out, "{number}").ok()?;
        return Some(Made {
            is_number: true,
            ..written(start, out)
        });
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_written_so = match digits.as_bytes() {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.len() < 18 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    is_written_so.then(|| Made {
        is_number: true,
        ..there(0..text.len())
    })
}

pub(super) fn seconds(text: &str) -> Option<f64> {
    let seconds: f64 = text.parse().ok()?;
    (0.0..1e12).contains(&seconds).then_some(seconds)
}

pub(super) fn time(micros: i64, out: &mut String) -> Option<Made> {
    let start = out.len();
    write!(out, "{}", Timestamp::from_micros(micros)).ok()?;
    Some(written(start, out))
}

pub(super) fn address(address: IpAddr, text: &str, out: &mut String) -> Option<Made> {
    let address = address.to_canonical();
    let form = match address {
        IpAddr::V4(_) => Form::Four,
        IpAddr::V6(_) => Form::Six,
    };
    // A dotted quad has one spelling.
    if form == Form::Four && text.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()) {
        return Some(Made {
            form,
            ..there(0..text.len())
        });
    }
    let start = out.len();
    write!(out, "{address}").ok()?;
    Some(Made {
        form,
        ..written(start, out)
    })
}

/// `host:8080` and `[2001:db8::1]:8080` without the port.
pub(super) fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((host, port))
            if (!host.contains(':') || host.ends_with(']'))
                && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            host
        }
        _ => text,
    }
}

pub(super) fn domain(text: &str, end: usize, out: &mut String) -> Option<Made> {
    let name = text.get(..end)?;
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_name = !name.is_empty()
        && name.len() <= 253
        && !name
            .bytes()
            .any(|byte| byte <= b' ' || matches!(byte, b'/' | b'\\' | b'@' | b':' | b'"' | b'<'))
        && name.parse::<IpAddr>().is_err();
    is_name.then(|| Made {
        form: Form::Domain,
        ..lower(text, 0..name.len(), out)
    })
}

pub(super) fn hash(text: &str, digits: usize, name: &str) -> Option<Range<usize>> {
    let fits = |part: &str| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !text.contains('=') {
        return fits(text).then_some(0..text.len());
    }
    let mut start = 0;
    for part in text.split(',') {
        let end = start + part.len();
        if let Some((known, value)) = part.split_once('=')
            && known.trim().eq_ignore_ascii_case(name)
            && fits(value)
        {
            return Some(end - value.len()..end);
        }
        start = end + 1;
    }
    None
}

pub(super) fn last_separator(path: &str) -> Option<usize> {
    path.rfind(['\\', '/'])
}

pub(super) fn url(host: &str, path: &str, out: &mut String) -> bool {
    let (is_path, is_host) = (path.starts_with('/'), !is_nothing(host));
    if is_path && is_host {
        let host = host.trim_end_matches('.');
        let is_bare_six = host.contains("::") && !host.starts_with('[');
        out.push_str("http://");
        let (open, close) = if is_bare_six { ("[", "]") } else { ("", "") };
        out.push_str(open);
        out.extend(host.chars().flat_map(char::to_lowercase));
        out.push_str(close);
        out.push_str(path);
        return true;
    }
    if !is_path && path.contains("://") {
        out.push_str(path);
        return true;
    }
    false
}

pub(super) fn key(text: &str, out: &mut String, start: usize) -> Option<Made> {
    match full_hive(text) {
        Some((hive, rest)) => {
            out.push_str(hive);
            out.push_str(rest);
            Some(written(start, out))
        }
        None => (!text.is_empty()).then(|| there(0..text.len())),
    }
}

/// The whole name of a registry key's hive that is written short, and what follows it.
pub(in crate::sco) fn full_hive(text: &str) -> Option<(&'static str, &str)> {
    HIVES.iter().find_map(|(short, long)| {
        let (head, rest) = text.split_at_checked(short.len())?;
        let is_hive = head.eq_ignore_ascii_case(short) && (rest.is_empty() || rest.starts_with('\\'));
        is_hive.then_some((*long, rest))
    })
}

pub(super) fn mac(text: &str, out: &mut String, start: usize) -> Option<Made> {
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit();
    let is_mac = text.len() <= 17
        && text.bytes().filter(is_digit).count() == 12
        && text
            .bytes()
            .all(|byte| is_digit(&byte) || matches!(byte, b':' | b'-' | b'.'));
    if !is_mac {
        return None;
    }
    for (place, digit) in text.bytes().filter(is_digit).enumerate() {
        if place > 0 && place % 2 == 0 {
            out.push(':');
        }
        out.push(char::from(digit.to_ascii_lowercase()));
    }
    Some(written(start, out))
}
