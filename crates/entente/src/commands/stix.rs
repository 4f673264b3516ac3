//! `entente stix`: validation and deterministic ids, for people and as batch forms for scripts.

mod id;
mod validate;

use std::io::{BufRead, Read, Write};

use entente_stix::json::{self, Value};

use crate::answers::stix::{Each, objects};
use crate::cli::{Global, Stix};
use crate::commands::out;
use crate::exit::{Exit, Failure};
use crate::inputs::{self, Input};

/// A line of a batch may be as long as the largest object, with room for what wraps it.
const LINE_BYTES_MAX: u64 = entente_stix::limits::OBJECT_BYTES_MAX as u64 + (64 << 10);

pub(crate) fn run(global: &Global, asked: &Stix) -> Result<Exit, Failure> {
    match asked {
        Stix::Validate(asked) => validate::run(global, asked),
        Stix::Id(asked) => id::run(global, asked),
    }
}

/// The batch form: a JSON line in, a JSON line out with the same `id`, in order. `answer` gets the line's
/// object and gives the members that follow `id`.
fn batch(answer: impl Fn(&Value<'_>) -> serde_json::Map<String, serde_json::Value>) -> Result<Exit, Failure> {
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
        let answered = one(line, number, &answer)?;
        writeln!(out, "{}", serde_json::Value::Object(answered))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn one(
    line: &[u8],
    number: u64,
    answer: &impl Fn(&Value<'_>) -> serde_json::Map<String, serde_json::Value>,
) -> Result<serde_json::Map<String, serde_json::Value>, Failure> {
    // A fault inside the object is an answer about the object; only a line without an `id` ends the batch.
    let mut answered = serde_json::Map::new();
    match json::read(line) {
        Ok(value) => {
            let id = value.get("id").ok_or_else(|| {
                Failure::input(format!(
                    "line {number} of stdin has no `id`; each line is an object with `id` and `object`"
                ))
            })?;
            answered.insert("id".into(), plain(id));
            answered.extend(answer(value.get("object").unwrap_or(&Value::Null)));
        }
        Err(error) => {
            let id = serde_json::from_slice::<serde_json::Value>(line)
                .ok()
                .and_then(|value| value.get("id").cloned());
            let Some(id) = id else {
                return Err(Failure::input(format!(
                    "line {number} of stdin cannot be read: {error}"
                )));
            };
            answered.insert("id".into(), id);
            answered.extend(refused(&error));
        }
    }
    Ok(answered)
}

fn refused(error: &json::Error) -> serde_json::Map<String, serde_json::Value> {
    let finding =
        serde_json::json!({"rule": "i-json", "pointer": error.pointer, "message": error.to_string()});
    let mut members = serde_json::Map::new();
    members.insert("valid".into(), false.into());
    members.insert("errors".into(), vec![finding].into());
    members.insert("warnings".into(), Vec::<serde_json::Value>::new().into());
    members.insert("stix_id".into(), serde_json::Value::Null);
    members
}

fn plain(value: &Value<'_>) -> serde_json::Value {
    serde_json::from_str(&value.canonical()).unwrap_or_default()
}

/// The inputs that `paths` name, each given to `read`. One of several that cannot be read is named and passed
/// over; whether all could be read is the answer.
fn each_input(
    paths: &[String],
    mut read: impl FnMut(&Input) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let inputs = inputs::collect(paths)?;
    if inputs.is_empty() {
        return Err(Failure::input(format!(
            "nothing was read: there is no file in `{}`; name a folder that has files, or a file",
            crate::render::safe(&paths.join("`, `"))
        )));
    }
    let mut all = true;
    for input in &inputs {
        match read(input) {
            Err(failure) if failure.exit == Exit::BadInput && inputs.len() > 1 => {
                all = false;
                eprintln!("unread   {}", crate::render::safe(&failure.message));
            }
            done => done?,
        }
    }
    Ok(all)
}

/// Every object of an input, as [`objects`] tells them.
fn each_object(input: &Input, each: &mut Each<'_>) -> Result<(), Failure> {
    let name = input.name();
    let opened = input.open().map_err(|error| {
        Failure::input(format!(
            "cannot read `{}`: {error}; check path, permissions and content",
            crate::render::safe(&name)
        ))
    })?;
    objects(opened, &name, each)
}
