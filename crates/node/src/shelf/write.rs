//! What a visitor puts into a collection, and takes out of it again.
//!
//! A party's objects go through `policy::admit` by way of the contribution. Whatever is held here already, it is
//! answered the same: what another party owns is kept beside as a proposal, and its teller is not told so.

use std::collections::{BTreeMap, BTreeSet};

use entente_policy::admit::{Admission, Way};
use entente_stix::digest::Digest;
use entente_stix::json;
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_store::{
    Change, Collect, CollectionEntry, CollectionFilter, Derived, Discard, NewCollection, NewCollectionEntry,
    Telling, Withdrawn, require_fit, type_of,
};

use super::catalog::{Collection, Place};
use super::page::stored_of;
use super::status::{self, Detail};
use super::{Filter, Shelf, timestamp};
use crate::channel::{BOUND, read_origin, source_of};
use crate::derive::{derive, derive_text, incoming};
use crate::import::ownership;
use crate::limits::{LISTED_MAX, WRITE_OBJECTS_MAX};
use crate::noted::Noted;
use crate::reading::{Before, Judge, PROPOSAL, SetAside};
use crate::{Error, Node};

/// What became of objects that were put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Each is taken or not, as its status says: the status record as JSON.
    Done(String),
    /// One of them is not even an object with an id, so none was looked at.
    Unreadable {
        /// JSON pointer to what is wrong, from the place that was named.
        pointer: String,
        /// What is wrong.
        cause: String,
    },
    /// More than may come at once; none was looked at.
    TooMuch(String),
    /// The visitor may not write here.
    NotAllowed,
}

/// What became of a request to take something out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Done,
    /// Nothing of it is there.
    NotThere,
    /// The visitor may not take anything out here.
    NotAllowed,
}

/// An object that is put in.
struct Offered<'o> {
    /// By which its sender can find it.
    pointer: &'o str,
    object: Object<'o>,
    derived: Derived,
    version: Version,
    /// Whether the collection has it already.
    is_here: bool,
}

/// Its version as a collection has it.
struct Version {
    micros: i64,
    text: String,
    /// Whether the object says so itself.
    is_own: bool,
}

/// What is put in changes so much here.
#[derive(Default)]
struct Gathered<'o> {
    told: Vec<Offered<'o>>,
    /// Kept beside, and an entry of the collection all the same.
    beside: Vec<SetAside>,
    /// In the order in which they were offered, wherever their objects are kept.
    entries: Vec<Entry>,
    bound: BTreeSet<String>,
    details: Vec<Detail>,
}

impl Shelf<'_> {
    /// Puts objects into a collection, each with the pointer by which its sender can find it: all that are good are
    /// stored as one, with the status that says what became of each.
    ///
    /// # Errors
    /// The store failed; nothing was stored.
    pub fn write(&self, collection: &Collection, objects: &[(String, &[u8])]) -> Result<Written, Error> {
        let Some(writer) = self.writer().filter(|_| collection.can_write) else {
            return Ok(Written::NotAllowed);
        };
        if objects.len() > WRITE_OBJECTS_MAX {
            let found = objects.len();
            return Ok(Written::TooMuch(format!(
                "there are {found} objects, the limit is {WRITE_OBJECTS_MAX}"
            )));
        }
        let mut offered = Vec::with_capacity(objects.len());
        let mut details = Vec::new();
        for (pointer, text) in objects {
            match read(pointer, text, self.at) {
                Ok(good) => offered.push(good),
                Err((id, inside, cause)) if !id.is_empty() => details.push(Detail {
                    id,
                    version: timestamp(self.at),
                    failure: Some(format!("`{pointer}{inside}`: {cause}")),
                }),
                Err((_, inside, cause)) => {
                    let pointer = format!("{pointer}{inside}");
                    return Ok(Written::Unreadable { pointer, cause });
                }
            }
        }
        let all: Vec<u8> = objects
            .iter()
            .flat_map(|(_, text)| text.iter().copied())
            .collect();
        let _turn = self.node.turn();
        let here = self.entries_here(collection, &offered)?;
        offered
            .iter_mut()
            .for_each(|offered| offered.is_here = here.has(offered));
        let mut gathered = match &collection.place {
            Place::Box { party, .. } => match self.contributed(party, &collection.root, offered, &here) {
                Err(Error::NotInForce { .. } | Error::UnknownAgreement { .. }) => {
                    return Ok(Written::NotAllowed);
                }
                gathered => gathered?,
            },
            Place::Own { .. } => self.added(offered, &here)?,
            Place::Channel { .. } | Place::Nothing => return Ok(Written::NotAllowed),
        };
        gathered.details.extend(details);
        let status = self.new_status(writer, &collection.root, &Digest::of(&all));
        let text = status::render(&status.id, self.at, &gathered.details);
        let change = Change {
            at: self.at.micros(),
            documents: vec![status.document(&text)],
            ..Change::default()
        };
        match self.store_gathered(collection, gathered, change) {
            Err(Error::Store(error @ entente_store::Error::TooMuch { .. })) => {
                Ok(Written::TooMuch(error.to_string()))
            }
            stored => stored.map(|()| Written::Done(text)),
        }
    }

    /// What a party tells by way of its contribution.
    fn contributed<'o>(
        &self,
        party: &str,
        agreement: &str,
        offered: Vec<Offered<'o>>,
        here: &Here,
    ) -> Result<Gathered<'o>, Error> {
        let judge = Judge::new(self.node, agreement, Way::Contribution, self.at)?;
        let source = source_of(party, agreement);
        let mut gathered = Gathered::default();
        let mut latest: BTreeMap<String, Before> = BTreeMap::new();
        for offered in offered {
            if let Some(cause) = here.conflict(&offered).or_else(|| unfit(&offered.derived)) {
                gathered.fail(&offered, cause);
                continue;
            }
            let id = offered.object.id().to_owned();
            let before = match latest.remove(&id) {
                Some(before) => before,
                None => judge.before(&id, &source, &gathered.bound, party)?,
            };
            let admission = judge.admit(&offered.object, party, &before)?;
            let text = offered.object.text().as_bytes().to_vec();
            match admission {
                Admission::Accept { bind } => {
                    if bind.is_some() {
                        gathered.bound.insert(id.clone());
                    }
                    let is_only_ours = before.text.is_none() || before.is_only_ours;
                    let owner = before.owner.or(bind);
                    latest.insert(
                        id,
                        Before {
                            text: Some(text),
                            owner,
                            is_only_ours,
                        },
                    );
                    gathered.take(offered);
                }
                Admission::Proposal(cause) => {
                    latest.insert(id, before);
                    let derived = offered.derived.clone();
                    let aside = SetAside::new(PROPOSAL, derived, text, &cause, self.at);
                    gathered.put_beside(aside, &offered);
                }
                Admission::Park(cause) => {
                    latest.insert(id, before);
                    gathered.fail(&offered, cause.to_string());
                }
            }
        }
        Ok(gathered)
    }

    /// What people of this node add: as an import, what a party owns stays as that party told it.
    fn added<'o>(&self, offered: Vec<Offered<'o>>, here: &Here) -> Result<Gathered<'o>, Error> {
        let derived: Vec<&Derived> = offered.iter().map(|offered| &offered.derived).collect();
        let owners = ownership::foreign(self.node.store(), &derived)?;
        let mut gathered = Gathered::default();
        for (offered, owner) in offered.into_iter().zip(owners) {
            let owned = owner.map(|owner| format!("`{owner}` owns it, and told it otherwise"));
            let cause = here
                .conflict(&offered)
                .or_else(|| unfit(&offered.derived))
                .or(owned);
            match cause {
                Some(cause) => gathered.fail(&offered, cause),
                None => gathered.take(offered),
            }
        }
        Ok(gathered)
    }

    fn store_gathered(
        &self,
        collection: &Collection,
        mut gathered: Gathered<'_>,
        change: Change<'_>,
    ) -> Result<(), Error> {
        let mut change = change;
        let source = self.source(collection)?;
        let observables = gathered.told.iter().flat_map(|told| &told.derived.observables);
        Noted::extend(
            self.node.store(),
            observables.map(|observed| (observed.kind, observed.value.as_str())),
        )?;
        change.collections.push(self.described(collection));
        change.collected.push(Collect {
            root: &collection.root,
            collection: &collection.id,
            entries: gathered.entries.iter().map(Entry::as_new).collect(),
        });
        change.aside = gathered
            .beside
            .iter()
            .map(|aside| aside.as_new(&source))
            .collect();
        if let Place::Box { party, .. } = &collection.place {
            change.bound = gathered
                .bound
                .iter()
                .map(|id| (id.as_str(), party.as_str()))
                .collect();
        }
        if !change.bound.is_empty() {
            change.meta.push((BOUND, Some("yes")));
        }
        let objects = gathered.told.iter_mut();
        let objects = objects.map(|told| incoming(told.object.text().as_bytes(), &mut told.derived, false));
        change.told.push(Telling {
            source: &source,
            objects: objects.collect(),
        });
        self.node.store().apply(&change)?;
        Ok(())
    }

    /// Under which name objects of a collection are held.
    fn source(&self, collection: &Collection) -> Result<String, Error> {
        match &collection.place {
            Place::Box { party, .. } => Ok(source_of(party, &collection.root)),
            _ => self.node.source_of_collection(collection),
        }
    }

    /// The collection as it is to be stored, since a box is made with its first entry.
    fn described<'c>(&self, collection: &'c Collection) -> NewCollection<'c> {
        let stored = stored_of(collection);
        NewCollection {
            root: &collection.root,
            id: &collection.id,
            title: &collection.title,
            description: collection.description.as_deref(),
            alias: collection.alias.as_deref(),
            media_types: collection.media_types.iter().map(String::as_str).collect(),
            can_read: collection.can_read,
            can_write: stored.is_none_or(|stored| stored.can_write),
            owner: match &collection.place {
                Place::Box { party, .. } => Some(party),
                _ => None,
            },
        }
    }

    /// What the collection has already of the ids that are offered.
    fn entries_here(&self, collection: &Collection, offered: &[Offered<'_>]) -> Result<Here, Error> {
        let mut here = Here::default();
        let Some(stored) = stored_of(collection) else {
            return Ok(here);
        };
        let ids: BTreeSet<&str> = offered.iter().map(|offered| offered.object.id()).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        for some in ids.chunks(LISTED_MAX) {
            let mut filter = CollectionFilter::default();
            filter.filter.ids = some.to_vec();
            let mut from = 0;
            loop {
                let store = self.node.store();
                let page = store.collection_entries(&stored.root, &stored.id, from, &filter, LISTED_MAX)?;
                here.extend(page.items);
                match page.next {
                    Some(next) => from = next,
                    None => break,
                }
            }
        }
        Ok(here)
    }

    /// Takes an object, or the versions of it that a filter leaves, out of a collection. What its writer told of it
    /// ends with it, unless it tells the same elsewhere.
    ///
    /// # Errors
    /// The store failed; nothing was taken out.
    pub fn delete(&self, collection: &Collection, id: &str, filter: &Filter) -> Result<Deleted, Error> {
        if !collection.can_write || self.writer().is_none() {
            return Ok(Deleted::NotAllowed);
        }
        let _turn = self.node.turn();
        let Some(stored) = stored_of(collection) else {
            return Ok(Deleted::NotThere);
        };
        let going = self.entries_of(stored, id, filter)?;
        if going.is_empty() {
            return Ok(Deleted::NotThere);
        }
        let everything = Filter {
            versions: super::Versions::all(),
            ..Filter::default()
        };
        let all = self.entries_of(stored, id, &everything)?;
        let stays = |digest: [u8; 32]| {
            let mut staying = all
                .iter()
                .filter(|entry| going.iter().all(|gone| gone.number != entry.number));
            staying.any(|entry| entry.digest == digest)
        };
        let digests: BTreeSet<[u8; 32]> = going.iter().map(|entry| entry.digest).collect();
        let digests: Vec<[u8; 32]> = digests.into_iter().filter(|digest| !stays(*digest)).collect();
        let source = self.source(collection)?;
        let beside = self.node.asides_of(&source, id)?.into_iter();
        let beside = beside.filter(|aside| digests.contains(&aside.digest));
        let is_released = match &collection.place {
            Place::Box { party, .. } => self.node.is_released_by(party, &collection.root, id)?,
            _ => false,
        };
        let derive = derive_text;
        self.node.store().apply(&Change {
            at: self.at.micros(),
            discarded: going
                .iter()
                .map(|entry| Discard {
                    root: &collection.root,
                    collection: &collection.id,
                    id,
                    version: Some(entry.version),
                })
                .collect(),
            withdrawn: digests
                .iter()
                .filter(|_| !is_released)
                .map(|digest| Withdrawn {
                    source: &source,
                    id,
                    digest: Some(*digest),
                    derive: &derive,
                })
                .collect(),
            aside_gone: beside.map(|aside| aside.number).collect(),
            ..Change::default()
        })?;
        Ok(Deleted::Done)
    }
}

impl Node {
    /// Whether a party's log under an agreement still tells the object.
    fn is_released_by(&self, party: &str, agreement: &str, id: &str) -> Result<bool, Error> {
        let released = self.store().released_in(id)?;
        Ok(released.iter().any(|(origin, _)| {
            read_origin(origin).is_some_and(|(named, owner)| named == agreement && owner == party)
        }))
    }
}

impl<'o> Gathered<'o> {
    fn take(&mut self, offered: Offered<'o>) {
        self.note(&offered);
        self.told.push(offered);
    }

    fn put_beside(&mut self, aside: SetAside, offered: &Offered<'_>) {
        self.note(offered);
        self.beside.push(aside);
    }

    fn note(&mut self, offered: &Offered<'_>) {
        self.details.push(offered.detail(None));
        if !offered.is_here {
            self.entries.push(Entry::of(offered));
        }
    }

    fn fail(&mut self, offered: &Offered<'_>, cause: String) {
        let cause = format!("`{}`: {cause}", offered.pointer);
        self.details.push(offered.detail(Some(cause)));
    }
}

impl Offered<'_> {
    fn detail(&self, failure: Option<String>) -> Detail {
        Detail {
            id: self.derived.id.clone(),
            version: self.version.text.clone(),
            failure,
        }
    }
}

/// An object, or its id as far as it has one, where in it something is wrong, and what.
fn read<'o>(
    pointer: &'o str,
    text: &'o [u8],
    at: Timestamp,
) -> Result<Offered<'o>, (String, String, String)> {
    let object = Object::read(text).map_err(|refusal| {
        let value = json::read(text).ok();
        let id = value.as_ref().and_then(|value| value.get("id")?.as_str());
        let id: String = id.unwrap_or_default().chars().take(256).collect();
        (id, refusal.pointer().to_owned(), refusal.to_string())
    })?;
    let own = object.modified().or_else(|| object.created());
    let version = Version {
        micros: own.unwrap_or(at).micros(),
        text: own.map_or_else(|| timestamp(at), |own| own.to_string()),
        is_own: own.is_some(),
    };
    Ok(Offered {
        pointer,
        derived: derive(&object),
        object,
        version,
        is_here: false,
    })
}

/// Why the store could not hold it.
pub(super) fn unfit(derived: &Derived) -> Option<String> {
    let fit = require_fit(
        &derived.id,
        type_of(&derived.id),
        derived.created_by.as_deref(),
        &derived.edges,
    );
    fit.err().map(|error| error.to_string())
}

/// What a collection has already: version, digest and STIX version of entries, by id.
#[derive(Default)]
struct Here(BTreeMap<String, Vec<(i64, [u8; 32])>>);

impl Here {
    fn extend(&mut self, entries: Vec<CollectionEntry>) {
        for entry in entries {
            self.0
                .entry(entry.id)
                .or_default()
                .push((entry.version, entry.digest));
        }
    }

    /// An object without a version of its own is there once it is there.
    fn has(&self, offered: &Offered<'_>) -> bool {
        let known = self.0.get(&offered.derived.id).into_iter().flatten();
        let mut alike = known.filter(|(_, digest)| *digest == offered.derived.digest);
        !offered.version.is_own && alike.next().is_some()
    }

    /// A version is said once: another text for it is another version.
    fn conflict(&self, offered: &Offered<'_>) -> Option<String> {
        let mut known = self.0.get(&offered.derived.id)?.iter();
        let version = offered.version.micros;
        let is_other =
            |(micros, digest): &(i64, [u8; 32])| *micros == version && *digest != offered.derived.digest;
        (offered.version.is_own && known.any(is_other)).then(|| {
            "this version is in the collection with another text; a change needs a later `modified`"
                .to_owned()
        })
    }
}

/// An entry of a collection, before its object is handed to the store.
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) version_text: String,
    pub(super) spec_version: String,
    pub(super) media_type: String,
    pub(super) digest: [u8; 32],
    /// When it was added elsewhere.
    pub(super) added: Option<i64>,
}

impl Entry {
    fn of(offered: &Offered<'_>) -> Entry {
        let spec_version = spec_version(&offered.object);
        Entry {
            id: offered.derived.id.clone(),
            version: offered.version.micros,
            version_text: offered.version.text.clone(),
            media_type: media_type(spec_version),
            spec_version: spec_version.to_owned(),
            digest: offered.derived.digest,
            added: None,
        }
    }

    pub(super) fn as_new(&self) -> NewCollectionEntry<'_> {
        NewCollectionEntry {
            id: &self.id,
            version: self.version,
            version_text: &self.version_text,
            spec_version: &self.spec_version,
            media_type: &self.media_type,
            digest: self.digest,
            added: self.added,
        }
    }
}

pub(super) fn media_type(spec_version: &str) -> String {
    format!("application/stix+json;version={spec_version}")
}

/// STIX 2.0 has no `spec_version` in its objects, and nothing without `created` and `modified`.
fn spec_version(object: &Object<'_>) -> &'static str {
    let is_first = object.str("spec_version").unwrap_or("2.0") == "2.0";
    let is_dated = object.get("created").is_some() || object.get("modified").is_some();
    match is_first && is_dated {
        true => "2.0",
        false => "2.1",
    }
}
