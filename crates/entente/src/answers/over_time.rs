//! What several records satisfy together, and what happened to what is looked for over time.

use std::collections::BTreeMap;

use entente_node::rules::{OverTime, Together};
use entente_node::scan::Account;
use serde::Serialize;
use utoipa::ToSchema;

use super::detection::PartShown;
use super::time;

/// How records satisfied a rule together.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OverTimeShown {
    /// What they have in common: fields with their values.
    pub(crate) group: BTreeMap<String, Option<String>>,
    /// What was counted or measured.
    pub(crate) measure: Option<f64>,
    /// The last of the records, by time.
    pub(crate) records: Vec<TogetherShown>,
    /// How many there were before those.
    pub(crate) untold: u64,
    /// It was known only by a record that came later than is waited for.
    pub(crate) late: bool,
    /// A bound was met before: it may rest on less than what was seen.
    pub(crate) incomplete: bool,
}

/// One of the records.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TogetherShown {
    /// Its time.
    #[schema(format = DateTime)]
    pub(crate) time: String,
    /// The input, where it is still known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) file: Option<String>,
    /// Line or record number, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) line: Option<u64>,
    /// What it satisfies: the title of a rule, or a comparison.
    pub(crate) what: String,
    /// What was met in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) parts: Vec<PartShown>,
}

/// What happened to what is looked for over time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OverTimeAccount {
    /// Records that satisfied a rule or comparison of it.
    pub(crate) hits: u64,
    /// Of those, without a time of their own: they do not count.
    pub(crate) untimed: u64,
    /// Ahead of the clock by more than a day: they do not count.
    pub(crate) ahead: u64,
    /// Later than is waited for: they count in what was still kept.
    pub(crate) late: u64,
    /// Of those, too late for what was kept.
    pub(crate) lost: u64,
    /// Seen before.
    pub(crate) duplicates: u64,
    /// Waited no longer because too many were waiting.
    pub(crate) pressed: u64,
    /// Without a field by which they are grouped: they do not count there.
    pub(crate) ungrouped: u64,
    /// Without a number where one is measured: they do not count there.
    pub(crate) unmeasured: u64,
    /// Groups that were forgotten before their time, because there were too many.
    pub(crate) evicted: u64,
    /// Records that were forgotten before their time, because their group had too many.
    pub(crate) capped: u64,
    /// Rules whose records were not joined, or not to the end, because it was too much work; with how often.
    pub(crate) unjoined: BTreeMap<String, u64>,
    /// Rules that were met by so many records that they were passed over for others; for how many.
    pub(crate) passed_over: BTreeMap<String, u64>,
    /// Matches, also those that others take the place of.
    pub(crate) matches: u64,
}

impl OverTimeShown {
    pub(super) fn of(over_time: &OverTime) -> OverTimeShown {
        OverTimeShown {
            group: over_time.group.iter().cloned().collect(),
            measure: over_time.measure,
            records: over_time.records.iter().map(TogetherShown::of).collect(),
            untold: over_time.untold,
            late: over_time.is_late,
            incomplete: over_time.is_incomplete,
        }
    }
}

impl TogetherShown {
    fn of(together: &Together) -> TogetherShown {
        let (file, line) = together.place.clone().unzip();
        TogetherShown {
            time: time(together.time),
            file,
            line,
            what: together.what.clone(),
            parts: together.parts.iter().map(PartShown::of).collect(),
        }
    }
}

impl OverTimeAccount {
    pub(super) fn of(account: &Account) -> OverTimeAccount {
        let counters = &account.counters;
        OverTimeAccount {
            hits: counters.hits + account.untimed,
            untimed: account.untimed,
            ahead: counters.ahead,
            late: counters.late,
            lost: counters.lost,
            duplicates: counters.duplicates,
            pressed: counters.pressed,
            ungrouped: counters.ungrouped,
            unmeasured: counters.unmeasured,
            evicted: counters.evicted,
            capped: counters.capped,
            unjoined: account.unjoined.iter().cloned().collect(),
            passed_over: account.passed_over.iter().cloned().collect(),
            matches: counters.matches,
        }
    }
}
