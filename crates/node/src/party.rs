//! Parties: who is known here, by which keys, and how this node becomes one of them.
//!
//! What is told of a party comes from its card: a note of its identity and root key, and its key list, both signed
//! by the root key (`docs/formats/party.md`). Begin at [`Node::found`], [`Node::meet`] and [`Node::party`].

pub(crate) mod note;

use entente_stix::id;
use entente_stix::json::{self, Map, Value};
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_translog::note::Verifier;
use sha2::{Digest as _, Sha256};

use crate::acts::{self, Act, Book, Door, Fate, Kind, Ledger, Refusal, Taken};
use crate::keys::{Key, KeyList, Keys};
use crate::{Error, Node};

/// Under which name the store keeps the id of the node's own identity.
pub(crate) const IDENTITY: &str = "identity";

/// What the node's identity is called until the node becomes a party.
const UNNAMED: &str = "this node";

/// An organisation that is known here.
#[derive(Debug, Clone, PartialEq)]
pub struct Party {
    /// Id of its STIX identity.
    pub id: String,
    /// What it calls itself.
    pub name: String,
    /// Its root key, which never changes.
    pub root: Verifier,
    /// Its instance keys, those that no longer count included; by the time from which they are valid.
    pub keys: Vec<Key>,
    /// For whom files to it are encrypted (`age1…`).
    pub recipient: Option<String>,
    /// Whether it is the party of this node.
    pub is_self: bool,
    /// Number of its latest key list; 0 while none is known.
    pub sequence: u64,
}

impl Party {
    /// The keys that what this party signs now may be signed with.
    pub fn verifiers(&self, at: Timestamp) -> Vec<Verifier> {
        let valid = self.keys.iter().filter(|key| key.is_valid(at));
        valid.map(|key| key.vkey.clone()).collect()
    }

    /// Every instance key that the party ever had: for what was logged while they counted.
    pub fn all_verifiers(&self) -> Vec<Verifier> {
        self.keys.iter().map(|key| key.vkey.clone()).collect()
    }

    /// Every instance key that the party had and did not take back: what somebody else brings under a key that was
    /// taken back may be by whoever stole it.
    pub fn unrevoked_verifiers(&self) -> Vec<Verifier> {
        let good = self.keys.iter().filter(|key| key.revoked.is_none());
        good.map(|key| key.vkey.clone()).collect()
    }

    /// What people compare by another way before they trust the root key: [`fingerprint`].
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.root)
    }

    /// The party's instance key with this public half, if it has one.
    pub(crate) fn key(&self, vkey: &Verifier) -> Option<&Key> {
        self.keys.iter().find(|key| key.vkey == *vkey)
    }
}

/// The first 128 bits of SHA-256 over a key as text, in eight groups of four hexadecimal digits: short enough to
/// be read out, long enough that nobody makes a second key that has it.
pub fn fingerprint(key: &Verifier) -> String {
    let digest = Sha256::digest(key.to_string().as_bytes());
    let groups: Vec<String> = digest
        .chunks(2)
        .take(8)
        .map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    groups.join(" ")
}

/// Whether a party may have this name: before keys are made for it.
///
/// # Errors
/// [`Error::Name`] with the reason.
pub fn require_name(name: &str) -> Result<(), Error> {
    note::require_name(name).map_err(|cause| Error::Name {
        name: name.to_owned(),
        cause,
    })
}

impl Node {
    /// The id of the node's own identity, made once as `identity--<fresh>`: who says what is said here. It is also
    /// the id of the node's party, once there is one.
    ///
    /// # Errors
    /// `fresh` is no UUID, or the store failed.
    pub fn identity(&self, fresh: &str, at: Timestamp) -> Result<String, Error> {
        if let Some(identity) = self.store.meta(IDENTITY)? {
            return Ok(identity);
        }
        let identity = format!("identity--{fresh}");
        if !id::is_id(&identity) {
            return Err(Error::Text {
                id: identity,
                cause: "it is no STIX id".to_owned(),
            });
        }
        self.take_own(&identity_text(&identity, UNNAMED, at, at), at)?;
        // The object goes first: a node that crashes in between makes a new identity, and nothing refers to the old.
        self.store.set_meta(IDENTITY, Some(&identity))?;
        Ok(identity)
    }

    /// Makes this node the party `name`: its identity gets that name, its root key signs its card and first key
    /// list, which tells `recipient` (`age1…`) to those who encrypt files for it. The instance key is valid for a
    /// year.
    ///
    /// `keys.party` must be [`Node::identity`].
    ///
    /// # Errors
    /// [`Error::Founded`] where the node is a party already, [`Error::RootElsewhere`] without a root key, a name
    /// that cannot be one, or the store failed.
    pub fn found(&self, name: &str, keys: &Keys, recipient: &str, at: Timestamp) -> Result<Party, Error> {
        require_name(name)?;
        if let Some(me) = self.me()? {
            return Err(Error::Founded { name: me.name });
        }
        let identity = self.store.meta(IDENTITY)?;
        if identity.as_deref() != Some(&keys.party) {
            return Err(Error::NotOurKeys);
        }
        let root = keys.root_signer()?;
        let (created, modified) = self.identity_dates(&keys.party, at)?;
        let identity = identity_text(&keys.party, name, created, modified);
        let list = KeyList::first(keys, recipient, at)?;
        let acts = [
            Act {
                kind: Kind::Party,
                text: entente_translog::note::sign(&note::text(&identity, root.verifier()), &[&root])?,
            },
            list.signed(&root)?,
        ];
        self.take_all(&acts, Door::Ourselves, at)?;
        self.me()?.ok_or(Error::NotFounded)
    }

    /// `created` stays what it was; `modified` moves on.
    fn identity_dates(&self, identity: &str, at: Timestamp) -> Result<(Timestamp, Timestamp), Error> {
        let Some(stored) = self.store.current(identity)? else {
            return Ok((at, at));
        };
        let object = Object::read(&stored.text).ok();
        let created = object.and_then(|object| object.created()).unwrap_or(at);
        let next = Timestamp::from_micros(stored.version.saturating_add(1_000));
        Ok((created.min(at), at.max(next)))
    }

    /// The card of a party, to hand to others: its note and its key list.
    ///
    /// # Errors
    /// [`Error::UnknownParty`], or the store failed.
    pub fn card(&self, id: &str) -> Result<String, Error> {
        let ledger = self.ledger()?;
        let book = ledger
            .parties()
            .get(id)
            .ok_or_else(|| Error::UnknownParty { party: id.to_owned() })?;
        Ok(acts::file::write(&book.acts()))
    }

    /// Takes in the cards of a file, and tells whose they are. Whoever calls this vouches for the root keys in it:
    /// their fingerprints are to be compared by another way. Other acts in the file are left alone.
    ///
    /// # Errors
    /// [`Error::Act`] where the file or a card is not good, a second root key for a known party for example;
    /// [`Error::NoCard`] where there is none; or the store failed. Cards before the bad one are taken in.
    pub fn meet(&self, card: &str, at: Timestamp) -> Result<Vec<Party>, Error> {
        let taken = self.take_all(&cards(card)?, Door::Cards, at)?;
        let ledger = self.ledger()?;
        of_whom(&ledger, &taken)
    }

    /// As [`Node::meet`], but tells whose good cards were taken in beside the first that was refused.
    ///
    /// # Errors
    /// [`Error::Act`] where the file cannot be read, [`Error::NoCard`] where nothing in it is a card; or the store
    /// failed.
    pub fn meet_each(&self, card: &str, at: Timestamp) -> Result<(Vec<Party>, Option<Refusal>), Error> {
        let taken = self.take_acts_from(&cards(card)?, Door::Cards, at)?;
        let ledger = self.ledger()?;
        each_of_whom(&ledger, &taken)
    }

    /// What [`Node::meet_each`] would tell; nothing is stored.
    ///
    /// # Errors
    /// As [`Node::meet_each`].
    pub fn would_meet_each(&self, card: &str, at: Timestamp) -> Result<(Vec<Party>, Option<Refusal>), Error> {
        let mut ledger = self.ledger()?.clone();
        let told: Vec<Taken> = cards(card)?
            .iter()
            .map(|act| ledger.told(act, Door::Cards, at).1)
            .collect();
        each_of_whom(&ledger, &told)
    }

    /// Takes acts in of which none may be refused.
    pub(crate) fn take_all(&self, acts: &[Act], door: Door, at: Timestamp) -> Result<Vec<Taken>, Error> {
        none_refused(self.take_acts_from(acts, door, at)?)
    }

    /// Everyone who is known, this node's own party first, then by name.
    ///
    /// # Errors
    /// The store failed, or an act in it is damaged.
    pub fn parties(&self) -> Result<Vec<Party>, Error> {
        let ledger = self.ledger()?;
        let mut parties: Vec<Party> = ledger.parties().values().map(|book| book.party.clone()).collect();
        parties.sort_by(|one, other| {
            let key = |party: &Party| (!party.is_self, party.name.to_lowercase(), party.id.clone());
            key(one).cmp(&key(other))
        });
        Ok(parties)
    }

    /// The party with this id or name (letters big or small); `None` where there is none.
    ///
    /// # Errors
    /// [`Error::AmbiguousParty`] where several have the name; or the store failed.
    pub fn party(&self, name_or_id: &str) -> Result<Option<Party>, Error> {
        let ledger = self.ledger()?;
        if let Some(book) = ledger.parties().get(name_or_id) {
            return Ok(Some(book.party.clone()));
        }
        let name = name_or_id.to_lowercase();
        let mut named = ledger
            .parties()
            .values()
            .filter(|book| book.party.name.to_lowercase() == name);
        let first = named.next();
        if let (Some(first), Some(second)) = (first, named.next()) {
            return Err(Error::AmbiguousParty {
                name: name_or_id.to_owned(),
                first: first.party.id.clone(),
                second: second.party.id.clone(),
            });
        }
        Ok(first.map(|book| book.party.clone()))
    }

    /// This node's own party; `None` until [`Node::found`].
    ///
    /// # Errors
    /// The store failed, or an act in it is damaged.
    pub fn me(&self) -> Result<Option<Party>, Error> {
        Ok(self.ledger()?.me().map(|book| book.party.clone()))
    }

    /// The id of this node's own party.
    pub(crate) fn my_id(&self) -> Result<Option<String>, Error> {
        Ok(self.ledger()?.me().map(|book| book.party.id.clone()))
    }

    /// This node's own party, if `keys` are its keys and the instance key counts at `at`.
    ///
    /// # Errors
    /// [`Error::NotFounded`], [`Error::NotOurKeys`], [`Error::KeyOver`].
    pub(crate) fn signing_as(&self, keys: &Keys, at: Timestamp) -> Result<Party, Error> {
        let me = self.me()?.ok_or(Error::NotFounded)?;
        let vkey = keys.signer()?.verifier().clone();
        let key = me.key(&vkey).ok_or(Error::NotOurKeys)?;
        if key.is_valid(at) {
            return Ok(me);
        }
        Err(Error::KeyOver {
            vkey: vkey.to_string(),
            from: key.from,
            until: key.until,
            revoked: key.revoked.is_some(),
        })
    }
}

/// The cards and key lists of a file of acts.
fn cards(file: &str) -> Result<Vec<Act>, Error> {
    let mut acts = acts::file::read(file)?;
    acts.retain(|act| matches!(act.kind, Kind::Party | Kind::Keys));
    Ok(acts)
}

fn none_refused(taken: Vec<Taken>) -> Result<Vec<Taken>, Error> {
    let refused = taken.iter().find_map(|taken| match &taken.fate {
        Fate::Refused(refusal) => Some(refusal.clone()),
        _ => None,
    });
    match refused {
        Some(refusal) => Err(refusal.into()),
        None => Ok(taken),
    }
}

/// The parties of acts that were not refused, and the first refusal.
fn each_of_whom(ledger: &Ledger, taken: &[Taken]) -> Result<(Vec<Party>, Option<Refusal>), Error> {
    let is_good = |taken: &&Taken| !matches!(taken.fate, Fate::Refused(_));
    let good: Vec<Taken> = taken.iter().filter(is_good).cloned().collect();
    let refusal = none_refused(taken.to_vec()).err();
    match (of_whom(ledger, &good), refusal) {
        (Ok(met), Some(Error::Act(refusal))) => Ok((met, Some(refusal))),
        (Ok(met), _) => Ok((met, None)),
        (Err(_), Some(refused)) => Err(refused),
        (Err(nobody), None) => Err(nobody),
    }
}

/// The parties that acts are about, each once.
fn of_whom(ledger: &Ledger, taken: &[Taken]) -> Result<Vec<Party>, Error> {
    let mut met: Vec<Party> = Vec::new();
    for Taken { subject, .. } in taken {
        if let Some(book) = ledger.parties().get(subject)
            && met.iter().all(|party| party.id != *subject)
        {
            met.push(book.party.clone());
        }
    }
    if met.is_empty() {
        return Err(Error::NoCard);
    }
    Ok(met)
}

impl Book {
    /// The notes that make the party known to others.
    pub(crate) fn acts(&self) -> Vec<Act> {
        let card = Act {
            kind: Kind::Party,
            text: self.card.to_string(),
        };
        let list = self.list.iter().map(|list| Act {
            kind: Kind::Keys,
            text: list.to_string(),
        });
        std::iter::once(card).chain(list).collect()
    }
}

/// A STIX identity in canonical form.
fn identity_text(id: &str, name: &str, created: Timestamp, modified: Timestamp) -> String {
    let mut members = Map::new();
    for (key, value) in [
        ("type", "identity"),
        ("spec_version", "2.1"),
        ("id", id),
        ("created", &created.to_string()),
        ("modified", &modified.to_string()),
        ("name", name),
        ("identity_class", "organization"),
    ] {
        members.insert(key, Value::String(value.to_owned().into()));
    }
    json::Value::Object(members).canonical()
}
