//! A decision in sentences, for the owner's people: what would go, in which form, by which clause, or
//! why not, and what stands in the way.

use crate::decide::{Decision, Form, Question};
use crate::released::Released;
use crate::terms::Terms;
use crate::withheld::{Reason, Withheld};

/// The sentences, in the order in which they are read.
pub fn explain(terms: &Terms, question: &Question<'_>, decision: &Decision) -> Vec<String> {
    match decision {
        Decision::Release(released) => goes(terms, question, released),
        Decision::Withhold(withheld) => stays(terms, question, withheld),
    }
}

fn goes(terms: &Terms, question: &Question<'_>, released: &Released<Form>) -> Vec<String> {
    let form = released.value();
    let how = match form.taken_out.len() {
        0 => "whole, byte for byte".to_owned(),
        1 => "without one of its parts".to_owned(),
        many => format!("without {many} of its parts"),
    };
    let mut sentences = vec![format!(
        "`{}` goes to {} {how}, by clause `{}` of agreement `{}`.",
        form.id,
        names(terms, &question.audience.members),
        released.clause(),
        terms.agreement().id,
    )];
    if !form.taken_out.is_empty() {
        sentences.push(format!("Taken out: {}.", quoted(&form.taken_out)));
    }
    if !form.awaits.is_empty() {
        let awaited = quoted(&form.awaits);
        sentences.push(format!(
            "Once released to these parties, this would go with it: {awaited}."
        ));
    }
    if terms.agreement().anonymous_reading && form.taken_out.is_empty() {
        let sentence = "If it is TLP:CLEAR, anyone who asks may read it too (`anonymous_reading`).";
        sentences.push(sentence.to_owned());
    }
    sentences
}

fn stays(terms: &Terms, question: &Question<'_>, withheld: &Withheld) -> Vec<String> {
    let id = question.object.id();
    let to = names(terms, &question.audience.members);
    let agreement = &terms.agreement().id;
    let mut sentences = vec![format!("`{id}` does not go to {to}.")];
    match (&withheld.reason, &withheld.clause) {
        (Reason::NotInForce(standing), _) => {
            sentences.push(format!("Agreement `{agreement}` {standing}."));
        }
        (Reason::NotCovered(obstacles), Some(clause)) => {
            sentences.push(format!(
                "Nearest comes clause `{clause}` of agreement `{agreement}`:"
            ));
            sentences.extend(obstacles.iter().map(|obstacle| format!("{}.", obstacle.sentence)));
        }
        (reason, Some(clause)) => {
            sentences.push(format!(
                "Clause `{clause}` of agreement `{agreement}` lets it go, but {reason}."
            ));
        }
        (reason, None) => sentences.push(format!("Under agreement `{agreement}`: {reason}.")),
    }
    if !withheld.awaits.is_empty() {
        let awaited = quoted(&withheld.awaits);
        sentences.push(format!("Release first what it depends on: {awaited}."));
    }
    sentences
}

fn names(terms: &Terms, parties: &[String]) -> String {
    let names: Vec<&str> = parties
        .iter()
        .map(|id| {
            terms
                .agreement()
                .member_of(id)
                .map_or(id.as_str(), |member| &member.name)
        })
        .collect();
    names.join(", ")
}

fn quoted(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
    quoted.join(", ")
}
