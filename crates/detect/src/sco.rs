//! STIX patterns over telemetry: an event is one observation, and a [`Map`] says which observables are in it.
//!
//! [`Map`] is data (`maps/*.map`); a [`Projection`] is what is left of it for the properties that patterns ask for,
//! and a [`Projector`] the scratch of one thread. Events become rows of [`crate::rules`], one for each observable;
//! [`from_stix`] makes patterns to leaves over such rows. What becomes of hits is left to others.

mod follow;
mod from_stix;
mod made;
mod map;
mod objects;
mod places;
mod plan;
mod project;
mod transform;
mod way;

pub use from_stix::{Comparing, Part, StixRule, Unanswerable, from_stix};
pub use map::{Map, MapError};
pub use plan::Projection;
pub use project::Projector;

/// The path that a field of rows is, as patterns write it.
pub fn path_of_field(field: &str) -> &str {
    field.strip_suffix(plan::COMPOSED).unwrap_or(field)
}

#[cfg(test)]
mod tests;
