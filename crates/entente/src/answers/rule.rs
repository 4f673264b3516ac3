//! What is said about detection rules: whether they load, what they can match, why they match an event or not.

mod checked;
mod explained;
mod loaded;
mod words;

pub(crate) use checked::{Cost, RemarkShown, RuleShown, checked};
pub(crate) use explained::{Explained, Part, Sketches};
pub(crate) use loaded::{Loaded, of_sigma, refusal};
