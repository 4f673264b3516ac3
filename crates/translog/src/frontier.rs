//! The roots of a tree's perfect subtrees: all that appending needs, at most 63 hashes.

use crate::hash::{self, Hash};
use crate::{Error, limits};

/// A tree that can only grow. Begins empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Biggest first: one for each bit that is set in `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// Entries in the tree.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends the entry with this leaf hash ([`hash::leaf`]).
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // As when counting: each full subtree of the same size is joined, and carried.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = hash::node(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Root of the tree (RFC 6962 §2.1).
    pub fn root(&self) -> Hash {
        hash::over(&self.peaks)
    }

    /// The hashes laid end to end, biggest subtree first. The size is kept beside it.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.peaks.concat()
    }

    /// The frontier of a tree of `size` entries, from [`Frontier::to_bytes`].
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Self, Error> {
        if size > limits::TREE_SIZE_MAX {
            return Err(Error::TooMuch {
                what: "the size of a tree",
                max: limits::TREE_SIZE_MAX,
            });
        }
        if bytes.len() != size.count_ones() as usize * 32 {
            return Err(Error::Bytes {
                what: "frontier",
                why: "its hashes are not one for each bit of the size",
            });
        }
        let peaks = hash::from_bytes(bytes).to_vec();
        Ok(Self { size, peaks })
    }
}
