//! Correlation rules: what must be seen together, how often, within what time (Sigma 2.1 correlation rules).

mod read;
mod timespan;

pub use timespan::{Timespan, Unit};

use crate::condition::Condition;
use crate::rule::Meta;
use crate::test::{Comparison, Number};

/// A correlation rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    /// Title, id, level and so on.
    pub meta: Meta,
    /// What is counted.
    pub kind: Kind,
    /// The rules it is about, by id or name, in the order written (the order of `temporal_ordered`).
    pub references: Vec<String>,
    /// The same rules in the collection; set by [`crate::Collection::link`].
    pub members: Vec<Member>,
    /// Fields, or aliases, whose values must be the same; empty is one group for all.
    pub group_by: Vec<String>,
    /// Fields that are called otherwise in the events of some rules.
    pub aliases: Vec<Alias>,
    /// Within what time.
    pub timespan: Timespan,
    /// When it matches.
    pub when: When,
    /// `generate`: the rules it is about alert on their own, too.
    pub generate: bool,
    /// A correlation about this one takes its place in alerting; set by [`crate::Collection::link`].
    pub silent: bool,
}

/// One rule that a correlation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Member {
    /// `Collection::rules` at this index.
    Rule(usize),
    /// `Collection::correlations` at this index.
    Correlation(usize),
}

/// `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// How many events.
    EventCount,
    /// How many different values of a field.
    ValueCount,
    /// The sum of a field.
    ValueSum,
    /// Its average.
    ValueAverage,
    /// The value below which so many of a hundred values lie.
    ValuePercentile,
    /// The value below which half of them lie.
    ValueMedian,
    /// Events of several rules.
    Temporal,
    /// The same, in the order of the rules.
    TemporalOrdered,
}

impl Kind {
    /// Whether it is about events of several rules rather than numbers.
    pub fn is_temporal(self) -> bool {
        matches!(self, Self::Temporal | Self::TemporalOrdered)
    }

    /// Whether it reads a field.
    pub fn needs_field(self) -> bool {
        !self.is_temporal() && self != Self::EventCount
    }
}

/// When a correlation matches.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// The count or measure meets all of these; of temporal kinds, the count of different rules that were seen.
    Measure(Measure),
    /// The rules that were seen meet this condition, whose names are those of `Correlation::references`
    /// (pySigma's extended condition); without selectors.
    Rules(Condition),
}

/// Bounds of a count or measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// All must hold; at least one.
    pub bounds: Vec<(Comparison, Number)>,
    /// The fields that are counted or measured; of several, their values together.
    pub fields: Vec<String>,
    /// Which percentile, 0 to 100: that of `value_percentile`, 50 where none is written.
    pub percentile: f64,
}

/// A name for a field that events of different rules call differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The name, as `group-by` uses it.
    pub name: String,
    /// The rule by id or name, and its field.
    pub fields: Vec<(String, String)>,
}

pub(crate) use read::read;
