//! Operations, done.

use entente_node::Error;
use entente_node::import::{Fate, Settings};
use entente_node::release::{Ruled, Ruling, Selection};
use entente_stix::time::Timestamp;

use crate::actor::{Copy, Ledger};
use crate::network::Place;
use crate::objects::{self, Made};
use crate::operation::Operation;
use crate::pacts::{self, VersionTruth};
use crate::rules::{Broken, Rule};
use crate::world::World;

/// Who the operators import from.
pub(crate) const DESK: &str = "desk";

impl World {
    /// Does it.
    ///
    /// # Errors
    /// A rule is broken.
    pub fn apply(&mut self, operation: &Operation) -> Result<(), Broken> {
        self.tell(operation.to_string());
        match operation {
            Operation::Make { place, count } => self.make(*place, *count),
            Operation::Change { place, revoke } => self.change(*place, *revoke),
            Operation::Release { place, one } => self.release(*place, *one),
            Operation::Recall { place } => self.recall(*place),
            Operation::Sign { place, pact } => self.sign(*place, pact),
            Operation::Suspend { place, pact } => self.suspend(*place, pact),
            Operation::Resume { place, pact } => self.resume(*place, pact),
            Operation::Amend { place, pact } => self.amend(*place, pact),
            Operation::Sync { from, to } => self.begin(*from, *to),
            Operation::Bundle { from, to, pact } => self.write_bundle(*from, *to, pact),
            Operation::Retry { place } => self.retry(*place),
            Operation::Restart { place } => self.restart(*place),
            Operation::Fuse { place, writes, blow } => {
                self.actor(*place)?.disk.fuse.set(*writes, *blow);
                Ok(())
            }
            Operation::Unplug { place } => self.crash(*place),
            Operation::Backup { place } => self.backup(*place),
            Operation::Restore { place } => self.restore(*place),
            Operation::Clock { place, drift } => {
                self.actor_mut(*place)?.drift = *drift;
                Ok(())
            }
            Operation::Link { from, to, up } => {
                self.network.set_link(*from, *to, *up);
                Ok(())
            }
            Operation::Mend => {
                self.network.mend();
                Ok(())
            }
            Operation::Weather => {
                self.change_weather();
                Ok(())
            }
            Operation::Replay => {
                self.network.replay(self.now, &mut self.random);
                Ok(())
            }
            Operation::Forge { place } => self.forge(*place),
            Operation::Fork { place } => self.fork(*place),
        }
    }

    fn make(&mut self, place: Place, count: usize) -> Result<(), Broken> {
        let others: Vec<String> = self
            .actors
            .iter()
            .flat_map(|actor| &actor.made)
            .map(|made| made.id.clone())
            .collect();
        let (creator, at) = (self.actor(place)?.id.clone(), self.actor(place)?.clock(self.now));
        let made: Vec<Made> = (0..count)
            .map(|_| Made::new(&creator, &others, at, &mut self.random))
            .collect();
        self.import(place, &made)?;
        self.actor_mut(place)?.made.extend(made);
        Ok(())
    }

    fn change(&mut self, place: Place, revoke: bool) -> Result<(), Broken> {
        let at = self.actor(place)?.clock(self.now);
        let count = self.actor(place)?.made.len();
        let which = self.random.below(count);
        let Some(made) = self.actor_mut(place)?.made.get_mut(which) else {
            return Ok(());
        };
        if !made.has_versions() {
            return Ok(());
        }
        match revoke {
            true => made.revoke(at),
            false => made.change(at),
        }
        let made = made.clone();
        self.import(place, &[made])
    }

    /// An operator takes in what this organisation made. What is acknowledged is noted.
    pub(crate) fn import(&mut self, place: Place, made: &[Made]) -> Result<(), Broken> {
        let texts: Vec<String> = made.iter().map(Made::text).collect();
        for made in made {
            self.truth.say(place, &made.id, made.digest());
        }
        let bundle = objects::bundle(&texts, &mut self.random);
        let mut stored: Vec<String> = Vec::new();
        let imported = self.actor(place)?.at_desk(self.now, |node, desk| {
            let settings = Settings {
                source: DESK,
                at: desk.at,
                kind: None,
                strict: false,
                dry_run: false,
            };
            node.import(bundle.as_bytes(), "made.json", &settings, &mut |item| {
                if !matches!(item.fate, Fate::Refused { .. } | Fate::SetAside { .. }) {
                    stored.extend(item.id);
                }
            })
        });
        let known = made.iter().filter(|made| stored.contains(&made.id));
        let known: Vec<_> = known.map(|made| (made.digest(), made.id.clone())).collect();
        self.actor_mut(place)?.ledger.held.extend(known);
        self.count("imports");
        self.done(place, imported.map(|imported| imported.map(drop)))
    }

    fn release(&mut self, place: Place, one: bool) -> Result<(), Broken> {
        let ids: Vec<String> = self
            .actor(place)?
            .made
            .iter()
            .map(|made| made.id.clone())
            .collect();
        let what = match (one, self.random.pick(&ids)) {
            (true, Some(id)) => Selection::Ids(vec![id.clone()]),
            _ => Selection::All,
        };
        let mut ruled: Vec<Ruled> = Vec::new();
        let released = self.actor(place)?.at_desk(self.now, |node, desk| {
            node.release(&what, None, false, desk, &mut |one| ruled.push(one))
        });
        let mut entries = Vec::new();
        for one in ruled {
            if let Ruling::Released { number, .. } = one.ruling {
                entries.push(((one.origin, number), one.id));
            }
        }
        let count = entries.len();
        self.tell(format!("{place} released {count}"));
        self.actor_mut(place)?.ledger.entries.extend(entries);
        self.count("releases");
        self.done(place, released.map(|released| released.map(drop)))
    }

    fn recall(&mut self, place: Place) -> Result<(), Broken> {
        let ids: Vec<String> = self
            .actor(place)?
            .made
            .iter()
            .map(|made| made.id.clone())
            .collect();
        let Some(id) = self.random.pick(&ids).cloned() else {
            return Ok(());
        };
        let recalled = self.actor(place)?.at_desk(self.now, |node, desk| {
            node.recall(std::slice::from_ref(&id), "a mistake", desk)
        });
        if let Some(Ok(account)) = &recalled {
            let entries = account
                .recalled
                .iter()
                .map(|(id, origin, number)| ((origin.clone(), *number), id.clone()));
            let entries: Vec<_> = entries.collect();
            self.actor_mut(place)?.ledger.entries.extend(entries);
        }
        self.count("recalls");
        self.done(place, recalled.map(|recalled| recalled.map(drop)))
    }

    fn sign(&mut self, place: Place, pact: &str) -> Result<(), Broken> {
        let at = Timestamp::from_micros(self.now as i64);
        let version = self
            .actor(place)?
            .at_desk(self.now, |node, _| node.pact(pact, at));
        let version = version
            .transpose()?
            .flatten()
            .and_then(|pact| Some(pact.newest()?.agreement.version));
        let Some(version) = version else {
            return Ok(());
        };
        let me = self.actor(place)?.id.clone();
        let signed = self.actor(place)?.at_desk(self.now, |node, desk| {
            node.sign(pact, version, desk.keys, desk.at)
        });
        // A crash may come after it was written: what may have been signed counts as signed.
        let may_be = match &signed {
            Some(Ok(pact)) => pact
                .newest()
                .is_some_and(|newest| newest.signed.contains_key(&me)),
            Some(Err(_)) => self.actor(place)?.disk.fuse.is_blown(),
            None => false,
        };
        let truth = self.pacts.get_mut(pact).and_then(|truth| {
            truth
                .versions
                .iter_mut()
                .find(|truth| truth.agreement.version == version)
        });
        if let (Some(truth), true) = (truth, may_be) {
            truth.signed.insert(place);
        }
        self.done(place, signed.map(|signed| signed.map(drop)))
    }

    fn suspend(&mut self, place: Place, pact: &str) -> Result<(), Broken> {
        let said = self
            .actor(place)?
            .at_desk(self.now, |node, desk| node.suspend(pact, desk.keys, desk.at));
        if let Some(truth) = self.pacts.get_mut(pact) {
            match &said {
                Some(Ok(_)) => {
                    truth.suspended.insert(place);
                    truth.unsure.remove(&place);
                }
                _ => drop(truth.unsure.insert(place)),
            }
        }
        self.done(place, said.map(|said| said.map(drop)))
    }

    fn resume(&mut self, place: Place, pact: &str) -> Result<(), Broken> {
        let said = self
            .actor(place)?
            .at_desk(self.now, |node, desk| node.resume(pact, desk.keys, desk.at));
        if let Some(truth) = self.pacts.get_mut(pact) {
            match &said {
                Some(Ok(_)) => {
                    truth.suspended.remove(&place);
                    truth.unsure.remove(&place);
                }
                _ => drop(truth.unsure.insert(place)),
            }
        }
        self.done(place, said.map(|said| said.map(drop)))
    }

    /// Somebody writes the next version, unless one is being signed.
    fn amend(&mut self, place: Place, pact: &str) -> Result<(), Broken> {
        let Some(truth) = self.pacts.get(pact) else {
            return Ok(());
        };
        let Some(newest) = truth
            .newest()
            .filter(|newest| truth.members.is_subset(&newest.signed))
        else {
            return Ok(());
        };
        if !truth.members.contains(&place) {
            return Ok(());
        }
        let next = pacts::amended(&newest.agreement, &mut self.random);
        let toml = next.to_toml();
        let drafted = self
            .actor(place)?
            .at_desk(self.now, |node, desk| node.draft(&toml, desk.at));
        // A version that nobody holds is none; one that a crash may have left counts.
        let may_be = matches!(drafted, Some(Ok(_))) || self.actor(place)?.disk.fuse.is_blown();
        if let (Some(truth), true) = (self.pacts.get_mut(pact), may_be) {
            truth.versions.push(VersionTruth {
                agreement: next,
                signed: Default::default(),
            });
        }
        let is_there = matches!(drafted, Some(Ok(_)));
        self.done(place, drafted.map(|drafted| drafted.map(drop)))?;
        match is_there && self.actor(place)?.node.is_some() {
            true => self.sign(place, pact),
            false => Ok(()),
        }
    }

    pub(crate) fn retry(&mut self, place: Place) -> Result<(), Broken> {
        let retried = self
            .actor(place)?
            .at_desk(self.now, |node, desk| node.retry_parked(desk));
        self.done(place, retried.map(|retried| retried.map(drop)))
    }

    fn restart(&mut self, place: Place) -> Result<(), Broken> {
        if self.actor(place)?.node.is_some() {
            self.actor_mut(place)?.stop();
            return Ok(());
        }
        let now = self.now;
        self.actor_mut(place)?.start(now)?;
        self.after_start(place)
    }

    pub(crate) fn crash(&mut self, place: Place) -> Result<(), Broken> {
        let mut random = self.random.fork();
        self.count("crashes");
        self.actor_mut(place)?.crash(&mut random)
    }

    fn backup(&mut self, place: Place) -> Result<(), Broken> {
        let actor = self.actor_mut(place)?;
        if actor.newest.is_some() {
            return Ok(());
        }
        let folder = actor.disk.backup("backup")?;
        let ledger = actor.ledger.clone();
        let signed = actor.disk.guard.signed();
        actor.backup = Some(Copy {
            folder,
            ledger,
            signed,
        });
        Ok(())
    }

    /// An operator puts the old copy in the place of the disk. Later somebody finds the real disk.
    pub(crate) fn restore(&mut self, place: Place) -> Result<(), Broken> {
        let now = self.now;
        let actor = self.actor_mut(place)?;
        actor.stop();
        if let Some(newest) = actor.newest.take() {
            // What was signed from the old copy goes on from it: the disk that was found is now the old one.
            actor.is_rebuilt |= actor.disk.guard.signed() != newest.signed;
            if !actor.is_rebuilt {
                actor.disk.restore(&newest.folder)?;
                actor.ledger = newest.ledger;
            }
        } else if let Some(backup) = actor.backup.clone() {
            let folder = actor.disk.backup("newest")?;
            let ledger = std::mem::replace(&mut actor.ledger, backup.ledger.clone());
            let signed = actor.disk.guard.signed();
            actor.newest = Some(Copy {
                folder,
                ledger,
                signed,
            });
            actor.disk.restore(&backup.folder)?;
        }
        // Either disk may have forgotten what was said about an agreement, until others tell it.
        for pact in self.pacts.values_mut() {
            pact.unsure.insert(place);
        }
        let actor = self.actor_mut(place)?;
        actor.start(now)?;
        self.count("disks replaced");
        self.after_start(place)
    }

    /// What came of something that was done at a desk: a crash, a refusal with a reason, or a violation.
    pub(crate) fn done(&mut self, place: Place, outcome: Option<Result<(), Error>>) -> Result<(), Broken> {
        if self.blown(place)? {
            return Ok(());
        }
        self.after_act(place)?;
        match outcome {
            None | Some(Ok(())) => Ok(()),
            Some(Err(error)) => {
                self.tell(format!("{place}: {error}"));
                self.require_reason(place, &error)
            }
        }
    }

    /// A refusal has a reason; a failure has none here, where no real disk fails.
    pub(crate) fn require_reason(&self, place: Place, error: &Error) -> Result<(), Broken> {
        let is_failure = matches!(
            error,
            Error::Store(_)
                | Error::Io { .. }
                | Error::Text { .. }
                | Error::Damaged { .. }
                | Error::Generation { .. }
        );
        match is_failure {
            true => Err(Rule::Unexpected.broken(format!("{place}: {error}"))),
            false => Ok(()),
        }
    }

    /// Whether the power went; then the node is gone.
    pub(crate) fn blown(&mut self, place: Place) -> Result<bool, Broken> {
        let blown = self.actor(place)?.disk.fuse.is_blown() && self.actor(place)?.node.is_some();
        if blown {
            self.tell(format!("{place} lost power"));
            self.crash(place)?;
        }
        Ok(blown)
    }

    /// Nothing is known of what a new disk must hold.
    pub(crate) fn forget(&mut self, place: Place) -> Result<(), Broken> {
        self.actor_mut(place)?.ledger = Ledger::default();
        Ok(())
    }
}
