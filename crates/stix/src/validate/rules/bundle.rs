//! A bundle: its own properties, its objects, and the objects among each other (STIX 2.1 §8).

use std::collections::BTreeMap;

use super::super::findings::{Findings, Place};
use super::super::rule;
use super::{Object, Setting, check_in, custom, identifiers, properties};
use crate::json::Value;

pub(in super::super) fn check(value: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(bundle) = Object::of(value, Setting::Alone).filter(|object| object.type_name == "bundle") else {
        let message = format!("{} that is not a bundle", value.type_words());
        findings.add(
            &rule::NOT_AN_OBJECT,
            place,
            message,
            "write `\"type\": \"bundle\"`",
        );
        return;
    };
    properties::check(&bundle, place, findings);
    identifiers::check(&bundle, place, findings);
    custom::check(&bundle, place, findings);
    let objects = bundle
        .get("objects")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let place = place.key("objects");
    for (index, object) in objects.iter().enumerate() {
        check_in(object, Setting::Bundle, &place.item(index), findings);
    }
    duplicates(objects, &place, findings);
}

/// Versions of an object differ in `modified` (STIX 2.1 §3.6).
fn duplicates(objects: &[Value<'_>], place: &Place<'_>, findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for (index, object) in objects.iter().enumerate() {
        let text = |name| object.get(name).and_then(Value::as_str);
        let (Some(id), Some(modified)) = (text("id"), text("modified")) else {
            continue;
        };
        if let Some(first) = seen.insert((id, modified), index) {
            let message = format!("the same id and `modified` as object {first}");
            let way_out = "leave one out, or give the newer version its own `modified`";
            findings.add(&rule::DUPLICATE_OBJECT, &place.item(index), message, way_out);
        }
    }
}
