//! Nonces for hellos: made without remembering anything, good for minutes and once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use entente_exchange::hello::{Nonce, SKEW_MICROS_MAX, TlsKey};
use entente_stix::time::Timestamp;
use sha2::{Digest as _, Sha256};

/// Nonces that were answered and could be answered again; over it, hellos wait until older ones are past.
const USED_MAX: usize = 10_000;

/// Whether a nonce was given here: time (8 bytes), randomness (8), and the beginning (16) of a digest that only this
/// server can make of them and of the key of the connection. Who asks for many costs nothing.
pub(crate) struct Nonces {
    secret: [u8; 32],
    /// Those that were answered, and until when that must be known.
    used: Mutex<BTreeMap<Nonce, i64>>,
}

impl Nonces {
    pub(crate) fn new(secret: [u8; 32]) -> Nonces {
        Nonces {
            secret,
            used: Mutex::default(),
        }
    }

    /// A nonce for who shows `key`, made of some randomness.
    pub(crate) fn fresh(&self, key: Option<TlsKey>, at: Timestamp, random: [u8; 32]) -> Nonce {
        let [a, b, c, d, e, f, g, h, ..] = random;
        self.sealed(at.micros().to_be_bytes(), [a, b, c, d, e, f, g, h], key)
    }

    fn sealed(&self, time: [u8; 8], random: [u8; 8], key: Option<TlsKey>) -> Nonce {
        let mut hasher = Sha256::new();
        hasher.update(self.secret);
        hasher.update(time);
        hasher.update(random);
        hasher.update(key.map_or([0; 32], |key| key.0));
        let digest: [u8; 32] = hasher.finalize().into();
        let mut nonce = [0; 32];
        let bytes = time.iter().chain(&random).chain(&digest);
        nonce.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        nonce
    }

    /// Whether it was given here, to who shows `key`, within minutes.
    pub(crate) fn is_ours(&self, nonce: &Nonce, key: Option<TlsKey>, at: Timestamp) -> bool {
        let (time, rest) = nonce.split_at(8);
        let (random, _) = rest.split_at(8);
        let (Ok(time), Ok(random)) = (time.try_into(), random.try_into()) else {
            return false;
        };
        let age = at.micros().saturating_sub(i64::from_be_bytes(time));
        (0..=SKEW_MICROS_MAX).contains(&age) && self.sealed(time, random, key) == *nonce
    }

    /// Uses it up; whether it was still to be had.
    pub(crate) fn use_up(&self, nonce: &Nonce, at: Timestamp) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| *until >= at.micros());
        if used.len() >= USED_MAX {
            return false;
        }
        used.insert(*nonce, at.micros().saturating_add(SKEW_MICROS_MAX))
            .is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Option<TlsKey> = Some(TlsKey([1; 32]));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_780_272_000_000_000 + seconds * 1_000_000)
    }

    #[test]
    fn a_nonce_counts_once_for_minutes_for_one_key_at_one_server() {
        let nonces = Nonces::new([7; 32]);
        let nonce = nonces.fresh(KEY, at(0), [2; 32]);
        assert!(nonces.is_ours(&nonce, KEY, at(0)) && nonces.is_ours(&nonce, KEY, at(300)));
        assert!(!nonces.is_ours(&nonce, KEY, at(301)), "old");
        assert!(!nonces.is_ours(&nonce, KEY, at(-1)), "from the future");
        assert!(!nonces.is_ours(&nonce, None, at(0)), "of another connection");
        assert!(
            !Nonces::new([8; 32]).is_ours(&nonce, KEY, at(0)),
            "of another server"
        );
        for bit in 0..256 {
            let mut changed = nonce;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!nonces.is_ours(&changed, KEY, at(0)), "bit {bit}");
        }
        assert!(nonces.use_up(&nonce, at(0)));
        assert!(!nonces.use_up(&nonce, at(300)), "again");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let nonces = Nonces::new([7; 32]);
        let used = |number: usize, seconds| {
            let mut random = [0; 32];
            random[..8].copy_from_slice(&number.to_be_bytes());
            nonces.use_up(&nonces.fresh(KEY, at(seconds), random), at(seconds))
        };
        assert!((0..USED_MAX).all(|number| used(number, 0)));
        assert!(!used(USED_MAX, 1));
        assert!(used(USED_MAX, 301), "older ones are past");
    }
}
