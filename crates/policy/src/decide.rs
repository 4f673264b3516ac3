//! Decides whether an object may go to an audience, and in what form.
//!
//! Pure: the caller brings the agreement, how it stands, and the time. Recording the release is `node`'s
//! task. What comes out depends only on the object itself, the agreement, the time, and what the
//! audience already has; never on what else is held here. Begin at [`decide`].

use entente_stix::object::Object;
use entente_stix::time::Timestamp;

use crate::agreement::Clause;
use crate::classes::{Classes, Stated};
use crate::marks::{self, MarkingFacts};
use crate::redact::{self, Refused};
use crate::released::Released;
use crate::standing::Standing;
use crate::terms::{Audience, Terms, Verdict};
use crate::withheld::{Condition, Obstacle, Reason, Withheld, level_words, pap_words};

/// Where an object came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance<'a> {
    /// Said here, or imported by the operator.
    Own,
    /// Received from a party.
    Received {
        /// That party's id.
        from: &'a str,
        /// The agreement under which it came, by its id.
        agreement: &'a str,
        /// Whether the clause under which it came lets it be passed on.
        redistribute: bool,
    },
}

/// One object, and to whom it might go.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The object.
    pub object: &'a Object<'a>,
    /// Id of the party that would release it.
    pub owner: &'a str,
    /// One of [`Terms::audiences`] of that owner, or a part of it.
    pub audience: &'a Audience,
    /// Where it came from.
    pub provenance: Provenance<'a>,
    /// How the agreement stands, by [`standing`](crate::standing::standing).
    pub standing: &'a Standing,
    /// What time it is.
    pub now: Timestamp,
}

/// What the audience has already. The caller answers for the channel that is asked about.
pub trait Surroundings {
    /// What a held marking definition means, by [`MarkingFacts::of`]; `None`: it is not held.
    fn marking(&self, id: &str) -> Option<MarkingFacts>;

    /// Whether every member of the audience has the object of this id under this agreement: released to
    /// it and not recalled, in the same batch before this one, or received from a channel of the
    /// agreement that all of them read or own. Never whether it is merely held here.
    fn is_released(&self, id: &str) -> bool;

    /// Whether it has it whole, nothing taken out. Asked for what a translation translates.
    fn is_whole(&self, _id: &str) -> bool {
        false
    }
}

/// The answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may go, in this form.
    Release(Released<Form>),
    /// It stays, and why.
    Withhold(Withheld),
}

/// An object as it may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Its id.
    pub id: String,
    /// Its type.
    pub type_name: String,
    /// `modified` in microseconds since 1970; 0 where it has none.
    pub version_micros: i64,
    /// SHA-256 of the canonical form of [`Form::text`].
    pub digest: [u8; 32],
    /// The very bytes of the object where nothing was taken out, else canonical JSON (RFC 8785).
    pub text: Vec<u8>,
    /// JSON pointers into the original to what was taken out, sorted; of what lies inside each other
    /// only the outer one.
    pub taken_out: Vec<String>,
    /// Ids that were taken out because the audience does not have them, sorted: once one is released,
    /// decide again.
    pub awaits: Vec<String>,
}

/// Whether the object may go to the audience, and in what form.
///
/// Of the clauses that let it go the first of the agreement that gives a form is taken; where none does,
/// the reason is that of the first.
pub fn decide(
    terms: &Terms,
    classes: &mut Classes,
    question: &Question<'_>,
    around: &dyn Surroundings,
) -> Decision {
    match release(terms, classes, question, around) {
        Ok(released) => Decision::Release(released),
        Err(withheld) => Decision::Withhold(withheld),
    }
}

fn release(
    terms: &Terms,
    classes: &mut Classes,
    question: &Question<'_>,
    around: &dyn Surroundings,
) -> Result<Released<Form>, Withheld> {
    in_force(terms, question.standing, question.now)?;
    let no_audience = || Withheld::because(Reason::NoAudience);
    let route = classes
        .route(terms, question.owner, question.audience)
        .ok_or_else(no_audience)?;
    let stated = stated(question.object, around).map_err(Withheld::because)?;
    let facts = stated.class(
        &terms.scale,
        &question.provenance,
        &terms.agreement().id,
        question.now,
    );
    let permitted = match classes.released(terms, route, facts) {
        Verdict::Permitted(numbers) => numbers,
        Verdict::Denied { nearest, failing } => {
            return Err(denied(terms, question, &stated, *nearest, failing));
        }
        Verdict::Failed(why) => return Err(Withheld::because(Reason::Engine(why.clone()))),
    };
    let mut first = None;
    for clause in permitted.iter().filter_map(|number| terms.clause(*number)) {
        match redact::form(question.object, clause, terms, around) {
            Ok(form) => return Ok(Released::new(form, &clause.name, question.audience)),
            Err(refused) => first = first.or(Some(by_clause(clause, refused))),
        }
    }
    Err(first.unwrap_or_else(no_audience))
}

/// The standing is the caller's word; the time is looked at here too.
pub(crate) fn in_force(terms: &Terms, standing: &Standing, now: Timestamp) -> Result<(), Withheld> {
    let agreement = terms.agreement();
    let standing = match standing {
        Standing::InForce if now < agreement.from => Standing::NotYet { from: agreement.from },
        Standing::InForce if now >= agreement.until => Standing::Lapsed {
            until: agreement.until,
        },
        Standing::InForce => return Ok(()),
        other => other.clone(),
    };
    Err(Withheld::because(Reason::NotInForce(standing.to_string())))
}

/// What the object says that clauses may ask for. A confidence that is none counts as not stated.
pub(crate) fn stated<'v>(object: &'v Object<'_>, around: &dyn Surroundings) -> Result<Stated<'v>, Reason> {
    let confidence = object.get("confidence").and_then(|value| value.as_i64());
    Ok(Stated {
        type_name: object.type_name(),
        level: marks::level(object.value(), around)?,
        confidence: confidence.filter(|stated| (0..=100).contains(stated)),
        labels: marks::texts(object.get("labels"), "/labels")?,
        time: object.modified().or(object.created()),
    })
}

fn by_clause(clause: &Clause, refused: Refused) -> Withheld {
    Withheld {
        reason: refused.reason,
        clause: Some(clause.name.clone()),
        awaits: refused.awaits,
    }
}

fn denied(
    terms: &Terms,
    question: &Question<'_>,
    stated: &Stated<'_>,
    nearest: Option<usize>,
    failing: &[Condition],
) -> Withheld {
    let clause = nearest.and_then(|number| terms.clause(number));
    let obstacle = |condition: &Condition| Obstacle {
        condition: *condition,
        sentence: sentence(*condition, question, stated, clause),
    };
    Withheld {
        reason: Reason::NotCovered(failing.iter().map(obstacle).collect()),
        clause: clause.map(|clause| clause.name.clone()),
        awaits: Vec::new(),
    }
}

/// What was found, and what the clause asks for. Whether the condition holds, Cedar has said.
fn sentence(
    condition: Condition,
    question: &Question<'_>,
    stated: &Stated<'_>,
    clause: Option<&Clause>,
) -> String {
    let Some(clause) = clause else {
        return "no clause reaches these parties".to_owned();
    };
    let list = |words: &std::collections::BTreeSet<String>| {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        words.join(", ")
    };
    match condition {
        Condition::Parties => "the clause does not reach these parties".to_owned(),
        Condition::Type => format!("`{}` is not a type of the clause", stated.type_name),
        Condition::Marking => match stated.level.tlp {
            None => "it has no TLP marking, and the clause asks for one".to_owned(),
            tlp => format!(
                "it is {}, the clause goes up to {}",
                level_words(tlp),
                clause.markings_up_to
            ),
        },
        Condition::Pap => format!(
            "it is {}, the clause goes up to {}",
            pap_words(stated.level.pap),
            clause.pap_up_to.map_or_else(String::new, |pap| pap.to_string())
        ),
        Condition::Confidence => {
            let least = clause.confidence_at_least.unwrap_or_default();
            match stated.confidence {
                None => format!("it states no confidence, the clause asks for {least}"),
                Some(stated) => format!("its confidence is {stated}, the clause asks for {least}"),
            }
        }
        Condition::LabelsAny => format!("it has none of the labels {}", list(&clause.labels_any)),
        Condition::LabelsNone => format!(
            "it has one of the labels {}, which the clause rules out",
            list(&clause.labels_none)
        ),
        Condition::Age => {
            let greatest = clause.not_older_than.unwrap_or_default();
            match stated.age(question.now) {
                None => format!("it states no time, the clause asks for at most {greatest} seconds of age"),
                Some(age) => format!("it is {age} seconds old, the clause goes up to {greatest}"),
            }
        }
        Condition::Redistribution => "it was received, and may not be passed on".to_owned(),
        Condition::Return => "it was received under this same agreement".to_owned(),
    }
}
