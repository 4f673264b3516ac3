//! One `[…]` over the objects of one observation (STIX 2.1 §9.6, §9.7).
//!
//! All comparisons of one `[…]` begin at the same object. A path leads to any number of values; a comparison holds
//! if it holds for one of them, and is false where there is none, whatever its operator. `NOT EXISTS` is the one
//! exception: it is the negation of `EXISTS`, or it would never hold.

use super::Refused;
use super::network::Network;
use super::observed::{Observation, Observations};
use super::value::{Operand, Subject, is_binary};
use crate::expression::{Exhausted, Expression};
use crate::rules::Order;
use entente_stix::json::Value;
use entente_stix::pattern::{Comparison, ComparisonExpr, Constant, Operator, Step};
use std::collections::{BTreeSet, HashSet};
use unicode_normalization::UnicodeNormalization;

/// The comparisons of one `[…]`, ready to be evaluated.
#[derive(Debug)]
pub(super) struct Leaf {
    /// As a pattern writes it, with its brackets.
    pub(super) text: String,
    tree: Tree,
    /// The types of the objects at which it can begin.
    object_types: BTreeSet<String>,
}

#[derive(Debug)]
enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Test(Box<Test>),
}

#[derive(Debug)]
struct Test {
    object_type: String,
    steps: Vec<Step>,
    negated: bool,
    check: Check,
}

/// What is asked of a value.
#[derive(Debug)]
enum Check {
    Exists,
    Equal(Operand),
    NotEqual(Operand),
    /// Texts beside the other constants.
    In(HashSet<String>, Vec<Operand>),
    Order(Order, Operand),
    /// Over text in NFC; and over bytes.
    Like(Expression, Expression),
    /// Over text in NFC; and over bytes, where the path leads to some.
    Matches(Expression, Option<Expression>),
    IsSubset(Option<Network>),
    IsSuperset(Option<Network>),
}

/// What an observation says to a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer<'o> {
    /// It satisfies it, by the object of this key.
    Yes(&'o str),
    No,
    /// An expression was not run to its end.
    Unknown,
}

impl Leaf {
    pub(super) fn compile(expression: &ComparisonExpr, text: String) -> Result<Leaf, Refused> {
        let mut object_types = BTreeSet::new();
        let tree = Tree::compile(expression, &mut object_types)?;
        Ok(Leaf {
            text,
            tree,
            object_types,
        })
    }

    /// Whether the observation satisfies the leaf: whether one of its objects does.
    pub(super) fn answer<'o>(
        &self,
        observation: &'o Observation,
        observations: &Observations<'_>,
    ) -> Answer<'o> {
        let mut unknown = false;
        for (key, object) in observations.objects_of(observation) {
            let object_type = object.get("type").and_then(Value::as_str).unwrap_or_default();
            if !self.object_types.contains(object_type) {
                continue;
            }
            match self.tree.holds(object, object_type, observation, observations) {
                Ok(true) => return Answer::Yes(key),
                Ok(false) => {}
                Err(Exhausted) => unknown = true,
            }
        }
        if unknown { Answer::Unknown } else { Answer::No }
    }
}

// Recursion is as deep as the brackets, which the parser bounds.
impl Tree {
    fn compile(expression: &ComparisonExpr, object_types: &mut BTreeSet<String>) -> Result<Tree, Refused> {
        let mut trees = |all: &[ComparisonExpr]| -> Result<Vec<Tree>, Refused> {
            all.iter().map(|one| Tree::compile(one, object_types)).collect()
        };
        Ok(match expression {
            ComparisonExpr::And(all) => Tree::All(trees(all)?),
            ComparisonExpr::Or(any) => Tree::Any(trees(any)?),
            ComparisonExpr::Test(comparison) => {
                object_types.insert(comparison.path.object_type.clone());
                Tree::Test(Box::new(Test::compile(comparison)?))
            }
        })
    }

    /// What is not known is passed on only where it decides.
    fn holds(
        &self,
        root: &Value<'_>,
        object_type: &str,
        observation: &Observation,
        observations: &Observations<'_>,
    ) -> Result<bool, Exhausted> {
        let (children, deciding) = match self {
            Tree::Test(test) if test.object_type != object_type => return Ok(false),
            Tree::Test(test) => return test.holds(root, observation, observations),
            Tree::All(children) => (children, false),
            Tree::Any(children) => (children, true),
        };
        let mut unknown = false;
        for child in children {
            match child.holds(root, object_type, observation, observations) {
                Ok(held) if held == deciding => return Ok(deciding),
                Ok(_) => {}
                Err(Exhausted) => unknown = true,
            }
        }
        if unknown { Err(Exhausted) } else { Ok(!deciding) }
    }
}

impl Test {
    fn compile(comparison: &Comparison) -> Result<Test, Refused> {
        Ok(Test {
            object_type: comparison.path.object_type.clone(),
            steps: comparison.path.steps.clone(),
            negated: comparison.negated,
            check: Check::compile(comparison)?,
        })
    }

    fn holds(
        &self,
        root: &Value<'_>,
        observation: &Observation,
        observations: &Observations<'_>,
    ) -> Result<bool, Exhausted> {
        let values = reached(root, &self.steps, observation, observations);
        if matches!(self.check, Check::Exists) {
            return Ok(values.is_empty() == self.negated);
        }
        let mut unknown = false;
        for (value, property) in values {
            match self.check.passes(&Subject::of(value, property)) {
                Ok(passes) if passes != self.negated => return Ok(true),
                Ok(_) => {}
                Err(Exhausted) => unknown = true,
            }
        }
        if unknown { Err(Exhausted) } else { Ok(false) }
    }
}

impl Check {
    fn compile(comparison: &Comparison) -> Result<Check, Refused> {
        let operand = || {
            comparison
                .values
                .first()
                .map_or(Operand::Text(String::new()), Operand::of)
        };
        Ok(match comparison.operator {
            Operator::Exists => Check::Exists,
            Operator::Equal => Check::Equal(operand()),
            Operator::NotEqual => Check::NotEqual(operand()),
            Operator::In => set(comparison)?,
            Operator::Less => Check::Order(Order::Less, operand()),
            Operator::LessOrEqual => Check::Order(Order::LessOrEqual, operand()),
            Operator::Greater => Check::Order(Order::Greater, operand()),
            Operator::GreaterOrEqual => Check::Order(Order::GreaterOrEqual, operand()),
            Operator::Like => {
                let (like, composed) = texts(comparison);
                let compiled = |like| Expression::of_like(like).map_err(Refused::Expression);
                Check::Like(compiled(&composed)?, compiled(like)?)
            }
            Operator::Matches => {
                let (pcre, composed) = texts(comparison);
                let of_text = Expression::of_text(&composed, "s").map_err(Refused::Expression)?;
                let of_bytes = leads_to_bytes(comparison)
                    .then(|| Expression::of_bytes(pcre, "s").map_err(Refused::Expression))
                    .transpose()?;
                Check::Matches(of_text, of_bytes)
            }
            Operator::IsSubset => Check::IsSubset(Network::parse(texts(comparison).0)),
            Operator::IsSuperset => Check::IsSuperset(Network::parse(texts(comparison).0)),
        })
    }

    fn passes(&self, subject: &Subject<'_>) -> Result<bool, Exhausted> {
        Ok(match self {
            Check::Exists => true,
            Check::Equal(operand) => is_equal(subject, operand),
            Check::NotEqual(operand) => !is_equal(subject, operand),
            Check::In(texts, operands) => {
                matches!(subject, Subject::Text(text) if texts.contains(*text))
                    || operands.iter().any(|operand| is_equal(subject, operand))
            }
            Check::Order(order, operand) => {
                // true and false have no order.
                !matches!(subject, Subject::Boolean(_))
                    && subject
                        .compare(operand)
                        .is_some_and(|ordering| order.holds(ordering))
            }
            Check::Like(of_text, of_bytes) => match subject {
                Subject::Text(text) => of_text.is_in_text(&composed(text))?,
                Subject::Bytes(bytes) => of_bytes.is_in_bytes(bytes)?,
                _ => false,
            },
            Check::Matches(of_text, of_bytes) => match (subject, of_bytes) {
                (Subject::Text(text), _) => of_text.is_in_text(&composed(text))?,
                (Subject::Bytes(bytes), Some(of_bytes)) => of_bytes.is_in_bytes(bytes)?,
                _ => false,
            },
            Check::IsSubset(network) => networks(subject, network).is_some_and(|(a, b)| a.is_in(&b)),
            Check::IsSuperset(network) => networks(subject, network).is_some_and(|(a, b)| b.is_in(&a)),
        })
    }
}

fn is_equal(subject: &Subject<'_>, operand: &Operand) -> bool {
    subject.compare(operand).is_some_and(std::cmp::Ordering::is_eq)
}

/// The text of `LIKE` and its kin, as it is written and in NFC.
fn texts(comparison: &Comparison) -> (&str, String) {
    let text = match comparison.values.first() {
        Some(Constant::String(text)) => text,
        _ => "",
    };
    (text, composed(text))
}

fn composed(text: &str) -> String {
    text.nfc().collect()
}

fn set(comparison: &Comparison) -> Result<Check, Refused> {
    let kind = |operand: &Operand| std::mem::discriminant(operand);
    let operands: Vec<Operand> = comparison.values.iter().map(Operand::of).collect();
    if let Some(first) = operands.first()
        && operands.iter().any(|operand| kind(operand) != kind(first))
    {
        let shown = comparison.to_string();
        return Err(Refused::MixedSet(crate::expression::clip(&shown).into_owned()));
    }
    let texts = operands.iter().filter_map(|operand| match operand {
        Operand::Text(text) => Some(text.clone()),
        _ => None,
    });
    let texts: HashSet<String> = texts.collect();
    // Texts are also compared with bytes, one by one, where the path leads to some.
    let is_looked_up = !texts.is_empty() && !leads_to_bytes(comparison);
    Ok(Check::In(texts, if is_looked_up { Vec::new() } else { operands }))
}

fn networks(subject: &Subject<'_>, network: &Option<Network>) -> Option<(Network, Network)> {
    match subject {
        Subject::Text(text) => Network::parse(text).zip(*network),
        _ => None,
    }
}

fn leads_to_bytes(comparison: &Comparison) -> bool {
    let last = comparison.path.steps.iter().rev().find_map(|step| match step {
        Step::Property(name) => Some(name),
        _ => None,
    });
    last.is_some_and(|name| is_binary(name))
}

/// The values that a path leads to, each with the name of the property it is a value of; no value twice, so that
/// paths with many `[*]` through references stay as small as the data.
fn reached<'v, 'a>(
    root: &'v Value<'a>,
    steps: &'v [Step],
    observation: &'v Observation,
    observations: &'v Observations<'a>,
) -> Vec<(&'v Value<'a>, &'v str)> {
    let mut values = vec![(root, "")];
    for step in steps {
        values = match step {
            Step::Property(name) => {
                let member = |(value, property): (&'v Value<'a>, &str)| {
                    let object = dereferenced(value, property, observation, observations)?;
                    Some((object.get(name)?, name.as_str()))
                };
                values.into_iter().filter_map(member).collect()
            }
            Step::Index(index) => {
                let element = |(value, property): (&'v Value<'a>, &'v str)| {
                    let index = usize::try_from(*index).ok()?;
                    Some((value.as_array()?.get(index)?, property))
                };
                values.into_iter().filter_map(element).collect()
            }
            Step::Any => {
                let elements = |(value, property): (&'v Value<'a>, &'v str)| {
                    let elements = value.as_array().unwrap_or_default();
                    elements.iter().map(move |element| (element, property))
                };
                values.into_iter().flat_map(elements).collect()
            }
        };
        values.sort_unstable_by_key(|value| std::ptr::from_ref(value.0).addr());
        values.dedup_by_key(|value| std::ptr::from_ref(value.0).addr());
    }
    values
}

/// The object that a value of `…_ref` or `…_refs` names, if it is of the same observation (STIX 2.1 §9.7.4); any
/// other value itself.
fn dereferenced<'v, 'a>(
    value: &'v Value<'a>,
    property: &str,
    observation: &'v Observation,
    observations: &'v Observations<'a>,
) -> Option<&'v Value<'a>> {
    match value {
        Value::String(key) if property.ends_with("_ref") || property.ends_with("_refs") => {
            observations.object(observation, key)
        }
        _ => Some(value),
    }
}
