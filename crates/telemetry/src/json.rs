//! One JSON object to the flat list of its values, by a loop with an explicit stack.
//!
//! This is the reader that is always right; `shape` is the one that is fast, and learns from this one.

use crate::{limits, scan};

/// What stands at a value's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A string; its span is the content between the quotes.
    String,
    /// A number, `true`, `false` or `null`.
    Bare,
    /// A list of strings and bare values; its span is what is between the brackets. Lists that hold objects or
    /// lists are taken apart instead.
    List,
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) form: Form,
    pub(crate) escaped: bool,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Its place in [`Tree::nodes`].
    pub(crate) node: usize,
    /// Its content decides what the other values mean (Zeek's `_path`), so a shape holds it as it holds keys.
    pub(crate) telling: bool,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Key { start: usize, end: usize, escaped: bool },
    Index(usize),
}

/// A key or index and what it is in.
#[derive(Clone, Copy, Debug)]
struct Node {
    parent: Option<usize>,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    node: Option<usize>,
    is_list: bool,
    members: usize,
}

/// Where and why an object cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) what: &'static str,
    pub(crate) at: usize,
}

/// The values of one object, in order, with their paths. Reused from record to record.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) items: Vec<Item>,
    nodes: Vec<Node>,
    stack: Vec<Frame>,
}

impl Tree {
    /// Reads the object that fills `data[start..end]`, white space around it aside.
    pub(crate) fn read(&mut self, data: &[u8], start: usize, end: usize) -> Result<(), Fault> {
        self.items.clear();
        self.nodes.clear();
        self.stack.clear();
        let data = data.get(..end).unwrap_or(data);
        let mut at = scan::skip_space(data, start);
        if data.get(at) != Some(&b'{') {
            return Err(Fault {
                what: "not a JSON object",
                at,
            });
        }
        self.stack.push(Frame {
            node: None,
            is_list: false,
            members: 0,
        });
        at += 1;
        while let Some(frame) = self.stack.last_mut() {
            at = scan::skip_space(data, at);
            let byte = data.get(at).copied();
            if byte == Some(if frame.is_list { b']' } else { b'}' }) {
                self.stack.pop();
                at += 1;
                continue;
            }
            if frame.members > 0 {
                if byte != Some(b',') {
                    return Err(unexpected(
                        data,
                        at,
                        "expected `,` or the end of the object or list",
                    ));
                }
                at = scan::skip_space(data, at + 1);
            }
            at = self.member(data, at)?;
        }
        let rest = scan::skip_space(data, at);
        if rest < end {
            return Err(Fault {
                what: "something follows the JSON object",
                at: rest,
            });
        }
        Ok(())
    }

    /// One key with its value, or one element; gives where it ends.
    fn member(&mut self, data: &[u8], mut at: usize) -> Result<usize, Fault> {
        let Some(frame) = self.stack.last_mut() else {
            return Ok(at);
        };
        let step = if frame.is_list {
            Step::Index(frame.members)
        } else {
            let (step, value_at) = key(data, at)?;
            at = value_at;
            step
        };
        frame.members += 1;
        let parent = frame.node;
        if self.nodes.len() >= limits::RECORD_VALUES_MAX {
            return Err(Fault {
                what: "more values than the limit allows",
                at,
            });
        }
        let node = self.nodes.len();
        self.nodes.push(Node { parent, step });
        self.value(data, at, node)
    }

    /// A value, or the opening of one; gives where to go on.
    fn value(&mut self, data: &[u8], at: usize, node: usize) -> Result<usize, Fault> {
        match data.get(at) {
            Some(b'"') => {
                let start = at + 1;
                let Some((end, escaped)) = scan::string_end(data, start) else {
                    return Err(Fault {
                        what: "a string without its end",
                        at,
                    });
                };
                self.items.push(Item {
                    form: Form::String,
                    escaped,
                    start,
                    end,
                    node,
                    telling: false,
                });
                Ok(end + 1)
            }
            Some(b'[') => {
                if let Some(end) = scan::flat_array_end(data, at + 1) {
                    self.items.push(Item {
                        form: Form::List,
                        escaped: false,
                        start: at + 1,
                        end,
                        node,
                        telling: false,
                    });
                    return Ok(end + 1);
                }
                self.open(at, node, true)
            }
            Some(b'{') => self.open(at, node, false),
            _ => {
                let end = scan::bare_end(data, at);
                if end == at {
                    return Err(unexpected(data, at, "expected a value"));
                }
                self.items.push(Item {
                    form: Form::Bare,
                    escaped: false,
                    start: at,
                    end,
                    node,
                    telling: false,
                });
                Ok(end)
            }
        }
    }

    fn open(&mut self, at: usize, node: usize, is_list: bool) -> Result<usize, Fault> {
        if self.stack.len() >= limits::JSON_DEPTH_MAX {
            return Err(Fault {
                what: "nested deeper than the limit allows",
                at,
            });
        }
        self.stack.push(Frame {
            node: Some(node),
            is_list,
            members: 0,
        });
        Ok(at + 1)
    }

    /// The raw key of a node and whether it is at the top of the object; `None` for elements of lists.
    pub(crate) fn top_key<'d>(&self, data: &'d [u8], node: usize) -> Option<&'d [u8]> {
        match self.nodes.get(node)? {
            Node {
                parent: None,
                step: Step::Key { start, end, .. },
            } => data.get(*start..*end),
            _ => None,
        }
    }

    /// Whether an item says which of Zeek's logs the record is from.
    pub(crate) fn tells_log(&self, data: &[u8], item: &Item) -> bool {
        item.form == Form::String && matches!(self.top_key(data, item.node), Some(b"_path" | b"@stream"))
    }

    /// Where the name of that log is.
    pub(crate) fn log(&self, data: &[u8]) -> Option<(usize, usize)> {
        let telling = self.items.iter().find(|item| self.tells_log(data, item));
        telling.map(|item| (item.start, item.end))
    }

    /// Where the keys at the top of the object are, raw.
    pub(crate) fn top_key_spans(&self) -> impl Iterator<Item = (usize, usize)> {
        self.nodes.iter().filter_map(|node| match node {
            Node {
                parent: None,
                step: Step::Key { start, end, .. },
            } => Some((*start, *end)),
            _ => None,
        })
    }

    /// Appends a node's path (`dns.answers[0].rdata`), cut at [`limits::PATH_BYTES_MAX`].
    pub(crate) fn path(&self, data: &[u8], node: usize, path: &mut String) {
        let mut steps = [None; limits::JSON_DEPTH_MAX + 1];
        let mut next = self.nodes.get(node);
        let mut depth = 0;
        while let (Some(node), Some(place)) = (next, steps.get_mut(depth)) {
            *place = Some(node.step);
            depth += 1;
            next = node.parent.and_then(|parent| self.nodes.get(parent));
        }
        let start = path.len();
        for step in steps.iter().take(depth).rev().flatten() {
            append(data, step, start, path);
        }
    }
}

fn append(data: &[u8], step: &Step, start: usize, path: &mut String) {
    let room = limits::PATH_BYTES_MAX.saturating_sub(path.len() - start);
    match step {
        Step::Index(index) if room > 0 => {
            use std::fmt::Write;
            let _ = write!(path, "[{index}]");
        }
        Step::Key {
            start: from,
            end,
            escaped,
        } if room > 0 => {
            if path.len() > start {
                path.push('.');
            }
            let raw = data.get(*from..*end).unwrap_or_default();
            let mut buffer = Vec::new();
            let key = if *escaped {
                scan::unescape(raw, &mut buffer)
            } else {
                raw
            };
            let key = key.get(..room).unwrap_or(key);
            match std::str::from_utf8(key) {
                Ok(key) => path.push_str(key),
                Err(_) => path.push_str(&String::from_utf8_lossy(key)),
            }
        }
        _ => {}
    }
}

fn key(data: &[u8], at: usize) -> Result<(Step, usize), Fault> {
    if data.get(at) != Some(&b'"') {
        return Err(unexpected(data, at, "expected a key in quotes"));
    }
    let Some((end, escaped)) = scan::string_end(data, at + 1) else {
        return Err(Fault {
            what: "a key without its end",
            at,
        });
    };
    let colon = scan::skip_space(data, end + 1);
    if data.get(colon) != Some(&b':') {
        return Err(unexpected(data, colon, "expected `:` after a key"));
    }
    Ok((
        Step::Key {
            start: at + 1,
            end,
            escaped,
        },
        scan::skip_space(data, colon + 1),
    ))
}

fn unexpected(data: &[u8], at: usize, what: &'static str) -> Fault {
    let what = if at >= data.len() {
        "the record ends before the JSON object does"
    } else {
        what
    };
    Fault { what, at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, &'static str> {
        let mut tree = Tree::default();
        tree.read(text.as_bytes(), 0, text.len())
            .map_err(|fault| fault.what)?;
        Ok(tree
            .items
            .iter()
            .map(|item| {
                let mut path = String::new();
                tree.path(text.as_bytes(), item.node, &mut path);
                (path, text[item.start..item.end].to_string())
            })
            .collect())
    }

    #[test]
    fn values_come_in_order_with_their_paths() {
        let text =
            r#" {"a":"x","b.c" : -1.5e3, "d":{"e":[],"f":{}, "g":["y",2]},"h":[{"i":null},[true]],"a":"z"} "#;
        let expected = [
            ("a", "x"),
            ("b.c", "-1.5e3"),
            ("d.e", ""),
            ("d.g", "\"y\",2"),
            ("h[0].i", "null"),
            ("h[1]", "true"),
            ("a", "z"),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(a, b)| (a.to_string(), b.to_string()))
            .collect();
        assert_eq!(read(text), Ok(expected));
        assert_eq!(read("{}"), Ok(vec![]));
    }

    #[test]
    fn broken_objects_say_why() {
        let check = |text: &str, what: &str| assert_eq!(read(text), Err(what), "{text}");
        check("", "not a JSON object");
        check("[1]", "not a JSON object");
        check(r#"{"a":1"#, "the record ends before the JSON object does");
        check(r#"{"a":"x"#, "a string without its end");
        check(r#"{"a":1} x"#, "something follows the JSON object");
        check(r#"{"a" 1}"#, "expected `:` after a key");
        check(r#"{"a":1,}"#, "expected a key in quotes");
        check(r#"{"a":1]"#, "expected `,` or the end of the object or list");
        check(r#"{"a":}"#, "expected a value");
        check(r#"{"a":[1,]}"#, "expected a value");
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        check(&deep, "nested deeper than the limit allows");
        let wide = format!("{{\"a\":[{}{{}}]}}", "{},".repeat(limits::RECORD_VALUES_MAX));
        check(&wide, "more values than the limit allows");
    }
}
