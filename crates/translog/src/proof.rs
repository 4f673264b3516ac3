//! Inclusion and consistency proofs: made from tiles, checked against a root (RFC 6962 §2.1.1 and
//! §2.1.2, RFC 9162 §2.1.3.2 and §2.1.4.2).

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::hash::{self, Hash};
use crate::tile::{self, TileId, Tiles, WIDTH};
use crate::{Error, ReadError, limits};

/// The hashes that lead from entry `index` to the root of the tree of `size` entries, lowest first.
pub fn inclusion<T: Tiles>(tiles: &T, index: u64, size: u64) -> Result<Vec<Hash>, ReadError<T::Error>> {
    let tree = Tree::new(tiles, size)?;
    if index >= size {
        return Err(Error::Proof("the entry is not in a tree of that size").into());
    }
    let mut proof = Vec::new();
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(tree.range(middle, to)?);
            to = middle;
        } else {
            proof.push(tree.range(from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes that show that the tree of `old` entries is the beginning of the tree of `new` entries.
/// Empty where there is nothing to show: for the empty tree, and for the same size.
pub fn consistency<T: Tiles>(tiles: &T, old: u64, new: u64) -> Result<Vec<Hash>, ReadError<T::Error>> {
    let tree = Tree::new(tiles, new)?;
    if old > new {
        return Err(Error::Proof("the older tree is the bigger one").into());
    }
    let mut proof = Vec::new();
    let (mut from, mut to) = (0, new);
    // Down to the subtree that ends where the old tree ended.
    while old > 0 && old != to {
        let middle = from + split(to - from);
        if old <= middle {
            proof.push(tree.range(middle, to)?);
            to = middle;
        } else {
            proof.push(tree.range(from, middle)?);
            from = middle;
        }
    }
    // Where that subtree begins at the first entry, it is the old tree itself, whose root is known.
    if from > 0 {
        proof.push(tree.range(from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The root of the tree of `size` entries.
pub fn root<T: Tiles>(tiles: &T, size: u64) -> Result<Hash, ReadError<T::Error>> {
    Tree::new(tiles, size)?.range(0, size)
}

/// Checks that `leaf` ([`hash::leaf`]) is entry `index` of the tree of `size` entries with this root
/// (RFC 9162 §2.1.3.2).
pub fn verify_inclusion(
    proof: &[Hash],
    size: u64,
    root: &Hash,
    index: u64,
    leaf: &Hash,
) -> Result<(), Error> {
    if index >= size {
        return Err(Error::Proof("the entry is not in a tree of that size"));
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for other in proof {
        if last == 0 {
            return Err(Error::Proof("it has hashes to spare"));
        }
        if node & 1 == 1 || node == last {
            hash = hash::node(other, &hash);
            // At the right edge, levels where there is no neighbour are passed over.
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = hash::node(&hash, other);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    require(last == 0, "it has too few hashes")?;
    require(
        hash == *root,
        "it leads to another root: the entry, its number or the tree is another",
    )
}

/// Checks that the tree of `old` entries with `old_root` is the beginning of the tree of `new` entries
/// with `new_root` (RFC 9162 §2.1.4.2). Every tree begins with the empty one.
pub fn verify_consistency(
    proof: &[Hash],
    new: u64,
    new_root: &Hash,
    old: u64,
    old_root: &Hash,
) -> Result<(), Error> {
    require(old <= new, "the older tree is the bigger one")?;
    if old == 0 {
        require(proof.is_empty(), "nothing is to be proved of the empty tree")?;
        return require(*old_root == hash::empty(), "the empty tree has another root");
    }
    if old == new {
        require(proof.is_empty(), "nothing is to be proved of the same size")?;
        return require(old_root == new_root, "two roots at the same size");
    }
    // A whole subtree at the left edge is the old tree, and its root is not sent again.
    let mut proof = proof.iter();
    let first = if old.is_power_of_two() {
        Some(old_root)
    } else {
        proof.next()
    };
    let first = *first.ok_or(Error::Proof("it has too few hashes"))?;
    let (mut node, mut last) = (old - 1, new - 1);
    let full = node.trailing_ones();
    (node, last) = (node >> full, last >> full);
    let (mut before, mut after) = (first, first);
    for other in proof {
        require(last != 0, "it has hashes to spare")?;
        if node & 1 == 1 || node == last {
            before = hash::node(other, &before);
            after = hash::node(other, &after);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            after = hash::node(&after, other);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    require(last == 0, "it has too few hashes")?;
    require(before == *old_root, "it leads to another old root")?;
    require(after == *new_root, "it leads to another new root")
}

fn require(holds: bool, otherwise: &'static str) -> Result<(), Error> {
    if holds {
        Ok(())
    } else {
        Err(Error::Proof(otherwise))
    }
}

/// The greatest power of two below `size`, which is at least 2 (RFC 6962 §2.1).
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// A tree of one size, whose tiles are read once each.
struct Tree<'t, T: Tiles> {
    tiles: &'t T,
    size: u64,
    read: RefCell<BTreeMap<TileId, Vec<Hash>>>,
}

impl<'t, T: Tiles> Tree<'t, T> {
    fn new(tiles: &'t T, size: u64) -> Result<Self, ReadError<T::Error>> {
        if size > limits::TREE_SIZE_MAX {
            return Err(Error::TooMuch {
                what: "the size of a tree",
                max: limits::TREE_SIZE_MAX,
            }
            .into());
        }
        Ok(Self {
            tiles,
            size,
            read: RefCell::default(),
        })
    }

    /// Root over the entries from `from` up to `to`, where `from` is where a subtree of the tree begins.
    fn range(&self, mut from: u64, to: u64) -> Result<Hash, ReadError<T::Error>> {
        let mut peaks = Vec::new();
        while from < to {
            let height = (to - from).ilog2();
            peaks.push(self.subtree(height, from >> height)?);
            from += 1 << height;
        }
        Ok(hash::over(&peaks))
    }

    /// Root over the perfect subtree of 2^height entries, the `nth` of them from the left.
    fn subtree(&self, height: u32, nth: u64) -> Result<Hash, ReadError<T::Error>> {
        const OUTSIDE: Error = Error::Proof("the subtree is not in a tree of that size");
        let (level, within) = ((height / 8) as u8, height % 8);
        let first = nth << within;
        let id = TileId::of(level, first / u64::from(WIDTH), self.size).ok_or(OUTSIDE)?;
        let mut read = self.read.borrow_mut();
        let hashes = match read.entry(id) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(room) => room.insert(tile::read(self.tiles, id)?),
        };
        let start = (first % u64::from(WIDTH)) as usize;
        let part = hashes.get(start..start + (1 << within)).ok_or(OUTSIDE)?;
        Ok(hash::perfect(part).ok_or(OUTSIDE)?)
    }
}
