//! `entente look`: everything known about values.

use std::io::{BufRead, Write};

use entente_node::Node;
use entente_node::look::{Known, Said};
use entente_stix::time::Timestamp;
use serde_json::{Value, json};

use crate::cli::{Global, Look};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::place;
use crate::render::{counted, safe, short};

/// Values asked of the node at a time, so that a stream of them is answered as it comes.
const VALUES_AT_ONCE: usize = 10_000;

pub(crate) fn run(global: &Global, asked: &Look) -> Result<Exit, Failure> {
    let node = place::open_to_read(global)?;
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
                    any_known |= answer(global, &node, &std::mem::take(&mut waiting), &mut out)?;
                }
            }
        } else {
            waiting.push(value.clone());
        }
    }
    any_known |= answer(global, &node, &waiting, &mut out)?;
    out.flush()?;
    Ok(if any_known { Exit::Done } else { Exit::NotFound })
}

fn answer(global: &Global, node: &Node, values: &[String], out: &mut impl Write) -> Result<bool, Failure> {
    let known = node.look(values).map_err(place::node_failure)?;
    for known in &known {
        if global.json { json_line(out, &as_json(known))? } else { as_text(known, out)? }
    }
    Ok(known.iter().any(is_known))
}

fn is_known(known: &Known) -> bool {
    !known.mentions.is_empty() || known.hits.count > 0
}

fn as_text(known: &Known, out: &mut impl Write) -> Result<(), Failure> {
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
        for holding in &said.holdings {
            writeln!(out, "      told by {} on {}", safe(&holding.source), Timestamp::from_micros(holding.at))?;
        }
    }
    if known.more {
        writeln!(out, "  … and more; `entente find` or `--json` lists them")?;
    }
    if known.hits.count > 0 {
        let hits = counted(known.hits.count, "own detection");
        match (known.hits.first, known.hits.last) {
            (Some(first), Some(last)) => {
                writeln!(out, "  {hits}, {} to {}", Timestamp::from_micros(first), Timestamp::from_micros(last))?;
            }
            _ => writeln!(out, "  {hits}")?,
        }
    }
    Ok(())
}

fn sentence(said: &Said) -> String {
    let revoked = if said.mention.revoked { ", revoked" } else { "" };
    let looks = if said.mention.is_term { "looked for by" } else { "in" };
    let about = if said.is_exact {
        String::new()
    } else {
        format!("{} {}: ", said.about.kind.name(), safe(&said.about.value))
    };
    format!("{about}{looks} {}  {}{revoked}", short(&said.mention.name, 80), said.mention.id)
}

fn as_json(known: &Known) -> Value {
    let mentions: Vec<Value> = known
        .mentions
        .iter()
        .map(|said| {
            let sources: Vec<Value> = said
                .holdings
                .iter()
                .map(|holding| json!({"source": holding.source, "at": Timestamp::from_micros(holding.at).to_string()}))
                .collect();
            json!({
                "id": said.mention.id, "name": said.mention.name, "revoked": said.mention.revoked,
                "is_term": said.mention.is_term, "exact": said.is_exact,
                "about": {"type": said.about.kind.name(), "value": said.about.value}, "sources": sources,
            })
        })
        .collect();
    json!({
        "asked": known.asked,
        "type": known.observable.as_ref().map(|observable| observable.kind.name()),
        "value": known.observable.as_ref().map(|observable| observable.value.as_str()),
        "known": is_known(known),
        "mentions": mentions,
        "more": known.more,
        "own_hits": {
            "count": known.hits.count,
            "first": known.hits.first.map(|at| Timestamp::from_micros(at).to_string()),
            "last": known.hits.last.map(|at| Timestamp::from_micros(at).to_string()),
        },
    })
}
