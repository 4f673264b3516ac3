//! What a pattern is made of while it is normalised: numbers for comparisons and qualifiers, and nodes over
//! them. Numbers follow the order of the text, so that sorted numbers are sorted text.

use std::collections::{BTreeMap, HashMap};

use super::super::ast::{
    Comparison, ComparisonExpr, ObjectPath, ObservationExpr, Operator, Pattern, Qualifier,
};
use super::{Conjunction, Detail, atom};
use crate::limits::PATTERN_SET_MAX;

/// An alternative: anything but an OR.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    /// `[…]`: an OR of conjunctions, sorted.
    Leaf(Vec<Conjunction>),
    /// Sorted; at least two.
    And(Vec<Node>),
    /// At least two.
    FollowedBy(Vec<Node>),
    /// The number of the qualifier, and the alternatives that it restricts.
    Qualified(u32, Vec<Node>),
}

impl Node {
    pub(super) fn all_of(parts: Vec<Node>) -> Node {
        let mut flat = flattened(parts, |part| match part {
            Node::And(inner) => Ok(inner),
            other => Err(other),
        });
        flat.sort();
        Node::single(flat).unwrap_or_else(Node::And)
    }

    pub(super) fn in_order(parts: Vec<Node>) -> Node {
        let flat = flattened(parts, |part| match part {
            Node::FollowedBy(inner) => Ok(inner),
            other => Err(other),
        });
        Node::single(flat).unwrap_or_else(Node::FollowedBy)
    }

    fn single(mut parts: Vec<Node>) -> Result<Node, Vec<Node>> {
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            Some(last) => {
                parts.push(last);
                Err(parts)
            }
            None => Err(parts),
        }
    }

    /// How much there is to copy.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Leaf(alternatives) => alternatives.iter().map(|one| 1 + one.len()).sum(),
            Self::And(parts) | Self::FollowedBy(parts) | Self::Qualified(_, parts) => {
                1 + parts.iter().map(Node::size).sum::<usize>()
            }
        }
    }
}

fn flattened(parts: Vec<Node>, open: fn(Node) -> Result<Vec<Node>, Node>) -> Vec<Node> {
    parts
        .into_iter()
        .flat_map(|part| open(part).unwrap_or_else(|whole| vec![whole]))
        .collect()
}

/// The comparisons and qualifiers of a pattern, each in one spelling, numbered in the order of their text.
pub(super) struct Names {
    detail: Detail,
    tests: BTreeMap<String, u32>,
    comparisons: Vec<Comparison>,
    /// For each comparison, the number of its object type.
    types: Vec<u32>,
    qualifiers: BTreeMap<String, u32>,
    spelled: Vec<Qualifier>,
}

impl Names {
    pub(super) fn of(pattern: &Pattern, detail: Detail) -> Names {
        let mut tests = BTreeMap::new();
        for comparison in pattern.comparisons() {
            for test in atom::alternatives(comparison, detail) {
                tests.insert(test.to_string(), test);
            }
        }
        let mut qualifiers = BTreeMap::new();
        collect(&pattern.expression, &mut qualifiers);
        let mut types: BTreeMap<String, u32> = BTreeMap::new();
        for test in tests.values() {
            let next = number(types.len());
            types.entry(test.path.object_type.clone()).or_insert(next);
        }
        let type_of = |test: &Comparison| types.get(&test.path.object_type).copied().unwrap_or(u32::MAX);
        Names {
            detail,
            types: tests.values().map(type_of).collect(),
            tests: numbered(tests.keys()),
            comparisons: tests.into_values().collect(),
            qualifiers: numbered(qualifiers.keys()),
            spelled: qualifiers.into_values().collect(),
        }
    }

    /// The number of a qualifier.
    pub(super) fn qualifier(&self, qualifier: &Qualifier) -> Option<u32> {
        self.qualifiers
            .get(&atom::qualifier(qualifier).to_string())
            .copied()
    }

    /// A comparison as an OR of numbers; none where it never holds.
    pub(super) fn alternatives(&self, test: &Comparison) -> Vec<Conjunction> {
        let mut numbers: Vec<u32> = atom::alternatives(test, self.detail)
            .iter()
            .filter_map(|one| self.tests.get(&one.to_string()).copied())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().map(|one| vec![one]).collect()
    }

    pub(super) fn have_one_type(&self, conjunction: &[u32]) -> bool {
        let mut types = conjunction.iter().map(|test| self.types.get(*test as usize));
        let first = types.next();
        types.all(|one| Some(one) == first)
    }

    /// An OR of nodes as a pattern writes it; none where there is nothing.
    pub(super) fn written(&self, alternatives: &[Node]) -> Option<ObservationExpr> {
        // One `[…]` holds all leaves.
        let mut leaves = Vec::new();
        let mut parts = Vec::new();
        for one in alternatives {
            match one {
                Node::Leaf(conjunctions) if self.detail == Detail::Fine => leaves.extend(conjunctions),
                other => parts.extend(self.node(other)),
            }
        }
        let leaf = self.gathered(&leaves);
        let leaf = chained(leaf, ComparisonExpr::Or).map(ObservationExpr::Comparison);
        chained(leaf.into_iter().chain(parts).collect(), ObservationExpr::Or)
    }

    fn node(&self, node: &Node) -> Option<ObservationExpr> {
        let all = |parts: &[Node]| {
            parts
                .iter()
                .filter_map(|part| self.node(part))
                .collect::<Vec<_>>()
        };
        match node {
            Node::Leaf(alternatives) => {
                let alternatives = alternatives.iter().filter_map(|one| self.conjunction(one));
                chained(alternatives.collect(), ComparisonExpr::Or).map(ObservationExpr::Comparison)
            }
            Node::And(parts) => chained(all(parts), ObservationExpr::And),
            Node::FollowedBy(parts) => chained(all(parts), ObservationExpr::FollowedBy),
            Node::Qualified(number, alternatives) => Some(ObservationExpr::Qualified {
                inner: Box::new(self.written(alternatives)?),
                qualifier: self.spelled.get(*number as usize)?.clone(),
            }),
        }
    }

    /// Conjunctions as a pattern writes them; lone `=` on one path become an `IN (…)`.
    fn gathered(&self, conjunctions: &[&Conjunction]) -> Vec<ComparisonExpr> {
        let mut parts = Vec::new();
        let mut sets: HashMap<&ObjectPath, usize> = HashMap::new();
        for conjunction in conjunctions {
            let Some(test) = self.lone_equal(conjunction) else {
                parts.extend(self.conjunction(conjunction));
                continue;
            };
            match sets.get(&test.path).and_then(|set| parts.get_mut(*set)) {
                Some(ComparisonExpr::Test(set)) if set.values.len() < PATTERN_SET_MAX => {
                    set.operator = Operator::In;
                    set.values.extend_from_slice(&test.values);
                }
                _ => {
                    sets.insert(&test.path, parts.len());
                    parts.push(ComparisonExpr::Test(test.clone()));
                }
            }
        }
        parts
    }

    fn lone_equal(&self, conjunction: &[u32]) -> Option<&Comparison> {
        let [only] = conjunction else { return None };
        let test = self.comparisons.get(*only as usize)?;
        (test.operator == Operator::Equal).then_some(test)
    }

    fn conjunction(&self, conjunction: &[u32]) -> Option<ComparisonExpr> {
        let tests = conjunction
            .iter()
            .filter_map(|test| self.comparisons.get(*test as usize))
            .map(|test| ComparisonExpr::Test(test.clone()));
        chained(tests.collect(), ComparisonExpr::And)
    }
}

fn collect(expression: &ObservationExpr, qualifiers: &mut BTreeMap<String, Qualifier>) {
    match expression {
        ObservationExpr::Comparison(_) => {}
        ObservationExpr::And(all) | ObservationExpr::Or(all) | ObservationExpr::FollowedBy(all) => {
            all.iter().for_each(|one| collect(one, qualifiers));
        }
        ObservationExpr::Qualified { inner, qualifier } => {
            let spelled = atom::qualifier(qualifier);
            qualifiers.insert(spelled.to_string(), spelled);
            collect(inner, qualifiers);
        }
    }
}

fn chained<T>(mut parts: Vec<T>, join: fn(Vec<T>) -> T) -> Option<T> {
    if parts.len() > 1 {
        Some(join(parts))
    } else {
        parts.pop()
    }
}

fn numbered<'a>(keys: impl Iterator<Item = &'a String>) -> BTreeMap<String, u32> {
    keys.enumerate()
        .map(|(at, key)| (key.clone(), number(at)))
        .collect()
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
