//! `entente peer …` as clap sees it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Unlock;

#[derive(Debug, Subcommand)]
pub(crate) enum Peer {
    /// Meet the node at an address: both say who they are, and pin each other's TLS key
    Add(PeerAdd),
    /// Every peer: how it stands, when it last answered, what waits
    List(PeerList),
    /// Talk with a peer now, or with all: read what it released, deliver receipts
    Sync(PeerSync),
    /// Ask nothing of a peer and answer it nothing, until it is resumed
    Pause(PeerNamed),
    /// Go on with a peer that was paused, or let one that was removed introduce itself again
    Resume(PeerNamed),
    /// Let a peer go: its keys count no more, and it is not let in again until `peer add` or `peer resume`; what it told
    /// stays
    Remove(PeerNamed),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Whose card is not known here is not met: get it by another way, compare its fingerprint, and take it in with \
                  `entente party add FILE`. Where TLS ends before the peer's node, or over plain HTTP on this machine, keys prove \
                  nothing: there the peer gives a token of an account of yours (`entente account token`)."
)]
pub(crate) struct PeerAdd {
    /// Where its node answers, as https://cert.example:8440
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// Who must answer there: name or id
    #[arg(long, value_name = "PARTY")]
    pub(crate) party: Option<String>,
    /// Say who asks with the token on this file's first line, instead of by key
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The server's certificate must be by an authority in this file (PEM); with a token [default: those that the
    /// system trusts]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// How often `entente serve` talks with it, in seconds; sooner where there is something to tell [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) every: Option<u32>,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
}

#[derive(Debug, Args)]
pub(crate) struct PeerList {
    /// Those that were removed instead
    #[arg(long)]
    pub(crate) removed: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PeerSync {
    /// A party's name or id [default: every peer that has an address]
    #[arg(value_name = "PARTY")]
    pub(crate) party: Option<String>,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
}

#[derive(Debug, Args)]
pub(crate) struct PeerNamed {
    /// A party's name or id
    #[arg(value_name = "PARTY")]
    pub(crate) party: String,
}
