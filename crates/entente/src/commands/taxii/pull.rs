//! `entente taxii pull`: reads feeds into the node, and gives the account of every item.

use std::io::Write;

use entente_exchange::taxii::client::{Collection, Cursor, End, Page};
use entente_node::Node;
use entente_node::import::{Account, Fate, Item};
use entente_stix::time::Timestamp;
use serde_json::json;

use super::{runtime, unknown};
use crate::answers::import::{ImportAccount, ImportEnd, ImportItem};
use crate::cli::{Global, TaxiiPull};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::feeds::door::Door;
use crate::feeds::pull::{LIMIT, Reading, Taker, Wanted, chosen, discover, import, name_of, read_feed};
use crate::feeds::state::{self, State};
use crate::feeds::{self, FEEDS_MAX, Feed};
use crate::place;
use crate::render::{count, counted, safe, short};

/// Refusals shown to people before the rest is only counted.
const REFUSALS_SHOWN: u64 = 20;

/// Seconds that a server may make us wait in one run.
const PATIENCE: u32 = 300;

pub(crate) fn run(global: &Global, asked: &TaxiiPull) -> Result<Exit, Failure> {
    let Some(url) = &asked.url else {
        return pull_stored(global, asked);
    };
    let name = match &asked.name {
        Some(name) => name.clone(),
        None => host(url)?,
    };
    let feed = Feed {
        url: url.clone(),
        collections: asked.collections.clone(),
        every: asked.every.unwrap_or_default(),
        since: asked.since.map(|since| since.to_string()),
        way: asked.way.way(),
        stopped: false,
    };
    match asked.every {
        Some(every) => store(global, &name, feed, every),
        None => pull(global, asked, &[(name, feed)]),
    }
}

fn host(url: &str) -> Result<String, Failure> {
    let parsed = url::Url::parse(url).ok();
    let host = parsed.as_ref().and_then(url::Url::host_str);
    host.map(str::to_owned).ok_or_else(|| {
        Failure::usage(format!(
            "`{}` is no address of a TAXII server; it must begin with https://",
            safe(url)
        ))
    })
}

/// Stores a feed, once its server has shown that it can be read.
fn store(global: &Global, name: &str, feed: Feed, every: u64) -> Result<Exit, Failure> {
    let door = Door::open(&feed.way)?;
    let mut patience = PATIENCE;
    let (found, _) = runtime()?.block_on(discover(&door, &feed.url, &mut patience))?;
    let collections = chosen(&found, &feed.collections)?;
    let book = feeds::book(&place::data_folder(global)?);
    book.change(|book| {
        if book.feeds.len() >= FEEDS_MAX && !book.feeds.contains_key(name) {
            return Err(Failure::usage(format!(
                "a node reads at most {FEEDS_MAX} feeds; remove one first"
            )));
        }
        book.feeds.insert(name.to_owned(), feed);
        Ok(())
    })?;
    if !global.quiet {
        let now = match server_of(global) {
            Some(holder) => format!(
                "process {holder} uses this node: if it is `entente serve`, it reads it now; `entente taxii info` shows how it went"
            ),
            None => format!("`entente taxii pull --name '{}'` reads it now", safe(name)),
        };
        eprintln!(
            "feed `{}`: {}, read every {every} s by `entente serve`; {now}",
            safe(name),
            counted(collections.len() as u64, "collection"),
        );
    }
    Ok(Exit::Done)
}

/// The process that keeps the store, where there is a store and another process does.
fn server_of(global: &Global) -> Option<String> {
    place::open_to_read(global).ok()?;
    place::writer(global).ok().flatten()
}

fn pull_stored(global: &Global, asked: &TaxiiPull) -> Result<Exit, Failure> {
    if asked.way.is_given() {
        return Err(Failure::usage(
            "a stored feed has its own way to sign in; name the server's address to store it anew",
        ));
    }
    let book = feeds::book(&place::data_folder(global)?).read()?;
    let feeds: Vec<(String, Feed)> = match &asked.name {
        Some(name) => {
            let feed = book.feeds.get(name).ok_or_else(|| unknown(name))?;
            vec![(name.clone(), feed.clone())]
        }
        None => {
            let running = book.feeds.iter().filter(|(_, feed)| !feed.stopped);
            running.map(|(name, feed)| (name.clone(), feed.clone())).collect()
        }
    };
    if feeds.is_empty() {
        return Err(Failure::not_found(
            "there are no feeds; name the address of a server: `entente taxii pull URL`",
        ));
    }
    pull(global, asked, &feeds)
}

fn pull(global: &Global, asked: &TaxiiPull, feeds: &[(String, Feed)]) -> Result<Exit, Failure> {
    if let Some(holder) = server_of(global) {
        let way_out = match asked.url.is_some() {
            true => "with `--every 15m` it is stored as a feed, which a running server reads by itself",
            false => {
                "a running server reads its feeds by itself, and `entente taxii info` shows how they stand"
            }
        };
        return Err(Failure::store(format!(
            "process {holder} uses this node, so nothing can be read into it from here; if it is `entente serve`: {way_out}"
        )));
    }
    let node = place::open_to_write(global)?;
    let runtime = runtime()?;
    let mut sum = Account::default();
    let (mut collections, mut failed) = (0, None);
    for (name, feed) in feeds {
        let since = feed
            .since
            .as_deref()
            .and_then(|since| Timestamp::parse_rfc3339(since).ok());
        let wanted = Wanted {
            url: &feed.url,
            collections: &feed.collections,
            since,
            limit: LIMIT,
            patience: PATIENCE,
        };
        let mut taker = OnThisThread {
            node: &node,
            global,
            name,
            strict: asked.strict,
            anew: asked.since.is_some(),
            refusal: None,
            refused: 0,
        };
        let reading = match Door::open(&feed.way) {
            Ok(door) => runtime.block_on(read_feed(&door, &wanted, &mut taker)),
            Err(failure) => Reading {
                failure: Some(failure),
                ..Reading::default()
            },
        };
        let mut state = State::of(&node, name)?;
        reading.note(&mut state, place::now());
        state.refusal = taker.refusal.take();
        state.keep(&node, name)?;
        tell_reading(global, name, &reading)?;
        sum.add(reading.account);
        collections += reading.collections.len();
        let looping = reading
            .looping()
            .map(|why| Failure::network(format!("{}: {why}", feed.url)));
        failed = reading.failure.or(looping).or(failed);
    }
    node.close()?;
    tell_sum(global, collections, &sum)?;
    match failed {
        Some(failure) => Err(failure),
        None if sum.refused > 0 => Ok(Exit::BadInput),
        None => Ok(Exit::Done),
    }
}

/// Imports on the thread that also waits for the network: one thing after the other.
struct OnThisThread<'a> {
    node: &'a Node,
    global: &'a Global,
    name: &'a str,
    strict: bool,
    /// Nothing of what was kept counts.
    anew: bool,
    refusal: Option<String>,
    refused: u64,
}

impl Taker for OnThisThread<'_> {
    async fn cursor(&mut self, collection: &Collection) -> Result<Cursor, Failure> {
        match self.anew {
            true => Ok(Cursor::default()),
            false => state::cursor(self.node, self.name, collection.url.as_str()),
        }
    }

    async fn take(
        &mut self,
        collection: &Collection,
        page: Page,
        cursor: String,
    ) -> Result<Account, Failure> {
        let mut written = Ok(());
        let file = collection.url.as_str();
        let mut out = out();
        let account = import(
            self.node,
            self.name,
            collection,
            &page,
            self.strict,
            &mut |item| {
                let Item { fate, .. } = &item;
                if let Fate::Refused { reason } = fate {
                    self.refusal.get_or_insert_with(|| reason.clone());
                    self.refused += 1;
                }
                if self.global.json {
                    if written.is_ok() {
                        written = json_line(&mut out, &ImportItem::of(file, &item));
                    }
                } else if let Fate::Refused { reason } = fate
                    && self.refused <= REFUSALS_SHOWN
                    && !self.global.quiet
                {
                    let id = item.id.as_deref().map(safe).unwrap_or_default();
                    eprintln!(
                        "refused  {file} {} {id}: {}",
                        safe(&item.place),
                        short(reason, 400)
                    );
                }
            },
        )?;
        unless_hung_up(written)?;
        unless_hung_up(out.flush().map_err(Failure::from))?;
        // The objects are durable; only now may the next reading begin behind them.
        state::keep_cursor(self.node, self.name, file, &cursor)?;
        Ok(account)
    }
}

fn tell_reading(global: &Global, name: &str, reading: &Reading) -> Result<(), Failure> {
    let mut out = out();
    for read in &reading.collections {
        let end = match &read.end {
            Some(End::All) => "all",
            Some(End::Paused) => "paused",
            Some(End::Looping(_)) => "looping",
            None => "failed",
        };
        if global.json {
            json_line(
                &mut out,
                &json!({"collection": {
                    "feed": name, "url": read.collection.url.as_str(), "title": read.collection.title,
                    "pages": read.pages, "end": end, "read_until": read.read_until,
                    "account": ImportAccount::of(1, 0, &read.account, false),
                }}),
            )?;
        } else if !global.quiet {
            let until = read
                .read_until
                .as_deref()
                .map(|until| format!(", up to {until}"))
                .unwrap_or_default();
            writeln!(
                out,
                "{}: {} in {}{until}",
                safe(name_of(&read.collection)),
                counted(read.account.items, "object"),
                counted(read.pages, "page"),
            )?;
        }
    }
    if !global.quiet && !global.json {
        for oddity in &reading.oddities {
            eprintln!("entente: the server {}", safe(oddity));
        }
    }
    unless_hung_up(out.flush().map_err(Failure::from))
}

fn tell_sum(global: &Global, collections: usize, account: &Account) -> Result<(), Failure> {
    let mut out = out();
    let written = (|| {
        if global.json {
            let account = ImportAccount::of(collections as u64, 0, account, false);
            return json_line(&mut out, &ImportEnd { account });
        }
        if global.quiet {
            return Ok(());
        }
        writeln!(
            out,
            "{} from {}",
            counted(account.items, "item"),
            counted(collections as u64, "collection")
        )?;
        writeln!(out, "  stored         {:>12}", count(account.stored))?;
        writeln!(out, "  new versions   {:>12}", count(account.versions))?;
        writeln!(out, "  already known  {:>12}", count(account.known))?;
        writeln!(out, "  refused        {:>12}", count(account.refused))?;
        Ok(())
    })();
    unless_hung_up(written.and_then(|()| out.flush().map_err(Failure::from)))
}
