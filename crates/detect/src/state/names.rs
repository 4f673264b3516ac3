//! What sources and units are called, whatever their numbers: so that a machine finds in another plan what it knows.
//!
//! A name is a digest of a definition: of a rule what it looks for and its id, of a pattern what its giver says, of a
//! unit what it asks of which rules and leaves. Of two with one definition, the second is called the second.

use super::plan::{By, Joined, Plan, Readings, Unit, What};
use super::{Part, Source};
use entente_sigma::search::Expression;
use entente_sigma::{Place, Rule};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

/// A digest of what something is.
pub(super) type Name = [u8; 16];

/// The names that a plan has given.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Of the rules that something listens to.
    pub(super) rules: BTreeMap<u32, Name>,
    pub(super) patterns: Vec<Name>,
    pub(super) correlations: BTreeMap<u32, Name>,
    /// How often each definition was met.
    met: HashMap<Name, u64>,
}

impl Names {
    /// A name for what has this definition.
    pub(super) fn give(&mut self, definition: &[&[u8]]) -> Name {
        let name = digest(definition);
        let met = self.met.entry(name).or_default();
        *met += 1;
        match *met {
            1 => name,
            nth => digest(&[&name, &nth.to_le_bytes()]),
        }
    }

    fn of_part(&self, part: Part) -> String {
        let (name, leaf) = match part {
            Part::Source(Source::Rule(rule)) => (self.rules.get(&rule), None),
            Part::Source(Source::Leaf { pattern, leaf }) => (self.patterns.get(pattern as usize), Some(leaf)),
            Part::Correlation(number) => (self.correlations.get(&number), None),
        };
        format!("{name:?} {leaf:?}")
    }
}

impl Plan {
    /// What a unit asks of what, without any number that another plan may have otherwise.
    pub(super) fn definition(&self, unit: &Unit) -> String {
        let mut text = format!("{:?} {:?}", unit.span, unit.stop);
        for part in &unit.parts {
            text += &self.names.of_part(*part);
        }
        // Writing to a string does not fail.
        let _ = match &unit.what {
            What::Watch(watch) => write!(text, "{:?} {:?} {}", watch.measure, watch.asked, watch.closes),
            What::Joined(Joined { join, by, .. }) => match by {
                By::Asset => write!(text, "asset {join:?}"),
                By::All => write!(text, "all {join:?}"),
                By::Group(_) => write!(text, "group {join:?}"),
            },
        };
        if let Some(readings) = unit.readings() {
            self.define_readings(readings, &mut text);
        }
        text
    }

    fn define_readings(&self, readings: &Readings, text: &mut String) {
        let mut lines: Vec<String> = readings
            .iter()
            .map(|((part, rule), reading)| {
                let fields = self.fields(*rule);
                let field = |place: &u32| fields.get((*place as usize).checked_sub(1)?);
                let group: Vec<_> = reading.group.iter().map(field).collect();
                let value: Vec<_> = reading.value.iter().map(field).collect();
                let rule = self.names.rules.get(rule);
                format!("{part} {rule:?} {group:?} {value:?}")
            })
            .collect();
        lines.sort_unstable();
        text.extend(lines);
    }
}

/// What a rule looks for, wherever in a text it stands and whatever is said about it.
pub(super) fn definition_of(rule: &Rule) -> String {
    let expression = rule.expression().map(|mut expression| {
        forget_places(&mut expression);
        expression
    });
    let of = &rule.logsource;
    let logsource = [&of.category, &of.product, &of.service];
    format!(
        "{:?} {logsource:?} {:?} {expression:?}",
        rule.meta.id, rule.meta.taxonomy
    )
}

const NOWHERE: Place = Place {
    source: 0,
    document: 0,
    line: 0,
    column: 0,
};

// Recursion is as deep as the condition, which its reader bounds.
fn forget_places(expression: &mut Expression) {
    match expression {
        Expression::Item(item) => item.place = NOWHERE,
        Expression::And(parts) | Expression::Or(parts) => parts.iter_mut().for_each(forget_places),
        Expression::Not(inner) => forget_places(inner),
        Expression::True | Expression::False => {}
    }
}

pub(super) fn digest(pieces: &[&[u8]]) -> Name {
    let mut digest = Sha256::new();
    for piece in pieces {
        digest.update((piece.len() as u64).to_le_bytes());
        digest.update(piece);
    }
    let digest: [u8; 32] = digest.finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}
