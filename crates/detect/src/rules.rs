//! The predicate table: many rules over rows of named values, each row against all of them at once.
//!
//! Sigma rules and the comparisons of STIX patterns are both [`Leaf`]s: conditions over one [`Row`], in one
//! language ([`Condition`], [`Atom`], [`Test`]). What a leaf's hit means, and how hits of several rows are
//! joined, is left to others.

mod check;
mod clock;
mod compile;
mod conditions;
mod effort;
mod explain;
mod facts;
mod fold;
mod glob;
mod groups;
mod index;
mod keyed;
mod language;
mod matcher;
mod necessary;
mod number;
mod order;
mod parts;
mod probe;
mod rarity;
mod shown;
mod sigma;
mod witness;

pub(crate) use check::network;
pub use compile::{Refusal, Rules};
pub use explain::{Cost, Explanation, Finding, Witness};

pub use entente_telemetry::{Field, FieldNames, FieldValue as Value};
pub use language::{
    Atom, Condition, Leaf, Number, Order, Piece, Polarity, Reading, Relation, Test, TimePart, Which,
};

pub use matcher::{Exhausted, Matcher};
pub use sigma::from_sigma;

/// The named values of one record (Sigma) or of one observable (STIX).
pub type Row<'a> = [Field<'a>];
