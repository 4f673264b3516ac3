//! Conditions as one graph: equal atoms and equal parts of conditions are there once, over all leaves.

use super::FieldNames;
use super::check::Check;
use super::language::{Atom, Condition, Polarity, Reading, Test, Which};
use crate::limits::{RULE_CONDITION_DEPTH_MAX, RULE_CONDITION_PARTS_MAX};
use std::collections::HashMap;

/// Place of a node in [`Conditions::nodes`].
pub(super) type NodeNumber = u32;
/// Place of an atom in [`Conditions::atoms`].
pub(super) type AtomNumber = u32;

/// Stands for a field number where all values are looked at.
pub(super) const EVERY: u32 = FieldNames::UNNAMED;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    True,
    False,
    Atom(AtomNumber),
    All(Box<[NodeNumber]>),
    Any(Box<[NodeNumber]>),
    Not(NodeNumber),
}

/// An atom with its field's number and its test ready to run.
#[derive(Debug)]
pub(super) struct Ready {
    /// Field number, or [`EVERY`].
    pub(super) field: u32,
    /// The other field, of tests that have one.
    pub(super) other: u32,
    pub(super) check: Check,
    pub(super) reading: Reading,
    pub(super) polarity: Polarity,
    pub(super) atom: Atom,
}

/// All nodes and atoms. A node's parts come before it.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) nodes: Vec<Node>,
    pub(super) atoms: Vec<Ready>,
}

/// Collects them.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub(super) conditions: Conditions,
    known_nodes: HashMap<Node, NodeNumber>,
    known_atoms: HashMap<Atom, AtomNumber>,
    names: HashMap<String, u32>,
    /// What the programs of regular expressions are counted as.
    expression_bytes: usize,
    pub(super) ordered_names: Vec<String>,
}

impl Conditions {
    pub(super) fn node(&self, number: NodeNumber) -> &Node {
        self.nodes.get(number as usize).unwrap_or(&Node::False)
    }
}

impl Builder {
    /// # Errors
    /// Why the condition cannot be evaluated, for people.
    pub(super) fn add(&mut self, condition: &Condition) -> Result<NodeNumber, String> {
        let mut parts = 0;
        measure(condition, 0, &mut parts)?;
        self.node_of(condition)
    }

    /// The condition that never holds.
    pub(super) fn nothing(&mut self) -> NodeNumber {
        self.intern(Node::False)
    }

    // Not deeper than was measured.
    fn node_of(&mut self, condition: &Condition) -> Result<NodeNumber, String> {
        match condition {
            Condition::True => Ok(self.intern(Node::True)),
            Condition::False => Ok(self.intern(Node::False)),
            Condition::Atom(atom) => self.atom_of(atom),
            Condition::Not(inner) => {
                let inner = self.node_of(inner)?;
                Ok(match self.conditions.node(inner) {
                    Node::True => self.intern(Node::False),
                    Node::False => self.intern(Node::True),
                    Node::Not(doubly) => *doubly,
                    _ => self.intern(Node::Not(inner)),
                })
            }
            Condition::All(parts) => self.combine(parts, Kind::All),
            Condition::Any(parts) => self.combine(parts, Kind::Any),
        }
    }

    fn combine(&mut self, parts: &[Condition], kind: Kind) -> Result<NodeNumber, String> {
        let mut numbers = Vec::with_capacity(parts.len());
        let mut is_decided = false;
        for part in parts {
            let number = self.node_of(part)?;
            match (self.conditions.node(number), kind) {
                (Node::True, Kind::All) | (Node::False, Kind::Any) => {}
                (Node::False, Kind::All) | (Node::True, Kind::Any) => is_decided = true,
                (Node::All(inner), Kind::All) | (Node::Any(inner), Kind::Any) => numbers.extend(inner),
                _ => numbers.push(number),
            }
        }
        if is_decided {
            return Ok(self.intern(if kind == Kind::All {
                Node::False
            } else {
                Node::True
            }));
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(match (numbers.as_slice(), kind) {
            ([], Kind::All) => self.intern(Node::True),
            ([], Kind::Any) => self.intern(Node::False),
            ([only], _) => *only,
            (_, Kind::All) => self.intern(Node::All(numbers.into())),
            (_, Kind::Any) => self.intern(Node::Any(numbers.into())),
        })
    }

    fn atom_of(&mut self, atom: &Atom) -> Result<NodeNumber, String> {
        if let Some(number) = self.known_atoms.get(atom) {
            return Ok(self.intern(Node::Atom(*number)));
        }
        let check = Check::compile(&atom.test, &mut self.expression_bytes)?;
        let field = match &atom.field {
            Which::Field(name) => self.field(name),
            Which::Every => EVERY,
        };
        let other = match &atom.test {
            Test::Other { field, .. } => self.field(field),
            _ => EVERY,
        };
        let number = u32::try_from(self.conditions.atoms.len()).map_err(|_| "too many comparisons")?;
        self.conditions.atoms.push(Ready {
            field,
            other,
            check,
            reading: atom.reading,
            polarity: atom.polarity,
            atom: atom.clone(),
        });
        self.known_atoms.insert(atom.clone(), number);
        Ok(self.intern(Node::Atom(number)))
    }

    fn field(&mut self, name: &str) -> u32 {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let number = u32::try_from(self.ordered_names.len()).unwrap_or(EVERY);
        self.names.insert(name.into(), number);
        self.ordered_names.push(name.into());
        number
    }

    fn intern(&mut self, node: Node) -> NodeNumber {
        if let Some(number) = self.known_nodes.get(&node) {
            return *number;
        }
        let number = u32::try_from(self.conditions.nodes.len()).unwrap_or(u32::MAX);
        self.conditions.nodes.push(node.clone());
        self.known_nodes.insert(node, number);
        number
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    All,
    Any,
}

fn measure(condition: &Condition, depth: usize, parts: &mut usize) -> Result<(), String> {
    *parts += 1;
    if depth > RULE_CONDITION_DEPTH_MAX {
        return Err(format!(
            "conditions nested deeper than {RULE_CONDITION_DEPTH_MAX}"
        ));
    }
    if *parts > RULE_CONDITION_PARTS_MAX {
        return Err(format!(
            "more than {RULE_CONDITION_PARTS_MAX} comparisons and conditions"
        ));
    }
    match condition {
        Condition::All(inner) | Condition::Any(inner) => {
            inner.iter().try_for_each(|part| measure(part, depth + 1, parts))
        }
        Condition::Not(inner) => measure(inner, depth + 1, parts),
        _ => Ok(()),
    }
}
