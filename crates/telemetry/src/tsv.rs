//! Zeek's tab-separated form: the header that says what columns hold, and rows by it.
//!
//! `#separator`, `#set_separator`, `#empty_field`, `#unset_field`, `#path`, `#fields` and `#types` may come
//! again anywhere in a file and hold from there on.

use crate::fields::{self, Class, How, Schema};
use crate::json::Form;
use crate::named::{Bytes, Gathered};
use crate::plan::{self, Kinds};
use crate::{FieldNames, Kind, Observed, Value, Visitor, limits, simd};
use std::borrow::Cow;

/// What is known of the columns.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) separator: u8,
    set_separator: Vec<u8>,
    empty: Vec<u8>,
    unset: Vec<u8>,
    path: Option<Vec<u8>>,
    pub(crate) fields: Vec<String>,
    types: Vec<Vec<u8>>,
}

impl Default for Header {
    fn default() -> Self {
        Header {
            separator: b'\t',
            set_separator: b",".to_vec(),
            empty: b"(empty)".to_vec(),
            unset: b"-".to_vec(),
            path: None,
            fields: Vec::new(),
            types: Vec::new(),
        }
    }
}

impl Header {
    /// Takes in one line that starts with `#`.
    pub(crate) fn apply(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(separator) = line.strip_prefix(b"#separator ") {
            let mut buffer = Vec::new();
            if let [byte] = unescape(separator, &mut buffer) {
                self.separator = *byte;
            }
            return;
        }
        let mut words = line.split(|byte| *byte == self.separator);
        let name = words.next().unwrap_or_default();
        let first = || line.get(name.len() + 1..).unwrap_or_default().to_vec();
        match name {
            b"#set_separator" => self.set_separator = first(),
            b"#empty_field" => self.empty = first(),
            b"#unset_field" => self.unset = first(),
            b"#path" => self.path = Some(first()),
            b"#fields" => {
                let names = words.take(limits::COLUMNS_MAX);
                self.fields = names
                    .map(|name| String::from_utf8_lossy(name).into_owned())
                    .collect();
                self.types.clear();
            }
            b"#types" => self.types = words.take(limits::COLUMNS_MAX).map(<[u8]>::to_vec).collect(),
            _ => {}
        }
    }

    /// The columns that hold something of interest.
    pub(crate) fn columns(&self, kinds: Kinds) -> Columns {
        let log = self.path.as_deref().and_then(fields::log_named);
        let log = log.or_else(|| fields::infer_log(self.fields.iter().map(|field| field.as_bytes())));
        let mut columns = Columns {
            wanted: Vec::new(),
            hosts: Vec::new(),
            ports: Vec::new(),
            paths: Vec::new(),
        };
        for (index, name) in self.fields.iter().enumerate() {
            let kind_of_zeek = self.types.get(index).map(Vec::as_slice);
            let class = class_of(Schema::Zeek(log), name, kind_of_zeek);
            columns.add(index, class, is_list(kind_of_zeek), kinds);
        }
        columns
    }

    /// The columns that are asked for by name.
    pub(crate) fn named(&self, names: &FieldNames) -> Named {
        let mut named: Vec<NamedColumn> = Vec::new();
        for (index, name) in self.fields.iter().enumerate() {
            let is_list = is_list(self.types.get(index).map(Vec::as_slice));
            let column = |number, element| NamedColumn {
                index,
                number,
                element,
                is_list,
            };
            let before = named.len();
            // The first column of a name is the one that is meant.
            if !self.fields.iter().take(index).any(|before| before == name) {
                names.asking(name, None, |asked| {
                    named.push(column(asked.number, asked.element))
                });
            }
            if named.len() == before && names.wants_every_value() {
                named.push(column(FieldNames::UNNAMED, None));
            }
        }
        let log = self
            .path
            .as_deref()
            .and_then(|path| std::str::from_utf8(path).ok());
        let known = || fields::infer_log(self.fields.iter().map(|field| field.as_bytes()));
        let log = log.or_else(|| known().and_then(fields::log_name));
        let constants = [(FieldNames::SCHEMA, Some("zeek")), (FieldNames::LOG, log)];
        let constants = constants.into_iter().filter_map(|(name, text)| {
            let number = names.number(name)?;
            Some((number, text?.to_owned()))
        });
        Named {
            columns: named,
            constants: constants.collect(),
        }
    }

    fn is_nothing(&self, value: &[u8]) -> bool {
        value.is_empty() || value == self.unset || value == self.empty
    }

    /// The first value of one field of a row.
    pub(crate) fn field<'a>(&self, row: &'a [u8], path: &str) -> Option<Cow<'a, [u8]>> {
        self.values(row, path).into_iter().next()
    }

    /// The values of one field of a row by its name, or by name and index (`answers[1]`).
    pub(crate) fn values<'a>(&self, row: &'a [u8], path: &str) -> Vec<Cow<'a, [u8]>> {
        let position = |name: &str| self.fields.iter().position(|field| field == name);
        let indexed = || {
            let (name, index) = path.strip_suffix(']')?.rsplit_once('[')?;
            Some((position(name)?, Some(index.parse::<usize>().ok()?)))
        };
        let found = position(path).map(|column| (column, None)).or_else(indexed);
        let Some((column, element)) = found else {
            return Vec::new();
        };
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        let value = row.split(|byte| *byte == self.separator).nth(column);
        let Some(value) = value.filter(|value| !self.is_nothing(value)) else {
            return Vec::new();
        };
        if !is_list(self.types.get(column).map(Vec::as_slice)) {
            return if element.is_none_or(|index| index == 0) {
                vec![owned(value)]
            } else {
                Vec::new()
            };
        }
        let all = elements(value, &self.set_separator).enumerate();
        all.filter(|(index, _)| element.is_none_or(|element| element == *index))
            .map(|(_, value)| owned(value))
            .collect()
    }
}

fn owned(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'\\') {
        return Cow::Borrowed(value);
    }
    let mut buffer = Vec::new();
    unescape(value, &mut buffer);
    Cow::Owned(buffer)
}

fn is_list(kind: Option<&[u8]>) -> bool {
    kind.is_some_and(|kind| kind.starts_with(b"set[") || kind.starts_with(b"vector["))
}

fn class_of(schema: Schema, name: &str, kind: Option<&[u8]>) -> Class {
    let inner = kind.map(|kind| {
        let inner = kind
            .strip_prefix(b"set[")
            .or_else(|| kind.strip_prefix(b"vector["));
        inner.and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(kind)
    });
    match inner {
        // The sensor itself says it is an address, whatever the log.
        Some(b"addr") => fields::is(Kind::Address),
        // A port means something only beside a URL's host and path.
        Some(b"port") => match fields::classify(schema, name) {
            class @ Class::Is(_, How::UrlPort) => class,
            _ => Class::Nothing,
        },
        Some(b"string" | b"pattern" | b"file" | b"func" | b"any") | None => fields::classify(schema, name),
        Some(_) if name == "proxied" => fields::is(Kind::Text),
        Some(_) => Class::Nothing,
    }
}

#[derive(Clone, Copy, Debug)]
struct Column {
    index: usize,
    kind: Kind,
    how: How,
    form: Form,
}

/// The fields that are asked for by name, for one header.
#[derive(Debug)]
pub(crate) struct Named {
    columns: Vec<NamedColumn>,
    constants: Vec<(u32, String)>,
}

#[derive(Clone, Copy, Debug)]
struct NamedColumn {
    index: usize,
    number: u32,
    element: Option<usize>,
    is_list: bool,
}

/// The columns to look at, for one header and one set of kinds.
#[derive(Debug)]
pub(crate) struct Columns {
    wanted: Vec<Column>,
    hosts: Vec<Column>,
    ports: Vec<Column>,
    paths: Vec<Column>,
}

impl Columns {
    fn add(&mut self, index: usize, class: Class, is_list: bool, kinds: Kinds) {
        let form = if is_list { Form::List } else { Form::String };
        let column = |kind, how| Column {
            index,
            kind,
            how,
            form,
        };
        let (kinds_of_it, how) = match class {
            Class::Nothing => return,
            Class::Is(kind, how) => ([Some(kind), None], how),
            Class::Either(first, second) => ([Some(first), Some(second)], How::Whole),
        };
        if how == How::UrlPath {
            if kinds.has(Kind::Url) || kinds.has(Kind::Host) {
                self.paths.push(column(Kind::Url, how));
            }
            return;
        }
        if how == How::UrlPort {
            if kinds.has(Kind::Url) {
                self.ports.push(column(Kind::Url, how));
            }
            return;
        }
        if how == How::UrlHost && kinds.has(Kind::Url) {
            self.hosts.push(column(Kind::Host, how));
        }
        let wanted = kinds_of_it.into_iter().flatten().filter(|kind| kinds.has(*kind));
        self.wanted.extend(wanted.map(|kind| column(kind, how)));
    }
}

/// Where the columns of a row end; reused.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// Before each column: where it starts; after the last: one past the line end.
    starts: Vec<u32>,
    has_escapes: bool,
    first: Vec<u8>,
    second: Vec<u8>,
}

impl Row {
    /// Splits the line that starts at `start`; gives where its line end is.
    #[inline]
    pub(crate) fn split(&mut self, data: &[u8], start: usize, separator: u8) -> usize {
        self.starts.clear();
        self.starts.push(start as u32);
        let mut at = start;
        let mut escapes = 0;
        loop {
            let masks = simd::separators64(data, at, separator);
            let line = masks.lines.trailing_zeros();
            let mut separators = masks.separators;
            if line < 64 {
                separators &= (1 << line) - 1;
            }
            // More than the limit counts the same as the limit: the row is then broken.
            if self.starts.len() > limits::COLUMNS_MAX {
                separators = 0;
            }
            while separators != 0 {
                self.starts.push(at as u32 + separators.trailing_zeros() + 1);
                separators &= separators - 1;
            }
            escapes |= masks.escapes;
            if line < 64 {
                self.has_escapes = escapes != 0;
                let end = at + line as usize;
                self.starts.push(end as u32 + 1);
                return end;
            }
            at += 64;
            if at >= data.len() {
                self.starts.push(data.len() as u32 + 1);
                return data.len();
            }
        }
    }

    pub(crate) fn columns(&self) -> usize {
        self.starts.len() - 1
    }

    #[inline(always)]
    fn value<'d>(&self, data: &'d [u8], index: usize) -> Option<&'d [u8]> {
        let start = *self.starts.get(index)?;
        let end = *self.starts.get(index + 1)?;
        data.get(start as usize..(end as usize).checked_sub(1)?)
    }

    /// Shows the visitor the values of a row that was split.
    #[inline]
    pub(crate) fn observe<V: Visitor>(
        &mut self,
        data: &[u8],
        header: &Header,
        columns: &Columns,
        visitor: &mut V,
    ) {
        for column in &columns.wanted {
            let Some(value) = self.value(data, column.index) else {
                continue;
            };
            let Some(field) = header.fields.get(column.index) else {
                continue;
            };
            if header.is_nothing(value) {
                continue;
            }
            if column.form == Form::String && column.how == How::Whole && !self.has_escapes {
                visitor.observed(Observed {
                    kind: column.kind,
                    field,
                    value: Value::Plain(value),
                });
                continue;
            }
            if column.form == Form::String {
                let value = text(value, self.has_escapes, &mut self.first);
                plan::pieces(visitor, column.kind, column.how, field, value);
                continue;
            }
            for element in elements(value, &header.set_separator) {
                if !header.is_nothing(element) {
                    let element = text(element, self.has_escapes, &mut self.first);
                    plan::pieces(visitor, column.kind, column.how, field, element);
                }
            }
        }
        if !columns.paths.is_empty() {
            self.observe_urls(data, header, columns, visitor);
        }
    }

    /// Gathers the named fields of a row that was split.
    pub(crate) fn gather(
        &mut self,
        data: Bytes<'_>,
        header: &Header,
        named: &Named,
        gathered: &mut Gathered,
    ) {
        gathered.clear();
        for (number, text) in &named.constants {
            gathered.owned(*number, text.as_bytes());
        }
        let mut buffer = std::mem::take(&mut self.first);
        for column in &named.columns {
            let Some(value) = self.value(data.bytes, column.index) else {
                continue;
            };
            let is_last = column.index + 1 == self.columns();
            let value = value.strip_suffix(b"\r").filter(|_| is_last).unwrap_or(value);
            let number = column.number;
            if value == header.unset {
                gathered.null(number);
            } else if column.is_list && (value.is_empty() || value == header.empty) {
                gathered.empty(number);
            } else if column.is_list {
                let wanted = |index: usize| column.element.is_none_or(|element| element == index);
                let elements = elements(value, &header.set_separator).enumerate();
                for (_, element) in elements.filter(|(index, _)| wanted(*index)) {
                    self.gather_one(header, number, element, &mut buffer, gathered);
                }
            } else if column.element.is_none_or(|element| element == 0) {
                self.gather_one(header, number, value, &mut buffer, gathered);
            }
        }
        self.first = buffer;
    }

    fn gather_one(
        &self,
        header: &Header,
        number: u32,
        value: &[u8],
        buffer: &mut Vec<u8>,
        to: &mut Gathered,
    ) {
        if value == header.unset {
            to.null(number);
        } else if value == header.empty {
            to.owned(number, b"");
        } else {
            to.owned(number, text(value, self.has_escapes, buffer));
        }
    }

    fn observe_urls<V: Visitor>(&mut self, data: &[u8], header: &Header, columns: &Columns, visitor: &mut V) {
        let (mut first, mut second) = (std::mem::take(&mut self.first), std::mem::take(&mut self.second));
        for column in &columns.paths {
            let path = self
                .value(data, column.index)
                .filter(|path| !header.is_nothing(path));
            let (Some(path), Some(field)) = (path, header.fields.get(column.index)) else {
                continue;
            };
            let path = text(path, self.has_escapes, &mut first);
            let hosts = columns
                .hosts
                .iter()
                .filter_map(|column| self.value(data, column.index));
            let host = hosts.into_iter().find(|host| !header.is_nothing(host));
            let host = host.map(|host| text(host, self.has_escapes, &mut second));
            let ports = columns
                .ports
                .iter()
                .filter_map(|column| self.value(data, column.index));
            let port = ports.into_iter().find(|port| !header.is_nothing(port));
            plan::url(visitor, field, path, host, port);
        }
        (self.first, self.second) = (first, second);
    }
}

fn elements<'a>(value: &'a [u8], separator: &[u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let separator = separator.first().copied().unwrap_or(b',');
    value.split(move |byte| *byte == separator)
}

/// The value with its escapes undone; rows without any are not searched for them.
fn text<'t>(raw: &'t [u8], has_escapes: bool, buffer: &'t mut Vec<u8>) -> &'t [u8] {
    if has_escapes && memchr::memchr(b'\\', raw).is_some() {
        unescape(raw, buffer)
    } else {
        raw
    }
}

/// Undoes Zeek's `\x09` and `\\`.
pub(crate) fn unescape<'b>(text: &[u8], buffer: &'b mut Vec<u8>) -> &'b [u8] {
    buffer.clear();
    let mut rest = text;
    while let Some(slash) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(slash);
        buffer.extend_from_slice(plain);
        rest = match escape {
            [_, b'x', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: &u8| (*byte as char).to_digit(16).unwrap_or(0);
                buffer.push((digit(high) << 4 | digit(low)) as u8);
                rest
            }
            [_, b'\\', rest @ ..] => {
                buffer.push(b'\\');
                rest
            }
            [slash, rest @ ..] => {
                buffer.push(*slash);
                rest
            }
            [] => &[],
        };
    }
    buffer.extend_from_slice(rest);
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let check = |text: &str, plain: &[u8]| assert_eq!(unescape(text.as_bytes(), &mut Vec::new()), plain);
        check(r"a\x09b", b"a\tb");
        check(r"\\\\server\\share", br"\\server\share");
        check(r"\xZZ\x4", br"\xZZ\x4");
        check("\\xff\\", b"\xff\\");
    }

    #[test]
    fn rows_are_split_at_any_length() {
        let mut row = Row::default();
        for length in 0..200 {
            let text = format!("a\t{}\tb\n!", "x".repeat(length));
            let end = row.split(text.as_bytes(), 0, b'\t');
            assert_eq!(end, text.len() - 2);
            assert_eq!(row.columns(), 3);
            assert_eq!(row.value(text.as_bytes(), 1).unwrap().len(), length);
            assert_eq!(row.value(text.as_bytes(), 2).unwrap(), b"b");
        }
    }
}
