//! `entente limits`: every bound of the program, crate by crate.

use std::io::Write;

use serde_json::json;

use crate::cli::Global;
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::render::{count, table};

type Limits = &'static [(&'static str, u64, &'static str)];

const ALL: [(&str, Limits); 9] = [
    ("stix", entente_stix::limits::ALL),
    ("formats", entente_formats::limits::ALL),
    ("telemetry", entente_telemetry::limits::ALL),
    ("detect", entente_detect::limits::ALL),
    ("policy", entente_policy::limits::ALL),
    ("translog", entente_translog::limits::ALL),
    ("store", entente_store::limits::ALL),
    ("node", entente_node::limits::ALL),
    ("exchange", entente_exchange::limits::ALL),
];

pub(crate) fn run(global: &Global) -> Result<Exit, Failure> {
    let mut out = out();
    let mut rows = vec![
        ["part", "limit", "value", "beyond it"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (part, limits) in ALL {
        for (name, value, beyond) in limits {
            if global.json {
                json_line(
                    &mut out,
                    &json!({"part": part, "limit": name, "value": value, "beyond": beyond}),
                )?;
            } else {
                rows.push(vec![
                    part.to_owned(),
                    (*name).to_owned(),
                    count(*value),
                    (*beyond).to_owned(),
                ]);
            }
        }
    }
    if !global.json {
        write!(out, "{}", table(&rows))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_limit_is_named_in_words_and_says_what_happens_beyond_it() {
        for (part, limits) in super::ALL {
            assert!(!limits.is_empty(), "`{part}` shows no limits");
            for (name, value, beyond) in limits {
                assert!(
                    !name.contains(['_', '.']),
                    "{part}: `{name}` is a name for programs"
                );
                assert!(
                    *value > 0 && !name.is_empty() && beyond.len() > 5,
                    "{part}: {name}"
                );
            }
        }
    }
}
