//! `entente look`: everything known about values.

use std::io::{BufRead, Write};

use entente_node::Node;
use entente_node::look::{Known, Said};
use entente_stix::time::Timestamp;

use crate::answers::look::{LookedUp, is_known};
use crate::cli::{Global, Look};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::names::Names;
use crate::place;
use crate::render::{counted, safe, short};

/// Values asked of the node at a time, so that a stream of them is answered as it comes.
const VALUES_AT_ONCE: usize = 10_000;

pub(crate) fn run(global: &Global, asked: &Look) -> Result<Exit, Failure> {
    let node = place::open_to_read(global)?;
    let names = Names::of(&node)?;
    let mut out = out();
    let mut any_known = false;
    let mut waiting = Vec::new();
    for value in &asked.values {
        if value == "-" {
            for line in std::io::stdin().lock().lines() {
                let line = line.map_err(|error| Failure::input(format!("cannot read stdin: {error}")))?;
                let line = line.trim();
                if !line.is_empty() {
                    waiting.push(line.to_owned());
                }
                if waiting.len() >= VALUES_AT_ONCE {
                    any_known |= answer(global, &node, &names, &std::mem::take(&mut waiting), &mut out)?;
                }
            }
        } else {
            waiting.push(value.clone());
        }
    }
    any_known |= answer(global, &node, &names, &waiting, &mut out)?;
    out.flush()?;
    Ok(if any_known { Exit::Done } else { Exit::NotFound })
}

fn answer(
    global: &Global,
    node: &Node,
    names: &Names,
    values: &[String],
    out: &mut impl Write,
) -> Result<bool, Failure> {
    let known = node.look(values).map_err(place::node_failure)?;
    for known in &known {
        if global.json {
            json_line(out, &LookedUp::from(known))?
        } else {
            as_text(node, names, known, out)?
        }
    }
    Ok(known.iter().any(is_known))
}

fn as_text(node: &Node, names: &Names, known: &Known, out: &mut impl Write) -> Result<(), Failure> {
    let Some(observable) = &known.observable else {
        writeln!(
            out,
            "{}: not a value that can be looked up; `entente find` searches for words",
            short(&known.asked, 120)
        )?;
        return Ok(());
    };
    let what = observable.kind.name();
    if !is_known(known) {
        writeln!(out, "{}  ({what})  nothing known", safe(&observable.value))?;
        return Ok(());
    }
    writeln!(out, "{}  ({what})", safe(&observable.value))?;
    for said in &known.mentions {
        writeln!(out, "  {}", sentence(said))?;
        if let Some(recall) = &said.recalled {
            writeln!(out, "      {}", names.recall(recall))?;
        }
        details(node, said, out)?;
        for told in &said.mention.told {
            writeln!(
                out,
                "      told by {} on {}",
                names.source(&told.source),
                Timestamp::from_micros(told.at)
            )?;
        }
    }
    if known.more {
        writeln!(out, "  … and more; `entente find` or `--json` lists them")?;
    }
    if known.hits.count > 0 {
        let hits = counted(known.hits.count, "own detection");
        match (known.hits.first, known.hits.last) {
            (Some(first), Some(last)) => {
                writeln!(
                    out,
                    "  {hits}, {} to {}",
                    Timestamp::from_micros(first),
                    Timestamp::from_micros(last)
                )?;
            }
            _ => writeln!(out, "  {hits}")?,
        }
    }
    Ok(())
}

/// What the object says about the value, as far as it says anything.
fn details(node: &Node, said: &Said, out: &mut impl Write) -> Result<(), Failure> {
    let Some(details) = node.details(&said.mention.id).map_err(place::node_failure)? else {
        return Ok(());
    };
    let mut line = |what: &str, text: &str| writeln!(out, "      {what} {}", short(text, 200));
    if !details.indicates.is_empty() {
        line("indicates", &details.indicates.join(", "))?;
    }
    if let Some(description) = details
        .description
        .filter(|description| *description != said.mention.name)
    {
        line("says:", &description.replace(['\n', '\r'], " "))?;
    }
    match details.valid {
        (_, Some(until)) if until <= place::now() => line("expired on", &until.to_string())?,
        (_, Some(until)) => line("valid until", &until.to_string())?,
        _ => {}
    }
    let labels = (!details.labels.is_empty()).then(|| details.labels.join(", "));
    let confidence = details
        .confidence
        .map(|confidence| format!("confidence {confidence}"));
    let told: Vec<String> = [details.tlp.map(|tlp| tlp.to_string()), confidence, labels]
        .into_iter()
        .flatten()
        .collect();
    if !told.is_empty() {
        line("marked", &told.join(", "))?;
    }
    Ok(())
}

fn sentence(said: &Said) -> String {
    let revoked = if said.mention.revoked { ", revoked" } else { "" };
    let looks = if said.mention.is_term {
        "looked for by"
    } else {
        "in"
    };
    let about = if said.is_exact {
        String::new()
    } else {
        format!("{} {}: ", said.about.kind.name(), safe(&said.about.value))
    };
    format!(
        "{about}{looks} {}  {}{revoked}",
        short(&said.mention.name, 80),
        said.mention.id
    )
}
