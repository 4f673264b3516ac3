//! The predicate table: many rules over rows of named values, each row against all of them at once.
//!
//! Sigma rules and the comparisons of STIX patterns are both [`Leaf`]s: conditions over one [`Row`], in one
//! language ([`Condition`], [`Atom`], [`Test`]). What a leaf's hit means, and how hits of several rows are
//! joined, is left to others.

mod language;
mod number;

pub use entente_telemetry::{Field, FieldNames, FieldValue as Value};
pub use language::{
    Atom, Condition, Leaf, Number, Order, Piece, Polarity, Reading, Relation, Test, TimePart, Which,
};

/// The named values of one record (Sigma) or of one observable (STIX).
pub type Row<'a> = [Field<'a>];
