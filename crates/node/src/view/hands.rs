//! The hands that contents pass through on their way out: `policy` hands each one over, or it stays.

use std::cell::RefCell;
use std::collections::BTreeMap;

use entente_policy::hand_over::{Content, Entry, Handing, HandingToAnyone, hand_over, hand_over_to_anyone};
use entente_policy::marks::MarkingFacts;
use entente_policy::released::Released;
use entente_policy::terms::Audience;
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_store::{Channel, EntryKind, Filter, LogEntry, Standing};

use super::{SliceEntry, opened};
use crate::channel::opening::{Opening, Release};
use crate::pact::Pact;
use crate::{Error, Node};

/// Contents asked of the store at a time.
pub(crate) const CONTENTS_AT_ONCE: usize = 64;

/// Who is to have it.
enum Recipient<'v> {
    Party(&'v str),
    /// Whoever asks, with what held marking definitions mean as far as they were looked up.
    Anyone(RefCell<BTreeMap<String, Option<MarkingFacts>>>),
}

/// What contents pass through on their way to a reader.
pub(crate) struct Hands<'v> {
    node: &'v Node,
    recipient: Recipient<'v>,
    channel: &'v Channel,
    pact: &'v Pact,
    audience: Audience,
    at: Timestamp,
}

/// A release that stands and may be told now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// Its number in the channel.
    pub(crate) number: u64,
    /// The object's id.
    pub(crate) id: String,
    /// When it was added to the channel: no two at the same time.
    pub(crate) added: Timestamp,
    /// When it was released: the same for all that were released at once.
    pub(crate) at: Timestamp,
    /// `modified` of the object, else `created`, where it has one.
    pub(crate) version: Option<Timestamp>,
    /// When it is told no more.
    pub(crate) expires: Option<Timestamp>,
    /// The object.
    pub(crate) text: Vec<u8>,
}

/// What the entry says, and what may go.
type Handed = (Release, Released<Content>);

/// One release on its way.
struct Going<'e> {
    number: u64,
    subject: &'e str,
    digest: [u8; 32],
    opening: &'e [u8],
}

impl<'v> Hands<'v> {
    pub(super) fn to_party(
        node: &'v Node,
        recipient: &'v str,
        channel: &'v Channel,
        pact: &'v Pact,
        at: Timestamp,
    ) -> Hands<'v> {
        Hands::to(node, Recipient::Party(recipient), channel, pact, at)
    }

    /// To whoever asks, where the agreement says that anyone may.
    pub(crate) fn to_anyone(
        node: &'v Node,
        channel: &'v Channel,
        pact: &'v Pact,
        at: Timestamp,
    ) -> Hands<'v> {
        Hands::to(node, Recipient::Anyone(RefCell::default()), channel, pact, at)
    }

    fn to(
        node: &'v Node,
        recipient: Recipient<'v>,
        channel: &'v Channel,
        pact: &'v Pact,
        at: Timestamp,
    ) -> Hands<'v> {
        Hands {
            node,
            recipient,
            channel,
            pact,
            audience: Audience {
                members: channel.audience.clone(),
                clauses: Vec::new(),
            },
            at,
        }
    }

    /// Entries with their contents, as many as fit into `bytes_max`.
    pub(super) fn opened(&self, entries: Vec<LogEntry>, bytes_max: usize) -> Result<Vec<SliceEntry>, Error> {
        let mut told = Vec::with_capacity(entries.len());
        let mut bytes = 0;
        let mut entries = entries.into_iter();
        loop {
            let some: Vec<LogEntry> = entries.by_ref().take(CONTENTS_AT_ONCE).collect();
            if some.is_empty() {
                return Ok(told);
            }
            let mut contents = self.contents(&some)?;
            for entry in some {
                let content = contents.remove(&entry.number);
                bytes += entry.opening.len() + content.as_ref().map_or(0, Vec::len);
                if bytes > bytes_max && !told.is_empty() {
                    return Ok(told);
                }
                told.push(opened(entry, content));
            }
        }
    }

    /// The contents that may be told, by number: only that of the last release of an object, unless it was taken
    /// back; what a later entry replaced is not told.
    fn contents(&self, entries: &[LogEntry]) -> Result<BTreeMap<u64, Vec<u8>>, Error> {
        let store = self.node.store();
        let releases = entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Release && !entry.erased);
        let releases: Vec<&LogEntry> = releases.collect();
        let ids: Vec<&str> = releases.iter().map(|entry| entry.subject.as_str()).collect();
        let live = store.live(&self.channel.origin, &ids)?;
        let told = releases
            .iter()
            .zip(live)
            .filter(|(entry, live)| live.is_some_and(|(number, _)| number == entry.number));
        let going: Vec<Going<'_>> = told
            .filter_map(|(entry, _)| {
                Some(Going {
                    number: entry.number,
                    subject: &entry.subject,
                    digest: entry.digest?,
                    opening: &entry.opening,
                })
            })
            .collect();
        let handed = self.hand_over(&going)?.into_iter();
        Ok(going
            .iter()
            .zip(handed)
            .filter_map(|(going, handed)| Some((going.number, handed?.1.into_value().text)))
            .collect())
    }

    /// Releases that stand, from number `from` on and before `until`, with their contents: what may be told of one
    /// page of [`entente_store::Store::released`], and the number to go on from.
    pub(crate) fn released(
        &self,
        from: u64,
        until: u64,
        filter: &Filter<'_>,
        limit: usize,
    ) -> Result<(Vec<Told>, Option<u64>), Error> {
        let origin = &self.channel.origin;
        let page = self.node.store().released(origin, from, until, filter, limit)?;
        let going: Vec<Going<'_>> = page.items.iter().map(going).collect();
        let handed = self.hand_over(&going)?.into_iter();
        let told = page.items.iter().zip(handed).filter_map(|(standing, handed)| {
            let (release, released) = handed?;
            Some(told(standing, &release, released))
        });
        Ok((told.collect(), page.next))
    }

    /// Each of them as it was released, where it may go now.
    fn hand_over(&self, going: &[Going<'_>]) -> Result<Vec<Option<Handed>>, Error> {
        let digests: Vec<[u8; 32]> = going.iter().map(|going| going.digest).collect();
        let texts = self.node.contents(&digests)?;
        let handed = going.iter().zip(texts);
        Ok(handed
            .map(|(going, text)| self.hand_over_one(going, text.as_deref()))
            .collect())
    }

    fn hand_over_one(&self, going: &Going<'_>, text: Option<&[u8]>) -> Option<Handed> {
        let Ok(Opening::Release(release)) = Opening::kept(going.opening) else {
            return None;
        };
        let entry = Entry {
            subject: going.subject,
            digest: going.digest,
            clause: &release.clause,
            expires: release.expires,
            recalled: false,
        };
        let (owner, audience, standing) = (&self.channel.owner, &self.audience, &self.pact.standing);
        let released = match &self.recipient {
            Recipient::Party(recipient) => {
                let handing = Handing {
                    entry,
                    content: text,
                    owner,
                    audience,
                    recipient,
                    standing,
                    now: self.at,
                };
                hand_over(&self.pact.terms, &handing)
            }
            Recipient::Anyone(markings) => {
                let handing = HandingToAnyone {
                    entry,
                    content: text,
                    redacted: release.redacted,
                    owner,
                    audience,
                    standing,
                    now: self.at,
                };
                hand_over_to_anyone(&self.pact.terms, &handing, &|id| self.marking(markings, id))
            }
        };
        let released = released.ok()?;
        Some((release, released))
    }

    /// What a held marking definition means. Where that cannot be read it is not known, and nothing goes.
    fn marking(
        &self,
        known: &RefCell<BTreeMap<String, Option<MarkingFacts>>>,
        id: &str,
    ) -> Option<MarkingFacts> {
        if let Some(facts) = known.borrow().get(id) {
            return *facts;
        }
        let facts = self.node.marking(id).ok().flatten();
        known.borrow_mut().insert(id.to_owned(), facts);
        facts
    }
}

fn going(standing: &Standing) -> Going<'_> {
    Going {
        number: standing.number,
        subject: &standing.id,
        digest: standing.digest,
        opening: &standing.opening,
    }
}

fn told(standing: &Standing, release: &Release, released: Released<Content>) -> Told {
    let text = released.into_value().text;
    let created = || Object::read(&text).ok()?.created();
    Told {
        number: standing.number,
        id: standing.id.clone(),
        added: Timestamp::from_micros(standing.added),
        at: Timestamp::from_micros(standing.at),
        version: release.version.or_else(created),
        expires: release.expires,
        text,
    }
}
