//! Batch forms: a JSON line in, a JSON line out with the same `id`, in order.

use std::io::{BufRead, Read, Write};

use entente_stix::json::{self, Value};
use serde::Serialize;

use super::{json_line, out};
use crate::exit::{Exit, Failure};

/// The members of an answer.
pub(crate) type Members = serde_json::Map<String, serde_json::Value>;

/// An answer with the id of its question.
#[derive(Serialize)]
struct Line<A> {
    id: serde_json::Value,
    #[serde(flatten)]
    answer: A,
}

/// A line of a batch may be as long as the largest object, with room for what wraps it.
const LINE_BYTES_MAX: u64 = entente_stix::limits::OBJECT_BYTES_MAX as u64 + (64 << 10);

/// Answers every line of stdin. `answer` gets the line and gives the members that follow `id`; `refused` gives
/// those for a line whose JSON is at fault.
///
/// # Errors
/// A line that is no JSON or has no `id`: `members` says what it should have had. Reading or writing fails.
pub(crate) fn run<A: Serialize>(
    members: &str,
    answer: impl Fn(&Value<'_>) -> A,
    refused: impl Fn(&json::Error) -> A,
) -> Result<Exit, Failure> {
    let mut out = out();
    let mut input = std::io::stdin().lock();
    let mut number = 0u64;
    loop {
        let mut line = Vec::new();
        let read = (&mut input)
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::input(format!("cannot read stdin: {error}")))?;
        if read == 0 {
            break;
        }
        number += 1;
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        // A fault inside the line is an answer; only a line without an `id` ends the batch.
        let (id, answer) = match json::read(line) {
            Ok(value) => (value.get("id").map(plain), answer(&value)),
            Err(error) => (raw_id(line, number, &error)?, refused(&error)),
        };
        let id = id.ok_or_else(|| {
            Failure::input(format!(
                "line {number} of stdin has no `id`; each line is an object with {members}"
            ))
        })?;
        json_line(&mut out, &Line { id, answer })?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// The `id` of a line that is JSON, but not such as everybody reads alike.
fn raw_id(line: &[u8], number: u64, error: &json::Error) -> Result<Option<serde_json::Value>, Failure> {
    let id = serde_json::from_slice::<serde_json::Value>(line)
        .ok()
        .and_then(|value| value.get("id").cloned());
    match id {
        Some(id) => Ok(Some(id)),
        None => Err(Failure::input(format!(
            "line {number} of stdin cannot be read: {error}"
        ))),
    }
}

fn plain(value: &Value<'_>) -> serde_json::Value {
    serde_json::from_str(&value.canonical()).unwrap_or_default()
}
