//! Cosignatures: a witness says that it saw a log grow and not change (C2SP tlog-cosignature).

use crate::Error;
use crate::checkpoint::Checkpoint;
use crate::limits;
use crate::note::{self, Algorithm, Note, Signer, Verifier};

/// What the signed message begins with; it keeps cosignatures apart from notes.
pub(crate) const HEADER: &str = "cosignature/v1\n";

/// The signature line with which `cosigner` cosigns a checkpoint at `seconds` since 1970 UTC: to be
/// put under the note with [`attach`]. The cosigner must have checked the log first ([`crate::witness`]).
pub fn cosign(note: &[u8], cosigner: &Signer, seconds: u64) -> Result<String, Error> {
    let key = cosigner.verifier();
    if key.algorithm() != Algorithm::CosignatureEd25519 {
        return Err(Error::WrongKey {
            name: key.name().to_owned(),
            why: "it signs notes, and cosigns nothing",
        });
    }
    if seconds > limits::TREE_SIZE_MAX {
        return Err(Error::TooMuch {
            what: "the time of a cosignature",
            max: limits::TREE_SIZE_MAX,
        });
    }
    let note = Note::read(note)?;
    Checkpoint::read(note.text())?;
    let signature = cosigner.sign_bytes(message(note.text(), seconds).as_bytes());
    let stamped = [seconds.to_be_bytes().as_slice(), signature.as_slice()].concat();
    Ok(note::line(key, &stamped))
}

/// The checkpoint with signature lines added to it.
pub fn attach(note: &str, lines: &str) -> Result<String, Error> {
    note::attach(note, lines)
}

/// Which of `keys` cosigned the checkpoint, and when (seconds since 1970 UTC); each key once, with its
/// latest time. Signatures of other keys are passed over; a bad one by a known key is an error. An empty answer
/// is an answer.
pub fn verify(note: &[u8], keys: &[Verifier]) -> Result<Vec<(Verifier, u64)>, Error> {
    let note = Note::read(note)?;
    Checkpoint::read(note.text())?;
    let mut found: Vec<(Verifier, u64)> = Vec::new();
    for signature in note.signatures() {
        let Some(signed) = signature.verify(note.text(), keys)? else {
            continue;
        };
        // Without a time it is the log's own signature: good, but not a witness's.
        let Some(seconds) = signed.seconds else { continue };
        match found.iter_mut().find(|(key, _)| *key == signed.key) {
            Some((_, latest)) => *latest = seconds.max(*latest),
            None => found.push((signed.key, seconds)),
        }
    }
    Ok(found)
}

/// Checks what stands behind the key id: eight bytes of time, then Ed25519. Gives the time.
pub(crate) fn check(key: &Verifier, text: &str, stamped: &[u8]) -> Result<u64, Error> {
    Checkpoint::read(text)?;
    let (seconds, signature) = stamped.split_first_chunk().ok_or_else(|| key.bad())?;
    let seconds = u64::from_be_bytes(*seconds);
    if seconds > limits::TREE_SIZE_MAX {
        return Err(key.bad());
    }
    key.verify_bytes(message(text, seconds).as_bytes(), signature)?;
    Ok(seconds)
}

fn message(text: &str, seconds: u64) -> String {
    format!("{HEADER}time {seconds}\n{text}")
}
