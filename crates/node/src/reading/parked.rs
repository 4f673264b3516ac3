//! What was parked is tried again when its time has come.

use entente_policy::admit::{Admission, Way};
use entente_stix::object::Object;
use entente_store::{Aside, Change, LogEntry, NewAside, Telling};

use std::collections::BTreeSet;

use super::intake::{PARKED, PROPOSAL, RETRY_AFTER, SetAside};
use super::judge::Judge;
use crate::channel::{BOUND, Desk, party_of_source, read_origin};
use crate::derive::{derive, incoming};
use crate::limits::LISTED_MAX;
use crate::noted::Noted;
use crate::{Error, Node};

/// What became of parked objects that were tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Taken in now.
    pub stored: u64,
    /// Kept as proposals now.
    pub proposals: u64,
    /// Still parked, until another time.
    pub parked: u64,
}

impl Node {
    /// Tries again what was parked until now.
    ///
    /// # Errors
    /// The store failed; what was tried before is stored.
    pub fn retry_parked(&self, desk: &Desk<'_>) -> Result<Retried, Error> {
        let _turn = self.turn();
        let mut retried = Retried::default();
        // One that stays parked gets a later time, so the due ones come to an end.
        for aside in self.store.asides_due(desk.at.micros(), LISTED_MAX)? {
            if aside.kind == PARKED {
                self.retry(&aside, desk, &mut retried)?;
            }
        }
        Ok(retried)
    }

    /// How many objects that `party` told are parked; of more than [`LISTED_MAX`] that wait in all, so many are looked at.
    ///
    /// # Errors
    /// The store failed.
    pub fn parked_of(&self, party: &str) -> Result<u64, Error> {
        let waiting = self.store.asides_due(i64::MAX, LISTED_MAX)?;
        let theirs = waiting.iter().filter(|aside| {
            aside.kind == PARKED
                && party_of_source(&aside.source).is_some_and(|(told_by, _)| told_by == party)
        });
        Ok(theirs.count() as u64)
    }

    /// Whether `party` still releases what was parked: not recalled, replaced or past its time since.
    fn stands(&self, aside: &Aside, party: &str, agreement: &str, desk: &Desk<'_>) -> Result<bool, Error> {
        for (origin, number) in self.store.released_in(&aside.id)? {
            let is_theirs =
                read_origin(&origin).is_some_and(|(named, owner)| named == agreement && owner == party);
            if !is_theirs {
                continue;
            }
            let entry = self.store.entries(&origin, number, 1)?.into_iter().next();
            let is_it = |entry: &LogEntry| {
                let is_over = entry
                    .expires_at
                    .is_some_and(|expires| expires <= desk.at.micros());
                entry.number == number && entry.digest == Some(aside.digest) && !is_over
            };
            if entry.as_ref().is_some_and(is_it) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn put_off(&self, aside: &Aside, desk: &Desk<'_>) -> Result<(), Error> {
        self.store.apply(&Change {
            at: desk.at.micros(),
            aside: vec![NewAside {
                kind: PARKED,
                id: &aside.id,
                source: &aside.source,
                digest: aside.digest,
                text: &aside.text,
                reason: &aside.reason,
                until: desk.at.micros().checked_add(RETRY_AFTER),
            }],
            ..Change::default()
        })?;
        Ok(())
    }

    fn retry(&self, aside: &Aside, desk: &Desk<'_>, retried: &mut Retried) -> Result<(), Error> {
        let Some((party, agreement)) = party_of_source(&aside.source) else {
            return Ok(());
        };
        if !self.stands(aside, party, agreement, desk)? {
            self.store.apply(&Change {
                at: desk.at.micros(),
                aside_gone: vec![aside.number],
                ..Change::default()
            })?;
            return Ok(());
        }
        let judge = match Judge::new(self, agreement, Way::Channel, desk.at) {
            // Until the agreement is in force again it makes room for others that are due.
            Err(Error::NotInForce { .. } | Error::UnknownAgreement { .. }) => {
                retried.parked += 1;
                return self.put_off(aside, desk);
            }
            judge => judge?,
        };
        let object = Object::read(&aside.text).map_err(|refusal| Error::Text {
            id: aside.id.clone(),
            cause: refusal.to_string(),
        })?;
        let before = judge.before(object.id(), &aside.source, &BTreeSet::new(), party)?;
        let mut derived = derive(&object);
        let mut change = Change {
            at: desk.at.micros(),
            ..Change::default()
        };
        let put = match judge.admit(&object, party, &before)? {
            Admission::Accept { bind } => {
                retried.stored += 1;
                let observables = &derived.observables;
                Noted::extend(
                    self.store(),
                    observables
                        .iter()
                        .map(|observed| (observed.kind, observed.value.as_str())),
                )?;
                change.told.push(Telling {
                    source: &aside.source,
                    objects: vec![incoming(object.text().as_bytes(), &mut derived, false)],
                });
                if bind.is_some() {
                    change.bound.push((&aside.id, party));
                    change.meta.push((BOUND, Some("yes")));
                }
                change.aside_gone.push(aside.number);
                self.store.apply(&change)?;
                return Ok(());
            }
            Admission::Proposal(cause) => {
                retried.proposals += 1;
                SetAside::new(PROPOSAL, derived, aside.text.clone(), &cause, desk.at)
            }
            Admission::Park(cause) => {
                retried.parked += 1;
                SetAside::new(PARKED, derived, aside.text.clone(), &cause, desk.at)
            }
        };
        change.aside.push(put.as_new(&aside.source));
        self.store.apply(&change)?;
        Ok(())
    }
}
