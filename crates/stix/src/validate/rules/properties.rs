//! Which properties are there, how they are called, and which of them need or exclude each other.

use super::super::findings::{Findings, Place};
use super::super::forms;
use super::super::rule;
use super::super::schema::{AnyOf, Property, Shape};
use super::{Object, Setting, values};
use crate::json::{Map, Value};

pub(super) fn check(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let own = object.known.map_or(&[][..], |known| known.properties);
    required(
        object.common.iter().chain(own),
        object.map,
        object.type_name,
        place,
        findings,
    );
    any_of(object, place, findings);
    for (name, value) in object.map.iter() {
        let place = place.key(name);
        self::name(name, &place, findings);
        match object.property(name) {
            Some(Property { shape, .. }) => values::check(object, shape, value, &place, findings),
            None => unknown(object, name, value, &place, findings),
        }
    }
    combinations(object, place, findings);
}

/// STIX 2.0 has other rules; instead of all that differs, one finding says what to add.
pub(super) fn stix_2_0(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let own = object.known.map_or(&[][..], |known| known.properties);
    let missing: Vec<String> = (object.common.iter().chain(own))
        .filter(|property| property.required && !object.has(property.name))
        .map(|property| format!("`{}`", property.name))
        .collect();
    let rule = match object.setting {
        Setting::Alone => &rule::STIX_2_0_OBJECT,
        _ => &rule::STIX_2_0_IN_BUNDLE,
    };
    let message = "no `spec_version`: this is a STIX 2.0 object, and the rules of STIX 2.1 do not fit it";
    let way_out = format!("to make it STIX 2.1, add {}", missing.join(", "));
    findings.add(rule, place, message, way_out);
    // What both versions ask for.
    for name in ["type", "id", "created", "modified"] {
        if let (Some(property), Some(value)) = (object.property(name), object.get(name)) {
            values::check(object, &property.shape, value, &place.key(name), findings);
        } else if name == "id" {
            findings.add(&rule::REQUIRED_PROPERTY, place, "`id` is missing", "add `id`");
        }
    }
    super::identifiers::form(object, place, findings);
}

/// Findings for required properties that are missing.
pub(super) fn required<'t>(
    properties: impl Iterator<Item = &'t Property>,
    map: &Map<'_>,
    owner: &str,
    place: &Place<'_>,
    findings: &mut Findings,
) {
    for property in properties.filter(|property| property.required && !map.contains_key(property.name)) {
        let message = format!("{} needs the property `{}`", values::shown(owner), property.name);
        findings.add(
            &rule::REQUIRED_PROPERTY,
            place,
            message,
            format!("add `{}`", property.name),
        );
    }
}

fn any_of(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(known) = object.known else { return };
    let (names, found): (Vec<&str>, bool) = match known.any_of {
        AnyOf::Nothing => return,
        AnyOf::These(names) => (names.to_vec(), names.iter().any(|name| object.has(name))),
        AnyOf::Own => {
            let own = || {
                known
                    .properties
                    .iter()
                    .map(|property| property.name)
                    .chain(["extensions"])
            };
            (own().collect(), own().any(|name| object.has(name)))
        }
    };
    if !found {
        report_any_of(object.type_name, &names, place, findings);
    }
}

pub(super) fn report_any_of(owner: &str, names: &[&str], place: &Place<'_>, findings: &mut Findings) {
    let message = format!("{owner} needs at least one of: {}", names.join(", "));
    findings.add(&rule::ANY_OF_PROPERTIES, place, message, "add one of them");
}

fn name(name: &str, place: &Place<'_>, findings: &mut Findings) {
    if matches!(name, "severity" | "action" | "username" | "phone_numbers") {
        let way_out = "use another name, or an extension";
        findings.add(
            &rule::RESERVED_PROPERTY,
            place,
            format!("`{name}` is a reserved name"),
            way_out,
        );
    } else if !forms::is_property_name(name) {
        let message = format!("`{}` cannot be the name of a property", values::shown(name));
        let way_out = "use 3 to 250 lower-case letters, digits and underscores, a letter first";
        findings.add(&rule::PROPERTY_NAME, place, message, way_out);
    } else if name.len() > 250 {
        let message = format!("the name is {} characters long", name.len());
        findings.add(
            &rule::PROPERTY_NAME_LENGTH,
            place,
            message,
            "use at most 250 characters",
        );
    }
}

/// What is asked of every property, whoever invented it.
pub(super) fn unknown(
    object: &Object<'_>,
    name: &str,
    value: &Value<'_>,
    place: &Place<'_>,
    findings: &mut Findings,
) {
    // STIX 2.1 §3.1: the ending tells the type.
    let shape = match name {
        "lang" => &Shape::Language,
        _ if name.ends_with("_bin") => &Shape::Binary,
        _ if name.ends_with("_hex") => &Shape::Hex,
        _ => &Shape::Any,
    };
    values::check(object, shape, value, place, findings);
}

pub(super) fn type_name(text: &str, place: &Place<'_>, findings: &mut Findings) {
    if text == "action" {
        findings.add(
            &rule::RESERVED_TYPE,
            place,
            "`action` is a reserved type",
            "use another name",
        );
    } else if !forms::is_type_name(text) {
        let message = format!("`{}` cannot be a type", values::shown(text));
        let way_out = "use 3 to 250 lower-case letters, digits and single hyphens, a letter first";
        findings.add(&rule::TYPE_NAME, place, message, way_out);
    }
}

pub(super) fn spec_version(text: &str, place: &Place<'_>, findings: &mut Findings) {
    match text {
        "2.1" => {}
        "2.0" => findings.add(
            &rule::SPEC_VERSION_2_0,
            place,
            "the object says STIX 2.0, whose objects have no `spec_version`; it is held to STIX 2.1",
            "write `2.1`",
        ),
        _ => findings.add(
            &rule::SPEC_VERSION,
            place,
            format!("`{}` is no version of STIX 2", values::shown(text)),
            "write `2.1`",
        ),
    }
}

/// What single types ask of their properties together.
fn combinations(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let mut add =
        |message: &str, way_out: &str| findings.add(&rule::PROPERTY_COMBINATION, place, message, way_out);
    let has = |name: &str| object.has(name);
    let flag = |name: &str| object.get(name).and_then(Value::as_bool);
    match object.type_name {
        "artifact" => {
            match (has("payload_bin"), has("url")) {
                (true, true) => add(
                    "an artifact has `payload_bin` or `url`, not both",
                    "keep one of them",
                ),
                (false, false) => add("an artifact needs `payload_bin` or `url`", "add one of them"),
                (false, true) if !has("hashes") => {
                    add("an artifact with a `url` needs `hashes`", "add a hash")
                }
                _ => {}
            }
            if has("decryption_key") && !has("encryption_algorithm") {
                add(
                    "a `decryption_key` needs an `encryption_algorithm`",
                    "say how the payload is encrypted",
                );
            }
        }
        "email-message" => match flag("is_multipart") {
            Some(true) if has("body") => add("a multipart message has no `body`", "use `body_multipart`"),
            Some(false) if has("body_multipart") => {
                add(
                    "a message that is not multipart has no `body_multipart`",
                    "use `body`",
                );
            }
            _ => {}
        },
        "location" => {
            if has("latitude") != has("longitude") {
                add("`latitude` and `longitude` belong together", "give both or none");
            }
            if has("precision") && !(has("latitude") && has("longitude")) {
                add(
                    "`precision` needs `latitude` and `longitude`",
                    "add them or leave it out",
                );
            }
            let is_placed = has("latitude") && has("longitude");
            if !is_placed && !has("region") && !has("country") {
                add(
                    "a location needs a `region`, a `country`, or `latitude` and `longitude`",
                    "add one of them",
                );
            }
        }
        "malware" if flag("is_family") == Some(true) && !has("name") => {
            add("a malware family needs a `name`", "add it");
        }
        "network-traffic" if flag("is_active") == Some(true) && has("end") => {
            add(
                "active traffic has no `end`",
                "leave `end` out or set `is_active` to false",
            );
        }
        "observed-data" => match (has("objects"), has("object_refs")) {
            (true, true) => add(
                "observed data has `objects` or `object_refs`, not both",
                "keep `object_refs`",
            ),
            (false, false) => add(
                "observed data needs `object_refs`",
                "add the ids of what was observed",
            ),
            _ => {}
        },
        _ => {}
    }
}
