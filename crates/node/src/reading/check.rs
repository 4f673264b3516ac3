//! Verifying a slice: nothing in it is believed that a signed head does not prove.

use std::sync::Arc;

use entente_policy::terms::Terms;
use entente_stix::digest::Digest;
use entente_stix::id;
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_store::{EntryKind, NewEntry};
use entente_translog::checkpoint::{self, VerifiedCheckpoint};
use entente_translog::fork::Fork;
use entente_translog::frontier::Frontier;
use entente_translog::tile::{self, Tile, TileId, Tiles};
use entente_translog::{ReadError, commitment, hash, proof};

use crate::channel::opening::{Opening, Release};
use crate::channel::{self, Tree, audiences, read_origin};
use crate::head::{self, Head};
use crate::limits::{HEAD_BYTES_MAX, PROOF_HASHES_MAX, SLICE_BYTES_MAX, SLICE_ENTRIES_MAX};
use crate::pact::Pact;
use crate::view::Slice;
use crate::{Error, Node};

/// How far a log is read: what is held, and with each slice that is checked, what it adds.
#[derive(Clone, Debug)]
pub struct Reading {
    origin: String,
    agreement: String,
    owner: String,
    audience: Vec<String>,
    /// Entries that the store has.
    stored: u64,
    frontier: Frontier,
    head: Option<Head>,
    /// Terms under which something may have been released: digests of the agreement's versions.
    versions: Vec<[u8; 32]>,
}

impl Reading {
    /// The log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The agreement's id.
    pub fn agreement(&self) -> &str {
        &self.agreement
    }

    /// The party that releases.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The parties that receive.
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// Entries that are held, or would be once every slice that was checked is taken in.
    pub fn held(&self) -> u64 {
        self.frontier.size()
    }

    pub(super) fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    pub(super) fn frontier(&self) -> &Frontier {
        &self.frontier
    }
}

/// A slice that was verified.
#[derive(Debug)]
pub struct Checked<'s> {
    entries: Vec<CheckedEntry<'s>>,
    head: Head,
}

impl<'s> Checked<'s> {
    /// Its entries, those that are held already included.
    pub fn entries(&self) -> &[CheckedEntry<'s>] {
        &self.entries
    }

    /// Entries that the signed head has.
    pub fn head_size(&self) -> u64 {
        self.head.size
    }

    pub(crate) fn head_note(&self) -> &str {
        &self.head.note
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }
}

/// An entry that was verified: it stands in the log with this number, and its content is what it names.
#[derive(Debug)]
pub struct CheckedEntry<'s> {
    /// Its place in the log.
    pub number: u64,
    /// What it says.
    pub opening: Opening,
    /// The object that it releases, where that is told.
    pub content: Option<Object<'s>>,
    pub(super) text: &'s [u8],
    pub(super) salt: [u8; 32],
    pub(super) leaf: [u8; 32],
}

impl CheckedEntry<'_> {
    pub(super) fn release(&self) -> Option<&Release> {
        match &self.opening {
            Opening::Release(release) => Some(release),
            _ => None,
        }
    }

    pub(super) fn as_new(&self) -> NewEntry<'_> {
        let (kind, digest, expires) = match &self.opening {
            Opening::Release(release) => (EntryKind::Release, Some(release.digest), release.expires),
            Opening::Recall(_) => (EntryKind::Recall, None, None),
            Opening::Close { .. } => (EntryKind::Close, None, None),
        };
        NewEntry {
            kind,
            subject: self.opening.subject(),
            digest,
            opening: self.text,
            salt: self.salt,
            leaf: self.leaf,
            expires_at: expires.map(Timestamp::micros),
        }
    }
}

/// Where the store keeps which releases of a log came without content and are not explained yet.
pub(crate) fn unexplained_name(origin: &str) -> String {
    format!("unexplained/{origin}")
}

impl Node {
    /// Where reading of a log goes on: what is held of it, which may be nothing.
    ///
    /// # Errors
    /// [`Error::UnknownChannel`] where the log is none of an agreement that is known here, or not for this node;
    /// the store failed.
    pub fn reading(&self, origin: &str, at: Timestamp) -> Result<Reading, Error> {
        let unknown = || Error::UnknownChannel {
            origin: origin.to_owned(),
        };
        let (agreement, owner) = read_origin(origin).ok_or_else(unknown)?;
        let pact = self.pact(agreement, at)?.ok_or_else(unknown)?;
        let channel = self.store.channel(origin)?;
        let (stored, frontier, head, audience) = match &channel {
            Some(channel) => (
                channel.size,
                head::frontier(channel)?,
                Head::of(channel)?,
                channel.audience.clone(),
            ),
            None => {
                let audience = self.audience_of(origin, &pact, &owner)?;
                let audience = audience.ok_or_else(|| Error::WrongAudience {
                    origin: origin.to_owned(),
                })?;
                (0, Frontier::default(), None, audience)
            }
        };
        Ok(Reading {
            origin: origin.to_owned(),
            agreement: agreement.to_owned(),
            owner,
            audience,
            stored,
            frontier,
            head,
            versions: pact.versions.iter().map(|version| version.digest).collect(),
        })
    }

    /// The audience whose log has this name, in any version of the agreement, before or after parties left.
    pub(crate) fn audience_of(
        &self,
        origin: &str,
        pact: &Pact,
        owner: &str,
    ) -> Result<Option<Vec<String>>, Error> {
        for version in pact.versions.iter().rev() {
            let terms = match version.digest == pact.terms.digest() {
                true => Arc::clone(&pact.terms),
                false => Arc::new(Terms::compile(&version.agreement)?),
            };
            let all = terms.audiences(owner);
            for audience in audiences(pact, &terms, owner).into_iter().chain(all) {
                if channel::origin(&pact.agreement.id, owner, &audience.members) == origin {
                    return Ok(Some(audience.members));
                }
            }
        }
        Ok(None)
    }

    /// Verifies a slice from `from_party` that goes on from `seen`, without storing anything; `seen` then stands
    /// after it.
    ///
    /// # Errors
    /// As [`Node::take_in`].
    pub fn check_slice<'s>(
        &self,
        from_party: &str,
        slice: &'s Slice,
        seen: &mut Reading,
        at: Timestamp,
    ) -> Result<Checked<'s>, Error> {
        match self.check_on(from_party, slice, seen, at) {
            Err(error @ (Error::BadSlice { .. } | Error::BadLog { .. })) => {
                Err(self.fork_of(slice, &seen.owner, at)?.unwrap_or(error))
            }
            checked => checked,
        }
    }

    fn check_on<'s>(
        &self,
        from_party: &str,
        slice: &'s Slice,
        seen: &mut Reading,
        at: Timestamp,
    ) -> Result<Checked<'s>, Error> {
        let me = self.me()?.ok_or(Error::NotFounded)?;
        let is_own = seen.owner == me.id;
        if seen.origin != slice.origin || (seen.owner != from_party && !is_own) {
            return Err(bad(
                slice,
                None,
                "it is of another log than that of the party that sends it",
            ));
        }
        if !is_own && !seen.audience.contains(&me.id) {
            return Err(Error::WrongAudience {
                origin: slice.origin.clone(),
            });
        }
        self.pact_in_force(&seen.agreement, at)?;
        require_bounds(slice)?;
        let checkpoint = self.open_head(slice, &seen.owner, at)?;
        self.require_no_fork(slice, &checkpoint, seen)?;
        let head = Head {
            size: checkpoint.size,
            root: checkpoint.root,
            note: slice.head.clone(),
        };
        if let Some(known) = seen.head.as_ref().filter(|known| known.size > head.size) {
            return Err(Error::Older {
                origin: slice.origin.clone(),
                have: known.size,
                size: head.size,
            });
        }
        if slice.from > seen.held() {
            return Err(Error::Gap {
                origin: slice.origin.clone(),
                have: seen.held(),
                from: slice.from,
            });
        }
        if slice.end() > head.size {
            return Err(bad(slice, None, "it has more entries than its head"));
        }
        let entries = self.check_entries(slice, seen)?;
        let mut frontier = seen.frontier.clone();
        let new = entries.iter().filter(|entry| entry.number >= seen.held());
        new.for_each(|entry| frontier.push(entry.leaf));
        if slice.end() < frontier.size() {
            // All of it is held. Its head may be a later one, but only what reaches the end of what is held proves
            // that it goes on from there.
            self.require_known_beginning(slice, &head)?;
            let head = seen.head.clone().unwrap_or(head);
            return Ok(Checked { entries, head });
        }
        require_proven(slice, &frontier, &head)?;
        seen.frontier = frontier;
        seen.head = Some(head.clone());
        Ok(Checked { entries, head })
    }

    /// The head of a slice that ends within what is held goes on from where the slice ends.
    fn require_known_beginning(&self, slice: &Slice, head: &Head) -> Result<(), Error> {
        let Some(channel) = self
            .store
            .channel(&slice.origin)?
            .filter(|channel| channel.size >= slice.end())
        else {
            return Err(bad(slice, None, "it repeats an entry of the slice before it"));
        };
        let root = self.root_at(&channel, slice.end())?;
        let proven = proof::verify_consistency(&slice.consistency, head.size, &head.root, slice.end(), &root);
        proven.map_err(|cause| Error::BadLog {
            origin: slice.origin.clone(),
            cause,
        })
    }

    /// The slice's head, signed by a key of the owner that counts now.
    fn open_head(&self, slice: &Slice, owner: &str, at: Timestamp) -> Result<VerifiedCheckpoint, Error> {
        let wrong = |cause| Error::BadLog {
            origin: slice.origin.clone(),
            cause,
        };
        let party = self.known_party(owner)?;
        let opened = checkpoint::open(slice.head.as_bytes(), &party.verifiers(at));
        opened
            .and_then(|opened| opened.of_log(&slice.origin))
            .map_err(wrong)
    }

    /// Whether what is held and the slice's head can both be true.
    fn require_no_fork(
        &self,
        slice: &Slice,
        checkpoint: &VerifiedCheckpoint,
        seen: &Reading,
    ) -> Result<(), Error> {
        let origin = &slice.origin;
        if let Some(fork) = self.store.notes(super::heads::FORK, origin)?.into_iter().next() {
            return Err(Error::Forked {
                origin: origin.clone(),
                proof: String::from_utf8_lossy(&fork.text).into_owned(),
            });
        }
        let Some(known) = &seen.head else {
            return Ok(());
        };
        // Of a bigger log than is held, the slice's own entries are the proof.
        if checkpoint.size > known.size || seen.stored != known.size && checkpoint.size != known.size {
            return Ok(());
        }
        let keys = self.known_party(&seen.owner)?.all_verifiers();
        let tree = self.tree(origin);
        match self.in_tree(origin, Fork::between(&known.note, &slice.head, &keys, &tree))? {
            Some(fork) => Err(Error::Forked {
                origin: origin.clone(),
                proof: fork.to_string(),
            }),
            None => Ok(()),
        }
    }

    /// Whether a slice that does not fit what is held is of another history, which its owner signed: where it reaches
    /// its head, it shows that together with what is held before it.
    fn fork_of(&self, slice: &Slice, owner: &str, at: Timestamp) -> Result<Option<Error>, Error> {
        let (Some(channel), Ok(())) = (self.store.channel(&slice.origin)?, require_bounds(slice)) else {
            return Ok(None);
        };
        let (Some(known), Ok(checkpoint)) = (Head::of(&channel)?, self.open_head(slice, owner, at)) else {
            return Ok(None);
        };
        let is_shown = known.size == channel.size
            && slice.from <= known.size
            && known.size < checkpoint.size
            && slice.end() == checkpoint.size;
        if !is_shown {
            return Ok(None);
        }
        let leaves = slice.entries.iter();
        let leaves: Vec<[u8; 32]> = leaves
            .map(|entry| hash::leaf(&commitment::commit(&entry.salt, &entry.opening)))
            .collect();
        let held = self.tree(&slice.origin);
        let added = self.in_tree(&slice.origin, tile::appended(slice.from, &leaves, &held))?;
        let other = Continued { held, added };
        let keys = self.known_party(owner)?.all_verifiers();
        // Entries that do not lead to the slice's head are no proof of anything.
        match Fork::between(&known.note, &slice.head, &keys, &other) {
            Ok(Some(fork)) => Ok(Some(Error::Forked {
                origin: slice.origin.clone(),
                proof: fork.to_string(),
            })),
            Ok(None) | Err(ReadError::Asked(_)) => Ok(None),
            Err(error) => self.in_tree(&slice.origin, Err(error)),
        }
    }

    fn check_entries<'s>(&self, slice: &'s Slice, seen: &Reading) -> Result<Vec<CheckedEntry<'s>>, Error> {
        let known = self.known_leaves(slice, seen)?;
        let mut entries = Vec::with_capacity(slice.entries.len());
        for (entry, number) in slice.entries.iter().zip(slice.from..) {
            let wrong = |cause: &str| bad(slice, Some(number), cause);
            let opening = Opening::read(&entry.opening).map_err(|why| wrong(&why.to_string()))?;
            let leaf = hash::leaf(&commitment::commit(&entry.salt, &entry.opening));
            let place = usize::try_from(number - slice.from).unwrap_or(usize::MAX);
            if known.get(place).is_some_and(|known| *known != leaf) {
                return Err(wrong("it is not the entry that is held under this number"));
            }
            let content =
                require_content(&opening, entry.content.as_deref(), seen).map_err(|why| wrong(&why))?;
            entries.push(CheckedEntry {
                number,
                opening,
                content,
                text: &entry.opening,
                salt: entry.salt,
                leaf,
            });
        }
        Ok(entries)
    }

    /// The leaves of those entries of the slice that are held.
    fn known_leaves(&self, slice: &Slice, seen: &Reading) -> Result<Vec<[u8; 32]>, Error> {
        let overlap = seen.held().min(slice.end()).saturating_sub(slice.from);
        let mut leaves = Vec::new();
        while (leaves.len() as u64) < overlap {
            let from = slice.from + leaves.len() as u64;
            let left = usize::try_from(overlap).unwrap_or(usize::MAX) - leaves.len();
            let entries = self.store.entries(&slice.origin, from, left)?;
            if entries.is_empty() {
                return Err(bad(
                    slice,
                    Some(from),
                    "it repeats an entry of the slice before it",
                ));
            }
            leaves.extend(entries.iter().map(|entry| entry.leaf));
        }
        Ok(leaves)
    }
}

/// The tree of another history: what is held before its entries, and the tiles that these make.
struct Continued<'t> {
    held: Tree<'t>,
    added: Vec<Tile>,
}

impl Tiles for Continued<'_> {
    type Error = <Tree<'static> as Tiles>::Error;

    fn tile(&self, id: TileId) -> Result<Vec<u8>, Self::Error> {
        let is_it = |tile: &&Tile| tile.0.level == id.level && tile.0.index == id.index;
        match self.added.iter().rfind(is_it) {
            Some((_, bytes)) => Ok(bytes.clone()),
            None => self.held.tile(id),
        }
    }
}

fn require_bounds(slice: &Slice) -> Result<(), Error> {
    let bytes = slice.entries.iter().map(|entry| {
        let content = entry.content.as_ref().map_or(0, Vec::len);
        entry.opening.len() + content
    });
    let is_small = slice.entries.len() <= 1 || bytes.sum::<usize>() <= SLICE_BYTES_MAX;
    let is_bounded = slice.entries.len() <= SLICE_ENTRIES_MAX
        && slice.consistency.len() <= PROOF_HASHES_MAX
        && slice.head.len() <= HEAD_BYTES_MAX
        && slice.from.checked_add(slice.entries.len() as u64).is_some();
    match is_small && is_bounded {
        true => Ok(()),
        false => Err(bad(slice, None, "it is over a bound (`entente limits`)")),
    }
}

/// The entries lead to the head.
fn require_proven(slice: &Slice, frontier: &Frontier, head: &Head) -> Result<(), Error> {
    let (size, root) = (frontier.size(), frontier.root());
    let proven = proof::verify_consistency(&slice.consistency, head.size, &head.root, size, &root);
    proven.map_err(|cause| Error::BadLog {
        origin: slice.origin.clone(),
        cause,
    })
}

/// The content of an entry, which must be the one that it names.
fn require_content<'s>(
    opening: &Opening,
    content: Option<&'s [u8]>,
    seen: &Reading,
) -> Result<Option<Object<'s>>, String> {
    let subject = opening.subject();
    match opening {
        Opening::Close { .. } => {}
        _ if !id::is_id(subject) => return Err("what it is about is no id".to_owned()),
        _ => {}
    }
    let Opening::Release(release) = opening else {
        return match content {
            None => Ok(None),
            Some(_) => Err("it has a content and releases nothing".to_owned()),
        };
    };
    if release.agreement != seen.agreement {
        return Err("it was released under another agreement".to_owned());
    }
    if !seen.versions.contains(&release.terms) {
        return Err(
            "it was released under a version of the agreement that is not known here; take in that version first"
                .to_owned(),
        );
    }
    let Some(text) = content else {
        return Ok(None);
    };
    let object = Object::read(text).map_err(|why| format!("its content cannot be read: {why}"))?;
    if object.digest() != Digest::from_bytes(release.digest) || object.id() != release.object {
        return Err("its content is not the one that it names".to_owned());
    }
    let micros = |time: Option<Timestamp>| time.map_or(0, Timestamp::micros);
    if micros(object.modified()) != micros(release.version) {
        return Err("its content has another version than it names".to_owned());
    }
    Ok(Some(object))
}

fn bad(slice: &Slice, number: Option<u64>, cause: &str) -> Error {
    let place = number.map_or_else(|| "the slice".to_owned(), |number| format!("entry {number}"));
    Error::BadSlice {
        origin: slice.origin.clone(),
        place,
        cause: cause.to_owned(),
    }
}
