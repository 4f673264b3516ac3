//! `entente party …` and `entente agreement …` as clap sees them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// How the keys of this node are unlocked.
#[derive(Debug, Clone, Args)]
pub(crate) struct Unlock {
    /// Read the passphrase of the keys from this file's first line [default: ask on the terminal]
    #[arg(long, value_name = "FILE", env = "ENTENTE_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Party {
    /// Make this node a party, or take in the card of another
    Add(PartyAdd),
    /// Everyone who is known, this node's own party first
    List,
    /// The keys of a party; renew or take back one's own
    Keys(PartyKeys),
    /// A party's card, to hand to others; one's own where none is named
    Card(PartyCard),
}

#[derive(Debug, Args)]
pub(crate) struct PartyAdd {
    /// Cards as `entente party card` writes them, or - for stdin
    #[arg(
        value_name = "FILE",
        required_unless_present = "name",
        conflicts_with = "name"
    )]
    pub(crate) files: Vec<PathBuf>,
    /// Make this node the party of this name: keys are made, and a passphrase is asked for to keep them under
    #[arg(long = "self", value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Write the root key to this file at once, instead of into the data folder
    #[arg(long, value_name = "FILE", requires = "name")]
    pub(crate) root_out: Option<PathBuf>,
    /// Say whose cards these are, and store nothing
    #[arg(long, conflicts_with = "name")]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
}

#[derive(Debug, Args)]
pub(crate) struct PartyKeys {
    /// A party's name or id [default: this node's own]
    #[arg(value_name = "PARTY")]
    pub(crate) party: Option<String>,
    #[command(flatten)]
    pub(crate) change: KeyChange,
    /// The root key's file, where it is not in the data folder
    #[arg(long, value_name = "FILE")]
    pub(crate) root: Option<PathBuf>,
    /// Write the list that the root key must sign to this file, for the machine where that key is
    #[arg(long, value_name = "FILE", conflicts_with = "root")]
    pub(crate) request: Option<PathBuf>,
    /// Where `--sign` writes the signed list, or - for stdout
    #[arg(long, short, value_name = "FILE", requires = "sign")]
    pub(crate) output: Option<PathBuf>,
    /// Say what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
}

/// What to do with the keys; nothing: show them.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct KeyChange {
    /// A new instance key, valid for a year; the old one counts for 30 days more
    #[arg(long)]
    pub(crate) rotate: bool,
    /// Take a key back: nothing that it signs from now on counts
    #[arg(long, value_name = "VKEY")]
    pub(crate) revoke: Option<String>,
    /// Move the root key out of the data folder into this file, to be kept offline
    #[arg(long, value_name = "FILE")]
    pub(crate) root_out: Option<PathBuf>,
    /// Sign the list of a `--request` with the root key of `--root`; needs no node
    #[arg(long, value_name = "FILE", requires = "root")]
    pub(crate) sign: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PartyCard {
    /// A party's name or id [default: this node's own]
    #[arg(value_name = "PARTY")]
    pub(crate) party: Option<String>,
    /// Write here instead of stdout (-); the file appears whole or not at all
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Agreement {
    /// A document to begin with, filled in with the parties that are known
    New(AgreementNew),
    /// Take in a document (TOML), or what another party handed over: texts and signatures
    Add(AgreementAdd),
    /// One agreement: parties, standing, clauses, signatures, who gets what; all in short where none is named
    Show(AgreementShow),
    /// Every agreement that is known, and how it stands
    List,
    /// Sign the newest version with this node's key
    Sign(AgreementSign),
    /// Hold an agreement up: nothing crosses under it until you resume
    Suspend(AgreementWord),
    /// Take your own suspension back
    Resume(AgreementWord),
    /// Leave an agreement for good
    Leave(AgreementWord),
    /// Why an object goes to a party, or stays: which clause lets it go, and in which form; exit 1 if it stays
    Explain(AgreementExplain),
}

#[derive(Debug, Args)]
pub(crate) struct AgreementNew {
    /// Short name that its parties will know it by: a-z, 0-9 and -
    pub(crate) id: String,
    /// Names or ids of the parties, yourself included [default: everyone who is known]
    #[arg(long = "party", value_name = "PARTY")]
    pub(crate) parties: Vec<String>,
    /// Write here instead of stdout (-); the file appears whole or not at all
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AgreementAdd {
    /// A document (TOML), or a file that `entente agreement sign -o` wrote; - for stdin
    pub(crate) file: PathBuf,
    /// Take its text instead of the draft of the same version that is held
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AgreementShow {
    /// The agreement's short name
    pub(crate) id: Option<String>,
    /// The number of a version [default: the one that counts]
    #[arg(value_name = "VERSION")]
    pub(crate) number: Option<u32>,
    /// The canonical text (RFC 8785) whose digest is signed, nothing else
    #[arg(long, requires = "id", conflicts_with_all = ["toml", "file"])]
    pub(crate) canonical: bool,
    /// The document for people, to amend it for example
    #[arg(long, requires = "id", conflicts_with = "file")]
    pub(crate) toml: bool,
    /// The file to hand to others: texts, signatures and the parties' cards
    #[arg(long, requires = "id")]
    pub(crate) file: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AgreementSign {
    /// The agreement's short name
    pub(crate) id: String,
    /// The number of a version [default: the newest]
    #[arg(value_name = "VERSION")]
    pub(crate) number: Option<u32>,
    #[command(flatten)]
    pub(crate) act: Doing,
}

#[derive(Debug, Args)]
pub(crate) struct AgreementWord {
    /// The agreement's short name
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) act: Doing,
}

/// What everything that signs takes.
#[derive(Debug, Args)]
pub(crate) struct Doing {
    /// Write the file to hand to the others here, or - for stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Say what would be signed, and sign nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
}

#[derive(Debug, Args)]
pub(crate) struct AgreementExplain {
    /// An object's STIX id
    pub(crate) object: String,
    /// The party it would go to: name or id
    pub(crate) party: String,
}
