//! Keys: who verifies and who signs, each by name and type.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::is_ambiguous;
use crate::{Error, cosignature, limits, text};

/// What a key signs with: the type byte of C2SP signed-note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// 0x01: Ed25519 over the note's text.
    Ed25519,
    /// 0x04: Ed25519 over a checkpoint and a time (C2SP tlog-cosignature).
    CosignatureEd25519,
    /// 0x06: ML-DSA-44 over a checkpoint and a time (C2SP tlog-cosignature). Known, not yet verified.
    MlDsa44,
    /// Any other type. Never verified.
    Other(u8),
}

impl Algorithm {
    /// By its type byte.
    pub fn of(byte: u8) -> Self {
        match byte {
            0x01 => Self::Ed25519,
            0x04 => Self::CosignatureEd25519,
            0x06 => Self::MlDsa44,
            other => Self::Other(other),
        }
    }

    /// Its type byte.
    pub fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureEd25519 => 0x04,
            Self::MlDsa44 => 0x06,
            Self::Other(other) => other,
        }
    }

    /// Bytes of a public key, where the type fixes them.
    fn key_bytes(self) -> Option<usize> {
        match self {
            Self::Ed25519 | Self::CosignatureEd25519 => Some(32),
            Self::MlDsa44 => Some(1312),
            Self::Other(_) => None,
        }
    }
}

/// A public key with its name. The text form (`name+id+base64`, C2SP signed-note) is its [`fmt::Display`] and
/// its [`FromStr`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Verifier {
    name: String,
    key_id: [u8; 4],
    algorithm: Algorithm,
    key: Vec<u8>,
}

impl Verifier {
    /// The key that verifies notes, from an Ed25519 public key.
    pub fn ed25519(name: &str, public: &[u8; 32]) -> Result<Self, Error> {
        Self::new(name, Algorithm::Ed25519, public)
    }

    /// The key that verifies cosignatures, from an Ed25519 public key.
    pub fn cosigner(name: &str, public: &[u8; 32]) -> Result<Self, Error> {
        Self::new(name, Algorithm::CosignatureEd25519, public)
    }

    fn new(name: &str, algorithm: Algorithm, key: &[u8]) -> Result<Self, Error> {
        check_name(name)?;
        if algorithm.key_bytes().is_some_and(|bytes| bytes != key.len()) {
            return Err(Error::Key("the public key is not as long as its type wants"));
        }
        let key_id = key_id(name, algorithm, key);
        let verifier = Self {
            name: name.to_owned(),
            key_id,
            algorithm,
            key: key.to_vec(),
        };
        if matches!(algorithm, Algorithm::Ed25519 | Algorithm::CosignatureEd25519) {
            verifier.public()?;
        }
        Ok(verifier)
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The short id, which with the name tells keys apart; not a secure digest.
    pub fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// What it verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key itself, as its type encodes it.
    pub fn public_key(&self) -> &[u8] {
        &self.key
    }

    /// The verifier of cosignatures by the same Ed25519 key and name.
    pub fn as_cosigner(&self) -> Result<Self, Error> {
        if !matches!(self.algorithm, Algorithm::Ed25519 | Algorithm::CosignatureEd25519) {
            return Err(Error::WrongKey {
                name: self.name.clone(),
                why: "it is not an Ed25519 key",
            });
        }
        Self::new(&self.name, Algorithm::CosignatureEd25519, &self.key)
    }

    /// Checks a signature over a note's text; gives the time that it names, if it is of a kind that does.
    pub(crate) fn verify(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, Error> {
        match self.algorithm {
            Algorithm::Ed25519 if is_ambiguous(text) => Err(self.bad()),
            Algorithm::Ed25519 => self.verify_bytes(text.as_bytes(), signature).map(|()| None),
            Algorithm::CosignatureEd25519 => cosignature::check(self, text, signature).map(Some),
            Algorithm::MlDsa44 | Algorithm::Other(_) => Err(Error::Unsupported {
                name: self.name.clone(),
                algorithm: self.algorithm.byte(),
            }),
        }
    }

    /// An Ed25519 signature over bytes, checked strictly: one signature for each message and key.
    pub(crate) fn verify_bytes(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let signature = Signature::from_slice(signature).map_err(|_| self.bad())?;
        self.public()?
            .verify_strict(message, &signature)
            .map_err(|_| self.bad())
    }

    pub(crate) fn bad(&self) -> Error {
        Error::BadSignature(self.name.clone())
    }

    fn public(&self) -> Result<VerifyingKey, Error> {
        let bytes = self
            .key
            .as_slice()
            .try_into()
            .map_err(|_| Error::Key("it is not 32 bytes"))?;
        let key =
            VerifyingKey::from_bytes(bytes).map_err(|_| Error::Key("it is not a point of the curve"))?;
        if key.is_weak() {
            return Err(Error::Key(
                "it is one of the few keys whose signatures anybody can make",
            ));
        }
        Ok(key)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.key_id);
        let key = [&[self.algorithm.byte()], self.key.as_slice()].concat();
        write!(f, "{}+{id:08x}+{}", self.name, text::to_base64(&key))
    }
}

impl FromStr for Verifier {
    type Err = Error;

    /// Reads `name+id+base64`. A key of a type that cannot be verified is read too, so that its
    /// signatures are told from those of strangers.
    fn from_str(vkey: &str) -> Result<Self, Error> {
        if vkey.len() > limits::KEY_TEXT_BYTES_MAX {
            return Err(Error::TooMuch {
                what: "a key",
                max: limits::KEY_TEXT_BYTES_MAX as u64,
            });
        }
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::Key("it is not a name, an id and base64 with `+` between"));
        };
        let bytes = text::base64(key).ok_or(Error::Key("its third part is not base64"))?;
        let (algorithm, key) = bytes.split_first().ok_or(Error::Key("it is empty"))?;
        let mut verifier = Self::new(name, Algorithm::of(*algorithm), key)?;
        let told = hex_id(id).ok_or(Error::Key("its id is not eight hexadecimal digits in lower case"))?;
        // Types of others may count their ids otherwise (ECDSA does), and are never verified anyway.
        if matches!(verifier.algorithm, Algorithm::Other(_)) {
            verifier.key_id = told;
        }
        if verifier.key_id != told {
            return Err(Error::Key(
                "its id is not that of the name and the key: one of the three was changed",
            ));
        }
        Ok(verifier)
    }
}

/// A secret key with its name; wiped from memory when dropped.
pub struct Signer {
    key: SigningKey,
    verifier: Verifier,
}

impl Signer {
    /// Signs notes. The seed is 32 random bytes.
    pub fn ed25519(name: &str, seed: &[u8; 32]) -> Result<Self, Error> {
        let key = SigningKey::from_bytes(seed);
        let verifier = Verifier::ed25519(name, key.verifying_key().as_bytes())?;
        Ok(Self { key, verifier })
    }

    /// Cosigns checkpoints. The seed is 32 random bytes, and may be that of the note key of the same name:
    /// what the two sign can never be the same bytes.
    pub fn cosigner(name: &str, seed: &[u8; 32]) -> Result<Self, Error> {
        let key = SigningKey::from_bytes(seed);
        let verifier = Verifier::cosigner(name, key.verifying_key().as_bytes())?;
        Ok(Self { key, verifier })
    }

    /// The public side.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The signature over a note's text.
    pub(super) fn sign(&self, text: &str) -> Result<[u8; 64], Error> {
        let refuse = |why| {
            Err(Error::WrongKey {
                name: self.verifier.name.clone(),
                why,
            })
        };
        if self.verifier.algorithm != Algorithm::Ed25519 {
            return refuse("it cosigns checkpoints, and signs no notes");
        }
        if is_ambiguous(text) {
            return refuse("the text could be passed off as a cosignature");
        }
        Ok(self.sign_bytes(text.as_bytes()))
    }

    pub(crate) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.verifier.to_string()).finish()
    }
}

/// A key's name: not empty, no space of any script, no `+`, no control character.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    if name.len() > limits::KEY_NAME_BYTES_MAX {
        return Err(Error::TooMuch {
            what: "the name of a key",
            max: limits::KEY_NAME_BYTES_MAX as u64,
        });
    }
    let bad = |char: char| char.is_whitespace() || char < ' ' || char == '+';
    if name.is_empty() || name.contains(bad) {
        return Err(Error::Key(
            "its name is empty, or has a space, a control character or `+` in it",
        ));
    }
    Ok(())
}

/// First four bytes of SHA-256 over name, newline, type and public key (C2SP signed-note).
fn key_id(name: &str, algorithm: Algorithm, key: &[u8]) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name);
    hasher.update([b'\n', algorithm.byte()]);
    hasher.update(key);
    let digest: [u8; 32] = hasher.finalize().into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

fn hex_id(text: &str) -> Option<[u8; 4]> {
    let id = u32::from_str_radix(text, 16).ok()?;
    (format!("{id:08x}") == text).then_some(id.to_be_bytes())
}
