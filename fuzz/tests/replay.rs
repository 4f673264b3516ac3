//! Runs every corpus through its target, and every target over every corpus.

use std::{fs, path::Path};

use entente_fuzz::TARGETS;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files
        .map(|file| fs::read(file.expect("entry").path()).expect("file"))
        .collect()
}

#[test]
fn every_corpus_holds_the_laws_of_its_target() {
    for (name, target) in TARGETS {
        let inputs = corpus(name);
        assert!(!inputs.is_empty(), "`{name}` has no corpus");
        inputs.iter().for_each(|input| target(input));
    }
}

#[test]
fn every_target_takes_what_is_meant_for_another() {
    let inputs: Vec<_> = TARGETS.iter().flat_map(|(name, _)| corpus(name)).collect();
    for (_, target) in TARGETS {
        inputs.iter().for_each(|input| target(input));
    }
}

/// What the fuzzer does, a little of it, on stable and the same every time.
#[test]
fn every_target_holds_its_laws_on_mutations_of_its_corpus() {
    const ROUNDS: u64 = 40;
    let others: Vec<_> = TARGETS.iter().flat_map(|(name, _)| corpus(name)).collect();
    for (name, target) in TARGETS {
        for (nth, input) in corpus(name).iter().enumerate() {
            for round in 0..ROUNDS {
                let mut random = Random((nth as u64) << 32 | round);
                target(&mutated(input, &others, &mut random));
            }
        }
    }
}

/// Bytes that mean something to one reader or another.
const SPECIAL: &[u8] = b"\"\\{}[]:,\n\0#;'\x80.-%/ \t|<=";

fn mutated(input: &[u8], others: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        let end = at + random.below((bytes.len() - at).min(40) + 1);
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.extend_from_within(at..end),
            3 => bytes.insert(at, random.below(256) as u8),
            4 => {
                let other = &others[random.below(others.len())];
                let from = random.below(other.len() + 1);
                let until = (from + random.below(60)).min(other.len());
                bytes.splice(at..end, other[from..until].iter().copied());
            }
            _ if at < bytes.len() => bytes[at] = SPECIAL[random.below(SPECIAL.len())],
            _ => {}
        }
    }
    bytes
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

#[test]
fn every_target_has_its_program() {
    for (name, _) in TARGETS {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz_targets/{name}.rs"));
        let text = fs::read_to_string(program).expect(name);
        assert!(text.contains(&format!("entente_fuzz::{name}(data)")));
    }
}
