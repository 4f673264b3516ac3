//! One object with everything around it: versions, sources, relations both ways. And search.

use entente_store::{Aside, Edge, Holding, SearchHit, SearchQuery, Stored};

use crate::limits::LISTED_MAX;
use crate::receipt::Recalled;
use crate::rules::trials::Tried;
use crate::{Error, Node};

/// An object and what is known around it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The current version.
    pub current: Stored,
    /// Who told it, version by version.
    pub holdings: Vec<Holding>,
    /// What it refers to, with the names of what is known.
    pub refers_to: Vec<Relation>,
    /// What refers to it.
    pub referred_by: Vec<Relation>,
    /// The party that it belongs to.
    pub owner: Option<String>,
    /// What others say of it without being its owner, and what was parked.
    pub asides: Vec<Aside>,
    /// Who recalled it, when and why.
    pub recalls: Vec<Recalled>,
    /// Whether the rule that it carries alerts; none where it carries none.
    pub trial: Option<Tried>,
    /// Whether more sources or relations exist than are listed.
    pub more: bool,
}

/// What is known of an object that is not held: it was recalled, or never taken in.
#[derive(Clone, Debug)]
pub struct Gone {
    /// The party that it belongs to.
    pub owner: Option<String>,
    /// What was told of it and not taken in.
    pub asides: Vec<Aside>,
    /// Who recalled it, when and why.
    pub recalls: Vec<Recalled>,
}

/// An object found by search.
#[derive(Clone, Debug)]
pub struct Found {
    /// The object in short.
    pub hit: SearchHit,
    /// By whom, when and why it was taken back, where the party that it belongs to did.
    pub recalled: Option<Recalled>,
}

/// A reference, seen from one end.
#[derive(Clone, Debug)]
pub struct Relation {
    /// The property that refers.
    pub property: String,
    /// The object at the other end.
    pub id: String,
    /// Its name; `None` when it is not known here.
    pub name: Option<String>,
}

impl Node {
    /// The object `id` with its sources and relations; `None` when it is not known.
    ///
    /// # Errors
    /// The store failed.
    pub fn show(&self, id: &str) -> Result<Option<Shown>, Error> {
        let Some(current) = self.store.current(id)? else {
            return Ok(None);
        };
        let holdings = self.store.holdings(id, None, LISTED_MAX)?;
        let from = self.store.edges_from(id)?;
        let to = self.store.edges_to(id, None, None, LISTED_MAX)?;
        let more = holdings.next.is_some() || to.next.is_some() || from.len() > LISTED_MAX;
        Ok(Some(Shown {
            holdings: holdings.items,
            refers_to: self.relations(from, |edge| edge.target)?,
            referred_by: self.relations(to.items, |edge| edge.source)?,
            owner: self.owner_of(id)?,
            asides: self.store.asides(Some(id), 0, LISTED_MAX)?,
            recalls: self.recalls_of(id)?,
            trial: self.rule_tried(&current)?,
            current,
            more,
        }))
    }

    /// What is known of the object `id` where it is not held; `None` where nothing is.
    ///
    /// # Errors
    /// The store failed.
    pub fn gone(&self, id: &str) -> Result<Option<Gone>, Error> {
        let gone = Gone {
            owner: self.owner_of(id)?,
            asides: self.store.asides(Some(id), 0, LISTED_MAX)?,
            recalls: self.recalls_of(id)?,
        };
        let is_known = !gone.asides.is_empty() || !gone.recalls.is_empty();
        Ok((is_known && self.store.current(id)?.is_none()).then_some(gone))
    }

    fn relations(&self, edges: Vec<Edge>, other_end: fn(Edge) -> String) -> Result<Vec<Relation>, Error> {
        let listed = edges.into_iter().take(LISTED_MAX);
        let ends: Vec<(String, String)> = listed
            .map(|edge| (edge.property.clone(), other_end(edge)))
            .collect();
        let ids: Vec<&str> = ends.iter().map(|(_, id)| id.as_str()).collect();
        let known = self.store.current_many(&ids)?;
        let relations = ends.iter().zip(known).map(|((property, id), stored)| Relation {
            property: property.clone(),
            id: id.clone(),
            name: stored.map(|stored| stored.name),
        });
        Ok(relations.collect())
    }

    /// Every stored version of `id`, newest first.
    ///
    /// # Errors
    /// The store failed.
    pub fn versions(&self, id: &str) -> Result<Vec<Stored>, Error> {
        Ok(self.store.versions(id, None, LISTED_MAX)?.items)
    }

    /// Full-text and field search, best first. The flag says whether there are more.
    ///
    /// # Errors
    /// The query is too long, or the store failed.
    pub fn find(&self, query: &str, limit: usize) -> Result<(Vec<Found>, bool), Error> {
        let page = self.store.search(&SearchQuery::parse(query)?, limit)?;
        let recalls = self.recalls()?;
        let found = page.items.into_iter().map(|hit| {
            let recalled = recalls.of(&hit.id)?;
            Ok(Found { hit, recalled })
        });
        Ok((found.collect::<Result<_, Error>>()?, page.next.is_some()))
    }
}
