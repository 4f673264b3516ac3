//! Where records end, for those that may span lines: JSON objects in a list or one after the other, CSV.

use crate::{csv, limits, scan};

/// One record's place in its batch, and the line it starts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) line: u64,
}

/// What was found in a stretch of text.
#[derive(Debug, Default)]
pub(crate) struct Framed {
    pub(crate) spans: Vec<Span>,
    /// Broken records: line and reason.
    pub(crate) broken: Vec<(u64, &'static str)>,
    /// How much of the text is done with; the rest is the beginning of a record.
    pub(crate) used: usize,
}

/// Cuts `text` into JSON objects. `line` is that of the text's beginning; `at_end` says that nothing follows.
pub(crate) fn json_values(text: &[u8], mut line: u64, at_end: bool) -> Framed {
    let mut framed = Framed::default();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\n' => {
                line += 1;
                at += 1;
            }
            b' ' | b'\t' | b'\r' | b',' | b'[' | b']' => at += 1,
            b'{' => match object_end(text, at) {
                End::At(end) => {
                    framed.spans.push(Span {
                        start: at as u32,
                        end: end as u32,
                        line,
                    });
                    line += lines(text, at, end);
                    at = end;
                }
                End::Cut if !at_end => break,
                End::Cut => {
                    framed
                        .broken
                        .push((line, "the record ends before the JSON object does"));
                    at = text.len();
                }
                End::Broken(stop) => {
                    framed.broken.push((line, "a string without its end"));
                    let next = next_object(text, stop);
                    line += lines(text, at, next);
                    at = next;
                }
            },
            _ => {
                let end = memchr::memchr(b'\n', text.get(at..).unwrap_or_default());
                if end.is_none() && !at_end {
                    break;
                }
                framed.broken.push((line, "not a JSON object"));
                at = end.map_or(text.len(), |end| at + end);
            }
        }
        framed.used = at;
    }
    framed
}

/// Cuts `text`, which begins with a JSON value that does not end in it, line by line: what is whole in a line
/// is taken, what only begins in it is broken. All of it has been looked at; it is not looked at again for
/// values over several lines. Uses nothing while the first line may still become a whole value.
pub(crate) fn values_by_line(text: &[u8], mut line: u64, at_end: bool) -> Framed {
    let mut framed = Framed::default();
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let end = match memchr::memchr(b'\n', rest) {
            Some(end) => at + end + 1,
            None if at_end => text.len(),
            None => break,
        };
        let one = text.get(at..end).unwrap_or_default();
        let first = one
            .iter()
            .find(|byte| !matches!(byte, b' ' | b'\t' | b',' | b'['));
        if first == Some(&b'{') || at == 0 {
            let found = json_values(one, line, true);
            framed.spans.extend(found.spans.iter().map(|span| Span {
                start: span.start + at as u32,
                end: span.end + at as u32,
                line: span.line,
            }));
            framed.broken.extend(found.broken);
        }
        line += 1;
        at = end;
        framed.used = at;
    }
    framed
}

enum End {
    /// After the closing brace.
    At(usize),
    /// The text ends before.
    Cut,
    /// A string holds a line end, here.
    Broken(usize),
}

fn object_end(text: &[u8], start: usize) -> End {
    let mut depth = 0usize;
    let mut at = start;
    while let Some(byte) = text.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return End::At(at + 1);
                }
            }
            b'"' => match scan::string_end(text, at + 1) {
                Some((end, _)) => at = end,
                None => {
                    let line = memchr::memchr(b'\n', text.get(at..).unwrap_or_default());
                    return line.map_or(End::Cut, |line| End::Broken(at + line));
                }
            },
            _ => {}
        }
        at += 1;
    }
    End::Cut
}

/// The next line, from `at` on, that begins with an object.
fn next_object(text: &[u8], mut at: usize) -> usize {
    while let Some(line) = memchr::memchr(b'\n', text.get(at..).unwrap_or_default()) {
        at += line + 1;
        if text.get(scan::skip_space(text, at)) == Some(&b'{') {
            return at;
        }
    }
    text.len()
}

/// Cuts `text` into CSV records; blank lines are none.
///
/// A record whose quote does not end within [`limits::CSV_RECORD_BYTES_MAX`] is broken in its first line. The
/// lines looked at for its end are then records of one line each, so that each is looked at twice at most.
pub(crate) fn csv_records(text: &[u8], mut line: u64, separator: u8, at_end: bool) -> Framed {
    let mut framed = Framed::default();
    let mut at = 0;
    let mut looked_at = 0;
    while at < text.len() {
        let line_end = |from| memchr::memchr(b'\n', text.get(from..)?).map(|end| from + end);
        let far = at.saturating_add(limits::CSV_RECORD_BYTES_MAX);
        let within = if at < looked_at {
            line_end(at).map_or(text.len(), |end| end + 1)
        } else {
            far.min(text.len())
        };
        let record = text.get(..within).unwrap_or_default();
        let end = match csv::record_end(record, at, separator) {
            Some(end) => {
                let carriage = end > at && text.get(end - 1) == Some(&b'\r');
                let record_end = if carriage { end - 1 } else { end };
                if record_end > at {
                    framed.spans.push(Span {
                        start: at as u32,
                        end: record_end as u32,
                        line,
                    });
                }
                end
            }
            None if at < looked_at || at_end || text.len() >= far => {
                // The first line may be longer alone.
                let Some(first) = line_end(at) else {
                    break;
                };
                if first >= within {
                    looked_at = first + 1;
                    continue;
                }
                framed.broken.push((line, "a quoted field without its end"));
                looked_at = looked_at.max(within);
                first
            }
            None => break,
        };
        line += lines(text, at, end + 1);
        at = end + 1;
        framed.used = at;
    }
    framed
}

fn lines(text: &[u8], start: usize, end: usize) -> u64 {
    memchr::memchr_iter(b'\n', text.get(start..end).unwrap_or_default()).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, at_end: bool) -> (Vec<(String, u64)>, Vec<u64>, usize) {
        let framed = json_values(text.as_bytes(), 1, at_end);
        let spans = framed.spans.iter();
        let spans = spans
            .map(|s| (text[s.start as usize..s.end as usize].to_string(), s.line))
            .collect();
        (
            spans,
            framed.broken.iter().map(|broken| broken.0).collect(),
            framed.used,
        )
    }

    #[test]
    fn objects_of_a_list_with_their_lines() {
        let one = |text: &str, line| (text.to_string(), line);
        let text = "[\n {\"a\":\n\"}\\\"\"}, {\n},\n {\"b\":[{}]}\n]\n";
        let expected = vec![
            one("{\"a\":\n\"}\\\"\"}", 2),
            one("{\n}", 3),
            one("{\"b\":[{}]}", 5),
        ];
        assert_eq!(values(text, true), (expected, vec![], text.len()));
        assert_eq!(values("[{\"a\":1},{\"b", false).2, 9);
        assert_eq!(values("[{\"a\":1},{\"b", true).1, vec![1]);
        assert_eq!(
            values("[{\"a\":\"x\n\"y\"},\n{\"b\":2}]", true),
            (vec![one("{\"b\":2}", 3)], vec![1], 23)
        );
        assert_eq!(values("[1,\n{}]", true), (vec![one("{}", 2)], vec![1], 7));
    }

    #[test]
    fn csv_records_with_their_lines() {
        let framed = csv_records(b"a,b\r\n\n\"x\ny\",2\n3", 2, b',', false);
        let lines: Vec<_> = framed
            .spans
            .iter()
            .map(|span| (span.start, span.end, span.line))
            .collect();
        assert_eq!(lines, [(0, 3, 2), (6, 13, 4)]);
        assert_eq!(framed.used, 14);
    }
}
