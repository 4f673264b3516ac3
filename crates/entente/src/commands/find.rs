//! `entente find`: full-text and field search.

use std::io::Write;

use entente_store::SearchQuery;
use entente_store::limits::SEARCH_HITS_MAX;
use entente_store::query::FILTERS;

use crate::answers::find::FoundObject;
use crate::cli::{Find, Global};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::names::Names;
use crate::place;
use crate::render::{count, safe, short, table};

pub(crate) fn run(global: &Global, asked: &Find) -> Result<Exit, Failure> {
    let query = asked.query.join(" ");
    if query.trim().is_empty() {
        return Err(Failure::usage(
            "there is nothing to find in an empty query; give words, prefix*, or fields such as type:indicator",
        ));
    }
    let hint = hint(&query);
    let node = place::open_to_read(global)?;
    let names = Names::of(&node)?;
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
            .map(|found| {
                let hit = &found.hit;
                let revoked = if hit.revoked { " (revoked)" } else { "" };
                let recalled = found.recalled.as_ref().map(|recall| names.recall(recall));
                let recalled = recalled.map_or_else(String::new, |said| format!(" ({said})"));
                let name = short(&hit.name, 100);
                vec![safe(&hit.id), format!("{name}{revoked}{recalled}")]
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
        if let Some(hint) = hint {
            writeln!(out, "{hint}")?;
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

/// What looks like a field and is none was searched as a word.
fn hint(query: &str) -> Option<String> {
    let query = SearchQuery::parse(query).ok()?;
    let not_fields = query.not_filters();
    let named: Vec<String> = not_fields.iter().map(|name| format!("`{name}:`")).collect();
    let fields: Vec<String> = FILTERS.iter().map(|name| format!("{name}:…")).collect();
    (!named.is_empty()).then(|| {
        format!(
            "{} is no field and was searched as a word; the fields are {}",
            named.join(", "),
            fields.join(", ")
        )
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
