//! `entente log`: what left, to whom, and that nothing else did.

mod publish;
mod show;
mod verify;

use std::io::Write as _;

use crate::answers::log::{Guarded, entry};
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
    let (origin, number) = entry(&node, &asked.what, asked.log.as_deref())?;
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
