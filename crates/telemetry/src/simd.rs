//! Sixteen bytes at a time: the few byte classes that readers look for.
//!
//! Loads past the end see zero bytes, which belong to no class.

use wide::u8x16;

/// How many bytes one load looks at.
pub(crate) const WIDTH: usize = 16;

#[inline(always)]
fn load(data: &[u8], at: usize) -> u8x16 {
    match data.get(at..).and_then(|rest| rest.first_chunk::<WIDTH>()) {
        Some(chunk) => u8x16::new(*chunk),
        None => load_tail(data, at),
    }
}

#[cold]
#[inline(never)]
fn load_tail(data: &[u8], at: usize) -> u8x16 {
    let mut chunk = [0; WIDTH];
    for (to, from) in chunk.iter_mut().zip(data.get(at..).unwrap_or_default()) {
        *to = *from;
    }
    u8x16::new(chunk)
}

/// Bit `i` is set where `data[at + i]` is `"`, `\` or a line end: where a JSON string may stop.
#[inline(always)]
pub(crate) fn string_stops(data: &[u8], at: usize) -> u32 {
    let bytes = load(data, at);
    let stops = bytes.simd_eq(u8x16::splat(b'"'))
        | bytes.simd_eq(u8x16::splat(b'\\'))
        | bytes.simd_eq(u8x16::splat(b'\n'));
    stops.to_bitmask()
}

/// Bit `i` is set where `data[at + i]` cannot be part of a JSON number or literal.
#[inline(always)]
pub(crate) fn bare_stops(data: &[u8], at: usize) -> u32 {
    let bytes = load(data, at);
    // `-` to `9` hold `.` and the digits (and `/`, which does no harm); letters are `e`, `true`, `null`.
    let digit = bytes - u8x16::splat(b'-');
    let letter = (bytes | u8x16::splat(0x20)) - u8x16::splat(b'a');
    let bare = digit.min(u8x16::splat(b'9' - b'-')).simd_eq(digit)
        | letter.min(u8x16::splat(25)).simd_eq(letter)
        | bytes.simd_eq(u8x16::splat(b'+'));
    !bare.to_bitmask() & 0xffff
}

/// Bit `i` is set where `data[at + i]` equals `with[i]`, for 32 bytes.
#[inline(always)]
pub(crate) fn equal32(data: &[u8], at: usize, with: &[u8; 32]) -> u32 {
    let (low, high) = with.split_at(WIDTH);
    let low = load(data, at).simd_eq(load(low, 0)).to_bitmask();
    let high = load(data, at + WIDTH).simd_eq(load(high, 0)).to_bitmask();
    low | high << WIDTH
}

/// Three classes among 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Separators {
    /// Bit `i` is set where `data[at + i]` is the separator.
    pub(crate) separators: u64,
    /// The same for line ends.
    pub(crate) lines: u64,
    /// Not 0 where any of the bytes is a backslash.
    pub(crate) escapes: u32,
}

/// Classes of `data[at..at + 64]`.
#[inline(always)]
pub(crate) fn separators64(data: &[u8], at: usize, separator: u8) -> Separators {
    let part = |i: usize| load(data, at + i * WIDTH);
    let (a, b, c, d) = (part(0), part(1), part(2), part(3));
    let mask = |with: u8| {
        let with = u8x16::splat(with);
        let bits = |bytes: u8x16| u64::from(bytes.simd_eq(with).to_bitmask());
        bits(a) | bits(b) << 16 | bits(c) << 32 | bits(d) << 48
    };
    let slash = u8x16::splat(b'\\');
    let escapes = a.simd_eq(slash) | b.simd_eq(slash) | c.simd_eq(slash) | d.simd_eq(slash);
    Separators {
        separators: mask(separator),
        lines: mask(b'\n'),
        escapes: escapes.to_bitmask(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(data: &[u8], is: impl Fn(u8) -> bool) -> u32 {
        (0..16).fold(0, |mask, i| {
            mask | u32::from(is(data.get(i).copied().unwrap_or(0))) << i
        })
    }

    #[test]
    fn classes_agree_with_byte_tests() {
        for byte in 0..=255u8 {
            for at in [0, 7, 15] {
                let mut data = [b'0'; 16];
                data[at] = byte;
                let bare = |b: u8| b.is_ascii_alphanumeric() || b"+-./".contains(&b);
                assert_eq!(bare_stops(&data, 0), stops(&data, |b| !bare(b)), "{byte}");
                assert_eq!(
                    string_stops(&data, 0),
                    stops(&data, |b| b"\"\\\n".contains(&b)),
                    "{byte}"
                );
            }
        }
        assert_eq!(string_stops(b"ab\"", 0), 4);
        assert_eq!(string_stops(b"ab\"", 9), 0);
        let expected = Separators {
            separators: 0b10,
            lines: 0b1000,
            escapes: 0b10000,
        };
        assert_eq!(separators64(b"a\tb\n\\", 0, b'\t'), expected);
        assert_eq!(equal32(b"xabc", 1, b"abd00000000000000000000000000000"), 0b11);
    }
}
