//! `entente show`: one object with its sources and relations.

use std::io::Write;

use entente_node::receipt::Recalled;
use entente_node::rules::trials::Tried;
use entente_node::show::{Gone, Relation, Shown};
use entente_stix::time::Timestamp;
use entente_store::{Aside, Stored};
use serde_json::Value;

use crate::answers::hex;
use crate::answers::show::{GoneObject, ShownObject};
use crate::answers::trials::{RuleState, StandingShown};
use crate::cli::{Global, Show};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::names::Names;
use crate::place;
use crate::render::{safe, short, table};

/// Properties that the heading or the relations tell already.
const TOLD_ELSEWHERE: [&str; 4] = ["id", "type", "name", "spec_version"];

pub(crate) fn run(global: &Global, asked: &Show) -> Result<Exit, Failure> {
    if asked.raw && global.json {
        return Err(Failure::usage(
            "`--raw` gives the text as it came in, `--json` an account of the object: leave one of them off",
        ));
    }
    let node = place::open_to_read(global)?;
    let names = Names::of(&node)?;
    let Some(shown) = node.show(&asked.id).map_err(place::node_failure)? else {
        if let (false, Some(gone)) = (asked.raw, node.gone(&asked.id)?) {
            tell_gone(global, &asked.id, &gone, &names)?;
            return Ok(Exit::NotFound);
        }
        return Err(Failure::not_found(format!(
            "`{}` is not known here; `entente find` searches by words, `entente look` by value",
            safe(&asked.id)
        )));
    };
    let versions = if asked.versions {
        node.versions(&asked.id).map_err(place::node_failure)?
    } else {
        Vec::new()
    };
    let mut out = out();
    if asked.raw {
        raw(&shown, &versions, &mut out)?;
    } else if global.json {
        json_line(&mut out, &ShownObject::of(&shown, &versions)?)?;
    } else {
        as_text(&shown, &versions, &names, &mut out)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// The bytes as they came in; with `--versions` every version, newest first, one after another.
fn raw(shown: &Shown, versions: &[Stored], out: &mut impl Write) -> Result<(), Failure> {
    let texts: Vec<&Stored> = if versions.is_empty() {
        vec![&shown.current]
    } else {
        versions.iter().collect()
    };
    for stored in texts {
        out.write_all(&stored.text)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn as_text(shown: &Shown, versions: &[Stored], names: &Names, out: &mut impl Write) -> Result<(), Failure> {
    let current = &shown.current;
    let revoked = if current.revoked { "  (revoked)" } else { "" };
    writeln!(
        out,
        "{}  {}{revoked}",
        safe(current.type_name()),
        short(&current.name, 120)
    )?;
    writeln!(out, "{}", safe(&current.id))?;
    if let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(&current.text) {
        writeln!(out)?;
        let rows: Vec<Vec<String>> = members
            .iter()
            .filter(|(key, _)| !TOLD_ELSEWHERE.contains(&key.as_str()))
            .map(|(key, value)| vec![format!("  {}", short(key, 60)), short(&one_line(value), 300)])
            .collect();
        write!(out, "{}", table(&rows))?;
    }
    writeln!(out, "\nTold by")?;
    for holding in &shown.holdings {
        let old = if holding.is_current {
            ""
        } else {
            "  (an older version)"
        };
        writeln!(
            out,
            "  {}  on {}{old}",
            names.source(&holding.source),
            Timestamp::from_micros(holding.at)
        )?;
    }
    if let Some(owner) = &shown.owner {
        writeln!(out, "\nBelongs to {}: nobody else changes it", names.name(owner))?;
    }
    if let Some(tried) = &shown.trial {
        writeln!(out, "\nAs a rule: {}", trial(tried))?;
    }
    beside(&shown.asides, names, out)?;
    recalls(&shown.recalls, names, out)?;
    relations("Refers to", &shown.refers_to, out)?;
    relations("Referred to by", &shown.referred_by, out)?;
    if shown.more {
        writeln!(out, "\n… and more than are listed here")?;
    }
    if !versions.is_empty() {
        writeln!(out, "\nVersions")?;
        for stored in versions {
            let version = if stored.version == 0 {
                "-".to_owned()
            } else {
                Timestamp::from_micros(stored.version).to_string()
            };
            writeln!(out, "  {version}  sha256:{}", hex(&stored.digest))?;
        }
    }
    Ok(())
}

/// Whether a rule alerts, and what can be done about it.
fn trial(tried: &Tried) -> String {
    let standing = StandingShown::of_tried(tried);
    let counts = standing.counts();
    match standing.state {
        RuleState::OnTrial => format!("on trial ({counts} so far)"),
        RuleState::Passed => format!("alerts, as it passed its trial ({counts})"),
        RuleState::Accepted => "alerts, as the operator accepted it".to_owned(),
        RuleState::Parked => format!(
            "parked, it does not alert: {}; `entente rule accept {}` lets it",
            safe(&standing.reason.unwrap_or_default()),
            safe(&tried.key.id)
        ),
    }
}

/// What was told and not taken in.
fn beside(asides: &[Aside], names: &Names, out: &mut impl Write) -> Result<(), Failure> {
    if asides.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nTold, and not taken in")?;
    for aside in asides {
        writeln!(
            out,
            "  {} by {} on {}: {}",
            safe(&aside.kind),
            names.source(&aside.source),
            Timestamp::from_micros(aside.at),
            safe(&aside.reason)
        )?;
    }
    Ok(())
}

fn recalls(recalls: &[Recalled], names: &Names, out: &mut impl Write) -> Result<(), Failure> {
    if recalls.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nRecalled")?;
    for recall in recalls {
        writeln!(
            out,
            "  by {} under `{}`, on {}: {}",
            names.name(&recall.by),
            safe(&recall.agreement),
            recall.at,
            safe(&recall.reason)
        )?;
    }
    Ok(())
}

/// What is left of an object that is not held.
fn tell_gone(global: &Global, id: &str, gone: &Gone, names: &Names) -> Result<(), Failure> {
    let mut out = out();
    if global.json {
        json_line(&mut out, &GoneObject::of(id, gone))?;
    } else {
        writeln!(out, "{}  (not held)", safe(id))?;
        beside(&gone.asides, names, &mut out)?;
        recalls(&gone.recalls, names, &mut out)?;
    }
    Ok(out.flush()?)
}

/// A value as text for one line: an object is an overview here, `--raw` has every byte.
fn one_line(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace("\r\n", " ").replace(['\n', '\r'], " "),
        other => other.to_string(),
    }
}

fn relations(title: &str, relations: &[Relation], out: &mut impl Write) -> Result<(), Failure> {
    if relations.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    let rows: Vec<Vec<String>> = relations
        .iter()
        .map(|relation| {
            let name = relation.name.as_deref();
            vec![
                format!("  {}", short(&relation.property, 60)),
                safe(&relation.id),
                name.map_or("(not known here)".to_owned(), |name| short(name, 80)),
            ]
        })
        .collect();
    Ok(write!(out, "{}", table(&rows))?)
}
