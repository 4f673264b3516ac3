//! The file that remembers which files were clean, for its owner only; losing it costs time, nothing else.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use entente_yara::Verdicts;

/// Bytes of a book that is read.
const BOOK_BYTES_MAX: u64 = 64 << 20;

/// The book's file in a node's folder.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("yara-verdicts")
}

/// The book, empty where there is none.
pub(crate) fn read(path: &Path) -> Verdicts {
    match fs::metadata(path) {
        Ok(meta) if meta.len() <= BOOK_BYTES_MAX => Verdicts::from_bytes(&fs::read(path).unwrap_or_default()),
        _ => Verdicts::new(),
    }
}

/// Replaces the book whole.
pub(crate) fn write(path: &Path, book: &Verdicts) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&book.to_bytes())?;
    file.persist(path)?;
    Ok(())
}
