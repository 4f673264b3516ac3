//! The rules at work: which run over an object, in which order.
//!
//! Begin at [`check`]. Each file below holds the rules of one subject; each rule is a function of an
//! [`Object`] that adds findings.

pub(super) mod bundle;
mod custom;
mod extensions;
mod identifiers;
mod markings;
mod observables;
mod patterns;
mod properties;
mod references;
mod timestamps;
mod values;
mod vocabularies;

use super::findings::{Findings, Place};
use super::rule;
use super::schema::{ObjectType, Property};
use super::tables;
use crate::json::{Map, Value};

/// An object under examination.
pub(super) struct Object<'v> {
    map: &'v Map<'v>,
    /// Empty where there is none.
    type_name: &'v str,
    /// Its row of the tables; none for a custom type.
    known: Option<&'static ObjectType>,
    /// The common properties, which custom types have too.
    common: &'static [Property],
    /// Where it stands.
    setting: Setting<'v>,
}

/// Where an object stands.
#[derive(Clone, Copy)]
pub(super) enum Setting<'v> {
    /// By itself.
    Alone,
    /// In a bundle.
    Bundle,
    /// Among the `objects` of observed data, where references are keys.
    Graph(&'v Map<'v>),
}

/// All rules for one object; a bundle and its objects too.
pub(super) fn check(value: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    match value.get("type").and_then(Value::as_str) {
        Some("bundle") => bundle::check(value, place, findings),
        _ => check_in(value, Setting::Alone, place, findings),
    }
}

fn check_in<'v>(value: &'v Value<'v>, setting: Setting<'v>, place: &Place<'_>, findings: &mut Findings) {
    let Some(object) = Object::of(value, setting) else {
        let message = match value.as_object() {
            Some(_) => "an object without a `type`".to_owned(),
            None => format!("{} where an object is expected", value.type_words()),
        };
        findings.add(
            &rule::NOT_AN_OBJECT,
            place,
            message,
            "give each object its `type` and `id`",
        );
        return;
    };
    if object.is_stix_2_0() {
        properties::stix_2_0(&object, place, findings);
        return;
    }
    object.check(place, findings);
}

impl<'v> Object<'v> {
    fn of(value: &'v Value<'v>, setting: Setting<'v>) -> Option<Object<'v>> {
        let map = value.as_object()?;
        let type_name = map.get("type")?.as_str().unwrap_or_default();
        let known = tables::find(type_name);
        let is_versioned = map.contains_key("created") || map.contains_key("modified");
        let common = match known {
            Some(known) => known.common,
            None if is_versioned => tables::OBJECT_COMMON,
            None => tables::OBSERVABLE_COMMON,
        };
        Some(Object {
            map,
            type_name,
            known,
            common,
            setting,
        })
    }

    fn check(&self, place: &Place<'_>, findings: &mut Findings) {
        properties::check(self, place, findings);
        identifiers::check(self, place, findings);
        timestamps::check(self, place, findings);
        markings::check(self, place, findings);
        extensions::check(self, place, findings);
        references::check(self, place, findings);
        patterns::check(self, place, findings);
        vocabularies::check(self, place, findings);
        observables::check(self, place, findings);
        custom::check(self, place, findings);
    }

    fn get(&self, name: &str) -> Option<&'v Value<'v>> {
        self.map.get(name)
    }

    fn text(&self, name: &str) -> Option<&'v str> {
        self.get(name).and_then(Value::as_str)
    }

    fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    fn property(&self, name: &str) -> Option<&'static Property> {
        match self.known {
            Some(known) => known.property(name),
            None => self.common.iter().find(|property| property.name == name),
        }
    }

    fn is_known_observable(&self) -> bool {
        self.known.is_some_and(|known| known.is_observable)
    }

    /// Whether the rules of observables hold: one of the standard, or anything among observed data.
    fn is_observable_setting(&self) -> bool {
        self.is_known_observable() || self.is_in_graph()
    }

    fn is_in_graph(&self) -> bool {
        matches!(self.setting, Setting::Graph(_))
    }

    /// STIX 2.0 had no `spec_version` on objects, but always `created`. Observables of 2.1 need neither.
    fn is_stix_2_0(&self) -> bool {
        let needs_version = self
            .common
            .iter()
            .any(|property| property.name == "spec_version" && property.required);
        needs_version && !self.has("spec_version") && self.has("created")
    }

    /// A value inside: `extensions`, `ntfs-ext`, …
    fn inside(&self, path: &[&str]) -> Option<&'v Value<'v>> {
        let (first, rest) = path.split_first()?;
        rest.iter()
            .try_fold(self.get(first)?, |value, step| value.get(step))
    }
}
