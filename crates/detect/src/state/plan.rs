//! What is looked for: correlations and patterns as units, and which hits each of them listens to.

use super::names::{Name, Names};
use super::{Of, Part, Source};
use crate::limits::STATE_PATTERN_LEAVES_MAX;
use crate::pattern::join::{Join, Prepared};
use std::collections::BTreeMap;

/// What a [`Machine`](super::Machine) looks for; immutable, and shared.
#[derive(Debug, Default)]
pub struct Plan {
    pub(super) units: Vec<Unit>,
    /// By rule.
    pub(super) fields: Vec<Vec<String>>,
    /// The units that a hit goes to, each with the part that the hit is.
    pub(super) listeners: Listeners,
    pub(super) names: Names,
}

/// Units, each with its part, by the numbers of what they listen to.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    rules: Vec<Vec<(u32, u32)>>,
    correlations: Vec<Vec<(u32, u32)>>,
    /// By pattern and leaf, each of which has one.
    leaves: Vec<Vec<(u32, u32)>>,
}

/// Which hits a pattern joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scope {
    /// Those of one asset, so that what two hosts did is not taken for one deed. Those without an asset are joined
    /// among themselves.
    #[default]
    Asset,
    /// All with all, as STIX 2.1 §9 has it.
    Global,
}

/// What cannot be looked for; it never matches, the others are not touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it is.
    pub of: Of,
    /// Why, for people, with a way out.
    pub reason: String,
}

/// One correlation or pattern.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) of: Of,
    /// Set by [`Plan::add`].
    pub(super) name: Name,
    pub(super) silent: bool,
    /// How long an event counts, in microseconds; none is the longest that the settings allow.
    pub(super) span: Option<i64>,
    /// After this nothing counts.
    pub(super) stop: Option<i64>,
    /// What its events satisfy, by the numbers of evidence.
    pub(super) parts: Vec<Part>,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Watch(Watch),
    Joined(Joined),
}

/// Something counted or measured over a window.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) measure: Measure,
    pub(super) asked: Asked,
    /// Judged at the end of a window that opens with its first event, rather than at each event.
    pub(super) closes: bool,
    pub(super) readings: Readings,
}

/// Where a unit's values stand, by its part and the rule whose event it is.
pub(super) type Readings = BTreeMap<(u32, u32), Reading>;

/// Places of [`Values`](super::values::Values).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) group: Vec<u32>,
    pub(super) value: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Measure {
    /// Events.
    Count,
    /// Different values.
    Distinct,
    Sum,
    Average,
    /// Of 0 to 100.
    Percentile(f64),
    /// Different parts.
    Seen,
}

/// The percentile that half of the values lie below.
pub(super) const MEDIAN: f64 = 50.0;

/// When a window matches.
#[derive(Debug)]
pub(super) enum Asked {
    /// All hold.
    Bounds(Vec<(Comparison, f64)>),
    /// Of the parts that were seen.
    Parts(Parts),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// A condition over parts.
#[derive(Debug)]
pub(super) enum Parts {
    Seen(u32),
    Not(Box<Parts>),
    All(Vec<Parts>),
    Any(Vec<Parts>),
}

/// An expression over leaves, which are parts.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) join: Join,
    pub(super) prepared: Prepared,
    /// How many hits of each part every match takes.
    pub(super) needs: Vec<u64>,
    pub(super) by: By,
}

/// Which hits are joined.
#[derive(Debug)]
pub(super) enum By {
    Asset,
    All,
    /// Those whose values are the same.
    Group(Readings),
}

impl Plan {
    /// Adds a pattern's observation expression, whose leaves are numbered from 0. Gives the pattern's number, which
    /// is also what it is called ([`Plan::add_pattern_called`]): enough where no machine goes on with another plan.
    ///
    /// # Errors
    /// Why it is not looked for. It has its number all the same.
    pub fn add_pattern(&mut self, join: &Join, scope: Scope) -> Result<u32, Refusal> {
        let number = self.names.patterns.len() as u64;
        self.add_pattern_called(&number.to_le_bytes(), join, scope)
    }

    /// The same for a pattern that has its number only here: in plans that a machine goes through one after the other,
    /// it is the same pattern if `called` and the expression are the same. What it is called should say all that its
    /// leaves ask, as its text does.
    ///
    /// # Errors
    /// Why it is not looked for. It has its number all the same.
    pub fn add_pattern_called(&mut self, called: &[u8], join: &Join, scope: Scope) -> Result<u32, Refusal> {
        let pattern = u32::try_from(self.names.patterns.len()).unwrap_or(u32::MAX);
        let name = self.names.give(&[b"pattern", called]);
        self.names.patterns.push(name);
        let of = Of::Pattern(pattern);
        let needs = needs(join).map_err(|reason| Refusal { of, reason })?;
        let leaves = 0..u32::try_from(needs.len()).unwrap_or(u32::MAX);
        let parts: Vec<Part> = leaves
            .map(|leaf| Part::Source(Source::Leaf { pattern, leaf }))
            .collect();
        self.add(Unit {
            of,
            name: Name::default(),
            silent: false,
            span: span(join),
            stop: stop(join),
            parts,
            what: What::Joined(Joined {
                prepared: Prepared::of(join),
                join: join.clone(),
                needs,
                by: match scope {
                    Scope::Asset => By::Asset,
                    Scope::Global => By::All,
                },
            }),
        });
        Ok(pattern)
    }

    /// The fields whose values are to be given with a hit of this Sigma rule.
    pub fn fields(&self, rule: u32) -> &[String] {
        self.fields
            .get(rule as usize)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Whether anything listens to hits of this.
    pub fn listens_to(&self, source: Source) -> bool {
        !self.listeners_of(Part::Source(source)).is_empty()
    }

    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    pub(super) fn listeners_of(&self, part: Part) -> &[(u32, u32)] {
        let Listeners {
            rules,
            correlations,
            leaves,
        } = &self.listeners;
        let found = match part {
            Part::Source(Source::Rule(rule)) => rules.get(rule as usize).map(Vec::as_slice),
            Part::Correlation(number) => correlations.get(number as usize).map(Vec::as_slice),
            Part::Source(Source::Leaf { pattern, leaf }) => {
                let leaf = leaves
                    .get(pattern as usize)
                    .and_then(|leaves| leaves.get(leaf as usize));
                leaf.map(std::slice::from_ref)
            }
        };
        found.unwrap_or_default()
    }

    pub(super) fn add(&mut self, mut unit: Unit) {
        let definition = self.definition(&unit);
        unit.name = self.names.give(&[b"unit", definition.as_bytes()]);
        if let Of::Correlation(number) = unit.of {
            self.names.correlations.insert(number, unit.name);
        }
        let number = u32::try_from(self.units.len()).unwrap_or(u32::MAX);
        for (place, part) in (0..).zip(&unit.parts) {
            self.listeners.add(*part, (number, place));
        }
        self.units.push(unit);
    }
}

impl Listeners {
    /// The leaves of a pattern come in the order of their numbers.
    fn add(&mut self, part: Part, listener: (u32, u32)) {
        let (by_number, number) = match part {
            Part::Source(Source::Rule(rule)) => (&mut self.rules, rule),
            Part::Correlation(number) => (&mut self.correlations, number),
            Part::Source(Source::Leaf { pattern, .. }) => (&mut self.leaves, pattern),
        };
        let number = number as usize;
        if by_number.len() <= number {
            by_number.resize_with(number + 1, Vec::new);
        }
        if let Some(listeners) = by_number.get_mut(number) {
            listeners.push(listener);
        }
    }
}

impl Unit {
    pub(super) fn readings(&self) -> Option<&Readings> {
        match &self.what {
            What::Watch(watch) => Some(&watch.readings),
            What::Joined(Joined {
                by: By::Group(readings),
                ..
            }) => Some(readings),
            What::Joined(_) => None,
        }
    }

    pub(super) fn closes(&self) -> bool {
        matches!(&self.what, What::Watch(watch) if watch.closes)
    }
}

impl Comparison {
    pub(super) fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Comparison::Less => value < bound,
            Comparison::LessOrEqual => value <= bound,
            Comparison::Greater => value > bound,
            Comparison::GreaterOrEqual => value >= bound,
            Comparison::Equal => value == bound,
            Comparison::NotEqual => value != bound,
        }
    }

    /// Whether more events can only help.
    pub(super) fn is_lower(self) -> bool {
        matches!(self, Comparison::Greater | Comparison::GreaterOrEqual)
    }
}

impl Parts {
    pub(super) fn holds(&self, seen: &impl Fn(u32) -> bool) -> bool {
        match self {
            Parts::Seen(part) => seen(*part),
            Parts::Not(inner) => !inner.holds(seen),
            Parts::All(all) => all.iter().all(|one| one.holds(seen)),
            Parts::Any(any) => any.iter().any(|one| one.holds(seen)),
        }
    }

    /// How many names and operators it is made of.
    pub(super) fn size(&self) -> usize {
        1 + match self {
            Parts::Seen(_) => 0,
            Parts::Not(inner) => inner.size(),
            Parts::All(parts) | Parts::Any(parts) => parts.iter().map(Parts::size).sum(),
        }
    }

    pub(super) fn has_not(&self) -> bool {
        match self {
            Parts::Seen(_) => false,
            Parts::Not(_) => true,
            Parts::All(parts) | Parts::Any(parts) => parts.iter().any(Parts::has_not),
        }
    }
}

/// How many hits of each leaf every match takes.
pub(super) fn needs(join: &Join) -> Result<Vec<u64>, String> {
    let mut needs = Vec::new();
    add_needs(join, 1, &mut needs)?;
    Ok(needs)
}

// Recursion is as deep as the expression, whose maker bounds it.
fn add_needs(join: &Join, times: u64, needs: &mut Vec<u64>) -> Result<(), String> {
    match join {
        Join::Leaf(leaf) => {
            let leaf = *leaf as usize;
            if leaf >= STATE_PATTERN_LEAVES_MAX {
                return Err(format!(
                    "it has more than {STATE_PATTERN_LEAVES_MAX} comparisons; split it"
                ));
            }
            if needs.len() <= leaf {
                needs.resize(leaf + 1, 0);
            }
            if let Some(need) = needs.get_mut(leaf) {
                *need = need.saturating_add(times);
            }
            Ok(())
        }
        Join::All(all) | Join::InOrder(all) => all.iter().try_for_each(|one| add_needs(one, times, needs)),
        Join::Any(any) => any.iter().try_for_each(|one| add_needs(one, 0, needs)),
        Join::Repeats(inner, more) => add_needs(inner, times.saturating_mul(*more), needs),
        Join::Within(inner, _) | Join::Between(inner, ..) => add_needs(inner, times, needs),
    }
}

/// How long before a match its first event can be; none where there is no such time.
fn span(join: &Join) -> Option<i64> {
    match join {
        Join::Within(_, width) => Some(*width),
        Join::Between(inner, ..) => span(inner),
        Join::Leaf(_) => Some(1),
        Join::Any(any) => any
            .iter()
            .map(span)
            .try_fold(0, |longest, span| Some(longest.max(span?))),
        Join::All(_) | Join::InOrder(_) | Join::Repeats(..) => None,
    }
}

fn stop(join: &Join) -> Option<i64> {
    match join {
        Join::Between(_, _, stop) => Some(*stop),
        Join::Within(inner, _) => stop(inner),
        _ => None,
    }
}
