//! `entente log verify`: the logs held here; published logs and proofs, from their files alone.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use entente_translog::checkpoint::Checkpoint;
use entente_translog::note::{Note, Verifier};
use entente_translog::published::Fault;
use entente_translog::published::{self, CHECKPOINT, Folder, Options};
use walkdir::WalkDir;

use crate::answers::log::{self, LogVerdict};
use crate::answers::proof::{Trust, proven};
use crate::cli::{Global, LogVerify};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::place;
use crate::progress::Progress;
use crate::render::{counted, safe};

/// A proof of our own is a few kilobytes.
const PROOF_BYTES_MAX: u64 = 1 << 20;

pub(super) fn run(global: &Global, asked: &LogVerify) -> Result<Exit, Failure> {
    let mut told = Told::new(global);
    if asked.paths.is_empty() {
        held(global, &mut told)?;
    } else {
        let trust = trust(global, asked)?;
        for path in &asked.paths {
            given(path, &trust, &mut told)?;
        }
    }
    told.finish()
}

/// The answer as it is told.
struct Told<'g> {
    global: &'g Global,
    logs: u64,
    entries: u64,
    bad: u64,
}

impl<'g> Told<'g> {
    fn new(global: &'g Global) -> Told<'g> {
        Told {
            global,
            logs: 0,
            entries: 0,
            bad: 0,
        }
    }

    fn good(&mut self, what: &str, entries: u64, says: &str) -> Result<(), Failure> {
        self.verdict(&LogVerdict::good(what, entries, says.to_owned()))
    }

    fn bad(&mut self, what: &str, code: &str, place: &str, says: &str) -> Result<(), Failure> {
        self.verdict(&LogVerdict::bad(what, code, place, says))
    }

    fn verdict(&mut self, verdict: &LogVerdict) -> Result<(), Failure> {
        self.logs += 1;
        self.bad += u64::from(!verdict.good);
        let entries = verdict.entries.unwrap_or_default();
        self.entries += entries;
        let (what, says) = (safe(&verdict.log), &verdict.says);
        let mut out = out();
        if self.global.json {
            json_line(&mut out, verdict)?;
        } else if verdict.good {
            writeln!(out, "good  {what}  {}{says}", counted(entries, "entry"))?;
        } else {
            let code = verdict.code.as_deref().unwrap_or_default();
            writeln!(out, "BAD   {what}  {code}: {}", safe(says))?;
        }
        Ok(out.flush()?)
    }

    fn finish(self) -> Result<Exit, Failure> {
        if self.logs == 0 {
            return Err(Failure::not_found(
                "there is nothing to verify: no log is held here; `entente release` makes the first entry",
            ));
        }
        if !self.global.json && !self.global.quiet {
            let mut out = out();
            if self.bad == 0 {
                writeln!(
                    out,
                    "{}, {}: everything is there, unchanged, under its owner's signature",
                    counted(self.logs, "log"),
                    counted(self.entries, "entry")
                )?;
            } else {
                writeln!(out, "{} of {} not good", self.bad, counted(self.logs, "log"))?;
            }
            out.flush()?;
        }
        Ok(if self.bad == 0 { Exit::Done } else { Exit::Answer })
    }
}

/// The logs in the node's store: also that each entry says what it commits to, and its content is that.
fn held(global: &Global, told: &mut Told<'_>) -> Result<(), Failure> {
    let node = place::open_to_read(global)?;
    for log in node.logs()? {
        let progress = Progress::bytes(None, global.quiet);
        progress.about(&log.origin);
        let verdicts = log::held(&node, global, &log)?;
        progress.clear();
        for verdict in verdicts {
            told.verdict(&verdict)?;
        }
    }
    Ok(())
}

/// Whose signatures count, by the command line.
fn trust(global: &Global, asked: &LogVerify) -> Result<Trust, Failure> {
    if !asked.keys.is_empty() {
        let keys = asked
            .keys
            .iter()
            .map(|key| named_keys(key))
            .collect::<Result<Vec<_>, _>>()?;
        return Ok(Trust::named(keys.concat(), asked.quorum));
    }
    let no_keys = |failure: Failure| match failure.exit {
        Exit::NotFound => Failure::usage(
            "whose signature is good? There is no node here that knows parties: name keys with `--key VKEY`, \
             or the node with `--data DIR`",
        ),
        _ => failure,
    };
    Trust::known(&place::open_to_read(global).map_err(no_keys)?, asked.quorum)
}

/// A key, or the keys in a file.
fn named_keys(text: &str) -> Result<Vec<Verifier>, Failure> {
    let bad = |error: entente_translog::Error| Failure::usage(format!("`{}` is no key: {error}", safe(text)));
    if !Path::new(text).is_file() {
        return Ok(vec![text.parse().map_err(bad)?]);
    }
    let file = fs::read_to_string(text)
        .map_err(|error| Failure::input(format!("cannot read `{}`: {error}", safe(text))))?;
    let lines = file
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.parse().map_err(bad)).collect()
}

fn given(path: &Path, trust: &Trust, told: &mut Told<'_>) -> Result<(), Failure> {
    if path.is_file() {
        return proof(path, trust, told);
    }
    let folders = folders(path)?;
    if folders.is_empty() {
        return Err(Failure::input(format!(
            "there is no published log in `{}`: no file `{CHECKPOINT}` in it or in a folder under it",
            safe(&path.display().to_string())
        )));
    }
    for folder in folders {
        published_log(&folder, trust, told)?;
    }
    Ok(())
}

fn folders(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in WalkDir::new(path).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let why = format!("cannot read `{}`: {error}", safe(&path.display().to_string()));
            if path.exists() {
                Failure::input(why)
            } else {
                Failure::not_found(why)
            }
        })?;
        if entry.file_name() == CHECKPOINT && entry.file_type().is_file() {
            found.extend(entry.path().parent().map(Path::to_owned));
        }
    }
    Ok(found)
}

fn published_log(folder: &Path, trust: &Trust, told: &mut Told<'_>) -> Result<(), Failure> {
    let claimed = fs::read(folder.join(CHECKPOINT))
        .ok()
        .and_then(|note| Some(Checkpoint::read(Note::read(&note).ok()?.text()).ok()?.origin));
    let name = claimed.clone().unwrap_or_else(|| folder.display().to_string());
    let options = Options {
        known: claimed
            .as_ref()
            .and_then(|origin| trust.seen.get(origin).copied()),
        witness_keys: &trust.witnesses,
        quorum: trust.quorum,
        commitments: true,
        ..Options::default()
    };
    let verified: Result<_, Fault> = published::verify(&Folder::new(folder), &trust.keys, &options);
    match verified {
        Ok(report) if trust.is_owners(&report.checkpoint.origin, report.checkpoint.signers()) => {
            let by = match report.witnesses.as_slice() {
                [] => String::new(),
                witnesses => format!(", cosigned by {}", trust.names.names(witnesses)),
            };
            told.good(&report.checkpoint.origin, report.checkpoint.size, &by)
        }
        Ok(_) => told.bad(
            &name,
            "bad-signature",
            CHECKPOINT,
            "its head is signed by a known party, but not by its owner",
        ),
        Err(fault) => told.bad(&name, fault.code(), fault.place(), &fault.to_string()),
    }
}

/// A proof file: what it opens, and that it was logged.
fn proof(path: &Path, trust: &Trust, told: &mut Told<'_>) -> Result<(), Failure> {
    let name = path.display().to_string();
    let unreadable = |error| Failure::input(format!("cannot read `{}`: {error}", safe(&name)));
    if path.metadata().map_err(unreadable)?.len() > PROOF_BYTES_MAX {
        return told.bad(&name, "bad-proof", "", "too long to be a proof");
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    match proven(&bytes, trust) {
        Ok((origin, number, says)) => told.good(&origin, 1, &format!(", number {number}: {}", safe(&says))),
        Err(why) => told.bad(&name, "bad-proof", "", &why),
    }
}
