//! Rules ready to be evaluated, and what their hits lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use entente_detect::rules::Rules;
use entente_detect::sco::Projection;
use entente_detect::state::{Of, Part, Plan, Source};

use super::{Passed, Refused, Rule};
use crate::generation::NotEvaluated;

/// Rules ready to be evaluated; immutable, and shared by threads.
#[derive(Debug)]
pub struct RuleSet {
    /// What is asked of the fields of events.
    pub(super) events: Table,
    pub(super) observables: Option<Observables>,
    pub(super) rules: Vec<Rule>,
    /// What is looked for over time.
    pub(super) plan: Arc<Plan>,
    /// By correlation and pattern of the plan, the rule that it is; none where it is not told.
    pub(super) of_correlation: Vec<Option<u32>>,
    pub(super) of_pattern: Vec<Option<u32>>,
    /// By pattern of the plan, its leaves among those of observables.
    pub(super) leaves_of_pattern: Vec<Range<u32>>,
    pub(super) called: Called,
    /// By regular expression, the rules of objects that ask it.
    pub(super) expressions: BTreeMap<String, Vec<u32>>,
    /// Rules that are not evaluated, or only in part, and why.
    pub not_evaluated: Vec<NotEvaluated>,
    /// Texts, or documents in them, that cannot be used, each with its place.
    pub refused: Vec<Refused>,
}

/// Conditions over rows, and what they lead to.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) rules: Rules,
    /// By leaf.
    pub(super) leads: Vec<Lead>,
    /// By leaf, the rule of an object that it belongs to.
    owners: Vec<Option<u32>>,
    /// Behind which gates rules of objects look: rule and gate, each pair once.
    pub(super) looks: Vec<(u32, usize)>,
}

impl Table {
    pub(super) fn new(rules: Rules, leads: Vec<Lead>, owners: Vec<Option<u32>>) -> Table {
        let owned = owners.iter().enumerate();
        let looks = owned.filter_map(|(leaf, owner)| Some(((*owner)?, rules.gate_of(leaf)?)));
        let looks: BTreeSet<(u32, usize)> = looks.collect();
        Table {
            looks: looks.into_iter().collect(),
            rules,
            leads,
            owners,
        }
    }

    /// The rule of an object that a leaf belongs to.
    pub(super) fn owner(&self, leaf: u32) -> Option<u32> {
        self.owners.get(leaf as usize).copied().flatten()
    }

    fn looked_at<'p>(&'p self, passed: &'p [u64]) -> impl Iterator<Item = (u32, u64)> + 'p {
        let looks = self.looks.iter();
        let passed = looks.map(|(rule, gate)| (*rule, passed.get(*gate).copied().unwrap_or_default()));
        passed.filter(|(_, rows)| *rows > 0)
    }
}

/// What is asked of the observables in events.
#[derive(Debug)]
pub(super) struct Observables {
    pub(super) projection: Projection,
    pub(super) table: Table,
}

/// What the hit of a leaf leads to.
#[derive(Clone, Debug, Default)]
pub(super) struct Lead {
    /// The rule that fires.
    pub(super) rule: Option<u32>,
    /// What it is to those who look at more than one event.
    pub(super) source: Option<Source>,
    /// For each field whose value these want, its numbers in rows: one of them is there.
    pub(super) fields: Vec<Vec<u32>>,
}

/// What people call what a plan numbers.
#[derive(Debug, Default)]
pub(super) struct Called {
    /// Titles of Sigma rules.
    pub(super) rules: Vec<String>,
    /// Titles of correlations, and the fields by which they group.
    pub(super) correlations: Vec<(String, Vec<String>)>,
    /// Leaves of patterns, as patterns write them.
    pub(super) leaves: Vec<Vec<String>>,
}

impl RuleSet {
    /// How many rules are evaluated.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether no rule is evaluated.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules that are evaluated, by number.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(super) fn leaves_of(&self, pattern: u32) -> Range<u32> {
        self.leaves_of_pattern
            .get(pattern as usize)
            .cloned()
            .unwrap_or_default()
    }

    /// How many rows rules of objects looked at; one may come several times, for each kind of row.
    pub(crate) fn looked_at<'p>(&'p self, passed: &'p Passed) -> impl Iterator<Item = (u32, u64)> + 'p {
        let observables = self.observables.iter();
        let observed = observables.flat_map(|observables| observables.table.looked_at(&passed.observables));
        self.events.looked_at(&passed.events).chain(observed)
    }

    /// The rules of objects that ask this regular expression.
    pub(crate) fn asking(&self, expression: &str) -> &[u32] {
        self.expressions
            .get(expression)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// What is looked for over time.
    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The number of the rule that something seen over time is; none where it is not to be told.
    pub(crate) fn number_of(&self, of: Of) -> Option<u32> {
        let number = match of {
            Of::Correlation(number) => self.of_correlation.get(number as usize),
            Of::Pattern(number) => self.of_pattern.get(number as usize),
        };
        number.copied().flatten()
    }

    /// What something seen over time is called.
    pub(crate) fn rule_of(&self, of: Of) -> Option<&Rule> {
        self.rules.get(self.number_of(of)? as usize)
    }

    /// The fields by which events of it belong together.
    pub(crate) fn group_by(&self, of: Of) -> &[String] {
        match of {
            Of::Correlation(number) => self
                .called
                .correlations
                .get(number as usize)
                .map(|(_, group_by)| group_by.as_slice())
                .unwrap_or_default(),
            Of::Pattern(_) => &[],
        }
    }

    /// What an event that helped was found to be: the title of a rule, or a comparison.
    pub(crate) fn part_called(&self, part: Part) -> &str {
        let called = match part {
            Part::Source(Source::Rule(rule)) => self.called.rules.get(rule as usize),
            Part::Source(Source::Leaf { pattern, leaf }) => self
                .called
                .leaves
                .get(pattern as usize)
                .and_then(|leaves| leaves.get(leaf as usize)),
            Part::Correlation(number) => self
                .called
                .correlations
                .get(number as usize)
                .map(|(title, _)| title),
        };
        called.map(String::as_str).unwrap_or_default()
    }
}
