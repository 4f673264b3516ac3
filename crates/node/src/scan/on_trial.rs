//! The rules of objects that are on trial while records come.
//!
//! What they match stays here until it is told or dropped; threads are told which rules are parked. Begin at
//! [`OnTrial::meet`].

use std::sync::Arc;

use entente_stix::time::Timestamp;

use super::Told;
use super::workers::Part;
use crate::rules::trial::Verdict;
use crate::rules::trials::Trials;
use crate::rules::{Parked, RuleSet};
use crate::{Error, Node};

/// Rules on trial, with the matches `M` of theirs that are held back.
pub(super) struct OnTrial<M> {
    trials: Trials<M>,
    /// By rule, its number among the trials; none for rules of texts.
    trial_of: Vec<Option<usize>>,
    /// By trial, the rule.
    rule_of: Vec<u32>,
    parked: Arc<Parked>,
}

impl<M> OnTrial<M> {
    pub(super) fn new(node: &Node, rules: &RuleSet) -> Result<Self, Error> {
        let (mut trial_of, mut rule_of, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for (number, rule) in (0..).zip(rules.rules()) {
            let key = rule.key();
            trial_of.push(key.is_some().then_some(keys.len()));
            rule_of.extend(key.is_some().then_some(number));
            keys.extend(key);
        }
        let on_trial = OnTrial {
            trials: node.trials(keys)?,
            parked: Arc::new(Parked::none_of(rules.len())),
            trial_of,
            rule_of,
        };
        on_trial.park();
        Ok(on_trial)
    }

    /// Which rules are parked, for those who evaluate them.
    pub(super) fn parked(&self) -> Arc<Parked> {
        Arc::clone(&self.parked)
    }

    /// Takes a match; what is told of it comes out of [`OnTrial::take_ready`].
    pub(super) fn meet(&mut self, rule: u32, found: M, now: Timestamp) {
        // What is no trial's is told at once.
        let trial = self.trial(rule).unwrap_or(usize::MAX);
        self.trials.meet(trial, found, now.micros());
        if self.trials.is_parked(trial) {
            self.parked.park(rule);
        }
    }

    /// Takes what else a part tells of rules, after their matches in it.
    pub(super) fn part(&mut self, part: &Part, rules: &RuleSet) {
        for (rule, matches) in &part.parked {
            if let Some(trial) = self.trial(*rule) {
                self.trials.dropped(trial, *matches);
            }
        }
        for (rule, records) in rules.looked_at(&part.passed) {
            if let Some(trial) = self.trial(rule) {
                self.trials.looked_at(trial, records);
            }
        }
        for given_up in &part.exhausted {
            let asking = match given_up.rule {
                Some(_) => given_up.of_object.as_slice(),
                None => rules.asking(&given_up.what),
            };
            for rule in asking {
                if let Some(trial) = self.trial(*rule) {
                    self.trials.gave_up(trial, &given_up.what);
                }
            }
        }
        if !part.exhausted.is_empty() {
            self.park();
        }
    }

    fn trial(&self, rule: u32) -> Option<usize> {
        self.trial_of.get(rule as usize).copied().flatten()
    }

    fn park(&self) {
        for (trial, rule) in self.rule_of.iter().enumerate() {
            if self.trials.is_parked(trial) {
                self.parked.park(*rule);
            }
        }
    }

    /// Lets what was held for a minute be told.
    pub(super) fn release_due(&mut self, now: Timestamp) {
        self.trials.release_due(now.micros());
    }

    /// Lets everything that is held be told.
    pub(super) fn release(&mut self) {
        self.trials.release();
    }

    /// Matches to be told now, in the order in which they were met.
    pub(super) fn take_ready(&mut self) -> impl Iterator<Item = M> + use<M> {
        self.trials.take_ready()
    }

    /// Keeps what the trials came to. What was held for a verdict must be recorded before.
    pub(super) fn keep(&mut self, node: &Node, now: Timestamp) -> Result<(), Error> {
        node.keep_trials(&mut self.trials, now)
    }

    /// Goes on with other rules. What is held must have been released.
    pub(super) fn go_on_with(&mut self, node: &Node, rules: &RuleSet) -> Result<(), Error> {
        let before = std::mem::replace(self, OnTrial::new(node, rules)?);
        self.trials.go_on_from(before.trials);
        self.park();
        Ok(())
    }

    /// Matches that were dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.trials.dropped_in_all()
    }

    /// Tells which rules do not alert freely.
    pub(super) fn tell(&self, rules: &RuleSet, tell: &mut dyn FnMut(Told<'_>)) {
        for (standing, number) in self.trials.standings().zip(&self.rule_of) {
            let alerts = matches!(standing.verdict, Verdict::Passed | Verdict::Accepted);
            if let (false, Some(rule)) = (alerts, rules.rules().get(*number as usize)) {
                tell(Told::Trial {
                    rule,
                    standing: &standing,
                });
            }
        }
    }
}
