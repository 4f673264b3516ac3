//! The field map: which observables an event of a log holds, and which fields fill which properties.
//!
//! A file of a map is lines. `version N` and `for SCHEMA…` come first, then `by FIELD…`: the one or two fields that
//! tell logs of the schema apart. `on VALUE,VALUE [VALUE]` begins what holds for events with these values (`on *`: for
//! all). In it `object NAME TYPE|TYPE [each FIELD] [where FIELD VALUE|VALUE]` is one observable, or one for each value
//! of a field, perhaps only where another field has one of some values; of several types the form of its value decides.
//! Its lines are `PROPERTY = SOURCE`, with a source `@NAME` (a reference), `'text'`, `FIELD`, or `TRANSFORM FIELD…`;
//! `FIELD|FIELD` is the first of them that is there. `PROPERTY!` must be there or the observable is not; `PROPERTY[]` is
//! a list, each line adds to it. An object that is named again goes on.

mod read;

use super::transform::Transform;
use entente_stix::pattern::Step;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Which observables are in which events.
#[derive(Debug)]
pub struct Map {
    pub(super) files: Vec<File>,
}

/// Why a map is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of `{file}`: {reason}")]
pub struct MapError {
    /// The file's name.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

/// One file of a map.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) schemas: Vec<String>,
    /// At most two.
    pub(super) keys: Vec<Vec<String>>,
    pub(super) sections: Vec<Section>,
    /// What follows from the sections: first the events of no log, then each log that the file tells apart.
    pub(super) situations: Vec<Situation>,
}

#[derive(Debug)]
pub(super) struct Section {
    /// Values of the first key; none is all.
    pub(super) first: Vec<String>,
    pub(super) second: Option<String>,
    pub(super) objects: Vec<Object>,
}

/// One observable, or one for each value of a field.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) name: String,
    pub(super) types: Vec<String>,
    pub(super) each: Option<(Transform, Vec<String>)>,
    pub(super) only: Option<Only<String>>,
    pub(super) properties: Vec<Property>,
}

/// The first of these fields that is there has one of these values, in any case.
#[derive(Clone, Debug)]
pub(super) struct Only<F> {
    pub(super) fields: Vec<F>,
    pub(super) values: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Property {
    pub(super) steps: Vec<Step>,
    /// Adds to a list.
    pub(super) is_list: bool,
    pub(super) is_required: bool,
    pub(super) source: Source,
}

#[derive(Clone, Debug)]
pub(super) enum Source {
    Constant(String),
    Reference(String),
    Fields(Transform, Vec<Argument>),
}

#[derive(Clone, Debug)]
pub(super) enum Argument {
    /// The value for which the object is.
    Each,
    /// The first of these fields that is there.
    Field(Vec<String>),
}

/// What is in the events of one log.
#[derive(Debug)]
pub(super) struct Situation {
    pub(super) first: Option<String>,
    pub(super) second: Option<String>,
    pub(super) objects: Vec<Object>,
}

/// The standard map's files, by name.
const STANDARD: &[(&str, &str)] = &[
    ("ecs", include_str!("maps/ecs.map")),
    ("ocsf", include_str!("maps/ocsf.map")),
    ("suricata", include_str!("maps/suricata.map")),
    ("windows", include_str!("maps/windows.map")),
    ("zeek", include_str!("maps/zeek.map")),
];

impl Map {
    /// The map that comes with the crate.
    pub fn standard() -> &'static Map {
        static MAP: OnceLock<Map> = OnceLock::new();
        // That it can be read is tested.
        MAP.get_or_init(|| Map::read(STANDARD.iter().copied()).unwrap_or(Map { files: Vec::new() }))
    }

    /// Reads a map from files: names and texts.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn read<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<Map, MapError> {
        let files = files.into_iter().map(|(name, text)| read::file(name, text));
        Ok(Map {
            files: files.collect::<Result<_, _>>()?,
        })
    }

    /// The files by name, with the versions that results were made with.
    pub fn versions(&self) -> impl Iterator<Item = (&str, u32)> {
        self.files.iter().map(|file| (file.name.as_str(), file.version))
    }

    /// The types of the observables that some event can hold.
    pub fn types(&self) -> BTreeSet<&str> {
        let sections = self.files.iter().flat_map(|file| &file.sections);
        let objects = sections.flat_map(|section| &section.objects);
        objects
            .flat_map(|object| &object.types)
            .map(String::as_str)
            .collect()
    }
}

impl File {
    fn find_situations(&self) -> Vec<Situation> {
        let mut keys: BTreeSet<(Option<&String>, Option<&String>)> = BTreeSet::from([(None, None)]);
        for section in &self.sections {
            for first in &section.first {
                keys.insert((Some(first), None));
                keys.insert((Some(first), section.second.as_ref()));
            }
        }
        let situation = |(first, second): (Option<&String>, Option<&String>)| Situation {
            objects: self.objects(first, second),
            first: first.cloned(),
            second: second.cloned(),
        };
        keys.into_iter().map(situation).collect()
    }

    /// The objects of all sections that hold, those of one name made one.
    fn objects(&self, first: Option<&String>, second: Option<&String>) -> Vec<Object> {
        let holding = self.sections.iter().filter(|section| {
            let is_first =
                section.first.is_empty() || first.is_some_and(|first| section.first.contains(first));
            is_first && (section.second.is_none() || section.second.as_ref() == second)
        });
        let mut objects: Vec<Object> = Vec::new();
        for object in holding.flat_map(|section| &section.objects) {
            match objects.iter_mut().find(|known| known.name == object.name) {
                Some(known) => {
                    known.only = known.only.take().or_else(|| object.only.clone());
                    known.properties.extend(object.properties.iter().cloned());
                }
                None => objects.push(object.clone()),
            }
        }
        objects
    }
}
