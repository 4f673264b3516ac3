//! What a summary says of rules that do not alert freely.

use std::io::Write;

use entente_node::limits::TRIAL_RECORDS;

use crate::answers::trials::{LookedAt, Trying};
use crate::exit::Failure;
use crate::render::{counted, safe, short};

/// Parked rules that are named; `entente rule trials` lists all.
const PARKED_SHOWN: usize = 5;

/// `dropped` are the matches of parked rules.
pub(super) fn as_text(
    trying: &Trying,
    dropped: u64,
    looked_at: LookedAt,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if trying.on_trial > 0 {
        writeln!(
            out,
            "{} on trial: each alerts freely once it looked at {} (`entente rule trials`)",
            counted(trying.on_trial, "rule"),
            counted(TRIAL_RECORDS, looked_at.word())
        )?;
    }
    if trying.parked.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "{} parked, {} not told; `entente rule accept ID` lets one alert:",
        counted(trying.parked.len() as u64, "rule"),
        counted(dropped, "match")
    )?;
    for one in trying.parked.iter().take(PARKED_SHOWN) {
        let reason = one.standing.reason.as_deref().unwrap_or_default();
        writeln!(
            out,
            "  {}  ({})  {}",
            short(reason, 100),
            safe(&one.rule),
            short(&one.name, 60)
        )?;
    }
    if trying.parked.len() > PARKED_SHOWN {
        writeln!(out, "  … `entente rule trials parked` lists every one")?;
    }
    Ok(())
}
