//! What is left of a map for the properties that patterns ask for: which fields, and what becomes of them.

use super::map::{Argument, File, Map, Object, Only, Source};
use super::transform::Transform;
use super::way::{Way, WayPart, way};
use entente_stix::pattern::{ObjectPath, Step, parse};
use entente_telemetry::FieldNames;
use std::collections::{BTreeMap, HashMap};

/// Name of the field of a row that has the type of its object.
pub(super) const TYPE: &str = "#type";

/// What stands behind the name of a field whose text is in NFC.
pub(super) const COMPOSED: &str = "#nfc";

/// From fields of events to rows of observables; shared by threads, each with a [`Projector`](super::Projector).
#[derive(Debug)]
pub struct Projection {
    pub(super) names: FieldNames,
    /// From the numbers of the caller's names to those of ours, where the caller has others.
    pub(super) translated: Option<Vec<u32>>,
    pub(super) schema: u32,
    /// Number of [`TYPE`] in rows.
    pub(super) type_number: u32,
    pub(super) files: Vec<PlannedFile>,
}

/// One file of the map.
#[derive(Debug)]
pub(super) struct PlannedFile {
    pub(super) schemas: Vec<String>,
    pub(super) keys: Vec<Vec<u32>>,
    /// The first is for events that are of no log the file knows.
    pub(super) plans: Vec<Plan>,
    /// By the first key's value: the second key's, and the plan's place.
    pub(super) by_first: HashMap<String, Vec<(Option<String>, usize)>>,
}

/// What is made of the events of one log.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) objects: Vec<PlannedObject>,
    /// Objects that are needed, each after those that it needs.
    pub(super) order: Vec<usize>,
    pub(super) slots: usize,
    pub(super) roots: Vec<Root>,
}

#[derive(Debug)]
pub(super) struct PlannedObject {
    pub(super) types: Vec<String>,
    pub(super) each: Option<(Transform, Vec<u32>)>,
    pub(super) only: Option<Only<u32>>,
    pub(super) properties: Vec<PlannedProperty>,
    /// Place of the values of its first property.
    pub(super) slot: usize,
}

#[derive(Debug)]
pub(super) struct PlannedProperty {
    pub(super) steps: Vec<Step>,
    pub(super) source: PlannedSource,
    pub(super) is_list: bool,
    pub(super) is_required: bool,
    pub(super) is_needed: bool,
}

#[derive(Debug)]
pub(super) enum PlannedSource {
    Constant(String),
    Reference(usize),
    /// Each argument by the numbers of its alternatives; none is the value for which the object is.
    Fields(Transform, Vec<Option<Vec<u32>>>),
}

/// An object that rows are made of.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) object: usize,
    /// By type of the object; none where rows of it are not wanted.
    pub(super) wanted: Vec<Option<Vec<Wanted>>>,
}

/// A field of rows.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) number: Option<u32>,
    /// Number of the field whose text is in NFC.
    pub(super) composed: Option<u32>,
    pub(super) way: Way,
}

/// What rows are to hold: by type, the paths and their numbers.
type Asked = BTreeMap<String, Vec<(ObjectPath, Option<u32>, Option<u32>)>>;

impl Projection {
    /// For rows with these fields, as [`from_stix`](super::from_stix) names them: the names of compiled rules.
    pub fn new(map: &Map, rows: &FieldNames) -> Projection {
        let type_number = rows.number(TYPE).unwrap_or(FieldNames::UNNAMED);
        Projection::build(map, Some(&asked(rows)), type_number)
    }

    /// For whole objects ([`Projection::objects`]), not for rows.
    pub fn whole(map: &Map) -> Projection {
        Projection::build(map, None, FieldNames::UNNAMED)
    }

    fn build(map: &Map, asked: Option<&Asked>, type_number: u32) -> Projection {
        let mut names = Names::default();
        let schema = names.number(FieldNames::SCHEMA);
        let files: Vec<PlannedFile> = map
            .files
            .iter()
            .map(|file| planned(file, asked, &mut names))
            .collect();
        Projection {
            schema,
            type_number,
            files,
            names: FieldNames::new(names.names),
            translated: None,
        }
    }

    /// The names of the fields of events that are needed.
    pub fn names(&self) -> &FieldNames {
        &self.names
    }

    /// The same for fields with the numbers of `union`, which has all of [`Projection::names`] among others.
    #[must_use]
    pub fn among(mut self, union: &FieldNames) -> Projection {
        let numbers = 0..u32::try_from(union.len()).unwrap_or(u32::MAX);
        let own = |number: u32| union.name(number).and_then(|name| self.names.number(name));
        let translated = numbers.map(|number| own(number).unwrap_or(FieldNames::UNNAMED));
        self.translated = Some(translated.collect());
        self
    }
}

/// Names with their numbers, while they are gathered.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn all(&mut self, names: &[String]) -> Vec<u32> {
        names.iter().map(|name| self.number(name)).collect()
    }
}

fn asked(rows: &FieldNames) -> Asked {
    let mut asked = Asked::new();
    for number in 0..u32::try_from(rows.len()).unwrap_or(u32::MAX) {
        let name = rows.name(number).unwrap_or_default();
        let (plain, is_composed) = name
            .strip_suffix(COMPOSED)
            .map_or((name, false), |plain| (plain, true));
        // Names of fields are paths as patterns write them; others are not of observables.
        let Ok(pattern) = parse(&format!("[EXISTS {plain}]")) else {
            continue;
        };
        let Some(path) = pattern
            .comparisons()
            .first()
            .map(|comparison| comparison.path.clone())
        else {
            continue;
        };
        let of_type = asked.entry(path.object_type.clone()).or_default();
        let place = of_type
            .iter()
            .position(|known| known.0 == path)
            .unwrap_or_else(|| {
                of_type.push((path, None, None));
                of_type.len() - 1
            });
        match of_type.get_mut(place) {
            Some((_, _, composed)) if is_composed => *composed = Some(number),
            Some((_, plain, _)) => *plain = Some(number),
            None => {}
        }
    }
    asked
}

fn planned(file: &File, asked: Option<&Asked>, names: &mut Names) -> PlannedFile {
    let mut planned = PlannedFile {
        schemas: file.schemas.clone(),
        keys: file
            .keys
            .iter()
            .map(|alternatives| names.all(alternatives))
            .collect(),
        plans: Vec::new(),
        by_first: HashMap::new(),
    };
    // The first situation is that of no key.
    for situation in &file.situations {
        if let Some(first) = situation.first.clone() {
            let known = planned.by_first.entry(first).or_default();
            known.push((situation.second.clone(), planned.plans.len()));
        }
        planned.plans.push(plan(&situation.objects, asked, names));
    }
    planned
}

fn plan(objects: &[Object], asked: Option<&Asked>, names: &mut Names) -> Plan {
    let mut needs = Needs {
        objects,
        needed: objects
            .iter()
            .map(|object| vec![false; object.properties.len()])
            .collect(),
        seen: vec![false; objects.len()],
        order: Vec::new(),
    };
    let mut roots = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        let Some(asked) = asked else {
            (0..object.properties.len()).for_each(|property| needs.property(number, property));
            needs.object(number);
            continue;
        };
        let mut ways = HashMap::new();
        let wanted = object.types.iter().map(|type_name| {
            let paths = asked.get(type_name)?;
            let wanted = paths.iter().filter_map(|(path, plain, composed)| {
                let found = ways
                    .entry(&path.steps)
                    .or_insert_with(|| way(objects, number, &path.steps));
                Some(Wanted {
                    number: *plain,
                    composed: *composed,
                    way: found.clone()?,
                })
            });
            Some(wanted.collect::<Vec<_>>())
        });
        let wanted: Vec<Option<Vec<Wanted>>> = wanted.collect();
        if wanted.iter().any(Option::is_some) {
            needs.object(number);
            let all = wanted.iter().flatten().flatten();
            all.for_each(|wanted| needs.way(number, &wanted.way));
            roots.push(Root {
                object: number,
                wanted,
            });
        }
    }
    needs.plan(roots, names)
}

/// Which properties must be known.
struct Needs<'o> {
    objects: &'o [Object],
    needed: Vec<Vec<bool>>,
    seen: Vec<bool>,
    order: Vec<usize>,
}

impl Needs<'_> {
    /// An object is needed: whether it is there depends on what is required of it.
    fn object(&mut self, number: usize) {
        let Some(seen) = self.seen.get_mut(number).filter(|seen| !**seen) else {
            return;
        };
        *seen = true;
        let objects = self.objects;
        let properties = objects
            .get(number)
            .map(|object| object.properties.as_slice())
            .unwrap_or_default();
        let has_required = properties.iter().any(|property| property.is_required);
        for (place, property) in properties.iter().enumerate() {
            if property.is_required || !has_required {
                self.property(number, place);
            }
        }
        self.order.push(number);
    }

    fn property(&mut self, object: usize, property: usize) {
        if let Some(needed) = self.needed.get_mut(object).and_then(|all| all.get_mut(property)) {
            *needed = true;
        }
        if let Some(target) = target(self.objects, object, property) {
            self.object(target);
        }
    }

    fn way(&mut self, object: usize, way: &Way) {
        for part in &way.parts {
            match part {
                WayPart::Value(property) | WayPart::Present(property) => self.property(object, *property),
                WayPart::Through {
                    property,
                    target,
                    way,
                    ..
                } => {
                    self.property(object, *property);
                    self.way(*target, way);
                }
            }
        }
    }

    fn plan(self, roots: Vec<Root>, names: &mut Names) -> Plan {
        let mut slots = 0;
        let mut objects = Vec::new();
        for (number, object) in self.objects.iter().enumerate() {
            let is_seen = self.seen.get(number).copied().unwrap_or_default();
            let slot = slots;
            slots += object.properties.len();
            let properties = object.properties.iter().enumerate().map(|(place, property)| {
                let needed = self.needed.get(number).and_then(|all| all.get(place));
                let is_needed = needed.copied().unwrap_or_default();
                let source = match &property.source {
                    Source::Constant(text) => PlannedSource::Constant(text.clone()),
                    Source::Reference(_) => {
                        let target = target(self.objects, number, place);
                        PlannedSource::Reference(target.unwrap_or(usize::MAX))
                    }
                    Source::Fields(transform, _) if !is_needed => {
                        PlannedSource::Fields(*transform, Vec::new())
                    }
                    Source::Fields(transform, arguments) => {
                        let arguments = arguments.iter().map(|argument| match argument {
                            Argument::Each => None,
                            Argument::Field(alternatives) => Some(names.all(alternatives)),
                        });
                        PlannedSource::Fields(*transform, arguments.collect())
                    }
                };
                PlannedProperty {
                    steps: property.steps.clone(),
                    source,
                    is_list: property.is_list,
                    is_required: property.is_required,
                    is_needed,
                }
            });
            let properties: Vec<PlannedProperty> = properties.collect();
            let each = object.each.as_ref().filter(|_| is_seen);
            let only = object.only.as_ref().filter(|_| is_seen);
            objects.push(PlannedObject {
                types: object.types.clone(),
                each: each.map(|(transform, fields)| (*transform, names.all(fields))),
                only: only.map(|only| Only {
                    fields: names.all(&only.fields),
                    values: only.values.clone(),
                }),
                slot,
                properties,
            });
        }
        Plan {
            objects,
            order: self.order,
            slots,
            roots,
        }
    }
}

fn target(objects: &[Object], object: usize, property: usize) -> Option<usize> {
    match &objects.get(object)?.properties.get(property)?.source {
        Source::Reference(name) => objects.iter().position(|object| object.name == *name),
        _ => None,
    }
}
