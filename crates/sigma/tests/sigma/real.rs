//! The published rules, all of them.

use std::path::{Path, PathBuf};

use entente_sigma::Collection;

/// A file of the shared data; none where there is no such data.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    Some(root.join(path)).filter(|path| path.exists())
}

/// Every file below a folder with this ending.
pub(crate) fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|is| is == ending) {
            found.push(path);
        }
    }
}

pub(crate) fn published() -> Option<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    files(&shared("data/sigma")?, "yml", &mut found);
    found.sort();
    Some(
        found
            .into_iter()
            .map(|path| {
                let text = std::fs::read_to_string(&path).unwrap();
                (path, text)
            })
            .collect(),
    )
}

/// All published rules, linked.
pub(crate) fn loaded() -> Option<Collection> {
    let mut all = Collection::default();
    for (path, text) in published()? {
        let mut collection = Collection::read(&text);
        let refusals = std::mem::take(&mut collection.refusals);
        assert!(refusals.is_empty(), "{}: {refusals:?}", path.display());
        all.append(collection);
    }
    all.link();
    Some(all)
}

#[test]
fn every_published_rule_loads() {
    let Some(all) = loaded() else {
        return;
    };
    let resolved = all.rules.iter().filter(|rule| rule.expression().is_ok()).count();
    assert_eq!((all.refusals.len(), all.rules.len(), resolved), (0, 3754, 3754));
}
