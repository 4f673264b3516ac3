//! The embedded engine: one SQLite file in a folder, written by one process and read by any number.
//!
//! Begin at [`Sqlite::open`]. `folder` finds, creates and locks; `schema` is the tables; `writer` gives each
//! writing call its turn and shares commits; `ingest` and `changes` are what a turn does, with `entities` and `indexes`,
//! `withdraw` and `logs`; `read`, `search`, `detections`, `channels` and `noted` answer; `check` derives everything again.

mod changes;
mod channels;
mod check;
mod collected;
mod collections;
mod detections;
mod documents;
mod entities;
mod fault;
mod folder;
mod indexes;
mod ingest;
mod labels;
mod logs;
mod noted;
mod numbered;
mod packed;
mod read;
mod readers;
mod released;
mod schema;
mod search;
mod withdraw;
mod writer;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::change::{Applied, Change};
use crate::channels::{Act, Aside, Changed, Channel, LiveRelease, LogEntry, Note, Standing};
use crate::collections::{Collection, CollectionEntry, CollectionFilter, Filter, Numbered};
use crate::documents::{Document, NewDocument, Put};
use crate::records::{
    Cursor, Derive, Detection, Edge, Group, GroupDone, Hits, Holding, Incoming, IndicatorRow, Looked,
    Outcome, Page, Recorded, Report, SearchHit, Source, Stats, Stored,
};
use crate::{Error, SearchQuery, Store, limits};
use fault::Fault;
use folder::{Folder, Lock};
use readers::Readers;
use writer::Writer;

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
    /// Bytes of page cache for the writer; each reader gets an eighth of it, or half where nobody writes.
    pub cache_bytes: usize,
    /// A ceiling for the database file in bytes, as a quota; `None` for the disk's own.
    pub file_bytes_max: Option<u64>,
    /// Whether a call that writes returns only when the disk has it. `false` is for simulations, which make
    /// their own crashes: what was acknowledged then survives the end of the process, but not a power loss.
    pub sync: bool,
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
            sync: true,
        }
    }
}

/// A store in a folder: `store.db` (SQLite, its write-ahead log beside it) and `lock`.
pub struct Sqlite {
    // Fields drop in this order: connections close before the lock is let go.
    readers: Readers,
    writer: Option<Writer>,
    acts_end: noted::ActsEnd,
    database: PathBuf,
    _lock: Option<Lock>,
}

impl Sqlite {
    /// Opens the store in `folder`; for writing, creates what is missing, readable by the owner only, and
    /// brings an older schema up to date.
    ///
    /// # Errors
    /// [`Error::Locked`] at once when another process writes here; [`Error::Missing`] when reading and there is
    /// none; [`Error::Newer`], [`Error::NotAStore`], [`Error::Corrupt`], [`Error::ReadOnly`], [`Error::Full`].
    pub fn open(folder: &Path, options: &Options) -> Result<Sqlite, Error> {
        match options.access {
            Access::Write => Sqlite::open_for_writing(folder, options),
            Access::Read => Sqlite::open_for_reading(folder, options),
        }
    }

    fn open_for_writing(folder: &Path, options: &Options) -> Result<Sqlite, Error> {
        let folder = Folder::create(folder)?;
        // The lock goes first: creation, migration and recovery must not meet another writer's.
        let lock = folder.lock()?;
        folder.create_database()?;
        let database = folder.database();
        let connection = open_writing_connection(&folder, options).map_err(|fault| fault.at(&database))?;
        // A reader in the pool meets a file whose schema is settled.
        let readers = Readers::new(folder, options.cache_bytes / 8);
        let writer = Some(Writer::new(connection, database.clone()));
        Ok(Sqlite {
            readers,
            writer,
            acts_end: noted::ActsEnd::default(),
            database,
            _lock: Some(lock),
        })
    }

    fn open_for_reading(folder: &Path, options: &Options) -> Result<Sqlite, Error> {
        let folder = Folder::existing(folder)?;
        let database = folder.database();
        let readers = Readers::new(folder, options.cache_bytes / 2);
        readers.read(schema::require_current)?;
        Ok(Sqlite {
            readers,
            writer: None,
            acts_end: noted::ActsEnd::default(),
            database,
            _lock: None,
        })
    }

    fn writer(&self) -> Result<&Writer, Error> {
        self.writer.as_ref().ok_or_else(|| Error::OpenedForReading {
            path: self.database.clone(),
        })
    }
}

fn open_writing_connection(folder: &Folder, options: &Options) -> Result<Connection, Fault> {
    let mut connection = folder.connect_for_writing(options)?;
    schema::migrate(&mut connection)?;
    if let Some(bytes) = options.file_bytes_max {
        folder::limit_pages(&connection, bytes)?;
    }
    Ok(connection)
}

impl Store for Sqlite {
    fn ingest(&self, source: &str, at: i64, batch: &[Incoming<'_>]) -> Result<Vec<Outcome>, Error> {
        ingest::require_fit(source, batch)?;
        self.writer()?.turn(ingest::weight(batch), |connection| {
            ingest::ingest(connection, source, at, batch)
        })
    }

    fn current(&self, id: &str) -> Result<Option<Stored>, Error> {
        self.readers.read(|connection| read::current(connection, id))
    }

    fn current_many(&self, ids: &[&str]) -> Result<Vec<Option<Stored>>, Error> {
        limit("the look-up", ids.len(), limits::LOOK_KEYS_MAX)?;
        self.readers
            .read(|connection| ids.iter().map(|id| read::current(connection, id)).collect())
    }

    fn versions(&self, id: &str, after: Option<&Cursor>, limit: usize) -> Result<Page<Stored>, Error> {
        self.readers
            .read(|connection| read::versions(connection, id, after, limit))
    }

    fn by_digest(&self, digest: &[u8; 32]) -> Result<Option<Stored>, Error> {
        self.readers
            .read(|connection| read::by_digest(connection, digest))
    }

    fn holdings(&self, id: &str, after: Option<&Cursor>, limit: usize) -> Result<Page<Holding>, Error> {
        self.readers
            .read(|connection| read::holdings(connection, id, after, limit))
    }

    fn edges_from(&self, id: &str) -> Result<Vec<Edge>, Error> {
        self.readers.read(|connection| read::edges_from(connection, id))
    }

    fn edges_to(
        &self,
        id: &str,
        property: Option<&str>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Edge>, Error> {
        self.readers
            .read(|connection| read::edges_to(connection, id, property, after, limit))
    }

    fn look(&self, keys: &[(u8, &str)], per_key: usize) -> Result<Vec<Looked>, Error> {
        limit("the look-up", keys.len(), limits::LOOK_KEYS_MAX)?;
        self.readers
            .read(|connection| read::look(connection, keys, per_key))
    }

    fn search(&self, query: &SearchQuery, limit: usize) -> Result<Page<SearchHit>, Error> {
        self.readers
            .read(|connection| search::search(connection, query, limit))
    }

    fn objects(
        &self,
        type_name: Option<&str>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Stored>, Error> {
        self.readers
            .read(|connection| read::objects(connection, type_name, after, limit))
    }

    fn indicators(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<IndicatorRow>, Error> {
        self.readers
            .read(|connection| read::indicators(connection, after, limit))
    }

    fn generation_number(&self) -> Result<u64, Error> {
        self.readers
            .read(|connection| schema::number(connection, schema::GENERATION))
    }

    fn change_number(&self) -> Result<u64, Error> {
        self.readers
            .read(|connection| schema::number(connection, schema::CHANGE))
    }

    fn stats(&self) -> Result<Stats, Error> {
        let mut stats = self.readers.read(read::stats)?;
        stats.disk_bytes = self.readers.folder().disk_bytes();
        Ok(stats)
    }

    fn sources(&self) -> Result<Vec<Source>, Error> {
        self.readers.read(read::sources)
    }

    fn record_detections(&self, batch: &[Detection]) -> Result<Vec<bool>, Error> {
        limit("the batch of detections", batch.len(), limits::DETECTIONS_MAX)?;
        self.writer()?.turn(detections::weight(batch), |connection| {
            detections::record(connection, batch)
        })
    }

    fn dirty_groups(&self, limit: usize) -> Result<Vec<Group>, Error> {
        self.readers
            .read(|connection| detections::dirty_groups(connection, limit))
    }

    fn ingest_sightings(
        &self,
        done: &[GroupDone<'_>],
        source: &str,
        at: i64,
        batch: &[Incoming<'_>],
    ) -> Result<Vec<Outcome>, Error> {
        ingest::require_fit(source, batch)?;
        self.writer()?.turn(ingest::weight(batch), |connection| {
            let outcomes = ingest::ingest(connection, source, at, batch)?;
            detections::mark_done(connection, done)?;
            Ok(outcomes)
        })
    }

    fn detections(
        &self,
        indicator: Option<&str>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Recorded>, Error> {
        self.readers
            .read(|connection| detections::page(connection, indicator, after, limit))
    }

    fn hits(&self, keys: &[(u8, &str)]) -> Result<Vec<Hits>, Error> {
        limit("the look-up", keys.len(), limits::LOOK_KEYS_MAX)?;
        self.readers.read(|connection| detections::hits(connection, keys))
    }

    fn meta(&self, name: &str) -> Result<Option<String>, Error> {
        self.readers.read(|connection| read::meta(connection, name))
    }

    fn set_meta(&self, name: &str, value: Option<&str>) -> Result<(), Error> {
        limit("the name", name.len(), limits::NAME_BYTES_MAX)?;
        self.writer()?
            .turn(0, |connection| ingest::set_meta(connection, name, value))
    }

    fn apply(&self, change: &Change<'_>) -> Result<Applied, Error> {
        changes::require_fit(change)?;
        let applied = self.writer()?.turn(changes::weight(change), |connection| {
            changes::apply(connection, change)
        });
        if !change.acts.is_empty() {
            self.acts_end.forget();
        }
        applied
    }

    fn acts(&self, after: u64, limit: usize) -> Result<Vec<Act>, Error> {
        // Who else may have written acts is not known without the lock.
        let asked = self.writer.is_some().then(|| self.acts_end.asked(after));
        if matches!(asked, Some(None)) {
            return Ok(Vec::new());
        }
        let acts = self
            .readers
            .read(|connection| noted::acts(connection, after, limit))?;
        if let (Some(Some(asked)), true) = (asked, acts.is_empty()) {
            self.acts_end.found(asked);
        }
        Ok(acts)
    }

    fn channels(&self) -> Result<Vec<Channel>, Error> {
        self.readers.read(channels::channels)
    }

    fn channel(&self, origin: &str) -> Result<Option<Channel>, Error> {
        self.readers
            .read(|connection| channels::channel(connection, origin))
    }

    fn entries(&self, origin: &str, from: u64, limit: usize) -> Result<Vec<LogEntry>, Error> {
        self.readers
            .read(|connection| channels::entries(connection, origin, from, limit))
    }

    fn live(&self, origin: &str, ids: &[&str]) -> Result<Vec<Option<LiveRelease>>, Error> {
        limit("the look-up", ids.len(), limits::LOOK_KEYS_MAX)?;
        self.readers
            .read(|connection| channels::live(connection, origin, ids))
    }

    fn released(
        &self,
        origin: &str,
        from: u64,
        until: u64,
        filter: &Filter<'_>,
        limit: usize,
    ) -> Result<Numbered<Standing>, Error> {
        numbered::require_fit(filter)?;
        self.readers
            .read(|connection| released::released(connection, origin, (from, until), filter, limit))
    }

    fn released_in(&self, id: &str) -> Result<Vec<(String, u64)>, Error> {
        self.readers
            .read(|connection| channels::released_in(connection, id))
    }

    fn entries_about(
        &self,
        id: &str,
        after: Option<(&str, u64)>,
        limit: usize,
    ) -> Result<Vec<(String, u64)>, Error> {
        self.readers
            .read(|connection| channels::entries_about(connection, id, after, limit))
    }

    fn expiring(&self, until: i64, limit: usize) -> Result<Vec<(String, u64, String)>, Error> {
        self.readers
            .read(|connection| channels::expiring(connection, until, limit))
    }

    fn tile(&self, origin: &str, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error> {
        self.readers
            .read(|connection| channels::tile(connection, origin, level, index))
    }

    fn content(&self, digests: &[[u8; 32]]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        limit("the look-up", digests.len(), limits::LOOK_KEYS_MAX)?;
        self.readers
            .read(|connection| channels::content(connection, digests))
    }

    fn owners(&self, ids: &[&str]) -> Result<Vec<Option<String>>, Error> {
        limit("the look-up", ids.len(), limits::LOOK_KEYS_MAX)?;
        self.readers.read(|connection| channels::owners(connection, ids))
    }

    fn asides(&self, id: Option<&str>, after: u64, limit: usize) -> Result<Vec<Aside>, Error> {
        self.readers
            .read(|connection| noted::asides(connection, id, after, limit))
    }

    fn asides_due(&self, until: i64, limit: usize) -> Result<Vec<Aside>, Error> {
        self.readers
            .read(|connection| noted::asides_due(connection, until, limit))
    }

    fn notes(&self, kind: &str, subject: &str) -> Result<Vec<Note>, Error> {
        self.readers
            .read(|connection| noted::notes(connection, kind, subject))
    }

    fn changed(&self, after: u64, limit: usize) -> Result<(Vec<Changed>, u64), Error> {
        self.readers
            .read(|connection| read::changed(connection, after, limit))
    }

    fn collections(&self, root: Option<&str>) -> Result<Vec<Collection>, Error> {
        self.readers
            .read(|connection| collected::collections(connection, root))
    }

    fn collection(&self, root: &str, id: &str) -> Result<Option<Collection>, Error> {
        self.readers
            .read(|connection| collected::collection(connection, root, id))
    }

    fn collection_entries(
        &self,
        root: &str,
        id: &str,
        from: u64,
        filter: &CollectionFilter<'_>,
        limit: usize,
    ) -> Result<Numbered<CollectionEntry>, Error> {
        collected::require_fit(filter)?;
        self.readers
            .read(|connection| collected::entries(connection, (root, id), from, filter, limit))
    }

    fn put_document(&self, document: &NewDocument<'_>, at: i64) -> Result<Put, Error> {
        documents::require_fit(document)?;
        self.writer()?.turn(documents::weight(document), |connection| {
            documents::put(connection, document, at)
        })
    }

    fn document(&self, kind: &str, key: &str, at: i64) -> Result<Option<Document>, Error> {
        self.readers
            .read(|connection| documents::get(connection, kind, key, at))
    }

    fn documents(
        &self,
        kind: &str,
        after: Option<&str>,
        at: i64,
        limit: usize,
    ) -> Result<Vec<Document>, Error> {
        self.readers
            .read(|connection| documents::page(connection, kind, after, at, limit))
    }

    fn sweep_documents(&self, at: i64, limit: usize) -> Result<u64, Error> {
        self.writer()?
            .turn(0, |connection| documents::sweep(connection, at, limit))
    }

    fn check(&self, repair: bool, derive: &Derive<'_>) -> Result<Report, Error> {
        let report = self
            .readers
            .read(|connection| check::compare(connection, derive))?;
        if !repair || report.differences.iter().all(|difference| !difference.repairable) {
            return Ok(report);
        }
        self.writer()?
            .alone(|connection| check::rebuild(connection, derive))?;
        Ok(Report {
            repaired: true,
            ..report
        })
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        let Sqlite { readers, writer, .. } = *self;
        // The last connection to close puts the log away; readers would keep it open.
        drop(readers);
        writer.map_or(Ok(()), Writer::close)
    }
}

fn limit(what: &'static str, found: usize, limit: usize) -> Result<(), Error> {
    if found > limit {
        return Err(Error::TooMuch {
            what,
            found: found as u64,
            limit: limit as u64,
        });
    }
    Ok(())
}
