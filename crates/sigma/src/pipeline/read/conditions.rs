//! The conditions of a pipeline's items.

use super::super::condition::{Group, Link, OfField, OfItem, OfRule, Relation, State};
use super::super::values;
use super::{compile, compiled, flag, logsource, needed, optional, scalars, text, unknown};
use crate::condition;
use crate::error::{Reason, Refusal};
use crate::suggest;
use crate::yaml::{self, Node};

/// `rule_conditions`, `rule_cond_op`, `rule_cond_not` and `rule_cond_expr`, and the same of the other groups.
pub(super) fn group<C>(
    node: &Node,
    name: &str,
    read: fn(&Node) -> Result<C, Refusal>,
) -> Result<Group<C>, Refusal> {
    let given = |suffix: &str| {
        node.get(&format!("{name}_{suffix}"))
            .filter(|node| !node.is_null())
    };
    let Some(written) = given("conditions") else {
        return Ok(Group::default());
    };
    let conditions: Vec<(String, C)> = match (written.map(), written.list()) {
        (Some(entries), _) => entries
            .iter()
            .map(|entry| Ok((entry.key.clone(), read(&entry.node)?)))
            .collect::<Result<_, _>>()?,
        (_, Some(nodes)) => nodes
            .iter()
            .map(|node| Ok((String::new(), read(node)?)))
            .collect::<Result<_, _>>()?,
        _ => return Err(written.wrong(format!("{name}_conditions"), "a list or a map")),
    };
    let link = match (given("cond_expr"), given("cond_op")) {
        (Some(node), _) => {
            let text = node
                .text()
                .ok_or_else(|| node.wrong("condition expression", "a text"))?;
            let expression = condition::boolean(text).map_err(|reason| node.place.refuse(reason))?;
            let mut named = Vec::new();
            condition::names(&expression, &mut named);
            if let Some(unknown) = named
                .iter()
                .find(|name| conditions.iter().all(|(known, _)| known != **name))
            {
                let hint = suggest::nearest(unknown, conditions.iter().map(|(known, _)| known.as_str()));
                return Err(node.place.refuse(Reason::UnknownSearch {
                    name: yaml::shown(unknown),
                    hint,
                }));
            }
            Link::Expression(expression)
        }
        (None, Some(node)) => match node.text() {
            Some("and") => Link::All,
            Some("or") => Link::Any,
            _ => return Err(node.wrong("operator", "`and` or `or`")),
        },
        (None, None) => Link::All,
    };
    let negated = given("cond_not").and_then(Node::boolean).unwrap_or_default();
    Ok(Group {
        conditions,
        link,
        negated,
    })
}

const RULE_CONDITIONS: &[&str] = &[
    "logsource",
    "contains_detection_item",
    "contains_field",
    "processing_item_applied",
    "processing_state",
    "is_sigma_rule",
    "is_sigma_correlation_rule",
    "rule_attribute",
    "tag",
];

pub(super) fn of_rule(node: &Node) -> Result<OfRule, Refusal> {
    let kind = text(node, "type")?;
    Ok(match kind.as_str() {
        "logsource" => OfRule::Logsource {
            logsource: logsource(node),
            exact: flag(node, "exact"),
        },
        "contains_detection_item" => {
            let value = needed(node, "value")?;
            OfRule::ContainsItem {
                field: text(node, "field")?,
                value: values::test_of(&value.node).ok_or_else(|| value.node.wrong("value", "one value"))?,
            }
        }
        "contains_field" => OfRule::ContainsField(text(node, "field")?),
        "processing_item_applied" => OfRule::Applied(text(node, "processing_item_id")?),
        "processing_state" => OfRule::State(state(node)?),
        "is_sigma_rule" => OfRule::IsRule(true),
        "is_sigma_correlation_rule" => OfRule::IsRule(false),
        "rule_attribute" => OfRule::Attribute {
            attribute: text(node, "attribute")?,
            value: text(node, "value")?,
            relation: relation(node)?,
        },
        "tag" => OfRule::Tag(text(node, "tag")?),
        other => return Err(unknown(node, "condition", other, RULE_CONDITIONS)),
    })
}

fn relation(node: &Node) -> Result<Relation, Refusal> {
    Ok(match optional(node, "op").as_deref() {
        None | Some("eq") => Relation::Equal,
        Some("ne") => Relation::NotEqual,
        Some("lt") => Relation::Less,
        Some("lte") => Relation::LessOrEqual,
        Some("gt") => Relation::Greater,
        Some("gte") => Relation::GreaterOrEqual,
        Some("in") => Relation::In,
        Some("not_in") => Relation::NotIn,
        Some(other) => {
            return Err(unknown(
                node,
                "relation",
                other,
                &["eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in"],
            ));
        }
    })
}

fn state(node: &Node) -> Result<State, Refusal> {
    Ok(State {
        key: text(node, "key")?,
        value: text(node, "val")?,
    })
}

pub(super) fn of_item(node: &Node) -> Result<OfItem, Refusal> {
    const KNOWN: &[&str] = &[
        "match_string",
        "match_value",
        "contains_wildcard",
        "is_null",
        "processing_item_applied",
        "processing_state",
    ];
    let kind = text(node, "type")?;
    let all = optional(node, "cond").as_deref() == Some("all");
    Ok(match kind.as_str() {
        "match_string" => OfItem::MatchString {
            pattern: compiled(node, "pattern", true)?,
            negated: flag(node, "negate"),
            all,
        },
        "match_value" => {
            let value = needed(node, "value")?;
            let value = values::test_of(&value.node).ok_or_else(|| value.node.wrong("value", "one value"))?;
            OfItem::MatchValue { value, all }
        }
        "contains_wildcard" => OfItem::Wildcard { all },
        "is_null" => OfItem::Null { all },
        "processing_item_applied" => OfItem::Applied(text(node, "processing_item_id")?),
        "processing_state" => OfItem::State(state(node)?),
        other => return Err(unknown(node, "condition", other, KNOWN)),
    })
}

pub(super) fn of_field(node: &Node) -> Result<OfField, Refusal> {
    const KNOWN: &[&str] = &[
        "include_fields",
        "exclude_fields",
        "processing_item_applied",
        "processing_state",
    ];
    let kind = text(node, "type")?;
    Ok(match kind.as_str() {
        "include_fields" | "exclude_fields" => {
            let fields = needed(node, "fields")?;
            let names = scalars(fields)?;
            let is_regex = optional(node, "mode").as_deref() == Some("re");
            let patterns = match is_regex {
                true => names
                    .iter()
                    .map(|name| compile(name, true))
                    .collect::<Result<_, _>>(),
                false => Ok(Vec::new()),
            };
            OfField::Fields {
                patterns: patterns.map_err(|why| fields.node.place.refuse(Reason::Regex { at: 1, why }))?,
                names: if is_regex { Vec::new() } else { names },
                excluded: kind == "exclude_fields",
            }
        }
        "processing_item_applied" => OfField::Applied(text(node, "processing_item_id")?),
        "processing_state" => OfField::State(state(node)?),
        other => return Err(unknown(node, "condition", other, KNOWN)),
    })
}
