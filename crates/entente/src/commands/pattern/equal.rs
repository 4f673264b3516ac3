//! `entente pattern equal`: whether two patterns mean the same.

use std::io::Write;

use entente_stix::json::Value;
use entente_stix::pattern;

use super::given;
use crate::cli::{Global, PatternEqual};
use crate::commands::batch::{self, Members};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};

pub(super) fn run(global: &Global, asked: &PatternEqual) -> Result<Exit, Failure> {
    if asked.batch {
        return batch::run("`id`, `a` and `b`", answered, |error| {
            members(Err(error.to_string()))
        });
    }
    let one = |argument: &Option<String>| given::single(argument.as_deref().unwrap_or_default());
    let (left, right) = (one(&asked.left)?, one(&asked.right)?);
    let equal = decide(
        ("the first pattern", left.as_str()),
        ("the second pattern", right.as_str()),
    )
    .map_err(Failure::input)?;
    let mut out = out();
    if global.json {
        json_line(&mut out, &members(Ok(equal)))?;
    } else {
        writeln!(out, "{}", if equal { "equal" } else { "different" })?;
    }
    out.flush()?;
    Ok(if equal { Exit::Done } else { Exit::Answer })
}

fn decide(left: (&str, &str), right: (&str, &str)) -> Result<bool, String> {
    let read = |(name, text): (&str, &str)| {
        pattern::parse(text).map_err(|error| format!("{name} cannot be read: {error}"))
    };
    pattern::equal(&read(left)?, &read(right)?).map_err(|error| error.to_string())
}

fn answered(line: &Value<'_>) -> Members {
    let text = |name| line.get(name).and_then(Value::as_str);
    members(match (text("a"), text("b")) {
        (Some(left), Some(right)) => decide(("`a`", left), ("`b`", right)),
        _ => Err("`a` and `b` are texts, and both are needed".to_owned()),
    })
}

/// `equal`, and where it could not be told the reason.
fn members(equal: Result<bool, String>) -> Members {
    let mut members = Members::new();
    members.insert("equal".into(), equal.as_ref().ok().copied().into());
    if let Err(error) = equal {
        members.insert("error".into(), error.into());
    }
    members
}
