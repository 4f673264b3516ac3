//! What is the same whatever is asked: media types, redirects, sign-in, waiting, errors.

use std::collections::BTreeSet;

use entente_stix::json::{self, Value};
use entente_stix::time::Timestamp;
use url::Url;

use super::address::{shortened, within};
use super::date::Stamp;
use super::{Fault, Oddity, Request, Response};
use crate::limits::{
    TAXII_ANSWER_BYTES_MAX, TAXII_DAMAGED_MAX, TAXII_REDIRECTS_MAX, TAXII_RETRIES_MAX, TAXII_WAIT_SECONDS_MAX,
};
use crate::taxii::MEDIA_TYPE;

/// What is asked for, one after the other where a server answers 406.
const ACCEPTS: [&str; 4] = [MEDIA_TYPE, "application/taxii+json", "application/json", "*/*"];

/// A conversation's state that has nothing to do with its subject.
#[derive(Debug)]
pub(super) struct Talk {
    named: Url,
    accept: usize,
    /// Where the last request went.
    at: Url,
    redirects: u32,
    moved: Option<Url>,
    failures: u32,
    damages: u32,
    waiting: Option<u32>,
    pub(super) oddities: BTreeSet<Oddity>,
}

/// What an answer is.
#[derive(Debug)]
pub(super) enum Heard {
    /// What was asked for.
    Body,
    /// The same is to be asked again, perhaps later, elsewhere or otherwise.
    Again,
    /// 404 or 410.
    Missing,
    /// 416: nothing so far behind.
    Beyond,
    /// 413: too much was sent.
    TooMuch,
    /// Another refusal.
    Rejected(Fault),
}

impl Talk {
    pub(super) fn new(named: Url) -> Talk {
        Talk {
            at: named.clone(),
            named,
            accept: 0,
            redirects: 0,
            moved: None,
            failures: 0,
            damages: 0,
            waiting: None,
            oddities: BTreeSet::new(),
        }
    }

    pub(super) fn origin(&self) -> String {
        self.named.origin().ascii_serialization()
    }

    pub(super) fn named(&self) -> &Url {
        &self.named
    }

    /// Where the last request went.
    pub(super) fn at(&self) -> &Url {
        &self.at
    }

    /// Seconds to wait first, once.
    pub(super) fn waiting(&mut self) -> Option<u32> {
        self.waiting.take()
    }

    pub(super) fn wait(&mut self, seconds: u32) {
        self.waiting = Some(seconds.min(TAXII_WAIT_SECONDS_MAX));
    }

    pub(super) fn get(&mut self, url: Url) -> Request {
        self.request("GET", url, None)
    }

    pub(super) fn post(&mut self, url: Url, body: Vec<u8>) -> Request {
        self.request("POST", url, Some(body))
    }

    fn request(&mut self, method: &'static str, url: Url, body: Option<Vec<u8>>) -> Request {
        self.at = self.moved.take().unwrap_or(url);
        Request {
            method,
            url: self.at.clone(),
            accept: ACCEPTS.get(self.accept).copied().unwrap_or(MEDIA_TYPE),
            content_type: body.is_some().then_some(MEDIA_TYPE),
            body,
            answer_bytes_max: TAXII_ANSWER_BYTES_MAX,
        }
    }

    /// What the answer to the last request is.
    ///
    /// # Errors
    /// What ends the conversation.
    pub(super) fn hear(&mut self, method: &str, response: &Response, at: Timestamp) -> Result<Heard, Fault> {
        let heard = match response.status {
            200..=206 => self.body(response)?,
            301..=303 if method == "GET" => self.redirect(response)?,
            307 | 308 => self.redirect(response)?,
            401 | 403 => {
                return Err(Fault::SignIn {
                    origin: self.origin(),
                    status: response.status,
                    said: said(&response.body),
                });
            }
            404 | 410 => Heard::Missing,
            406 | 415 if method == "GET" => self.other_accept(response)?,
            408 | 425 | 429 | 500 | 502 | 503 | 504 => self.later(response, at)?,
            413 => Heard::TooMuch,
            416 => Heard::Beyond,
            _ => Heard::Rejected(self.rejected(response)),
        };
        if !matches!(heard, Heard::Again) {
            self.redirects = 0;
            self.failures = 0;
        }
        Ok(heard)
    }

    /// What came is cut off or damaged: it is asked for again, a few times.
    pub(super) fn damaged(&mut self, cause: String) -> Result<(), Fault> {
        self.damages += 1;
        if self.damages > TAXII_DAMAGED_MAX {
            return Err(Fault::Damaged {
                origin: self.origin(),
                cause,
            });
        }
        self.wait(self.damages);
        Ok(())
    }

    pub(super) fn whole(&mut self) {
        self.damages = 0;
    }

    pub(super) fn not_taxii(&self, what: impl Into<String>) -> Fault {
        Fault::NotTaxii {
            url: self.at.to_string(),
            what: what.into(),
        }
    }

    pub(super) fn missing(&self, status: u16) -> Fault {
        Fault::Missing {
            url: self.at.to_string(),
            status,
        }
    }

    fn rejected(&self, response: &Response) -> Fault {
        Fault::Rejected {
            origin: self.origin(),
            status: response.status,
            said: said(&response.body),
        }
    }

    fn redirect(&mut self, response: &Response) -> Result<Heard, Fault> {
        self.redirects += 1;
        if self.redirects > TAXII_REDIRECTS_MAX {
            return Err(Fault::Redirects {
                origin: self.origin(),
            });
        }
        let Some(location) = &response.location else {
            return Ok(Heard::Rejected(self.rejected(response)));
        };
        self.moved = Some(within(&self.named, &self.at, location)?);
        Ok(Heard::Again)
    }

    fn other_accept(&mut self, response: &Response) -> Result<Heard, Fault> {
        if names_old_version(response.content_type.as_deref()) {
            return Err(Fault::OldVersion {
                origin: self.origin(),
            });
        }
        self.accept += 1;
        match ACCEPTS.get(self.accept) {
            Some(accept) => {
                self.oddities
                    .retain(|oddity| !matches!(oddity, Oddity::Accept(_)));
                self.oddities.insert(Oddity::Accept(accept));
                Ok(Heard::Again)
            }
            None => Err(self.rejected(response)),
        }
    }

    fn later(&mut self, response: &Response, at: Timestamp) -> Result<Heard, Fault> {
        self.failures += 1;
        let asked = response
            .retry_after
            .as_deref()
            .and_then(|text| retry_after(text, at));
        let is_too_long = asked.is_some_and(|seconds| seconds > u64::from(TAXII_WAIT_SECONDS_MAX));
        if self.failures > TAXII_RETRIES_MAX || is_too_long {
            return Err(Fault::Unavailable {
                origin: self.origin(),
                status: response.status,
                said: said(&response.body),
                retry_after: asked,
            });
        }
        let doubling = 1_u64 << self.failures.min(10);
        let seconds = asked.unwrap_or(doubling).max(1);
        self.wait(u32::try_from(seconds).unwrap_or(TAXII_WAIT_SECONDS_MAX));
        Ok(Heard::Again)
    }

    /// Media types are as many as servers; what counts is whether there is JSON inside.
    fn body(&mut self, response: &Response) -> Result<Heard, Fault> {
        let named = response.content_type.as_deref().unwrap_or_default();
        let mut parts = named.split(';').map(|part| part.trim().to_ascii_lowercase());
        let kind = parts.next().unwrap_or_default();
        if names_old_version(Some(named)) {
            return Err(Fault::OldVersion {
                origin: self.origin(),
            });
        }
        let first = response.body.iter().find(|byte| !byte.is_ascii_whitespace());
        let is_json = matches!(first, None | Some(b'{' | b'[' | 0xef));
        if !is_json {
            let what = match (kind.as_str(), first) {
                (_, Some(b'<')) => "a web page".to_owned(),
                ("", _) => "something that is not JSON".to_owned(),
                (kind, _) => format!("`{}`", shortened(kind)),
            };
            return Err(self.not_taxii(what));
        }
        if kind != "application/taxii+json" && first.is_some() {
            let kind = if kind.is_empty() { "no media type" } else { &kind };
            self.oddities.insert(Oddity::MediaType(shortened(kind)));
        }
        Ok(Heard::Body)
    }
}

fn names_old_version(content_type: Option<&str>) -> bool {
    let named = content_type.unwrap_or_default().to_ascii_lowercase();
    let is_old_tree = named.contains("vnd.oasis.taxii+json") || named.contains("vnd.oasis.stix+json");
    is_old_tree && !named.contains("2.1")
}

/// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.
fn retry_after(text: &str, at: Timestamp) -> Option<u64> {
    let text = text.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(seconds),
        Err(_) => Some(Stamp::read(text)?.seconds_after(at)),
    }
}

/// What a TAXII error object says (§3.6.1), short.
fn said(body: &[u8]) -> String {
    const READ_BYTES_MAX: usize = 64 << 10;
    let Some(value) = body
        .get(..body.len().min(READ_BYTES_MAX))
        .and_then(|body| json::read(body).ok())
    else {
        return String::new();
    };
    let text = |key| value.get(key).and_then(Value::as_str).unwrap_or_default().trim();
    let words: Vec<&str> = ["title", "description"]
        .map(text)
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    shortened(&words.join(": "))
}
