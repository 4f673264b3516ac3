//! YARA rules over files, folders and archives, with bounds, verdicts and errors rule by rule.
//!
//! Texts of rules are read one after the other ([`Compiler`]), each in a namespace of its own, so that a bad rule
//! costs itself alone; what could be read becomes an immutable [`Rules`]. A [`Scanner`] holds one thread's state
//! and looks at bytes ([`Scanner::look`]); [`members`] opens archives; a [`Verdicts`] book remembers what was
//! looked at before. Which files these are, and where the book is kept, is left to others. A leaf of the workspace:
//! the engine behind it compiles rules to machine code, and is the largest thing that is linked.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod archive;
mod compile;
mod lexical;
pub mod limits;
mod outline;
mod scan;
mod verdicts;

pub use archive::{Bytes, Member, Skipped, members};
pub use compile::{Compiler, Finding, Origin, RuleFacts, Rules, Severity, Trust};
pub use outline::{Outline, begins_as_rules, outline};
pub use scan::{Error, Match, Place, Scanner, Verdict};
pub use verdicts::{Key, Verdicts};
