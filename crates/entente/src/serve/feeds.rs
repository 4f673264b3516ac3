//! Feeds as jobs of the server: each read at its interval, none held up by another.
//!
//! What is to be read stands in `feeds.json`, which is looked at every few seconds, so that what the command line
//! stores, stops or removes counts at once. Begin at [`run`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use entente_exchange::taxii::client::{Collection, Cursor, Page};
use entente_node::import::{Account, Fate};
use entente_stix::time::Timestamp;
use prometheus::{GaugeVec, Opts, Registry};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::problem::Problem;
use super::server::Server;
use super::work::blocking;
use crate::exit::Failure;
use crate::feeds::door::Door;
use crate::feeds::pull::{LIMIT, Reading, Taker, Wanted, import, read_feed};
use crate::feeds::state::{self, FeedShown, Standing, State};
use crate::feeds::{self, Book, Feed};
use crate::kept::Kept;
use crate::place;

/// How often the book is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Feeds that are read at the same time; each waits for its own server.
const READING_MAX: usize = 32;

/// Seconds that a server may make a reading wait.
const PATIENCE: u32 = 900;

/// The longest time between two tries of a feed that fails, in seconds, where its interval is not longer.
const BACK_OFF_SECONDS_MAX: u64 = 6 * 3_600;

/// Pages that wait for a place among what the node does, in tries.
const BUSY_TRIES_MAX: u32 = 60;

/// Reads feeds until the server stops.
pub(crate) async fn run(server: Arc<Server>) {
    let book = feeds::book(&server.folder);
    let mut round = Round::default();
    loop {
        if let Err(failure) = round.look(&server, &book) {
            eprintln!("entente: feeds: {}", failure.message);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            Some(ended) = round.readings.join_next() => {
                if let Ok(name) = ended {
                    round.reading.remove(&name);
                }
            }
            () = server.stopped() => return,
        }
    }
}

/// What is under way, and what is due when.
struct Round {
    /// Microseconds since 1970 at which a feed is due; kept over its readings.
    due: BTreeMap<String, Due>,
    reading: BTreeSet<String>,
    readings: JoinSet<String>,
    places: Arc<Semaphore>,
}

impl Default for Round {
    fn default() -> Round {
        Round {
            due: BTreeMap::new(),
            reading: BTreeSet::new(),
            readings: JoinSet::new(),
            places: Arc::new(Semaphore::new(READING_MAX)),
        }
    }
}

/// When a feed is due, and how it was stored when that was told.
struct Due {
    at: i64,
    feed: Feed,
}

impl Round {
    /// Begins every reading that is due; forgets feeds that were removed.
    fn look(&mut self, server: &Arc<Server>, book: &Kept<Book>) -> Result<(), Failure> {
        let book = book.read()?;
        let gone: Vec<String> = self
            .due
            .keys()
            .filter(|name| !book.feeds.contains_key(*name))
            .cloned()
            .collect();
        for name in gone {
            self.due.remove(&name);
            self.forget(server, name);
        }
        let now = server.at().micros();
        for (name, feed) in &book.feeds {
            let is_known = self.due.get(name).is_some_and(|due| due.feed == *feed);
            if !is_known {
                let at = first_due(&State::of(&server.node, name)?, feed, now);
                let feed = feed.clone();
                self.due.insert(name.clone(), Due { at, feed });
            }
            let is_due = self.due.get(name).is_some_and(|due| due.at <= now);
            if is_due && !feed.stopped && !self.reading.contains(name) {
                self.begin(server, name, feed, now);
            }
        }
        Ok(())
    }

    /// What was known of a feed that was removed goes as well.
    fn forget(&mut self, server: &Arc<Server>, name: String) {
        let server = server.clone();
        self.readings.spawn(async move {
            let key = name.clone();
            let forgotten = patiently(&server, move |server| Ok(state::forget(&server.node, &key)?));
            if let Err(problem) = forgotten.await {
                eprintln!(
                    "entente: feed `{}`: {}",
                    crate::render::safe(&name),
                    problem.detail
                );
            }
            name
        });
    }

    fn begin(&mut self, server: &Arc<Server>, name: &str, feed: &Feed, now: i64) {
        let failures = State::of(&server.node, name).map_or(0, |state| state.failures);
        if let Some(due) = self.due.get_mut(name) {
            due.at = now.saturating_add(micros(pause(feed.every, failures, dice())));
        }
        self.reading.insert(name.to_owned());
        let (server, name, feed) = (server.clone(), name.to_owned(), feed.clone());
        let places = self.places.clone();
        self.readings.spawn(async move {
            let Ok(_place) = places.acquire_owned().await else {
                return name;
            };
            tokio::select! {
                () = read(&server, &name, &feed) => {}
                () = server.stopped() => {}
            }
            name
        });
    }
}

/// A feed that was read before is due at its interval after that; one that was not, at once.
fn first_due(state: &State, feed: &Feed, now: i64) -> i64 {
    let tried = state
        .tried
        .as_deref()
        .and_then(|tried| Timestamp::parse_rfc3339(tried).ok());
    tried.map_or(now, |tried| {
        tried
            .micros()
            // A clock that went back must not put a feed off for ever.
            .min(now)
            .saturating_add(micros(pause(feed.every, state.failures, 0)))
    })
}

/// Seconds until the next try: the interval, longer after failures in a row, and up to a tenth more by chance, so
/// that feeds of one server do not ask it in the same second.
fn pause(every: u64, failures: u32, dice: u64) -> u64 {
    let longest = every.max(BACK_OFF_SECONDS_MAX);
    let pause = every.saturating_mul(1 << failures.min(8)).min(longest);
    pause + dice % (pause / 10).max(1)
}

fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX)
}

fn dice() -> u64 {
    place::random().as_u64_pair().0
}

async fn read(server: &Arc<Server>, name: &str, feed: &Feed) {
    let mut taker = OnThreads {
        server,
        name,
        refusal: None,
    };
    let reading = match Door::open(&feed.way) {
        Ok(door) => {
            let wanted = Wanted {
                url: &feed.url,
                collections: &feed.collections,
                since: feed
                    .since
                    .as_deref()
                    .and_then(|since| Timestamp::parse_rfc3339(since).ok()),
                limit: LIMIT,
                patience: PATIENCE,
            };
            read_feed(&door, &wanted, &mut taker).await
        }
        Err(failure) => Reading {
            failure: Some(failure),
            ..Reading::default()
        },
    };
    let refusal = taker.refusal.take();
    let key = name.to_owned();
    let kept = patiently(server, move |server| {
        let mut state = State::of(&server.node, &key)?;
        reading.note(&mut state, server.at());
        state.refusal.clone_from(&refusal);
        state.keep(&server.node, &key)?;
        Ok(())
    });
    if let Err(problem) = kept.await {
        eprintln!(
            "entente: feed `{}`: {}",
            crate::render::safe(name),
            problem.detail
        );
    }
}

/// Imports on the server's threads, as a request would.
struct OnThreads<'a> {
    server: &'a Arc<Server>,
    name: &'a str,
    refusal: Option<String>,
}

impl Taker for OnThreads<'_> {
    async fn cursor(&mut self, collection: &Collection) -> Result<Cursor, Failure> {
        let (name, url) = (self.name.to_owned(), collection.url.to_string());
        let cursor = patiently(self.server, move |server| {
            Ok(state::cursor(&server.node, &name, &url)?)
        });
        cursor.await.map_err(failure)
    }

    async fn take(
        &mut self,
        collection: &Collection,
        page: Page,
        cursor: String,
    ) -> Result<Account, Failure> {
        let (name, collection) = (self.name.to_owned(), collection.clone());
        let taken = patiently(self.server, move |server| {
            let mut refusal = None;
            let account = import(&server.node, &name, &collection, &page, false, &mut |item| {
                if let Fate::Refused { reason } = item.fate {
                    refusal.get_or_insert(reason);
                }
            })?;
            // The objects are durable; only now may the next reading begin behind them.
            state::keep_cursor(&server.node, &name, collection.url.as_str(), &cursor)?;
            Ok((account, refusal))
        });
        let (account, refusal) = taken.await.map_err(failure)?;
        self.refusal = self.refusal.take().or(refusal);
        Ok(account)
    }
}

/// As [`blocking`], but waits where a request would be told to come back: nobody waits for a feed.
async fn patiently<T: Send + 'static>(
    server: &Arc<Server>,
    work: impl Fn(&Server) -> Result<T, Problem> + Send + Sync + 'static,
) -> Result<T, Problem> {
    let work = Arc::new(work);
    let mut tries = 0;
    loop {
        let again = work.clone();
        match blocking(server, move |server| again(server)).await {
            Err(problem) if problem.retry_after.is_some() && tries < BUSY_TRIES_MAX => tries += 1,
            done => return done,
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn failure(problem: Problem) -> Failure {
    Failure::store(problem.detail)
}

/// How the feeds stand.
pub(crate) fn shown(server: &Server) -> Result<Vec<FeedShown>, Failure> {
    let book = feeds::book(&server.folder).read()?;
    let feeds = book.feeds.iter();
    feeds
        .map(|(name, feed)| Ok(FeedShown::of(name, feed, State::of(&server.node, name)?)))
        .collect()
}

/// The same as numbers, for `/metrics`.
pub(crate) fn measure(feeds: &[FeedShown], registry: &Registry) -> Result<(), prometheus::Error> {
    let gauge = |name: &str, help: &str, labels: &[&str]| -> Result<GaugeVec, prometheus::Error> {
        let gauge = GaugeVec::new(Opts::new(name, help), labels)?;
        registry.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    };
    let standing = gauge(
        "entente_feed_state",
        "How a feed stands: 1 for the state that it is in",
        &["feed", "state"],
    )?;
    let succeeded = gauge(
        "entente_feed_last_success_timestamp_seconds",
        "When a feed was last read to its end",
        &["feed"],
    )?;
    let total = gauge(
        "entente_feed_new_objects",
        "Objects and versions that a feed brought",
        &["feed"],
    )?;
    let refused = gauge(
        "entente_feed_refused_items",
        "Items of the last reading that were refused",
        &["feed"],
    )?;
    for feed in feeds {
        for word in Standing::ALL {
            let is_so = if feed.state == word { 1.0 } else { 0.0 };
            standing
                .with_label_values(&[feed.name.as_str(), word.word()])
                .set(is_so);
        }
        let at = feed
            .succeeded
            .as_deref()
            .and_then(|at| Timestamp::parse_rfc3339(at).ok());
        if let Some(at) = at {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a double")]
            succeeded
                .with_label_values(&[feed.name.as_str()])
                .set(at.micros() as f64 / 1e6);
        }
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a double")]
        total
            .with_label_values(&[feed.name.as_str()])
            .set(feed.new_total as f64);
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a double")]
        refused
            .with_label_values(&[feed.name.as_str()])
            .set(feed.refused_last as f64);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_with_failures_and_varies_by_a_tenth() {
        assert_eq!(pause(60, 0, 0), 60);
        assert_eq!(pause(60, 3, 0), 480);
        assert_eq!(pause(60, 30, 0), 15_360);
        assert_eq!(pause(3_600, 9, 0), BACK_OFF_SECONDS_MAX);
        assert_eq!(pause(7 * 86_400, 9, 0), 7 * 86_400);
        assert!((600..660).contains(&pause(600, 0, u64::MAX)));
    }
}
