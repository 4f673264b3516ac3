//! Data markings: what a marking definition holds, and what granular markings point to (STIX 2.1 §7.2).

use super::super::findings::{Findings, Place};
use super::super::rule;
use super::{Object, values};
use crate::json::Value;

pub(super) fn check(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    granular(object, place, findings);
    if object.type_name == "marking-definition" {
        marks_itself(object, place, findings);
        definition(object, place, findings);
    }
}

fn granular(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(markings) = object.get("granular_markings").and_then(Value::as_array) else {
        return;
    };
    let place = place.key("granular_markings");
    for (index, marking) in markings.iter().enumerate() {
        let place = place.item(index);
        if marking.get("lang").is_some() && marking.get("marking_ref").is_some() {
            let message = "a granular marking has `lang` or `marking_ref`, not both";
            findings.add(&rule::PROPERTY_COMBINATION, &place, message, "make two of it");
        }
        let selectors = marking
            .get("selectors")
            .and_then(Value::as_array)
            .unwrap_or_default();
        let place = place.key("selectors");
        for (index, selector) in selectors.iter().enumerate() {
            if let Some(selector) = selector.as_str()
                && select(object, selector).is_none()
            {
                let message = format!("`{}` selects nothing of this object", values::shown(selector));
                let way_out =
                    "name a property, its parts joined by dots, as in `external_references.[0].url`";
                findings.add(&rule::MARKING_SELECTOR, &place.item(index), message, way_out);
            }
        }
    }
}

/// What a selector leads to: names of properties and `[n]`, joined by dots.
fn select<'v>(object: &Object<'v>, selector: &str) -> Option<&'v Value<'v>> {
    let mut parts = selector.split('.');
    let first = object.get(parts.next()?)?;
    parts.try_fold(first, |value, part| {
        match part.strip_prefix('[').and_then(|part| part.strip_suffix(']')) {
            Some(index) => value.as_array()?.get(index.parse::<usize>().ok()?),
            None => value.get(part),
        }
    })
}

fn marks_itself(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(id) = object.text("id") else { return };
    let mut report = |place: &Place<'_>| {
        findings.add(
            &rule::MARKING_SELF_REFERENCE,
            place,
            "the marking refers to itself",
            "leave it out",
        );
    };
    let refs = object
        .get("object_marking_refs")
        .and_then(Value::as_array)
        .unwrap_or_default();
    if refs.iter().any(|marking| marking.as_str() == Some(id)) {
        report(&place.key("object_marking_refs"));
    }
    let granular = object
        .get("granular_markings")
        .and_then(Value::as_array)
        .unwrap_or_default();
    if granular
        .iter()
        .any(|marking| marking.get("marking_ref").and_then(Value::as_str) == Some(id))
    {
        report(&place.key("granular_markings"));
    }
}

/// A statement, one of the four levels of TLP 1, or an extension.
fn definition(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let content = object.get("definition");
    let statement = object
        .inside(&["definition", "statement"])
        .and_then(Value::as_str);
    match object.text("definition_type") {
        Some("tlp") => tlp(object, place, findings),
        Some("statement") if statement.is_none() => findings.add(
            &rule::MARKING_DEFINITION,
            place,
            "a statement marking without its statement",
            "write `\"definition\": {\"statement\": \"…\"}`",
        ),
        Some("statement") => {}
        Some(other) => {
            let message = format!(
                "`{}` is not a type of marking that the standard knows",
                values::shown(other)
            );
            findings.add(
                &rule::MARKING_DEFINITION_TYPE,
                &place.key("definition_type"),
                message,
                "use an extension",
            );
            if content.is_none() && !object.has("extensions") {
                findings.add(
                    &rule::MARKING_DEFINITION,
                    place,
                    "the marking has no `definition`",
                    "add it",
                );
            }
        }
        None if !object.has("extensions") => {
            let message = "the marking has neither `definition_type` and `definition` nor an extension";
            findings.add(&rule::MARKING_DEFINITION, place, message, "say what it means");
        }
        None => {}
    }
}

/// Id, name and level of the TLP 1 markings (STIX 2.1 §7.2.1.4).
const TLP: &[(&str, &str, &str)] = &[
    (
        "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
        "TLP:WHITE",
        "white",
    ),
    (
        "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
        "TLP:GREEN",
        "green",
    ),
    (
        "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
        "TLP:AMBER",
        "amber",
    ),
    (
        "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
        "TLP:RED",
        "red",
    ),
];

fn tlp(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    const PROPERTIES: &[&str] = &[
        "type",
        "spec_version",
        "id",
        "created",
        "name",
        "definition_type",
        "definition",
    ];
    let level = object.inside(&["definition", "tlp"]).and_then(Value::as_str);
    let known = TLP.iter().any(|(id, name, tlp)| {
        object.text("id") == Some(id) && object.text("name") == Some(name) && level == Some(tlp)
    });
    let unchanged = object.text("created") == Some("2017-01-20T00:00:00.000Z")
        && object.map.keys().all(|name| PROPERTIES.contains(&name));
    if !known || !unchanged {
        let way_out = "take the four markings as the standard prints them, or make TLP 2.0 an extension";
        findings.add(
            &rule::TLP_DEFINITION,
            place,
            "this is not one of the TLP markings of the standard",
            way_out,
        );
    }
}
