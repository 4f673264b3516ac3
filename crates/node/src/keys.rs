//! A party's keys: the secrets of this node's own, the public list of anyone's, and when a key counts.
//!
//! The root key signs key lists and nothing else; it may stay on another machine. Instance keys sign everything
//! else and are replaced at least once a year. Begin at [`Keys`] and [`KeyList`].

mod list;
mod rotation;

use entente_stix::time::Timestamp;
use entente_translog::note::{Signer, Verifier};
use zeroize::Zeroize;

pub use list::{KeyList, ListedKey};

use crate::Error;

/// The secrets of this node's own party, unlocked by the binary. Forgotten when dropped.
pub struct Keys {
    /// The party's id.
    pub party: String,
    /// Ed25519 seed of the root key; `None` where it is kept elsewhere.
    pub root: Option<[u8; 32]>,
    /// Ed25519 seed of the instance key.
    pub instance: [u8; 32],
    /// Keys the salts of commitments in the release log.
    pub salt: [u8; 32],
}

impl Keys {
    /// Signs what this party says.
    ///
    /// # Errors
    /// The party's id cannot be the name of a key.
    pub fn signer(&self) -> Result<Signer, Error> {
        Ok(Signer::ed25519(&self.party, &self.instance)?)
    }

    /// Cosigns the heads of others' logs, with the time.
    ///
    /// # Errors
    /// The party's id cannot be the name of a key.
    pub fn cosigner(&self) -> Result<Signer, Error> {
        Ok(Signer::cosigner(&self.party, &self.instance)?)
    }

    /// Signs key lists.
    ///
    /// # Errors
    /// [`Error::RootElsewhere`] where the root key is not among these keys.
    pub fn root_signer(&self) -> Result<Signer, Error> {
        let root = self.root.as_ref().ok_or(Error::RootElsewhere)?;
        Ok(Signer::ed25519(&self.party, root)?)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.root.zeroize();
        self.instance.zeroize();
        self.salt.zeroize();
    }
}

/// Says whose they are, never what they are.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.party)
    }
}

/// An instance key as its party's lists told it.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The public key.
    pub vkey: Verifier,
    /// Valid from this instant on.
    pub from: Timestamp,
    /// Valid until just before this instant.
    pub until: Timestamp,
    /// Revoked: nothing new is taken under it, whatever `until` says.
    pub revoked: Option<Timestamp>,
}

/// How a key stands at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStanding {
    /// What it signs counts.
    Valid,
    /// Its time has not begun.
    NotYet,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

/// How far the clocks of two nodes may lie apart, in microseconds: five minutes. A key that its party made just
/// now counts on a node whose clock is behind.
pub(crate) const CLOCK_SKEW_MAX: i64 = 300_000_000;

impl Key {
    /// How the key stands at `at`.
    pub fn standing(&self, at: Timestamp) -> KeyStanding {
        if self.revoked.is_some() {
            KeyStanding::Revoked
        } else if at.micros().saturating_add(CLOCK_SKEW_MAX) < self.from.micros() {
            KeyStanding::NotYet
        } else if at >= self.until {
            KeyStanding::Expired
        } else {
            KeyStanding::Valid
        }
    }

    /// Whether what the key signs counts at `at`.
    pub fn is_valid(&self, at: Timestamp) -> bool {
        self.standing(at) == KeyStanding::Valid
    }
}
