//! Separated values with a header (RFC 4180): quoted fields may hold separators, doubled quotes and line ends.
//! A quote inside an unquoted field is taken as it stands.

use crate::fields;
use crate::json::Form;
use crate::plan::{Kinds, Plan, Slot};
use crate::{FieldNames, limits};
use std::borrow::Cow;

/// The names of the columns.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) separator: u8,
    pub(crate) names: Vec<String>,
}

impl Header {
    /// Reads the header row.
    pub(crate) fn read(row: &[u8], separator: u8) -> Header {
        let mut cells = Vec::new();
        let names = match split(row, 0, row.len(), separator, &mut cells) {
            Ok(()) => cells.iter().map(|cell| cell.text(row)).collect(),
            Err(_) => Vec::new(),
        };
        let names = names
            .iter()
            .map(|name: &Cow<'_, [u8]>| String::from_utf8_lossy(name.trim_ascii()).into());
        Header {
            separator,
            names: names.collect(),
        }
    }

    /// What to observe in rows.
    pub(crate) fn plan(&self, kinds: Kinds, names: Option<&FieldNames>) -> Plan {
        let mut plan = Plan::default();
        let schema = fields::infer_columns(&self.names);
        if let Some(names) = names {
            plan.name_schema(names, fields::schema_name(schema));
            self.name(names, &mut plan);
        }
        for (column, name) in (0..).zip(&self.names) {
            plan.add_column(column, Form::String, fields::classify(schema, name), name, kinds);
        }
        plan
    }

    /// The first column of a name is the one that is meant.
    fn name(&self, names: &FieldNames, plan: &mut Plan) {
        for (column, name) in self.names.iter().enumerate() {
            let is_first = !self.names.iter().take(column).any(|before| before == name);
            let number = names.number(name).filter(|_| is_first);
            let unnamed = names.wants_every_value().then_some(FieldNames::UNNAMED);
            if let (Some(number), Ok(column)) = (number.or(unnamed), u32::try_from(column)) {
                plan.name_column(column, number);
            }
        }
    }

    /// One cell of a row by its column's name.
    pub(crate) fn field<'a>(&self, row: &'a [u8], name: &str) -> Option<Cow<'a, [u8]>> {
        let column = self.names.iter().position(|known| known == name)?;
        let mut cells = Vec::new();
        split(row, 0, row.len(), self.separator, &mut cells).ok()?;
        cells.get(column).map(|cell| cell.text(row))
    }
}

/// One cell: the content's place, without its quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether it holds doubled quotes.
    pub(crate) doubled: bool,
}

impl Cell {
    pub(crate) fn text<'a>(&self, row: &'a [u8]) -> Cow<'a, [u8]> {
        let raw = row.get(self.start..self.end).unwrap_or_default();
        if !self.doubled {
            return Cow::Borrowed(raw);
        }
        let mut text = Vec::with_capacity(raw.len());
        let mut quoted = false;
        for byte in raw {
            quoted = *byte == b'"' && !quoted;
            if !quoted {
                text.push(*byte);
            }
        }
        Cow::Owned(text)
    }
}

/// Splits the row `data[start..end]` (line end not included).
pub(crate) fn split(
    data: &[u8],
    start: usize,
    end: usize,
    separator: u8,
    cells: &mut Vec<Cell>,
) -> Result<(), &'static str> {
    cells.clear();
    let data = data.get(..end).unwrap_or(data);
    let mut at = start;
    loop {
        if cells.len() >= limits::COLUMNS_MAX {
            return Err("more columns than the limit allows");
        }
        let (cell, next) = match data.get(at) {
            Some(b'"') => quoted(data, at, separator)?,
            _ => {
                let end = find(data, at, separator);
                (
                    Cell {
                        start: at,
                        end,
                        doubled: false,
                    },
                    end,
                )
            }
        };
        cells.push(cell);
        if data.get(next) != Some(&separator) {
            return Ok(());
        }
        at = next + 1;
    }
}

fn quoted(data: &[u8], at: usize, separator: u8) -> Result<(Cell, usize), &'static str> {
    let start = at + 1;
    let (end, doubled) = closing_quote(data, start).ok_or("a quoted field without its end")?;
    let next = find(data, end + 1, separator);
    Ok((Cell { start, end, doubled }, next))
}

fn find(data: &[u8], at: usize, separator: u8) -> usize {
    let rest = data.get(at..).unwrap_or_default();
    memchr::memchr(separator, rest).map_or(data.len(), |found| at + found)
}

/// Where the quote is that closes the field whose content starts at `at`, and whether quotes are doubled in it.
fn closing_quote(data: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut doubled = false;
    loop {
        let quote = at + memchr::memchr(b'"', data.get(at..)?)?;
        if data.get(quote + 1) != Some(&b'"') {
            return Some((quote, doubled));
        }
        doubled = true;
        at = quote + 2;
    }
}

/// The line end that ends the record starting at `start`; `None` where the data ends before.
pub(crate) fn record_end(data: &[u8], start: usize, separator: u8) -> Option<usize> {
    let mut at = start;
    loop {
        if data.get(at) == Some(&b'"') {
            at = closing_quote(data, at + 1)?.0 + 1;
        }
        at += memchr::memchr2(separator, b'\n', data.get(at..)?)?;
        if data.get(at) == Some(&b'\n') {
            return Some(at);
        }
        at += 1;
    }
}

/// Cells as places for a plan; cells with doubled quotes are rewritten into `buffer`, which then stands for
/// the row.
pub(crate) fn slots<'d>(
    data: &'d [u8],
    cells: &[Cell],
    slots: &mut Vec<Slot>,
    buffer: &'d mut Vec<u8>,
) -> &'d [u8] {
    slots.clear();
    if !cells.iter().any(|cell| cell.doubled) {
        slots.extend(cells.iter().map(|cell| Slot::new(cell.start, cell.end)));
        return data;
    }
    buffer.clear();
    for cell in cells {
        let start = buffer.len();
        buffer.extend_from_slice(&cell.text(data));
        slots.push(Slot::new(start, buffer.len()));
    }
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(row: &str) -> Vec<String> {
        let mut cells = Vec::new();
        split(row.as_bytes(), 0, row.len(), b',', &mut cells).unwrap();
        cells
            .iter()
            .map(|cell| String::from_utf8(cell.text(row.as_bytes()).into()).unwrap())
            .collect()
    }

    #[test]
    fn cells_with_and_without_quotes() {
        assert_eq!(cells("a,b,,c"), ["a", "b", "", "c"]);
        assert_eq!(cells(""), [""]);
        assert_eq!(
            cells(r#""a,1","b""2""","","x"y,5" disk"#),
            ["a,1", "b\"2\"", "", "x", "5\" disk"]
        );
        assert_eq!(cells("\"two\nlines\",x"), ["two\nlines", "x"]);
    }

    #[test]
    fn records_end_outside_quotes() {
        assert_eq!(record_end(b"a,b\nc", 0, b','), Some(3));
        assert_eq!(record_end(b"a,\"b\n\"\nc", 0, b','), Some(6));
        assert_eq!(record_end(b"a,5\" disk\nc", 0, b','), Some(9));
        assert_eq!(record_end(b"a,\"b\n", 0, b','), None);
        assert_eq!(record_end(b"a,b", 0, b','), None);
    }
}
