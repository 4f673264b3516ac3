//! Patterns as leaves over rows of observables, and the expression that joins the leaves' hits.

use super::map::Map;
use super::plan::{COMPOSED, TYPE};
use super::way::Shape;
use crate::pattern::join::Join;
use crate::pattern::{Compiled, Refused, parts};
use crate::rules::{Atom, Condition, Leaf, Number, Order, Piece, Polarity, Reading, Test, Which, network};
use entente_stix::pattern::{
    Comparison, ComparisonExpr, Constant, Instant, ObjectPath, Operator, Pattern, Step,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use unicode_normalization::UnicodeNormalization;

/// How the constants of a pattern are compared with what telemetry holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparing {
    /// By the letter of STIX 2.1 §9.6: text is equal if its code points are.
    Strict,
    /// Hashes, addresses, domain names, registry keys and their like also in other case and spelling; what
    /// is compared so is marked.
    #[default]
    Canonical,
}

/// A pattern over telemetry.
#[derive(Clone, Debug)]
pub struct StixRule {
    /// How hits of leaves are joined; observations are events.
    pub join: Join,
    /// The leaves of [`StixRule::join`] as a pattern writes them, by number.
    pub texts: Vec<String>,
    /// The conditions by which rows hit leaves.
    pub parts: Vec<Part>,
    /// Comparisons that no event can answer, and why; they count as false (`NOT EXISTS` as true).
    pub unanswerable: Vec<Unanswerable>,
    /// Whether some event, or several together, can match at all.
    pub can_match: bool,
}

/// A condition over the rows of one type of object.
#[derive(Clone, Debug)]
pub struct Part {
    /// The leaf of [`StixRule::join`] that it hits; several parts, of different types, can hit one leaf.
    pub number: u32,
    /// The condition. Rows that it holds for are hits.
    pub leaf: Leaf,
    /// Whether a value is compared in other than its exact spelling.
    pub is_canonical: bool,
}

/// A comparison that no event can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswerable {
    /// As a pattern writes it.
    pub comparison: String,
    /// Why.
    pub reason: String,
}

/// The leaves and the join of a pattern. [`Projection::new`](super::Projection::new) gives rows with the fields that
/// the leaves name.
///
/// # Errors
/// Why the pattern is not evaluated at all: the same as over observed data.
pub fn from_stix(pattern: &Pattern, map: &Map, comparing: Comparing) -> Result<StixRule, Refused> {
    // What cannot be run is refused alike.
    Compiled::of(pattern)?;
    let (join, leaves) = parts(pattern)?;
    let mut reader = Reader {
        map,
        comparing,
        types: map.types(),
        shapes: BTreeMap::new(),
        unanswerable: Vec::new(),
        is_canonical: false,
    };
    let mut rule = StixRule {
        can_match: false,
        texts: leaves.iter().map(|(_, text)| text.clone()).collect(),
        parts: Vec::new(),
        unanswerable: Vec::new(),
        join,
    };
    for (number, (expression, _)) in (0..).zip(&leaves) {
        for type_name in types(expression) {
            reader.is_canonical = false;
            let condition = reader.condition(expression, type_name);
            if condition == Condition::False || !reader.types.contains(type_name) {
                continue;
            }
            let gate = Test::Equals {
                text: type_name.to_owned(),
                fold: false,
            };
            rule.parts.push(Part {
                number,
                leaf: Leaf {
                    gate: Atom::strict(TYPE, gate).into(),
                    condition,
                },
                is_canonical: reader.is_canonical,
            });
        }
    }
    rule.unanswerable = reader.unanswerable;
    rule.can_match = can_match(&rule.join, &rule.parts);
    Ok(rule)
}

/// The types of the objects that comparisons are about.
fn types(expression: &ComparisonExpr) -> BTreeSet<&str> {
    match expression {
        ComparisonExpr::And(parts) | ComparisonExpr::Or(parts) => parts.iter().flat_map(types).collect(),
        ComparisonExpr::Test(comparison) => BTreeSet::from([comparison.path.object_type.as_str()]),
    }
}

fn can_match(join: &Join, parts: &[Part]) -> bool {
    match join {
        Join::Leaf(number) => parts.iter().any(|part| part.number == *number),
        Join::All(inner) | Join::InOrder(inner) => inner.iter().all(|inner| can_match(inner, parts)),
        Join::Any(inner) => inner.iter().any(|inner| can_match(inner, parts)),
        Join::Repeats(inner, _) | Join::Within(inner, _) | Join::Between(inner, ..) => {
            can_match(inner, parts)
        }
    }
}

struct Reader<'m> {
    map: &'m Map,
    comparing: Comparing,
    types: BTreeSet<&'m str>,
    shapes: BTreeMap<String, Option<Shape>>,
    unanswerable: Vec<Unanswerable>,
    is_canonical: bool,
}

impl Reader<'_> {
    /// What an expression asks of objects of one type.
    // Recursion is as deep as the brackets, which the parser bounds.
    fn condition(&mut self, expression: &ComparisonExpr, type_name: &str) -> Condition {
        match expression {
            ComparisonExpr::Test(comparison) if comparison.path.object_type != type_name => Condition::False,
            ComparisonExpr::Test(comparison) => self.comparison(comparison),
            ComparisonExpr::And(inner) => {
                let conditions = inner
                    .iter()
                    .map(|inner| self.condition(inner, type_name))
                    .collect();
                simplified(conditions, &Condition::False, Condition::All)
            }
            ComparisonExpr::Or(inner) => {
                let conditions = inner
                    .iter()
                    .map(|inner| self.condition(inner, type_name))
                    .collect();
                simplified(conditions, &Condition::True, Condition::Any)
            }
        }
    }

    fn shape(&mut self, path: &ObjectPath) -> Option<Shape> {
        let map = self.map;
        *self
            .shapes
            .entry(path.to_string())
            .or_insert_with(|| map.shape(path))
    }

    fn tell(&mut self, comparison: &Comparison, reason: impl Into<String>) {
        let told = Unanswerable {
            comparison: comparison.to_string(),
            reason: reason.into(),
        };
        if !self.unanswerable.contains(&told) {
            self.unanswerable.push(told);
        }
    }

    fn comparison(&mut self, comparison: &Comparison) -> Condition {
        let path = &comparison.path;
        let exists = || of(path, Test::Exists, Polarity::Passes);
        let Some(shape) = self.shape(path) else {
            let type_name = path.object_type.as_str();
            let reason = match self.types.contains(type_name) {
                true => format!("no event that is known fills `{path}`"),
                false => format!("no event that is known holds a `{type_name}`"),
            };
            self.tell(comparison, reason);
            let is_true = comparison.operator == Operator::Exists && comparison.negated;
            return if is_true {
                Condition::True
            } else {
                Condition::False
            };
        };
        if comparison.operator == Operator::Exists {
            return match comparison.negated {
                true => Condition::Not(Box::new(exists())),
                false => exists(),
            };
        }
        let is_negated = comparison.negated != (comparison.operator == Operator::NotEqual);
        if shape.is_container {
            self.tell(
                comparison,
                format!("`{path}` is an identifier, a list or a dictionary; events hold their values"),
            );
        } else if let Some(condition) = self.test(comparison, shape, is_negated) {
            return condition;
        }
        // No value passes, so that every value fails.
        if is_negated { exists() } else { Condition::False }
    }

    /// None where no value can pass.
    fn test(&mut self, comparison: &Comparison, shape: Shape, is_negated: bool) -> Option<Condition> {
        let path = &comparison.path;
        let fold = self.comparing == Comparing::Canonical && shape.is_canonical;
        self.is_canonical |= fold;
        let polarity = match is_negated {
            true => Polarity::Differs,
            false => Polarity::Passes,
        };
        if comparison.operator == Operator::In {
            return self.set(comparison, shape, is_negated, fold);
        }
        let constant = comparison.values.first()?;
        let test = match comparison.operator {
            Operator::Equal | Operator::NotEqual => equal(constant, fold)?,
            Operator::Less => self.ordered(comparison, Order::Less, constant)?,
            Operator::LessOrEqual => self.ordered(comparison, Order::LessOrEqual, constant)?,
            Operator::Greater => self.ordered(comparison, Order::Greater, constant)?,
            Operator::GreaterOrEqual => self.ordered(comparison, Order::GreaterOrEqual, constant)?,
            Operator::Like => {
                return Some(composed(
                    path,
                    Test::of_pieces(pieces(text(constant)?), fold),
                    polarity,
                ));
            }
            Operator::Matches => {
                let regex = Test::Regex {
                    source: text(constant)?.nfc().collect(),
                    ignore_case: fold,
                    multi_line: false,
                    dot_all: true,
                };
                return Some(composed(path, regex, polarity));
            }
            Operator::IsSubset => {
                let (address, length) = network(text(constant)?)?;
                Test::Network { address, length }
            }
            Operator::IsSuperset => {
                let (address, length) = network(text(constant)?)?;
                Test::NetworkHolding { address, length }
            }
            Operator::In | Operator::Exists => return None,
        };
        Some(of(path, test, polarity))
    }

    fn ordered(&mut self, comparison: &Comparison, order: Order, constant: &Constant) -> Option<Test> {
        Some(match constant {
            Constant::String(text) => Test::Ordered {
                order,
                text: text.clone(),
            },
            Constant::Integer(_) | Constant::Float(_) => Test::Number {
                order,
                number: number(constant)?,
            },
            Constant::Timestamp(instant) => time(order, instant)?,
            Constant::Boolean(_) => return None,
            Constant::Hex(_) | Constant::Binary(_) => {
                self.tell(
                    comparison,
                    "no property that events fill is of bytes, which have this order",
                );
                return None;
            }
        })
    }

    fn set(
        &mut self,
        comparison: &Comparison,
        shape: Shape,
        is_negated: bool,
        fold: bool,
    ) -> Option<Condition> {
        let path = &comparison.path;
        let (mut texts, mut tests) = (Vec::new(), Vec::new());
        for constant in &comparison.values {
            match equal(constant, fold) {
                Some(Test::Equals { text, .. }) => texts.push(text),
                Some(test) => tests.push(test),
                None => {}
            }
        }
        if !texts.is_empty() {
            tests.push(Test::OneOf { texts, fold });
        }
        if tests.is_empty() {
            return None;
        }
        if !is_negated {
            let atoms = tests.into_iter().map(|test| of(path, test, Polarity::Passes));
            return Some(Condition::Any(atoms.collect()));
        }
        // One of several values must differ from all constants, and each test is of all values: it takes one test.
        if tests.len() > 1 && path.steps.contains(&Step::Any) {
            let is_of_text = |test: &Test| matches!(test, Test::OneOf { .. });
            tests.retain(|test| is_of_text(test) != shape.is_number);
        }
        if tests.len() > 1 && path.steps.contains(&Step::Any) {
            self.tell(
                comparison,
                "the values of a list are compared with several texts, or with one number or time",
            );
            return Some(Condition::False);
        }
        let atoms = tests.into_iter().map(|test| of(path, test, Polarity::Differs));
        Some(Condition::All(atoms.collect()))
    }
}

fn simplified(
    mut conditions: Vec<Condition>,
    deciding: &Condition,
    joined: impl Fn(Vec<Condition>) -> Condition,
) -> Condition {
    let neutral = match deciding {
        Condition::False => Condition::True,
        _ => Condition::False,
    };
    if conditions.contains(deciding) {
        return deciding.clone();
    }
    conditions.retain(|condition| *condition != neutral);
    match conditions.len() {
        0 => neutral,
        1 => conditions.pop().unwrap_or(neutral),
        _ => joined(conditions),
    }
}

fn named(field: String, test: Test, polarity: Polarity) -> Condition {
    Condition::Atom(Atom {
        field: Which::Field(field),
        test,
        reading: Reading::Strict,
        polarity,
    })
}

fn of(path: &ObjectPath, test: Test, polarity: Polarity) -> Condition {
    named(path.to_string(), test, polarity)
}

/// Over the values in NFC, as `LIKE` and `MATCHES` are (STIX 2.1 §9.6.1).
fn composed(path: &ObjectPath, test: Test, polarity: Polarity) -> Condition {
    named(format!("{path}{COMPOSED}"), test, polarity)
}

fn text(constant: &Constant) -> Option<&str> {
    match constant {
        Constant::String(text) => Some(text),
        _ => None,
    }
}

fn number(constant: &Constant) -> Option<Number> {
    match constant {
        Constant::Integer(integer) => Some(Number::Integer(*integer)),
        Constant::Float(float) => Number::from_float(*float),
        _ => None,
    }
}

/// A day that is on no calendar is no time of an event.
fn time(order: Order, instant: &Instant) -> Option<Test> {
    let time = instant.timestamp()?;
    Some(Test::Time { order, time })
}

fn equal(constant: &Constant, fold: bool) -> Option<Test> {
    let equals = |text: String| Test::Equals { text, fold };
    Some(match constant {
        Constant::String(text) if fold => equals(spelled(text)),
        Constant::String(text) => equals(text.clone()),
        Constant::Integer(_) | Constant::Float(_) => Test::Number {
            order: Order::Equal,
            number: number(constant)?,
        },
        Constant::Boolean(truth) => Test::Boolean(*truth),
        Constant::Timestamp(instant) => time(Order::Equal, instant)?,
        // A text is bytes if each character is one (STIX 2.1 §9.6.4).
        Constant::Hex(bytes) | Constant::Binary(bytes) => {
            equals(bytes.iter().map(|byte| char::from(*byte)).collect())
        }
    })
}

/// An address, also one that is written as a network, in its one spelling; a registry's hive in full; any other text
/// as it is.
fn spelled(text: &str) -> String {
    let address = text
        .strip_suffix("/32")
        .or_else(|| text.strip_suffix("/128"))
        .unwrap_or(text);
    if let Ok(address) = address.parse::<IpAddr>() {
        return address.to_canonical().to_string();
    }
    match super::transform::full_hive(text) {
        Some((hive, rest)) => [hive, rest].concat(),
        None => text.to_owned(),
    }
}

/// `%` is any run of characters, `_` any one (STIX 2.1 §9.6.1).
fn pieces(like: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for character in like.nfc() {
        match (character, pieces.last_mut()) {
            ('%', Some(Piece::AnyRun)) => {}
            ('%', _) => pieces.push(Piece::AnyRun),
            ('_', _) => pieces.push(Piece::AnyOne),
            (_, Some(Piece::Literal(text))) => text.push(character),
            (_, _) => pieces.push(Piece::Literal(character.to_string())),
        }
    }
    pieces
}
