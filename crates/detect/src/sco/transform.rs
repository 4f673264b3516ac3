//! What a field's text becomes in a property: the transforms that maps name.

#[cfg(test)]
mod tests;
mod values;

use entente_telemetry::time_of;
use std::ops::Range;
use values::{
    address, domain, hash, integer, is_nothing, key, last_separator, lower, mac, seconds, there, time, url,
    without_port, written,
};

pub(super) use values::full_hive;

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
                // The root keeps its separator: `/`, `C:\`.
                let is_root = end == 0 || end == 2 && text.as_bytes().get(1) == Some(&b':');
                Some(there(0..end + usize::from(is_root)))
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
