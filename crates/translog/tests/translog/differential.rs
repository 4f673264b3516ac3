//! Against the crates `tlog_tiles` and `signed_note`, which are others' readings of the same texts.

use std::cell::RefCell;

use entente_translog::checkpoint::Checkpoint;
use entente_translog::hash::{self, Hash};
use entente_translog::note::{self, Note, Signer, Verifier};
use entente_translog::proof::{consistency, inclusion, verify_consistency, verify_inclusion};
use entente_translog::tile::{TileId, Tiles};
use proptest::collection::vec;
use proptest::prelude::*;
use signed_note::{Note as TheirNote, StandardVerifier, VerifierList};
use tlog_tiles::{HashReader, TileReader};

use crate::shared::{Log, Random};

/// Their store of hashes, filled by them from the same entries.
struct Stored(Vec<tlog_tiles::Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

impl Stored {
    fn of(log: &Log) -> Self {
        let mut stored = Self(Vec::new());
        for (number, entry) in (0..).zip(&log.entries) {
            let more = tlog_tiles::stored_hashes(number, entry, &stored).unwrap();
            stored.0.extend(more);
        }
        stored
    }
}

/// Our tiles, read by them.
struct Ours<'a>(&'a Log, RefCell<u64>);

impl TileReader for Ours<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        *self.1.borrow_mut() += tiles.len() as u64;
        let read = |tile: &tlog_tiles::Tile| {
            let width = tile.width() as usize;
            let id = TileId {
                level: tile.level(),
                index: tile.level_index(),
                width: width as u16,
            };
            self.0.tile(id).unwrap()[..32 * width].to_vec()
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _tiles: &[tlog_tiles::Tile], _data: &[Vec<u8>]) {}
}

fn theirs(hashes: &[Hash]) -> Vec<tlog_tiles::Hash> {
    hashes.iter().copied().map(tlog_tiles::Hash).collect()
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| hash.0).collect()
}

#[test]
fn trees_proofs_and_tiles_are_the_same() {
    let mut random = Random(1);
    let log = Log::made(1, 70_000);
    let stored = Stored::of(&log);
    let leaves = log.leaves();
    for round in 0..300 {
        // Small trees, trees around a tile's end, and big ones.
        let size = 1 + match round % 3 {
            0 => random.below(300),
            1 => 65_300 + random.below(500),
            _ => random.below(69_999),
        };
        let (index, old) = (random.below(size), 1 + random.below(size));
        let (root, old_root) = [size, old]
            .map(|n| tlog_tiles::tree_hash(n, &stored).unwrap())
            .into();
        assert_eq!(entente_translog::proof::root(&log, size).unwrap(), root.0);

        let proof = inclusion(&log, index, size).unwrap();
        let leaf = leaves[index as usize];
        assert_eq!(
            proof,
            ours(&tlog_tiles::prove_record(size, index, &stored).unwrap())
        );
        tlog_tiles::check_record(&theirs(&proof), size, root, index, tlog_tiles::Hash(leaf)).unwrap();
        verify_inclusion(&proof, size, &root.0, index, &leaf).unwrap();

        let steps = consistency(&log, old, size).unwrap();
        assert_eq!(steps, ours(&tlog_tiles::prove_tree(size, old, &stored).unwrap()));
        tlog_tiles::check_tree(&theirs(&steps), size, root, old, old_root).unwrap();
        verify_consistency(&steps, size, &root.0, old, &old_root.0).unwrap();

        // They find our tiles good, which they check against the root while reading.
        let reader = Ours(&log, RefCell::default());
        let tiles = tlog_tiles::TileHashReader::new(size, root, &reader);
        assert_eq!(
            proof,
            ours(&tlog_tiles::prove_record(size, index, &tiles).unwrap())
        );
        assert!(*reader.1.borrow() > 0);
    }
}

#[test]
fn tiles_and_their_paths_are_the_same() {
    let log = Log::made(2, 66_000);
    let stored = Stored::of(&log);
    let mut count = 0;
    for tile in tlog_tiles::Tile::new_tiles(8, 0, log.size()) {
        let id = TileId {
            level: tile.level(),
            index: tile.level_index(),
            width: tile.width() as u16,
        };
        // Their paths name the height of tiles, as Go's do; C2SP fixed it.
        assert_eq!(id.path(), tile.path().replacen("tile/8/", "tile/", 1));
        assert_eq!(
            log.tile(id).unwrap()[..32 * usize::from(id.width)],
            tile.read_data(&stored).unwrap()
        );
        count += 1;
    }
    assert_eq!(count, log.tiles.len());
}

proptest! {
    #[test]
    fn hashes_are_the_same(entry in vec(any::<u8>(), 0..300), left: Hash, right: Hash) {
        prop_assert_eq!(hash::leaf(&entry), tlog_tiles::record_hash(&entry).0);
        let node = tlog_tiles::node_hash(tlog_tiles::Hash(left), tlog_tiles::Hash(right));
        prop_assert_eq!(hash::node(&left, &right), node.0);
    }

    #[test]
    fn paths_are_read_the_same(
        level in 0u8..64, index in any::<u64>(), shift in 0u32..64, width in 1u16..=256, edit in any::<(u8, u8)>(),
    ) {
        let mut path = TileId { level, index: index >> shift, width }.path().into_bytes();
        if edit.0 % 2 == 0 {
            let at = usize::from(edit.0) % path.len();
            path[at] = b"0129x./p+"[usize::from(edit.1) % 9];
        }
        let path = String::from_utf8(path).unwrap();
        let read = TileId::parse(&path).ok();
        // What no tile can be, their reader does not refuse: it panics.
        let level = path.split('/').nth(1).and_then(|level| level.parse::<u8>().ok());
        let width = path.rsplit_once(".p/").and_then(|(_, width)| width.parse::<u32>().ok());
        if level.is_some_and(|level| level > 63) || width == Some(0) {
            prop_assert_eq!(read, None);
            return Ok(());
        }
        let their = tlog_tiles::Tile::from_path(&path.replacen("tile/", "tile/8/", 1));
        let same = their.ok().map(|tile| (tile.level(), tile.level_index(), tile.width() as u16));
        prop_assert_eq!(read.map(|id| (id.level, id.index, id.width)), same);
    }

    #[test]
    fn checkpoints_are_written_and_read_the_same(
        origin in "[a-z /.é]{1,20}", size in 1u64..(1 << 63), root: Hash, extensions in vec("[a-z ]{1,9}", 0..3),
    ) {
        let ours = Checkpoint { origin: origin.clone(), size, root, extensions: extensions.clone() };
        let lines: String = extensions.iter().map(|line| format!("{line}\n")).collect();
        let their = tlog_tiles::Checkpoint::new(&origin, size, tlog_tiles::Hash(root), &lines).unwrap();
        prop_assert_eq!(ours.to_string().into_bytes(), their.to_bytes());
        let back = Checkpoint::read(str::from_utf8(&their.to_bytes()).unwrap()).unwrap();
        prop_assert_eq!(back, ours);
    }

    #[test]
    fn notes_are_signed_and_verified_the_same(
        lines in vec("[ -~é]{0,12}", 1..5), name in "[a-zA-Z0-9./é-]{1,16}", seed: [u8; 32],
    ) {
        let text = lines.join("\n") + "\n";
        let signer = Signer::ed25519(&name, &seed).unwrap();
        let vkey = signer.verifier().to_string();
        let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
        let note = note::sign(&text, &[&signer]).unwrap();
        let their = TheirNote::from_bytes(note.as_bytes()).unwrap();
        prop_assert_eq!(their.text(), text.as_bytes());
        prop_assert_eq!(their.verify(&known).unwrap().0.len(), 1);

        // Ed25519 has one signature for each text and key: theirs is the same, byte for byte.
        let key: Verifier = vkey.parse().unwrap();
        let secret = [&[1], seed.as_slice()].concat();
        let skey = format!(
            "PRIVATE+KEY+{name}+{:08x}+{}",
            u32::from_be_bytes(key.key_id()),
            base64::Engine::encode(&base64::prelude::BASE64_STANDARD, secret),
        );
        let mut signed = TheirNote::new(text.as_bytes(), &[]).unwrap();
        signed.add_sigs(&[&signed_note::StandardSigner::new(&skey).unwrap()]).unwrap();
        prop_assert_eq!(signed.to_bytes(), note.as_bytes());
        let verified = Note::read(note.as_bytes()).unwrap().verify(&[key]);
        prop_assert_eq!(verified.unwrap().text(), text.as_str());
    }

    /// Whatever is done to a note, both take it or both refuse it.
    #[test]
    fn spoiled_notes_are_refused_the_same(seed in any::<u64>()) {
        let mut random = Random(seed);
        let (a, b) = (Signer::ed25519("a.example", &[1; 32]).unwrap(), Signer::ed25519("b", &[2; 32]).unwrap());
        let mut note = note::sign("one\n\ntwo\n", &[&a, &b]).unwrap().into_bytes();
        for _ in 0..random.below(4) {
            let at = random.below(note.len() as u64) as usize;
            match random.below(4) {
                0 => note[at] ^= 1 << random.below(8),
                1 => drop(note.remove(at)),
                2 => note.insert(at, *random.pick(b"\n\0 +=Aa\x80\xe2")),
                _ => note.truncate(at.max(8)),
            }
        }
        let keys = [a.verifier().clone(), b.verifier().clone()];
        let known = keys.iter().map(|key| Box::new(StandardVerifier::new(&key.to_string()).unwrap()) as Box<_>);
        let their = TheirNote::from_bytes(&note);
        let our = Note::read(&note);
        prop_assert_eq!(our.is_ok(), their.is_ok(), "{:?}", String::from_utf8_lossy(&note));
        if let (Ok(our), Ok(their)) = (our, their) {
            prop_assert_eq!(our.text().as_bytes(), their.text());
            let their = their.verify(&VerifierList::new(known.collect())).map(|(good, _)| good.len());
            prop_assert_eq!(our.verify(&keys).ok().map(|good| good.signers().len()), their.ok());
        }
    }

    /// Whatever is done to a checkpoint's text: what we take, they take in the same sense; what they take and
    /// we refuse is too big, is an empty tree with a root, or has what no note may have.
    #[test]
    fn spoiled_checkpoints_are_refused_no_less(seed in any::<u64>()) {
        let mut random = Random(seed);
        let sizes = [0, 1, 10, u64::MAX >> 1, u64::MAX];
        let root = if random.below(2) == 0 { hash::empty() } else { [7; 32] };
        let ours = Checkpoint { origin: "a.example/b".to_owned(), size: *random.pick(&sizes), root, extensions: vec![] };
        let mut body = ours.to_string().into_bytes();
        for _ in 0..random.below(3) {
            let at = random.below(body.len() as u64) as usize;
            match random.below(4) {
                0 => body[at] = *random.pick(b"\n0 +=Aab"),
                1 => drop(body.remove(at)),
                2 => body.insert(at, *random.pick(b"\n0 +=Aab")),
                _ => body.extend(random.pick(&["\n", "more\n", "more"]).bytes()),
            }
        }
        let text = String::from_utf8(body).unwrap();
        let their = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).ok();
        match (Checkpoint::read(&text), their) {
            (Ok(ours), their) => {
                prop_assert_eq!(&ours.to_string(), &text);
                let their = their.unwrap();
                prop_assert_eq!((ours.size, ours.root), (their.size(), their.hash().0));
            }
            (Err(_), Some(their)) => prop_assert!(their.size() == 0 || their.size() > u64::MAX >> 1, "{text:?}"),
            (Err(_), None) => {}
        }
    }
}
