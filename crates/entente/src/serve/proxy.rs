//! Reverse proxies that are trusted: what they say about who is behind them is believed, and of nobody else.
//!
//! Each proxy on the way appends whom it was asked by, so the list is read from its end: the first address there that is
//! no trusted proxy is the caller. What stands before it, the caller may have written.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::{HeaderMap, header};

/// The network that trusted proxies are in: an address, or a prefix with its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    start: IpAddr,
    bits: u32,
}

/// Why a text is no network of proxies.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoProxy {
    #[error("this is no address; a proxy is named as 10.0.0.7, 10.0.0.0/24 or 2001:db8::/64")]
    Address,
    #[error("the length of the prefix is 1 to 32 for IPv4, 1 to 128 for IPv6; everybody cannot be trusted")]
    Length,
    #[error("the network has bits set beyond its prefix; write `{0}/{1}`, or the address alone")]
    Beyond(IpAddr, u32),
}

impl FromStr for Proxy {
    type Err = NoProxy;

    fn from_str(text: &str) -> Result<Proxy, NoProxy> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NoProxy::Address)?;
        let address = address.to_canonical();
        let whole = width(address);
        let bits = match length {
            Some(length) => length.parse().map_err(|_| NoProxy::Length)?,
            None => whole,
        };
        if bits == 0 || bits > whole {
            return Err(NoProxy::Length);
        }
        let start = masked(address, bits);
        if start != address {
            return Err(NoProxy::Beyond(start, bits));
        }
        Ok(Proxy { start, bits })
    }
}

impl Proxy {
    fn has(self, address: IpAddr) -> bool {
        width(self.start) == width(address) && masked(address, self.bits) == self.start
    }
}

fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn masked(address: IpAddr, bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

/// Whose request it is that came from `peer`: of that address, or of whom a trusted proxy there names. Where the proxy
/// names nobody who can be read, or its two headers contradict each other, it is the proxy's own.
pub(crate) fn caller(proxies: &[Proxy], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_trusted(proxies, peer) {
        return peer;
    }
    let found = [
        list(headers, "x-forwarded-for").map(|list| behind(proxies, &list, plain)),
        list(headers, header::FORWARDED.as_str()).map(|list| behind(proxies, &list, node)),
    ];
    match found {
        [Some(found), None] | [None, Some(found)] => found.unwrap_or(peer),
        // A proxy that writes one of them passes the other on as the caller wrote it.
        [Some(Some(one)), Some(Some(other))] if one == other => one,
        _ => peer,
    }
}

fn is_trusted(proxies: &[Proxy], address: IpAddr) -> bool {
    proxies.iter().any(|proxy| proxy.has(address))
}

/// Every line of a header that is a list, as one.
fn list(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(name).iter();
    let lines: Vec<_> = lines
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// The last address of a list that is no trusted proxy.
fn behind(proxies: &[Proxy], list: &str, read: impl Fn(&str) -> Option<IpAddr>) -> Option<IpAddr> {
    for element in list.rsplit(',') {
        let address = read(element.trim_matches([' ', '\t']))?;
        if !is_trusted(proxies, address) {
            return Some(address);
        }
    }
    None
}

/// An address, with or without a port.
fn plain(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = text
        .parse::<SocketAddr>()
        .map(|address| address.ip())
        .or_else(|_| bare.unwrap_or(text).parse());
    address.ok().map(|address| address.to_canonical())
}

/// Whom an element of `Forwarded` (RFC 7239 §4) names with `for`. What only stands in quotes that hide a comma or a
/// semicolon is no address, so such an element cannot be read.
fn node(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in element.split(';') {
        let (name, value) = pair.trim_matches([' ', '\t']).split_once('=')?;
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let value = quoted.unwrap_or(value);
        if value.contains(['"', '\\']) {
            return None;
        }
        if name.eq_ignore_ascii_case("for") && found.replace(plain(value)?).is_some() {
            return None;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let proxies: Vec<Proxy> = ["127.0.0.1", "10.0.0.0/24", "2001:db8:f::/48"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        caller(&proxies, peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn the_last_address_that_is_no_trusted_proxy_is_the_caller() {
        for (told, found) in [
            ("192.0.2.7", "192.0.2.7"),
            ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
            ("nonsense, 192.0.2.7", "192.0.2.7"),
            ("203.0.113.9, 192.0.2.7 ,10.0.0.5,\t127.0.0.1", "192.0.2.7"),
            ("192.0.2.7:4711", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("10.0.1.5", "10.0.1.5"),
        ] {
            assert_eq!(from("127.0.0.1", &[("x-forwarded-for", told)]), found, "{told}");
            assert_eq!(
                from("::ffff:10.0.0.1", &[("x-forwarded-for", told)]),
                found,
                "{told}"
            );
        }
        for (told, found) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            (
                "For=198.51.100.1, proto=https; FOR=\"192.0.2.43:47\"",
                "192.0.2.43",
            ),
            ("for=192.0.2.43, for=10.0.0.9", "192.0.2.43"),
        ] {
            assert_eq!(from("2001:db8:f::1", &[("forwarded", told)]), found, "{told}");
        }
        let lines = [
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-for", "192.0.2.7"),
        ];
        assert_eq!(from("127.0.0.1", &lines), "192.0.2.7");
    }

    #[test]
    fn who_is_no_trusted_proxy_says_nothing_about_itself() {
        assert_eq!(
            from("192.0.2.1", &[("x-forwarded-for", "192.0.2.7")]),
            "192.0.2.1"
        );
        assert_eq!(from("10.0.1.1", &[("forwarded", "for=192.0.2.7")]), "10.0.1.1");
        assert_eq!(
            from("2001:db8:e::1", &[("x-forwarded-for", "192.0.2.7")]),
            "2001:db8:e::1"
        );
    }

    #[test]
    fn what_cannot_be_read_is_the_proxys_own() {
        for told in [
            "",
            "192.0.2.7,",
            "192.0.2.7, unknown",
            "192.0.2.256",
            "10.0.0.5",
            "localhost",
            "1.2.3.4:99999",
        ] {
            assert_eq!(
                from("127.0.0.1", &[("x-forwarded-for", told)]),
                "127.0.0.1",
                "{told}"
            );
        }
        for told in [
            "for=unknown",
            "for=_hidden",
            "proto=https",
            "for=\"192.0.2.7",
            "for=\"a, for=192.0.2.7;by=\"b\"\"",
            "for=192.0.2.7;for=192.0.2.8",
            "192.0.2.7",
            "for=\"192.0.2.7\\\"\"",
        ] {
            assert_eq!(from("127.0.0.1", &[("forwarded", told)]), "127.0.0.1", "{told}");
        }
        assert_eq!(from("127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn a_header_that_the_proxy_only_passed_on_is_not_believed() {
        let both =
            |one: &str, other: &str| from("10.0.0.1", &[("x-forwarded-for", one), ("forwarded", other)]);
        assert_eq!(both("192.0.2.7", "for=192.0.2.7"), "192.0.2.7");
        assert_eq!(both("192.0.2.7", "for=192.0.2.8"), "10.0.0.1");
        assert_eq!(both("192.0.2.7", "for=unknown"), "10.0.0.1");
    }

    #[test]
    fn networks_of_proxies_are_named_in_one_way() {
        for (text, why) in [
            ("", NoProxy::Address),
            ("proxy.example", NoProxy::Address),
            ("10.0.0.0/", NoProxy::Length),
            ("0.0.0.0/0", NoProxy::Length),
            ("::/0", NoProxy::Length),
            ("10.0.0.0/33", NoProxy::Length),
            ("10.0.0.7/24", NoProxy::Beyond("10.0.0.0".parse().unwrap(), 24)),
        ] {
            assert_eq!(text.parse::<Proxy>(), Err(why), "{text}");
        }
        assert!("::1".parse::<Proxy>().unwrap().has("::1".parse().unwrap()));
        assert!(
            "::ffff:10.0.0.7"
                .parse::<Proxy>()
                .unwrap()
                .has("10.0.0.7".parse().unwrap())
        );
    }
}
