//! `action`: documents that are parts of the documents behind them.
//!
//! As pySigma has it: `global` is laid over every later document and replaces an earlier `global`, `reset` ends it,
//! `repeat` is laid over the document before. Maps are merged, anything else is replaced.

use crate::error::{Reason, Refusal};
use crate::limits;
use crate::suggest;
use crate::yaml::{Entry, Node, Value};

const ACTIONS: [&str; 3] = ["global", "reset", "repeat"];

/// The documents that are rules, correlations or filters of their own.
pub(super) fn resolved(documents: Vec<Result<Node, Refusal>>) -> Vec<Result<Node, Refusal>> {
    let mut global: Option<Node> = None;
    let mut before: Option<Node> = None;
    let mut made = Vec::with_capacity(documents.len());
    let uses_actions = documents
        .iter()
        .flatten()
        .any(|node| node.get("action").is_some());
    if !uses_actions {
        return documents;
    }
    let mut values = 0_usize;
    for document in documents {
        if values > limits::REPEATED_NODES_MAX {
            let place = document.map_or_else(|refusal| refusal.place, |node| node.place);
            let (what, max) = ("values of documents made by `action`", limits::REPEATED_NODES_MAX);
            made.push(Err(place.refuse(Reason::TooMuch { what, max })));
            break;
        }
        let mut node = match document {
            Ok(node) => node,
            Err(refusal) => {
                made.push(Err(refusal));
                continue;
            }
        };
        match action(&mut node) {
            Err(refusal) => made.push(Err(refusal)),
            Ok(None) => {
                let whole = laid_over(node, global.as_ref());
                before = Some(whole.clone());
                values += size(&whole);
                made.push(Ok(whole));
            }
            Ok(Some("global")) => {
                before = Some(node.clone());
                global = Some(node);
            }
            Ok(Some("reset")) => global = None,
            Ok(Some(_)) => {
                let place = node.place;
                let mut whole = match before.take() {
                    Some(before) => laid_over(before, Some(&node)),
                    None => node,
                };
                whole.place = place;
                before = Some(whole.clone());
                values += size(&whole);
                made.push(Ok(whole));
            }
        }
    }
    made
}

/// Takes `action` out of a document.
fn action(node: &mut Node) -> Result<Option<&'static str>, Refusal> {
    let Value::Map(entries) = &mut node.value else {
        return Ok(None);
    };
    let Some(at) = entries.iter().position(|entry| entry.key == "action") else {
        return Ok(None);
    };
    let Entry { node, .. } = entries.remove(at);
    let word = node.text().unwrap_or_default();
    let known = ACTIONS.into_iter().find(|action| *action == word);
    known.map(Some).ok_or_else(|| {
        node.place.refuse(Reason::Wrong {
            attribute: "action".into(),
            expected: "`global`, `reset` or `repeat`",
            found: node.kind(),
            hint: suggest::nearest(word, ACTIONS),
        })
    })
}

/// How many values a document holds.
fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(nodes) => nodes.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|entry| size(&entry.node)).sum(),
        _ => 0,
    }
}

fn laid_over(mut below: Node, above: Option<&Node>) -> Node {
    let Some(above) = above else {
        return below;
    };
    let (Value::Map(entries), Value::Map(over)) = (&mut below.value, &above.value) else {
        return above.clone();
    };
    for entry in over {
        match entries.iter_mut().find(|other| other.key == entry.key) {
            Some(other) => {
                let was = std::mem::replace(&mut other.node.value, Value::Null);
                let node = Node {
                    place: other.node.place,
                    value: was,
                };
                other.node = laid_over(node, Some(&entry.node));
            }
            None => entries.push(entry.clone()),
        }
    }
    below
}
