//! References to other objects: their form, and the types that they may name.

use super::super::findings::{Findings, Place};
use super::super::schema::Target;
use super::super::{forms, rule};
use super::{Object, values};
use crate::json::{Map, Value};

/// A reference by identifier.
pub(super) fn identifier(target: Target, text: &str, place: &Place<'_>, findings: &mut Findings) {
    if forms::uuid_version(text).is_none() {
        let message = format!("`{}` is not an identifier", values::shown(text));
        findings.add(
            &rule::IDENTIFIER,
            place,
            message,
            "write `type--uuid`, with a UUID of RFC 4122",
        );
        return;
    }
    let type_name = text.rsplit_once("--").map_or("", |(type_name, _)| type_name);
    admitted(target, type_name, place, findings);
}

/// A reference from an observable: the type counts, a malformed UUID is only noted.
pub(super) fn of_observable(target: Target, text: &str, place: &Place<'_>, findings: &mut Findings) {
    match text.rsplit_once("--") {
        Some((type_name, _)) if target != Target::OneOf(&["marking-definition"]) => {
            if forms::uuid_version(text).is_none() {
                let message = format!("`{}` is not an identifier", values::shown(text));
                let way_out = "write `type--uuid`, with a UUID of RFC 4122";
                findings.add(&rule::OBSERVABLE_REFERENCE, place, message, way_out);
            }
            admitted(target, type_name, place, findings);
        }
        _ => identifier(target, text, place, findings),
    }
}

/// A reference by key among the `objects` of observed data.
pub(super) fn in_graph(
    siblings: &Map<'_>,
    target: Target,
    key: &str,
    place: &Place<'_>,
    findings: &mut Findings,
) {
    let Some(sibling) = siblings.get(key) else {
        let message = format!("`{}` is none of the `objects`", values::shown(key));
        findings.add(
            &rule::REFERENCE_IN_GRAPH,
            place,
            message,
            "name the key of an object beside this one",
        );
        return;
    };
    if let Some(type_name) = sibling.get("type").and_then(Value::as_str) {
        admitted(target, type_name, place, findings);
    }
}

fn admitted(target: Target, type_name: &str, place: &Place<'_>, findings: &mut Findings) {
    if target.admits(type_name) {
        return;
    }
    let way_out = match target {
        Target::OneOf(types) => format!("name one of: {}", types.join(", ")),
        Target::NoneOf(types) => format!("name none of: {}", types.join(", ")),
        Target::Any => String::new(),
    };
    findings.add(
        &rule::REFERENCE_TARGET,
        place,
        format!("this must not name a `{}`", values::shown(type_name)),
        way_out,
    );
}

pub(super) fn check(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    external(object, place, findings);
}

/// External references: the schemes that the standard knows, and a hash for what a URL leads to.
fn external(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(references) = object.get("external_references").and_then(Value::as_array) else {
        return;
    };
    let place = place.key("external_references");
    for (index, reference) in references.iter().enumerate() {
        scheme(reference, &place.item(index), findings);
    }
    let unhashed =
        |reference: &Value<'_>| reference.get("url").is_some() && reference.get("hashes").is_none();
    if let Some(index) = references.iter().position(unhashed) {
        let way_out = "add `hashes` of what the URL led to";
        findings.add(
            &rule::EXTERNAL_REFERENCE_HASH,
            &place.item(index),
            "a reference has a URL but no hash",
            way_out,
        );
    }
}

/// STIX 2.1 §4.1, §4.19: `cve` and `capec` go with their own ids, and these ids with no other source.
fn scheme(reference: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    let text = |name| reference.get(name).and_then(Value::as_str);
    let id = text("external_id");
    let (fits, way_out) = match text("source_name") {
        Some("cve") => (
            id.is_some_and(is_cve),
            "give the `external_id` as `CVE-2024-12345`",
        ),
        Some("capec") => (id.is_some_and(is_capec), "give the `external_id` as `CAPEC-163`"),
        Some(_) if id.is_some_and(is_cve) => (false, "the `source_name` of a CVE id is `cve`"),
        Some(_) if id.is_some_and(is_capec) => (false, "the `source_name` of a CAPEC id is `capec`"),
        _ => (true, ""),
    };
    if !fits {
        findings.add(
            &rule::EXTERNAL_REFERENCE_ID,
            place,
            "`source_name` and `external_id` do not fit",
            way_out,
        );
    }
}

/// `CVE-YYYY-NNNN`, with more than four digits only where they are needed.
fn is_cve(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix("CVE-")
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(year, number)| {
            let is_number = number.len() == 4 || (number.len() > 4 && !number.starts_with('0'));
            year.len() == 4 && digits(year) && is_number && digits(number)
        })
}

fn is_capec(text: &str) -> bool {
    text.strip_prefix("CAPEC-")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}
