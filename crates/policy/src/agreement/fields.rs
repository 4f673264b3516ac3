//! One table of the document: which keys it may have, and which it must.

use super::reader::{Place, Reader, did_you_mean, shown};
use super::tree::{Node, Value};

/// A table whose keys were checked.
pub(super) struct Fields<'n> {
    node: &'n Node,
    part: String,
}

/// Reads one value.
type Read<T> = fn(&mut Reader, &Node, Place<'_>) -> Option<T>;

impl<'n> Fields<'n> {
    /// Takes a table that may have these keys, and tells every other one.
    pub(super) fn of(
        reader: &mut Reader,
        node: &'n Node,
        part: String,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        let place = Place { part: &part, key: "" };
        if !matches!(node.value, Value::Table(_)) {
            let what = format!("{} where a table should be", node.words());
            reader.tell(node.at, place, what, None);
            return None;
        }
        for member in node.members() {
            if known.contains(&member.key.as_str()) {
                continue;
            }
            let way_out = if reader.is_full() {
                None
            } else {
                did_you_mean(&member.key, known.iter().copied())
                    .or_else(|| Some(format!("the keys here are {}", known.join(", "))))
            };
            reader.tell(
                member.at,
                place,
                format!("unknown key `{}`", shown(&member.key)),
                way_out,
            );
        }
        Some(Fields { node, part })
    }

    /// Which part of the document this is.
    pub(super) fn part(&self) -> &str {
        &self.part
    }

    /// Where a value stands, for messages.
    pub(super) fn place<'p>(&'p self, key: &'p str) -> Place<'p> {
        Place {
            part: &self.part,
            key,
        }
    }

    /// The value of a key.
    pub(super) fn node(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key)
    }

    /// A value that must be there; `example` says how it is written.
    pub(super) fn required<T>(
        &self,
        reader: &mut Reader,
        key: &str,
        example: &str,
        read: Read<T>,
    ) -> Option<T> {
        match self.node(key) {
            Some(node) => read(reader, node, self.place(key)),
            None => self.missing(reader, key, example),
        }
    }

    /// A value that may be there. `None`: a fault; `Some(None)`: not there.
    pub(super) fn optional<T>(&self, reader: &mut Reader, key: &str, read: Read<T>) -> Option<Option<T>> {
        match self.node(key) {
            Some(node) => read(reader, node, self.place(key)).map(Some),
            None => Some(None),
        }
    }

    /// Tells a fault of the value of a key, which a reader of single values cannot see.
    pub(super) fn tell(&self, reader: &mut Reader, key: &str, what: String, way_out: Option<&str>) {
        let at = self.node(key).map_or(self.node.at, |node| node.at);
        reader.tell(at, self.place(key), what, way_out.map(str::to_owned));
    }

    /// Tells that a key is missing.
    pub(super) fn missing<T>(&self, reader: &mut Reader, key: &str, example: &str) -> Option<T> {
        let place = Place {
            part: &self.part,
            key: "",
        };
        let way_out = format!("add `{key} = {example}`");
        reader.tell(self.node.at, place, format!("`{key}` is missing"), Some(way_out));
        None
    }
}
