//! Checkpoints: a log's name, size and root, signed (C2SP tlog-checkpoint).

use std::fmt;
use std::ops::Deref;

use crate::hash::{self, Hash};
use crate::note::{self, Algorithm, Note, Signed, Signer, Verifier};
use crate::{Error, text};

/// What a log was at one moment. Its [`fmt::Display`] is the text that is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: its first line, not empty.
    pub origin: String,
    /// Entries in the tree, below 2^63.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// Further lines, none of them empty. Nobody audits them.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads the text of a checkpoint, without signatures. An empty tree must have the root of one.
    pub fn read(body: &str) -> Result<Self, Error> {
        let body = body
            .strip_suffix('\n')
            .ok_or(Error::Checkpoint("it does not end in a newline"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(Error::Checkpoint("it has fewer than three lines"));
        };
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: text::decimal(size).ok_or(Error::Checkpoint(
                "its size is not a decimal below 2^63 without leading zeroes",
            ))?,
            root: text::hash(root).ok_or(Error::Checkpoint("its root is not a hash in base64"))?,
            extensions: lines.map(str::to_owned).collect(),
        };
        checkpoint.check()?;
        Ok(checkpoint)
    }

    /// What no text form can go wrong in, but a value can.
    fn check(&self) -> Result<(), Error> {
        if self.origin.is_empty() || self.extensions.iter().any(String::is_empty) {
            return Err(Error::Checkpoint("one of its lines is empty"));
        }
        if self.size == 0 && self.root != hash::empty() {
            return Err(Error::Checkpoint("the empty tree has another root"));
        }
        Ok(())
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}\n{}\n{}",
            self.origin,
            self.size,
            text::to_base64(&self.root)
        )?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A checkpoint that one of the log's keys signed; made by [`open`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
    by: Vec<Signed>,
}

impl VerifiedCheckpoint {
    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signed note from which it comes, with every signature that stood under it.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The log's keys that signed it; at least one.
    pub fn signers(&self) -> &[Signed] {
        &self.by
    }

    /// Refuses the checkpoint of any other log.
    pub fn of_log(self, origin: &str) -> Result<Self, Error> {
        if self.origin != origin {
            return Err(Error::Origin {
                found: self.checkpoint.origin,
                wanted: origin.to_owned(),
            });
        }
        Ok(self)
    }
}

impl Deref for VerifiedCheckpoint {
    type Target = Checkpoint;

    fn deref(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

/// Opens a signed checkpoint with the keys of the log that the caller expects. The name in it is only
/// worth what those keys are: compare it ([`VerifiedCheckpoint::of_log`]) where keys sign for several logs.
pub fn open(note: &[u8], log_keys: &[Verifier]) -> Result<VerifiedCheckpoint, Error> {
    let read = Note::read(note)?;
    let verified = read.verify(log_keys)?;
    Ok(VerifiedCheckpoint {
        checkpoint: Checkpoint::read(verified.text())?,
        note: str::from_utf8(note)
            .map_err(|_| Error::Note("it is not UTF-8"))?
            .to_owned(),
        by: verified.signers().to_vec(),
    })
}

/// The checkpoint as a note signed by the log. Whoever calls this answers for never signing two
/// checkpoints that are inconsistent.
pub fn sign(checkpoint: &Checkpoint, signer: &Signer) -> Result<String, Error> {
    if signer.verifier().algorithm() != Algorithm::Ed25519 {
        let name = signer.verifier().name().to_owned();
        return Err(Error::WrongKey {
            name,
            why: "a log signs with its note key",
        });
    }
    let body = checkpoint.to_string();
    // A newline within a field would make another checkpoint of it.
    if Checkpoint::read(&body)? != *checkpoint {
        return Err(Error::Checkpoint("one of its lines has a newline in it"));
    }
    note::sign(&body, &[signer])
}
