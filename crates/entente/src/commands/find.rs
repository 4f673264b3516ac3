//! `entente find`: full-text and field search.

use std::io::Write;

use entente_store::limits::SEARCH_HITS_MAX;

use crate::answers::find::FoundObject;
use crate::cli::{Find, Global};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::place;
use crate::render::{count, safe, short, table};

pub(crate) fn run(global: &Global, asked: &Find) -> Result<Exit, Failure> {
    let query = asked.query.join(" ");
    if query.trim().is_empty() {
        return Err(Failure::usage(
            "there is nothing to find in an empty query; give words, prefix*, or fields such as type:indicator",
        ));
    }
    let node = place::open_to_read(global)?;
    let limit = usize::from(asked.limit);
    let (hits, more) = node.find(&query, limit).map_err(place::node_failure)?;
    let mut out = out();
    if global.json {
        for hit in &hits {
            json_line(&mut out, &FoundObject::from(hit))?;
        }
    } else {
        let rows: Vec<Vec<String>> = hits
            .iter()
            .map(|hit| {
                let revoked = if hit.revoked { " (revoked)" } else { "" };
                vec![safe(&hit.id), format!("{}{revoked}", short(&hit.name, 100))]
            })
            .collect();
        write!(out, "{}", table(&rows))?;
        if hits.is_empty() {
            writeln!(
                out,
                "nothing found for `{}`; fewer words, or prefix* find more",
                short(&query, 100)
            )?;
        }
        if more {
            writeln!(out, "{}", more_than(limit))?;
        }
    }
    out.flush()?;
    Ok(if hits.is_empty() {
        Exit::NotFound
    } else {
        Exit::Done
    })
}

fn more_than(limit: usize) -> String {
    if limit < SEARCH_HITS_MAX {
        return format!(
            "… and more; `--limit` lists up to {}",
            count(SEARCH_HITS_MAX as u64)
        );
    }
    format!(
        "… and more; {} is the most that one search lists: more words narrow it",
        count(SEARCH_HITS_MAX as u64)
    )
}
