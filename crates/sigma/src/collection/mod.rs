//! Rules, correlations and filters that belong together, and what was refused among them.
//!
//! Read every text with [`Collection::read`], join them with [`Collection::append`], then [`Collection::link`] once.

mod action;
mod link;

use std::collections::HashSet;

use crate::correlation::{self, Correlation, Member};
use crate::error::{Reason, Refusal};
use crate::filter::{self, Filter};
use crate::limits;
use crate::rule::{self, Rule};
use crate::yaml::{self, Node};

/// What one text, or several, hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Collection {
    /// Rules that can be used.
    pub rules: Vec<Rule>,
    /// Correlations; those that can be used, once linked.
    pub correlations: Vec<Correlation>,
    /// Filters.
    pub filters: Vec<Filter>,
    /// What cannot be used, each with its place and reason.
    pub refusals: Vec<Refusal>,
    /// Ids and names of what was refused, to say so to whom refers to it.
    refused: HashSet<String>,
}

impl Collection {
    /// Reads one text, a YAML document or several. A fault of one document leaves the others alone.
    pub fn read(text: &str) -> Self {
        Self::read_as(0, text)
    }

    /// The same for one text of several: every place says that it is in the text `source`.
    pub fn read_as(source: u32, text: &str) -> Self {
        let mut collection = Self::default();
        for document in action::resolved(yaml::documents(text, source)) {
            match document {
                Ok(node) => collection.add(&node),
                Err(refusal) => collection.refusals.push(refusal),
            }
        }
        collection
    }

    /// Takes over what another one holds.
    pub fn append(&mut self, other: Self) {
        self.rules.extend(other.rules);
        self.correlations.extend(other.correlations);
        self.filters.extend(other.filters);
        self.refusals.extend(other.refusals);
        self.refused.extend(other.refused);
    }

    /// Takes over what another one holds that is linked already; the two do not refer to each other. Rules and
    /// correlations of the other have the numbers behind those that are here.
    pub fn put_beside(&mut self, mut other: Self) {
        let (rules, correlations) = (self.rules.len(), self.correlations.len());
        for correlation in &mut other.correlations {
            for member in &mut correlation.members {
                match member {
                    Member::Rule(number) => *number += rules,
                    Member::Correlation(number) => *number += correlations,
                }
            }
        }
        self.append(other);
    }

    fn add(&mut self, node: &Node) {
        let added = if node.map().is_none() {
            Err(node.wrong("document", "a map"))
        } else if node.get("correlation").is_some() {
            correlation::read(node).map(|correlation| self.correlations.push(correlation))
        } else if node.get("filter").is_some() && node.get("detection").is_none() {
            filter::read(node).and_then(|filter| self.add_filter(filter))
        } else {
            rule::read(node).map(|rule| self.rules.push(rule))
        };
        if let Err(refusal) = added {
            self.refuse(node, refusal);
        }
    }

    fn add_filter(&mut self, filter: Filter) -> Result<(), Refusal> {
        if self.filters.len() >= limits::FILTERS_MAX {
            let (what, max) = ("filters in one collection", limits::FILTERS_MAX);
            return Err(filter.meta.place.refuse(Reason::TooMuch { what, max }));
        }
        self.filters.push(filter);
        Ok(())
    }

    fn refuse(&mut self, node: &Node, refusal: Refusal) {
        let called = ["id", "name"].into_iter().filter_map(|key| node.get(key));
        self.refused
            .extend(called.filter_map(Node::text).map(str::to_lowercase));
        self.refusals.push(refusal);
    }
}

/// Reads a text that is one rule, as an object that carries a rule has it.
///
/// # Errors
///
/// What is wrong with it, or that there is more or less than one rule.
pub fn one_rule(text: &str) -> Result<Rule, Refusal> {
    let mut collection = Collection::read(text);
    if !collection.refusals.is_empty() {
        return Err(collection.refusals.swap_remove(0));
    }
    let others = collection.correlations.len() + collection.filters.len();
    match (collection.rules.pop(), collection.rules.len() + others) {
        (Some(rule), 0) => Ok(rule),
        _ => {
            let place = crate::error::Place::default();
            Err(place.refuse(Reason::wrong("text", "one rule", "none, or several")))
        }
    }
}
