//! What a field's text becomes in a property: the transforms that maps name.

use entente_stix::time::Timestamp;
use entente_telemetry::time_of;
use std::fmt::Write;
use std::net::IpAddr;
use std::ops::Range;

/// How a property comes from the text of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transform {
    /// As it is.
    Text,
    /// In lower case.
    Lower,
    /// Words with commas between, each one, in lower case.
    Words,
    /// `type:  5 name;::ffff:192.0.2.1;`: what follows the last blank of each (Sysmon's `QueryResults`).
    Results,
    /// A whole number, also `0x1f4`.
    Integer,
    /// A time as logs write it.
    Time,
    /// A time, and seconds after it.
    Ends,
    /// An address.
    Address,
    /// An address or a domain name, perhaps with a port.
    Host,
    /// A domain name, in lower case without the last dot.
    Domain,
    /// An address of mail, out of `Name <user@host>`.
    Email,
    /// A hash in hex of so many digits and this name, bare or of `SHA256=..,MD5=..`; in lower case.
    Hash(usize, &'static str),
    /// The last part of a path.
    Name,
    /// A path without its last part.
    Folder,
    /// A host and a path, or a path that is a URL.
    Url,
    /// A registry key, its hive in full.
    Key,
    /// The key that a path of key and value begins with.
    ParentKey,
    /// The last part of such a path.
    ValueName,
    /// A MAC address, in lower case with colons.
    Mac,
    /// An autonomous system's number.
    System,
    /// A protocol's name, or its number at IANA.
    Protocol,
}

/// What kind of observable a value is of: decides between the types of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Any,
    Four,
    Six,
    Domain,
}

/// A value that a transform gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) text: Where,
    pub(super) is_number: bool,
    pub(super) form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// In the first field's text.
    There(Range<usize>),
    /// In what was written.
    Written(Range<usize>),
}

const NAMED: &[(&str, Transform)] = &[
    ("text", Transform::Text),
    ("lower", Transform::Lower),
    ("words", Transform::Words),
    ("results", Transform::Results),
    ("integer", Transform::Integer),
    ("time", Transform::Time),
    ("ends", Transform::Ends),
    ("address", Transform::Address),
    ("host", Transform::Host),
    ("domain", Transform::Domain),
    ("email", Transform::Email),
    ("md5", Transform::Hash(32, "MD5")),
    ("sha1", Transform::Hash(40, "SHA1")),
    ("sha256", Transform::Hash(64, "SHA256")),
    ("name", Transform::Name),
    ("folder", Transform::Folder),
    ("url", Transform::Url),
    ("key", Transform::Key),
    ("parent-key", Transform::ParentKey),
    ("value-name", Transform::ValueName),
    ("mac", Transform::Mac),
    ("system", Transform::System),
    ("protocol", Transform::Protocol),
];

const HIVES: &[(&str, &str)] = &[
    ("HKLM", "HKEY_LOCAL_MACHINE"),
    ("HKU", "HKEY_USERS"),
    ("HKCU", "HKEY_CURRENT_USER"),
    ("HKCR", "HKEY_CLASSES_ROOT"),
    ("HKCC", "HKEY_CURRENT_CONFIG"),
    (r"\REGISTRY\MACHINE", "HKEY_LOCAL_MACHINE"),
    (r"\REGISTRY\USER", "HKEY_USERS"),
];

const PROTOCOLS: &[(&str, &str)] = &[
    ("1", "icmp"),
    ("2", "igmp"),
    ("6", "tcp"),
    ("17", "udp"),
    ("47", "gre"),
    ("58", "ipv6-icmp"),
];

impl Transform {
    pub(super) fn named(name: &str) -> Option<Transform> {
        let found = NAMED.iter().find(|(known, _)| *known == name);
        found.map(|(_, transform)| *transform)
    }

    /// How many fields it takes.
    pub(super) fn arguments(self) -> usize {
        match self {
            Transform::Url | Transform::Ends => 2,
            _ => 1,
        }
    }

    /// Whether values are written in one way, so that case does not count (nor the spelling of addresses).
    pub(super) fn is_canonical(self) -> bool {
        matches!(
            self,
            Transform::Address
                | Transform::Hash(..)
                | Transform::Lower
                | Transform::Words
                | Transform::Host
                | Transform::Domain
                | Transform::Email
                | Transform::Key
                | Transform::ParentKey
                | Transform::ValueName
                | Transform::Mac
                | Transform::Protocol
        )
    }

    /// Whether values are numbers.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Transform::Integer | Transform::System)
    }

    /// The pieces of a text that are values each.
    pub(super) fn pieces(self, text: &str, mut piece: impl FnMut(Range<usize>)) {
        let separator = match self {
            Transform::Words => ',',
            Transform::Results => ';',
            _ => return piece(0..text.len()),
        };
        let mut start = 0;
        for part in text.split(separator) {
            let end = start + part.len();
            let inner = match self {
                Transform::Results => part.trim_end().rfind(' ').map_or(0, |blank| blank + 1),
                _ => 0,
            };
            if start + inner < end {
                piece(start + inner..end);
            }
            start = end + separator.len_utf8();
        }
    }

    /// The value of one piece; `more` is the second field's text. Written values are added to `out`.
    pub(super) fn apply(self, text: &str, more: Option<&str>, out: &mut String) -> Option<Made> {
        let start = out.len();
        if self == Transform::Url {
            return url(text, more?, out).then(|| written(start, out));
        }
        if is_nothing(text) {
            return None;
        }
        match self {
            Transform::Text | Transform::Results => Some(there(0..text.len())),
            Transform::Lower | Transform::Words => Some(lower(text, 0..text.len(), out)),
            Transform::Integer => integer(text, out),
            Transform::System => {
                let digits = text.trim_start_matches(['A', 'S', 'a', 's']);
                integer(digits, out).map(|made| Made {
                    text: Where::There(text.len() - digits.len()..text.len()),
                    ..made
                })
            }
            Transform::Time => time(time_of(text.as_bytes())?, out),
            Transform::Ends => {
                let after = (seconds(more?)? * 1e6).round() as i64;
                time(time_of(text.as_bytes())?.checked_add(after)?, out)
            }
            Transform::Address => address(text.parse().ok()?, text, out),
            Transform::Host => {
                let host = without_port(text);
                let plain = host.trim_start_matches('[').trim_end_matches(']');
                match plain.parse() {
                    Ok(found) => address(found, text, out),
                    Err(_) => domain(text, host.len(), out),
                }
            }
            Transform::Domain => domain(text, text.len(), out),
            Transform::Email => {
                let start = text.rfind('<').map_or(0, |open| open + 1);
                let rest = text.get(start..)?;
                let inner = rest.get(..rest.find('>').unwrap_or(rest.len()))?;
                let is_address = inner.contains('@') && !inner.contains(' ');
                is_address.then(|| lower(text, start..start + inner.len(), out))
            }
            Transform::Hash(digits, name) => {
                let range = hash(text, digits, name)?;
                Some(lower(text, range, out))
            }
            Transform::Name | Transform::ValueName => {
                let start = last_separator(text).map_or(0, |at| at + 1);
                (start < text.len()).then(|| there(start..text.len()))
            }
            Transform::Folder => {
                let end = last_separator(text)?;
                (end > 0).then(|| there(0..end))
            }
            Transform::Key => key(text, out, start),
            Transform::ParentKey => key(text.get(..text.rfind('\\')?)?, out, start),
            Transform::Mac => mac(text, out, start),
            Transform::Protocol => {
                let known = PROTOCOLS.iter().find(|(number, _)| *number == text);
                let Some((_, name)) = known else {
                    return Some(lower(text, 0..text.len(), out));
                };
                out.push_str(name);
                Some(written(start, out))
            }
            Transform::Url => None,
        }
    }
}

/// What logs write for nothing.
fn is_nothing(text: &str) -> bool {
    matches!(text, "" | "-" | "(empty)")
}

fn there(range: Range<usize>) -> Made {
    Made {
        text: Where::There(range),
        is_number: false,
        form: Form::Any,
    }
}

fn written(start: usize, out: &str) -> Made {
    Made {
        text: Where::Written(start..out.len()),
        is_number: false,
        form: Form::Any,
    }
}

fn lower(text: &str, range: Range<usize>, out: &mut String) -> Made {
    let part = text.get(range.clone()).unwrap_or_default();
    if !part.chars().any(char::is_uppercase) {
        return there(range);
    }
    let start = out.len();
    out.extend(part.chars().flat_map(char::to_lowercase));
    written(start, out)
}

fn integer(text: &str, out: &mut String) -> Option<Made> {
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

fn seconds(text: &str) -> Option<f64> {
    let seconds: f64 = text.parse().ok()?;
    (0.0..1e12).contains(&seconds).then_some(seconds)
}

fn time(micros: i64, out: &mut String) -> Option<Made> {
    let start = out.len();
    write!(out, "{}", Timestamp::from_micros(micros)).ok()?;
    Some(written(start, out))
}

fn address(address: IpAddr, text: &str, out: &mut String) -> Option<Made> {
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
fn without_port(text: &str) -> &str {
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

fn domain(text: &str, end: usize, out: &mut String) -> Option<Made> {
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

fn hash(text: &str, digits: usize, name: &str) -> Option<Range<usize>> {
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

fn last_separator(path: &str) -> Option<usize> {
    path.rfind(['\\', '/'])
}

fn url(host: &str, path: &str, out: &mut String) -> bool {
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

fn key(text: &str, out: &mut String, start: usize) -> Option<Made> {
    match with_full_hive(text) {
        Some(full) => {
            out.push_str(&full);
            Some(written(start, out))
        }
        None => (!text.is_empty()).then(|| there(0..text.len())),
    }
}

/// A registry key whose hive is written short, with its whole name.
pub(super) fn with_full_hive(text: &str) -> Option<String> {
    HIVES.iter().find_map(|(short, long)| {
        let (head, rest) = text.split_at_checked(short.len())?;
        let is_hive = head.eq_ignore_ascii_case(short) && (rest.is_empty() || rest.starts_with('\\'));
        is_hive.then(|| format!("{long}{rest}"))
    })
}

fn mac(text: &str, out: &mut String, start: usize) -> Option<Made> {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
    let is_mac = digits.len() == 12 && text.len() <= 17;
    if !is_mac
        || !text
            .chars()
            .all(|one| one.is_ascii_hexdigit() || matches!(one, ':' | '-' | '.'))
    {
        return None;
    }
    for (place, digit) in digits.iter().enumerate() {
        if place > 0 && place % 2 == 0 {
            out.push(':');
        }
        out.push(digit.to_ascii_lowercase());
    }
    Some(written(start, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, text: &str, more: Option<&str>) -> Vec<String> {
        let transform = Transform::named(name).unwrap();
        let (mut out, mut found) = (String::new(), Vec::new());
        let mut pieces = Vec::new();
        transform.pieces(text, |range| pieces.push(range));
        for piece in pieces {
            let text = &text[piece];
            if let Some(made) = transform.apply(text, more, &mut out) {
                found.push(match made.text {
                    Where::There(range) => text[range].to_owned(),
                    Where::Written(range) => out[range].to_owned(),
                });
            }
        }
        found
    }

    #[test]
    fn each_transform_gives_what_it_says() {
        let sha256 = "0B".repeat(32);
        let hashes = format!("MD5=D41D8CD98F00B204E9800998ECF8427E,SHA256={sha256},IMPHASH=00");
        let cases: &[(&str, &str, Option<&str>, &[&str])] = &[
            ("text", "-", None, &[]),
            ("lower", "TCP", None, &["tcp"]),
            ("words", "gssapi,SMB", None, &["gssapi", "smb"]),
            (
                "results",
                "type:  5 www.Example.org;::ffff:192.0.2.1;",
                None,
                &["www.Example.org", "::ffff:192.0.2.1"],
            ),
            ("integer", "443", None, &["443"]),
            ("integer", "0x1a4", None, &["420"]),
            ("integer", "007", None, &[]),
            ("integer", "4.5", None, &[]),
            ("system", "AS13335", None, &["13335"]),
            (
                "time",
                "1521911721.255387",
                None,
                &["2018-03-24T17:15:21.255387Z"],
            ),
            (
                "time",
                "2020-10-21 12:32:58.311",
                None,
                &["2020-10-21T12:32:58.311Z"],
            ),
            (
                "ends",
                "2018-03-24T17:15:21.255387Z",
                Some("0.5"),
                &["2018-03-24T17:15:21.755387Z"],
            ),
            ("address", "::ffff:192.0.2.1", None, &["192.0.2.1"]),
            ("address", "2001:DB8:0::1", None, &["2001:db8::1"]),
            ("address", "localhost", None, &[]),
            ("host", "Example.org:8080", None, &["example.org"]),
            ("host", "[2001:db8::1]:8080", None, &["2001:db8::1"]),
            ("host", "192.0.2.1:80", None, &["192.0.2.1"]),
            ("domain", "Example.ORG.", None, &["example.org"]),
            ("domain", "192.0.2.1", None, &[]),
            ("email", "A B <A.b@Example.org>", None, &["a.b@example.org"]),
            ("email", "nobody", None, &[]),
            ("md5", &hashes, None, &["d41d8cd98f00b204e9800998ecf8427e"]),
            ("sha256", &hashes, None, &[&sha256.to_lowercase()]),
            ("sha1", &hashes, None, &[]),
            ("name", r"C:\Windows\System32\cmd.exe", None, &["cmd.exe"]),
            (
                "folder",
                r"C:\Windows\System32\cmd.exe",
                None,
                &[r"C:\Windows\System32"],
            ),
            ("folder", "cmd.exe", None, &[]),
            ("url", "Example.org", Some("/a?b"), &["http://example.org/a?b"]),
            ("url", "-", Some("http://example.org/"), &["http://example.org/"]),
            ("url", "-", Some("/a"), &[]),
            ("key", r"HKLM\System\x", None, &[r"HKEY_LOCAL_MACHINE\System\x"]),
            ("key", r"\REGISTRY\MACHINE\a", None, &[r"HKEY_LOCAL_MACHINE\a"]),
            ("parent-key", r"HKU\S-1\Run\evil", None, &[r"HKEY_USERS\S-1\Run"]),
            ("value-name", r"HKU\S-1\Run\evil", None, &["evil"]),
            ("mac", "00-0C-29-AB-cd-EF", None, &["00:0c:29:ab:cd:ef"]),
            ("mac", "00-0C-29", None, &[]),
            ("protocol", "6", None, &["tcp"]),
            ("protocol", "UDP", None, &["udp"]),
        ];
        for (name, text, more, expected) in cases {
            assert_eq!(made(name, text, *more), *expected, "{name} {text}");
        }
    }
}
