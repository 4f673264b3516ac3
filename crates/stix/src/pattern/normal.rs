//! The normal form of a pattern, and whether two patterns say the same.
//!
//! Commutativity, idempotence, absorption and distribution of AND and FOLLOWEDBY over OR, in `[…]` and among
//! observations; values with more than one spelling in one of them ([`atom`]). What a qualifier restricts is
//! normalised by itself; qualifiers are compared as they are written. Begin at [`equal`].

mod absorb;
mod atom;
#[cfg(test)]
mod tests;
mod tree;

use super::ast::{
    Comparison, ComparisonExpr, ObjectPath, ObservationExpr, Operator, Pattern, Qualifier, Step,
};
use crate::limits::PATTERN_NORMAL_STEPS_MAX;
use tree::{Names, Node};

/// Whether two patterns mean the same was not decided: their normal forms are too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not decided: the normal form takes more than {PATTERN_NORMAL_STEPS_MAX} steps, or more room than a \
     pattern has; compare smaller parts"
)]
pub struct Undecided;

/// The pattern in its normal form: an OR of alternatives without any that another one covers, each in one
/// spelling, all in one order. Idempotent; never matches where the pattern never can.
///
/// Work and size are bounded by [`PATTERN_NORMAL_STEPS_MAX`]. What could not be read back, because it is longer or
/// deeper than a pattern may be, is [`Undecided`] too.
pub fn normal(pattern: &Pattern) -> Result<Pattern, Undecided> {
    let normal = form(pattern, Detail::Fine)?;
    match super::parse(&normal.to_string()) {
        Ok(_) => Ok(normal),
        Err(_) => Err(Undecided),
    }
}

/// Whether two patterns match the same observations, as far as the laws above tell: `true` is certain,
/// `false` says that their normal forms differ.
pub fn equal(left: &Pattern, right: &Pattern) -> Result<bool, Undecided> {
    if let (Ok(left), Ok(right)) = (form(left, Detail::Coarse), form(right, Detail::Coarse))
        && left == right
    {
        return Ok(true);
    }
    Ok(form(left, Detail::Fine)? == form(right, Detail::Fine)?)
}

/// How far a pattern is taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// `[…]` and `IN (…)` stay whole; cheap, and enough where only order and spelling differ.
    Coarse,
    /// `[a OR b]` is `[a] OR [b]`, and `IN (…)` is an OR of `=`.
    Fine,
}

fn form(pattern: &Pattern, detail: Detail) -> Result<Pattern, Undecided> {
    let names = Names::of(pattern, detail);
    let mut maker = Maker {
        names: &names,
        detail,
        budget: Budget::new(),
    };
    let alternatives = maker.observation(&pattern.expression)?;
    Ok(Pattern {
        expression: names.written(&alternatives).unwrap_or_else(never),
    })
}

/// What stands for every pattern that cannot match.
fn never() -> ObservationExpr {
    ObservationExpr::Comparison(ComparisonExpr::Test(Comparison {
        path: ObjectPath {
            object_type: "x-never".to_owned(),
            steps: vec![Step::Property("matches".to_owned())],
        },
        negated: false,
        operator: Operator::In,
        values: Vec::new(),
    }))
}

/// Steps that are left.
struct Budget {
    left: u64,
}

impl Budget {
    fn new() -> Budget {
        Budget {
            left: PATTERN_NORMAL_STEPS_MAX,
        }
    }

    fn take(&mut self, steps: usize) -> Result<(), Undecided> {
        self.left = self.left.checked_sub(steps as u64).ok_or(Undecided)?;
        Ok(())
    }
}

struct Maker<'a> {
    names: &'a Names,
    detail: Detail,
    budget: Budget,
}

/// Comparisons that one object has to satisfy, by number, ascending.
type Conjunction = Vec<u32>;

// Recursion is as deep as the brackets, which the parser bounds.
impl Maker<'_> {
    /// The alternatives of an expression: sorted, none covered by another; empty where it never matches.
    fn observation(&mut self, expression: &ObservationExpr) -> Result<Vec<Node>, Undecided> {
        let alternatives = match expression {
            ObservationExpr::Comparison(comparison) => self.leaves(comparison)?,
            ObservationExpr::Or(all) => {
                let mut union = Vec::new();
                for one in all {
                    union.extend(self.observation(one)?);
                }
                union
            }
            ObservationExpr::And(all) => self.joined(all, Node::all_of)?,
            ObservationExpr::FollowedBy(all) => self.joined(all, Node::in_order)?,
            ObservationExpr::Qualified { inner, qualifier } => self.qualified(inner, qualifier)?,
        };
        absorb::observations(alternatives, &mut self.budget)
    }

    fn leaves(&mut self, comparison: &ComparisonExpr) -> Result<Vec<Node>, Undecided> {
        let alternatives = self.comparison(comparison)?;
        Ok(match self.detail {
            Detail::Fine => alternatives
                .into_iter()
                .map(|one| Node::Leaf(vec![one]))
                .collect(),
            Detail::Coarse if alternatives.is_empty() => Vec::new(),
            Detail::Coarse => vec![Node::Leaf(alternatives)],
        })
    }

    fn qualified(&mut self, inner: &ObservationExpr, qualifier: &Qualifier) -> Result<Vec<Node>, Undecided> {
        let alternatives = self.observation(inner)?;
        Ok(match self.names.qualifier(qualifier) {
            Some(number) if !alternatives.is_empty() => vec![Node::Qualified(number, alternatives)],
            _ => Vec::new(),
        })
    }

    /// One alternative for each choice of an alternative of each part.
    fn joined(
        &mut self,
        all: &[ObservationExpr],
        join: fn(Vec<Node>) -> Node,
    ) -> Result<Vec<Node>, Undecided> {
        let mut choices: Vec<Vec<Node>> = vec![Vec::new()];
        for one in all {
            let alternatives = self.observation(one)?;
            choices = match alternatives.as_slice() {
                [only] => self.each_with(choices, only)?,
                several => self.each_with_each(&choices, several)?,
            };
        }
        Ok(choices.into_iter().map(join).collect())
    }

    fn each_with(&mut self, mut choices: Vec<Vec<Node>>, only: &Node) -> Result<Vec<Vec<Node>>, Undecided> {
        self.budget.take(choices.len().saturating_mul(1 + only.size()))?;
        choices.iter_mut().for_each(|chosen| chosen.push(only.clone()));
        Ok(choices)
    }

    fn each_with_each(
        &mut self,
        choices: &[Vec<Node>],
        alternatives: &[Node],
    ) -> Result<Vec<Vec<Node>>, Undecided> {
        let mut longer = Vec::new();
        for chosen in choices {
            let size: usize = chosen.iter().map(Node::size).sum();
            for alternative in alternatives {
                self.budget.take(1 + size + alternative.size())?;
                let mut next = chosen.clone();
                next.push(alternative.clone());
                longer.push(next);
            }
        }
        Ok(longer)
    }

    /// The alternatives inside `[…]`: those that one object can satisfy.
    fn comparison(&mut self, expression: &ComparisonExpr) -> Result<Vec<Conjunction>, Undecided> {
        let alternatives = match expression {
            ComparisonExpr::Test(test) => return Ok(self.names.alternatives(test)),
            ComparisonExpr::Or(all) => {
                let mut union = Vec::new();
                for one in all {
                    union.extend(self.comparison(one)?);
                }
                union
            }
            ComparisonExpr::And(all) => {
                // What has no choice goes together first; then the choices multiply.
                let mut sure = Vec::new();
                let mut open = Vec::new();
                for one in all {
                    let mut alternatives = self.comparison(one)?;
                    match alternatives.pop() {
                        Some(only) if alternatives.is_empty() => sure.extend(only),
                        Some(last) => {
                            alternatives.push(last);
                            open.push(alternatives);
                        }
                        None => return Ok(Vec::new()),
                    }
                }
                let mut product = self.both(&[sure], &[Vec::new()])?;
                for alternatives in open {
                    product = self.both(&product, &alternatives)?;
                }
                product
            }
        };
        absorb::conjunctions(alternatives, &mut self.budget)
    }

    fn both(&mut self, left: &[Conjunction], right: &[Conjunction]) -> Result<Vec<Conjunction>, Undecided> {
        let mut product = Vec::new();
        for one in left {
            for other in right {
                self.budget.take(1 + one.len() + other.len())?;
                let mut both = [one.as_slice(), other.as_slice()].concat();
                both.sort_unstable();
                both.dedup();
                // One object has one type (§9.5).
                if self.names.have_one_type(&both) {
                    product.push(both);
                }
            }
        }
        Ok(product)
    }
}
