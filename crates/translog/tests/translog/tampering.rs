//! Whoever changes a published log is found out, whatever is changed.

use std::collections::BTreeMap;

use entente_translog::checkpoint;
use entente_translog::hash::{self, Hash};
use entente_translog::note::Signer;
use entente_translog::published::{self, CHECKPOINT, Kind, Options};
use entente_translog::tile;

use crate::shared::{Log, ORIGIN, Random, log_keys, rounds};

type Files = BTreeMap<String, Vec<u8>>;

type Way = fn(&mut Files, &mut Random);

/// What somebody does to the files, by name.
const WAYS: &[(&str, Way)] = &[
    ("delete a file", delete),
    ("swap two files", swap_files),
    ("edit a byte of an entry", |files, random| {
        edit(files, random, "tile/entries/")
    }),
    ("edit a byte of a tile", |files, random| {
        edit(files, random, "tile/")
    }),
    ("truncate a file", truncate),
    ("lengthen a file", lengthen),
    ("swap two entries", swap_entries),
    ("delete an entry", delete_entry),
    ("edit an entry and hash its tiles anew", rehash),
    (
        "edit an entry, hash anew and sign as somebody else",
        rehash_and_sign,
    ),
    ("replace the checkpoint's number", renumber),
    ("replace the checkpoint's signature", resign),
    ("edit a byte of the checkpoint", |files, random| {
        edit(files, random, CHECKPOINT)
    }),
    ("take a file of another log", foreign_file),
];

fn pick(files: &Files, random: &mut Random, prefix: &str) -> String {
    let paths: Vec<_> = files.keys().filter(|path| path.starts_with(prefix)).collect();
    (*random.pick(&paths)).clone()
}

fn delete(files: &mut Files, random: &mut Random) {
    let path = pick(files, random, "");
    files.remove(&path);
}

fn swap_files(files: &mut Files, random: &mut Random) {
    let (one, other) = (pick(files, random, ""), pick(files, random, ""));
    let (a, b) = (files[&one].clone(), files[&other].clone());
    files.extend([(one, b), (other, a)]);
}

fn edit(files: &mut Files, random: &mut Random, prefix: &str) {
    let path = pick(files, random, prefix);
    let bytes = files.get_mut(&path).unwrap();
    let at = random.below(bytes.len() as u64) as usize;
    bytes[at] ^= 1 + random.below(255) as u8;
}

fn truncate(files: &mut Files, random: &mut Random) {
    let path = pick(files, random, "");
    let bytes = files.get_mut(&path).unwrap();
    bytes.truncate(random.below(bytes.len() as u64) as usize);
}

fn lengthen(files: &mut Files, random: &mut Random) {
    let path = pick(files, random, "");
    let more = 1 + random.below(100);
    files
        .get_mut(&path)
        .unwrap()
        .extend((0..more).map(|_| random.next() as u8));
}

fn bundle(files: &Files, random: &mut Random) -> (String, Vec<Vec<u8>>) {
    let path = pick(files, random, "tile/entries/");
    let entries = tile::unbundle(&files[&path])
        .unwrap()
        .into_iter()
        .map(<[u8]>::to_vec)
        .collect();
    (path, entries)
}

fn put(files: &mut Files, path: String, entries: &[Vec<u8>]) {
    files.insert(path, tile::bundle(entries.iter().map(Vec::as_slice)).unwrap());
}

fn swap_entries(files: &mut Files, random: &mut Random) {
    let (path, mut entries) = bundle(files, random);
    let (a, b) = (
        random.below(entries.len() as u64),
        random.below(entries.len() as u64),
    );
    entries.swap(a as usize, b as usize);
    put(files, path, &entries);
}

fn delete_entry(files: &mut Files, random: &mut Random) {
    let (path, mut entries) = bundle(files, random);
    entries.remove(random.below(entries.len() as u64) as usize);
    put(files, path, &entries);
}

/// The whole log with one entry changed: every tile is right again up to some level; the checkpoint is not.
fn rewritten(files: &Files, random: &mut Random) -> Log {
    let mut entries: Vec<Vec<u8>> = Vec::new();
    let bundles: BTreeMap<_, _> = files
        .iter()
        .filter_map(|(path, bytes)| Some((tile::parse_entries(path).ok()?, bytes)))
        .collect();
    for bytes in bundles.values() {
        entries.extend(tile::unbundle(bytes).unwrap().into_iter().map(<[u8]>::to_vec));
    }
    let at = random.below(entries.len() as u64) as usize;
    entries[at] = hash::leaf(&random.next().to_be_bytes()).to_vec();
    let mut log = Log::default();
    log.append(entries);
    log
}

fn rehash(files: &mut Files, random: &mut Random) {
    let levels = random.below(4) as u8;
    let rewritten = rewritten(files, random).publish();
    let keep = |path: &str| path == CHECKPOINT || tile::TileId::parse(path).is_ok_and(|id| id.level > levels);
    files.extend(rewritten.into_iter().filter(|(path, _)| !keep(path)));
}

fn rehash_and_sign(files: &mut Files, random: &mut Random) {
    let log = rewritten(files, random);
    let honest = log_keys()[0].clone();
    let forger = Signer::ed25519(honest.name(), &hash::leaf(&random.next().to_be_bytes())).unwrap();
    let mut note = checkpoint::sign(&log.checkpoint(), &forger).unwrap();
    if random.below(2) == 0 {
        // The old signature under the new text.
        let old = String::from_utf8(files[CHECKPOINT].clone()).unwrap();
        note = format!("{}\n{}\n", log.checkpoint(), old.lines().last().unwrap());
    }
    files.extend(log.publish());
    files.insert(CHECKPOINT.to_owned(), note.into_bytes());
}

fn renumber(files: &mut Files, random: &mut Random) {
    let text = String::from_utf8(files[CHECKPOINT].clone()).unwrap();
    let mut lines: Vec<_> = text.split('\n').map(str::to_owned).collect();
    lines[1] = random.below(3000).to_string();
    files.insert(CHECKPOINT.to_owned(), lines.join("\n").into_bytes());
}

fn resign(files: &mut Files, random: &mut Random) {
    let text = String::from_utf8(files[CHECKPOINT].clone()).unwrap();
    let at = text.rfind(' ').unwrap() + 1;
    let key: Hash = hash::leaf(&random.next().to_be_bytes());
    let forger = Signer::ed25519(log_keys()[0].name(), &key).unwrap();
    let body = &text[..text.find("\n\n").unwrap() + 1];
    let forged = entente_translog::note::sign(body, &[&forger]).unwrap();
    let signature = &forged[forged.rfind(' ').unwrap() + 1..];
    // With the true key id in front, or with the forger's.
    let kept = if random.below(2) == 0 { 5 } else { 0 };
    let new = format!("{}{}{}", &text[..at], &text[at..at + kept], &signature[kept..]);
    files.insert(CHECKPOINT.to_owned(), new.into_bytes());
}

fn foreign_file(files: &mut Files, random: &mut Random) {
    let path = pick(files, random, "tile/");
    let size = files.keys().filter_map(|path| tile::parse_entries(path).ok());
    let size = size.map(|(_, width)| u64::from(width)).sum();
    let other = Log::made(random.next(), size).publish();
    files.insert(path.clone(), other[&path].clone());
}

/// One tampering, by seed. Gives its code; `None` where nothing came out changed.
fn tampered(logs: &[Files], seed: u64) -> Option<&'static str> {
    let mut random = Random(seed);
    let honest = random.pick(logs);
    let (name, way) = WAYS[(seed % WAYS.len() as u64) as usize];
    let mut files = honest.clone();
    way(&mut files, &mut random);
    if files == *honest {
        return None;
    }
    let options = Options {
        origin: Some(ORIGIN),
        commitments: true,
        ..Options::default()
    };
    match published::verify(&files, &log_keys(), &options) {
        Ok(_) => panic!("not found out: {name}, seed {seed}"),
        Err(fault) => {
            assert!(Kind::ALL.contains(&fault.kind()) && !fault.place().is_empty());
            Some(fault.code())
        }
    }
}

/// A thousand; ten thousand where ENTENTE_CAMPAIGN is set. `ENTENTE_SEED` begins elsewhere.
#[test]
fn every_tampering_is_found_out() {
    #[allow(clippy::disallowed_methods)]
    let begin: u64 = std::env::var("ENTENTE_SEED").map_or(0, |seed| seed.parse().unwrap());
    let logs: Vec<_> = [1, 7, 256, 300, 700, 2000]
        .map(|size| Log::made(size, size).publish())
        .into();
    let mut codes = BTreeMap::<_, u64>::new();
    let (mut done, mut seed) = (0, begin);
    while done < rounds(1000, 10_000) {
        if let Some(code) = tampered(&logs, seed) {
            *codes.entry(code).or_default() += 1;
            done += 1;
        }
        seed += 1;
    }
    assert!(codes.len() >= 12, "{codes:?}");
    if done == 10_000 {
        #[allow(clippy::print_stdout)]
        {
            println!("{codes:?}");
        }
    }
}
