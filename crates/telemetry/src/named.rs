//! Fields by the names that somebody asks for, with their types: what rules are matched with.

use std::collections::HashMap;
use std::sync::Arc;

/// The field names that a visitor wants, each with a number. Cheap to clone; two clones are the same set.
///
/// A name is a dotted path as [`Record::values`](crate::Record::values) takes it: whole (`id.orig_h`,
/// `dns.answers.rdata`, `dns.answers[0].rdata`), or for Windows events without what the field lies in (`Image`
/// for `Event.EventData.Image` and `winlog.event_data.Image`).
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

impl Inner {
    fn add(&mut self, name: &str) {
        if self.numbers.contains_key(name) {
            return;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(FieldNames::UNNAMED);
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        let mut buffer = String::new();
        let plain = crate::plan::without_indices(name, &mut buffer);
        self.plain.entry(plain.into()).or_default().push(number);
    }
}
