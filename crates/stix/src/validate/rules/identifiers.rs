//! The object's own identifier (STIX 2.1 §2.9).

use super::super::findings::{Findings, Place};
use super::super::{forms, rule};
use super::{Object, values};
use crate::id;

pub(super) fn check(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    form(object, place, findings);
    version(object, place, findings);
}

/// `type--uuid`, beginning with the object's type.
pub(super) fn form(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(id) = object.text("id") else { return };
    let place = place.key("id");
    if forms::uuid_version(id).is_none() {
        let message = format!("`{}` is not an identifier", values::shown(id));
        findings.add(
            &rule::IDENTIFIER,
            &place,
            message,
            "write `type--uuid`, with a UUID of RFC 4122",
        );
    } else if id
        .rsplit_once("--")
        .is_some_and(|(type_name, _)| type_name != object.type_name)
    {
        let message = format!(
            "`{}` is not the id of a `{}`",
            values::shown(id),
            values::shown(object.type_name)
        );
        findings.add(
            &rule::ID_TYPE,
            &place,
            message,
            "begin it with the object's own type",
        );
    }
}

fn version(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(version) = object.text("id").and_then(forms::uuid_version) else {
        return;
    };
    let place = place.key("id");
    let contributing = id::contributing(object.type_name);
    // Where one of them is required, its absence is what is wrong.
    let is_required = |name: &str| object.property(name).is_some_and(|property| property.required);
    let is_random = object.is_known_observable()
        && !contributing
            .iter()
            .any(|name| object.has(name) || is_required(name));
    if is_random && version != 4 {
        let message = match contributing.is_empty() {
            true => format!("the id of a `{}` is random", object.type_name),
            false => format!(
                "nothing that the id follows from is there: {}",
                contributing.join(", ")
            ),
        };
        findings.add(&rule::ID_RANDOM, &place, message, "use a UUIDv4");
    }
    // A wrong id that is told above needs no second word, but that processes SHOULD have UUIDv4 is one.
    if object.is_in_graph() || (is_random && version != 4 && !contributing.is_empty()) {
        return;
    }
    let (expected, way_out) = match object.is_known_observable() && !is_random {
        true => (5, "use the UUIDv5 of its ID contributing properties"),
        false => (4, "use a UUIDv4"),
    };
    if version != expected {
        findings.add(
            &rule::ID_VERSION,
            &place,
            format!("the id is a UUIDv{version}"),
            way_out,
        );
    }
}
