//! `entente party keys`: show them, renew them, take one back, move the root key away, and sign where it is.

use std::io::Write;
use std::path::Path;

use entente_node::Node;
use entente_node::keys::{Key, KeyList, Keys};
use entente_node::party::Party;
use entente_stix::time::Timestamp;
use serde_json::json;

use super::{give, read, shown};
use crate::answers::party::{PartyShown, named, standing_word};
use crate::cli::{Global, PartyKeys};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::keys::{Passphrase, Vault, root_signer};
use crate::place;
use crate::render::{safe, table};

pub(super) fn run(global: &Global, asked: &PartyKeys) -> Result<Exit, Failure> {
    let change = &asked.change;
    let changes =
        change.rotate || change.revoke.is_some() || change.root_out.is_some() || change.sign.is_some();
    if changes && asked.party.is_some() {
        return Err(Failure::usage(
            "only a party itself changes its keys; leave the name out for this node's own",
        ));
    }
    if let Some(file) = &change.sign {
        return sign(global, asked, file);
    }
    if !changes {
        return show(global, asked.party.as_deref());
    }
    let node = place::open_existing_to_write(global)?;
    let me = named(&node, None)?;
    let vault = Vault::new(&place::data_folder(global)?, &me.id);
    if let Some(to) = &change.root_out {
        return move_root(global, asked, &vault, to);
    }
    let done = if let Some(vkey) = &change.revoke {
        revoke(global, asked, &node, &vault, vkey)
    } else {
        rotate(global, asked, &node, &me, &vault)
    };
    node.close()?;
    done
}

fn show(global: &Global, name: Option<&str>) -> Result<Exit, Failure> {
    let node = place::open_to_read(global)?;
    let party = named(&node, name)?;
    tell(global, &party, place::now())?;
    Ok(Exit::Done)
}

fn tell(global: &Global, party: &Party, at: Timestamp) -> Result<(), Failure> {
    let mut out = out();
    if global.json {
        json_line(&mut out, &PartyShown::of(party, at))?;
    } else if !global.quiet {
        writeln!(out, "{}  {}", safe(&party.name), party.id)?;
        writeln!(out, "root key     {}", party.root)?;
        writeln!(out, "fingerprint  {}", party.fingerprint())?;
        if let Some(recipient) = &party.recipient {
            writeln!(out, "encrypt for  {recipient}")?;
        }
        writeln!(out, "\nKeys (list {})", party.sequence)?;
        let rows: Vec<Vec<String>> = party.keys.iter().map(|key| row(key, at)).collect();
        write!(out, "{}", table(&rows))?;
    }
    Ok(out.flush()?)
}

fn row(key: &Key, at: Timestamp) -> Vec<String> {
    let when = match key.revoked {
        Some(revoked) => format!("on {revoked}"),
        None => format!("{} to {}", key.from, key.until),
    };
    vec![
        format!("  {}", standing_word(key.standing(at))),
        when,
        key.vkey.to_string(),
    ]
}

/// A new instance key: signed for here, or asked for where the root key is.
fn rotate(
    global: &Global,
    asked: &PartyKeys,
    node: &Node,
    me: &Party,
    vault: &Vault,
) -> Result<Exit, Failure> {
    let at = place::now();
    if asked.dry_run {
        eprintln!(
            "would make a new instance key, valid for a year, have the root key sign key list {}, and sign again what is in force; the key that counts now would count for 30 days more",
            me.sequence + 1
        );
        return Ok(Exit::Done);
    }
    let passphrase = Passphrase::given(&asked.unlock)?;
    if let Some(request) = &asked.request {
        let new = vault.make_instance(&passphrase)?;
        let list = KeyList::of(me, at).rotated(vkey(&new)?, None, at);
        return ask(global, request, &list);
    }
    // The root key is opened first: without it no key is made that nothing could ever name.
    let root = vault.root(asked.root.as_deref(), &passphrase)?;
    let mut new = vault.make_instance(&passphrase)?;
    new.root = Some(*root);
    let party = node.rotate(&new, None, at)?;
    tell(global, &party, at)?;
    if !global.quiet && !global.json {
        eprintln!("\nhand the new card to the others: `entente party card -o FILE`");
    }
    Ok(Exit::Done)
}

fn vkey(keys: &Keys) -> Result<entente_translog::note::Verifier, Failure> {
    Ok(keys.signer()?.verifier().clone())
}

fn revoke(
    global: &Global,
    asked: &PartyKeys,
    node: &Node,
    vault: &Vault,
    vkey: &str,
) -> Result<Exit, Failure> {
    let at = place::now();
    let list = node.revocation(vkey, at)?;
    if asked.dry_run {
        eprintln!(
            "would have the root key sign key list {}, which takes back {vkey}; nothing that it signs after that counts",
            list.sequence
        );
        return Ok(Exit::Done);
    }
    if let Some(request) = &asked.request {
        return ask(global, request, &list);
    }
    let passphrase = Passphrase::given(&asked.unlock)?;
    let root = vault.root(asked.root.as_deref(), &passphrase)?;
    let keys = Keys {
        party: list.party.clone(),
        root: Some(*root),
        instance: [0; 32],
        salt: [0; 32],
    };
    let party = node.revoke(vkey, &keys, at)?;
    tell(global, &party, at)?;
    if !global.quiet && !global.json {
        eprintln!(
            "\nhand the new card to the others at once: until they have it, the key counts for them (`entente party card -o FILE`)"
        );
    }
    Ok(Exit::Done)
}

/// The list that the root key is to sign, as a file.
fn ask(global: &Global, request: &Path, list: &KeyList) -> Result<Exit, Failure> {
    give(global, Some(request), &list.text())?;
    if !global.quiet {
        eprintln!(
            "wrote `{}`; where the root key is: `entente party keys --sign FILE --root ROOTFILE -o SIGNED`, then here: `entente party add SIGNED`",
            request.display()
        );
    }
    Ok(Exit::Done)
}

/// Signs a list where the root key is. Needs no node.
fn sign(global: &Global, asked: &PartyKeys, file: &Path) -> Result<Exit, Failure> {
    let list = KeyList::read(&read(file)?.replace("\r\n", "\n")).map_err(|cause| {
        Failure::input(format!(
            "`{}` is no request for a key list: {cause}",
            file.display()
        ))
    })?;
    if !global.quiet {
        eprint!("to be signed:\n{}", list.text());
    }
    let Some(root) = &asked.root else {
        return Err(Failure::usage("name the root key's file with `--root FILE`"));
    };
    if asked.dry_run {
        return Ok(Exit::Done);
    }
    let signer = root_signer(root, &Passphrase::given(&asked.unlock)?)?;
    if signer.verifier().name() != list.party {
        return Err(Failure::input(format!(
            "the request is of `{}`, and the root key in `{}` is of `{}`",
            list.party,
            root.display(),
            signer.verifier().name()
        )));
    }
    give(global, asked.output.as_deref(), &list.to_file(&signer)?)?;
    if !global.quiet {
        eprintln!("signed list {} to {}", list.sequence, shown(&asked.output));
    }
    Ok(Exit::Done)
}

fn move_root(global: &Global, asked: &PartyKeys, vault: &Vault, to: &Path) -> Result<Exit, Failure> {
    if asked.dry_run {
        eprintln!(
            "would move `{}` to `{}`",
            vault.root_file().display(),
            to.display()
        );
        return Ok(Exit::Done);
    }
    vault.move_root(to, &Passphrase::given(&asked.unlock)?)?;
    if global.json {
        let mut out = out();
        json_line(&mut out, &json!({"root_key": to.display().to_string()}))?;
        out.flush()?;
    } else if !global.quiet {
        eprintln!(
            "the root key is in `{}`, under the same passphrase, and no longer in the data folder; keep it and a copy offline",
            to.display()
        );
    }
    Ok(Exit::Done)
}
