//! What a witness answers to a log that wants its checkpoint cosigned (C2SP tlog-witness).
//!
//! Pure: the caller brings what it cosigned last, and after [`Answer::Cosign`] must *compare and swap*: store the
//! new checkpoint only if the last one is still that one, durably, and only then cosign and answer.
//! Otherwise of two requests at once the one with the smaller size could win.

use std::fmt;

use crate::checkpoint::{self, Checkpoint, VerifiedCheckpoint};
use crate::hash::Hash;
use crate::note::{Note, Verifier};
use crate::{Error, limits, proof, text};

/// A request to cosign a checkpoint (`add-checkpoint`). Its [`fmt::Display`] is the body that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    old: u64,
    proof: Vec<Hash>,
    note: String,
    /// Read from the note, and vouched for by nobody.
    claimed: Checkpoint,
}

impl Request {
    /// Asks to cosign the checkpoint in `note`; `proof` leads from the tree of `old` entries, which the
    /// witness cosigned last (0: never), to it.
    pub fn new(old: u64, proof: Vec<Hash>, note: String) -> Result<Self, Error> {
        if proof.len() > limits::PROOF_HASHES_MAX {
            return Err(Error::TooMuch {
                what: "a proof",
                max: limits::PROOF_HASHES_MAX as u64,
            });
        }
        if old > limits::TREE_SIZE_MAX {
            return Err(Error::TooMuch {
                what: "the size of a tree",
                max: limits::TREE_SIZE_MAX,
            });
        }
        let claimed = Checkpoint::read(Note::read(note.as_bytes())?.text())?;
        Ok(Self {
            old,
            proof,
            note,
            claimed,
        })
    }

    /// Reads the body of a request.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let fault = |why| Error::Text {
            what: "request to a witness",
            why,
        };
        if body.len() > limits::TEXT_BYTES_MAX {
            return Err(Error::TooMuch {
                what: "a request to a witness",
                max: limits::TEXT_BYTES_MAX as u64,
            });
        }
        let body = str::from_utf8(body).map_err(|_| fault("it is not UTF-8"))?;
        let (first, rest) = text::line(body).ok_or(fault("it has no lines"))?;
        let old = first.strip_prefix("old ").and_then(text::decimal);
        let old = old.ok_or(fault("its first line is not `old` and a decimal"))?;
        let (proof, note) = text::hashes(rest).map_err(fault)?;
        Self::new(old, proof, note.to_owned())
    }

    /// The log of which the checkpoint claims to be: by it the caller finds the keys and what it cosigned last.
    pub fn origin(&self) -> &str {
        &self.claimed.origin
    }

    /// The checkpoint as it was sent, with its signatures.
    pub fn note(&self) -> &str {
        &self.note
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "old {}\n{}\n{}",
            self.old,
            text::to_lines(&self.proof),
            self.note
        )
    }
}

/// What a witness answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: to be stored in place of the last one, then cosigned.
    Cosign(VerifiedCheckpoint),
    /// 409: the last cosigned checkpoint has this size, or this size and another root.
    Conflict {
        /// Size of the last cosigned checkpoint.
        size: u64,
    },
    /// 400: no request, or one whose old size is over the new one.
    BadRequest,
    /// 403: none of the log's keys signed the checkpoint.
    Forbidden,
    /// 404: no log of that name is known here.
    NotFound,
    /// 422: the proof does not lead from the last checkpoint to this one.
    Unprocessable,
}

impl Answer {
    /// The HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Cosign(_) => 200,
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict { .. } => 409,
            Self::Unprocessable => 422,
        }
    }
}

/// Decides on a request. `log_keys` are the keys known for [`Request::origin`], none where that log is
/// unknown; `last` is size and root of the checkpoint of that origin that was cosigned last.
///
/// A conflict at the same size with a good signature, and an unprocessable request whose old size is that of
/// the last checkpoint, may be signs of a split view: keep the note, and see [`crate::fork`].
pub fn decide(request: &Request, log_keys: &[Verifier], last: Option<(u64, Hash)>) -> Answer {
    if log_keys.is_empty() {
        return Answer::NotFound;
    }
    let Ok(checkpoint) = checkpoint::open(request.note.as_bytes(), log_keys) else {
        return Answer::Forbidden;
    };
    if request.old > checkpoint.size {
        return Answer::BadRequest;
    }
    let (size, root) = last.unwrap_or((0, crate::hash::empty()));
    if request.old != size || (checkpoint.size == size && checkpoint.root != root) {
        return Answer::Conflict { size };
    }
    match proof::verify_consistency(&request.proof, checkpoint.size, &checkpoint.root, size, &root) {
        Ok(()) => Answer::Cosign(checkpoint),
        Err(_) => Answer::Unprocessable,
    }
}
