//! `entente peer sync`: conversations now.

use std::io::Write as _;
use std::path::Path;

use entente_exchange::{Account, Error};

use super::{known, runtime};
use crate::answers::bundle::alarm_words;
use crate::answers::peer::PeerSynced;
use crate::cli::{Global, PeerSync};
use crate::commands::bundle::taken_words;
use crate::commands::{json_line, out};
use crate::desk::Seat;
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::names::Names;
use crate::peers::line::{Line, LineError};
use crate::peers::state::State;
use crate::peers::{Peer, book, talk};
use crate::place;
use crate::progress::Progress;
use crate::render::{counted, safe};

pub(super) fn run(global: &Global, asked: &PeerSync) -> Result<Exit, Failure> {
    let data = place::data_folder(global)?;
    let peers = chosen(global, asked, &data)?;
    if let Some(exit) = left_to_server(global, &data, &peers)? {
        return Ok(exit);
    }
    let seat = Seat::take(global, &asked.unlock)?;
    let names = Names::of(&seat.node)?;
    let runtime = runtime()?;
    let mut exit = Exit::Done;
    let mut failed = None;
    for (party, peer) in &peers {
        match talk(&seat, &data, party, peer, &runtime, global) {
            Ok(account) => {
                if account.logs.values().any(|log| log.parked > 0) || !account.refused.is_empty() {
                    exit = Exit::BadInput;
                }
                unless_hung_up(tell(global, party, &account, &names))?;
            }
            // One that does not answer is told at once, and the others are asked all the same.
            Err(failure) if peers.len() > 1 => {
                eprintln!("entente: {}: {}", names.name(party), safe(&failure.message));
                failed = Some(failure.exit);
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(failed.unwrap_or(exit))
}

/// The peers that are meant.
fn chosen(global: &Global, asked: &PeerSync, data: &Path) -> Result<Vec<(String, Peer)>, Failure> {
    let node = place::open_to_read(global)?;
    let book = book(data).read()?;
    let Some(name) = &asked.party else {
        let all: Vec<_> = book
            .asked()
            .map(|(party, peer)| (party.clone(), peer.clone()))
            .collect();
        return match all.is_empty() {
            true => Err(Failure::not_found(
                "there is no peer to talk with; `entente peer add URL` meets one",
            )),
            false => Ok(all),
        };
    };
    let party = known(&node, name)?;
    let peer = book.peers.get(&party.id).cloned();
    let peer = peer.ok_or_else(|| {
        Failure::not_found(format!(
            "{} is no peer; `entente peer add URL` meets it",
            safe(&party.name)
        ))
    })?;
    if peer.paused {
        return Err(Failure::refused(format!(
            "{} is paused; `entente peer resume` goes on with it",
            safe(&party.name)
        )));
    }
    Ok(vec![(party.id, peer)])
}

/// Where a server keeps the store, it is asked to talk at once.
fn left_to_server(global: &Global, data: &Path, peers: &[(String, Peer)]) -> Result<Option<Exit>, Failure> {
    let Some(holder) = place::writer(global)? else {
        return Ok(None);
    };
    let at = place::now().to_string();
    book(data).change(|book| {
        for (party, _) in peers {
            if let Some(peer) = book.peers.get_mut(party) {
                peer.wanted = Some(at.clone());
            }
        }
        Ok::<_, Failure>(())
    })?;
    if !global.quiet {
        eprintln!(
            "process {holder} uses this node: if it is `entente serve`, it talks with them now; `entente peer list` shows how it went"
        );
    }
    Ok(Some(Exit::Done))
}

fn talk(
    seat: &Seat,
    data: &Path,
    party: &str,
    peer: &Peer,
    runtime: &tokio::runtime::Runtime,
    global: &Global,
) -> Result<Account, Failure> {
    let began = place::now();
    let mut state = State::of(&seat.node, party, began)?;
    state.tried = Some(began.to_string());
    peer.require_counting(&seat.node, party)?;
    let line = Line::to(peer, data)?;
    let progress = Progress::bytes(None, global.quiet || global.json);
    let mut broken: Option<LineError> = None;
    let synced = entente_exchange::sync(&seat.node, party, &seat.desk(), &mut |question| match runtime
        .block_on(talk::carry(&line, question))
    {
        Ok(answer) => {
            progress.advance(answer.len() as u64);
            Ok(answer)
        }
        Err(error) => {
            let told = error.to_string();
            broken = Some(error);
            Err(told)
        }
    });
    progress.clear();
    let synced = synced.map_err(|error| match (error, broken) {
        (Error::Transport(_), Some(broken)) => broken.into(),
        (error, _) => talk::failure(error),
    });
    match &synced {
        Ok(account) => state.succeed(account, place::now()),
        Err(failure) => state.fail(&failure.message, &Account::default(), None),
    }
    state.measure(&seat.node, party)?;
    state.keep(&seat.node, party, place::now())?;
    synced
}

fn tell(global: &Global, party: &str, account: &Account, names: &Names) -> Result<(), Failure> {
    let mut out = out();
    if global.json {
        json_line(&mut out, &PeerSynced::of(party, &names.name(party), account))?;
        return Ok(out.flush()?);
    }
    for alarm in &account.alarms {
        writeln!(out, "ALARM: {}", alarm_words(alarm))?;
    }
    for (subject, why) in &account.refused {
        writeln!(out, "refused  {}: {}", safe(subject), safe(why))?;
    }
    for (log, why) in &account.withheld {
        writeln!(out, "not told  {}: {}", safe(log), safe(why))?;
    }
    if global.quiet {
        return Ok(out.flush()?);
    }
    // Receipts are given again each time: they are small, and one may have got lost.
    let is_quiet = account.logs.is_empty() && account.acts + account.cosignatures == 0;
    writeln!(
        out,
        "{}{}",
        names.name(party),
        if is_quiet { ": nothing new" } else { "" }
    )?;
    for log in account.logs.values() {
        writeln!(out, "  {}", taken_words(log))?;
    }
    for (number, what, where_to) in [
        (account.acts, "statement", "about keys and agreements came"),
        (account.receipts, "receipt", "went there"),
        (
            account.cosignatures,
            "cosignature",
            "of its own logs' heads came back",
        ),
    ] {
        if number > 0 && !is_quiet {
            writeln!(out, "  {} {where_to}", counted(number, what))?;
        }
    }
    Ok(out.flush()?)
}
