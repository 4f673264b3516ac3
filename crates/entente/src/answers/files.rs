//! What looking at files with YARA rules tells, line by line.

use entente_node::rules::trial::Verdict;
use entente_node::rules::trials::Standing;
use entente_yara::{Finding, Place, Severity};
use serde::Serialize;

use super::hex;
use super::trials::{LookedAt, RuleTrial};
use crate::yara::look::Found;

/// One line.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileLine {
    /// A rule matches.
    Match(FileMatchShown),
    /// A rule, or a text of rules, that is doubtful or not used.
    Rule(RuleFindingShown),
    /// A file or an archive's member that was passed over, or not looked at to the end.
    Skipped {
        /// Which.
        file: String,
        /// Why.
        reason: String,
    },
    /// A rule that matched something, and is on trial still.
    OnTrial(RuleTrial),
    /// A rule that does not alert.
    Parked(RuleTrial),
    /// The last line.
    Summary(FileSummary),
}

/// A rule that matches a file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FileMatchShown {
    /// The file, or the archive's member as `archive!/member`.
    pub(crate) file: String,
    /// SHA-256 of its bytes.
    pub(crate) sha256: String,
    /// The rule.
    pub(crate) rule: String,
    /// The file of rules, or the indicator.
    pub(crate) origin: String,
    /// The indicator whose rule it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) indicator: Option<String>,
    /// Whether it was not recorded before; none where nothing is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) new: Option<bool>,
    /// The rule's tags.
    pub(crate) tags: Vec<String>,
    /// What its author says, in order.
    pub(crate) meta: Vec<(String, String)>,
    /// Where its strings are.
    pub(crate) strings: Vec<PlaceShown>,
}

/// A string of a rule in a file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PlaceShown {
    /// Its name.
    pub(crate) string: String,
    /// Where it begins, in bytes.
    pub(crate) offset: u64,
    /// How long it is.
    pub(crate) length: u64,
    /// Its beginning; bytes that are not printable ASCII as `\xNN`.
    pub(crate) shown: String,
}

/// What is to be said about a rule.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RuleFindingShown {
    /// `error`: not used; `warning`: used.
    pub(crate) severity: &'static str,
    /// The file of rules, or the indicator.
    pub(crate) origin: String,
    /// The rule, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
    /// Line in the text, from 1.
    pub(crate) line: usize,
    /// Column, from 1.
    pub(crate) column: usize,
    /// The engine's code.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) code: &'static str,
    /// What is wrong.
    pub(crate) message: String,
}

/// Sums.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct FileSummary {
    /// Rules that were looked for.
    pub(crate) rules: u64,
    /// Findings for which a rule or a text of rules is not used.
    pub(crate) refused: u64,
    /// Inputs looked at.
    pub(crate) files: u64,
    /// Files and members looked at.
    pub(crate) parts: u64,
    /// Of them, known to be clean from before.
    pub(crate) remembered: u64,
    /// Matches.
    pub(crate) matches: u64,
    /// Matches that are recorded and were not before.
    pub(crate) new: u64,
    /// Sightings written.
    pub(crate) sightings: u64,
    /// Passed over, or not looked at to the end.
    pub(crate) skipped: u64,
    /// Rules of indicators that are on trial.
    pub(crate) on_trial: u64,
    /// Rules of indicators that are parked.
    pub(crate) parked: u64,
    /// Matches of these, which are not told.
    pub(crate) parked_matches: u64,
}

impl FileLine {
    /// How a rule stands, where that is to be said.
    pub(crate) fn of_trial(standing: &Standing, name: &str) -> Option<FileLine> {
        let shown = || RuleTrial::of(standing, name, LookedAt::File);
        match standing.verdict {
            Verdict::OnTrial if standing.matches > 0 => Some(FileLine::OnTrial(shown())),
            Verdict::Parked(_) => Some(FileLine::Parked(shown())),
            _ => None,
        }
    }
}

impl FileMatchShown {
    pub(crate) fn of(found: &Found, is_new: Option<bool>) -> FileMatchShown {
        FileMatchShown {
            file: found.name.clone(),
            sha256: hex(&found.digest),
            rule: found.what.rule.clone(),
            origin: found.what.origin.clone(),
            indicator: found.indicator.clone(),
            new: is_new,
            tags: found.what.tags.clone(),
            meta: found.what.meta.clone(),
            strings: found.what.places.iter().map(PlaceShown::of).collect(),
        }
    }
}

impl PlaceShown {
    pub(crate) fn of(place: &Place) -> PlaceShown {
        PlaceShown {
            string: place.string.clone(),
            offset: place.offset,
            length: place.length,
            shown: place.shown.escape_ascii().to_string(),
        }
    }
}

impl From<&Finding> for RuleFindingShown {
    fn from(finding: &Finding) -> Self {
        RuleFindingShown {
            severity: match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            origin: finding.origin.clone(),
            rule: finding.rule.clone(),
            line: finding.line,
            column: finding.column,
            code: finding.code,
            message: finding.message.clone(),
        }
    }
}
