//! STIX patterns over observations, by the letter of STIX 2.1 §9.
//!
//! A pattern is compiled once ([`Compiled`]) and evaluated over [`Observations`]: each `[…]` over the objects of one
//! observation (`comparison`), then the observation expression over what was found ([`join`]). Values are compared
//! as they are written, not in the normal forms by which indicators are looked up. Begin at [`Compiled::evaluate`].

mod comparison;
pub mod join;
mod network;
mod observed;
mod value;

use comparison::{Answer, Leaf};
use entente_stix::pattern::{
    ComparisonExpr, Instant, ObservationExpr, Pattern, PatternError, Qualifier, parse,
};
use join::{Bounds, Hit, Join, Outcome};
pub use observed::{Defect, Observation, Observations};
use std::collections::HashMap;

/// Which observations are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// All with all, as the text has it.
    #[default]
    Strict,
    /// Only those of one asset ([`Observation::asset`]), so that what two hosts did is not taken for one deed. Those
    /// without an asset are joined among themselves.
    Asset,
}

/// How a pattern is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Which observations are joined.
    pub mode: Mode,
    /// Whether `number_observed` = n counts as n observations; by the text it counts as one (STIX 2.1 §9.5.1).
    pub counts_number_observed: bool,
    /// How much work one pattern may take.
    pub bounds: Bounds,
}

/// Whether observations match a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// They do.
    pub matched: bool,
    /// The observations that satisfied the pattern, in one of the ways, in the order of the pattern's parts.
    pub binding: Vec<Part>,
    /// Why it is not known whether they match; never together with `matched`.
    pub incomplete: Option<Incomplete>,
}

/// One `[…]` of a pattern and what satisfied it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The comparison, as a pattern writes it, with its brackets.
    pub comparison: String,
    /// The observation's place among those that were given.
    pub observation: usize,
    /// The object's id, or its key in observed-data of STIX 2.0.
    pub object: String,
}

/// Why a verdict is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// A bound of [`Bounds`] was hit.
    #[error(
        "the pattern joins more observations than the bounds allow; give fewer, or a pattern with a shorter WITHIN"
    )]
    Join,
    /// A regular expression with look-around or back-references went back too often.
    #[error("an expression of MATCHES goes back too often over a value; write it without look-around")]
    Expression,
}

/// Why a pattern is not evaluated. It matches nothing (STIX 2.1 §9.4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no pattern.
    #[error(transparent)]
    Syntax(#[from] PatternError),
    /// An expression of `LIKE` or `MATCHES` cannot be run.
    #[error("{0}")]
    Expression(String),
    /// The values of one `IN` are of different types (STIX 2.1 §9.6.1).
    #[error("the values of `{0}` are of different types; write one IN for each type")]
    MixedSet(String),
    /// `REPEATS 0 TIMES`, `WITHIN 0 SECONDS`, or a time that is on no clock (STIX 2.1 §9.5.1).
    #[error("{0}")]
    Qualifier(String),
}

/// A pattern, ready to be evaluated; shared by threads.
#[derive(Debug)]
pub struct Compiled {
    join: Join,
    leaves: Vec<Leaf>,
}

impl Compiled {
    /// Reads and compiles a pattern. What STIX 2.0 allowed and STIX 2.1 does not (a text as a time, a kind of
    /// qualifier twice) is evaluated, for a pattern does not say which it is of.
    ///
    /// # Errors
    /// Why it is not evaluated.
    pub fn parse(text: &str) -> Result<Compiled, Refused> {
        Compiled::of(&parse(text)?)
    }

    /// Compiles a pattern that was read.
    ///
    /// # Errors
    /// Why it is not evaluated.
    pub fn of(pattern: &Pattern) -> Result<Compiled, Refused> {
        let (join, leaves) = parts(pattern)?;
        let leaves = leaves
            .into_iter()
            .map(|(comparison, text)| Leaf::compile(comparison, text));
        Ok(Compiled {
            join,
            leaves: leaves.collect::<Result<_, _>>()?,
        })
    }

    /// The observation expression over numbered leaves.
    pub fn join(&self) -> &Join {
        &self.join
    }

    /// Whether observations match.
    pub fn evaluate(&self, observations: &Observations<'_>, options: Options) -> Verdict {
        let mut found = Found::default();
        for (number, observation) in observations.iter().enumerate() {
            for (leaf, compiled) in self.leaves.iter().enumerate() {
                match compiled.answer(observation, observations) {
                    Answer::Yes(object) => found.add(observation, number, leaf, object, options),
                    Answer::Unknown => found.is_unsure = true,
                    Answer::No => {}
                }
            }
        }
        let outcome = match options.mode {
            Mode::Strict => join::find(&self.join, &found.hits, options.bounds),
            Mode::Asset => join::find_in_scopes(&self.join, &found.hits, options.bounds),
        };
        match outcome {
            Outcome::Match(binding) => Verdict {
                matched: true,
                binding: self.parts(&binding, &found),
                incomplete: None,
            },
            Outcome::NoMatch => Verdict {
                incomplete: found.is_unsure.then_some(Incomplete::Expression),
                ..Verdict::default()
            },
            Outcome::Incomplete => Verdict {
                incomplete: Some(Incomplete::Join),
                ..Verdict::default()
            },
        }
    }

    fn parts(&self, binding: &[join::Bound], found: &Found) -> Vec<Part> {
        let part = |bound: &join::Bound| {
            let observation = *found.observations.get(bound.observation as usize)?;
            Some(Part {
                comparison: self.leaves.get(bound.leaf as usize)?.text.clone(),
                observation,
                object: found.objects.get(&(observation, bound.leaf)).cloned()?,
            })
        };
        binding.iter().filter_map(part).collect()
    }
}

/// Reads a pattern and evaluates it over observations.
///
/// # Errors
/// Why the pattern is not evaluated; it then matches nothing.
pub fn evaluate(
    pattern: &str,
    observations: &Observations<'_>,
    options: Options,
) -> Result<Verdict, Refused> {
    Ok(Compiled::parse(pattern)?.evaluate(observations, options))
}

/// What was found in observations, leaf by leaf.
#[derive(Default)]
struct Found {
    hits: Vec<Hit>,
    /// For each observation of the hits its place among those given.
    observations: Vec<usize>,
    /// The object that satisfied a leaf.
    objects: HashMap<(usize, u32), String>,
    scopes: HashMap<String, u64>,
    /// Whether it is not known of some observation.
    is_unsure: bool,
}

impl Found {
    fn add(&mut self, observation: &Observation, place: usize, leaf: usize, object: &str, options: Options) {
        let Ok(leaf) = u32::try_from(leaf) else {
            return;
        };
        self.objects.insert((place, leaf), object.to_owned());
        let scope = match &observation.asset {
            Some(asset) => {
                let next = self.scopes.len() as u64 + 1;
                *self.scopes.entry(asset.clone()).or_insert(next)
            }
            None => 0,
        };
        for observation_number in self.numbers(observation, place, options) {
            self.hits.push(Hit {
                scope,
                observation: observation_number,
                leaf,
                first: observation.first.micros(),
                last: observation.last.micros(),
            });
        }
    }

    /// The numbers under which an observation is joined: one, or as often as it was observed.
    fn numbers(&mut self, observation: &Observation, place: usize, options: Options) -> std::ops::Range<u32> {
        let copies = match options.counts_number_observed {
            true => observation
                .number_observed
                .clamp(1, crate::limits::OBSERVED_COPIES_MAX),
            false => 1,
        };
        if self.observations.last() != Some(&place) {
            self.observations.extend((0..copies).map(|_| place));
        }
        let end = u32::try_from(self.observations.len()).unwrap_or(u32::MAX);
        end.saturating_sub(copies as u32)..end
    }
}

/// A leaf, and as a pattern writes it.
type LeafText<'p> = (&'p ComparisonExpr, String);

/// The observation expression over numbered leaves, and the leaves with their text.
pub(crate) fn parts(pattern: &Pattern) -> Result<(Join, Vec<LeafText<'_>>), Refused> {
    let mut leaves = Leaves::default();
    let join = leaves.join(&pattern.expression)?;
    Ok((join, leaves.leaves))
}

/// The leaves of a pattern; what is written twice is one.
#[derive(Default)]
struct Leaves<'p> {
    leaves: Vec<LeafText<'p>>,
    by_text: HashMap<String, u32>,
}

// Recursion is as deep as the brackets, which the parser bounds.
impl<'p> Leaves<'p> {
    fn join(&mut self, expression: &'p ObservationExpr) -> Result<Join, Refused> {
        Ok(match expression {
            ObservationExpr::Comparison(comparison) => Join::Leaf(self.leaf(comparison)),
            ObservationExpr::And(all) => Join::All(self.joins(all)?),
            ObservationExpr::Or(any) => Join::Any(self.joins(any)?),
            ObservationExpr::FollowedBy(row) => Join::InOrder(self.joins(row)?),
            ObservationExpr::Qualified { inner, qualifier } => qualified(self.join(inner)?, qualifier)?,
        })
    }

    fn joins(&mut self, expressions: &'p [ObservationExpr]) -> Result<Vec<Join>, Refused> {
        expressions.iter().map(|one| self.join(one)).collect()
    }

    fn leaf(&mut self, comparison: &'p ComparisonExpr) -> u32 {
        let text = format!("[{comparison}]");
        if let Some(&number) = self.by_text.get(&text) {
            return number;
        }
        let number = u32::try_from(self.leaves.len()).unwrap_or(u32::MAX);
        self.leaves.push((comparison, text.clone()));
        self.by_text.insert(text, number);
        number
    }
}

fn qualified(inner: Join, qualifier: &Qualifier) -> Result<Join, Refused> {
    let inner = Box::new(inner);
    match qualifier {
        Qualifier::Repeats(0) => Err(Refused::Qualifier(
            "what repeats 0 times is not asked for; give a positive number".to_owned(),
        )),
        Qualifier::Repeats(times) => Ok(Join::Repeats(inner, *times)),
        Qualifier::Within(seconds) if *seconds > 0.0 => {
            // Times are whole microseconds: less than a part of one more is at most the whole ones.
            Ok(Join::Within(inner, (seconds * 1e6).ceil() as i64))
        }
        Qualifier::Within(_) => Err(Refused::Qualifier(
            "no two observations lie within 0 seconds; give a positive number".to_owned(),
        )),
        Qualifier::StartStop(start, stop) => Ok(Join::Between(inner, moment(start)?, moment(stop)?)),
    }
}

fn moment(instant: &Instant) -> Result<i64, Refused> {
    let moment = instant.timestamp();
    moment.map(|moment| moment.micros()).ok_or_else(|| {
        let text = instant.text();
        Refused::Qualifier(format!("`{text}` is on no calendar; correct the day"))
    })
}

#[cfg(test)]
mod tests;
