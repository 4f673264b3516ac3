//! JSON's tokens, found from one position on. The generic reader and the shape cache both stand on these, so
//! that they cannot disagree about where a value ends.
//!
//! Lenient where leniency is harmless to observation: control characters in strings, any word of letters,
//! digits and signs as a bare value. A line end inside a string breaks the record.

use crate::simd;

/// Where a string that starts (after its quote) at `at` has its closing quote, and whether it holds escapes.
#[inline(always)]
pub(crate) fn string_end(data: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut escaped = false;
    loop {
        let stops = simd::string_stops_at(data, at);
        if stops == 0 {
            at += simd::WIDTH;
            if at >= data.len() {
                return None;
            }
            continue;
        }
        at += stops.trailing_zeros() as usize;
        match data.get(at) {
            Some(b'"') => return Some((at, escaped)),
            Some(b'\\') if data.get(at + 1) != Some(&b'\n') => {
                escaped = true;
                at += 2;
            }
            _ => return None,
        }
    }
}

/// Where a string that starts at `at` has its first quote, escape or line end; the data's end if it has none.
#[inline(always)]
pub(crate) fn string_stop(data: &[u8], mut at: usize) -> usize {
    loop {
        let stops = simd::string_stops_at(data, at);
        if stops != 0 {
            return at + stops.trailing_zeros() as usize;
        }
        at += simd::WIDTH;
        if at >= data.len() {
            return data.len();
        }
    }
}

/// Where the number or literal that starts at `at` ends; `at` itself if there is none.
#[inline(always)]
pub(crate) fn bare_end(data: &[u8], mut at: usize) -> usize {
    loop {
        let stops = simd::bare_stops_at(data, at);
        if stops != 0 {
            return at + stops.trailing_zeros() as usize;
        }
        at += simd::WIDTH;
    }
}

/// The first position from `at` on that is not JSON white space.
#[inline(always)]
pub(crate) fn skip_space(data: &[u8], mut at: usize) -> usize {
    while matches!(data.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// Where the list of plain values that starts (after its bracket) at `at` has its closing bracket; `None` if
/// it holds objects or lists, or is broken.
#[inline]
pub(crate) fn flat_array_end(data: &[u8], at: usize) -> Option<usize> {
    let mut elements = Elements::new(data, at);
    while elements.next().is_some() {}
    elements.closed_at
}

/// The elements of a list of plain values.
pub(crate) struct Elements<'a> {
    data: &'a [u8],
    at: usize,
    first: bool,
    /// The closing bracket, once it was reached.
    pub(crate) closed_at: Option<usize>,
}

/// One element: where its content is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) escaped: bool,
    pub(crate) is_string: bool,
}

impl<'a> Elements<'a> {
    #[inline(always)]
    pub(crate) fn new(data: &'a [u8], at: usize) -> Self {
        Elements {
            data,
            at,
            first: true,
            closed_at: None,
        }
    }
}

impl Iterator for Elements<'_> {
    type Item = Element;

    #[inline(always)]
    fn next(&mut self) -> Option<Element> {
        let data = self.data;
        let mut at = skip_space(data, self.at);
        let byte = data.get(at)?;
        if *byte == b']' {
            self.closed_at = Some(at);
            return None;
        }
        if !self.first {
            if *byte != b',' {
                return None;
            }
            at = skip_space(data, at + 1);
        }
        self.first = false;
        if data.get(at) == Some(&b'"') {
            let (end, escaped) = string_end(data, at + 1)?;
            self.at = end + 1;
            return Some(Element {
                start: at + 1,
                end,
                escaped,
                is_string: true,
            });
        }
        let end = bare_end(data, at);
        if end == at {
            // Leave nothing that looks closed: `[1,]` and `[{` both end here.
            return None;
        }
        self.at = end;
        Some(Element {
            start: at,
            end,
            escaped: false,
            is_string: false,
        })
    }
}

/// Undoes JSON's escapes. A lone surrogate becomes U+FFFD, an unknown escape the character itself.
pub(crate) fn unescape<'b>(text: &[u8], buffer: &'b mut Vec<u8>) -> &'b [u8] {
    buffer.clear();
    let mut rest = text;
    while let Some(slash) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(slash);
        buffer.extend_from_slice(plain);
        rest = unescape_one(escape, buffer);
    }
    buffer.extend_from_slice(rest);
    buffer
}

/// `escape` starts with a backslash; gives what follows the escape.
fn unescape_one<'a>(escape: &'a [u8], buffer: &mut Vec<u8>) -> &'a [u8] {
    let Some(letter) = escape.get(1) else { return &[] };
    let rest = escape.get(2..).unwrap_or_default();
    let plain = match letter {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => return unescape_unicode(rest, buffer),
        other => *other,
    };
    buffer.push(plain);
    rest
}

fn unescape_unicode<'a>(rest: &'a [u8], buffer: &mut Vec<u8>) -> &'a [u8] {
    let Some((first, after)) = hex4(rest) else {
        buffer.push(b'u');
        return rest;
    };
    let mut code = first;
    let mut left = after;
    if (0xd800..0xdc00).contains(&first)
        && let Some(pair) = after.strip_prefix(b"\\u")
        && let Some((second @ 0xdc00..0xe000, after)) = hex4(pair)
    {
        code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        left = after;
    }
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    buffer.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    left
}

fn hex4(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(4)?;
    let mut code = 0;
    for digit in digits {
        code = code << 4 | (*digit as char).to_digit(16)?;
    }
    Some((code, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_at_their_unescaped_quote() {
        assert_eq!(string_end(b"abc\" ", 0), Some((3, false)));
        assert_eq!(string_end(br#"a\"c" "#, 0), Some((4, true)));
        assert_eq!(string_end(br#"a\\" "#, 0), Some((3, true)));
        assert_eq!(
            string_end(b"a long one that takes more than sixteen bytes\"", 0),
            Some((45, false))
        );
        assert_eq!(string_end(b"cut\n\"", 0), None);
        assert_eq!(string_end(b"cut\\\n\"", 0), None);
        assert_eq!(string_end(b"cut", 0), None);
        assert_eq!(string_end(b"exactly 16 bytes", 0), None);
        assert_eq!(string_end(b"cut\\", 0), None);
    }

    #[test]
    fn lists_of_plain_values_only() {
        assert_eq!(flat_array_end(b"]", 0), Some(0));
        assert_eq!(flat_array_end(b" \"a\" , 1.5,true ]", 0), Some(16));
        for broken in ["", "1", "1,", "1,]", "{}]", "[1]]", "1 2]", ",1]", "\"a]"] {
            assert_eq!(flat_array_end(broken.as_bytes(), 0), None, "{broken}");
        }
    }

    #[test]
    fn escapes_are_undone() {
        let check = |text: &str, plain: &str| {
            let mut buffer = Vec::new();
            assert_eq!(
                String::from_utf8_lossy(unescape(text.as_bytes(), &mut buffer)),
                plain
            );
        };
        check(r"a\/b\\c\n", "a/b\\c\n");
        check(r"\u0041\u00e9\ud83d\ude00", "Aé😀");
        check(r"\ud83d!\ude00", "\u{fffd}!\u{fffd}");
        check(r"\u12", "u12");
        check("end\\", "end");
    }
}
