//! What is looked at after everything that happens.

use entente_node::channel::party_of_source;
use entente_node::reading::Alarm;
use entente_store::{Store, Stored};

use crate::actor::Actor;
use crate::network::Place;
use crate::objects::Digest;
use crate::rules::{Broken, Rule};
use crate::world::World;

impl World {
    /// After something was done at a place: its logs have one history.
    pub(crate) fn after_act(&mut self, place: Place) -> Result<(), Broken> {
        let Some(actor) = self.actors.get(place) else {
            return Ok(());
        };
        let Some(node) = &actor.node else {
            return Ok(());
        };
        self.logs.look(node.store(), &actor.id, false)
    }

    /// After a node started: nothing that was acknowledged is lost.
    pub(crate) fn after_start(&mut self, place: Place) -> Result<(), Broken> {
        let actor = self.actor(place)?;
        let Some(node) = &actor.node else { return Ok(()) };
        require_kept(actor, node.store())?;
        if actor.is_itself() {
            self.logs.require_whole(node.store(), &actor.id)?;
        }
        self.after_act(place)
    }

    /// What is visible at a place is in its owner's log, and nobody but its owner changed it.
    pub(crate) fn check_visible(&mut self, place: Place) -> Result<(), Broken> {
        self.count("checks of what is visible");
        let actor = self.actor(place)?;
        let Some(node) = actor.node.as_ref().filter(|_| !actor.is_hostile) else {
            return Ok(());
        };
        let store = node.store();
        let mut after = None;
        loop {
            let page = store.objects(None, after.as_ref(), 1_000)?;
            for stored in &page.items {
                self.check_object(actor, store, stored)?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    fn check_object(&self, actor: &Actor, store: &dyn Store, stored: &Stored) -> Result<(), Broken> {
        let mut by_owner = false;
        let owner = self.truth.owner(&stored.id);
        let is_shared = stored.type_name() == "domain-name";
        for holding in store.holdings(&stored.id, None, 1_000)?.items {
            let Some((party, agreement)) = party_of_source(&holding.source) else {
                by_owner |= holding.is_current;
                continue;
            };
            let Some(teller) = self.place_of(party).filter(|_| !agreement.is_empty()) else {
                continue;
            };
            by_owner |= holding.is_current && owner == Some(teller);
            let is_logged = self
                .logs
                .is_released(party, agreement, &actor.id, &stored.id, &holding.digest);
            if !is_logged && !is_identity(stored) {
                let how = format!(
                    "{} holds `{}` as told by {party}, who never released it so",
                    actor.name, stored.id
                );
                return Err(Rule::Logged.broken(how));
            }
        }
        // What an operator imported here is the operator's; an observable belongs to nobody.
        let is_honest = owner
            .and_then(|owner| self.actors.get(owner))
            .is_some_and(|owner| !owner.is_hostile);
        // A form without a creator belongs to whoever told it first: that is the rule, and all that can be known.
        let is_orphan = stored.created_by.is_none();
        if owner.is_none() || owner == Some(actor.place) || is_shared || !is_honest || is_orphan {
            return Ok(());
        }
        let is_owners = self.truth.is_owners(&stored.id, &stored.digest)
            || self.is_form(owner, &stored.id, &stored.digest);
        match is_owners || by_owner && self.is_form(owner, &stored.id, &stored.digest) {
            true => Ok(()),
            false => {
                let told = store.holdings(&stored.id, None, 1_000)?.items;
                let told: Vec<&str> = told.iter().map(|holding| holding.source.as_str()).collect();
                let (name, id) = (&actor.name, &stored.id);
                let how = format!(
                    "{name} shows a version of `{id}` of {owner:?} that was never said there, told by {told:?}"
                );
                Err(Rule::OwnerOnly.broken(how))
            }
        }
    }

    /// Whether an owner released its object in this form, redacted it may be.
    fn is_form(&self, owner: Option<Place>, id: &str, digest: &Digest) -> bool {
        let owner = owner.and_then(|place| self.actors.get(place));
        let is_in = |log: &crate::logs::Log| {
            log.entries
                .iter()
                .any(|entry| entry.subject == id && entry.digest.as_ref() == Some(digest))
        };
        owner.is_some_and(|owner| {
            self.logs
                .iter()
                .any(|(_, log)| log.owner == owner.id && is_in(log))
        })
    }

    /// People at a place are shown alarms.
    pub(crate) fn raised(&mut self, place: Place, alarms: &[Alarm]) {
        for alarm in alarms {
            match alarm {
                Alarm::Fork { origin, .. } => {
                    self.tell(format!("{place} sees that `{origin}` forked"));
                    self.count("forks seen");
                    if let Some(actor) = self.actors.get_mut(place) {
                        actor.ledger.forks.insert(origin.clone());
                    }
                }
                Alarm::Behind { origin, .. } => {
                    self.tell(format!("{place} is told that it is behind its own `{origin}`"));
                    self.count("rollbacks told");
                }
            }
        }
    }
}

/// The identities of parties come with their cards, not through a log.
fn is_identity(stored: &Stored) -> bool {
    stored.type_name() == "identity"
}

/// Everything in the ledger is in the store.
fn require_kept(actor: &Actor, store: &dyn Store) -> Result<(), Broken> {
    let lost = |what: String| Err(Rule::Lost.broken(format!("{} lost {what}", actor.name)));
    for (digest, id) in &actor.ledger.held {
        if store.by_digest(digest)?.is_none() {
            return lost(format!("the imported `{id}`"));
        }
    }
    for ((origin, number), id) in &actor.ledger.entries {
        let entry = store.entries(origin, *number, 1)?.into_iter().next();
        if entry.is_none_or(|entry| entry.subject != *id) {
            return lost(format!("entry {number} of `{origin}`"));
        }
    }
    for (origin, held) in &actor.ledger.taken {
        let size = store.channel(origin)?.map_or(0, |channel| channel.size);
        if size < *held {
            return lost(format!(
                "entries of `{origin}` from {size} on, which it had taken in"
            ));
        }
    }
    for origin in &actor.ledger.forks {
        if store.notes("fork", origin)?.is_empty() {
            return lost(format!("the proof that `{origin}` forked"));
        }
    }
    Ok(())
}
