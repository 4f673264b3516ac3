//! Bundles that were written or read, and what people must see of logs.

use entente_exchange::bundle::{Account, Error, Written};
use entente_node::Node;
use entente_node::party::Party;
use entente_node::reading::{Alarm, TakenIn};
use entente_stix::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::exit::{Exit, Failure};
use crate::place;
use crate::render::{count, safe};

/// A bundle that was written.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct BundleWritten {
    /// The file.
    pub(crate) bundle: String,
    /// The party that can open it.
    pub(crate) to: String,
    /// The agreement that it tells under.
    pub(crate) agreement: String,
    /// Its number among the bundles to this party.
    pub(crate) number: u64,
    /// Log entries in it.
    pub(crate) entries: u64,
    /// Until when it counts.
    #[schema(format = DateTime)]
    pub(crate) until: String,
    /// What it tells of each log.
    pub(crate) logs: Vec<BundleLog>,
}

/// What a bundle tells of a log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct BundleLog {
    /// The log.
    pub(crate) log: String,
    /// The first entry in it.
    pub(crate) from: u64,
    /// The log's entries in all.
    pub(crate) entries: u64,
}

impl BundleWritten {
    pub(crate) fn of(bundle: String, party: &Party, agreement: &str, written: &Written) -> BundleWritten {
        let header = &written.header;
        let logs = header.logs.iter();
        BundleWritten {
            bundle,
            to: party.id.clone(),
            agreement: agreement.to_owned(),
            number: header.number,
            entries: written.entries,
            until: header.until.to_string(),
            logs: logs
                .map(|log| BundleLog {
                    log: log.origin.clone(),
                    from: log.from,
                    entries: log.size,
                })
                .collect(),
        }
    }
}

/// What became of a bundle that was read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct BundleTaken {
    /// The file.
    pub(crate) bundle: String,
    /// Who wrote it.
    pub(crate) from: String,
    /// The agreement that it tells under.
    pub(crate) agreement: String,
    /// Its number among the bundles to this node.
    pub(crate) number: u64,
    /// Whether it tells nothing that is not held already.
    pub(crate) old: bool,
    /// Statements about keys and agreements in it.
    pub(crate) acts: u64,
    /// Receipts for what was released from here.
    pub(crate) receipts: u64,
    /// What became of each log's entries.
    pub(crate) logs: Vec<LogTaken>,
    /// Logs of which more is held already.
    pub(crate) older: Vec<String>,
    /// What was refused.
    pub(crate) refused: Vec<RefusedShown>,
    /// What people must see.
    pub(crate) alarms: Vec<String>,
}

/// What became of the entries of a log that was read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LogTaken {
    /// The log.
    pub(crate) log: String,
    /// Entries held before.
    pub(crate) before: u64,
    /// Entries held now.
    pub(crate) held: u64,
    /// Entries under its signed head.
    pub(crate) entries: u64,
    /// Objects stored.
    pub(crate) stored: u64,
    /// Objects known already.
    pub(crate) known: u64,
    /// Kept beside as proposals: another's to change.
    pub(crate) proposals: u64,
    /// Parked with a reason.
    pub(crate) parked: u64,
    /// Recalled.
    pub(crate) recalled: u64,
    /// No longer told.
    pub(crate) erased: u64,
}

/// Something that was refused.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RefusedShown {
    /// What it is about.
    pub(crate) subject: String,
    /// Why.
    pub(crate) reason: String,
}

impl From<&TakenIn> for LogTaken {
    fn from(log: &TakenIn) -> LogTaken {
        LogTaken {
            log: log.origin.clone(),
            before: log.before,
            held: log.held,
            entries: log.size,
            stored: log.stored,
            known: log.known,
            proposals: log.proposals,
            parked: log.parked,
            recalled: log.recalled,
            erased: log.erased,
        }
    }
}

impl BundleTaken {
    pub(crate) fn of(bundle: String, account: &Account) -> BundleTaken {
        let header = &account.header;
        let refused = account.refused.iter();
        BundleTaken {
            bundle,
            from: header.issuer.clone(),
            agreement: header.agreement.clone(),
            number: header.number,
            old: account.is_old(),
            acts: account.acts,
            receipts: account.receipts,
            logs: account.logs.values().map(LogTaken::from).collect(),
            older: account.older.clone(),
            refused: refused
                .map(|(subject, why)| RefusedShown {
                    subject: subject.clone(),
                    reason: why.clone(),
                })
                .collect(),
            alarms: account.alarms.iter().map(alarm_words).collect(),
        }
    }
}

/// An alarm as a sentence, safe to print.
pub(crate) fn alarm_words(alarm: &Alarm) -> String {
    match alarm {
        Alarm::Fork { origin, .. } => format!(
            "the owner of `{}` signed two histories of it; `entente log show --json` gives the proof: show it to all parties",
            safe(origin)
        ),
        Alarm::Behind { origin, have, signed } => format!(
            "a peer holds {} entries of this node's own log `{}`, which has {} here: an old backup was restored",
            count(*signed),
            safe(origin),
            count(*have)
        ),
    }
}

/// The agreement under which the party is told something, where there is just one.
///
/// # Errors
/// There is none, or several.
pub(crate) fn only_agreement(node: &Node, party: &Party, at: Timestamp) -> Result<String, Failure> {
    let mut shared: Vec<String> = Vec::new();
    for pact in node.pacts(at)? {
        if pact.agreement.member_of(&party.id).is_some() {
            shared.push(pact.agreement.id.clone());
        }
    }
    match shared.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Failure::not_found(format!(
            "there is no agreement with {}; `entente agreement list` shows those that there are",
            safe(&party.name)
        ))),
        several => Err(Failure::usage(format!(
            "there are {} agreements with {}; choose one with `--agreement`: {}",
            several.len(),
            safe(&party.name),
            safe(&several.join(", "))
        ))),
    }
}

/// Whose fault it is that a bundle was not written or not read.
pub(crate) fn failure(error: Error) -> Failure {
    match error {
        Error::Node(error) => place::node_failure(error),
        Error::NoRecipient { .. } => Failure::not_found(error),
        Error::Refused(_) => Failure {
            exit: Exit::Refused,
            message: error.to_string(),
        },
        Error::Secret(_) | Error::Moved { .. } | Error::Io(_) => Failure::store(error),
        _ => Failure::input(error),
    }
}
