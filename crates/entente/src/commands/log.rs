//! `entente log`: what left, to whom, and that nothing else did.

mod publish;
mod show;
mod verify;

use std::io::Write as _;

use entente_node::Node;
use entente_node::audit::LogShown;

use crate::answers::log::Guarded;
use crate::cli::{Global, Log, LogGuard, LogProve};
use crate::commands::{json_line, out};
use crate::desk::Seat;
use crate::exit::{Exit, Failure};
use crate::render::{counted, safe};
use crate::{outputs, place};

pub(crate) fn run(global: &Global, asked: &Log) -> Result<Exit, Failure> {
    match asked {
        Log::Show(asked) => show::run(global, asked),
        Log::Publish(asked) => publish::run(global, asked),
        Log::Verify(asked) => verify::run(global, asked),
        Log::Guard(asked) => guard(global, asked),
        Log::Prove(asked) => prove(global, asked),
    }
}

/// The logs whose name is or begins with `asked`.
pub(super) fn matching<'l>(logs: &'l [LogShown], asked: &str) -> Result<Vec<&'l LogShown>, Failure> {
    let matches =
        |log: &&LogShown| log.origin == asked || log.agreement == asked || log.origin.starts_with(asked);
    let found: Vec<&LogShown> = logs.iter().filter(matches).collect();
    if found.is_empty() {
        return Err(Failure::not_found(format!(
            "there is no log `{}` here; `entente log show` lists those that there are",
            safe(asked)
        )));
    }
    Ok(found)
}

fn guard(global: &Global, asked: &LogGuard) -> Result<Exit, Failure> {
    let seat = Seat::take(global, &asked.unlock)?;
    let guarded = seat.node.guard_anew(&seat.desk())?;
    let mut out = out();
    for (origin, size) in &guarded {
        if global.json {
            let log = origin.clone();
            json_line(&mut out, &Guarded { log, guarded: *size })?;
        } else {
            writeln!(
                out,
                "guarded from {} on  {}",
                counted(*size, "entry"),
                safe(origin)
            )?;
        }
    }
    if guarded.is_empty() && !global.json && !global.quiet {
        writeln!(out, "every signed log of this node is guarded already")?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn prove(global: &Global, asked: &LogProve) -> Result<Exit, Failure> {
    place::require_outside(global, asked.output.as_deref())?;
    let node = place::open_to_read(global)?;
    let (origin, number) = entry(&node, asked)?;
    let proof = node.prove(&origin, number)?;
    match &asked.output {
        Some(path) if path.as_os_str() != "-" => {
            outputs::into(path, |out| Ok(out.write_all(proof.as_bytes())?))?;
        }
        _ => {
            let mut out = out();
            out.write_all(proof.as_bytes())?;
            out.flush()?;
        }
    }
    Ok(Exit::Done)
}

/// Which entry is meant: a number together with a log, or the last release of an object.
fn entry(node: &Node, asked: &LogProve) -> Result<(String, u64), Failure> {
    let logs = node.logs()?;
    let in_log = asked.log.as_deref().map(|log| matching(&logs, log)).transpose()?;
    if let Ok(number) = asked.what.parse::<u64>() {
        return match in_log.as_deref() {
            Some([log]) => Ok((log.origin.clone(), number)),
            Some(_) => Err(Failure::usage("several logs begin so; give more of the name")),
            None => Err(Failure::usage(
                "an entry's number needs its log: add `--log LOG`; `entente log show` lists them",
            )),
        };
    }
    let mut released = node.released_in(&asked.what)?;
    if let Some(in_log) = in_log {
        released.retain(|(origin, _)| in_log.iter().any(|log| log.origin == *origin));
    }
    match released.as_slice() {
        [] => Err(Failure::not_found(format!(
            "`{}` stands in no such log: it was not released, or was recalled; `entente log show LOG` lists entries",
            safe(&asked.what)
        ))),
        [one] => Ok(one.clone()),
        [(first, _), ..] => Err(Failure::usage(format!(
            "it stands in {} logs; choose one, as with `--log {}`",
            released.len(),
            safe(first)
        ))),
    }
}
