//! CSV with a header: a row gives an entry for each of its values.
//!
//! Read: RFC 4180 with `,` `;` tab or `|` between fields, also where the header stands in a comment
//! line (`# "first_seen","sha256_hash"`) or spaces stand before quotes. Which column means what is
//! the table in `columns`; a column that is not there is ignored. Without a header a file is refused:
//! guessing which column is the value would invent intelligence. Begin at [`Reader`].

mod columns;
mod record;
mod row;

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

use crate::{
    entry::{Item, Refusal},
    limits,
    lines::Lines,
};
use columns::Columns;

/// Reads CSV; every record is one entry or more, a comment, or a defect.
pub struct Reader<R> {
    lines: record::Physical<R>,
    state: State,
    waiting: VecDeque<Item>,
    skipped: u64,
}

enum State {
    Head,
    Rows(Columns),
    Over,
}

impl<R: BufRead> Reader<R> {
    /// A reader of plain, decompressed text.
    pub fn new(reader: R) -> Self {
        Self {
            lines: record::Physical::new(Lines::new(reader)),
            state: State::Head,
            waiting: VecDeque::new(),
            skipped: 0,
        }
    }

    /// Comment and empty lines so far, the header included.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The next entry or defect, or nothing at the end. A file without a header gives one defect.
    ///
    /// # Errors
    /// What the underlying reader gives.
    pub fn read_item(&mut self) -> io::Result<Option<Item>> {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                return Ok(Some(item));
            }
            let more = match &self.state {
                State::Head => self.read_head()?,
                State::Rows(_) => self.read_row()?,
                State::Over => false,
            };
            if !more && self.waiting.is_empty() {
                return Ok(None);
            }
        }
    }

    /// Finds the header: the first line that is not a comment, else the last comment that names
    /// a value column.
    fn read_head(&mut self) -> io::Result<bool> {
        let mut commented = None;
        for _ in 0..limits::CSV_PREAMBLE_LINES_MAX {
            let Some(line) = self.lines.next_line()? else {
                // A file of comments and perhaps a header: no rows, and nothing wrong.
                self.state = State::Over;
                return Ok(false);
            };
            let text = match line.text {
                Ok(text) => text,
                Err(refusal) => return Ok(self.end_with(refusal, line.number, "")),
            };
            if text.trim().is_empty() {
                self.skipped += 1;
            } else if let Some(comment) = text.strip_prefix('#') {
                self.skipped += 1;
                commented = Columns::of_header(comment).or(commented);
            } else if let Some(columns) = Columns::of_header(&text) {
                self.skipped += 1;
                self.state = State::Rows(columns);
                return Ok(true);
            } else if let Some(columns) = commented {
                self.lines.give_back(line.number, text);
                self.state = State::Rows(columns);
                return Ok(true);
            } else {
                return Ok(self.end_with(without_header(), line.number, &text));
            }
        }
        let refusal = Refusal::new(
            format!("no header in the first {} lines", limits::CSV_PREAMBLE_LINES_MAX),
            "put the header line first, as `value,type,description`",
        );
        Ok(self.end_with(refusal, 1, ""))
    }

    fn end_with(&mut self, refusal: Refusal, line: u64, text: &str) -> bool {
        self.waiting.push_back(Item::Defect(refusal.at(line, text)));
        self.state = State::Over;
        true
    }

    fn read_row(&mut self) -> io::Result<bool> {
        let State::Rows(columns) = &self.state else {
            return Ok(false);
        };
        let Some(record) = self.lines.next_record(columns.delimiter)? else {
            self.state = State::Over;
            return Ok(false);
        };
        let fields = match record.fields {
            Ok(fields) => fields,
            Err(refusal) => {
                self.waiting
                    .push_back(Item::Defect(refusal.at(record.line, &record.text)));
                return Ok(true);
            }
        };
        let empty = fields.iter().all(|field| field.trim().is_empty());
        if empty || record.text.starts_with('#') {
            self.skipped += 1;
            return Ok(true);
        }
        self.waiting
            .extend(row::items(columns, record.line, &record.text, &fields));
        Ok(true)
    }
}

fn without_header() -> Refusal {
    Refusal::new(
        "no header: no column of the first line has a name that says which one is the value",
        "put a header line first, as `value,type,description`; \
         a file of one bare value a line is read as a list",
    )
}

/// Whether `line` is a header that names a value column.
pub(crate) fn is_header(line: &str) -> bool {
    Columns::of_header(line.strip_prefix('#').unwrap_or(line)).is_some()
}

#[cfg(test)]
mod tests;
