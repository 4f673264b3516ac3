//! Agreements between parties: drafts, signatures, amendments, suspension and leaving, and how they stand.
//!
//! The texts and notes are acts ([`crate::acts`]); whether an agreement is in force is `policy::standing`'s to say.
//! Begin at [`Node::draft`], [`Node::sign`] and [`Node::pact`].

pub(crate) mod note;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use entente_policy::agreement::Agreement;
use entente_policy::standing::{self, Standing, standing_of};
use entente_policy::terms::Terms;
use entente_stix::time::Timestamp;
use entente_translog::note::sign;

use crate::acts::{self, Act, Door, Kind, PactBook, Refusal, Said, Taken, Text};
use crate::keys::Keys;
use crate::{Error, Node};
use note::{Signature, Word};

/// An agreement as it is known here.
#[derive(Debug, Clone)]
pub struct Pact {
    /// The version that counts; the newest one where none counts yet.
    pub agreement: Arc<Agreement>,
    /// How that version stands, in the view of this node's own party.
    pub standing: Standing,
    /// Who signed that version: ids of parties.
    pub signed: BTreeSet<String>,
    /// That version as rules.
    pub terms: Arc<Terms>,
    /// Every version that is held, oldest first.
    pub versions: Vec<Version>,
    /// Who suspended it and has not resumed, and when they said so.
    pub suspended: BTreeMap<String, Timestamp>,
    /// Who left, and when they said so.
    pub left: BTreeMap<String, Timestamp>,
    /// The newest version beyond the one that counts, and who has not signed it; nobody: it waits for its time.
    pub pending: Option<(u32, Vec<String>)>,
}

/// One version of an agreement.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its text.
    pub agreement: Arc<Agreement>,
    /// SHA-256 of its canonical form: what is signed.
    pub digest: [u8; 32],
    /// How it stands.
    pub standing: Standing,
    /// Who signed it: ids of parties.
    pub signed: BTreeMap<String, SignedBy>,
}

/// A signature under a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    /// When it was taken in here.
    pub at: Timestamp,
    /// The key that made it.
    pub key: String,
}

impl Pact {
    /// The version of this number.
    pub fn version(&self, number: u32) -> Option<&Version> {
        self.versions
            .iter()
            .find(|version| version.agreement.version == number)
    }

    /// The newest version, which may be one that does not count yet.
    pub fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }
}

impl Node {
    /// Takes in an agreement as people write it (TOML). Another text of the same version that is held stays.
    ///
    /// # Errors
    /// [`Error::Agreement`] with every fault, [`Error::Act`] where it may not be taken in, or the store failed.
    pub fn draft(&self, toml: &str, at: Timestamp) -> Result<Pact, Error> {
        self.draft_through(toml, Door::Desk, at)
    }

    /// As [`Node::draft`], and in the place of a draft of the same version. What this node's own party signed, or
    /// all did, stays.
    ///
    /// # Errors
    /// As [`Node::draft`].
    pub fn replace_draft(&self, toml: &str, at: Timestamp) -> Result<Pact, Error> {
        self.draft_through(toml, Door::Replacing, at)
    }

    fn draft_through(&self, toml: &str, door: Door, at: Timestamp) -> Result<Pact, Error> {
        let agreement = Agreement::read(toml).map_err(Error::Agreement)?;
        let act = Act {
            kind: Kind::Agreement,
            text: agreement.canonical(),
        };
        self.take_all(&[act], door, at)?;
        self.known_pact(&agreement.id, at)
    }

    /// Signs a version with this node's own key.
    ///
    /// # Errors
    /// [`Error::UnknownAgreement`]; [`Error::Act`] where the party is not of it; [`Error::NotFounded`],
    /// [`Error::NotOurKeys`] and [`Error::KeyOver`] about the keys; or the store failed.
    pub fn sign(&self, id: &str, version: u32, keys: &Keys, at: Timestamp) -> Result<Pact, Error> {
        self.signing_as(keys, at)?;
        let signature = {
            let ledger = self.ledger()?;
            let text = ledger
                .pacts()
                .get(id)
                .and_then(|pact| pact.versions.get(&version));
            let unknown = || Error::UnknownAgreement {
                agreement: id.to_owned(),
                version: Some(version),
            };
            text.ok_or_else(unknown)?.signed_by(keys)?
        };
        self.take_all(&[signature], Door::Ourselves, at)?;
        self.known_pact(id, at)
    }

    /// Suspends an agreement: nothing crosses under it until this node's own party resumes.
    ///
    /// # Errors
    /// As [`Node::sign`].
    pub fn suspend(&self, id: &str, keys: &Keys, at: Timestamp) -> Result<Pact, Error> {
        self.say(Kind::Suspension, id, keys, at)
    }

    /// Takes this node's own suspension back; that of another party stays.
    ///
    /// # Errors
    /// As [`Node::sign`].
    pub fn resume(&self, id: &str, keys: &Keys, at: Timestamp) -> Result<Pact, Error> {
        self.say(Kind::Resumption, id, keys, at)
    }

    /// Leaves an agreement, for good: only a signature under a later version leads back.
    ///
    /// # Errors
    /// As [`Node::sign`].
    pub fn leave(&self, id: &str, keys: &Keys, at: Timestamp) -> Result<Pact, Error> {
        self.say(Kind::Leaving, id, keys, at)
    }

    fn say(&self, kind: Kind, id: &str, keys: &Keys, at: Timestamp) -> Result<Pact, Error> {
        let me = self.signing_as(keys, at)?;
        let word = {
            let ledger = self.ledger()?;
            let pact = ledger.pacts().get(id).ok_or_else(|| unknown(id))?;
            let version = pact.version_of(&me.id).ok_or_else(|| Refusal::NotAMember {
                party: ledger.call(&me.id),
                agreement: id.to_owned(),
                version: pact.versions.keys().next_back().copied().unwrap_or(0),
            })?;
            // A clock that went back must not make a later word look like an earlier one.
            let after = pact
                .words
                .get(&me.id)
                .map_or(i64::MIN, |said| said.word.at.micros());
            Word {
                kind,
                agreement: id.to_owned(),
                version,
                at: Timestamp::from_micros(at.micros().max(after.saturating_add(1_000))),
            }
        };
        let is_suspended = self.known_pact(id, at)?.suspended.contains_key(&me.id);
        let says_more = match kind {
            Kind::Resumption => is_suspended,
            Kind::Suspension => !is_suspended,
            _ => true,
        };
        if says_more {
            let text = sign(&word.text(), &[&keys.signer()?])?;
            self.take_all(&[Act { kind, text }], Door::Ourselves, at)?;
        }
        self.known_pact(id, at)
    }

    /// The agreement of this id, as it stands at `now`; `None` where it is not known.
    ///
    /// # Errors
    /// The store failed, or an act in it is damaged.
    pub fn pact(&self, id: &str, now: Timestamp) -> Result<Option<Pact>, Error> {
        let ledger = self.ledger()?;
        let me = ledger.identity().unwrap_or_default();
        let book = ledger.pacts().get(id);
        Ok(book.map(|book| book.pact(me, now)).transpose()?.flatten())
    }

    /// Every agreement that is known, by id.
    ///
    /// # Errors
    /// The store failed, or an act in it is damaged.
    pub fn pacts(&self, now: Timestamp) -> Result<Vec<Pact>, Error> {
        let ledger = self.ledger()?;
        let me = ledger.identity().unwrap_or_default();
        let books = ledger.pacts().values();
        books.filter_map(|book| book.pact(me, now).transpose()).collect()
    }

    fn known_pact(&self, id: &str, now: Timestamp) -> Result<Pact, Error> {
        self.pact(id, now)?.ok_or_else(|| unknown(id))
    }

    /// An agreement to hand to others: the cards of its parties as far as they are known, its versions, their
    /// signatures, and what parties said about it.
    ///
    /// # Errors
    /// [`Error::UnknownAgreement`], or the store failed.
    pub fn pact_file(&self, id: &str) -> Result<String, Error> {
        let ledger = self.ledger()?;
        let pact = ledger.pacts().get(id).ok_or_else(|| unknown(id))?;
        let mut acts = Vec::new();
        for party in pact.parties() {
            acts.extend(ledger.parties().get(party).into_iter().flat_map(acts::Book::acts));
        }
        acts.extend(pact.acts(&|_| true));
        Ok(acts::file::write(&acts))
    }

    /// Takes in what is good of an agreement's file, and tells the fate of each act in it. A text that a signature in
    /// the file does not fit is not kept.
    ///
    /// # Errors
    /// [`Error::Act`] where it is no such file, or the store failed: nothing was taken in.
    pub fn take_pact_file(&self, text: &str, at: Timestamp) -> Result<Vec<Taken>, Error> {
        self.take_whole(&acts::file::read(text)?, Door::Desk, at)
    }

    /// As [`Node::take_pact_file`], and a text in it takes the place of a draft that is held, as in
    /// [`Node::replace_draft`].
    ///
    /// # Errors
    /// As [`Node::take_pact_file`].
    pub fn replace_from_pact_file(&self, text: &str, at: Timestamp) -> Result<Vec<Taken>, Error> {
        self.take_whole(&acts::file::read(text)?, Door::Replacing, at)
    }

    /// What `party` may be told about parties and agreements: of the versions that name it and that this node's own
    /// party signed, the texts, their signatures, what was said about them, and the cards of their parties.
    ///
    /// # Errors
    /// The store failed, or an act in it is damaged.
    pub fn acts_shared_with(&self, party: &str) -> Result<Vec<Act>, Error> {
        let ledger = self.ledger()?;
        let me = ledger.identity().unwrap_or_default();
        let is_shared =
            |text: &Text| text.agreement.member_of(party).is_some() && text.signatures.contains_key(me);
        let mut parties = BTreeSet::new();
        let mut acts = Vec::new();
        for pact in ledger.pacts().values() {
            let shared = pact.versions.values().filter(|text| is_shared(text));
            parties
                .extend(shared.flat_map(|text| text.agreement.parties.iter().map(|member| &member.identity)));
            acts.extend(pact.acts(&is_shared));
        }
        let books = parties.into_iter().filter_map(|id| ledger.parties().get(id));
        Ok(books.flat_map(acts::Book::acts).chain(acts).collect())
    }
}

fn unknown(id: &str) -> Error {
    Error::UnknownAgreement {
        agreement: id.to_owned(),
        version: None,
    }
}

impl Text {
    /// The signature of `keys`' party under this version.
    pub(crate) fn signed_by(&self, keys: &Keys) -> Result<Act, Error> {
        let signature = Signature {
            agreement: self.agreement.id.clone(),
            version: self.agreement.version,
            digest: self.digest,
        };
        Ok(Act {
            kind: Kind::Signature,
            text: sign(&signature.text(), &[&keys.signer()?])?,
        })
    }

    fn signers(&self) -> BTreeSet<String> {
        self.signatures.keys().cloned().collect()
    }
}

impl PactBook {
    /// Everyone whom any version names.
    fn parties(&self) -> BTreeSet<&str> {
        let members = self.versions.values().flat_map(|text| &text.agreement.parties);
        members.map(|member| member.identity.as_str()).collect()
    }

    /// The version that a word of `party` is about: the newest that it signed, else the newest that names it.
    fn version_of(&self, party: &str) -> Option<u32> {
        let signed = self.signed_version(party);
        let mut named = self.versions.iter().rev();
        let named = named.find(|(_, text)| text.agreement.member_of(party).is_some());
        signed.or_else(|| named.map(|(version, _)| *version))
    }

    fn signed_version(&self, party: &str) -> Option<u32> {
        let mut newest_first = self.versions.iter().rev();
        newest_first
            .find(|(_, text)| text.signatures.contains_key(party))
            .map(|(version, _)| *version)
    }

    /// The acts of the versions that `is_told` names, in an order in which they can be taken in.
    fn acts(&self, is_told: &dyn Fn(&Text) -> bool) -> Vec<Act> {
        let mut acts = Vec::new();
        for text in self.versions.values().filter(|text| is_told(text)) {
            acts.push(Act {
                kind: Kind::Agreement,
                text: text.canonical.to_string(),
            });
            // The last signature of a party is the one with its newest key.
            let last = text
                .signatures
                .values()
                .filter_map(|signatures| signatures.last());
            acts.extend(last.map(|signed| Act {
                kind: Kind::Signature,
                text: signed.note.to_string(),
            }));
        }
        let told = |said: &&Said| self.versions.get(&said.word.version).is_some_and(is_told);
        let words = self.words.values().chain(self.left.values()).filter(told);
        acts.extend(words.map(|said| Act {
            kind: said.word.kind,
            text: said.note.to_string(),
        }));
        acts
    }

    /// Who suspended it and has not resumed.
    fn suspended(&self) -> BTreeMap<String, Timestamp> {
        let suspends = |said: &Said| said.word.kind == Kind::Suspension;
        times(self.words.iter().filter(|(_, said)| suspends(said)))
    }

    /// Who left and has not signed a later version since.
    fn left(&self) -> BTreeMap<String, Timestamp> {
        let is_back = |party: &str, said: &Said| self.signed_version(party) > Some(said.word.version);
        times(self.left.iter().filter(|(party, said)| !is_back(party, said)))
    }

    fn pact(&self, me: &str, now: Timestamp) -> Result<Option<Pact>, Error> {
        let versions: Vec<(Arc<Agreement>, BTreeSet<String>)> = self
            .versions
            .values()
            .map(|text| (Arc::clone(&text.agreement), text.signers()))
            .collect();
        let acts = standing::Acts {
            versions: &versions,
            suspended: self.suspended(),
            left: self.left(),
        };
        let (counts, standing) = standing::standing_for(&acts, me, now);
        let shown = counts.map_or_else(
            || self.versions.values().next_back(),
            |agreement| self.versions.get(&agreement.version),
        );
        let Some(shown) = shown else { return Ok(None) };
        let standings = |text: &Text| standing_of(&acts, &text.agreement, now);
        Ok(Some(Pact {
            agreement: Arc::clone(&shown.agreement),
            terms: shown.terms()?,
            standing,
            signed: shown.signers(),
            versions: self
                .versions
                .values()
                .map(|text| text.version(standings(text)))
                .collect(),
            suspended: self.suspended(),
            left: self.left(),
            pending: counts
                .and(standing::pending(&acts, now))
                .map(|(later, missing)| (later.version, missing)),
        }))
    }
}

fn times<'a>(said: impl Iterator<Item = (&'a String, &'a Said)>) -> BTreeMap<String, Timestamp> {
    said.map(|(party, said)| (party.clone(), said.word.at)).collect()
}

impl Text {
    fn version(&self, standing: Standing) -> Version {
        let signed = self.signatures.iter().filter_map(|(party, signatures)| {
            let first = signatures.first()?;
            let by = SignedBy {
                at: first.at,
                key: first.key.clone(),
            };
            Some((party.clone(), by))
        });
        Version {
            agreement: Arc::clone(&self.agreement),
            digest: self.digest,
            standing,
            signed: signed.collect(),
        }
    }
}
