//! What became of what a visitor wrote: status records (TAXII 2.1 §4.3.1), kept for a day, for their writer alone.

use entente_stix::digest::Digest;
use entente_stix::json::quote;
use entente_stix::time::Timestamp;
use entente_store::{Expected, NewDocument};
use uuid::Uuid;

use super::{Shelf, Visitor, timestamp};
use crate::Error;
use crate::limits::{STATUS_BYTES_MAX, STATUS_KEPT_MICROS, STATUS_MESSAGE_BYTES_MAX};

/// Kind of the documents that hold statuses.
pub(super) const STATUS: &str = "status";

/// The namespace of the ids of statuses.
const NAMESPACE: Uuid = Uuid::from_u128(0x7a51_0c66_24f1_4e08_9b1d_0de7_35a8_c9f2);

/// What became of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) id: String,
    pub(super) version: String,
    /// Why it was not taken.
    pub(super) failure: Option<String>,
}

/// The status of one request, as JSON.
pub(super) fn render(id: &str, at: Timestamp, details: &[Detail]) -> String {
    let whole = render_with(id, at, details, true);
    match whole.len() <= STATUS_BYTES_MAX {
        true => whole,
        // Counts always, reasons as far as they fit: both lists may be left out.
        false => render_with(id, at, details, false),
    }
}

fn render_with(id: &str, at: Timestamp, details: &[Detail], is_whole: bool) -> String {
    let (failed, succeeded): (Vec<&Detail>, Vec<&Detail>) =
        details.iter().partition(|detail| detail.failure.is_some());
    let mut text = String::from("{\"id\":");
    quote(id, &mut text);
    text.push_str(",\"status\":\"complete\",\"request_timestamp\":");
    quote(&timestamp(at), &mut text);
    text.push_str(&format!(",\"total_count\":{}", details.len()));
    for (name, some) in [("success", succeeded), ("failure", failed)] {
        text.push_str(&format!(",\"{name}_count\":{}", some.len()));
        if is_whole && !some.is_empty() {
            let list = if name == "success" {
                "successes"
            } else {
                "failures"
            };
            text.push_str(&format!(",\"{list}\":["));
            for (place, detail) in some.iter().enumerate() {
                text.push_str(if place > 0 { "," } else { "" });
                detail.render(&mut text);
            }
            text.push(']');
        }
    }
    text.push_str(",\"pending_count\":0}");
    text
}

impl Detail {
    fn render(&self, text: &mut String) {
        text.push_str("{\"id\":");
        quote(&self.id, text);
        text.push_str(",\"version\":");
        quote(&self.version, text);
        if let Some(failure) = &self.failure {
            text.push_str(",\"message\":");
            let end = failure.floor_char_boundary(STATUS_MESSAGE_BYTES_MAX);
            quote(failure.get(..end).unwrap_or_default(), text);
        }
        text.push('}');
    }
}

/// A status as it is to be kept.
pub(super) struct NewStatus {
    pub(super) id: String,
    key: String,
    expires_at: Option<i64>,
}

impl NewStatus {
    pub(super) fn document<'a>(&'a self, text: &'a str) -> NewDocument<'a> {
        NewDocument {
            kind: STATUS,
            key: &self.key,
            value: Some(text.as_bytes()),
            expires_at: self.expires_at,
            expected: Expected::Any,
        }
    }
}

impl Shelf<'_> {
    /// The status of this id, as JSON, if this visitor wrote under this root what it is about.
    ///
    /// # Errors
    /// The store failed.
    pub fn status(&self, root: &str, id: &str) -> Result<Option<String>, Error> {
        let Some(writer) = self.writer() else {
            return Ok(None);
        };
        let key = status_key(writer, root, id);
        let document = self.node.store().document(STATUS, &key, self.at.micros())?;
        Ok(document.and_then(|document| String::from_utf8(document.value).ok()))
    }

    /// Who writes, where this visitor may.
    pub(super) fn writer(&self) -> Option<&str> {
        match self.visitor {
            Visitor::Party(party) => Some(party),
            Visitor::Own { .. } => Some(OWN),
            Visitor::Anyone => None,
        }
    }

    /// A status about a request: its id follows from who wrote what, where and when.
    pub(super) fn new_status(&self, writer: &str, root: &str, about: &Digest) -> NewStatus {
        let name = format!("{writer}\n{root}\n{}\n{about}", self.at);
        let id = Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string();
        NewStatus {
            key: status_key(writer, root, &id),
            id,
            expires_at: self.at.micros().checked_add(STATUS_KEPT_MICROS),
        }
    }
}

/// The writer that people of this node's own are.
pub(super) const OWN: &str = "own";

pub(super) fn status_key(writer: &str, root: &str, id: &str) -> String {
    format!("{writer}\n{root}\n{id}")
}
