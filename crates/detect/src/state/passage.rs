//! From one plan to another: what stands in both is taken along, by its name.

use super::machine::Progress;
use super::names::Name;
use super::plan::Plan;
use super::values::Values;
use super::window::State;
use super::{Machine, Source};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What a machine takes along into another plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Correlations and patterns that go on as they were.
    pub kept: usize,
    /// Those whose groups are forgotten, as they are looked for no longer, or otherwise.
    pub forgotten: usize,
    /// Those that begin with nothing.
    pub begun: usize,
}

/// What has which number in a plan, as much as another plan must know of it.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub(super) units: Vec<Name>,
    /// Those that something listens to, with their fields.
    pub(super) rules: BTreeMap<u32, (Name, Vec<String>)>,
    pub(super) patterns: Vec<Name>,
}

/// Where things stand in the new plan, by their old numbers.
#[derive(Debug)]
pub(super) struct Passage {
    units: Vec<Option<u32>>,
    rules: BTreeMap<u32, RulePassage>,
    patterns: Vec<Option<u32>>,
}

#[derive(Debug)]
struct RulePassage {
    rule: u32,
    /// Of each value that the new plan reads the place in the old one; the asset is at 0 in both.
    places: Vec<Option<u32>>,
}

impl Machine {
    /// Goes on with another plan. What stands in both goes on as if nothing had happened, whatever its number is now:
    /// a correlation, if it asks the same of rules that look for the same; a pattern, if it is called the same
    /// ([`Plan::add_pattern_called`]) and its expression and scope are the same. Anything else is forgotten, what is
    /// new begins with nothing. Hits that wait for earlier ones go on to wait, with the values that both plans read of
    /// them. Counters count on. From here on hits have the numbers of the new plan; take out the matches before, as
    /// theirs are those of the old one.
    pub fn go_on_with(&mut self, plan: Arc<Plan>) -> Kept {
        let passage = Passage::new(&self.plan.roster(), &plan);
        let kept = passage.units.iter().flatten().count();
        let told = Kept {
            kept,
            forgotten: passage.units.len() - kept,
            begun: plan.units.len() - kept,
        };
        self.move_groups(&passage, plan.units.len());
        let mut progress = vec![Progress::NEW; plan.units.len()];
        for (old, new) in self.progress.iter().zip(&passage.units) {
            if let Some(new) = new.and_then(|new| progress.get_mut(new as usize)) {
                *new = *old;
            }
        }
        self.progress = progress;
        let mut before = std::mem::take(&mut self.waiting);
        while let Some(((time, event, source), values)) = before.pop_first() {
            if let Some((source, values)) = passage.hit(source, values).filter(|hit| plan.listens_to(hit.0)) {
                self.waiting.add((time, event, source), values);
            }
        }
        self.plan = plan;
        told
    }

    fn move_groups(&mut self, passage: &Passage, units: usize) {
        let plan = Arc::clone(&self.plan);
        for ((place, unit), new) in plan.units.iter().enumerate().zip(&passage.units) {
            if new.is_some() {
                if unit.closes() {
                    self.groups.states_of(place, |state| passage.state(state));
                }
                continue;
            }
            while let Some((first, _)) = self.groups.first(place) {
                self.forget(place, first);
            }
        }
        self.groups.move_units(&passage.units, units);
    }
}

impl Plan {
    pub(super) fn roster(&self) -> Roster {
        let rules = self.names.rules.iter();
        Roster {
            units: self.units.iter().map(|unit| unit.name).collect(),
            rules: rules
                .map(|(rule, name)| (*rule, (*name, self.fields(*rule).to_vec())))
                .collect(),
            patterns: self.names.patterns.clone(),
        }
    }
}

impl Passage {
    pub(super) fn new(from: &Roster, to: &Plan) -> Passage {
        let units = numbers(to.units.iter().map(|unit| unit.name));
        let patterns = numbers(to.names.patterns.iter().copied());
        let rules: HashMap<Name, u32> = to.names.rules.iter().map(|(rule, name)| (*name, *rule)).collect();
        let of_rule = |(old, (name, fields)): (&u32, &(Name, Vec<String>))| {
            let rule = *rules.get(name)?;
            let place = |field: &String| {
                let place = fields.iter().position(|old| old == field)?;
                u32::try_from(place + 1).ok()
            };
            let places = to.fields(rule).iter().map(place).collect();
            Some((*old, RulePassage { rule, places }))
        };
        Passage {
            units: from.units.iter().map(|name| units.get(name).copied()).collect(),
            rules: from.rules.iter().filter_map(of_rule).collect(),
            patterns: from
                .patterns
                .iter()
                .map(|name| patterns.get(name).copied())
                .collect(),
        }
    }

    /// Where each unit stands now, by its old number.
    pub(super) fn units(&self) -> &[Option<u32>] {
        &self.units
    }

    /// A hit as one of the new plan.
    pub(super) fn hit(&self, source: Source, values: Values) -> Option<(Source, Values)> {
        match source {
            Source::Rule(rule) => {
                let (rule, values) = self.values(rule, values)?;
                Some((Source::Rule(rule), values))
            }
            Source::Leaf { pattern, leaf } => {
                let pattern = self.patterns.get(pattern as usize).copied().flatten()?;
                Some((Source::Leaf { pattern, leaf }, values))
            }
        }
    }

    /// What a window that is judged at its end keeps for then.
    pub(super) fn state(&self, state: &mut State) {
        let State::Many(window) = state else {
            return;
        };
        if let Some(closing) = &mut window.closing
            && let Some((rule, values)) = self.values(closing.rule, closing.values.clone())
        {
            (closing.rule, closing.values) = (rule, values);
        }
    }

    fn values(&self, rule: u32, values: Values) -> Option<(u32, Values)> {
        let passage = self.rules.get(&rule)?;
        let is_same = (1..).zip(&passage.places).all(|(new, old)| *old == Some(new));
        match is_same {
            true => Some((passage.rule, values)),
            false => Some((passage.rule, values.with_places(&passage.places))),
        }
    }
}

fn numbers(names: impl Iterator<Item = Name>) -> HashMap<Name, u32> {
    names.zip(0..).collect()
}
