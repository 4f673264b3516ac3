//! What can go wrong with a store, by whose fault, each with its path and a way out.

use std::io;
use std::path::PathBuf;

/// Why a store did not do what was asked. After it nothing of the call is stored, and the store
/// can be used on; where that is not so, the text says it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk, or the quota, has no room left.
    #[error(
        "cannot write `{path}`: the disk is full; nothing of this was stored, what was stored before is safe: free space and repeat"
    )]
    Full {
        /// The database file.
        path: PathBuf,
    },
    /// The folder or file may not be written.
    #[error(
        "cannot write `{path}`: {cause}; give write permission to the user who runs this, or name another folder with `--data`"
    )]
    ReadOnly {
        /// What may not be written.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// Another process writes here.
    #[error(
        "cannot open `{path}` for writing: process {holder} is using it; wait until it ends, or stop it; `entente serve` does over HTTP what commands do (`/api/v1/openapi.json`)"
    )]
    Locked {
        /// The data folder.
        path: PathBuf,
        /// The other process's id as it wrote it down; `?` when it could not be read.
        holder: String,
    },
    /// Opened for reading, and no store is there.
    #[error(
        "there is no store in `{path}`; check `--data`, or begin one: `entente import FILE` takes intelligence in, `entente party add \
         --self NAME` makes the node a party that can exchange it, `entente serve` makes its accounts"
    )]
    Missing {
        /// The data folder.
        path: PathBuf,
    },
    /// Written by a later version of this program.
    #[error(
        "cannot open `{path}`: it has schema {found}, this program knows up to {known}; use the newer program, or a backup from before the upgrade"
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The schema version found.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// A database, but not ours.
    #[error(
        "cannot open `{path}`: it is not an Entente store; move it away, or name another folder with `--data`"
    )]
    NotAStore {
        /// The database file.
        path: PathBuf,
    },
    /// The file does not hold what was written.
    #[error(
        "`{path}` is damaged: {cause}; keep a copy of the file, then run `entente check`, and restore a backup if it cannot repair it"
    )]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// Where and how, as far as known.
        cause: String,
    },
    /// The disk or system failed.
    #[error("cannot {doing} `{path}`: {cause}; check the disk and the system's log, then repeat")]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// More was asked in one call than a bound allows.
    #[error(
        "{what} has {found}, the limit is {limit}; give less at a time (`entente limits` lists all limits)"
    )]
    TooMuch {
        /// What is bounded.
        what: &'static str,
        /// How much came.
        found: u64,
        /// The bound.
        limit: u64,
    },
    /// What was handed in cannot be stored, for example a text that is not UTF-8.
    #[error("cannot store `{subject}`: {cause}; nothing of this call was stored")]
    Unfit {
        /// Which item.
        subject: String,
        /// Why not.
        cause: String,
    },
    /// Somebody else appended to a channel since it was read.
    #[error(
        "cannot append to `{origin}` after entry {expected}: it has {found} entries; nothing was stored: read it anew and repeat"
    )]
    Moved {
        /// The channel.
        origin: String,
        /// How many entries were expected.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// A document is not what a change expected.
    #[error(
        "cannot write the {kind} `{key}`: somebody else changed it; nothing was stored: read it anew and repeat"
    )]
    Taken {
        /// The kind of the document.
        kind: String,
        /// Its key.
        key: String,
    },
    /// A cursor that no page of this call gave.
    #[error("`{cursor}` is not a place to continue from; begin again without it")]
    BadCursor {
        /// The cursor.
        cursor: String,
    },
    /// Opened for reading only, and asked to write.
    #[error("`{path}` was opened for reading only; open it for writing to change it")]
    OpenedForReading {
        /// The database file.
        path: PathBuf,
    },
    /// The engine failed in a way that should not happen.
    #[error(
        "the store at `{path}` failed: {cause}; nothing of this call was stored; please report it with this text"
    )]
    Engine {
        /// The database file.
        path: PathBuf,
        /// What the engine said.
        cause: String,
    },
}
