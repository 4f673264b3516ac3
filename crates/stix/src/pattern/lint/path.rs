//! Object paths through the tables of types (STIX 2.1 §6, §9.7).

use super::super::ast::{ObjectPath, Step};
use super::super::remarks::RemarkKind;
use super::super::text::shortened;
use super::Fault;
use crate::validate::schema::{ObjectType, Others, Property, Shape, Structure, Target};
use crate::validate::{tables, vocabulary};
use crate::words::meant;

/// What a path has led to.
#[derive(Clone, Copy)]
pub(super) enum Reached {
    Object(&'static ObjectType),
    Structure(&'static Structure),
    Extensions(&'static ObjectType),
    Hashes,
    /// Any other shape.
    Value(&'static Shape),
    /// Somebody's own: nothing can be said.
    Unknown,
}

/// Every place that a path can lead to, more than one where a reference may be to several types; or what
/// stops it at its type or at which of its steps.
pub(super) fn follow(path: &ObjectPath) -> Result<Vec<Reached>, (Option<usize>, Fault)> {
    let mut reached = vec![Reached::Object(
        root(&path.object_type).map_err(|fault| (None, fault))?,
    )];
    let mut before = path.object_type.as_str();
    for (position, step) in path.steps.iter().enumerate() {
        let mut next = Vec::new();
        let mut first_fault = None;
        for place in dereferenced(&reached, step) {
            match place.step(step, before) {
                Ok(place) => next.push(place),
                Err(fault) => first_fault = first_fault.or(Some(fault)),
            }
        }
        if let (true, Some(fault)) = (next.is_empty(), first_fault) {
            return Err((Some(position), fault));
        }
        reached = next;
        if let Step::Property(name) = step {
            before = name;
        }
    }
    Ok(reached)
}

fn root(type_name: &str) -> Result<&'static ObjectType, Fault> {
    let shown = shortened(type_name);
    match tables::find(type_name) {
        Some(known) if known.is_observable => Ok(known),
        Some(_) => Err(Fault::new(
            RemarkKind::UnknownType,
            format!("`{shown}` is no observable; patterns look at observables such as `file` or `url`"),
        )),
        None if type_name.starts_with("x-") => Err(Fault::new(
            RemarkKind::Custom,
            format!("`{shown}` is a type of somebody's own; only who has such objects can match it"),
        )),
        None => Err(Fault::new(
            RemarkKind::UnknownType,
            format!("no observable is called `{shown}`; {}", near_type(type_name)),
        )),
    }
}

fn near_type(type_name: &str) -> String {
    let is_extended = |known: &&&ObjectType| known.extensions.iter().any(|(key, _)| *key == type_name);
    if let Some(known) = tables::ALL.iter().find(is_extended) {
        return format!(
            "it is an extension: write `{}:extensions.'{type_name}'`",
            known.name
        );
    }
    let observables = || {
        tables::ALL
            .iter()
            .filter(|known| known.is_observable)
            .map(|known| known.name)
    };
    let near = meant(type_name, observables());
    let near = near.or_else(|| {
        let is_part = |known: &&str| type_name.len() >= 3 && known.contains(type_name);
        observables().find(is_part)
    });
    near.map(|near| format!("did you mean `{near}`?"))
        .unwrap_or_else(|| "name one of the standard, such as `file`, or one of your own as `x-…`".to_owned())
}

/// A property behind a reference is a property of what it refers to (§9.7.4).
fn dereferenced(reached: &[Reached], step: &Step) -> Vec<Reached> {
    let targets = |place: &Reached| match (place, step) {
        (Reached::Value(Shape::Identifier(Target::OneOf(types))), Step::Property(_)) => types
            .iter()
            .filter_map(|name| tables::find(name))
            .map(Reached::Object)
            .collect(),
        (Reached::Value(Shape::Identifier(_)), Step::Property(_)) => vec![Reached::Unknown],
        _ => vec![*place],
    };
    reached.iter().flat_map(targets).collect()
}

impl Reached {
    fn of(shape: &'static Shape) -> Reached {
        match shape {
            Shape::Object(structure) => Self::Structure(structure),
            Shape::Hashes => Self::Hashes,
            Shape::Any | Shape::StartupInfo | Shape::Graph | Shape::Extensions => Self::Unknown,
            other => Self::Value(other),
        }
    }

    /// One step on; `before` names where it stands.
    fn step(self, step: &Step, before: &str) -> Result<Reached, Fault> {
        match step {
            Step::Property(name) => self.property(name, before),
            Step::Index(_) | Step::Any => self.element(before),
        }
    }

    fn property(self, name: &str, before: &str) -> Result<Reached, Fault> {
        match self {
            Self::Object(known) if name == "extensions" => Ok(Self::Extensions(known)),
            Self::Object(known) => match known.property(name) {
                Some(property) => Ok(Self::of(&property.shape)),
                None => Err(no_property(known.name, name, known.properties)),
            },
            Self::Structure(known) => match known.property(name) {
                Some(property) => Ok(Self::of(&property.shape)),
                None if known.others == Others::Free => Ok(Self::Unknown),
                None => Err(no_property(before, name, known.properties)),
            },
            Self::Extensions(known) => extension(known, name),
            Self::Hashes => hash(name),
            Self::Unknown => Ok(Self::Unknown),
            Self::Value(Shape::Dictionary(shape)) => Ok(Self::of(shape)),
            Self::Value(Shape::List(_)) => Err(missing_index(before)),
            Self::Value(_) => Err(Fault::new(
                RemarkKind::PathShape,
                format!(
                    "`{}` is a plain value and has no properties; end the path there",
                    shortened(before)
                ),
            )),
        }
    }

    fn element(self, before: &str) -> Result<Reached, Fault> {
        match self {
            Self::Unknown => Ok(Self::Unknown),
            Self::Value(Shape::List(shape)) => Ok(Self::of(shape)),
            Self::Value(Shape::TextOrTexts) => Ok(Self::Value(&Shape::Text)),
            _ => Err(Fault::new(
                RemarkKind::PathShape,
                format!("`{}` is no list; leave the index out", shortened(before)),
            )),
        }
    }
}

/// What is to be said where a list is used as if it were its element.
pub(super) fn missing_index(name: &str) -> Fault {
    let name = shortened(name);
    Fault::new(
        RemarkKind::PathShape,
        format!("`{name}` is a list; write `{name}[*]` for any of its elements"),
    )
}

/// Names of STIX 2.0 for which STIX 2.1 has others.
const OLD_NAMES: &[(&str, &str, &str)] = &[
    ("directory", "created", "ctime"),
    ("directory", "modified", "mtime"),
    ("directory", "accessed", "atime"),
    ("file", "created", "ctime"),
    ("file", "modified", "mtime"),
    ("file", "accessed", "atime"),
    ("process", "name", "image_ref.name"),
    ("process", "arguments", "command_line"),
    ("process", "created", "created_time"),
    ("process", "binary_ref", "image_ref"),
    ("user-account", "password_last_changed", "credential_last_changed"),
    ("windows-registry-key", "modified", "modified_time"),
];

/// Properties that are looked for where they are not: owner, name, and where it stands.
const ELSEWHERE: &[(&str, &str, &str)] = &[("file", "path", "parent_directory_ref.path")];

fn no_property(owner: &str, name: &str, properties: &[Property]) -> Fault {
    let (owner, shown) = (shortened(owner), shortened(name));
    if name.starts_with("x_") {
        let message = format!("`{shown}` is a property of somebody's own; only who has it can match it");
        return Fault::new(RemarkKind::Custom, message);
    }
    let find = |table: &'static [(&str, &str, &'static str)]| {
        let mut rows = table.iter();
        rows.find_map(|(of, old, new)| (*of == owner && *old == name).then_some(*new))
    };
    if let Some(new) = find(OLD_NAMES) {
        let message = format!("STIX 2.0 called it `{shown}`; in STIX 2.1 it is `{new}`");
        return Fault::new(RemarkKind::OldName, message);
    }
    let names = || properties.iter().map(|property| property.name);
    let way_out = find(ELSEWHERE)
        .or_else(|| meant(name, names()))
        .map(|near| format!("did you mean `{near}`?"))
        .unwrap_or_else(|| format!("it has {}", listed(names())));
    Fault::new(
        RemarkKind::UnknownProperty,
        format!("`{owner}` has no property `{shown}`; {way_out}"),
    )
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.get(..SHOWN) {
        Some(first) if names.len() > SHOWN => format!("{}, …", first.join(", ")),
        _ => names.join(", "),
    }
}

fn extension(known: &'static ObjectType, name: &str) -> Result<Reached, Fault> {
    if let Some((_, structure)) = known.extensions.iter().find(|(key, _)| *key == name) {
        return Ok(Reached::Structure(structure));
    }
    let shown = shortened(name);
    if name.starts_with("x-") || name.starts_with("extension-definition--") {
        let message = format!("`{shown}` is an extension of somebody's own; only who has it can match it");
        return Err(Fault::new(RemarkKind::Custom, message));
    }
    let way_out = meant(name, known.extensions.iter().map(|(key, _)| *key))
        .map(|near| format!("did you mean '{near}'?"))
        .unwrap_or_else(|| match known.extensions {
            [] => "it has none of the standard's".to_owned(),
            some => format!("it has {}", listed(some.iter().map(|(key, _)| *key))),
        });
    let message = format!("`{}` has no extension `{shown}`; {way_out}", known.name);
    Err(Fault::new(RemarkKind::UnknownProperty, message))
}

fn hash(name: &str) -> Result<Reached, Fault> {
    let terms = vocabulary::HASH_ALGORITHM.terms;
    if vocabulary::HASH_ALGORITHM.contains(name) {
        return Ok(Reached::Value(&Shape::Text));
    }
    let folded = |text: &str| -> String {
        let letters = text.chars().filter(|c| !matches!(c, '-' | '_' | ' '));
        letters.map(|c| c.to_ascii_uppercase()).collect()
    };
    let shown = shortened(name);
    let wanted = folded(&shown);
    if let Some(term) = terms.iter().find(|term| folded(term) == wanted) {
        let message = format!(
            "objects write the algorithm `{term}`, and names are compared letter by letter; write hashes.'{term}'"
        );
        return Err(Fault::new(RemarkKind::HashName, message));
    }
    let message = format!(
        "`{shown}` is no hash algorithm of the standard; it knows {}",
        listed(terms.iter().copied())
    );
    Err(Fault::new(RemarkKind::Custom, message))
}
