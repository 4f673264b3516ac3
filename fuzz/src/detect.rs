//! Patterns to compiled generations and back, and logs matched against one.

use std::{io::Read, sync::OnceLock};

use entente_detect::{
    Atom, Compiler, Counters, Entry, Generation, Options, Scanner, Settings, Test,
    pattern::{self, Mode, Observations, join::Bounds},
    terms::{self, of_pattern},
};
use entente_stix::observable::Kind;
use entente_telemetry::{Scratch, Source};

use crate::Dribble;

/// A generation file: opened and verified, or refused.
pub fn generation(data: &[u8]) {
    let Ok(generation) = Generation::open(data.to_vec()) else {
        return;
    };
    let _ = (generation.len(), generation.summary(), generation.verify());
    let _ = scanned(b"evil.example 192.0.2.1\n".as_slice(), &generation);
}

/// A pattern: evaluated, or not with a reason; what is evaluated compiles to a sound generation.
pub fn terms(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let terms = of_pattern(text);
    assert!(!terms.atoms.is_empty() || terms.not_evaluated.is_some(), "{text}");
    let generation = compiled(&terms.atoms);
    generation.verify().expect("what was just written is sound");
    let _ = scanned(data, &generation);
}

/// A pattern in the first line, observed data in the others: an answer in bounded steps, and what matches inside one
/// asset matches over all.
pub fn pattern_match(data: &[u8]) {
    let (text, observed) = data.split_at(data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len()));
    let Ok(compiled) = pattern::Compiled::parse(&String::from_utf8_lossy(text)) else {
        return;
    };
    let observations = Observations::read(observed);
    let verdict = |mode, counts_number_observed| {
        let bounds = Bounds {
            hits_max: 1 << 16,
            steps_max: 1 << 12,
        };
        let options = pattern::Options {
            mode,
            counts_number_observed,
            bounds,
        };
        let verdict = compiled.evaluate(&observations, options);
        assert_eq!(verdict.matched, !verdict.binding.is_empty());
        assert!(!(verdict.matched && verdict.incomplete.is_some()));
        let is_there = |part: &pattern::Part| observations.get(part.observation).is_some();
        assert!(verdict.binding.iter().all(is_there));
        verdict
    };
    let strict = verdict(Mode::Strict, false);
    if verdict(Mode::Asset, false).matched {
        assert!(strict.matched || strict.incomplete.is_some());
    }
    if strict.matched {
        let counted = verdict(Mode::Strict, true);
        assert!(counted.matched || counted.incomplete.is_some());
    }
}

/// A log against a few indicators: what is found does not depend on where reads end.
pub fn scan(data: &[u8]) {
    static GENERATION: OnceLock<Generation> = OnceLock::new();
    let generation = GENERATION.get_or_init(|| compiled(&known()));
    let whole = scanned(data, generation);
    let dribbled = scanned(Dribble::new(data), generation);
    // As in `logs`: an error may come earlier or later.
    if whole.is_ok() {
        assert_eq!(dribbled.ok(), whole.ok());
    }
}

/// Something of each kind that logs show.
fn known() -> Vec<Atom> {
    let mut atoms = Vec::new();
    for (kind, value) in [
        (Kind::Ipv4, "192.0.2.1"),
        (Kind::Ipv4, "198.51.100.0/24"),
        (Kind::Ipv6, "2001:db8::/32"),
        (Kind::Domain, "evil.example"),
        (Kind::Url, "http://evil.example/a"),
        (Kind::Email, "a@evil.example"),
        (Kind::Md5, "d41d8cd98f00b204e9800998ecf8427e"),
        (Kind::FileName, "a.exe"),
        (Kind::UserAgent, "x"),
    ] {
        atoms.extend(terms::atoms_of_observable(kind, value));
    }
    atoms.extend(of_pattern("[domain-name:value LIKE 'b%']").atoms);
    atoms.extend(of_pattern("[url:value MATCHES 'gate\\\\.php$']").atoms);
    assert!(atoms.iter().any(|atom| atom.test == Test::Matches));
    atoms
}

fn compiled(atoms: &[Atom]) -> Generation {
    let settings = Settings {
        seed: 7,
        ..Settings::default()
    };
    let mut compiler = Compiler::new(Vec::new(), settings).expect("in memory");
    let entry = Entry {
        id: "indicator--x",
        name: "x",
        ..Entry::default()
    };
    compiler.add(&entry, atoms).expect("in memory");
    let (_, file) = compiler.finish().expect("in memory");
    Generation::open(file).expect("what was just written opens")
}

fn scanned(
    reader: impl Read,
    generation: &Generation,
) -> Result<(Vec<String>, Counters), Box<dyn std::error::Error>> {
    let mut scanner = Scanner::new(generation, Options::default());
    let mut scratch = Scratch::default();
    let mut found = Vec::new();
    let mut source = Source::open(reader, "fuzz")?;
    while let Some(batch) = source.next()? {
        batch.visit(&mut scanner, &mut scratch);
        source.recycle(batch);
        let hits = scanner.hits()?;
        found.extend(
            hits.iter()
                .map(|hit| format!("{} {} {}", hit.line, hit.field, hit.value)),
        );
    }
    Ok((found, scanner.counters()))
}
