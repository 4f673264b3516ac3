//! Content of one's own, which SHOULD come as an extension (STIX 2.1 §11).

use super::super::findings::{Findings, Place};
use super::super::rule;
use super::{Object, extensions, values};
use crate::json::{Map, Value};

pub(super) fn check(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(known) = object.known else {
        custom_object(object, place, findings);
        return;
    };
    if !object.is_in_graph() {
        custom_properties(object, place, findings);
    }
    if !known.extensions.is_empty() {
        custom_extensions(object, place, findings);
    }
    if object.type_name == "marking-definition" {
        custom_marking(object, place, findings);
    }
}

fn custom_object(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let is_told_already = object.type_name == "action" || object.is_in_graph();
    if !is_told_already && !extensions::uses(object, &["new-sdo", "new-sco", "new-sro"]) {
        let message = format!(
            "`{}` is not a type of the standard",
            values::shown(object.type_name)
        );
        let way_out = "give it an extension of type `new-sdo`, `new-sco` or `new-sro`";
        findings.add(&rule::CUSTOM_OBJECT, place, message, way_out);
    }
}

fn custom_properties(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    if extensions::uses(object, &["toplevel-property-extension"]) {
        return;
    }
    let is_reserved = |name: &str| matches!(name, "severity" | "action" | "username" | "phone_numbers");
    for name in object
        .map
        .keys()
        .filter(|name| object.property(name).is_none() && !is_reserved(name))
    {
        let message = format!(
            "`{}` is not a property of `{}`",
            values::shown(name),
            object.type_name
        );
        let way_out = "put it into an extension of type `property-extension`, or declare a `toplevel-property-extension`";
        findings.add(&rule::CUSTOM_PROPERTY, &place.key(name), message, way_out);
    }
}

fn custom_extensions(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    if extensions::uses(object, &["property-extension"]) {
        return;
    }
    let place = place.key("extensions");
    let predefined = object.known.map_or(&[][..], |known| known.extensions);
    for key in object
        .get("extensions")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::keys)
    {
        if !predefined.iter().any(|(name, _)| *name == key) {
            let message = format!(
                "`{}` is not an extension that the standard predefines",
                values::shown(key)
            );
            let way_out = "file it under the id of its definition, with the type `property-extension`";
            findings.add(&rule::CUSTOM_EXTENSION, &place.key(key), message, way_out);
        }
    }
}

fn custom_marking(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let is_standard = matches!(object.text("definition_type"), Some("statement" | "tlp"));
    if !is_standard && !object.has("extensions") {
        let message = "a marking of one's own that is not an extension";
        findings.add(&rule::CUSTOM_MARKING, place, message, "define it by an extension");
    }
}
