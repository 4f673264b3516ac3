//! From the path that a pattern asks for to the properties of a map that fill it.

use super::map::{Map, Object, Property, Source};
use entente_stix::pattern::{ObjectPath, Step};

/// Where the values at a path come from, seen from one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) parts: Vec<WayPart>,
    /// Of the values of all parts together only this one, where the path has an index.
    pub(super) element: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WayPart {
    /// The values of a property.
    Value(usize),
    /// The path leads to a list, a dictionary or a reference, which is there if this property is.
    Present(usize),
    /// On from the objects that the property refers to: the first, or all.
    Through {
        property: usize,
        target: usize,
        is_list: bool,
        way: Way,
    },
}

/// What some event can hold at a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Lists, dictionaries or references, not values.
    pub(super) is_container: bool,
    /// Values are written in one way.
    pub(super) is_canonical: bool,
    /// Values are numbers.
    pub(super) is_number: bool,
}

/// The way from an object along the steps; none where no property of the map is on it.
pub(super) fn way(objects: &[Object], object: usize, steps: &[Step]) -> Option<Way> {
    let mut way = Way::default();
    for (number, property) in objects.get(object)?.properties.iter().enumerate() {
        if let Some((part, element)) = part(objects, number, property, steps) {
            way.parts.push(part);
            way.element = element;
        }
    }
    (!way.parts.is_empty()).then_some(way)
}

fn part(
    objects: &[Object],
    number: usize,
    property: &Property,
    steps: &[Step],
) -> Option<(WayPart, Option<usize>)> {
    let mut rest = steps.iter();
    for own in &property.steps {
        match (own, rest.next()) {
            (_, None) => return Some((WayPart::Present(number), None)),
            (Step::Property(own), Some(Step::Property(asked))) if own == asked => {}
            (Step::Index(0), Some(Step::Index(0) | Step::Any)) => {}
            _ => return None,
        }
    }
    let mut element = None;
    if property.is_list {
        match rest.next() {
            None => return Some((WayPart::Present(number), None)),
            Some(Step::Any) => {}
            Some(Step::Index(index)) => element = Some(usize::try_from(*index).ok()?),
            Some(Step::Property(_)) => return None,
        }
    }
    let rest = rest.as_slice();
    let part = match &property.source {
        Source::Reference(_) if rest.is_empty() => WayPart::Present(number),
        // Each step shortens what is left, so that references in a ring end.
        Source::Reference(name) => {
            let target = objects.iter().position(|object| object.name == *name)?;
            WayPart::Through {
                property: number,
                target,
                is_list: property.is_list,
                way: way(objects, target, rest)?,
            }
        }
        _ if rest.is_empty() => WayPart::Value(number),
        _ => return None,
    };
    Some((part, element))
}

impl Map {
    /// What some event can hold at a path; none where no event holds anything.
    pub(super) fn shape(&self, path: &ObjectPath) -> Option<Shape> {
        let mut shape: Option<Shape> = None;
        for situation in self.files.iter().flat_map(|file| &file.situations) {
            let objects = &situation.objects;
            for (number, object) in objects.iter().enumerate() {
                if object.types.contains(&path.object_type)
                    && let Some(way) = way(objects, number, &path.steps)
                {
                    add(objects, number, &way, shape.get_or_insert_default());
                }
            }
        }
        shape
    }
}

fn add(objects: &[Object], object: usize, way: &Way, shape: &mut Shape) {
    for part in &way.parts {
        match part {
            WayPart::Present(_) => shape.is_container = true,
            WayPart::Through { target, way, .. } => add(objects, *target, way, shape),
            WayPart::Value(property) => {
                let property = objects
                    .get(object)
                    .and_then(|object| object.properties.get(*property));
                if let Some(Source::Fields(transform, _)) = property.map(|property| &property.source) {
                    shape.is_canonical |= transform.is_canonical();
                    shape.is_number |= transform.is_number();
                }
            }
        }
    }
}
