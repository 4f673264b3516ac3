//! A log in memory, keys, chance by seed, and the tree as RFC 9162 defines it.

use std::collections::BTreeMap;

use entente_translog::checkpoint::{self, Checkpoint};
use entente_translog::hash::{self, Hash};
use entente_translog::note::{Signer, Verifier};
use entente_translog::tile::{self, TileId, Tiles};

pub(crate) const ORIGIN: &str = "entente/fuelwatch/1c7e2a5d/0011223344556677";

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

/// How many rounds a campaign has: a few in every run, `more` where ENTENTE_CAMPAIGN is set.
#[allow(clippy::disallowed_methods)]
pub(crate) fn rounds(few: u64, more: u64) -> u64 {
    if std::env::var("ENTENTE_CAMPAIGN").is_ok() {
        more
    } else {
        few
    }
}

pub(crate) fn log_key() -> Signer {
    Signer::ed25519("identity--1c7e2a5d-0f3b-4b8e-9a53-0a4f7c1f2b6d", &[7; 32]).unwrap()
}

pub(crate) fn log_keys() -> Vec<Verifier> {
    vec![log_key().verifier().clone()]
}

pub(crate) fn witness_key(nth: u8) -> Signer {
    Signer::cosigner(&format!("witness.example/{nth}"), &[100 + nth; 32]).unwrap()
}

/// The entry that a made-up log of `seed` has at `index`: 32 bytes, as a commitment.
pub(crate) fn entry(seed: u64, index: u64) -> [u8; 32] {
    hash::leaf(&[seed.to_be_bytes(), index.to_be_bytes()].concat())
}

/// A log as its owner has it, all its tiles at their widest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) tiles: BTreeMap<(u8, u64), Vec<u8>>,
}

impl Tiles for Log {
    type Error = String;

    fn tile(&self, id: TileId) -> Result<Vec<u8>, String> {
        self.tiles
            .get(&(id.level, id.index))
            .cloned()
            .ok_or_else(|| id.path())
    }
}

impl Log {
    /// The first `size` entries of a made-up log.
    pub(crate) fn made(seed: u64, size: u64) -> Self {
        let mut log = Self::default();
        log.append((0..size).map(|index| entry(seed, index).to_vec()).collect());
        log
    }

    pub(crate) fn append(&mut self, entries: Vec<Vec<u8>>) {
        let leaves: Vec<_> = entries.iter().map(|entry| hash::leaf(entry)).collect();
        for (id, bytes) in tile::appended(self.size(), &leaves, self).unwrap() {
            assert_eq!(bytes.len(), usize::from(id.width) * 32);
            self.tiles.insert((id.level, id.index), bytes);
        }
        self.entries.extend(entries);
    }

    pub(crate) fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(crate) fn leaves(&self) -> Vec<Hash> {
        self.entries.iter().map(|entry| hash::leaf(entry)).collect()
    }

    pub(crate) fn root(&self) -> Hash {
        entente_translog::proof::root(self, self.size()).unwrap()
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            origin: ORIGIN.to_owned(),
            size: self.size(),
            root: self.root(),
            extensions: Vec::new(),
        }
    }

    pub(crate) fn head(&self) -> String {
        checkpoint::sign(&self.checkpoint(), &log_key()).unwrap()
    }

    /// The log's files as they are published.
    pub(crate) fn publish(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::from([("checkpoint".to_owned(), self.head().into_bytes())]);
        for ((level, index), bytes) in &self.tiles {
            let id = TileId {
                level: *level,
                index: *index,
                width: (bytes.len() / 32) as u16,
            };
            files.insert(id.path(), bytes.clone());
        }
        for (index, entries) in (0..).zip(self.entries.chunks(256)) {
            let bundle = tile::bundle(entries.iter().map(Vec::as_slice)).unwrap();
            files.insert(tile::entries_path(index, entries.len() as u16), bundle);
        }
        files
    }
}

/// The tree as it is defined, by recursion over the leaves (RFC 9162 §2.1).
pub(crate) mod naive {
    use super::{Hash, hash};

    fn split(leaves: &[Hash]) -> usize {
        let mut k = 1;
        while 2 * k < leaves.len() {
            k *= 2;
        }
        k
    }

    /// §2.1.1
    pub(crate) fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => hash::empty(),
            [one] => *one,
            _ => {
                let (left, right) = leaves.split_at(split(leaves));
                hash::node(&root(left), &root(right))
            }
        }
    }

    /// §2.1.3.1
    pub(crate) fn inclusion(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let k = split(leaves);
        let (left, right) = leaves.split_at(k);
        let (mut path, other) = match index < k {
            true => (inclusion(index, left), root(right)),
            false => (inclusion(index - k, right), root(left)),
        };
        path.push(other);
        path
    }

    /// §2.1.4.1
    pub(crate) fn consistency(old: usize, leaves: &[Hash]) -> Vec<Hash> {
        subproof(old, leaves, true)
    }

    fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if whole { Vec::new() } else { vec![root(leaves)] };
        }
        let k = split(leaves);
        let (left, right) = leaves.split_at(k);
        let (mut path, other) = match old <= k {
            true => (subproof(old, left, whole), root(right)),
            false => (subproof(old - k, right, false), root(left)),
        };
        path.push(other);
        path
    }
}
