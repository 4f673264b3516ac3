//! Physical lines to records of fields: RFC 4180, with quotes over several lines, bounded.
//!
//! A record whose quote does not end within the bounds is a defect of its first line; reading goes
//! on at the line after it, so that one stray quote does not swallow the file.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

use crate::{entry::Refusal, limits, lines::Lines};

pub(super) struct Physical<R> {
    lines: Lines<R>,
    /// Lines read ahead for a record that did not end.
    ahead: VecDeque<OwnedLine>,
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
        let mut fields = split(&text, delimiter);
        while fields.is_none() && !full(&text, further.len()) {
            let next = self.next_line()?;
            let more = next.as_ref().and_then(|line| line.text.as_ref().ok());
            let Some(more) = more else {
                further.extend(next);
                break;
            };
            text.push('\n');
            text.push_str(more);
            // Without a quote in it the line cannot end the field.
            if more.contains('"') {
                fields = split(&text, delimiter);
            }
            further.extend(next);
        }
        let fields = fields.ok_or_else(unended);
        if fields.is_err() {
            text = first_text;
            while let Some(line) = further.pop_back() {
                self.ahead.push_front(line);
            }
        }
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
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = match rest.trim_start_matches(' ').strip_prefix('"') {
            Some(quoted) => quoted_field(quoted, delimiter)?,
            None => bare_field(rest, delimiter),
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Some(fields),
        }
    }
}

fn bare_field(rest: &str, delimiter: char) -> (String, Option<&str>) {
    match rest.split_once(delimiter) {
        Some((field, after)) => (field.to_owned(), Some(after)),
        None => (rest.to_owned(), None),
    }
}

/// Reads behind the opening quote. What stands between the closing quote and the delimiter is
/// kept as it is, as spreadsheets do.
fn quoted_field(mut rest: &str, delimiter: char) -> Option<(String, Option<&str>)> {
    let mut field = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        field.push_str(before);
        if let Some(after) = after.strip_prefix('"') {
            field.push('"');
            rest = after;
            continue;
        }
        let (tail, after) = bare_field(after, delimiter);
        field.push_str(tail.trim_end());
        return Some((field, after));
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
