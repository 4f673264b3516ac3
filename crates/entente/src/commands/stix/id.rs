//! `entente stix id`: the id that STIX 2.1 §2.9 gives an observable.

use std::io::Write;

use entente_stix::id::{contributing, deterministic};
use entente_stix::json::{self, Value};
use entente_stix::validate::tables;

use super::{batch, each_input, each_object};
use crate::cli::{Batch, Global};
use crate::commands::out;
use crate::exit::{Exit, Failure};
use crate::render::{counted, safe};

pub(super) fn run(global: &Global, asked: &Batch) -> Result<Exit, Failure> {
    if asked.batch {
        return batch(|object| {
            let mut members = serde_json::Map::new();
            members.insert(
                "stix_id".into(),
                deterministic(object).map(|id| id.as_str().to_owned()).into(),
            );
            members
        });
    }
    let mut out = out();
    let (mut given, mut refused, mut passed_over) = (0u64, 0u64, 0u64);
    let all_read = each_input(&asked.paths, |input| {
        let name = safe(&input.name());
        each_object(input, &mut |pointer, text| {
            let answer = text.and_then(|text| {
                let value = json::read(text).map_err(|error| error.to_string())?;
                Ok(answer(&value))
            });
            match answer {
                Ok(Answer::Id(id)) => {
                    given += 1;
                    writeln!(out, "{id}")?;
                }
                Ok(Answer::NoObservable) => passed_over += 1,
                Ok(Answer::NoId(reason)) | Err(reason) => {
                    refused += 1;
                    eprintln!("{name}#{}: {}", safe(pointer), safe(&reason));
                }
            }
            Ok(())
        })
    })?;
    out.flush()?;
    if passed_over > 0 && (!global.quiet || given == 0) {
        let what = counted(passed_over, "object");
        eprintln!("passed over: {what} of types that are no observables of STIX 2.1");
    }
    Ok(if all_read && refused == 0 && given > 0 {
        Exit::Done
    } else {
        Exit::BadInput
    })
}

enum Answer {
    Id(String),
    /// An observable without an id that follows from it, and why.
    NoId(String),
    NoObservable,
}

fn answer(object: &Value<'_>) -> Answer {
    if let Some(id) = deterministic(object) {
        return Answer::Id(id.as_str().to_owned());
    }
    let Some(type_name) = object.get("type").and_then(Value::as_str) else {
        return Answer::NoId("there is no `type`; give it the type of an observable".to_owned());
    };
    if !tables::find(type_name).is_some_and(|known| known.is_observable) {
        return Answer::NoObservable;
    }
    let properties: Vec<String> = contributing(type_name)
        .iter()
        .map(|property| format!("`{property}`"))
        .collect();
    Answer::NoId(match properties.as_slice() {
        [] => format!("`{type_name}` has no deterministic id, but a random one (STIX 2.1 §2.9)"),
        [one] => format!("{one} is missing, which the id of `{type_name}` follows from (STIX 2.1 §2.9)"),
        several => format!(
            "of {} at least one is needed, which the id of `{type_name}` follows from; all are missing \
             (STIX 2.1 §2.9)",
            several.join(", ")
        ),
    })
}
