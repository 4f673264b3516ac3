//! What an audience already has under an agreement: what decisions may depend on, beside the object itself.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use entente_policy::decide::Surroundings;
use entente_policy::marks::MarkingFacts;
use entente_policy::terms::Audience;
use entente_stix::object::Object;

use crate::channel::opening::Opening;
use crate::channel::{read_origin, source_of};
use crate::limits::LISTED_MAX;
use crate::{Error, Node};

/// Answers kept in memory; over it, they are asked of the store again.
const KEPT_MAX: usize = 50_000;

/// What one audience has. Answers come from the store, from what this call releases, and are kept a while.
pub(crate) struct Around<'n> {
    node: &'n Node,
    me: String,
    origin: String,
    /// The logs of the agreement that all of the audience read or own, this one excepted.
    shared: BTreeSet<String>,
    /// Released in this call and perhaps not durable yet: number, digest, whether whole.
    fresh: BTreeMap<String, (u64, [u8; 32], bool)>,
    markings: BTreeMap<String, Option<MarkingFacts>>,
    known: BTreeMap<String, bool>,
    failed: Option<Error>,
}

impl<'n> Around<'n> {
    pub(crate) fn new(
        node: &'n Node,
        origin: &str,
        agreement: &str,
        audience: &Audience,
    ) -> Result<Around<'n>, Error> {
        let channels = node.store.channels()?.into_iter();
        let has = |channel: &entente_store::Channel, member: &String| {
            channel.owner == *member || channel.audience.contains(member)
        };
        let shared = channels.filter(|channel| {
            channel.agreement == agreement
                && channel.origin != origin
                && audience.members.iter().all(|member| has(channel, member))
        });
        Ok(Around {
            node,
            me: node.me()?.map(|me| me.id).unwrap_or_default(),
            origin: origin.to_owned(),
            shared: shared.map(|channel| channel.origin).collect(),
            fresh: BTreeMap::new(),
            markings: BTreeMap::new(),
            known: BTreeMap::new(),
            failed: None,
        })
    }

    /// The release of `id` that this call made.
    pub(crate) fn fresh(&self, id: &str) -> Option<(u64, [u8; 32])> {
        self.fresh.get(id).map(|(number, digest, _)| (*number, *digest))
    }

    /// Notes a release; whether the audience now has what it had not, or had in parts only.
    pub(crate) fn release(
        &mut self,
        id: &str,
        number: u64,
        digest: [u8; 32],
        is_whole: bool,
    ) -> Result<bool, Error> {
        let is_news = !self.has(id)? || (is_whole && !self.has_whole(id)?);
        self.fresh.insert(id.to_owned(), (number, digest, is_whole));
        if let Some(known) = self.known.get_mut(id) {
            *known = true;
        }
        Ok(is_news)
    }

    /// Keeps what the thread that stores may not have stored yet, and little more.
    pub(crate) fn forget_durable(&mut self) {
        // Three batches, each of at most two pages, may be on their way; what is older is durable.
        const ON_THEIR_WAY: usize = 8 * crate::limits::RELEASE_BATCH_MAX;
        if self.fresh.len() <= 2 * ON_THEIR_WAY {
            return;
        }
        let last = self.fresh.values().map(|(number, ..)| *number).max().unwrap_or(0);
        let kept_from = last.saturating_sub(ON_THEIR_WAY as u64);
        self.fresh.retain(|_, (number, ..)| *number >= kept_from);
    }

    /// What the store answered instead of an answer, if it failed.
    pub(crate) fn failed(&mut self) -> Result<(), Error> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn has(&mut self, id: &str) -> Result<bool, Error> {
        if self.fresh.contains_key(id) {
            return Ok(true);
        }
        if let Some(known) = self.known.get(id) {
            return Ok(*known);
        }
        let has = self.was_released(id)?;
        if self.known.len() >= KEPT_MAX {
            self.known.clear();
        }
        self.known.insert(id.to_owned(), has);
        Ok(has)
    }

    /// Own logs are believed. Of another's log the object itself must be held: an entry for an id that its owner only
    /// guesses would otherwise tell it whether this node's objects refer to that id.
    fn was_released(&self, id: &str) -> Result<bool, Error> {
        let released = self.node.store.released_in(id)?;
        let mut told: Option<Vec<String>> = None;
        for (origin, _) in &released {
            if *origin == self.origin {
                return Ok(true);
            }
            let Some((agreement, owner)) = read_origin(origin).filter(|_| self.shared.contains(origin))
            else {
                continue;
            };
            if owner == self.me {
                return Ok(true);
            }
            if told.is_none() {
                let holdings = self.node.store.holdings(id, None, LISTED_MAX)?.items;
                told = Some(holdings.into_iter().map(|holding| holding.source).collect());
            }
            let source = source_of(&owner, agreement);
            if told.iter().flatten().any(|told| *told == source) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has_whole(&self, id: &str) -> Result<bool, Error> {
        if let Some((_, _, is_whole)) = self.fresh.get(id) {
            return Ok(*is_whole);
        }
        let live = self.node.store.live(&self.origin, &[id])?;
        let Some((number, _)) = live.first().copied().flatten() else {
            return Ok(false);
        };
        let entries = self.node.store.entries(&self.origin, number, 1)?;
        let opening = entries.first().map(|entry| Opening::read(&entry.opening));
        Ok(matches!(opening, Some(Ok(Opening::Release(release))) if !release.redacted))
    }

    fn marking(&mut self, id: &str) -> Result<Option<MarkingFacts>, Error> {
        if let Some(facts) = self.markings.get(id) {
            return Ok(*facts);
        }
        let facts = self.node.marking(id)?;
        if self.markings.len() >= KEPT_MAX {
            self.markings.clear();
        }
        self.markings.insert(id.to_owned(), facts);
        Ok(facts)
    }

    fn kept<T: Default>(&mut self, answer: Result<T, Error>) -> T {
        answer.unwrap_or_else(|error| {
            self.failed = self.failed.take().or(Some(error));
            T::default()
        })
    }
}

/// [`Around`], as policy asks it.
pub(crate) struct Asked<'n>(pub(crate) RefCell<Around<'n>>);

impl Surroundings for Asked<'_> {
    fn marking(&self, id: &str) -> Option<MarkingFacts> {
        let mut around = self.0.borrow_mut();
        let facts = around.marking(id);
        around.kept(facts)
    }

    fn is_released(&self, id: &str) -> bool {
        let mut around = self.0.borrow_mut();
        let has = around.has(id);
        around.kept(has)
    }

    fn is_whole(&self, id: &str) -> bool {
        let mut around = self.0.borrow_mut();
        let has = around.has_whole(id);
        around.kept(has)
    }
}

impl Node {
    /// What a held marking definition means.
    pub(crate) fn marking(&self, id: &str) -> Result<Option<MarkingFacts>, Error> {
        let stored = self.store.current(id)?;
        let object = stored.as_ref().and_then(|stored| Object::read(&stored.text).ok());
        Ok(object.map(|object| MarkingFacts::of(&object)))
    }
}
