//! `entente rule`: detection rules read, evaluated and explained, without a node.

mod check;
mod eval;
mod explain;
mod given;

use crate::cli::{Global, Rule};
use crate::exit::{Exit, Failure};

pub(crate) fn run(global: &Global, asked: &Rule) -> Result<Exit, Failure> {
    match asked {
        Rule::Check(asked) => check::run(global, asked),
        Rule::Eval(asked) => eval::run(global, asked),
        Rule::Explain(asked) => explain::run(global, asked),
    }
}
