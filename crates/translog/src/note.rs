//! Signed notes: text with signatures under it (C2SP signed-note).
//!
//! The text of a note is for nobody's eyes before [`Note::verify`] has found a known key under it. What is
//! signed is a text and nothing else; checkpoints and cosignatures are notes of a certain form.

use crate::{Error, cosignature, limits, text};

mod key;

pub use key::{Algorithm, Signer, Verifier};

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "— ";

/// A note as it was read; nobody has vouched for it yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    signatures: Vec<Signature<'a>>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature<'a> {
    name: &'a str,
    key_id: [u8; 4],
    bytes: Vec<u8>,
}

/// A note under which at least one known key stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'a> {
    text: &'a str,
    by: Vec<Signed>,
}

/// A known key that signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The key.
    pub key: Verifier,
    /// When, in seconds since 1970 UTC, where the signature says so (a cosignature does).
    pub seconds: Option<u64>,
}

impl<'a> Note<'a> {
    /// Reads a note: text that ends in a newline, an empty line, then at least one signature line; UTF-8
    /// without control characters. At most [`limits::NOTE_BYTES_MAX`] bytes and
    /// [`limits::NOTE_SIGNATURES_MAX`] signatures.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let note = checked(bytes)?;
        let (text, lines) = note
            .rfind("\n\n")
            .and_then(|at| note.split_at_checked(at + 1))
            .ok_or(Error::Note("no empty line stands before the signatures"))?;
        let lines = lines.strip_prefix('\n').unwrap_or(lines);
        Ok(Self {
            text,
            signatures: signatures(lines)?,
        })
    }

    /// The text, with its final newline. Nobody has vouched for it.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The signatures as they stand, unverified.
    pub fn signatures(&self) -> &[Signature<'a>] {
        &self.signatures
    }

    /// Checks every signature by one of `keys`. Those of other keys are passed over, also when they share
    /// the name or the key id (not both) of a known one.
    ///
    /// Not good is a note without any signature by a known key ([`Error::UnknownSigner`]), one with a bad
    /// signature by a known key ([`Error::BadSignature`]), whatever else stands under it, and one with a
    /// signature that cannot be checked ([`Error::Unsupported`]).
    pub fn verify(&self, keys: &[Verifier]) -> Result<Verified<'a>, Error> {
        let mut by = Vec::new();
        for signature in &self.signatures {
            if let Some(signed) = signature.verify(self.text, keys)? {
                by.push(signed);
            }
        }
        if by.is_empty() {
            let names: Vec<_> = self.signatures.iter().map(|signature| signature.name).collect();
            return Err(Error::UnknownSigner(format!("`{}`", names.join("`, `"))));
        }
        Ok(Verified { text: self.text, by })
    }
}

impl<'a> Signature<'a> {
    /// The name of the key, as claimed.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The id of the key, as claimed.
    pub fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// What the key made, without the key id.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether this is by one of `keys`, and if so, that it is good.
    pub(crate) fn verify(&self, text: &str, keys: &[Verifier]) -> Result<Option<Signed>, Error> {
        let known = |key: &&Verifier| key.name() == self.name && key.key_id() == self.key_id;
        // More than one only if somebody made two keys with one id: then either will do.
        let mut outcome = Ok(None);
        for key in keys.iter().filter(known) {
            match key.verify(text, &self.bytes) {
                Ok(seconds) => {
                    return Ok(Some(Signed {
                        key: key.clone(),
                        seconds,
                    }));
                }
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }
}

impl<'a> Verified<'a> {
    /// The text that was signed, with its final newline.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The known keys that signed it, in the order of their signatures; at least one.
    pub fn signers(&self) -> &[Signed] {
        &self.by
    }

    /// Whether this very key signed it.
    pub fn is_by(&self, key: &Verifier) -> bool {
        self.by.iter().any(|signed| signed.key == *key)
    }
}

/// A note over `text`, which ends in a newline, signed by each of `signers` with an Ed25519 key; the
/// text must be fit for a note, and there must be a signer.
pub fn sign(text: &str, signers: &[&Signer]) -> Result<String, Error> {
    if !text.ends_with('\n') {
        return Err(Error::Note("its text does not end in a newline"));
    }
    if signers.is_empty() {
        return Err(Error::Note("nobody signs it"));
    }
    let mut note = format!("{text}\n");
    for signer in signers {
        note += &line(signer.verifier(), &signer.sign(text)?);
    }
    Note::read(note.as_bytes())?;
    Ok(note)
}

/// The note with further signature lines under it; those that it has already are not added again.
/// Nothing is verified here.
pub fn attach(note: &str, lines: &str) -> Result<String, Error> {
    Note::read(note.as_bytes())?;
    signatures(checked(lines.as_bytes())?)?;
    let mut attached = note.to_owned();
    for line in lines.split_inclusive('\n') {
        if !attached.split_inclusive('\n').any(|known| known == line) {
            attached += line;
        }
    }
    Note::read(attached.as_bytes())?;
    Ok(attached)
}

/// A signature line, with its newline.
pub(crate) fn line(key: &Verifier, signature: &[u8]) -> String {
    let bytes = [&key.key_id(), signature].concat();
    format!("{DASH}{} {}\n", key.name(), text::to_base64(&bytes))
}

/// The bytes as text that may stand in a note.
fn checked(bytes: &[u8]) -> Result<&str, Error> {
    if bytes.len() > limits::NOTE_BYTES_MAX {
        return Err(Error::TooMuch {
            what: "a note",
            max: limits::NOTE_BYTES_MAX as u64,
        });
    }
    if bytes.iter().any(|byte| *byte < b' ' && *byte != b'\n') {
        return Err(Error::Note("a control character stands in it"));
    }
    str::from_utf8(bytes).map_err(|_| Error::Note("it is not UTF-8"))
}

fn signatures(lines: &str) -> Result<Vec<Signature<'_>>, Error> {
    let Some(lines) = lines.strip_suffix('\n') else {
        return Err(Error::Note("it does not end in signature lines"));
    };
    let mut signatures = Vec::new();
    for line in lines.split('\n') {
        if signatures.len() == limits::NOTE_SIGNATURES_MAX {
            let max = limits::NOTE_SIGNATURES_MAX as u64;
            return Err(Error::TooMuch {
                what: "a note's number of signatures",
                max,
            });
        }
        signatures.push(signature(line)?);
    }
    Ok(signatures)
}

fn signature(line: &str) -> Result<Signature<'_>, Error> {
    let parts = line.strip_prefix(DASH).and_then(|line| line.split_once(' '));
    let (name, encoded) = parts.ok_or(Error::Note("a signature line is not a dash, a name and base64"))?;
    key::check_name(name)
        .map_err(|_| Error::Note("the name of a key is empty, too long, or has a space or `+` in it"))?;
    let bytes = text::base64(encoded).ok_or(Error::Note("a signature is not base64"))?;
    match bytes.split_first_chunk() {
        Some((key_id, rest)) if !rest.is_empty() => Ok(Signature {
            name,
            key_id: *key_id,
            bytes: rest.to_vec(),
        }),
        _ => Err(Error::Note("a signature is shorter than a key id")),
    }
}

/// Whether an Ed25519 signature over this text could be passed off as a cosignature by the same key.
fn is_ambiguous(text: &str) -> bool {
    text.starts_with(cosignature::HEADER)
}
