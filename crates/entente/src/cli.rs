//! The command line as clap sees it: names, arguments and their help. What they do is in `commands/`.

mod account;
mod channel;
mod party;
mod pattern;
mod peer;
mod rule;
mod serve;
mod taxii;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use account::{
    Account, AccountAdd, AccountNamed, AccountPassword, AccountRevoke, AccountToken, AccountTotp,
    PasswordFrom,
};
pub(crate) use channel::{
    Bundle, BundleFrom, BundleRead, BundleWrite, Log, LogGuard, LogProve, LogPublish, LogShow, LogVerify,
    Recall, Release,
};
pub(crate) use party::{
    Agreement, AgreementAdd, AgreementExplain, AgreementNew, AgreementShow, AgreementSign, AgreementWord,
    Doing, Party, PartyAdd, PartyCard, PartyKeys, Unlock,
};
pub(crate) use pattern::{Pattern, PatternCheck, PatternEqual, PatternMatch, PatternMode};
pub(crate) use peer::{Peer, PeerAdd, PeerSync};
pub(crate) use rule::{Rule, RuleAccept, RuleCheck, RuleEval, RuleExplain, RulePark, RuleTrials};
pub(crate) use serve::Serve;
pub(crate) use taxii::{Taxii, TaxiiInfo, TaxiiNamed, TaxiiPull, TaxiiPush, TaxiiTakeover};

/// Threat intelligence for parties who defend together: take it in, keep it whole, find it in your logs.
#[derive(Debug, Parser)]
#[command(
    name = "entente",
    version,
    arg_required_else_help = true,
    propagate_version = true,
    after_help = "First look:\n  entente demo                      what it does, on made-up material\n  entente import feed.json list.txt  take intelligence in\n  entente scan /var/log/zeek         find it in logs\n  entente look 'evil[.]example'      what is known about a value\n\nExit codes: 0 done; 1 found (where asked) or no; 2 usage; 3 refused by policy; 4 not found; 5 network; 6 bad input; 7 store or disk."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The node's folder [default: the platform's data directory]
    #[arg(long, global = true, value_name = "DIR", env = "ENTENTE_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Where the last signed heads are kept, outside the node's folder and its backups [default: the platform's
    /// folder for state]
    #[arg(long, global = true, value_name = "DIR", env = "ENTENTE_GUARD")]
    pub(crate) guard: Option<PathBuf>,
    /// Newline-delimited JSON instead of text for people
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Only what was asked for: no progress, no account, no summary; exit codes tell the rest
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Take intelligence in: STIX bundles, lists, CSV; files, folders, globs or - for stdin
    Import(Import),
    /// Everything known about values; defanged forms are read, - reads values from stdin
    Look(Look),
    /// One object with its sources and relations
    Show(Show),
    /// Search: words, "phrases", prefix*, and fields such as type:malware, source:feed
    Find(Find),
    /// Find what the node knows in telemetry; every detection becomes a sighting
    Scan(Scan),
    /// Find what the node knows in logs that are being written, as it is written
    Watch(Watch),
    /// Give back what is known
    #[command(subcommand)]
    Export(Export),
    /// Who takes part: this node's own party, and others by their cards
    #[command(subcommand)]
    Party(Party),
    /// What parties agreed on: draft, sign, amend, suspend, leave
    #[command(subcommand)]
    Agreement(Agreement),
    /// Let objects go to those whom an agreement allows them; what leaves is a line in a log
    Release(Release),
    /// Take releases back: every recipient hears of it, and drops them
    Recall(Recall),
    /// Offline exchange: one file for one party
    #[command(subcommand)]
    Bundle(Bundle),
    /// The nodes that this one talks with: meet, list, sync
    #[command(subcommand)]
    Peer(Peer),
    /// The release logs: what left, to whom, and that nothing else did
    #[command(subcommand)]
    Log(Log),
    /// Serve the node: TAXII, peers, REST
    Serve(Serve),
    /// Who may ask the server: people, and tools with tokens
    #[command(subcommand)]
    Account(Account),
    /// Other organisations' TAXII 2.1 servers: look, read feeds, hand in what was released
    #[command(subcommand)]
    Taxii(Taxii),
    /// STIX patterns, without a node: read them, say whether two mean the same
    #[command(subcommand)]
    Pattern(Pattern),
    /// Detection rules: check them, try them on events, see why they match or not; say which of the node's rules alert
    #[command(
        subcommand,
        after_help = "`check`, `eval` and `explain` need no node; `trials`, `accept` and `park` are about the rules that it holds."
    )]
    Rule(Rule),
    /// STIX tools that need no node
    #[command(subcommand)]
    Stix(Stix),
    /// Verify the store, and that everything derived from history is right
    Check(Check),
    /// Every bound of this program
    Limits,
    /// See it work on made-up material, in a folder of its own that is removed again
    Demo(Demo),
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files, folders, globs, or - for stdin; gzip and zstd are read as they are
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    /// Who says so [default: the file's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// What the input is [default: told from its content]
    #[arg(long = "as", value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Refuse objects that break a MUST of STIX 2.1 instead of keeping them as told
    #[arg(long)]
    pub(crate) strict: bool,
    /// Say what would be taken in, and store nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Stix,
    List,
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct Look {
    /// Addresses, domains, URLs, hashes, e-mail addresses, …; or - for stdin, one a line
    #[arg(required = true, value_name = "VALUE")]
    pub(crate) values: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// A STIX id
    pub(crate) id: String,
    /// Every version that is held
    #[arg(long)]
    pub(crate) versions: bool,
    /// The text as it came in, nothing else
    #[arg(long)]
    pub(crate) raw: bool,
}

/// One search gives no more; the help of `--limit` names the number.
const FIND_MAX: i64 = entente_store::limits::SEARCH_HITS_MAX as i64;

#[derive(Debug, Args)]
pub(crate) struct Find {
    /// Words that must all occur; "a phrase", prefix*, type:…, source:…, by:…
    #[arg(required = true, value_name = "QUERY")]
    pub(crate) query: Vec<String>,
    /// At most so many answers, up to 1000
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=FIND_MAX))]
    pub(crate) limit: u16,
}

#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// Logs: files, folders, globs, or - for stdin; gzip and zstd are read as they are
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    #[command(flatten)]
    pub(crate) rules: RulesAsked,
    /// Look at the inputs as files, not as logs, with the YARA rules of this file or folder and those that the node
    /// knows; archives are looked into. With --rules, logs among them are looked at as logs, too
    #[arg(long, value_name = "PATH")]
    pub(crate) yara: Vec<String>,
    /// The same with the YARA rules that the node knows
    #[arg(long)]
    pub(crate) files: bool,
    /// Exit with 1 when something was found
    #[arg(long)]
    pub(crate) fail_on_hit: bool,
    #[command(flatten)]
    pub(crate) matched: Matched,
    /// Worker threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Logs that are being written, or - for stdin; each is read from its beginning, and followed when it is replaced or cut
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    #[command(flatten)]
    pub(crate) rules: RulesAsked,
    #[command(flatten)]
    pub(crate) matched: Matched,
    /// Seconds that a record may come later than others and still be put in their order; what is looked for over time is
    /// told so much later. 300 unless told
    #[arg(long, value_name = "SECONDS")]
    pub(crate) lateness: Option<u32>,
    /// Stop when stdin is closed: for programs that start a watch and may end before it
    #[arg(long)]
    pub(crate) until_stdin_closes: bool,
}

/// What counts as found, and what is kept of it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Matched {
    /// Also match before valid_from and after valid_until
    #[arg(long)]
    pub(crate) any_time: bool,
    /// Also report when only the host of a URL indicator was seen
    #[arg(long)]
    pub(crate) url_hosts: bool,
    /// Also match what the party that it belongs to recalled
    #[arg(long)]
    pub(crate) recalled: bool,
    /// Print detections, and keep nothing of them
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Rules beside those that the node holds.
#[derive(Debug, Args)]
pub(crate) struct RulesAsked {
    /// Also hold records against these Sigma rules: a file, a folder with .yml files, a glob; may be repeated
    #[arg(long = "rules", value_name = "PATH")]
    pub(crate) rules: Vec<String>,
    /// Take rules through this Sigma pipeline too, beside the built-in ones; may be repeated
    #[arg(long = "pipeline", value_name = "FILE")]
    pub(crate) pipelines: Vec<String>,
    /// Hold rules whose log source no pipeline knows against every record
    #[arg(long)]
    pub(crate) any_log_source: bool,
}

impl RulesAsked {
    /// Whether any rules are named.
    pub(crate) fn is_given(&self) -> bool {
        !self.rules.is_empty()
    }
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "give a whole number from 1, or leave `--threads` out for one a core".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// A STIX bundle: every object as the text it came in
    Stix(ExportStix),
    /// Indicators and their values as CSV; without those that are revoked
    Csv(ExportTo),
}

#[derive(Debug, Args)]
pub(crate) struct ExportStix {
    #[command(flatten)]
    pub(crate) to: ExportTo,
    /// Every version that is held, not only the current one
    #[arg(long)]
    pub(crate) versions: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportTo {
    /// Only objects of these types
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// Write here instead of stdout (-); the file appears whole or not at all
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Stix {
    /// A finding a line: severity, JSON pointer, rule, clause, way out
    Validate(Validate),
    /// Deterministic ids of observables (STIX 2.1 §2.9)
    Id(Batch),
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// STIX files, folders, globs, or - for stdin
    #[arg(value_name = "FILE", required_unless_present_any = ["batch", "rules"])]
    pub(crate) paths: Vec<String>,
    /// Lines of {"id","object"} on stdin, lines of {"id","valid","errors","warnings"} on stdout
    #[arg(long, conflicts_with = "paths")]
    pub(crate) batch: bool,
    /// List the rules instead
    #[arg(long, conflicts_with_all = ["paths", "batch"])]
    pub(crate) rules: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Batch {
    /// Files of observables, or - for stdin
    #[arg(value_name = "FILE", required_unless_present = "batch")]
    pub(crate) paths: Vec<String>,
    /// Lines of {"id","object"} on stdin, lines of {"id","stix_id"} on stdout
    #[arg(long, conflicts_with = "paths")]
    pub(crate) batch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Repair what is derived from history where it differs
    #[arg(long)]
    pub(crate) rebuild: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep the folder, to look around in it
    #[arg(long)]
    pub(crate) keep: bool,
}
