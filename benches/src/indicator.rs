//! The n-th indicator: a function of the seed and the number, all of them distinct.

use crate::{names::TOP, random::mix};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Domain,
    Address,
    Url,
    Sha256,
    Md5,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Domain => "domain",
            Kind::Address => "address",
            Kind::Url => "url",
            Kind::Sha256 => "sha256",
            Kind::Md5 => "md5",
        }
    }
}

pub(crate) struct Indicator {
    pub(crate) kind: Kind,
    pub(crate) value: String,
}

pub(crate) fn nth(seed: u64, number: u64) -> Indicator {
    let kind = match number % 100 {
        0..45 => Kind::Domain,
        45..70 => Kind::Address,
        70..85 => Kind::Url,
        85..93 => Kind::Sha256,
        _ => Kind::Md5,
    };
    let entropy = mix(seed ^ mix(number));
    let value = match kind {
        Kind::Domain => domain(number, entropy),
        Kind::Address => address(seed, number),
        Kind::Url => url(number, entropy),
        Kind::Sha256 => hex(entropy, 4),
        Kind::Md5 => hex(entropy, 2),
    };
    Indicator { kind, value }
}

const WORDS: [&str; 8] = ["", "", "", "update-", "secure-", "cdn-", "login-", "mail-"];

fn domain(number: u64, entropy: u64) -> String {
    let word = WORDS
        .get(entropy as usize % WORDS.len())
        .copied()
        .unwrap_or_default();
    format!("{word}{}.{}", token(number), top(entropy))
}

fn url(number: u64, entropy: u64) -> String {
    let path = [
        "gate",
        "panel/login",
        "wp-content/plugins/x/load",
        "files/2026/doc",
        "a",
    ];
    let path = path
        .get((entropy >> 8) as usize % path.len())
        .copied()
        .unwrap_or_default();
    let host = format!("u{}.{}", token(number), top(entropy));
    match entropy >> 16 & 3 {
        0 => format!("http://{host}/{path}.php?id={:x}", entropy >> 40),
        1 => format!("http://{host}/{path}/"),
        _ => format!("http://{host}/{path}/{:x}.bin", entropy >> 44),
    }
}

fn top(entropy: u64) -> &'static str {
    TOP.get((entropy >> 24) as usize % TOP.len())
        .copied()
        .unwrap_or("com")
}

/// Seven letters and a digit in their midst, one to one with the number.
fn token(number: u64) -> String {
    const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
    // An odd factor permutes the numbers below 2^31: neighbours look unlike.
    let mut rest = number.wrapping_mul(0x2c1b_3c6d) & 0x7fff_ffff;
    let mut token = String::with_capacity(8);
    for at in 0..7 {
        if at == 3 {
            token.push(char::from(b'0' + (number % 10) as u8));
        }
        // Base 26, so that every letter is one digit and the number can be read back.
        let letter = LETTERS.get((rest % 26) as usize).copied().unwrap_or(b'a');
        token.push(char::from(letter));
        rest /= 26;
    }
    token
}

/// An even address outside private and reserved ranges, one to one with the number.
fn address(seed: u64, number: u64) -> String {
    // 160 first octets, 2^16 middles, 127 even last octets from 2 to 254.
    const SPACE: u64 = 160 * 65_536 * 127;
    let at = (number.wrapping_mul(715_225_741) + seed % SPACE) % SPACE;
    let (last, rest) = (at % 127, at / 127);
    let (middle, first) = (rest % 65_536, rest / 65_536);
    format!(
        "{}.{}.{}.{}",
        first_octet(first),
        middle >> 8,
        middle & 255,
        2 + 2 * last
    )
}

/// The n-th octet from 11 to 223 that is not 100, 127, 169, 172, 192, 198 or 203.
pub(crate) fn first_octet(n: u64) -> u64 {
    [100, 127, 169, 172].iter().fold(
        11 + n,
        |octet, &skip| if octet >= skip { octet + 1 } else { octet },
    )
}

fn hex(entropy: u64, words: u64) -> String {
    (0..words)
        .map(|word| format!("{:016x}", mix(entropy ^ word << 56)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn indicators_are_distinct_and_of_the_stated_mix() {
        let all: Vec<_> = (0..200_000).map(|number| nth(7, number)).collect();
        let distinct: HashSet<_> = all.iter().map(|indicator| &indicator.value).collect();
        assert_eq!(distinct.len(), all.len());
        let domains = all
            .iter()
            .filter(|indicator| indicator.kind == Kind::Domain)
            .count();
        assert_eq!(domains, 90_000);
    }

    #[test]
    fn addresses_are_even_and_public() {
        for number in (45..100_000).step_by(100) {
            let value = nth(7, number).value;
            let octets: Vec<u64> = value.split('.').map(|octet| octet.parse().unwrap()).collect();
            assert!(
                octets[3].is_multiple_of(2) && (11..=223).contains(&octets[0]),
                "{value}"
            );
            assert!(
                ![100, 127, 169, 172, 192, 198, 203].contains(&octets[0]),
                "{value}"
            );
        }
    }
}
