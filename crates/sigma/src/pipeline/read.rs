//! Pipelines from their YAML.

mod conditions;

use self::conditions::{group, of_field, of_item, of_rule};
use super::condition::Conditions;
use super::transform::{Case, Chosen, FieldChange, Transformation};
use super::{Pipeline, Step, values};
use crate::detection;
use crate::error::{Place, Reason, Refusal};
use crate::limits;
use crate::rule::Logsource;
use crate::suggest;
use crate::test::Test;
use crate::yaml::{self, Entry, Node};

impl Pipeline {
    /// Reads the YAML of one pipeline.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its place. What is for other engines only (`postprocessing`, `finalizers`,
    /// transformations of queries) is refused too: it would be silently without effect.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let mut documents = yaml::documents(text, 0);
        match (documents.pop(), documents.is_empty()) {
            (Some(document), true) => pipeline(&document?),
            _ => Err(Place::default().refuse(Reason::Pipeline("a pipeline is one document".into()))),
        }
    }
}

const KEYS: &[&str] = &[
    "name",
    "version",
    "priority",
    "vars",
    "transformations",
    "allowed_backends",
    "description",
    "author",
];

fn pipeline(node: &Node) -> Result<Pipeline, Refusal> {
    let entries = node.map().ok_or_else(|| node.wrong("pipeline", "a map"))?;
    for entry in entries {
        let idle = entry.node.is_null() || entry.node.list().is_some_and(<[Node]>::is_empty);
        if !KEYS.contains(&entry.key.as_str()) && !idle {
            let hint = suggest::nearest(&entry.key, KEYS.iter().copied());
            let why = format!("`{}` has no meaning here{hint}", yaml::shown(&entry.key));
            return Err(entry.place.refuse(Reason::Pipeline(why)));
        }
    }
    let given = |key: &str| node.get(key).filter(|node| !node.is_null());
    let priority = match given("priority") {
        Some(node) => node
            .scalar()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| node.wrong("priority", "a whole number"))?,
        None => 0,
    };
    let vars = given("vars")
        .map(|node| node.map().ok_or_else(|| node.wrong("vars", "a map")))
        .transpose()?;
    Ok(Pipeline {
        name: given("name").and_then(Node::scalar).unwrap_or_default(),
        version: given("version").and_then(Node::scalar),
        priority,
        vars: vars
            .unwrap_or_default()
            .iter()
            .map(|entry| Ok((entry.key.clone(), scalars(entry)?)))
            .collect::<Result<_, _>>()?,
        items: given("transformations")
            .map(|node| steps(node, 0))
            .transpose()?
            .unwrap_or_default(),
    })
}

fn steps(node: &Node, depth: usize) -> Result<Vec<Step>, Refusal> {
    if depth > limits::NESTED_PIPELINES_MAX {
        let (what, max) = ("`nest` inside each other", limits::NESTED_PIPELINES_MAX);
        return Err(node.place.refuse(Reason::TooMuch { what, max }));
    }
    let nodes = node
        .list()
        .ok_or_else(|| node.wrong("transformations", "a list"))?;
    nodes.iter().map(|node| step(node, depth)).collect()
}

fn step(node: &Node, depth: usize) -> Result<Step, Refusal> {
    let item = group(node, "detection_item", of_item)?;
    Ok(Step {
        id: node.get("id").and_then(Node::scalar),
        transformation: transformation(node, depth)?,
        conditions: Conditions {
            rule: group(node, "rule", of_rule)?,
            item,
            field: group(node, "field_name", of_field)?,
        },
    })
}

fn needed<'a>(node: &'a Node, key: &str) -> Result<&'a Entry, Refusal> {
    node.entry(key)
        .ok_or_else(|| node.place.refuse(Reason::Missing(key.to_owned())))
}

fn text(node: &Node, key: &str) -> Result<String, Refusal> {
    let entry = needed(node, key)?;
    entry.node.scalar().ok_or_else(|| entry.node.wrong(key, "a text"))
}

fn optional(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::scalar)
}

fn flag(node: &Node, key: &str) -> bool {
    node.get(key).and_then(Node::boolean).unwrap_or_default()
}

/// One text or a list of them.
fn scalars(entry: &Entry) -> Result<Vec<String>, Refusal> {
    match (entry.node.list(), entry.node.scalar()) {
        (Some(nodes), _) => nodes
            .iter()
            .map(|node| {
                node.scalar()
                    .ok_or_else(|| node.wrong(&entry.key, "a list of texts"))
            })
            .collect(),
        (None, Some(one)) => Ok(vec![one]),
        _ => Err(entry.node.wrong(&entry.key, "a text or a list of texts")),
    }
}

fn mapping(node: &Node, key: &str) -> Result<Vec<(String, Vec<String>)>, Refusal> {
    let entry = needed(node, key)?;
    let entries = entry.node.map().ok_or_else(|| entry.node.wrong(key, "a map"))?;
    entries
        .iter()
        .map(|entry| Ok((entry.key.clone(), scalars(entry)?)))
        .collect()
}

fn compiled(node: &Node, key: &str, at_start: bool) -> Result<regex::Regex, Refusal> {
    let source = text(node, key)?;
    compile(&source, at_start).map_err(|why| {
        needed(node, key)
            .map_or(node.place, |entry| entry.node.place)
            .refuse(Reason::Regex { at: 1, why })
    })
}

fn compile(source: &str, at_start: bool) -> Result<regex::Regex, String> {
    let source = if at_start {
        format!("^(?:{source})")
    } else {
        source.to_owned()
    };
    let built = regex::RegexBuilder::new(&source)
        .size_limit(limits::PIPELINE_REGEX_BYTES_MAX)
        .build();
    // The last line is the reason; those before it draw the place.
    built.map_err(|error| {
        error
            .to_string()
            .lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned()
    })
}

fn unknown(node: &Node, what: &str, name: &str, known: &[&str]) -> Refusal {
    let hint = suggest::nearest(name, known.iter().copied());
    node.place.refuse(Reason::Pipeline(format!(
        "unknown {what} `{}`{hint}",
        yaml::shown(name)
    )))
}

fn logsource(node: &Node) -> Logsource {
    Logsource {
        category: optional(node, "category"),
        product: optional(node, "product"),
        service: optional(node, "service"),
        ..Logsource::default()
    }
}

fn case(node: &Node, key: &str) -> Result<Case, Refusal> {
    let name = text(node, key)?;
    match name.as_str() {
        "lower" => Ok(Case::Lower),
        "upper" => Ok(Case::Upper),
        "snake" | "snake_case" => Ok(Case::Snake),
        other => Err(unknown(node, key, other, &["lower", "upper", "snake_case"])),
    }
}

fn chosen(node: &Node) -> Result<Chosen, Refusal> {
    Ok(Chosen {
        include: node
            .entry("include")
            .filter(|entry| !entry.node.is_null())
            .map(scalars)
            .transpose()?,
        exclude: node
            .entry("exclude")
            .filter(|entry| !entry.node.is_null())
            .map(scalars)
            .transpose()?
            .unwrap_or_default(),
    })
}

const TRANSFORMATIONS: &[&str] = &[
    "field_name_mapping",
    "field_name_prefix_mapping",
    "field_name_transform",
    "field_name_prefix",
    "field_name_suffix",
    "drop_detection_item",
    "hashes_fields",
    "wildcard_placeholders",
    "value_placeholders",
    "query_expression_placeholders",
    "add_condition",
    "change_logsource",
    "add_field",
    "remove_field",
    "set_field",
    "replace_string",
    "map_string",
    "set_state",
    "regex",
    "set_value",
    "convert_type",
    "case",
    "rule_failure",
    "detection_item_failure",
    "strict_field_mapping_failure",
    "set_custom_attribute",
    "nest",
];

fn transformation(node: &Node, depth: usize) -> Result<Transformation, Refusal> {
    let kind = text(node, "type")?;
    Ok(match kind.as_str() {
        "field_name_mapping" => Transformation::Fields(FieldChange::Map(keyed(mapping(node, "mapping")?))),
        "field_name_prefix_mapping" => {
            Transformation::Fields(FieldChange::MapPrefix(mapping(node, "mapping")?))
        }
        "field_name_transform" => Transformation::Fields(FieldChange::Case(case(node, "function")?)),
        "field_name_prefix" => Transformation::Fields(FieldChange::Prefix(text(node, "prefix")?)),
        "field_name_suffix" => Transformation::Fields(FieldChange::Suffix(text(node, "suffix")?)),
        "drop_detection_item" => Transformation::DropItem,
        "hashes_fields" => Transformation::HashesFields {
            algorithms: scalars(needed(node, "valid_hash_algos")?)?,
            prefix: optional(node, "field_prefix").unwrap_or_default(),
            bare: flag(node, "drop_algo_prefix"),
        },
        "wildcard_placeholders" => Transformation::WildcardPlaceholders(chosen(node)?),
        "value_placeholders" => Transformation::ValuePlaceholders(chosen(node)?),
        "query_expression_placeholders" => Transformation::QueryPlaceholders {
            chosen: chosen(node)?,
            expression: text(node, "expression")?,
            mapping: match node.get("mapping") {
                Some(_) => mapping(node, "mapping")?
                    .into_iter()
                    .map(|(from, to)| (from, to.concat()))
                    .collect(),
                None => Vec::new(),
            },
        },
        "add_condition" => Transformation::AddCondition {
            search: detection::search(&needed(node, "conditions")?.node)?,
            template: flag(node, "template"),
            negated: flag(node, "negated"),
        },
        "change_logsource" => Transformation::ChangeLogsource(logsource(node)),
        "add_field" => Transformation::AddFields(scalars(needed(node, "field")?)?),
        "remove_field" => Transformation::RemoveFields(scalars(needed(node, "field")?)?),
        "set_field" => Transformation::SetFields(scalars(needed(node, "fields")?)?),
        "replace_string" => Transformation::ReplaceString {
            pattern: compiled(node, "regex", false)?,
            replacement: group_references(&text(node, "replacement")?),
            literals_only: flag(node, "skip_special"),
            interpreted: flag(node, "interpret_special"),
        },
        "map_string" => Transformation::MapString(mapping(node, "mapping")?),
        "set_state" => Transformation::SetState {
            key: text(node, "key")?,
            value: text(node, "val")?,
        },
        "regex" => Transformation::ToRegex {
            insensitive: optional(node, "method").as_deref() != Some("plain"),
        },
        "set_value" => Transformation::SetValue(set_value(node)?),
        "convert_type" => match text(node, "target_type")?.as_str() {
            "str" => Transformation::ToText,
            "num" => Transformation::ToNumber,
            other => return Err(unknown(node, "type", other, &["str", "num"])),
        },
        "case" => Transformation::Case(case(node, "method")?),
        "rule_failure" => Transformation::RuleFailure(text(node, "message")?),
        "detection_item_failure" => Transformation::ItemFailure(text(node, "message")?),
        "strict_field_mapping_failure" => Transformation::StrictFields,
        "set_custom_attribute" => {
            let value = needed(node, "value")?;
            let entry = Entry {
                key: text(node, "attribute")?,
                ..value.clone()
            };
            Transformation::SetAttribute(Box::new(entry))
        }
        "nest" => Transformation::Nest(steps(&needed(node, "items")?.node, depth + 1)?),
        other => return Err(unknown(node, "transformation", other, TRANSFORMATIONS)),
    })
}

/// A mapping's key that is no field's name means keywords.
fn keyed(mapping: Vec<(String, Vec<String>)>) -> Vec<(Option<String>, Vec<String>)> {
    let is_field = |name: &String| !matches!(name.as_str(), "" | "~" | "null");
    mapping
        .into_iter()
        .map(|(from, to)| (Some(from).filter(is_field), to))
        .collect()
}

fn set_value(node: &Node) -> Result<Test, Refusal> {
    let value = &needed(node, "value")?.node;
    let test = match optional(node, "force_type") {
        Some(to) => values::forced(value, &to),
        None => values::test_of(value),
    };
    test.ok_or_else(|| value.wrong("value", "one value of the type asked for"))
}

/// Python's `\1` and `\g<name>` in the words of our regular expressions.
fn group_references(replacement: &str) -> String {
    let mut made = String::with_capacity(replacement.len());
    let mut chars = replacement.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, chars.peek()) {
            ('$', _) => made.push_str("$$"),
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                made.push_str("${");
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    made.push(digit);
                }
                made.push('}');
            }
            ('\\', Some('g')) => {
                let name: String = chars
                    .by_ref()
                    .skip(1)
                    .take_while(|char| *char != '>')
                    .filter(|char| *char != '<')
                    .collect();
                made.push_str(&format!("${{{name}}}"));
            }
            ('\\', Some('\\')) => {
                chars.next();
                made.push('\\');
            }
            (char, _) => made.push(char),
        }
    }
    made
}
