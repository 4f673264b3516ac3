//! What one node asks of another, or hands to it.

use entente_node::acts::Act;

use super::{Known, Part, Prefix};
use crate::wire::{Malformed, Reader, Writer};

/// One thing that is asked, or handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// What of the acts that both may know is not among those that I have?
    Acts {
        /// Beginnings of the digests of the acts that I have.
        have: Vec<Prefix>,
    },
    /// Take these acts.
    TakeActs(Vec<Act>),
    /// Which channels may I read?
    Channels,
    /// Tell me of a channel, from an entry on.
    Slice {
        /// The log.
        origin: String,
        /// Number of the first entry that I do not have.
        from: u64,
        /// After about so many bytes it shall end.
        bytes_max: u64,
    },
    /// Which heads of logs do you know that differ from mine?
    Heads {
        /// Mine.
        known: Vec<Known>,
    },
    /// Take these heads: signed notes.
    TakeHeads(Vec<String>),
    /// Take these receipts for heads of your logs: signed notes.
    Receipts(Vec<String>),
    /// Cosign a head of my log: an `add-checkpoint` request (C2SP tlog-witness).
    Witness(String),
}

impl Part for Question {
    fn tag(&self) -> u8 {
        match self {
            Question::Acts { .. } => 1,
            Question::TakeActs(_) => 2,
            Question::Channels => 3,
            Question::Slice { .. } => 4,
            Question::Heads { .. } => 5,
            Question::TakeHeads(_) => 6,
            Question::Receipts(_) => 7,
            Question::Witness(_) => 8,
        }
    }

    fn write(&self, out: &mut Writer) {
        match self {
            Question::Acts { have } => super::write_prefixes(have, out),
            Question::TakeActs(acts) => super::write_acts(acts, out),
            Question::Channels => {}
            Question::Slice {
                origin,
                from,
                bytes_max,
            } => {
                out.bytes(origin.as_bytes());
                out.number(*from);
                out.number(*bytes_max);
            }
            Question::Heads { known } => write_known(known, out),
            Question::TakeHeads(notes) | Question::Receipts(notes) => {
                out.texts(notes.iter().map(String::as_str));
            }
            Question::Witness(body) => out.bytes(body.as_bytes()),
        }
    }

    fn read(tag: u8, from: &mut Reader<'_>) -> Result<Question, Malformed> {
        Ok(match tag {
            1 => Question::Acts {
                have: super::read_prefixes(from)?,
            },
            2 => Question::TakeActs(super::read_acts(from)?),
            3 => Question::Channels,
            4 => Question::Slice {
                origin: from.text()?.to_owned(),
                from: from.number()?,
                bytes_max: from.number()?,
            },
            5 => Question::Heads {
                known: read_known(from)?,
            },
            6 => Question::TakeHeads(super::read_notes(from)?),
            7 => Question::Receipts(super::read_notes(from)?),
            8 => Question::Witness(from.text()?.to_owned()),
            _ => return Err(from.fault("a question of no known kind")),
        })
    }
}

fn write_known(known: &[Known], out: &mut Writer) {
    out.count(known.len());
    for head in known {
        out.raw(&head.origin);
        out.number(head.size);
        out.raw(&head.root);
    }
}

fn read_known(from: &mut Reader<'_>) -> Result<Vec<Known>, Malformed> {
    let count = super::bounded(from, 2 * size_of::<Prefix>() + 1)?;
    (0..count)
        .map(|_| {
            Ok(Known {
                origin: from.array()?,
                size: from.number()?,
                root: from.array()?,
            })
        })
        .collect()
}
