//! `entente log show`: the logs, or the entries of one.

use std::io::Write;

use entente_node::Node;
use entente_node::audit::{EntryShown, LogShown};
use entente_node::channel::opening::Opening;
use entente_stix::time::Timestamp;

use crate::answers::bundle::alarm_words;
use crate::answers::log::{LogEntryShown, LogHead, matching};
use crate::cli::{Global, LogShow};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::names::Names;
use crate::place;
use crate::render::{count, counted, safe, short, table};

pub(super) fn run(global: &Global, asked: &LogShow) -> Result<Exit, Failure> {
    let node = place::open_to_read(global)?;
    let names = Names::of(&node)?;
    let logs = node.logs()?;
    let mut out = out();
    match &asked.log {
        None if global.json => {
            for log in &logs {
                json_line(&mut out, &LogHead::from(log))?;
            }
        }
        None => list(&logs, &names, &mut out)?,
        Some(name) => {
            for log in matching(&logs, name)? {
                entries(global, &node, log, asked, &names, &mut out)?;
            }
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn list(logs: &[LogShown], names: &Names, out: &mut impl Write) -> Result<(), Failure> {
    if logs.is_empty() {
        writeln!(
            out,
            "no logs yet: nothing was released from here, and nothing was read from others\n\
             `entente release` makes the first entry; `entente bundle read` reads what others released"
        )?;
    }
    for log in logs {
        head(log, names, out)?;
    }
    Ok(())
}

fn head(log: &LogShown, names: &Names, out: &mut impl Write) -> Result<(), Failure> {
    let owner = if log.is_own {
        "this node".to_owned()
    } else {
        names.name(&log.owner)
    };
    writeln!(out, "{}", safe(&log.origin))?;
    writeln!(
        out,
        "  {owner} to {}, under `{}`{}",
        names.names(&log.audience),
        safe(&log.agreement),
        if log.closed { "; closed" } else { "" }
    )?;
    let signed = log.head.as_ref().map_or(0, |(size, _)| *size);
    let unsigned = match log.held.checked_sub(signed) {
        Some(0) => String::new(),
        Some(more) => format!(", {} not yet under a signed head", count(more)),
        None => format!(", {} held here so far", count(log.held)),
    };
    writeln!(out, "  {}{unsigned}", counted(signed, "entry"))?;
    for one in &log.acknowledged {
        let says = match one.at {
            None => "has signed for nothing yet".to_owned(),
            Some(_) if one.size >= signed => "has signed for everything".to_owned(),
            Some(_) => format!("has signed for the first {}", count(one.size)),
        };
        writeln!(out, "  {} {says}", names.name(&one.party))?;
    }
    for recall in &log.unacknowledged {
        writeln!(
            out,
            "  recall {} of {} not yet acknowledged by {}",
            count(recall.number),
            safe(&recall.object),
            names.names(&recall.parties)
        )?;
    }
    for alarm in &log.alarms {
        writeln!(out, "  ALARM: {}", alarm_words(alarm))?;
    }
    Ok(())
}

fn entries(
    global: &Global,
    node: &Node,
    log: &LogShown,
    asked: &LogShow,
    names: &Names,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let shown = node.log_entries(&log.origin, asked.from, asked.limit)?;
    if global.json {
        for entry in &shown {
            json_line(out, &LogEntryShown::of(&log.origin, entry))?;
        }
        return Ok(());
    }
    head(log, names, out)?;
    let rows: Vec<Vec<String>> = shown.iter().map(row).collect();
    write!(out, "{}", table(&rows))?;
    let next = asked.from.saturating_add(shown.len() as u64);
    if next < log.held {
        writeln!(
            out,
            "  … {} more: `--from {next}`",
            count(log.held.saturating_sub(next))
        )?;
    }
    Ok(())
}

fn row(entry: &EntryShown) -> Vec<String> {
    let (what, by) = match &entry.opening {
        Opening::Release(release) => {
            let form = match (entry.erased, release.redacted) {
                (true, _) => ", erased",
                (false, true) => ", redacted",
                (false, false) => "",
            };
            ("release", format!("clause `{}`{form}", safe(&release.clause)))
        }
        Opening::Recall(recall) => ("recall", short(&recall.reason, 100)),
        Opening::Close { reason } => ("close", short(reason, 100)),
    };
    vec![
        format!("  {}", count(entry.number)),
        Timestamp::from_micros(entry.at).to_string(),
        what.to_owned(),
        safe(entry.opening.subject()),
        by,
    ]
}
