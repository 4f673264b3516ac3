//! What an object is marked with, and what a marking definition means.
//!
//! Reads strictly: a marking that cannot be read might be the one that forbids, so it is an answer too.

use entente_stix::json::Value;
use entente_stix::marking::{TLP2_EXTENSION, Tlp, select, selector_pointer};
use entente_stix::object::Object;

use crate::decide::Surroundings;
use crate::handling::Pap;
use crate::withheld::Reason;

/// What a held marking definition means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MarkingFacts {
    /// The TLP level that it stands for.
    pub tlp: Option<Tlp>,
    /// The PAP level that it stands for.
    pub pap: Option<Pap>,
    /// Whether its meaning is known: TLP, PAP or a statement. What it is marked with is withheld otherwise.
    pub known: bool,
}

impl MarkingFacts {
    /// Reads a marking definition. PAP has no form in the standard; the forms in circulation are taken:
    /// `definition_type` `PAP`, or a name or statement such as `PAP:AMBER`; the same for TLP.
    pub fn of(definition: &Object<'_>) -> MarkingFacts {
        let text = |pointer: &str| definition.value().pointer(pointer).and_then(Value::as_str);
        let kind = definition.str("definition_type").unwrap_or_default();
        let named = |prefix: &str| {
            let texts = [definition.str("name"), text("/definition/statement")];
            texts.into_iter().flatten().map(str::trim).find(|text| {
                text.get(..prefix.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            })
        };
        let by_type = || {
            ["pap", "PAP"]
                .iter()
                .find_map(|key| text(&format!("/definition/{key}")))
        };
        let pap = match kind.eq_ignore_ascii_case("pap") {
            true => by_type()
                .or_else(|| definition.str("name"))
                .and_then(Pap::from_name),
            false => named("PAP:").and_then(Pap::from_name),
        };
        let tlp = Tlp::of_definition(definition).or_else(|| named("TLP:").and_then(Tlp::from_name));
        MarkingFacts {
            tlp,
            pap,
            known: tlp.is_some() || pap.is_some() || kind == "statement",
        }
    }

    /// A definition that the standards fix, whoever holds it.
    fn fixed(id: &str) -> Option<MarkingFacts> {
        Some(MarkingFacts {
            tlp: Some(Tlp::of_definition_id(id)?),
            pap: None,
            known: true,
        })
    }
}

/// The level of a whole object, and the definitions that must travel with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) tlp: Option<Tlp>,
    pub(crate) pap: Option<Pap>,
}

impl From<MarkingFacts> for Level {
    fn from(facts: MarkingFacts) -> Level {
        Level {
            tlp: facts.tlp,
            pap: facts.pap,
        }
    }
}

impl Level {
    fn close(&mut self, facts: MarkingFacts) {
        self.tlp = self.tlp.max(facts.tlp);
        self.pap = self.pap.max(facts.pap);
    }

    /// Whether this is above what may go.
    pub(crate) fn exceeds(&self, tlp: Tlp, pap: Option<Pap>) -> bool {
        self.tlp > Some(tlp) || pap.is_some_and(|pap| self.pap > Some(pap))
    }
}

/// Whether an id is fixed by a standard, so that everybody has what it names.
pub(crate) fn is_fixed(id: &str) -> bool {
    Tlp::of_definition_id(id).is_some() || id == TLP2_EXTENSION
}

/// The most closed level among `object_marking_refs` of `value`, which may be a part of an object.
///
/// A custom definition that is held is asked for its level, one that is not withholds. This is the one
/// thing that depends on what is held here; it cannot show: a custom definition must be released to the
/// channel before anything that it marks, so that the recipient has it whenever its level counts.
pub(crate) fn level(value: &Value<'_>, around: &dyn Surroundings) -> Result<Level, Reason> {
    let mut level = Level::default();
    for id in marking_refs(value)? {
        level.close(facts(id, around)?);
    }
    Ok(level)
}

pub(crate) fn facts(id: &str, around: &dyn Surroundings) -> Result<MarkingFacts, Reason> {
    let facts = MarkingFacts::fixed(id).or_else(|| around.marking(id));
    facts
        .filter(|facts| facts.known)
        .ok_or_else(|| Reason::UnknownMarking(id.to_owned()))
}

/// The ids of `object_marking_refs`. A text where a list belongs would be read as no marking at all.
pub(crate) fn marking_refs<'v>(value: &'v Value<'_>) -> Result<Vec<&'v str>, Reason> {
    texts(value.get("object_marking_refs"), "/object_marking_refs")
}

/// A list of texts; empty where there is none.
pub(crate) fn texts<'v>(value: Option<&'v Value<'_>>, pointer: &str) -> Result<Vec<&'v str>, Reason> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let elements = value
        .as_array()
        .and_then(|list| list.iter().map(Value::as_str).collect());
    elements.ok_or_else(|| Reason::Unreadable(pointer.to_owned()))
}

/// A granular marking with a definition, and the JSON pointers of the parts that it marks.
#[derive(Debug)]
pub(crate) struct Part<'v> {
    pub(crate) marking: &'v str,
    pub(crate) pointers: Vec<String>,
}

/// The granular markings that name definitions. One that cannot be read, or that selects nothing, hides
/// what its maker meant to protect.
pub(crate) fn parts<'v>(value: &'v Value<'_>) -> Result<Vec<Part<'v>>, Reason> {
    let unreadable = || Reason::Unreadable("/granular_markings".to_owned());
    let Some(markings) = value.get("granular_markings") else {
        return Ok(Vec::new());
    };
    let mut parts = Vec::new();
    for marking in markings.as_array().ok_or_else(unreadable)? {
        let selectors = texts(marking.get("selectors"), "/granular_markings")?;
        match (marking.get("marking_ref"), marking.get("lang")) {
            (Some(id), None) => parts.push(Part {
                marking: id.as_str().ok_or_else(unreadable)?,
                pointers: pointers(value, &selectors).ok_or_else(unreadable)?,
            }),
            (None, Some(Value::String(_))) => {}
            _ => return Err(unreadable()),
        }
    }
    Ok(parts)
}

fn pointers(value: &Value<'_>, selectors: &[&str]) -> Option<Vec<String>> {
    let pointer = |selector: &&str| {
        select(value, selector).ok()?;
        selector_pointer(selector).ok()
    };
    let pointers: Option<Vec<String>> = selectors.iter().map(pointer).collect();
    pointers.filter(|pointers| !pointers.is_empty())
}
