//! The `detection` of a rule, and what stands in place of it in a filter.
//!
//! Maps are linked with AND, lists with OR; texts without a field are keywords (Sigma 2.1 rules, "Detection").
//! Begin at [`read`].

mod encode;
mod modifier;
mod regex;
mod working;

pub(crate) use self::encode::unpadded;
pub(crate) use self::modifier::utf16_named;
pub(crate) use self::regex::is_beyond_linear;

use self::modifier::Modifier;
use self::working::Working;
use crate::condition::Condition;
use crate::error::{Place, Reason, Refusal};
use crate::limits;
use crate::rule::Detection;
use crate::search::{Item, Linking, Named, Search};
use crate::test::Test;
use crate::yaml::{Entry, Node, Value};

/// The key of the condition; no search can be called so.
const CONDITION: &str = "condition";

/// Reads `detection`, or `filter` where `beside` are keys that are no searches either.
pub(crate) fn read(entry: &Entry, beside: &[&str]) -> Result<Detection, Refusal> {
    let entries = entry
        .node
        .map()
        .ok_or_else(|| entry.node.wrong(&entry.key, "a map of searches and a condition"))?;
    let mut searches = Vec::new();
    for entry in entries {
        if entry.key == CONDITION || beside.contains(&entry.key.as_str()) {
            continue;
        }
        searches.push(Named {
            name: entry.key.clone(),
            search: search(&entry.node)?,
            place: entry.place,
        });
    }
    if searches.len() > limits::SEARCHES_MAX {
        let (what, max) = ("searches in one rule", limits::SEARCHES_MAX);
        return Err(entry.place.refuse(Reason::TooMuch { what, max }));
    }
    if searches.is_empty() {
        return Err(entry
            .place
            .refuse(Reason::Missing(format!("{}: a search", entry.key))));
    }
    let condition = entry
        .node
        .get(CONDITION)
        .ok_or_else(|| entry.place.refuse(Reason::Missing(CONDITION.into())))?;
    let detection = Detection {
        searches,
        conditions: conditions(condition)?,
    };
    detection.check()?;
    Ok(detection)
}

fn conditions(node: &Node) -> Result<Vec<Condition>, Refusal> {
    let alone = std::slice::from_ref(node);
    let nodes = node.list().unwrap_or(alone);
    if nodes.is_empty() {
        return Err(node.place.refuse(Reason::Missing(CONDITION.into())));
    }
    let read = nodes.iter().map(|node| {
        let text = node.text().ok_or_else(|| node.wrong(CONDITION, "a text"))?;
        Condition::parse(text).map_err(|reason| node.place.refuse(reason))
    });
    read.collect()
}

/// A map, a list, or a keyword.
pub(crate) fn search(node: &Node) -> Result<Search, Refusal> {
    match &node.value {
        Value::Map(entries) if entries.is_empty() => Err(node.wrong("search", "a map, a list or a text")),
        Value::Map(entries) => {
            let items = entries.iter().map(|entry| item(entry).map(Search::Item));
            Ok(Search::all(items.collect::<Result<_, _>>()?))
        }
        Value::List(nodes) => list(node, nodes),
        _ => keywords(node.place, std::slice::from_ref(node), &[]).map(Search::Item),
    }
}

fn list(node: &Node, nodes: &[Node]) -> Result<Search, Refusal> {
    if nodes.is_empty() {
        return Err(node.wrong("search", "a list that holds something"));
    }
    if nodes.iter().all(|node| node.scalar().is_some()) {
        return keywords(node.place, nodes, &[]).map(Search::Item);
    }
    let searches = nodes.iter().map(search).collect::<Result<_, _>>()?;
    Ok(Search::any(searches))
}

/// A key with its modifiers, and one value or a list of them.
fn item(entry: &Entry) -> Result<Item, Refusal> {
    let alone = std::slice::from_ref(&entry.node);
    let nodes = entry.node.list().unwrap_or(alone);
    let mut names = entry.key.split('|');
    let field = names.next().unwrap_or_default();
    let modifiers: Vec<Modifier> = names
        .map(Modifier::named)
        .collect::<Result<_, _>>()
        .map_err(|reason| entry.place.refuse(reason))?;
    if nodes.is_empty() {
        return Err(entry
            .node
            .wrong(crate::yaml::shown(&entry.key), "a value or a list that holds one"));
    }
    if field.is_empty() {
        return keywords(entry.place, nodes, &modifiers);
    }
    tested(entry.place, Some(field.to_owned()), nodes, &modifiers)
}

fn keywords(place: Place, nodes: &[Node], modifiers: &[Modifier]) -> Result<Item, Refusal> {
    let field_only = |modifier: &&Modifier| {
        matches!(
            modifier,
            Modifier::Exists | Modifier::FieldRef | Modifier::Time(_) | Modifier::Compare(_)
        )
    };
    if let Some(modifier) = modifiers.iter().find(field_only) {
        return Err(place.refuse(Reason::modifier(modifier.name(), "needs a field before it")));
    }
    tested(place, None, nodes, modifiers)
}

fn tested(
    place: Place,
    field: Option<String>,
    nodes: &[Node],
    modifiers: &[Modifier],
) -> Result<Item, Refusal> {
    let keyword = field.is_none();
    let mut spelled = 0_usize;
    let tests = nodes.iter().map(|node| {
        let test = test(node, modifiers, keyword)?;
        spelled += test.spellings();
        match spelled > limits::EXPRESSION_PARTS_MAX {
            true => Err(node.place.refuse(Reason::TooMuch {
                what: "tests in one rule",
                max: limits::EXPRESSION_PARTS_MAX,
            })),
            false => Ok(test),
        }
    });
    Ok(Item {
        field,
        tests: tests.collect::<Result<_, _>>()?,
        linking: match modifiers.contains(&Modifier::All) {
            true => Linking::All,
            false => Linking::Any,
        },
        negated: modifiers.contains(&Modifier::Negated),
        place,
        applied: Vec::new(),
    })
}

/// Modifiers in a row multiply: the spellings of one value have a bound, and so have their bytes.
fn bounded(value: Working) -> Result<Working, Reason> {
    let (spellings, bytes) = value.weight();
    let (what, max) = if spellings > limits::SPELLINGS_MAX {
        ("spellings of one value", limits::SPELLINGS_MAX)
    } else if bytes > limits::SPELLINGS_BYTES_MAX {
        ("bytes of the spellings of one value", limits::SPELLINGS_BYTES_MAX)
    } else {
        return Ok(value);
    };
    Err(Reason::TooMuch { what, max })
}

fn test(node: &Node, modifiers: &[Modifier], keyword: bool) -> Result<Test, Refusal> {
    let refuse = |reason| node.place.refuse(reason);
    let mut value = Working::new(node).map_err(refuse)?;
    for (index, modifier) in modifiers.iter().enumerate() {
        let seen = modifiers.get(..index).unwrap_or_default();
        value = value.apply(*modifier, seen).and_then(bounded).map_err(refuse)?;
    }
    value.finish(keyword).map_err(refuse)
}
