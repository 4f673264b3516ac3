//! The book of parties and agreements: what the acts, read in order, come to.
//!
//! [`Ledger::take`] is the one rule for what counts; it is asked when an act comes in, and again whenever the
//! store's acts are read, with the time at which the act was logged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use entente_policy::agreement::Agreement;
use entente_policy::terms::Terms;
use entente_stix::time::Timestamp;
use entente_store::Store;

use super::single::Single;
use super::{Act, Door, Kind, Refusal};
use crate::Error;
use crate::keys::{Key, KeyList, KeyStanding};
use crate::limits::{
    ACTS_PAGE_MAX, FOREIGN_DRAFTS_MAX, PACTS_MAX, PARTIES_MAX, PARTY_KEYS_MAX, VERSIONS_MAX,
    WORDS_OF_A_PARTY_MAX,
};
use crate::pact::note::{Signature, Word};
use crate::party::{IDENTITY, Party, fingerprint, note};

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

    /// What is asked only of what comes in: trust in strangers, and whether terms can be made of it.
    fn may_come_in(&self, act: &Act, door: Door, stood: &mut Stood) -> Result<(), Refusal> {
        match act.kind {
            Kind::Party => {
                let card = Single::read("the card", &act.text)?;
                let card = note::read(card.text()).map_err(|cause| Refusal::malformed("the card", cause))?;
                stood.subject.clone_from(&card.id);
                stood.by = Some(card.id.clone());
                let is_known = self.parties.contains_key(&card.id);
                if is_known || door == Door::Ourselves {
                    return Ok(());
                }
                if self.me.as_deref() == Some(&card.id) {
                    return Err(Refusal::OurIdentity { party: card.id });
                }
                let root = card.root.to_string();
                if matches!(door, Door::Cards) || self.we_signed_with(&card.id, &root) {
                    return Ok(());
                }
                Err(Refusal::UnknownParty {
                    party: format!("`{}` ({})", card.name, card.id),
                })
            }
            Kind::Agreement => {
                let agreement = Agreement::from_canonical(act.text.as_bytes())
                    .map_err(|fault| Refusal::malformed("the agreement", fault))?;
                stood.subject.clone_from(&agreement.id);
                self.require_place(&agreement, act, door)?;
                self.require_roots(&agreement)?;
                let held = self.pacts.get(&agreement.id);
                let text = held.and_then(|pact| pact.versions.get(&agreement.version));
                match text {
                    Some(text) if *text.canonical == *act.text => return Ok(()),
                    Some(_) => {}
                    None => require_previous(held, &agreement)?,
                }
                // What cannot be compiled into rules could be signed and never be kept. It costs most, so it comes
                // last, and once for each text.
                terms_of(&agreement).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Only the operator puts another text in the place of a draft; peers bring only what concerns this node.
    fn require_place(&self, agreement: &Agreement, act: &Act, door: Door) -> Result<(), Refusal> {
        let me = self.me.as_deref().unwrap_or_default();
        if door == Door::Peers && agreement.member_of(me).is_none() {
            return Err(Refusal::NotAMember {
                party: self.call(me),
                agreement: agreement.id.clone(),
                version: agreement.version,
            });
        }
        let held = self.pacts.get(&agreement.id);
        let Some(held) = held.and_then(|pact| pact.versions.get(&agreement.version)) else {
            if door == Door::Peers {
                require_room(
                    "drafts that peers brought",
                    self.foreign_drafts(),
                    FOREIGN_DRAFTS_MAX,
                )?;
            }
            return Ok(());
        };
        // What somebody wrote or read here is not exchanged for something else behind their back.
        let gives_way = !matches!(door, Door::Desk | Door::Peers);
        if gives_way || *held.canonical == *act.text {
            return Ok(());
        }
        let told = agreement.digest();
        self.require_replaceable(held, &told)?;
        Err(Refusal::OtherText {
            agreement: agreement.id.clone(),
            version: agreement.version,
            known: hex(&held.digest),
            told: hex(&told),
            why: "",
            way_out: "to have it take the place of the draft that is held, `entente agreement add FILE --replace`",
        })
    }

    /// Versions that this node's own party did not sign, and that not all did.
    fn foreign_drafts(&self) -> usize {
        let me = self.me.as_deref().unwrap_or_default();
        let texts = self.pacts.values().flat_map(|pact| pact.versions.values());
        let drafts = texts.filter(|text| !text.signatures.contains_key(me) && !text.is_complete());
        drafts.count()
    }

    fn we_signed_with(&self, party: &str, root: &str) -> bool {
        let Some(me) = &self.me else { return false };
        let texts = self.pacts.values().flat_map(|pact| pact.versions.values());
        let mut signed = texts.filter(|text| text.signatures.contains_key(me));
        signed.any(|text| {
            let member = text.agreement.member_of(party);
            member.is_some_and(|member| member.root_key == root)
        })
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

    fn take_card(&mut self, text: &str, stood: &mut Stood) -> Result<Effect, Refusal> {
        let single = Single::read("the card", text)?;
        let card = note::read(single.text()).map_err(|cause| Refusal::malformed("the card", cause))?;
        stood.subject.clone_from(&card.id);
        stood.by = Some(card.id.clone());
        if let Some(book) = self.parties.get(&card.id)
            && book.party.root != card.root
        {
            return Err(Refusal::OtherRoot {
                party: self.call(&card.id),
                known: fingerprint(&book.party.root),
                told: fingerprint(&card.root),
            });
        }
        if !single.is_by(&card.root) {
            return Err(Refusal::NotByRoot {
                what: "card",
                party: format!("`{}` ({})", card.name, card.id),
                instead: "",
            });
        }
        let is_news = |book: &Book| card.modified > book.modified;
        match self.parties.get_mut(&card.id) {
            Some(book) if is_news(book) => {
                book.party.name = card.name;
                book.modified = card.modified;
                book.card = text.into();
            }
            Some(_) => return Ok(Effect::None),
            None => {
                require_room("parties", self.parties.len(), PARTIES_MAX)?;
                let party = Party {
                    is_self: self.me.as_deref() == Some(&card.id),
                    id: card.id,
                    name: card.name,
                    root: card.root,
                    keys: Vec::new(),
                    recipient: None,
                    sequence: 0,
                };
                let book = Book {
                    modified: card.modified,
                    card: text.into(),
                    list: None,
                    party,
                };
                self.parties.insert(book.party.id.clone(), book);
            }
        }
        Ok(Effect::Identity(card.identity))
    }

    fn take_list(&mut self, text: &str, at: Timestamp, stood: &mut Stood) -> Result<Effect, Refusal> {
        let single = Single::read("the key list", text)?;
        let list = KeyList::read(single.text()).map_err(|cause| Refusal::malformed("the key list", cause))?;
        stood.subject.clone_from(&list.party);
        stood.by = Some(list.party.clone());
        let called = self.call(&list.party);
        let book = self
            .parties
            .get_mut(&list.party)
            .ok_or_else(|| Refusal::UnknownParty {
                party: called.clone(),
            })?;
        if !single.is_by(&book.party.root) {
            let by_instance = book.party.keys.iter().any(|key| single.is_by(&key.vkey));
            return Err(Refusal::NotByRoot {
                what: "key list",
                party: called,
                instead: if by_instance {
                    " but by one of its instance keys"
                } else {
                    ""
                },
            });
        }
        if list.keys.iter().any(|key| key.vkey == book.party.root) {
            return Err(Refusal::malformed(
                "the key list",
                "the root key stands in it; it signs lists and nothing else",
            ));
        }
        if list.sequence == book.party.sequence && book.list.as_deref() != Some(text) {
            return Err(Refusal::TwoLists {
                party: called,
                sequence: list.sequence,
            });
        }
        if list.sequence <= book.party.sequence {
            return Ok(Effect::None);
        }
        let keys = merged(&book.party.keys, &list, at);
        require_room("keys of a party", keys.len(), PARTY_KEYS_MAX)?;
        book.party.keys = keys;
        book.party.recipient = list.recipient;
        book.party.sequence = list.sequence;
        book.list = Some(text.into());
        Ok(Effect::Logged)
    }

    fn take_agreement(&mut self, canonical: &str, stood: &mut Stood) -> Result<Effect, Refusal> {
        let agreement = Agreement::from_canonical(canonical.as_bytes())
            .map_err(|fault| Refusal::malformed("the agreement", fault))?;
        stood.subject.clone_from(&agreement.id);
        self.require_roots(&agreement)?;
        let digest = agreement.digest();
        let held = self.pacts.get(&agreement.id);
        if let Some(text) = held.and_then(|pact| pact.versions.get(&agreement.version)) {
            if text.digest == digest {
                return Ok(Effect::None);
            }
            self.require_replaceable(text, &digest)?;
        }
        if held.is_none() {
            require_room("agreements", self.pacts.len(), PACTS_MAX)?;
        }
        require_previous(held, &agreement)?;
        let versions = held.map_or(0, |pact| pact.versions.len());
        require_room("versions of an agreement", versions, VERSIONS_MAX)?;
        let pact = self.pacts.entry(agreement.id.clone()).or_default();
        // Later drafts follow the text that gives way, and give way with it.
        if pact.versions.contains_key(&agreement.version) {
            let later = pact.versions.split_off(&agreement.version.saturating_add(1));
            pact.replaced.extend(later.values().map(|text| text.digest));
        }
        let text = Text {
            canonical: canonical.into(),
            digest,
            signatures: BTreeMap::new(),
            terms: OnceLock::new(),
            agreement: Arc::new(agreement),
        };
        if let Some(before) = pact.versions.insert(text.agreement.version, text) {
            pact.replaced.insert(before.digest);
        }
        Ok(Effect::Logged)
    }

    /// An agreement cannot give a known party another root key.
    fn require_roots(&self, agreement: &Agreement) -> Result<(), Refusal> {
        for member in &agreement.parties {
            if let Some(book) = self.parties.get(&member.identity)
                && book.party.root.to_string() != member.root_key
            {
                return Err(Refusal::OtherRoot {
                    party: self.call(&member.identity),
                    known: fingerprint(&book.party.root),
                    told: member
                        .root_key
                        .parse()
                        .map_or_else(|_| member.root_key.clone(), |root| fingerprint(&root)),
                });
            }
        }
        Ok(())
    }

    /// A draft may give way to another text of the same version; what we signed, and what all signed, may not.
    fn require_replaceable(&self, held: &Text, told: &[u8; 32]) -> Result<(), Refusal> {
        let refusal = |why, way_out| Refusal::OtherText {
            agreement: held.agreement.id.clone(),
            version: held.agreement.version,
            known: hex(&held.digest),
            told: hex(told),
            why,
            way_out,
        };
        const AMEND: &str = "make it the next version, and have all sign that";
        let we_signed = |text: &Text| {
            self.me
                .as_ref()
                .is_some_and(|me| text.signatures.contains_key(me))
        };
        if held.is_complete() {
            return Err(refusal(", signed by all", AMEND));
        }
        if we_signed(held) {
            return Err(refusal(", which this node's party signed", AMEND));
        }
        let Some(pact) = self.pacts.get(&held.agreement.id) else {
            return Ok(());
        };
        // Drafts that anybody may have brought hold nothing up.
        let mut later = pact.versions.range(held.agreement.version..).skip(1);
        if later.any(|(_, text)| we_signed(text) || text.is_complete()) {
            return Err(refusal(", which a later version amends", AMEND));
        }
        if pact.replaced.contains(told) {
            return Err(refusal(
                ", which took the place of this one",
                "to come back to it, change a word of it, its title for example",
            ));
        }
        Ok(())
    }

    fn take_signature(&mut self, text: &str, at: Timestamp, stood: &mut Stood) -> Result<Effect, Refusal> {
        const WHAT: &str = "the signature";
        let single = Single::read(WHAT, text)?;
        let by = single.name.clone();
        stood.by = Some(by.clone());
        let signed = Signature::read(single.text()).map_err(|cause| Refusal::malformed(WHAT, cause))?;
        stood.subject.clone_from(&signed.agreement);
        let pact = self
            .pacts
            .get(&signed.agreement)
            .ok_or_else(|| Refusal::UnknownAgreement {
                agreement: signed.agreement.clone(),
            })?;
        // Whose word it is comes before what it says: a stranger's note must not tell a tale about a party.
        let key = self.key_of(&single, at)?;
        let held = pact
            .versions
            .get(&signed.version)
            .ok_or_else(|| Refusal::UnknownVersion {
                party: self.call(&by),
                agreement: signed.agreement.clone(),
                version: signed.version,
            })?;
        if held.digest != signed.digest {
            return Err(Refusal::SignedOtherText {
                party: self.call(&by),
                agreement: signed.agreement.clone(),
                version: signed.version,
                known: hex(&held.digest),
                told: hex(&signed.digest),
            });
        }
        self.require_member(&held.agreement, &by)?;
        let pact = self.pacts.get_mut(&signed.agreement);
        let Some(held) = pact.and_then(|pact| pact.versions.get_mut(&signed.version)) else {
            return Ok(Effect::None);
        };
        let signatures = held.signatures.entry(by).or_default();
        if signatures.iter().any(|known| known.key == key) {
            return Ok(Effect::None);
        }
        signatures.push(Signed {
            at,
            key,
            note: text.into(),
        });
        Ok(Effect::Logged)
    }

    fn take_word(
        &mut self,
        kind: Kind,
        text: &str,
        at: Timestamp,
        stood: &mut Stood,
    ) -> Result<Effect, Refusal> {
        const WHAT: &str = "the note";
        let single = Single::read(WHAT, text)?;
        let by = single.name.clone();
        stood.by = Some(by.clone());
        let word = Word::read(kind, single.text()).map_err(|cause| Refusal::malformed(WHAT, cause))?;
        stood.subject.clone_from(&word.agreement);
        let pact = self
            .pacts
            .get(&word.agreement)
            .ok_or_else(|| Refusal::UnknownAgreement {
                agreement: word.agreement.clone(),
            })?;
        self.key_of(&single, at)?;
        let held = pact
            .versions
            .get(&word.version)
            .ok_or_else(|| Refusal::UnknownVersion {
                party: self.call(&by),
                agreement: word.agreement.clone(),
                version: word.version,
            })?;
        self.require_member(&held.agreement, &by)?;
        let known = if kind == Kind::Leaving {
            &pact.left
        } else {
            &pact.words
        };
        let last = known.get(&by);
        // Said earlier than the last word, or the same again: it says nothing that was not known.
        if last.is_some_and(|last| !is_news(&last.word, &word)) {
            return Ok(Effect::None);
        }
        let count = last.map_or(0, |last| last.count);
        require_room(
            "words of a party about one agreement",
            count as usize,
            WORDS_OF_A_PARTY_MAX,
        )?;
        let Some(pact) = self.pacts.get_mut(&word.agreement) else {
            return Ok(Effect::None);
        };
        let said = Said {
            word,
            note: text.into(),
            count: count + 1,
        };
        let words = if kind == Kind::Leaving {
            &mut pact.left
        } else {
            &mut pact.words
        };
        words.insert(by, said);
        Ok(Effect::Logged)
    }

    /// The text of a note that a key of `party` signed which counts at `at`.
    pub(crate) fn verified(&self, party: &str, text: &str, at: Timestamp) -> Result<String, Refusal> {
        let single = Single::read("the note", text)?;
        if single.name != party {
            return Err(Refusal::UnknownKey {
                party: self.call(party),
            });
        }
        self.key_of(&single, at)?;
        Ok(single.text().to_owned())
    }

    /// The key that made a note's signature, if the signature is good and the key counts at `at`.
    fn key_of(&self, single: &Single<'_>, at: Timestamp) -> Result<String, Refusal> {
        let party = self.call(&single.name);
        let Some(book) = self.parties.get(&single.name) else {
            return Err(Refusal::UnknownParty { party });
        };
        let Some(key) = book.party.keys.iter().find(|key| single.names(&key.vkey)) else {
            return Err(Refusal::UnknownKey { party });
        };
        if !single.is_by(&key.vkey) {
            return Err(Refusal::BadSignature { party });
        }
        match (key.standing(at), key.revoked) {
            (KeyStanding::Valid, _) => Ok(key.vkey.to_string()),
            (_, Some(at)) => Err(Refusal::Revoked { party, at }),
            _ => Err(Refusal::NotValidNow {
                party,
                from: key.from,
                until: key.until,
            }),
        }
    }

    fn require_member(&self, agreement: &Agreement, party: &str) -> Result<(), Refusal> {
        if agreement.member_of(party).is_none() {
            return Err(Refusal::NotAMember {
                party: self.call(party),
                agreement: agreement.id.clone(),
                version: agreement.version,
            });
        }
        // The card may have come after the agreement.
        self.require_roots(agreement)
    }
}

/// A later word, also one that says the same again: what was said between the two must not count when it comes
/// after them. A party leaves a version only once, and may leave a later one that it joined again.
fn is_news(last: &Word, word: &Word) -> bool {
    match word.kind {
        Kind::Leaving => word.version > last.version,
        _ => word.at > last.at,
    }
}

/// An amendment follows the very text of the version before that all signed. Who joins with an amendment may hold
/// none.
fn require_previous(held: Option<&PactBook>, agreement: &Agreement) -> Result<(), Refusal> {
    let Some(pact) = held else { return Ok(()) };
    let refusal = |cause: String| Refusal::NoPrevious {
        agreement: agreement.id.clone(),
        version: agreement.version,
        cause,
    };
    // The store logs an act once: what gave way cannot come back.
    if pact.replaced.contains(&agreement.digest()) {
        return Err(refusal(": it gave way to another text".to_owned()));
    }
    let next = pact.versions.get(&agreement.version.saturating_add(1));
    let gives_way = pact.versions.contains_key(&agreement.version);
    if next.is_some_and(|next| !gives_way && next.agreement.previous != Some(agreement.digest())) {
        return Err(refusal(": the next one follows another text of it".to_owned()));
    }
    let Some(previous) = agreement.previous else {
        return Ok(());
    };
    match pact.versions.get(&agreement.version.saturating_sub(1)) {
        // A text that not all signed never counted: where each party signed another one of a version, the next one,
        // which all of its parties sign, settles it.
        Some(text) if text.digest != previous && text.is_complete() => Err(refusal(format!(
            ": the one before has the digest {}, and this one follows {}",
            hex(&text.digest),
            hex(&previous)
        ))),
        None if pact.versions.range(..agreement.version).next().is_some() => {
            Err(refusal(": the one before is missing".to_owned()))
        }
        _ => Ok(()),
    }
}

/// The keys after a new list: what it names, and what it no longer names as ended now. A revocation is for good.
fn merged(known: &[Key], list: &KeyList, at: Timestamp) -> Vec<Key> {
    let mut keys: Vec<Key> = list
        .keys
        .iter()
        .map(|listed| Key {
            vkey: listed.vkey.clone(),
            from: listed.from,
            until: listed.until,
            revoked: None,
        })
        .collect();
    for old in known {
        match keys.iter_mut().find(|key| key.vkey == old.vkey) {
            Some(key) => key.revoked = old.revoked,
            None => keys.push(Key {
                until: old.until.min(at),
                ..old.clone()
            }),
        }
    }
    for (vkey, revoked) in &list.revoked {
        match keys.iter_mut().find(|key| key.vkey == *vkey) {
            Some(key) => key.revoked = key.revoked.or(Some(*revoked)),
            None => keys.push(Key {
                vkey: vkey.clone(),
                from: *revoked,
                until: *revoked,
                revoked: Some(*revoked),
            }),
        }
    }
    keys.sort_by_key(|key| key.from);
    keys
}

fn terms_of(agreement: &Agreement) -> Result<Terms, Refusal> {
    Terms::compile(agreement).map_err(|error| Refusal::NoTerms {
        agreement: agreement.id.clone(),
        version: agreement.version,
        cause: error.to_string(),
    })
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
