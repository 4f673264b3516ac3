//! From gathered rules to a [`RuleSet`]: what is asked of events, what of the observables in them, what over time.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use entente_detect::pattern::join::Join;
use entente_detect::rules::{Atom, Condition, FieldNames, Leaf, Refusal, Rules, Test, from_sigma};
use entente_detect::sco::{Map, Projection};
use entente_detect::state::{Of, Plan, Scope, Source};
use entente_sigma::correlation::Member;
use entente_sigma::pipeline::Variant;
use entente_sigma::rule::{self, Level};

use super::gather::{From, Gathered, Pattern};
use super::set::{Called, Lead, Observables, Table};
use super::{Origin, Rule, RuleSet};

impl Gathered {
    /// Compiles everything. A rule of which a part cannot be compiled is left out as a whole: its other parts would
    /// pass for all of it.
    pub(super) fn compile(mut self, seed: u64) -> RuleSet {
        let observed = self.observed(seed);
        let projection = Projection::new(Map::standard(), observed.rules.names());
        let mut sigma = self.event_leaves();

        // Maybe more fields than are needed in the end, where correlations turn out not to be evaluated.
        let (asking, _) = Plan::of_sigma_read_by(&self.sigma, &self.read_by);
        let told = sigma.leaves.iter().flat_map(|leaf| self.told(leaf, &asking));
        let told: Vec<String> = told.flatten().collect();
        let projected = observed.has_leaves().then(|| names(projection.names()));
        let fields = projected
            .into_iter()
            .flatten()
            .chain(told.iter().map(String::as_str));
        let leaves = sigma.leaves.iter().map(|leaf| &leaf.leaf);
        let (events, refusals) = Rules::compile_with_fields(leaves, fields, seed);
        self.refuse_leaves(&mut sigma, &refusals);

        let mut numbered = Numbered::default();
        let (mut plan, left_out) = self.plan(&sigma.has_failed);
        let leads = self.event_leads(&sigma, &plan, events.names(), &mut numbered);
        let of_correlation = self.numbers_of_correlations(&left_out, &mut numbered);
        let mut called = self.called();
        let has_observables = observed.has_leaves();
        let (observed_leads, of_pattern) =
            self.add_patterns(&observed, &mut plan, &mut called.leaves, &mut numbered);
        let mut owned = Owned::default();
        let events_owned = self.own_events(&sigma, &numbered, &mut owned);
        let observables_owned = own_observables(&observed, &numbered, &mut owned);
        let leaves_of_pattern = leaves_of_patterns(&observed_leads, of_pattern.len());
        let observables = has_observables.then(|| Observables {
            projection: projection.among(events.names()),
            table: Table::new(observed.rules, observed_leads, observables_owned),
        });
        RuleSet {
            events: Table::new(events, leads, events_owned),
            observables,
            expressions: owned.expressions,
            rules: numbered.rules,
            plan: Arc::new(plan),
            of_correlation,
            of_pattern,
            leaves_of_pattern,
            called,
            not_evaluated: self.not_evaluated,
            refused: self.refused,
        }
    }

    fn event_leaves(&mut self) -> EventLeaves {
        let mut all = EventLeaves::default();
        for number in 0..self.sigma.rules.len() {
            let made = self.leaves_of(number);
            all.has_failed.push(made.is_err());
            match made {
                Ok(leaves) => all.leaves.extend(leaves),
                Err(reason) => self.leave_out_rule(number, reason),
            }
        }
        all
    }

    fn leaves_of(&self, number: usize) -> Result<Vec<EventLeaf>, String> {
        let Some(rule) = self.sigma.rules.get(number) else {
            return Ok(Vec::new());
        };
        let prepared = self.pipelines.prepare(rule);
        let prepared = prepared.map_err(|refusal| refusal.to_string())?;
        let leaves = prepared.variants.into_iter().map(|variant| {
            Ok(EventLeaf {
                leaf: self.leaf(rule, &variant)?,
                rule: number,
                alternative: variant.alternative,
            })
        });
        leaves.collect()
    }

    fn leaf(&self, rule: &rule::Rule, variant: &Variant) -> Result<Leaf, String> {
        let gate = match &variant.route {
            Some(route) => from_sigma(route)?,
            None if self.any_log_source => Condition::True,
            None => return Err(unknown_source(&rule.logsource)),
        };
        let condition = from_sigma(&variant.expression)?;
        Ok(Leaf { gate, condition })
    }

    fn leave_out_rule(&mut self, number: usize, reason: impl Into<String>) {
        if let Some(from) = self.rules_from.get(number).cloned() {
            self.leave_out(&from, reason);
        }
    }

    fn refuse_leaves(&mut self, sigma: &mut EventLeaves, refusals: &[Refusal]) {
        for refusal in refusals {
            let Some(rule) = sigma.leaves.get(refusal.leaf).map(|leaf| leaf.rule) else {
                continue;
            };
            let had_failed = sigma.has_failed.get_mut(rule);
            if had_failed.is_some_and(|failed| !std::mem::replace(failed, true)) {
                self.leave_out_rule(rule, refusal.reason.clone());
            }
        }
    }

    /// For each field that the plan wants with hits of the leaf's rule, what it may be called in the events of the leaf.
    fn told(&self, leaf: &EventLeaf, plan: &Plan) -> Vec<Vec<String>> {
        let Some(rule) = self.sigma.rules.get(leaf.rule) else {
            return Vec::new();
        };
        let fields = plan.fields(short(leaf.rule)).iter();
        fields
            .map(|field| self.pipelines.field(rule, &leaf.alternative, field))
            .collect()
    }

    /// What the correlations look for, and which of them are left out: also those that build on what is not evaluated.
    fn plan(&mut self, has_failed: &[bool]) -> (Plan, Vec<bool>) {
        let has_failed = |rule: &usize| has_failed.get(*rule).copied().unwrap_or_default();
        let mut left_out = vec![false; self.sigma.correlations.len()];
        loop {
            let below = |member: &Member| match member {
                Member::Rule(rule) => has_failed(rule),
                Member::Correlation(number) => left_out.get(*number).copied().unwrap_or_default(),
            };
            let correlations = self.sigma.correlations.iter().zip(&left_out).enumerate();
            let more: Vec<usize> = correlations
                .filter(|(_, (correlation, is_out))| !**is_out && correlation.members.iter().any(below))
                .map(|(number, _)| number)
                .collect();
            if more.is_empty() {
                break;
            }
            for number in more {
                if let Some(is_out) = left_out.get_mut(number) {
                    *is_out = true;
                }
                if let Some(correlation) = self.sigma.correlations.get_mut(number) {
                    // About nothing, a correlation is in no plan.
                    correlation.members.clear();
                }
                self.leave_out_correlation(number, "it builds on a rule that is not evaluated");
            }
        }
        let (plan, refusals) = Plan::of_sigma_read_by(&self.sigma, &self.read_by);
        for refusal in refusals {
            let Of::Correlation(number) = refusal.of else {
                continue;
            };
            let was_out = left_out.get_mut(number as usize);
            if was_out.is_some_and(|is_out| !std::mem::replace(is_out, true)) {
                self.leave_out_correlation(number as usize, refusal.reason);
            }
        }
        (plan, left_out)
    }

    fn leave_out_correlation(&mut self, number: usize, reason: impl Into<String>) {
        if let Some(from) = self.correlations_from.get(number).cloned() {
            self.leave_out(&from, reason);
        }
    }

    fn event_leads(
        &mut self,
        sigma: &EventLeaves,
        plan: &Plan,
        names: &FieldNames,
        numbered: &mut Numbered,
    ) -> Vec<Lead> {
        let mut of_rule = Vec::new();
        for (number, has_failed) in sigma.has_failed.iter().enumerate() {
            of_rule.push(self.lead_of_rule(number, *has_failed, plan, numbered));
        }
        let lead = |leaf: &EventLeaf| {
            let mut lead: Lead = of_rule.get(leaf.rule).cloned().unwrap_or_default();
            if lead.source.is_some() {
                let numbers =
                    |called: Vec<String>| called.iter().filter_map(|name| names.number(name)).collect();
                lead.fields = self.told(leaf, plan).into_iter().map(numbers).collect();
            }
            lead
        };
        sigma.leaves.iter().map(lead).collect()
    }

    fn lead_of_rule(
        &mut self,
        number: usize,
        has_failed: bool,
        plan: &Plan,
        numbered: &mut Numbered,
    ) -> Lead {
        let (Some(rule), Some(from), false) = (
            self.sigma.rules.get(number),
            self.rules_from.get(number),
            has_failed,
        ) else {
            return Lead::default();
        };
        let source = Source::Rule(short(number));
        let source = plan.listens_to(source).then_some(source);
        if rule.silent && source.is_none() {
            self.leave_out_rule(number, "it only serves correlations that are not evaluated");
            return Lead::default();
        }
        let level = rule.meta.level.map(Level::name);
        Lead {
            rule: (!rule.silent).then(|| numbered.number(from, level)),
            source,
            fields: Vec::new(),
        }
    }

    /// By correlation the rule that fires with it; none where another one takes its place, or where it is left out.
    fn numbers_of_correlations(&self, left_out: &[bool], numbered: &mut Numbered) -> Vec<Option<u32>> {
        let correlations = self.sigma.correlations.iter().zip(&self.correlations_from);
        let number = |((correlation, from), is_out): ((&entente_sigma::Correlation, &From), &bool)| {
            let level = correlation.meta.level.map(Level::name);
            (!is_out && !correlation.silent).then(|| numbered.number(from, level))
        };
        correlations.zip(left_out).map(number).collect()
    }

    fn called(&self) -> Called {
        let rules = self.sigma.rules.iter().map(|rule| rule.meta.title.clone());
        let correlations = self.sigma.correlations.iter();
        Called {
            rules: rules.collect(),
            correlations: correlations
                .map(|correlation| (correlation.meta.title.clone(), correlation.group_by.clone()))
                .collect(),
            leaves: Vec::new(),
        }
    }

    /// The conditions of STIX patterns over observables.
    fn observed(&mut self, seed: u64) -> Observed {
        let patterns = std::mem::take(&mut self.patterns);
        let parts = patterns.iter().flat_map(|pattern| &pattern.stix.parts);
        let (rules, refusals) = Rules::compile(parts.map(|part| &part.leaf), seed);
        let places = patterns.iter().enumerate();
        let of_leaf: Vec<(usize, u32)> = places
            .flat_map(|(place, pattern)| pattern.stix.parts.iter().map(move |part| (place, part.number)))
            .collect();
        let mut observed = Observed {
            rules,
            of_leaf,
            patterns: patterns.into_iter().map(Some).collect(),
        };
        for refusal in refusals {
            let place = observed.of_leaf.get(refusal.leaf).map(|(place, _)| *place);
            let pattern = place.and_then(|place| observed.patterns.get_mut(place)?.take());
            if let Some(pattern) = pattern {
                self.leave_out(&pattern.from, refusal.reason);
            }
        }
        observed
    }

    /// Adds the patterns to the plan, save those that one observation alone satisfies: these fire at once.
    fn add_patterns(
        &mut self,
        observed: &Observed,
        plan: &mut Plan,
        texts: &mut Vec<Vec<String>>,
        numbered: &mut Numbered,
    ) -> (Vec<Lead>, Vec<Option<u32>>) {
        let mut of_pattern = Vec::new();
        let mut leads_of = Vec::new();
        for pattern in &observed.patterns {
            let how = pattern.as_ref().and_then(|pattern| {
                if is_of_one(&pattern.stix.join) {
                    return Some(How::AtOnce(numbered.number(&pattern.from, None)));
                }
                texts.push(pattern.stix.texts.clone());
                let called = format!("{}\n{}", pattern.from.id, pattern.text);
                match plan.add_pattern_called(called.as_bytes(), &pattern.stix.join, Scope::Asset) {
                    Ok(added) => {
                        of_pattern.push(Some(numbered.number(&pattern.from, None)));
                        Some(How::Joined(added))
                    }
                    Err(refusal) => {
                        of_pattern.push(None);
                        self.leave_out(&pattern.from, refusal.reason);
                        None
                    }
                }
            });
            leads_of.push(how);
        }
        let lead = |(place, leaf): &(usize, u32)| match leads_of.get(*place).copied().flatten() {
            Some(How::AtOnce(rule)) => Lead {
                rule: Some(rule),
                ..Lead::default()
            },
            Some(How::Joined(pattern)) => Lead {
                source: Some(Source::Leaf { pattern, leaf: *leaf }),
                ..Lead::default()
            },
            None => Lead::default(),
        };
        let leads = observed.of_leaf.iter().map(lead).collect();
        (leads, of_pattern)
    }

    /// By leaf, the rule of an object that it belongs to.
    fn own_events(&self, sigma: &EventLeaves, numbered: &Numbered, owned: &mut Owned) -> Vec<Option<u32>> {
        let owner = |leaf: &EventLeaf| numbered.of_object(self.rules_from.get(leaf.rule)?);
        let leaves = sigma.leaves.iter();
        let owners = leaves.map(|leaf| {
            let owner = owner(leaf)?;
            owned.take(owner, &leaf.leaf.condition);
            Some(owner)
        });
        owners.collect()
    }
}

/// The same of leaves of patterns.
fn own_observables(observed: &Observed, numbered: &Numbered, owned: &mut Owned) -> Vec<Option<u32>> {
    let pattern = |place: usize| observed.patterns.get(place)?.as_ref();
    for pattern in observed.patterns.iter().flatten() {
        if let Some(owner) = numbered.of_object(&pattern.from) {
            let parts = pattern.stix.parts.iter();
            parts.for_each(|part| owned.take(owner, &part.leaf.condition));
        }
    }
    let leaves = observed.of_leaf.iter();
    leaves
        .map(|(place, _)| numbered.of_object(&pattern(*place)?.from))
        .collect()
}

/// What leaves of objects' rules ask.
#[derive(Default)]
struct Owned {
    /// By regular expression, the rules.
    expressions: BTreeMap<String, Vec<u32>>,
}

impl Owned {
    fn take(&mut self, owner: u32, condition: &Condition) {
        match condition {
            Condition::Atom(Atom {
                test: Test::Regex { source, .. },
                ..
            }) => {
                let rules = self.expressions.entry(source.clone()).or_default();
                if rules.last() != Some(&owner) {
                    rules.push(owner);
                }
            }
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| self.take(owner, part));
            }
            Condition::Not(part) => self.take(owner, part),
            Condition::True | Condition::False | Condition::Atom(_) => {}
        }
    }
}

/// A leaf of a Sigma rule.
struct EventLeaf {
    leaf: Leaf,
    /// The rule in the collection.
    rule: usize,
    /// The alternative of the pipelines that made it.
    alternative: String,
}

/// The leaves of Sigma rules, and by rule, whether it is left out.
#[derive(Default)]
struct EventLeaves {
    leaves: Vec<EventLeaf>,
    has_failed: Vec<bool>,
}

/// The conditions of STIX patterns.
struct Observed {
    rules: Rules,
    /// By condition, the place of its pattern and the number of its leaf there.
    of_leaf: Vec<(usize, u32)>,
    /// None where it is left out.
    patterns: Vec<Option<Pattern>>,
}

impl Observed {
    fn has_leaves(&self) -> bool {
        self.patterns.iter().any(Option::is_some)
    }
}

/// How a pattern's conditions become matches of it.
#[derive(Clone, Copy)]
enum How {
    AtOnce(u32),
    Joined(u32),
}

/// The rules that fire, as they get their numbers. An object is one rule, however many its text holds.
#[derive(Default)]
struct Numbered {
    rules: Vec<Rule>,
    of_object: BTreeMap<String, u32>,
}

impl Numbered {
    /// The number of an object's rule; none where it is not evaluated, or is of a text.
    fn of_object(&self, from: &From) -> Option<u32> {
        let is_object = matches!(from.origin, Origin::Object { .. });
        self.of_object.get(&from.id).copied().filter(|_| is_object)
    }

    fn number(&mut self, from: &From, level: Option<&'static str>) -> u32 {
        let next = short(self.rules.len());
        if matches!(from.origin, Origin::Object { .. }) {
            let known = *self.of_object.entry(from.id.clone()).or_insert(next);
            if known != next {
                return known;
            }
        }
        self.rules.push(Rule {
            id: from.id.clone(),
            name: from.name.clone(),
            level,
            origin: from.origin.clone(),
        });
        next
    }
}

/// By pattern of the plan, its leaves, which stand beside each other.
fn leaves_of_patterns(leads: &[Lead], patterns: usize) -> Vec<Range<u32>> {
    let mut leaves = vec![0..0; patterns];
    for (leaf, lead) in (0..).zip(leads) {
        let Some(Source::Leaf { pattern, .. }) = lead.source else {
            continue;
        };
        if let Some(range) = leaves.get_mut(pattern as usize) {
            let is_first = range.start == range.end;
            let start = if is_first { leaf } else { range.start };
            *range = start..leaf + 1;
        }
    }
    leaves
}

/// Whether one observation alone satisfies it, and no time is asked for.
fn is_of_one(join: &Join) -> bool {
    match join {
        Join::Leaf(_) => true,
        Join::Any(any) => any.iter().all(is_of_one),
        _ => false,
    }
}

fn names(names: &FieldNames) -> impl Iterator<Item = &str> {
    (0..short(names.len())).filter_map(|number| names.name(number))
}

fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn unknown_source(source: &rule::Logsource) -> String {
    format!(
        "no pipeline knows its log source ({source}); give one with `--pipeline`, or hold it against every record with `--any-log-source`"
    )
}
