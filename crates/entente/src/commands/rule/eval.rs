//! `entente rule eval`: which rules match which events.

use std::io::Write;

use entente_sigma::{Pipelines, Rule};
use entente_stix::json::Value;
use serde::Serialize;

use super::given::{self, Dialect};
use crate::answers::pattern::Decided;
use crate::answers::rule::event::{self, Events, Seen};
use crate::answers::rule::{Loaded, matched, pipelines};
use crate::cli::{Global, RuleEval};
use crate::commands::{batch, json_line, out};
use crate::exit::{Exit, Failure};
use crate::inputs;
use crate::place;
use crate::render::{counted, safe, short};

/// A rule that matches an event.
#[derive(Debug, Serialize)]
struct Match<'m> {
    verdict: &'static str,
    rule: &'m str,
    id: Option<&'m str>,
    source: &'m str,
    event: &'m str,
}

pub(super) fn run(global: &Global, asked: &RuleEval) -> Result<Exit, Failure> {
    let pipelines = pipelines::named(&asked.pipelines)?;
    let seed = place::seed();
    if asked.batch {
        return batch::run(
            "`id`, `rule` and `event`",
            |line| answered(line, &pipelines, seed),
            |error| Decided::from(Err(error.to_string())),
        );
    }
    let (rules, events) = told_apart(&asked.given)?;
    let read = read(&rules)?;
    let loaded = Loaded::new(read.rules.iter().map(|(_, rule)| rule), &pipelines, seed);
    let mut refused = read.refused;
    for ((source, rule), each) in read.rules.iter().zip(&loaded.each) {
        if let Err(why) = each {
            refused += 1;
            let (source, title) = (safe(source), short(&rule.meta.title, 80));
            eprintln!(
                "refused  {source}:{}  `{title}`: {}",
                rule.meta.place.line,
                safe(&why.reason)
            );
        }
    }
    if read.rules.is_empty() && refused == 0 {
        return Err(Failure::input(
            "no rule was read; give Sigma rules first, then events",
        ));
    }
    let mut out = out();
    let mut matches = 0u64;
    let mut seen = Seen::default();
    for events in &events {
        let one = event::each(
            &events.borrowed(),
            &loaded.rules,
            |row, matcher| {
                let leaves = loaded.rules.matching(row, matcher).iter();
                let mut owners: Vec<usize> = leaves
                    .filter_map(|leaf| loaded.owners.get(*leaf as usize).copied())
                    .collect();
                owners.dedup();
                owners
            },
            |owners, place, _| {
                matches += owners.len() as u64;
                for (source, rule) in owners.iter().filter_map(|owner| read.rules.get(*owner)) {
                    tell(global, source, rule, place, &mut out)?;
                }
                Ok(())
            },
        )?;
        seen.events += one.events;
        seen.defects.extend(one.defects);
    }
    for defect in seen.defects.iter().take(20) {
        eprintln!("unread   {}", safe(defect));
    }
    if !global.json && !global.quiet {
        let usable = loaded.each.iter().filter(|each| each.is_ok()).count() as u64;
        let matched = match matches {
            1 => "1 match".to_owned(),
            many => format!("{} matches", crate::render::count(many)),
        };
        writeln!(
            out,
            "{} on {}: {matched}{}",
            counted(usable, "rule"),
            counted(seen.events, "event"),
            if refused > 0 {
                format!(", {refused} refused")
            } else {
                String::new()
            }
        )?;
    }
    out.flush()?;
    Ok(if refused > 0 || !seen.defects.is_empty() {
        Exit::BadInput
    } else if matches == 0 {
        Exit::Answer
    } else {
        Exit::Done
    })
}

fn tell(
    global: &Global,
    source: &str,
    rule: &Rule,
    place: &str,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if global.json {
        let one = Match {
            verdict: "match",
            rule: &rule.meta.title,
            id: rule.meta.id.as_deref(),
            source,
            event: place,
        };
        return json_line(out, &one);
    }
    let title = short(&rule.meta.title, 100);
    Ok(writeln!(out, "match    {}  {title}", safe(place))?)
}

/// Rules with their sources, and how many texts were refused.
pub(super) struct Read {
    pub(super) rules: Vec<(String, Rule)>,
    pub(super) refused: usize,
}

/// Reads the rules that arguments name; says on stderr what is refused.
pub(super) fn read(arguments: &[String]) -> Result<Read, Failure> {
    let mut given = given::read_in(arguments, Dialect::AlsoHayabusas)?;
    let source = |number: u32| given.sources.get(number as usize).cloned().unwrap_or_default();
    let mut refused = usize::try_from(given.unread).unwrap_or(usize::MAX);
    let mut rules = Vec::new();
    rules.append(&mut given.of_dialect);
    for refusal in &given.collection.refusals {
        refused += 1;
        let source = source(refusal.place.source);
        eprintln!("refused  {}: {}", safe(&source), safe(&refusal.to_string()));
    }
    for (passed, which, what) in [
        (
            given.collection.correlations.len(),
            "correlation",
            "several events",
        ),
        (given.patterns.len(), "STIX pattern", "observations"),
        (given.yara.len(), "YARA rule", "files"),
    ] {
        if passed > 0 {
            let passed = counted(passed as u64, which);
            eprintln!("entente: passed over here: {passed}, about {what}; `entente scan` evaluates such");
        }
    }
    let collected = std::mem::take(&mut given.collection.rules);
    rules.extend(collected.into_iter().map(|rule| {
        let source = given.sources.get(rule.meta.place.source as usize).cloned();
        (source.unwrap_or_default(), rule)
    }));
    Ok(Read { rules, refused })
}

/// Where events come from, owned.
pub(super) enum Given {
    Input(inputs::Input),
    Text(String),
}

impl Given {
    pub(super) fn borrowed(&self) -> Events<'_> {
        match self {
            Given::Input(input) => Events::Input(input),
            Given::Text(text) => Events::Text(text),
        }
    }
}

/// Events that an argument names, or is.
pub(super) fn events(argument: &str) -> Result<Vec<Given>, Failure> {
    if argument.trim_start().starts_with('{') {
        return Ok(vec![Given::Text(argument.to_owned())]);
    }
    let inputs = inputs::collect(&[argument.to_owned()])?;
    Ok(inputs.into_iter().map(Given::Input).collect())
}

/// Rules come first; behind them, what is YAML by its name is rules too.
fn told_apart(arguments: &[String]) -> Result<(Vec<String>, Vec<Given>), Failure> {
    if arguments
        .first()
        .is_some_and(|first| first.trim_start().starts_with('{'))
    {
        return Err(Failure::usage("rules come first, then events"));
    }
    let mut rules = Vec::new();
    let mut found = Vec::new();
    for (number, argument) in arguments.iter().enumerate() {
        if number == 0 || given::is_yaml(argument) {
            rules.push(argument.clone());
        } else {
            found.extend(events(argument)?);
        }
    }
    if found.is_empty() {
        return Err(Failure::usage(
            "no event was given; behind the rules, name logs, JSON files, or - for stdin",
        ));
    }
    Ok((rules, found))
}

fn answered(line: &Value<'_>, pipelines: &Pipelines, seed: u64) -> Decided {
    Decided::from(match (line.get("rule"), line.get("event")) {
        (Some(rule), Some(event)) => matched(rule, event, pipelines, seed),
        _ => Err("`rule` and `event` are both needed".to_owned()),
    })
}
