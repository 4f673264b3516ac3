//! The document as a tree of values that know where they stand: TOML or JSON alike.

use entente_stix::json;
use toml::de::{DeTable, DeValue};

use super::Fault;
use super::fault::{Found, located};
use crate::limits::{AGREEMENT_BYTES_MAX, DOCUMENT_BYTES_MAX, FAULTS_MAX, RECOVERED_BYTES_MAX};

/// A value and where it begins, in bytes from the start of the text; JSON tells no places.
pub(super) struct Node {
    pub(super) at: Option<usize>,
    pub(super) value: Value,
}

pub(super) enum Value {
    Text(String),
    Integer(i64),
    Bool(bool),
    /// A TOML date or time, as it is written.
    Time(String),
    /// A number that is no whole one, as it is written.
    Number(String),
    Null,
    List(Vec<Node>),
    Table(Vec<Member>),
}

/// One key of a table.
pub(super) struct Member {
    pub(super) key: String,
    pub(super) at: Option<usize>,
    pub(super) value: Node,
}

impl Node {
    /// What people call this type of value.
    pub(super) fn words(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a text",
            Value::Integer(_) => "a number",
            Value::Bool(_) => "`true` or `false`",
            Value::Time(_) => "a date or time",
            Value::Number(_) => "a number with a point",
            Value::Null => "null",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// The value of a key, if this is a table that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.members()
            .find(|member| member.key == key)
            .map(|member| &member.value)
    }

    /// The keys and values, if this is a table.
    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        let members = match &self.value {
            Value::Table(members) => members.as_slice(),
            _ => &[],
        };
        members.iter()
    }
}

/// Reads TOML. What is no TOML is told whole: every place that cannot be read; of a very big
/// document the first.
pub(super) fn of_toml(text: &str) -> Result<Node, Vec<Fault>> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(vec![too_big(text.len(), DOCUMENT_BYTES_MAX)]);
    }
    let errors = match DeTable::parse(text) {
        Ok(document) => {
            let value = toml_table(document.into_inner());
            return Ok(Node { at: None, value });
        }
        // Each error costs memory, and every second byte may be one.
        Err(_) if text.len() <= RECOVERED_BYTES_MAX => DeTable::parse_recoverable(text).1,
        Err(first) => vec![first],
    };
    let found = errors.iter().take(FAULTS_MAX).map(|error| Found {
        at: error.span().map(|span| span.start),
        place: String::new(),
        what: format!("not TOML: {}", error.message()),
        way_out: None,
    });
    let more = errors.len().saturating_sub(FAULTS_MAX);
    Err(located(found.collect(), more, Some(text)))
}

fn toml_table(table: DeTable<'_>) -> Value {
    let members = table.into_iter().map(|(key, value)| Member {
        at: Some(key.span().start),
        key: key.into_inner().into_owned(),
        value: toml_value(value),
    });
    Value::Table(members.collect())
}

fn toml_value(value: toml::Spanned<DeValue<'_>>) -> Node {
    let at = Some(value.span().start);
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Number(number.to_string()),
        },
        DeValue::Float(number) => Value::Number(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Value::Bool(truth),
        DeValue::Datetime(time) => Value::Time(time.to_string()),
        DeValue::Array(elements) => Value::List(elements.into_iter().map(toml_value).collect()),
        DeValue::Table(table) => toml_table(table),
    };
    Node { at, value }
}

/// Reads strict I-JSON.
pub(super) fn of_json(text: &[u8]) -> Result<Node, Fault> {
    if text.len() > AGREEMENT_BYTES_MAX {
        return Err(too_big(text.len(), AGREEMENT_BYTES_MAX));
    }
    match json::read(text) {
        Ok(value) => Ok(json_value(&value)),
        Err(error) => Err(Fault::whole(format!("not JSON: {error}"), None)),
    }
}

fn json_value(value: &json::Value<'_>) -> Node {
    let member = |(key, value): (&str, &json::Value<'_>)| Member {
        at: None,
        key: key.to_owned(),
        value: json_value(value),
    };
    let value = match value {
        json::Value::Null => Value::Null,
        json::Value::Bool(truth) => Value::Bool(*truth),
        json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Number(number.text().to_owned()),
        },
        json::Value::String(text) => Value::Text(text.clone().into_owned()),
        json::Value::Array(elements) => Value::List(elements.iter().map(json_value).collect()),
        json::Value::Object(map) => Value::Table(map.iter().map(member).collect()),
    };
    Node { at: None, value }
}

fn too_big(found: usize, most: usize) -> Fault {
    Fault::whole(format!("{found} bytes, where an agreement may have {most}"), None)
}
