//! Markings: who may see an object, as its creator says (STIX 2.1 §7.2).
//!
//! Tells what is marked how; what follows from it is `policy`'s task. Begin at [`Tlp::of_object`] and
//! [`granular`].

use std::fmt;

use crate::json::{self, Value};
use crate::object::Object;

/// The Traffic Light Protocol 2.0, from open to closed. TLP 1.0 `WHITE` is `Clear`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tlp {
    /// `TLP:CLEAR`: no limit.
    Clear,
    /// `TLP:GREEN`: the community.
    Green,
    /// `TLP:AMBER`: the recipient's organisation and its clients.
    Amber,
    /// `TLP:AMBER+STRICT`: the recipient's organisation.
    AmberStrict,
    /// `TLP:RED`: the recipients themselves.
    Red,
}

/// The extension that carries TLP 2.0 in STIX 2.1.
pub const TLP2_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// Ids that the standards fix: STIX 2.1 §7.2.1.4 for TLP 1.0, the OASIS extension for TLP 2.0.
const DEFINITIONS: &[(&str, Tlp)] = &[
    (
        "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
        Tlp::Clear,
    ),
    (
        "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
        Tlp::Green,
    ),
    (
        "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
        Tlp::Amber,
    ),
    (
        "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
        Tlp::Red,
    ),
    (
        "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        Tlp::Clear,
    ),
    (
        "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        Tlp::Green,
    ),
    (
        "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        Tlp::Amber,
    ),
    (
        "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        Tlp::AmberStrict,
    ),
    (
        "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
        Tlp::Red,
    ),
];

impl Tlp {
    /// Every level, from open to closed.
    pub const ALL: [Tlp; 5] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];

    /// The level that one of the fixed marking definitions of TLP 1.0 and 2.0 stands for.
    pub fn of_definition_id(id: &str) -> Option<Tlp> {
        DEFINITIONS
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, tlp)| *tlp)
    }

    /// The level that a marking definition states: by its id, else by what it defines.
    pub fn of_definition(definition: &Object<'_>) -> Option<Tlp> {
        let stated = || {
            let first = definition.value().pointer("/definition/tlp");
            let second = || definition.get("extensions")?.get(TLP2_EXTENSION)?.get("tlp_2_0");
            Tlp::from_name(first.or_else(second)?.as_str()?)
        };
        Tlp::of_definition_id(definition.id()).or_else(stated)
    }

    /// The most closed level among the object's own markings. `None` where none of them is a fixed
    /// definition of TLP; markings of parts of the object are not asked, see [`granular`].
    pub fn of_object(object: &Object<'_>) -> Option<Tlp> {
        object.marking_refs().filter_map(Tlp::of_definition_id).max()
    }

    /// The id of the TLP 2.0 marking definition of this level.
    pub fn definition_id(self) -> &'static str {
        let second = DEFINITIONS.iter().rev().find(|(_, tlp)| *tlp == self);
        second.map_or("", |(id, _)| id)
    }

    /// The level that people write as `amber+strict`, `TLP:RED` or `white`.
    pub fn from_name(name: &str) -> Option<Tlp> {
        let lower = name.trim().to_ascii_lowercase();
        match lower.strip_prefix("tlp:").unwrap_or(&lower).trim() {
            "clear" | "white" => Some(Tlp::Clear),
            "green" => Some(Tlp::Green),
            "amber" => Some(Tlp::Amber),
            "amber+strict" | "amber-strict" | "amber strict" => Some(Tlp::AmberStrict),
            "red" => Some(Tlp::Red),
            _ => None,
        }
    }
}

/// As FIRST writes it: `TLP:AMBER+STRICT`.
impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tlp::Clear => "TLP:CLEAR",
            Tlp::Green => "TLP:GREEN",
            Tlp::Amber => "TLP:AMBER",
            Tlp::AmberStrict => "TLP:AMBER+STRICT",
            Tlp::Red => "TLP:RED",
        })
    }
}

/// A marking of parts of an object (STIX 2.1 §7.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granular<'v> {
    /// The marking definition, or the language of the parts.
    pub marking: Marking<'v>,
    /// Which parts.
    pub selectors: Vec<&'v str>,
}

/// What a granular marking says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marking<'v> {
    /// The id of a marking definition.
    Definition(&'v str),
    /// A language (RFC 5646).
    Language(&'v str),
}

/// The granular markings of an object. Malformed ones are left out: validation tells them.
pub fn granular<'v>(object: &'v Value<'_>) -> Vec<Granular<'v>> {
    let markings = object
        .get("granular_markings")
        .and_then(Value::as_array)
        .unwrap_or_default();
    markings.iter().filter_map(one_granular).collect()
}

fn one_granular<'v>(value: &'v Value<'_>) -> Option<Granular<'v>> {
    let text = |key| value.get(key).and_then(Value::as_str);
    let definition = text("marking_ref").map(Marking::Definition);
    let marking = definition.or_else(|| text("lang").map(Marking::Language))?;
    let selectors = value
        .get("selectors")?
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    Some(Granular { marking, selectors })
}

/// Why a selector selects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSelection {
    /// Not of the form of STIX 2.1 §7.2.3.1: names and `[n]`, joined by dots.
    #[error("malformed selector: names and `[n]`, joined by dots, as `external_references.[0].url`")]
    Form,
    /// Well-formed, but the object has no such part.
    #[error("the object has no such part")]
    Nothing,
}

/// The part of `object` that a selector names (STIX 2.1 §7.2.3.1).
pub fn select<'v, 'a>(object: &'v Value<'a>, selector: &str) -> Result<&'v Value<'a>, NoSelection> {
    steps(selector)?
        .into_iter()
        .try_fold(object, step)
        .ok_or(NoSelection::Nothing)
}

/// The JSON pointer that names the same part as a selector.
pub fn selector_pointer(selector: &str) -> Result<String, NoSelection> {
    let mut pointer = String::new();
    for step in steps(selector)? {
        match step {
            Step::Name(name) => json::push_token(&mut pointer, name),
            Step::Index(index) => json::push_token(&mut pointer, &index.to_string()),
        }
    }
    Ok(pointer)
}

#[derive(Clone, Copy)]
enum Step<'s> {
    Name(&'s str),
    Index(usize),
}

fn step<'v, 'a>(value: &'v Value<'a>, step: Step<'_>) -> Option<&'v Value<'a>> {
    match step {
        Step::Name(name) => value.get(name),
        Step::Index(index) => value.as_array()?.get(index),
    }
}

/// The first step is a property, an index never: an object is no list.
fn steps(selector: &str) -> Result<Vec<Step<'_>>, NoSelection> {
    let steps: Option<Vec<_>> = selector.split('.').map(one_step).collect();
    match steps {
        Some(steps) if matches!(steps.first(), Some(Step::Name(_))) => Ok(steps),
        _ => Err(NoSelection::Form),
    }
}

fn one_step(text: &str) -> Option<Step<'_>> {
    if let Some(inner) = text.strip_prefix('[') {
        let digits = inner.strip_suffix(']')?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let spare_zero = digits.len() > 1 && digits.starts_with('0');
        return if plain && !spare_zero {
            digits.parse().ok().map(Step::Index)
        } else {
            None
        };
    }
    // Dictionary keys may have capitals and hyphens (§2.3).
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (!text.is_empty() && text.bytes().all(allowed)).then_some(Step::Name(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(refs: &str) -> String {
        format!(
            r#"{{"type":"tool","id":"tool--d7f3e25a-ba1c-447a-ab71-6434b092b05e","object_marking_refs":[{refs}]}}"#
        )
    }

    #[test]
    fn the_most_closed_level_holds() {
        let check = |levels: &[&str], expected: Option<Tlp>| {
            let quoted: Vec<_> = levels.iter().map(|id| format!("\"{id}\"")).collect();
            let text = object(&quoted.join(","));
            assert_eq!(
                Tlp::of_object(&Object::read(text.as_bytes()).unwrap()),
                expected,
                "{levels:?}"
            );
        };
        check(&[], None);
        check(
            &["marking-definition--00000000-0000-4000-8000-000000000000"],
            None,
        );
        check(
            &[
                Tlp::Green.definition_id(),
                "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
            ],
            Some(Tlp::Amber),
        );
        check(
            &[Tlp::AmberStrict.definition_id(), Tlp::Amber.definition_id()],
            Some(Tlp::AmberStrict),
        );
        check(
            &["marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"],
            Some(Tlp::Clear),
        );
    }

    #[test]
    fn names_ids_and_order_agree() {
        assert!(Tlp::ALL.is_sorted());
        for tlp in Tlp::ALL {
            assert_eq!(Tlp::from_name(&tlp.to_string()), Some(tlp));
            assert_eq!(Tlp::of_definition_id(tlp.definition_id()), Some(tlp));
        }
        assert_eq!(
            Tlp::Red.definition_id(),
            "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
        );
        assert_eq!(Tlp::from_name("WHITE"), Some(Tlp::Clear));
        assert_eq!(Tlp::from_name("purple"), None);
    }

    #[test]
    fn definitions_state_their_level() {
        let id = "marking-definition--00000000-0000-4000-8000-000000000000";
        let check = |rest: &str, expected| {
            let text = format!(r#"{{"type":"marking-definition","id":"{id}",{rest}}}"#);
            assert_eq!(
                Tlp::of_definition(&Object::read(text.as_bytes()).unwrap()),
                expected,
                "{rest}"
            );
        };
        check(
            r#""definition_type":"tlp","definition":{"tlp":"amber"}"#,
            Some(Tlp::Amber),
        );
        check(
            &format!(r#""extensions":{{"{TLP2_EXTENSION}":{{"tlp_2_0":"amber+strict"}}}}"#),
            Some(Tlp::AmberStrict),
        );
        check(
            r#""definition_type":"statement","definition":{"statement":"x"}"#,
            None,
        );
    }

    #[test]
    fn selectors_name_parts_of_an_object() {
        let text = r#"{"name":"n","labels":["a","b"],"extensions":{"x-ext":{"SHA-256":[{"k":1}]}},"granular_markings":[
            {"marking_ref":"m","selectors":["name","labels.[1]"]},{"lang":"fr","selectors":["name"]},{"selectors":[]}]}"#;
        let value = json::read(text.as_bytes()).unwrap();
        let markings = granular(&value);
        assert_eq!(
            markings[0],
            Granular {
                marking: Marking::Definition("m"),
                selectors: vec!["name", "labels.[1]"]
            }
        );
        assert_eq!(markings[1].marking, Marking::Language("fr"));
        assert_eq!(markings.len(), 2);
        assert_eq!(select(&value, "labels.[1]").unwrap().as_str(), Some("b"));
        assert_eq!(
            select(&value, "extensions.x-ext.SHA-256.[0].k").unwrap().as_i64(),
            Some(1)
        );
        assert_eq!(selector_pointer("labels.[1]").as_deref(), Ok("/labels/1"));
        for missing in ["labels.[2]", "name.x", "labels.a", "nothing"] {
            assert_eq!(select(&value, missing), Err(NoSelection::Nothing), "{missing}");
        }
        for malformed in [
            "",
            ".",
            "name.",
            "[0]",
            "labels[0]",
            "labels.[01]",
            "labels.[-1]",
            "labels.[*]",
            "a b",
            "é",
        ] {
            assert_eq!(select(&value, malformed), Err(NoSelection::Form), "{malformed}");
        }
    }
}
