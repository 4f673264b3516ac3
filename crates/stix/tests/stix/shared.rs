//! Foreign cases and data, which lie beside the repository on some machines only.

use std::path::PathBuf;

/// A file of the shared folder; none where the folder is absent, and the test is then skipped.
pub(crate) fn read(path: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    std::fs::read(root.join(path)).ok()
}
