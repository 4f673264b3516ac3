//! What may come in at all: trust in strangers, and whether terms can be made of it.

use entente_policy::agreement::Agreement;

use super::pacts::{require_previous, terms_of};
use super::{Ledger, Stood, hex, require_room};
use crate::acts::single::Single;
use crate::acts::{Act, Door, Kind, Refusal};
use crate::limits::FOREIGN_DRAFTS_MAX;
use crate::party::note;

impl Ledger {
    /// What is asked only of what comes in: trust in strangers, and whether terms can be made of it.
    pub(super) fn may_come_in(&self, act: &Act, door: Door, stood: &mut Stood) -> Result<(), Refusal> {
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
    pub(super) fn require_place(&self, agreement: &Agreement, act: &Act, door: Door) -> Result<(), Refusal> {
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
    pub(super) fn foreign_drafts(&self) -> usize {
        let me = self.me.as_deref().unwrap_or_default();
        let texts = self.pacts.values().flat_map(|pact| pact.versions.values());
        let drafts = texts.filter(|text| !text.signatures.contains_key(me) && !text.is_complete());
        drafts.count()
    }

    pub(super) fn we_signed_with(&self, party: &str, root: &str) -> bool {
        let Some(me) = &self.me else { return false };
        let texts = self.pacts.values().flat_map(|pact| pact.versions.values());
        let mut signed = texts.filter(|text| text.signatures.contains_key(me));
        signed.any(|text| {
            let member = text.agreement.member_of(party);
            member.is_some_and(|member| member.root_key == root)
        })
    }
}
