//! Addresses and networks (CIDR) as `ISSUBSET` and `ISSUPERSET` compare them (STIX 2.1 §9.6.1).

use std::net::IpAddr;

/// A network; an address is one of its whole length. Host bits are cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    /// The bits, an IPv4 address in the highest 32.
    bits: u128,
    length: u8,
    is_v6: bool,
}

impl Network {
    /// Reads an address or a network: `10.0.0.0/8`, `2001:db8::1`.
    pub(super) fn parse(text: &str) -> Option<Network> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(prefix_length(length)?)),
            None => (text, None),
        };
        let (bits, width) = match address.parse().ok()? {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        };
        let length = length.unwrap_or(width);
        (length <= width).then(|| Network {
            bits: masked(bits, length),
            length,
            is_v6: width == 128,
        })
    }

    /// Whether every address of this is one of the other's.
    pub(super) fn is_in(&self, other: &Network) -> bool {
        self.is_v6 == other.is_v6
            && self.length >= other.length
            && masked(self.bits, other.length) == other.bits
    }
}

fn masked(bits: u128, length: u8) -> u128 {
    let host_bits = 128 - u32::from(length);
    bits & u128::MAX.checked_shl(host_bits).unwrap_or(0)
}

/// Up to three digits: no sign, no blank.
fn prefix_length(text: &str) -> Option<u8> {
    let is_plain = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_both_families_nest() {
        let cases = [
            ("10.1.2.3", "10.0.0.0/8", true),
            ("10.1.2.3/32", "10.1.2.3", true),
            ("11.22.33.44", "11.22.41.123/20", true),
            ("10.0.0.0/8", "10.0.0.0/9", false),
            ("10.1.2.3", "0.0.0.0/0", true),
            ("0.0.0.0/0", "10.0.0.0/8", false),
            ("2001:db8::1", "2001:db8::/32", true),
            ("2001:db8::1", "::/0", true),
            ("2001:db9::1", "2001:db8::/32", false),
            ("10.1.2.3", "::/0", false),
        ];
        for (inner, outer, expected) in cases {
            let (a, b) = (Network::parse(inner).unwrap(), Network::parse(outer).unwrap());
            assert_eq!(a.is_in(&b), expected, "{inner} in {outer}");
        }
    }

    #[test]
    fn what_is_no_network_is_not_read() {
        for text in [
            "",
            "/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "::/129",
            "a",
            "10.0.0.0/8/8",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
