//! IPv4 addresses from text without a branch for each digit.

/// A dotted quad of decimal numbers without leading zeros, as [`std::net::Ipv4Addr`] reads it.
#[inline(always)]
pub(crate) fn v4(text: &[u8]) -> Option<u32> {
    let length = text.len() as u32;
    if !(7..=15).contains(&length) {
        return None;
    }
    let (low, high) = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => {
            let last = u128::from(u64::from_le_bytes(*last)) << (8 * (length - 8));
            let all = u128::from(u64::from_le_bytes(*first)) | last;
            (all as u64, (all >> 64) as u64)
        }
        _ => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            (Some(first), Some(last)) => (
                u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 24,
                0,
            ),
            _ => return None,
        },
    };
    let dots = dots(low) | dots(high) << 8;
    let digits = digits(low) | digits(high) << 8;
    // Three dots: none is left when the lowest is taken away three times, and one before that.
    let after_first = dots & dots.wrapping_sub(1);
    let after_second = after_first & after_first.wrapping_sub(1);
    let after_third = after_second & after_second.wrapping_sub(1);
    if dots | digits != (1 << length) - 1 || after_second == 0 || after_third != 0 {
        return None;
    }
    let all = u128::from(high) << 64 | u128::from(low);
    let first = dots.trailing_zeros();
    let second = after_first.trailing_zeros();
    let third = after_second.trailing_zeros();
    let parts = [
        (0, first),
        (first + 1, second),
        (second + 1, third),
        (third + 1, length),
    ];
    let mut address = 0;
    let mut wrong = 0;
    for (start, end) in parts {
        let count = end.wrapping_sub(start);
        // One to three digits moved up so that the last one is in the third byte.
        wrong |= u32::from(!(1..=3).contains(&count));
        let word = (all >> (8 * start)) as u32;
        wrong |= u32::from(count > 1 && word & 0xff == u32::from(b'0'));
        let word = (word << (3u32.wrapping_sub(count).wrapping_mul(8) & 31)) & 0x000f_0f0f;
        let value = (word & 0xff) * 100 + (word >> 8 & 0xff) * 10 + (word >> 16);
        wrong |= value >> 8;
        address = address << 8 | value;
    }
    (wrong == 0).then_some(address)
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// A bit for each byte that is a dot.
#[inline(always)]
fn dots(word: u64) -> u32 {
    let difference = word ^ (LOW * b'.' as u64);
    gather(!((difference & !HIGH).wrapping_add(!HIGH) | difference) & HIGH)
}

/// A bit for each byte that is a digit.
#[inline(always)]
fn digits(word: u64) -> u32 {
    let low = word & !HIGH;
    let from_zero = low.wrapping_add(LOW * (0x80 - 0x30));
    let above_nine = low.wrapping_add(LOW * (0x80 - 0x3a));
    gather(from_zero & !above_nine & !word & HIGH)
}

/// The high bits of eight bytes as the low bits of a number.
#[inline(always)]
fn gather(bits: u64) -> u32 {
    ((bits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    fn expected(text: &str) -> Option<u32> {
        text.parse::<Ipv4Addr>().ok().map(u32::from)
    }

    proptest! {
        #[test]
        fn reads_every_address(address: u32) {
            let text = Ipv4Addr::from(address).to_string();
            prop_assert_eq!(v4(text.as_bytes()), Some(address));
        }

        #[test]
        fn agrees_with_the_standard_library_on_anything(text in "([0-9]{1,4}|[0-9.]{0,3}|[0-9a:]{1,3})(\\.[0-9]{0,4}){2,4}") {
            prop_assert_eq!(v4(text.as_bytes()), expected(&text), "{}", text);
        }

        #[test]
        fn agrees_on_bytes(text in "\\PC{0,16}") {
            prop_assert_eq!(v4(text.as_bytes()), expected(&text), "{}", text);
        }
    }

    #[test]
    fn refuses_what_only_looks_like_one() {
        for text in [
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "01.2.3.4",
            "1.2.3.04",
            "1..2.3",
            ".1.2.3.4",
            "1.2.3.4.",
            "1.2.3.4a",
        ] {
            assert_eq!(v4(text.as_bytes()), None, "{text}");
        }
        assert_eq!(v4(b"0.0.0.0"), Some(0));
        assert_eq!(v4(b"255.255.255.255"), Some(u32::MAX));
    }
}
