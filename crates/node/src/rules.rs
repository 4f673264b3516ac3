//! Detection rules, gathered and compiled: those that the node holds as objects, and those from texts handed in.
//!
//! What cannot be evaluated stands beside them with its reason: nothing is passed over silently. Records are held
//! against them by [`crate::scan`], beside indicators. Begin at [`Node::rules`].

mod compile;
mod fire;
mod gather;
mod objects;
mod over_time;
mod parked;
mod set;
pub mod trial;
pub mod trials;

use std::ops::Range;

pub use entente_sigma::limits::TEXT_BYTES_MAX;
pub(crate) use fire::{Counters, Firing, GivenUp, Passed, Seen};
pub use fire::{Fired, Part};
pub use gather::Text;
pub(crate) use objects::is_sigma;
pub use over_time::{OverTime, Together};
pub(crate) use parked::Parked;
pub use set::RuleSet;
use trials::RuleKey;

/// Which rules to gather beside those that the node holds, and how.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Texts with Sigma rules.
    pub texts: Vec<Text>,
    /// Texts that were meant and could not be read: they are told beside those that are refused.
    pub unread: Vec<Refused>,
    /// Texts of Sigma pipelines that every rule goes through, beside the built-in ones.
    pub pipelines: Vec<Text>,
    /// Hold rules whose log source no pipeline knows against every record, instead of not evaluating them.
    pub any_log_source: bool,
}

/// A rule that is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The id of the object; of a rule from a text its own id, or the text's name.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// How much it matters, in Sigma's words; none where it does not say.
    pub level: Option<&'static str>,
    /// Where it is from.
    pub origin: Origin,
}

/// Where a rule is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An object of the node: what it finds is a detection, and becomes a sighting.
    Object {
        /// The time for which it is meant, in microseconds since 1970.
        valid: Range<i64>,
        /// Which pattern it has, as [`RuleKey::pattern`].
        pattern: String,
    },
    /// A text handed in: what it finds is told.
    Text {
        /// The text's name.
        name: String,
    },
}

/// A text, or a document in it, that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The text's name.
    pub text: String,
    /// Where in it and why.
    pub reason: String,
}

impl Rule {
    /// Whether it is an object of the node.
    pub fn is_object(&self) -> bool {
        self.text().is_none()
    }

    /// The text that it is from; none where it is an object of the node.
    pub fn text(&self) -> Option<&str> {
        match &self.origin {
            Origin::Object { .. } => None,
            Origin::Text { name } => Some(name),
        }
    }

    /// What tells it from other rules in trials; none where it is no object.
    pub(crate) fn key(&self) -> Option<RuleKey> {
        match &self.origin {
            Origin::Object { pattern, .. } => Some(RuleKey {
                id: self.id.clone(),
                pattern: pattern.clone(),
            }),
            Origin::Text { .. } => None,
        }
    }

    /// Whether the rule is meant for this time. What tells no time cannot be outside.
    pub(crate) fn is_valid_at(&self, time: Option<i64>) -> bool {
        match (&self.origin, time) {
            (Origin::Object { valid, .. }, Some(time)) => valid.contains(&time),
            _ => true,
        }
    }
}
