//! `entente rule trials|accept|park`: which shared rules alert, and the operator's word on them.

use std::io::Write;

use entente_node::rules::trials::Tried;

use crate::answers::trials::{RuleState, TrialShown};
use crate::cli::{Global, RuleAccept, RulePark, RuleTrials};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::place;
use crate::render::{count, counted, safe, short, table};

pub(super) fn list(global: &Global, asked: &RuleTrials) -> Result<Exit, Failure> {
    let node = place::open_to_read(global)?;
    let tried = node.rules_tried(place::now()).map_err(place::node_failure)?;
    let shown: Vec<TrialShown> = tried.iter().map(TrialShown::of).collect();
    let wanted = |state: RuleState| asked.states.is_empty() || asked.states.contains(&state);
    let listed = shown.iter().filter(|one| wanted(one.standing.state));
    let mut out = out();
    if global.json {
        for one in listed {
            json_line(&mut out, one)?;
        }
    } else {
        let rows: Vec<Vec<String>> = listed.map(row).collect();
        write!(out, "{}", table(&rows))?;
        if !global.quiet {
            writeln!(out, "{}", summary(&shown))?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

pub(super) fn accept(global: &Global, asked: &RuleAccept) -> Result<Exit, Failure> {
    let node = place::open_existing_to_write(global)?;
    let told = node.accept_rules(&asked.ids, place::now());
    tell(global, &told.map_err(place::node_failure)?)
}

pub(super) fn park(global: &Global, asked: &RulePark) -> Result<Exit, Failure> {
    if asked.because.trim().is_empty() {
        return Err(Failure::usage(
            "`--because` is empty: whoever wonders later why the rule is silent will read it; say it in a sentence",
        ));
    }
    let node = place::open_existing_to_write(global)?;
    let told = node.park_rules(&asked.ids, asked.because.trim(), place::now());
    tell(global, &told.map_err(place::node_failure)?)
}

fn tell(global: &Global, told: &[Tried]) -> Result<Exit, Failure> {
    let mut out = out();
    for one in told {
        let shown = TrialShown::of(one);
        if global.json {
            json_line(&mut out, &shown)?;
        } else {
            let (state, id) = (shown.standing.state.word(), safe(&shown.id));
            writeln!(out, "{state:<8}  {id}  {}", short(&shown.name, 80))?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn row(one: &TrialShown) -> Vec<String> {
    let told = match &one.standing.reason {
        Some(reason) => short(reason, 120),
        None if one.standing.state == RuleState::Accepted => "by the operator".to_owned(),
        None => one.standing.counts(),
    };
    vec![
        one.standing.state.word().to_owned(),
        safe(&one.id),
        safe(&one.language),
        short(&one.name, 60),
        told,
    ]
}

fn summary(all: &[TrialShown]) -> String {
    let of = |state: RuleState| {
        let such = all.iter().filter(|one| one.standing.state == state);
        count(such.count() as u64)
    };
    format!(
        "{}: {} on trial, {} passed, {} accepted, {} parked",
        counted(all.len() as u64, "rule"),
        of(RuleState::OnTrial),
        of(RuleState::Passed),
        of(RuleState::Accepted),
        of(RuleState::Parked)
    )
}
