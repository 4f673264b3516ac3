//! `entente export`: what is known, given back to its operator.

use std::io::Write;

use entente_node::Node;
use entente_node::export::Selection;
use entente_stix::validate::tables;

use crate::answers::export::{Written, csv, stix};
use crate::cli::{Export, ExportTo, Global};
use crate::commands::out;
use crate::exit::{Exit, Failure};
use crate::names::Names;
use crate::outputs;
use crate::place;
use crate::render::{counted, safe};

pub(crate) fn run(global: &Global, asked: &Export) -> Result<Exit, Failure> {
    let (to, write, versions): (&ExportTo, Writer, bool) = match asked {
        Export::Stix(asked) => (&asked.to, stix, asked.versions),
        Export::Csv(_) if global.json => {
            return Err(Failure::usage(
                "`export csv` writes CSV, not JSON; leave `--json` off, or use `entente export stix`",
            ));
        }
        Export::Csv(to) => (to, csv, false),
    };
    place::require_outside(global, to.output.as_deref())?;
    let node = place::open_to_read(global)?;
    let selection = Selection {
        types: to.types.clone(),
        versions,
    };
    let written = match &to.output {
        Some(path) if path.as_os_str() != "-" => outputs::into(path, |out| write(&node, &selection, out))?,
        _ => {
            let mut out = out();
            let written = write(&node, &selection, &mut out)?;
            out.flush()?;
            written
        }
    };
    tell_recalled(global, matches!(asked, Export::Csv(_)), &node, &written)?;
    tell(global, &selection, &written)
}

/// Whoever takes an export on must hear what its owner took back.
fn tell_recalled(global: &Global, is_left_out: bool, node: &Node, written: &Written) -> Result<(), Failure> {
    let (named, all) = &written.recalled;
    if global.quiet || *all == 0 {
        return Ok(());
    }
    let names = Names::of(node)?;
    let what = counted(*all, "object");
    match is_left_out {
        true => eprintln!("left out: {what} recalled by the owner; `entente export stix` has them"),
        false => eprintln!("written, though recalled by the owner: {what}"),
    }
    for (id, recall) in named {
        eprintln!("  {}  {}", safe(id), names.recall(recall));
    }
    if *all > named.len() as u64 {
        eprintln!("  … `entente show ID` tells it of each");
    }
    Ok(())
}

type Writer = fn(&Node, &Selection, &mut dyn Write) -> Result<Written, Failure>;

/// What was left out must not pass unnoticed: a list without an indicator looks like one that never had it.
fn tell(global: &Global, selection: &Selection, written: &Written) -> Result<Exit, Failure> {
    if !global.quiet && written.revoked > 0 {
        eprintln!(
            "left out: {}; `entente export stix` has them",
            counted(written.revoked, "revoked object")
        );
    }
    if !global.quiet && written.valueless > 0 {
        eprintln!(
            "left out: {} without a single value; `--type indicator` writes them too",
            counted(written.valueless, "indicator")
        );
    }
    if written.objects > 0 || selection.types.is_empty() {
        return Ok(Exit::Done);
    }
    let types: Vec<String> = selection
        .types
        .iter()
        .map(|name| format!("`{}`", safe(name)))
        .collect();
    let none = format!("no object of type {} is held", types.join(" or "));
    // Nothing of a type that STIX has is an answer; of any other it is most likely a slip of the pen.
    if selection.types.iter().all(|name| tables::find(name).is_none()) {
        return Err(Failure::not_found(format!(
            "{none}; check the spelling, or leave `--type` out for everything"
        )));
    }
    if !global.quiet {
        eprintln!("{none}");
    }
    Ok(Exit::Done)
}

impl From<entente_node::Error> for Failure {
    fn from(error: entente_node::Error) -> Failure {
        place::node_failure(error)
    }
}
