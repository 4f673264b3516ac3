//! Why a leaf held for a row, or why not; and what evaluating a leaf takes.

use super::compile::Rules;
use super::conditions::{AtomNumber, EVERY, Node, NodeNumber};
use super::facts::Seen;
use super::matcher::Matcher;
use super::{Atom, Row, Value};
use crate::limits::{HIT_VALUE_BYTES_MAX, RULE_FINDINGS_MAX};

/// Why a leaf holds for a row, or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it holds.
    pub holds: bool,
    /// Whether the row is one that the leaf looks at. If not, the findings are about the gate.
    pub is_passed_by_gate: bool,
    /// The comparisons that settle it: of a leaf that holds those that make it hold, of any other those that
    /// are in the way. At most [`RULE_FINDINGS_MAX`].
    pub findings: Vec<Finding>,
}

/// One comparison and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The comparison.
    pub atom: Atom,
    /// Whether it holds.
    pub holds: bool,
    /// The values that make it hold, or all the values that do not; empty where the field is missing. Longer
    /// ones are cut.
    pub values: Vec<String>,
}

/// How a leaf is found worth deciding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// It can never hold.
    Never,
    /// By an index: one of so many texts, numbers or networks is in a row for which it holds.
    Indexed(usize),
    /// By the presence of a field: it is decided for every row of its gate that has the field.
    Presence,
    /// Not at all: it is decided for every row of its gate.
    Scan,
}

/// What evaluating a leaf takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Comparisons.
    pub atoms: usize,
    /// How it is found.
    pub witness: Witness,
    /// Regular expressions that run in linear time.
    pub linear_expressions: usize,
    /// Regular expressions that need to go back, and run under a limit.
    pub backtracking_expressions: usize,
    /// The names of the fields it looks at, those of its gate not among them.
    pub fields: Vec<String>,
    /// Whether it looks at all values of a row.
    pub is_keyword_search: bool,
    /// The comparisons of its gate: what kind of row it can match.
    pub gate: Vec<Atom>,
}

impl Rules {
    /// Why a leaf holds for a row, or why not; `None` where there is no such leaf.
    pub fn explain(&self, leaf: usize, row: &Row<'_>, matcher: &mut Matcher) -> Option<Explanation> {
        let (gate, condition) = (*self.gates.get(leaf)?, *self.leaves.get(leaf)?);
        let mut seen = matcher.see(self, row);
        let is_passed_by_gate = seen.holds(gate);
        let mut atoms = Vec::new();
        seen.settle(if is_passed_by_gate { condition } else { gate }, &mut atoms);
        let holds = is_passed_by_gate && seen.holds(condition);
        let findings = atoms
            .into_iter()
            .filter_map(|(node, atom)| seen.finding(node, atom))
            .collect();
        Some(Explanation {
            holds,
            is_passed_by_gate,
            findings,
        })
    }

    /// What evaluating a leaf takes; `None` where there is no such leaf.
    pub fn cost(&self, leaf: usize) -> Option<Cost> {
        let condition = self.atoms_of(*self.leaves.get(leaf)?);
        let ready = || {
            condition
                .iter()
                .filter_map(|atom| self.conditions.atoms.get(*atom as usize))
        };
        let expressions = |is_linear: bool| {
            ready()
                .filter(|ready| ready.check.is_linear() == Some(is_linear))
                .count()
        };
        let mut fields: Vec<String> = ready()
            .flat_map(|ready| [ready.field, ready.other])
            .filter_map(|field| self.names.name(field).map(str::to_owned))
            .collect();
        fields.sort_unstable();
        fields.dedup();
        let gate = self.atoms_of(*self.gates.get(leaf)?);
        Some(Cost {
            atoms: condition.len(),
            witness: *self.witnesses.get(leaf)?,
            linear_expressions: expressions(true),
            backtracking_expressions: expressions(false),
            fields,
            is_keyword_search: ready().any(|ready| ready.field == EVERY),
            gate: gate
                .iter()
                .filter_map(|atom| self.conditions.atoms.get(*atom as usize))
                .map(|ready| ready.atom.clone())
                .collect(),
        })
    }

    /// The atoms below a node, each once.
    fn atoms_of(&self, node: NodeNumber) -> Vec<AtomNumber> {
        let mut atoms = Vec::new();
        let mut open = vec![node];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(number) = open.pop() {
            if !seen.insert(number) {
                continue;
            }
            match self.conditions.node(number) {
                Node::True | Node::False => {}
                Node::Atom(atom) => atoms.push(*atom),
                Node::Not(inner) => open.push(*inner),
                Node::All(parts) | Node::Any(parts) => open.extend(parts.iter()),
            }
        }
        atoms.sort_unstable();
        atoms
    }
}

impl Seen<'_, '_> {
    /// The atoms that make a node true or false, as it is.
    fn settle(&mut self, number: NodeNumber, atoms: &mut Vec<(NodeNumber, AtomNumber)>) {
        let rules = self.rules;
        match rules.conditions.node(number) {
            Node::True | Node::False => {}
            Node::Atom(atom) => {
                if atoms.len() < RULE_FINDINGS_MAX && !atoms.contains(&(number, *atom)) {
                    atoms.push((number, *atom));
                }
            }
            Node::Not(inner) => self.settle(*inner, atoms),
            Node::All(parts) | Node::Any(parts) => {
                // Of parts that all must hold, those that fail settle it; of those of which one must, those that hold.
                let holds = self.holds(number);
                for part in parts {
                    if self.holds(*part) == holds {
                        self.settle(*part, atoms);
                    }
                }
            }
        }
    }

    fn finding(&mut self, node: NodeNumber, number: AtomNumber) -> Option<Finding> {
        let rules = self.rules;
        let ready = rules.conditions.atoms.get(number as usize)?;
        let holds = self.holds(node);
        let is_asked = |field: u32| ready.field == EVERY || field == ready.field;
        let mut values = Vec::new();
        for (place, field) in self.row.iter().enumerate() {
            if is_asked(field.number) && self.value_holds(number, ready, place) == holds {
                values.push(shown(field.value));
            }
        }
        if ready.field == EVERY && !holds {
            values.clear();
        }
        Some(Finding {
            atom: ready.atom.clone(),
            holds,
            values,
        })
    }
}

fn shown(value: Value<'_>) -> String {
    match value {
        Value::Text(text) | Value::Number(text) => {
            let end = text.floor_char_boundary(HIT_VALUE_BYTES_MAX);
            text.get(..end).unwrap_or_default().to_owned()
        }
        Value::Boolean(truth) => truth.to_string(),
        Value::Null => "null".into(),
        Value::Empty => "[]".into(),
    }
}
