//! Events of the YAML parser to nodes, within bounds.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::split::Part;
use super::{Entry, Node, Value, scalar};
use crate::error::{Place, Reason, Refusal};
use crate::limits;

/// Reads the documents of one part and appends them.
pub(super) fn part(part: &Part<'_>, source: u32, found: &mut Vec<Result<Node, Refusal>>) {
    let mut parser = Parser::new_from_str(part.text);
    let mut reader = Reader {
        source,
        document: u32::try_from(found.len() + 1).unwrap_or(u32::MAX),
        line: part.line,
        ..Reader::default()
    };
    loop {
        match reader.document(&mut parser) {
            Ok(Some(node)) if node.is_null() => {}
            Ok(Some(node)) => {
                found.push(Ok(node));
                reader.document += 1;
            }
            Ok(None) => return,
            Err(refusal) => {
                found.push(Err(refusal));
                return;
            }
        }
    }
}

#[derive(Default)]
struct Reader {
    source: u32,
    document: u32,
    line: u32,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    weight: Weight,
}

/// A list or map whose end has not come.
struct Open {
    place: Place,
    anchor: usize,
    before: Weight,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: Option<(String, Place)>,
    },
}

/// A node that aliases may repeat, and what each repetition costs.
struct Anchored {
    node: Node,
    weight: Weight,
}

#[derive(Default, Clone, Copy)]
struct Weight {
    nodes: usize,
    bytes: usize,
}

impl Reader {
    fn document(&mut self, parser: &mut Parser<'_, StrInput<'_>>) -> Result<Option<Node>, Refusal> {
        self.open.clear();
        self.anchors.clear();
        self.weight = Weight::default();
        let mut root = None;
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| {
                let place = self.place_at(error.marker().line(), error.marker().col());
                place.refuse(Reason::Yaml(error.info().to_owned()))
            })?;
            match event {
                Event::DocumentEnd => return Ok(root),
                Event::StreamEnd => return Ok(None),
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
                event => {
                    if let Some(node) = self.event(event, span)? {
                        root = Some(node);
                    }
                }
            }
        }
        Ok(None)
    }

    /// One event of the content; the root node when it is complete.
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<Option<Node>, Refusal> {
        let place = self.place_at(span.start.line(), span.start.col());
        match event {
            Event::SequenceStart(anchor, _) => self.begin(place, anchor, Inside::List(Vec::new())),
            Event::MappingStart(anchor, _) => {
                let (entries, key) = (Vec::new(), None);
                self.begin(place, anchor, Inside::Map { entries, key })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Scalar(text, style, anchor, tag) => {
                let before = self.weight;
                self.weigh(
                    place,
                    Weight {
                        nodes: 1,
                        bytes: text.len(),
                    },
                )?;
                let value = value(&text, style, tag.as_deref()).map_err(|reason| place.refuse(reason))?;
                let node = Node { place, value };
                self.anchor(anchor, &node, before)?;
                self.place_node(node, Some(text.into_owned()))
            }
            Event::Alias(anchor) => self.alias(place, anchor),
            _ => Ok(None),
        }
    }

    fn begin(&mut self, place: Place, anchor: usize, inside: Inside) -> Result<Option<Node>, Refusal> {
        if self.open.len() >= limits::DEPTH_MAX {
            return Err(place.refuse(Reason::TooMuch {
                what: "lists and maps inside each other",
                max: limits::DEPTH_MAX,
            }));
        }
        let before = self.weight;
        self.weigh(place, Weight { nodes: 1, bytes: 0 })?;
        self.open.push(Open {
            place,
            anchor,
            before,
            inside,
        });
        Ok(None)
    }

    fn end(&mut self) -> Result<Option<Node>, Refusal> {
        let Some(open) = self.open.pop() else {
            return Ok(None);
        };
        let value = match open.inside {
            Inside::List(nodes) => Value::List(nodes),
            Inside::Map { entries, .. } => {
                unique(&entries)?;
                Value::Map(entries)
            }
        };
        let node = Node {
            place: open.place,
            value,
        };
        self.anchor(open.anchor, &node, open.before)?;
        self.place_node(node, None)
    }

    fn alias(&mut self, place: Place, anchor: usize) -> Result<Option<Node>, Refusal> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            let why = "an alias to an anchor that it is itself part of";
            return Err(place.refuse(Reason::Yaml(why.to_owned())));
        };
        let weight = anchored.weight;
        self.weigh(place, weight)?;
        let node = self.anchors.get(&anchor).map(|anchored| anchored.node.clone());
        match node {
            Some(node) => {
                let key = node.scalar();
                self.place_node(node, key)
            }
            None => Ok(None),
        }
    }

    /// Keeps a node that has an anchor; the copy is weighed too.
    fn anchor(&mut self, anchor: usize, node: &Node, before: Weight) -> Result<(), Refusal> {
        if anchor == 0 {
            return Ok(());
        }
        let weight = Weight {
            nodes: self.weight.nodes - before.nodes,
            bytes: self.weight.bytes - before.bytes,
        };
        self.weigh(node.place, weight)?;
        let node = node.clone();
        self.anchors.insert(anchor, Anchored { node, weight });
        Ok(())
    }

    /// Puts a complete node where it belongs; `key` is its text if it may be a key.
    fn place_node(&mut self, node: Node, key: Option<String>) -> Result<Option<Node>, Refusal> {
        match self.open.last_mut().map(|open| &mut open.inside) {
            None => return Ok(Some(node)),
            Some(Inside::List(nodes)) => nodes.push(node),
            Some(Inside::Map {
                entries,
                key: waiting,
            }) => match waiting.take() {
                Some((key, place)) => entries.push(Entry { key, place, node }),
                None => match key {
                    Some(text) => *waiting = Some((text, node.place)),
                    None => {
                        let why = "a key must be a text, not a list or a map";
                        return Err(node.place.refuse(Reason::Yaml(why.to_owned())));
                    }
                },
            },
        }
        Ok(None)
    }

    fn weigh(&mut self, place: Place, more: Weight) -> Result<(), Refusal> {
        self.weight.nodes = self.weight.nodes.saturating_add(more.nodes);
        self.weight.bytes = self.weight.bytes.saturating_add(more.bytes);
        let (what, max) = if self.weight.nodes > limits::NODES_MAX {
            ("values in one document", limits::NODES_MAX)
        } else if self.weight.bytes > limits::SCALAR_BYTES_MAX {
            ("bytes of values in one document", limits::SCALAR_BYTES_MAX)
        } else {
            return Ok(());
        };
        Err(place.refuse(Reason::TooMuch { what, max }))
    }

    /// The parser counts lines of its part from 1 and columns from 0.
    fn place_at(&self, line: usize, column: usize) -> Place {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Place {
            source: self.source,
            document: self.document,
            line: self.line.saturating_add(line).saturating_sub(1),
            column: u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
        }
    }
}

fn value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, Reason> {
    let plain = matches!(style, ScalarStyle::Plain);
    let Some(tag) = tag else {
        return Ok(if plain {
            scalar::plain(text)
        } else {
            Value::Text(text.to_owned())
        });
    };
    if !tag.is_yaml_core_schema() {
        return Ok(Value::Text(text.to_owned()));
    }
    let value = match tag.suffix.as_str() {
        "str" => return Ok(Value::Text(text.to_owned())),
        _ => scalar::plain(text),
    };
    let fits = match tag.suffix.as_str() {
        "int" | "float" => matches!(value, Value::Number(..)),
        "bool" => matches!(value, Value::Boolean(_)),
        "null" => matches!(value, Value::Null),
        _ => true,
    };
    fits.then_some(value)
        .ok_or_else(|| Reason::Yaml(format!("the tag `!!{}` does not fit its value", tag.suffix)))
}

fn unique(entries: &[Entry]) -> Result<(), Refusal> {
    let mut seen = HashSet::with_capacity(entries.len());
    for entry in entries {
        if !seen.insert(entry.key.as_str()) {
            let first = entries.iter().find(|other| other.key == entry.key);
            return Err(entry.place.refuse(Reason::DuplicateKey {
                key: super::shown(&entry.key),
                first: first.map_or(0, |first| first.place.line),
            }));
        }
    }
    Ok(())
}
