//! The client's side of TAXII 2.1: what to ask a server next, and what its answers come to. No socket, no clock.
//!
//! Whoever drives it asks for a [`Step`], does it, and hands the [`Response`] back. [`Discovery`] finds roots and
//! collections, [`Pull`] reads one collection on from a [`Cursor`], [`Delivery`] hands one batch of objects in and
//! waits until the server says what became of each. A server is read as it is: what it does otherwise than the
//! standard asks is an [`Oddity`] that people are told. Whatever it does, the conversation ends, and never leaves the
//! origin that the operator named.

mod address;
mod cursor;
mod date;
mod delivery;
mod discovery;
mod envelope;
mod fault;
mod oddity;
mod pull;
mod status;
mod talk;

pub use cursor::Cursor;
pub use delivery::{Became, Delivery, Outgoing};
pub use discovery::{Collection, Discovery, Found, Root};
pub use envelope::{Page, Place};
pub use fault::Fault;
pub use oddity::Oddity;
pub use pull::{End, Pull, Settings};
pub use status::status_again;

use url::Url;

/// What is to be done next.
#[derive(Debug)]
pub enum Step {
    /// Send this, and hand the answer to `take`.
    Ask(Box<Request>),
    /// Wait so many seconds, because the server asked for it or failed; then ask for the next step. Who does not want
    /// to wait may stop here: nothing is lost.
    Wait(u32),
    /// Nothing more.
    Done,
}

/// A request, whole but for the secrets that authenticate it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Always on the origin that the operator named.
    pub url: Url,
    /// `Accept`.
    pub accept: &'static str,
    /// `Content-Type`, where there is a body.
    pub content_type: Option<&'static str>,
    /// What is sent.
    pub body: Option<Vec<u8>>,
    /// Bytes of the answer's body, unpacked, that are worth reading.
    pub answer_bytes_max: usize,
}

/// An answer: its status, the headers that mean something here, its body unpacked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// `Retry-After`: seconds or a date.
    pub retry_after: Option<String>,
    /// `Date`: the server's clock.
    pub date: Option<String>,
    /// `X-TAXII-Date-Added-First`.
    pub added_first: Option<String>,
    /// `X-TAXII-Date-Added-Last`.
    pub added_last: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Reads an instant in any of the forms in which servers write one, and writes it again; `None` for what is none.
pub fn date_again(text: &str) -> Option<String> {
    date::Stamp::read(text).map(|stamp| stamp.to_string())
}

/// Reads a page of any bytes as [`Pull`] would: how many objects and defects it has; `None` where it is no page.
pub fn page_again(body: &[u8]) -> Option<(usize, usize)> {
    let page = envelope::Envelope::read(body).ok()?;
    Some((page.objects.len(), page.defects.len()))
}
