//! The form in which an object may go: whole, or without the parts that may not.
//!
//! Three things are taken out: parts that are marked above the clause's ceiling, custom properties
//! where the clause drops them, and ids of what the audience does not have. What remains must be valid
//! STIX and tell nothing of what is gone; else nothing goes. Begin at [`form`].

mod custom;
mod rebuild;

use std::collections::BTreeSet;

use entente_stix::digest::Digest;
use entente_stix::id;
use entente_stix::json::{Value, push_token};
use entente_stix::object::{Class, Object};
use entente_stix::validate::{self, Severity, tables};

use crate::agreement::Clause;
use crate::decide::{Form, Surroundings};
use crate::handling::{Pap, Tlp};
use crate::marks;
use crate::references::{self, Foreign};
use crate::terms::Terms;
use crate::withheld::Reason;

/// Why a clause that lets an object go gives no form of it.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) reason: Reason,
    pub(crate) awaits: Vec<String>,
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Refused {
        Refused {
            reason,
            awaits: Vec::new(),
        }
    }
}

impl Refused {
    fn until(reason: Reason, id: &str) -> Refused {
        Refused {
            reason,
            awaits: vec![id.to_owned()],
        }
    }
}

/// The form of an object under a clause.
pub(crate) fn form(
    object: &Object<'_>,
    clause: &Clause,
    terms: &Terms,
    around: &dyn Surroundings,
) -> Result<Form, Refused> {
    let own = object.id();
    let may = |id: &str| id == own || marks::is_fixed(id) || terms.is_party(id) || around.is_released(id);
    // A marking is never taken off what it marks.
    for id in marks::marking_refs(object.value())? {
        if !may(id) {
            return Err(Refused::until(Reason::MarkingNotReleased(id.to_owned()), id));
        }
    }
    translated_whole(object, around)?;
    let ceiling = Ceiling {
        tlp: clause.markings_up_to,
        pap: clause.pap_up_to,
        redact: clause.redact,
    };
    let marked = marked(object.value(), &ceiling, &may, around)?;
    let mut cuts = marked.pointers.clone();
    if clause.drop_custom {
        if object.class() == Class::Custom {
            return Err(Reason::CustomType.into());
        }
        custom::pointers(object.value(), &mut cuts);
    }
    let is_clean = || {
        references::first_foreign(object.value(), &may).is_none()
            && !references::holds_undecided(object.value(), &may)
    };
    if cuts.is_empty() && is_clean() {
        return Ok(whole(object));
    }
    let foreign = references::foreign(object.value(), &may, &|pointer| cuts.contains(pointer));
    cuts.extend(foreign.pointers.iter().cloned());
    redacted(object, &cuts, &marked, &foreign, &may)
}

fn whole(object: &Object<'_>) -> Form {
    Form {
        id: object.id().to_owned(),
        type_name: object.type_name().to_owned(),
        version_micros: version_micros(object),
        digest: *object.digest().as_bytes(),
        text: object.text().as_bytes().to_vec(),
        taken_out: Vec::new(),
        awaits: Vec::new(),
    }
}

fn version_micros(object: &Object<'_>) -> i64 {
    object.modified().map_or(0, |modified| modified.micros())
}

fn redacted(
    object: &Object<'_>,
    cuts: &BTreeSet<String>,
    marked: &Marked,
    foreign: &Foreign,
    may: &dyn Fn(&str) -> bool,
) -> Result<Form, Refused> {
    let rebuilt = rebuild::without(object.value(), cuts);
    let mut awaits: Vec<String> = foreign.ids.iter().chain(&marked.awaits).cloned().collect();
    let refuse = |reason: Reason, mut awaits: Vec<String>| {
        sort(&mut awaits);
        Err(Refused { reason, awaits })
    };
    // Texts that mention an id, and selectors that name an extension, which remain only if it does.
    if let Some(mentioned) = references::first_foreign(&rebuilt.value, may) {
        awaits.push(mentioned.to_owned());
        return refuse(Reason::Mentions(mentioned.to_owned()), awaits);
    }
    if id_tells(object, &rebuilt, marked) {
        return refuse(Reason::IdTells, awaits);
    }
    if let Some(reason) = invalid(&rebuilt.value, foreign) {
        return refuse(reason, awaits);
    }
    sort(&mut awaits);
    let text = rebuilt.value.canonical().into_bytes();
    Ok(Form {
        id: object.id().to_owned(),
        type_name: object.type_name().to_owned(),
        version_micros: version_micros(object),
        digest: *Digest::of(&text).as_bytes(),
        text,
        taken_out: rebuilt.taken_out(),
        awaits,
    })
}

fn sort(ids: &mut Vec<String>) {
    ids.sort();
    ids.dedup();
}

/// A translation repeats in another language what was taken out of the original.
fn translated_whole(object: &Object<'_>, around: &dyn Surroundings) -> Result<(), Refused> {
    if object.type_name() != "language-content" {
        return Ok(());
    }
    match object.str("object_ref") {
        Some(original) if around.is_released(original) && !around.is_whole(original) => Err(Refused::until(
            Reason::TranslatesParts(original.to_owned()),
            original,
        )),
        _ => Ok(()),
    }
}

/// Parts that are marked above what a clause lets go, or with what cannot be told.
#[derive(Debug, Default)]
struct Marked {
    pointers: BTreeSet<String>,
    /// Definitions without which the parts cannot go.
    awaits: Vec<String>,
}

/// How closed parts may be, and whether those above are taken out.
struct Ceiling {
    tlp: Tlp,
    pap: Option<Pap>,
    redact: bool,
}

/// Refuses an object of which a part is marked above these levels, or with what is not known: [`Reason::PartAbove`].
pub(crate) fn require_up_to(
    object: &Object<'_>,
    tlp: Tlp,
    pap: Pap,
    around: &dyn Surroundings,
) -> Result<(), Reason> {
    let ceiling = Ceiling {
        tlp,
        pap: Some(pap),
        redact: false,
    };
    marked(object.value(), &ceiling, &|_| true, around).map(|_| ())
}

fn marked(
    value: &Value<'_>,
    ceiling: &Ceiling,
    may: &dyn Fn(&str) -> bool,
    around: &dyn Surroundings,
) -> Result<Marked, Reason> {
    let mut marked = Marked::default();
    let stays = |id: &str, marked: &mut Marked| {
        if !may(id) {
            marked.awaits.push(id.to_owned());
            return true;
        }
        let level = marks::facts(id, around).map(marks::Level::from);
        level.map_or(true, |level| level.exceeds(ceiling.tlp, ceiling.pap))
    };
    for part in marks::parts(value)? {
        if stays(part.marking, &mut marked) {
            marked.pointers.extend(part.pointers);
        }
    }
    inner(
        value,
        &mut String::new(),
        &mut |id| stays(id, &mut Marked::default()),
        &mut marked.pointers,
    );
    let is_marking = |pointer: &&String| {
        ["/object_marking_refs", "/granular_markings"].iter().any(|own| {
            let rest = pointer.strip_prefix(own);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    if let Some(first) = marked.pointers.first().filter(|_| !ceiling.redact) {
        return Err(Reason::PartAbove(first.clone()));
    }
    match marked.pointers.iter().find(is_marking) {
        Some(pointer) => Err(Reason::MarksItsMarkings(pointer.clone())),
        None => Ok(marked),
    }
}

/// Objects inside the object that carry markings of their own.
fn inner(
    value: &Value<'_>,
    pointer: &mut String,
    stays: &mut dyn FnMut(&str) -> bool,
    found: &mut BTreeSet<String>,
) {
    let mut each = |token: &str, member: &Value<'_>, found: &mut BTreeSet<String>| {
        if !matches!(member, Value::Array(_) | Value::Object(_)) {
            return;
        }
        let length = pointer.len();
        push_token(pointer, token);
        let above = |ids: Vec<&str>, stays: &mut dyn FnMut(&str) -> bool| ids.into_iter().any(&mut *stays);
        let whole = match marks::marking_refs(member) {
            Ok(ids) => above(ids, stays),
            Err(_) => true,
        };
        let parts = match marks::parts(member) {
            Ok(parts) => above(parts.iter().map(|part| part.marking).collect(), stays),
            Err(_) => true,
        };
        match whole || parts {
            true => drop(found.insert(pointer.clone())),
            false => inner(member, pointer, stays, found),
        }
        pointer.truncate(length);
    };
    match value {
        Value::Array(elements) => {
            for (place, element) in elements.iter().enumerate() {
                each(&place.to_string(), element, found);
            }
        }
        Value::Object(map) => map.iter().for_each(|(key, member)| each(key, member, found)),
        _ => {}
    }
}

/// A name-based id is a digest of what it names, and guesses can be tried on it. That of an observable
/// follows from its contributing properties (STIX 2.1 §2.9); for other types, tools take the name.
fn id_tells(object: &Object<'_>, rebuilt: &rebuild::Rebuilt<'_>, marked: &Marked) -> bool {
    if !matches!(uuid_version(object.id()), Some(b'3' | b'5')) {
        return false;
    }
    match object.class() {
        Class::Sco => id::deterministic(object.value()) != id::deterministic(&rebuilt.value),
        _ => marked.pointers.contains("/name"),
    }
}

/// The digit of the version in the UUID of an id.
pub(crate) fn uuid_version(id: &str) -> Option<u8> {
    let (_, uuid) = id::split(id).ok()?;
    uuid.as_bytes().get(14).copied()
}

/// Why what remains is no STIX, told by the reference that is missing where it is one.
fn invalid(rebuilt: &Value<'_>, foreign: &Foreign) -> Option<Reason> {
    let findings = validate::object(rebuilt);
    let error = findings
        .into_iter()
        .find(|finding| finding.severity == Severity::Error)?;
    let known = rebuilt.get("type").and_then(Value::as_str).and_then(tables::find);
    let is_missed = |name: &str| {
        let property = known.and_then(|known| known.property(name));
        property.is_some_and(|property| property.required) && rebuilt.get(name).is_none()
    };
    let references = foreign.pointers.iter().zip(&foreign.ids);
    let missed = references
        .map(|(pointer, id)| (pointer.split('/').nth(1).unwrap_or_default(), id))
        .find(|(property, _)| is_missed(property));
    Some(match missed {
        Some((property, target)) => Reason::Needs {
            property: property.to_owned(),
            target: target.clone(),
        },
        None => Reason::RestInvalid {
            pointer: error.pointer,
            what: error.message,
        },
    })
}
