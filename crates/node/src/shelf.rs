//! What a TAXII visitor may see and do here: roots, collections, pages, statuses (docs/decisions/0016).
//!
//! A party sees the channels that it reads and its own contribution boxes; people of this node see the boxes and the
//! collections that were taken over; anyone sees what an agreement opens to anyone. What a visitor may not see is as
//! if it were not there. Begin at [`Node::shelf`]; what parties and anyone read comes through [`crate::view`].

mod boxed;
mod catalog;
mod cursor;
mod open;
mod page;
mod roots;
mod status;
mod takeover;
mod write;

use std::collections::BTreeSet;

use entente_stix::time::Timestamp;

use crate::Node;

pub use catalog::{About, Collection, Root};
pub use page::{Item, Mark, Page, Wanted};
pub use takeover::{Left, TakenOver};
pub use write::{Deleted, Written};

/// Who looks at the shelf. Whoever says so has made sure of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Visitor<'a> {
    /// A party, by its id.
    Party(&'a str),
    /// A person or tool of this node's own.
    Own {
        /// Whether it may add and delete.
        may_write: bool,
    },
    /// Somebody who did not say who it is.
    Anyone,
}

/// This node's collections as one visitor may see them, at one time.
pub struct Shelf<'n> {
    node: &'n Node,
    visitor: Visitor<'n>,
    at: Timestamp,
}

impl Node {
    /// What `visitor` may see and do at `at`.
    pub fn shelf<'n>(&'n self, visitor: Visitor<'n>, at: Timestamp) -> Shelf<'n> {
        Shelf {
            node: self,
            visitor,
            at,
        }
    }
}

impl Shelf<'_> {
    /// Who this is for.
    pub fn visitor(&self) -> Visitor<'_> {
        self.visitor
    }

    /// For which time.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// Which objects of a collection are wanted: those for which every field holds (TAXII 2.1 §3.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Ids; empty for all.
    pub ids: Vec<String>,
    /// Types; empty for all.
    pub types: Vec<String>,
    /// Added later than this.
    pub added_after: Option<Timestamp>,
    /// Which versions.
    pub versions: Versions,
    /// Versions of STIX; empty for the latest that each object has.
    pub spec_versions: Vec<String>,
}

/// Which versions of an object are wanted: those for which one of these holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// Every one.
    pub all: bool,
    /// The first of those that the rest of the filter leaves.
    pub first: bool,
    /// The last of those that the rest of the filter leaves.
    pub last: bool,
    /// These.
    pub exact: BTreeSet<Timestamp>,
}

impl Versions {
    /// No version at all, to begin with.
    pub fn none() -> Versions {
        Versions {
            all: false,
            first: false,
            last: false,
            exact: BTreeSet::new(),
        }
    }

    /// Every version.
    pub fn all() -> Versions {
        Versions {
            all: true,
            ..Versions::none()
        }
    }
}

/// The last version: what is told where nobody asks for another.
impl Default for Versions {
    fn default() -> Versions {
        Versions {
            last: true,
            ..Versions::none()
        }
    }
}

impl Filter {
    /// The same text for the same filter: what a cursor and a kept page belong to. The time is left out: a cursor
    /// stands behind it, with or without.
    pub fn name(&self) -> String {
        let versions = &self.versions;
        let exact: Vec<String> = versions.exact.iter().map(Timestamp::to_string).collect();
        let lists = [&self.ids, &self.types, &exact, &self.spec_versions];
        let lists: Vec<String> = lists.iter().map(|list| list.join(",")).collect();
        let words = (versions.all, versions.first, versions.last);
        format!("{}\n{words:?}", lists.join("\n"))
    }
}

/// A time as TAXII writes it (§2): RFC 3339 with microseconds.
pub fn timestamp(at: Timestamp) -> String {
    let mut text = at.to_string();
    if text.len() < "2026-01-01T00:00:00.000000Z".len() {
        text.truncate(text.len() - 1);
        text.push_str("000Z");
    }
    text
}
