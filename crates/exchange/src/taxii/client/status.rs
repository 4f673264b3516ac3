//! A server's word on what was handed in (TAXII 2.1 §4.3.1).

use std::collections::BTreeMap;

use entente_stix::json::{self, Value};

use super::address::{is_segment, shortened};

/// What a status says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) id: Option<String>,
    pub(super) is_complete: bool,
    /// By object id: accepted, or why not.
    pub(super) said: BTreeMap<String, Result<(), String>>,
    /// Whether the counts say that all were accepted.
    pub(super) is_all_good: bool,
}

impl Status {
    /// Reads a status; `None` where it is none.
    pub(super) fn read(body: &[u8]) -> Option<Status> {
        let value = json::read(body).ok()?;
        let word = value.get("status").and_then(Value::as_str)?;
        let count = |key: &str| value.get(key).and_then(Value::as_i64);
        let mut status = Status {
            id: value
                .get("id")
                .and_then(Value::as_str)
                .filter(|id| is_segment(id))
                .map(str::to_owned),
            is_complete: word == "complete",
            said: BTreeMap::new(),
            is_all_good: count("failure_count").unwrap_or(0) == 0
                && count("success_count").is_some_and(|good| Some(good) == count("total_count")),
        };
        let list = |key: &str| value.get(key).and_then(Value::as_array).unwrap_or_default();
        for detail in list("successes") {
            status.said.extend(id_of(detail).map(|id| (id, Ok(()))));
        }
        for detail in list("failures") {
            let message = detail.get("message").and_then(Value::as_str);
            let why = message.map_or_else(|| "the server does not say why".to_owned(), shortened);
            status.said.extend(id_of(detail).map(|id| (id, Err(why))));
        }
        Some(status)
    }
}

/// Of a detail; drafts of the standard listed plain ids.
fn id_of(detail: &Value<'_>) -> Option<String> {
    let id = detail
        .as_str()
        .or_else(|| detail.get("id").and_then(Value::as_str))?;
    Some(id.to_owned())
}

/// Reads a status of any bytes: how many were accepted and how many refused; `None` where it is none.
pub fn status_again(body: &[u8]) -> Option<(usize, usize)> {
    let status = Status::read(body)?;
    let good = status.said.values().filter(|said| said.is_ok()).count();
    Some((good, status.said.len() - good))
}
