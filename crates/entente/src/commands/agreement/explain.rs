//! `entente agreement explain`: what each agreement says about an object's way to a party.

use std::io::Write;

use super::show::Names;
use crate::answers::agreement::ExplainedShown;
use crate::answers::party::named;
use crate::cli::{AgreementExplain, Global};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::place;
use crate::render::safe;

pub(super) fn run(global: &Global, asked: &AgreementExplain) -> Result<Exit, Failure> {
    let node = place::open_to_read(global)?;
    let party = named(&node, Some(&asked.party))?;
    let explained = node
        .explain(&asked.object, &party.id, place::now())?
        .ok_or_else(|| {
            Failure::not_found(format!(
                "no object `{}` is held here; `entente find` looks for one by words",
                safe(&asked.object)
            ))
        })?;
    let names = Names::of(&node)?;
    let mut out = out();
    for one in &explained {
        if global.json {
            json_line(&mut out, &ExplainedShown::from(one))?;
            continue;
        }
        let members: Vec<String> = one.audience.iter().map(|id| names.name(id)).collect();
        let goes = if one.may_go { "may go" } else { "stays" };
        writeln!(out, "`{}`, to {}: {goes}", one.agreement, members.join(", "))?;
        for sentence in &one.sentences {
            writeln!(out, "  {}", names.named(sentence))?;
        }
        if let Some(number) = one.released {
            writeln!(out, "  released as entry {number} of {}", safe(&one.origin))?;
        }
        if let Some(form) = &one.form {
            writeln!(out, "  in this form: {}", safe(&String::from_utf8_lossy(form)))?;
        }
    }
    if explained.is_empty() && !global.json && !global.quiet {
        writeln!(
            out,
            "no agreement lets this node's party release anything to {}",
            safe(&party.name)
        )?;
    }
    out.flush()?;
    Ok(if explained.iter().any(|one| one.may_go) {
        Exit::Done
    } else {
        Exit::Answer
    })
}
