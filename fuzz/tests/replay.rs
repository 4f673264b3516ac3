//! Runs every corpus through its target, and every target over every corpus.

use std::{fs, path::Path};

use entente_fuzz::TARGETS;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files
        .map(|file| fs::read(file.expect("entry").path()).expect("file"))
        .collect()
}

#[test]
fn every_corpus_holds_the_laws_of_its_target() {
    for (name, target) in TARGETS {
        let inputs = corpus(name);
        assert!(!inputs.is_empty(), "`{name}` has no corpus");
        inputs.iter().for_each(|input| target(input));
    }
}

#[test]
fn every_target_takes_what_is_meant_for_another() {
    let inputs: Vec<_> = TARGETS.iter().flat_map(|(name, _)| corpus(name)).collect();
    for (_, target) in TARGETS {
        inputs.iter().for_each(|input| target(input));
    }
}

#[test]
fn every_target_has_its_program() {
    for (name, _) in TARGETS {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz_targets/{name}.rs"));
        let text = fs::read_to_string(program).expect(name);
        assert!(text.contains(&format!("entente_fuzz::{name}(data)")));
    }
}
