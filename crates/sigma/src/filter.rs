//! Filters: conditions that are added to rules which others wrote (Sigma 2.1 filters).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::detection;
use crate::error::{Reason, Refusal};
use crate::meta;
use crate::rule::{AppliedFilter, Detection, Logsource, Meta, Rule};
use crate::yaml::Node;

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Title, id and so on.
    pub meta: Meta,
    /// Rules of which log sources it is for.
    pub logsource: Logsource,
    /// Which of them.
    pub applies_to: AppliesTo,
    /// What must hold of an event, beside the rule: `not selection`, mostly.
    pub detection: Arc<Detection>,
}

/// `rules` of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppliesTo {
    /// `any`, `all`, or an empty list: every rule of the log source.
    Any,
    /// These, by id or name, in lower case.
    Rules(BTreeSet<String>),
}

/// Reads a document that has a `filter`.
pub(crate) fn read(node: &Node) -> Result<Filter, Refusal> {
    let meta = meta::read(node, &["filter", "logsource"])?;
    let logsource = meta::logsource(node, meta.place)?;
    let missing = |key: &str| meta.place.refuse(Reason::Missing(key.to_owned()));
    let entry = node.entry("filter").ok_or_else(|| missing("filter"))?;
    let rules = entry
        .node
        .entry("rules")
        .ok_or_else(|| missing("filter: rules (`any` for every rule of the log source)"))?;
    let applies_to = match rules.node.text() {
        Some(word) if word.eq_ignore_ascii_case("any") || word.eq_ignore_ascii_case("all") => AppliesTo::Any,
        Some(reference) => AppliesTo::Rules(BTreeSet::from([reference.to_lowercase()])),
        None => match meta::texts(rules)? {
            none if none.is_empty() => AppliesTo::Any,
            references => AppliesTo::Rules(references.iter().map(|name| name.to_lowercase()).collect()),
        },
    };
    if let Some(condition) = entry
        .node
        .get("condition")
        .filter(|condition| condition.text().is_none())
    {
        return Err(condition.wrong("filter: condition", "a text"));
    }
    let detection = Arc::new(detection::read(entry, &["rules"])?);
    Ok(Filter {
        meta,
        logsource,
        applies_to,
        detection,
    })
}

impl Filter {
    /// Whether the filter is for this rule: it names it, or all, and its log source covers the rule's.
    pub fn is_for(&self, rule: &Rule) -> bool {
        let named = match &self.applies_to {
            AppliesTo::Any => true,
            AppliesTo::Rules(references) => {
                let mut called = [&rule.meta.id, &rule.meta.name].into_iter().flatten();
                called.any(|name| references.contains(&name.to_lowercase()))
            }
        };
        named && self.logsource.covers(&rule.logsource)
    }

    pub(crate) fn applied(&self) -> AppliedFilter {
        AppliedFilter {
            name: self.meta.id.clone().unwrap_or_else(|| self.meta.title.clone()),
            detection: Arc::clone(&self.detection),
        }
    }
}
