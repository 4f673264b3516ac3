//! Clauses and contributions: who, to whom, what, under which bounds, owing what.

use std::collections::BTreeSet;

use entente_stix::limits::TYPE_NAME_BYTES_MAX;
use entente_stix::object::Class;

use super::super::fields::Fields;
use super::super::reader::{Place, Reader, did_you_mean, shown};
use super::super::tree::{Node, Value};
use super::super::{Clause, Contribution, Obligations, Parties, words};
use super::party::PartyNames;
use super::{pap, tlp, unknown_party};
use crate::handling::Tlp;

const CLAUSE_KEYS: &[&str] = &[
    "name",
    "from",
    "to",
    "types",
    "markings_up_to",
    "unmarked",
    "pap_up_to",
    "confidence_at_least",
    "labels_any",
    "labels_none",
    "not_older_than",
    "redact",
    "drop_custom",
    "obligations",
];

const CONTRIBUTION_KEYS: &[&str] = &["name", "by", "types", "markings_up_to", "unmarked"];

/// Names of clauses and contributions so far.
pub(super) type Names = BTreeSet<String>;

pub(super) fn clause(
    reader: &mut Reader,
    node: &Node,
    part: String,
    parties: Option<&PartyNames>,
    taken: &mut Names,
) -> Option<Clause> {
    let fields = Fields::of(reader, node, part, CLAUSE_KEYS)?;
    let name = name(reader, &fields, taken);
    let from = named(reader, &fields, "from", parties);
    let to = named(reader, &fields, "to", parties);
    let types = fields.required(reader, "types", "[\"sdo\", \"sro\", \"sco\"]", types);
    let markings_up_to = fields.required(reader, "markings_up_to", "\"TLP:GREEN\"", tlp);
    let unmarked = fields.optional(reader, "unmarked", tlp);
    let pap_up_to = fields.optional(reader, "pap_up_to", pap);
    let confidence_at_least = fields.optional(reader, "confidence_at_least", |reader, node, place| {
        u8::try_from(reader.number(node, place, 0, 100)?).ok()
    });
    let labels_any = labels(reader, &fields, "labels_any");
    let labels_none = labels(reader, &fields, "labels_none");
    let not_older_than = fields.optional(reader, "not_older_than", Reader::span);
    let redact = fields.optional(reader, "redact", Reader::truth);
    let drop_custom = fields.optional(reader, "drop_custom", Reader::truth);
    let obligations = match fields.node("obligations") {
        Some(node) => obligations(reader, node, &fields),
        None => Some(Obligations::default()),
    };
    if let (Some(from), Some(to)) = (&from, &to) {
        check_recipients(reader, &fields, from, to);
    }
    if let (Some(types), Some(Some(true))) = (&types, drop_custom) {
        check_custom(reader, &fields, types);
    }
    if let (Some(Some(unmarked)), Some(most)) = (unmarked, markings_up_to) {
        check_unmarked(reader, &fields, unmarked, most);
    }
    if let (Some(any), Some(none)) = (&labels_any, &labels_none) {
        check_labels(reader, &fields, any, none);
    }
    Some(Clause {
        name: name?,
        from: from?,
        to: to?,
        types: types?,
        markings_up_to: markings_up_to?,
        unmarked: unmarked?,
        pap_up_to: pap_up_to?,
        confidence_at_least: confidence_at_least?,
        labels_any: labels_any?,
        labels_none: labels_none?,
        not_older_than: not_older_than?,
        redact: redact?.unwrap_or(false),
        drop_custom: drop_custom?.unwrap_or(false),
        obligations: obligations?,
    })
}

pub(super) fn contribution(
    reader: &mut Reader,
    node: &Node,
    part: String,
    parties: Option<&PartyNames>,
    taken: &mut Names,
) -> Option<Contribution> {
    let fields = Fields::of(reader, node, part, CONTRIBUTION_KEYS)?;
    let name = name(reader, &fields, taken);
    let by = named(reader, &fields, "by", parties);
    let types = fields.required(reader, "types", "[\"sdo\", \"sro\", \"sco\"]", types);
    let markings_up_to = fields.required(reader, "markings_up_to", "\"TLP:GREEN\"", tlp);
    let unmarked = fields.optional(reader, "unmarked", tlp);
    if let (Some(Some(unmarked)), Some(most)) = (unmarked, markings_up_to) {
        check_unmarked(reader, &fields, unmarked, most);
    }
    Some(Contribution {
        name: name?,
        by: by?,
        types: types?,
        markings_up_to: markings_up_to?,
        unmarked: unmarked?,
    })
}

fn name(reader: &mut Reader, fields: &Fields<'_>, taken: &mut Names) -> Option<String> {
    let name = fields.required(reader, "name", "\"warnings\"", Reader::name)?;
    if taken.insert(name.clone()) {
        return Some(name);
    }
    let what = "another clause or contribution has this name".to_owned();
    fields.tell(reader, "name", what, None);
    None
}

fn obligations(reader: &mut Reader, node: &Node, clause: &Fields<'_>) -> Option<Obligations> {
    let keys = &["sightings_within", "delete_after", "redistribute"];
    let part = format!("{}, obligations", clause.part());
    let fields = Fields::of(reader, node, part, keys)?;
    let sightings_within = fields.optional(reader, "sightings_within", Reader::span);
    let delete_after = fields.optional(reader, "delete_after", Reader::span);
    let redistribute = fields.optional(reader, "redistribute", Reader::truth);
    Some(Obligations {
        sightings_within: sightings_within?,
        delete_after: delete_after?,
        redistribute: redistribute?.unwrap_or(false),
    })
}

/// `"all"`, or a list of names of parties.
fn named(reader: &mut Reader, fields: &Fields<'_>, key: &str, known: Option<&PartyNames>) -> Option<Parties> {
    let place = fields.place(key);
    let Some(node) = fields.node(key) else {
        return fields.missing(reader, key, "\"all\"");
    };
    match &node.value {
        Value::Text(text) if text == words::ALL_PARTIES => return Some(Parties::All),
        Value::List(_) => {}
        Value::Text(text) => {
            let what = format!("`{}` where `\"all\"` or a list of parties should be", shown(text));
            let way_out = format!("write `[\"{}\"]` for one party", shown(text));
            reader.tell(node.at, place, what, Some(way_out));
            return None;
        }
        _ => {
            let what = format!("{} where `\"all\"` or a list of parties should be", node.words());
            reader.tell(node.at, place, what, None);
            return None;
        }
    }
    let names = reader.set(node, place, "names of parties", |reader, node| {
        let name = reader.name(node, place)?;
        if let Some(known) = known
            && !known.contains(&name)
        {
            unknown_party(reader, node, place, &name, known);
            return None;
        }
        Some(name)
    })?;
    if names.is_empty() {
        reader.tell(
            node.at,
            place,
            "no party".to_owned(),
            Some("name one, or `\"all\"`".to_owned()),
        );
        return None;
    }
    Some(Parties::Named(names))
}

/// Somebody other than the giver gets something. There are at least two parties, so `all` is always
/// somebody else.
fn check_recipients(reader: &mut Reader, fields: &Fields<'_>, from: &Parties, to: &Parties) {
    if let (Parties::Named(from), Parties::Named(to)) = (from, to)
        && from.len() == 1
        && from == to
    {
        let what = "nobody gets anything: the only recipient is the giver".to_owned();
        fields.tell(reader, "to", what, Some("name another party"));
    }
}

/// Of an object of a custom type nothing remains without what is custom.
fn check_custom(reader: &mut Reader, fields: &Fields<'_>, types: &BTreeSet<String>) {
    for name in types.iter().filter(|name| Class::of_type(name) == Class::Custom) {
        let what = format!(
            "`{}` of `types` is custom: nothing of it would remain",
            shown(name)
        );
        let way_out = "leave the type out, or this key; another clause can let it go whole";
        fields.tell(reader, "drop_custom", what, Some(way_out));
    }
}

/// A level above the ceiling would keep every unmarked object here, as leaving `unmarked` out does.
fn check_unmarked(reader: &mut Reader, fields: &Fields<'_>, unmarked: Tlp, most: Tlp) {
    if unmarked > most {
        let what = format!("{unmarked} is more closed than `markings_up_to`, which is {most}");
        let way_out = "leave it out, if unmarked objects are to stay";
        fields.tell(reader, "unmarked", what, Some(way_out));
    }
}

fn check_labels(reader: &mut Reader, fields: &Fields<'_>, any: &BTreeSet<String>, none: &BTreeSet<String>) {
    for label in any.intersection(none) {
        let what = format!("`{}` is wanted by `labels_any`, and excluded here", shown(label));
        fields.tell(reader, "labels_none", what, None);
    }
}

fn labels(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> Option<BTreeSet<String>> {
    let Some(node) = fields.node(key) else {
        return Some(BTreeSet::new());
    };
    let place = fields.place(key);
    reader.set(node, place, "labels", |reader, node| reader.line(node, place))
}

/// STIX types and words for sets of them, expanded.
fn types(reader: &mut Reader, node: &Node, place: Place<'_>) -> Option<BTreeSet<String>> {
    let sets = words::type_sets();
    let set = |word: &str| sets.iter().find(|(known, _)| *known == word).map(|(_, set)| set);
    let written = reader.set(node, place, "types", |reader, node| {
        let word = reader.line(node, place)?;
        let good = set(&word).is_some() || is_type(&word);
        if !good {
            unknown_type(reader, node, place, &word);
        }
        good.then_some(word)
    })?;
    if written.is_empty() {
        let way_out = "name STIX types, or `sdo`, `sro`, `sco`, `meta`, `any`".to_owned();
        reader.tell(node.at, place, "no type".to_owned(), Some(way_out));
        return None;
    }
    let mut types = BTreeSet::new();
    for word in written {
        match set(&word) {
            Some(set) => types.extend(set.iter().map(|name| (*name).to_owned())),
            None => {
                types.insert(word);
            }
        }
    }
    Some(types)
}

/// A type of the standard, or a custom one (STIX 2.1 §11.2).
fn is_type(word: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let custom = word.len() > 2 && word.len() <= TYPE_NAME_BYTES_MAX && word.starts_with("x-");
    Class::of_type(word) != Class::Custom || (custom && word.bytes().all(allowed))
}

fn unknown_type(reader: &mut Reader, node: &Node, place: Place<'_>, word: &str) {
    let sets = words::type_sets();
    let known = sets
        .iter()
        .flat_map(|(name, set)| set.iter().chain([name]))
        .copied();
    let way_out = if reader.is_full() {
        None
    } else {
        did_you_mean(word, known)
    };
    let way_out = way_out.or_else(|| Some("custom types begin with `x-`".to_owned()));
    reader.tell(
        node.at,
        place,
        format!("`{}` is no type of STIX 2.1", shown(word)),
        way_out,
    );
}
