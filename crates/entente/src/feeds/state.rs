//! How far each feed was read, and how it stands: documents of the store.

use std::collections::BTreeSet;

use entente_exchange::taxii::client::Cursor;
use entente_node::Node;
use entente_stix::time::Timestamp;
use entente_store::{Expected, NewDocument, Source, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Feed;
use crate::exit::Failure;
use crate::place;

/// How feeds stand, by name.
const STATE: &str = "feed";
/// Where collections were left, by feed and address.
const CURSOR: &str = "feed cursor";

/// So many readings in a row without anything new, and a feed is quiet: perhaps its owner stopped it.
pub(crate) const QUIET_READINGS: u32 = 3;

/// What is known of a feed's readings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// When it was last tried.
    pub(crate) tried: Option<String>,
    /// When it was last read to its end.
    pub(crate) succeeded: Option<String>,
    /// Since when every try failed.
    pub(crate) failing_since: Option<String>,
    /// Tries in a row that failed.
    pub(crate) failures: u32,
    /// Why the last one did.
    pub(crate) fault: Option<String>,
    /// Why the server is thought to lead round in circles.
    pub(crate) looping: Option<String>,
    /// Readings in a row without anything new.
    pub(crate) quiet: u32,
    /// New objects and versions of the last reading, and of all.
    pub(crate) new_last: u64,
    pub(crate) new_total: u64,
    /// Items that were refused in the last reading, and why the first was.
    pub(crate) refused_last: u64,
    pub(crate) refusal: Option<String>,
    /// Up to which time it was read, as the server tells it.
    pub(crate) read_until: Option<String>,
    /// In what the server is odd.
    pub(crate) oddities: BTreeSet<String>,
}

impl State {
    /// What is known of the feed `name`.
    pub(crate) fn of(node: &Node, name: &str) -> Result<State, Failure> {
        let document = node
            .store()
            .document(STATE, name, place::now().micros())
            .map_err(place::failure)?;
        let state = document.and_then(|document| serde_json::from_slice(&document.value).ok());
        Ok(state.unwrap_or_default())
    }

    pub(crate) fn keep(&self, node: &Node, name: &str) -> Result<(), Failure> {
        let value = serde_json::to_vec(self).map_err(std::io::Error::from)?;
        put(node, STATE, name, Some(&value))
    }

    /// A reading ended well.
    pub(crate) fn succeed(&mut self, at: Timestamp, new: u64) {
        self.succeeded = Some(at.to_string());
        self.failing_since = None;
        self.failures = 0;
        self.fault = None;
        self.new_last = new;
        self.new_total += new;
        self.quiet = match new {
            0 => self.quiet.saturating_add(1),
            _ => 0,
        };
    }

    /// A reading failed, after so much that was new.
    pub(crate) fn fail(&mut self, at: Timestamp, fault: String, new: u64) {
        self.failing_since.get_or_insert_with(|| at.to_string());
        self.failures = self.failures.saturating_add(1);
        self.fault = Some(fault);
        self.new_last = new;
        self.new_total += new;
    }

    /// How it stands, in a word and a sentence.
    pub(crate) fn standing(&self, feed: &Feed) -> (Standing, String) {
        if feed.stopped {
            return (Standing::Stopped, "stopped by its operator".to_owned());
        }
        if let (Some(since), Some(fault)) = (&self.failing_since, &self.fault) {
            return (Standing::Failing, format!("failing since {since}: {fault}"));
        }
        if let Some(why) = &self.looping {
            return (Standing::Looping, format!("leads round in circles: {why}"));
        }
        match &self.succeeded {
            None => (Standing::Waiting, "not read yet".to_owned()),
            Some(_) if self.quiet >= QUIET_READINGS => (
                Standing::Quiet,
                format!(
                    "nothing new in the last {} readings; is the feed still kept up?",
                    self.quiet
                ),
            ),
            Some(at) => (Standing::Ok, format!("read to its end at {at}")),
        }
    }
}

/// How a feed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    Waiting,
    Ok,
    Quiet,
    Failing,
    Looping,
    Stopped,
}

impl Standing {
    pub(crate) const ALL: [Standing; 6] = [
        Standing::Waiting,
        Standing::Ok,
        Standing::Quiet,
        Standing::Failing,
        Standing::Looping,
        Standing::Stopped,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Standing::Waiting => "waiting",
            Standing::Ok => "ok",
            Standing::Quiet => "quiet",
            Standing::Failing => "failing",
            Standing::Looping => "looping",
            Standing::Stopped => "stopped",
        }
    }
}

/// Where a collection of a feed was left. One that cannot be read any more is begun anew: what is known already
/// changes nothing.
pub(crate) fn cursor(node: &Node, name: &str, collection: &str) -> Result<Cursor, Failure> {
    let key = key(name, collection);
    let document = node
        .store()
        .document(CURSOR, &key, place::now().micros())
        .map_err(place::failure)?;
    let text = document.and_then(|document| String::from_utf8(document.value).ok());
    Ok(text.and_then(|text| Cursor::read(&text)).unwrap_or_default())
}

pub(crate) fn keep_cursor(node: &Node, name: &str, collection: &str, cursor: &str) -> Result<(), Failure> {
    put(node, CURSOR, &key(name, collection), Some(cursor.as_bytes()))
}

/// Forgets everything about the feed `name`.
pub(crate) fn forget(node: &Node, name: &str) -> Result<(), Failure> {
    const AT_ONCE: usize = 100;
    put(node, STATE, name, None)?;
    let prefix = key(name, "");
    loop {
        let at = place::now().micros();
        let some = node
            .store()
            .documents(CURSOR, Some(&prefix), at, AT_ONCE)
            .map_err(place::failure)?;
        let of_feed: Vec<_> = some
            .into_iter()
            .take_while(|document| document.key.starts_with(&prefix))
            .collect();
        if of_feed.is_empty() {
            return Ok(());
        }
        for document in of_feed {
            put(node, CURSOR, &document.key, None)?;
        }
    }
}

/// Names have no line ends, so that no name is the beginning of another's key.
fn key(name: &str, collection: &str) -> String {
    format!("{name}\n{collection}")
}

fn put(node: &Node, kind: &str, key: &str, value: Option<&[u8]>) -> Result<(), Failure> {
    let document = NewDocument {
        kind,
        key,
        value,
        expires_at: None,
        expected: Expected::Any,
    };
    let put: &dyn Store = node.store();
    put.put_document(&document, place::now().micros())
        .map_err(place::failure)?;
    Ok(())
}

/// A feed as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FeedShown {
    /// Its name.
    pub(crate) name: String,
    /// The server.
    pub(crate) url: String,
    /// Ids, titles or aliases of the collections that are read; none: all that may be read.
    pub(crate) collections: Vec<String>,
    /// Seconds from one reading to the next.
    pub(crate) every: u64,
    /// How it stands.
    pub(crate) state: Standing,
    /// The same as a sentence.
    pub(crate) standing: String,
    /// When it was last tried.
    pub(crate) tried: Option<String>,
    /// When it was last read to its end.
    pub(crate) succeeded: Option<String>,
    /// Up to which time of the server's it was read.
    pub(crate) read_until: Option<String>,
    /// New objects and versions of the last reading.
    pub(crate) new_last: u64,
    /// New objects and versions of all readings.
    pub(crate) new_total: u64,
    /// Object versions that are held from it, new through it or known before; absent where they were not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) held: Option<u64>,
    /// Items of the last reading that were refused.
    pub(crate) refused_last: u64,
    /// Why the first of them was.
    pub(crate) refusal: Option<String>,
    /// In what its server is odd.
    pub(crate) oddities: Vec<String>,
}

impl FeedShown {
    pub(crate) fn of(name: &str, feed: &Feed, state: State) -> FeedShown {
        let (standing, sentence) = state.standing(feed);
        FeedShown {
            name: name.to_owned(),
            url: feed.url.clone(),
            collections: feed.collections.clone(),
            every: feed.every,
            state: standing,
            standing: sentence,
            tried: state.tried,
            succeeded: state.succeeded,
            read_until: state.read_until,
            new_last: state.new_last,
            new_total: state.new_total,
            held: None,
            refused_last: state.refused_last,
            refusal: state.refusal,
            oddities: state.oddities.into_iter().collect(),
        }
    }

    /// With what is held from each feed; `sources` are all that ever told something here.
    pub(crate) fn count_held(feeds: &mut [FeedShown], sources: &[Source]) {
        for feed in feeds {
            let told = sources.iter().filter(|told| {
                let collection = told.name.strip_prefix(&feed.name);
                collection.is_some_and(|collection| collection.starts_with('/'))
            });
            feed.held = Some(told.map(|told| told.holdings).sum());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(stopped: bool) -> Feed {
        Feed {
            url: "https://taxii.example/".to_owned(),
            collections: Vec::new(),
            every: 60,
            since: None,
            way: crate::feeds::Way::default(),
            stopped,
        }
    }

    #[test]
    fn a_feed_is_quiet_after_three_readings_without_anything_new_until_there_is() {
        let at = Timestamp::from_micros(0);
        let mut state = State::default();
        let mut words = vec![state.standing(&feed(false)).0.word()];
        for new in [5, 0, 0, 0, 0, 1] {
            state.succeed(at, new);
            words.push(state.standing(&feed(false)).0.word());
        }
        assert_eq!(words, ["waiting", "ok", "ok", "ok", "quiet", "quiet", "ok"]);
        assert_eq!((state.new_last, state.new_total), (1, 6));
    }

    #[test]
    fn a_failing_feed_says_since_when_and_why_and_recovers() {
        let mut state = State::default();
        state.fail(Timestamp::from_micros(0), "nobody listens".to_owned(), 0);
        state.fail(Timestamp::from_micros(60_000_000), "still nobody".to_owned(), 2);
        let (standing, sentence) = state.standing(&feed(false));
        assert_eq!(standing, Standing::Failing);
        assert_eq!(sentence, "failing since 1970-01-01T00:00:00.000Z: still nobody");
        assert_eq!(state.standing(&feed(true)).0, Standing::Stopped);
        state.succeed(Timestamp::from_micros(120_000_000), 1);
        assert_eq!(state.standing(&feed(false)).0, Standing::Ok);
        assert_eq!(state.new_total, 3);
    }
}
