//! What a node answers to each question.

use entente_node::acts::Act;
use entente_node::view::{Offer, Slice};

use super::Part;
use crate::slice;
use crate::wire::{Malformed, Reader, Writer};

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`super::Question::Acts`].
    Acts {
        /// What the asker lacks, in the order in which it was taken in here.
        acts: Vec<Act>,
        /// What is lacking here: places in the question's list.
        lacks: Vec<u64>,
        /// Whether there is more than this.
        more: bool,
    },
    /// To what was handed over: how much of it was new, and how much was refused. Of acts and heads that is not told.
    Taken {
        /// New here.
        new: u64,
        /// Not taken.
        refused: u64,
    },
    /// To [`super::Question::Channels`].
    Channels(Vec<Offer>),
    /// To [`super::Question::Slice`].
    Slice(Slice),
    /// To [`super::Question::Heads`].
    Heads {
        /// Heads that differ from the asker's, or that it did not name: signed notes.
        notes: Vec<String>,
        /// What differs here or is not known: places in the question's list.
        lacks: Vec<u64>,
    },
    /// To [`super::Question::Witness`]: as C2SP tlog-witness answers.
    Witness {
        /// The status, as of HTTP.
        status: u64,
        /// The cosignature, or the size that was last seen.
        body: String,
    },
    /// To any question: no, and why, as far as the asker may know.
    Refused {
        /// A stable word.
        code: String,
        /// A sentence.
        reason: String,
    },
}

impl Answer {
    /// A refusal.
    pub(crate) fn refused(code: &str, reason: impl ToString) -> Answer {
        Answer::Refused {
            code: code.to_owned(),
            reason: reason.to_string(),
        }
    }
}

impl Part for Answer {
    fn tag(&self) -> u8 {
        match self {
            Answer::Acts { .. } => 1,
            Answer::Taken { .. } => 2,
            Answer::Channels(_) => 3,
            Answer::Slice(_) => 4,
            Answer::Heads { .. } => 5,
            Answer::Witness { .. } => 6,
            Answer::Refused { .. } => 7,
        }
    }

    fn write(&self, out: &mut Writer) {
        match self {
            Answer::Acts { acts, lacks, more } => {
                super::write_acts(acts, out);
                write_numbers(lacks, out);
                out.byte(u8::from(*more));
            }
            Answer::Taken { new, refused } => {
                out.number(*new);
                out.number(*refused);
            }
            Answer::Channels(offers) => {
                out.count(offers.len());
                offers.iter().for_each(|offer| write_offer(offer, out));
            }
            Answer::Slice(slice) => slice::write(slice, out),
            Answer::Heads { notes, lacks } => {
                out.texts(notes.iter().map(String::as_str));
                write_numbers(lacks, out);
            }
            Answer::Witness { status, body } => {
                out.number(*status);
                out.bytes(body.as_bytes());
            }
            Answer::Refused { code, reason } => {
                out.bytes(code.as_bytes());
                out.bytes(reason.as_bytes());
            }
        }
    }

    fn read(tag: u8, from: &mut Reader<'_>) -> Result<Answer, Malformed> {
        Ok(match tag {
            1 => Answer::Acts {
                acts: super::read_acts(from)?,
                lacks: read_numbers(from)?,
                more: from.flag()?,
            },
            2 => Answer::Taken {
                new: from.number()?,
                refused: from.number()?,
            },
            3 => {
                let count = super::bounded(from, 4)?;
                let offers = (0..count).map(|_| read_offer(from));
                Answer::Channels(offers.collect::<Result<_, _>>()?)
            }
            4 => Answer::Slice(slice::read(from)?),
            5 => Answer::Heads {
                notes: super::read_notes(from)?,
                lacks: read_numbers(from)?,
            },
            6 => Answer::Witness {
                status: from.number()?,
                body: from.text()?.to_owned(),
            },
            7 => Answer::Refused {
                code: from.text()?.to_owned(),
                reason: from.text()?.to_owned(),
            },
            _ => return Err(from.fault("an answer of no known kind")),
        })
    }
}

fn write_offer(offer: &Offer, out: &mut Writer) {
    out.bytes(offer.origin.as_bytes());
    out.bytes(offer.agreement.as_bytes());
    out.number(offer.size);
    out.bytes(offer.head.as_bytes());
}

fn read_offer(from: &mut Reader<'_>) -> Result<Offer, Malformed> {
    Ok(Offer {
        origin: from.text()?.to_owned(),
        agreement: from.text()?.to_owned(),
        size: from.number()?,
        head: from.text()?.to_owned(),
    })
}

fn write_numbers(numbers: &[u64], out: &mut Writer) {
    out.count(numbers.len());
    numbers.iter().for_each(|number| out.number(*number));
}

fn read_numbers(from: &mut Reader<'_>) -> Result<Vec<u64>, Malformed> {
    let count = super::bounded(from, 1)?;
    (0..count).map(|_| from.number()).collect()
}
