//! The data folder: creating it for its owner only, the writer's lock, connections with their settings.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::Fault;
use super::{Options, schema};
use crate::Error;

const DATABASE: &str = "store.db";
const LOCK: &str = "lock";

/// The log is put into the database file when it is this large; larger means that pages changed often
/// are put there less often.
const LOG_BYTES: i64 = 64 << 20;

/// SQLite's own waits: only for another process that recovers the log after a crash, or closes last.
const BUSY: Duration = Duration::from_secs(10);

/// The folder of one store.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    path: PathBuf,
}

/// Says that this process writes here, until dropped.
pub(super) struct Lock {
    _file: File,
}

impl Folder {
    /// The folder, made where it is missing, for its owner only.
    pub(super) fn create(path: &Path) -> Result<Folder, Error> {
        let folder = Folder {
            path: path.to_owned(),
        };
        if !path.is_dir() {
            private_folder()
                .create(path)
                .map_err(|cause| io_error("create", path, cause))?;
            sync_folder(path.parent());
        }
        Ok(folder)
    }

    /// The folder of a store that must be there.
    pub(super) fn existing(path: &Path) -> Result<Folder, Error> {
        let folder = Folder {
            path: path.to_owned(),
        };
        match fs::metadata(folder.database()) {
            Ok(found) if found.len() > 0 => Ok(folder),
            Ok(_) => Err(Error::Missing {
                path: path.to_owned(),
            }),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Err(Error::Missing {
                path: path.to_owned(),
            }),
            Err(cause) => Err(io_error("read", &folder.database(), cause)),
        }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Takes the writer's lock, or tells at once who has it. The system lets go of it when the process
    /// ends, however it ends; the pid inside is only for people.
    pub(super) fn lock(&self) -> Result<Lock, Error> {
        let path = self.path.join(LOCK);
        let mut file = private_file()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|cause| io_error("write", &path, cause))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Locked {
                    path: self.path.clone(),
                    holder: holder(&mut file),
                });
            }
            Err(TryLockError::Error(cause)) => return Err(io_error("lock", &path, cause)),
        }
        // The lock holds without it, on a full disk too.
        let _ = write_pid(&mut file);
        Ok(Lock { _file: file })
    }

    /// Makes the database file, empty, if it is missing, so that it is private from its first byte; SQLite
    /// gives the log the same mode.
    pub(super) fn create_database(&self) -> Result<(), Error> {
        let path = self.database();
        match private_file().write(true).create_new(true).open(&path) {
            Ok(_) => sync_folder(Some(&self.path)),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(io_error("create", &path, cause)),
        }
        Ok(())
    }

    pub(super) fn connect_for_writing(&self, options: &Options) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.database(), flags)?;
        common_settings(&connection)?;
        connection.pragma_update(None, "page_size", schema::PAGE_BYTES)?;
        // Before the mode changes anything: somebody else's database is left as it is.
        schema::require_ours(&connection)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // FULL: a commit returns when the log is on the disk. What was acknowledged survives power loss.
        let synchronous = if options.sync { "full" } else { "off" };
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_BYTES / schema::PAGE_BYTES)?;
        connection.pragma_update(None, "journal_size_limit", LOG_BYTES * 2)?;
        limit_cache(&connection, options.cache_bytes)?;
        Ok(connection)
    }

    pub(super) fn connect_for_reading(&self, cache_bytes: usize) -> Result<Connection, Fault> {
        let connection = match self.connect_reading("mode=ro", cache_bytes) {
            Ok(connection) => connection,
            Err(fault) => self.connect_unchanging(cache_bytes).ok_or(fault)?,
        };
        Ok(connection)
    }

    /// On read-only media SQLite cannot make its shared index of the log. Where there is no log, and no
    /// writer, the file can be read as one that does not change.
    fn connect_unchanging(&self, cache_bytes: usize) -> Option<Connection> {
        let log = self.path.join(format!("{DATABASE}-wal"));
        let has_log = fs::metadata(log).is_ok_and(|found| found.len() > 0);
        let has_writer = File::open(self.path.join(LOCK))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)));
        if has_log || has_writer {
            return None;
        }
        self.connect_reading("mode=ro&immutable=1", cache_bytes).ok()
    }

    fn connect_reading(&self, mode: &str, cache_bytes: usize) -> Result<Connection, Fault> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(uri(&self.database(), mode), flags)?;
        common_settings(&connection)?;
        // Opens the log and reads the first page: what cannot be read says so here.
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))?;
        limit_cache(&connection, cache_bytes)?;
        Ok(connection)
    }

    /// Bytes of the database file and its log.
    pub(super) fn disk_bytes(&self) -> u64 {
        ["", "-wal", "-shm"]
            .iter()
            .filter_map(|ending| fs::metadata(self.path.join(format!("{DATABASE}{ending}"))).ok())
            .map(|found| found.len())
            .sum()
    }
}

/// Lowers the number of pages that the file may grow to.
pub(super) fn limit_pages(connection: &Connection, bytes: u64) -> Result<(), Fault> {
    let page_bytes: i64 = connection.query_row("PRAGMA page_size", (), |row| row.get(0))?;
    let pages = (bytes / page_bytes.cast_unsigned().max(1)).max(1);
    connection.query_row(&format!("PRAGMA max_page_count = {pages}"), (), |_| Ok(()))?;
    Ok(())
}

/// After the size of a page is known: SQLite counts the cache in pages.
fn limit_cache(connection: &Connection, bytes: usize) -> Result<(), Fault> {
    let kibibytes = i64::try_from(bytes / 1024).unwrap_or(i64::MAX);
    connection.pragma_update(None, "cache_size", -kibibytes)?;
    Ok(())
}

fn common_settings(connection: &Connection) -> Result<(), Fault> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Without it SQLite makes a statement anew whenever another limit is bound to it, which is each time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // The schema comes from a file that someone may have exchanged: let it call nothing.
    connection.pragma_update(None, "trusted_schema", false)?;
    // A page with impossible cells is an error where it is read, not a wrong answer.
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(())
}

/// The path as an SQLite URI (<https://www.sqlite.org/uri.html>).
fn uri(path: &Path, query: &str) -> String {
    let mut uri = String::from("file:");
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(char::from(byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push('?');
    uri.push_str(query);
    uri
}

fn holder(file: &mut File) -> String {
    // The other one may have locked the file a moment ago and be about to write its pid into it.
    for _ in 0..1_000 {
        let mut text = String::new();
        let read = file
            .rewind()
            .and_then(|()| file.take(16).read_to_string(&mut text));
        let pid = text.trim();
        if read.is_ok() && !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()) {
            return pid.to_owned();
        }
        std::thread::yield_now();
    }
    "?".to_owned()
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn io_error(doing: &'static str, path: &Path, cause: io::Error) -> Error {
    let path = path.to_owned();
    match cause.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::ReadOnly {
            path,
            cause: cause.to_string(),
        },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full { path },
        _ => Error::Io { doing, path, cause },
    }
}

/// Makes a new name in the folder durable. A file system that cannot do it has its own way of keeping
/// names, so a refusal is no error.
fn sync_folder(path: Option<&Path>) {
    if let Some(folder) = path.and_then(|path| File::open(path).ok()) {
        let _ = folder.sync_all();
    }
}

fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
