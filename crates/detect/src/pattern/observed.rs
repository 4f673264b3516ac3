//! Observed data to observations: which objects belong to each, and when it was made (STIX 2.1 §4.14).
//!
//! Reads bundles, lists and lines, of STIX 2.1 (`object_refs`) and 2.0 (`objects`). What cannot be used is a
//! [`Defect`] beside the rest. Begin at [`Observations::read`].

use entente_stix::bundle::{Item, Reader};
use entente_stix::json::{self, Value};
use entente_stix::time::Timestamp;
use std::collections::HashMap;

/// One observation: what one observed-data says was seen together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The id of the observed-data.
    pub id: String,
    /// When it was made first.
    pub first: Timestamp,
    /// When it was made last.
    pub last: Timestamp,
    /// How often it was made.
    pub number_observed: u64,
    /// The asset that it was made on: whoever made it (`created_by_ref`), unless the caller knows better.
    pub asset: Option<String>,
    /// Ids, or keys of STIX 2.0, sorted, and the places of the objects.
    objects: Vec<(String, usize)>,
}

/// What could not be used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// JSON pointer or id of what it is about.
    pub place: String,
    /// One sentence, lower case.
    pub reason: String,
}

/// Observations and the objects they are of.
#[derive(Debug, Default)]
pub struct Observations<'a> {
    objects: Vec<Value<'a>>,
    /// Where the objects of other bundles are, by id.
    by_id: HashMap<String, usize>,
    observations: Vec<Observation>,
    defects: Vec<Defect>,
}

impl<'a> Observations<'a> {
    /// Reads a text: a bundle, a list of objects or bundles, or lines of them.
    pub fn read(text: &'a [u8]) -> Observations<'a> {
        Observations::read_all([("", text)])
    }

    /// Reads several texts by their names, as if they were one: observed-data and its objects can be in different ones.
    pub fn read_all<'n>(texts: impl IntoIterator<Item = (&'n str, &'a [u8])>) -> Observations<'a> {
        let mut observations = Observations::default();
        let mut values = Vec::new();
        for (name, text) in texts {
            let mut reader = Reader::new(text);
            // Reading from memory does not fail.
            while let Ok(Some(item)) = reader.next() {
                match item {
                    Item::Object {
                        text: object,
                        pointer,
                        offset,
                    } => match read_again(text, offset, object.len()) {
                        Ok(value) => values.push(value),
                        Err(reason) => observations.defect(placed(name, &pointer), reason),
                    },
                    Item::Defect { pointer, reason, .. } => {
                        observations.defect(placed(name, &pointer), reason)
                    }
                }
            }
        }
        observations.add(values);
        observations
    }

    /// Takes values that were read: objects and bundles.
    pub fn of(values: Vec<Value<'a>>) -> Observations<'a> {
        let mut observations = Observations::default();
        observations.add(values);
        observations
    }

    /// Adds more of them; references are looked up in the same bundle first, then in all.
    pub fn add(&mut self, values: Vec<Value<'a>>) {
        let mut loose = Vec::new();
        let mut bundles = Vec::new();
        for value in values {
            match value.get("type").and_then(Value::as_str) {
                Some("bundle") => {
                    let objects = value.get("objects").and_then(Value::as_array);
                    bundles.push(objects.unwrap_or_default().to_vec());
                }
                Some(_) => loose.push(value),
                None => self.defect(String::new(), "no object of STIX: it has no `type`"),
            }
        }
        bundles.push(loose);
        let groups: Vec<Group<'a>> = bundles.into_iter().map(|objects| self.group(objects)).collect();
        for group in groups {
            for observed in group.observed {
                self.observe(&observed, &group.by_id);
            }
        }
    }

    /// The observations, in the order in which they were read.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Observation> {
        self.observations.iter()
    }

    /// The observation at a place.
    pub fn get(&self, place: usize) -> Option<&Observation> {
        self.observations.get(place)
    }

    /// For the caller that knows the asset of each observation.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Observation> {
        self.observations.iter_mut()
    }

    /// How many observations there are.
    pub fn len(&self) -> usize {
        self.observations.len()
    }

    /// Whether there is no observation.
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty()
    }

    /// What could not be used.
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// The objects of an observation with their ids or keys.
    pub(super) fn objects_of<'o>(
        &self,
        observation: &'o Observation,
    ) -> impl Iterator<Item = (&'o str, &Value<'a>)> {
        let object = |(key, place): &'o (String, usize)| Some((key.as_str(), self.objects.get(*place)?));
        observation.objects.iter().filter_map(object)
    }

    /// The object of an observation by its id or key.
    pub(super) fn object(&self, observation: &Observation, key: &str) -> Option<&Value<'a>> {
        let at = observation
            .objects
            .binary_search_by(|object| object.0.as_str().cmp(key))
            .ok()?;
        self.objects.get(observation.objects.get(at)?.1)
    }

    fn defect(&mut self, place: impl Into<String>, reason: impl Into<String>) {
        self.defects.push(Defect {
            place: place.into(),
            reason: reason.into(),
        });
    }

    /// Keeps the objects of one bundle; the observed-data among them is left for when all objects are known.
    fn group(&mut self, objects: Vec<Value<'a>>) -> Group<'a> {
        let mut group = Group::default();
        for object in objects {
            if object.get("type").and_then(Value::as_str) == Some("observed-data") {
                group.observed.push(object);
                continue;
            }
            let Some(id) = object.get("id").and_then(Value::as_str).map(str::to_owned) else {
                continue;
            };
            let place = self.objects.len();
            self.objects.push(object);
            self.by_id.entry(id.clone()).or_insert(place);
            group.by_id.insert(id, place);
        }
        group
    }

    fn observe(&mut self, observed: &Value<'a>, near: &HashMap<String, usize>) {
        let text = |key: &str| observed.get(key).and_then(Value::as_str);
        let id = text("id").unwrap_or("observed-data without an id").to_owned();
        let time = |key: &str| text(key).and_then(|text| Timestamp::parse_rfc3339(text).ok());
        let (Some(first), Some(last)) = (time("first_observed"), time("last_observed")) else {
            return self.defect(
                id,
                "left out: `first_observed` or `last_observed` is missing or no time",
            );
        };
        let number = observed.get("number_observed").and_then(Value::as_i64);
        let mut objects = Vec::new();
        // STIX 2.0: the objects themselves, by keys that references name.
        for (key, object) in observed
            .get("objects")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(json::Map::iter)
        {
            objects.push((key.to_owned(), self.objects.len()));
            self.objects.push(object.clone());
        }
        for reference in observed
            .get("object_refs")
            .and_then(Value::as_array)
            .unwrap_or_default()
        {
            let Some(key) = reference.as_str() else {
                continue;
            };
            match near.get(key).or_else(|| self.by_id.get(key)) {
                Some(&place) => objects.push((key.to_owned(), place)),
                None => self.defect(id.clone(), format!("`{key}` is not among the objects given")),
            }
        }
        objects.sort_unstable();
        objects.dedup_by(|a, b| a.0 == b.0);
        self.observations.push(Observation {
            asset: text("created_by_ref").map(str::to_owned),
            number_observed: number.and_then(|number| u64::try_from(number).ok()).unwrap_or(1),
            id,
            first,
            last,
            objects,
        });
    }
}

/// The objects of one bundle.
#[derive(Default)]
struct Group<'a> {
    by_id: HashMap<String, usize>,
    observed: Vec<Value<'a>>,
}

/// A place in a text that may have a name.
fn placed(name: &str, pointer: &str) -> String {
    match name {
        "" => pointer.to_owned(),
        name => format!("{name}#{pointer}"),
    }
}

/// Reads an object from where it stands in the whole text, so that it can borrow from there.
fn read_again(text: &[u8], offset: u64, length: usize) -> Result<Value<'_>, String> {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let object = text.get(start..start.saturating_add(length)).unwrap_or_default();
    json::read(object).map_err(|error| error.to_string())
}
