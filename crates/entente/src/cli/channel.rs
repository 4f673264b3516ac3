//! `entente release|recall|bundle|log` as clap sees them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Unlock;

#[derive(Debug, Args)]
pub(crate) struct Release {
    /// Ids of objects; decided even if they were decided before
    #[arg(value_name = "ID", required_unless_present_any = ["sources", "all"])]
    pub(crate) ids: Vec<String>,
    /// What this source told since it was last released; may be repeated
    #[arg(long = "source", value_name = "NAME", conflicts_with = "ids")]
    pub(crate) sources: Vec<String>,
    /// Everything that this node says or imported, since the last time
    #[arg(long, conflicts_with_all = ["ids", "sources"])]
    pub(crate) all: bool,
    /// Only under this agreement [default: every agreement in force]
    #[arg(long, value_name = "ID")]
    pub(crate) agreement: Option<String>,
    /// Say what would go, in which form, by which clause, or why not; and release nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
}

#[derive(Debug, Args)]
pub(crate) struct Recall {
    /// Ids of released objects
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Why, in words that every recipient will read
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Say which logs would say so, and recall nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bundle {
    /// One encrypted file with everything that a party has not yet signed for
    Write(BundleWrite),
    /// Take a file in: all of it is verified before any of it is taken in
    Read(BundleRead),
}

#[derive(Debug, Args)]
pub(crate) struct BundleWrite {
    /// For whom: a party's name or id
    #[arg(long, value_name = "PARTY")]
    pub(crate) to: String,
    /// Under which agreement [default: the only one with this party]
    #[arg(long, value_name = "ID")]
    pub(crate) agreement: Option<String>,
    /// From which entries on it tells
    #[arg(long, value_enum, default_value_t = BundleFrom::Receipts)]
    pub(crate) from: BundleFrom,
    /// Give the party the entries of its own logs back, which it lost: this node holds copies of what it read
    #[arg(long)]
    pub(crate) give_back: bool,
    /// Days for which it may be on its way
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub(crate) days: u16,
    /// The file; it appears whole or not at all
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
}

/// From which entries of the logs on a bundle tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BundleFrom {
    /// What the party has not signed for
    Receipts,
    /// What the bundle before this one did not tell; whether that arrived is not known
    LastBundle,
    /// Everything
    Beginning,
}

#[derive(Debug, Args)]
pub(crate) struct BundleRead {
    /// Files made by `entente bundle write`
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Log {
    /// The logs that are held here: heads, receipts, recalls not yet acknowledged; or one log's entries
    Show(LogShow),
    /// Write a log as others can verify it: checkpoint, tiles, salted commitments
    Publish(LogPublish),
    /// Verify the logs held here, or published ones, or proofs; exit code 1 if anything is wrong
    Verify(LogVerify),
    /// Guard the heads of this node's logs anew, after it was moved or restored and has read on with every reader
    Guard(LogGuard),
    /// A proof that an object's release is in a log (C2SP tlog-proof)
    Prove(LogProve),
}

#[derive(Debug, Args)]
pub(crate) struct LogShow {
    /// A log, or the beginning of its name; with it, its entries are listed
    #[arg(value_name = "LOG")]
    pub(crate) log: Option<String>,
    /// Entries from this one on
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) from: u64,
    /// At most so many entries
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct LogPublish {
    /// The folder; each log gets a folder of its own in it
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Only these logs, or beginnings of their names [default: this node's own]
    #[arg(long = "log", value_name = "LOG")]
    pub(crate) logs: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LogVerify {
    /// Folders with published logs, or `.tlog-proof` files [default: the logs held here]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// A key that may sign (C2SP vkey), or a file of keys, one a line [default: those of the parties known here]
    #[arg(long = "key", value_name = "VKEY|FILE", requires = "paths")]
    pub(crate) keys: Vec<String>,
    /// At least so many of these parties must have cosigned the head
    #[arg(long, value_name = "N", default_value_t = 0, requires = "paths")]
    pub(crate) quorum: usize,
}

#[derive(Debug, Args)]
pub(crate) struct LogGuard {
    #[command(flatten)]
    pub(crate) unlock: Unlock,
}

#[derive(Debug, Args)]
pub(crate) struct LogProve {
    /// The id of a released object, or the number of an entry together with --log
    #[arg(value_name = "ID|NUMBER")]
    pub(crate) what: String,
    /// In which log [default: the one in which the object was released]
    #[arg(long, value_name = "LOG")]
    pub(crate) log: Option<String>,
    /// Write here instead of stdout (-)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
