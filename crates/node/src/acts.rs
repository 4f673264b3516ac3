//! What parties did, in the order in which it was taken in here: signed notes and the agreements they sign.
//!
//! Acts are the truth about parties and agreements; [`crate::party`] and [`crate::pact`] read them. An act is
//! taken in only if it is good at that moment, by the key lists known then; read again later in the same order
//! it is good again, so a signature that came before a revocation stays good. Begin at [`Node::take_acts`].

pub mod file;
mod ledger;
mod refusal;
mod single;

use std::sync::MutexGuard;

use entente_policy::agreement::Agreement;
use entente_stix::digest::Digest;
use entente_stix::time::Timestamp;
use entente_store::{Change, Derived, NewAct, Telling};

pub(crate) use ledger::{Book, Effect, Ledger, PactBook, Said, Stood, Text};
pub use refusal::Refusal;

use crate::channel::BOUND;
use crate::derive::{derive_text, incoming};
use crate::pact::note::Signature;
use crate::sighting::OWN_SOURCE;
use crate::{Error, Node};

/// What an act is. The store keeps the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A party's STIX identity and root key, signed by that key.
    Party,
    /// A party's list of keys, signed by its root key.
    Keys,
    /// The canonical text of one version of an agreement. Signed by the notes that name its digest.
    Agreement,
    /// A party's signature under one version of an agreement.
    Signature,
    /// A party holds an agreement up.
    Suspension,
    /// The same party lets it go on.
    Resumption,
    /// A party leaves an agreement for good.
    Leaving,
}

impl Kind {
    /// Every kind, in the order in which a file lists them.
    pub const ALL: [Kind; 7] = [
        Kind::Party,
        Kind::Keys,
        Kind::Agreement,
        Kind::Signature,
        Kind::Suspension,
        Kind::Resumption,
        Kind::Leaving,
    ];

    /// The name in the store, in files, and in the first line of the note.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Party => "party",
            Kind::Keys => "keys",
            Kind::Agreement => "agreement",
            Kind::Signature => "signature",
            Kind::Suspension => "suspension",
            Kind::Resumption => "resumption",
            Kind::Leaving => "leaving",
        }
    }

    /// The kind of this name.
    pub fn of(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An act as it travels: a signed note, or the canonical text of an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What it is.
    pub kind: Kind,
    /// Its text, exactly.
    pub text: String,
}

/// What became of one act that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What it is.
    pub kind: Kind,
    /// Whom or what it is about: a party's id, or an agreement's. Empty where that could not be read.
    pub subject: String,
    /// Whose act it is, where that could be read: a party's id.
    pub by: Option<String>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is good, and was not known.
    New,
    /// It was known, or says nothing that was not.
    Known,
    /// It is not taken in, and why.
    Refused(Refusal),
}

/// Which way an act comes in: what is asked of it beyond being good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// This node's own party does it.
    Ourselves,
    /// The operator vouches for the cards: unknown parties become known.
    Cards,
    /// The operator hands it in: what is held stays.
    Desk,
    /// The operator means it: another text takes the place of any draft that may still change.
    Replacing,
    /// A peer says it. Unknown parties become known only where an agreement that this node's own party signed names
    /// them with this very root key.
    Peers,
}

impl Node {
    /// Takes in what is good of `acts`, durably and in one go, and tells the fate of each, in order.
    ///
    /// A party that is not known is taken in only where an agreement that this node's own party signed names it
    /// with the same root key; [`Node::meet`] is the operator's way to make one known.
    ///
    /// # Errors
    /// The store failed: nothing was taken in. A bad act is no error; its fate says why.
    pub fn take_acts(&self, acts: &[Act], at: Timestamp) -> Result<Vec<Taken>, Error> {
        self.take_acts_from(acts, Door::Peers, at)
    }

    /// What [`Node::take_acts`] would tell, with nothing taken in.
    ///
    /// # Errors
    /// The store failed, or an act in it is damaged.
    pub fn would_take(&self, acts: &[Act], at: Timestamp) -> Result<Vec<Taken>, Error> {
        let mut ledger = self.ledger()?.clone();
        Ok(acts
            .iter()
            .map(|act| ledger.told(act, Door::Peers, at).1)
            .collect())
    }

    /// The text of a note of `party`, if a key signed it that counts at `at`; as if `also` had been taken in, so that
    /// what comes with new keys can be checked before anything is stored.
    ///
    /// # Errors
    /// [`Error::Act`] where the note is not good; or the store failed.
    pub fn verify_by(&self, party: &str, note: &str, also: &[Act], at: Timestamp) -> Result<String, Error> {
        let mut ledger = self.ledger()?.clone();
        for act in also {
            ledger.told(act, Door::Peers, at);
        }
        Ok(ledger.verified(party, note, at)?)
    }

    /// As [`Node::take_acts_from`], for a file that says what was signed: a text in it that a signature beside it does
    /// not fit was exchanged or changed underway, and is not kept.
    pub(crate) fn take_whole(&self, acts: &[Act], door: Door, at: Timestamp) -> Result<Vec<Taken>, Error> {
        let mut told: Vec<Taken> = {
            let mut ledger = self.ledger()?.clone();
            acts.iter().map(|act| ledger.told(act, door, at).1).collect()
        };
        let changed: Vec<(usize, Refusal)> = acts
            .iter()
            .enumerate()
            .filter_map(|(place, act)| Some((place, changed_text(act, &told, acts)?)))
            .collect();
        if changed.is_empty() {
            return self.take_acts_from(acts, door, at);
        }
        for (place, refusal) in changed {
            if let Some(taken) = told.get_mut(place) {
                taken.fate = Fate::Refused(refusal);
            }
        }
        let is_left = |taken: &Taken| !matches!(taken.fate, Fate::Refused(_));
        let left = acts.iter().zip(&told).filter(|(_, taken)| is_left(taken));
        let left: Vec<Act> = left.map(|(act, _)| act.clone()).collect();
        let mut fates = self.take_acts_from(&left, door, at)?.into_iter();
        let places = told.iter_mut().filter(|taken| is_left(taken));
        places
            .zip(fates.by_ref())
            .for_each(|(place, taken)| *place = taken);
        Ok(told)
    }

    pub(crate) fn take_acts_from(
        &self,
        acts: &[Act],
        door: Door,
        at: Timestamp,
    ) -> Result<Vec<Taken>, Error> {
        let mut ledger = self.ledger()?;
        let mut taken = Vec::with_capacity(acts.len());
        let mut good = Vec::new();
        for act in acts {
            let (stood, told) = ledger.told(act, door, at);
            if told.fate == Fate::New {
                good.push((act, stood));
            }
            taken.push(told);
        }
        if let Err(error) = self.log_acts(&mut ledger, &good, at) {
            // The book is ahead of the store now; it is read anew.
            *ledger = Ledger::default();
            return Err(error);
        }
        Ok(taken)
    }

    /// Makes acts durable that the ledger admitted: the acts, the identities of parties, and whose those are.
    fn log_acts(&self, ledger: &mut Ledger, good: &[(&Act, Stood)], at: Timestamp) -> Result<(), Error> {
        if good.is_empty() {
            return Ok(());
        }
        let mut change = Change {
            at: at.micros(),
            ..Change::default()
        };
        let mut identities = Vec::new();
        for (act, stood) in good {
            change.acts.push(NewAct {
                kind: act.kind.name(),
                subject: &stood.subject,
                digest: *Digest::of(act.text.as_bytes()).as_bytes(),
                text: act.text.as_bytes(),
            });
            if let Effect::Identity(text) = &stood.effect {
                change.bound.push((&stood.subject, &stood.subject));
                identities.push(Identity::of(&stood.subject, text, ledger.identity())?);
            }
        }
        if !change.bound.is_empty() {
            change.meta.push((BOUND, Some("yes")));
        }
        for identity in &mut identities {
            change.told.push(Telling {
                source: &identity.source,
                objects: vec![incoming(identity.text.as_bytes(), &mut identity.derived, false)],
            });
        }
        let applied = self.store.apply(&change)?;
        ledger.logged(applied.acts.into_iter().flatten().max());
        Ok(())
    }

    /// The book of parties and agreements, with everything that the store has.
    pub(crate) fn ledger(&self) -> Result<MutexGuard<'_, Ledger>, Error> {
        let mut ledger = self.acts.lock().unwrap_or_else(|poisoned| {
            // A thread that panicked may have left the book half written: it is read anew.
            let mut ledger = poisoned.into_inner();
            *ledger = Ledger::default();
            ledger
        });
        ledger.read_on(self.store())?;
        Ok(ledger)
    }
}

/// Why a text is not kept that a signature in the same file does not fit.
fn changed_text(act: &Act, told: &[Taken], acts: &[Act]) -> Option<Refusal> {
    let place = acts.iter().position(|other| std::ptr::eq(other, act))?;
    if act.kind != Kind::Agreement || told.get(place)?.fate != Fate::New {
        return None;
    }
    let agreement = Agreement::from_canonical(act.text.as_bytes()).ok()?;
    let about_it = |act: &Act| {
        single::Single::read("the signature", &act.text)
            .ok()
            .and_then(|single| Signature::read(single.text()).ok())
            .is_some_and(|signed| signed.agreement == agreement.id && signed.version == agreement.version)
    };
    let misfits = acts.iter().zip(told).any(|(other, taken)| {
        let is_misfit = matches!(
            taken.fate,
            Fate::Refused(Refusal::SignedOtherText { .. } | Refusal::BadSignature { .. })
        );
        other.kind == Kind::Signature && is_misfit && about_it(other)
    });
    misfits.then(|| Refusal::ChangedText {
        digest: Digest::from_bytes(agreement.digest()).to_string(),
        agreement: agreement.id,
        version: agreement.version,
    })
}

impl Ledger {
    /// Takes an act in if it may come in and is good, and tells what became of it.
    pub(crate) fn told(&mut self, act: &Act, door: Door, at: Timestamp) -> (Stood, Taken) {
        let mut stood = Stood::default();
        let fate = match self.admit(act, door, at, &mut stood) {
            Ok(()) if stood.effect == Effect::None => Fate::Known,
            Ok(()) => Fate::New,
            Err(refusal) => Fate::Refused(refusal),
        };
        let taken = Taken {
            kind: act.kind,
            subject: stood.subject.clone(),
            by: stood.by.clone(),
            fate,
        };
        (stood, taken)
    }
}

/// The identity object of a party on its way to the store.
struct Identity<'a> {
    source: String,
    text: &'a str,
    derived: Derived,
}

impl<'a> Identity<'a> {
    fn of(party: &str, text: &'a str, me: Option<&str>) -> Result<Identity<'a>, Error> {
        let derived = derive_text(text.as_bytes()).map_err(|cause| Error::Text {
            id: party.to_owned(),
            cause,
        })?;
        let source = if me == Some(party) {
            OWN_SOURCE.to_owned()
        } else {
            format!("party/{party}")
        };
        Ok(Identity {
            source,
            text,
            derived,
        })
    }
}
