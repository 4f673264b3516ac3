//! `entente pattern match`: whether observed data satisfies a pattern, and which of it.

use std::io::{Read, Write};

use entente_detect::pattern::{Compiled, Mode, Observations, Options, Part, Verdict};
use entente_stix::json::Value;
use serde::Serialize;

use super::given;
use crate::answers::pattern::{Decided, matched};
use crate::cli::{Global, PatternMatch, PatternMode};
use crate::commands::{batch, json_line, out};
use crate::exit::{Exit, Failure};
use crate::inputs::{self, Input};
use crate::render::{counted, safe};

/// Bytes of observed data of one question, all files together.
const OBSERVED_BYTES_MAX: u64 = 1 << 30;

/// The answer for programs.
#[derive(Serialize)]
struct Shown {
    /// `match`, `no_match`, or `error` where it is not known.
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// What satisfied the pattern, in one of the ways.
    binding: Vec<PartShown>,
    /// How many observed-data were looked at.
    observations: usize,
    /// What could not be used.
    unread: usize,
}

/// One `[…]` and what satisfied it.
#[derive(Serialize)]
struct PartShown {
    comparison: String,
    observed_data: String,
    first_observed: String,
    last_observed: String,
    object: String,
}

pub(super) fn run(global: &Global, asked: &PatternMatch) -> Result<Exit, Failure> {
    let options = Options {
        mode: match asked.mode {
            PatternMode::Strict => Mode::Strict,
            PatternMode::Asset => Mode::Asset,
        },
        counts_number_observed: asked.count_number_observed,
        ..Options::default()
    };
    if asked.batch {
        let answer = |line: &Value<'_>| answered(line, options);
        return batch::run("`id`, `pattern` and `observed_data`", answer, |error| {
            Decided::from(Err(error.to_string()))
        });
    }
    let pattern = given::single(asked.pattern.as_deref().unwrap_or_default())?;
    let compiled = Compiled::parse(&pattern).map_err(|refused| {
        Failure::input(format!(
            "the pattern matches nothing, for it is invalid or cannot be evaluated: {refused}"
        ))
    })?;
    let texts = read(&asked.files)?;
    let named = texts.iter().map(|(name, text)| (name.as_str(), text.as_slice()));
    let observations = Observations::read_all(named);
    for defect in observations.defects() {
        eprintln!("unread   {}: {}", safe(&defect.place), safe(&defect.reason));
    }
    let verdict = compiled.evaluate(&observations, options);
    let mut out = out();
    if global.json {
        json_line(&mut out, &shown(&verdict, &observations))?;
    } else {
        tell(&verdict, &observations, &mut out)?;
    }
    out.flush()?;
    Ok(match verdict {
        Verdict { matched: true, .. } => Exit::Done,
        Verdict {
            incomplete: Some(_), ..
        } => Exit::BadInput,
        _ if !observations.defects().is_empty() => Exit::BadInput,
        _ => Exit::Answer,
    })
}

/// The texts that paths name, decompressed, with their names.
fn read(paths: &[String]) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let inputs = inputs::collect(paths)?;
    let mut left = OBSERVED_BYTES_MAX;
    inputs.iter().map(|input| read_one(input, &mut left)).collect()
}

fn read_one(input: &Input, left: &mut u64) -> Result<(String, Vec<u8>), Failure> {
    let name = input.name();
    let failed = |error: std::io::Error| {
        Failure::input(format!(
            "cannot read `{}`: {error}; check path, permissions and content",
            safe(&name)
        ))
    };
    let opened = input.open().map_err(failed)?;
    let reader = entente_telemetry::decompressed(opened, &name).map_err(Failure::input)?;
    let mut text = Vec::new();
    let read = reader.take(*left + 1).read_to_end(&mut text).map_err(failed)?;
    *left = left.checked_sub(read as u64).ok_or_else(|| {
        Failure::input(format!(
            "the observed data is larger than {OBSERVED_BYTES_MAX} bytes; give fewer files at a time"
        ))
    })?;
    Ok((name, text))
}

fn tell(verdict: &Verdict, observations: &Observations<'_>, out: &mut impl Write) -> Result<(), Failure> {
    let looked_at = counted(observations.len() as u64, "observed-data object");
    match &verdict.incomplete {
        _ if verdict.matched => writeln!(out, "match in {looked_at}")?,
        None => writeln!(out, "no match in {looked_at}")?,
        Some(reason) => writeln!(out, "not decided in {looked_at}: {reason}")?,
    }
    for part in verdict
        .binding
        .iter()
        .filter_map(|part| part_shown(part, observations))
    {
        writeln!(
            out,
            "  {}  {} ({}), {}",
            part.first_observed,
            safe(&part.observed_data),
            safe(&part.object),
            safe(&part.comparison),
        )?;
    }
    Ok(())
}

fn shown(verdict: &Verdict, observations: &Observations<'_>) -> Shown {
    let binding = verdict.binding.iter();
    Shown {
        verdict: word(verdict),
        error: verdict.incomplete.map(|reason| reason.to_string()),
        binding: binding
            .filter_map(|part| part_shown(part, observations))
            .collect(),
        observations: observations.len(),
        unread: observations.defects().len(),
    }
}

fn part_shown(part: &Part, observations: &Observations<'_>) -> Option<PartShown> {
    let observation = observations.get(part.observation)?;
    Some(PartShown {
        comparison: part.comparison.clone(),
        observed_data: observation.id.clone(),
        first_observed: observation.first.to_string(),
        last_observed: observation.last.to_string(),
        object: part.object.clone(),
    })
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict { matched: true, .. } => "match",
        Verdict {
            incomplete: Some(_), ..
        } => "error",
        _ => "no_match",
    }
}

fn answered(line: &Value<'_>, options: Options) -> Decided {
    let Some(pattern) = line.get("pattern").and_then(Value::as_str) else {
        return Err("there is no `pattern`, or it is no text".to_owned()).into();
    };
    let observed = match line.get("observed_data") {
        Some(Value::Array(list)) => list.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => {
            let reason = "there is no `observed_data`, or it is no list of bundles or observed-data";
            return Err(reason.to_owned()).into();
        }
    };
    matched(pattern, observed, options).into()
}
