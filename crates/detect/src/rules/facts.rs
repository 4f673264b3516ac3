//! What is known of the row at hand: where its fields are, and which conditions hold.

use super::check::{Check, Outcome, boolean_of, number_of, text_of};
use super::compile::Rules;
use super::conditions::{AtomNumber, EVERY, Node, NodeNumber, Ready};
use super::effort::Effort;
use super::fold::{fold, fold_into};
use super::groups::Way;
use super::index::FieldIndex;
use super::language::{Polarity, Reading, Relation, Test};
use super::{Row, Value};
use crate::expression::Stopped;
use std::collections::BTreeMap;

const NONE: u32 = u32::MAX;
/// Rows after which what is known is forgotten, so that their numbers may come again.
const ROWS_MAX: u32 = u32::MAX / 2 - 1;

/// Where a row's fields are.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// By field number: the row, and the first of its values.
    heads: Vec<(u32, u32)>,
    /// By value: the next of the same field.
    next: Vec<u32>,
    /// The row at hand, from 1.
    row: u32,
    /// Length of its texts.
    pub(super) bytes: usize,
}

/// Which conditions are known to hold.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// By node: twice the row, and one more if the node holds.
    nodes: Vec<u32>,
    row: u32,
    /// By value, where its folded text is.
    spans: Vec<(u32, u32)>,
    folded: String,
    /// Tests that took too many steps, and how often.
    pub(super) exhausted: BTreeMap<AtomNumber, u64>,
    /// Of the leaf at hand.
    pub(super) effort: Effort,
}

/// A row, and all that is known of it.
pub(super) struct Seen<'a, 'r> {
    pub(super) rules: &'a Rules,
    pub(super) row: &'a Row<'r>,
    pub(super) fields: &'a Fields,
    pub(super) facts: &'a mut Facts,
}

impl Fields {
    pub(super) fn begin(&mut self, names: usize, row: &Row<'_>) {
        if self.row >= ROWS_MAX {
            *self = Fields::default();
        }
        self.row += 1;
        if self.heads.len() < names {
            self.heads.resize(names, (0, NONE));
        }
        self.next.clear();
        self.next.resize(row.len(), NONE);
        self.bytes = 0;
        for (place, field) in row.iter().enumerate().rev() {
            if let Value::Text(text) = field.value {
                self.bytes += text.len();
            }
            let Some(head) = self.heads.get_mut(field.number as usize) else {
                continue;
            };
            if head.0 == self.row
                && let Some(next) = self.next.get_mut(place)
            {
                *next = head.1;
            }
            *head = (self.row, place as u32);
        }
    }

    pub(super) fn row(&self) -> u32 {
        self.row
    }

    /// Place of the first value of a field.
    #[inline]
    pub(super) fn first(&self, field: u32) -> Option<usize> {
        let (row, place) = self.heads.get(field as usize)?;
        (*row == self.row).then_some(*place as usize)
    }

    /// Place of the next value of the same field.
    #[inline]
    pub(super) fn after(&self, place: usize) -> Option<usize> {
        let next = self.next.get(place)?;
        (*next != NONE).then_some(*next as usize)
    }
}

impl Facts {
    pub(super) fn begin(&mut self, nodes: usize, values: usize, row: u32) {
        if row < self.row {
            self.nodes.clear();
        }
        self.row = row;
        if self.nodes.len() < nodes {
            self.nodes.resize(nodes, 0);
        }
        self.spans.clear();
        self.spans.resize(values, (NONE, 0));
        self.folded.clear();
    }

    /// The folded text of the value at a place; once for each row.
    fn folded(&mut self, place: usize, text: &str) -> &str {
        let Facts { spans, folded, .. } = self;
        let Some(span) = spans.get_mut(place) else {
            return "";
        };
        if span.0 == NONE {
            let start = folded.len();
            fold_into(text, folded);
            *span = (start as u32, folded.len() as u32);
        }
        folded.get(span.0 as usize..span.1 as usize).unwrap_or_default()
    }
}

impl Seen<'_, '_> {
    /// Asks the probes of a field about the value at a place.
    #[inline]
    pub(super) fn ask(&mut self, index: &FieldIndex, place: usize, answers: impl FnMut(u32)) {
        let Some(field) = self.row.get(place) else { return };
        let folded = match text_of(field.value, Reading::Loose) {
            Some(text) if index.asks_text() => Some(self.facts.folded(place, text)),
            _ => None,
        };
        index.ask(field.value, folded, &self.rules.keys, answers);
    }

    /// Whether a node holds.
    pub(super) fn holds(&mut self, number: NodeNumber) -> bool {
        let known = self.facts.nodes.get(number as usize).copied().unwrap_or_default();
        if known >> 1 == self.facts.row {
            return known & 1 != 0;
        }
        if self.facts.effort.is_cut {
            return false;
        }
        let rules = self.rules;
        // Conditions are no deeper than `RULE_CONDITION_DEPTH_MAX`.
        let holds = match rules.conditions.node(number) {
            Node::True => true,
            Node::False => false,
            Node::Atom(atom) => self.atom_holds(*atom),
            Node::Not(inner) => !self.holds(*inner),
            Node::All(parts) => parts.iter().all(|part| self.holds(*part)),
            Node::Any(parts) => match rules.groups.way(number) {
                Some(way) => self.some_text_fits(way) || way.rest.iter().any(|part| self.holds(*part)),
                None => parts.iter().any(|part| self.holds(*part)),
            },
        };
        // What one leaf could not find out another may.
        if !self.facts.effort.is_cut
            && let Some(known) = self.facts.nodes.get_mut(number as usize)
        {
            *known = self.facts.row << 1 | u32::from(holds);
        }
        holds
    }

    fn some_text_fits(&mut self, way: &Way) -> bool {
        let mut fits = false;
        for (field, index) in &way.fields {
            let mut next = self.fields.first(*field);
            while let Some(place) = next {
                self.ask(index, place, |_| fits = true);
                if fits {
                    return true;
                }
                next = self.fields.after(place);
            }
        }
        false
    }

    fn atom_holds(&mut self, number: AtomNumber) -> bool {
        let rules = self.rules;
        let Some(ready) = rules.conditions.atoms.get(number as usize) else {
            return false;
        };
        if ready.field == EVERY {
            return (0..self.row.len()).any(|place| self.value_holds(number, ready, place));
        }
        let mut next = self.fields.first(ready.field);
        while let Some(place) = next {
            if self.value_holds(number, ready, place) {
                return true;
            }
            next = self.fields.after(place);
        }
        false
    }

    /// Whether the value at a place makes the atom hold.
    pub(super) fn value_holds(&mut self, number: AtomNumber, ready: &Ready, place: usize) -> bool {
        let Some(outcome) = self.outcome(number, ready, place) else {
            return false;
        };
        match ready.polarity {
            Polarity::Passes => outcome == Outcome::Passes,
            Polarity::Differs => outcome != Outcome::Passes,
            Polarity::Fails => outcome == Outcome::Fails,
        }
    }

    /// `None` where there is no value to test, or no answer.
    fn outcome(&mut self, number: AtomNumber, ready: &Ready, place: usize) -> Option<Outcome> {
        let value = self.row.get(place)?.value;
        let passes = match &ready.check {
            Check::Exists => true,
            _ if value == Value::Empty => return None,
            Check::Null => value == Value::Null,
            _ if value == Value::Null => return None,
            Check::Text { fold, test } => {
                let Some(text) = text_of(value, ready.reading) else {
                    return Some(Outcome::Mismatch);
                };
                let left = self.facts.effort.left();
                let text = if *fold {
                    self.facts.folded(place, text)
                } else {
                    text
                };
                let mut work = 0;
                let outcome = test.outcome(text, left, &mut work);
                self.facts.effort.spend(number, work);
                return match outcome {
                    Ok(outcome) => Some(outcome),
                    Err(stopped) => {
                        self.stopped(number, stopped);
                        None
                    }
                };
            }
            Check::Number(order, other) => match number_of(value, ready.reading) {
                Some(number) => order.holds(number.cmp(other)),
                None => return Some(Outcome::Mismatch),
            },
            Check::Boolean(truth) => match boolean_of(value, ready.reading) {
                Some(found) => found == *truth,
                None => return Some(Outcome::Mismatch),
            },
            Check::Other => match text_of(value, ready.reading) {
                Some(text) => self.is_related(ready, text),
                None => return Some(Outcome::Mismatch),
            },
        };
        Some(if passes { Outcome::Passes } else { Outcome::Fails })
    }

    #[cold]
    fn stopped(&mut self, number: AtomNumber, stopped: Stopped) {
        match stopped {
            Stopped::Steps => *self.facts.exhausted.entry(number).or_default() += 1,
            Stopped::Work => self.facts.effort.is_cut = true,
        }
    }

    /// Whether some value of the other field stands to the text as is asked. Rare enough to fold anew.
    fn is_related(&self, ready: &Ready, text: &str) -> bool {
        let Test::Other {
            relation,
            fold: ignores_case,
            ..
        } = &ready.atom.test
        else {
            return false;
        };
        let folded = |text: &str| {
            if *ignores_case {
                fold(text)
            } else {
                text.to_owned()
            }
        };
        let text = folded(text);
        let mut next = self.fields.first(ready.other);
        while let Some(place) = next {
            let other = self
                .row
                .get(place)
                .and_then(|field| text_of(field.value, ready.reading));
            if let Some(other) = other.map(folded)
                && match relation {
                    Relation::Equals => text == other,
                    Relation::StartsWith => text.starts_with(&other),
                    Relation::EndsWith => text.ends_with(&other),
                    Relation::Contains => text.contains(&other),
                }
            {
                return true;
            }
            next = self.fields.after(place);
        }
        false
    }
}
