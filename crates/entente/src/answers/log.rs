//! Release logs: heads, receipts, recalls, entries; and whether they are good.

use std::cmp::Ordering;

use entente_node::Node;
use entente_node::audit::{Audited, EntryShown, LogShown};
use entente_node::channel::opening::Opening;
use entente_node::guard::Guard as _;
use entente_node::reading::Alarm;
use entente_stix::digest::Digest;
use entente_translog::checkpoint::Checkpoint;
use entente_translog::note::Note;
use serde::Serialize;
use utoipa::ToSchema;

use super::bundle::alarm_words;
use super::time;
use crate::cli::Global;
use crate::exit::Failure;
use crate::render::safe;
use crate::{desk, guard};

/// A release log that is held here.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LogHead {
    /// Its name.
    pub(crate) log: String,
    /// The agreement.
    pub(crate) agreement: String,
    /// The party that releases through it.
    pub(crate) owner: String,
    /// The parties that read it.
    pub(crate) audience: Vec<String>,
    /// Whether it is one of this node's own.
    pub(crate) own: bool,
    /// Entries held here.
    pub(crate) held: u64,
    /// Whether an entry closed it.
    pub(crate) closed: bool,
    /// Entries under the latest signed head.
    pub(crate) entries: Option<u64>,
    /// That head: a signed note (C2SP checkpoint).
    pub(crate) head: Option<String>,
    /// How far each reader has signed for it.
    pub(crate) receipts: Vec<ReceiptShown>,
    /// Recalls that some reader has not signed for.
    pub(crate) unacknowledged_recalls: Vec<OpenRecall>,
    /// Proofs that the owner signed two histories.
    pub(crate) forks: Vec<String>,
    /// What people must see of it.
    pub(crate) alarms: Vec<String>,
}

/// How far a reader has signed for a log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptShown {
    /// The reader.
    pub(crate) party: String,
    /// The entries that it signed for.
    pub(crate) entries: u64,
    /// When; null: it has signed for nothing yet.
    #[schema(format = DateTime)]
    pub(crate) at: Option<String>,
}

/// A recall that some reader has not signed for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OpenRecall {
    /// The recall's entry.
    pub(crate) entry: u64,
    /// The object.
    pub(crate) object: String,
    /// The readers that have not signed for it.
    pub(crate) parties: Vec<String>,
}

impl From<&LogShown> for LogHead {
    fn from(log: &LogShown) -> LogHead {
        let receipts = log.acknowledged.iter().map(|one| ReceiptShown {
            party: one.party.clone(),
            entries: one.size,
            at: one.at.map(|at| at.to_string()),
        });
        let recalls = log.unacknowledged.iter().map(|recall| OpenRecall {
            entry: recall.number,
            object: recall.object.clone(),
            parties: recall.parties.clone(),
        });
        let forks = log.alarms.iter().filter_map(|alarm| match alarm {
            Alarm::Fork { proof, .. } => Some(proof.clone()),
            Alarm::Behind { .. } => None,
        });
        LogHead {
            log: log.origin.clone(),
            agreement: log.agreement.clone(),
            owner: log.owner.clone(),
            audience: log.audience.clone(),
            own: log.is_own,
            held: log.held,
            closed: log.closed,
            entries: log.head.as_ref().map(|(size, _)| *size),
            head: log.head.as_ref().map(|(_, note)| note.clone()),
            receipts: receipts.collect(),
            unacknowledged_recalls: recalls.collect(),
            forks: forks.collect(),
            alarms: log.alarms.iter().map(alarm_words).collect(),
        }
    }
}

/// An entry of a log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LogEntryShown {
    /// The log.
    pub(crate) log: String,
    /// The entry's number, from 0.
    pub(crate) entry: u64,
    /// When it was stored here.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The object that it is about; empty for one that closes the log.
    pub(crate) object: String,
    #[serde(flatten)]
    pub(crate) says: EntrySays,
}

/// What an entry says.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum EntrySays {
    /// The object went to the log's readers.
    Release {
        /// The clause that allowed it.
        clause: String,
        /// SHA-256 of the form that went.
        digest: String,
        /// Whether something was taken out of it.
        redacted: bool,
        /// Whether that form is no longer kept here.
        erased: bool,
        /// `modified` of the object.
        version: Option<String>,
        /// When its readers must have deleted it.
        expires: Option<String>,
    },
    /// It was taken back.
    Recall {
        /// Why, in its owner's words.
        reason: String,
        /// The entries that it takes back.
        releases: Vec<u64>,
    },
    /// Nothing comes after it.
    Close {
        /// Why.
        reason: String,
    },
}

impl LogEntryShown {
    pub(crate) fn of(origin: &str, entry: &EntryShown) -> LogEntryShown {
        let says = match &entry.opening {
            Opening::Release(release) => EntrySays::Release {
                clause: release.clause.clone(),
                digest: Digest::from_bytes(release.digest).to_string(),
                redacted: release.redacted,
                erased: entry.erased,
                version: release.version.map(|time| time.to_string()),
                expires: release.expires.map(|time| time.to_string()),
            },
            Opening::Recall(recall) => EntrySays::Recall {
                reason: recall.reason.clone(),
                releases: recall.releases.clone(),
            },
            Opening::Close { reason } => EntrySays::Close {
                reason: reason.clone(),
            },
        };
        LogEntryShown {
            log: origin.to_owned(),
            entry: entry.number,
            at: time(entry.at),
            object: entry.opening.subject().to_owned(),
            says,
        }
    }
}

/// What a log, or a proof, was found to be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LogVerdict {
    /// The log, or the file.
    pub(crate) log: String,
    /// Whether it is what its signed head says.
    pub(crate) good: bool,
    /// Entries checked, where it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) entries: Option<u64>,
    /// What is wrong, as a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
    /// A remark, or what is wrong as a sentence.
    pub(crate) says: String,
}

impl LogVerdict {
    pub(crate) fn good(log: &str, entries: u64, says: String) -> LogVerdict {
        LogVerdict {
            log: log.to_owned(),
            good: true,
            entries: Some(entries),
            code: None,
            place: None,
            says,
        }
    }

    pub(crate) fn bad(log: &str, code: &str, place: &str, says: &str) -> LogVerdict {
        LogVerdict {
            log: log.to_owned(),
            good: false,
            entries: None,
            code: Some(code.to_owned()),
            place: Some(place.to_owned()),
            says: says.to_owned(),
        }
    }

    /// What a log in the store was found to be; `signed` is the size of a head that was signed and is not held,
    /// where the guard knows such a one.
    fn of(log: &LogShown, audited: &Audited, signed: Option<u64>) -> Vec<LogVerdict> {
        if audited.faults.is_empty() && signed.is_none() {
            return vec![LogVerdict::good(&log.origin, audited.entries, remarks(audited))];
        }
        let rolled_back = signed.map(|signed| {
            let says = format!(
                "a head of {signed} entries was signed, {} are here: an old backup was restored; a reader can give \
                 the rest back (`entente bundle write --give-back`)",
                log.held
            );
            LogVerdict::bad(&log.origin, "rolled-back", "", &says)
        });
        let faults = audited.faults.iter().map(|fault| {
            let place = fault
                .number
                .map(|number| format!("entry {number}"))
                .unwrap_or_default();
            let says = format!("{place} {}", fault.what);
            LogVerdict::bad(&log.origin, fault.code, &place, &says)
        });
        rolled_back.into_iter().chain(faults).collect()
    }
}

/// Verifies a log in the store: also that each entry says what it commits to, and its content is that.
///
/// # Errors
/// The store failed.
pub(crate) fn held(node: &Node, global: &Global, log: &LogShown) -> Result<Vec<LogVerdict>, Failure> {
    let audited = node.audit(&log.origin, &mut |_, _| ())?;
    let rolled_back = is_behind_guard(global, log)?;
    Ok(LogVerdict::of(log, &audited, rolled_back))
}

/// The size of an own log's head that the guard knows, if the log here is behind it.
fn is_behind_guard(global: &Global, log: &LogShown) -> Result<Option<u64>, Failure> {
    if !log.is_own {
        return Ok(None);
    }
    let guard = guard::Folder::new(desk::guard_folder(global)?);
    let Ok(Some(note)) = guard.last(&log.origin) else {
        return Ok(None);
    };
    let head = Note::read(note.as_bytes()).and_then(|note| Checkpoint::read(note.text()));
    Ok(head.ok().map(|head| head.size).filter(|size| *size > log.held))
}

/// What is worth knowing of a log that is good.
fn remarks(audited: &Audited) -> String {
    let mut says = String::new();
    if audited.erased > 0 {
        says.push_str(&format!(
            " ({} without its content: replaced, recalled or past its time)",
            audited.erased
        ));
    }
    match audited.signed.cmp(&audited.entries) {
        Ordering::Less => says.push_str(&format!(
            ", of which the first {} are under a signed head; the next command that signs finishes it",
            audited.signed
        )),
        Ordering::Greater => says.push_str(&format!(
            " of {} that are signed; read on to hold the rest",
            audited.signed
        )),
        Ordering::Equal => {}
    }
    says
}

/// A log whose head is guarded anew.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Guarded {
    /// The log.
    pub(crate) log: String,
    /// From how many entries on.
    pub(crate) guarded: u64,
}

/// The logs whose name is or begins with `asked`.
///
/// # Errors
/// There is none.
pub(crate) fn matching<'l>(logs: &'l [LogShown], asked: &str) -> Result<Vec<&'l LogShown>, Failure> {
    let matches =
        |log: &&LogShown| log.origin == asked || log.agreement == asked || log.origin.starts_with(asked);
    let found: Vec<&LogShown> = logs.iter().filter(matches).collect();
    if found.is_empty() {
        return Err(Failure::not_found(format!(
            "there is no log `{}` here; `entente log show` lists those that there are",
            safe(asked)
        )));
    }
    Ok(found)
}

/// Which entry is meant: a number together with a log, or the last release of an object.
///
/// # Errors
/// There is none, or it is not clear which.
pub(crate) fn entry(node: &Node, what: &str, log: Option<&str>) -> Result<(String, u64), Failure> {
    let logs = node.logs()?;
    let in_log = log.map(|log| matching(&logs, log)).transpose()?;
    if let Ok(number) = what.parse::<u64>() {
        return match in_log.as_deref() {
            Some([log]) => Ok((log.origin.clone(), number)),
            Some(_) => Err(Failure::usage("several logs begin so; give more of the name")),
            None => Err(Failure::usage(
                "an entry's number needs its log: add `--log LOG`; `entente log show` lists them",
            )),
        };
    }
    let mut released = node.released_in(what)?;
    if let Some(in_log) = in_log {
        released.retain(|(origin, _)| in_log.iter().any(|log| log.origin == *origin));
    }
    match released.as_slice() {
        [] => Err(Failure::not_found(format!(
            "`{}` stands in no such log: it was not released, or was recalled; `entente log show LOG` lists entries",
            safe(what)
        ))),
        [one] => Ok(one.clone()),
        [(first, _), ..] => Err(Failure::usage(format!(
            "it stands in {} logs; choose one, as with `--log {}`",
            released.len(),
            safe(first)
        ))),
    }
}
