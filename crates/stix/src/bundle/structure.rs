//! Finds the end of a JSON value by its brackets and strings alone: no recursion, any chunking.

/// The brackets that are open, and whether a string is.
#[derive(Debug, Clone, Default)]
pub(super) struct Structure {
    depth: u64,
    /// One bit for each open bracket, the innermost lowest: set for `{`. Brackets more than 64 deep are
    /// counted only; the reader of the object refuses such depth anyway.
    kinds: u64,
    in_string: bool,
    escaped: bool,
}

/// What a run of bytes brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// The value goes on after these bytes.
    Open,
    /// The value ends after so many bytes.
    Closed(usize),
    /// The byte at this place closes another bracket than the one that is open.
    Mismatch(usize),
}

impl Structure {
    /// Reads on. The first byte of all must be `{`, `[` or `"`.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Progress {
        let mut at = 0;
        loop {
            if self.in_string {
                at = self.string(bytes, at);
                if self.in_string {
                    return Progress::Open;
                }
                if self.depth == 0 {
                    return Progress::Closed(at);
                }
            }
            let Some(found) = bytes.get(at..).and_then(next_mark) else {
                return Progress::Open;
            };
            at += found;
            match bytes.get(at) {
                Some(b'"') => self.in_string = true,
                Some(b'{') => self.open(1),
                Some(b'[') => self.open(0),
                Some(closing) => {
                    if !self.close(u64::from(*closing == b'}')) {
                        return Progress::Mismatch(at);
                    }
                    if self.depth == 0 {
                        return Progress::Closed(at + 1);
                    }
                }
                None => return Progress::Open,
            }
            at += 1;
        }
    }

    /// Past the end of the string, or to the end of the bytes. Control characters do not end a string:
    /// a raw line break in a description is a fault of its object, not of the bundle.
    fn string(&mut self, bytes: &[u8], mut at: usize) -> usize {
        loop {
            if self.escaped {
                if at >= bytes.len() {
                    return at;
                }
                self.escaped = false;
                at += 1;
            }
            let rest = bytes.get(at..).unwrap_or_default();
            match quote_or_backslash(rest) {
                None => return bytes.len(),
                Some(found) => {
                    at += found + 1;
                    if rest.get(found) == Some(&b'"') {
                        self.in_string = false;
                        return at;
                    }
                    self.escaped = true;
                }
            }
        }
    }

    fn open(&mut self, kind: u64) {
        self.depth += 1;
        self.kinds = (self.kinds << 1) | kind;
    }

    /// False where the innermost open bracket is of the other kind.
    fn close(&mut self, kind: u64) -> bool {
        let known = self.depth <= 64;
        let fits = self.depth > 0 && (!known || self.kinds & 1 == kind);
        self.depth = self.depth.saturating_sub(1);
        self.kinds >>= 1;
        fits
    }
}

/// The next quote or bracket. Between strings there are only a few bytes, so byte by byte is fast.
#[inline]
fn next_mark(bytes: &[u8]) -> Option<usize> {
    bytes
        .iter()
        .position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))
}

/// Short strings are common, so the first bytes are looked at in place before the fast search is set up.
#[inline]
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    let (head, tail) = bytes.split_at(bytes.len().min(16));
    match head.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        Some(found) => Some(found),
        None => memchr::memchr2(b'"', b'\\', tail).map(|found| head.len() + found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Progress) {
        assert_eq!(Structure::default().feed(text.as_bytes()), expected, "{text}");
        // The same by single bytes.
        let mut structure = Structure::default();
        let mut seen = Progress::Open;
        for (at, byte) in text.bytes().enumerate() {
            seen = match structure.feed(&[byte]) {
                Progress::Open => continue,
                Progress::Closed(count) => Progress::Closed(at + count),
                Progress::Mismatch(place) => Progress::Mismatch(at + place),
            };
            break;
        }
        assert_eq!(seen, expected, "{text}, by bytes");
    }

    #[test]
    fn values_end_where_their_brackets_do() {
        check("{}x", Progress::Closed(2));
        check(r#"{"a":[{"b":"}]"}]} ,"#, Progress::Closed(18));
        check(r#""a\"b\\" "#, Progress::Closed(8));
        check(r#"{"a":"\\\"}"}"#, Progress::Closed(13));
        check("{\"a\nb\":1}", Progress::Closed(9));
        check(r#"{"a":"#, Progress::Open);
        check(r#"{"a":"\"#, Progress::Open);
        check("[{]}", Progress::Mismatch(2));
        check(r#"{"a":1]"#, Progress::Mismatch(6));
    }

    #[test]
    fn depth_has_no_end() {
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        check(&deep, Progress::Closed(2_000_000));
    }
}
