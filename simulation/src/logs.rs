//! The logs of the world, as anybody ever saw them: every entry that its owner's store had, every head that was
//! shown.

use std::collections::{BTreeMap, BTreeSet};

use entente_node::channel::opening::Opening;
use entente_node::channel::read_origin;
use entente_store::{EntryKind, Store};
use entente_translog::checkpoint::Checkpoint;
use entente_translog::frontier::Frontier;
use entente_translog::note::Note;

use crate::actor::Actor;
use crate::network::Place;
use crate::objects::Digest;
use crate::rules::{Broken, Rule};

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it does.
    pub kind: EntryKind,
    /// The object's id.
    pub subject: String,
    /// What was released.
    pub digest: Option<Digest>,
    /// The agreement's id that its opening names; empty where it names none.
    pub agreement: String,
    leaf: [u8; 32],
}

/// One log.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The owner's identity.
    pub owner: String,
    /// The agreement.
    pub agreement: String,
    /// Who reads it.
    pub audience: Vec<String>,
    /// What its owner's store had, in order.
    pub entries: Vec<Entry>,
    /// What a liar's other store had instead, in order.
    pub other: Vec<Entry>,
    /// Heads that anybody was shown: by size, the roots.
    pub heads: BTreeMap<u64, BTreeSet<[u8; 32]>>,
    /// Who was shown which head: by identity.
    pub shown: BTreeMap<String, BTreeSet<(u64, [u8; 32])>>,
}

/// All logs, by name.
#[derive(Debug, Default)]
pub struct Logs(BTreeMap<String, Log>);

impl Logs {
    /// The log of this name.
    pub fn get(&self, origin: &str) -> Option<&Log> {
        self.0.get(origin)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Log)> {
        self.0.iter()
    }

    /// Looks at the own logs of a store: what is new is noted, and what was there before is still the same.
    ///
    /// # Errors
    /// [`Rule::Lost`] or [`Rule::OneHistory`].
    pub fn look(&mut self, store: &dyn Store, owner: &str, is_other: bool) -> Result<(), Broken> {
        for channel in store
            .channels()?
            .into_iter()
            .filter(|channel| channel.owner == owner)
        {
            let log = self.0.entry(channel.origin.clone()).or_default();
            log.owner.clone_from(&channel.owner);
            log.agreement.clone_from(&channel.agreement);
            log.audience.clone_from(&channel.audience);
            let entries = entries(store, &channel.origin, channel.size)?;
            let noted = if is_other {
                &mut log.other
            } else {
                &mut log.entries
            };
            let same = noted
                .iter()
                .zip(&entries)
                .take_while(|(noted, found)| noted == found)
                .count();
            if same < noted.len() && same < entries.len() {
                return Err(
                    Rule::OneHistory.broken(format!("entry {same} of `{}` is another now", channel.origin))
                );
            }
            if entries.len() > noted.len() {
                *noted = entries;
            }
        }
        Ok(())
    }

    /// Whether a store has all of its logs that anybody saw.
    ///
    /// # Errors
    /// [`Rule::Lost`].
    pub fn require_whole(&self, store: &dyn Store, owner: &str) -> Result<(), Broken> {
        for (origin, log) in self.0.iter().filter(|(_, log)| log.owner == owner) {
            let size = store.channel(origin)?.map_or(0, |channel| channel.size);
            let shown = log.heads.keys().next_back().copied().unwrap_or(0);
            if size < shown {
                return Err(Rule::Lost.broken(format!(
                    "`{origin}` has {size} entries, a head of {shown} was shown"
                )));
            }
        }
        Ok(())
    }

    /// Somebody is shown a head.
    pub fn show(&mut self, note: &str, to: &str) {
        let Some(head) = read(note) else { return };
        let Some(log) = self.0.get_mut(&head.origin) else {
            return;
        };
        log.heads.entry(head.size).or_default().insert(head.root);
        log.shown
            .entry(to.to_owned())
            .or_default()
            .insert((head.size, head.root));
    }

    /// Every head that was shown of an honest owner's log is one of its one history.
    ///
    /// # Errors
    /// [`Rule::OneHistory`].
    pub fn require_one_history(&self, origin: &str) -> Result<(), Broken> {
        let Some(log) = self.0.get(origin) else {
            return Ok(());
        };
        let mut frontier = Frontier::default();
        let mut leaves = log.entries.iter();
        for (size, roots) in &log.heads {
            let missing = size.saturating_sub(frontier.size());
            leaves
                .by_ref()
                .take(missing as usize)
                .for_each(|entry| frontier.push(entry.leaf));
            let is_one = frontier.size() == *size && roots.len() == 1 && roots.contains(&frontier.root());
            if !is_one {
                let how = format!("a head of `{origin}` with {size} entries is not of its owner's log");
                return Err(Rule::OneHistory.broken(how));
            }
        }
        Ok(())
    }

    /// As if a reader had been shown a second history of every log that it reads.
    pub(crate) fn pretend_fork(&mut self, actors: &[Actor], reader: Place) {
        let Some(reader) = actors.get(reader) else { return };
        for log in self
            .0
            .values_mut()
            .filter(|log| log.audience.contains(&reader.id))
        {
            let mut other = log.entries.clone();
            if let Some(last) = other.last_mut() {
                last.leaf = [7; 32];
            }
            let root = |entries: &[Entry]| {
                let mut frontier = Frontier::default();
                entries.iter().for_each(|entry| frontier.push(entry.leaf));
                (frontier.size(), frontier.root())
            };
            let shown = log.shown.entry(reader.id.clone()).or_default();
            shown.insert(root(&log.entries));
            shown.insert(root(&other));
            log.other = other;
        }
    }

    /// Whether `id` is released in this form by `owner` under an agreement to `reader`.
    pub fn is_released(&self, owner: &str, agreement: &str, reader: &str, id: &str, digest: &Digest) -> bool {
        let logs = self.0.values().filter(|log| {
            log.owner == owner
                && log.agreement == agreement
                && log.audience.iter().any(|member| member == reader)
        });
        logs.flat_map(|log| log.entries.iter().chain(&log.other))
            .any(|entry| entry.subject == id && entry.digest.as_ref() == Some(digest))
    }
}

impl Log {
    /// Whether this reader was shown two histories: heads of which one is not a beginning of the other.
    pub fn has_forked_before(&self, reader: &str) -> bool {
        let Some(shown) = self.shown.get(reader) else {
            return false;
        };
        let of = |entries: &[Entry]| {
            let mut frontier = Frontier::default();
            let mut roots = vec![frontier.root()];
            for entry in entries {
                frontier.push(entry.leaf);
                roots.push(frontier.root());
            }
            roots
        };
        let (one, other) = (of(&self.entries), of(&self.other));
        let is_in = |roots: &[[u8; 32]], size: u64, root: &[u8; 32]| roots.get(size as usize) == Some(root);
        let only = |these: &[[u8; 32]], those: &[[u8; 32]]| {
            shown
                .iter()
                .any(|(size, root)| is_in(these, *size, root) && !is_in(those, *size, root))
        };
        only(&one, &other) && only(&other, &one)
    }

    /// What stands: the last release of each object that was not taken back since.
    pub fn live(&self) -> BTreeMap<String, Digest> {
        let mut live = BTreeMap::new();
        for entry in &self.entries {
            match (entry.kind, entry.digest) {
                (EntryKind::Release, Some(digest)) => drop(live.insert(entry.subject.clone(), digest)),
                (EntryKind::Recall, _) => drop(live.remove(&entry.subject)),
                _ => {}
            }
        }
        live
    }
}

fn entries(store: &dyn Store, origin: &str, size: u64) -> Result<Vec<Entry>, Broken> {
    let found = store.entries(origin, 0, size as usize)?;
    let entries = found.into_iter().map(|entry| {
        let agreement = match Opening::read(&entry.opening) {
            Ok(Opening::Release(release)) => release.agreement,
            _ => read_origin(origin).map_or_else(String::new, |(agreement, _)| agreement.to_owned()),
        };
        Entry {
            kind: entry.kind,
            subject: entry.subject,
            digest: entry.digest,
            agreement,
            leaf: entry.leaf,
        }
    });
    Ok(entries.collect())
}

/// A head as a note, unverified.
pub fn read(note: &str) -> Option<Checkpoint> {
    let note = Note::read(note.as_bytes()).ok()?;
    Checkpoint::read(note.text()).ok()
}
