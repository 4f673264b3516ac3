//! Why a rule holds for an event, or why not: its condition as a tree, each part with what it found.

use std::collections::BTreeSet;

use entente_detect::rules::{Condition, Leaf, Matcher, Row, Rules, from_sigma};
use entente_sigma::condition::{Condition as Written, Quantity};
use entente_sigma::pipeline::Prepared;
use entente_sigma::rule::Detection;
use entente_sigma::search::{Expression, Item, Search};
use entente_sigma::{Pipelines, Rule};
use serde::Serialize;

use super::words;

/// Parts of one part that are shown; the others are counted.
const PARTS_MAX: usize = 8;

/// Values of one part that are shown.
const VALUES_MAX: usize = 4;

/// Why a rule holds for an event, or why not.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Explained {
    /// The rule's title.
    pub(crate) rule: String,
    /// Its id.
    pub(crate) id: Option<String>,
    /// The event's file and line.
    pub(crate) event: String,
    /// `match` or `no_match`.
    pub(crate) verdict: &'static str,
    /// By pipeline that makes something of the rule; a match of one of them is a match.
    pub(crate) because: Vec<Part>,
}

/// A part of a rule.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Part {
    /// Whether it holds.
    pub(crate) holds: bool,
    /// What it asks.
    pub(crate) asks: String,
    /// The values that make it hold, or all those that do not.
    pub(crate) values: Vec<String>,
    /// Fields that it asks for and the event does not have, each with names of the event that look alike.
    pub(crate) missing: Vec<Missing>,
    /// The parts that settle it.
    pub(crate) parts: Vec<Part>,
    /// Further ones that settle it alike.
    pub(crate) left_out: usize,
}

/// A field that an event does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Missing {
    /// Its name.
    pub(crate) field: String,
    /// Names in the event that look alike.
    pub(crate) near: Vec<String>,
}

/// A rule taken apart, so that each part can be asked.
pub(crate) struct Sketches {
    /// One for each pipeline that makes something of the rule.
    roots: Vec<Sketch>,
    /// Every part as a leaf.
    pub(crate) rules: Rules,
}

struct Sketch {
    words: String,
    condition: Condition,
    parts: Vec<Sketch>,
    /// Its number among the leaves.
    leaf: usize,
}

impl Sketches {
    /// Takes a rule apart as it is written, its searches by their names.
    ///
    /// # Errors
    /// What it holds that cannot be evaluated.
    pub(crate) fn written(rule: &Rule, seed: u64) -> Result<Sketches, String> {
        Sketches::new(vec![of_rule(rule)?], seed)
    }

    /// Takes apart what pipelines made of a rule, for each kind of record, its searches by their names.
    ///
    /// # Errors
    /// What it holds that cannot be evaluated.
    pub(crate) fn prepared(
        rule: &Rule,
        prepared: &Prepared,
        pipelines: &Pipelines,
        seed: u64,
    ) -> Result<Sketches, String> {
        let each = prepared.variants.iter().map(|variant| {
            let mut parts = Vec::new();
            if let Some(route) = &variant.route {
                let condition = from_sigma(route)?;
                let words = format!("the record is one that it looks at: {}", words::of(&condition));
                parts.push(sketch(words, condition, vec![of_expression(route)?]));
            }
            let applied = pipelines.applied_to(rule, &variant.alternative);
            parts.push(of_rule(&applied.map_err(|refusal| refusal.reason.to_string())?)?);
            let name = match variant.alternative.as_str() {
                "" => "as written, as no pipeline knows the log source".to_owned(),
                name => format!("as `{name}` has it"),
            };
            Ok(all(name, parts))
        });
        Sketches::new(each.collect::<Result<_, String>>()?, seed)
    }

    fn new(mut roots: Vec<Sketch>, seed: u64) -> Result<Sketches, String> {
        let mut leaves = Vec::new();
        roots.iter_mut().for_each(|root| number(root, &mut leaves));
        let (rules, refusals) = Rules::compile(&leaves, seed);
        match refusals.into_iter().next() {
            Some(refusal) => Err(refusal.reason),
            None => Ok(Sketches { roots, rules }),
        }
    }

    /// Asks every part.
    pub(crate) fn ask(&self, row: &Row<'_>, matcher: &mut Matcher) -> Vec<Part> {
        let holding = self.rules.matching(row, matcher).to_vec();
        let mut asking = Asking {
            sketches: self,
            holding,
            row,
            matcher,
        };
        self.roots.iter().map(|root| asking.part(root)).collect()
    }
}

fn number(sketch: &mut Sketch, leaves: &mut Vec<Leaf>) {
    sketch.leaf = leaves.len();
    leaves.push(Leaf {
        gate: Condition::True,
        condition: sketch.condition.clone(),
    });
    for part in &mut sketch.parts {
        number(part, leaves);
    }
}

fn sketch(words: String, condition: Condition, parts: Vec<Sketch>) -> Sketch {
    Sketch {
        words,
        condition,
        parts,
        leaf: 0,
    }
}

fn conditions(parts: &[Sketch]) -> Vec<Condition> {
    parts.iter().map(|part| part.condition.clone()).collect()
}

fn all(words: String, parts: Vec<Sketch>) -> Sketch {
    sketch(words, Condition::All(conditions(&parts)), parts)
}

fn any(words: String, parts: Vec<Sketch>) -> Sketch {
    sketch(words, Condition::Any(conditions(&parts)), parts)
}

fn not(inner: Sketch) -> Sketch {
    let condition = Condition::Not(Box::new(inner.condition.clone()));
    sketch(format!("not {}", inner.words), condition, vec![inner])
}

/// A rule and its filters.
fn of_rule(rule: &Rule) -> Result<Sketch, String> {
    let mut parts = vec![of_detection(&rule.detection)?];
    for filter in &rule.filters {
        let mut part = of_detection(&filter.detection)?;
        part.words = format!("filter `{}`: {}", filter.name, part.words);
        parts.push(part);
    }
    Ok(match parts.len() {
        1 => parts.remove(0),
        _ => all("the rule and its filters".to_owned(), parts),
    })
}

fn of_detection(detection: &Detection) -> Result<Sketch, String> {
    let each = detection.conditions.iter();
    let mut each = several(each.map(|condition| of_written(detection, condition)))?;
    match each.len() {
        0 => Err("pipelines dropped everything that the rule looks for".to_owned()),
        1 => Ok(each.remove(0)),
        _ => Ok(any("one of the conditions".to_owned(), each)),
    }
}

/// The parts that are left: what pipelines dropped is not asked for.
fn several(parts: impl Iterator<Item = Result<Option<Sketch>, String>>) -> Result<Vec<Sketch>, String> {
    parts.filter_map(Result::transpose).collect()
}

/// These linked, if there are any.
fn linked(parts: Vec<Sketch>, link: impl Fn(Vec<Sketch>) -> Sketch) -> Option<Sketch> {
    (!parts.is_empty()).then(|| link(parts))
}

/// None where pipelines dropped all that it names.
fn of_written(detection: &Detection, condition: &Written) -> Result<Option<Sketch>, String> {
    let inside = |parts: &[Written]| several(parts.iter().map(|part| of_written(detection, part)));
    Ok(match condition {
        Written::Search(name) => match detection.search(name) {
            Some(named) => of_named(name, &named.search)?,
            None => Some(sketch(name.clone(), Condition::False, Vec::new())),
        },
        Written::Selector { quantity, pattern } => {
            let chosen = detection.chosen(pattern);
            let parts = several(chosen.map(|named| of_named(&named.name, &named.search)))?;
            linked(parts, |parts| match quantity {
                Quantity::One => any(format!("1 of {pattern}"), parts),
                Quantity::All => all(format!("all of {pattern}"), parts),
            })
        }
        Written::Not(inner) => of_written(detection, inner)?.map(not),
        Written::And(parts) => linked(inside(parts)?, |parts| all(joined(&parts, " and "), parts)),
        Written::Or(parts) => linked(inside(parts)?, |parts| any(joined(&parts, " or "), parts)),
    })
}

fn joined(parts: &[Sketch], word: &str) -> String {
    let words: Vec<&str> = parts
        .iter()
        .take(PARTS_MAX)
        .map(|part| part.words.as_str())
        .collect();
    match (parts.len(), parts.len() > PARTS_MAX) {
        (1, _) => words.join(word),
        (_, true) => format!("{}{word}…", words.join(word)),
        (_, false) => format!("({})", words.join(word)),
    }
}

fn of_named(name: &str, search: &Search) -> Result<Option<Sketch>, String> {
    let Some(inner) = of_search(search)? else {
        return Ok(None);
    };
    Ok(Some(match search {
        Search::Item(_) => sketch(name.to_owned(), inner.condition.clone(), vec![inner]),
        _ => Sketch {
            words: name.to_owned(),
            ..inner
        },
    }))
}

fn of_search(search: &Search) -> Result<Option<Sketch>, String> {
    let inside = |parts: &[Search]| several(parts.iter().map(of_search));
    Ok(match search {
        Search::Item(item) => Some(of_item(item)?),
        Search::All(parts) => linked(inside(parts)?, |parts| all("all of".to_owned(), parts)),
        Search::Any(parts) => linked(inside(parts)?, |parts| any("one of".to_owned(), parts)),
        Search::Dropped => None,
    })
}

fn of_item(item: &Item) -> Result<Sketch, String> {
    let condition = from_sigma(&Expression::Item(item.clone()))?;
    let plain = match (item.negated, &condition) {
        (true, Condition::All(parts)) => parts.last().map(words::of).unwrap_or_default(),
        _ => words::of(&condition),
    };
    Ok(sketch(plain, condition, Vec::new()))
}

fn of_expression(expression: &Expression) -> Result<Sketch, String> {
    let several =
        |parts: &[Expression]| -> Result<Vec<Sketch>, String> { parts.iter().map(of_expression).collect() };
    Ok(match expression {
        Expression::Item(item) => of_item(item)?,
        Expression::And(parts) => all("all of".to_owned(), several(parts)?),
        Expression::Or(parts) => any("one of".to_owned(), several(parts)?),
        Expression::Not(inner) => {
            let inner = of_expression(inner)?;
            let condition = Condition::Not(Box::new(inner.condition.clone()));
            sketch("not".to_owned(), condition, vec![inner])
        }
        Expression::True => sketch("anything".to_owned(), Condition::True, Vec::new()),
        Expression::False => sketch("nothing".to_owned(), Condition::False, Vec::new()),
    })
}

struct Asking<'a, 'r> {
    sketches: &'a Sketches,
    /// Leaves that hold, ascending.
    holding: Vec<u32>,
    row: &'a Row<'r>,
    matcher: &'a mut Matcher,
}

impl Asking<'_, '_> {
    fn holds(&self, sketch: &Sketch) -> bool {
        u32::try_from(sketch.leaf).is_ok_and(|leaf| self.holding.binary_search(&leaf).is_ok())
    }

    fn part(&mut self, sketch: &Sketch) -> Part {
        let holds = self.holds(sketch);
        let mut part = Part {
            holds,
            asks: sketch.words.clone(),
            values: Vec::new(),
            missing: Vec::new(),
            parts: Vec::new(),
            left_out: 0,
        };
        if sketch.parts.is_empty() {
            self.found(sketch, &mut part);
            return part;
        }
        let is_not = matches!(sketch.condition, Condition::Not(_));
        let settling: Vec<&Sketch> = sketch
            .parts
            .iter()
            .filter(|inner| is_not || self.holds(inner) == holds)
            .collect();
        part.left_out = settling.len().saturating_sub(PARTS_MAX);
        part.parts = settling
            .into_iter()
            .take(PARTS_MAX)
            .map(|inner| self.part(inner))
            .collect();
        part
    }

    /// The values that a comparison found, and the fields that it did not.
    fn found(&mut self, sketch: &Sketch, part: &mut Part) {
        let explained = self.sketches.rules.explain(sketch.leaf, self.row, self.matcher);
        for finding in explained.into_iter().flat_map(|explained| explained.findings) {
            let entente_detect::rules::Which::Field(field) = &finding.atom.field else {
                part.values.extend(finding.values);
                continue;
            };
            let number = self.sketches.rules.names().number(field);
            let is_there = self.row.iter().any(|value| Some(value.number) == number);
            let missing = Missing {
                field: field.clone(),
                near: Vec::new(),
            };
            if is_there {
                part.values.extend(finding.values);
            } else if !part.missing.contains(&missing) {
                part.missing.push(missing);
            }
        }
        part.values.sort_unstable();
        part.values.dedup();
        part.values.truncate(VALUES_MAX);
    }
}

impl Part {
    /// Names the fields of an event that look like those it does not have. `names` are its dotted paths.
    pub(crate) fn near(&mut self, names: &[String]) {
        for missing in &mut self.missing {
            let is_path = missing.field.contains('.');
            let known: BTreeSet<&str> = names
                .iter()
                .map(|name| match name.rsplit_once('.') {
                    Some((_, last)) if !is_path => last,
                    _ => name.as_str(),
                })
                .collect();
            let near = crate::near::nearest(&missing.field, known.into_iter());
            missing.near = near.into_iter().map(str::to_owned).collect();
        }
        self.parts.iter_mut().for_each(|part| part.near(names));
    }
}
