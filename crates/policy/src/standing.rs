//! Whether an agreement is in force. Pure: signatures were verified by the caller, who brings the time.
//!
//! The rules:
//!
//! 1. A version is **complete** when every one of its parties signed it. Nothing less puts it in force:
//!    a later version that only some signed leaves the former as it is ([`pending`] tells of it).
//! 2. The version that **counts** is the newest complete one that has begun; where none has begun, the
//!    newest complete one. So an amendment takes over at its own `from`, and until then the former
//!    holds. Once it took over, it never gives back, not even when it lapses before the former would.
//! 3. A complete version only takes over from one with which it shares a party: strangers cannot end
//!    an agreement by signing something under its id. Of two complete versions of one number, which
//!    takes somebody who signed two different ones, that of the smaller digest counts, everywhere.
//! 4. It is in force from `from` on until just before `until`.
//! 5. One party's suspension suspends it for all, until that party resumes. A suspension or a leaving
//!    counts as soon as it is known, whatever time it names: a clock that is wrong must not keep open
//!    what a party closed.
//! 6. A party that left is out: nothing crosses to it or from it ([`standing_for`]), and its suspension
//!    ends, since it could not resume. With fewer than two parties left, the agreement is left as a whole.
//!
//! Where several reasons keep it shut, the lasting one is told: left, lapsed, suspended, not yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use entente_stix::time::Timestamp;

use crate::agreement::{Agreement, Member};

/// What parties did about one agreement. Parties by the id of their STIX identity.
#[derive(Debug, Clone)]
pub struct Acts<'a> {
    /// The versions, in any order, each with those who signed it.
    pub versions: &'a [(Arc<Agreement>, BTreeSet<String>)],
    /// Who suspended it and has not resumed, and when.
    pub suspended: BTreeMap<String, Timestamp>,
    /// Who left, and when. One that signed a later version since is back, and not in here.
    pub left: BTreeMap<String, Timestamp>,
}

/// How an agreement stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Signatures are missing: the ids of those who have not signed.
    Draft {
        /// Who has not signed.
        missing: Vec<String>,
    },
    /// Complete, and its time has not come.
    NotYet {
        /// When it comes.
        from: Timestamp,
    },
    /// In force.
    InForce,
    /// Its time is over.
    Lapsed {
        /// When it ended.
        until: Timestamp,
    },
    /// A party suspended it.
    Suspended {
        /// That party.
        by: String,
    },
    /// A party left, and so nothing crosses any more.
    Left {
        /// That party.
        by: String,
    },
    /// A newer version took over.
    Superseded {
        /// The number of that version.
        by: u32,
    },
}

impl Standing {
    /// Whether anything may cross.
    pub fn is_in_force(&self) -> bool {
        *self == Standing::InForce
    }
}

/// A sentence's end: `the agreement …`.
impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Standing::Draft { missing } if missing.is_empty() => f.write_str("is not known here"),
            Standing::Draft { missing } => {
                write!(
                    f,
                    "is a draft: the signature of {} is missing",
                    missing.join(", ")
                )
            }
            Standing::NotYet { from } => write!(f, "is signed by all, and not in force before {from}"),
            Standing::InForce => f.write_str("is in force"),
            Standing::Lapsed { until } => write!(f, "lapsed at {until}"),
            Standing::Suspended { by } => write!(f, "is suspended by {by} until that party resumes"),
            Standing::Left { by } => write!(f, "was left by {by}"),
            Standing::Superseded { by } => write!(f, "is superseded by version {by}"),
        }
    }
}

/// The version that counts at `now`, and how it stands. No version counts while every one is a draft;
/// then the newest draft's missing signatures are told.
pub fn standing<'a>(acts: &Acts<'a>, now: Timestamp) -> (Option<&'a Agreement>, Standing) {
    match counting(acts, now) {
        Some(agreement) => (Some(agreement), of_counting(acts, agreement, now)),
        None => (None, draft(acts)),
    }
}

/// As [`standing`], in the view of one party: who left sees it left, though the others go on.
pub fn standing_for<'a>(acts: &Acts<'a>, party: &str, now: Timestamp) -> (Option<&'a Agreement>, Standing) {
    let (agreement, standing) = standing(acts, now);
    match acts.left.get_key_value(party) {
        Some((by, _)) if agreement.is_some() => (agreement, Standing::Left { by: by.clone() }),
        _ => (agreement, standing),
    }
}

/// How one version stands, for whoever looks at it alone: a draft, superseded, or as [`standing`] says.
pub fn standing_of(acts: &Acts<'_>, version: &Agreement, now: Timestamp) -> Standing {
    let (counts, standing) = standing(acts, now);
    if counts == Some(version) {
        return standing;
    }
    let missing = missing(version, signatures(acts, version));
    match counts {
        Some(counts) if missing.is_empty() && (version.from <= now || version.version <= counts.version) => {
            Standing::Superseded { by: counts.version }
        }
        Some(_) if missing.is_empty() => Standing::NotYet { from: version.from },
        _ => Standing::Draft { missing },
    }
}

/// The newest version beyond the one that counts at `now`, and who has not signed it; nobody missing
/// means that it waits for its `from`. `None`: there is nothing newer.
pub fn pending<'a>(acts: &Acts<'a>, now: Timestamp) -> Option<(&'a Agreement, Vec<String>)> {
    let counts = counting(acts, now).map_or(0, |agreement| agreement.version);
    let newer = acts
        .versions
        .iter()
        .filter(|(agreement, _)| agreement.version > counts);
    let (agreement, signed) = newer.max_by_key(|(agreement, _)| agreement.version)?;
    Some((agreement, missing(agreement, Some(signed))))
}

/// The parties of a version that have not left, in the order of the document.
pub fn remaining<'a>(acts: &Acts<'_>, agreement: &'a Agreement) -> Vec<&'a Member> {
    let stays = |member: &&Member| !acts.left.contains_key(&member.identity);
    agreement.parties.iter().filter(stays).collect()
}

/// Rules 2 and 3.
fn counting<'a>(acts: &Acts<'a>, now: Timestamp) -> Option<&'a Agreement> {
    let mut complete: Vec<_> = acts
        .versions
        .iter()
        .filter(|(agreement, signed)| missing(agreement, Some(signed)).is_empty())
        .map(|(agreement, _)| agreement.as_ref())
        .collect();
    // A digest costs a whole canonical form, and is asked for only where two have one number.
    complete.sort_by(|left, right| {
        let numbers = left.version.cmp(&right.version);
        numbers.then_with(|| left.digest().cmp(&right.digest()))
    });
    let mut counts: Option<&Agreement> = None;
    for next in complete {
        if counts.is_none_or(|current| takes_over(next, current, now)) {
            counts = Some(next);
        }
    }
    counts
}

fn takes_over(next: &Agreement, current: &Agreement, now: Timestamp) -> bool {
    // Where none has begun, the newest is told; one that has begun yields only to one that has begun.
    let begun = next.from <= now || current.from > now;
    let shared = |member: &Member| current.member_of(&member.identity).is_some();
    next.version > current.version && begun && next.parties.iter().any(shared)
}

/// Rules 4 to 6.
fn of_counting(acts: &Acts<'_>, agreement: &Agreement, now: Timestamp) -> Standing {
    let remaining = remaining(acts, agreement);
    if remaining.len() < 2 {
        return Standing::Left {
            by: first_to_leave(acts, agreement),
        };
    }
    if now >= agreement.until {
        return Standing::Lapsed {
            until: agreement.until,
        };
    }
    let suspends = |member: &&&Member| acts.suspended.contains_key(&member.identity);
    if let Some(member) = remaining.iter().find(suspends) {
        return Standing::Suspended {
            by: member.identity.clone(),
        };
    }
    if now < agreement.from {
        return Standing::NotYet { from: agreement.from };
    }
    Standing::InForce
}

fn first_to_leave(acts: &Acts<'_>, agreement: &Agreement) -> String {
    let left = agreement.parties.iter().filter_map(|member| {
        let at = acts.left.get(&member.identity)?;
        Some((at, &member.identity))
    });
    left.min().map(|(_, by)| by.clone()).unwrap_or_default()
}

fn draft(acts: &Acts<'_>) -> Standing {
    let newest = acts
        .versions
        .iter()
        .max_by_key(|(agreement, _)| agreement.version);
    Standing::Draft {
        missing: newest.map_or_else(Vec::new, |(agreement, signed)| missing(agreement, Some(signed))),
    }
}

fn signatures<'a>(acts: &Acts<'a>, version: &Agreement) -> Option<&'a BTreeSet<String>> {
    let found = acts
        .versions
        .iter()
        .find(|(agreement, _)| agreement.as_ref() == version);
    found.map(|(_, signed)| signed)
}

fn missing(agreement: &Agreement, signed: Option<&BTreeSet<String>>) -> Vec<String> {
    let unsigned = |member: &&Member| !signed.is_some_and(|signed| signed.contains(&member.identity));
    let members = agreement.parties.iter().filter(unsigned);
    members.map(|member| member.identity.clone()).collect()
}
