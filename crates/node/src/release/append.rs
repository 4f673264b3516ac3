//! Appending to an own log: openings to commitments, leaves, tiles; one transaction, durable.

use entente_stix::time::Timestamp;
use entente_store::{Append, Change, EntryKind, NewEntry};
use entente_translog::commitment;
use entente_translog::frontier::Frontier;
use entente_translog::{hash, tile};

use crate::channel::Desk;
use crate::channel::opening::Opening;
use crate::head;
use crate::{Error, Node};

/// An own log that is being appended to.
pub(crate) struct Appending<'n> {
    node: &'n Node,
    origin: String,
    frontier: Frontier,
    salt: [u8; 32],
    at: Timestamp,
}

/// One entry to append.
pub(crate) struct Line {
    pub(crate) kind: EntryKind,
    pub(crate) digest: Option<[u8; 32]>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) opening: Opening,
}

impl Drop for Appending<'_> {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.salt);
    }
}

impl<'n> Appending<'n> {
    /// The own log `origin`, which must agree with what was signed.
    pub(crate) fn open(node: &'n Node, origin: &str, desk: &Desk<'_>) -> Result<Appending<'n>, Error> {
        let channel = node.store.channel(origin)?.ok_or_else(|| Error::UnknownChannel {
            origin: origin.to_owned(),
        })?;
        node.guarded(&channel, desk)?;
        Ok(Appending {
            node,
            origin: origin.to_owned(),
            frontier: head::frontier(&channel)?,
            // Of each log its own, so that equal openings at equal places do not look alike across logs.
            salt: commitment::salt(&desk.keys.salt, 0, origin.as_bytes()),
            at: desk.at,
        })
    }

    /// How many entries the log has: the number of the next one.
    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Appends `lines` together with whatever else `change` says. Durable when it returns.
    pub(crate) fn append(&mut self, lines: &[Line], change: Change<'_>) -> Result<(), Error> {
        let old = self.frontier.size();
        let openings: Vec<String> = lines.iter().map(|line| line.opening.text()).collect();
        let mut entries = Vec::with_capacity(lines.len());
        let mut leaves = Vec::with_capacity(lines.len());
        let mut frontier = self.frontier.clone();
        for ((line, opening), number) in lines.iter().zip(&openings).zip(old..) {
            let opening = opening.as_bytes();
            let salt = commitment::salt(&self.salt, number, opening);
            let leaf = hash::leaf(&commitment::commit(&salt, opening));
            frontier.push(leaf);
            leaves.push(leaf);
            entries.push(NewEntry {
                kind: line.kind,
                subject: line.opening.subject(),
                digest: line.digest,
                opening,
                salt,
                leaf,
                expires_at: line.expires.map(Timestamp::micros),
            });
        }
        let node = self.node;
        let mut change = change;
        let tiles = node.in_tree(
            &self.origin,
            tile::appended(old, &leaves, &node.tree(&self.origin)),
        )?;
        change.at = self.at.micros();
        change.appends.push(Append {
            origin: &self.origin,
            expected_size: old,
            entries,
            tiles: tiles
                .into_iter()
                .map(|(id, bytes)| (id.level, id.index, bytes))
                .collect(),
            frontier: frontier.to_bytes(),
        });
        node.store.apply(&change)?;
        self.frontier = frontier;
        Ok(())
    }
}
