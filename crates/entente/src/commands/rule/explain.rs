//! `entente rule explain`: why a rule matches an event, or why not.

use std::collections::BTreeSet;
use std::io::Write;

use super::eval::{events, read};
use crate::answers::rule::{Explained, Loaded, Part, Sketches, event, pipelines};
use crate::cli::{Global, RuleExplain};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::place;
use crate::render::{safe, short};

/// Names of an event's fields that are looked through.
const NAMES_MAX: usize = 10_000;

pub(super) fn run(global: &Global, asked: &RuleExplain) -> Result<Exit, Failure> {
    let pipelines = pipelines::named(&asked.pipelines)?;
    let read = read(std::slice::from_ref(&asked.rule))?;
    let [(_, rule)] = read.rules.as_slice() else {
        return Err(Failure::input(format!(
            "`{}` holds {} that can be read; name a file that holds one",
            safe(&asked.rule),
            match read.rules.len() {
                0 => "no Sigma rule".to_owned(),
                many => format!("{many} rules"),
            }
        )));
    };
    let refused = |reason: &str| Failure::input(format!("`{}`: {}", safe(&asked.rule), safe(reason)));
    let seed = place::seed();
    let sketches = if asked.pipelines.iter().all(|name| name == "none") {
        Sketches::written(rule, seed)
    } else {
        match Loaded::new([rule], &pipelines, seed).each.first() {
            Some(Ok(ready)) => Sketches::prepared(rule, &ready.prepared, &pipelines, seed),
            Some(Err(refused)) => Err(refused.reason.clone()),
            None => Err("there is no rule".to_owned()),
        }
    };
    let sketches = sketches.map_err(|reason| refused(&reason))?;
    let mut out = out();
    let (mut matched, mut seen, mut defects) = (0u64, 0u64, Vec::new());
    for given in events(&asked.event)? {
        let one = event::each(
            &given.borrowed(),
            &sketches.rules,
            |row, matcher| sketches.ask(row, matcher),
            |mut because, place, raw| {
                let names = names(raw);
                because.iter_mut().for_each(|part| part.near(&names));
                let holds = because.iter().any(|part| part.holds);
                matched += u64::from(holds);
                let explained = Explained {
                    rule: rule.meta.title.clone(),
                    id: rule.meta.id.clone(),
                    event: place.to_owned(),
                    verdict: if holds { "match" } else { "no_match" },
                    because,
                };
                if global.json {
                    return json_line(&mut out, &explained);
                }
                tell(&explained, &mut out)
            },
        )?;
        seen += one.events;
        defects.extend(one.defects);
    }
    out.flush()?;
    for defect in &defects {
        eprintln!("unread   {}", safe(defect));
    }
    Ok(if !defects.is_empty() || seen == 0 {
        Exit::BadInput
    } else if matched == 0 {
        Exit::Answer
    } else {
        Exit::Done
    })
}

fn tell(explained: &Explained, out: &mut impl Write) -> Result<(), Failure> {
    let verdict = match explained.verdict {
        "match" => "match",
        _ => "no match",
    };
    writeln!(
        out,
        "{verdict:<8} {}  {}",
        safe(&explained.event),
        short(&explained.rule, 100)
    )?;
    for part in &explained.because {
        tell_part(part, 1, out)?;
    }
    Ok(())
}

fn tell_part(part: &Part, depth: usize, out: &mut impl Write) -> Result<(), Failure> {
    let mark = if part.holds { "yes" } else { "no " };
    let indent = "  ".repeat(depth.min(40));
    let mut found = String::new();
    if !part.values.is_empty() {
        let values: Vec<String> = part
            .values
            .iter()
            .map(|value| format!("\"{}\"", short(value, 100)))
            .collect();
        found = format!("; it has {}", values.join(", "));
    }
    for missing in &part.missing {
        found.push_str(&format!("; the event has no `{}`", short(&missing.field, 80)));
        if !missing.near.is_empty() {
            let near: Vec<String> = missing
                .near
                .iter()
                .map(|name| format!("`{}`", short(name, 80)))
                .collect();
            found.push_str(&format!(", but {}", near.join(", ")));
        }
    }
    writeln!(out, "{indent}{mark} {}{found}", safe(&part.asks))?;
    for inner in &part.parts {
        tell_part(inner, depth + 1, out)?;
    }
    if part.left_out > 0 {
        writeln!(out, "{indent}  … and {} more alike", part.left_out)?;
    }
    Ok(())
}

/// The dotted paths of an event that is JSON.
fn names(raw: &[u8]) -> Vec<String> {
    let mut names = BTreeSet::new();
    let Ok(whole) = serde_json::from_slice::<serde_json::Value>(raw) else {
        return Vec::new();
    };
    let mut open = vec![(String::new(), &whole)];
    while let Some((path, value)) = open.pop() {
        match value {
            serde_json::Value::Object(members) => {
                for (key, value) in members {
                    let path = match path.as_str() {
                        "" => key.clone(),
                        path => format!("{path}.{key}"),
                    };
                    open.push((path, value));
                }
            }
            serde_json::Value::Array(elements) => {
                open.extend(elements.iter().map(|element| (path.clone(), element)));
            }
            _ => {
                names.insert(path);
            }
        }
        if names.len() >= NAMES_MAX {
            break;
        }
    }
    names.into_iter().collect()
}
