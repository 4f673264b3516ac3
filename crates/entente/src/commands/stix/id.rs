//! `entente stix id`: the id that STIX 2.1 §2.9 gives an observable.

use std::io::Write;

use entente_stix::id::deterministic;
use entente_stix::json;

use super::{batch, each_object};
use crate::cli::Batch;
use crate::commands::out;
use crate::exit::{Exit, Failure};
use crate::inputs;

pub(super) fn run(asked: &Batch) -> Result<Exit, Failure> {
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
    let mut all = true;
    for input in inputs::collect(&asked.paths)? {
        each_object(&input, &mut |pointer, text| {
            let id = text.and_then(|text| {
                json::read(text)
                    .map_err(|error| error.to_string())
                    .map(|value| deterministic(&value))
            });
            match id {
                Ok(Some(id)) => writeln!(out, "{id}")?,
                Ok(None) => {
                    all = false;
                    eprintln!(
                        "{}{pointer}: this type has no deterministic id (STIX 2.1 §2.9)",
                        input.name()
                    );
                }
                Err(reason) => {
                    all = false;
                    eprintln!("{}{pointer}: {reason}", input.name());
                }
            }
            Ok(())
        })?;
    }
    out.flush()?;
    Ok(if all { Exit::Done } else { Exit::BadInput })
}
