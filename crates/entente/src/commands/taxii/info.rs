//! `entente taxii info`: what a server has and in what it is odd, or how this node's feeds stand.

use std::collections::BTreeSet;
use std::io::Write;

use entente_exchange::taxii::client::{Collection, Cursor, Found, Oddity, Pull, Settings, Step};
use serde_json::json;

use super::runtime;
use crate::cli::{Global, TaxiiInfo};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::feeds;
use crate::feeds::door::{Back, Door};
use crate::feeds::pull::{discover, failure, name_of, wait};
use crate::feeds::state::{FeedShown, State};
use crate::place;
use crate::render::{count, counted, safe, short, table};

/// Collections of which a first object is asked for.
const PROBED_MAX: usize = 20;

/// Seconds that a server may make us wait.
const PATIENCE: u32 = 60;

pub(crate) fn run(global: &Global, asked: &TaxiiInfo) -> Result<Exit, Failure> {
    match &asked.url {
        Some(url) => server(global, asked, url),
        None => feeds(global),
    }
}

/// What the first object of a collection tells.
struct Probe {
    holds: &'static str,
    more: bool,
    from: Option<String>,
}

fn server(global: &Global, asked: &TaxiiInfo, url: &str) -> Result<Exit, Failure> {
    let door = Door::open(&asked.way.way())?;
    let runtime = runtime()?;
    let mut patience = PATIENCE;
    let (found, oddities) = runtime.block_on(discover(&door, url, &mut patience))?;
    let mut oddities: BTreeSet<Oddity> = oddities.into_iter().collect();
    let mut rows = Vec::new();
    let all = found.roots.iter().flat_map(|root| &root.collections);
    for (number, collection) in all.enumerate() {
        let probe = match collection.can_read && number < PROBED_MAX {
            true => Some(runtime.block_on(probe(&door, collection, &mut patience, &mut oddities))),
            false => None,
        };
        rows.push((collection, probe));
    }
    let mut out = out();
    match global.json {
        true => tell_json(&found, &rows, &oddities, &mut out)?,
        false => tell(&found, &rows, &oddities, &mut out)?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

async fn probe(
    door: &Door,
    collection: &Collection,
    patience: &mut u32,
    oddities: &mut BTreeSet<Oddity>,
) -> Result<Probe, Failure> {
    let settings = Settings {
        since: None,
        limit: 1,
    };
    let mut pull = Pull::new(collection, Cursor::default(), settings);
    let mut objects = 0;
    while pull.pages() == 0 {
        match pull.step() {
            Step::Done => break,
            Step::Wait(seconds) => wait(seconds, patience).await?,
            Step::Ask(request) => match door.ask(&request).await? {
                Back::TooBig => pull.too_big().map_err(failure)?,
                Back::Answer(response) => {
                    let page = pull.take(&response, place::now()).map_err(failure)?;
                    objects += page.map_or(0, |page| page.places.len());
                }
            },
        }
    }
    oddities.extend(pull.oddities().cloned());
    Ok(Probe {
        holds: if objects == 0 { "nothing" } else { "objects" },
        more: pull.end().is_none(),
        from: pull.cursor().read_until(),
    })
}

type Row<'a> = (&'a Collection, Option<Result<Probe, Failure>>);

fn tell_json(
    found: &Found,
    rows: &[Row<'_>],
    oddities: &BTreeSet<Oddity>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let roots = found.roots.iter().map(|root| {
        json!({
            "url": root.url.as_str(), "title": root.title, "description": root.description,
            "content_bytes_max": root.content_bytes_max, "fault": root.fault,
        })
    });
    let collections = rows.iter().map(|(collection, probe)| {
        let (holds, more, from, fault) = match probe {
            None => (None, None, None, None),
            Some(Ok(probe)) => (Some(probe.holds), Some(probe.more), probe.from.clone(), None),
            Some(Err(failure)) => (None, None, None, Some(failure.message.clone())),
        };
        json!({
            "url": collection.url.as_str(), "id": collection.id, "title": collection.title, "alias": collection.alias,
            "description": collection.description, "can_read": collection.can_read,
            "can_write": collection.can_write, "holds": holds, "more": more, "first_added": from, "fault": fault,
        })
    });
    let refused = found
        .refused
        .iter()
        .map(|(url, why)| json!({"url": url, "reason": why}));
    let odd = oddities.iter().map(ToString::to_string);
    json_line(
        out,
        &json!({
            "title": found.title, "description": found.description, "contact": found.contact,
            "roots": roots.collect::<Vec<_>>(), "collections": collections.collect::<Vec<_>>(),
            "refused": refused.collect::<Vec<_>>(), "oddities": odd.collect::<Vec<_>>(),
        }),
    )
}

fn tell(
    found: &Found,
    rows: &[Row<'_>],
    oddities: &BTreeSet<Oddity>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let said = [&found.title, &found.description, &found.contact];
    for line in said.into_iter().flatten() {
        writeln!(out, "{}", safe(line))?;
    }
    for root in &found.roots {
        let title = root.title.as_deref().map(safe).unwrap_or_default();
        writeln!(out, "API root {}  {title}", root.url)?;
        if let Some(fault) = &root.fault {
            writeln!(out, "  {}", safe(fault))?;
        }
    }
    for (url, why) in &found.refused {
        writeln!(out, "not looked at: {}: {}", safe(url), safe(why))?;
    }
    let mut lines = vec![
        ["collection", "id", "we may", "holds"]
            .map(str::to_owned)
            .to_vec(),
    ];
    lines.extend(rows.iter().map(|(collection, probe)| {
        let may = match (collection.can_read, collection.can_write) {
            (true, true) => "read, write",
            (true, false) => "read",
            (false, true) => "write",
            (false, false) => "nothing",
        };
        let holds = match probe {
            None => "–".to_owned(),
            Some(Ok(probe)) => match (&probe.from, probe.more) {
                (_, _) if probe.holds == "nothing" => "nothing".to_owned(),
                (Some(from), true) => format!("objects, the first added {from}"),
                (Some(from), false) => format!("one object, added {from}"),
                (None, _) => "objects".to_owned(),
            },
            Some(Err(failure)) => short(&failure.message, 80),
        };
        vec![
            short(name_of(collection), 40),
            safe(&collection.id),
            may.to_owned(),
            holds,
        ]
    }));
    if lines.len() > 1 {
        write!(out, "{}", table(&lines))?;
    } else {
        writeln!(out, "no collection is shown to us")?;
    }
    for oddity in oddities {
        writeln!(out, "odd: {}", safe(&oddity.to_string()))?;
    }
    Ok(())
}

fn feeds(global: &Global) -> Result<Exit, Failure> {
    let book = feeds::book(&place::data_folder(global)?).read()?;
    let node = match book.feeds.is_empty() {
        true => None,
        // Feeds may be stored before there is a node.
        false => match place::open_to_read(global) {
            Ok(node) => Some(node),
            Err(failure) if failure.exit == Exit::NotFound => None,
            Err(failure) => return Err(failure),
        },
    };
    let sources = match &node {
        Some(node) => node.store().sources().map_err(place::failure)?,
        None => Vec::new(),
    };
    let mut out = out();
    for (name, feed) in &book.feeds {
        let state = match &node {
            Some(node) => State::of(node, name)?,
            None => State::default(),
        };
        let mut shown = FeedShown::of(name, feed, state);
        FeedShown::count_held(std::slice::from_mut(&mut shown), &sources);
        match global.json {
            true => json_line(&mut out, &shown)?,
            false => tell_feed(&shown, &mut out)?,
        }
    }
    if book.feeds.is_empty() && !global.json && !global.quiet {
        writeln!(out, "no feeds; `entente taxii pull URL --every 15m` stores one")?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn tell_feed(feed: &FeedShown, out: &mut impl Write) -> Result<(), Failure> {
    writeln!(
        out,
        "{}  {}  every {} s",
        safe(&feed.name),
        safe(&feed.url),
        feed.every
    )?;
    writeln!(out, "  {}: {}", feed.state.word(), safe(&feed.standing))?;
    writeln!(
        out,
        "  {} held; {} in the last reading, {} in all readings; {} refused",
        counted(feed.held.unwrap_or_default(), "object version"),
        counted(feed.new_last, "new one"),
        count(feed.new_total),
        count(feed.refused_last)
    )?;
    if let Some(why) = &feed.refusal {
        writeln!(out, "  refused: {}", short(why, 200))?;
    }
    for oddity in &feed.oddities {
        writeln!(out, "  odd: {}", safe(oddity))?;
    }
    Ok(())
}
