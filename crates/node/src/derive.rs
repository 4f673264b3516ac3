//! What the indexes hold of an object: everything derived from its text, and only from it.
//!
//! Import derives it once; `check` derives it again and compares. Both call [`derive`].

use entente_detect::terms;
use entente_stix::json::Value;
use entente_stix::object::{Object, Version};
use entente_stix::observable;
use entente_store::{Derived, Incoming, Observed, type_of};

use crate::limits::{LABEL_BYTES_MAX, REFERENCES_MAX, WORDS_BYTES_MAX};

/// Everything the store indexes of one object.
pub fn derive(object: &Object<'_>) -> Derived {
    Derived {
        id: object.id().to_owned(),
        version: version_number(object),
        digest: *object.digest().as_bytes(),
        created_by: object.created_by().map(str::to_owned),
        revoked: object.revoked(),
        observables: observables(object),
        edges: object
            .references()
            .take(REFERENCES_MAX)
            .map(|reference| (reference.property, reference.target.to_owned()))
            .collect(),
        words: words(object),
        name: label(object),
    }
}

/// `derive` from a stored text; `Err` says why the text is not an object.
pub fn derive_text(text: &[u8]) -> Result<Derived, String> {
    Object::read(text)
        .map(|object| derive(&object))
        .map_err(|refusal| refusal.to_string())
}

/// `modified` in microseconds, 0 for objects that have none: among those the digest tells versions apart.
fn version_number(object: &Object<'_>) -> i64 {
    match object.version() {
        Version::Modified(at) => at.micros(),
        Version::Content(_) => 0,
    }
}

fn observables(object: &Object<'_>) -> Vec<Observed> {
    let mentioned = observable::of_object(object)
        .into_iter()
        .map(|(observable, _)| Observed {
            kind: observable.kind.number(),
            value: observable.value,
            is_term: false,
        });
    mentioned.chain(pattern_terms(object)).collect()
}

/// What an indicator looks for, as far as it can be looked up as a value.
fn pattern_terms(object: &Object<'_>) -> Vec<Observed> {
    let Some(pattern) = stix_pattern(object.value()) else {
        return Vec::new();
    };
    let atoms = terms::of_pattern(pattern).atoms;
    let values = atoms.into_iter().filter(|atom| !atom.test.is_pattern());
    values
        .map(|atom| Observed {
            kind: atom.kind.number(),
            value: atom.value,
            is_term: true,
        })
        .collect()
}

/// The pattern of an indicator in the STIX language; other pattern types are not ours to read here.
pub(crate) fn stix_pattern<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    let is_indicator = value.get("type").and_then(Value::as_str) == Some("indicator");
    // STIX 2.0 has no pattern_type: its patterns are STIX patterns.
    let is_stix = value
        .get("pattern_type")
        .and_then(Value::as_str)
        .is_none_or(|kind| kind == "stix");
    if is_indicator && is_stix {
        value.get("pattern").and_then(Value::as_str)
    } else {
        None
    }
}

/// What people call an object, bounded.
pub(crate) fn label(object: &Object<'_>) -> String {
    clip(&object.label(), LABEL_BYTES_MAX).to_owned()
}

/// Every text of the object that people may search for, custom properties included; not its ids and dates.
fn words(object: &Object<'_>) -> String {
    let mut words = String::new();
    gather(object.value(), &mut words);
    words
}

fn gather(value: &Value<'_>, words: &mut String) {
    match value {
        Value::String(text) => push_words(text, words),
        Value::Array(items) => items.iter().for_each(|item| gather(item, words)),
        Value::Object(members) => {
            for (key, member) in members.iter().filter(|(key, _)| !is_bookkeeping(key)) {
                let _ = key;
                gather(member, words);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Properties whose text is for machines: nobody searches for words in them.
fn is_bookkeeping(key: &str) -> bool {
    // `name` is indexed apart, with more weight.
    matches!(
        key,
        "id" | "type"
            | "spec_version"
            | "name"
            | "created"
            | "modified"
            | "pattern_type"
            | "pattern_version"
            | "selectors"
    ) || key.ends_with("_ref")
        || key.ends_with("_refs")
        || key.ends_with("_bin")
        || key.ends_with("_hex")
        || key.ends_with("_seen")
        || key.starts_with("valid_")
        || key.starts_with("extension-definition--")
}

fn push_words(text: &str, words: &mut String) {
    let room = WORDS_BYTES_MAX.saturating_sub(words.len() + 1);
    if room == 0 || text.is_empty() {
        return;
    }
    if !words.is_empty() {
        words.push('\n');
    }
    words.push_str(clip(text, room));
}

/// The beginning of `text` within `bytes_max` bytes, cut between characters.
fn clip(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

/// An object as the store takes it: borrowed where it is kept as it is, taken where the store wants its own.
pub(crate) fn incoming<'a>(
    text: &'a [u8],
    derived: &'a mut Derived,
    id_covers_content: bool,
) -> Incoming<'a> {
    let Derived {
        id,
        version,
        digest,
        created_by,
        revoked,
        observables,
        edges,
        words,
        name,
    } = derived;
    Incoming {
        id,
        type_name: type_of(id),
        version: *version,
        digest: *digest,
        text,
        created_by: created_by.as_deref(),
        revoked: *revoked,
        derived: id_covers_content,
        observables: std::mem::take(observables),
        edges: std::mem::take(edges),
        words: std::mem::take(words),
        name: std::mem::take(name),
    }
}
