//! Crashes: whatever fails between two steps of releasing or reading, the next call goes on cleanly.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use entente_node::guard::{Guard, GuardError};
use entente_node::release::Selection;
use entente_store::sqlite::Sqlite;
use entente_store::*;

use crate::peers::{Memory, Peer, agreed, indicator};
use crate::world::{Home, day};

/// When the next failure comes: after so many writes; odd failures come before the write, even ones after it.
/// Negative: never.
#[derive(Clone, Default)]
struct Fuse(Arc<AtomicI64>);

impl Fuse {
    fn never() -> Fuse {
        Fuse(Arc::new(AtomicI64::new(-1)))
    }

    fn set(&self, steps: i64) {
        self.0.store(steps, Ordering::SeqCst);
    }

    /// Whether this step fails.
    fn burns(&self) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            (left >= 0).then_some(left - 1)
        }) == Ok(0)
    }
}

/// A store that fails where the fuse says.
struct Failing {
    inner: Box<dyn Store>,
    fuse: Fuse,
}

impl Failing {
    fn write<T>(&self, write: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let full = || Error::Full {
            path: PathBuf::from("test"),
        };
        if self.fuse.burns() {
            return Err(full());
        }
        let written = write()?;
        match self.fuse.burns() {
            true => Err(full()),
            false => Ok(written),
        }
    }
}

impl Store for Failing {
    fn by_digest(&self, digest: &[u8; 32]) -> Result<Option<Stored>, Error> {
        self.inner.by_digest(digest)
    }

    fn content(&self, digests: &[[u8; 32]]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        self.inner.content(digests)
    }

    fn ingest(&self, source: &str, at: i64, batch: &[Incoming<'_>]) -> Result<Vec<Outcome>, Error> {
        self.write(|| self.inner.ingest(source, at, batch))
    }

    fn current(&self, id: &str) -> Result<Option<Stored>, Error> {
        self.inner.current(id)
    }

    fn current_many(&self, ids: &[&str]) -> Result<Vec<Option<Stored>>, Error> {
        self.inner.current_many(ids)
    }

    fn versions(&self, id: &str, after: Option<&Cursor>, limit: usize) -> Result<Page<Stored>, Error> {
        self.inner.versions(id, after, limit)
    }

    fn holdings(&self, id: &str, after: Option<&Cursor>, limit: usize) -> Result<Page<Holding>, Error> {
        self.inner.holdings(id, after, limit)
    }

    fn edges_from(&self, id: &str) -> Result<Vec<Edge>, Error> {
        self.inner.edges_from(id)
    }

    fn edges_to(
        &self,
        id: &str,
        property: Option<&str>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Edge>, Error> {
        self.inner.edges_to(id, property, after, limit)
    }

    fn look(&self, keys: &[(u8, &str)], per_key: usize) -> Result<Vec<Looked>, Error> {
        self.inner.look(keys, per_key)
    }

    fn search(&self, query: &SearchQuery, limit: usize) -> Result<Page<SearchHit>, Error> {
        self.inner.search(query, limit)
    }

    fn objects(
        &self,
        type_name: Option<&str>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Stored>, Error> {
        self.inner.objects(type_name, after, limit)
    }

    fn indicators(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<IndicatorRow>, Error> {
        self.inner.indicators(after, limit)
    }

    fn generation_number(&self) -> Result<u64, Error> {
        self.inner.generation_number()
    }

    fn change_number(&self) -> Result<u64, Error> {
        self.inner.change_number()
    }

    fn stats(&self) -> Result<Stats, Error> {
        self.inner.stats()
    }

    fn sources(&self) -> Result<Vec<Source>, Error> {
        self.inner.sources()
    }

    fn record_detections(&self, batch: &[Detection]) -> Result<Vec<bool>, Error> {
        self.write(|| self.inner.record_detections(batch))
    }

    fn dirty_groups(&self, limit: usize) -> Result<Vec<Group>, Error> {
        self.inner.dirty_groups(limit)
    }

    fn ingest_sightings(
        &self,
        done: &[GroupDone<'_>],
        source: &str,
        at: i64,
        batch: &[Incoming<'_>],
    ) -> Result<Vec<Outcome>, Error> {
        self.write(|| self.inner.ingest_sightings(done, source, at, batch))
    }

    fn detections(
        &self,
        indicator: Option<&str>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Recorded>, Error> {
        self.inner.detections(indicator, after, limit)
    }

    fn hits(&self, keys: &[(u8, &str)]) -> Result<Vec<Hits>, Error> {
        self.inner.hits(keys)
    }

    fn meta(&self, name: &str) -> Result<Option<String>, Error> {
        self.inner.meta(name)
    }

    fn set_meta(&self, name: &str, value: Option<&str>) -> Result<(), Error> {
        self.write(|| self.inner.set_meta(name, value))
    }

    fn apply(&self, change: &Change<'_>) -> Result<Applied, Error> {
        self.write(|| self.inner.apply(change))
    }

    fn acts(&self, after: u64, limit: usize) -> Result<Vec<Act>, Error> {
        self.inner.acts(after, limit)
    }

    fn channels(&self) -> Result<Vec<Channel>, Error> {
        self.inner.channels()
    }

    fn channel(&self, origin: &str) -> Result<Option<Channel>, Error> {
        self.inner.channel(origin)
    }

    fn entries(&self, origin: &str, from: u64, limit: usize) -> Result<Vec<LogEntry>, Error> {
        self.inner.entries(origin, from, limit)
    }

    fn live(&self, origin: &str, ids: &[&str]) -> Result<Vec<Option<LiveRelease>>, Error> {
        self.inner.live(origin, ids)
    }

    fn released_in(&self, id: &str) -> Result<Vec<(String, u64)>, Error> {
        self.inner.released_in(id)
    }

    fn entries_about(
        &self,
        id: &str,
        after: Option<(&str, u64)>,
        limit: usize,
    ) -> Result<Vec<(String, u64)>, Error> {
        self.inner.entries_about(id, after, limit)
    }

    fn expiring(&self, until: i64, limit: usize) -> Result<Vec<(String, u64, String)>, Error> {
        self.inner.expiring(until, limit)
    }

    fn tile(&self, origin: &str, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error> {
        self.inner.tile(origin, level, index)
    }

    fn owners(&self, ids: &[&str]) -> Result<Vec<Option<String>>, Error> {
        self.inner.owners(ids)
    }

    fn asides(&self, id: Option<&str>, after: u64, limit: usize) -> Result<Vec<Aside>, Error> {
        self.inner.asides(id, after, limit)
    }

    fn asides_due(&self, until: i64, limit: usize) -> Result<Vec<Aside>, Error> {
        self.inner.asides_due(until, limit)
    }

    fn notes(&self, kind: &str, subject: &str) -> Result<Vec<Note>, Error> {
        self.inner.notes(kind, subject)
    }

    fn changed(&self, after: u64, limit: usize) -> Result<(Vec<Changed>, u64), Error> {
        self.inner.changed(after, limit)
    }

    fn released(
        &self,
        origin: &str,
        from: u64,
        until: u64,
        filter: &Filter<'_>,
        limit: usize,
    ) -> Result<Numbered<Standing>, Error> {
        self.inner.released(origin, from, until, filter, limit)
    }

    fn collections(&self, root: Option<&str>) -> Result<Vec<Collection>, Error> {
        self.inner.collections(root)
    }

    fn collection(&self, root: &str, id: &str) -> Result<Option<Collection>, Error> {
        self.inner.collection(root, id)
    }

    fn collection_entries(
        &self,
        root: &str,
        id: &str,
        from: u64,
        filter: &CollectionFilter<'_>,
        limit: usize,
    ) -> Result<Numbered<CollectionEntry>, Error> {
        self.inner.collection_entries(root, id, from, filter, limit)
    }

    fn put_document(&self, document: &NewDocument<'_>, at: i64) -> Result<Put, Error> {
        self.write(|| self.inner.put_document(document, at))
    }

    fn document(&self, kind: &str, key: &str, at: i64) -> Result<Option<Document>, Error> {
        self.inner.document(kind, key, at)
    }

    fn documents(
        &self,
        kind: &str,
        after: Option<&str>,
        at: i64,
        limit: usize,
    ) -> Result<Vec<Document>, Error> {
        self.inner.documents(kind, after, at, limit)
    }

    fn sweep_documents(&self, at: i64, limit: usize) -> Result<u64, Error> {
        self.write(|| self.inner.sweep_documents(at, limit))
    }

    fn check(&self, repair: bool, derive: &Derive<'_>) -> Result<Report, Error> {
        self.inner.check(repair, derive)
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        let Failing { inner, .. } = *self;
        inner.close()
    }
}

/// A guard that fails where the fuse says, before or after it remembered.
struct Fragile<'g> {
    inner: &'g Memory,
    fuse: Fuse,
}

impl Guard for Fragile<'_> {
    fn last(&self, origin: &str) -> Result<Option<String>, GuardError> {
        self.inner.last(origin)
    }

    fn advance(&self, origin: &str, from: Option<&str>, to: &str) -> Result<(), GuardError> {
        let failed = || GuardError::Failed("test".to_owned());
        if self.fuse.burns() {
            return Err(failed());
        }
        self.inner.advance(origin, from, to)?;
        match self.fuse.burns() {
            true => Err(failed()),
            false => Ok(()),
        }
    }
}

fn around(fuse: &Fuse) -> impl FnOnce(Sqlite) -> Box<dyn Store> {
    let fuse = fuse.clone();
    move |store| {
        Box::new(Failing {
            inner: Box::new(store),
            fuse,
        })
    }
}

/// Two parties; the stores of both fail where their fuse says.
fn fragile_peers() -> ([Peer; 2], [Fuse; 2]) {
    let fuses = [Fuse::never(), Fuse::never()];
    let homes = [("Alpha", 1), ("Beta", 2)]
        .into_iter()
        .zip(&fuses)
        .map(|((name, seed), fuse)| {
            let home = Home::on(name, seed, around(fuse));
            home.node
                .found(name, &home.keys, crate::world::RECIPIENT, day(1))
                .unwrap();
            home
        });
    let peers = agreed(homes.collect());
    (peers.try_into().ok().unwrap(), fuses)
}

/// What a peer sees is never ahead of what the guard remembers.
fn require_guarded(alpha: &Peer, beta: &Peer) {
    let view = alpha.home.node.view(beta.id(), day(9));
    for offer in view.channels().unwrap() {
        let guarded = alpha.guard.last(&offer.origin).unwrap().unwrap();
        let size: u64 = guarded.lines().nth(1).unwrap().parse().unwrap();
        assert!(offer.size < size || offer.head == guarded, "seen and not guarded");
    }
}

#[test]
fn release_that_failed_anywhere_goes_on_with_the_next_call() {
    let mut failures = 0;
    for steps in 0.. {
        let ([alpha, beta], [fuse, _]) = fragile_peers();
        alpha.import("feed", &[indicator(1, 0, ""), indicator(2, 0, "")], day(3));
        alpha.release_all(day(3));
        alpha.import("feed", &[indicator(3, 0, "")], day(4));
        fuse.set(steps);
        let guard = Fragile {
            inner: &alpha.guard,
            fuse: fuse.clone(),
        };
        let mut desk = alpha.desk(day(4));
        desk.guard = &guard;
        let mut reported = 0;
        let done = alpha
            .home
            .node
            .release(&Selection::All, None, false, &desk, &mut |_| reported += 1);
        fuse.set(-1);
        require_guarded(&alpha, &beta);
        let is_over = done.is_ok();
        failures += u32::from(!is_over);
        let again = alpha.release_all(day(5));
        assert!(again.released <= 1, "step {steps}");
        require_guarded(&alpha, &beta);
        let taken = beta.read_on(&alpha, day(6));
        assert_eq!((taken[0].stored, taken[0].held), (3, 3), "step {steps}");
        assert_eq!(alpha.current("indicator"), beta.current("indicator"));
        if is_over {
            break;
        }
    }
    // Entries, the guard, the head, and how far it came: each before and after.
    assert_eq!(failures, 8);
}

#[test]
fn reading_that_failed_anywhere_goes_on_with_the_next_call() {
    let mut failures = 0;
    for steps in 0.. {
        let ([alpha, beta], [_, fuse]) = fragile_peers();
        alpha.import("feed", &[indicator(1, 0, ""), indicator(2, 0, "")], day(3));
        alpha.release_all(day(3));
        let slice = beta.slices(&alpha, 10, day(4)).remove(0);
        fuse.set(steps);
        let done = beta.home.node.take_in(alpha.id(), &slice, &beta.desk(day(4)));
        fuse.set(-1);
        failures += u32::from(done.is_err());
        let held = beta.current("indicator").len();
        assert!(held == 0 || held == 2, "half of a slice: {held}");
        let again = beta
            .home
            .node
            .take_in(alpha.id(), &slice, &beta.desk(day(4)))
            .unwrap();
        assert!(again.receipt.is_some());
        assert_eq!(alpha.current("indicator"), beta.current("indicator"));
        if done.is_ok() {
            break;
        }
    }
    assert!(failures >= 4, "{failures}");
}
