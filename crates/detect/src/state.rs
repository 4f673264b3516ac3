//! What is seen over time: Sigma correlations and the observation expressions of STIX patterns, as hits come in.
//!
//! A [`Plan`] says what is looked for; a [`Machine`] is given [`Hit`]s of single events, in any order within the
//! lateness allowed, and gives [`Match`]es. Pure: time is that of the events, so that a stream over a day and
//! the files of that day give the same matches. Memory is bounded, and every bound that is met is counted and
//! shown with the results behind it. Which events hit a rule is left to [`crate::rules`]; whether hits
//! satisfy a pattern, to [`crate::pattern::join`]. Begin at [`Machine::push`].
//!
//! A correlation with only lower bounds (`gt`, `gte`) looks back one timespan from each event, and fires as soon as
//! the bounds are met; then its group starts anew. Any other bound (`lt`, `lte`, `eq`, `neq`, `not`) is only
//! known at the end: its window opens with the first event of a group and is judged one timespan later.

mod giving;
mod groups;
mod keeping;
mod machine;
mod names;
mod passage;
mod plan;
mod ring;
mod settings;
mod sigma;
mod snapshot;
mod telling;
#[cfg(test)]
mod tests;
mod values;
mod waiting;
mod window;

pub use machine::Machine;
pub use passage::Kept;
pub use plan::{Plan, Refusal, Scope};
pub use settings::{Counters, Late, Settings};
pub use snapshot::Damaged;

/// A digest that tells one event from all others: the same event delivered twice has the same.
pub type Event = [u8; 16];

/// What a hit is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The Sigma rule of this number in its collection.
    Rule(u32),
    /// A leaf of a pattern.
    Leaf {
        /// The pattern, by [`Plan::add_pattern`].
        pattern: u32,
        /// The leaf, as the pattern's expression numbers it.
        leaf: u32,
    },
}

/// One event satisfies one rule or leaf.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// What it satisfies.
    pub source: Source,
    /// When it happened, in microseconds since 1970.
    pub time: i64,
    /// Which event.
    pub event: Event,
    /// Where it was seen.
    pub asset: Option<&'a str>,
    /// The event's values of [`Plan::fields`], in that order; of a field with several, the first. None is none.
    pub values: &'a [Option<&'a str>],
}

/// What was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Of {
    /// The correlation of this number in its collection.
    Correlation(u32),
    /// The pattern of this number.
    Pattern(u32),
}

/// What one piece of evidence satisfies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A rule or a leaf.
    Source(Source),
    /// A correlation that another one builds on; the event is the last of its own evidence.
    Correlation(u32),
}

/// An event that helped to a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    /// When it happened, in microseconds since 1970.
    pub time: i64,
    /// Which event.
    pub event: Event,
    /// What it satisfied.
    pub part: Part,
}

/// What was looked for was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// What was looked for.
    pub of: Of,
    /// When it was known, in microseconds since 1970: the time of the last event, or the end of the window.
    pub time: i64,
    /// The values of `group-by`, or the asset.
    pub group: Vec<Option<String>>,
    /// What was counted or measured; none for patterns and for rules in an order or a condition.
    pub measure: Option<f64>,
    /// The events, by time.
    pub evidence: Vec<Evidence>,
    /// Another correlation takes its place in alerting.
    pub silent: bool,
    /// It was known only by a hit that came too late.
    pub late: bool,
    /// A bound was met before: it may rest on less than what was seen.
    pub incomplete: bool,
}
