//! A book of what was looked at before: by the file's digest and the set's, so that neither a renamed file nor
//! another set is answered wrongly.
//!
//! Remembered is only the plain case, that nothing matched: it is nearly every file, and whoever wants to hear of a
//! match wants its places.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, DefaultHasher};

use sha2::{Digest, Sha256};

use crate::compile::Rules;
use crate::limits::VERDICTS_MAX;

/// What a verdict is remembered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of these bytes under this name, looked at with this set; none where the verdict depends on the time.
    pub fn of(rules: &Rules, bytes: &[u8], path: &str) -> Option<Key> {
        if rules.depends_on_time() {
            return None;
        }
        let mut digest = Sha256::new();
        digest.update(rules.digest());
        digest.update(Sha256::digest(bytes));
        if rules.depends_on_name() {
            digest.update(path.as_bytes());
        }
        Some(Key(digest.finalize().into()))
    }
}

/// Files in which nothing matched.
#[derive(Debug, Default)]
pub struct Verdicts {
    older: HashSet<Key, BuildHasherDefault<DefaultHasher>>,
    newer: HashSet<Key, BuildHasherDefault<DefaultHasher>>,
}

impl Verdicts {
    /// An empty book.
    pub fn new() -> Self {
        Verdicts::default()
    }

    /// Reads a book that [`Verdicts::to_bytes`] wrote. Anything else gives an empty book, as it is only a memory.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut book = Verdicts::new();
        let Some((body, sum)) = bytes.split_last_chunk::<32>() else {
            return book;
        };
        let digest: [u8; 32] = Sha256::digest(body).into();
        if digest == *sum
            && let Some(keys) = body.strip_prefix(HEAD)
        {
            let (keys, _) = keys.as_chunks::<32>();
            keys.iter().for_each(|key| book.remember(Key(*key)));
        }
        book
    }

    /// The book as bytes, for a file of this machine: a digest at the end guards against damage, not against forgers.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        let mut keys: Vec<&Key> = self.older.iter().chain(&self.newer).collect();
        keys.sort_by_key(|key| key.0);
        keys.iter().for_each(|key| bytes.extend_from_slice(&key.0));
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        bytes.extend_from_slice(&digest);
        bytes
    }

    /// Whether nothing matched then.
    pub fn is_clean(&self, key: Key) -> bool {
        self.newer.contains(&key) || self.older.contains(&key)
    }

    /// Remembers that nothing matched, to the end.
    pub fn remember(&mut self, key: Key) {
        if self.newer.len() >= VERDICTS_MAX / 2 {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(key);
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.older.len() + self.newer.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

const HEAD: &[u8] = b"entente yara verdicts 1\n";
