//! A proof in one file that something was logged and that witnesses saw the log (C2SP tlog-proof).

use std::fmt;

use crate::checkpoint::{self, VerifiedCheckpoint};
use crate::hash::{self, Hash};
use crate::note::{Note, Verifier};
use crate::{Error, cosignature, limits, proof, text};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The proof for one entry. Nothing is proved before [`TlogProof::verify`]. The text form is
/// [`TlogProof::read`] and its [`fmt::Display`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// What the application needs beside it. Nobody vouches for it.
    pub extra: Option<Vec<u8>>,
    /// Number of the entry, from 0.
    pub index: u64,
    /// Leads from the entry to the checkpoint's root, at most [`limits::PROOF_HASHES_MAX`] hashes.
    pub proof: Vec<Hash>,
    /// The signed checkpoint, with its cosignatures.
    pub checkpoint: String,
}

/// Whom one believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy<'a> {
    /// The log's name.
    pub origin: &'a str,
    /// The log's keys.
    pub log_keys: &'a [Verifier],
    /// The known witnesses' keys.
    pub witness_keys: &'a [Verifier],
    /// How many known witnesses, told apart by name, must have cosigned.
    pub quorum: usize,
}

impl TlogProof {
    /// Checks that `data` is the entry at [`TlogProof::index`] of the log, and that witnesses enough saw that
    /// log. In a release log `data` is the commitment ([`crate::commitment::commit`]).
    pub fn verify(&self, data: &[u8], policy: &Policy<'_>) -> Result<VerifiedCheckpoint, Error> {
        let note = self.checkpoint.as_bytes();
        let checkpoint = checkpoint::open(note, policy.log_keys)?.of_log(policy.origin)?;
        require_quorum(note, policy.witness_keys, policy.quorum)?;
        proof::verify_inclusion(
            &self.proof,
            checkpoint.size,
            &checkpoint.root,
            self.index,
            &hash::leaf(data),
        )?;
        Ok(checkpoint)
    }

    /// Reads the text form.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let fault = |why| Error::Text { what: "proof", why };
        if bytes.len() > limits::TEXT_BYTES_MAX {
            return Err(Error::TooMuch {
                what: "a proof",
                max: limits::TEXT_BYTES_MAX as u64,
            });
        }
        let rest = str::from_utf8(bytes).map_err(|_| fault("it is not UTF-8"))?;
        let (header, rest) = text::line(rest).ok_or(fault("it has no lines"))?;
        if header != HEADER {
            return Err(fault("its first line is not `c2sp.org/tlog-proof@v1`"));
        }
        let (mut line, mut rest) = text::line(rest).ok_or(fault("it has no index"))?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            extra = Some(text::base64(encoded).ok_or(fault("its extra data is not base64"))?);
            (line, rest) = text::line(rest).ok_or(fault("it has no index"))?;
        }
        if extra
            .as_ref()
            .is_some_and(|extra| extra.len() > limits::EXTRA_BYTES_MAX)
        {
            return Err(Error::TooMuch {
                what: "a proof's extra data",
                max: limits::EXTRA_BYTES_MAX as u64,
            });
        }
        let index = line.strip_prefix("index ").and_then(text::decimal);
        let index = index.ok_or(fault("its index is not a decimal"))?;
        let (proof, checkpoint) = text::hashes(rest).map_err(fault)?;
        Note::read(checkpoint.as_bytes())?;
        Ok(Self {
            extra,
            index,
            proof,
            checkpoint: checkpoint.to_owned(),
        })
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", text::to_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        write!(f, "{}\n{}", text::to_lines(&self.proof), self.checkpoint)
    }
}

/// Refuses a checkpoint that fewer than `wanted` of the known witnesses cosigned; gives the names of those that did.
/// A witness with two keys counts once.
pub(crate) fn require_quorum(note: &[u8], keys: &[Verifier], wanted: usize) -> Result<Vec<String>, Error> {
    let mut names: Vec<_> = cosignature::verify(note, keys)?
        .into_iter()
        .map(|(key, _)| key.name().to_owned())
        .collect();
    names.sort();
    names.dedup();
    if names.len() < wanted {
        return Err(Error::Quorum {
            found: names.len(),
            wanted,
        });
    }
    Ok(names)
}
