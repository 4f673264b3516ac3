//! What can go wrong inside a node, by whose fault. What comes from below keeps its own words.

use std::io;
use std::path::PathBuf;

use entente_policy::agreement::Fault;
use entente_stix::time::Timestamp;

use crate::acts::Refusal;

/// Why a node could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store or its disk.
    #[error(transparent)]
    Store(#[from] entente_store::Error),
    /// A file of the node's own.
    #[error("cannot {doing} `{path}`: {cause}; check space and permissions of the data folder, then repeat")]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The compiled generation cannot be made or read.
    #[error("cannot use the compiled indicators in `{path}`: {cause}")]
    Generation {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// A text that the store holds is not an object; the store is damaged.
    #[error("the stored text of `{id}` cannot be read: {cause}; run `entente check`")]
    Text {
        /// The object's id.
        id: String,
        /// Why.
        cause: String,
    },
    /// The input could not be read to its end; what came before is accounted for.
    #[error("cannot read `{name}` to its end: {cause}")]
    Input {
        /// The input's name.
        name: String,
        /// What the system said.
        cause: String,
    },
    /// A Sigma pipeline that cannot be used.
    #[error("cannot use the pipeline `{name}`: {cause}")]
    Pipeline {
        /// Its name.
        name: String,
        /// What is wrong with it, and where.
        cause: String,
    },
    /// A note, key or signature.
    #[error(transparent)]
    Log(#[from] entente_translog::Error),
    /// An act is not good, or may not be done.
    #[error(transparent)]
    Act(#[from] Refusal),
    /// An act that the store holds does not follow from those before it; the store is damaged.
    #[error(
        "the stored act {number} is not good any more: {cause}; the store is damaged: run `entente check`, and restore a backup"
    )]
    Acts {
        /// Its number in the store.
        number: u64,
        /// Why.
        cause: String,
    },
    /// No object of this id carries a rule that is looked for.
    #[error("`{id}` is no rule that this node holds and looks for; `entente rule trials` lists them")]
    NoRule {
        /// What was asked for.
        id: String,
    },
    /// No party has this id or name.
    #[error("no party `{party}` is known here; `entente party list` lists them")]
    UnknownParty {
        /// What was asked for.
        party: String,
    },
    /// Several parties have this name.
    #[error("several parties are called `{name}`; name one by its id, `{first}` or `{second}` for example")]
    AmbiguousParty {
        /// What was asked for.
        name: String,
        /// One of them.
        first: String,
        /// Another.
        second: String,
    },
    /// This node is no party yet.
    #[error("this node is no party yet; `entente party add --self NAME` makes it one")]
    NotFounded,
    /// This node is a party already.
    #[error(
        "this node is the party `{name}` already; a node is one party, another one needs another data folder"
    )]
    Founded {
        /// Its name.
        name: String,
    },
    /// A name that cannot be a party's.
    #[error("`{name}` cannot be the name of a party: {cause}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        cause: String,
    },
    /// The keys handed in belong to another party, or are on no list of this one.
    #[error(
        "these keys are not the keys of this node's party; check that the data folder and the file of keys belong together"
    )]
    NotOurKeys,
    /// The instance key does not count at this time.
    #[error(
        "the key `{vkey}` does not count now ({}valid from {from} until {until}); `entente party keys --rotate` makes a new one",
        if *.revoked { "it was revoked; " } else { "" }
    )]
    KeyOver {
        /// The key.
        vkey: String,
        /// First instant of the key.
        from: Timestamp,
        /// The instant after its last.
        until: Timestamp,
        /// Whether it was revoked.
        revoked: bool,
    },
    /// Something that only the root key can sign, without it.
    #[error(
        "only the root key can sign this, and it is not with the keys of this node; give its file with `--root FILE`, or do it where the root key is"
    )]
    RootElsewhere,
    /// This node's party has no such key.
    #[error("this node's party has no key `{vkey}`; `entente party keys` lists them")]
    UnknownKey {
        /// The key.
        vkey: String,
    },
    /// The only valid key would go.
    #[error(
        "it is the only key that counts, and without it nothing could be signed; make a new one first with `entente party keys --rotate`"
    )]
    LastKey,
    /// A key list that cannot be one.
    #[error("cannot make the key list: {cause}")]
    KeyList {
        /// Why.
        cause: String,
    },
    /// A file without a card.
    #[error("the file holds no card of a party; ask for the file that `entente party card` writes")]
    NoCard,
    /// No agreement has this id, or not this version.
    #[error(
        "no {}agreement `{agreement}` is known here; `entente agreement list` lists them",
        .version.map(|version| format!("version {version} of an ")).unwrap_or_default()
    )]
    UnknownAgreement {
        /// The id that was asked for.
        agreement: String,
        /// The version, where one was asked for.
        version: Option<u32>,
    },
    /// An agreement's document has faults.
    #[error("the agreement has {}", faults(.0))]
    Agreement(Vec<Fault>),
    /// Nothing may cross under an agreement now.
    #[error(
        "nothing crosses under agreement `{agreement}`: it {standing}; `entente agreement show {agreement}` says what is missing"
    )]
    NotInForce {
        /// The agreement's id.
        agreement: String,
        /// How it stands, as the end of a sentence.
        standing: String,
    },
    /// An agreement cannot be compiled into rules.
    #[error(transparent)]
    Terms(#[from] entente_policy::terms::Error),
    /// No log has this name.
    #[error(
        "no log `{origin}` is known here, nor an agreement that it could belong to; take in the agreement first, or check the name with `entente log show`"
    )]
    UnknownChannel {
        /// The log.
        origin: String,
    },
    /// No such entry under a signed head.
    #[error(
        "the log `{origin}` has no entry {number} under its signed head; `entente log show` lists entries"
    )]
    NoEntry {
        /// The log.
        origin: String,
        /// Its number, from 0.
        number: u64,
    },
    /// A log for others.
    #[error(
        "the log `{origin}` is not for this node's party: it is not of that audience; ask its owner for what is"
    )]
    WrongAudience {
        /// The log.
        origin: String,
    },
    /// Entries are missing in between.
    #[error("`{origin}`: {have} entries are held, and this begins with entry {from}; read the entries {have} to {} first", .from.saturating_sub(1))]
    Gap {
        /// The log.
        origin: String,
        /// Entries that are held.
        have: u64,
        /// Number of the first entry that came.
        from: u64,
    },
    /// A head of an earlier state than is known.
    #[error(
        "`{origin}`: this is signed for {size} entries, and a head of {have} is known already; it is an old copy, ask for the latest"
    )]
    Older {
        /// The log.
        origin: String,
        /// Entries of the head that is known.
        have: u64,
        /// Entries of the head that came.
        size: u64,
    },
    /// Entries of a log that are not what they must be.
    #[error("`{origin}`, {place}: {cause}; nothing of it was taken in: ask its owner for it again")]
    BadSlice {
        /// The log.
        origin: String,
        /// Which entry.
        place: String,
        /// What is wrong.
        cause: String,
    },
    /// A signature or proof of a log that does not hold.
    #[error(
        "`{origin}`: {cause}; nothing of it was taken in: ask its owner for it again, and if it stays so, compare heads with its other readers"
    )]
    BadLog {
        /// The log.
        origin: String,
        /// What is wrong.
        cause: entente_translog::Error,
    },
    /// The owner of a log signed two heads that cannot both be true.
    #[error(
        "the owner of `{origin}` signed two histories of it; nothing more is taken from it, and the proof is kept: show it to all parties of the agreement (`entente log show --forks`)"
    )]
    Forked {
        /// The log.
        origin: String,
        /// The proof, as text.
        proof: String,
    },
    /// The store is older than what was signed.
    #[error(
        "the log `{origin}` has {have} entries here, or others than were signed: a head of {signed} entries was signed; an old backup was restored, and signing on would make two histories. Restore the latest backup, or read the missing entries back from a reader of this log, who has a copy: `entente bundle write --give-back --to` this party makes a file of it there"
    )]
    Rollback {
        /// The log.
        origin: String,
        /// Entries that the store has.
        have: u64,
        /// Entries that were signed.
        signed: u64,
    },
    /// The guard does not know a log that was signed.
    #[error(
        "the log `{origin}` was signed for {signed} entries, and the guard of signed heads does not know it: this node was moved, or restored from a backup, and may have signed more since. Read on with every reader of the log first (they hold copies), then `entente log guard` lets it sign on; or name the folder that guarded it with `--guard DIR`"
    )]
    Unguarded {
        /// The log.
        origin: String,
        /// Entries of the head that is held.
        signed: u64,
    },
    /// The guard of signed heads.
    #[error(transparent)]
    Guard(#[from] crate::guard::GuardError),
    /// A stored log is not whole.
    #[error("the stored log `{origin}` is damaged: {cause}; run `entente check`, and restore a backup")]
    Damaged {
        /// The log.
        origin: String,
        /// Where.
        cause: String,
    },
    /// A text over its bound.
    #[error("{what} has {found} bytes, the limit is {limit}; say it shorter")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its bytes.
        found: usize,
        /// The bound.
        limit: usize,
    },
    /// A name under which only parties' objects are held.
    #[error(
        "`{name}` cannot be the name of a source: what begins with `party/` was told by a party in its log; choose another name"
    )]
    ReservedSource {
        /// The name.
        name: String,
    },
}

/// The number of faults, and each on a line.
fn faults(faults: &[Fault]) -> String {
    let noun = if faults.len() == 1 { "a fault" } else { "faults" };
    faults
        .iter()
        .fold(format!("{noun}:"), |text, fault| format!("{text}\n  {fault}"))
}
