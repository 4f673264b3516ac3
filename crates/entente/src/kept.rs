//! A small book in the data folder that several processes read and change: accounts, peers, feeds.
//!
//! One JSON file, for its owner only. A change is made under a lock file and replaces the file whole; a reader notices
//! by the file's identity, which costs one look at the folder. Begin at [`Kept::read`] and [`Kept::change`].

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::guard;

/// Bytes of one book.
pub(crate) const BOOK_BYTES_MAX: u64 = 32 << 20;

/// How long a change waits for another process's, in steps of [`LOCK_STEP`].
const LOCK_STEPS_MAX: u32 = 500;
const LOCK_STEP: Duration = Duration::from_millis(20);

/// A book of type `T`, kept in one file. What is not there yet is `T::default()`.
pub(crate) struct Kept<T> {
    path: PathBuf,
    version: u32,
    seen: Mutex<Option<Seen<T>>>,
}

/// What was read last. The file stays open, so that no other can get its number while we compare.
struct Seen<T> {
    _file: Option<File>,
    mark: Option<Mark>,
    value: Arc<T>,
}

/// What tells one state of a file from another: replacing gives another file, editing in place another time.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    device: u64,
    number: u64,
    bytes: u64,
    changed: (i64, i64),
}

/// A book as it stands in its file.
#[derive(Serialize, Deserialize)]
struct Page<T> {
    version: u32,
    book: T,
}

/// Why a book cannot be read or changed. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeptError {
    #[error("cannot {doing} `{path}`: {error}; check its folder, space and permissions")]
    Disk {
        doing: &'static str,
        path: String,
        error: io::Error,
    },
    #[error(
        "`{path}` is damaged: {error}; put its copy from a backup back, or move it away to begin with an empty one"
    )]
    Damaged { path: String, error: String },
    #[error(
        "`{path}` was written by a newer version of this program (its form is {found}, known here is {known}); use that version"
    )]
    Newer { path: String, found: u32, known: u32 },
    #[error("`{path}` would be over {BOOK_BYTES_MAX} bytes; remove what is no longer needed first")]
    Full { path: String },
    #[error("another process has held `{path}` for 10 seconds; end it, or try again")]
    Busy { path: String },
}

impl From<KeptError> for Failure {
    fn from(error: KeptError) -> Failure {
        Failure::store(error)
    }
}

impl<T: Serialize + DeserializeOwned + Default> Kept<T> {
    /// The book in the file `path`, whose form has the number `version`. Nothing is read yet.
    pub(crate) fn new(path: PathBuf, version: u32) -> Kept<T> {
        Kept {
            path,
            version,
            seen: Mutex::new(None),
        }
    }

    /// What stands in the file now; read anew only where another process, or we, changed it.
    pub(crate) fn read(&self) -> Result<Arc<T>, KeptError> {
        let mark = self.mark()?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.as_ref()
            && seen.mark == mark
        {
            return Ok(Arc::clone(&seen.value));
        }
        let fresh = self.load()?;
        let value = Arc::clone(&fresh.value);
        *seen = Some(fresh);
        Ok(value)
    }

    /// Changes the book: what `change` leaves is durable when this returns. A refusal of `change` leaves the file as
    /// it was. Other processes wait meanwhile, so `change` should only compute.
    pub(crate) fn change<R, E: From<KeptError>>(
        &self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        let _lock = self.lock()?;
        let mut book = self.take()?;
        let before = self.text(&book)?;
        let answer = change(&mut book)?;
        let after = self.text(&book)?;
        if after != before {
            guard::replace(&self.path, &after).map_err(|error| self.failed("write", error))?;
        }
        Ok(answer)
    }

    fn text(&self, book: &T) -> Result<Vec<u8>, KeptError> {
        let page = Page {
            version: self.version,
            book,
        };
        let mut text =
            serde_json::to_vec_pretty(&page).map_err(|error| self.failed("write", error.into()))?;
        text.push(b'\n');
        if text.len() as u64 > BOOK_BYTES_MAX {
            return Err(KeptError::Full { path: self.name() });
        }
        Ok(text)
    }

    /// The book in the file, as a value of its own.
    fn take(&self) -> Result<T, KeptError> {
        match self.open()? {
            Some(file) => self.parse(&file),
            None => Ok(T::default()),
        }
    }

    fn load(&self) -> Result<Seen<T>, KeptError> {
        let Some(file) = self.open()? else {
            return Ok(Seen {
                _file: None,
                mark: None,
                value: Arc::default(),
            });
        };
        // Of the open file, not of its name, which may be another's by now. Taken before reading: an edit in between
        // is then noticed at the next look.
        let mark = file.metadata().map_err(|error| self.failed("read", error))?;
        let value = Arc::new(self.parse(&file)?);
        Ok(Seen {
            _file: Some(file),
            mark: Some(Mark::of(&mark)),
            value,
        })
    }

    fn parse(&self, file: &File) -> Result<T, KeptError> {
        let mut text = Vec::new();
        let read = file.take(BOOK_BYTES_MAX + 1).read_to_end(&mut text);
        read.map_err(|error| self.failed("read", error))?;
        if text.len() as u64 > BOOK_BYTES_MAX {
            return Err(self.damaged(format!("it is over {BOOK_BYTES_MAX} bytes")));
        }
        // The form's number first: a newer form is no damage.
        let page: Page<serde_json::Value> =
            serde_json::from_slice(&text).map_err(|error| self.damaged(error.to_string()))?;
        if page.version > self.version {
            return Err(KeptError::Newer {
                path: self.name(),
                found: page.version,
                known: self.version,
            });
        }
        serde_json::from_value(page.book).map_err(|error| self.damaged(error.to_string()))
    }

    fn open(&self) -> Result<Option<File>, KeptError> {
        absent_as_none(File::open(&self.path)).map_err(|error| self.failed("read", error))
    }

    fn mark(&self) -> Result<Option<Mark>, KeptError> {
        let meta = absent_as_none(fs::metadata(&self.path)).map_err(|error| self.failed("read", error))?;
        Ok(meta.as_ref().map(Mark::of))
    }

    /// Held while the book is changed, also against other processes.
    fn lock(&self) -> Result<File, KeptError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let path = self.path.with_extension("lock");
        let failed = |error| self.failed("lock", error);
        if !folder.exists() {
            guard::make_private(folder).map_err(failed)?;
        }
        let lock = guard::private(&path).map_err(failed)?;
        for _ in 0..LOCK_STEPS_MAX {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(fs::TryLockError::WouldBlock) => pause(),
                Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        Err(KeptError::Busy {
            path: path.display().to_string(),
        })
    }

    fn damaged(&self, error: String) -> KeptError {
        KeptError::Damaged {
            path: self.name(),
            error,
        }
    }

    fn failed(&self, doing: &'static str, error: io::Error) -> KeptError {
        KeptError::Disk {
            doing,
            path: self.name(),
            error,
        }
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

impl Mark {
    fn of(meta: &fs::Metadata) -> Mark {
        Mark {
            device: meta.dev(),
            number: meta.ino(),
            bytes: meta.size(),
            changed: (meta.mtime(), meta.mtime_nsec()),
        }
    }
}

fn absent_as_none<V>(found: io::Result<V>) -> io::Result<Option<V>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn pause() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the binary is where another process is waited for"
    )]
    std::thread::sleep(LOCK_STEP);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Book = BTreeMap<String, u32>;

    fn kept(folder: &Path) -> Kept<Book> {
        Kept::new(folder.join("book.json"), 1)
    }

    fn put(kept: &Kept<Book>, key: &str, value: u32) {
        kept.change(|book| {
            book.insert(key.to_owned(), value);
            Ok::<_, KeptError>(())
        })
        .unwrap();
    }

    #[test]
    fn what_one_changes_the_other_reads() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (kept(folder.path()), kept(folder.path()));
        assert!(ours.read().unwrap().is_empty());
        for value in 0..50 {
            put(&theirs, "a", value);
            assert_eq!(ours.read().unwrap()["a"], value);
        }
        for name in ["book.json", "book.lock"] {
            let meta = fs::metadata(folder.path().join(name)).unwrap();
            assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn unchanged_books_are_neither_read_nor_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let kept = kept(folder.path());
        put(&kept, "a", 1);
        let first = kept.read().unwrap();
        let file = fs::metadata(folder.path().join("book.json")).unwrap().ino();
        put(&kept, "a", 1);
        assert_eq!(fs::metadata(folder.path().join("book.json")).unwrap().ino(), file);
        assert!(Arc::ptr_eq(&first, &kept.read().unwrap()));
    }

    #[test]
    fn changes_of_many_at_once_are_all_there() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let kept = kept(folder.path());
                scope.spawn(move || {
                    for turn in 0..5 {
                        put(&kept, &format!("{number}/{turn}"), 0);
                    }
                });
            }
        });
        assert_eq!(kept(folder.path()).read().unwrap().len(), 40);
    }

    #[test]
    fn a_refused_change_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let kept = kept(folder.path());
        put(&kept, "a", 1);
        let refused = kept.change(|book| {
            book.clear();
            Err::<(), _>(Failure::refused("no"))
        });
        assert!(refused.is_err());
        assert_eq!(kept.read().unwrap().len(), 1);
    }

    #[test]
    fn a_damaged_or_newer_book_is_named_and_never_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let kept = kept(folder.path());
        put(&kept, "a", 1);
        let whole = fs::read(folder.path().join("book.json")).unwrap();
        let newer = br#"{"version": 2, "book": {"a": "other"}}"#;
        for bad in [&b""[..], &whole[..whole.len() / 2], b"{}", b"[1]", b"\xff", newer] {
            fs::write(folder.path().join("book.json"), bad).unwrap();
            let error = kept.read().unwrap_err().to_string();
            assert!(error.contains("book.json"), "{error}");
            let changed = kept.change(|book| {
                book.clear();
                Ok::<_, KeptError>(())
            });
            assert!(changed.is_err());
            assert_eq!(fs::read(folder.path().join("book.json")).unwrap(), bad);
        }
        fs::write(folder.path().join("book.json"), whole).unwrap();
        assert_eq!(kept.read().unwrap()["a"], 1);
    }
}
