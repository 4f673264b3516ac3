//! Physical lines to records of fields: RFC 4180, with quotes over several lines, bounded.
//!
//! A record whose quote does not end within the bounds is a defect of its first line; reading goes
//! on at the line after it, so that one stray quote does not swallow the file. The lines looked at
//! for its end are then records of one line each: every line is looked at twice at most.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

use crate::{entry::Refusal, limits, lines::Lines};

pub(super) struct Physical<R> {
    lines: Lines<R>,
    /// Lines read ahead for a record that did not end.
    ahead: VecDeque<OwnedLine>,
    /// Number of the last line that was looked at for the end of a record that did not end.
    looked_at: u64,
}

pub(super) struct OwnedLine {
    pub(super) number: u64,
    pub(super) text: Result<String, Refusal>,
}

pub(super) struct Record {
    pub(super) line: u64,
    pub(super) text: String,
    pub(super) fields: Result<Vec<String>, Refusal>,
}

impl<R: BufRead> Physical<R> {
    pub(super) fn new(lines: Lines<R>) -> Self {
        Self {
            lines,
            ahead: VecDeque::new(),
            looked_at: 0,
        }
    }

    pub(super) fn give_back(&mut self, number: u64, text: String) {
        self.ahead.push_front(OwnedLine {
            number,
            text: Ok(text),
        });
    }

    pub(super) fn next_line(&mut self) -> io::Result<Option<OwnedLine>> {
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }
        let line = self.lines.read_line()?;
        Ok(line.map(|line| OwnedLine {
            number: line.number,
            text: line.text.map(str::to_owned),
        }))
    }

    pub(super) fn next_record(&mut self, delimiter: char) -> io::Result<Option<Record>> {
        let Some(first) = self.next_line()? else {
            return Ok(None);
        };
        let first_text = match first.text {
            Ok(text) => text,
            Err(refusal) => {
                return Ok(Some(Record {
                    line: first.number,
                    text: String::new(),
                    fields: Err(refusal),
                }));
            }
        };
        let mut text = first_text.clone();
        let mut further = VecDeque::new();
        let mut splitter = Splitter::new(delimiter);
        let mut is_whole = splitter.take(&first_text);
        let may_span_lines = first.number > self.looked_at;
        while !is_whole && may_span_lines && !full(&text, further.len()) {
            let next = self.next_line()?;
            let more = next.as_ref().and_then(|line| line.text.as_ref().ok());
            let Some(more) = more else {
                further.extend(next);
                break;
            };
            text.push('\n');
            text.push_str(more);
            is_whole = splitter.take("\n") || splitter.take(more);
            further.extend(next);
        }
        let fields = if is_whole {
            Ok(splitter.fields)
        } else {
            text = first_text;
            if let Some(last) = further.back() {
                self.looked_at = self.looked_at.max(last.number);
            }
            while let Some(line) = further.pop_back() {
                self.ahead.push_front(line);
            }
            Err(unended())
        };
        Ok(Some(Record {
            line: first.number,
            text,
            fields,
        }))
    }
}

fn full(text: &str, lines: usize) -> bool {
    text.len() > limits::CSV_RECORD_BYTES_MAX || lines >= limits::CSV_RECORD_LINES_MAX
}

fn unended() -> Refusal {
    Refusal::new(
        "a quoted field that does not end",
        "close the quote; a quote inside a quoted field is written twice",
    )
}

/// The fields of a record, or nothing where a quote is still open.
pub(super) fn split(text: &str, delimiter: char) -> Option<Vec<String>> {
    let mut splitter = Splitter::new(delimiter);
    splitter.take(text).then_some(splitter.fields)
}

/// Takes a record piece by piece, as long as a quote is open.
struct Splitter {
    delimiter: char,
    fields: Vec<String>,
    /// What is read of the field whose quote is open.
    open: Option<String>,
}

impl Splitter {
    fn new(delimiter: char) -> Self {
        Self {
            delimiter,
            fields: Vec::new(),
            open: None,
        }
    }

    /// Whether the record is whole with this.
    fn take(&mut self, text: &str) -> bool {
        let mut rest = text;
        loop {
            let quoted = match self.open.take() {
                Some(field) => Some((field, rest)),
                None => {
                    let quoted = rest.trim_start_matches(' ').strip_prefix('"');
                    quoted.map(|quoted| (String::new(), quoted))
                }
            };
            let (field, after) = match quoted {
                Some((mut field, quoted)) => match quoted_field(&mut field, quoted, self.delimiter) {
                    Some(after) => (field, after),
                    None => {
                        self.open = Some(field);
                        return false;
                    }
                },
                None => bare_field(rest, self.delimiter),
            };
            self.fields.push(field);
            match after {
                Some(after) => rest = after,
                None => return true,
            }
        }
    }
}

fn bare_field(rest: &str, delimiter: char) -> (String, Option<&str>) {
    match rest.split_once(delimiter) {
        Some((field, after)) => (field.to_owned(), Some(after)),
        None => (rest.to_owned(), None),
    }
}

/// Reads behind the opening quote, and gives what stands behind the field's delimiter; nothing where
/// the quote stays open. What stands between the closing quote and the delimiter is kept as it is, as
/// spreadsheets do.
fn quoted_field<'a>(field: &mut String, mut rest: &'a str, delimiter: char) -> Option<Option<&'a str>> {
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            field.push_str(rest);
            return None;
        };
        field.push_str(before);
        if let Some(after) = after.strip_prefix('"') {
            field.push('"');
            rest = after;
            continue;
        }
        let (tail, after) = bare_field(after, delimiter);
        field.push_str(tail.trim_end());
        return Some(after);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, fields: &[&str]) {
        assert_eq!(split(text, ',').unwrap(), fields, "{text}");
    }

    #[test]
    fn fields_are_split_by_rfc_4180() {
        check("a,b,c", &["a", "b", "c"]);
        check("", &[""]);
        check(",", &["", ""]);
        check(r#""a,b",c"#, &["a,b", "c"]);
        check(r#""say ""hi""",c"#, &[r#"say "hi""#, "c"]);
        check(r#""a", "b""#, &["a", "b"]);
        check("\"a\nb\",c", &["a\nb", "c"]);
        check(r#"a "b" c,d"#, &[r#"a "b" c"#, "d"]);
        assert_eq!(split(r#"a,"b"#, ','), None);
    }

    #[test]
    fn a_stray_quote_costs_its_own_line_only() {
        let mut physical = Physical::new(Lines::new(&b"a,\"b\nc,d\ne,f\n"[..]));
        let mut read = Vec::new();
        while let Some(record) = physical.next_record(',').unwrap() {
            read.push((record.line, record.fields.ok()));
        }
        let fields = |a: &str, b: &str| Some(vec![a.to_owned(), b.to_owned()]);
        assert_eq!(read, [(1, None), (2, fields("c", "d")), (3, fields("e", "f"))]);
    }

    /// Found by attack: every line was looked at with each of the 100 lines before it, from the start.
    #[test]
    fn many_lines_with_stray_quotes_are_read_in_linear_time() {
        let mut text = "a\"b,\"c\"\"dxxx\n".repeat(500_000);
        text.push_str("e,f\n");
        let mut physical = Physical::new(Lines::new(text.as_bytes()));
        let (mut refused, mut last) = (0, None);
        while let Some(record) = physical.next_record(',').unwrap() {
            refused += usize::from(record.fields.is_err());
            last = record.fields.ok();
        }
        assert_eq!(refused, 500_000);
        assert_eq!(last, Some(vec!["e".to_owned(), "f".to_owned()]));
    }

    #[test]
    fn a_record_over_lines_is_read_piece_by_piece() {
        let mut physical = Physical::new(Lines::new(&b"\"a \n\n\"\"b\n c\" ,d\n"[..]));
        let record = physical.next_record(',').unwrap().unwrap();
        assert_eq!(record.fields.unwrap(), ["a \n\n\"b\n c", "d"]);
        assert_eq!(record.text, "\"a \n\n\"\"b\n c\" ,d");
    }

    proptest! {
        #[test]
        fn what_a_csv_writer_writes_is_read_back(
            fields in prop::collection::vec("[a-z ,;\"'\n#=]{0,12}", 2..6),
        ) {
            let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
            writer.write_record(&fields).unwrap();
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(split(text.strip_suffix('\n').unwrap(), ',').unwrap(), fields);
        }
    }
}
