//! What is said about detection rules: whether they load, what they can match, why they match an event or not.

mod checked;
pub(crate) mod event;
mod explained;
mod loaded;
pub(crate) mod pipelines;
mod words;
pub(crate) mod yara;

pub(crate) use checked::{Cost, RuleShown, checked};
pub(crate) use explained::{Explained, Part, Sketches};
pub(crate) use loaded::{Loaded, matched, refusal, text_of};
