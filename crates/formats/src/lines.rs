//! Lines of bounded length out of any reader, each with its number; UTF-8 is checked here.

use std::io::{self, BufRead};

use crate::{entry::Refusal, limits};

/// Reads line by line; holds at most [`limits::LINE_BYTES_MAX`] bytes.
pub(crate) struct Lines<R> {
    reader: R,
    number: u64,
    bytes: Vec<u8>,
}

/// One line, its ending (LF or CRLF) taken off.
pub(crate) struct Line<'a> {
    pub(crate) number: u64,
    pub(crate) text: Result<&'a str, Refusal>,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            number: 0,
            bytes: Vec::new(),
        }
    }

    /// The next line, or nothing at the end.
    pub(crate) fn read_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.bytes.clear();
        let Some(whole) = self.fill()? else {
            return Ok(None);
        };
        self.number += 1;
        let text = if whole {
            decode(&self.bytes, self.number == 1)
        } else {
            Err(too_long())
        };
        Ok(Some(Line {
            number: self.number,
            text,
        }))
    }

    /// Reads up to the next line feed; `Some(false)` where the line is longer than we hold.
    fn fill(&mut self) -> io::Result<Option<bool>> {
        let mut whole = true;
        let mut any = false;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                return Ok(any.then_some(whole));
            }
            any = true;
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let line = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            whole = whole && self.bytes.len() + line.len() <= limits::LINE_BYTES_MAX;
            if whole {
                self.bytes.extend_from_slice(line);
            }
            let used = line.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(whole));
            }
        }
    }
}

fn decode(bytes: &[u8], first: bool) -> Result<&str, Refusal> {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let bytes = if first {
        bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
    } else {
        bytes
    };
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    if text.contains('\0') {
        return Err(Refusal::new(
            "a NUL byte: this is binary, or text in UTF-16",
            "give text in UTF-8; `iconv -f utf-16 -t utf-8` converts",
        ));
    }
    Ok(text)
}

fn not_utf8(bytes: &[u8], at: usize) -> Refusal {
    let byte = bytes.get(at).copied().unwrap_or_default();
    Refusal::new(
        format!("byte {} is 0x{byte:02x}, which is not UTF-8", at + 1),
        "convert the file first, as by `iconv -f latin1 -t utf-8`",
    )
}

fn too_long() -> Refusal {
    Refusal::new(
        format!("longer than {} bytes", limits::LINE_BYTES_MAX),
        "put one value on a line",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<(u64, Result<String, String>)> {
        let mut lines = Lines::new(bytes);
        let mut read = Vec::new();
        while let Some(line) = lines.read_line().unwrap() {
            let text = line.text.map(str::to_owned).map_err(|refusal| refusal.reason);
            read.push((line.number, text));
        }
        read
    }

    #[test]
    fn endings_and_byte_order_mark_are_taken_off() {
        let lines = read(b"\xef\xbb\xbfa\r\nb\n\nc");
        let texts: Vec<_> = lines.into_iter().map(|(_, text)| text.unwrap()).collect();
        assert_eq!(texts, ["a", "b", "", "c"]);
    }

    #[test]
    fn overlong_line_is_skipped_and_the_next_one_read() {
        let mut bytes = vec![b'x'; limits::LINE_BYTES_MAX + 1];
        bytes.extend_from_slice(b"\nok\n");
        let lines = read(&bytes);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].1.as_ref().unwrap_err().starts_with("longer than"));
        assert_eq!(lines[1], (2, Ok("ok".into())));
    }

    #[test]
    fn wrong_encodings_are_named() {
        assert!(read(b"caf\xe9\n")[0].1.as_ref().unwrap_err().contains("0xe9"));
        assert!(read(b"a\0b\0\n")[0].1.as_ref().unwrap_err().contains("UTF-16"));
    }
}
