//! Rules broken on purpose: a check that never fails proves nothing, so each is shown a world in which it must.

use entente_store::{Change, Incoming, Withdrawn};

use entente_stix::object::Object;

use crate::actor::Actor;
use crate::disk::{Fuse, GuardFile};
use crate::network::Place;
use crate::objects::Made;
use crate::random::Random;
use crate::rules::{Broken, Rule};
use crate::world::World;

/// What is done against the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// The agreements that the nodes believe in are held up in truth.
    InForce,
    /// The agreements that the nodes believe in let less go in truth.
    Ceiling,
    /// A recipient gets an object past the log.
    Logged,
    /// A node shows somebody's object as another said it.
    OwnerOnly,
    /// A disk forgets what was acknowledged.
    Lost,
    /// An honest node signs again from an old backup, its guard wiped.
    OneHistory,
    /// A recipient loses an object at the end.
    Missing,
    /// A recipient gets an object back that was recalled.
    Recalled,
    /// A reader has seen two histories and has no proof.
    Detected,
    /// Every bundle counts as damaged.
    Whole,
}

impl Sabotage {
    /// Everything that may be done.
    pub const ALL: [Sabotage; 10] = [
        Sabotage::InForce,
        Sabotage::Ceiling,
        Sabotage::Logged,
        Sabotage::OwnerOnly,
        Sabotage::Lost,
        Sabotage::OneHistory,
        Sabotage::Missing,
        Sabotage::Recalled,
        Sabotage::Detected,
        Sabotage::Whole,
    ];

    /// The rule that this breaks.
    pub fn rule(self) -> Rule {
        match self {
            Sabotage::InForce => Rule::InForce,
            Sabotage::Ceiling => Rule::Ceiling,
            Sabotage::Logged => Rule::Logged,
            Sabotage::OwnerOnly => Rule::OwnerOnly,
            Sabotage::Lost => Rule::Lost,
            Sabotage::OneHistory => Rule::OneHistory,
            Sabotage::Missing | Sabotage::Recalled => Rule::Converged,
            Sabotage::Detected => Rule::Detected,
            Sabotage::Whole => Rule::Whole,
        }
    }

    pub(crate) fn is_at_the_end(self) -> bool {
        matches!(self, Sabotage::Missing | Sabotage::Recalled | Sabotage::Detected)
    }
}

/// When the copy is taken that a disk is set back to.
const COPY_AT: u64 = 30;

/// From when on rules are broken.
const BREAK_AT: u64 = 60;

impl World {
    /// Breaks the rule that is to be broken, once the world is ready for it.
    pub(crate) fn do_sabotage(&mut self, step: u64) -> Result<(), Broken> {
        match self.sabotage {
            Some(Sabotage::Lost | Sabotage::OneHistory) if step == COPY_AT => {
                for actor in &self.actors {
                    actor.disk.backup("sabotage")?;
                }
                Ok(())
            }
            Some(Sabotage::Whole) => {
                self.parcels
                    .iter_mut()
                    .for_each(|parcel| parcel.is_damaged = true);
                Ok(())
            }
            Some(sabotage) if step == BREAK_AT && !sabotage.is_at_the_end() => self.sabotage_now(sabotage),
            _ => Ok(()),
        }
    }

    pub(crate) fn sabotage_now(&mut self, sabotage: Sabotage) -> Result<(), Broken> {
        self.tell(format!("against the rules: {sabotage:?}"));
        for place in 0..self.actors.len() {
            let actor = self.actor(place)?;
            if actor.is_hostile || actor.newest.is_some() {
                continue;
            }
            match sabotage {
                Sabotage::InForce => self.pacts.values_mut().for_each(|pact| {
                    pact.unsure.clear();
                    pact.suspended.insert(place);
                }),
                Sabotage::Ceiling => {
                    let versions = self.pacts.values_mut().flat_map(|pact| &mut pact.versions);
                    let clauses = versions.flat_map(|version| &mut version.agreement.clauses);
                    clauses.for_each(|clause| clause.markings_up_to = entente_stix::marking::Tlp::Clear);
                }
                Sabotage::Logged => self.tell_past_the_log(place)?,
                Sabotage::OwnerOnly => self.show_as_another_said(place)?,
                Sabotage::Lost => {
                    let now = self.now;
                    self.set_back(place)?;
                    self.actor_mut(place)?.start(now)?;
                    self.after_start(place)?;
                }
                Sabotage::OneHistory => self.sign_again(place)?,
                Sabotage::Missing | Sabotage::Recalled => self.change_what_is_held(place, sabotage)?,
                Sabotage::Detected => self.logs.pretend_fork(&self.actors, place),
                Sabotage::Whole => {}
            }
        }
        Ok(())
    }

    fn tell_past_the_log(&mut self, place: Place) -> Result<(), Broken> {
        let Some(teller) = self.actors.iter().find(|actor| actor.place != place) else {
            return Ok(());
        };
        let mut random = Random::new(1);
        let made = Made::new(&teller.id, &[], teller.clock(self.now), &mut random);
        let source = entente_node::channel::source_of(&teller.id, "alpha");
        slip_in(self.actor(place)?, &source, &made)?;
        self.check_visible(place)
    }

    fn show_as_another_said(&mut self, place: Place) -> Result<(), Broken> {
        let theirs = self
            .actors
            .iter()
            .filter(|actor| actor.place != place && !actor.is_hostile);
        let made = theirs
            .flat_map(|actor| &actor.made)
            .find(|made| made.has_versions());
        let Some(made) = made.cloned() else { return Ok(()) };
        let forged = made.forged(self.actor(place)?.clock(self.now), &mut self.random);
        slip_in(self.actor(place)?, "nobody", &forged)?;
        self.check_visible(place)
    }

    fn set_back(&mut self, place: Place) -> Result<(), Broken> {
        let actor = self.actor_mut(place)?;
        actor.stop();
        let folder = actor.disk.backup("now")?.with_file_name("sabotage");
        actor.disk.restore(&folder)?;
        Ok(())
    }

    fn sign_again(&mut self, place: Place) -> Result<(), Broken> {
        self.set_back(place)?;
        self.forget(place)?;
        let now = self.now;
        let actor = self.actor_mut(place)?;
        actor.disk.guard = GuardFile::new(Fuse::default());
        actor.start(now)?;
        let made = Made::new(
            &actor.id.clone(),
            &[],
            actor.clock(now),
            &mut Random::new(place as u64),
        );
        self.import(place, &[made])?;
        let (one, count) = (false, 1);
        self.apply(&crate::operation::Operation::Release { place, one })?;
        self.apply(&crate::operation::Operation::Make { place, count })
    }

    fn change_what_is_held(&mut self, place: Place, sabotage: Sabotage) -> Result<(), Broken> {
        let reader = self.actor(place)?;
        let Some(node) = &reader.node else { return Ok(()) };
        let logs = self
            .logs
            .iter()
            .filter(|(_, log)| log.audience.contains(&reader.id));
        for (_, log) in logs {
            let source = entente_node::channel::source_of(&log.owner, &log.agreement);
            let live = log.live();
            let recalled = log
                .entries
                .iter()
                .find(|entry| entry.digest.is_some() && !live.contains_key(&entry.subject));
            match (sabotage, recalled) {
                (Sabotage::Recalled, Some(recalled)) => {
                    let made = self.actors.iter().flat_map(|actor| &actor.made);
                    if let Some(made) = made.into_iter().find(|made| made.id == recalled.subject) {
                        slip_in(reader, &source, made)?;
                    }
                }
                (Sabotage::Missing, _) => {
                    let derive = |text: &[u8]| entente_node::derive::derive_text(text);
                    node.store().apply(&Change {
                        at: 1,
                        withdrawn: live
                            .keys()
                            .map(|id| Withdrawn {
                                source: &source,
                                id,
                                digest: None,
                                derive: &derive,
                            })
                            .collect(),
                        ..Change::default()
                    })?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Puts an object into a store past everything that decides.
fn slip_in(actor: &Actor, source: &str, made: &Made) -> Result<(), Broken> {
    let Some(node) = &actor.node else { return Ok(()) };
    let text = made.text();
    let object = Object::read(text.as_bytes()).ok();
    let version = object.as_ref().and_then(Object::modified);
    let incoming = Incoming {
        id: &made.id,
        type_name: made.type_name,
        version: version.map_or(0, entente_stix::time::Timestamp::micros),
        digest: made.digest(),
        text: text.as_bytes(),
        created_by: object.as_ref().and_then(Object::created_by),
        revoked: false,
        derived: false,
        observables: Vec::new(),
        edges: Vec::new(),
        words: String::new(),
        name: String::new(),
    };
    node.store().ingest(source, 1, &[incoming])?;
    Ok(())
}
