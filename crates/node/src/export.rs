//! What is known, given back to its operator: objects as the text they came in.
//!
//! This is the operator's own door; nothing here goes to a peer.

use entente_formats::export::csv::Row;
use entente_stix::id;
use entente_stix::json::Value;
use entente_stix::marking::Tlp;
use entente_stix::object::Object;
use entente_stix::observable::Kind;
use entente_stix::time::Timestamp;
use entente_store::{Cursor, Stored};
use uuid::Uuid;

use crate::derive::derive;
use crate::limits::LISTED_MAX;
use crate::{Error, Node};

/// The namespace of the ids of exported bundles.
const NAMESPACE: Uuid = Uuid::from_u128(0x1de1_4f0a_33b5_4c0e_9a6d_70f5_c2b8_4e19);

/// What to give.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these types; empty means all.
    pub types: Vec<String>,
    /// Every stored version instead of the current one.
    pub versions: bool,
}

impl Node {
    /// Hands every selected object to `give`, in the order of ids (newest version first), a page at a time.
    ///
    /// # Errors
    /// The store failed, or `give` did.
    pub fn export<E: From<Error>>(
        &self,
        selection: &Selection,
        give: &mut dyn FnMut(&Stored) -> Result<(), E>,
    ) -> Result<(), E> {
        if selection.types.is_empty() {
            return self.export_type(None, selection.versions, give);
        }
        let mut types = selection.types.clone();
        types.sort();
        types.dedup();
        types
            .iter()
            .try_for_each(|type_name| self.export_type(Some(type_name), selection.versions, give))
    }

    fn export_type<E: From<Error>>(
        &self,
        type_name: Option<&str>,
        versions: bool,
        give: &mut dyn FnMut(&Stored) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after: Option<Cursor> = None;
        loop {
            let page = self
                .store
                .objects(type_name, after.as_ref(), LISTED_MAX)
                .map_err(Error::from)?;
            for stored in &page.items {
                if versions {
                    self.export_versions(&stored.id, give)?;
                } else {
                    give(stored)?;
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    fn export_versions<E: From<Error>>(
        &self,
        id: &str,
        give: &mut dyn FnMut(&Stored) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after: Option<Cursor> = None;
        loop {
            let page = self
                .store
                .versions(id, after.as_ref(), LISTED_MAX)
                .map_err(Error::from)?;
            page.items.iter().try_for_each(&mut *give)?;
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Who told the current version of `id`, by name.
    ///
    /// # Errors
    /// The store failed.
    pub fn sources_of(&self, id: &str) -> Result<Vec<String>, Error> {
        let holdings = self.store.holdings(id, None, LISTED_MAX)?.items;
        let mut names: Vec<String> = holdings
            .into_iter()
            .filter(|holding| holding.is_current)
            .map(|holding| holding.source)
            .collect();
        names.dedup();
        Ok(names)
    }

    /// The id of the bundle that an export of `selection` gives now: the same store gives the same bundle.
    ///
    /// # Errors
    /// The store failed.
    pub fn bundle_id(&self, selection: &Selection) -> Result<String, Error> {
        let number = self.store.change_number()?;
        let name = format!("{:016x} {number} {selection:?}", self.secret);
        Ok(id::name_based("bundle", &NAMESPACE, name.as_bytes())
            .as_str()
            .to_owned())
    }

    /// Hands the CSV rows of one object to `give`: one a value that it looks for or mentions; one without a
    /// value where it has none.
    ///
    /// # Errors
    /// The stored text cannot be read, the store failed, or `give` did.
    pub fn rows<E: From<Error>>(
        &self,
        stored: &Stored,
        give: &mut dyn FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let object = Object::read(&stored.text).map_err(|refusal| Error::Text {
            id: stored.id.clone(),
            cause: refusal.to_string(),
        })?;
        let sources = self.sources_of(&stored.id)?;
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        let labels = texts(&object, "labels");
        let modified = if stored.version == 0 {
            String::new()
        } else {
            Timestamp::from_micros(stored.version).to_string()
        };
        let tlp = Tlp::of_object(&object)
            .map(|tlp| tlp.to_string())
            .unwrap_or_default();
        let row = Row {
            id: &stored.id,
            type_name: stored.type_name(),
            kind: "",
            value: "",
            name: &stored.name,
            description: object.str("description").unwrap_or_default(),
            valid_from: object.str("valid_from").unwrap_or_default(),
            valid_until: object.str("valid_until").unwrap_or_default(),
            confidence: object
                .get("confidence")
                .and_then(Value::as_i64)
                .and_then(|number| u8::try_from(number).ok()),
            labels: &labels,
            tlp: &tlp,
            created_by: stored.created_by.as_deref().unwrap_or_default(),
            sources: &sources,
            modified: &modified,
        };
        let observables = derive(&object).observables;
        if observables.is_empty() {
            return give(&row);
        }
        observables.iter().try_for_each(|observed| {
            let kind = Kind::from_number(observed.kind)
                .map(Kind::name)
                .unwrap_or_default();
            give(&Row {
                kind,
                value: &observed.value,
                ..row
            })
        })
    }
}

fn texts<'o>(object: &'o Object<'_>, property: &str) -> Vec<&'o str> {
    let items = object.get(property).and_then(Value::as_array).unwrap_or_default();
    items.iter().filter_map(Value::as_str).collect()
}
