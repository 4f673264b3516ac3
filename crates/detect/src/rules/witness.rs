//! Which probes make a condition worth deciding: if it holds, one of them answers.

use super::conditions::{Conditions, Node, NodeNumber};
use super::probe::{self, Probe};
use super::rarity::Rarity;
use std::collections::HashMap;

/// Some probes, one of which answers for every row for which the condition holds.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    pub(super) probes: Vec<Probe>,
    /// Share of rows in which one is expected to answer.
    pub(super) share: f64,
}

/// Finds them, each part of a condition once.
#[derive(Debug)]
pub(super) struct Witnesses<'c> {
    conditions: &'c Conditions,
    rarity: &'c Rarity,
    known: HashMap<(NodeNumber, bool), Option<Witness>>,
}

impl<'c> Witnesses<'c> {
    pub(super) fn new(conditions: &'c Conditions, rarity: &'c Rarity) -> Self {
        Witnesses {
            conditions,
            rarity,
            known: HashMap::new(),
        }
    }

    /// The rarest; `None` where the condition can hold whatever a row has or lacks.
    pub(super) fn of(&mut self, node: NodeNumber) -> Option<Witness> {
        self.find(node, true)
    }

    /// For a node to be true, or false.
    fn find(&mut self, number: NodeNumber, truth: bool) -> Option<Witness> {
        if let Some(known) = self.known.get(&(number, truth)) {
            return known.clone();
        }
        let conditions = self.conditions;
        let found = match (conditions.node(number), truth) {
            (Node::True, true) | (Node::False, false) => None,
            (Node::True, false) | (Node::False, true) => Some(Witness {
                probes: Vec::new(),
                share: 0.0,
            }),
            (Node::Atom(atom), true) => conditions.atoms.get(*atom as usize).and_then(|ready| {
                let sets = probe::of_atom(ready).into_iter();
                rarest(sets.map(|probes| self.witness(probes)))
            }),
            (Node::Atom(_), false) => None,
            (Node::Not(inner), truth) => self.find(*inner, !truth),
            (Node::All(parts), true) | (Node::Any(parts), false) => {
                let found: Vec<Witness> = parts.iter().filter_map(|part| self.find(*part, truth)).collect();
                rarest(found.into_iter())
            }
            (Node::Any(parts), true) | (Node::All(parts), false) => {
                let each: Option<Vec<Witness>> = parts.iter().map(|part| self.find(*part, truth)).collect();
                each.map(|each| {
                    let mut probes: Vec<Probe> =
                        each.into_iter().flat_map(|witness| witness.probes).collect();
                    probes.sort_unstable();
                    probes.dedup();
                    self.witness(probes)
                })
            }
        };
        self.known.insert((number, truth), found.clone());
        found
    }

    fn witness(&self, probes: Vec<Probe>) -> Witness {
        let share = probes.iter().map(|probe| self.rarity.of(probe)).sum();
        Witness { probes, share }
    }
}

fn rarest(witnesses: impl Iterator<Item = Witness>) -> Option<Witness> {
    witnesses.min_by(|left, right| left.share.total_cmp(&right.share))
}
