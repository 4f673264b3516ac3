//! One module a command: asks the node, renders the answer, chooses the exit code.

mod account;
mod agreement;
mod batch;
mod bundle;
mod check;
mod demo;
mod export;
mod find;
mod import;
mod limits;
mod log;
mod look;
mod party;
mod pattern;
mod peer;
mod recall;
mod release;
mod rule;
mod scan;
mod show;
mod stix;
mod taxii;
mod watch;

use std::io::{self, BufWriter, StdoutLock, Write};

use crate::cli::{Cli, Command};
use crate::exit::{Exit, Failure};

/// Does what was asked.
pub(crate) fn run(cli: Cli) -> Result<Exit, Failure> {
    let global = &cli.global;
    match &cli.command {
        Command::Import(asked) => import::run(global, asked),
        Command::Look(asked) => look::run(global, asked),
        Command::Show(asked) => show::run(global, asked),
        Command::Find(asked) => find::run(global, asked),
        Command::Scan(asked) => scan::run(global, asked),
        Command::Watch(asked) => watch::run(global, asked),
        Command::Export(asked) => export::run(global, asked),
        Command::Party(asked) => party::run(global, asked),
        Command::Peer(asked) => peer::run(global, asked),
        Command::Agreement(asked) => agreement::run(global, asked),
        Command::Release(asked) => release::run(global, asked),
        Command::Recall(asked) => recall::run(global, asked),
        Command::Bundle(asked) => bundle::run(global, asked),
        Command::Log(asked) => log::run(global, asked),
        Command::Serve(asked) => crate::serve::run(global, asked),
        Command::Account(asked) => account::run(global, asked),
        Command::Taxii(asked) => taxii::run(global, asked),
        Command::Pattern(asked) => pattern::run(global, asked),
        Command::Rule(asked) => rule::run(global, asked),
        Command::Stix(asked) => stix::run(global, asked),
        Command::Check(asked) => check::run(global, asked),
        Command::Limits => limits::run(global),
        Command::Demo(asked) => demo::run(global, asked),
    }
}

/// Standard output, buffered; every answer goes through it.
pub(crate) fn out() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(64 << 10, io::stdout().lock())
}

/// One JSON value on a line of its own.
pub(crate) fn json_line(out: &mut impl Write, value: &impl serde::Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, value).map_err(std::io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}
