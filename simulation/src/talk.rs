//! Conversations over the network, and what is watched while they go on.

use entente_exchange::message::Answer;
use entente_exchange::{Sync, answer, read_answers};
use entente_node::view::Slice;
use entente_stix::marking::Tlp;
use entente_stix::object::Object;

use crate::actor::Talk;
use crate::network::{Message, Place};
use crate::rules::{Broken, Rule};
use crate::world::World;

/// After so long an answer does not come any more, in microseconds.
const PATIENCE: u64 = 60_000_000;

impl World {
    /// Begins a conversation, unless one with that peer is under way.
    pub(crate) fn begin(&mut self, from: Place, to: Place) -> Result<(), Broken> {
        let (now, peer) = (self.now, self.actor(to)?.id.clone());
        let actor = self.actor_mut(from)?;
        if actor
            .talks
            .get(&to)
            .is_some_and(|talk| now < talk.asked_at + PATIENCE)
        {
            return Ok(());
        }
        let talk = Talk {
            sync: Sync::new(&peer),
            number: 0,
            asked_at: now,
        };
        actor.talks.insert(to, talk);
        self.count("conversations begun");
        self.ask(from, to)
    }

    /// Sends the next question of a conversation, or ends it.
    fn ask(&mut self, from: Place, to: Place) -> Result<(), Broken> {
        let number = self.random.draw();
        let now = self.now;
        let actor = self.actor_mut(from)?;
        let Some(mut talk) = actor.talks.remove(&to) else {
            return Ok(());
        };
        let asked = actor.at_desk(now, |node, desk| talk.sync.ask(node, desk));
        match asked {
            Some(Ok(Some(bytes))) => {
                talk.number = number;
                talk.asked_at = now;
                actor.talks.insert(to, talk);
                let is_answer = false;
                let message = Message {
                    from,
                    to,
                    is_answer,
                    number,
                    bytes,
                };
                self.network.send(message, now, &mut self.random);
            }
            Some(Ok(None)) => {
                self.count("conversations ended");
                let account = talk.sync.account();
                for (what, why) in account.withheld.iter().chain(&account.refused) {
                    self.tell(format!("{from} with {to}: `{what}`: {why}"));
                }
            }
            Some(Err(error)) => self.talk_failed(from, to, &error)?,
            None => {}
        }
        Ok(())
    }

    /// A message arrives.
    pub(crate) fn deliver(&mut self, message: Message) -> Result<(), Broken> {
        match message.is_answer {
            true => self.deliver_answer(message),
            false => self.deliver_question(message),
        }
    }

    fn deliver_question(&mut self, message: Message) -> Result<(), Broken> {
        let Message {
            from,
            to,
            number,
            bytes,
            ..
        } = message;
        let (now, peer) = (self.now, self.actor(from)?.id.clone());
        let is_other = self.shows_other(to, from);
        let actor = self.actor(to)?;
        let answered = match is_other {
            true => self.answer_as_other(to, &peer, &bytes),
            false => actor.at_desk(now, |node, desk| answer(&node.view(&peer, desk.at), desk, &bytes)),
        };
        let bytes = match answered {
            None => return Ok(()),
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) => {
                self.blown(to)?;
                return Err(
                    Rule::Unexpected.broken(format!("{} cannot answer: {error}", self.actor(to)?.name))
                );
            }
        };
        self.after_act(to)?;
        self.watch_answer(to, from, &bytes)?;
        let is_answer = true;
        let answer = Message {
            from: to,
            to: from,
            is_answer,
            number,
            bytes,
        };
        self.network.send(answer, now, &mut self.random);
        Ok(())
    }

    fn deliver_answer(&mut self, message: Message) -> Result<(), Broken> {
        let Message {
            from,
            to,
            number,
            bytes,
            ..
        } = message;
        let now = self.now;
        // An answer of another time is for the most part thrown away, as a transport does; else it is taken for the
        // one that is awaited, which must do no harm.
        let takes_stale = self.random.chance(20);
        let actor = self.actor_mut(to)?;
        let Some(mut talk) = actor.talks.remove(&from) else {
            return Ok(());
        };
        if talk.number != number && !takes_stale {
            actor.talks.insert(from, talk);
            return Ok(());
        }
        let before = talk.sync.account().alarms.len();
        let taken = actor.at_desk(now, |node, desk| talk.sync.take(node, desk, &bytes));
        let alarms = talk
            .sync
            .account()
            .alarms
            .iter()
            .skip(before)
            .cloned()
            .collect::<Vec<_>>();
        actor.talks.insert(from, talk);
        match taken {
            Some(Ok(())) => {
                self.raised(to, &alarms);
                self.after_act(to)?;
                self.check_visible(to)?;
                self.ask(to, from)
            }
            Some(Err(error)) => {
                self.actor_mut(to)?.talks.remove(&from);
                self.talk_failed(to, from, &error)?;
                match self.actor(to)?.node.is_some() {
                    true => self.check_visible(to),
                    false => Ok(()),
                }
            }
            None => Ok(()),
        }
    }

    /// A conversation ends before its time. That a peer sends rubbish or refuses is no violation; that this node
    /// itself fails is one, unless its power went.
    fn talk_failed(
        &mut self,
        place: Place,
        peer: Place,
        error: &entente_exchange::Error,
    ) -> Result<(), Broken> {
        use entente_exchange::Error;
        if self.blown(place)? {
            return Ok(());
        }
        self.tell(format!("{place} with {peer}: {error}"));
        self.count("conversations broken off");
        match error {
            Error::Node(error) => self.require_reason(place, error),
            Error::Own(_) | Error::Pack(_) => Err(Rule::Unexpected.broken(error.to_string())),
            _ => Ok(()),
        }
    }

    /// What is in an answer may be there: under an agreement in force, within its ceiling.
    fn watch_answer(&mut self, owner: Place, reader: Place, bytes: &[u8]) -> Result<(), Broken> {
        let reader_id = self.actor(reader)?.id.clone();
        let Ok(answers) = read_answers(bytes) else {
            return Err(Rule::Unexpected.broken("an answer cannot be read".to_owned()));
        };
        for answer in answers {
            match answer {
                Answer::Slice(slice) => {
                    self.logs.show(&slice.head, &reader_id);
                    self.watch_slice(owner, reader, &slice)?;
                }
                Answer::Channels(offers) => {
                    offers
                        .iter()
                        .for_each(|offer| self.logs.show(&offer.head, &reader_id));
                }
                Answer::Heads { notes, .. } => notes.iter().for_each(|note| self.logs.show(note, &reader_id)),
                _ => {}
            }
        }
        Ok(())
    }

    /// What is handed over may be handed over.
    pub(crate) fn watch_slice(&mut self, owner: Place, reader: Place, slice: &Slice) -> Result<(), Broken> {
        self.count("slices handed over");
        let actor = self.actor(owner)?;
        if actor.is_hostile || slice.entries.is_empty() {
            return Ok(());
        }
        let Some((agreement, _)) = entente_node::channel::read_origin(&slice.origin) else {
            return Err(Rule::InForce.broken(format!("`{}` is the log of no agreement", slice.origin)));
        };
        let pact = self.pacts.get(agreement);
        let may = pact.is_some_and(|pact| {
            pact.members.contains(&reader) && pact.may_be_in_force(owner, actor.clock(self.now))
        });
        if !may {
            let how = format!(
                "{owner} told {reader} of `{}`, and no agreement was in force",
                slice.origin
            );
            return Err(Rule::InForce.broken(how));
        }
        let ceiling = pact.and_then(|pact| pact.ceiling()).unwrap_or(Tlp::Clear);
        for content in slice.entries.iter().filter_map(|entry| entry.content.as_deref()) {
            let object =
                Object::read(content).map_err(|why| Rule::Ceiling.broken(format!("no object: {why}")))?;
            if Tlp::of_object(&object).is_some_and(|tlp| tlp > ceiling) {
                let how = format!(
                    "{owner} told {reader} of `{}`, which is above {ceiling}",
                    object.id()
                );
                return Err(Rule::Ceiling.broken(how));
            }
        }
        Ok(())
    }
}
