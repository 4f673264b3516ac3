//! `entente taxii` as clap sees it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use entente_stix::time::Timestamp;

use super::account::span;
use crate::feeds::{EVERY_SECONDS_MAX, EVERY_SECONDS_MIN, Login, Way};

#[derive(Debug, Subcommand)]
pub(crate) enum Taxii {
    /// What a TAXII server has, and in what it is odd; without an address: how this node's feeds stand
    Info(TaxiiInfo),
    /// Read collections of a TAXII server on from where the last reading ended
    Pull(TaxiiPull),
    /// Hand what was released to a party in at its TAXII server
    Push(TaxiiPush),
    /// Read a feed no longer; where it was left is kept
    Stop(TaxiiNamed),
    /// Read a stopped feed on
    Resume(TaxiiNamed),
    /// Remove a feed, and forget where it was left; what it told stays
    Remove(TaxiiNamed),
    /// Take over the collections of a medallion server from its data file: ids, permissions, times, versions, statuses
    Takeover(TaxiiTakeover),
}

#[derive(Debug, Args)]
pub(crate) struct TaxiiInfo {
    /// The server: its discovery, an API root or a collection
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) way: TaxiiWay,
}

#[derive(Debug, Args)]
pub(crate) struct TaxiiPull {
    /// The server: its discovery, an API root or a collection [default: every feed that was stored with --every]
    pub(crate) url: Option<String>,
    /// Id, alias or title of a collection [default: every one that may be read]
    #[arg(long = "collection", value_name = "ID|TITLE", requires = "url")]
    pub(crate) collections: Vec<String>,
    /// What the feed is called; its objects are held under this name and the collection's [default: the server's host]
    #[arg(long, value_parser = feed_name)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) way: TaxiiWay,
    /// Only what was added to the server from then on: 2026-01-31, or with a time; begins anew there
    #[arg(long, value_name = "TIME", value_parser = time, requires = "url")]
    pub(crate) since: Option<Timestamp>,
    /// Store it as a feed that `entente serve` reads at this interval: 15m, 1h, 1d
    #[arg(long, value_name = "SPAN", value_parser = every, requires = "url")]
    pub(crate) every: Option<u64>,
    /// Refuse objects that break a MUST of STIX 2.1 instead of keeping them as told
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TaxiiPush {
    /// The server: its discovery, an API root or the collection
    pub(crate) url: String,
    /// The party that it is for: name or id; only what was released to it, under an agreement in force, is handed in
    #[arg(long, value_name = "PARTY")]
    pub(crate) to: String,
    /// Id, alias or title of the collection
    #[arg(long, value_name = "ID|TITLE")]
    pub(crate) collection: String,
    /// Only these objects; does not move where the next push goes on
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) way: TaxiiWay,
    /// Say what would be handed in, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TaxiiNamed {
    /// The feed's name
    pub(crate) name: String,
}

/// How a server is reached.
#[derive(Debug, Args)]
pub(crate) struct TaxiiWay {
    /// Sign in with this name and a password
    #[arg(long, value_name = "NAME", requires = "password_file")]
    user: Option<String>,
    /// Its first line is the password
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Sign in with a bearer token: the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    token_file: Option<PathBuf>,
    /// Sign in with a header of the server's own, such as X-Api-Key
    #[arg(long, value_name = "HEADER", requires = "api_key_file", conflicts_with_all = ["user", "token_file"])]
    api_key_header: Option<String>,
    /// The first line of this file is that header's value
    #[arg(long, value_name = "FILE", requires = "api_key_header")]
    api_key_file: Option<PathBuf>,
    /// Believe only the certificates in this PEM file
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Show this certificate; the PEM file also holds its key
    #[arg(long, value_name = "FILE")]
    client_cert: Option<PathBuf>,
    /// Use the proxies of the environment (HTTPS_PROXY and the like)
    #[arg(long)]
    proxy: bool,
}

impl TaxiiWay {
    /// The same with paths that are good from anywhere: the server reads them later.
    pub(crate) fn way(&self) -> Way {
        let whole = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        let login = match (&self.user, &self.password_file, &self.token_file) {
            (Some(user), Some(file), _) => Some(Login::Basic {
                user: user.clone(),
                password_file: whole(file),
            }),
            (_, _, Some(file)) => Some(Login::Token {
                token_file: whole(file),
            }),
            _ => None,
        };
        let header = self.api_key_header.as_ref().zip(self.api_key_file.as_ref());
        Way {
            login: login.or_else(|| {
                header.map(|(name, file)| Login::Header {
                    name: name.clone(),
                    value_file: whole(file),
                })
            }),
            authority: self.ca.as_ref().map(whole),
            certificate: self.client_cert.as_ref().map(whole),
            proxy: self.proxy,
        }
    }

    pub(crate) fn is_given(&self) -> bool {
        self.way() != Way::default()
    }
}

fn feed_name(text: &str) -> Result<String, String> {
    const BYTES_MAX: usize = 200;
    let is_good = !text.trim().is_empty() && text.len() <= BYTES_MAX && !text.contains(char::is_control);
    match is_good {
        true if text.starts_with("party/") => {
            Err("what begins with `party/` was told by a party in its log; choose another name".to_owned())
        }
        true => Ok(text.to_owned()),
        false => Err(format!(
            "a name has 1 to {BYTES_MAX} bytes and no control characters"
        )),
    }
}

fn every(text: &str) -> Result<u64, String> {
    let seconds = span(text)?;
    match (EVERY_SECONDS_MIN..=EVERY_SECONDS_MAX).contains(&seconds) {
        true => Ok(seconds),
        false => Err("an interval is at least 1m and at most 30d".to_owned()),
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    Timestamp::parse_rfc3339(&whole)
        .map_err(|_| "write a day such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z".to_owned())
}

#[derive(Debug, Args)]
#[command(
    after_help = "The collections keep their path names under /taxii2/ and are shown to accounts of this node alone; what is to go to \
                  other parties is released under an agreement. What cannot be taken over is told one by one. Taking the same \
                  file over again changes nothing."
)]
pub(crate) struct TaxiiTakeover {
    /// The file that medallion's configuration calls `filename`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Say what would be taken over, and store nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
