//! IP addresses and networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Kind, NotA, Observable};

const NOT_AN_ADDRESS: NotA = NotA("no IP address or network");

/// Normal form of an address or network. Brackets, port and zone are seen through; a network of one
/// address is that address.
pub(super) fn normalise(raw: &str) -> Result<Observable, NotA> {
    let (host, length) = match raw.split_once('/') {
        Some((host, length)) => (host, Some(length)),
        None => (raw, None),
    };
    let address = parse(host, length.is_none()).ok_or(NOT_AN_ADDRESS)?;
    let full = match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    };
    let length = match length {
        None => full,
        Some(text) => prefix_length(text, full).ok_or(NotA("no prefix length after the `/`"))?,
    };
    Ok(network(address, length))
}

/// An address without prefix length, seen through brackets, port and zone.
pub(super) fn parse(host: &str, port_allowed: bool) -> Option<IpAddr> {
    if let Ok(address) = host.parse() {
        return Some(address);
    }
    if let Some(inner) = host.strip_prefix('[') {
        let (address, port) = inner.split_once(']')?;
        let port_fits = port.is_empty() || (port_allowed && port.strip_prefix(':').is_some_and(is_port));
        return if port_fits {
            v6(address).map(IpAddr::V6)
        } else {
            None
        };
    }
    if let Some((address, port)) = host.split_once(':')
        && port_allowed
        && is_port(port)
        && let Ok(address) = address.parse()
    {
        return Some(IpAddr::V4(address));
    }
    v6(host).map(IpAddr::V6)
}

fn v6(text: &str) -> Option<Ipv6Addr> {
    let address = match text.split_once('%') {
        Some((address, zone)) if !zone.is_empty() => address,
        _ => text,
    };
    address.parse().ok()
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// `24`, or for IPv4 a mask such as `255.255.255.0`.
fn prefix_length(text: &str, full: u8) -> Option<u8> {
    if !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().filter(|length| *length <= full);
    }
    let mask = u32::from(text.parse::<Ipv4Addr>().ok()?);
    let ones = u8::try_from(mask.leading_ones()).ok()?;
    (full == 32 && mask.count_ones() == mask.leading_ones()).then_some(ones)
}

/// IPv4 inside IPv6 becomes IPv4: mapped (RFC 4291 §2.5.5.2) and NAT64 (RFC 6052 §2.1), where the
/// prefix leaves nothing of the 96 bits before it open.
fn network(address: IpAddr, length: u8) -> Observable {
    match address {
        IpAddr::V4(address) => {
            let masked = masked(u128::from(u32::from(address)), 32, length);
            written(Kind::Ipv4, Ipv4Addr::from(masked as u32), length, 32)
        }
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) if length >= 96 => network(IpAddr::V4(inner), length - 96),
            _ => {
                let masked = masked(u128::from(address), 128, length);
                written(Kind::Ipv6, Ipv6Addr::from(masked), length, 128)
            }
        },
    }
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
        }
        _ => None,
    }
}

fn masked(bits: u128, full: u8, length: u8) -> u128 {
    let host_bits = u32::from(full - length);
    let ones = 1_u128.checked_shl(host_bits).map_or(u128::MAX, |bit| bit - 1);
    bits & !ones
}

fn written(kind: Kind, address: impl std::fmt::Display, length: u8, full: u8) -> Observable {
    let value = if length == full {
        address.to_string()
    } else {
        format!("{address}/{length}")
    };
    Observable { kind, value }
}
