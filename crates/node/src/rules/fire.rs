//! One thread's records against the rules: which rule fires, on which values, and what is seen of those over time.

use std::collections::BTreeMap;

use entente_detect::limits::HITS_PER_RECORD_MAX;
use entente_detect::rules::{Field, FieldNames, Finding, Matcher, Row, Value, Which};
use entente_detect::sco::{Projector, path_of_field};
use entente_detect::state::{self, Of, Source};
use entente_telemetry::Record;
use sha2::{Digest as _, Sha256};

use super::set::{Lead, Table};
use super::{OverTime, Parked, Rule, RuleSet};
use crate::limits::{PATTERN_HITS_FREE, RECORDS_A_PATTERN_HIT};

/// A rule that a record satisfies, or several together.
#[derive(Clone, Debug)]
pub struct Fired {
    /// Its number in [`RuleSet::rules`].
    pub number: u32,
    /// The line or number of the record, of several the last.
    pub line: u64,
    /// Its time, microseconds since 1970 UTC; of something seen over time, when that was known.
    pub time: Option<i64>,
    /// The machine that the record is about.
    pub host: Option<String>,
    /// What made it fire.
    pub parts: Vec<Part>,
    /// SHA-256 of the raw record; of several records, a digest of theirs.
    pub record_digest: [u8; 32],
    /// The records, where it takes several.
    pub over_time: Option<Box<OverTime>>,
}

/// One comparison that made a rule fire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The comparison in words, its field included (`Image ends with '\whoami.exe'`).
    pub test: String,
    /// The field; none where all values were looked at.
    pub field: Option<String>,
    /// The values that met it, as logged; empty where it asks for none.
    pub values: Vec<String>,
}

/// A record that satisfies a rule or comparison of something that is looked for over time.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) source: Source,
    pub(crate) line: u64,
    /// Microseconds since 1970 UTC.
    pub(crate) time: Option<i64>,
    pub(crate) host: Option<String>,
    pub(crate) record_digest: [u8; 32],
    /// The values that are wanted with it, in the plan's order.
    pub(crate) values: Vec<Option<String>>,
    /// What was met in it, where that is told.
    pub(crate) parts: Vec<Part>,
}

/// Something that took too much work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GivenUp {
    /// The rule that was passed over, by its id; none where only an expression was, in whichever rules it stands.
    pub(crate) rule: Option<String>,
    /// The number of that rule, where it is of an object.
    pub(crate) of_object: Option<u32>,
    /// The expression or comparison.
    pub(crate) what: String,
    /// For how many records or values.
    pub(crate) times: u64,
}

/// What a thread has seen of rules.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) outside_validity: u64,
    pub(crate) cut: u64,
}

/// How many rows each gate let through ([`Rules::gate_of`](entente_detect::rules::Rules::gate_of)).
#[derive(Debug, Default)]
pub(crate) struct Passed {
    pub(crate) events: Vec<u64>,
    pub(crate) observables: Vec<u64>,
}

/// What the current record hits; the record itself comes after its fields.
#[derive(Default)]
struct Pending {
    fired: Vec<(u32, Vec<Part>)>,
    seen: Vec<PendingSeen>,
    /// Rules that would fire, and are parked.
    parked: Vec<u32>,
    cut: u64,
    rations: Rations,
}

struct PendingSeen {
    source: Source,
    values: Vec<Option<String>>,
    parts: Vec<Part>,
}

/// How often patterns over several observations may be hit: they share the records with all other rules, and one that is
/// hit by nearly every record would cost more than those.
#[derive(Default)]
struct Rations {
    records: u64,
    /// By pattern, its hits.
    hits: Vec<u64>,
    /// Patterns that rest, and since which record.
    resting: Vec<(u32, u64)>,
}

impl Rations {
    /// Whether one more hit of a pattern is taken; those of all its comparisons are bounded together. If not, it rests.
    fn has(&mut self, pattern: u32) -> bool {
        let place = pattern as usize;
        if self.hits.len() <= place {
            self.hits.resize(place + 1, 0);
        }
        let most = PATTERN_HITS_FREE + self.records / RECORDS_A_PATTERN_HIT;
        let hits = self.hits.get_mut(place);
        let is_taken = hits.is_some_and(|hits| {
            let has_left = *hits < most;
            *hits += u64::from(has_left);
            has_left
        });
        if !is_taken && !self.resting.iter().any(|(known, _)| *known == pattern) {
            self.resting.push((pattern, self.records));
        }
        is_taken
    }

    /// The patterns that rest since this record.
    fn resting_now(&self) -> impl Iterator<Item = u32> {
        let latest = self.resting.iter().rev();
        let now = latest.take_while(|(_, since)| *since == self.records);
        now.map(|(pattern, _)| *pattern)
    }

    /// The patterns that rested since the last call, and for how many records.
    fn rested(&mut self) -> Vec<(u32, u64)> {
        let resting = std::mem::take(&mut self.resting).into_iter();
        resting
            .map(|(pattern, since)| (pattern, self.records - since + 1))
            .collect()
    }
}

/// One thread's state.
pub(crate) struct Firing<'r> {
    rules: &'r RuleSet,
    parked: &'r Parked,
    any_time: bool,
    of_events: Matcher,
    of_observables: Matcher,
    projector: Projector,
    leaves: Vec<u32>,
    pending: Pending,
    pub(crate) fired: Vec<Fired>,
    pub(crate) seen: Vec<Seen>,
    /// Matches of parked rules.
    quiet: BTreeMap<u32, u64>,
    pub(crate) counters: Counters,
}

impl<'r> Firing<'r> {
    pub(crate) fn new(rules: &'r RuleSet, parked: &'r Parked, any_time: bool) -> Self {
        Firing {
            rules,
            parked,
            any_time,
            of_events: Matcher::new(),
            of_observables: Matcher::new(),
            projector: Projector::new(),
            leaves: Vec::new(),
            pending: Pending::default(),
            fired: Vec::new(),
            seen: Vec::new(),
            quiet: BTreeMap::new(),
            counters: Counters::default(),
        }
    }

    /// The fields that rules ask for; none where there are no rules.
    pub(crate) fn names(&self) -> Option<&FieldNames> {
        (!self.rules.is_empty()).then(|| self.rules.events.rules.names())
    }

    #[inline]
    pub(crate) fn fields(&mut self, row: &Row<'_>) {
        let Firing {
            rules,
            parked,
            of_events,
            of_observables,
            projector,
            leaves,
            pending,
            ..
        } = self;
        pending.rations.records += 1;
        pending.take(rules, &rules.events, row, of_events, leaves, parked);
        if let Some(observables) = &rules.observables {
            observables.projection.rows(row, projector, |row| {
                pending.take(rules, &observables.table, row, of_observables, leaves, parked);
            });
        }
    }

    #[inline]
    pub(crate) fn record(&mut self, record: &Record<'_>) {
        if !self.pending.is_empty() {
            self.fire(record);
        }
    }

    pub(crate) fn defect(&mut self) {
        self.pending.fired.clear();
        self.pending.seen.clear();
        self.pending.parked.clear();
        self.pending.cut = 0;
    }

    #[cold]
    fn fire(&mut self, record: &Record<'_>) {
        let mut fired = std::mem::take(&mut self.pending.fired);
        let seen = std::mem::take(&mut self.pending.seen);
        self.counters.cut += std::mem::take(&mut self.pending.cut);
        let (line, time) = (record.line(), record.time());
        for number in std::mem::take(&mut self.pending.parked) {
            if self.is_meant_for(number, time) {
                *self.quiet.entry(number).or_default() += 1;
            }
        }
        if fired.is_empty() && seen.is_empty() {
            return;
        }
        let host = record.host();
        let record_digest = Sha256::digest(record.raw()).into();
        fired.sort_by_key(|(number, _)| *number);
        for (number, parts) in fired {
            if !self.is_meant_for(number, time) {
                self.counters.outside_validity += 1;
                continue;
            }
            self.fired.push(Fired {
                number,
                line,
                time,
                host: host.clone(),
                parts,
                record_digest,
                over_time: None,
            });
        }
        self.seen.extend(seen.into_iter().map(|seen| Seen {
            source: seen.source,
            line,
            time,
            host: host.clone(),
            record_digest,
            values: seen.values,
            parts: seen.parts,
        }));
    }

    fn is_meant_for(&self, number: u32, time: Option<i64>) -> bool {
        let rule = self.rules.rules.get(number as usize);
        self.any_time || rule.is_some_and(|rule| rule.is_valid_at(time))
    }

    /// Matches of parked rules since the last call.
    pub(crate) fn take_quiet(&mut self) -> Vec<(u32, u64)> {
        std::mem::take(&mut self.quiet).into_iter().collect()
    }

    /// What rules looked at since the last call.
    pub(crate) fn take_passed(&mut self) -> Passed {
        Passed {
            events: self.of_events.take_passed(),
            observables: self.of_observables.take_passed(),
        }
    }

    /// Patterns that were passed over since the last call, as they were hit too often, and for how many records. Goes
    /// with [`Firing::exhausted`], which ends their rest.
    pub(crate) fn passed_over(&mut self) -> Vec<(u32, u64)> {
        self.pending.rations.rested()
    }

    /// What took too much work since the last call.
    pub(crate) fn exhausted(&mut self) -> Vec<GivenUp> {
        let RuleSet {
            events, observables, ..
        } = self.rules;
        let mut given_up = self.rules.given_up(events, &mut self.of_events);
        if let Some(observables) = observables {
            given_up.extend(self.rules.given_up(&observables.table, &mut self.of_observables));
        }
        given_up
    }
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.fired.is_empty() && self.seen.is_empty() && self.parked.is_empty() && self.cut == 0
    }

    /// Takes what a row hits.
    #[inline]
    fn take(
        &mut self,
        rules: &RuleSet,
        table: &Table,
        row: &Row<'_>,
        matcher: &mut Matcher,
        leaves: &mut Vec<u32>,
        parked: &Parked,
    ) {
        let hit = table.rules.matching(row, matcher);
        if hit.is_empty() {
            return;
        }
        leaves.clear();
        leaves.extend(hit);
        for leaf in leaves {
            let Some(lead) = table.leads.get(*leaf as usize) else {
                continue;
            };
            match lead.rule.filter(|rule| parked.holds(*rule)) {
                Some(rule) if self.parked.contains(&rule) => {}
                Some(rule) => self.parked.push(rule),
                None => self.follow(lead, table, *leaf, row, matcher),
            }
        }
        for pattern in self.rations.resting_now() {
            rules.leaves_of(pattern).for_each(|leaf| matcher.rest(leaf));
        }
    }

    /// Several leaves of one rule are one rule that fires, for the reasons of the first.
    #[cold]
    fn follow(&mut self, lead: &Lead, table: &Table, leaf: u32, row: &Row<'_>, matcher: &mut Matcher) {
        let rule = lead
            .rule
            .filter(|number| !self.fired.iter().any(|(known, _)| known == number));
        let source = lead
            .source
            .filter(|source| !self.seen.iter().any(|known| known.source == *source));
        let source = source.filter(|source| match source {
            Source::Leaf { pattern, .. } => self.rations.has(*pattern),
            Source::Rule(_) => true,
        });
        if rule.is_none() && source.is_none() {
            return;
        }
        if self.fired.len() + self.seen.len() >= HITS_PER_RECORD_MAX {
            self.cut += 1;
            return;
        }
        // Of rules that count, what is counted is told; explaining every one of many hits would cost too much.
        let is_counted = matches!(source, Some(Source::Rule(_)));
        let parts = if rule.is_some() || !is_counted {
            let explained = table.rules.explain(leaf as usize, row, matcher);
            parts(&explained.map(|explained| explained.findings).unwrap_or_default())
        } else {
            Vec::new()
        };
        if let Some(source) = source {
            self.seen.push(PendingSeen {
                source,
                values: lead.fields.iter().map(|numbers| value(row, numbers)).collect(),
                parts: if is_counted { Vec::new() } else { parts.clone() },
            });
        }
        if let Some(rule) = rule {
            self.fired.push((rule, parts));
        }
    }
}

/// The first value of a field that has one of these numbers.
fn value(row: &Row<'_>, numbers: &[u32]) -> Option<String> {
    let of = |number: &u32| {
        row.iter()
            .filter(move |field| field.number == *number)
            .find_map(text)
    };
    numbers.iter().find_map(of)
}

fn text(field: &Field<'_>) -> Option<String> {
    match field.value {
        Value::Text(text) | Value::Number(text) => Some(text.to_owned()),
        Value::Boolean(boolean) => Some(boolean.to_string()),
        Value::Null | Value::Empty => None,
    }
}

impl RuleSet {
    fn given_up(&self, table: &Table, matcher: &mut Matcher) -> Vec<GivenUp> {
        let named = |leaf: u32| {
            let lead = table.leads.get(leaf as usize)?;
            let of_source = |source| match source {
                Source::Leaf { pattern, .. } => {
                    self.rule_of(Of::Pattern(pattern)).map(|rule| rule.id.clone())
                }
                Source::Rule(_) => Some(self.part_called(state::Part::Source(source)).to_owned()),
            };
            let rule = lead.rule.and_then(|number| self.rules.get(number as usize));
            rule.map(|rule| rule.id.clone())
                .or_else(|| lead.source.and_then(of_source))
        };
        let exhausted = table.rules.exhausted(matcher).into_iter();
        exhausted
            .map(|exhausted| GivenUp {
                of_object: exhausted.leaf.and_then(|leaf| table.owner(leaf)),
                rule: exhausted.leaf.and_then(named),
                what: exhausted.source,
                times: exhausted.times,
            })
            .collect()
    }

    /// The rule that fired.
    pub(crate) fn of(&self, fired: &Fired) -> Option<&Rule> {
        self.rules.get(fired.number as usize)
    }
}

/// What was found is told; what was not found, only where nothing else made the rule fire.
fn parts(findings: &[Finding]) -> Vec<Part> {
    let held: Vec<Part> = findings
        .iter()
        .filter(|finding| finding.holds)
        .map(|finding| part(finding, ""))
        .collect();
    if !held.is_empty() {
        return held;
    }
    let absent = findings.iter();
    absent.map(|finding| part(finding, "not: ")).collect()
}

fn part(finding: &Finding, before: &str) -> Part {
    let mut atom = finding.atom.clone();
    let field = match &mut atom.field {
        Which::Field(name) => {
            *name = path_of_field(name).to_owned();
            Some(name.clone())
        }
        Which::Every => None,
    };
    Part {
        test: format!("{before}{atom}"),
        field,
        values: finding.values.clone(),
    }
}
