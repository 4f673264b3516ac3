//! Taking over the collections of another TAXII server, with ids, permissions, versions, times and order.
//!
//! They are this node's own from then on and shown to nobody else; objects are held under the source
//! `taxii/<root>/<title>`. What a party owns stays as that party told it. A second takeover of the same file changes
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use entente_formats::medallion::{Collection, Record, Root, Server};
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_store::{
    Change, Collect, CollectionFilter, Derived, Expected, NewCollection, NewDocument, Telling,
};

use super::roots::{Names, root_document, server_document};
use super::status::{OWN, STATUS, status_key};
use super::write::{Entry, media_type, unfit};
use crate::derive::{derive, incoming};
use crate::import::ownership;
use crate::limits::{BATCH_BYTES_MAX, BATCH_OBJECTS_MAX, LISTED_MAX};
use crate::noted::Noted;
use crate::{Error, Node};

/// What was taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// API roots.
    pub roots: u64,
    /// Collections.
    pub collections: u64,
    /// Status records that are new here.
    pub statuses: u64,
    /// Versions of objects that are new in their collection.
    pub objects: u64,
    /// Versions of objects that their collection had already.
    pub known: u64,
    /// What was left behind; each was told.
    pub left: u64,
}

/// Something that was not taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// JSON pointer to it in the file.
    pub pointer: String,
    /// The object's id, where it is one.
    pub id: Option<String>,
    /// Why.
    pub reason: String,
}

/// A takeover under way.
struct Taking<'t> {
    node: &'t Node,
    at: Timestamp,
    dry_run: bool,
    account: TakenOver,
    report: &'t mut dyn FnMut(Left),
}

/// An object that fits.
struct Fitting<'r> {
    record: &'r Record,
    derived: Derived,
}

impl Node {
    /// Takes over everything in another server's data file, and tells what was left behind, and why. With `dry_run`
    /// nothing is stored.
    ///
    /// # Errors
    /// The store failed; what was taken over before stays, and a further takeover goes on from there.
    pub fn take_over(
        &self,
        server: &Server,
        dry_run: bool,
        at: Timestamp,
        report: &mut dyn FnMut(Left),
    ) -> Result<TakenOver, Error> {
        let _turn = self.turn();
        let mut taking = Taking {
            node: self,
            at,
            dry_run,
            account: TakenOver::default(),
            report,
        };
        for defect in &server.defects {
            taking.leave(&defect.pointer, None, defect.reason.clone());
        }
        let about = Names::of(&server.about);
        if !about.title.is_empty() && taking.node.taken_over_server(at)?.as_ref() != Some(&about) {
            let text = about.text();
            taking.document(server_document(&text))?;
        }
        for root in &server.roots {
            taking.root(root)?;
        }
        Ok(taking.account)
    }
}

impl Taking<'_> {
    fn leave(&mut self, pointer: &str, id: Option<&str>, reason: String) {
        self.account.left += 1;
        (self.report)(Left {
            pointer: pointer.to_owned(),
            id: id.map(str::to_owned),
            reason,
        });
    }

    fn document(&self, document: NewDocument<'_>) -> Result<(), Error> {
        if !self.dry_run {
            self.node.store().apply(&Change {
                at: self.at.micros(),
                documents: vec![document],
                ..Change::default()
            })?;
        }
        Ok(())
    }

    fn root(&mut self, root: &Root) -> Result<(), Error> {
        if root.name.is_empty()
            || root
                .name
                .chars()
                .any(|letter| letter.is_control() || letter == '/')
        {
            let reason = "no name that a path can have; nothing in it is taken over".to_owned();
            self.leave(&format!("/{}", root.name), None, reason);
            return Ok(());
        }
        self.account.roots += 1;
        let names = Names::of(&root.about);
        if self.node.taken_over_root(&root.name, self.at)?.as_ref() != Some(&names) {
            let text = names.text();
            self.document(root_document(&root.name, &text))?;
        }
        for (id, text) in &root.statuses {
            self.status(&root.name, id, text)?;
        }
        let mut titles: BTreeMap<&str, usize> = BTreeMap::new();
        for collection in &root.collections {
            *titles.entry(&collection.title).or_default() += 1;
        }
        for collection in &root.collections {
            let is_alone = titles.get(collection.title.as_str()) == Some(&1);
            self.collection(root, collection, is_alone)?;
        }
        Ok(())
    }

    fn status(&mut self, root: &str, id: &str, text: &str) -> Result<(), Error> {
        let key = status_key(OWN, root, id);
        if self
            .node
            .store()
            .document(STATUS, &key, self.at.micros())?
            .is_some()
        {
            return Ok(());
        }
        self.account.statuses += 1;
        self.document(NewDocument {
            kind: STATUS,
            key: &key,
            value: Some(text.as_bytes()),
            expires_at: None,
            expected: Expected::Any,
        })
    }

    fn collection(&mut self, root: &Root, collection: &Collection, is_alone: bool) -> Result<(), Error> {
        let stored = self.node.store().collection(&root.name, &collection.id)?;
        if stored.as_ref().is_some_and(|stored| stored.owner.is_some()) {
            let reason = "a contribution box has this id; the collection is not taken over".to_owned();
            self.leave(&collection.pointer, None, reason);
            return Ok(());
        }
        self.account.collections += 1;
        if stored.is_none() && !self.dry_run {
            self.node.store().apply(&Change {
                at: self.at.micros(),
                collections: vec![described(root, collection)],
                ..Change::default()
            })?;
        }
        let source = match is_alone {
            true => format!("taxii/{}/{}", root.name, collection.title),
            false => format!("taxii/{}/{} ({})", root.name, collection.title, collection.id),
        };
        let mut last_added = match &stored {
            Some(stored) => self.last_added(stored)?,
            None => i64::MIN,
        };
        let mut batch: Vec<&Record> = Vec::new();
        let mut bytes = 0;
        for record in &collection.records {
            bytes += record.text.len();
            batch.push(record);
            if batch.len() >= BATCH_OBJECTS_MAX.min(LISTED_MAX) || bytes >= BATCH_BYTES_MAX {
                self.batch(
                    root,
                    collection,
                    &source,
                    &std::mem::take(&mut batch),
                    &mut last_added,
                )?;
                bytes = 0;
            }
        }
        self.batch(root, collection, &source, &batch, &mut last_added)
    }

    /// When the last entry was added.
    fn last_added(&self, stored: &entente_store::Collection) -> Result<i64, Error> {
        let store = self.node.store();
        let filter = CollectionFilter::default();
        let page = store.collection_entries(&stored.root, &stored.id, stored.last, &filter, 1)?;
        Ok(page.items.first().map_or(i64::MIN, |entry| entry.added))
    }

    fn batch(
        &mut self,
        root: &Root,
        collection: &Collection,
        source: &str,
        records: &[&Record],
        last_added: &mut i64,
    ) -> Result<(), Error> {
        let known = self.known(root, collection, records)?;
        let mut fitting = Vec::with_capacity(records.len());
        for record in records {
            match Object::read(record.text.as_bytes()) {
                Ok(object) => {
                    let derived = derive(&object);
                    match unfit(&derived) {
                        Some(reason) => self.leave(&record.pointer, Some(&derived.id), reason),
                        None if known.contains(&(
                            derived.id.clone(),
                            record.version.micros(),
                            derived.digest,
                        )) =>
                        {
                            self.account.known += 1;
                        }
                        None => fitting.push(Fitting { record, derived }),
                    }
                }
                Err(refusal) => {
                    let reason = format!("cannot be kept as an object: {refusal}");
                    self.leave(&record.pointer, None, reason);
                }
            }
        }
        let derived: Vec<&Derived> = fitting.iter().map(|fitting| &fitting.derived).collect();
        let owners = ownership::foreign(self.node.store(), &derived)?;
        let mut taken = Vec::with_capacity(fitting.len());
        let mut owned = Vec::new();
        for (fitting, owner) in fitting.into_iter().zip(owners) {
            match owner {
                None => taken.push(fitting),
                Some(owner) => {
                    let reason =
                        format!("`{owner}` owns it and told it otherwise; it is kept beside, as a proposal");
                    self.leave(&fitting.record.pointer, Some(&fitting.derived.id), reason);
                    owned.push((fitting, owner));
                }
            }
        }
        self.account.objects += taken.len() as u64;
        if self.dry_run {
            return Ok(());
        }
        let aside: Vec<(&Derived, &[u8], &str)> = owned
            .iter()
            .map(|(fitting, owner)| (&fitting.derived, fitting.record.text.as_bytes(), owner.as_str()))
            .collect();
        ownership::set_aside(self.node.store(), source, self.at.micros(), &aside)?;
        self.store(root, collection, source, &mut taken, last_added)
    }

    /// What the collection has already of these: id, version and digest.
    fn known(
        &self,
        root: &Root,
        collection: &Collection,
        records: &[&Record],
    ) -> Result<BTreeSet<(String, i64, [u8; 32])>, Error> {
        let objects = records
            .iter()
            .filter_map(|record| Object::read(record.text.as_bytes()).ok());
        let ids: BTreeSet<String> = objects.map(|object| object.id().to_owned()).collect();
        let mut known = BTreeSet::new();
        if ids.is_empty() {
            return Ok(known);
        }
        let mut filter = CollectionFilter::default();
        filter.filter.ids = ids.iter().map(String::as_str).collect();
        let mut from = 0;
        loop {
            let store = self.node.store();
            let page = store.collection_entries(&root.name, &collection.id, from, &filter, LISTED_MAX)?;
            known.extend(
                page.items
                    .into_iter()
                    .map(|entry| (entry.id, entry.version, entry.digest)),
            );
            match page.next {
                Some(next) => from = next,
                None => return Ok(known),
            }
        }
    }

    fn store(
        &self,
        root: &Root,
        collection: &Collection,
        source: &str,
        taken: &mut [Fitting<'_>],
        last_added: &mut i64,
    ) -> Result<(), Error> {
        if taken.is_empty() {
            return Ok(());
        }
        let observables = taken.iter().flat_map(|taken| &taken.derived.observables);
        Noted::extend(
            self.node.store(),
            observables.map(|observed| (observed.kind, observed.value.as_str())),
        )?;
        let entries: Vec<Entry> = taken.iter().map(|taken| taken.entry(last_added)).collect();
        let objects = taken.iter_mut();
        let objects = objects.map(|taken| incoming(taken.record.text.as_bytes(), &mut taken.derived, false));
        let telling = Telling {
            source,
            objects: objects.collect(),
        };
        self.node.store().apply(&Change {
            at: self.at.micros(),
            told: vec![telling],
            collected: vec![Collect {
                root: &root.name,
                collection: &collection.id,
                entries: entries.iter().map(Entry::as_new).collect(),
            }],
            ..Change::default()
        })?;
        Ok(())
    }
}

impl Fitting<'_> {
    /// As it was added there; what comes later than what is here already is added now.
    fn entry(&self, last_added: &mut i64) -> Entry {
        let added = self.record.added.micros();
        let is_in_order = added >= *last_added;
        if is_in_order {
            *last_added = added;
        }
        Entry {
            id: self.derived.id.clone(),
            version: self.record.version.micros(),
            version_text: self.record.version.to_string(),
            media_type: media_type(&self.record.spec_version),
            spec_version: self.record.spec_version.clone(),
            digest: self.derived.digest,
            added: is_in_order.then_some(added),
        }
    }
}

fn described<'c>(root: &'c Root, collection: &'c Collection) -> NewCollection<'c> {
    NewCollection {
        root: &root.name,
        id: &collection.id,
        title: &collection.title,
        description: collection.description.as_deref(),
        alias: collection.alias.as_deref(),
        media_types: collection.media_types.iter().map(String::as_str).collect(),
        can_read: collection.can_read,
        can_write: collection.can_write,
        owner: None,
    }
}
