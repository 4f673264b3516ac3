//! `entente bundle`: what would be told in a conversation, in a file that somebody carries.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use age::secrecy::ExposeSecret as _;
use entente_exchange::bundle::{self, Account, From, Order, Written};
use entente_node::party::Party;
use entente_node::reading::TakenIn;
use entente_stix::time::Timestamp;

use crate::answers::bundle::{BundleTaken, BundleWritten, alarm_words, failure, only_agreement};
use crate::cli::{Bundle, BundleFrom, BundleRead, BundleWrite, Global};
use crate::commands::{json_line, out};
use crate::desk::Seat;
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::names::Names;
use crate::render::{count, counted, safe};
use crate::{outputs, place};

const DAY_MICROS: i64 = 86_400_000_000;

pub(crate) fn run(global: &Global, asked: &Bundle) -> Result<Exit, Failure> {
    match asked {
        Bundle::Write(asked) => write(global, asked),
        Bundle::Read(asked) => read(global, asked),
    }
}

fn write(global: &Global, asked: &BundleWrite) -> Result<Exit, Failure> {
    if asked.output.as_os_str() == "-" {
        return Err(Failure::usage(
            "a bundle goes into a file, which appears whole or not at all: name one with `-o FILE`",
        ));
    }
    place::require_outside(global, Some(&asked.output))?;
    let seat = Seat::take(global, &asked.unlock)?;
    let desk = seat.desk();
    let party = seat.node.party(&asked.to)?.ok_or_else(|| unknown(&asked.to))?;
    let agreement = match &asked.agreement {
        Some(agreement) => agreement.clone(),
        None => only_agreement(&seat.node, &party, desk.at)?,
    };
    let order = Order {
        party: &party.id,
        agreement: &agreement,
        from: match asked.from {
            BundleFrom::Receipts => From::Receipts,
            BundleFrom::LastBundle => From::LastBundle,
            BundleFrom::Beginning => From::Beginning,
        },
        give_back: asked.give_back,
        until: Timestamp::from_micros(
            desk.at
                .micros()
                .saturating_add(i64::from(asked.days) * DAY_MICROS),
        ),
    };
    let written = outputs::into(&asked.output, |out| {
        bundle::write(&seat.node, &order, &desk, out).map_err(failure)
    })?;
    unless_hung_up(tell_written(global, &asked.output, &party, &agreement, &written))?;
    Ok(Exit::Done)
}

fn unknown(party: &str) -> Failure {
    Failure::not_found(format!(
        "no party `{}` is known here; `entente party list` shows who is",
        safe(party)
    ))
}

fn tell_written(
    global: &Global,
    path: &Path,
    party: &Party,
    agreement: &str,
    written: &Written,
) -> Result<(), Failure> {
    if global.quiet {
        return Ok(());
    }
    let header = &written.header;
    let mut out = out();
    if global.json {
        let path = path.display().to_string();
        json_line(&mut out, &BundleWritten::of(path, party, agreement, written))?;
    } else {
        writeln!(
            out,
            "{}  {} to {} under `{}`, number {}; counts until {}",
            safe(&path.display().to_string()),
            counted(written.entries, "log entry"),
            safe(&party.name),
            safe(agreement),
            count(header.number),
            header.until
        )?;
    }
    Ok(out.flush()?)
}

fn read(global: &Global, asked: &BundleRead) -> Result<Exit, Failure> {
    let seat = Seat::take(global, &asked.unlock)?;
    let mut exit = Exit::Done;
    for path in &asked.files {
        let name = safe(&path.display().to_string());
        let opened = File::open(path);
        let mut file = opened.map_err(|error| Failure::input(format!("cannot read `{name}`: {error}")))?;
        let secret = seat.signing.unlocked.age.expose_secret();
        let account = bundle::read(&seat.node, &seat.desk(), secret, &mut file).map_err(|error| {
            let failure = failure(error);
            Failure {
                message: format!("`{name}`: {}", failure.message),
                ..failure
            }
        })?;
        if account.logs.values().any(|log| log.parked > 0) || !account.refused.is_empty() {
            exit = Exit::BadInput;
        }
        let names = Names::of(&seat.node)?;
        unless_hung_up(tell_read(global, path, &account, &names))?;
    }
    Ok(exit)
}

fn tell_read(global: &Global, path: &Path, account: &Account, names: &Names) -> Result<(), Failure> {
    let mut out = out();
    if global.json {
        json_line(&mut out, &BundleTaken::of(path.display().to_string(), account))?;
        return Ok(out.flush()?);
    }
    for alarm in &account.alarms {
        writeln!(out, "ALARM: {}", alarm_words(alarm))?;
    }
    for (subject, why) in &account.refused {
        writeln!(out, "refused  {}: {}", safe(subject), safe(why))?;
    }
    if global.quiet {
        return Ok(out.flush()?);
    }
    let header = &account.header;
    writeln!(
        out,
        "from {} under `{}`, number {}{}",
        names.name(&header.issuer),
        safe(&header.agreement),
        count(header.number),
        if account.is_old() {
            ": nothing that is not held already"
        } else {
            ""
        }
    )?;
    for log in account.logs.values() {
        writeln!(out, "  {}", taken_words(log))?;
    }
    if account.acts > 0 {
        writeln!(
            out,
            "  {} about keys and agreements",
            counted(account.acts, "statement")
        )?;
    }
    if account.receipts > 0 {
        writeln!(
            out,
            "  {} for what was released from here",
            counted(account.receipts, "receipt")
        )?;
    }
    Ok(out.flush()?)
}

/// What became of a log's entries, as a sentence.
pub(super) fn taken_words(log: &TakenIn) -> String {
    let mut words = counted(log.held.saturating_sub(log.before), "new entry");
    for (number, what) in [
        (log.stored, "stored"),
        (log.known, "known already"),
        (log.recalled, "recalled"),
        (log.proposals, "kept beside as proposals (another's to change)"),
        (log.parked, "parked with a reason"),
        (log.erased, "no longer told"),
    ] {
        if number > 0 {
            words.push_str(&format!(", {} {what}", count(number)));
        }
    }
    if log.held < log.size {
        words.push_str(&format!("; {} more are signed", count(log.size - log.held)));
    } else {
        words.push_str("; everything up to the signed head is held");
    }
    words
}
