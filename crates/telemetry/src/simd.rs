//! Sixteen bytes at a time: the few byte classes that readers look for.
//!
//! Loads past the end see zero bytes, which belong to no class.

use wide::u8x16;

/// How many bytes one load looks at.
pub(crate) const WIDTH: usize = 16;

/// The next `N` bytes; `None` where the data ends before.
#[inline(always)]
pub(crate) fn chunk<const N: usize>(data: &[u8], at: usize) -> Option<&[u8; N]> {
    data.get(at..).and_then(|rest| rest.first_chunk::<N>())
}

/// What is left of the data, and zeros, which belong to no class.
fn tail<const N: usize>(data: &[u8], at: usize) -> [u8; N] {
    let mut chunk = [0; N];
    for (to, from) in chunk.iter_mut().zip(data.get(at..).unwrap_or_default()) {
        *to = *from;
    }
    chunk
}

/// Bit `i` is set where byte `i` is `"`, `\` or a line end: where a JSON string may stop.
#[inline(always)]
pub(crate) fn string_stops(chunk: &[u8; WIDTH]) -> u32 {
    let bytes = u8x16::new(*chunk);
    let stops = bytes.simd_eq(u8x16::splat(b'"'))
        | bytes.simd_eq(u8x16::splat(b'\\'))
        | bytes.simd_eq(u8x16::splat(b'\n'));
    stops.to_bitmask()
}

/// [`string_stops`] of `data[at..]`, which may be short.
#[inline(always)]
pub(crate) fn string_stops_at(data: &[u8], at: usize) -> u32 {
    // Here and below the rare case gives a mask, not bytes: bytes would go through memory in the frequent
    // case too.
    #[cold]
    #[inline(never)]
    fn at_end(data: &[u8], at: usize) -> u32 {
        string_stops(&tail(data, at))
    }
    match chunk(data, at) {
        Some(chunk) => string_stops(chunk),
        None => at_end(data, at),
    }
}

/// Bit `i` is set where byte `i` cannot be part of a JSON number or literal.
#[inline(always)]
pub(crate) fn bare_stops(chunk: &[u8; WIDTH]) -> u32 {
    let bytes = u8x16::new(*chunk);
    // `-` to `9` hold `.` and the digits (and `/`, which does no harm); letters are `e`, `true`, `null`.
    let digit = bytes - u8x16::splat(b'-');
    let letter = (bytes | u8x16::splat(0x20)) - u8x16::splat(b'a');
    let bare = digit.min(u8x16::splat(b'9' - b'-')).simd_eq(digit)
        | letter.min(u8x16::splat(25)).simd_eq(letter)
        | bytes.simd_eq(u8x16::splat(b'+'));
    bare.to_bitmask() ^ 0xffff
}

/// [`bare_stops`] of `data[at..]`, which may be short.
#[inline(always)]
pub(crate) fn bare_stops_at(data: &[u8], at: usize) -> u32 {
    #[cold]
    #[inline(never)]
    fn at_end(data: &[u8], at: usize) -> u32 {
        bare_stops(&tail(data, at))
    }
    match chunk(data, at) {
        Some(chunk) => bare_stops(chunk),
        None => at_end(data, at),
    }
}

/// Bit `i` is set where the bytes `i` are equal.
#[inline(always)]
pub(crate) fn equal32(chunk: &[u8; 32], with: &[u8; 32]) -> u32 {
    let same = |a: Option<&[u8; WIDTH]>, b: Option<&[u8; WIDTH]>| match (a, b) {
        (Some(a), Some(b)) => u8x16::new(*a).simd_eq(u8x16::new(*b)).to_bitmask(),
        _ => 0,
    };
    let low = same(chunk.first_chunk(), with.first_chunk());
    let high = same(chunk.last_chunk(), with.last_chunk());
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
    #[cold]
    #[inline(never)]
    fn at_end(data: &[u8], at: usize, separator: u8) -> Separators {
        separators_of(&tail(data, at), separator)
    }
    match chunk(data, at) {
        Some(chunk) => separators_of(chunk, separator),
        None => at_end(data, at, separator),
    }
}

#[inline(always)]
fn separators_of(chunk: &[u8; 64], separator: u8) -> Separators {
    let (parts, _) = chunk.as_chunks::<WIDTH>();
    let mut classes = Separators {
        separators: 0,
        lines: 0,
        escapes: 0,
    };
    let mut escapes = u8x16::splat(0);
    for (part, shift) in parts.iter().zip([0, WIDTH, 2 * WIDTH, 3 * WIDTH]) {
        let bytes = u8x16::new(*part);
        classes.separators |= u64::from(bytes.simd_eq(u8x16::splat(separator)).to_bitmask()) << shift;
        classes.lines |= u64::from(bytes.simd_eq(u8x16::splat(b'\n')).to_bitmask()) << shift;
        escapes |= bytes.simd_eq(u8x16::splat(b'\\'));
    }
    classes.escapes = escapes.to_bitmask();
    classes
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
                assert_eq!(bare_stops(&data), stops(&data, |b| !bare(b)), "{byte}");
                assert_eq!(
                    string_stops(&data),
                    stops(&data, |b| b"\"\\\n".contains(&b)),
                    "{byte}"
                );
            }
        }
        assert_eq!(string_stops_at(b"ab\"", 0), 4);
        assert_eq!(string_stops_at(b"ab\"", 9), 0);
        let expected = Separators {
            separators: 0b10,
            lines: 0b1000,
            escapes: 0b10000,
        };
        assert_eq!(separators64(b"a\tb\n\\", 0, b'\t'), expected);
        assert_eq!(
            equal32(
                b"abc-----------------------------",
                b"abd00000000000000000000000000000"
            ),
            0b11
        );
    }
}
