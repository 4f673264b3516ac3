//! What a rule becomes for the events there are: one variant for each kind of record that can show what it looks for.

use super::Pipeline;
use super::apply::Work;
use crate::builtin;
use crate::error::{Reason, Refusal};
use crate::rule::Rule;
use crate::search::{Expression, Item, Linking, Named, Search};
use crate::test::{Test, Token};

/// The pipelines that rules go through: alternatives, of which each that knows a rule's log source gives a variant.
#[derive(Debug, Clone, Default)]
pub struct Pipelines {
    alternatives: Vec<Alternative>,
    /// Applied in every alternative.
    common: Vec<Pipeline>,
}

/// Pipelines that together lead to one kind of record.
#[derive(Debug, Clone)]
pub struct Alternative {
    /// Its name: `windows-sysmon`.
    pub name: String,
    /// Its pipelines; whether the first adds conditions says whether the log source is known.
    pub pipelines: Vec<Pipeline>,
}

/// A rule, ready to be compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// One of them matching is the rule matching; never empty.
    pub variants: Vec<Variant>,
    /// Alternatives that know the log source and cannot express the rule.
    pub skipped: Vec<Skipped>,
}

/// The rule for one kind of record.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// The alternative; empty where none knows the log source.
    pub alternative: String,
    /// What was applied.
    pub pipelines: Vec<Applied>,
    /// Which records it is about: conditions that pipelines added. None: no pipeline knows the log source, and whether
    /// the rule then sees every record is the engine's choice.
    pub route: Option<Expression>,
    /// What it looks for in them.
    pub expression: Expression,
}

/// A pipeline that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Applied {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
}

/// An alternative that cannot express a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The alternative.
    pub alternative: String,
    /// Why.
    pub refusal: Refusal,
}

impl Pipelines {
    /// None: rules stay as they are written.
    pub fn none() -> Self {
        Self::default()
    }

    /// The ones that come with us ([`builtin::names`]).
    ///
    /// # Errors
    ///
    /// None but a mistake of ours: they are read from text.
    pub fn builtin() -> Result<Self, Refusal> {
        let alternatives = builtin::alternatives()?;
        Ok(Self {
            alternatives,
            common: Vec::new(),
        })
    }

    /// Adds a pipeline that every rule goes through, in the order of priorities: those below 10 before ours, others behind.
    #[must_use]
    pub fn with(mut self, pipeline: Pipeline) -> Self {
        self.common.push(pipeline);
        self
    }

    /// Adds an alternative.
    #[must_use]
    pub fn or(mut self, alternative: Alternative) -> Self {
        self.alternatives.push(alternative);
        self
    }

    /// The rule for every kind of record whose alternative knows its log source; if none does, the rule as common
    /// pipelines make it.
    ///
    /// # Errors
    ///
    /// Placeholders that nobody filled, a pipeline that refuses the rule, or one that drops all it looks for.
    pub fn prepare(&self, rule: &Rule) -> Result<Prepared, Refusal> {
        let mut prepared = Prepared {
            variants: Vec::new(),
            skipped: Vec::new(),
        };
        for alternative in &self.alternatives {
            match self.variant(rule, alternative) {
                Ok(Some(variant)) => prepared.variants.push(variant),
                Ok(None) => {}
                Err(refusal) => prepared.skipped.push(Skipped {
                    alternative: alternative.name.clone(),
                    refusal,
                }),
            }
        }
        if !prepared.variants.is_empty() {
            return Ok(prepared);
        }
        if let Some(skipped) = prepared.skipped.first() {
            return Err(skipped.refusal.clone());
        }
        let none = Alternative {
            name: String::new(),
            pipelines: Vec::new(),
        };
        prepared.variants.push(self.made(rule, &none)?);
        Ok(prepared)
    }

    /// What a field is called in the records of a variant of this rule; several names where one of several may be there.
    /// For `group-by`, aliases and fields of correlations.
    pub fn field(&self, rule: &Rule, alternative: &str, field: &str) -> Vec<String> {
        let mut probe = rule.clone();
        let item = Item::new(
            Some(field.to_owned()),
            vec![Test::Exists(true)],
            Linking::Any,
            probe.meta.place,
        );
        let (name, search, place) = (PROBE.to_owned(), Search::Item(item), probe.meta.place);
        probe.detection.searches.push(Named { name, search, place });
        let known = self.alternatives.iter().find(|other| other.name == alternative);
        let mut work = Work::new(&mut probe);
        for pipeline in self.ordered(known) {
            if work.run(pipeline).is_err() {
                break;
            }
        }
        let mut names = Vec::new();
        for named in probe
            .detection
            .searches
            .iter()
            .filter(|named| named.name == PROBE)
        {
            collect(&named.search, &mut names);
        }
        if names.is_empty() {
            names.push(field.to_owned());
        }
        names
    }

    /// A rule as the pipelines of a variant leave it, its searches under their names; what its variant's `route` asks is
    /// no part of it.
    ///
    /// # Errors
    ///
    /// A pipeline that refuses the rule.
    pub fn applied_to(&self, rule: &Rule, alternative: &str) -> Result<Rule, Refusal> {
        let known = self.alternatives.iter().find(|other| other.name == alternative);
        let mut rule = rule.clone();
        let mut work = Work::new(&mut rule);
        for pipeline in self.ordered(known) {
            work.run(pipeline)?;
        }
        Ok(rule)
    }

    /// None where the alternative does not know the log source.
    fn variant(&self, rule: &Rule, alternative: &Alternative) -> Result<Option<Variant>, Refusal> {
        let mut routed = rule.clone();
        routed.detection.searches.clear();
        routed.filters.clear();
        let mut work = Work::new(&mut routed);
        // The first one knows log sources; those behind it rename what it asks.
        for pipeline in alternative.pipelines.iter().take(1) {
            work.run(pipeline)?;
        }
        match work.routed {
            true => self.made(rule, alternative).map(Some),
            false => Ok(None),
        }
    }

    fn made(&self, rule: &Rule, alternative: &Alternative) -> Result<Variant, Refusal> {
        let mut rule = rule.clone();
        let mut work = Work::new(&mut rule);
        let mut applied = Vec::new();
        for pipeline in self.ordered(Some(alternative)) {
            work.run(pipeline)?;
            applied.push(Applied {
                name: pipeline.name.clone(),
                version: pipeline.version.clone(),
            });
        }
        let (routed, added) = (work.routed, std::mem::take(&mut work.added));
        let route = routed.then(|| Expression::and(added.iter().filter_map(condition).collect()));
        let expression = rule.expression()?;
        for expression in route.iter().chain([&expression]) {
            unfilled(expression).map_err(|reason| rule.meta.place.refuse(reason))?;
        }
        Ok(Variant {
            alternative: alternative.name.clone(),
            pipelines: applied,
            route,
            expression,
        })
    }

    fn ordered<'a>(&'a self, alternative: Option<&'a Alternative>) -> Vec<&'a Pipeline> {
        let own = alternative
            .map(|alternative| alternative.pipelines.as_slice())
            .unwrap_or_default();
        let mut all: Vec<&Pipeline> = own.iter().chain(&self.common).collect();
        all.sort_by_key(|pipeline| pipeline.priority);
        all
    }
}

/// No search of a rule is called so.
const PROBE: &str = "\u{0}probe";

fn condition((search, negated): &(Search, bool)) -> Option<Expression> {
    let expression = Expression::of(search)?;
    Some(match negated {
        true => Expression::Not(Box::new(expression)),
        false => expression,
    })
}

fn collect(search: &Search, names: &mut Vec<String>) {
    match search {
        Search::Item(item) => names.extend(item.field.clone()),
        Search::All(inside) | Search::Any(inside) => inside.iter().for_each(|search| collect(search, names)),
        Search::Dropped => {}
    }
}

/// Sigma 2.1 rules, "Placeholders": whoever cannot handle them must reject the rule.
fn unfilled(expression: &Expression) -> Result<(), Reason> {
    match expression {
        Expression::Item(item) => item.tests.iter().try_for_each(filled),
        Expression::And(parts) | Expression::Or(parts) => parts.iter().try_for_each(unfilled),
        Expression::Not(inside) => unfilled(inside),
        Expression::True | Expression::False => Ok(()),
    }
}

fn filled(test: &Test) -> Result<(), Reason> {
    let name = match test {
        Test::Text(pattern) => pattern.tokens.iter().find_map(|token| match token {
            Token::Placeholder(name) => Some(name),
            _ => None,
        }),
        Test::Regex(regex) => regex.unfilled.first(),
        Test::Any(tests) => return tests.iter().try_for_each(filled),
        _ => None,
    };
    name.map_or(Ok(()), |name| Err(Reason::Placeholder(name.clone())))
}
