//! How an atom is found again: which hash, in which filter, or which other index.

use crate::atom::Test;
use crate::hash::Keys;
use crate::networks::Address;
use entente_stix::observable::Kind;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Kinds that share a filter.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Ipv4 = 0,
    Ipv6 = 1,
    Domain = 2,
    Url = 3,
    Hash = 4,
    Other = 5,
    /// No family: marks, while compiling, an entry that stands for several.
    List = 6,
}

/// The tag under which hosts of URL indicators are hashed; no kind has this number.
pub(crate) const URL_HOST_TAG: u8 = 255;

/// Where an atom is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Hash(u64, Family),
    Network4(u32, u8),
    Network6(u128, u8),
    Pattern,
}

impl Key {
    /// The key of an atom; `None` when its value is not in normal form.
    pub(crate) fn of(keys: &Keys, kind: u8, test: Test, value: &str) -> Option<Key> {
        match test {
            Test::Like | Test::Matches => Some(Key::Pattern),
            Test::Network => network(value),
            Test::UrlHost => Some(Key::Hash(
                keys.domain(URL_HOST_TAG, value.as_bytes()),
                Family::Domain,
            )),
            _ => value_key(keys, kind, value),
        }
    }
}

fn network(value: &str) -> Option<Key> {
    let (start, length) = value.split_once('/')?;
    let length = length.parse().ok()?;
    if let Ok(start) = start.parse::<Ipv4Addr>() {
        let start = u32::from(start);
        return (length < 32 && start.masked(length) == start).then_some(Key::Network4(start, length));
    }
    let start = u128::from(start.parse::<Ipv6Addr>().ok()?);
    (length < 128 && start.masked(length) == start).then_some(Key::Network6(start, length))
}

/// The key under which a value in normal form is stored and looked up.
pub(crate) fn value_key(keys: &Keys, kind: u8, value: &str) -> Option<Key> {
    let bytes = value.as_bytes();
    let (hash, family) = if kind == Kind::Ipv4 as u8 {
        (
            keys.word(kind, u64::from(u32::from(value.parse::<Ipv4Addr>().ok()?))),
            Family::Ipv4,
        )
    } else if kind == Kind::Ipv6 as u8 {
        (
            keys.wide(kind, u128::from(value.parse::<Ipv6Addr>().ok()?)),
            Family::Ipv6,
        )
    } else if kind == Kind::Domain as u8 {
        (keys.domain(kind, bytes), Family::Domain)
    } else if kind == Kind::Url as u8 {
        (keys.exact(kind, bytes), Family::Url)
    } else {
        (keys.caseless(kind, bytes), family_of(kind))
    };
    Some(Key::Hash(hash, family))
}

/// The filter of a kind that is hashed as text.
pub(crate) fn family_of(kind: u8) -> Family {
    let hashes = [Kind::Md5, Kind::Sha1, Kind::Sha256, Kind::Sha512, Kind::Ja3];
    if hashes.iter().any(|&hash| hash as u8 == kind) {
        Family::Hash
    } else {
        Family::Other
    }
}

/// The host of a URL atom in normal form, without its port.
pub(crate) fn url_host(kind: u8, test: Test, value: &str) -> Option<&str> {
    let is_url = matches!(test, Test::Exact | Test::UrlAnyQuery | Test::UrlPrefix) && kind == Kind::Url as u8;
    if !is_url {
        return None;
    }
    let host = value.split(['/', '?']).next()?;
    Some(match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        None => host.split(':').next()?,
    })
}
