//! Texts of agreements, signatures under them, and words about going on: what becomes of them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use entente_policy::agreement::Agreement;
use entente_policy::terms::Terms;
use entente_stix::time::Timestamp;

use super::{Effect, Ledger, PactBook, Said, Signed, Stood, Text, hex, require_room};
use crate::acts::single::Single;
use crate::acts::{Kind, Refusal};
use crate::limits::{PACTS_MAX, VERSIONS_MAX, WORDS_OF_A_PARTY_MAX};
use crate::pact::note::{Signature, Word};
use crate::party::fingerprint;

impl Ledger {
    pub(super) fn take_agreement(&mut self, canonical: &str, stood: &mut Stood) -> Result<Effect, Refusal> {
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
    pub(super) fn require_roots(&self, agreement: &Agreement) -> Result<(), Refusal> {
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
    pub(super) fn require_replaceable(&self, held: &Text, told: &[u8; 32]) -> Result<(), Refusal> {
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

    pub(super) fn take_signature(
        &mut self,
        text: &str,
        at: Timestamp,
        stood: &mut Stood,
    ) -> Result<Effect, Refusal> {
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

    pub(super) fn take_word(
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

    pub(super) fn require_member(&self, agreement: &Agreement, party: &str) -> Result<(), Refusal> {
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
pub(super) fn require_previous(held: Option<&PactBook>, agreement: &Agreement) -> Result<(), Refusal> {
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

pub(super) fn terms_of(agreement: &Agreement) -> Result<Terms, Refusal> {
    Terms::compile(agreement).map_err(|error| Refusal::NoTerms {
        agreement: agreement.id.clone(),
        version: agreement.version,
        cause: error.to_string(),
    })
}
