//! `entente party`: this node as a party, the cards of others, and keys.

mod keys;

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use entente_node::Node;
use entente_node::limits::ACTS_FILE_BYTES_MAX;
use entente_node::party::Party;
use entente_stix::time::Timestamp;

use crate::answers::party::{Founded, Met, PartyShown, named};
use crate::cli::{self, Global, PartyAdd, PartyCard, Unlock};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::keys::{Passphrase, Vault};
use crate::outputs;
use crate::place;
use crate::render::{safe, table};

pub(crate) fn run(global: &Global, asked: &cli::Party) -> Result<Exit, Failure> {
    match asked {
        cli::Party::Add(asked) => match &asked.name {
            Some(name) => found(global, name, asked),
            None => meet(global, asked),
        },
        cli::Party::List => list(global),
        cli::Party::Keys(asked) => keys::run(global, asked),
        cli::Party::Card(asked) => card(global, asked),
    }
}

/// Makes this node a party. The keys are durable before anything is signed with them.
fn found(global: &Global, name: &str, asked: &PartyAdd) -> Result<Exit, Failure> {
    // No key is made for a name that cannot be one.
    entente_node::party::require_name(name)?;
    let node = place::open_to_write(global)?;
    if let Some(me) = node.me()? {
        return Err(entente_node::Error::Founded { name: me.name }.into());
    }
    let vault = Vault::new(&place::data_folder(global)?, &place::identity(&node)?);
    let passphrase = Passphrase::new(&asked.unlock)?;
    let made = vault.make(&passphrase, asked.root_out.as_deref())?;
    let party = node.found(name, &made.keys, &made.recipient, place::now())?;
    node.close()?;
    let mut out = out();
    if global.json {
        let founded = PartyShown::of(&party, place::now());
        json_line(&mut out, &Founded { founded })?;
    } else if !global.quiet {
        writeln!(out, "this node is now the party {}", safe(&party.name))?;
        write!(out, "{}", about(&party))?;
        let root = asked.root_out.clone().unwrap_or_else(|| vault.root_file());
        writeln!(
            out,
            "\nIts keys are kept under your passphrase; keep a copy of both files elsewhere, nobody can make them again:\n  {}\n  {}  (root key: only for new keys; `entente party keys --root-out FILE` moves it offline)",
            vault.instance_file().display(),
            root.display()
        )?;
        writeln!(
            out,
            "\nNext: `entente party card -o FILE` writes the card to hand to others"
        )?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Takes in cards of others, and key lists of one's own that were signed elsewhere.
fn meet(global: &Global, asked: &PartyAdd) -> Result<Exit, Failure> {
    let at = place::now();
    let mut met: Vec<Party> = Vec::new();
    let node = if asked.dry_run {
        place::open_for_dry_run(global)?
    } else {
        (place::open_to_write(global)?, None)
    };
    let (node, _folder) = node;
    let mut refused = None;
    for file in &asked.files {
        let taken = read(file).and_then(|text| {
            let taken = if asked.dry_run {
                node.would_meet_each(&text, at)
            } else {
                node.meet_each(&text, at)
            };
            taken.map_err(|error| in_file(file, error))
        });
        match taken {
            Ok((parties, refusal)) => {
                met.extend(parties);
                refused = refusal.map(|refusal| in_file(file, refusal.into()));
            }
            Err(failure) => refused = Some(failure),
        }
        if refused.is_some() {
            break;
        }
    }
    let mut again = Ok(0);
    if !asked.dry_run && met.iter().any(|party| party.is_self) {
        again = sign_again(global, &node, &asked.unlock, at);
    }
    node.close()?;
    // Who was taken in is told in any case: their fingerprints are to be compared.
    tell_met(global, asked, &met, at)?;
    if let Some(failure) = refused {
        return Err(failure);
    }
    match again {
        Ok(0) => Ok(Exit::Done),
        Ok(signed) => {
            if !global.quiet && !global.json {
                eprintln!(
                    "signed again with the new key: {}",
                    crate::render::counted(signed, "agreement")
                );
            }
            Ok(Exit::Done)
        }
        Err(failure) => Err(failure),
    }
}

fn tell_met(global: &Global, asked: &PartyAdd, met: &[Party], at: Timestamp) -> Result<(), Failure> {
    let mut out = out();
    for party in met {
        if global.json {
            let met = PartyShown::of(party, at);
            let stored = !asked.dry_run;
            json_line(&mut out, &Met { met, stored })?;
            continue;
        }
        if global.quiet {
            continue;
        }
        let what = match (asked.dry_run, party.is_self) {
            (true, _) => "not stored, only read",
            (false, true) => "this node's own party",
            (false, false) => "known now",
        };
        writeln!(out, "{}  ({what})", safe(&party.name))?;
        write!(out, "{}", about(party))?;
    }
    if !global.json && !global.quiet && met.iter().any(|party| !party.is_self) {
        writeln!(
            out,
            "\nCompare the fingerprint with the party itself by another way, on the phone or in person, before you sign anything with it: a file can be exchanged underway."
        )?;
    }
    Ok(out.flush()?)
}

/// What was signed with a key that gave way is signed with the one that took its place.
fn sign_again(global: &Global, node: &Node, unlock: &Unlock, at: Timestamp) -> Result<u64, Failure> {
    let me = node.me()?.ok_or(entente_node::Error::NotFounded)?;
    if !node.has_signed()? {
        return Ok(0);
    }
    let vault = Vault::new(&place::data_folder(global)?, &me.id);
    let unlocked = vault.unlock(&me, &Passphrase::given(unlock)?, at)?;
    Ok(node.sign_again(&unlocked.keys, at)?)
}

fn list(global: &Global) -> Result<Exit, Failure> {
    let node = place::open_to_read(global)?;
    let at = place::now();
    let parties = node.parties()?;
    let mut out = out();
    if global.json {
        for party in &parties {
            json_line(&mut out, &PartyShown::of(party, at))?;
        }
    } else {
        let rows: Vec<Vec<String>> = parties.iter().map(|party| row(party, at)).collect();
        write!(out, "{}", table(&rows))?;
        if parties.is_empty() && !global.quiet {
            eprintln!(
                "nobody is known yet; `entente party add --self NAME` makes this node a party, `entente party add FILE` takes the card of another in"
            );
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn row(party: &Party, at: Timestamp) -> Vec<String> {
    let until = party
        .keys
        .iter()
        .filter(|key| key.is_valid(at))
        .map(|key| key.until)
        .max();
    vec![
        safe(&party.name),
        party.id.clone(),
        party.fingerprint(),
        until.map_or("no key that counts".to_owned(), |until| {
            format!("keys until {until}")
        }),
        if party.is_self { "this node" } else { "" }.to_owned(),
    ]
}

fn card(global: &Global, asked: &PartyCard) -> Result<Exit, Failure> {
    let node = place::open_to_read(global)?;
    let party = named(&node, asked.party.as_deref())?;
    let card = node.card(&party.id)?;
    give(global, asked.output.as_deref(), &card)?;
    if asked
        .output
        .as_deref()
        .is_some_and(|path| path.as_os_str() != "-")
        && !global.quiet
    {
        eprintln!(
            "the card of {}; its fingerprint, to be told by another way: {}",
            safe(&party.name),
            party.fingerprint()
        );
    }
    Ok(Exit::Done)
}

/// What a party is recognised by.
fn about(party: &Party) -> String {
    table(&[
        vec!["  id".to_owned(), party.id.clone()],
        vec!["  root key".to_owned(), party.root.to_string()],
        vec!["  fingerprint".to_owned(), party.fingerprint()],
    ])
}

/// A small file of text, or standard input; bounded before it is read.
pub(super) fn read(file: &Path) -> Result<String, Failure> {
    let failing =
        |error: std::io::Error| Failure::input(format!("cannot read `{}`: {error}", file.display()));
    let mut bytes = Vec::new();
    let limit = ACTS_FILE_BYTES_MAX as u64 + 1;
    let read = if file.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        let opened = std::fs::File::open(file).map_err(failing)?;
        opened.take(limit).read_to_end(&mut bytes)
    };
    read.map_err(failing)?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::input(format!(
            "cannot read `{}`: it is not text; a card or agreement is a text file",
            file.display()
        ))
    })
}

/// Names the file that an error is about.
pub(super) fn in_file(file: &Path, error: entente_node::Error) -> Failure {
    let failure = place::node_failure(error);
    if failure.exit == Exit::Store {
        return failure;
    }
    Failure {
        exit: failure.exit,
        message: format!("`{}`: {}", file.display(), failure.message),
    }
}

/// Text to a file or standard output.
pub(super) fn give(global: &Global, output: Option<&Path>, text: &str) -> Result<(), Failure> {
    place::require_outside(global, output)?;
    match output.filter(|path| path.as_os_str() != "-") {
        Some(path) => outputs::into(path, |out| Ok(out.write_all(text.as_bytes())?)),
        None => {
            let mut out = out();
            out.write_all(text.as_bytes())?;
            Ok(out.flush()?)
        }
    }
}

/// Where `-o` leads, for messages.
pub(super) fn shown(path: &Option<PathBuf>) -> String {
    path.as_ref()
        .map_or("stdout".to_owned(), |path| format!("`{}`", path.display()))
}
