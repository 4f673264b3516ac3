//! Reading a collection on: page by page, each object once, to an end.
//!
//! Of each object the last version is asked for, by leaving `match[version]` out (TAXII 2.1 §3.4, `version`: without it
//! a server tells the latest version only). A feed is read for what holds now; `all` would bring again, after each
//! change, what was replaced, and after a long pause only more of it.
//!
//! Within one reading pages follow each other by `next`, with the filter kept as the standard asks (TAXII 2.1 §3.5);
//! between readings by `added_after`. An instant that was read up to is asked for once more, because others may have
//! been added at it meanwhile, and what was there is left out by its digest. Begin at [`Pull::step`].

use std::collections::BTreeSet;

use entente_stix::json::{self, Value};
use entente_stix::time::Timestamp;
use url::Url;

use super::address::{below, shortened};
use super::cursor::Cursor;
use super::date::Stamp;
use super::envelope::{Envelope, Key, NoPage, Page, Seen};
use super::talk::{Heard, Talk};
use super::{Collection, Fault, Oddity, Request, Response, Step};
use crate::limits::{
    TAXII_EMPTY_MAX, TAXII_FORGOTTEN_MAX, TAXII_FRUITLESS_MAX, TAXII_LIMIT_MAX, TAXII_PAGES_MAX,
    TAXII_TAIL_MAX,
};

/// So much earlier than a server's clock at the beginning of a reading the next one begins, where it tells no dates.
const CLOCK_MARGIN_MICROS: i64 = 3_600_000_000;

/// How a collection is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Where nothing was read yet: only what was added from then on.
    pub since: Option<Timestamp>,
    /// Objects a page, as a wish.
    pub limit: u32,
}

/// How a reading ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With everything that there is.
    All,
    /// After so many pages that it goes on the next time.
    Paused,
    /// The server leads round in circles; why we think so.
    Looping(String),
}

/// A reading of one collection.
#[derive(Debug)]
pub struct Pull {
    talk: Talk,
    root: Url,
    collection: Url,
    cursor: Cursor,
    limit: Option<u32>,
    wished: u32,
    stage: Stage,
    by_time: ByTime,
    seen: Seen,
    /// What the last reading ended with.
    known: BTreeSet<Key>,
    /// Objects of pages whose objects were all added at the latest instant.
    at_high: usize,
    /// Every `next` that was sent.
    sent: BTreeSet<Key>,
    /// Pages in a row that brought nothing new.
    fruitless: u32,
    forgotten: u32,
    /// Up to when was read before.
    high_before: Option<Stamp>,
    /// The pages under way were begun anew: what was read before is expected again.
    is_anew: bool,
    pages: u64,
    /// The server's clock at the beginning.
    begun: Option<Stamp>,
    /// Whether a date came with any page.
    is_dated: bool,
    /// `Last` of the page before.
    last: Option<Stamp>,
    end: Option<End>,
}

#[derive(Debug, Clone)]
enum Stage {
    Objects,
    /// When was this object added? Then go on with what is known of its page.
    Manifest {
        id: String,
        then: Facts,
    },
    Over,
}

/// How the last instant is asked for, where pages follow by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ByTime {
    /// Once more, with what may have been added at it since.
    Again,
    /// Only what came after it.
    After,
}

/// What counts of a page once its objects are handed on.
#[derive(Debug, Clone, Default)]
struct Facts {
    objects: u64,
    new: u64,
    /// Those that came before in this reading.
    again: u64,
    more: bool,
    next: Option<String>,
    last: Option<Stamp>,
    /// Whether all of it was added at one instant.
    is_one_instant: bool,
    last_id: Option<String>,
    own_time: Option<Timestamp>,
}

impl Pull {
    /// Reads `collection` on from `cursor`.
    pub fn new(collection: &Collection, cursor: Cursor, settings: Settings) -> Pull {
        let mut pull = Pull {
            talk: Talk::new(collection.root.clone()),
            root: collection.root.clone(),
            collection: collection.url.clone(),
            limit: Some(settings.limit.clamp(1, TAXII_LIMIT_MAX)),
            wished: settings.limit.clamp(1, TAXII_LIMIT_MAX),
            stage: Stage::Objects,
            by_time: ByTime::Again,
            seen: Seen::default(),
            known: cursor.tail.0.iter().copied().collect(),
            at_high: 0,
            sent: BTreeSet::new(),
            fruitless: 0,
            forgotten: 0,
            high_before: cursor.high,
            is_anew: false,
            pages: 0,
            begun: None,
            is_dated: false,
            last: None,
            end: None,
            cursor,
        };
        for key in &pull.known {
            pull.seen.insert(*key);
        }
        if pull.cursor.is_crowded {
            pull.by_time = ByTime::After;
        }
        let is_stale = pull.cursor.is_scroll || pull.cursor.is_doubtful;
        if is_stale && pull.cursor.next.is_some() {
            pull.restart();
        } else if !pull.cursor.is_under_way {
            let since = settings.since.map(|since| Stamp::of(since).to_string());
            pull.cursor.filter = pull.filter_by_time().or(since);
            pull.cursor.is_under_way = true;
        }
        pull
    }

    /// What is to be done next.
    pub fn step(&mut self) -> Step {
        if let Some(seconds) = self.talk.waiting() {
            return Step::Wait(seconds);
        }
        let url = match &self.stage {
            Stage::Over => return Step::Done,
            Stage::Objects => self.objects_url(),
            Stage::Manifest { id, .. } => {
                let mut url = below(&self.collection, &["manifest"]);
                url.query_pairs_mut().append_pair("match[id]", id);
                url
            }
        };
        Step::Ask(Box::new(self.ask(url)))
    }

    /// Takes the answer to the last request: a page where there was one. Import it, then keep [`Pull::cursor`].
    ///
    /// # Errors
    /// [`Fault`]; the cursor that was kept before is good.
    pub fn take(&mut self, response: &Response, at: Timestamp) -> Result<Option<Page>, Fault> {
        let heard = self.talk.hear("GET", response, at)?;
        match (heard, self.stage.clone()) {
            (Heard::Again, _) | (_, Stage::Over) => Ok(None),
            (Heard::Body, Stage::Objects) => self.take_page(response, at),
            (Heard::Body, Stage::Manifest { then, .. }) => {
                self.take_manifest(&response.body, then);
                Ok(None)
            }
            (_, Stage::Manifest { then, .. }) => {
                self.talk.oddities.insert(Oddity::NoManifest);
                self.without_manifest(then);
                Ok(None)
            }
            (heard, Stage::Objects) => self.take_refusal(heard, response).map(|()| None),
        }
    }

    /// The answer was over the bound of the request: fewer objects are asked for.
    ///
    /// # Errors
    /// [`Fault::TooBig`]: even one was too many.
    pub fn too_big(&mut self) -> Result<(), Fault> {
        let limit = self.limit.unwrap_or(self.wished);
        if limit <= 1 {
            return Err(Fault::TooBig {
                origin: self.talk.origin(),
            });
        }
        self.talk.oddities.insert(Oddity::TooBig);
        self.limit = Some((limit / 4).max(1));
        // A `next` may mean a number of a page of the old size.
        self.restart();
        Ok(())
    }

    /// Where the next reading goes on, once the last page is durable.
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// How it ended; `None` while it goes on.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Pages that were read.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// In what the server was odd.
    pub fn oddities(&self) -> impl Iterator<Item = &Oddity> {
        self.talk.oddities.iter()
    }

    fn ask(&mut self, url: Url) -> Request {
        if let (Stage::Objects, Some(next)) = (&self.stage, &self.cursor.next) {
            self.sent.insert(Key::of(next.as_bytes()));
        }
        self.talk.get(url)
    }

    fn objects_url(&self) -> Url {
        let mut url = below(&self.collection, &["objects"]);
        let mut pairs = url.query_pairs_mut();
        if let Some(filter) = &self.cursor.filter {
            pairs.append_pair("added_after", filter);
        }
        if let Some(limit) = self.limit {
            pairs.append_pair("limit", &limit.to_string());
        }
        if let Some(next) = &self.cursor.next {
            pairs.append_pair("next", next);
        }
        drop(pairs);
        if url.query() == Some("") {
            url.set_query(None);
        }
        url
    }

    /// `added_after` for what comes after everything that was read.
    fn filter_by_time(&self) -> Option<String> {
        let high = self.cursor.high?;
        Some(match self.by_time {
            ByTime::Again => high.before().to_string(),
            ByTime::After => high.to_string(),
        })
    }

    fn take_page(&mut self, response: &Response, at: Timestamp) -> Result<Option<Page>, Fault> {
        let envelope = match Envelope::read(&response.body) {
            Ok(envelope) => envelope,
            Err(NoPage::Damaged(cause)) => {
                self.talk.damaged(cause)?;
                self.doubt();
                return Ok(None);
            }
            Err(NoPage::Foreign) => return Err(self.talk.not_taxii("JSON that is no TAXII envelope")),
        };
        self.talk.whole();
        self.pages += 1;
        if self.begun.is_none() {
            self.begun = Some(
                response
                    .date
                    .as_deref()
                    .and_then(Stamp::read)
                    .unwrap_or(Stamp::of(at)),
            );
        }
        let facts = self.facts(&envelope, response);
        let keys = envelope.objects.iter().map(|object| object.key);
        let expected = keys.clone().filter(|key| self.known.remove(key)).count() as u64;
        let keys: Vec<Key> = keys.filter(|key| !self.seen.contains(*key)).collect();
        let page = envelope.page(&response.body, &mut self.seen);
        let facts = Facts {
            new: page.places.len() as u64,
            again: page.again.saturating_sub(expected),
            ..facts
        };
        self.remember(&facts, &keys);
        self.note(&facts);
        self.after_page(facts);
        Ok(Some(page))
    }

    fn facts(&mut self, envelope: &Envelope, response: &Response) -> Facts {
        let mut date = |header: &Option<String>| {
            let header = header.as_deref()?;
            let stamp = Stamp::read(header);
            if stamp.is_none() && !envelope.objects.is_empty() {
                self.talk.oddities.insert(Oddity::BadDates(shortened(header)));
            }
            stamp
        };
        let (first, last) = (date(&response.added_first), date(&response.added_last));
        if envelope.is_bare {
            self.talk.oddities.insert(Oddity::NoEnvelope);
        }
        let is_behind = |stamp: Option<Stamp>, than: Option<Stamp>| {
            stamp.zip(than).is_some_and(|(stamp, than)| than.is_after(stamp))
        };
        if is_behind(last, first) || is_behind(first.or(last), self.last) {
            self.cursor.is_unordered = true;
        }
        self.cursor.is_ordered |= is_behind(first, last);
        self.last = last.or(self.last);
        let filter = self.cursor.filter.as_deref().and_then(Stamp::read);
        if !envelope.objects.is_empty() && is_behind(first, filter) {
            self.talk.oddities.insert(Oddity::IgnoresAddedAfter);
        }
        Facts {
            objects: envelope.objects.len() as u64,
            new: 0,
            again: 0,
            more: envelope.more,
            next: envelope.next.clone(),
            last: match (first, last) {
                (Some(first), Some(last)) => Some(first.later_of(last)),
                (first, last) => last.or(first),
            },
            is_one_instant: first.zip(last).is_some_and(|(first, last)| first.is_at(last)),
            last_id: envelope.objects.last().and_then(|object| object.id.clone()),
            own_time: envelope.objects.iter().filter_map(|object| object.own_time).max(),
        }
    }

    /// Up to when was read, and what was read last.
    fn remember(&mut self, facts: &Facts, keys: &[Key]) {
        if facts.objects == 0 {
            return;
        }
        self.is_dated |= facts.last.is_some();
        if let Some(last) = facts.last
            && self.cursor.high.is_none_or(|high| last.is_after(high))
        {
            self.cursor.high = Some(last);
            self.cursor.is_crowded = false;
            self.at_high = 0;
        }
        // Where there is not room for all: what is older than what is asked for again need not be known then.
        let is_older = |(last, high): (Stamp, Stamp)| high.before().is_after(last);
        let is_full = self.cursor.tail.0.len() + keys.len() > TAXII_TAIL_MAX;
        if is_full && facts.last.zip(self.cursor.high).is_some_and(is_older) {
            return;
        }
        if facts.is_one_instant {
            self.at_high += keys.len();
            self.cursor.is_crowded |= self.at_high > TAXII_TAIL_MAX;
        }
        for key in keys {
            self.cursor.tail.push(*key, TAXII_TAIL_MAX);
        }
    }

    fn note(&mut self, facts: &Facts) {
        let odd = &mut self.talk.oddities;
        if self.limit.is_some_and(|limit| facts.objects > u64::from(limit)) {
            odd.retain(|oddity| !matches!(oddity, Oddity::IgnoresLimit(_)));
            odd.insert(Oddity::IgnoresLimit(facts.objects));
        }
        if self.cursor.is_unordered {
            odd.insert(Oddity::Unordered);
        }
        if facts.objects > 0 && facts.last.is_none() {
            odd.insert(Oddity::NoDates);
        }
        // Where pages follow by time, the end of the last one is expected.
        if facts.again > 0 && !self.is_anew && self.cursor.next.is_some() && self.pages > 1 {
            odd.insert(Oddity::Again);
        }
    }

    fn after_page(&mut self, facts: Facts) {
        match facts.new {
            0 => self.fruitless += 1,
            _ => self.fruitless = 0,
        }
        if !facts.more {
            return self.finish(facts);
        }
        if self.pages >= TAXII_PAGES_MAX {
            self.cursor.next = facts.next;
            return self.over(End::Paused);
        }
        match facts.next.clone() {
            Some(next) => self.follow(next, &facts),
            None if facts.objects == 0 => {
                self.talk.oddities.insert(Oddity::MoreAtTheEnd);
                self.finish(facts);
            }
            None => {
                self.talk.oddities.insert(Oddity::MoreWithoutNext);
                match facts.last {
                    Some(_) => self.go_on_by_time(&facts),
                    None => self.ask_manifest(facts),
                }
            }
        }
    }

    fn follow(&mut self, next: String, facts: &Facts) {
        let was_sent = self.sent.contains(&Key::of(next.as_bytes()));
        if was_sent {
            self.talk.oddities.insert(Oddity::SameNext);
            self.cursor.is_scroll = true;
            if self.cursor.is_doubtful && self.forgotten < TAXII_FORGOTTEN_MAX {
                self.forgotten += 1;
                return self.restart();
            }
        }
        if facts.objects == 0 {
            self.talk.oddities.insert(Oddity::EmptyPages);
        }
        let circles = was_sent && (facts.again > 0 || self.fruitless > TAXII_EMPTY_MAX);
        if facts.new == 0 && (circles || self.fruitless > TAXII_FRUITLESS_MAX) {
            let shown = shortened(&next);
            return self.lost(format!(
                "page {} brought nothing new, and the server still says that there is more (`next` is `{shown}`)",
                self.pages
            ));
        }
        self.cursor.next = Some(next);
    }

    /// `more` without `next`: on from the time at which the last object was added.
    fn go_on_by_time(&mut self, facts: &Facts) {
        self.cursor.next = None;
        let filter = self.filter_by_time();
        let moves_on = facts.new > 0 || (self.by_time == ByTime::Again && filter != self.cursor.filter);
        if moves_on && self.fruitless <= TAXII_FRUITLESS_MAX {
            self.limit = self.limit.map(|_| self.wished);
            self.by_time = match self.cursor.is_crowded {
                true => ByTime::After,
                false => ByTime::Again,
            };
            self.cursor.filter = self.filter_by_time();
            return;
        }
        let asked = self.limit.unwrap_or(0);
        let is_full = asked > 0 && facts.objects >= u64::from(asked);
        if self.by_time == ByTime::Again && is_full && asked < TAXII_LIMIT_MAX {
            self.limit = Some(asked.saturating_mul(2).min(TAXII_LIMIT_MAX));
        } else if self.by_time == ByTime::Again {
            if facts.is_one_instant
                && let Some(high) = self.cursor.high
            {
                self.talk.oddities.insert(Oddity::Crowded(high.to_string()));
            }
            self.by_time = ByTime::After;
            self.cursor.filter = self.filter_by_time();
        } else {
            self.lost(format!(
                "page {} brought nothing new, and the server still says that there is more (without `next`)",
                self.pages
            ));
        }
    }

    fn ask_manifest(&mut self, facts: Facts) {
        let is_known_missing = self.talk.oddities.contains(&Oddity::NoManifest);
        match facts.last_id.clone() {
            Some(id) if !is_known_missing => self.stage = Stage::Manifest { id, then: facts },
            _ => self.without_manifest(facts),
        }
    }

    fn take_manifest(&mut self, body: &[u8], then: Facts) {
        let value = json::read(body).ok();
        let entries = value
            .as_ref()
            .and_then(|value| value.get("objects"))
            .and_then(Value::as_array);
        let dates = entries.unwrap_or_default().iter().filter_map(|entry| {
            let date = entry.get("date_added").and_then(Value::as_str)?;
            Stamp::read(date)
        });
        let Some(last) = dates.reduce(Stamp::later_of) else {
            return self.without_manifest(then);
        };
        self.talk.oddities.insert(Oddity::DatesOfManifest);
        self.stage = Stage::Objects;
        self.is_dated = true;
        self.raise(last);
        match then.more {
            true => self.go_on_by_time(&then),
            false => self.over(End::All),
        }
    }

    /// Neither headers nor a manifest say when something was added.
    fn without_manifest(&mut self, then: Facts) {
        self.stage = Stage::Objects;
        if !then.more {
            self.talk.oddities.insert(Oddity::DatesOfClock);
            // Not the objects' own times: what is old may be added late.
            if let Some(begun) = self.begun {
                self.raise(begun.earlier(CLOCK_MARGIN_MICROS));
            }
            return self.over(End::All);
        }
        self.talk.oddities.insert(Oddity::DatesOfObjects);
        match then.own_time {
            Some(time) => {
                self.raise(Stamp::of(time));
                self.go_on_by_time(&then);
            }
            None => self.lost("the server says that there is more, and nothing says where".to_owned()),
        }
    }

    /// Was read up to then, as another than a page says.
    fn raise(&mut self, to: Stamp) {
        if self.cursor.high.is_none_or(|high| to.is_after(high)) {
            self.cursor.high = Some(to);
        }
    }

    fn finish(&mut self, facts: Facts) {
        if self.cursor.is_doubtful {
            return self.finish_in_doubt();
        }
        let knows_nothing = !self.is_dated && facts.objects > 0;
        match knows_nothing {
            true => self.ask_manifest(Facts { more: false, ..facts }),
            false => self.over(End::All),
        }
    }

    /// A page was lost under way, and nothing showed that its successor was not left out.
    fn finish_in_doubt(&mut self) {
        if self.forgotten < TAXII_FORGOTTEN_MAX {
            self.forgotten += 1;
            return self.restart();
        }
        self.cursor.high = self.high_before;
        self.lost(
            "pages were damaged on their way again and again, and some may have been left out".to_owned(),
        );
    }

    fn lost(&mut self, why: String) {
        self.over(End::Looping(why));
    }

    fn over(&mut self, end: End) {
        if end != End::Paused {
            self.cursor.next = None;
            self.cursor.filter = None;
            self.cursor.is_under_way = false;
            self.cursor.is_doubtful = false;
        }
        self.stage = Stage::Over;
        self.end = Some(end);
    }

    fn take_refusal(&mut self, heard: Heard, response: &Response) -> Result<(), Fault> {
        if self.cursor.next.is_some() && self.forgotten < TAXII_FORGOTTEN_MAX {
            // Beyond the last page of those under way there is nothing; of a `next` kept from last time who knows.
            if matches!(heard, Heard::Beyond) && self.pages > 0 {
                self.over(End::All);
                return Ok(());
            }
            self.forgotten += 1;
            self.talk.oddities.insert(Oddity::ForgetsNext);
            self.restart();
            return Ok(());
        }
        match heard {
            Heard::Missing => {
                self.talk.oddities.insert(Oddity::EmptyAsMissing);
                self.over(End::All);
                Ok(())
            }
            Heard::Beyond => {
                self.over(End::All);
                Ok(())
            }
            Heard::Rejected(Fault::Rejected {
                status: 400 | 422, ..
            }) if self.limit.is_some() => {
                self.limit = None;
                self.talk.oddities.insert(Oddity::RefusesLimit);
                Ok(())
            }
            Heard::Rejected(fault) => Err(fault),
            _ => Err(self.talk.missing(response.status)),
        }
    }

    /// A page was lost on its way. Where one word stands for wherever the server is, it is a page further now.
    fn doubt(&mut self) {
        if self.cursor.next.is_none() {
            return;
        }
        match self.cursor.is_scroll || self.safe_filter().is_some() {
            true => self.restart(),
            false => self.cursor.is_doubtful = true,
        }
    }

    /// Begins the pages under way anew, as far on as is safe.
    fn restart(&mut self) {
        if let Some(filter) = self.safe_filter() {
            self.cursor.filter = Some(filter);
        }
        self.cursor.next = None;
        self.cursor.is_doubtful = false;
        self.sent.clear();
        self.last = None;
        self.is_anew = true;
    }

    /// `added_after` behind which nothing was left out: of a server that keeps to the order of time.
    fn safe_filter(&self) -> Option<String> {
        let cursor = &self.cursor;
        let is_safe = cursor.is_ordered && !cursor.is_unordered && !cursor.is_doubtful;
        Some(cursor.high.filter(|_| is_safe)?.before().to_string())
    }

    /// The API root that the collection is in.
    pub fn root(&self) -> &Url {
        &self.root
    }
}
