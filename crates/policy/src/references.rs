//! Ids in an object: where one stands alone, and where a longer text mentions one.
//!
//! The id of what a recipient does not have tells that it exists. So every string and every key counts,
//! not only those that the standard calls references.

use entente_stix::id;
use entente_stix::json::{Value, push_token};

/// The shortest text that can hold an id: a letter, two hyphens, a UUID.
const ID_BYTES_MIN: usize = 1 + 2 + UUID_BYTES;
const UUID_BYTES: usize = 36;

/// The first id, alone or mentioned, that `may` does not let stand. `None`: the value can go as it is.
pub(crate) fn first_foreign<'v>(value: &'v Value<'_>, may: &dyn Fn(&str) -> bool) -> Option<&'v str> {
    match value {
        Value::String(text) => foreign_in(text, may),
        Value::Array(elements) => elements.iter().find_map(|element| first_foreign(element, may)),
        Value::Object(map) => map
            .iter()
            .find_map(|(key, member)| foreign_in(key, may).or_else(|| first_foreign(member, may))),
        _ => None,
    }
}

/// As [`first_foreign`] in one text.
pub(crate) fn foreign_in<'t>(text: &'t str, may: &dyn Fn(&str) -> bool) -> Option<&'t str> {
    if text.len() < ID_BYTES_MIN {
        return None;
    }
    if id::is_id(text) {
        return (!may(text)).then_some(text);
    }
    mentions(text).find(|mentioned| !may(mentioned))
}

/// The ids that a text mentions, each with all that could belong to its type. Capitals count as well:
/// `Indicator--…` names the same to a reader, and is never the id of anything.
pub(crate) fn mentions(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let hyphens = from + bytes.get(from..)?.windows(2).position(|pair| pair == b"--")?;
            from = hyphens + 1;
            let end = hyphens + 2 + UUID_BYTES;
            let uuid = bytes.get(hyphens + 2..end)?;
            if !is_uuid(uuid) {
                continue;
            }
            let start = type_start(bytes, hyphens);
            if start < hyphens
                && let Some(mentioned) = text.get(start..end)
            {
                from = end;
                return Some(mentioned);
            }
        }
    })
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

fn type_start(bytes: &[u8], end: usize) -> usize {
    let before = bytes.get(..end).unwrap_or_default();
    let of_type = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'-' | b'_');
    let length = before
        .iter()
        .rev()
        .take_while(of_type)
        .take(entente_stix::limits::TYPE_NAME_BYTES_MAX);
    end - length.count()
}

/// What must be taken out of a value so that no foreign id stands alone in it.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    /// JSON pointers of what goes.
    pub(crate) pointers: Vec<String>,
    /// The ids that stood there.
    pub(crate) ids: Vec<String>,
}

/// Looks through all of an object but what `skip` names and its own granular markings, which follow from
/// what goes. An object inside goes whole where it has an id of its own: nobody decided about it. Only
/// the `objects` of observed data are what the standard makes them, and stay where they may.
pub(crate) fn foreign(
    object: &Value<'_>,
    may: &dyn Fn(&str) -> bool,
    skip: &dyn Fn(&str) -> bool,
) -> Foreign {
    let is_observed = object.get("type").and_then(Value::as_str) == Some("observed-data");
    let mut walk = Walk {
        may,
        skip,
        is_observed,
        found: Foreign::default(),
    };
    walk.value(object, &mut String::new(), 0);
    walk.found
}

/// Whether an object inside has an id of its own, so that nobody decided about it.
pub(crate) fn holds_undecided(object: &Value<'_>, may: &dyn Fn(&str) -> bool) -> bool {
    let is_observed = object.get("type").and_then(Value::as_str) == Some("observed-data");
    let members = object.as_object().into_iter().flat_map(|map| map.iter());
    members
        .into_iter()
        .any(|(key, member)| match (key, member.as_object()) {
            ("objects", Some(graph)) if is_observed && member.get("id").is_none() => {
                graph.iter().any(|(_, one)| {
                    is_undecided(one, true, may)
                        || inner_values(one).any(|inner| undecided_within(inner, may))
                })
            }
            _ => undecided_within(member, may),
        })
}

fn undecided_within(value: &Value<'_>, may: &dyn Fn(&str) -> bool) -> bool {
    is_undecided(value, false, may) || inner_values(value).any(|inner| undecided_within(inner, may))
}

fn inner_values<'v, 'a>(value: &'v Value<'a>) -> impl Iterator<Item = &'v Value<'a>> {
    let elements = value.as_array().unwrap_or_default().iter();
    let members = value
        .as_object()
        .into_iter()
        .flat_map(|map| map.iter().map(|(_, member)| member));
    elements.chain(members)
}

fn is_undecided(inner: &Value<'_>, in_graph: bool, may: &dyn Fn(&str) -> bool) -> bool {
    let own = inner
        .get("id")
        .and_then(Value::as_str)
        .filter(|own| id::is_id(own));
    own.is_some_and(|own| !(in_graph && may(own)))
}

struct Walk<'w> {
    may: &'w dyn Fn(&str) -> bool,
    skip: &'w dyn Fn(&str) -> bool,
    is_observed: bool,
    found: Foreign,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value<'_>, pointer: &mut String, depth: usize) {
        if (self.skip)(pointer) || pointer == "/granular_markings" {
            return;
        }
        match value {
            Value::String(text) if id::is_id(text) && !(self.may)(text) => self.take(pointer, text),
            Value::Array(elements) => {
                for (place, element) in elements.iter().enumerate() {
                    self.inside(&place.to_string(), element, pointer, depth);
                }
            }
            Value::Object(map) => {
                let in_graph = self.is_observed && depth == 2 && pointer.starts_with("/objects/");
                if depth > 0 && is_undecided(value, in_graph, self.may) {
                    let own = value.get("id").and_then(Value::as_str).unwrap_or_default();
                    self.take(pointer, own);
                    return;
                }
                for (key, member) in map.iter() {
                    let length = pointer.len();
                    if id::is_id(key) && !(self.may)(key) {
                        push_token(pointer, key);
                        self.take(pointer, key);
                        pointer.truncate(length);
                    } else {
                        self.inside(key, member, pointer, depth);
                    }
                }
            }
            _ => {}
        }
    }

    fn inside(&mut self, token: &str, value: &Value<'_>, pointer: &mut String, depth: usize) {
        let length = pointer.len();
        push_token(pointer, token);
        self.value(value, pointer, depth + 1);
        pointer.truncate(length);
    }

    fn take(&mut self, pointer: &str, id: &str) {
        self.found.pointers.push(pointer.to_owned());
        self.found.ids.push(id.to_owned());
    }
}
