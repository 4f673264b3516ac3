//! Properties that the standard does not know, found by its tables.

use std::collections::BTreeSet;

use entente_stix::json::{Map, Value, push_token};
use entente_stix::marking::TLP2_EXTENSION;
use entente_stix::validate::schema::{ObjectType, Property, Shape};
use entente_stix::validate::tables;

/// Adds the JSON pointers of an object's custom content: properties that its type does not have, in it
/// and in the structures inside, extensions that are not predefined, objects of custom types among
/// observed data, and translations of custom properties.
pub(super) fn pointers(object: &Value<'_>, found: &mut BTreeSet<String>) {
    let type_name = object.get("type").and_then(Value::as_str).unwrap_or_default();
    let (Some(known), Some(map)) = (tables::find(type_name), object.as_object()) else {
        return;
    };
    let mut walk = Walk {
        pointer: String::new(),
        found,
    };
    walk.object(known, map);
    if type_name == "language-content" {
        walk.translations(object);
    }
}

struct Walk<'f> {
    pointer: String,
    found: &'f mut BTreeSet<String>,
}

impl Walk<'_> {
    fn object(&mut self, known: &'static ObjectType, map: &Map<'_>) {
        self.members(map, |name| known.property(name), known);
    }

    fn members(
        &mut self,
        map: &Map<'_>,
        property: impl Fn(&str) -> Option<&'static Property>,
        known: &'static ObjectType,
    ) {
        for (name, value) in map.iter() {
            self.inside(name, |walk| match property(name) {
                Some(property) => walk.value(&property.shape, value, known),
                None => walk.take(),
            });
        }
    }

    fn value(&mut self, shape: &Shape, value: &Value<'_>, known: &'static ObjectType) {
        match (shape, value) {
            (Shape::List(inner), Value::Array(elements)) => {
                for (place, element) in elements.iter().enumerate() {
                    self.inside(&place.to_string(), |walk| walk.value(inner, element, known));
                }
            }
            (Shape::Object(structure), Value::Object(map)) => {
                self.members(map, |name| structure.property(name), known);
            }
            (Shape::Extensions, Value::Object(map)) => self.extensions(map, known),
            (Shape::Graph, Value::Object(map)) => self.graph(map),
            _ => {}
        }
    }

    /// TLP 2.0 comes as an extension, and is no custom content to anybody.
    fn extensions(&mut self, map: &Map<'_>, known: &'static ObjectType) {
        for (name, value) in map.iter() {
            let predefined = known.extensions.iter().find(|(known, _)| *known == name);
            self.inside(name, |walk| match (predefined, value) {
                (Some((_, structure)), Value::Object(map)) => {
                    walk.members(map, |name| structure.property(name), known);
                }
                _ if name == TLP2_EXTENSION => {}
                _ => walk.take(),
            });
        }
    }

    fn graph(&mut self, map: &Map<'_>) {
        for (key, value) in map.iter() {
            let type_name = value.get("type").and_then(Value::as_str);
            self.inside(key, |walk| match (type_name.and_then(tables::find), value) {
                (Some(known), Value::Object(map)) => walk.object(known, map),
                _ => walk.take(),
            });
        }
    }

    fn translations(&mut self, object: &Value<'_>) {
        let target = object
            .get("object_ref")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let known = target
            .split_once("--")
            .and_then(|(type_name, _)| tables::find(type_name));
        let contents = object.get("contents").and_then(Value::as_object);
        for (language, translations) in contents.into_iter().flat_map(Map::iter) {
            for name in translations.as_object().into_iter().flat_map(Map::keys) {
                if known.is_none_or(|known| known.property(name).is_none()) {
                    self.inside("contents", |walk| {
                        walk.inside(language, |walk| walk.inside(name, |walk| walk.take()));
                    });
                }
            }
        }
    }

    fn inside(&mut self, token: &str, then: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        push_token(&mut self.pointer, token);
        then(self);
        self.pointer.truncate(length);
    }

    fn take(&mut self) {
        self.found.insert(self.pointer.clone());
    }
}
