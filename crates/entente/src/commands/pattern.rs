//! `entente pattern`: STIX patterns read, explained and compared, for people and as batch forms for scripts.

mod check;
mod equal;
mod given;
mod matching;
mod pointed;

use crate::cli::{Global, Pattern};
use crate::exit::{Exit, Failure};

pub(crate) fn run(global: &Global, asked: &Pattern) -> Result<Exit, Failure> {
    match asked {
        Pattern::Check(asked) => check::run(global, asked),
        Pattern::Equal(asked) => equal::run(global, asked),
        Pattern::Match(asked) => matching::run(global, asked),
    }
}
