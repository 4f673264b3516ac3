//! YARA rules read, each with what is to be said about it.

use std::collections::BTreeMap;

use entente_yara::{Compiler, Finding, Origin, Outline, Severity, Trust, outline};
use serde::Serialize;

use super::checked::RuleShown;
use crate::answers::remark::RemarkShown;

/// What a YARA rule says of itself.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct YaraShown {
    /// Its tags.
    pub(crate) tags: Vec<String>,
    /// How many strings it looks for.
    pub(crate) strings: usize,
    /// Modules that its condition asks: it matches only where they know the file.
    pub(crate) modules: Vec<String>,
    /// Whether it only serves other rules.
    pub(crate) private: bool,
    /// Whether every other rule of its text depends on it.
    pub(crate) global: bool,
}

/// Reads texts of YARA rules, the operator's own and others'.
#[derive(Default)]
pub(crate) struct Reader {
    own: Option<Compiler>,
    shared: Option<Compiler>,
}

impl Reader {
    /// Every rule of a text, in order, and what concerns none of them.
    pub(crate) fn read(&mut self, source: &str, text: &[u8], trust: Trust) -> Vec<RuleShown> {
        let compiler = match trust {
            Trust::Own => &mut self.own,
            Trust::Shared => &mut self.shared,
        };
        let origin = Origin {
            name: source.to_owned(),
            trust,
        };
        let findings = compiler
            .get_or_insert_with(|| Compiler::new(trust))
            .add(&origin, text);
        shown(source, outline(text), findings)
    }
}

/// Why a text of YARA rules is refused, or a rule in it; none if nothing is.
pub(crate) fn refusal(text: &str) -> Option<String> {
    let rules = Reader::default().read("rule", text.as_bytes(), Trust::Own);
    match rules.iter().find_map(|rule| rule.error.clone()) {
        None if rules.is_empty() => Some("there is no rule in it".to_owned()),
        error => error,
    }
}

fn shown(source: &str, outlines: Vec<Outline>, findings: Vec<Finding>) -> Vec<RuleShown> {
    let mut rules: BTreeMap<(usize, usize), RuleShown> = outlines
        .into_iter()
        .map(|outline| ((outline.line, outline.column), of(source, outline)))
        .collect();
    let mut others = Vec::new();
    for finding in findings {
        let place = (finding.line, finding.column);
        // The rule whose name stands before the place, or is the place itself.
        let at = rules.range_mut(..=place).next_back().map(|(_, rule)| rule);
        let named = |rule: &&mut RuleShown| finding.rule.is_none() || rule.title == finding.rule;
        match (at.filter(named), finding.severity) {
            (Some(rule), Severity::Warning) => rule.remarks.push(remark(&finding)),
            (Some(rule), Severity::Error) if finding.rule.is_some() => {
                rule.refuse(remark(&finding));
            }
            _ => others.push(of_none(source, &finding)),
        }
    }
    let mut all: Vec<RuleShown> = rules.into_values().chain(others).collect();
    all.sort_by_key(|rule| rule.line);
    all
}

fn of(source: &str, outline: Outline) -> RuleShown {
    RuleShown {
        line: outline.line,
        title: Some(outline.name),
        yara: Some(YaraShown {
            tags: outline.tags,
            strings: outline.strings,
            modules: outline.modules,
            private: outline.is_private,
            global: outline.is_global,
        }),
        ..RuleShown::new("yara", source)
    }
}

/// What concerns no rule that could be told apart.
fn of_none(source: &str, finding: &Finding) -> RuleShown {
    let mut rule = RuleShown {
        line: finding.line,
        title: finding.rule.clone(),
        ..RuleShown::new("yara", source)
    };
    match finding.severity {
        Severity::Error => rule.refuse(remark(finding)),
        Severity::Warning => rule.remarks.push(remark(finding)),
    }
    rule
}

fn remark(finding: &Finding) -> RemarkShown {
    RemarkShown {
        severity: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        kind: match finding.code {
            "" => "refused",
            code => code,
        },
        line: finding.line,
        column: finding.column,
        message: finding.message.clone(),
    }
}
