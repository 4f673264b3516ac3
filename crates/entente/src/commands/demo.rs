//! `entente demo`: the program's main job on made-up material, in a folder of its own.
//!
//! It runs the very commands that people would type, and shows each before its answer.

use std::io::Write;
use std::path::Path;

use clap::Parser as _;

use crate::cli::{Cli, Demo, Global};
use crate::commands::out;
use crate::exit::{Exit, Failure};

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

/// What a newcomer would type, in order, with a word on what it shows.
const STEPS: &[(&str, &[&str])] = &[
    (
        "Intelligence comes in: a STIX bundle, a plain list, a CSV. Each item is accounted for.",
        &["import", "intelligence"],
    ),
    ("The same again changes nothing.", &["import", "intelligence"]),
    (
        "Logs are read where they are, and matched with what is known.",
        &["scan", "logs"],
    ),
    (
        "What is known about a value, and was it seen here?",
        &["look", "eu.lantern-update[.]example"],
    ),
    (
        "Detections became sightings, objects like any other.",
        &["find", "type:sighting"],
    ),
    (
        "Everything that is derived can be checked against history.",
        &["check"],
    ),
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
    for (says, arguments) in STEPS {
        step(global, folder.path(), says, arguments)?;
    }
    end(global, asked, folder)
}

fn step(global: &Global, folder: &Path, says: &str, arguments: &[&str]) -> Result<(), Failure> {
    let data = folder.join("data");
    tell(
        global,
        &format!("\n# {says}\n$ entente {}\n", arguments.join(" ")),
    )?;
    let mut words = vec!["entente".into(), "--data".into(), data.into_os_string()];
    if global.json {
        words.push("--json".into());
    }
    if global.quiet {
        words.push("--quiet".into());
    }
    // Paths are those of the material; everything else is typed as shown.
    words.extend(arguments.iter().map(|word| {
        let path = folder.join(word);
        if path.exists() {
            path.into_os_string()
        } else {
            (*word).into()
        }
    }));
    let cli = Cli::try_parse_from(words).map_err(|error| Failure::usage(error.to_string()))?;
    match super::run(cli) {
        // A refused item is part of the show: the list has a bad line on purpose.
        Ok(Exit::Done | Exit::Answer | Exit::BadInput) => Ok(()),
        Ok(exit) => Err(Failure {
            exit,
            message: format!("the step `entente {}` failed", arguments.join(" ")),
        }),
        Err(failure) => Err(failure),
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
                "\nThe folder is kept: {path}\nLook around with `entente --data {path}/data find type:indicator`.",
                path = path.display()
            ),
        )?;
    } else {
        tell(
            global,
            "\nThe demonstration's folder is removed. `entente demo --keep` keeps it; now try your own:\n  \
             entente import FEED    entente scan LOGS    entente look VALUE",
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
