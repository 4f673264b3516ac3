//! The book of parties and agreements: what the acts, read in order, come to.
//!
//! [`Ledger::take`] is the one rule for what counts; it is asked when an act comes in, and again whenever the
//! store's acts are read, with the time at which the act was logged.

mod door;
mod pacts;
mod parties;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use entente_policy::agreement::Agreement;
use entente_policy::terms::Terms;
use entente_stix::time::Timestamp;
use entente_store::Store;

use super::{Act, Door, Kind, Refusal};
use crate::Error;
use crate::limits::ACTS_PAGE_MAX;
use crate::pact::note::Word;
use crate::party::{IDENTITY, Party};
use pacts::terms_of;

/// What all acts so far come to.
#[derive(Clone, Default)]
pub(crate) struct Ledger {
    /// The id of the node's own identity, a party or not.
    me: Option<String>,
    /// The number of the last act that is in here.
    last: u64,
    parties: BTreeMap<String, Book>,
    pacts: BTreeMap<String, PactBook>,
}

/// A party with the notes that say so.
#[derive(Clone)]
pub(crate) struct Book {
    pub(crate) party: Party,
    pub(crate) modified: Timestamp,
    pub(crate) card: Arc<str>,
    pub(crate) list: Option<Arc<str>>,
}

/// An agreement: its versions, and what parties said about it.
#[derive(Clone, Default)]
pub(crate) struct PactBook {
    pub(crate) versions: BTreeMap<u32, Text>,
    /// The last word of each party about going on, by party.
    pub(crate) words: BTreeMap<String, Said>,
    pub(crate) left: BTreeMap<String, Said>,
    /// Digests of drafts that gave way to another text. The store logs an act once, so they do not come back.
    replaced: BTreeSet<[u8; 32]>,
}

/// One version's text, and who signed it.
#[derive(Clone)]
pub(crate) struct Text {
    pub(crate) agreement: Arc<Agreement>,
    pub(crate) canonical: Arc<str>,
    pub(crate) digest: [u8; 32],
    /// The signatures of each party, oldest first: one for each key it signed with.
    pub(crate) signatures: BTreeMap<String, Vec<Signed>>,
    /// Compiled when first asked for.
    terms: OnceLock<Arc<Terms>>,
}

impl Text {
    /// The version as rules.
    pub(crate) fn terms(&self) -> Result<Arc<Terms>, Error> {
        if let Some(terms) = self.terms.get() {
            return Ok(Arc::clone(terms));
        }
        let terms = Arc::new(terms_of(&self.agreement)?);
        Ok(Arc::clone(self.terms.get_or_init(|| terms)))
    }

    /// Whether every party signed.
    pub(crate) fn is_complete(&self) -> bool {
        let signed = |identity: &String| self.signatures.contains_key(identity);
        self.agreement
            .parties
            .iter()
            .all(|member| signed(&member.identity))
    }
}

/// A signature as it was logged.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) at: Timestamp,
    pub(crate) key: String,
    pub(crate) note: Arc<str>,
}

/// A party's word as it was logged.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) word: Word,
    pub(crate) note: Arc<str>,
    /// How many there have been.
    count: u64,
}

/// Whom an act is about, and what it changed.
#[derive(Clone, Default)]
pub(crate) struct Stood {
    pub(crate) subject: String,
    pub(crate) by: Option<String>,
    pub(crate) effect: Effect,
}

/// What an act changed.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing that was not known.
    #[default]
    None,
    /// It is to be logged.
    Logged,
    /// It is to be logged, and this identity object to be taken in.
    Identity(String),
}

impl Ledger {
    /// Reads the acts that the store has beyond the last one that is in here.
    pub(crate) fn read_on(&mut self, store: &dyn Store) -> Result<(), Error> {
        if self.me.is_none() {
            self.me = store.meta(IDENTITY)?;
        }
        loop {
            let acts = store.acts(self.last, ACTS_PAGE_MAX)?;
            if acts.is_empty() {
                return Ok(());
            }
            for logged in acts {
                let damaged = |cause: String| Error::Acts {
                    number: logged.number,
                    cause,
                };
                let kind = Kind::of(&logged.kind)
                    .ok_or_else(|| damaged(format!("`{}` is no kind of act", logged.kind)))?;
                let text = String::from_utf8(logged.text.clone())
                    .map_err(|_| damaged("it is not UTF-8".to_owned()))?;
                let at = Timestamp::from_micros(logged.at);
                self.take(&Act { kind, text }, at, &mut Stood::default())
                    .map_err(|refusal| damaged(refusal.to_string()))?;
                self.last = logged.number;
            }
        }
    }

    /// Notes that everything up to `number` is in here.
    pub(crate) fn logged(&mut self, number: Option<u64>) {
        self.last = self.last.max(number.unwrap_or(0));
    }

    /// The node's own identity, a party or not.
    pub(crate) fn identity(&self) -> Option<&str> {
        self.me.as_deref()
    }

    /// This node's own party.
    pub(crate) fn me(&self) -> Option<&Book> {
        self.parties.get(self.me.as_deref()?)
    }

    pub(crate) fn parties(&self) -> &BTreeMap<String, Book> {
        &self.parties
    }

    pub(crate) fn pacts(&self) -> &BTreeMap<String, PactBook> {
        &self.pacts
    }

    /// A party as people call it, with its id.
    pub(crate) fn call(&self, id: &str) -> String {
        match self.parties.get(id) {
            Some(book) => format!("`{}` ({id})", book.party.name),
            None => format!("`{id}`"),
        }
    }

    /// `take` for an act that comes in now, if it may come in at all.
    pub(crate) fn admit(
        &mut self,
        act: &Act,
        door: Door,
        at: Timestamp,
        stood: &mut Stood,
    ) -> Result<(), Refusal> {
        self.may_come_in(act, door, stood)?;
        self.take(act, at, stood)
    }

    /// Takes an act in, as of the time at which it is or was logged. After a refusal nothing has changed; `stood`
    /// tells as much as could be read.
    pub(crate) fn take(&mut self, act: &Act, at: Timestamp, stood: &mut Stood) -> Result<(), Refusal> {
        stood.effect = match act.kind {
            Kind::Party => self.take_card(&act.text, stood)?,
            Kind::Keys => self.take_list(&act.text, at, stood)?,
            Kind::Agreement => self.take_agreement(&act.text, stood)?,
            Kind::Signature => self.take_signature(&act.text, at, stood)?,
            Kind::Suspension | Kind::Resumption | Kind::Leaving => {
                self.take_word(act.kind, &act.text, at, stood)?
            }
        };
        Ok(())
    }
}

fn require_room(what: &'static str, held: usize, limit: usize) -> Result<(), Refusal> {
    if held < limit {
        return Ok(());
    }
    Err(Refusal::TooMany {
        what,
        limit: limit as u64,
    })
}

pub(crate) fn hex(digest: &[u8; 32]) -> String {
    entente_stix::digest::Digest::from_bytes(*digest).to_string()
}
