//! What was decided about objects and audiences, and what was taken back.

use entente_node::Node;
use entente_node::channel::Desk;
use entente_node::release::{ReleaseAccount, Ruled, Ruling};
use entente_policy::standing::Standing;
use entente_stix::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::exit::Failure;
use crate::near::nearest;
use crate::render::{safe, short};

/// What was decided about one object for one audience.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RuledShown {
    /// The object.
    pub(crate) id: String,
    /// The agreement.
    pub(crate) agreement: String,
    /// The log that it goes to.
    pub(crate) log: String,
    /// The parties that read that log.
    pub(crate) audience: Vec<String>,
    #[serde(flatten)]
    pub(crate) ruling: RulingShown,
}

/// A decision.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "ruling", rename_all = "lowercase")]
pub(crate) enum RulingShown {
    /// It is an entry of the log now, or would be in a dry run.
    Released {
        /// The entry's number.
        entry: u64,
        /// The clause that allowed it.
        clause: String,
        /// JSON pointers of what was taken out; empty: it goes whole.
        taken_out: Vec<String>,
        /// Whether it takes the place of an earlier form or version in this log.
        replaces: bool,
    },
    /// The log has exactly this already.
    Already {
        /// The entry's number.
        entry: u64,
    },
    /// It stays here.
    Withheld {
        /// A stable word for the reason.
        code: String,
        /// The reason as a sentence.
        reason: String,
        /// The nearest clause.
        clause: Option<String>,
    },
}

impl From<&Ruled> for RuledShown {
    fn from(ruled: &Ruled) -> RuledShown {
        let ruling = match &ruled.ruling {
            Ruling::Released {
                number,
                clause,
                taken_out,
                replaces,
            } => RulingShown::Released {
                entry: *number,
                clause: clause.clone(),
                taken_out: taken_out.clone(),
                replaces: *replaces,
            },
            Ruling::Already { number } => RulingShown::Already { entry: *number },
            Ruling::Withheld { code, reason, clause } => RulingShown::Withheld {
                code: code.clone(),
                reason: reason.clone(),
                clause: clause.clone(),
            },
        };
        RuledShown {
            id: ruled.id.clone(),
            agreement: ruled.agreement.clone(),
            log: ruled.origin.clone(),
            audience: ruled.audience.clone(),
            ruling,
        }
    }
}

/// The end of a release.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReleaseEnd {
    /// The sums.
    pub(crate) release: ReleaseSums,
}

/// The sums over decisions, and the heads that were signed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReleaseSums {
    /// Objects decided, once for each audience.
    pub(crate) decided: u64,
    /// Entries made.
    pub(crate) released: u64,
    /// Of these, forms from which something was taken out.
    pub(crate) redacted: u64,
    /// Already released as they are.
    pub(crate) already: u64,
    /// Withheld.
    pub(crate) withheld: u64,
    /// Whether nothing was released, because nothing was to be.
    pub(crate) dry_run: bool,
    /// Logs whose head was signed.
    pub(crate) heads: Vec<HeadShown>,
}

/// A log and its size.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct HeadShown {
    /// The log.
    pub(crate) log: String,
    /// Its entries.
    pub(crate) entries: u64,
}

impl ReleaseEnd {
    pub(crate) fn of(account: &ReleaseAccount, dry_run: bool) -> ReleaseEnd {
        ReleaseEnd {
            release: ReleaseSums {
                decided: account.decided,
                released: account.released,
                redacted: account.redacted,
                already: account.already,
                withheld: account.withheld,
                dry_run,
                heads: account
                    .heads
                    .iter()
                    .map(|(log, entries)| HeadShown {
                        log: log.clone(),
                        entries: *entries,
                    })
                    .collect(),
            },
        }
    }
}

/// What became of an object that was to be recalled, in one log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RecalledShown {
    /// The object.
    pub(crate) id: String,
    /// The log; not where it is released in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log: Option<String>,
    /// The number of the recall's entry; null in a dry run.
    pub(crate) entry: Option<u64>,
    /// Whether it is recalled now.
    pub(crate) recalled: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl RecalledShown {
    /// In this log, by this entry; no entry in a dry run.
    pub(crate) fn in_log(id: &str, log: &str, entry: Option<u64>) -> RecalledShown {
        RecalledShown {
            id: id.to_owned(),
            log: Some(log.to_owned()),
            entry,
            recalled: entry.is_some(),
            reason: None,
        }
    }

    /// An object that is released nowhere.
    pub(crate) fn not_released(id: &str) -> RecalledShown {
        RecalledShown {
            id: id.to_owned(),
            log: None,
            entry: None,
            recalled: false,
            reason: Some("not released".to_owned()),
        }
    }
}

/// What a recall would do, object by object.
///
/// # Errors
/// The store failed.
pub(crate) fn would_recall(node: &Node, ids: &[String]) -> Result<Vec<RecalledShown>, Failure> {
    let mut told = Vec::new();
    for id in ids {
        let logs = node.released_in(id)?;
        if logs.is_empty() {
            told.push(RecalledShown::not_released(id));
        }
        told.extend(logs.iter().map(|(log, _)| RecalledShown::in_log(id, log, None)));
    }
    Ok(told)
}

/// Takes every release of these objects back, and tells what was done, object by object.
///
/// # Errors
/// As [`Node::recall`].
pub(crate) fn recall(
    node: &Node,
    ids: &[String],
    reason: &str,
    desk: &Desk<'_>,
) -> Result<Vec<RecalledShown>, Failure> {
    let account = node.recall(ids, reason, desk)?;
    let recalled = account.recalled.iter();
    let recalled = recalled.map(|(id, log, number)| RecalledShown::in_log(id, log, Some(*number)));
    let not = account
        .not_released
        .iter()
        .map(|id| RecalledShown::not_released(id));
    Ok(recalled.chain(not).collect())
}

/// A source that never told anything is most likely a slip of the pen: nothing new from it would be no answer.
///
/// # Errors
/// The first that is not known, with the names that look like it.
pub(crate) fn require_sources(node: &Node, asked: &[String]) -> Result<(), Failure> {
    if asked.is_empty() {
        return Ok(());
    }
    let known = node.store().sources().map_err(crate::place::failure)?;
    let names = || known.iter().map(|source| source.name.as_str());
    let Some(unknown) = asked
        .iter()
        .find(|name| names().all(|known| known != name.as_str()))
    else {
        return Ok(());
    };
    let near: Vec<String> = nearest(unknown, names())
        .iter()
        .map(|name| format!("`{}`", safe(name)))
        .collect();
    let unknown = short(unknown, 120);
    Err(Failure::not_found(match near.is_empty() {
        true => {
            format!("no source `{unknown}` told anything here; `entente show ID` names who told an object")
        }
        false => format!(
            "no source `{unknown}` told anything here; there is {}",
            near.join(", ")
        ),
    }))
}

/// Without an agreement in force nothing can go; that is worth more words than an empty account.
///
/// # Errors
/// There is none, and how those stand that there are.
pub(crate) fn require_agreement(node: &Node, at: Timestamp) -> Result<(), Failure> {
    let pacts = node.pacts(at)?;
    if pacts.is_empty() {
        return Err(Failure::refused(
            "nothing leaves without an agreement, and there is none yet; `entente agreement new` gives one to begin with",
        ));
    }
    if pacts.iter().any(|pact| pact.standing == Standing::InForce) {
        return Ok(());
    }
    let stand = pacts
        .iter()
        .map(|pact| format!("\n  `{}` {}", pact.agreement.id, pact.standing));
    Err(Failure::refused(format!(
        "nothing leaves without an agreement in force:{}",
        stand.collect::<String>()
    )))
}
