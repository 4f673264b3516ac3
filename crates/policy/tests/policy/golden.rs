//! Texts kept beside the tests. `ENTENTE_REWRITE=1` writes them anew; what changed is then read in the diff.

use std::fs;
use std::path::Path;

/// Compares a text with the file of this name.
#[allow(clippy::disallowed_methods, reason = "rewriting is asked for from outside")]
pub(crate) fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/policy")
        .join(name);
    let text = format!("{}\n", text.trim_end());
    if std::env::var("ENTENTE_REWRITE").is_ok() {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap();
    assert!(kept == text, "{} differs; now it is\n{text}", path.display());
}
