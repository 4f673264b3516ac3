//! The embedded engine.

use std::path::Path;

use crate::{Error, Store};

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads only; works beside a writer, takes no lock. The store must exist.
    Read,
    /// Reads and writes; the only such process. Creates folder and store where there is none.
    Write,
}

/// Choices at opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Reading, or writing too.
    pub access: Access,
    /// Bytes of page cache for the writer; each reader gets an eighth of it.
    pub cache_bytes: usize,
    /// A ceiling for the database file in bytes, as a quota; `None` for the disk's own.
    pub file_bytes_max: Option<u64>,
}

impl Options {
    /// Reading only.
    pub fn read() -> Options {
        Options {
            access: Access::Read,
            ..Options::write()
        }
    }

    /// Reading and writing.
    pub fn write() -> Options {
        Options {
            access: Access::Write,
            cache_bytes: 48 << 20,
            file_bytes_max: None,
        }
    }
}

/// A store in a folder: `store.db` (SQLite, write-ahead log beside it) and `lock`.
pub struct Sqlite {}

impl Sqlite {
    /// Opens the store in `folder`.
    pub fn open(folder: &Path, options: &Options) -> Result<Sqlite, Error> {
        let _ = (folder, options);
        Err(Error::Missing {
            path: folder.to_owned(),
        })
    }
}

#[allow(dead_code)]
fn _object_safe(_: &dyn Store) {}
