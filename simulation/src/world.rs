//! The simulated world: organisations, the network between them, couriers with bundles, and the truth about what
//! was signed, made and released. Begin at [`World::new`] and [`World::step`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use entente_exchange::bundle;
use entente_policy::agreement::Member;
use entente_stix::time::Timestamp;
use tempfile::TempDir;

use crate::actor::{ACTORS_MAX, Actor};
use crate::hostile::Others;
use crate::logs::Logs;
use crate::network::{Network, Place, Weather};
use crate::operation::Operation;
use crate::pacts::{self, PactTruth, Pacts, VersionTruth};
use crate::parcel::Parcel;
use crate::random::Random;
use crate::rules::{Broken, Rule};
use crate::sabotage::Sabotage;
use crate::truth::Truth;

/// When every world begins: 2026-06-01T00:00:00Z.
const BEGINNING: u64 = 1_780_272_000_000_000;

/// Lines of what happened that are kept for whoever looks for a cause.
const TRACE_MAX: usize = 60;

/// A world.
pub struct World {
    /// What is drawn from.
    pub random: Random,
    /// Virtual time, in microseconds since 1970.
    pub now: u64,
    /// The organisations, by place.
    pub actors: Vec<Actor>,
    /// Between them.
    pub network: Network,
    /// Bundles on their way.
    pub parcels: Vec<Parcel>,
    /// The agreements, as they really are.
    pub pacts: Pacts,
    /// The logs, as anybody ever saw them.
    pub logs: Logs,
    /// Who made what.
    pub(crate) truth: Truth,
    /// The second nodes of liars.
    pub(crate) others: Others,
    /// A rule that is broken on purpose, to see that it is watched.
    pub sabotage: Option<Sabotage>,
    /// How often each thing happened.
    pub counts: BTreeMap<&'static str, u64>,
    trace: VecDeque<String>,
    verbose: Box<dyn FnMut(&str)>,
    folder: TempDir,
}

impl World {
    /// The world of a seed: organisations that know each other, and agreements between them.
    ///
    /// # Errors
    /// Something failed that has no reason to.
    pub fn new(seed: u64, verbose: Box<dyn FnMut(&str)>) -> Result<World, Broken> {
        let mut world = World {
            random: Random::new(seed),
            now: BEGINNING,
            actors: Vec::new(),
            network: Network::default(),
            parcels: Vec::new(),
            pacts: Pacts::new(),
            logs: Logs::default(),
            truth: Truth::default(),
            others: Others::new(),
            sabotage: None,
            counts: BTreeMap::new(),
            trace: VecDeque::new(),
            verbose,
            folder: tempfile::tempdir()?,
        };
        // Most worlds are small: what takes many nodes shows with four.
        let count = match world.random.below(10) {
            0..6 => 3,
            6..9 => 4,
            _ => world.random.between(5, ACTORS_MAX as u64) as usize,
        };
        for place in 0..count {
            world.found(place)?;
        }
        world.introduce()?;
        world.agree("alpha", (0..count).collect())?;
        if world.random.chance(50) {
            let members = (0..count)
                .filter(|_| world.random.chance(60))
                .collect::<BTreeSet<_>>();
            if members.len() >= 2 {
                world.agree("beta", members)?;
            }
        }
        if world.random.chance(40) {
            let liar = world.random.below(count);
            world.actor_mut(liar)?.is_hostile = true;
            world.tell(format!("party {liar} lies"));
        }
        Ok(world)
    }

    fn found(&mut self, place: Place) -> Result<(), Broken> {
        let folder = self.folder.path().join(place.to_string());
        let mut actor = Actor::new(place, folder, &mut self.random)?;
        let recipient =
            bundle::recipient(actor.secret()).map_err(|error| Rule::Unexpected.broken(error.to_string()))?;
        let uuid = self.random.uuid();
        actor.start(self.now)?;
        let now = self.now;
        let identity = actor
            .at_desk(now, |node, desk| node.identity(&uuid, desk.at))
            .transpose()?;
        actor.id = identity.unwrap_or_default();
        let name = actor.name.clone();
        actor
            .at_desk(now, |node, desk| {
                node.found(&name, desk.keys, &recipient, desk.at)
            })
            .transpose()?;
        self.actors.push(actor);
        Ok(())
    }

    /// Everybody takes everybody's card, handed over in person.
    fn introduce(&mut self) -> Result<(), Broken> {
        let now = self.now;
        let cards: Vec<_> = self
            .actors
            .iter()
            .filter_map(|actor| actor.at_desk(now, |node, _| node.card(&actor.id)))
            .collect::<Result<_, _>>()?;
        for (place, actor) in self.actors.iter().enumerate() {
            for (_, card) in cards.iter().enumerate().filter(|(other, _)| *other != place) {
                actor
                    .at_desk(now, |node, desk| node.meet(card, desk.at))
                    .transpose()?;
            }
        }
        Ok(())
    }

    /// An agreement is written by its first member, and most sign at once.
    fn agree(&mut self, id: &str, members: BTreeSet<Place>) -> Result<(), Broken> {
        let now = Timestamp::from_micros(self.now as i64);
        let named = members
            .iter()
            .map(|place| self.member(*place))
            .collect::<Result<_, _>>()?;
        let agreement = pacts::first(id, named, now, &mut self.random);
        let truth = PactTruth {
            id: id.to_owned(),
            members: members.clone(),
            versions: vec![VersionTruth {
                agreement: agreement.clone(),
                signed: BTreeSet::new(),
            }],
            suspended: BTreeSet::new(),
            unsure: BTreeSet::new(),
        };
        self.pacts.insert(id.to_owned(), truth);
        let mut file: Option<String> = None;
        for place in members {
            let toml = agreement.to_toml();
            let now = self.now;
            let actor = self.actor(place)?;
            actor
                .at_desk(now, |node, desk| match &file {
                    Some(file) => node.take_pact_file(file, desk.at).map(drop),
                    None => node.draft(&toml, desk.at).map(drop),
                })
                .transpose()?;
            if self.random.chance(95) {
                self.apply(&Operation::Sign {
                    place,
                    pact: id.to_owned(),
                })?;
            }
            file = self
                .actor(place)?
                .at_desk(now, |node, _| node.pact_file(id))
                .transpose()?;
        }
        // The first ones have not seen what the last ones signed; it reaches them when they talk, or here.
        if let Some(file) = file
            && self.random.chance(80)
        {
            for actor in &self.actors {
                actor
                    .at_desk(self.now, |node, desk| node.take_pact_file(&file, desk.at))
                    .transpose()?;
            }
        }
        Ok(())
    }

    fn member(&self, place: Place) -> Result<Member, Broken> {
        let actor = self.actor(place)?;
        let me = actor
            .at_desk(self.now, |node, _| node.me())
            .transpose()?
            .flatten();
        let me = me.ok_or_else(|| Rule::Unexpected.broken(format!("{} is no party", actor.name)))?;
        Ok(Member {
            name: format!("p{place}"),
            identity: me.id,
            root_key: me.root.to_string(),
        })
    }

    /// Something happens, time goes on, and what is on its way arrives.
    ///
    /// # Errors
    /// A rule is broken.
    pub fn step(&mut self) -> Result<(), Broken> {
        let operation = Operation::choose(self);
        let applied = self.apply(&operation);
        self.forgive(applied)?;
        let pause = match self.random.below(10) {
            0..6 => self.random.between(10_000, 2_000_000),
            6..9 => self.random.between(2_000_000, 120_000_000),
            _ => self.random.between(120_000_000, 7_200_000_000),
        };
        self.pass(pause)
    }

    /// Time goes on; everything that arrives meanwhile is delivered at its time.
    ///
    /// # Errors
    /// A rule is broken.
    pub fn pass(&mut self, pause: u64) -> Result<(), Broken> {
        let until = self.now + pause;
        loop {
            let message = self.network.next_at();
            let parcel = self.parcels.iter().map(|parcel| parcel.arrives_at).min();
            match (message, parcel) {
                (Some(at), parcel) if at <= until && parcel.is_none_or(|parcel| at <= parcel) => {
                    self.now = self.now.max(at);
                    if let Some((_, message)) = self.network.arrive() {
                        let delivered = self.deliver(message);
                        self.forgive(delivered)?;
                    }
                }
                (_, Some(at)) if at <= until => {
                    self.now = self.now.max(at);
                    let handed_over = self.hand_over(at);
                    self.forgive(handed_over)?;
                }
                _ => break,
            }
        }
        self.now = until;
        Ok(())
    }

    /// That something failed where the power went is no violation: then the node is gone.
    fn forgive(&mut self, done: Result<(), Broken>) -> Result<(), Broken> {
        let mut is_excused = false;
        for place in 0..self.actors.len() {
            is_excused |= self.blown(place)?;
        }
        match done {
            Err(Broken {
                rule: Rule::Unexpected,
                ..
            }) if is_excused => Ok(()),
            done => done,
        }
    }

    /// The weather of the world, drawn anew.
    pub fn change_weather(&mut self) {
        let mut bad = |percent| {
            if self.random.chance(50) {
                self.random.between(0, percent)
            } else {
                0
            }
        };
        let weather = Weather {
            lost: bad(30),
            doubled: bad(20),
            cut: bad(10),
            garbled: bad(10),
            delay_max: 1_000 + bad(20) * 500_000,
        };
        self.tell(format!("weather: {weather:?}"));
        self.network.set_weather(weather);
    }

    /// The organisation at a place.
    ///
    /// # Errors
    /// There is none.
    pub fn actor(&self, place: Place) -> Result<&Actor, Broken> {
        self.actors.get(place).ok_or_else(|| nobody(place))
    }

    /// The organisation at a place.
    ///
    /// # Errors
    /// There is none.
    pub fn actor_mut(&mut self, place: Place) -> Result<&mut Actor, Broken> {
        self.actors.get_mut(place).ok_or_else(|| nobody(place))
    }

    /// Who has this identity.
    pub fn place_of(&self, id: &str) -> Option<Place> {
        self.actors.iter().position(|actor| actor.id == id)
    }

    /// Notes what happened.
    pub fn tell(&mut self, what: String) {
        let line = format!("{:>14.3}s {what}", (self.now - BEGINNING) as f64 / 1e6);
        (self.verbose)(&line);
        if self.trace.len() == TRACE_MAX {
            self.trace.pop_front();
        }
        self.trace.push_back(line);
    }

    /// Counts what happened.
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// The last things that happened.
    pub fn trace(&self) -> Vec<String> {
        self.trace.iter().cloned().collect()
    }
}

fn nobody(place: Place) -> Broken {
    Rule::Unexpected.broken(format!("there is no place {place}"))
}
