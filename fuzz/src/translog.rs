//! Notes, what is written around them, tiles, and logs as they are published.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use entente_translog::checkpoint::{self, Checkpoint};
use entente_translog::fork::Fork;
use entente_translog::frontier::Frontier;
use entente_translog::note::{self, Note, Signer, Verifier};
use entente_translog::published::{self, CHECKPOINT, Options};
use entente_translog::tile::{self, TileId, Tiles};
use entente_translog::tlog_proof::TlogProof;
use entente_translog::witness::{self, Request};
use entente_translog::{cosignature, hash};

/// The keys that are known: the note key of seed 0 and the cosigner of seed 1, by the names of the corpus.
static KEYS: LazyLock<Vec<Verifier>> = LazyLock::new(|| {
    let witness = Signer::cosigner("w.example", &[1; 32]).expect("a key");
    vec![log_key().verifier().clone(), witness.verifier().clone()]
});

fn log_key() -> Signer {
    Signer::ed25519("a.example", &[0; 32]).expect("a key")
}

/// Notes, checkpoints and keys: what is read is written back as it came, and good only if it was signed.
pub fn note(data: &[u8]) {
    if let Some(key) = str::from_utf8(data)
        .ok()
        .and_then(|text| text.parse::<Verifier>().ok())
    {
        assert_eq!(key.to_string().as_bytes(), data);
    }
    let Ok(note) = Note::read(data) else { return };
    assert!(note.text().ends_with('\n') && !note.signatures().is_empty());
    if let Ok(checkpoint) = Checkpoint::read(note.text()) {
        assert_eq!(checkpoint.to_string(), note.text());
    }
    let signed = note::sign(note.text(), &[&log_key()]).map(|signed| signed.into_bytes());
    if let Ok(verified) = note.verify(&KEYS[..1]) {
        assert!(verified.is_by(&KEYS[0]));
        let line = signed.expect("what is good could be signed");
        let line = line.rsplit(|byte| *byte == b' ').next().expect("a signature");
        assert!(
            data.windows(line.len()).any(|part| part == line),
            "good, but not signed"
        );
    }
    let _ = (checkpoint::open(data, &KEYS), cosignature::verify(data, &KEYS));
}

/// Requests to witnesses, forks and proof files: what is read is written back as it came.
pub fn log_text(data: &[u8]) {
    if let Ok(request) = Request::read(data) {
        assert_eq!(request.to_string().as_bytes(), data);
        let answer = witness::decide(&request, &KEYS, Some((3, hash::leaf(b"root"))));
        assert!((200..500).contains(&answer.status()));
    }
    if let Ok(fork) = Fork::read(data) {
        assert_eq!(fork.to_string().as_bytes(), data);
        let _ = fork.verify(&KEYS);
    }
    if let Ok(proof) = TlogProof::read(data) {
        assert_eq!(proof.to_string().as_bytes(), data);
    }
}

/// Paths of tiles, bundles of entries, frontiers: one way to write each.
pub fn log_tile(data: &[u8]) {
    if let Ok(path) = str::from_utf8(data) {
        if let Ok(id) = TileId::parse(path) {
            assert_eq!(id.path(), path);
        }
        if let Ok((index, width)) = tile::parse_entries(path) {
            assert_eq!(tile::entries_path(index, width), path);
        }
    }
    if let Ok(entries) = tile::unbundle(data) {
        assert_eq!(tile::bundle(entries.into_iter()).expect("within bounds"), data);
    }
    if let Some((size, hashes)) = data.split_first_chunk()
        && let Ok(mut frontier) = Frontier::from_bytes(u64::from_be_bytes(*size), hashes)
    {
        assert_eq!(frontier.to_bytes(), hashes);
        let before = frontier.size();
        frontier.push(hash::leaf(data));
        assert_eq!(frontier.size(), before + 1);
    }
}

#[derive(Default)]
struct Held(BTreeMap<(u8, u64), Vec<u8>>);

impl Tiles for Held {
    type Error = ();

    fn tile(&self, id: TileId) -> Result<Vec<u8>, ()> {
        self.0.get(&(id.level, id.index)).cloned().ok_or(())
    }
}

/// A log of 300 entries as it is published.
static PUBLISHED: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
    let entries: Vec<_> = (0..300u16)
        .map(|number| hash::leaf(&number.to_be_bytes()))
        .collect();
    let leaves: Vec<_> = entries.iter().map(|entry| hash::leaf(entry)).collect();
    let mut tiles = Held::default();
    let mut files = BTreeMap::new();
    for (id, bytes) in tile::appended(0, &leaves, &tiles).expect("nothing to read") {
        files.insert(id.path(), bytes.clone());
        tiles.0.insert((id.level, id.index), bytes);
    }
    for (index, part) in (0..).zip(entries.chunks(256)) {
        let bundle = tile::bundle(part.iter().map(|entry| entry.as_slice())).expect("within bounds");
        files.insert(tile::entries_path(index, part.len() as u16), bundle);
    }
    let root = entente_translog::proof::root(&tiles, 300).expect("a root");
    let head = Checkpoint {
        origin: "a.example/log".to_owned(),
        size: 300,
        root,
        extensions: vec![],
    };
    let note = checkpoint::sign(&head, &log_key()).expect("a checkpoint");
    files.insert(CHECKPOINT.to_owned(), note.into_bytes());
    files
});

/// A published log changed as the bytes say, five for each change: whatever is changed is found out.
pub fn published(data: &[u8]) {
    let mut files = PUBLISHED.clone();
    for [file, way, high, low, byte] in data.as_chunks::<5>().0 {
        let path = files
            .keys()
            .nth(usize::from(*file) % PUBLISHED.len())
            .cloned()
            .unwrap_or_default();
        let Some(bytes) = files.get_mut(&path) else {
            continue;
        };
        let at = usize::from(u16::from_be_bytes([*high, *low])) % (bytes.len() + 1);
        match way % 5 {
            0 if at < bytes.len() => bytes[at] ^= byte,
            1 => bytes.truncate(at),
            2 => bytes.insert(at, *byte),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            4 => drop(files.remove(&path)),
            _ => {}
        }
    }
    match published::verify(&files, &KEYS, &Options::default()) {
        // A line by a stranger under the checkpoint is no change of the log.
        Ok(_) => {
            let text = |files: &BTreeMap<String, Vec<u8>>| {
                let note = Note::read(&files[CHECKPOINT]).expect("a note");
                note.text().to_owned()
            };
            assert_eq!(text(&files), text(&PUBLISHED));
            files.remove(CHECKPOINT);
            assert!(
                files.iter().all(|(path, bytes)| PUBLISHED[path] == *bytes),
                "not found out"
            );
        }
        Err(fault) => assert!(!fault.code().is_empty() && !fault.place().is_empty()),
    }
    let _ = published::prove(&files, &KEYS, data.len() as u64);
}
