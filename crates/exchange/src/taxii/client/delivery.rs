//! Handing objects in: envelopes of bounded size, and what became of each object.

use std::collections::VecDeque;

use entente_stix::time::Timestamp;

use super::address::below;
use super::status::Status;
use super::talk::{Heard, Talk};
use super::{Collection, Fault, Oddity, Response, Step};
use crate::limits::{
    TAXII_DELIVERY_BYTES_MAX, TAXII_DELIVERY_OBJECTS_MAX, TAXII_POLL_SECONDS_MAX, TAXII_POLLS_MAX,
};

/// An object to be handed in. That it may go there, the caller has made sure of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its id.
    pub id: String,
    /// Its text.
    pub text: Vec<u8>,
}

/// What became of an object that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// The server has it.
    Accepted,
    /// The server took the request and says nothing of this object.
    Unsaid,
    /// The server refused it: why.
    Refused(String),
}

/// Hands one batch of objects in, and asks until the server says what became of them.
#[derive(Debug)]
pub struct Delivery {
    talk: Talk,
    collection: Collection,
    bytes_max: usize,
    objects_max: usize,
    waiting: VecDeque<Outgoing>,
    /// In the envelope under way.
    sent: Vec<Outgoing>,
    stage: Stage,
    became: Vec<(String, Became)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Sending,
    /// Its status is asked for; the second: how often it was.
    Polling(String, u32),
    Over,
}

const HEAD: &[u8] = b"{\"objects\":[";
const TAIL: &[u8] = b"]}";

impl Delivery {
    /// Hands `objects` in at `collection`, whose root takes requests of `content_bytes_max`.
    pub fn new(collection: &Collection, content_bytes_max: Option<u64>, objects: Vec<Outgoing>) -> Delivery {
        let asked = content_bytes_max.and_then(|bytes| usize::try_from(bytes).ok());
        Delivery {
            talk: Talk::new(collection.root.clone()),
            collection: collection.clone(),
            bytes_max: asked.unwrap_or(usize::MAX).min(TAXII_DELIVERY_BYTES_MAX),
            objects_max: TAXII_DELIVERY_OBJECTS_MAX,
            waiting: objects.into(),
            sent: Vec::new(),
            stage: Stage::Sending,
            became: Vec::new(),
        }
    }

    /// What is to be done next.
    pub fn step(&mut self) -> Step {
        if let Some(seconds) = self.talk.waiting() {
            return Step::Wait(seconds);
        }
        match &self.stage {
            Stage::Over => Step::Done,
            Stage::Polling(id, _) => {
                let url = below(&self.collection.root, &["status", id]);
                Step::Ask(Box::new(self.talk.get(url)))
            }
            Stage::Sending => {
                if self.sent.is_empty() {
                    self.fill();
                }
                if self.sent.is_empty() {
                    self.stage = Stage::Over;
                    return Step::Done;
                }
                let url = below(&self.collection.url, &["objects"]);
                let body = self.envelope();
                Step::Ask(Box::new(self.talk.post(url, body)))
            }
        }
    }

    /// Takes the answer to the last request.
    ///
    /// # Errors
    /// [`Fault`]: of the objects without a word in [`Delivery::became`] nothing is known; hand them in again.
    pub fn take(&mut self, response: &Response, at: Timestamp) -> Result<(), Fault> {
        match self.stage.clone() {
            Stage::Over => Ok(()),
            Stage::Sending => self.take_sent(response, at),
            Stage::Polling(id, polls) => self.take_poll(response, at, id, polls),
        }
    }

    /// What became of the objects so far, in order.
    pub fn became(&self) -> &[(String, Became)] {
        &self.became
    }

    /// In what the server was odd.
    pub fn oddities(&self) -> impl Iterator<Item = &Oddity> {
        self.talk.oddities.iter()
    }

    /// The next envelope: as many objects as fit, at least one.
    fn fill(&mut self) {
        let mut bytes = HEAD.len() + TAIL.len();
        while let Some(object) = self.waiting.front() {
            bytes += object.text.len() + 1;
            let is_full = bytes > self.bytes_max || self.sent.len() >= self.objects_max;
            if is_full && !self.sent.is_empty() {
                return;
            }
            self.sent.extend(self.waiting.pop_front());
        }
    }

    fn envelope(&self) -> Vec<u8> {
        let mut body = HEAD.to_vec();
        for (place, object) in self.sent.iter().enumerate() {
            if place > 0 {
                body.push(b',');
            }
            body.extend_from_slice(&object.text);
        }
        body.extend_from_slice(TAIL);
        body
    }

    fn take_sent(&mut self, response: &Response, at: Timestamp) -> Result<(), Fault> {
        match self.talk.hear("POST", response, at)? {
            Heard::Again => Ok(()),
            Heard::Body => {
                self.take_status(Status::read(&response.body).unwrap_or_default(), 0);
                Ok(())
            }
            Heard::TooMuch => {
                self.smaller();
                Ok(())
            }
            Heard::Missing | Heard::Beyond => Err(self.talk.missing(response.status)),
            // One object may spoil the envelope: alone, each gets its own answer.
            Heard::Rejected(_) if matches!(response.status, 400 | 422) && self.sent.len() > 1 => {
                self.smaller();
                Ok(())
            }
            Heard::Rejected(fault) if matches!(response.status, 400 | 422) => {
                let why = match fault {
                    Fault::Rejected { said, .. } if !said.is_empty() => said,
                    fault => fault.to_string(),
                };
                self.settle(|_| Became::Refused(why.clone()));
                Ok(())
            }
            Heard::Rejected(fault) => Err(fault),
        }
    }

    /// The same objects again, in smaller envelopes.
    fn smaller(&mut self) {
        if self.sent.len() <= 1 {
            return self.settle(|_| Became::Refused("it is bigger than the server takes".to_owned()));
        }
        self.objects_max = (self.sent.len() / 2).max(1);
        for object in self.sent.drain(..).rev() {
            self.waiting.push_front(object);
        }
    }

    fn take_poll(&mut self, response: &Response, at: Timestamp, id: String, polls: u32) -> Result<(), Fault> {
        match self.talk.hear("GET", response, at)? {
            Heard::Again => {}
            Heard::Body => {
                let mut status = Status::read(&response.body).unwrap_or_default();
                status.id.get_or_insert(id);
                self.take_status(status, polls);
            }
            // The server has forgotten it; the objects may well be there.
            _ => self.settle(|_| Became::Unsaid),
        }
        Ok(())
    }

    fn take_status(&mut self, status: Status, polls: u32) {
        if let (false, Some(id)) = (status.is_complete, &status.id)
            && polls < TAXII_POLLS_MAX
        {
            self.stage = Stage::Polling(id.clone(), polls + 1);
            self.talk.wait((1 << polls.min(5)).min(TAXII_POLL_SECONDS_MAX));
            return;
        }
        self.settle(|id| match status.said.get(id) {
            Some(Ok(())) => Became::Accepted,
            Some(Err(why)) => Became::Refused(why.clone()),
            None if status.is_complete && status.is_all_good => Became::Accepted,
            None => Became::Unsaid,
        });
    }

    fn settle(&mut self, became: impl Fn(&str) -> Became) {
        for object in self.sent.drain(..) {
            let became = became(&object.id);
            self.became.push((object.id, became));
        }
        self.stage = Stage::Sending;
    }
}
