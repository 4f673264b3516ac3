//! Whether an object that is held here, by whatever way it came, was taken back by the party that it belongs to.
//!
//! A recall ends what its party told in its channels; the same object may have come from a feed or a file too, and
//! that copy stays. Begin at [`Node::recalls`]: what it answers is asked wherever an object is told.

use std::collections::BTreeSet;

use super::owner_of;
use crate::party::IDENTITY;
use crate::receipt::Recalled;
use crate::{Error, Node};

/// What is known of recalls, to be asked of many objects.
pub struct Recalls<'n> {
    node: &'n Node,
    me: Option<String>,
    parties: BTreeSet<String>,
    /// Whether there is a log at all: without one, nobody recalled anything.
    has_logs: bool,
}

impl Node {
    /// What is known of recalls now.
    ///
    /// # Errors
    /// The store failed.
    pub fn recalls(&self) -> Result<Recalls<'_>, Error> {
        Ok(Recalls {
            node: self,
            me: self.store.meta(IDENTITY)?,
            parties: self.parties()?.into_iter().map(|party| party.id).collect(),
            has_logs: !self.store.channels()?.is_empty(),
        })
    }
}

impl Recalls<'_> {
    /// The recall that holds for what is current of `id`: its owner's, of this version or a later one, and its owner
    /// tells it nowhere since. `None` where there is none, or nothing is held. Nobody else's recall counts.
    ///
    /// # Errors
    /// The store failed.
    pub fn of(&self, id: &str) -> Result<Option<Recalled>, Error> {
        if !self.has_logs {
            return Ok(None);
        }
        let mut recalls = self.node.recalls_of(id)?;
        if recalls.is_empty() {
            return Ok(None);
        }
        let Some(current) = self.node.store.current(id)? else {
            return Ok(None);
        };
        // As for admission: a creator that is a party speaks for itself, else who told it first does.
        let creator = current
            .created_by
            .filter(|creator| self.parties.contains(creator));
        let owner = match creator {
            Some(creator) => Some(creator),
            None => self.node.owner_of(id)?,
        };
        recalls.retain(|recall| Some(&recall.by) == owner.as_ref());
        let told = self.node.store.released_in(id)?;
        if told.iter().any(|(origin, _)| owner_of(origin) == owner) {
            return Ok(None);
        }
        let mut standing: Option<Recalled> = None;
        for recall in recalls {
            let until = self.node.recalled_version(&recall.origin, recall.number)?;
            let is_later = standing.as_ref().is_none_or(|other| other.at <= recall.at);
            if is_later && (current.version == 0 || current.version <= until) {
                standing = Some(recall);
            }
        }
        Ok(standing)
    }

    /// Whether a recall withdraws its object from matching: another party's does. What the operator took back from
    /// others is still the operator's to look for.
    pub fn withdraws(&self, recall: &Recalled) -> bool {
        self.me.as_ref() != Some(&recall.by)
    }
}
