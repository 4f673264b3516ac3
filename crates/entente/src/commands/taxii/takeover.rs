//! `entente taxii takeover`: the collections of another TAXII server become this node's own.

use std::io::{Read as _, Write as _};

use entente_formats::limits::MEDALLION_BYTES_MAX;
use entente_formats::medallion;
use entente_node::shelf::{Left, TakenOver};

use crate::answers::takeover::{LeftShown, TakenOverShown};
use crate::cli::{Global, TaxiiTakeover};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::place;
use crate::render::{count, counted, safe};

pub(crate) fn run(global: &Global, asked: &TaxiiTakeover) -> Result<Exit, Failure> {
    let name = safe(&asked.file.display().to_string());
    let unreadable = |error: std::io::Error| Failure::input(format!("cannot read `{name}`: {error}"));
    let file = std::fs::File::open(&asked.file).map_err(unreadable)?;
    let mut text = Vec::new();
    file.take(MEDALLION_BYTES_MAX as u64 + 1)
        .read_to_end(&mut text)
        .map_err(unreadable)?;
    let server = medallion::read(&text)
        .map_err(|error| Failure::input(format!("cannot take `{name}` over: {error}")))?;
    let node = place::open_to_write(global)?;
    let mut told = Ok(());
    let taken = node.take_over(&server, asked.dry_run, place::now(), &mut |left| {
        if told.is_ok() {
            told = tell(global, &left);
        }
    })?;
    node.close()?;
    unless_hung_up(told)?;
    unless_hung_up(sum_up(global, &taken, asked.dry_run))?;
    Ok(Exit::Done)
}

fn tell(global: &Global, left: &Left) -> Result<(), Failure> {
    let mut out = out();
    if global.json {
        return json_line(&mut out, &LeftShown::from(left));
    }
    let id = left
        .id
        .as_deref()
        .map(|id| format!(" {}", safe(id)))
        .unwrap_or_default();
    writeln!(
        out,
        "left behind: {}{id}: {}",
        safe(&left.pointer),
        safe(&left.reason)
    )?;
    Ok(())
}

fn sum_up(global: &Global, taken: &TakenOver, dry_run: bool) -> Result<(), Failure> {
    let mut out = out();
    if global.json {
        return json_line(&mut out, &TakenOverShown::of(taken, dry_run));
    }
    let would = if dry_run {
        "would be taken over"
    } else {
        "taken over"
    };
    writeln!(
        out,
        "{would}: {} in {}, {}; {} known already, {} left behind; {}",
        counted(taken.objects, "object"),
        counted(taken.collections, "collection"),
        counted(taken.roots, "API root"),
        count(taken.known),
        count(taken.left),
        counted(taken.statuses, "status record"),
    )?;
    Ok(())
}
