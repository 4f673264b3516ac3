//! Fields by the names that somebody asks for, with their types: what rules are matched with.

use crate::plan::{Slot, without_indices};
use crate::record::fit;
use crate::scan;
use std::collections::HashMap;
use std::sync::Arc;

/// The field names that a visitor wants, each with a number. Cheap to clone; two clones are the same set.
///
/// A name is a dotted path as [`Record::values`](crate::Record::values) takes it: whole (`id.orig_h`,
/// `dns.answers.rdata`, `dns.answers[0].rdata`), or for Windows events without what the field lies in (`Image`
/// for `Event.EventData.Image` and `winlog.event_data.Image`), and then also without blanks (`ThreatName`).
#[derive(Clone, Debug, Default)]
pub struct FieldNames {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
    /// By the name without list indices, so that a record's path finds every name that may ask for it.
    plain: HashMap<Box<str>, Vec<u32>>,
    every_value: bool,
}

/// One value of a field, and the field's number in [`FieldNames`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The number, or [`FieldNames::UNNAMED`].
    pub number: u32,
    /// The value.
    pub value: FieldValue<'a>,
}

/// A value with the type that the record gives it. A list comes as one [`Field`] for each element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValue<'a> {
    /// Text, escapes undone; what is no UTF-8 is replaced by U+FFFD. All that tables and syslog hold is text.
    Text(&'a str),
    /// A number as it is written (`4625`, `-1.5e3`).
    Number(&'a str),
    /// `true` or `false`.
    Boolean(bool),
    /// The field is there, without a value: JSON's `null`, Zeek's `-`.
    Null,
    /// The field is a list without elements.
    Empty,
}

impl FieldNames {
    /// Number of values that no name asks for, given when every value is wanted.
    pub const UNNAMED: u32 = u32::MAX;

    /// Name of a field that every record has: the schema, in lower case: `windows`, `zeek`, `suricata`, `ecs`,
    /// `ocsf`, `syslog`, `text`, or `other`.
    pub const SCHEMA: &'static str = "#schema";

    /// Name of a field that Zeek's records have: the log they are from (`conn`, `dns`).
    pub const LOG: &'static str = "#log";

    /// Numbers the names in their order, from 0; a name that comes again keeps its first number.
    pub fn new<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Self {
        let mut inner = Inner::default();
        for name in names {
            inner.add(name.as_ref());
        }
        FieldNames {
            inner: Arc::new(inner),
        }
    }

    /// The same names; all other values of a record are wanted too, as [`FieldNames::UNNAMED`].
    #[must_use]
    pub fn and_every_value(&self) -> Self {
        FieldNames {
            inner: Arc::new(Inner {
                names: self.inner.names.clone(),
                numbers: self.inner.numbers.clone(),
                plain: self.inner.plain.clone(),
                every_value: true,
            }),
        }
    }

    /// The number of a name.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.inner.numbers.get(name).copied()
    }

    /// The name of a number.
    pub fn name(&self, number: u32) -> Option<&str> {
        self.inner.names.get(number as usize).map(|name| &**name)
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.inner.names.len()
    }

    /// Whether no field is wanted by name.
    pub fn is_empty(&self) -> bool {
        self.inner.names.is_empty()
    }

    /// Whether values without a name are wanted too.
    pub fn wants_every_value(&self) -> bool {
        self.inner.every_value
    }
}

/// A name that asks for a value of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asking {
    pub(crate) number: u32,
    /// Which element of a list it asks for; none is all.
    pub(crate) element: Option<usize>,
    /// Whether it leaves out what the field lies in; then it is not meant where some field has just this name.
    pub(crate) is_inner: bool,
}

impl FieldNames {
    /// Whether both are clones of one set.
    pub(crate) fn is_same(&self, other: &FieldNames) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Tells the names that ask for the value at a path, as [`Record::values`](crate::Record::values) finds it. What
    /// lies in `inside` may be named by the rest of its path.
    pub(crate) fn asking(&self, path: &str, inside: Option<&str>, mut asks: impl FnMut(Asking)) {
        let mut buffer = String::new();
        let plain = without_indices(path, &mut buffer);
        let alike = self.inner.plain.get(plain).map(Vec::as_slice).unwrap_or_default();
        for number in alike {
            if let Some(element) = self.name(*number).and_then(|name| fit(path, name)) {
                asks(Asking {
                    number: *number,
                    element,
                    is_inner: false,
                });
            }
        }
        if inside.is_none_or(|inside| !path.starts_with(inside)) {
            return;
        }
        let inside = path.strip_suffix(".#text").unwrap_or(path);
        let mut ask = |inside: &str| {
            for (dot, _) in inside.match_indices('.') {
                let inner = inside.get(dot + 1..).unwrap_or_default();
                if let Some(number) = self.number(inner)
                    && fit(path, inner).is_none()
                {
                    asks(Asking {
                        number,
                        element: None,
                        is_inner: true,
                    });
                }
            }
        };
        ask(inside);
        if let Some(joined) = without_blanks(inside) {
            ask(&joined);
        }
    }
}

/// A path as people write names that have blanks (Windows Defender's `Threat Name`); none where there are none.
pub(crate) fn without_blanks(path: &str) -> Option<String> {
    path.contains(' ').then(|| path.replace(' ', ""))
}

/// What stands at a place, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typed {
    Text,
    Number,
    True,
    False,
    Null,
    Empty,
}

/// A field whose text is in the record or in [`Gathered::arena`].
#[derive(Clone, Copy, Debug)]
struct Raw {
    number: u32,
    typed: Typed,
    in_arena: bool,
    start: u32,
    end: u32,
}

/// The fields of one record while they are gathered; reused from record to record.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    raws: Vec<Raw>,
    arena: String,
    buffer: Vec<u8>,
    /// Empty: only its memory is of use.
    spare: Vec<Field<'static>>,
}

/// The bytes that fields are gathered from; also as text, where they are UTF-8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'d> {
    pub(crate) bytes: &'d [u8],
    pub(crate) text: Option<&'d str>,
}

impl<'d> Bytes<'d> {
    pub(crate) fn new(bytes: &'d [u8]) -> Self {
        Bytes {
            bytes,
            text: std::str::from_utf8(bytes).ok(),
        }
    }

    fn get(self, start: usize, end: usize) -> &'d [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }
}

impl Gathered {
    pub(crate) fn clear(&mut self) {
        self.raws.clear();
        self.arena.clear();
    }

    /// The fields at these places by another name.
    pub(crate) fn again(&mut self, number: u32, places: std::ops::Range<usize>) {
        for place in places {
            if let Some(raw) = self.raws.get(place).copied() {
                self.raws.push(Raw { number, ..raw });
            }
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.raws.len()
    }

    /// Text without escapes that lies in the bytes.
    pub(crate) fn plain(&mut self, number: u32, data: Bytes<'_>, start: usize, end: usize) {
        if data.text.is_some() {
            let (start, end) = (start as u32, end as u32);
            self.raws.push(Raw {
                number,
                typed: Typed::Text,
                in_arena: false,
                start,
                end,
            });
        } else {
            self.owned(number, data.get(start, end));
        }
    }

    /// Text that is kept here.
    pub(crate) fn owned(&mut self, number: u32, text: &[u8]) {
        let start = self.arena.len() as u32;
        match std::str::from_utf8(text) {
            Ok(text) => self.arena.push_str(text),
            Err(_) => self.arena.push_str(&String::from_utf8_lossy(text)),
        }
        let end = self.arena.len() as u32;
        self.raws.push(Raw {
            number,
            typed: Typed::Text,
            in_arena: true,
            start,
            end,
        });
    }

    pub(crate) fn null(&mut self, number: u32) {
        self.bare(number, Typed::Null);
    }

    pub(crate) fn empty(&mut self, number: u32) {
        self.bare(number, Typed::Empty);
    }

    fn bare(&mut self, number: u32, typed: Typed) {
        self.raws.push(Raw {
            number,
            typed,
            in_arena: true,
            start: 0,
            end: 0,
        });
    }

    /// A JSON string.
    pub(crate) fn json_string(&mut self, number: u32, data: Bytes<'_>, slot: Slot) {
        if !slot.is_escaped() {
            return self.plain(number, data, slot.start(), slot.end());
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        self.owned(
            number,
            scan::unescape(data.get(slot.start(), slot.end()), &mut buffer),
        );
        self.buffer = buffer;
    }

    /// A JSON value that is no string.
    pub(crate) fn json_bare(&mut self, number: u32, data: Bytes<'_>, start: usize, end: usize) {
        match data.get(start, end) {
            b"true" => self.bare(number, Typed::True),
            b"false" => self.bare(number, Typed::False),
            b"null" => self.bare(number, Typed::Null),
            value => {
                self.plain(number, data, start, end);
                if let ([b'0'..=b'9' | b'-', ..], Some(raw)) = (value, self.raws.last_mut()) {
                    raw.typed = Typed::Number;
                }
            }
        }
    }

    /// A JSON list of plain values, or one of its elements.
    pub(crate) fn json_list(&mut self, number: u32, data: Bytes<'_>, start: usize, element: Option<usize>) {
        let mut is_empty = true;
        for (index, found) in scan::Elements::new(data.bytes, start).enumerate() {
            is_empty = false;
            if element.is_some_and(|element| element != index) {
                continue;
            }
            if found.is_string {
                let slot = match found.escaped {
                    true => Slot::new_escaped(found.start, found.end),
                    false => Slot::new(found.start, found.end),
                };
                self.json_string(number, data, slot);
            } else {
                self.json_bare(number, data, found.start, found.end);
            }
        }
        if is_empty && element.is_none() {
            self.empty(number);
        }
    }

    /// Hands the fields on.
    pub(crate) fn give(&mut self, data: Bytes<'_>, to: impl FnOnce(&[Field<'_>])) {
        let spare = std::mem::take(&mut self.spare);
        // Same memory, shorter lives: an empty vector changes its element's type in place.
        let mut fields: Vec<Field<'_>> = spare.into_iter().map_while(|_| None).collect();
        fields.extend(self.raws.iter().map(|raw| {
            let source = if raw.in_arena {
                self.arena.as_str()
            } else {
                data.text.unwrap_or_default()
            };
            let text = source
                .get(raw.start as usize..raw.end as usize)
                .unwrap_or_default();
            let value = match raw.typed {
                Typed::Text => FieldValue::Text(text),
                Typed::Number => FieldValue::Number(text),
                Typed::True => FieldValue::Boolean(true),
                Typed::False => FieldValue::Boolean(false),
                Typed::Null => FieldValue::Null,
                Typed::Empty => FieldValue::Empty,
            };
            Field {
                number: raw.number,
                value,
            }
        }));
        to(&fields);
        fields.clear();
        self.spare = fields.into_iter().map_while(|_| None).collect();
    }
}

impl Inner {
    fn add(&mut self, name: &str) {
        if self.numbers.contains_key(name) {
            return;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(FieldNames::UNNAMED);
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        let mut buffer = String::new();
        let plain = without_indices(name, &mut buffer);
        self.plain.entry(plain.into()).or_default().push(number);
    }
}
