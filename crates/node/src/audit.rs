//! The release logs as they are held here: shown, verified against their signed heads, published, proven.
//!
//! What stands in a log is what left; that every entry is what it commits to, and that the head is over exactly
//! these entries, is for anyone to check. Begin at [`Node::logs`] and [`Node::audit`].

use entente_stix::digest::Digest;
use entente_stix::object::Object;
use entente_store::{Channel, EntryKind, LogEntry};
use entente_translog::checkpoint::{self, VerifiedCheckpoint};
use entente_translog::frontier::Frontier;
use entente_translog::published::CHECKPOINT;
use entente_translog::tile::{self, TileId};
use entente_translog::tlog_proof::TlogProof;
use entente_translog::{commitment, hash, proof};

use crate::channel::opening::Opening;
use crate::channel::read_origin;
use crate::head::Head;
use crate::limits::AUDIT_ENTRIES_AT_ONCE;
use crate::reading::Alarm;
use crate::receipt::{Acknowledged, Unacknowledged};
use crate::view::CONTENTS_AT_ONCE;
use crate::{Error, Node};

/// A log as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogShown {
    /// Its name.
    pub origin: String,
    /// The agreement's id.
    pub agreement: String,
    /// The party that releases through it.
    pub owner: String,
    /// The parties that read it.
    pub audience: Vec<String>,
    /// Whether it is one of this node's own.
    pub is_own: bool,
    /// Entries held here.
    pub held: u64,
    /// Entries under the latest signed head, and that head: a note with cosignatures.
    pub head: Option<(u64, String)>,
    /// Whether an entry closed it.
    pub closed: bool,
    /// Of an own log: how far each reader has signed for it.
    pub acknowledged: Vec<Acknowledged>,
    /// Of an own log: the recalls that some reader has not signed for.
    pub unacknowledged: Vec<Unacknowledged>,
    /// What people must see of it.
    pub alarms: Vec<Alarm>,
}

/// An entry as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryShown {
    /// Its number, from 0.
    pub number: u64,
    /// What it says.
    pub opening: Opening,
    /// When it was stored here, microseconds since 1970 UTC.
    pub at: i64,
    /// Whether its content is no longer kept.
    pub erased: bool,
}

/// What a log was found to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audited {
    /// Its name.
    pub origin: String,
    /// Entries checked.
    pub entries: u64,
    /// Entries under the signed head: fewer where some are not yet signed, more where some are not yet read.
    pub signed: u64,
    /// Of these, releases, recalls, and releases whose content is no longer kept.
    pub releases: u64,
    /// Recalls among them.
    pub recalls: u64,
    /// Releases whose content is no longer kept here.
    pub erased: u64,
    /// What is wrong, each with a stable code; empty: the log is what its signed head says.
    pub faults: Vec<Unsound>,
}

/// Something wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsound {
    /// A stable word.
    pub code: &'static str,
    /// The entry, where it is one.
    pub number: Option<u64>,
    /// What it is, as a sentence.
    pub what: String,
}

impl Node {
    /// Every log that is held here, this node's own first.
    ///
    /// # Errors
    /// The store failed, or a head in it cannot be read.
    pub fn logs(&self) -> Result<Vec<LogShown>, Error> {
        let me = self.me()?.map(|me| me.id);
        let (mut acknowledged, mut unacknowledged) = (self.acknowledged()?, self.unacknowledged_recalls()?);
        let mut logs = Vec::new();
        for channel in self.store.channels()? {
            let origin = channel.origin.as_str();
            logs.push(LogShown {
                is_own: me.as_ref() == Some(&channel.owner),
                held: channel.size,
                head: Head::of(&channel)?.map(|head| (head.size, head.note)),
                closed: channel.closed,
                acknowledged: acknowledged.extract_if(.., |one| one.origin == origin).collect(),
                unacknowledged: unacknowledged
                    .extract_if(.., |one| one.origin == origin)
                    .collect(),
                alarms: self.alarms_of(origin)?,
                agreement: channel.agreement,
                owner: channel.owner,
                audience: channel.audience,
                origin: channel.origin,
            });
        }
        logs.sort_by(|one, other| (!one.is_own, &one.origin).cmp(&(!other.is_own, &other.origin)));
        Ok(logs)
    }

    /// Some entries of a log, in order.
    ///
    /// # Errors
    /// The store failed, or an entry in it cannot be read.
    pub fn log_entries(&self, origin: &str, from: u64, limit: usize) -> Result<Vec<EntryShown>, Error> {
        let entries = self.store.entries(origin, from, limit)?;
        entries
            .into_iter()
            .map(|entry| entry_shown(origin, entry))
            .collect()
    }

    /// Verifies a log as it is held here: each entry is what it commits to, the content is that of the entry, and
    /// the head is signed by its owner over exactly these entries. Tells whatever is wrong.
    ///
    /// # Errors
    /// There is no such log, or the store failed. What is wrong with the log is no error but the answer.
    pub fn audit(&self, origin: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<Audited, Error> {
        let channel = self.store.channel(origin)?.ok_or_else(|| Error::UnknownChannel {
            origin: origin.to_owned(),
        })?;
        let mut audit = Audit {
            node: self,
            channel: &channel,
            is_own: self.me()?.is_some_and(|me| me.id == channel.owner),
            frontier: Frontier::default(),
            head: None,
            told: Audited {
                origin: origin.to_owned(),
                ..Audited::default()
            },
        };
        audit.take_head()?;
        audit.take_alarms()?;
        audit.take_entries(progress)?;
        audit.finish();
        Ok(audit.told)
    }

    /// A log as it is published (C2SP tlog-tiles): `checkpoint`, its tiles and its bundles of entries, each with
    /// its path. What is published are salted commitments: nobody learns from them what was released.
    ///
    /// # Errors
    /// There is no such log, it has no signed head yet, or the store or `sink` failed.
    pub fn publish<E: From<Error>>(
        &self,
        origin: &str,
        mut sink: impl FnMut(&str, &[u8]) -> Result<(), E>,
    ) -> Result<u64, E> {
        let channel = self.store.channel(origin).map_err(Error::from)?;
        let no_log = || Error::UnknownChannel {
            origin: origin.to_owned(),
        };
        let channel = channel.ok_or_else(no_log)?;
        let head = Head::of(&channel)?.ok_or_else(no_log)?;
        let width = u64::from(tile::WIDTH);
        for index in 0..head.size.div_ceil(width) {
            let Some(id) = TileId::of(0, index, head.size) else {
                break;
            };
            let bundle = self.bundle_of_entries(origin, id)?;
            sink(&tile::entries_path(index, id.width), &bundle)?;
        }
        for id in tiles_of(head.size) {
            sink(&id.path(), &self.hashes(origin, id)?)?;
        }
        // The checkpoint last: whoever reads while this is written finds the tiles of the head it sees.
        sink(CHECKPOINT, head.note.as_bytes())?;
        Ok(head.size)
    }

    /// The entries under a tile of level 0, as they are published.
    pub(crate) fn bundle_of_entries(&self, origin: &str, id: TileId) -> Result<Vec<u8>, Error> {
        let from = id.index.saturating_mul(u64::from(tile::WIDTH));
        let entries = self.store.entries(origin, from, usize::from(id.width))?;
        let commitments: Vec<[u8; 32]> = entries
            .iter()
            .map(|entry| commitment::commit(&entry.salt, &entry.opening))
            .collect();
        let bundle = tile::bundle(commitments.iter().map(<[u8; 32]>::as_slice));
        self.in_log(origin, bundle)
    }

    /// The hashes of a tile, as it is published.
    pub(crate) fn hashes(&self, origin: &str, id: TileId) -> Result<Vec<u8>, Error> {
        let mut hashes = entente_translog::tile::Tiles::tile(&self.tree(origin), id)?;
        hashes.truncate(usize::from(id.width) * 32);
        Ok(hashes)
    }

    /// Proof that entry `number` is in the log under its signed head (C2SP tlog-proof), with salt and opening as
    /// extra data, so that whoever is given it can see what was released, and that it was logged.
    ///
    /// # Errors
    /// There is no such log or entry, or the store failed.
    pub fn prove(&self, origin: &str, number: u64) -> Result<String, Error> {
        let no_entry = || Error::NoEntry {
            origin: origin.to_owned(),
            number,
        };
        let channel = self.store.channel(origin)?.ok_or_else(|| Error::UnknownChannel {
            origin: origin.to_owned(),
        })?;
        let head = Head::of(&channel)?
            .filter(|head| number < head.size)
            .ok_or_else(no_entry)?;
        let entry = self
            .store
            .entries(origin, number, 1)?
            .into_iter()
            .next()
            .ok_or_else(no_entry)?;
        let hashes = self.in_tree(origin, proof::inclusion(&self.tree(origin), number, head.size))?;
        let proof = TlogProof {
            extra: Some([entry.salt.as_slice(), &entry.opening].concat()),
            index: number,
            proof: hashes,
            checkpoint: head.note,
        };
        Ok(proof.to_string())
    }

    /// The own logs in which a release of an object stands, with the number of the entry.
    ///
    /// # Errors
    /// The store failed.
    pub fn released_in(&self, id: &str) -> Result<Vec<(String, u64)>, Error> {
        let Some(me) = self.me()? else {
            return Ok(Vec::new());
        };
        let mut released = self.store.released_in(id)?;
        released.retain(|(origin, _)| read_origin(origin).is_some_and(|(_, owner)| owner == me.id));
        Ok(released)
    }

    fn in_log<T>(&self, origin: &str, result: Result<T, entente_translog::Error>) -> Result<T, Error> {
        result.map_err(|cause| Error::BadLog {
            origin: origin.to_owned(),
            cause,
        })
    }
}

/// Every tile of hashes that a tree of `size` entries has, level by level.
fn tiles_of(size: u64) -> impl Iterator<Item = TileId> {
    let levels = (0..8u8).take_while(move |level| TileId::of(*level, 0, size).is_some());
    levels.flat_map(move |level| (0..).map_while(move |index| TileId::of(level, index, size)))
}

fn entry_shown(origin: &str, entry: LogEntry) -> Result<EntryShown, Error> {
    let opening = Opening::read(&entry.opening).map_err(|cause| Error::Damaged {
        origin: origin.to_owned(),
        cause: format!("entry {}: {cause}", entry.number),
    })?;
    Ok(EntryShown {
        number: entry.number,
        opening,
        at: entry.at,
        erased: entry.erased,
    })
}

/// One log on its way through.
struct Audit<'n> {
    node: &'n Node,
    channel: &'n Channel,
    is_own: bool,
    frontier: Frontier,
    head: Option<VerifiedCheckpoint>,
    told: Audited,
}

impl Audit<'_> {
    fn fault(&mut self, code: &'static str, number: Option<u64>, what: impl Into<String>) {
        self.told.faults.push(Unsound {
            code,
            number,
            what: what.into(),
        });
    }

    fn take_head(&mut self) -> Result<(), Error> {
        let Some(note) = &self.channel.head else {
            if self.channel.size > 0 {
                self.fault("no-head", None, "entries are held, and no signed head over them");
            }
            return Ok(());
        };
        let owner = self.node.party(&self.channel.owner)?;
        let keys = owner.map(|owner| owner.all_verifiers()).unwrap_or_default();
        match checkpoint::open(note, &keys).and_then(|head| head.of_log(&self.channel.origin)) {
            Ok(head) => self.head = Some(head),
            Err(error) => self.fault(
                "bad-signature",
                None,
                format!("its head is not its owner's: {error}"),
            ),
        }
        Ok(())
    }

    fn take_alarms(&mut self) -> Result<(), Error> {
        for alarm in self.node.alarms_of(&self.channel.origin)? {
            match alarm {
                Alarm::Fork { .. } => self.fault(
                    "forked",
                    None,
                    "its owner signed two histories of it; `entente log show --json` gives the proof",
                ),
                Alarm::Behind { have, signed, .. } => self.fault(
                    "rolled-back",
                    Some(have),
                    format!("a reader holds a head of {signed} entries, {have} are here: an old backup was restored"),
                ),
            }
        }
        Ok(())
    }

    fn take_entries(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<(), Error> {
        loop {
            let from = self.frontier.size();
            progress(from, self.channel.size);
            let entries = self
                .node
                .store
                .entries(&self.channel.origin, from, AUDIT_ENTRIES_AT_ONCE)?;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in &entries {
                self.take_entry(entry);
            }
            self.take_contents(&entries)?;
        }
    }

    fn take_entry(&mut self, entry: &LogEntry) {
        let number = Some(entry.number);
        let leaf = hash::leaf(&commitment::commit(&entry.salt, &entry.opening));
        if leaf != entry.leaf {
            self.fault("bad-entry", number, "what it says is not what it commits to");
        }
        match Opening::read(&entry.opening) {
            Ok(opening) => {
                if !says_as(&opening, entry) {
                    self.fault(
                        "bad-entry",
                        number,
                        "it is filed under another object than it says",
                    );
                }
            }
            Err(error) => self.fault("bad-entry", number, error.to_string()),
        }
        self.told.entries += 1;
        match entry.kind {
            EntryKind::Release => self.told.releases += 1,
            EntryKind::Recall => self.told.recalls += 1,
            EntryKind::Close => {}
        }
        self.frontier.push(leaf);
        if self
            .head
            .as_ref()
            .is_some_and(|head| head.size == self.frontier.size())
        {
            self.compare_root();
        }
    }

    /// Content that is kept must be that of its entry. A release that was recalled or replaced may be without.
    fn take_contents(&mut self, entries: &[LogEntry]) -> Result<(), Error> {
        let is_release = |entry: &&LogEntry| entry.kind == EntryKind::Release;
        let releases: Vec<&LogEntry> = entries.iter().filter(is_release).collect();
        for some in releases.chunks(CONTENTS_AT_ONCE) {
            let told: Vec<(u64, [u8; 32])> = some
                .iter()
                .filter(|entry| !entry.erased)
                .filter_map(|entry| Some((entry.number, entry.digest?)))
                .collect();
            let digests: Vec<[u8; 32]> = told.iter().map(|(_, digest)| *digest).collect();
            let texts = self.node.contents(&digests)?;
            let mut held = 0;
            for ((number, digest), text) in told.into_iter().zip(texts) {
                let Some(text) = text else { continue };
                held += 1;
                let found = Object::read(&text).map(|object| *object.digest().as_bytes());
                if found.ok() != Some(digest) {
                    let digest = Digest::from_bytes(digest);
                    let what = format!("its content has not the digest {digest}");
                    self.fault("bad-content", Some(number), what);
                }
            }
            self.told.erased += (some.len() as u64).saturating_sub(held);
        }
        Ok(())
    }

    fn compare_root(&mut self) {
        let is_same = self
            .head
            .as_ref()
            .is_none_or(|head| head.root == self.frontier.root());
        if !is_same {
            self.fault("root-mismatch", None, "its signed head is over other entries");
        }
    }

    fn finish(&mut self) {
        if self.frontier.size() != self.channel.size {
            let (found, size) = (self.frontier.size(), self.channel.size);
            self.fault(
                "missing-entry",
                Some(found),
                format!("{size} entries are counted, {found} are there"),
            );
        }
        let signed = self.head.as_ref().map_or(0, |head| head.size);
        if signed == 0 && self.head.is_some() {
            self.compare_root_of_nothing();
        }
        self.told.signed = signed;
        // Of another's log the rest may still come; of an own one it was there.
        if signed > self.frontier.size() && self.is_own {
            let held = self.frontier.size();
            self.fault(
                "missing-entry",
                Some(held),
                format!("{signed} entries are signed, {held} are there"),
            );
        }
    }

    fn compare_root_of_nothing(&mut self) {
        if self.head.as_ref().is_some_and(|head| head.root != hash::empty()) {
            self.fault("root-mismatch", None, "its signed head of no entries has a root");
        }
    }
}

/// Whether an entry is filed as what it says.
fn says_as(opening: &Opening, entry: &LogEntry) -> bool {
    let (kind, digest) = match opening {
        Opening::Release(release) => (EntryKind::Release, Some(release.digest)),
        Opening::Recall(_) => (EntryKind::Recall, None),
        Opening::Close { .. } => (EntryKind::Close, None),
    };
    kind == entry.kind && digest == entry.digest && opening.subject() == entry.subject
}
