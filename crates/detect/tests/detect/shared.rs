//! Files beside the repository that only some machines have.

use std::path::PathBuf;

/// A file of the cases, whole; none where there is none.
pub(crate) fn read(path: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    std::fs::read(root.join(path)).ok()
}

/// A folder beside the repository; none where there is none.
pub(crate) fn folder(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    Some(root.join(path)).filter(|folder| folder.is_dir())
}
