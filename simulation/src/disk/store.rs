//! A store whose writes go over a fuse: all of [`Store`], handed on.

use std::io;
use std::path::PathBuf;

use entente_store::sqlite::Sqlite;
use entente_store::{
    Act, Applied, Aside, Change, Changed, Channel, Collection, CollectionEntry, CollectionFilter, Cursor,
    Derive, Detection, Document, Edge, Error, Filter, Group, GroupDone, Hits, Holding, Incoming,
    IndicatorRow, LiveRelease, LogEntry, Looked, NewDocument, Note, Numbered, Outcome, Page, Put, Recorded,
    Report, SearchHit, SearchQuery, Source, Standing, Stats, Store, Stored,
};

use super::fuse::{Blow, Fuse, Turn, files};

/// A store on a simulated disk.
pub struct Fused {
    store: Sqlite,
    folder: PathBuf,
    fuse: Fuse,
}

impl Fused {
    pub(super) fn new(store: Sqlite, folder: PathBuf, fuse: Fuse) -> Fused {
        Fused { store, folder, fuse }
    }

    fn write<T>(&self, write: impl FnOnce(&Sqlite) -> Result<T, Error>) -> Result<T, Error> {
        let blow = match self.fuse.turn() {
            Turn::Write => return write(&self.store),
            Turn::Dead => return Err(self.dead()),
            Turn::Blow(blow) => blow,
        };
        let look = || files(&self.folder).map_err(|cause| self.failed(cause));
        let before = look()?;
        if blow != Blow::Before {
            // Whatever it answers, nobody hears it.
            let _ = write(&self.store);
        }
        match blow {
            Blow::Before => self.fuse.keep(before, None),
            Blow::After => self.fuse.keep(look()?, None),
            Blow::Torn => self.fuse.keep(before, Some(look()?)),
        }
        Err(self.dead())
    }

    fn read<T>(&self, read: impl FnOnce(&Sqlite) -> Result<T, Error>) -> Result<T, Error> {
        match self.fuse.is_blown() {
            true => Err(self.dead()),
            false => read(&self.store),
        }
    }

    fn dead(&self) -> Error {
        self.failed(io::Error::other("the power is off"))
    }

    fn failed(&self, cause: io::Error) -> Error {
        Error::Io {
            doing: "use",
            path: self.folder.clone(),
            cause,
        }
    }
}

macro_rules! handed_on {
    ($over:ident: $($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> Result<$answer, Error> {
            self.$over(|store| store.$name($($argument),*))
        })*
    };
}

impl Store for Fused {
    handed_on! { read:
        current(id: &str) -> Option<Stored>;
        current_many(ids: &[&str]) -> Vec<Option<Stored>>;
        versions(id: &str, after: Option<&Cursor>, limit: usize) -> Page<Stored>;
        by_digest(digest: &[u8; 32]) -> Option<Stored>;
        holdings(id: &str, after: Option<&Cursor>, limit: usize) -> Page<Holding>;
        edges_from(id: &str) -> Vec<Edge>;
        edges_to(id: &str, property: Option<&str>, after: Option<&Cursor>, limit: usize) -> Page<Edge>;
        look(keys: &[(u8, &str)], per_key: usize) -> Vec<Looked>;
        search(query: &SearchQuery, limit: usize) -> Page<SearchHit>;
        objects(type_name: Option<&str>, after: Option<&Cursor>, limit: usize) -> Page<Stored>;
        indicators(after: Option<&Cursor>, limit: usize) -> Page<IndicatorRow>;
        generation_number() -> u64;
        change_number() -> u64;
        stats() -> Stats;
        sources() -> Vec<Source>;
        dirty_groups(limit: usize) -> Vec<Group>;
        detections(indicator: Option<&str>, after: Option<&Cursor>, limit: usize) -> Page<Recorded>;
        hits(keys: &[(u8, &str)]) -> Vec<Hits>;
        meta(name: &str) -> Option<String>;
        acts(after: u64, limit: usize) -> Vec<Act>;
        channels() -> Vec<Channel>;
        channel(origin: &str) -> Option<Channel>;
        entries(origin: &str, from: u64, limit: usize) -> Vec<LogEntry>;
        live(origin: &str, ids: &[&str]) -> Vec<Option<LiveRelease>>;
        released_in(id: &str) -> Vec<(String, u64)>;
        entries_about(id: &str, after: Option<(&str, u64)>, limit: usize) -> Vec<(String, u64)>;
        expiring(until: i64, limit: usize) -> Vec<(String, u64, String)>;
        tile(origin: &str, level: u8, index: u64) -> Option<Vec<u8>>;
        content(digests: &[[u8; 32]]) -> Vec<Option<Vec<u8>>>;
        owners(ids: &[&str]) -> Vec<Option<String>>;
        asides(id: Option<&str>, after: u64, limit: usize) -> Vec<Aside>;
        asides_due(until: i64, limit: usize) -> Vec<Aside>;
        notes(kind: &str, subject: &str) -> Vec<Note>;
        changed(after: u64, limit: usize) -> (Vec<Changed>, u64);
        released(origin: &str, from: u64, until: u64, filter: &Filter<'_>, limit: usize) -> Numbered<Standing>;
        collections(root: Option<&str>) -> Vec<Collection>;
        collection(root: &str, id: &str) -> Option<Collection>;
        collection_entries(root: &str, id: &str, from: u64, filter: &CollectionFilter<'_>, limit: usize)
            -> Numbered<CollectionEntry>;
        document(kind: &str, key: &str, at: i64) -> Option<Document>;
        documents(kind: &str, after: Option<&str>, at: i64, limit: usize) -> Vec<Document>;
    }

    handed_on! { write:
        ingest(source: &str, at: i64, batch: &[Incoming<'_>]) -> Vec<Outcome>;
        record_detections(batch: &[Detection]) -> Vec<bool>;
        ingest_sightings(done: &[GroupDone<'_>], source: &str, at: i64, batch: &[Incoming<'_>]) -> Vec<Outcome>;
        set_meta(name: &str, value: Option<&str>) -> ();
        apply(change: &Change<'_>) -> Applied;
        put_document(document: &NewDocument<'_>, at: i64) -> Put;
        sweep_documents(at: i64, limit: usize) -> u64;
    }

    fn check(&self, repair: bool, derive: &Derive<'_>) -> Result<Report, Error> {
        self.read(|store| store.check(repair, derive))
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        Box::new(self.store).close()
    }
}
