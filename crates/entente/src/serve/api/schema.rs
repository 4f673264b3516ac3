//! Values against schemas: as much of JSON Schema as the OpenAPI document uses, and every fault with its pointer.

use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::path::Parameter;

use crate::serve::problem::Fault;

/// Faults told of one body.
const FAULTS_MAX: usize = 32;

/// Schemas within schemas that are followed.
const DEPTH_MAX: usize = 64;

/// A schema with those that it refers to.
pub(super) struct Schema {
    root: Value,
    named: Map<String, Value>,
}

impl Schema {
    /// The schema of a type.
    pub(super) fn of<T: ToSchema>() -> Schema {
        let mut named = Vec::new();
        T::schemas(&mut named);
        Schema {
            root: as_value(&T::schema()),
            named: named
                .into_iter()
                .map(|(name, schema)| (name, as_value(&schema)))
                .collect(),
        }
    }

    /// The schema of a parameter.
    pub(super) fn of_parameter(parameter: &Parameter) -> Schema {
        Schema {
            root: parameter.schema.as_ref().map(as_value).unwrap_or_default(),
            named: Map::new(),
        }
    }

    /// Whether values of this type are (also) allowed.
    pub(super) fn is(&self, kind: &str) -> bool {
        allows(&self.root, kind)
    }

    /// Every fault of a value, each with its JSON pointer, in the order of these.
    pub(super) fn faults(&self, value: &Value) -> Vec<Fault> {
        self.faults_at(value, "")
    }

    /// The same, for a value that stands at `place`.
    pub(super) fn faults_at(&self, value: &Value, place: &str) -> Vec<Fault> {
        let mut walk = Walk {
            named: &self.named,
            faults: Vec::new(),
        };
        walk.value(value, &self.root, place, 0);
        walk.faults.sort_by(|one, other| one.pointer.cmp(&other.pointer));
        walk.faults
    }
}

fn as_value(schema: &impl serde::Serialize) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

fn allows(schema: &Value, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    }
}

struct Walk<'s> {
    named: &'s Map<String, Value>,
    faults: Vec<Fault>,
}

impl Walk<'_> {
    fn fault(&mut self, pointer: &str, detail: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault {
                pointer: pointer.to_owned(),
                detail: detail.into(),
            });
        }
    }

    fn value(&mut self, value: &Value, schema: &Value, pointer: &str, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        let named = self.named;
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let name = name.rsplit('/').next().unwrap_or_default();
            if let Some(schema) = named.get(name) {
                self.value(value, schema, pointer, depth + 1);
            }
            return;
        }
        for several in ["oneOf", "anyOf"] {
            if let Some(Value::Array(schemas)) = schema.get(several) {
                self.any_of(value, schemas, pointer, depth);
            }
        }
        if schema.get("type").is_some() && !has_type(value, schema) {
            return self.fault(pointer, format!("{} is expected here", expected(schema)));
        }
        if let Some(Value::Array(allowed)) = schema.get("enum")
            && !allowed.contains(value)
        {
            let words: Vec<String> = allowed.iter().map(|word| format!("`{}`", plain(word))).collect();
            return self.fault(pointer, format!("one of {} is expected here", words.join(", ")));
        }
        match value {
            Value::Object(members) => self.members(members, schema, pointer, depth),
            Value::Array(items) => self.items(items, schema, pointer, depth),
            Value::String(text) => self.text(text, schema, pointer),
            Value::Number(number) => self.number(number, schema, pointer),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The faults of the first alternative that the value was most likely meant for.
    fn any_of(&mut self, value: &Value, schemas: &[Value], pointer: &str, depth: usize) {
        let mut least: Option<Vec<Fault>> = None;
        for schema in schemas {
            let mut walk = Walk {
                named: self.named,
                faults: Vec::new(),
            };
            walk.value(value, schema, pointer, depth + 1);
            if least.as_ref().is_none_or(|least| walk.faults.len() < least.len()) {
                least = Some(walk.faults);
            }
        }
        for fault in least.unwrap_or_default() {
            self.fault(&fault.pointer, fault.detail);
        }
    }

    fn members(&mut self, members: &Map<String, Value>, schema: &Value, pointer: &str, depth: usize) {
        let known = schema.get("properties").and_then(Value::as_object);
        for name in schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = name.as_str().unwrap_or_default();
            if !members.contains_key(name) {
                self.fault(&below(pointer, name), format!("`{name}` is missing"));
            }
        }
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        for (name, member) in members {
            let at = below(pointer, name);
            match known.and_then(|known| known.get(name)) {
                Some(schema) => self.value(member, schema, &at, depth + 1),
                None if closed => {
                    let names: Vec<String> = known
                        .into_iter()
                        .flat_map(|known| known.keys().map(|name| format!("`{name}`")))
                        .collect();
                    self.fault(
                        &at,
                        format!("there is no such member; there are {}", names.join(", ")),
                    );
                }
                None => {}
            }
        }
    }

    fn items(&mut self, items: &[Value], schema: &Value, pointer: &str, depth: usize) {
        let count = items.len() as u64;
        self.bounded(count, schema, ["minItems", "maxItems"], "items", pointer);
        if let Some(of) = schema.get("items") {
            for (number, item) in items.iter().enumerate() {
                self.value(item, of, &format!("{pointer}/{number}"), depth + 1);
            }
        }
    }

    fn text(&mut self, text: &str, schema: &Value, pointer: &str) {
        let count = text.chars().count() as u64;
        self.bounded(count, schema, ["minLength", "maxLength"], "characters", pointer);
    }

    fn bounded(&mut self, count: u64, schema: &Value, [least, most]: [&str; 2], what: &str, pointer: &str) {
        let bound = |name| schema.get(name).and_then(Value::as_u64);
        if let Some(least) = bound(least).filter(|least| count < *least) {
            self.fault(
                pointer,
                format!("at least {least} {what} are expected here, not {count}"),
            );
        }
        if let Some(most) = bound(most).filter(|most| count > *most) {
            self.fault(
                pointer,
                format!("at most {most} {what} are taken here, not {count}"),
            );
        }
    }

    fn number(&mut self, number: &serde_json::Number, schema: &Value, pointer: &str) {
        let bound = |name| schema.get(name).and_then(Value::as_f64);
        let number = number.as_f64().unwrap_or_default();
        if let Some(least) = bound("minimum").filter(|least| number < *least) {
            self.fault(pointer, format!("{least} is the least that is taken here"));
        }
        if let Some(most) = bound("maximum").filter(|most| number > *most) {
            self.fault(pointer, format!("{most} is the most that is taken here"));
        }
    }
}

fn has_type(value: &Value, schema: &Value) -> bool {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    allows(schema, kind) || (kind == "integer" && allows(schema, "number"))
}

fn expected(schema: &Value) -> String {
    let name = |kind: &Value| match kind.as_str().unwrap_or_default() {
        "integer" => "a whole number".to_owned(),
        "array" => "a list".to_owned(),
        "object" => "an object".to_owned(),
        "null" => "null".to_owned(),
        kind => format!("a {kind}"),
    };
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().map(name).collect::<Vec<_>>().join(" or "),
        Some(kind) => name(kind),
        None => "something else".to_owned(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The pointer of a member (RFC 6901 §3).
fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(ToSchema, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its schema is wanted")]
    struct Order {
        #[schema(min_items = 1, max_items = 2)]
        ids: Vec<String>,
        #[schema(minimum = 1, maximum = 10)]
        days: Option<u32>,
        form: Option<Form>,
        #[serde(default)]
        dry_run: bool,
    }

    #[derive(ToSchema, serde::Deserialize)]
    #[serde(rename_all = "kebab-case")]
    #[allow(dead_code, reason = "only its schema is wanted")]
    enum Form {
        Whole,
        InParts,
    }

    fn check(value: Value, expected: &[&str]) {
        let faults = Schema::of::<Order>().faults(&value);
        let found: Vec<String> = faults
            .iter()
            .map(|fault| format!("{}: {}", fault.pointer, fault.detail))
            .collect();
        assert_eq!(found, expected, "{value}");
    }

    #[test]
    fn what_is_right_has_no_faults() {
        check(json!({"ids": ["a"]}), &[]);
        check(
            json!({"ids": ["a"], "days": 3, "form": "in-parts", "dry_run": true}),
            &[],
        );
        check(json!({"ids": ["a"], "days": null, "form": null}), &[]);
    }

    #[test]
    fn every_fault_is_told_with_its_pointer() {
        check(json!([]), &[": an object is expected here"]);
        check(json!({}), &["/ids: `ids` is missing"]);
        check(
            json!({"ids": ["a", 2, "c"], "days": 11, "a/b": 1, "dry_run": "yes"}),
            &[
                "/a~1b: there is no such member; there are `days`, `dry_run`, `form`, `ids`",
                "/days: 10 is the most that is taken here",
                "/dry_run: a boolean is expected here",
                "/ids: at most 2 items are taken here, not 3",
                "/ids/1: a string is expected here",
            ],
        );
        check(
            json!({"ids": ["a"], "form": "whatever"}),
            &["/form: one of `whole`, `in-parts` is expected here"],
        );
    }
}
