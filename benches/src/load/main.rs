//! `load`: clients for a server that is measured. Each prints one line of JSON.
//!
//! Times are those from sending a request to its last byte; what the client does with an answer does not count.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]
#![allow(clippy::disallowed_methods, reason = "measuring time is what this is for")]

mod client;
mod files;
mod pages;
mod poll;
mod relay;
mod slow;
mod times;

use std::error::Error;
use std::io::{self, Write as _};

use clap::{Parser, Subcommand};

/// What can fail here is for people to read.
type Failure = Box<dyn Error + Send + Sync>;

#[derive(Parser)]
#[command(about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// One client pages through a TAXII collection, from its first object to its last
    Pages(pages::Wanted),
    /// One client asks for the files 0, 1, 2, … of a folder
    Files(files::Wanted),
    /// Many clients ask again and again for what was added after some time
    Poll(poll::Wanted),
    /// Connections that send a byte now and then, and beside them a client in good faith
    Slow(slow::Wanted),
    /// Counts the bytes of connections to a server, until standard input closes
    Relay(relay::Wanted),
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let measured = match Cli::parse().command {
        Command::Pages(wanted) => pages::run(&wanted).await?,
        Command::Files(wanted) => files::run(&wanted).await?,
        Command::Poll(wanted) => poll::run(wanted).await?,
        Command::Slow(wanted) => slow::run(wanted).await?,
        Command::Relay(wanted) => relay::run(wanted).await?,
    };
    tell(&measured)
}

fn tell(measured: &serde_json::Value) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{measured}")?;
    Ok(out.flush()?)
}
