//! `entente agreement`: drafts, signatures, and what parties say about an agreement afterwards.

mod explain;
mod show;

use std::collections::BTreeMap;
use std::io::Write;

use entente_node::Node;
use entente_node::acts::{self, Fate, Kind, Taken};
use entente_node::pact::Pact;
use entente_policy::agreement::{Agreement, Member};
use entente_stix::time::Timestamp;

use crate::answers::agreement::{ActTaken, AgreementShown, DraftTaken, SignedNow, ToSign, WouldSign};
use crate::answers::hex;
use crate::cli::{self, AgreementAdd, AgreementNew, AgreementSign, AgreementWord, Doing, Global};
use crate::commands::party::{give, in_file, named, read, shown};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::keys::{Passphrase, Unlocked, Vault};
use crate::place;
use crate::render::safe;

pub(crate) fn run(global: &Global, asked: &cli::Agreement) -> Result<Exit, Failure> {
    match asked {
        cli::Agreement::New(asked) => new(global, asked),
        cli::Agreement::Add(asked) => add(global, asked),
        cli::Agreement::Show(asked) => show::run(global, asked),
        cli::Agreement::List => show::list(global),
        cli::Agreement::Sign(asked) => sign(global, asked),
        cli::Agreement::Suspend(asked) => say(global, asked, Kind::Suspension),
        cli::Agreement::Resume(asked) => say(global, asked, Kind::Resumption),
        cli::Agreement::Explain(asked) => explain::run(global, asked),
        cli::Agreement::Leave(asked) => say(global, asked, Kind::Leaving),
    }
}

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A document to begin with, for a year from today (UTC).
fn new(global: &Global, asked: &AgreementNew) -> Result<Exit, Failure> {
    require_new(asked)?;
    let node = place::open_to_read(global)?;
    let parties = if asked.parties.is_empty() {
        node.parties()?
    } else {
        let names = asked.parties.iter();
        names
            .map(|name| named(&node, Some(name)))
            .collect::<Result<Vec<_>, _>>()?
    };
    if parties.len() < 2 {
        return Err(Failure::usage(
            "an agreement needs two parties at least; take the card of another in with `entente party add FILE`, and name who takes part with `--party`, this node's own party included",
        ));
    }
    let mut taken = BTreeMap::new();
    let members: Vec<Member> = parties
        .iter()
        .map(|party| Member {
            name: short_name(&party.name, &mut taken),
            identity: party.id.clone(),
            root_key: party.root.to_string(),
        })
        .collect();
    let midnight = place::now().micros().div_euclid(DAY) * DAY;
    let day = |days: i64| Timestamp::from_micros(midnight + days * DAY);
    let text = Agreement::template(&asked.id, &members, day(0), day(365));
    if let Err(faults) = Agreement::read(&text) {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        return Err(Failure::usage(format!(
            "no document was written, since it could not be taken in: {}",
            faults.join("\n")
        )));
    }
    give(global, asked.output.as_deref(), &text)?;
    if asked.output.is_some() && !global.quiet {
        eprintln!(
            "wrote {}; edit it, then `entente agreement add FILE` and `entente agreement sign {}`",
            shown(&asked.output),
            safe(&asked.id)
        );
    }
    Ok(Exit::Done)
}

/// What can be told before anything is read: the name of the agreement, and a file that would be lost.
fn require_new(asked: &AgreementNew) -> Result<(), Failure> {
    let may_be = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if asked.id.is_empty() || asked.id.len() > 64 || !asked.id.chars().all(may_be) {
        return Err(Failure::usage(format!(
            "`{}` cannot name an agreement; take 1 to 64 of the characters a-z, 0-9 and -",
            safe(&asked.id)
        )));
    }
    match asked.output.as_deref() {
        Some(path) if path.as_os_str() != "-" && path.is_file() => Err(Failure::usage(format!(
            "`{}` is there already, and may have been edited; name another file, or move that one away",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// How the clauses may call a party: its name in the letters that they allow, each only once.
fn short_name(name: &str, taken: &mut BTreeMap<String, u32>) -> String {
    let words: Vec<String> = name
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let mut short: String = words.join("-").chars().take(56).collect();
    if short.is_empty() {
        short = "party".to_owned();
    }
    let times = taken.entry(short.clone()).or_insert(0);
    *times += 1;
    match *times {
        1 => short,
        times => format!("{short}-{times}"),
    }
}

/// Takes in a document, or what another party handed over.
fn add(global: &Global, asked: &AgreementAdd) -> Result<Exit, Failure> {
    let text = read(&asked.file)?;
    let at = place::now();
    let node = place::open_to_write(global)?;
    let failing = |error| in_file(&asked.file, error);
    if !acts::file::is_file(&text) {
        let pact = if asked.replace {
            node.replace_draft(&text, at)
        } else {
            node.draft(&text, at)
        };
        let pact = pact.map_err(failing)?;
        let names = show::Names::of(&node)?;
        node.close()?;
        let mut out = out();
        if global.json {
            let taken = AgreementShown::from(&pact);
            json_line(&mut out, &DraftTaken { taken })?;
        } else if !global.quiet {
            let id = &pact.agreement.id;
            let later = pact.pending.as_ref();
            let shown = later.map_or_else(|| id.clone(), |(later, _)| format!("{id} {later}"));
            writeln!(
                out,
                "`{id}` is taken in; read it once more with `entente agreement show {shown}`, sign it with `entente agreement sign {id} -o FILE`"
            )?;
            tell_pending(&names, &pact, &mut out)?;
        }
        out.flush()?;
        return Ok(Exit::Done);
    }
    let taken = if asked.replace {
        node.replace_from_pact_file(&text, at)
    } else {
        node.take_pact_file(&text, at)
    };
    let taken = taken.map_err(failing)?;
    tell_taken(global, &node, &taken, at)?;
    node.close()?;
    let refused = taken.iter().any(|taken| matches!(taken.fate, Fate::Refused(_)));
    Ok(if refused { Exit::BadInput } else { Exit::Done })
}

fn tell_taken(global: &Global, node: &Node, taken: &[Taken], at: Timestamp) -> Result<(), Failure> {
    let names = show::Names::of(node)?;
    let mut out = out();
    for item in taken {
        let told = ActTaken::from(item);
        if global.json {
            json_line(&mut out, &told)?;
            continue;
        }
        let reason = told.reason;
        // Keys of a party whose card is refused say nothing more than the card does.
        let follows =
            item.kind == Kind::Keys && matches!(item.fate, Fate::Refused(acts::Refusal::UnknownParty { .. }));
        if item.fate == Fate::Known || follows || (global.quiet && reason.is_none()) {
            continue;
        }
        let by = item
            .by
            .as_deref()
            .map(|by| format!(" of {}", names.name(by)))
            .unwrap_or_default();
        match reason {
            None => writeln!(out, "taken in: {}{by}", item.kind.name())?,
            Some(reason) => writeln!(out, "refused: {}{by}: {}", item.kind.name(), safe(&reason))?,
        }
    }
    if !global.json && !global.quiet {
        if taken.iter().all(|item| item.fate == Fate::Known) {
            writeln!(out, "nothing new in it")?;
        }
        let ids: std::collections::BTreeSet<&str> = taken
            .iter()
            .filter(|item| !matches!(item.kind, Kind::Party | Kind::Keys))
            .map(|item| item.subject.as_str())
            .collect();
        for id in ids {
            if let Some(pact) = node.pact(id, at)? {
                writeln!(out, "{}", names.standing(&pact))?;
                tell_pending(&names, &pact, &mut out)?;
            }
        }
    }
    Ok(out.flush()?)
}

/// Says that a later version waits, and how to read it.
fn tell_pending(names: &show::Names, pact: &Pact, out: &mut impl Write) -> Result<(), Failure> {
    if let (Some(waits), Some((later, _))) = (names.pending(pact), &pact.pending) {
        let id = &pact.agreement.id;
        writeln!(out, "{waits}: `entente agreement show {id} {later}`")?;
    }
    Ok(())
}

fn sign(global: &Global, asked: &AgreementSign) -> Result<Exit, Failure> {
    place::require_outside(global, asked.act.output.as_deref())?;
    let node = place::open_existing_to_write(global)?;
    let at = place::now();
    let pact = known(&node, &asked.id, at)?;
    let version = match asked.number {
        Some(number) => pact.version(number),
        None => pact.newest(),
    };
    let version = version.ok_or_else(|| entente_node::Error::UnknownAgreement {
        agreement: asked.id.clone(),
        version: asked.number,
    })?;
    let me = named(&node, None)?;
    let number = version.agreement.version;
    if version.agreement.member_of(&me.id).is_none() {
        return Err(Failure::refused(format!(
            "`{}` is not a party to version {number} of `{}`, so it has nothing to sign there",
            safe(&me.name),
            asked.id
        )));
    }
    if asked.act.dry_run {
        return would(global, &asked.id, number, "signature", &hex(&version.digest));
    }
    let unlocked = unlock(global, &asked.act, &node, at)?;
    let pact = refusing(node.sign(&asked.id, number, &unlocked.keys, at))?;
    done(global, &asked.act, &node, &pact)
}

fn say(global: &Global, asked: &AgreementWord, kind: Kind) -> Result<Exit, Failure> {
    place::require_outside(global, asked.act.output.as_deref())?;
    let node = place::open_existing_to_write(global)?;
    let at = place::now();
    let pact = known(&node, &asked.id, at)?;
    let me = named(&node, None)?;
    if kind == Kind::Resumption && !pact.suspended.contains_key(&me.id) {
        return Err(Failure::refused(format!(
            "this node's party has not suspended `{}`; who suspended it must resume it (`entente agreement show {}`)",
            asked.id, asked.id
        )));
    }
    if asked.act.dry_run {
        return would(global, &asked.id, pact.agreement.version, kind.name(), "");
    }
    let unlocked = unlock(global, &asked.act, &node, at)?;
    let said = match kind {
        Kind::Suspension => node.suspend(&asked.id, &unlocked.keys, at),
        Kind::Resumption => node.resume(&asked.id, &unlocked.keys, at),
        _ => node.leave(&asked.id, &unlocked.keys, at),
    };
    let pact = refusing(said)?;
    done(global, &asked.act, &node, &pact)
}

fn known(node: &Node, id: &str, at: Timestamp) -> Result<Pact, Failure> {
    let unknown = || entente_node::Error::UnknownAgreement {
        agreement: id.to_owned(),
        version: None,
    };
    Ok(node.pact(id, at)?.ok_or_else(unknown)?)
}

fn unlock(global: &Global, act: &Doing, node: &Node, at: Timestamp) -> Result<Unlocked, Failure> {
    let me = named(node, None)?;
    let vault = Vault::new(&place::data_folder(global)?, &me.id);
    vault.unlock(&me, &Passphrase::given(&act.unlock)?, at)
}

/// What may not be signed is refused, which is another thing than a bad file.
fn refusing(done: Result<Pact, entente_node::Error>) -> Result<Pact, Failure> {
    match done {
        Err(entente_node::Error::Act(refusal)) => Err(Failure::refused(refusal)),
        done => Ok(done?),
    }
}

fn would(global: &Global, id: &str, version: u32, what: &str, digest: &str) -> Result<Exit, Failure> {
    let mut out = out();
    if global.json {
        let would_sign = ToSign {
            act: what.to_owned(),
            agreement: id.to_owned(),
            version,
            digest: digest.to_owned(),
        };
        json_line(&mut out, &WouldSign { would_sign })?;
    } else {
        let digest = if digest.is_empty() {
            String::new()
        } else {
            format!(", digest {digest}")
        };
        writeln!(out, "would sign: {what}, version {version} of `{id}`{digest}")?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn done(global: &Global, act: &Doing, node: &Node, pact: &Pact) -> Result<Exit, Failure> {
    let id = &pact.agreement.id;
    if act.output.is_some() {
        give(global, act.output.as_deref(), &node.pact_file(id)?)?;
    }
    let mut out = out();
    let to_stdout = act.output.as_ref().is_some_and(|path| path.as_os_str() == "-");
    if global.json && !to_stdout {
        let signed = AgreementShown::from(pact);
        json_line(&mut out, &SignedNow { signed })?;
    } else if !global.quiet && !to_stdout {
        let names = show::Names::of(node)?;
        writeln!(out, "{}", names.standing(pact))?;
        tell_pending(&names, pact, &mut out)?;
        match &act.output {
            Some(_) => writeln!(
                out,
                "hand {} to the others; they take it in with `entente agreement add FILE`",
                shown(&act.output)
            )?,
            None => writeln!(
                out,
                "to hand it to the others: `entente agreement show {id} --file`"
            )?,
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parties_become_names_that_clauses_allow() {
        let mut taken = BTreeMap::new();
        let mut short = |name: &str| short_name(name, &mut taken);
        assert_eq!(short("CERT Österreich (AT)"), "cert-sterreich-at");
        assert_eq!(short("Energie 24"), "energie-24");
        assert_eq!(short("energie 24"), "energie-24-2");
        assert_eq!(short("国家"), "party");
        assert_eq!(short("國家"), "party-2");
    }
}
