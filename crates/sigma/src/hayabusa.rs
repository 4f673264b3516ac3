//! Rules in Hayabusa's dialect, told from Sigma by having no `logsource`: they ask one Windows event.
//!
//! What differs is rewritten before the rule is read as Sigma: it needs no title, `condition` may be left out beside a single search, a
//! value may be a map with `value`, `EventData` and `Data[1]` name the unnamed values of an event, Base64 has no
//! padding and comes before placing, and `neq` also holds where the field is missing. Its own modifiers
//! (`equalsfield`, `endswithfield`) and keys of values (`regexes`, `allowlist`, `min_length`) are refused.
//! Begin at [`rule`].

use crate::detection;
use crate::error::{Place, Reason, Refusal};
use crate::rule::{self, Rule};
use crate::search::{Item, Linking, Search};
use crate::test::Test;
use crate::yaml::{self, Entry, Node, Value};

/// Whether a text is one document with `detection` and without `logsource`.
pub fn is_one(text: &str) -> bool {
    let documents = yaml::documents(text, 0);
    matches!(documents.as_slice(), [Ok(node)] if node.get("detection").is_some() && node.get("logsource").is_none())
}

/// Reads a text that is one rule of the dialect.
///
/// # Errors
///
/// What is wrong with it, or that there is more or less than one rule.
pub fn rule(text: &str) -> Result<Rule, Refusal> {
    let mut documents = yaml::documents(text, 0);
    let (Some(document), true) = (documents.pop(), documents.is_empty()) else {
        return Err(Place::default().refuse(Reason::wrong("text", "one rule", "none, or several")));
    };
    let mut node = document?;
    let place = node.place;
    let Value::Map(entries) = &mut node.value else {
        return Err(node.wrong("document", "a map"));
    };
    let has = |entries: &[Entry], key: &str| entries.iter().any(|entry| entry.key == key);
    if !has(entries, "logsource") {
        entries.push(made(place, "logsource", map(place, "product", "windows")));
    }
    if !has(entries, "title") {
        entries.push(made(place, "title", text_node(place, "a rule without title")));
    }
    for entry in entries.iter_mut().filter(|entry| entry.key == "detection") {
        rewrite_detection(&mut entry.node);
    }
    let mut rule = rule::read(&node)?;
    for named in &mut rule.detection.searches {
        miss(&mut named.search);
    }
    Ok(rule)
}

fn text_node(place: Place, text: &str) -> Node {
    Node {
        place,
        value: Value::Text(text.to_owned()),
    }
}

fn map(place: Place, key: &str, text: &str) -> Node {
    Node {
        place,
        value: Value::Map(vec![made(place, key, text_node(place, text))]),
    }
}

fn made(place: Place, key: &str, node: Node) -> Entry {
    Entry {
        key: key.to_owned(),
        place,
        node,
    }
}

fn rewrite_detection(node: &mut Node) {
    let place = node.place;
    let Value::Map(entries) = &mut node.value else {
        return;
    };
    for entry in entries.iter_mut().filter(|entry| entry.key != "condition") {
        rewrite_search(&mut entry.node);
    }
    if let [only] = entries.as_slice()
        && only.key != "condition"
    {
        let condition = text_node(only.place, &only.key);
        entries.push(made(place, "condition", condition));
    }
}

fn rewrite_search(node: &mut Node) {
    match &mut node.value {
        Value::Map(entries) => entries.iter_mut().for_each(rewrite_item),
        Value::List(nodes) => nodes.iter_mut().for_each(rewrite_search),
        _ => {}
    }
}

fn rewrite_item(entry: &mut Entry) {
    let mut parts = entry.key.split('|');
    let field = field(parts.next().unwrap_or_default());
    let modifiers: Vec<String> = parts.map(str::to_owned).collect();
    each_value(&mut entry.node, &unwrap);
    let mut key = field;
    let is_encoding = |modifier: &String| modifier == "base64" || detection::utf16_named(modifier).is_some();
    if modifiers.iter().any(|modifier| modifier == "base64") {
        let layout = modifiers
            .iter()
            .find_map(|modifier| detection::utf16_named(modifier));
        each_value(&mut entry.node, &|node| {
            if let Some(text) = node.scalar() {
                node.value = Value::Text(detection::unpadded(&text, layout));
            }
        });
        for modifier in modifiers.iter().filter(|modifier| !is_encoding(modifier)) {
            key.push('|');
            key.push_str(modifier);
        }
    } else {
        for modifier in &modifiers {
            key.push('|');
            key.push_str(modifier);
        }
    }
    entry.key = key;
}

fn each_value(node: &mut Node, change: &dyn Fn(&mut Node)) {
    match &mut node.value {
        Value::List(nodes) => nodes.iter_mut().for_each(change),
        _ => change(node),
    }
}

/// `value: x` is x.
fn unwrap(node: &mut Node) {
    if let Value::Map(entries) = &mut node.value
        && let [only] = entries.as_mut_slice()
        && only.key == "value"
    {
        *node = only.node.clone();
    }
}

/// `EventData` is any unnamed value, `Data[1]` the first of them.
fn field(written: &str) -> String {
    const DATA: &str = "Event.EventData.Data";
    let number = written
        .strip_prefix("Data[")
        .and_then(|rest| rest.strip_suffix(']'))
        .and_then(|number| number.parse::<usize>().ok());
    match (written, number.and_then(|number| number.checked_sub(1))) {
        ("EventData", _) => DATA.to_owned(),
        (_, Some(index)) => format!("{DATA}[{index}]"),
        _ => written.to_owned(),
    }
}

/// `neq` holds of a field that is not there, too.
fn miss(search: &mut Search) {
    match search {
        Search::All(inside) | Search::Any(inside) => inside.iter_mut().for_each(miss),
        Search::Item(item) if item.negated && item.field.is_some() && !item.tests.contains(&Test::Null) => {
            let tests = vec![Test::Exists(false)];
            let missing = Item::new(item.field.clone(), tests, Linking::Any, item.place);
            *search = Search::Any(vec![Search::Item(item.clone()), Search::Item(missing)]);
        }
        Search::Item(_) | Search::Dropped => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Expression;

    fn expression(detection: &str) -> Expression {
        let text = format!("title: x\ndetection:\n  selection:\n{detection}");
        assert!(is_one(&text));
        rule(&text).unwrap().expression().unwrap()
    }

    fn sigma(detection: &str) -> Expression {
        let text = format!(
            "title: x\nlogsource: {{product: windows}}\ndetection:\n  selection:\n{detection}\n  condition: selection"
        );
        assert!(!is_one(&text));
        crate::one_rule(&text).unwrap().expression().unwrap()
    }

    fn same(theirs: &str, ours: &str) {
        let placeless = |expression: Expression| {
            let mut text = format!("{expression:?}");
            while let Some(at) = text.find("Place {") {
                let end = text[at..].find('}').unwrap();
                text.replace_range(at..=at + end, "");
            }
            text
        };
        assert_eq!(placeless(expression(theirs)), placeless(sigma(ours)), "{theirs}");
    }

    #[test]
    fn what_differs_is_rewritten() {
        same("    Channel: Security", "    Channel: Security");
        same("    Channel: {value: Security}", "    Channel: Security");
        same("    Channel: [{value: a}, b]", "    Channel: [a, b]");
        same("    EventData|re: x", "    Event.EventData.Data|re: x");
        same("    Data[2]: x", "    Event.EventData.Data[1]: x");
        same("    a|contains|base64: http://", "    a|contains: aHR0cDovLw");
        same(
            "    a|utf16|base64|contains: http://",
            "    a|contains: //5oAHQAdABwADoALwAvAA",
        );
        same("    - a\n    - 4103", "    - a\n    - 4103");
        let Expression::Or(either) = expression("    a|neq: x") else {
            panic!();
        };
        assert_eq!(either.len(), 2);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (text, said) in [
            ("detection: {a: {b: x}, c: {d: x}}", "`condition` is missing"),
            ("detection: {a: {b: {min_length: 10}}}", "value"),
            (
                "detection: {a: {b|equalsfield: c}}",
                "unknown modifier `equalsfield`",
            ),
            ("title: x", "`detection` is missing"),
            ("[]", "must be a map"),
            ("a: 1\n---\na: 2", "one rule"),
            ("", "one rule"),
        ] {
            let refusal = rule(text).unwrap_err().to_string();
            assert!(refusal.contains(said), "{text}: {refusal}");
        }
    }
}
