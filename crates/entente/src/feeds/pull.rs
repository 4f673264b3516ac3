//! Reading a feed: discovery, its collections one after the other, page by page into the node.
//!
//! Async, so that a slow server holds nobody up; what the node does with a page is the [`Taker`]'s, who has threads
//! for it. Begin at [`read_feed`].

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use entente_exchange::taxii::client::{
    Collection, Cursor, Discovery, End, Fault, Found, Oddity, Page, Pull, Settings, Step,
};
use entente_formats::Kind;
use entente_node::Node;
use entente_node::import::{Account, Fate, Item};
use entente_stix::time::Timestamp;

use super::door::{Back, Door};
use super::state;
use crate::exit::{Exit, Failure};
use crate::place;
use crate::render::safe;

/// Objects a page, as a wish.
pub(crate) const LIMIT: u32 = 1_000;

/// What reads a feed into a node.
pub(crate) trait Taker: Send {
    /// Where the collection was left.
    fn cursor(&mut self, collection: &Collection) -> impl Future<Output = Result<Cursor, Failure>> + Send;

    /// Takes a page in, then keeps the cursor behind it.
    fn take(
        &mut self,
        collection: &Collection,
        page: Page,
        cursor: String,
    ) -> impl Future<Output = Result<Account, Failure>> + Send;
}

/// What is to be read of a server.
pub(crate) struct Wanted<'a> {
    pub(crate) url: &'a str,
    /// Ids, titles or aliases; none: every one that may be read.
    pub(crate) collections: &'a [String],
    pub(crate) since: Option<Timestamp>,
    pub(crate) limit: u32,
    /// Seconds that the server may make us wait, altogether.
    pub(crate) patience: u32,
}

/// What a reading came to, however it ended.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) account: Account,
    pub(crate) collections: Vec<Read>,
    pub(crate) oddities: BTreeSet<String>,
    /// Why it ended early.
    pub(crate) failure: Option<Failure>,
}

/// A collection that was read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) collection: Collection,
    pub(crate) account: Account,
    pub(crate) pages: u64,
    pub(crate) end: Option<End>,
    pub(crate) read_until: Option<String>,
}

impl Reading {
    /// Objects and versions that were not there before.
    pub(crate) fn new_items(&self) -> u64 {
        self.account.stored + self.account.versions
    }

    pub(crate) fn looping(&self) -> Option<String> {
        self.collections.iter().find_map(|read| match &read.end {
            Some(End::Looping(why)) => Some(format!("`{}`: {why}", name_of(&read.collection))),
            _ => None,
        })
    }

    /// Notes in `state` what it came to.
    pub(crate) fn note(&self, state: &mut state::State, at: Timestamp) {
        state.tried = Some(at.to_string());
        match &self.failure {
            None => state.succeed(at, self.new_items()),
            Some(failure) => state.fail(at, failure.message.clone(), self.new_items()),
        }
        state.looping = self.looping();
        state.refused_last = self.account.refused;
        state.oddities.clone_from(&self.oddities);
        let until = self
            .collections
            .iter()
            .filter_map(|read| read.read_until.clone())
            .max();
        state.read_until = until.or(state.read_until.take());
    }
}

/// Reads everything that is wanted, through `taker`. What was taken in before a failure stays.
pub(crate) async fn read_feed(door: &Door, wanted: &Wanted<'_>, taker: &mut impl Taker) -> Reading {
    let mut reading = Reading::default();
    let mut patience = wanted.patience;
    let done = read_all(door, wanted, &mut patience, taker, &mut reading).await;
    reading.failure = done.err();
    reading
}

async fn read_all(
    door: &Door,
    wanted: &Wanted<'_>,
    patience: &mut u32,
    taker: &mut impl Taker,
    reading: &mut Reading,
) -> Result<(), Failure> {
    let (found, oddities) = discover(door, wanted.url, patience).await?;
    reading.oddities.extend(oddities.iter().map(ToString::to_string));
    let mut failed = None;
    for collection in chosen(&found, wanted.collections)? {
        // One collection that fails does not hold up the others.
        match read_one(door, &collection, wanted, patience, taker, reading).await {
            Ok(()) => {}
            Err(failure) if failure.exit == Exit::Network => failed = Some(failure),
            Err(failure) => return Err(failure),
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn read_one(
    door: &Door,
    collection: &Collection,
    wanted: &Wanted<'_>,
    patience: &mut u32,
    taker: &mut impl Taker,
    reading: &mut Reading,
) -> Result<(), Failure> {
    let settings = Settings {
        since: wanted.since,
        limit: wanted.limit,
    };
    let mut pull = Pull::new(collection, taker.cursor(collection).await?, settings);
    let mut account = Account::default();
    let done = pages(door, collection, &mut pull, patience, taker, &mut account).await;
    reading.oddities.extend(pull.oddities().map(ToString::to_string));
    reading.account.add(account);
    reading.collections.push(Read {
        collection: collection.clone(),
        account,
        pages: pull.pages(),
        end: pull.end().cloned(),
        read_until: pull.cursor().read_until(),
    });
    done
}

async fn pages(
    door: &Door,
    collection: &Collection,
    pull: &mut Pull,
    patience: &mut u32,
    taker: &mut impl Taker,
    account: &mut Account,
) -> Result<(), Failure> {
    loop {
        let request = match pull.step() {
            Step::Done => {
                // The end moves the cursor too, without a page.
                let end = taker.take(collection, Page::default(), pull.cursor().to_text());
                end.await?;
                return Ok(());
            }
            Step::Wait(seconds) => {
                wait(seconds, patience).await?;
                continue;
            }
            Step::Ask(request) => request,
        };
        match door.ask(&request).await? {
            Back::TooBig => pull.too_big().map_err(failure)?,
            Back::Answer(response) => {
                if let Some(page) = pull.take(&response, place::now()).map_err(failure)? {
                    account.add(taker.take(collection, page, pull.cursor().to_text()).await?);
                }
            }
        }
    }
}

/// What the server at `url` has.
pub(crate) async fn discover(
    door: &Door,
    url: &str,
    patience: &mut u32,
) -> Result<(Found, Vec<Oddity>), Failure> {
    let mut discovery = Discovery::new(url).map_err(failure)?;
    loop {
        match discovery.step() {
            Step::Done => return Ok(discovery.found()),
            Step::Wait(seconds) => wait(seconds, patience).await?,
            Step::Ask(request) => match door.ask(&request).await? {
                Back::Answer(response) => discovery.take(&response, place::now()).map_err(failure)?,
                Back::TooBig => {
                    return Err(Failure::network(format!(
                        "`{}` answers with more than {} bytes where it should say what it has; check the address",
                        request.url, request.answer_bytes_max
                    )));
                }
            },
        }
    }
}

pub(crate) async fn wait(seconds: u32, patience: &mut u32) -> Result<(), Failure> {
    match patience.checked_sub(seconds) {
        Some(left) => *patience = left,
        None => {
            return Err(Failure::network(format!(
                "the server asks to come back in {seconds} s; what came before is kept, the next time goes on from there"
            )));
        }
    }
    tokio::time::sleep(Duration::from_secs(u64::from(seconds))).await;
    Ok(())
}

/// The collections that are meant: by id, alias or title; without a name every one that may be read.
pub(crate) fn chosen(found: &Found, names: &[String]) -> Result<Vec<Collection>, Failure> {
    let all = || found.roots.iter().flat_map(|root| &root.collections);
    if names.is_empty() {
        let readable: Vec<Collection> = all().filter(|collection| collection.can_read).cloned().collect();
        return match readable.is_empty() {
            true => Err(Failure::network(format!(
                "the server shows no collection that we may read{}",
                why_none(found)
            ))),
            false => Ok(readable),
        };
    }
    let mut chosen: Vec<Collection> = Vec::new();
    for name in names {
        let is_meant = |collection: &&Collection| {
            let named = [
                Some(&collection.id),
                collection.alias.as_ref(),
                collection.title.as_ref(),
            ];
            named.into_iter().flatten().any(|known| known == name)
        };
        let meant: Vec<&Collection> = all().filter(is_meant).collect();
        match meant.as_slice() {
            [] => {
                return Err(Failure::not_found(format!(
                    "the server shows no collection `{}`{}; `entente taxii info URL` lists what it has",
                    safe(name),
                    why_none(found)
                )));
            }
            [one] => chosen.extend((!chosen.contains(one)).then(|| (*one).clone())),
            [first, second, ..] => {
                return Err(Failure::usage(format!(
                    "several collections are called `{}`; name one by its address: `{}` or `{}`",
                    safe(name),
                    first.url,
                    second.url
                )));
            }
        }
    }
    Ok(chosen)
}

fn why_none(found: &Found) -> String {
    let roots = found.roots.iter().filter_map(|root| root.fault.clone());
    let refused = found.refused.iter().map(|(_, why)| why.clone());
    roots
        .chain(refused)
        .next()
        .map(|why| format!(" ({})", safe(&why)))
        .unwrap_or_default()
}

/// What people call a collection.
pub(crate) fn name_of(collection: &Collection) -> &str {
    collection
        .title
        .as_deref()
        .filter(|title| !title.trim().is_empty())
        .unwrap_or(&collection.id)
}

/// Under which name what a collection tells is held.
pub(crate) fn source(feed: &str, collection: &Collection) -> String {
    format!("{feed}/{}", name_of(collection))
}

/// Whose fault it is that a conversation ended.
pub(crate) fn failure(fault: Fault) -> Failure {
    match fault {
        Fault::Address { .. } => Failure::usage(fault),
        fault => Failure::network(fault),
    }
}

/// Imports a page, item by item: what is broken in the server's list is refused with its place there.
pub(crate) fn import(
    node: &Node,
    feed: &str,
    collection: &Collection,
    page: &Page,
    strict: bool,
    report: &mut dyn FnMut(Item),
) -> Result<Account, Failure> {
    let mut account = Account::default();
    if !page.places.is_empty() {
        let source = source(feed, collection);
        let settings = entente_node::import::Settings {
            source: &source,
            at: place::now(),
            kind: Some(Kind::Stix),
            strict,
            dry_run: false,
        };
        let mut told = |mut item: Item| {
            let number = item
                .place
                .strip_prefix("/objects/")
                .and_then(|number| number.parse::<usize>().ok());
            if let Some(place) = number.and_then(|number| page.places.get(number)) {
                item.place.clone_from(place);
            }
            report(item);
        };
        let imported = node
            .import(
                page.text.as_slice(),
                collection.url.as_str(),
                &settings,
                &mut told,
            )
            .map_err(place::node_failure)?;
        account.add(imported.account);
        if let Some(error) = imported.broken_off {
            return Err(place::node_failure(error));
        }
    }
    for defect in &page.defects {
        let fate = Fate::Refused {
            reason: defect.reason.clone(),
        };
        account.count(&fate);
        report(Item {
            place: defect.pointer.clone(),
            id: None,
            fate,
        });
    }
    Ok(account)
}
