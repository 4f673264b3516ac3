//! Clauses as the text of Cedar policies.

use std::collections::BTreeSet;

use super::{cedar_seconds, folded};
use crate::agreement::{Agreement, Clause, Contribution, Parties};
use crate::handling::Tlp;
use crate::withheld::Condition;

/// What the policies may speak of. Attributes that can be missing have a `?`: strict validation then
/// asks that each policy first looks whether they are there.
pub(super) const SCHEMA: &str = r#"namespace Entente {
  entity Agreement;
  // `in` the agreement whose party it is.
  entity Party in [Agreement];
  // The types that a clause (`0`) or a contribution (`c0`) names, by its number.
  entity Types;
  // A STIX type, `in` the `Types` of each clause that names it.
  entity Type in [Types];
  action release, contribute appliesTo {
    principal: [Party],
    resource: [Type],
    // Of a class of objects: `marking` counts 0 TLP:CLEAR to 4 TLP:RED, `pap` 0 PAP:CLEAR to 3 PAP:RED,
    // `age` seconds; `own` was said here, `redistribute` was received and may go on, `returns` was received
    // under this agreement.
    context: {
      owner: Party,
      marking?: Long,
      pap?: Long,
      confidence?: Long,
      age?: Long,
      labels: Set<String>,
      own: Bool,
      redistribute: Bool,
      returns: Bool
    }
  };
}
"#;

/// Policies by name, ready to be parsed.
pub(super) struct Written {
    /// Schema, permits and forbids, for people.
    pub(super) text: String,
    /// `<clause number>` for a clause, `c<number>` for a contribution, `!<condition>` for a rule.
    pub(super) permits: Vec<(String, String)>,
    /// `<clause number>.<condition number>`; `!<condition number>` holds where the rule does not forbid.
    pub(super) probes: Vec<(String, String)>,
}

/// Every policy of an agreement.
pub(super) fn policies(agreement: &Agreement) -> Written {
    let mut permits = Vec::new();
    let mut probes = Vec::new();
    for (number, clause) in agreement.clauses.iter().enumerate() {
        let conditions = conditions(agreement, number, clause);
        let parts = conditions.iter().map(|(_, expression)| expression.as_str());
        let name = format!("@clause({})", quoted(&clause.name));
        permits.push((number.to_string(), policy(&name, "permit", "release", parts)));
        for (condition, expression) in &conditions {
            let name = format!("{name}\n@condition({})", quoted(condition.code()));
            let probe = policy(&name, "permit", "release", std::iter::once(expression.as_str()));
            probes.push((format!("{number}.{}", *condition as u8), probe));
        }
    }
    for (number, contribution) in agreement.contributions.iter().enumerate() {
        let parts = contribution_conditions(agreement, number, contribution);
        let name = format!("@contribution({})", quoted(&contribution.name));
        let policy = policy(&name, "permit", "contribute", parts.iter().map(String::as_str));
        permits.push((format!("c{number}"), policy));
    }
    for (condition, holds) in RULES {
        let name = format!("@rule({})", quoted(condition.code()));
        let against = format!("!({holds})");
        let forbid = policy(&name, "forbid", "release", std::iter::once(against.as_str()));
        permits.push((format!("!{}", *condition as u8), forbid));
        let probe = policy(&name, "permit", "release", std::iter::once(*holds));
        probes.push((format!("!{}", *condition as u8), probe));
    }
    let texts: Vec<&str> = permits.iter().map(|(_, text)| text.as_str()).collect();
    let types: String = types(agreement)
        .map(|(name, types)| format!("// Entente::Types::{}: {}\n", quoted(&name), quoted_list(types)))
        .collect();
    Written {
        text: format!("{SCHEMA}\n{types}\n{}", texts.join("\n")),
        permits,
        probes,
    }
}

/// The types that each clause and contribution names, by the name of the group that they are in for Cedar.
pub(super) fn types(agreement: &Agreement) -> impl Iterator<Item = (String, &BTreeSet<String>)> {
    let clauses = agreement.clauses.iter().enumerate();
    let contributions = agreement.contributions.iter().enumerate();
    let clauses = clauses.map(|(number, clause)| (number.to_string(), &clause.types));
    clauses.chain(contributions.map(|(number, contribution)| (format!("c{number}"), &contribution.types)))
}

fn quoted_list(types: &BTreeSet<String>) -> String {
    let quoted: Vec<String> = types.iter().map(|text| quoted(text)).collect();
    quoted.join(", ")
}

/// What holds whatever a clause says: received things go on only where they came with that right, and
/// never back into the agreement that they came from.
const RULES: &[(Condition, &str)] = &[
    (Condition::Redistribution, "context.own || context.redistribute"),
    (Condition::Return, "!context.returns"),
];

fn policy<'p>(name: &str, effect: &str, action: &str, parts: impl Iterator<Item = &'p str>) -> String {
    let mut text = format!("{name}\n{effect} (principal, action == Entente::Action::\"{action}\", resource)");
    for part in parts {
        text.push_str(&format!("\nwhen {{ {part} }}"));
    }
    text.push_str(";\n");
    text
}

/// The conditions that a clause has, each an expression of its own; all of them must hold.
fn conditions(agreement: &Agreement, number: usize, clause: &Clause) -> Vec<(Condition, String)> {
    let mut conditions = vec![
        (
            Condition::Parties,
            format!(
                "{} && {} && principal != context.owner",
                is_one_of(agreement, &clause.from, "context.owner"),
                is_one_of(agreement, &clause.to, "principal"),
            ),
        ),
        (
            Condition::Type,
            format!("resource in Entente::Types::{}", quoted(&number.to_string())),
        ),
        (
            Condition::Marking,
            marking(clause.unmarked, clause.markings_up_to),
        ),
    ];
    if let Some(pap) = clause.pap_up_to {
        let expression = format!("if context has pap then context.pap <= {} else true", pap as u8);
        conditions.push((Condition::Pap, expression));
    }
    if let Some(least) = clause.confidence_at_least {
        let expression = format!("context has confidence && context.confidence >= {least}");
        conditions.push((Condition::Confidence, expression));
    }
    let labels = |labels: &BTreeSet<String>| texts(&labels.iter().map(|label| folded(label)).collect());
    if !clause.labels_any.is_empty() {
        let expression = format!("context.labels.containsAny({})", labels(&clause.labels_any));
        conditions.push((Condition::LabelsAny, expression));
    }
    if !clause.labels_none.is_empty() {
        let expression = format!("!context.labels.containsAny({})", labels(&clause.labels_none));
        conditions.push((Condition::LabelsNone, expression));
    }
    if let Some(greatest) = clause.not_older_than {
        let expression = format!("context has age && context.age <= {}", cedar_seconds(greatest));
        conditions.push((Condition::Age, expression));
    }
    conditions
}

/// Whether the level is at most `most`; what is unmarked counts as `unmarked`, or stays.
fn marking(unmarked: Option<Tlp>, most: Tlp) -> String {
    let ceiling = most as u8;
    match unmarked {
        Some(level) => format!(
            "(if context has marking then context.marking else {}) <= {ceiling}",
            level as u8
        ),
        None => format!("context has marking && context.marking <= {ceiling}"),
    }
}

fn contribution_conditions(agreement: &Agreement, number: usize, contribution: &Contribution) -> [String; 3] {
    [
        is_one_of(agreement, &contribution.by, "principal"),
        format!("resource in Entente::Types::{}", quoted(&format!("c{number}"))),
        marking(contribution.unmarked, contribution.markings_up_to),
    ]
}

fn is_one_of(agreement: &Agreement, parties: &Parties, who: &str) -> String {
    if *parties == Parties::All {
        return format!("{who} in Entente::Agreement::{}", quoted(&agreement.id));
    }
    let named = agreement
        .parties
        .iter()
        .filter(|member| parties.contains(&member.name));
    let uids: Vec<String> = named
        .map(|member| format!("Entente::Party::{}", quoted(&member.identity)))
        .collect();
    format!("[{}].contains({who})", uids.join(", "))
}

fn texts(texts: &BTreeSet<String>) -> String {
    format!("[{}]", quoted_list(texts))
}

/// A string literal of Cedar. Everything but plain ASCII is escaped by its number, so that no text of an
/// agreement can end the literal.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            ' '..='~' if character != '"' && character != '\\' => out.push(character),
            _ => out.push_str(&format!("\\u{{{:x}}}", u32::from(character))),
        }
    }
    out.push('"');
    out
}
