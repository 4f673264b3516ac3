//! Extensions and extension definitions, and language content (STIX 2.1 §7.1, §7.3).

use super::super::findings::{Findings, Place};
use super::super::schema::Structure;
use super::super::tables::{EXTENSION, EXTENSION_TYPES};
use super::super::{forms, language, rule};
use super::{Object, properties, values};
use crate::json::{Map, Value};

pub(super) fn check(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    extensions(object, place, findings);
    match object.type_name {
        "extension-definition" => definition(object, place, findings),
        "language-content" => language_content(object, place, findings),
        _ => {}
    }
}

fn extensions(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(value) = object.get("extensions") else {
        return;
    };
    let place = place.key("extensions");
    let Some(map) = value.as_object() else {
        let message = format!("{} where an object is expected", value.type_words());
        findings.add(
            &rule::VALUE_TYPE,
            &place,
            message,
            "file each extension under its key",
        );
        return;
    };
    if map.is_empty() {
        findings.add(
            &rule::EMPTY_VALUE,
            &place,
            "there are no extensions",
            "leave the property out instead",
        );
    }
    for (key, value) in map.iter() {
        extension(object, key, value, &place.key(key), findings);
    }
}

fn extension(object: &Object<'_>, key: &str, value: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    let is_definition = key.starts_with("extension-definition--");
    let fits = match is_definition {
        true => forms::uuid_version(key).is_some(),
        false => key.strip_suffix("-ext").is_some_and(is_extension_name),
    };
    if !fits {
        let message = format!("`{}` names no extension", values::shown(key));
        let way_out = "use the id of its extension definition";
        findings.add(&rule::EXTENSION_KEY, place, message, way_out);
    }
    let Some(map) = value.as_object() else {
        let message = format!("{} where an object is expected", value.type_words());
        findings.add(
            &rule::VALUE_TYPE,
            place,
            message,
            "put the extension's properties into an object",
        );
        return;
    };
    match predefined(object, key) {
        Some(structure) => {
            values::structure(object, structure, map, place, findings);
            content(
                object,
                map,
                |name| structure.property(name).is_some(),
                place,
                findings,
            );
        }
        None if is_definition => {
            values::structure(object, &EXTENSION, map, place, findings);
            content(object, map, |name| name == "extension_type", place, findings);
        }
        None if map.is_empty() => {
            findings.add(
                &rule::EMPTY_VALUE,
                place,
                "the extension is empty",
                "leave it out instead",
            );
        }
        None => content(object, map, |_| false, place, findings),
    }
}

/// The part of an extension's name before `-ext`.
fn is_extension_name(name: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('-').all(is_word)
}

fn predefined(object: &Object<'_>, key: &str) -> Option<&'static Structure> {
    let known = object.known?;
    known
        .extensions
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, structure)| *structure)
}

/// The properties of an extension that the standard does not know.
fn content(
    object: &Object<'_>,
    map: &Map<'_>,
    is_known: impl Fn(&str) -> bool,
    place: &Place<'_>,
    findings: &mut Findings,
) {
    for (name, value) in map.iter().filter(|(name, _)| !is_known(name)) {
        let place = place.key(name);
        if !forms::is_property_name(name) {
            let message = format!("`{}` cannot be the name of a property", values::shown(name));
            let way_out = "use 3 to 250 lower-case letters, digits and underscores, a letter first";
            findings.add(&rule::PROPERTY_NAME, &place, message, way_out);
        }
        properties::unknown(object, name, value, &place, findings);
    }
}

/// Whether an extension of one of these types is there.
pub(super) fn uses(object: &Object<'_>, types: &[&str]) -> bool {
    debug_assert!(types.iter().all(|name| EXTENSION_TYPES.contains(name)));
    let Some(map) = object.get("extensions").and_then(Value::as_object) else {
        return false;
    };
    map.iter().any(|(_, extension)| {
        extension
            .get("extension_type")
            .and_then(Value::as_str)
            .is_some_and(|name| types.contains(&name))
    })
}

fn definition(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let types = object
        .get("extension_types")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let is_top_level = types
        .iter()
        .any(|name| name.as_str() == Some("toplevel-property-extension"));
    match (is_top_level, object.has("extension_properties")) {
        (true, false) => findings.add(
            &rule::EXTENSION_PROPERTIES_MISSING,
            place,
            "a top-level extension does not say which properties it adds",
            "list them in `extension_properties`",
        ),
        (false, true) => findings.add(
            &rule::EXTENSION_PROPERTIES,
            &place.key("extension_properties"),
            "only a `toplevel-property-extension` has `extension_properties`",
            "leave them out",
        ),
        _ => {}
    }
    if !object.has("description") {
        let message = "the extension definition has no `description`";
        findings.add(&rule::EXTENSION_DESCRIPTION, place, message, "say what it is for");
    }
}

fn language_content(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(contents) = object.get("contents").and_then(Value::as_object) else {
        return;
    };
    let place = place.key("contents");
    for (tag, translations) in contents.iter() {
        let place = place.key(tag);
        if !language::is_language(tag) {
            let message = format!("`{}` is no language tag", values::shown(tag));
            findings.add(
                &rule::CONTENT_LANGUAGE,
                &place,
                message,
                "write it as `en` or `de-CH`",
            );
        }
        for name in translations.as_object().into_iter().flat_map(Map::keys) {
            if !forms::is_property_name_lax(name) {
                let message = format!("`{}` cannot be the name of a property", values::shown(name));
                findings.add(
                    &rule::CONTENT_PROPERTY,
                    &place.key(name),
                    message,
                    "name a property of the object",
                );
            }
        }
    }
}
