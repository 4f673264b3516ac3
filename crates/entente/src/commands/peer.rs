//! `entente peer`: who this node talks with over the network.

mod sync;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;

use entente_exchange::hello::Met;
use entente_node::Node;
use entente_node::party::Party;
use entente_stix::time::Timestamp;

use crate::answers::peer::{NOT_MET, PeerMet, PeerRemoved, PeerShown};
use crate::cli::{Global, Peer as Asked, PeerAdd};
use crate::commands::{json_line, out};
use crate::desk::Signing;
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::names::Names;
use crate::peers::line::{Line, address};
use crate::peers::state::State;
use crate::peers::{Book, Pinned, book, meeting};
use crate::place;
use crate::render::{count, counted, safe, table};
use crate::serve::tls;

/// Bytes of a file with a token.
const TOKEN_FILE_BYTES_MAX: u64 = 4096;

pub(crate) fn run(global: &Global, asked: &Asked) -> Result<Exit, Failure> {
    match asked {
        Asked::Add(asked) => add(global, asked),
        Asked::List(asked) if asked.removed => list_removed(global),
        Asked::List(_) => list(global),
        Asked::Sync(asked) => sync::run(global, asked),
        Asked::Pause(named) => change(global, &named.party, "paused", |book, party| {
            book.peers.get_mut(party).map(|peer| peer.paused = true)
        }),
        Asked::Resume(named) => change(global, &named.party, "resumed", |book, party| book.resume(party)),
        Asked::Remove(named) => change(global, &named.party, "removed", |book, party| {
            book.remove(party, place::now())
        }),
    }
}

/// A runtime for the command line's own conversations.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tls::install_provider();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::store(format!("cannot start talking: {error}")))
}

/// The store is only read: a running server keeps it, and takes the new peer up by itself.
fn add(global: &Global, asked: &PeerAdd) -> Result<Exit, Failure> {
    let url = address(&asked.url)?;
    let node = place::open_to_read(global)?;
    let data = place::data_folder(global)?;
    let wanted = asked
        .party
        .as_deref()
        .map(|name| known(&node, name))
        .transpose()?;
    let token = asked.token_file.as_deref().map(token).transpose()?;
    let signing = Signing::unlock(&node, global, &asked.unlock, place::now())?;
    let runtime = runtime()?;
    let line = Line::new(url.clone(), None, token.as_deref(), asked.ca.as_deref(), &data)?;
    let meeting = meeting::meet(&line, &node, &signing.unlocked.keys, wanted.as_ref());
    let (party, met) = runtime.block_on(meeting)?;
    let at = place::now();
    let before = meeting::keep(&book(&data), &party, &met, at, |peer| {
        peer.url = Some(url.to_string());
        peer.authority = asked.ca.clone().filter(|_| token.is_some());
        peer.token.clone_from(&token);
        peer.every_seconds = asked.every.or(peer.every_seconds);
    })?;
    unless_hung_up(tell_met(
        global,
        &party,
        &met,
        &line,
        url.as_str(),
        before.as_ref(),
    ))?;
    Ok(Exit::Done)
}

fn known(node: &Node, name: &str) -> Result<Party, Failure> {
    node.party(name)?.ok_or_else(|| {
        Failure::not_found(format!(
            "no party `{}` is known here; `entente party list` shows who is, `entente party add FILE` takes a card in",
            safe(name)
        ))
    })
}

fn token(path: &Path) -> Result<String, Failure> {
    let name = safe(&path.display().to_string());
    let unreadable = |error: std::io::Error| Failure::input(format!("cannot read `{name}`: {error}"));
    let file = File::open(path).map_err(unreadable)?;
    let mut line = String::new();
    BufReader::new(file.take(TOKEN_FILE_BYTES_MAX))
        .read_line(&mut line)
        .map_err(unreadable)?;
    match line.trim() {
        "" => Err(Failure::input(format!(
            "there is no token on the first line of `{name}`"
        ))),
        token => Ok(token.to_owned()),
    }
}

fn tell_met(
    global: &Global,
    party: &Party,
    met: &Met,
    line: &Line,
    url: &str,
    before: Option<&Pinned>,
) -> Result<(), Failure> {
    if global.quiet {
        return Ok(());
    }
    let mut out = out();
    let key = met.hello.key;
    let before = before.filter(|before| Some(before.key) != key);
    if global.json {
        json_line(&mut out, &PeerMet::of(party, met, line, url, before))?;
        return Ok(out.flush()?);
    }
    writeln!(out, "{} answers at {}", safe(&party.name), safe(url))?;
    let mut rows = vec![row("fingerprint of the party", party.fingerprint())];
    match (key, line.own_key()) {
        (Some(key), Some(own)) => {
            rows.push(row("its TLS key, pinned here", key.fingerprint()));
            rows.extend(before.map(|before| row("in place of", before.key.fingerprint())));
            rows.push(row("this node's TLS key, pinned there", own.fingerprint()));
        }
        _ => rows.push(row("no key pinned", "a token says who asks".to_owned())),
    }
    out.write_all(table(&rows).as_bytes())?;
    Ok(out.flush()?)
}

fn row(what: &str, value: String) -> Vec<String> {
    vec![format!("  {what}"), value]
}

fn list(global: &Global) -> Result<Exit, Failure> {
    let node = place::open_to_read(global)?;
    let (names, at) = (Names::of(&node)?, place::now());
    let book = book(&place::data_folder(global)?).read()?;
    let mut out = out();
    let mut rows = Vec::new();
    for (party, peer) in &book.peers {
        let mut state = State::of(&node, party, at)?;
        state.measure(&node, party)?;
        let shown = PeerShown::of(party, &names.name(party), peer, state);
        match global.json {
            true => json_line(&mut out, &shown)?,
            false => rows.push(shown),
        }
    }
    if !global.json {
        tell_list(&mut out, &rows, at)?;
    }
    unless_hung_up(out.flush().map_err(Failure::from))?;
    Ok(Exit::Done)
}

fn list_removed(global: &Global) -> Result<Exit, Failure> {
    let names = Names::of(&place::open_to_read(global)?)?;
    let book = book(&place::data_folder(global)?).read()?;
    let mut out = out();
    let mut rows = vec![["PEER", "REMOVED", "PARTY"].map(str::to_owned).to_vec()];
    for (party, removed) in &book.removed {
        let shown = PeerRemoved::of(party, &names.name(party), removed);
        match global.json {
            true => json_line(&mut out, &shown)?,
            false => rows.push(vec![safe(&shown.name), safe(&shown.removed), safe(&shown.party)]),
        }
    }
    match (global.json, book.removed.is_empty()) {
        (true, _) => {}
        (false, true) => writeln!(out, "no peer was removed")?,
        (false, false) => {
            out.write_all(table(&rows).as_bytes())?;
            writeln!(
                out,
                "`entente peer add URL` meets one again; `entente peer resume PARTY` lets it introduce itself"
            )?;
        }
    }
    unless_hung_up(out.flush().map_err(Failure::from))?;
    Ok(Exit::Done)
}

fn tell_list(out: &mut impl std::io::Write, peers: &[PeerShown], at: Timestamp) -> Result<(), Failure> {
    if peers.is_empty() {
        writeln!(out, "no peers yet; `entente peer add URL` meets one")?;
        return Ok(());
    }
    let heading = [
        "PEER",
        "STANDING",
        "LAST SUCCESS",
        "LAG",
        "QUEUE",
        "PARKED",
        "ADDRESS",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for peer in peers {
        let state = &peer.state;
        rows.push(vec![
            safe(&peer.name),
            match peer.standing {
                "waiting" => format!("waiting: {}", count(state.queue)),
                standing => standing.to_owned(),
            },
            state
                .succeeded
                .as_deref()
                .map_or_else(|| "never".to_owned(), |then| ago(then, at)),
            count(state.lag),
            count(state.queue),
            count(state.parked),
            safe(peer.url.as_deref().unwrap_or("-")),
        ]);
    }
    out.write_all(table(&rows).as_bytes())?;
    for peer in peers {
        if let Some(error) = &peer.state.error {
            writeln!(out, "{}: {}", safe(&peer.name), safe(error))?;
        }
        if peer.standing == NOT_MET {
            writeln!(
                out,
                "{}: {} there for it, and it does not ask here: the other side must add this node too, with `entente peer add` \
                 and this node's address",
                safe(&peer.name),
                counted(peer.state.queue, "entry")
            )?;
        }
    }
    Ok(())
}

/// How long ago, roughly.
fn ago(then: &str, at: Timestamp) -> String {
    let Ok(then) = Timestamp::parse(then) else {
        return safe(then);
    };
    let seconds = at.micros().saturating_sub(then.micros()) / 1_000_000;
    match seconds {
        ..0 => "in the future".to_owned(),
        0..120 => format!("{seconds} s ago"),
        120..7200 => format!("{} min ago", seconds / 60),
        7200..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// Changes a peer that is known, and says what was done.
fn change(
    global: &Global,
    name: &str,
    done: &str,
    change: impl FnOnce(&mut Book, &str) -> Option<()>,
) -> Result<Exit, Failure> {
    let node = place::open_to_read(global)?;
    let party = known(&node, name)?;
    book(&place::data_folder(global)?).change(|book| {
        change(book, &party.id).ok_or_else(|| {
            Failure::not_found(format!(
                "{} is no peer; `entente peer list` shows those that are, `--removed` those that were",
                safe(&party.name)
            ))
        })
    })?;
    if !global.quiet {
        let mut out = out();
        match global.json {
            true => json_line(&mut out, &serde_json::json!({"party": party.id, "done": done}))?,
            false => writeln!(out, "{} is {done}", safe(&party.name))?,
        }
        unless_hung_up(out.flush().map_err(Failure::from))?;
    }
    Ok(Exit::Done)
}
