//! YAML as far as rules need it: nodes with their places, one document's fault beside the good ones.
//!
//! YAML 1.2 with the core schema, so `yes` and `no` are texts and `010` is ten. Keys are texts and stand once. Anchors
//! and aliases work and count against the bounds as often as they are used; `<<` is a key like any other.
//! Begin at [`documents`].

mod read;
mod scalar;
mod split;

pub(crate) use scalar::number;

use crate::error::{Place, Reason, Refusal};
use crate::limits;
use crate::test::Number;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~`, or nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, and how it was written.
    Number(Number, String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map in the order written; keys are unique.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// Its value.
    pub node: Node,
}

/// Every document of a text, in order, each a node or a refusal. Documents that hold nothing are left out. Places
/// name `source` as the text they are in.
pub fn documents(text: &str, source: u32) -> Vec<Result<Node, Refusal>> {
    let begin = Place {
        source,
        ..Place::default()
    };
    if text.len() > limits::TEXT_BYTES_MAX {
        return vec![Err(begin.refuse(Reason::TooMuch {
            what: "bytes in one text",
            max: limits::TEXT_BYTES_MAX,
        }))];
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    for part in split::parts(text) {
        if found.len() >= limits::DOCUMENTS_MAX {
            let place = Place {
                line: part.line,
                ..begin
            };
            found.push(Err(place.refuse(Reason::TooMuch {
                what: "documents in one text",
                max: limits::DOCUMENTS_MAX,
            })));
            break;
        }
        read::part(&part, source, &mut found);
    }
    found
}

impl Node {
    /// The value of a key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// A key of a map with its value.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.map()
            .and_then(|entries| entries.iter().find(|entry| entry.key == key))
    }

    /// The entries, if it is a map.
    pub fn map(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    pub fn list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(nodes) => Some(nodes),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a text, number or boolean.
    pub fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) => Some(text.clone()),
            Value::Number(_, written) => Some(written.clone()),
            Value::Boolean(value) => Some(value.to_string()),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// A boolean, also in the words of YAML 1.1: `yes`, `no`, `on`, `off`.
    pub fn boolean(&self) -> Option<bool> {
        match &self.value {
            Value::Boolean(value) => Some(*value),
            Value::Text(text) => match text.to_ascii_lowercase().as_str() {
                "yes" | "on" => Some(true),
                "no" | "off" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// What it is, in words: `a list`, `the text …`.
    pub fn kind(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Boolean(value) => format!("the boolean `{value}`"),
            Value::Number(_, written) => format!("the number `{}`", shown(written)),
            Value::Text(text) => format!("the text `{}`", shown(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }

    /// It must be this, and is not.
    pub(crate) fn wrong(&self, attribute: impl Into<String>, expected: &'static str) -> Refusal {
        self.place.refuse(Reason::wrong(attribute, expected, self.kind()))
    }
}

/// A text as it may stand in a message.
pub(crate) fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut chars = text.chars();
    let mut cut: String = chars
        .by_ref()
        .take(CHARS_MAX)
        .flat_map(char::escape_debug)
        .collect();
    if chars.next().is_some() {
        cut.push('…');
    }
    cut
}
