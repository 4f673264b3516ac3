//! What a scan tells, line by line, and what stands at its end.

use std::collections::BTreeMap;

use entente_node::generation::{Compiled, NotEvaluated};
use entente_node::rules::trial::Verdict;
use entente_node::rules::trials::Standing;
use entente_node::rules::{Refused, RuleSet};
use entente_node::scan::{Account, Sums, Told};
use serde::Serialize;
use utoipa::ToSchema;

use super::detection::{DetectionFound, RuleFired};
use super::over_time::OverTimeAccount;
use super::trials::{LookedAt, RuleTrial, Trying};

/// Rows of each top list.
const TOP: usize = 5;

/// Distinct names counted in each top list; later ones beyond it are not listed.
const NAMES_MAX: usize = 100_000;

/// One line of a scan's answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ScanLine {
    /// Something was found.
    Found(DetectionFound),
    /// A record satisfies a rule.
    Fired(RuleFired),
    /// A text with rules, or a rule in it, cannot be used.
    Refused {
        /// Which.
        refused: RefusedShown,
    },
    /// A watch begins, or goes on with what the node knows now.
    Ready {
        /// What it looks for.
        ready: Ready,
    },
    /// An expression took too many steps for some values, or a rule too much work for some records; they were taken not
    /// to match.
    Exhausted {
        /// Which.
        exhausted: ExhaustedShown,
    },
    /// What happened to what is looked for over time; where something is.
    OverTime {
        /// What happened.
        over_time: OverTimeAccount,
    },
    /// A rule that matched something, and is on trial still.
    OnTrial {
        /// Which, and what it matched so far.
        on_trial: RuleTrial,
    },
    /// A rule that does not alert.
    Parked {
        /// Which, and why.
        parked: RuleTrial,
    },
    /// A record could not be read; reading went on.
    Defect {
        /// Which.
        defect: DefectShown,
    },
    /// An input could not be read, or not to its end.
    Failed {
        /// Which.
        failed: FailedShown,
    },
    /// An input was read to its end.
    Read {
        /// Which.
        read: InputRead,
    },
    /// An indicator or a rule that is not evaluated, or only in part.
    NotEvaluated {
        /// Which.
        not_evaluated: NotEvaluatedShown,
    },
    /// The last line.
    Summary {
        /// The sums.
        summary: ScanSummary,
    },
}

/// What took too much work.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExhaustedShown {
    /// The expression or comparison.
    pub(crate) name: String,
    /// The id of the rule that was passed over for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) rule: Option<String>,
    /// For how many values, or records where a rule was passed over.
    pub(crate) count: u64,
}

/// A record that could not be read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DefectShown {
    /// The input.
    pub(crate) file: String,
    /// Line or record number.
    pub(crate) line: u64,
    /// What is wrong.
    pub(crate) reason: String,
}

/// An input that could not be read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FailedShown {
    /// The input.
    pub(crate) file: String,
    /// Why.
    pub(crate) reason: String,
}

/// An input that was read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct InputRead {
    /// The input.
    pub(crate) file: String,
    /// What it was found to be.
    pub(crate) format: String,
    /// Records read.
    pub(crate) records: u64,
    /// Broken records.
    pub(crate) defects: u64,
    /// Detections.
    pub(crate) detections: u64,
}

/// An indicator or a rule that is not evaluated.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct NotEvaluatedShown {
    /// The STIX id of an indicator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) indicator: Option<String>,
    /// The id of a rule of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) rule: Option<String>,
    /// The text that the rule is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) from: Option<String>,
    /// What it would need.
    pub(crate) reason: String,
}

/// A text with rules, or a rule in it, that cannot be used.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RefusedShown {
    /// The text.
    pub(crate) from: String,
    /// Where in it, and why.
    pub(crate) reason: String,
}

/// What a watch looks for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    /// Indicators.
    pub(crate) indicators: u64,
    /// Rules.
    pub(crate) rules: u64,
}

/// What a scan looked for.
#[derive(Clone, Copy)]
pub(crate) struct Against<'a> {
    pub(crate) compiled: &'a Compiled,
    pub(crate) rules: &'a RuleSet,
}

impl Against<'_> {
    /// What of it cannot be evaluated.
    pub(crate) fn lines(&self) -> impl Iterator<Item = ScanLine> {
        let indicators = self.compiled.not_evaluated.iter();
        let not_evaluated = indicators.chain(&self.rules.not_evaluated);
        let refused = self.rules.refused.iter().map(ScanLine::refused);
        not_evaluated.map(ScanLine::not_evaluated).chain(refused)
    }
}

/// What stands at the end of a scan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ScanSummary {
    /// Records read.
    pub(crate) records: u64,
    /// Values compared.
    pub(crate) values: u64,
    /// Detections, those of rules included.
    pub(crate) detections: u64,
    /// Detections of rules.
    pub(crate) fired: u64,
    /// Detections that were not recorded before.
    pub(crate) new: u64,
    /// Sightings written.
    pub(crate) sightings: u64,
    /// Broken records.
    pub(crate) defects: u64,
    /// Inputs that could not be read, or not to their end.
    pub(crate) unread: u64,
    /// Matches of indicators that were not valid at the event's time.
    pub(crate) outside_validity: u64,
    /// Matches of revoked indicators.
    pub(crate) revoked: u64,
    /// Matches of indicators that their owner recalled.
    pub(crate) recalled: u64,
    /// Rules on trial: what they match is told while it is little.
    pub(crate) on_trial: u64,
    /// Rules that are parked: they do not alert.
    pub(crate) parked: u64,
    /// Matches of parked rules, which are not told.
    pub(crate) parked_matches: u64,
    /// Detections of records that had too many, beyond the bound.
    pub(crate) cut: u64,
    /// Indicators and rules that are not evaluated, or only in part.
    pub(crate) not_evaluated: u64,
    /// Texts with rules, or rules in them, that cannot be used.
    pub(crate) refused: u64,
    /// Indicators that were looked for.
    pub(crate) indicators: u64,
    /// Rules that records were held against.
    pub(crate) rules: u64,
    /// Inputs and records by format.
    pub(crate) formats: Vec<FormatSums>,
    /// The indicators seen most.
    pub(crate) top_objects: Vec<Counted>,
    /// The rules that fired most.
    pub(crate) top_rules: Vec<Counted>,
    /// The hosts seen most.
    pub(crate) top_hosts: Vec<Counted>,
    /// The inputs with most detections.
    pub(crate) top_files: Vec<Counted>,
}

/// What was read in one format.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FormatSums {
    /// The format.
    pub(crate) format: String,
    /// Inputs.
    pub(crate) inputs: u64,
    /// Records.
    pub(crate) records: u64,
}

/// A name and how often it occurred.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Counted {
    /// The name.
    pub(crate) name: String,
    /// How often.
    pub(crate) count: u64,
}

impl ScanLine {
    /// What is told, as a line; progress is none.
    pub(crate) fn of(told: &Told<'_>) -> Option<ScanLine> {
        Some(match told {
            Told::Found {
                hit,
                file,
                is_new,
                recalled,
            } => ScanLine::Found(DetectionFound::of(hit, file, *is_new, *recalled)),
            Told::Fired {
                fired,
                rule,
                file,
                is_new,
                recalled,
            } => ScanLine::Fired(RuleFired::of(fired, rule, file, *is_new, *recalled)),
            Told::Exhausted {
                expression,
                rule,
                times,
            } => ScanLine::Exhausted {
                exhausted: ExhaustedShown {
                    name: (*expression).to_owned(),
                    rule: rule.map(str::to_owned),
                    count: *times,
                },
            },
            Told::Defect { file, line, reason } => ScanLine::Defect {
                defect: DefectShown {
                    file: (*file).to_owned(),
                    line: *line,
                    reason: (*reason).to_owned(),
                },
            },
            Told::Failed { file, reason } => ScanLine::Failed {
                failed: FailedShown {
                    file: (*file).to_owned(),
                    reason: (*reason).to_owned(),
                },
            },
            Told::Read { file, format, sums } => ScanLine::Read {
                read: InputRead {
                    file: (*file).to_owned(),
                    format: format.name().to_owned(),
                    records: sums.records,
                    defects: sums.defects,
                    detections: sums.detections,
                },
            },
            Told::OverTime { account } => ScanLine::OverTime {
                over_time: OverTimeAccount::of(account),
            },
            Told::Ready { compiled, rules } => ScanLine::Ready {
                ready: Ready {
                    indicators: compiled.generation.len(),
                    rules: rules.len() as u64,
                },
            },
            Told::Trial { rule, standing } => return ScanLine::of_trial(standing, &rule.name),
            Told::Progress { .. } => return None,
        })
    }

    /// How a rule stands, where that is to be said.
    fn of_trial(standing: &Standing, name: &str) -> Option<ScanLine> {
        let shown = || RuleTrial::of(standing, name, LookedAt::Record);
        match standing.verdict {
            Verdict::OnTrial if standing.matches > 0 => Some(ScanLine::OnTrial { on_trial: shown() }),
            Verdict::Parked(_) => Some(ScanLine::Parked { parked: shown() }),
            _ => None,
        }
    }

    fn not_evaluated(one: &NotEvaluated) -> ScanLine {
        let id = Some(one.id.clone());
        let (indicator, rule) = match &one.text {
            None => (id, None),
            Some(_) => (None, id),
        };
        ScanLine::NotEvaluated {
            not_evaluated: NotEvaluatedShown {
                indicator,
                rule,
                from: one.text.clone(),
                reason: one.reason.clone(),
            },
        }
    }

    fn refused(one: &Refused) -> ScanLine {
        ScanLine::Refused {
            refused: RefusedShown {
                from: one.text.clone(),
                reason: one.reason.clone(),
            },
        }
    }
}

/// Counts by name.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<String, u64>);

impl Tally {
    fn add(&mut self, name: &str) {
        if let Some(known) = self.0.get_mut(name) {
            *known += 1;
        } else if self.0.len() < NAMES_MAX {
            self.0.insert(name.to_owned(), 1);
        }
    }

    /// The names counted most, with their counts.
    pub(crate) fn top(&self) -> Vec<(&str, u64)> {
        let mut counts: Vec<(&str, u64)> = self
            .0
            .iter()
            .map(|(name, count)| (name.as_str(), *count))
            .collect();
        counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        counts.truncate(TOP);
        counts
    }

    fn shown(&self) -> Vec<Counted> {
        let top = self.top().into_iter();
        top.map(|(name, count)| Counted {
            name: name.to_owned(),
            count,
        })
        .collect()
    }
}

/// What the end of a scan tells, gathered while it runs.
#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) objects: Tally,
    pub(crate) rules: Tally,
    /// What those objects and rules are called.
    pub(crate) names: BTreeMap<String, String>,
    pub(crate) hosts: Tally,
    pub(crate) files: Tally,
    pub(crate) failed: Tally,
    /// What took too much work, the rule that was passed over for it, and how often.
    pub(crate) exhausted: Vec<(String, Option<String>, u64)>,
    /// What happened to what is looked for over time.
    pub(crate) over_time: Account,
    /// Rules that do not alert freely.
    pub(crate) trying: Trying,
    /// Inputs and records by format.
    pub(crate) formats: BTreeMap<&'static str, (u64, u64)>,
}

impl Summary {
    /// Takes in what the scan tells.
    pub(crate) fn take(&mut self, told: &Told<'_>) {
        match told {
            Told::Found { hit, file, .. } => {
                self.objects.add(&hit.indicator.id);
                self.name(&hit.indicator.id, &hit.indicator.name);
                self.seen(hit.host.as_deref(), file);
            }
            Told::Fired {
                fired, rule, file, ..
            } => {
                self.rules.add(&rule.id);
                self.name(&rule.id, &rule.name);
                self.seen(fired.host.as_deref(), file);
            }
            Told::Exhausted {
                expression,
                rule,
                times,
            } => {
                let rule = rule.map(str::to_owned);
                self.exhausted.push(((*expression).to_owned(), rule, *times));
            }
            Told::Failed { file, .. } => self.failed.add(file),
            Told::Read { format, sums, .. } => {
                let (inputs, records) = self.formats.entry(format.name()).or_default();
                *inputs += 1;
                *records += sums.records;
            }
            Told::OverTime { account } => self.over_time = (*account).clone(),
            Told::Trial { rule, standing } => self.trying.take(standing, &rule.name, LookedAt::Record),
            Told::Defect { .. } | Told::Progress { .. } | Told::Ready { .. } => {}
        }
    }

    fn name(&mut self, id: &str, name: &str) {
        if self.names.len() < NAMES_MAX {
            self.names.entry(id.to_owned()).or_insert_with(|| name.to_owned());
        }
    }

    fn seen(&mut self, host: Option<&str>, file: &str) {
        self.hosts.add(host.unwrap_or("(no host)"));
        self.files.add(file);
    }

    /// The last line.
    pub(crate) fn line(&self, sums: &Sums, against: Against<'_>, sightings: u64) -> ScanLine {
        let Against { compiled, rules } = against;
        let formats = self.formats.iter();
        let formats = formats.map(|(format, (inputs, records))| FormatSums {
            format: (*format).to_owned(),
            inputs: *inputs,
            records: *records,
        });
        ScanLine::Summary {
            summary: ScanSummary {
                records: sums.records,
                values: sums.values,
                detections: sums.detections,
                fired: sums.fired,
                new: sums.new,
                sightings,
                defects: sums.defects,
                unread: sums.failed,
                outside_validity: sums.outside_validity,
                revoked: sums.revoked,
                recalled: sums.recalled,
                on_trial: self.trying.on_trial,
                parked: self.trying.parked.len() as u64,
                parked_matches: sums.parked,
                cut: sums.cut,
                not_evaluated: (compiled.not_evaluated.len() + rules.not_evaluated.len()) as u64,
                refused: rules.refused.len() as u64,
                indicators: compiled.generation.len(),
                rules: rules.len() as u64,
                formats: formats.collect(),
                top_objects: self.objects.shown(),
                top_rules: self.rules.shown(),
                top_hosts: self.hosts.shown(),
                top_files: self.files.shown(),
            },
        }
    }
}
