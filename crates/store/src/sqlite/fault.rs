//! What SQLite says, told as whose fault it is.

use std::io;
use std::path::Path;

use rusqlite::{ErrorCode, ffi};

use crate::Error;

/// An error inside the engine, before it is known for which path.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    /// Already told in full.
    Told(Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        Fault::Sqlite(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Told(error)
    }
}

impl Fault {
    /// Something stored that this program did not write so.
    pub(super) fn damage(cause: impl Into<String>) -> Fault {
        Fault::Told(Error::Corrupt {
            path: Default::default(),
            cause: cause.into(),
        })
    }

    /// The engine did something that it should not do.
    pub(super) fn engine(cause: impl Into<String>) -> Fault {
        Fault::Told(Error::Engine {
            path: Default::default(),
            cause: cause.into(),
        })
    }

    /// The error for the database file at `path`.
    pub(super) fn at(self, path: &Path) -> Error {
        match self {
            Fault::Told(error) => placed(error, path),
            Fault::Sqlite(error) => told(&error, path),
        }
    }
}

/// Fills in the path where the error was made without knowing it.
fn placed(error: Error, at: &Path) -> Error {
    let at = at.to_owned();
    match error {
        Error::Corrupt { path, cause } if path.as_os_str().is_empty() => Error::Corrupt { path: at, cause },
        Error::Engine { path, cause } if path.as_os_str().is_empty() => Error::Engine { path: at, cause },
        Error::NotAStore { path } if path.as_os_str().is_empty() => Error::NotAStore { path: at },
        Error::Missing { path } if path.as_os_str().is_empty() => Error::Missing {
            path: at.parent().map_or_else(|| at.clone(), Path::to_owned),
        },
        Error::Newer { path, found, known } if path.as_os_str().is_empty() => Error::Newer {
            path: at,
            found,
            known,
        },
        other => other,
    }
}

fn told(error: &rusqlite::Error, path: &Path) -> Error {
    let path = path.to_owned();
    let cause = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::Full { path },
        // The index of the log could not be made longer, for which only room can be missing.
        Some(ErrorCode::SystemIoFailure) if extended_code(error) == Some(ffi::SQLITE_IOERR_SHMSIZE) => {
            Error::Full { path }
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Error::ReadOnly { path, cause },
        Some(ErrorCode::NotADatabase) => Error::NotAStore { path },
        Some(ErrorCode::DatabaseCorrupt) => Error::Corrupt { path, cause },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked {
            path,
            holder: "?".to_owned(),
        },
        Some(ErrorCode::CannotOpen) => Error::Io {
            doing: "open",
            path,
            cause: io::Error::other(cause),
        },
        Some(ErrorCode::SystemIoFailure) => {
            let cause = format!(
                "{cause} (SQLite's code {})",
                extended_code(error).unwrap_or_default()
            );
            Error::Io {
                doing: "use",
                path,
                cause: io::Error::other(cause),
            }
        }
        // Values of another type or range than this program writes.
        _ if is_strange_value(error) => Error::Corrupt { path, cause },
        _ => Error::Engine { path, cause },
    }
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

fn is_strange_value(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
    )
}
