//! `entente recall`: takes releases back, in every log where they stand.

use std::io::Write as _;

use crate::answers::release::{RecalledShown, recall, would_recall};
use crate::cli::{Global, Recall};
use crate::commands::{json_line, out};
use crate::desk::Seat;
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::place;
use crate::render::safe;

pub(crate) fn run(global: &Global, asked: &Recall) -> Result<Exit, Failure> {
    if asked.reason.trim().is_empty() {
        return Err(Failure::usage(
            "`--reason` is empty: recipients will read why they must drop the object; say it in a sentence",
        ));
    }
    let told = if asked.dry_run {
        would_recall(&place::open_to_read(global)?, &asked.ids)?
    } else {
        let seat = Seat::take(global, &asked.unlock)?;
        recall(&seat.node, &asked.ids, &asked.reason, &seat.desk())?
    };
    unless_hung_up(tell(global, &told))?;
    Ok(if told.iter().all(|one| one.log.is_none()) {
        Exit::NotFound
    } else {
        Exit::Done
    })
}

fn tell(global: &Global, told: &[RecalledShown]) -> Result<(), Failure> {
    let mut out = out();
    for one in told {
        if global.json {
            json_line(&mut out, one)?;
            continue;
        }
        let id = safe(&one.id);
        match (&one.log, one.entry) {
            (Some(log), Some(number)) => writeln!(out, "{id}  recalled by entry {number}  {}", safe(log))?,
            (Some(log), None) => writeln!(out, "{id}  would be recalled  {}", safe(log))?,
            (None, _) => writeln!(out, "{id}  stands in no log of this node: nothing to recall")?,
        }
    }
    Ok(out.flush()?)
}
