//! `entente rule`: detection rules read, evaluated and explained without a node; and the trials of those that a node
//! holds.

mod check;
mod eval;
mod explain;
mod given;
mod trials;

use crate::cli::{Global, Rule};
use crate::exit::{Exit, Failure};

pub(crate) fn run(global: &Global, asked: &Rule) -> Result<Exit, Failure> {
    match asked {
        Rule::Check(asked) => check::run(global, asked),
        Rule::Eval(asked) => eval::run(global, asked),
        Rule::Explain(asked) => explain::run(global, asked),
        Rule::Trials(asked) => trials::list(global, asked),
        Rule::Accept(asked) => trials::accept(global, asked),
        Rule::Park(asked) => trials::park(global, asked),
    }
}
