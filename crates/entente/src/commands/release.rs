//! `entente release`: objects to those whom an agreement allows them.

use std::collections::BTreeMap;
use std::io::Write;

use entente_node::release::{ReleaseAccount, Ruled, Ruling, Selection};

use crate::answers::release::{ReleaseEnd, RuledShown, require_agreement, require_sources};
use crate::cli::{Global, Release};
use crate::commands::{json_line, out};
use crate::desk::Seat;
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::names::Names;
use crate::render::{count, counted, safe};

/// Reasons for which objects stay here that a person reads in one go, each with an example.
const REASONS_SHOWN: usize = 12;

pub(crate) fn run(global: &Global, asked: &Release) -> Result<Exit, Failure> {
    let selection = if asked.all {
        Selection::All
    } else if asked.sources.is_empty() {
        Selection::Ids(asked.ids.clone())
    } else {
        Selection::Sources(asked.sources.clone())
    };
    let seat = Seat::take(global, &asked.unlock)?;
    require_agreement(&seat.node, seat.desk().at)?;
    require_sources(&seat.node, &asked.sources)?;
    let names = Names::of(&seat.node)?;
    let mut seen = Seen::default();
    let mut out = out();
    let mut hung_up = false;
    let account = seat.node.release(
        &selection,
        asked.agreement.as_deref(),
        asked.dry_run,
        &seat.desk(),
        &mut |ruled| {
            seen.take(&ruled);
            if global.json && !hung_up {
                hung_up = json_line(&mut out, &RuledShown::from(&ruled)).is_err();
            }
        },
    )?;
    drop(out);
    unless_hung_up(tell(global, asked, &account, &seen, &names))?;
    if let (Selection::Ids(_), false, true) = (&selection, seen.any_known, account.decided > 0) {
        return Ok(Exit::NotFound);
    }
    Ok(exit(&account, &selection))
}

/// Asked for by name and all of it withheld: policy said no.
fn exit(account: &ReleaseAccount, selection: &Selection) -> Exit {
    let by_name = matches!(selection, Selection::Ids(_));
    let none_went = account.released == 0 && account.already == 0;
    if by_name && none_went {
        Exit::Refused
    } else {
        Exit::Done
    }
}

/// What a person is told of many decisions.
#[derive(Default)]
struct Seen {
    /// By audience and clause: how many go.
    released: BTreeMap<(String, Vec<String>, String), u64>,
    /// By reason: how many stay, and one of them.
    withheld: BTreeMap<String, (u64, String)>,
    /// Whether any of the objects is known here.
    any_known: bool,
    /// Forms from which something was taken out: the object and what.
    redacted: Vec<(String, Vec<String>)>,
}

impl Seen {
    fn take(&mut self, ruled: &Ruled) {
        self.any_known |= !matches!(&ruled.ruling, Ruling::Withheld { code, .. } if code == "unknown");
        match &ruled.ruling {
            Ruling::Released {
                clause, taken_out, ..
            } => {
                let key = (ruled.agreement.clone(), ruled.audience.clone(), clause.clone());
                *self.released.entry(key).or_default() += 1;
                if !taken_out.is_empty() && self.redacted.len() < REASONS_SHOWN {
                    self.redacted.push((ruled.id.clone(), taken_out.clone()));
                }
            }
            Ruling::Already { .. } => {}
            Ruling::Withheld { reason, .. } => {
                if self.withheld.len() < 4 * REASONS_SHOWN || self.withheld.contains_key(reason) {
                    let seen = self
                        .withheld
                        .entry(reason.clone())
                        .or_insert((0, ruled.id.clone()));
                    seen.0 += 1;
                }
            }
        }
    }
}

fn tell(
    global: &Global,
    asked: &Release,
    account: &ReleaseAccount,
    seen: &Seen,
    names: &Names,
) -> Result<(), Failure> {
    if global.quiet {
        return Ok(());
    }
    let mut out = out();
    if global.json {
        json_line(&mut out, &ReleaseEnd::of(account, asked.dry_run))?;
        return Ok(out.flush()?);
    }
    for ((agreement, audience, clause), number) in &seen.released {
        writeln!(
            out,
            "{}  to {} under `{}`, clause `{}`",
            counted(*number, "object"),
            names.names(audience),
            safe(agreement),
            safe(clause)
        )?;
    }
    for (id, taken_out) in &seen.redacted {
        writeln!(
            out,
            "  redacted  {}  without {}",
            safe(id),
            safe(&taken_out.join(", "))
        )?;
    }
    for (reason, (number, example)) in seen.withheld.iter().take(REASONS_SHOWN) {
        writeln!(
            out,
            "{}  withheld: {}, as {}",
            counted(*number, "object"),
            safe(reason),
            safe(example)
        )?;
    }
    if seen.withheld.len() > REASONS_SHOWN {
        writeln!(out, "… and more reasons; `--json` tells each object's")?;
    }
    let verb = if asked.dry_run {
        "would be released"
    } else {
        "released"
    };
    let mut sum = format!("{} {verb}", count(account.released));
    for (number, says) in [
        (account.redacted, "redacted"),
        (account.already, "already released as they are"),
        (account.withheld, "withheld"),
    ] {
        if number > 0 {
            sum.push_str(&format!(", {} {says}", count(number)));
        }
    }
    if account.decided == 0 {
        sum = "nothing new to decide".to_owned();
    }
    writeln!(out, "{sum}")?;
    Ok(out.flush()?)
}
