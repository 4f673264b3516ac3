//! Who really made what: the truth about objects, apart from what any node believes.

use std::collections::{BTreeMap, BTreeSet};

use crate::network::Place;
use crate::objects::Digest;

/// Every version of every object, and who said it.
#[derive(Debug, Default)]
pub(crate) struct Truth(BTreeMap<String, Said>);

#[derive(Debug)]
struct Said {
    owner: Place,
    by: BTreeMap<Digest, BTreeSet<Place>>,
}

impl Truth {
    /// Somebody says a version of an object; who says the first one made it.
    pub(crate) fn say(&mut self, place: Place, id: &str, digest: Digest) {
        let said = self.0.entry(id.to_owned()).or_insert_with(|| Said {
            owner: place,
            by: BTreeMap::new(),
        });
        said.by.entry(digest).or_default().insert(place);
    }

    /// Who made it.
    pub(crate) fn owner(&self, id: &str) -> Option<Place> {
        Some(self.0.get(id)?.owner)
    }

    /// Whether this version is said by who made the object.
    pub(crate) fn is_owners(&self, id: &str, digest: &Digest) -> bool {
        self.0
            .get(id)
            .is_none_or(|said| said.by.get(digest).is_some_and(|by| by.contains(&said.owner)))
    }
}
