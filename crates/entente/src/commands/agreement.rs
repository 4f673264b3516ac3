//! `entente agreement`: drafts, signatures, and what parties say about an agreement afterwards.

mod explain;
mod show;

use std::io::Write;

use entente_node::Node;
use entente_node::acts::{self, Fate, Kind, Taken};
use entente_node::pact::Pact;
use entente_stix::time::Timestamp;

use crate::answers::agreement::{
    ActTaken, AgreementShown, DraftTaken, SignedNow, ToSign, WouldSign, require_id, say_so, sayable,
    signable, template,
};
use crate::answers::party::named;
use crate::cli::{self, AgreementAdd, AgreementNew, AgreementSign, AgreementWord, Doing, Global};
use crate::commands::party::{give, in_file, read, shown};
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

/// A document to begin with, for a year from today (UTC).
fn new(global: &Global, asked: &AgreementNew) -> Result<Exit, Failure> {
    require_new(asked)?;
    let node = place::open_to_read(global)?;
    let text = template(&node, &asked.id, &asked.parties, place::now())?;
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
    require_id(&asked.id)?;
    match asked.output.as_deref() {
        Some(path) if path.as_os_str() != "-" && path.is_file() => Err(Failure::usage(format!(
            "`{}` is there already, and may have been edited; name another file, or move that one away",
            path.display()
        ))),
        _ => Ok(()),
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
    let would = signable(&node, &asked.id, asked.number, at)?;
    if asked.act.dry_run {
        return tell_would(global, would);
    }
    let unlocked = unlock(global, &asked.act, &node, at)?;
    let pact = say_so(&node, &would, &unlocked.keys, at)?;
    done(global, &asked.act, &node, &pact)
}

fn say(global: &Global, asked: &AgreementWord, kind: Kind) -> Result<Exit, Failure> {
    place::require_outside(global, asked.act.output.as_deref())?;
    let node = place::open_existing_to_write(global)?;
    let at = place::now();
    let would = sayable(&node, &asked.id, kind, at)?;
    if asked.act.dry_run {
        return tell_would(global, would);
    }
    let unlocked = unlock(global, &asked.act, &node, at)?;
    let pact = say_so(&node, &would, &unlocked.keys, at)?;
    done(global, &asked.act, &node, &pact)
}

fn unlock(global: &Global, act: &Doing, node: &Node, at: Timestamp) -> Result<Unlocked, Failure> {
    let me = named(node, None)?;
    let vault = Vault::new(&place::data_folder(global)?, &me.id);
    vault.unlock(&me, &Passphrase::given(&act.unlock)?, at)
}

fn tell_would(global: &Global, would_sign: ToSign) -> Result<Exit, Failure> {
    let mut out = out();
    if global.json {
        json_line(&mut out, &WouldSign { would_sign })?;
    } else {
        let digest = if would_sign.digest.is_empty() {
            String::new()
        } else {
            format!(", digest {}", would_sign.digest)
        };
        let (act, version, id) = (&would_sign.act, would_sign.version, &would_sign.agreement);
        writeln!(out, "would sign: {act}, version {version} of `{id}`{digest}")?;
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
