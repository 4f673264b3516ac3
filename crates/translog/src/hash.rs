//! The hashes of a Merkle tree (RFC 6962 §2.1), SHA-256.

use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// Hash of an entry. The byte before it keeps leaves and nodes apart.
pub fn leaf(data: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(data);
    hasher.finalize().into()
}

/// Hash of two subtrees.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// Root of the tree without entries.
pub fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// Root of a perfect subtree: of 1, 2, 4 … hashes. `None` for any other number.
pub(crate) fn perfect(hashes: &[Hash]) -> Option<Hash> {
    if !hashes.len().is_power_of_two() {
        return None;
    }
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[left, right]| node(left, right))
            .collect();
    }
    level.first().copied()
}

/// The perfect subtrees of which any number of hashes is made, biggest first; their roots.
pub(crate) fn peaks(mut hashes: &[Hash]) -> Vec<Hash> {
    let mut peaks = Vec::new();
    while !hashes.is_empty() {
        let (first, rest) = hashes.split_at(1 << hashes.len().ilog2());
        peaks.extend(perfect(first));
        hashes = rest;
    }
    peaks
}

/// Root over perfect subtrees, biggest first (RFC 6962 §2.1: the left one is always the bigger).
pub(crate) fn over(peaks: &[Hash]) -> Hash {
    let mut peaks = peaks.iter().rev();
    let Some(last) = peaks.next() else { return empty() };
    peaks.fold(*last, |right, left| node(left, &right))
}

/// Hashes laid end to end, as tiles and frontiers have them. What is left over at the end is dropped.
pub(crate) fn from_bytes(bytes: &[u8]) -> &[Hash] {
    bytes.as_chunks::<32>().0
}
