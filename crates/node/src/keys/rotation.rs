//! New keys for old ones: the next list of a party, signed where the root key is, and signatures made anew.

use entente_stix::time::Timestamp;
use entente_translog::note::{self, Signer, Verifier};

use super::{Key, KeyList, Keys, ListedKey};
use crate::acts::{Act, Door, Kind, file};
use crate::party::Party;
use crate::{Error, Node};

/// How long an instance key is valid, in microseconds: 365 days.
const KEY_LIFE: i64 = 365 * 86_400_000_000;

/// How long a key that was replaced still counts, in microseconds: 30 days. What it signed may be underway, on a
/// memory stick for example. A revoked key has no such time.
const KEY_GRACE: i64 = 30 * 86_400_000_000;

impl KeyList {
    /// The first list of a party.
    pub(crate) fn first(keys: &Keys, recipient: &str, at: Timestamp) -> Result<KeyList, Error> {
        let list = KeyList {
            party: keys.party.clone(),
            sequence: 1,
            keys: vec![listed(keys.signer()?.verifier().clone(), at)],
            revoked: Vec::new(),
            recipient: Some(recipient.to_owned()),
        };
        list.checked()
    }

    /// The list that `party` has now: what the next one is made from. Keys whose time is over at `at` are left out.
    pub fn of(party: &Party, at: Timestamp) -> KeyList {
        let (revoked, keys): (Vec<&Key>, Vec<&Key>) =
            party.keys.iter().partition(|key| key.revoked.is_some());
        KeyList {
            party: party.id.clone(),
            sequence: party.sequence,
            keys: keys
                .into_iter()
                .filter(|key| key.until > at)
                .map(|key| ListedKey {
                    vkey: key.vkey.clone(),
                    from: key.from,
                    until: key.until,
                })
                .collect(),
            revoked: revoked
                .into_iter()
                .filter_map(|key| Some((key.vkey.clone(), key.revoked?)))
                .collect(),
            recipient: party.recipient.clone(),
        }
    }

    /// The next list, with `vkey` for a year and the others for thirty days more at most.
    #[must_use]
    pub fn rotated(mut self, vkey: Verifier, recipient: Option<&str>, at: Timestamp) -> KeyList {
        let grace = Timestamp::from_micros(at.micros().saturating_add(KEY_GRACE));
        for key in &mut self.keys {
            key.until = key.until.min(grace);
        }
        self.keys.push(listed(vkey, at));
        self.sequence = self.sequence.saturating_add(1);
        if let Some(recipient) = recipient {
            self.recipient = Some(recipient.to_owned());
        }
        self
    }

    /// The next list, with `vkey` taken back at `at`.
    #[must_use]
    pub fn revoking(mut self, vkey: &Verifier, at: Timestamp) -> KeyList {
        self.keys.retain(|key| key.vkey != *vkey);
        if self.revoked.iter().all(|(known, _)| known != vkey) {
            self.revoked.push((vkey.clone(), at));
        }
        self.sequence = self.sequence.saturating_add(1);
        self
    }

    /// The signed list. Needs nothing but the root key, so it can be made where no node is.
    ///
    /// # Errors
    /// The list is not sound, or `root` is not a key of its party.
    pub fn signed(&self, root: &Signer) -> Result<Act, Error> {
        let list = self.clone().checked()?;
        if root.verifier().name() != list.party {
            return Err(Error::NotOurKeys);
        }
        Ok(Act {
            kind: Kind::Keys,
            text: note::sign(&list.text(), &[root])?,
        })
    }

    /// The signed list as a file to hand over.
    ///
    /// # Errors
    /// As [`KeyList::signed`].
    pub fn to_file(&self, root: &Signer) -> Result<String, Error> {
        Ok(file::write([&self.signed(root)?]))
    }

    fn checked(self) -> Result<KeyList, Error> {
        KeyList::read(&self.text()).map_err(|cause| Error::KeyList { cause })
    }
}

/// An instance key that begins now.
fn listed(vkey: Verifier, at: Timestamp) -> ListedKey {
    ListedKey {
        vkey,
        from: at,
        until: Timestamp::from_micros(at.micros().saturating_add(KEY_LIFE)),
    }
}

impl Node {
    /// Makes the instance key of `new` the key of this node's own party, signed by the root key that is with it. The
    /// old key counts for thirty days more. What is signed and not over is signed again with the new key.
    ///
    /// # Errors
    /// [`Error::NotFounded`], [`Error::RootElsewhere`], [`Error::Act`] where the root key is another, or the store
    /// failed.
    pub fn rotate(&self, new: &Keys, recipient: Option<&str>, at: Timestamp) -> Result<Party, Error> {
        let me = self.me()?.ok_or(Error::NotFounded)?;
        let list = KeyList::of(&me, at).rotated(new.signer()?.verifier().clone(), recipient, at);
        self.take_all(&[list.signed(&new.root_signer()?)?], Door::Ourselves, at)?;
        self.sign_again(new, at)?;
        self.me()?.ok_or(Error::NotFounded)
    }

    /// Takes back a key of this node's own party: nothing new that it signs counts, here and wherever the new list
    /// is known. What was logged before stays good.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] where the party has no such key, [`Error::LastKey`] where it would be left without a
    /// valid one, [`Error::RootElsewhere`], or the store failed.
    pub fn revoke(&self, vkey: &str, root: &Keys, at: Timestamp) -> Result<Party, Error> {
        let list = self.revocation(vkey, at)?;
        self.take_all(&[list.signed(&root.root_signer()?)?], Door::Ourselves, at)?;
        self.me()?.ok_or(Error::NotFounded)
    }

    /// The list that revokes a key of this node's own party, to be signed where the root key is.
    ///
    /// # Errors
    /// As [`Node::revoke`].
    pub fn revocation(&self, vkey: &str, at: Timestamp) -> Result<KeyList, Error> {
        let me = self.me()?.ok_or(Error::NotFounded)?;
        let mut keys = me.keys.iter();
        let key = keys
            .find(|key| key.vkey.to_string() == vkey)
            .ok_or_else(|| Error::UnknownKey {
                vkey: vkey.to_owned(),
            })?;
        if me
            .keys
            .iter()
            .all(|other| other.vkey == key.vkey || !other.is_valid(at))
        {
            return Err(Error::LastKey);
        }
        Ok(KeyList::of(&me, at).revoking(&key.vkey, at))
    }

    /// Whether this node's own party signed any agreement.
    ///
    /// # Errors
    /// The store failed, or an act in it is damaged.
    pub fn has_signed(&self) -> Result<bool, Error> {
        let ledger = self.ledger()?;
        let me = ledger.identity().unwrap_or_default();
        let mut texts = ledger.pacts().values().flat_map(|pact| pact.versions.values());
        Ok(texts.any(|text| text.signatures.contains_key(me)))
    }

    /// Signs again with `keys` what this node's own party signed with others and is not over yet: those who come to
    /// know it later can check it with a key that counts. Tells how many signatures were made.
    ///
    /// # Errors
    /// As [`Node::sign`].
    pub fn sign_again(&self, keys: &Keys, at: Timestamp) -> Result<u64, Error> {
        let me = self.signing_as(keys, at)?;
        let mut notes = Vec::new();
        {
            let ledger = self.ledger()?;
            for text in ledger.pacts().values().flat_map(|pact| pact.versions.values()) {
                if text.agreement.until > at && text.signatures.contains_key(&me.id) {
                    notes.push(text.signed_by(keys)?);
                }
            }
        }
        let taken = self.take_all(&notes, Door::Ourselves, at)?;
        let new = taken.iter().filter(|taken| taken.fate == crate::acts::Fate::New);
        Ok(new.count() as u64)
    }
}
