//! The faults stop: everybody talks with everybody, and all must come to the same.

use std::collections::BTreeSet;

use entente_node::channel::source_of;
use entente_node::release::Selection;
use entente_stix::digest::Digest;
use entente_store::Store;

use crate::logs::Log;
use crate::network::{Place, Weather};
use crate::rules::{Broken, Rule};
use crate::sabotage::Sabotage;
use crate::world::World;

/// Rounds in which everybody talks with everybody, at most.
const ROUNDS_MAX: u64 = 12;

/// What was parked for the sake of a clock is tried again after this, in microseconds: three days.
const LATER: u64 = 3 * 86_400 * 1_000_000;

impl World {
    /// Stops the faults, lets everybody talk until nothing changes, and checks what all came to.
    ///
    /// # Errors
    /// A rule is broken.
    pub fn converge(&mut self) -> Result<String, Broken> {
        self.tell("the faults stop".to_owned());
        self.stop_faults()?;
        for round in 0.. {
            let before = self.sizes()?;
            self.everybody_talks()?;
            if self.sizes()? == before {
                self.tell(format!("nothing changes after {round} rounds"));
                break;
            }
            if round == ROUNDS_MAX {
                return Err(Rule::Converged.broken(format!("still changing after {ROUNDS_MAX} rounds")));
            }
        }
        self.sabotage_the_end()?;
        for place in 0..self.actors.len() {
            self.after_start(place)?;
            self.check_visible(place)?;
        }
        self.check_logs()
    }

    fn stop_faults(&mut self) -> Result<(), Broken> {
        self.network.set_weather(Weather::default());
        self.network.mend();
        for place in 0..self.actors.len() {
            self.actor_mut(place)?.drift = 0;
            if self.actor(place)?.disk.fuse.is_blown() {
                self.crash(place)?;
            }
            if self.actor(place)?.newest.is_some() {
                self.restore(place)?;
            } else {
                self.actor_mut(place)?.stop();
                let now = self.now;
                self.actor_mut(place)?.start(now)?;
                self.after_start(place)?;
            }
        }
        // What is on its way arrives in fair weather.
        self.pass(LATER)?;
        for pact in self.pacts.keys().cloned().collect::<Vec<_>>() {
            for place in 0..self.actors.len() {
                self.apply(&crate::operation::Operation::Resume {
                    place,
                    pact: pact.clone(),
                })?;
            }
        }
        Ok(())
    }

    fn everybody_talks(&mut self) -> Result<(), Broken> {
        let places = 0..self.actors.len();
        for place in places.clone() {
            for pact in self.pacts.keys().cloned().collect::<Vec<_>>() {
                self.apply(&crate::operation::Operation::Sign { place, pact })?;
            }
            self.retry(place)?;
            let released = self.actor(place)?.at_desk(self.now, |node, desk| {
                node.release(&Selection::All, None, false, desk, &mut |_| {})
            });
            self.done(place, released.map(|released| released.map(drop)))?;
        }
        for from in places.clone() {
            for to in places.clone().filter(|to| *to != from) {
                self.begin(from, to)?;
                self.pass(1_000_000)?;
            }
        }
        Ok(())
    }

    /// How far everything is: if this stays, nothing changes.
    fn sizes(&self) -> Result<Vec<(u64, usize, u64)>, Broken> {
        let nodes = self.actors.iter().filter_map(|actor| actor.node.as_ref());
        let sizes = nodes.map(|node| {
            let store = node.store();
            let entries = store.channels()?.iter().map(|channel| channel.size).sum();
            Ok((store.change_number()?, store.acts(0, 10_000)?.len(), entries))
        });
        sizes.collect()
    }

    fn check_logs(&mut self) -> Result<String, Broken> {
        let mut agreed = String::new();
        for (origin, log) in self.logs.iter() {
            let owner = self.place_of(&log.owner).and_then(|place| self.actors.get(place));
            let is_honest = owner.is_some_and(|owner| !owner.is_hostile);
            let is_whole = owner.is_some_and(crate::actor::Actor::is_itself);
            if is_honest {
                self.logs.require_one_history(origin)?;
            }
            let is_in_force = self.is_in_force(&log.agreement, &log.owner)?;
            for reader in &log.audience {
                let Some(place) = self.place_of(reader) else {
                    continue;
                };
                if !self.actor(place)?.is_itself() {
                    continue;
                }
                match is_honest {
                    true if is_in_force && is_whole => {
                        agreed.push_str(&self.check_reader(origin, log, place)?)
                    }
                    true => {}
                    false => self.check_fork_is_seen(origin, log, place)?,
                }
            }
        }
        Ok(Digest::of(agreed.as_bytes()).to_string())
    }

    fn is_in_force(&self, agreement: &str, owner: &str) -> Result<bool, Broken> {
        let Some(place) = self.place_of(owner) else {
            return Ok(false);
        };
        let pact = self
            .actor(place)?
            .at_desk(self.now, |node, desk| node.pact(agreement, desk.at));
        Ok(pact
            .transpose()?
            .flatten()
            .is_some_and(|pact| pact.standing.is_in_force()))
    }

    /// A recipient holds what stands in the log, nothing that was taken back, and its owner has the receipt.
    fn check_reader(&self, origin: &str, log: &Log, place: Place) -> Result<String, Broken> {
        let reader = self.actor(place)?;
        let not = |how: String| Err(Rule::Converged.broken(format!("{} and `{origin}`: {how}", reader.name)));
        let Some(node) = &reader.node else {
            return not("it does not run".to_owned());
        };
        let store = node.store();
        let read = store.channel(origin)?.map_or(0, |channel| channel.size);
        let size = log.entries.len() as u64;
        if read != size {
            let without = self.live_without_content(log)?;
            return not(format!(
                "it read {read} of {size} entries; its owner has no content for {without:?}"
            ));
        }
        let source = source_of(&log.owner, &log.agreement);
        let mut agreed = String::new();
        let live = log.live();
        for (id, digest) in &live {
            if !holds(store, id, &source, Some(digest))? && !is_aside(store, id, &source)? {
                return not(format!("it does not hold `{id}`"));
            }
            agreed.push_str(&format!("{origin} {id} {}\n", Digest::from_bytes(*digest)));
        }
        let taken_back = log
            .entries
            .iter()
            .map(|entry| &entry.subject)
            .collect::<BTreeSet<_>>();
        for id in taken_back
            .into_iter()
            .filter(|id| !id.is_empty() && !live.contains_key(*id))
        {
            if !self.is_live_elsewhere(log, id, &reader.id) && holds(store, id, &source, None)? {
                return not(format!("it still holds the recalled `{id}`"));
            }
        }
        let owner = self
            .place_of(&log.owner)
            .and_then(|place| self.actors.get(place)?.node.as_ref());
        let receipts = owner
            .map(|owner| owner.store().notes("receipt", origin))
            .transpose()?;
        let receipt = receipts
            .into_iter()
            .flatten()
            .find(|receipt| receipt.party == reader.id);
        match receipt.map(|receipt| receipt.size as u64) {
            Some(receipt) if receipt == size => Ok(agreed),
            other => not(format!("its receipt is for {other:?} of {size} entries")),
        }
    }

    /// What stands in a log and its owner cannot tell.
    fn live_without_content(&self, log: &Log) -> Result<Vec<String>, Broken> {
        let owner = self
            .place_of(&log.owner)
            .and_then(|place| self.actors.get(place)?.node.as_ref());
        let mut without = Vec::new();
        for (id, digest) in log.live() {
            let content = owner.map(|owner| owner.store().content(&[digest])).transpose()?;
            if content.into_iter().flatten().flatten().next().is_none() {
                without.push(id);
            }
        }
        Ok(without)
    }

    /// Whether another log of the same owner and agreement still tells this reader of an object.
    fn is_live_elsewhere(&self, log: &Log, id: &str, reader: &str) -> bool {
        self.logs.iter().any(|(_, other)| {
            other.owner == log.owner
                && other.agreement == log.agreement
                && other.audience.iter().any(|member| member == reader)
                && other.live().contains_key(id)
        })
    }

    /// Who was shown two histories has the proof.
    fn check_fork_is_seen(&self, origin: &str, log: &Log, place: Place) -> Result<(), Broken> {
        let reader = self.actor(place)?;
        let Some(node) = &reader.node else { return Ok(()) };
        if log.has_forked_before(&reader.id) && node.store().notes("fork", origin)?.is_empty() {
            let how = format!(
                "{} was shown two histories of `{origin}`, and has no proof",
                reader.name
            );
            return Err(Rule::Detected.broken(how));
        }
        Ok(())
    }

    fn sabotage_the_end(&mut self) -> Result<(), Broken> {
        match self.sabotage {
            Some(sabotage) if sabotage.is_at_the_end() => self.sabotage_now(sabotage),
            Some(Sabotage::Whole) | Some(_) | None => Ok(()),
        }
    }
}

/// Whether an object is held of a source, in this form or in any.
fn holds(store: &dyn Store, id: &str, source: &str, digest: Option<&[u8; 32]>) -> Result<bool, Broken> {
    let holdings = store.holdings(id, None, 1_000)?.items;
    Ok(holdings
        .iter()
        .any(|holding| holding.source == source && digest.is_none_or(|digest| holding.digest == *digest)))
}

/// Whether what a source told of an object is kept beside, with a reason.
fn is_aside(store: &dyn Store, id: &str, source: &str) -> Result<bool, Broken> {
    Ok(store
        .asides(Some(id), 0, 1_000)?
        .iter()
        .any(|aside| aside.source == source))
}
