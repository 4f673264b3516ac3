//! YARA over files, on all cores: rules from files and from the node, answers in the order of the inputs.
//!
//! [`rules`] reads the rules, [`look`] looks at the inputs; [`book`] keeps which files were clean.

pub(crate) mod book;
pub(crate) mod look;
pub(crate) mod rules;
