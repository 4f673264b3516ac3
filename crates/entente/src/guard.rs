//! The last signed head of each of this node's logs, kept outside the database and outside backups.
//!
//! A restored old backup knows fewer entries than were signed; without this it would sign others in their place,
//! and the log would have forked. One small file a log, replaced whole by compare-and-swap.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use entente_node::guard::{Guard, GuardError};
use entente_translog::hash;

/// A folder of last signed heads.
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Folder {
        Folder { path }
    }

    /// Where the head of a log stands: origins have slashes, and lengths that no file system promises.
    fn file(&self, origin: &str) -> PathBuf {
        let name: String = hash::leaf(origin.as_bytes())
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.path.join(format!("{name}.note"))
    }

    fn fault(&self, error: &io::Error) -> GuardError {
        GuardError::Failed(format!("`{}`: {error}", self.path.display()))
    }

    /// Held while a head is compared and replaced, also against other processes.
    fn lock(&self) -> io::Result<File> {
        make_private(&self.path)?;
        let lock = private(&self.path.join("lock"))?;
        lock.lock()?;
        Ok(lock)
    }
}

impl Guard for Folder {
    fn last(&self, origin: &str) -> Result<Option<String>, GuardError> {
        match fs::read_to_string(self.file(origin)) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.fault(&error)),
        }
    }

    fn advance(&self, origin: &str, from: Option<&str>, to: &str) -> Result<(), GuardError> {
        let _lock = self.lock().map_err(|error| self.fault(&error))?;
        if self.last(origin)?.as_deref() != from {
            return Err(GuardError::Moved {
                origin: origin.to_owned(),
            });
        }
        replace(&self.file(origin), to.as_bytes()).map_err(|error| self.fault(&error))
    }
}

/// Writes a file whole or not at all; durable when it returns.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut waiting = tempfile::NamedTempFile::new_in(folder)?;
    waiting.write_all(content)?;
    waiting.as_file().sync_all()?;
    waiting.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Writes a file whole, unless somebody else did so first.
pub(crate) fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut waiting = tempfile::NamedTempFile::new_in(folder)?;
    waiting.write_all(content)?;
    waiting.as_file().sync_all()?;
    match waiting.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        _ => File::open(folder)?.sync_all(),
    }
}

/// A file to be locked, for its owner only; empty where there was none.
pub(crate) fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = File::options();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path)
}

/// A folder that only its owner may enter.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}
