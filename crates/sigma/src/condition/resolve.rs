//! Conditions to expressions: each name replaced by the search it stands for.

use super::{Condition, Quantity, selects};
use crate::error::{Reason, Refusal};
use crate::limits;
use crate::rule::Detection;
use crate::search::{Expression, Named, Search};
use crate::suggest;
use crate::test::Test;

impl Detection {
    /// Whether every condition names searches that are there, and its selectors choose some.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let mut parts = Parts {
            left: limits::EXPRESSION_PARTS_MAX,
        };
        for condition in &self.conditions {
            self.count(condition, &mut parts)
                .map_err(|reason| self.place().refuse(reason))?;
        }
        Ok(())
    }

    /// What the conditions come to: one of them holds.
    pub fn expression(&self) -> Result<Expression, Refusal> {
        self.check()?;
        let each = self
            .conditions
            .iter()
            .filter_map(|condition| self.resolved(condition));
        Expression::some(each.collect(), Expression::or).ok_or_else(|| {
            let why = "pipelines dropped everything that the rule looks for";
            self.place().refuse(Reason::Pipeline(why.to_owned()))
        })
    }

    /// The names of searches that no condition reaches.
    pub fn unused(&self) -> Vec<&Named> {
        let used = |named: &&Named| {
            !self
                .conditions
                .iter()
                .any(|condition| reaches(condition, &named.name))
        };
        self.searches.iter().filter(used).collect()
    }

    fn place(&self) -> crate::error::Place {
        self.searches.first().map(|named| named.place).unwrap_or_default()
    }

    /// The search of this name.
    pub fn search(&self, name: &str) -> Option<&Named> {
        self.searches.iter().find(|named| named.name == name)
    }

    /// The searches that a selector's pattern chooses, [`Condition::Selector`].
    pub fn chosen<'a>(&'a self, pattern: &'a str) -> impl Iterator<Item = &'a Named> {
        self.searches
            .iter()
            .filter(move |named| selects(pattern, &named.name))
    }

    fn count(&self, condition: &Condition, parts: &mut Parts) -> Result<(), Reason> {
        parts.take(1)?;
        match condition {
            Condition::Search(name) => match self.search(name) {
                Some(named) => parts.search(&named.search),
                None => Err(Reason::UnknownSearch {
                    name: crate::yaml::shown(name),
                    hint: suggest::nearest(name, self.names()),
                }),
            },
            Condition::Selector { quantity, pattern } => {
                let mut chosen = self.chosen(pattern).peekable();
                if chosen.peek().is_none() {
                    return Err(self.selects_nothing(*quantity, pattern));
                }
                chosen.try_for_each(|named| parts.search(&named.search))
            }
            Condition::Not(inside) => self.count(inside, parts),
            Condition::And(inside) | Condition::Or(inside) => inside
                .iter()
                .try_for_each(|condition| self.count(condition, parts)),
        }
    }

    fn selects_nothing(&self, quantity: Quantity, pattern: &str) -> Reason {
        let word = match quantity {
            Quantity::One => "1",
            Quantity::All => "all",
        };
        let mut hint = suggest::nearest(pattern.trim_end_matches('*'), self.names());
        if pattern.ends_with('*') {
            hint.0 = hint.0.map(|name| format!("{name}*"));
        }
        Reason::SelectsNothing {
            selector: format!("{word} of {}", crate::yaml::shown(pattern)),
            hint,
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.searches.iter().map(|named| named.name.as_str())
    }

    /// None where pipelines dropped all that it names.
    fn resolved(&self, condition: &Condition) -> Option<Expression> {
        let all = |parts: &[Condition]| parts.iter().filter_map(|part| self.resolved(part)).collect();
        match condition {
            Condition::Search(name) => self.search(name).and_then(|named| Expression::of(&named.search)),
            Condition::Selector { quantity, pattern } => {
                let chosen = self
                    .chosen(pattern)
                    .filter_map(|named| Expression::of(&named.search))
                    .collect();
                match quantity {
                    Quantity::One => Expression::some(chosen, Expression::or),
                    Quantity::All => Expression::some(chosen, Expression::and),
                }
            }
            Condition::Not(inside) => self
                .resolved(inside)
                .map(|inside| Expression::Not(Box::new(inside))),
            Condition::And(parts) => Expression::some(all(parts), Expression::and),
            Condition::Or(parts) => Expression::some(all(parts), Expression::or),
        }
    }
}

fn reaches(condition: &Condition, name: &str) -> bool {
    match condition {
        Condition::Search(search) => search == name,
        Condition::Selector { pattern, .. } => selects(pattern, name),
        Condition::Not(inside) => reaches(inside, name),
        Condition::And(parts) | Condition::Or(parts) => parts.iter().any(|part| reaches(part, name)),
    }
}

/// How many more parts an expression may have.
struct Parts {
    left: usize,
}

impl Parts {
    fn take(&mut self, parts: usize) -> Result<(), Reason> {
        match self.left.checked_sub(parts) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Reason::TooMuch {
                what: "tests in one rule, searches counted as often as they are named",
                max: limits::EXPRESSION_PARTS_MAX,
            }),
        }
    }

    fn search(&mut self, search: &Search) -> Result<(), Reason> {
        match search {
            Search::Item(item) => self.take(item.tests.iter().map(Test::spellings).sum()),
            Search::All(inside) | Search::Any(inside) => {
                inside.iter().try_for_each(|search| self.search(search))
            }
            Search::Dropped => Ok(()),
        }
    }
}
