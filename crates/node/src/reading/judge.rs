//! Whether what a party tells may be taken in: what is held of the id, whose it is, and policy's answer.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use entente_policy::admit::{Admission, Held, Telling as Told, Way, admit};
use entente_policy::classes::Classes;
use entente_policy::marks::MarkingFacts;
use entente_policy::terms::Terms;
use entente_stix::object::Object;
use entente_stix::time::Timestamp;

use crate::{Error, Node};

/// What is held of an id before an object is judged.
pub(crate) struct Before {
    pub(crate) text: Option<Vec<u8>>,
    pub(crate) owner: Option<String>,
    pub(crate) is_only_ours: bool,
}

/// Asks policy what a party may say here.
pub(crate) struct Judge<'n> {
    node: &'n Node,
    way: Way,
    at: Timestamp,
    terms: Arc<Terms>,
    classes: RefCell<Classes>,
    parties: BTreeSet<String>,
    markings: RefCell<BTreeMap<String, Option<MarkingFacts>>>,
    failed: RefCell<Option<Error>>,
}

impl<'n> Judge<'n> {
    pub(crate) fn new(node: &'n Node, agreement: &str, way: Way, at: Timestamp) -> Result<Judge<'n>, Error> {
        let pact = node.pact_in_force(agreement, at)?;
        Ok(Judge {
            node,
            way,
            at,
            terms: Arc::clone(&pact.terms),
            classes: RefCell::new(Classes::new()),
            parties: node.parties()?.into_iter().map(|party| party.id).collect(),
            markings: RefCell::default(),
            failed: RefCell::default(),
        })
    }

    pub(crate) fn before(
        &self,
        id: &str,
        source: &str,
        bound: &BTreeSet<String>,
        teller: &str,
    ) -> Result<Before, Error> {
        let owner = self.node.owner_of(id)?;
        let owner = owner.or_else(|| bound.contains(id).then(|| teller.to_owned()));
        let Some(current) = self.node.store.current(id)? else {
            return Ok(Before {
                text: None,
                owner,
                is_only_ours: false,
            });
        };
        let told = self.node.told(&current)?;
        Ok(Before {
            is_only_ours: told.iter().all(|told| told.source == source),
            text: Some(current.text),
            owner,
        })
    }

    pub(crate) fn admit(
        &self,
        object: &Object<'_>,
        teller: &str,
        before: &Before,
    ) -> Result<Admission, Error> {
        let current = match &before.text {
            Some(text) => Some(Object::read(text).map_err(|refusal| Error::Text {
                id: object.id().to_owned(),
                cause: refusal.to_string(),
            })?),
            None => None,
        };
        let telling = Told {
            object,
            teller,
            terms: &self.terms,
            way: self.way,
            now: self.at,
        };
        let parties = |id: &str| self.parties.contains(id);
        let markings = |id: &str| self.marking(id);
        let held = Held {
            current: current.as_ref(),
            owner: before.owner.as_deref(),
            held_from_teller: before.text.is_some() && before.is_only_ours,
            parties: &parties,
            markings: &markings,
        };
        let admission = admit(&mut self.classes.borrow_mut(), &telling, &held);
        self.failed.borrow_mut().take().map_or(Ok(admission), Err)
    }

    fn marking(&self, id: &str) -> Option<MarkingFacts> {
        if let Some(facts) = self.markings.borrow().get(id) {
            return *facts;
        }
        // What is answered to a contribution must not tell which definitions are held here.
        if self.way == Way::Contribution {
            return None;
        }
        match self.node.marking(id) {
            Ok(facts) => {
                self.markings.borrow_mut().insert(id.to_owned(), facts);
                facts
            }
            Err(error) => {
                self.failed.borrow_mut().get_or_insert(error);
                None
            }
        }
    }
}

impl Node {
    /// The party that an id belongs to.
    pub(crate) fn owner_of(&self, id: &str) -> Result<Option<String>, Error> {
        Ok(self.store.owners(&[id])?.into_iter().next().flatten())
    }
}
