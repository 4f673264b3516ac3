//! `entente stix id`: the id that STIX 2.1 §2.9 gives an observable.

use std::io::Write;

use entente_stix::id::deterministic;

use super::{batch, each_input, each_object};
use crate::answers::stix::{Identified, identified};
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
            match identified(text) {
                Identified::Id(id) => {
                    given += 1;
                    writeln!(out, "{id}")?;
                }
                Identified::NoObservable => passed_over += 1,
                Identified::NoId(reason) => {
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
