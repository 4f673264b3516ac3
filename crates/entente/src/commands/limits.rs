//! `entente limits`: every bound of the program, crate by crate.

use std::io::Write;

use crate::answers::limits;
use crate::cli::Global;
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::render::{count, table};

pub(crate) fn run(global: &Global) -> Result<Exit, Failure> {
    let mut out = out();
    let mut rows = vec![
        ["part", "limit", "value", "beyond it"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for limit in limits::all() {
        if global.json {
            json_line(&mut out, &limit)?;
        } else {
            rows.push(vec![
                limit.part.to_owned(),
                limit.limit.to_owned(),
                count(limit.value),
                limit.beyond.to_owned(),
            ]);
        }
    }
    if !global.json {
        write!(out, "{}", table(&rows))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
