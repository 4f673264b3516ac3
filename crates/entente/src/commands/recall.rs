//! `entente recall`: takes releases back, in every log where they stand.

use std::io::Write as _;

use serde_json::json;

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
    let mut recalled = Vec::new();
    let mut not_released = Vec::new();
    if asked.dry_run {
        let node = place::open_to_read(global)?;
        for id in &asked.ids {
            let logs = node.released_in(id)?;
            if logs.is_empty() {
                not_released.push(id.clone());
            }
            recalled.extend(logs.into_iter().map(|(log, _)| (id.clone(), log, None)));
        }
    } else {
        let seat = Seat::take(global, &asked.unlock)?;
        let account = seat.node.recall(&asked.ids, &asked.reason, &seat.desk())?;
        recalled.extend(
            account
                .recalled
                .into_iter()
                .map(|(id, log, number)| (id, log, Some(number))),
        );
        not_released = account.not_released;
    }
    unless_hung_up(tell(global, &recalled, &not_released))?;
    Ok(if recalled.is_empty() {
        Exit::NotFound
    } else {
        Exit::Done
    })
}

fn tell(
    global: &Global,
    recalled: &[(String, String, Option<u64>)],
    not_released: &[String],
) -> Result<(), Failure> {
    let mut out = out();
    for (id, log, number) in recalled {
        if global.json {
            json_line(
                &mut out,
                &json!({"id": id, "log": log, "entry": number, "recalled": number.is_some()}),
            )?;
        } else {
            let did = number.map_or("would be recalled".to_owned(), |number| {
                format!("recalled by entry {number}")
            });
            writeln!(out, "{}  {did}  {}", safe(id), safe(log))?;
        }
    }
    for id in not_released {
        if global.json {
            json_line(
                &mut out,
                &json!({"id": id, "recalled": false, "reason": "not released"}),
            )?;
        } else {
            writeln!(
                out,
                "{}  stands in no log of this node: nothing to recall",
                safe(id)
            )?;
        }
    }
    Ok(out.flush()?)
}
