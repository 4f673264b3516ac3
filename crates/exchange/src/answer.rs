//! The side that answers: bytes of a request to bytes of an answer.
//!
//! Everything that is told comes out of a [`PeerView`], which tells only what this peer may know. A fault of this
//! node is told as a fault, without its cause.

use std::collections::{BTreeMap, BTreeSet};

use entente_node::acts::Act;
use entente_node::channel::Desk;
use entente_node::view::{PeerView, Refused};
use entente_stix::digest::Digest;
use entente_stix::time::Timestamp;

use crate::limits::{ACTS_BYTES_MAX, ANSWERS_BYTES_MAX, CHUNK_BYTES_MAX, CHUNK_ENTRIES_MAX};
use crate::message::{self, Answer, Known, Question, prefix};
use crate::{Error, heads};

/// Answers a request of the peer that `view` was made for.
///
/// # Errors
/// Only when this node cannot even write an answer. Whatever the bytes are, there is one.
pub fn answer(view: &PeerView<'_>, desk: &Desk<'_>, request: &[u8]) -> Result<Vec<u8>, Error> {
    answer_with(view, desk.at, Some(desk), request)
}

/// As [`answer`], by a node whose keys are locked: it tells what is signed already, and cosigns nothing.
///
/// # Errors
/// As [`answer`].
pub fn answer_locked(view: &PeerView<'_>, at: Timestamp, request: &[u8]) -> Result<Vec<u8>, Error> {
    answer_with(view, at, None, request)
}

fn answer_with(
    view: &PeerView<'_>,
    at: Timestamp,
    desk: Option<&Desk<'_>>,
    request: &[u8],
) -> Result<Vec<u8>, Error> {
    let answers = match message::read::<Question>(request) {
        Ok(questions) => all(view, at, desk, questions),
        Err(fault) => vec![Answer::refused("message", fault)],
    };
    Ok(message::write(&answers)?)
}

/// Many questions are few bytes, and what they ask for together may be more than a message holds: after so much
/// nothing more is looked up.
fn all(view: &PeerView<'_>, at: Timestamp, desk: Option<&Desk<'_>>, questions: Vec<Question>) -> Vec<Answer> {
    let mut bytes = 0;
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let answer = match bytes < ANSWERS_BYTES_MAX {
            true => one(view, at, desk, question).unwrap_or_else(|refused| told(&refused)),
            false => Answer::refused("too-much", "the answers before it fill the message; ask again"),
        };
        bytes += weight(&answer);
        answers.push(answer);
    }
    answers
}

/// About how many bytes an answer has.
fn weight(answer: &Answer) -> usize {
    match answer {
        Answer::Acts { acts, .. } => acts.iter().map(|act| act.text.len()).sum(),
        Answer::Slice(slice) => slice
            .entries
            .iter()
            .map(|entry| 32 + entry.opening.len() + entry.content.as_ref().map_or(0, Vec::len))
            .sum(),
        Answer::Channels(offers) => offers.iter().map(|offer| 128 + offer.head.len()).sum(),
        Answer::Heads { notes, .. } => notes.iter().map(String::len).sum(),
        Answer::Taken { .. } | Answer::Witness { .. } | Answer::Refused { .. } => 0,
    }
}

fn told(refused: &Refused) -> Answer {
    let code = match refused {
        Refused::NoChannel { .. } => "no-channel",
        Refused::NotInForce { .. } => "not-in-force",
        Refused::Beyond { .. } => "beyond",
        Refused::Bad(_) => "bad",
        Refused::Failed(_) => "failed",
    };
    Answer::refused(code, refused)
}

/// How much of acts and heads was new or refused would tell which agreements, parties and logs are known here, those
/// that the peer has no part in included.
const NOT_TOLD: Answer = Answer::Taken { new: 0, refused: 0 };

fn one(
    view: &PeerView<'_>,
    at: Timestamp,
    desk: Option<&Desk<'_>>,
    question: Question,
) -> Result<Answer, Refused> {
    Ok(match question {
        Question::Acts { have } => acts(view.acts()?, &have),
        Question::TakeActs(acts) => {
            view.take_acts(&acts, at)?;
            NOT_TOLD
        }
        Question::Channels => Answer::Channels(view.channels()?),
        Question::Slice {
            origin,
            from,
            bytes_max,
        } => {
            let bytes_max =
                usize::try_from(bytes_max).map_or(CHUNK_BYTES_MAX, |bytes| bytes.min(CHUNK_BYTES_MAX));
            Answer::Slice(view.slice(&origin, from, CHUNK_ENTRIES_MAX, bytes_max)?)
        }
        Question::Heads { known } => differing_heads(&view.heads()?, &known),
        Question::TakeHeads(notes) => {
            view.take_heads(&notes, at)?;
            NOT_TOLD
        }
        Question::Receipts(notes) => receipts(view, at, &notes)?,
        Question::Witness(body) => {
            let Some(desk) = desk else {
                return Ok(Answer::refused(
                    "locked",
                    "this node's keys are locked; ask again later",
                ));
            };
            let (status, body) = view.add_checkpoint(&body, desk)?;
            Answer::Witness {
                status: u64::from(status),
                body,
            }
        }
    })
}

fn acts(mine: Vec<Act>, have: &[message::Prefix]) -> Answer {
    let known: BTreeSet<_> = have.iter().collect();
    let mut bytes = 0;
    let mut more = false;
    let mut told = Vec::new();
    let mut here = BTreeSet::new();
    for act in mine {
        let name = name_of(&act);
        here.insert(name);
        if known.contains(&name) {
            continue;
        }
        bytes += act.text.len();
        more |= bytes > ACTS_BYTES_MAX && !told.is_empty();
        if !more {
            told.push(act);
        }
    }
    Answer::Acts {
        acts: told,
        lacks: places(have, |name| !here.contains(name)),
        more,
    }
}

/// What an act is called between nodes.
pub(crate) fn name_of(act: &Act) -> message::Prefix {
    prefix(Digest::of(act.text.as_bytes()).as_bytes())
}

fn differing_heads(notes: &[String], known: &[Known]) -> Answer {
    let mine: BTreeMap<_, _> = notes
        .iter()
        .map(|note| (heads::known(note), note))
        .map(|(known, note)| (known.origin, (known, note)))
        .collect();
    let theirs: BTreeMap<_, _> = known.iter().map(|known| (known.origin, known)).collect();
    let differs = |one: Option<&Known>, other: &Known| one != Some(other);
    Answer::Heads {
        notes: mine
            .values()
            .filter(|(head, _)| differs(theirs.get(&head.origin).copied(), head))
            .map(|(_, note)| (*note).clone())
            .collect(),
        lacks: places(known, |head| {
            differs(mine.get(&head.origin).map(|(mine, _)| mine), head)
        }),
    }
}

fn places<T>(items: &[T], is_lacking: impl Fn(&T) -> bool) -> Vec<u64> {
    let lacking = items.iter().enumerate().filter(|(_, item)| is_lacking(item));
    lacking.map(|(place, _)| place as u64).collect()
}

fn receipts(view: &PeerView<'_>, at: Timestamp, notes: &[String]) -> Result<Answer, Refused> {
    let (mut new, mut refused) = (0, 0);
    for note in notes {
        match view.take_receipt(note, at) {
            Ok(()) => new += 1,
            Err(failed @ Refused::Failed(_)) => return Err(failed),
            Err(_) => refused += 1,
        }
    }
    Ok(Answer::Taken { new, refused })
}
