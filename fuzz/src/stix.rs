//! Objects, their text, their patterns, and what can be looked up.

use std::io::Read;

use entente_stix::{
    bundle::{Item, Reader},
    json, marking,
    object::Object,
    observable::{self, Kind, Observable},
    pattern, validate,
};

use crate::Dribble;

/// Strict JSON: what is read has a canonical form, and that is its own canonical form.
pub fn stix_json(data: &[u8]) {
    let Ok(value) = json::read(data) else { return };
    let canonical = value.canonical();
    let again = json::read(canonical.as_bytes()).expect("the canonical form is read");
    assert_eq!(again.canonical(), canonical);
}

/// Bundles and their like: objects are cut out of the text as they stand, wherever reads end.
pub fn stix_bundle(data: &[u8]) {
    let whole = items(data, data);
    assert_eq!(items(Dribble::new(data), data), whole);
}

fn items(reader: impl Read, data: &[u8]) -> Vec<String> {
    let mut reader = Reader::new(reader);
    let mut told = Vec::new();
    while let Some(item) = reader.next().expect("in memory") {
        if let Item::Object { text, offset, .. } = &item {
            let at = *offset as usize;
            assert_eq!(data.get(at..at + text.len()), Some(*text), "as it stands");
        }
        told.push(format!("{item:?}"));
    }
    told.push(format!(
        "{:?} {} {}",
        reader.wrapper(),
        reader.offset(),
        reader.objects()
    ));
    told
}

/// One object: everything that is asked of it, validation and observables included.
pub fn stix_object(data: &[u8]) {
    if let Ok(value) = json::read(data) {
        for finding in validate::object(&value) {
            assert!(!finding.message.is_empty() && !finding.way_out.is_empty());
        }
    }
    let Ok(object) = Object::read(data) else { return };
    assert_eq!(object.text().as_bytes(), data, "kept as it came");
    let canonical = object.value().canonical();
    let again = Object::read(canonical.as_bytes()).expect("the canonical form is an object");
    assert_eq!(again.digest(), object.digest());
    assert_eq!(again.references().count(), object.references().count());
    let _ = (
        object.version(),
        object.class(),
        object.label(),
        object.modified(),
    );
    marking::granular(object.value());
    for (observable, _) in observable::of_object(&object) {
        is_normal(&observable);
    }
}

/// Patterns: what is written back is read again, as the same; every remark has a place in the text.
pub fn stix_pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(parsed) = pattern::parse(text) else { return };
    let written = parsed.to_string();
    let again = pattern::parse(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(again.to_string(), written);
    let linted = pattern::lint(text).expect("what is parsed is linted");
    for remark in &linted.remarks {
        let line = text.split('\n').nth(remark.line - 1).expect("a line of the text");
        assert!(remark.column <= line.chars().count() + 1 && !remark.message.is_empty());
    }
    let looked_at = pattern::inspect(text).expect("what is parsed is inspected");
    let uses: usize = looked_at.comparisons.values().map(Vec::len).sum();
    assert_eq!(uses, parsed.comparisons().len());
}

/// Two patterns, with a NUL between them: a normal form is its own, and sameness has no sides.
pub fn stix_pattern_equal(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (left, right) = text.split_once('\0').unwrap_or((text, text));
    let (Ok(left), Ok(right)) = (pattern::parse(left), pattern::parse(right)) else {
        return;
    };
    assert_eq!(pattern::equal(&left, &right), pattern::equal(&right, &left));
    let Ok(normal) = pattern::normal(&left) else {
        return;
    };
    let written = normal.to_string();
    let again = pattern::parse(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
    let Ok(twice) = pattern::normal(&again) else {
        return;
    };
    assert_eq!(twice, normal, "{written}");
    assert_eq!(pattern::equal(&left, &again), Ok(true), "{written}");
}

/// Values: a normal form is its own, whatever the kind.
pub fn observable(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Some(observable) = observable::guess(text) {
        is_normal(&observable);
    }
    for kind in Kind::all() {
        if let Ok(observable) = observable::normalise(kind, text) {
            is_normal(&observable);
        }
    }
    for reading in observable::readings(text) {
        is_normal(&reading);
    }
    observable::refang(text);
    observable::is_public_suffix(text);
}

pub(crate) fn is_normal(observable: &Observable) {
    let again = observable::normalise(observable.kind, &observable.value);
    assert_eq!(again.as_ref(), Ok(observable));
}
