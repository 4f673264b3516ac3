//! `entente pattern equal`: whether two patterns mean the same.

use std::io::Write;

use entente_stix::json::Value;

use super::given;
use crate::answers::pattern::{Compared, compared};
use crate::cli::{Global, PatternEqual};
use crate::commands::{batch, json_line, out};
use crate::exit::{Exit, Failure};

pub(super) fn run(global: &Global, asked: &PatternEqual) -> Result<Exit, Failure> {
    if asked.batch {
        return batch::run("`id`, `a` and `b`", answered, |error| {
            Compared::from(Err(error.to_string()))
        });
    }
    let one = |argument: &Option<String>| given::single(argument.as_deref().unwrap_or_default());
    let (left, right) = (one(&asked.left)?, one(&asked.right)?);
    let equal = compared(
        ("the first pattern", left.as_str()),
        ("the second pattern", right.as_str()),
    )
    .map_err(Failure::input)?;
    let mut out = out();
    if global.json {
        json_line(&mut out, &Compared::from(Ok(equal)))?;
    } else {
        writeln!(out, "{}", if equal { "equal" } else { "different" })?;
    }
    out.flush()?;
    Ok(if equal { Exit::Done } else { Exit::Answer })
}

fn answered(line: &Value<'_>) -> Compared {
    let text = |name| line.get(name).and_then(Value::as_str);
    Compared::from(match (text("a"), text("b")) {
        (Some(left), Some(right)) => compared(("`a`", left), ("`b`", right)),
        _ => Err("`a` and `b` are texts, and both are needed".to_owned()),
    })
}
