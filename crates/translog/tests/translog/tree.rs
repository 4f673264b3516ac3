//! Frontier, tiles and proofs against the definition, and against whoever changes a bit of them.

use entente_translog::frontier::Frontier;
use entente_translog::hash::{self, Hash};
use entente_translog::proof::{consistency, inclusion, root, verify_consistency, verify_inclusion};
use entente_translog::tile::{self, TileId};
use entente_translog::{Error, ReadError, limits};

use crate::shared::{Log, Random, entry, naive};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The eight entries and nine roots with which Certificate Transparency has been tested since RFC 6962.
#[test]
fn roots_are_those_of_rfc_6962() {
    let long: Vec<u8> = (0x60..0x70).collect();
    let entries: [&[u8]; 8] = [b"", &[0], &[0x10], b" !", b"01", b"@ABC", b"PQRSTUVW", &long];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::default();
    assert_eq!(hex(&frontier.root()), roots[0]);
    for (entry, root) in entries.iter().zip(&roots[1..]) {
        frontier.push(hash::leaf(entry));
        assert_eq!(hex(&frontier.root()), *root);
    }
}

#[test]
fn every_size_up_to_600_is_as_defined() {
    let all = Log::made(1, 600);
    let leaves = all.leaves();
    let (mut frontier, mut log) = (Frontier::default(), Log::default());
    for size in 0..=600u64 {
        let naive = naive::root(&leaves[..size as usize]);
        assert_eq!(frontier.root(), naive, "frontier of {size}");
        assert_eq!(root(&log, size).unwrap(), naive, "tiles of {size}");
        assert_eq!(root(&all, size).unwrap(), naive, "wider tiles of {size}");
        assert_eq!(
            Frontier::from_bytes(size, &frontier.to_bytes()).unwrap(),
            frontier
        );
        if size < 600 {
            log.append(vec![all.entries[size as usize].clone()]);
            frontier.push(leaves[size as usize]);
        }
    }
    assert_eq!(log.tiles, all.tiles);
}

#[test]
fn every_inclusion_proof_up_to_600_is_as_defined_and_holds() {
    let log = Log::made(2, 600);
    let leaves = log.leaves();
    // All entries of small trees; of each bigger one its edges and a stride.
    for size in 1..=600u64 {
        let tree = &leaves[..size as usize];
        let root = naive::root(tree);
        for index in (0..size).filter(|index| size <= 40 || (index + size) % 61 == 0 || index + 2 > size) {
            let proof = inclusion(&log, index, size).unwrap();
            assert_eq!(proof, naive::inclusion(index as usize, tree), "{index} of {size}");
            verify_inclusion(&proof, size, &root, index, &leaves[index as usize]).unwrap();
        }
    }
}

#[test]
fn every_consistency_proof_up_to_600_is_as_defined_and_holds() {
    let log = Log::made(3, 600);
    let leaves = log.leaves();
    let roots: Vec<_> = (0..=600).map(|size| naive::root(&leaves[..size])).collect();
    for new in 0..=600u64 {
        for old in (0..=new).filter(|old| new <= 40 || (old + new) % 61 == 0 || old + 2 > new) {
            let proof = consistency(&log, old, new).unwrap();
            if old > 0 {
                assert_eq!(
                    proof,
                    naive::consistency(old as usize, &leaves[..new as usize]),
                    "{old} of {new}"
                );
            }
            verify_consistency(&proof, new, &roots[new as usize], old, &roots[old as usize]).unwrap();
        }
    }
}

#[test]
fn big_trees_are_as_defined() {
    let mut random = Random(4);
    let log = Log::made(4, 70_000);
    let leaves = log.leaves();
    let mut frontier = Frontier::default();
    leaves.iter().for_each(|leaf| frontier.push(*leaf));
    assert_eq!(frontier.root(), log.root());
    for _ in 0..12 {
        let new = 1 + random.below(70_000);
        let (old, index) = (1 + random.below(new), random.below(new));
        let tree = &leaves[..new as usize];
        let new_root = naive::root(tree);
        assert_eq!(root(&log, new).unwrap(), new_root);
        assert_eq!(
            inclusion(&log, index, new).unwrap(),
            naive::inclusion(index as usize, tree)
        );
        let proof = consistency(&log, old, new).unwrap();
        assert_eq!(proof, naive::consistency(old as usize, tree));
        verify_consistency(&proof, new, &new_root, old, &naive::root(&tree[..old as usize])).unwrap();
    }
}

/// The example of tlog-tiles, and the tree of exactly one full tile.
#[test]
fn tiles_of_a_tree_are_those_of_the_text() {
    let widths = |size| {
        let log = Log::made(5, size);
        let mut widths: Vec<Vec<usize>> = vec![Vec::new(); 3];
        log.tiles
            .iter()
            .for_each(|((level, _), tile)| widths[usize::from(*level)].push(tile.len() / 32));
        widths
    };
    let big = widths(70_000);
    assert_eq!((big[0].len(), big[0][272], big[0][273]), (274, 256, 112));
    assert_eq!((&big[1], &big[2]), (&vec![256, 17], &vec![1]));
    assert_eq!(widths(256), [vec![256], vec![1], vec![]]);
}

#[test]
fn appending_gives_the_same_tiles_in_any_portions() {
    let mut random = Random(6);
    for _ in 0..20 {
        let mut log = Log::default();
        while log.size() < 2000 {
            let portion = random.below(700);
            let from = log.size();
            log.append(
                (from..from + portion)
                    .map(|index| entry(6, index).to_vec())
                    .collect(),
            );
        }
        assert_eq!(log.tiles, Log::made(6, log.size()).tiles);
    }
}

#[test]
fn appending_asks_for_partial_tiles_of_the_old_size_only() {
    struct Asked(Log, std::cell::RefCell<Vec<TileId>>);
    impl tile::Tiles for Asked {
        type Error = String;
        fn tile(&self, id: TileId) -> Result<Vec<u8>, String> {
            self.1.borrow_mut().push(id);
            self.0.tile(id)
        }
    }
    let asked = Asked(Log::made(7, 70_000), Default::default());
    let leaves = vec![[0; 32]; 400];
    tile::appended(70_000, &leaves, &asked).unwrap();
    let paths: Vec<_> = asked.1.borrow().iter().map(TileId::path).collect();
    assert_eq!(paths, ["tile/0/273.p/112", "tile/1/001.p/17"]);
}

/// Every hash with one bit turned, left out or doubled; every index and size that is another.
#[test]
fn a_changed_inclusion_proof_does_not_hold() {
    let log = Log::made(8, 300);
    let leaves = log.leaves();
    for (index, size) in [
        (0, 1),
        (0, 2),
        (6, 7),
        (3, 8),
        (99, 100),
        (255, 256),
        (256, 257),
        (130, 300),
    ] {
        let proof = inclusion(&log, index, size).unwrap();
        let (top, leaf) = (root(&log, size).unwrap(), leaves[index as usize]);
        let holds = |proof: &[Hash], size, root: &Hash, index, leaf: &Hash| {
            verify_inclusion(proof, size, root, index, leaf).is_ok()
        };
        assert!(holds(&proof, size, &top, index, &leaf));
        for other in changed(&proof) {
            assert!(!holds(&other, size, &top, index, &leaf), "{index} of {size}");
        }
        assert!(!holds(&proof, size, &flipped(&top), index, &leaf));
        assert!(!holds(&proof, size, &top, index, &flipped(&leaf)));
        for other in (0..700)
            .chain([u64::MAX, limits::TREE_SIZE_MAX])
            .filter(|other| *other != index)
        {
            assert!(
                !holds(&proof, size, &top, other, &leaf),
                "{other} for {index} of {size}"
            );
        }
        // Trees whose paths go the same way cannot be told by a proof: the size is signed with the root.
        for other in (0..700).filter(|other| *other != size && naive_path_len(index, *other) != proof.len()) {
            assert!(
                !holds(&proof, other, &top, index, &leaf),
                "{index} of {other} for {size}"
            );
        }
    }
}

fn naive_path_len(index: u64, size: u64) -> usize {
    if index >= size {
        return usize::MAX;
    }
    naive::inclusion(index as usize, &vec![[0; 32]; size as usize]).len()
}

#[test]
fn a_changed_consistency_proof_does_not_hold() {
    let log = Log::made(9, 700);
    for (old, new) in [
        (1, 2),
        (3, 7),
        (4, 7),
        (6, 8),
        (256, 300),
        (255, 257),
        (1, 600),
        (599, 600),
        (511, 600),
    ] {
        let proof = consistency(&log, old, new).unwrap();
        let roots = (root(&log, old).unwrap(), root(&log, new).unwrap());
        let holds = |proof: &[Hash], new, new_root: &Hash, old, old_root: &Hash| {
            verify_consistency(proof, new, new_root, old, old_root).is_ok()
        };
        assert!(holds(&proof, new, &roots.1, old, &roots.0));
        for other in changed(&proof) {
            assert!(!holds(&other, new, &roots.1, old, &roots.0), "{old} of {new}");
        }
        assert!(!holds(&proof, new, &flipped(&roots.1), old, &roots.0));
        assert!(!holds(&proof, new, &roots.1, old, &flipped(&roots.0)));
        for other in (0..700).chain([u64::MAX]).filter(|other| *other != old) {
            assert!(
                !holds(&proof, new, &roots.1, other, &roots.0),
                "{other} for {old} of {new}"
            );
        }
        for other in (0..700).filter(|other| *other != new) {
            // Trees whose paths go the same way cannot be told by a proof: the size is signed with the root.
            let real = (old..=700)
                .contains(&other)
                .then(|| consistency(&log, old, other).unwrap().len());
            if real != Some(proof.len()) {
                assert!(
                    !holds(&proof, other, &roots.1, old, &roots.0),
                    "{old} of {other} for {new}"
                );
            }
        }
    }
}

fn flipped(hash: &Hash) -> Hash {
    let mut hash = *hash;
    hash[17] ^= 4;
    hash
}

fn changed(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut changed = vec![[proof, &[[0; 32]]].concat(), [&[[0; 32]], proof].concat()];
    for nth in 0..proof.len() {
        let mut one = proof.to_vec();
        one[nth] = flipped(&one[nth]);
        changed.push(one);
        let mut one = proof.to_vec();
        one.remove(nth);
        changed.push(one);
        let mut one = proof.to_vec();
        one.insert(nth, one[nth]);
        changed.push(one);
        if nth > 0 {
            let mut one = proof.to_vec();
            one.swap(nth - 1, nth);
            changed.push(one);
        }
    }
    changed
}

#[test]
fn what_is_not_in_the_tree_cannot_be_asked_for() {
    let log = Log::made(10, 10);
    assert!(matches!(
        inclusion(&log, 10, 10),
        Err(ReadError::Asked(Error::Proof(_)))
    ));
    assert!(matches!(
        consistency(&log, 11, 10),
        Err(ReadError::Asked(Error::Proof(_)))
    ));
    assert!(matches!(
        root(&log, 1 << 63),
        Err(ReadError::Asked(Error::TooMuch { .. }))
    ));
    assert!(matches!(
        root(&log, 300),
        Err(ReadError::Source(_) | ReadError::Short(_))
    ));
    assert!(matches!(
        tile::appended(limits::TREE_SIZE_MAX, &[[0; 32]], &log),
        Err(ReadError::Asked(_))
    ));
    assert_eq!(
        root(&log, 11),
        Err(ReadError::Short(TileId {
            level: 0,
            index: 0,
            width: 11
        }))
    );
}

#[test]
fn a_frontier_has_a_hash_for_each_bit_of_its_size() {
    for (size, hashes) in [(0, 1), (1, 0), (3, 1), (4, 2), (1 << 63, 1), (u64::MAX, 64)] {
        assert!(
            Frontier::from_bytes(size, &vec![0; 32 * hashes]).is_err(),
            "{size}"
        );
    }
    assert!(Frontier::from_bytes(1, &[0; 33]).is_err());
    assert_eq!(Frontier::from_bytes(5, &[0; 64]).unwrap().size(), 5);
}

#[test]
fn each_tile_has_one_path() {
    let cases = [
        (0, 0, 256, "tile/0/000"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (0, 1234, 5, "tile/0/x001/234.p/5"),
        (7, 999, 255, "tile/7/999.p/255"),
        (63, 1_000_000_000, 1, "tile/63/x001/x000/x000/000.p/1"),
        (1, u64::MAX, 256, "tile/1/x018/x446/x744/x073/x709/x551/615"),
    ];
    for (level, index, width, path) in cases {
        let id = TileId { level, index, width };
        assert_eq!(id.path(), path);
        assert_eq!(TileId::parse(path), Ok(id));
        let entries = path.replacen(&format!("tile/{level}/"), "tile/entries/", 1);
        assert_eq!(tile::entries_path(index, width), entries);
        assert_eq!(tile::parse_entries(&entries), Ok((index, width)));
        assert!(TileId::parse(&entries).is_err() && tile::parse_entries(path).is_err());
    }
    let bad = "
        tile tile/ tile/0 tile/0/ tile/0/0 tile/0/00 tile/0/0000 tile/00/000 tile/64/000 tile/-1/000
        tile/0/x000/000 tile/0/x001 tile/0/001/000 tile/0/x001/x000 tile/0/+01 tile/0/x0a1/000 tile/0/000.p/0
        tile/0/000.p/256 tile/0/000.p/01 tile/0/000.p/ tile/0/000.p tile/0/000.p/1/ tile/0/000/ /tile/0/000
        tile/0/000.p/1.p/1 tile/0/../000 tile//000 tile/data/000 tile/entries/000 tile/8/0/000
        tile/1/x018/x446/x744/x073/x709/x551/616 tile/1/x999/x999/x999/x999/x999/x999/x999/999";
    for path in bad.split_whitespace() {
        assert!(TileId::parse(path).is_err(), "{path}");
    }
}

#[test]
fn entries_come_out_of_a_bundle_as_they_went_in() {
    let long = vec![9; limits::ENTRY_BYTES_MAX];
    let entries: [&[u8]; 4] = [b"", b"a", &long, b"b"];
    let bytes = tile::bundle(entries.into_iter()).unwrap();
    assert_eq!(tile::unbundle(&bytes).unwrap(), entries);
    for cut in [1, 2, 4, 5, 6, 100, bytes.len() - 1] {
        let cut_off = tile::unbundle(&bytes[..cut]);
        // Only where an entry ends can a shorter bundle be one.
        assert_eq!(cut_off.is_ok(), [2, 5].contains(&cut), "{cut}");
    }
    assert!(tile::unbundle(&[]).is_err());
    assert!(tile::bundle([&*vec![0; limits::ENTRY_BYTES_MAX + 1]].into_iter()).is_err());
    assert!(tile::bundle([b"".as_slice(); 257].into_iter()).is_err());
    assert!(tile::unbundle(&[0; 2 * 257]).is_err());
}
