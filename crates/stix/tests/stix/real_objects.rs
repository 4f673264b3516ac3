//! Foreign ids, and real bundles: everything in them is read and stays what it is.

use std::path::{Path, PathBuf};

use entente_stix::bundle::{Item, Reader};
use entente_stix::object::Object;
use entente_stix::{id, json, observable};

use crate::shared;

#[test]
fn ids_of_observables_are_those_of_the_reference_implementation() {
    let Some(cases) = shared::read("cases/stix_sco_ids.json") else {
        return;
    };
    let cases = json::read(&cases).unwrap();
    let cases = cases.get("cases").unwrap().as_array().unwrap();
    for case in cases {
        let object = case.get("object").unwrap();
        let expected = case.get("expected_id").unwrap().as_str();
        let found = id::deterministic(object);
        assert_eq!(
            found.as_ref().map(id::ObjectId::as_str),
            expected,
            "{}",
            object.canonical()
        );
    }
    assert!(!cases.is_empty());
}

#[test]
fn every_object_of_real_bundles_is_read_and_kept() {
    let mut objects = 0;
    for file in files("data/stix") {
        let text = std::fs::read(&file).unwrap();
        let mut reader = Reader::new(text.as_slice());
        while let Some(item) = reader.next().unwrap() {
            if let Item::Object { text, pointer, .. } = item {
                objects += check_object(&file, text, &pointer);
            }
        }
    }
    assert!(objects == 0 || objects > 10_000, "{objects}");
}

/// One if the text is an object that could be kept.
fn check_object(file: &Path, text: &[u8], pointer: &str) -> u32 {
    let object = match Object::read(text) {
        Ok(object) => object,
        // Real files hold schemas, examples and half objects too.
        Err(_) if !file.to_string_lossy().contains("/attack/") => return 0,
        Err(refusal) => panic!("{} {pointer}: {refusal}", file.display()),
    };
    assert_eq!(object.text().as_bytes(), text.trim_ascii());
    let canonical = object.value().canonical();
    let again = Object::read(canonical.as_bytes()).unwrap();
    assert_eq!(again.digest(), object.digest(), "{} {pointer}", file.display());
    let theirs: serde_json::Value = serde_json::from_slice(text).unwrap();
    assert_eq!(
        canonical,
        serde_json_canonicalizer::to_string(&theirs).unwrap(),
        "{} {pointer}",
        file.display()
    );
    assert!(object.references().all(|reference| id::is_id(reference.target)));
    assert!(!object.label().is_empty());
    for (found, _) in observable::of_object(&object) {
        assert_eq!(observable::normalise(found.kind, &found.value), Ok(found.clone()));
    }
    1
}

fn files(folder: &str) -> Vec<PathBuf> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let mut folders = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false
                    if path
                        .extension()
                        .is_some_and(|end| end == "json" || end == "stix2") =>
                {
                    found.push(path)
                }
                false => {}
            }
        }
    }
    found.sort();
    found
}
