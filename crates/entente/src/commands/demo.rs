//! `entente demo`: the program's main job on made-up material, told as a story of three parties.
//!
//! It runs the very commands that people would type, and shows each before its answer.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use clap::Parser as _;

use crate::cli::{Cli, Demo, Global};
use crate::commands::out;
use crate::exit::{Exit, Failure};
use crate::place;

macro_rules! example {
    ($path:literal) => {
        (
            $path,
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/", $path)),
        )
    };
}

/// The material, as it lies in `examples/`.
const FILES: &[(&str, &[u8])] = &[
    example!("intelligence/block-list.txt"),
    example!("intelligence/paper-lantern.json"),
    example!("intelligence/watch-list.csv"),
    example!("logs/suricata/eve.json"),
    example!("logs/syslog/messages"),
    example!("logs/zeek-json/dns.json"),
    example!("logs/zeek-json/files.json"),
    example!("logs/zeek-json/smtp.json"),
    example!("logs/zeek/conn.log"),
    example!("logs/zeek/dns.log.gz"),
    example!("logs/zeek/http.log"),
];

/// The machines of the story.
const MACHINES: &[&str] = &["harbour", "grid", "lamp"];

/// The draft of the agreement, and the terms that are written into it.
const DRAFT: &str = "mail/paper-lantern.toml";
const TERMS: &str = include_str!("demo/clauses.toml");

/// The indicator that turns out to be a mistake.
const MISTAKEN: &str = "indicator--ee8f6454-f178-4ec7-b609-912fe2e7a724";

/// One thing that somebody types.
struct Step {
    /// Whose machine.
    who: &'static str,
    /// What it shows; empty where the step before said it.
    says: &'static str,
    /// The command's words.
    words: &'static [&'static str],
    /// Its answer is not worth a page: only the command is shown.
    silent: bool,
}

const fn step(who: &'static str, says: &'static str, words: &'static [&'static str]) -> Step {
    Step {
        who,
        says,
        words,
        silent: false,
    }
}

const fn silent(who: &'static str, says: &'static str, words: &'static [&'static str]) -> Step {
    Step {
        silent: true,
        ..step(who, says, words)
    }
}

/// The story, in order.
const STEPS: &[Step] = &[
    step(
        "harbour",
        "Three organisations, three machines: a CERT, a power company, a newsroom. Each becomes a party, with keys of its own.",
        &["party", "add", "--self", "Harbour CERT"],
    ),
    silent("grid", "", &["party", "add", "--self", "North Grid"]),
    silent("lamp", "", &["party", "add", "--self", "The Lamp"]),
    silent(
        "harbour",
        "They hand each other their cards, and compare the fingerprints on the telephone.",
        &["party", "card", "-o", "mail/harbour.card"],
    ),
    silent("grid", "", &["party", "card", "-o", "mail/grid.card"]),
    silent("lamp", "", &["party", "card", "-o", "mail/lamp.card"]),
    step(
        "harbour",
        "",
        &["party", "add", "mail/grid.card", "mail/lamp.card"],
    ),
    silent(
        "grid",
        "",
        &["party", "add", "mail/harbour.card", "mail/lamp.card"],
    ),
    silent(
        "lamp",
        "",
        &["party", "add", "mail/harbour.card", "mail/grid.card"],
    ),
    silent(
        "harbour",
        "An agreement is a text that people read and programs enforce. It is in force when all have signed.",
        &[
            "agreement",
            "new",
            "paper-lantern",
            "-o",
            "mail/paper-lantern.toml",
        ],
    ),
    silent("harbour", "", &["agreement", "add", DRAFT]),
    silent(
        "harbour",
        "",
        &["agreement", "sign", "paper-lantern", "-o", "mail/paper-lantern.1"],
    ),
    silent("grid", "", &["agreement", "add", "mail/paper-lantern.1"]),
    silent(
        "grid",
        "",
        &["agreement", "sign", "paper-lantern", "-o", "mail/paper-lantern.2"],
    ),
    silent("lamp", "", &["agreement", "add", "mail/paper-lantern.2"]),
    silent(
        "lamp",
        "",
        &["agreement", "sign", "paper-lantern", "-o", "mail/paper-lantern.3"],
    ),
    silent("harbour", "", &["agreement", "add", "mail/paper-lantern.3"]),
    silent("grid", "", &["agreement", "add", "mail/paper-lantern.3"]),
    step("harbour", "", &["agreement", "show", "paper-lantern"]),
    step(
        "harbour",
        "The CERT takes in what it knows, and releases it: every object is decided by a clause, and is an entry of a log before it leaves.",
        &["import", "intelligence", "--source", "casework"],
    ),
    step("harbour", "", &["release", "--source", "casework"]),
    step(
        "harbour",
        "Here it crosses in a file, signed, and encrypted for one party; the log goes with it.",
        &["bundle", "write", "--to", "North Grid", "-o", "mail/to-grid.1"],
    ),
    step("grid", "", &["bundle", "read", "mail/to-grid.1"]),
    step(
        "grid",
        "The power company looks for it in its own logs, which never leave the house. Only the sighting does.",
        &["scan", "logs"],
    ),
    step("grid", "", &["release", "--source", "this node"]),
    silent(
        "grid",
        "",
        &[
            "bundle",
            "write",
            "--to",
            "Harbour CERT",
            "-o",
            "mail/to-harbour.1",
        ],
    ),
    step("harbour", "", &["bundle", "read", "mail/to-harbour.1"]),
    step(
        "harbour",
        "The CERT sees what its warning found.",
        &["find", "type:sighting"],
    ),
    step(
        "harbour",
        "One indicator was a mistake. It is recalled: whoever reads on drops it, and signs for that.",
        &[
            "recall",
            MISTAKEN,
            "--reason",
            "the network has other tenants by now; do not block it",
        ],
    ),
    silent(
        "harbour",
        "",
        &["bundle", "write", "--to", "North Grid", "-o", "mail/to-grid.2"],
    ),
    step("grid", "", &["bundle", "read", "mail/to-grid.2"]),
    step("grid", "", &["show", MISTAKEN]),
    step(
        "harbour",
        "The newsroom was cut off all this time. One file brings it up to date; what was recalled it never sees.",
        &["bundle", "write", "--to", "The Lamp", "-o", "mail/to-lamp.1"],
    ),
    step("lamp", "", &["bundle", "read", "mail/to-lamp.1"]),
    silent(
        "lamp",
        "Receipts go back: who has signed for what?",
        &[
            "bundle",
            "write",
            "--to",
            "Harbour CERT",
            "-o",
            "mail/lamp-to-harbour.1",
        ],
    ),
    silent("harbour", "", &["bundle", "read", "mail/lamp-to-harbour.1"]),
    silent(
        "grid",
        "",
        &[
            "bundle",
            "write",
            "--to",
            "Harbour CERT",
            "-o",
            "mail/to-harbour.2",
        ],
    ),
    silent("harbour", "", &["bundle", "read", "mail/to-harbour.2"]),
    step("harbour", "", &["log", "show"]),
    step(
        "harbour",
        "What left is what stands in the logs. Anyone can verify that, also from the published files alone.",
        &["log", "verify"],
    ),
    step("grid", "", &["log", "verify"]),
    silent("harbour", "", &["log", "publish", "mail/published"]),
    step("lamp", "", &["log", "verify", "mail/published"]),
];

/// Commands that unlock keys: they are told where the passphrase is.
const SIGNING: &[&[&str]] = &[
    &["party", "add", "--self"],
    &["agreement", "sign"],
    &["release"],
    &["recall"],
    &["bundle"],
];

pub(crate) fn run(global: &Global, asked: &Demo) -> Result<Exit, Failure> {
    let failed = |error: std::io::Error| {
        Failure::store(format!("cannot make a folder for the demonstration: {error}"))
    };
    let folder = tempfile::Builder::new()
        .prefix("entente-demo-")
        .tempdir()
        .map_err(failed)?;
    for (name, content) in FILES {
        let path = folder.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        std::fs::write(path, content).map_err(failed)?;
    }
    std::fs::create_dir_all(folder.path().join("mail")).map_err(failed)?;
    for who in MACHINES {
        // Nobody reuses a word that a demonstration prints: each machine has one of its own.
        let passphrase = folder.path().join(format!("{who}.passphrase"));
        std::fs::write(passphrase, place::random().to_string()).map_err(failed)?;
    }
    for step in STEPS {
        take(global, folder.path(), step)?;
        if step.words.starts_with(&["agreement", "new"]) {
            write_terms(global, &folder.path().join(DRAFT)).map_err(failed)?;
        }
    }
    end(global, asked, folder)
}

/// What people do with a template: they put their own terms in the place of the ones that it suggests.
fn write_terms(global: &Global, draft: &Path) -> std::io::Result<()> {
    let template = std::fs::read_to_string(draft)?;
    let parties: String = template
        .split_inclusive('\n')
        .take_while(|line| !line.starts_with("[[clause]]") && !line.starts_with("[handling]"))
        .collect();
    std::fs::write(draft, format!("{parties}\n{TERMS}"))?;
    let shown: String = TERMS.lines().map(|line| format!("    {line}\n")).collect();
    let _ = tell(
        global,
        &format!("\n  The CERT writes the terms into it:\n\n{shown}"),
    );
    Ok(())
}

fn take(global: &Global, folder: &Path, step: &Step) -> Result<(), Failure> {
    let typed: Vec<String> = step.words.iter().map(|word| quoted(word)).collect();
    let says = if step.says.is_empty() {
        String::new()
    } else {
        format!("\n# {}\n", step.says)
    };
    tell(
        global,
        &format!("{says}{}$ entente {}", step.who, typed.join(" ")),
    )?;
    let path = |name: String| folder.join(name).into_os_string();
    let mut words = vec![
        "entente".into(),
        "--data".into(),
        path(step.who.to_owned()),
        "--guard".into(),
        path(format!("{}.heads", step.who)),
    ];
    if global.json {
        words.push("--json".into());
    }
    if global.quiet || step.silent {
        words.push("--quiet".into());
    }
    words.extend(step.words.iter().map(|word| in_folder(folder, word)));
    if SIGNING.iter().any(|command| step.words.starts_with(command)) {
        words.push("--passphrase-file".into());
        words.push(path(format!("{}.passphrase", step.who)));
    }
    let cli = Cli::try_parse_from(words).map_err(|error| Failure::usage(error.to_string()))?;
    let failed = |exit, message: String| Failure {
        exit,
        message: format!("the step `entente {}` failed{message}", typed.join(" ")),
    };
    match super::run(cli) {
        // A refused item is part of the show: the list has a bad line on purpose.
        Ok(Exit::Done | Exit::Answer | Exit::BadInput) => Ok(()),
        // What was recalled is no longer there; `show` tells why.
        Ok(Exit::NotFound) if step.words.starts_with(&["show"]) => Ok(()),
        Ok(exit) => Err(failed(exit, String::new())),
        Err(failure) => Err(failed(failure.exit, format!(": {}", failure.message))),
    }
}

/// Paths are those of the demonstration's folder; everything else is typed as shown.
fn in_folder(folder: &Path, word: &str) -> OsString {
    let path = folder.join(word);
    if word.starts_with("mail/") || path.exists() {
        path.into_os_string()
    } else {
        word.into()
    }
}

fn quoted(word: &str) -> String {
    if word.contains(' ') {
        format!("'{word}'")
    } else {
        word.to_owned()
    }
}

fn end(global: &Global, asked: &Demo, folder: tempfile::TempDir) -> Result<Exit, Failure> {
    if asked.keep {
        let path = folder.keep();
        if global.quiet {
            // Whoever keeps a folder has to know where it is.
            eprintln!("{}", path.display());
        }
        tell(
            global,
            &format!(
                "\nThe folder is kept: {path}\nLook around with `entente --data {path}/grid find type:indicator`.",
                path = path.display()
            ),
        )?;
    } else {
        tell(
            global,
            "\nThe demonstration's folder is removed. `entente demo --keep` keeps it; now try your own:\n  \
             entente import FEED    entente scan LOGS    entente party add --self NAME",
        )?;
    }
    Ok(Exit::Done)
}

/// What is said around the commands' answers: beside them with `--json`, and not at all with `--quiet`.
fn tell(global: &Global, text: &str) -> Result<(), Failure> {
    if global.quiet {
        return Ok(());
    }
    if global.json {
        eprintln!("{text}");
        return Ok(());
    }
    let mut out = out();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
