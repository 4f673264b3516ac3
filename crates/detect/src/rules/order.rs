//! In which order the parts of a condition are decided: what is cheap and likely settles it first.

use super::check::{Check, TextTest};
use super::conditions::{Conditions, EVERY, Node, NodeNumber, Ready};
use super::language::Polarity;
use super::probe;
use super::rarity::Rarity;

/// What deciding a node takes and how often it is expected to hold.
#[derive(Clone, Copy, Debug)]
struct Expected {
    cost: f64,
    share: f64,
}

/// Reorders the parts of every node.
pub(super) fn by_cost(conditions: &mut Conditions, rarity: &Rarity) {
    let mut expected: Vec<Expected> = Vec::with_capacity(conditions.nodes.len());
    let Conditions { nodes, atoms } = conditions;
    for node in nodes {
        let of = |number: &NodeNumber| {
            expected
                .get(*number as usize)
                .copied()
                .unwrap_or(Expected::NOTHING)
        };
        let this = match node {
            Node::True => Expected {
                cost: 0.0,
                share: 1.0,
            },
            Node::False => Expected::NOTHING,
            Node::Atom(atom) => atoms
                .get(*atom as usize)
                .map_or(Expected::NOTHING, |ready| of_atom(ready, rarity)),
            Node::Not(inner) => Expected {
                share: 1.0 - of(inner).share,
                ..of(inner)
            },
            Node::All(parts) => {
                parts.sort_by(|a, b| of(a).until_false().total_cmp(&of(b).until_false()));
                let all = Expected {
                    cost: 0.0,
                    share: 1.0,
                };
                parts.iter().fold(all, |sum, part| Expected {
                    cost: sum.cost + sum.share * of(part).cost,
                    share: sum.share * of(part).share,
                })
            }
            Node::Any(parts) => {
                parts.sort_by(|a, b| of(a).until_true().total_cmp(&of(b).until_true()));
                let none = Expected {
                    cost: 0.0,
                    share: 0.0,
                };
                parts.iter().fold(none, |sum, part| Expected {
                    cost: sum.cost + (1.0 - sum.share) * of(part).cost,
                    share: sum.share + (1.0 - sum.share) * of(part).share,
                })
            }
        };
        expected.push(this);
    }
}

impl Expected {
    const NOTHING: Expected = Expected {
        cost: 0.0,
        share: 0.0,
    };

    fn until_false(self) -> f64 {
        self.cost / (1.0 - self.share).max(0.001)
    }

    fn until_true(self) -> f64 {
        self.cost / self.share.max(0.001)
    }
}

fn of_atom(ready: &Ready, rarity: &Rarity) -> Expected {
    let sets = probe::of_atom(ready);
    let shares = sets
        .iter()
        .map(|set| set.iter().map(|probe| rarity.of(probe)).sum::<f64>());
    let share = shares.fold(1.0, f64::min);
    let cost = match &ready.check {
        Check::Exists | Check::Null | Check::Boolean(_) => 1.0,
        Check::Number(..) => 2.0,
        Check::Other => 5.0,
        Check::Text { test, .. } => match test {
            TextTest::Equals(_)
            | TextTest::OneOf(_)
            | TextTest::StartsWith(_)
            | TextTest::EndsWith(_)
            | TextTest::Ordered(..) => 1.0,
            TextTest::Contains(_) => 5.0,
            TextTest::Glob(_) => 8.0,
            TextTest::Network(..)
            | TextTest::NetworkHolding(..)
            | TextTest::Time(..)
            | TextTest::TimePart(..) => 5.0,
            TextTest::Regex(_) if ready.check.is_linear() == Some(true) => 30.0,
            TextTest::Regex(_) => 300.0,
        },
    };
    let every = if ready.field == EVERY { 20.0 } else { 1.0 };
    let share = if ready.polarity == Polarity::Passes {
        share
    } else {
        0.8
    };
    Expected {
        cost: cost * every,
        share,
    }
}
