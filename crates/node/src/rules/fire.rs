//! One thread's records against the rules: which rule fires, on which values.

use entente_detect::limits::HITS_PER_RECORD_MAX;
use entente_detect::rules::{Exhausted, Field, FieldNames, Finding, Matcher, Which};
use entente_telemetry::Record;
use sha2::{Digest as _, Sha256};

use super::{Rule, RuleSet};

/// A rule that a record satisfies.
#[derive(Clone, Debug)]
pub struct Fired {
    /// Its number in [`RuleSet::rules`].
    pub number: u32,
    /// The record's line or number.
    pub line: u64,
    /// The record's time, microseconds since 1970 UTC.
    pub time: Option<i64>,
    /// The machine that the record is about.
    pub host: Option<String>,
    /// What made it fire.
    pub parts: Vec<Part>,
    /// SHA-256 of the raw record.
    pub record_digest: [u8; 32],
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

/// What a thread has seen of rules.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) outside_validity: u64,
    pub(crate) cut: u64,
}

/// One thread's state.
pub(crate) struct Firing<'r> {
    rules: &'r RuleSet,
    any_time: bool,
    matcher: Matcher,
    leaves: Vec<u32>,
    /// What the fields of the current record made fire; the record itself comes after them.
    pending: Vec<(u32, Vec<Part>)>,
    pub(crate) fired: Vec<Fired>,
    pub(crate) counters: Counters,
}

impl<'r> Firing<'r> {
    pub(crate) fn new(rules: &'r RuleSet, any_time: bool) -> Self {
        Firing {
            rules,
            any_time,
            matcher: Matcher::new(),
            leaves: Vec::new(),
            pending: Vec::new(),
            fired: Vec::new(),
            counters: Counters::default(),
        }
    }

    /// The fields that rules ask for; none where there are no rules.
    pub(crate) fn names(&self) -> Option<&FieldNames> {
        (!self.rules.is_empty()).then(|| self.rules.compiled.names())
    }

    #[inline]
    pub(crate) fn fields(&mut self, row: &[Field<'_>]) {
        let leaves = self.rules.compiled.matching(row, &mut self.matcher);
        if leaves.is_empty() {
            return;
        }
        self.leaves.clear();
        self.leaves.extend(leaves);
        self.explain(row);
    }

    /// Several leaves of one rule are one rule that fires, for the reasons of the first.
    #[cold]
    fn explain(&mut self, row: &[Field<'_>]) {
        for leaf in std::mem::take(&mut self.leaves) {
            let Some(number) = self.rules.of_leaf.get(leaf as usize).copied() else {
                continue;
            };
            if self.pending.iter().any(|(known, _)| *known == number) {
                continue;
            }
            if self.pending.len() >= HITS_PER_RECORD_MAX {
                self.counters.cut += 1;
                continue;
            }
            let explained = self.rules.compiled.explain(leaf as usize, row, &mut self.matcher);
            let findings = explained.map(|explained| explained.findings).unwrap_or_default();
            self.pending.push((number, parts(&findings)));
        }
        self.pending.sort_by_key(|(number, _)| *number);
    }

    #[inline]
    pub(crate) fn record(&mut self, record: &Record<'_>) {
        if !self.pending.is_empty() {
            self.fire(record);
        }
    }

    pub(crate) fn defect(&mut self) {
        self.pending.clear();
    }

    #[cold]
    fn fire(&mut self, record: &Record<'_>) {
        let time = record.time();
        let (host, digest) = (record.host(), Sha256::digest(record.raw()).into());
        for (number, parts) in std::mem::take(&mut self.pending) {
            let rule = self.rules.rules.get(number as usize);
            if !self.any_time && !rule.is_some_and(|rule| rule.is_valid_at(time)) {
                self.counters.outside_validity += 1;
                continue;
            }
            self.fired.push(Fired {
                number,
                line: record.line(),
                time,
                host: host.clone(),
                parts,
                record_digest: digest,
            });
        }
    }

    /// Expressions that took too many steps since the last call.
    pub(crate) fn exhausted(&mut self) -> Vec<Exhausted> {
        self.rules.compiled.exhausted(&mut self.matcher)
    }
}

impl RuleSet {
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
        .map(|finding| part(finding, finding.atom.to_string()))
        .collect();
    if !held.is_empty() {
        return held;
    }
    let absent = findings.iter();
    absent
        .map(|finding| part(finding, format!("not: {}", finding.atom)))
        .collect()
}

fn part(finding: &Finding, test: String) -> Part {
    let field = match &finding.atom.field {
        Which::Field(name) => Some(name.clone()),
        Which::Every => None,
    };
    Part {
        test,
        field,
        values: finding.values.clone(),
    }
}
