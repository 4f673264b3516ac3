//! An object without some of its parts, and its granular markings led to the places where what they
//! mark now stands.

use std::collections::BTreeSet;

use entente_stix::json::{Map, Value, push_token};
use entente_stix::marking::selector_pointer;

/// What remains, and what is gone.
pub(super) struct Rebuilt<'a> {
    pub(super) value: Value<'a>,
    /// JSON pointers into the original; a list or dictionary of which nothing remains is gone itself.
    gone: BTreeSet<String>,
}

/// Takes out what the JSON pointers name. STIX has no empty lists and dictionaries (STIX 2.1 §2), so
/// one that becomes empty goes too.
pub(super) fn without<'a>(object: &Value<'a>, cuts: &BTreeSet<String>) -> Rebuilt<'a> {
    let mut gone = BTreeSet::new();
    let kept = kept(object, &mut String::new(), cuts, &mut gone);
    let mut value = kept.unwrap_or_else(|| Value::Object(Map::new()));
    if let (Value::Object(map), Some(markings)) = (&value, object.get("granular_markings")) {
        let markings = led(object, markings, &gone);
        let mut rest = Map::new();
        for (key, member) in map.iter().filter(|(key, _)| *key != "granular_markings") {
            rest.insert(key.to_owned(), member.clone());
        }
        if let Some(markings) = markings {
            rest.insert("granular_markings", markings);
        }
        value = Value::Object(rest);
    }
    Rebuilt { value, gone }
}

impl Rebuilt<'_> {
    /// The outermost of what is gone, sorted.
    pub(super) fn taken_out(&self) -> Vec<String> {
        let is_inside = |pointer: &str| {
            let slashes = pointer.match_indices('/').map(|(at, _)| at);
            slashes
                .filter_map(|at| pointer.get(..at))
                .any(|outer| self.gone.contains(outer))
        };
        let outer = self.gone.iter().filter(|pointer| !is_inside(pointer));
        outer.cloned().collect()
    }
}

fn kept<'a>(
    value: &Value<'a>,
    pointer: &mut String,
    cuts: &BTreeSet<String>,
    gone: &mut BTreeSet<String>,
) -> Option<Value<'a>> {
    if cuts.contains(pointer.as_str()) {
        gone.insert(pointer.clone());
        return None;
    }
    let mut inside = |token: &str, value: &Value<'a>, gone: &mut BTreeSet<String>| {
        let length = pointer.len();
        push_token(pointer, token);
        let kept = kept(value, pointer, cuts, gone);
        pointer.truncate(length);
        kept
    };
    let rest = match value {
        Value::Array(elements) => {
            let elements = elements.iter().enumerate();
            let rest = elements.filter_map(|(place, element)| inside(&place.to_string(), element, gone));
            Value::Array(rest.collect())
        }
        Value::Object(map) => {
            let mut rest = Map::new();
            for (key, member) in map.iter() {
                if let Some(member) = inside(key, member, gone) {
                    rest.insert(key.to_owned(), member);
                }
            }
            Value::Object(rest)
        }
        other => other.clone(),
    };
    if is_empty(&rest) && !is_empty(value) {
        gone.insert(pointer.clone());
        return None;
    }
    Some(rest)
}

fn is_empty(value: &Value<'_>) -> bool {
    match value {
        Value::Array(elements) => elements.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// The granular markings of what remains; `None` where none does.
fn led<'a>(object: &Value<'a>, markings: &Value<'a>, gone: &BTreeSet<String>) -> Option<Value<'a>> {
    let one = |place: usize, marking: &Value<'a>| {
        let selectors = marking.get("selectors")?.as_array()?;
        let led = selectors.iter().filter_map(|selector| {
            let led = selector_led(object, selector.as_str()?, gone)?;
            Some(Value::from(led))
        });
        let led: Vec<Value<'a>> = led.collect();
        if led.is_empty() {
            return None;
        }
        let mut rest = Map::new();
        for (key, member) in marking.as_object()?.iter() {
            let mut pointer = format!("/granular_markings/{place}");
            push_token(&mut pointer, key);
            if !gone.contains(&pointer) {
                rest.insert(key.to_owned(), member.clone());
            }
        }
        rest.insert("selectors", Value::Array(led));
        Some(Value::Object(rest))
    };
    let markings = markings.as_array()?.iter().enumerate();
    let rest: Vec<Value<'a>> = markings
        .filter_map(|(place, marking)| one(place, marking))
        .collect();
    (!rest.is_empty()).then_some(Value::Array(rest))
}

/// The selector of the same part in what remains: list positions move up by what is gone before them.
fn selector_led(object: &Value<'_>, selector: &str, gone: &BTreeSet<String>) -> Option<String> {
    let whole = selector_pointer(selector).ok()?;
    object.pointer(&whole)?;
    let mut steps: Vec<String> = Vec::new();
    let mut pointer = String::new();
    for token in whole.split('/').skip(1) {
        let parent = pointer.clone();
        pointer.push('/');
        pointer.push_str(token);
        if gone.contains(&pointer) {
            return None;
        }
        match (object.pointer(&parent)?, token.parse::<usize>()) {
            (Value::Array(_), Ok(place)) => {
                let before = (0..place).filter(|before| gone.contains(&format!("{parent}/{before}")));
                steps.push(format!("[{}]", place - before.count()));
            }
            _ => steps.push(token.to_owned()),
        }
    }
    Some(steps.join("."))
}
