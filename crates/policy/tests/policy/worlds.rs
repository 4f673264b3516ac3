//! Made-up agreements, objects and surroundings, by seed; small pools, so that things meet.

use std::collections::{BTreeMap, BTreeSet};

use entente_policy::agreement::{Agreement, Clause, Contribution, Member, Obligations, Parties};
use entente_policy::handling::{Handling, Pap, Tlp};
use entente_policy::{MarkingFacts, Surroundings};
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use serde_json::{Map, Value, json};

/// How many cases a property is tried on; see [`crate::random::cases`].
pub(crate) fn cases(usual: u32) -> u64 {
    u64::from(crate::random::cases(usual))
}

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn of<'t, T: ?Sized>(&mut self, choices: &[&'t T]) -> &'t T {
        choices[self.below(choices.len())]
    }

    pub(crate) fn some<T: Clone + Ord>(&mut self, choices: &[T], most: usize) -> BTreeSet<T> {
        (0..self.below(most + 1))
            .map(|_| choices[self.below(choices.len())].clone())
            .collect()
    }
}

pub(crate) const NOW: i64 = 1_780_000_000_000_000;
pub(crate) const DAY: i64 = 86_400_000_000;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(NOW)
}

/// A version 4 UUID of which only the end counts.
pub(crate) fn id(type_name: &str, number: usize) -> String {
    format!("{type_name}--00000000-0000-4000-8000-{number:012}")
}

pub(crate) fn party(number: usize) -> String {
    id("identity", number)
}

const NAMES: [&str; 5] = ["cert", "grid", "volt", "hub", "press"];
pub(crate) const TYPES: &[&str] = &[
    "indicator",
    "malware",
    "report",
    "relationship",
    "sighting",
    "ipv4-addr",
    "file",
    "note",
    "observed-data",
    "language-content",
    "marking-definition",
    "x-thing",
    "location",
    "network-traffic",
];
pub(crate) const LABELS: &[&str] = &["internal", "ransomware", "Medical", "straße", "other"];

/// A marking definition that is a statement, one that states TLP:GREEN in its own way, one with PAP:RED,
/// and one whose meaning nobody knows.
pub(crate) const DEFINITIONS: [usize; 4] = [9001, 9002, 9003, 9004];

pub(crate) fn definition(number: usize) -> Value {
    let mut definition = json!({"type": "marking-definition", "spec_version": "2.1",
        "id": id("marking-definition", number), "created": "2020-01-01T00:00:00.000Z"});
    match number {
        9001 => {
            definition["definition_type"] = json!("statement");
            definition["definition"] = json!({"statement": "Copyright"});
        }
        9002 => {
            definition["name"] = json!("TLP:GREEN");
            definition["definition_type"] = json!("statement");
            definition["definition"] = json!({"statement": "for the community"});
        }
        9003 => {
            definition["definition_type"] = json!("PAP");
            definition["definition"] = json!({"PAP": "PAP:RED"});
        }
        _ => {
            definition["definition_type"] = json!("acs");
            definition["definition"] = json!({"acs": "?"});
        }
    }
    definition
}

pub(crate) fn agreement(random: &mut Random) -> Agreement {
    let parties = 2 + random.below(NAMES.len() - 1);
    let names: Vec<String> = NAMES[..parties].iter().map(|name| (*name).to_owned()).collect();
    let clauses = (0..1 + random.below(4))
        .map(|number| clause(random, number, &names))
        .collect();
    let contribution = Contribution {
        name: "tips".to_owned(),
        by: some_parties(random, &names),
        types: some_types(random),
        markings_up_to: Tlp::ALL[random.below(5)],
        unmarked: None,
    };
    Agreement {
        id: format!("agreement-{}", random.below(3)),
        version: 1,
        title: "made up".to_owned(),
        purpose: "to be tried".to_owned(),
        from: Timestamp::from_micros(NOW - 1000 * DAY),
        until: Timestamp::from_micros(NOW + 1000 * DAY),
        parties: names
            .iter()
            .enumerate()
            .map(|(number, name)| Member {
                name: name.clone(),
                identity: party(number),
                root_key: format!("{name}+00000000+AQ"),
            })
            .collect(),
        clauses,
        contributions: vec![contribution],
        handling: Handling::default(),
        anonymous_reading: false,
        previous: None,
    }
}

fn clause(random: &mut Random, number: usize, names: &[String]) -> Clause {
    let labels: Vec<String> = LABELS.iter().map(|label| (*label).to_owned()).collect();
    let bound = |random: &mut Random| (!random.one_in(3)).then_some(());
    Clause {
        name: format!("clause-{number}"),
        from: some_parties(random, names),
        to: some_parties(random, names),
        types: some_types(random),
        markings_up_to: Tlp::ALL[random.below(5)],
        unmarked: bound(random).map(|()| Tlp::ALL[random.below(5)]),
        pap_up_to: random.one_in(3).then(|| Pap::ALL[random.below(4)]),
        confidence_at_least: random.one_in(3).then(|| [0, 50, 51, 100][random.below(4)]),
        labels_any: if random.one_in(4) {
            random.some(&labels, 2)
        } else {
            BTreeSet::new()
        },
        labels_none: if random.one_in(4) {
            random.some(&labels, 2)
        } else {
            BTreeSet::new()
        },
        not_older_than: random.one_in(3).then(|| [0, 86_400, 864_000][random.below(3)]),
        redact: !random.one_in(3),
        drop_custom: random.one_in(3),
        obligations: Obligations::default(),
    }
}

fn some_parties(random: &mut Random, names: &[String]) -> Parties {
    let mut named = random.some(names, 3);
    if named.is_empty() || random.one_in(2) {
        return Parties::All;
    }
    named.insert(names[random.below(names.len())].clone());
    Parties::Named(named)
}

fn some_types(random: &mut Random) -> BTreeSet<String> {
    let skipped = random.below(TYPES.len());
    let all = TYPES
        .iter()
        .enumerate()
        .filter(|(number, _)| random.one_in(8) || *number != skipped);
    let types: BTreeSet<String> = all.map(|(_, name)| (*name).to_owned()).collect();
    types
        .into_iter()
        .filter(|_| !random.one_in(5))
        .chain(["indicator".to_owned()])
        .collect()
}

/// What an audience has, and which definitions are held.
#[derive(Debug, Default, Clone)]
pub(crate) struct Around {
    pub(crate) released: BTreeSet<String>,
    pub(crate) whole: BTreeSet<String>,
    pub(crate) markings: BTreeMap<String, MarkingFacts>,
}

impl Surroundings for Around {
    fn marking(&self, id: &str) -> Option<MarkingFacts> {
        self.markings.get(id).copied()
    }

    fn is_released(&self, id: &str) -> bool {
        self.released.contains(id)
    }

    fn is_whole(&self, id: &str) -> bool {
        self.whole.contains(id)
    }
}

/// Surroundings in which some of the ids that [`object`] names are released.
pub(crate) fn around(random: &mut Random) -> Around {
    let mut around = Around::default();
    for number in DEFINITIONS {
        let text = definition(number).to_string();
        let facts = MarkingFacts::of(&Object::read(text.as_bytes()).unwrap());
        if !random.one_in(4) {
            around.markings.insert(id("marking-definition", number), facts);
        }
        if !random.one_in(3) {
            around.released.insert(id("marking-definition", number));
        }
    }
    for number in 0..TARGETS {
        for type_name in TARGET_TYPES {
            if random.one_in(2) {
                around.released.insert(id(type_name, 100 + number));
                if random.one_in(2) {
                    around.whole.insert(id(type_name, 100 + number));
                }
            }
        }
    }
    around
}

const TARGETS: usize = 3;
const TARGET_TYPES: &[&str] = &[
    "indicator",
    "malware",
    "ipv4-addr",
    "identity",
    "directory",
    "extension-definition",
    "observed-data",
];

pub(crate) fn target(random: &mut Random, type_name: &str) -> String {
    id(type_name, 100 + random.below(TARGETS))
}

fn marking(random: &mut Random) -> String {
    match random.below(6) {
        0 => id("marking-definition", DEFINITIONS[random.below(4)]),
        1 => "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82".to_owned(),
        _ => Tlp::ALL[random.below(5)].definition_id().to_owned(),
    }
}

/// An object of a type, mostly valid, with all that decisions look at.
pub(crate) fn object(random: &mut Random, type_name: &str, number: usize) -> Value {
    let mut object = Map::new();
    let mut set = |key: &str, value: Value| drop(object.insert(key.to_owned(), value));
    let is_observable = matches!(type_name, "ipv4-addr" | "file" | "network-traffic");
    set("type", json!(type_name));
    set("spec_version", json!("2.1"));
    set("id", json!(id(type_name, number)));
    if !is_observable {
        let ages = [
            0,
            1,
            DAY - 1,
            DAY,
            DAY + 1,
            10 * DAY,
            10 * DAY + 1,
            400 * DAY,
            -DAY,
        ];
        let modified = Timestamp::from_micros((NOW - ages[random.below(ages.len())]) / 1000 * 1000);
        set("created", json!("2019-01-01T00:00:00.000Z"));
        if type_name != "marking-definition" {
            set("modified", json!(modified.to_string()));
        }
        if random.one_in(2) {
            let choices = [party(random.below(5)), target(random, "identity")];
            set("created_by_ref", json!(choices[random.below(2)]));
        }
        if random.one_in(2) {
            set(
                "confidence",
                random
                    .of(&[
                        &json!(0),
                        &json!(50),
                        &json!(51),
                        &json!(100),
                        &json!(49.0),
                        &json!(150),
                        &json!("high"),
                    ])
                    .clone(),
            );
        }
        if random.one_in(2) {
            let labels = ["Internal", "ransomware ", "medical", "STRASSE", "straße", "free"];
            let some: Vec<&str> = (0..1 + random.below(3))
                .map(|_| labels[random.below(6)])
                .collect();
            set(
                "labels",
                if random.one_in(12) {
                    json!("internal")
                } else {
                    json!(some)
                },
            );
        }
    }
    if random.one_in(6) {
        set("revoked", json!(true));
    }
    own_properties(random, type_name, &mut set);
    if random.one_in(3) {
        let refs: Vec<String> = (0..1 + random.below(2)).map(|_| marking(random)).collect();
        set(
            "object_marking_refs",
            if random.one_in(15) {
                json!(refs[0])
            } else {
                json!(refs)
            },
        );
    } else if random.one_in(2) {
        set("object_marking_refs", json!([Tlp::Clear.definition_id()]));
    }
    if random.one_in(5) {
        let reference = json!({"source_name": "a", "url": "https://a.example/", "description": "said there"});
        set(
            "external_references",
            json!([reference, {"source_name": "b", "external_id": "7"}]),
        );
    }
    if random.one_in(6) {
        set(
            "x_note",
            json!({"inner": [target(random, "malware"), "text", target(random, "malware")]}),
        );
    }
    if random.one_in(10) {
        let extension = target(random, "extension-definition");
        set(
            "extensions",
            json!({extension: {"extension_type": "property-extension", "rank": 1}}),
        );
    }
    if random.one_in(12) {
        set(
            "x_inside",
            json!([{"type": "malware", "id": target(random, "malware"), "name": "within"}, "rest"]),
        );
    }
    if random.one_in(12) {
        set(
            "x_marked",
            json!({"object_marking_refs": [marking(random)], "what": "marked within"}),
        );
    }
    if random.one_in(4) {
        let markings: Vec<Value> = (0..1 + random.below(2)).map(|_| granular(random)).collect();
        set("granular_markings", json!(markings));
    }
    Value::Object(object)
}

fn granular(random: &mut Random) -> Value {
    let selectors = [
        "name",
        "description",
        "labels",
        "labels.[0]",
        "labels.[1]",
        "external_references.[0].url",
        "external_references.[0]",
        "external_references.[1]",
        "object_refs.[0]",
        "object_refs.[1]",
        "created_by_ref",
        "x_note.inner.[1]",
        "x_note",
        "value",
        "confidence",
        "hashes",
    ];
    let some: BTreeSet<&str> = (0..1 + random.below(3))
        .map(|_| selectors[random.below(selectors.len())])
        .collect();
    match random.one_in(6) {
        true => json!({"lang": "fr", "selectors": some}),
        false => json!({"marking_ref": marking(random), "selectors": some}),
    }
}

fn own_properties(random: &mut Random, type_name: &str, set: &mut impl FnMut(&str, Value)) {
    let text = match random.below(8) {
        0 => format!("see {} for more", target(random, "malware")),
        1 => format!("Malware--00000000-0000-4000-8000-{:012}", 100),
        _ => "a description".to_owned(),
    };
    let refs = |random: &mut Random, count: usize| -> Vec<String> {
        let types = ["indicator", "malware"];
        (0..count)
            .map(|_| (types[random.below(2)], 100 + random.below(TARGETS)))
            .map(|(kind, n)| id(kind, n))
            .collect()
    };
    if !matches!(
        type_name,
        "ipv4-addr" | "file" | "network-traffic" | "marking-definition" | "language-content"
    ) && random.one_in(2)
    {
        set("description", json!(text));
    }
    match type_name {
        "indicator" => {
            set("name", json!("an indicator"));
            set("pattern", json!("[ipv4-addr:value = '198.51.100.1']"));
            set("pattern_type", json!("stix"));
            set("valid_from", json!("2020-01-01T00:00:00Z"));
        }
        "malware" => {
            set("is_family", json!(false));
            set("name", json!("a malware"));
            set("sample_refs", json!([id("file", 100), id("file", 101)]));
        }
        "report" => {
            set("name", json!("a report"));
            set("published", json!("2020-01-01T00:00:00Z"));
            let count = 1 + random.below(3);
            set("object_refs", json!(refs(random, count)));
        }
        "note" => {
            set("content", json!("a note"));
            let count = 1 + random.below(2);
            set("object_refs", json!(refs(random, count)));
        }
        "relationship" => {
            set("relationship_type", json!("indicates"));
            set("source_ref", json!(target(random, "indicator")));
            set("target_ref", json!(target(random, "malware")));
        }
        "sighting" => {
            set("sighting_of_ref", json!(target(random, "indicator")));
            if random.one_in(2) {
                set(
                    "where_sighted_refs",
                    json!([party(random.below(6)), target(random, "identity")]),
                );
                set("observed_data_refs", json!([target(random, "observed-data")]));
            }
        }
        "ipv4-addr" => {
            set("value", json!("198.51.100.7"));
            if random.one_in(2) {
                set("belongs_to_refs", json!([id("autonomous-system", 100)]));
            }
        }
        "file" => {
            set("name", json!("a.exe"));
            set("hashes", json!({"MD5": "d41d8cd98f00b204e9800998ecf8427e"}));
            if random.one_in(2) {
                set("parent_directory_ref", json!(target(random, "directory")));
            }
        }
        "network-traffic" => {
            set("protocols", json!(["tcp"]));
            set("src_ref", json!(target(random, "ipv4-addr")));
            set("dst_ref", json!(target(random, "ipv4-addr")));
        }
        "observed-data" => {
            set("first_observed", json!("2020-01-01T00:00:00Z"));
            set("last_observed", json!("2020-01-01T00:00:00Z"));
            set("number_observed", json!(1));
            match random.one_in(2) {
                true => set(
                    "object_refs",
                    json!([target(random, "ipv4-addr"), target(random, "ipv4-addr")]),
                ),
                false => set(
                    "objects",
                    json!({"0": {"type": "ipv4-addr", "value": "198.51.100.9"},
                    "1": {"type": "ipv4-addr", "id": target(random, "ipv4-addr"), "value": "198.51.100.8"}}),
                ),
            }
        }
        "language-content" => {
            set("object_ref", json!(target(random, "indicator")));
            set("contents", json!({"de": {"name": "ein Name", "x_own": "eigen"}}));
        }
        "marking-definition" => {
            set("definition_type", json!("statement"));
            set("definition", json!({"statement": "Copyright"}));
        }
        "location" => {
            set("country", json!("LV"));
            set("name", json!("a place"));
        }
        _ => set("x_value", json!(7)),
    }
}
