//! `entente check`: is everything as history says?

use std::io::Write;

use entente_store::Report;

use crate::answers::check::{Checked, DifferenceShown};
use crate::cli::{Check, Global};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::place;
use crate::render::{counted, safe};

pub(crate) fn run(global: &Global, asked: &Check) -> Result<Exit, Failure> {
    let node = if asked.rebuild {
        place::open_to_write(global)?
    } else {
        place::open_to_read(global)?
    };
    let report = node.check(asked.rebuild).map_err(place::node_failure)?;
    let damaged = report
        .differences
        .iter()
        .any(|difference| !report.repaired || !difference.repairable);
    let exit = if report.is_clean() || !damaged {
        Exit::Done
    } else {
        Exit::Store
    };
    // A reader that hung up has not made the store whole.
    unless_hung_up(tell(global, &report))?;
    Ok(exit)
}

fn tell(global: &Global, report: &Report) -> Result<(), Failure> {
    let mut out = out();
    for difference in &report.differences {
        if global.json {
            json_line(&mut out, &DifferenceShown::from(difference))?;
        } else {
            writeln!(
                out,
                "{}  {}  {}",
                difference.part,
                safe(&difference.subject),
                safe(&difference.message)
            )?;
        }
    }
    if global.json {
        json_line(&mut out, &Checked::from(report))?;
    } else if report.is_clean() {
        writeln!(
            out,
            "{} checked, everything is as history says",
            counted(report.versions, "object version")
        )?;
    } else {
        let what = counted(report.differences_total, "difference");
        let end = if report.repaired {
            "; what is derived was rebuilt"
        } else {
            "; `entente check --rebuild` repairs what is derived"
        };
        writeln!(
            out,
            "{} checked, {what}{end}",
            counted(report.versions, "object version")
        )?;
    }
    Ok(out.flush()?)
}
