//! Why something does not go: data with a stable code, and a sentence.
//!
//! Written for the owner's side. A recipient is never told any of it.

use std::fmt;

use crate::handling::{Pap, Tlp};

/// A refusal to let something go: an answer, not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// Why.
    pub reason: Reason,
    /// The clause that came nearest; `None` where no clause was asked or none reaches the audience.
    pub clause: Option<String>,
    /// Ids that stand in the way because the audience does not have them: once one is released, decide
    /// again. Sorted.
    pub awaits: Vec<String>,
}

/// What a clause, or a rule beside the clauses, asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Condition {
    /// It goes from whom the clause names to whom it names.
    Parties,
    /// Its type is one of the clause.
    Type,
    /// Its TLP level is at most the clause's, and it has one unless the clause says what an unmarked one is.
    Marking,
    /// Its PAP level is at most the clause's.
    Pap,
    /// It states at least that confidence.
    Confidence,
    /// It has one of the labels asked for.
    LabelsAny,
    /// It has none of the labels ruled out.
    LabelsNone,
    /// It is not older.
    Age,
    /// What was received goes on only where it came with that right.
    Redistribution,
    /// What was received never goes back into the agreement that it came from.
    Return,
}

impl Condition {
    /// The conditions that clauses have, in the order in which they are told.
    pub const OF_CLAUSES: [Condition; 8] = [
        Condition::Parties,
        Condition::Type,
        Condition::Marking,
        Condition::Pap,
        Condition::Confidence,
        Condition::LabelsAny,
        Condition::LabelsNone,
        Condition::Age,
    ];

    /// Its stable name.
    pub fn code(self) -> &'static str {
        match self {
            Condition::Parties => "parties",
            Condition::Type => "type",
            Condition::Marking => "marking",
            Condition::Pap => "pap",
            Condition::Confidence => "confidence",
            Condition::LabelsAny => "labels-any",
            Condition::LabelsNone => "labels-none",
            Condition::Age => "age",
            Condition::Redistribution => "redistribution",
            Condition::Return => "return",
        }
    }
}

/// Why something does not go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The agreement is not in force; how it stands.
    NotInForce(String),
    /// The agreement has no such audience of this owner.
    NoAudience,
    /// No clause lets it go: what stands in the way of the nearest one.
    NotCovered(Vec<Obstacle>),
    /// What decides cannot be read: the JSON pointer of the property.
    Unreadable(String),
    /// It is marked with a definition that is not held here, or whose meaning is not known.
    UnknownMarking(String),
    /// It is marked with a definition that the audience does not have.
    MarkingNotReleased(String),
    /// Parts are marked above what the clause lets go, and it does not take parts out: the JSON pointer.
    PartAbove(String),
    /// The markings themselves would have to be taken out: the JSON pointer.
    MarksItsMarkings(String),
    /// A property that it cannot do without names what the audience does not have.
    Needs {
        /// The property.
        property: String,
        /// The id that it names.
        target: String,
    },
    /// A text mentions the id of what the audience does not have.
    Mentions(String),
    /// It translates what the audience does not have whole.
    TranslatesParts(String),
    /// The clause drops custom properties, and its whole type is custom.
    CustomType,
    /// Its id follows from what would be taken out, and so would tell it.
    IdTells,
    /// What would remain is not valid STIX.
    RestInvalid {
        /// Where: a JSON pointer.
        pointer: String,
        /// What is wrong.
        what: String,
    },
    /// Cedar reported an error.
    Engine(String),
    /// Hand-over: the party is not of the audience.
    NotARecipient(String),
    /// Hand-over to anyone: the agreement does not say that anyone may read.
    NotForAnyone,
    /// Hand-over to anyone: it is not TLP:CLEAR as a whole; how it is marked.
    NotClear(String),
    /// Hand-over: the content is not what the entry names.
    OtherContent,
    /// Hand-over: the entry was taken back.
    Recalled,
    /// Hand-over: the content is gone.
    Erased,
    /// Hand-over: the time for which it was released is over.
    Expired,
}

/// A condition that does not hold, with what was found and what the clause asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The condition.
    pub condition: Condition,
    /// As a sentence.
    pub sentence: String,
}

impl Reason {
    /// Its stable name; that of the first obstacle where no clause lets it go.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::NotInForce(_) => "not-in-force",
            Reason::NoAudience => "no-audience",
            Reason::NotCovered(obstacles) => obstacles
                .first()
                .map_or("no-clause", |first| first.condition.code()),
            Reason::Unreadable(_) => "unreadable",
            Reason::UnknownMarking(_) => "unknown-marking",
            Reason::MarkingNotReleased(_) => "marking-not-released",
            Reason::PartAbove(_) => "part-above",
            Reason::MarksItsMarkings(_) => "marks-its-markings",
            Reason::Needs { .. } => "needs",
            Reason::Mentions(_) => "mentions",
            Reason::TranslatesParts(_) => "translates-parts",
            Reason::CustomType => "custom-type",
            Reason::IdTells => "id-tells",
            Reason::RestInvalid { .. } => "rest-invalid",
            Reason::Engine(_) => "engine",
            Reason::NotARecipient(_) => "not-a-recipient",
            Reason::NotForAnyone => "not-for-anyone",
            Reason::NotClear(_) => "not-clear",
            Reason::OtherContent => "other-content",
            Reason::Recalled => "recalled",
            Reason::Erased => "erased",
            Reason::Expired => "expired",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NotInForce(standing) => write!(f, "the agreement {standing}"),
            Reason::NoAudience => f.write_str("no clause lets this owner release to exactly these parties"),
            Reason::NotCovered(obstacles) => {
                let sentences: Vec<&str> = obstacles.iter().map(|one| one.sentence.as_str()).collect();
                f.write_str(&sentences.join("; "))
            }
            Reason::Unreadable(pointer) => {
                write!(
                    f,
                    "`{pointer}` cannot be read as the standard writes it, and it decides"
                )
            }
            Reason::UnknownMarking(id) => write!(
                f,
                "it is marked with `{id}`, which is not held here or has a meaning that is not known; import its definition"
            ),
            Reason::MarkingNotReleased(id) => {
                write!(
                    f,
                    "it is marked with `{id}`, which must be released to this channel first"
                )
            }
            Reason::PartAbove(pointer) => write!(
                f,
                "`{pointer}` is marked above what the clause lets go, and the clause takes no parts out"
            ),
            Reason::MarksItsMarkings(pointer) => {
                write!(f, "`{pointer}`, a marking, would have to be taken out")
            }
            Reason::Needs { property, target } => write!(
                f,
                "`{property}`, which it cannot do without, names `{target}`, which is not released to this channel"
            ),
            Reason::Mentions(id) => {
                write!(
                    f,
                    "a text in it mentions `{id}`, which is not released to this channel"
                )
            }
            Reason::TranslatesParts(id) => {
                write!(
                    f,
                    "it translates `{id}`, which is not released whole to this channel"
                )
            }
            Reason::CustomType => {
                f.write_str("the clause drops custom properties, and its type is not of the standard")
            }
            Reason::IdTells => f.write_str("its id follows from what would be taken out"),
            Reason::RestInvalid { pointer, what } => {
                write!(f, "what would remain is not valid STIX: `{pointer}`: {what}")
            }
            Reason::Engine(why) => write!(f, "the policies could not be evaluated: {why}; report this"),
            Reason::NotARecipient(party) => write!(f, "`{party}` is not of this channel's audience"),
            Reason::NotForAnyone => f.write_str("the agreement does not say `anonymous_reading = true`"),
            Reason::NotClear(how) => write!(f, "anyone may have what is TLP:CLEAR, and it is {how}"),
            Reason::OtherContent => f.write_str("the content is not the one that the entry names"),
            Reason::Recalled => f.write_str("it was recalled"),
            Reason::Erased => f.write_str("its content was erased"),
            Reason::Expired => f.write_str("the time for which it was released is over"),
        }
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.clause {
            Some(clause) => write!(f, "withheld, nearest clause `{clause}`: {}", self.reason),
            None => write!(f, "withheld: {}", self.reason),
        }
    }
}

impl Withheld {
    /// For a reason that no clause has to do with.
    pub(crate) fn because(reason: Reason) -> Withheld {
        Withheld {
            reason,
            clause: None,
            awaits: Vec::new(),
        }
    }
}

/// The level in words, where there is one.
pub(crate) fn level_words(tlp: Option<Tlp>) -> String {
    tlp.map_or("without a TLP marking".to_owned(), |tlp| format!("marked {tlp}"))
}

/// The level in words, where there is one.
pub(crate) fn pap_words(pap: Option<Pap>) -> String {
    pap.map_or("without a PAP marking".to_owned(), |pap| format!("marked {pap}"))
}
