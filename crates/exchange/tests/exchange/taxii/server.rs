//! A TAXII server with vices, as values: no socket, no clock.

use std::collections::BTreeMap;

use entente_exchange::taxii::client::{Request, Response};
use entente_stix::time::Timestamp;

/// Noon of a day on which nothing else happens.
pub(super) const NOON: i64 = 1_700_000_000_000_000;

/// How the server says when objects were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dates {
    Headers,
    /// With milliseconds only.
    Coarse,
    /// As JavaScript prints dates: seconds.
    Words,
    /// `undefined`
    Garbled,
    None,
}

/// How a page leads to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A place in the list.
    Place,
    /// The number of a page of what the filter leaves.
    Number,
    /// A number that is no string.
    Bare,
    /// Always the same word; the server remembers where it was.
    Scroll,
    /// Not at all: `more`, and no `next`.
    Missing,
    /// It is ignored: always the first page.
    Ignored,
    /// A new word each time, ignored.
    Fresh,
}

#[derive(Debug, Clone)]
pub(super) struct Vices {
    pub(super) inclusive: bool,
    pub(super) dates: Dates,
    pub(super) manifest: bool,
    pub(super) next: Next,
    pub(super) page_max: usize,
    pub(super) honours_limit: bool,
    pub(super) refuses_limit: bool,
    pub(super) ignores_added_after: bool,
    /// Each so manyth page is empty and says that there is more.
    pub(super) empty_pages: usize,
    pub(super) more_at_the_end: bool,
    pub(super) empty_is_missing: bool,
    pub(super) bare: bool,
    /// Each so manyth answer is 503.
    pub(super) busy: usize,
    /// Each so manyth answer is cut off.
    pub(super) cut: usize,
    pub(super) newest_first: bool,
    pub(super) media_type: Option<&'static str>,
    pub(super) picky: bool,
}

impl Default for Vices {
    fn default() -> Vices {
        Vices {
            inclusive: false,
            dates: Dates::Headers,
            manifest: true,
            next: Next::Place,
            page_max: 10,
            honours_limit: true,
            refuses_limit: false,
            ignores_added_after: false,
            empty_pages: 0,
            more_at_the_end: false,
            empty_is_missing: false,
            bare: false,
            busy: 0,
            cut: 0,
            newest_first: false,
            media_type: Some("application/taxii+json;version=2.1"),
            picky: false,
        }
    }
}

pub(super) struct Server {
    pub(super) vices: Vices,
    /// When it was added, and its text; in that order.
    pub(super) objects: Vec<(i64, String)>,
    pub(super) now: i64,
    pub(super) asked: Vec<String>,
    pages: usize,
    scroll: usize,
}

impl Server {
    pub(super) fn new(vices: Vices) -> Server {
        Server {
            vices,
            objects: Vec::new(),
            now: NOON,
            asked: Vec::new(),
            pages: 0,
            scroll: 0,
        }
    }

    /// Adds so many objects at `added`.
    pub(super) fn add(&mut self, count: usize, added: i64) {
        for _ in 0..count {
            let number = self.objects.len();
            let time = Timestamp::from_micros(added);
            let text = format!(
                r#"{{"type":"x-test","id":"x-test--{:08}-0000-4000-8000-000000000000","created":"{time}","modified":"{time}"}}"#,
                number
            );
            self.objects.push((added, text));
        }
        self.now = self.now.max(added + 1);
    }

    /// The server lost everything that it had in memory.
    pub(super) fn forget(&mut self) {
        self.scroll = usize::MAX;
    }

    pub(super) fn answer(&mut self, request: &Request) -> Response {
        self.asked.push(request.url.to_string());
        let number = self.asked.len();
        let mut response = Response {
            status: 200,
            content_type: self.vices.media_type.map(str::to_owned),
            date: Some("Tue, 14 Nov 2023 22:13:20 GMT".to_owned()),
            ..Response::default()
        };
        if self.vices.busy > 0 && number.is_multiple_of(self.vices.busy) {
            response.status = 503;
            response.retry_after = Some("7".to_owned());
            return response;
        }
        if self.vices.picky && request.accept.contains("version") {
            response.status = 406;
            return response;
        }
        let query: BTreeMap<String, String> = request.url.query_pairs().into_owned().collect();
        if request.url.path().ends_with("/manifest/") {
            return self.manifest(&query, response);
        }
        if self.vices.refuses_limit && query.contains_key("limit") {
            response.status = 400;
            response.body = br#"{"title":"bad query","description":"limit is not known"}"#.to_vec();
            return response;
        }
        self.page(&query, &mut response);
        if self.vices.cut > 0 && number.is_multiple_of(self.vices.cut) && response.body.len() > 2 {
            response.body.truncate(response.body.len() / 2);
        }
        response
    }

    fn manifest(&self, query: &BTreeMap<String, String>, mut response: Response) -> Response {
        if !self.vices.manifest {
            response.status = 404;
            return response;
        }
        let wanted = query.get("match[id]").unwrap();
        let found = self
            .objects
            .iter()
            .find(|(_, text)| text.contains(wanted.as_str()))
            .unwrap();
        let added = Timestamp::from_micros(found.0);
        response.body = format!(r#"{{"objects":[{{"id":"{wanted}","date_added":"{added}"}}]}}"#).into_bytes();
        response
    }

    fn page(&mut self, query: &BTreeMap<String, String>, response: &mut Response) {
        let after = query
            .get("added_after")
            .filter(|_| !self.vices.ignores_added_after);
        let after = after.map(|text| Timestamp::parse(text).unwrap().micros());
        let passes = |added: i64| match after {
            None => true,
            Some(after) if self.vices.inclusive => added >= after,
            Some(after) => added > after,
        };
        let mut all: Vec<usize> = (0..self.objects.len())
            .filter(|at| passes(self.objects[*at].0))
            .collect();
        if self.vices.newest_first {
            all.reverse();
        }
        let limit = query
            .get("limit")
            .map_or(usize::MAX, |limit| limit.parse().unwrap());
        let size = if self.vices.honours_limit {
            limit.min(self.vices.page_max)
        } else {
            self.vices.page_max
        };
        let next = query.get("next").map(String::as_str);
        let from = match self.vices.next {
            Next::Place => next.map_or(0, |next| {
                let (_, place) = next.split_once('|').unwrap();
                let place: usize = place.parse().unwrap();
                all.iter()
                    .position(|at| *at == place)
                    .map_or(all.len(), |at| at + 1)
            }),
            Next::Number | Next::Bare => next.map_or(0, |next| next.parse::<usize>().unwrap()) * size,
            Next::Scroll => match next {
                None => 0,
                Some(_) if self.scroll == usize::MAX => {
                    response.status = 404;
                    return;
                }
                Some(_) => self.scroll,
            },
            Next::Missing | Next::Ignored | Next::Fresh => 0,
        };
        self.pages += 1;
        let is_blank = self.vices.empty_pages > 0
            && self.pages.is_multiple_of(self.vices.empty_pages)
            && self.vices.next == Next::Scroll
            && next.is_some();
        let told: Vec<usize> = match is_blank {
            true => Vec::new(),
            false => all.iter().copied().skip(from).take(size).collect(),
        };
        let end = (from + told.len()).min(all.len());
        self.scroll = end;
        let loops = matches!(self.vices.next, Next::Ignored | Next::Fresh);
        let more = is_blank || end < all.len() || (loops && !all.is_empty()) || self.vices.more_at_the_end;
        if all.is_empty() && self.vices.empty_is_missing {
            response.status = 404;
            return;
        }
        let objects: Vec<&str> = told.iter().map(|at| self.objects[*at].1.as_str()).collect();
        if self.vices.bare {
            response.body = format!(
                r#"{{"type":"bundle","id":"bundle--0","objects":[{}]}}"#,
                objects.join(",")
            )
            .into_bytes();
        } else {
            let next = match (more, self.vices.next) {
                (false, _) | (_, Next::Missing) => String::new(),
                (_, Next::Place) if told.is_empty() => String::new(),
                (_, Next::Place) => format!(r#","next":"2023-11-16 22:40:05|{}""#, told.last().unwrap()),
                (_, Next::Number) => format!(r#","next":"{}""#, from / size.max(1) + 1),
                (_, Next::Bare) => format!(r#","next":{}"#, from / size.max(1) + 1),
                (_, Next::Scroll) => r#","next":"scroll""#.to_owned(),
                (_, Next::Ignored) => r#","next":"5c8f4047""#.to_owned(),
                (_, Next::Fresh) => format!(r#","next":"{}""#, self.pages),
            };
            // An empty list is left out, as the standard asks.
            let list = match objects.is_empty() {
                true => String::new(),
                false => format!(r#","objects":[{}]"#, objects.join(",")),
            };
            response.body = format!(r#"{{"more":{more}{next}{list}}}"#).into_bytes();
        }
        let date = |at: Option<&usize>| {
            let micros = self.objects[*at?].0;
            match self.vices.dates {
                Dates::Headers => Some(Timestamp::from_micros(micros).to_string()),
                Dates::Coarse => Some(Timestamp::from_micros(micros - micros.rem_euclid(1000)).to_string()),
                Dates::Words => Some(in_words(micros)),
                Dates::Garbled => Some("undefined".to_owned()),
                Dates::None => None,
            }
        };
        response.added_first = date(told.first());
        response.added_last = date(told.last());
    }
}

/// All within the day of [`NOON`].
fn in_words(micros: i64) -> String {
    let text = Timestamp::from_micros(micros).to_string();
    let (date, time) = text.split_once('T').unwrap();
    let month = match &date[5..7] {
        "11" => "Nov",
        other => panic!("month {other}"),
    };
    format!(
        "Tue {month} {} {} {} GMT+0000 (Coordinated Universal Time)",
        &date[8..10],
        &date[0..4],
        &time[0..8]
    )
}
