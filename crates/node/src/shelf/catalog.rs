//! Which roots and collections there are for a visitor.

use std::collections::BTreeSet;
use std::sync::Arc;

use entente_policy::agreement::Agreement;
use entente_store::Channel;
use uuid::Uuid;

use super::page::Wanted;
use super::{Filter, Shelf, Visitor};
use crate::channel::{audiences, origin};
use crate::head::Head;
use crate::pact::Pact;
use crate::view::Refused;
use crate::{Error, Node};

/// The namespace of the ids of collections.
const NAMESPACE: Uuid = Uuid::from_u128(0x3d0c_97a1_52de_4b0f_8a5c_6f7c_9e0d_21b4);

/// Whom aliases name one by one; more are counted.
const NAMED_MAX: usize = 3;

/// What the collections of this node's own making hold.
pub(super) const STIX: &str = "application/stix+json;version=2.1";

/// This server, as its visitor sees it (TAXII 2.1 §4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// The path names of its roots, in order.
    pub roots: Vec<String>,
    /// The one to begin with, among those.
    pub default: Option<String>,
}

/// An API root: an agreement, or one that was taken over (§4.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its path name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
}

/// A collection (§5.2.1).
#[derive(Debug, Clone)]
pub struct Collection {
    /// The path name of its root.
    pub root: String,
    /// Its id.
    pub id: String,
    /// Another name that it may be asked for by.
    pub alias: Option<String>,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether the visitor may read it.
    pub can_read: bool,
    /// Whether the visitor may add to it.
    pub can_write: bool,
    /// Of what it holds.
    pub media_types: Vec<String>,
    pub(super) place: Place,
}

/// Where the objects of a collection are.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In a channel of this node's own.
    Channel {
        channel: Box<Channel>,
        /// Entries below the signed head.
        size: u64,
        pact: Arc<Pact>,
    },
    /// Nowhere yet.
    Nothing,
    /// In a contribution box, which is made with its first entry.
    Box {
        party: String,
        stored: Option<entente_store::Collection>,
    },
    /// In a collection of this node's own.
    Own { stored: entente_store::Collection },
}

impl Collection {
    /// Whether this is one that `name` asks for: its id or its alias.
    fn is_called(&self, name: &str) -> bool {
        self.id == name || self.alias.as_deref() == Some(name)
    }
}

impl Shelf<'_> {
    /// This server and the roots in which there is something for the visitor.
    ///
    /// # Errors
    /// The store failed.
    pub fn about(&self) -> Result<About, Error> {
        let roots = self.roots()?;
        let mut about = About {
            title: self.node.me()?.map_or_else(|| "Entente".to_owned(), |me| me.name),
            description: None,
            contact: None,
            default: None,
            roots: roots.into_iter().map(|root| root.name).collect(),
        };
        if matches!(self.visitor, Visitor::Own { .. })
            && let Some(taken_over) = self.node.taken_over_server(self.at)?
        {
            about.title = taken_over.title;
            about.description = taken_over.description;
            about.contact = taken_over.contact;
            about.default = taken_over.default.filter(|root| about.roots.contains(root));
        }
        Ok(about)
    }

    /// The roots in which there is a collection for the visitor, by path name.
    ///
    /// # Errors
    /// The store failed.
    pub fn roots(&self) -> Result<Vec<Root>, Error> {
        let mut names: Vec<String> = match self.visitor {
            Visitor::Own { .. } => {
                let stored = self.node.store().collections(None)?;
                stored.into_iter().map(|stored| stored.root).collect()
            }
            Visitor::Party(_) | Visitor::Anyone => {
                let pacts = self.node.pacts(self.at)?;
                pacts.into_iter().map(|pact| pact.agreement.id.clone()).collect()
            }
        };
        names.sort();
        names.dedup();
        let roots = names.iter().map(|name| self.root(name));
        roots.filter_map(Result::transpose).collect()
    }

    /// The root of this path name, if there is a collection for the visitor in it.
    ///
    /// # Errors
    /// The store failed.
    pub fn root(&self, name: &str) -> Result<Option<Root>, Error> {
        if self.collections(name)?.is_empty() {
            return Ok(None);
        }
        let agreement = self.node.pact(name, self.at)?.map(|pact| pact.agreement);
        let taken_over = match (self.visitor, &agreement) {
            (Visitor::Own { .. }, None) => self.node.taken_over_root(name, self.at)?,
            _ => None,
        };
        let (title, description) = match (agreement, taken_over) {
            (Some(agreement), _) => (agreement.title.clone(), Some(agreement.purpose.clone())),
            (None, Some(taken_over)) => (taken_over.title, taken_over.description),
            (None, None) => (name.to_owned(), None),
        };
        Ok(Some(Root {
            name: name.to_owned(),
            title,
            description: description.filter(|text| !text.is_empty()),
        }))
    }

    /// The collections of a root that are there for the visitor, always in the same order.
    ///
    /// # Errors
    /// The store failed.
    pub fn collections(&self, root: &str) -> Result<Vec<Collection>, Error> {
        let mut collections = match self.visitor {
            Visitor::Own { may_write } => self.own_collections(root, may_write)?,
            Visitor::Party(party) => self.party_collections(root, party)?,
            Visitor::Anyone => self.open_collections(root)?,
        };
        // An alias is unique in its root (§5.2.1); whoever comes later has none.
        let mut taken: Vec<String> = Vec::new();
        for collection in &mut collections {
            collection.alias = collection.alias.take().filter(|alias| !taken.contains(alias));
            taken.extend(collection.alias.clone());
        }
        Ok(collections)
    }

    /// The collection of this id, or alias, in a root.
    ///
    /// # Errors
    /// The store failed.
    pub fn collection(&self, root: &str, name: &str) -> Result<Option<Collection>, Error> {
        let collections = self.collections(root)?;
        let by_id = collections.iter().position(|collection| collection.id == name);
        let by_name = || {
            collections
                .iter()
                .position(|collection| collection.is_called(name))
        };
        let place = by_id.or_else(by_name);
        Ok(place.and_then(|place| collections.into_iter().nth(place)))
    }

    /// The channels that a party reads under an agreement, and its contribution box.
    fn party_collections(&self, root: &str, party: &str) -> Result<Vec<Collection>, Error> {
        let Some(me) = self.node.my_id()?.filter(|me| me != party) else {
            return Ok(Vec::new());
        };
        let pact = match self.node.view(party, self.at).pact_of(root) {
            Ok(pact) => Arc::new(pact),
            Err(Refused::Failed(error)) => return Err(*error),
            Err(_) => return Ok(Vec::new()),
        };
        let mut collections = Vec::new();
        for channel in self.node.own_channels(&me)? {
            if channel.agreement == root && channel.audience.iter().any(|member| member == party) {
                collections.extend(channel_of(channel, &pact, true)?);
            }
        }
        if contributes(&pact.agreement, party, &me) {
            collections.push(self.contribution_box(root, party, &pact)?);
        }
        Ok(collections)
    }

    fn contribution_box(&self, root: &str, party: &str, pact: &Pact) -> Result<Collection, Error> {
        let id = box_id(root, party);
        Ok(Collection {
            root: root.to_owned(),
            alias: Some("contributions".to_owned()),
            title: format!("Contributions under {}", pact.agreement.title),
            description: Some(
                "What you put in here is told to this node alone, under the agreement.".to_owned(),
            ),
            can_read: true,
            can_write: true,
            media_types: vec![STIX.to_owned()],
            place: Place::Box {
                party: party.to_owned(),
                stored: self.node.store().collection(root, &id)?,
            },
            id,
        })
    }

    /// The channels of an agreement that says that anyone may read.
    fn open_collections(&self, root: &str) -> Result<Vec<Collection>, Error> {
        let Some(me) = self.node.me()? else {
            return Ok(Vec::new());
        };
        let pact = self.node.pact(root, self.at)?;
        let pact = pact.filter(|pact| pact.standing.is_in_force() && pact.agreement.anonymous_reading);
        let Some(pact) = pact.map(Arc::new) else {
            return Ok(Vec::new());
        };
        // Each audience has its collection, whether or not something was released to it: that is nobody's business.
        // A former audience is there for what of its is still told to anyone.
        let current = audiences(&pact, &pact.terms, &me.id).into_iter();
        let mut missing: BTreeSet<String> = current
            .map(|audience| origin(root, &me.id, &audience.members))
            .collect();
        let mut collections = Vec::new();
        for channel in self.node.own_channels(&me.id)? {
            if channel.agreement != root {
                continue;
            }
            let (is_current, name) = (missing.contains(&channel.origin), channel.origin.clone());
            let collection = channel_of(channel, &pact, false)?;
            let collection = match (collection, is_current) {
                (Some(former), false) => Some(former).filter(|former| self.tells_something(former)),
                (collection, _) => collection,
            };
            if collection.is_some() {
                missing.remove(&name);
            }
            collections.extend(collection);
        }
        collections.extend(
            missing
                .iter()
                .map(|origin| open_to_anyone(origin, &me.id, &pact, Place::Nothing)),
        );
        collections.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(collections)
    }

    /// Whether a collection has an object for this visitor.
    fn tells_something(&self, collection: &Collection) -> bool {
        let wanted = Wanted {
            filter: &Filter::default(),
            next: None,
            limit: 1,
        };
        let page = self.page(collection, &wanted).ok().flatten();
        page.is_some_and(|page| !page.items.is_empty())
    }

    /// The boxes and collections that are kept here.
    fn own_collections(&self, root: &str, may_write: bool) -> Result<Vec<Collection>, Error> {
        let stored = self.node.store().collections(Some(root))?;
        Ok(stored.into_iter().map(|stored| own(stored, may_write)).collect())
    }
}

fn own(stored: entente_store::Collection, may_write: bool) -> Collection {
    let is_box = stored.owner.is_some();
    Collection {
        root: stored.root.clone(),
        id: stored.id.clone(),
        alias: stored.alias.clone(),
        title: stored.title.clone(),
        description: stored.description.clone(),
        can_read: stored.can_read,
        can_write: stored.can_write && may_write && !is_box,
        media_types: stored.media_types.clone(),
        place: match stored.owner.clone() {
            Some(party) => Place::Box {
                party,
                stored: Some(stored),
            },
            None => Place::Own { stored },
        },
    }
}

/// A channel as a collection, once it has a signed head. Its audience is named only to who is of it.
fn channel_of(channel: Channel, pact: &Arc<Pact>, is_reader: bool) -> Result<Option<Collection>, Error> {
    let Some(head) = Head::of(&channel)? else {
        return Ok(None);
    };
    let (origin, owner) = (channel.origin.clone(), channel.owner.clone());
    let members: Vec<String> = channel
        .audience
        .iter()
        .map(|member| name_of(pact, member))
        .collect();
    let place = Place::Channel {
        channel: Box::new(channel),
        size: head.size,
        pact: Arc::clone(pact),
    };
    let mut collection = open_to_anyone(&origin, &owner, pact, place);
    if is_reader {
        let owner = name_of(pact, &owner);
        let mark = collection.id.get(..8).unwrap_or_default();
        let (alias, title) = match members.len() {
            count if count <= NAMED_MAX => (
                format!("{owner}-to-{}", members.join("-")),
                format!("Released by {owner} to {}", members.join(", ")),
            ),
            count => (
                format!("{owner}-to-{count}-parties-{mark}"),
                format!("Released by {owner} to {count} parties"),
            ),
        };
        collection.alias = Some(alias);
        collection.title = title;
        collection.description = Some(format!("What the log `{origin}` tells."));
    }
    Ok(Some(collection))
}

fn open_to_anyone(origin: &str, owner: &str, pact: &Pact, place: Place) -> Collection {
    let id = channel_id(origin);
    let owner = name_of(pact, owner);
    Collection {
        root: pact.agreement.id.clone(),
        alias: Some(format!("{owner}-{}", id.get(..8).unwrap_or_default())),
        title: format!("Released by {owner}, open to anyone"),
        description: None,
        can_read: true,
        can_write: false,
        media_types: vec![STIX.to_owned()],
        id,
        place,
    }
}

/// What the agreement calls a party.
fn name_of(pact: &Pact, party: &str) -> String {
    let member = pact.agreement.member_of(party);
    member.map_or_else(|| "former-party".to_owned(), |member| member.name.clone())
}

/// Whether some contribution of an agreement lets `party` put something into the node of `me`.
fn contributes(agreement: &Agreement, party: &str, me: &str) -> bool {
    let (Some(member), Some(_)) = (agreement.member_of(party), agreement.member_of(me)) else {
        return false;
    };
    let mut boxes = agreement.contributions.iter();
    boxes.any(|contribution| contribution.by.contains(&member.name))
}

pub(super) fn channel_id(origin: &str) -> String {
    Uuid::new_v5(&NAMESPACE, format!("channel\n{origin}").as_bytes()).to_string()
}

pub(super) fn box_id(agreement: &str, party: &str) -> String {
    Uuid::new_v5(&NAMESPACE, format!("box\n{agreement}\n{party}").as_bytes()).to_string()
}

impl Node {
    /// The name under which a taken-over collection's objects are held: its title, unless another of the root is
    /// called the same.
    pub(super) fn source_of_collection(&self, collection: &Collection) -> Result<String, Error> {
        let stored = self.store().collections(Some(&collection.root))?;
        let alike = stored
            .iter()
            .filter(|other| other.owner.is_none() && other.title == collection.title);
        Ok(match alike.count() {
            0 | 1 => format!("taxii/{}/{}", collection.root, collection.title),
            _ => format!(
                "taxii/{}/{} ({})",
                collection.root, collection.title, collection.id
            ),
        })
    }
}
