//! Cards and lists of keys: what becomes of them, and whose key a note is signed with.

use entente_stix::time::Timestamp;

use super::{Book, Effect, Ledger, Stood, require_room};
use crate::acts::Refusal;
use crate::acts::single::Single;
use crate::keys::{Key, KeyList, KeyStanding};
use crate::limits::{PARTIES_MAX, PARTY_KEYS_MAX};
use crate::party::{Party, fingerprint, note};

impl Ledger {
    pub(super) fn take_card(&mut self, text: &str, stood: &mut Stood) -> Result<Effect, Refusal> {
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

    pub(super) fn take_list(
        &mut self,
        text: &str,
        at: Timestamp,
        stood: &mut Stood,
    ) -> Result<Effect, Refusal> {
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
    pub(super) fn key_of(&self, single: &Single<'_>, at: Timestamp) -> Result<String, Refusal> {
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
