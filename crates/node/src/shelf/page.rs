//! Pages of a collection.

use entente_stix::time::Timestamp;

use super::catalog::{Collection, Place, STIX};
use super::cursor::Cursor;
use super::{Filter, Shelf, Visitor, timestamp};
use crate::Error;
use crate::limits::{SHELF_PAGE_BYTES_MAX, SHELF_ROUNDS_MAX};
use crate::view::{CONTENTS_AT_ONCE, Hands, Told};

/// The STIX version of everything that crosses between parties: nothing else is taken in.
const SPEC_VERSION: &str = "2.1";

/// What is asked of a collection.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'w> {
    /// Which objects.
    pub filter: &'w Filter,
    /// Where the page before ended: [`Page::next`] of it.
    pub next: Option<&'w str>,
    /// How many objects; a page may have fewer.
    pub limit: usize,
}

/// Some objects of a collection, in the order in which they were added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The objects.
    pub items: Vec<Item>,
    /// Where the next page begins; `None` when nothing more is there.
    pub next: Option<String>,
    /// Until when this is right at the longest: then something in it is past its time.
    pub expires: Option<Timestamp>,
}

/// One version of an object in a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number in the collection.
    pub(super) number: u64,
    /// The object's id.
    pub id: String,
    /// When it was added.
    pub added: Timestamp,
    /// Its version as TAXII tells it: `modified`, else `created`, else when it was added.
    pub version: String,
    /// The media type of its text.
    pub media_type: String,
    /// The object, as the bytes that it came in.
    pub text: Vec<u8>,
}

/// What a page depends on: a page that was read at this mark is right as long as the mark stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Changes when something told before may be told no more.
    pub settled: (u64, [u8; 32]),
    /// Grows with every entry. A page that says that there is more does not depend on it.
    pub size: u64,
}

impl Shelf<'_> {
    /// The mark of a collection as it was looked up.
    ///
    /// # Errors
    /// The store failed.
    pub fn mark(&self, collection: &Collection) -> Result<Mark, Error> {
        Ok(match &collection.place {
            Place::Channel { channel, size, pact } => Mark {
                settled: (channel.disturbed, pact.terms.digest()),
                size: *size,
            },
            Place::Nothing => Mark {
                settled: (0, [0; 32]),
                size: 0,
            },
            // What is held may be withdrawn in many ways, and each changes the number of changes.
            Place::Box { .. } | Place::Own { .. } => Mark {
                settled: (self.node.store().change_number()?, [0; 32]),
                size: stored_of(collection).map_or(0, |stored| stored.last),
            },
        })
    }

    /// A name for what is told of a collection with a filter: the same for all who are told the same.
    pub fn name_of(&self, collection: &Collection, filter: &Filter) -> String {
        let to = match (self.visitor, &collection.place) {
            (Visitor::Own { .. }, _) => "own",
            (Visitor::Anyone, _) => "anyone",
            (Visitor::Party(party), Place::Box { .. }) => party,
            // Who is of the audience may have what the others have.
            (Visitor::Party(_), _) => "audience",
        };
        format!("{to}\n{}\n{}\n{}", collection.root, collection.id, filter.name())
    }

    /// A page; `None` where `next` does not come from a page of this collection and filter.
    ///
    /// # Errors
    /// The store failed.
    pub fn page(&self, collection: &Collection, wanted: &Wanted<'_>) -> Result<Option<Page>, Error> {
        let name = self.name_of(collection, wanted.filter);
        let secret = self.node.secret;
        let cursor = match wanted.next {
            None => Cursor::Number(0),
            Some(text) => match Cursor::read(text, &name, secret) {
                Some(cursor) => cursor,
                None => return Ok(None),
            },
        };
        let (mut page, next) = match (&collection.place, self.visitor) {
            (Place::Channel { channel, size, pact }, Visitor::Party(party)) => {
                let view = self.node.view(party, self.at);
                channel_page(&view.hands(channel, pact), *size, wanted, cursor)?
            }
            (Place::Channel { channel, size, pact }, _) => {
                let hands = Hands::to_anyone(self.node, channel, pact, self.at);
                self.open_page(&hands, channel, *size, wanted, cursor)?
            }
            (Place::Nothing, _) => (Page::default(), None),
            (Place::Box { stored, .. }, _) => match stored {
                Some(stored) => self.boxed_page(stored, wanted, cursor)?,
                None => (Page::default(), None),
            },
            (Place::Own { stored }, _) => self.boxed_page(stored, wanted, cursor)?,
        };
        page.next = next.map(|next| next.text(&name, secret));
        Ok(Some(page))
    }
}

/// A page that is being filled.
pub(super) struct Filling {
    page: Page,
    limit: usize,
    bytes: usize,
}

impl Filling {
    pub(super) fn new(limit: usize) -> Filling {
        Filling {
            page: Page::default(),
            limit,
            bytes: 0,
        }
    }

    /// Adds an item; whether it still fitted.
    pub(super) fn add(&mut self, item: Item) -> bool {
        self.bytes += item.text.len();
        let is_first = self.page.items.is_empty();
        let fits = self.page.items.len() < self.limit && (is_first || self.bytes <= SHELF_PAGE_BYTES_MAX);
        if fits {
            self.page.items.push(item);
        }
        fits
    }

    /// How many more could fit, and one to see whether there is more.
    pub(super) fn room(&self) -> usize {
        self.limit.saturating_sub(self.page.items.len()).saturating_add(1)
    }

    pub(super) fn done(self) -> Page {
        self.page
    }

    pub(super) fn expires(&mut self, at: Option<Timestamp>) {
        self.page.expires = match (self.page.expires, at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

/// A page of a channel for one of its audience: in the order of the log up to its signed size, from the number of
/// the cursor on.
fn channel_page(
    hands: &Hands<'_>,
    size: u64,
    wanted: &Wanted<'_>,
    cursor: Cursor,
) -> Result<(Page, Option<Cursor>), Error> {
    let mut filling = Filling::new(wanted.limit);
    let (Cursor::Number(mut from), true) = (cursor, is_of_spec(wanted.filter)) else {
        return Ok((filling.done(), None));
    };
    let filter = stored_filter(wanted.filter);
    for _ in 0..SHELF_ROUNDS_MAX {
        let some = filling.room().min(CONTENTS_AT_ONCE);
        let (told, next) = hands.released(from, size, &filter, some)?;
        for told in told.into_iter().filter(|told| is_wanted(told, wanted.filter)) {
            let (number, expires) = (told.number, told.expires);
            if !filling.add(item(told)) {
                return Ok((filling.done(), Some(Cursor::Number(number))));
            }
            filling.expires(expires);
        }
        match next {
            Some(next) => from = next,
            None => return Ok((filling.done(), None)),
        }
    }
    Ok((filling.done(), Some(Cursor::Number(from))))
}

/// The part of a filter that the store looks at.
pub(super) fn stored_filter(filter: &Filter) -> entente_store::Filter<'_> {
    entente_store::Filter {
        ids: filter.ids.iter().map(String::as_str).collect(),
        types: filter.types.iter().map(String::as_str).collect(),
        added_after: filter.added_after.map(Timestamp::micros),
    }
}

pub(super) fn is_of_spec(filter: &Filter) -> bool {
    let versions = &filter.spec_versions;
    versions.is_empty() || versions.iter().any(|version| version == SPEC_VERSION)
}

/// A channel tells one version of each object, which is its first and its last.
pub(super) fn is_wanted(told: &Told, filter: &Filter) -> bool {
    let versions = &filter.versions;
    let version = told.version.unwrap_or(told.added);
    versions.all || versions.first || versions.last || versions.exact.contains(&version)
}

pub(super) fn item(told: Told) -> Item {
    Item {
        number: told.number,
        id: told.id,
        added: told.added,
        version: told
            .version
            .map_or_else(|| timestamp(told.added), |version| version.to_string()),
        media_type: STIX.to_owned(),
        text: told.text,
    }
}

/// The stored collection behind one, if it has entries.
pub(super) fn stored_of(collection: &Collection) -> Option<&entente_store::Collection> {
    match &collection.place {
        Place::Box { stored, .. } => stored.as_ref(),
        Place::Own { stored } => Some(stored),
        Place::Channel { .. } | Place::Nothing => None,
    }
}
