//! Indicators to a generation file, as a stream: records go out as they come, and 16 bytes an atom are kept
//! until the end, when filter and table are laid out.

use crate::arena;
use crate::atom::{Atom, Test};
use crate::bloom::Bloom;
use crate::expression::clip;
use crate::generation::{Summary, block_sum, network_word};
use crate::hash::Keys;
use crate::key::{Family, Key};
use crate::layout::{BLOCK_BYTES, Checksum, FAMILIES, HEADER_WORDS, MAGIC, Part, Section, Trailer, VERSION};
use crate::limits::{
    ARENA_BYTES_MAX, ATOMS_PER_INDICATOR_MAX, ID_BYTES_MAX, PATTERN_PROGRAMS_BYTES_MAX, PATTERNS_MAX,
    VALUE_BYTES_MAX,
};
use crate::networks::{Address, Network};
use crate::patterns;
use crate::table::{Layout, Reference, lines_for};
use std::io::Write;

/// One indicator, as far as detection needs it. Times are microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry<'a> {
    /// The STIX id.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// First moment of validity.
    pub valid_from: Option<i64>,
    /// First moment after validity.
    pub valid_until: Option<i64>,
    /// Withdrawn by its maker: never reported.
    pub revoked: bool,
    /// 0 to 100.
    pub confidence: Option<u8>,
}

/// Why a generation cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The output failed.
    #[error("cannot write the compiled generation: {0}")]
    Io(#[from] std::io::Error),
    /// More than references can count.
    #[error("the indicators take more than {ARENA_BYTES_MAX} bytes; scan with fewer sources at a time")]
    TooLarge,
    /// No STIX id is so long.
    #[error("the indicator id of {0} bytes is longer than {ID_BYTES_MAX}")]
    Id(usize),
}

/// What the whole generation is like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Key of the hash functions: random for each generation, so that nobody can make values that collide.
    pub seed: u64,
    /// Whether hosts of URL indicators can be looked for alone
    /// ([`Options::url_hosts`](crate::Options::url_hosts)).
    pub url_hosts: bool,
}

/// Takes indicators and writes a generation.
#[derive(Debug)]
pub struct Compiler<W> {
    records: Records<W>,
    keys: Keys,
    settings: Settings,
    trailer: Trailer,
    /// Hash, place and family by the hash's highest byte.
    shards: Vec<Vec<(u64, u32, Family)>>,
    networks4: Vec<(u32, u8, u32)>,
    networks6: Vec<(u128, u8, u32)>,
    patterns: Vec<u32>,
    /// What the programs of `patterns` take.
    pattern_bytes: usize,
    family_sizes: [u64; FAMILIES],
    buffer: Vec<u8>,
}

impl<W: Write> Compiler<W> {
    /// Starts a file. `out` is written in large pieces, and completely only by [`Compiler::finish`].
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn new(out: W, settings: Settings) -> Result<Self, Error> {
        let mut records = Records {
            out,
            buffer: Vec::new(),
            written: 0,
            sums: Vec::new(),
        };
        let mut header = [0; HEADER_WORDS];
        header.copy_from_slice(&[MAGIC, VERSION, settings.seed, 0]);
        records.append(&header.map(u64::to_le_bytes).concat())?;
        Ok(Compiler {
            records,
            keys: Keys::new(settings.seed),
            settings,
            trailer: Trailer {
                seed: settings.seed,
                ..Trailer::default()
            },
            shards: vec![Vec::new(); 256],
            networks4: Vec::new(),
            networks6: Vec::new(),
            patterns: Vec::new(),
            pattern_bytes: 0,
            family_sizes: [0; FAMILIES],
            buffer: Vec::new(),
        })
    }

    /// Adds an indicator with all it asks for. Gives back what could not be compiled and why, for people.
    ///
    /// # Errors
    /// [`Error`]; the file is then of no use.
    pub fn add(&mut self, entry: &Entry<'_>, atoms: &[Atom]) -> Result<Vec<String>, Error> {
        if entry.id.len() > ID_BYTES_MAX {
            return Err(Error::Id(entry.id.len()));
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        arena::write_indicator(entry, &mut buffer);
        let indicator = self.records.append(&buffer)?;
        self.buffer = buffer;
        self.trailer.indicators += 1;
        let mut refused = Vec::new();
        for (number, atom) in atoms.iter().enumerate() {
            if number >= ATOMS_PER_INDICATOR_MAX {
                refused.push(format!("more than {ATOMS_PER_INDICATOR_MAX} comparisons"));
                break;
            }
            if let Err(Refused(reason)) = self.add_atom(indicator, atom)? {
                refused.push(reason);
            }
        }
        Ok(refused)
    }

    fn add_atom(&mut self, indicator: u32, atom: &Atom) -> Result<Result<(), Refused>, Error> {
        let Atom { kind, test, value } = atom;
        if value.len() > VALUE_BYTES_MAX {
            return Ok(refuse(format!(
                "a value of {} bytes is longer than {VALUE_BYTES_MAX}",
                value.len()
            )));
        }
        if test.is_pattern() {
            if self.patterns.len() >= PATTERNS_MAX {
                return Ok(refuse(format!(
                    "the generation has {PATTERNS_MAX} LIKE and MATCHES already"
                )));
            }
            let bytes = match patterns::check(*kind, *test, value) {
                Ok(bytes) => bytes,
                Err(reason) => return Ok(refuse(reason)),
            };
            if self.pattern_bytes + bytes > PATTERN_PROGRAMS_BYTES_MAX {
                return Ok(refuse(format!(
                    "the expression `{}`: all LIKE and MATCHES together take more than \
                     {PATTERN_PROGRAMS_BYTES_MAX} bytes",
                    clip(value)
                )));
            }
            self.pattern_bytes += bytes;
        }
        let Some(key) = Key::of(&self.keys, *kind as u8, *test, value) else {
            return Ok(refuse(format!(
                "`{}` is not a {} in normal form",
                clip(value),
                kind.name()
            )));
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        arena::write_atom(*kind as u8, *test, indicator, value.as_bytes(), &mut buffer);
        let place = self.records.append(&buffer)?;
        self.buffer = buffer;
        self.count(*kind as u8, *test);
        match key {
            Key::Hash(hash, family) => self.keep(hash, place, family),
            Key::Network4(start, length) => self.networks4.push((start, length, place)),
            Key::Network6(start, length) => self.networks6.push((start, length, place)),
            Key::Pattern => self.patterns.push(place),
        }
        if self.settings.url_hosts
            && let Some(host) = crate::key::url_host(*kind as u8, *test, value)
        {
            return self.add_atom(
                indicator,
                &Atom {
                    kind: *kind,
                    test: Test::UrlHost,
                    value: host.to_owned(),
                },
            );
        }
        Ok(Ok(()))
    }

    fn count(&mut self, kind: u8, test: Test) {
        self.trailer.atoms += 1;
        let kinds = self.trailer.kinds.get_mut(usize::from(kind));
        let tests = self.trailer.tests.get_mut(test as usize);
        for count in kinds.into_iter().chain(tests) {
            *count += 1;
        }
    }

    fn keep(&mut self, hash: u64, place: u32, family: Family) {
        if let Some(shard) = self.shards.get_mut((hash >> 56) as usize) {
            shard.push((hash, place, family));
        }
        if let Some(size) = self.family_sizes.get_mut(family as usize) {
            *size += 1;
        }
    }

    /// Writes everything else and gives the output back, flushed.
    ///
    /// # Errors
    /// [`Error`].
    pub fn finish(mut self) -> Result<(Summary, W), Error> {
        let mut blooms = self.family_sizes.map(Bloom::for_keys);
        let mut shards = std::mem::take(&mut self.shards);
        let mut hashes = 0;
        for shard in &mut shards {
            shard.sort_unstable_by_key(|&(hash, place, _)| (hash, place));
            hashes += self.join_equal(shard, &mut blooms)?;
        }
        let networks4 = self.join_networks(|own| std::mem::take(&mut own.networks4))?;
        let networks6 = self.join_networks(|own| std::mem::take(&mut own.networks6))?;
        let Compiler {
            records,
            mut trailer,
            patterns,
            ..
        } = self;
        let (sums, out) = records.finish()?;
        trailer.blocks = sums.len() as u64;
        let mut out = Sections {
            out,
            buffer: Vec::new(),
            trailer,
        };
        out.section(Part::BlockSums, sums.iter().copied())?;
        out.section(
            Part::Networks4,
            networks4.iter().flat_map(|network| {
                [
                    u64::from(network.start),
                    network_word(network.length, network.reference),
                ]
            }),
        )?;
        out.section(
            Part::Networks6,
            networks6.iter().flat_map(|network| {
                let (high, low) = ((network.start >> 64) as u64, network.start as u64);
                [high, low, network_word(network.length, network.reference)]
            }),
        )?;
        out.section(Part::Patterns, patterns.iter().map(|&place| u64::from(place)))?;
        out.trailer.bloom_words = blooms.each_ref().map(|bloom| bloom.words().len() as u64);
        out.section(
            Part::Bloom,
            blooms.iter().flat_map(|bloom| bloom.words().iter().copied()),
        )?;
        drop(blooms);
        out.table(hashes, &shards)?;
        out.finish()
    }

    /// Writes a list for each run of equal hashes, leaving one entry that points to it. Gives the number of
    /// distinct hashes, and fills the filters.
    fn join_equal(
        &mut self,
        shard: &mut Vec<(u64, u32, Family)>,
        blooms: &mut [Bloom],
    ) -> Result<u64, Error> {
        let mut joined = 0;
        let mut failure = None;
        let mut places = Vec::new();
        let mut runs: Vec<(usize, u32)> = Vec::new();
        for run in shard.chunk_by(|a, b| a.0 == b.0) {
            let Some(&(hash, _, family)) = run.first() else {
                continue;
            };
            if let Some(bloom) = blooms.get_mut(family as usize) {
                bloom.insert(hash);
            }
            // Equal hashes of two families are as good as impossible, but a filter must never be wrong.
            for &(_, _, other) in run.iter().filter(|entry| entry.2 != family) {
                if let Some(bloom) = blooms.get_mut(other as usize) {
                    bloom.insert(hash);
                }
            }
            if run.len() > 1 {
                places.clear();
                places.extend(run.iter().map(|entry| entry.1));
                self.buffer.clear();
                arena::write_list(&places, &mut self.buffer);
                match self.records.append(&self.buffer) {
                    Ok(place) => runs.push((joined, place)),
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
            joined += 1;
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        shard.dedup_by_key(|entry| entry.0);
        for (number, place) in runs {
            if let Some(entry) = shard.get_mut(number) {
                entry.1 = place;
                entry.2 = Family::List;
            }
        }
        Ok(joined as u64)
    }

    fn join_networks<A: Address>(
        &mut self,
        take: impl FnOnce(&mut Self) -> Vec<(A, u8, u32)>,
    ) -> Result<Vec<Network<A>>, Error> {
        let mut all = take(self);
        all.sort_unstable();
        let mut joined = Vec::with_capacity(all.len());
        for run in all.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some(&(start, length, place)) = run.first() else {
                continue;
            };
            let mut reference = Reference {
                place,
                is_list: false,
            };
            if run.len() > 1 {
                let places: Vec<u32> = run.iter().map(|network| network.2).collect();
                self.buffer.clear();
                arena::write_list(&places, &mut self.buffer);
                reference = Reference {
                    place: self.records.append(&self.buffer)?,
                    is_list: true,
                };
            }
            joined.push(Network {
                start,
                length,
                reference,
            });
        }
        Ok(joined)
    }
}

/// Why one atom is not compiled.
struct Refused(String);

fn refuse(reason: String) -> Result<(), Refused> {
    Err(Refused(reason))
}

/// Bytes collected before they are written.
const BUFFER_BYTES: usize = 64 * BLOCK_BYTES;

/// The arena as it is written.
#[derive(Debug)]
struct Records<W> {
    out: W,
    buffer: Vec<u8>,
    written: u64,
    sums: Vec<u64>,
}

impl<W: Write> Records<W> {
    /// Writes a record and gives its place in units of 8 bytes.
    fn append(&mut self, record: &[u8]) -> Result<u32, Error> {
        let at = self.written + self.buffer.len() as u64;
        if at + record.len() as u64 > ARENA_BYTES_MAX - BLOCK_BYTES as u64 {
            return Err(Error::TooLarge);
        }
        self.buffer.extend_from_slice(record);
        self.buffer.resize(self.buffer.len().next_multiple_of(8), 0);
        if self.buffer.len() >= BUFFER_BYTES {
            self.write_blocks()?;
        }
        u32::try_from(at / 8).map_err(|_| Error::TooLarge)
    }

    fn write_blocks(&mut self) -> Result<(), Error> {
        let (blocks, rest) = self.buffer.as_chunks::<BLOCK_BYTES>();
        self.sums.extend(blocks.iter().map(|block| block_sum(block)));
        let whole = self.buffer.len() - rest.len();
        self.out.write_all(self.buffer.get(..whole).unwrap_or_default())?;
        self.written += whole as u64;
        self.buffer.drain(..whole);
        Ok(())
    }

    fn finish(mut self) -> Result<(Vec<u64>, W), Error> {
        self.buffer
            .resize(self.buffer.len().next_multiple_of(BLOCK_BYTES), 0);
        self.write_blocks()?;
        Ok((self.sums, self.out))
    }
}

/// The sections after the arena as they are written.
struct Sections<W> {
    out: W,
    buffer: Vec<u8>,
    trailer: Trailer,
}

impl<W: Write> Sections<W> {
    fn section(&mut self, part: Part, words: impl Iterator<Item = u64>) -> Result<(), Error> {
        let mut sum = Checksum::new();
        let mut count = 0;
        for word in words {
            sum.add(word);
            count += 1;
            self.word(word)?;
        }
        self.note(part, count, sum);
        Ok(())
    }

    fn table(&mut self, hashes: u64, shards: &[Vec<(u64, u32, Family)>]) -> Result<(), Error> {
        self.trailer.table_lines = lines_for(hashes);
        let mut layout = Layout::new(self.trailer.table_lines);
        let mut sum = Checksum::new();
        let mut count = 0;
        let mut emit = |slot| {
            sum.add(slot);
            count += 1;
            self.word(slot)
        };
        for &(hash, place, family) in shards.iter().flatten() {
            let reference = Reference {
                place,
                is_list: family == Family::List,
            };
            layout.place(hash, reference, &mut emit)?;
        }
        layout.finish(&mut emit)?;
        self.note(Part::Table, count, sum);
        Ok(())
    }

    fn note(&mut self, part: Part, words: u64, sum: Checksum) {
        if let Some(section) = self.trailer.sections.get_mut(part as usize) {
            *section = Section {
                words,
                checksum: sum.value(),
            };
        }
    }

    fn word(&mut self, word: u64) -> Result<(), Error> {
        self.buffer.extend(word.to_le_bytes());
        if self.buffer.len() >= BUFFER_BYTES {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(Summary, W), Error> {
        for word in self.trailer.to_words() {
            self.word(word)?;
        }
        self.out.write_all(&self.buffer)?;
        self.out.flush()?;
        Ok((self.trailer.summary(), self.out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Reader;
    use crate::generation::Generation;
    use crate::lookup::lookup;
    use entente_stix::observable::{Kind, Observable};

    fn atom(kind: Kind, test: Test, value: &str) -> Atom {
        Atom {
            kind,
            test,
            value: value.to_owned(),
        }
    }

    fn compile(indicators: &[(&str, Vec<Atom>)], settings: Settings) -> Vec<u8> {
        let mut compiler = Compiler::new(Vec::new(), settings).unwrap();
        for (id, atoms) in indicators {
            let entry = Entry {
                id,
                name: &format!("name of {id}"),
                ..Entry::default()
            };
            assert_eq!(compiler.add(&entry, atoms).unwrap(), Vec::<String>::new());
        }
        compiler.finish().unwrap().1
    }

    fn found(generation: &Generation, kind: Kind, value: &str, url_hosts: bool) -> Vec<String> {
        let mut ids = Vec::new();
        let observable = Observable {
            kind,
            value: value.to_owned(),
        };
        lookup(
            &mut Reader::new(generation),
            &observable,
            value,
            url_hosts,
            |reader, atom| {
                ids.push(reader.indicator(atom.indicator)?.id.clone());
                Ok(())
            },
        )
        .unwrap();
        ids.sort();
        ids
    }

    #[test]
    fn each_test_finds_what_it_means_and_nothing_alike() {
        let bytes = compile(
            &[
                ("domain", vec![atom(Kind::Domain, Test::Domain, "evil.example")]),
                ("exact", vec![atom(Kind::Domain, Test::Exact, "co.example")]),
                ("below", vec![atom(Kind::Domain, Test::Below, "evil.example")]),
                (
                    "v4",
                    vec![
                        atom(Kind::Ipv4, Test::Exact, "1.2.3.4"),
                        atom(Kind::Ipv4, Test::Exact, "9.9.9.9"),
                    ],
                ),
                ("net", vec![atom(Kind::Ipv4, Test::Network, "1.2.0.0/16")]),
                ("wide", vec![atom(Kind::Ipv4, Test::Network, "1.0.0.0/8")]),
                ("net again", vec![atom(Kind::Ipv4, Test::Network, "1.2.0.0/16")]),
                ("v6", vec![atom(Kind::Ipv6, Test::Exact, "2001:db8::1")]),
                ("net6", vec![atom(Kind::Ipv6, Test::Network, "2001:db8::/32")]),
                ("url", vec![atom(Kind::Url, Test::UrlAnyQuery, "evil.example/a")]),
                (
                    "url query",
                    vec![atom(Kind::Url, Test::Exact, "evil.example/a?x=1")],
                ),
                (
                    "prefix",
                    vec![atom(Kind::Url, Test::UrlPrefix, "host.example:81/b/")],
                ),
                ("like", vec![atom(Kind::FileName, Test::Like, "evil%.exe")]),
                (
                    "matches",
                    vec![atom(Kind::UserAgent, Test::Matches, "^Evil/[0-9]")],
                ),
            ],
            Settings {
                seed: 3,
                url_hosts: true,
            },
        );
        let generation = Generation::open(bytes).unwrap();
        generation.verify().unwrap();
        let check = |kind, value: &str, expected: &[&str]| {
            assert_eq!(found(&generation, kind, value, true), expected, "{value}");
        };
        check(Kind::Domain, "evil.example", &["domain", "url", "url query"]);
        check(Kind::Domain, "a.b.evil.example", &["below", "domain"]);
        check(Kind::Domain, "notevil.example", &[]);
        check(Kind::Domain, "evil.example.com", &[]);
        check(Kind::Domain, "example", &[]);
        check(Kind::Domain, "co.example", &["exact"]);
        check(Kind::Domain, "a.co.example", &[]);
        check(Kind::Domain, "host.example", &["prefix"]);
        check(Kind::Ipv4, "1.2.3.4", &["net", "net again", "v4", "wide"]);
        check(Kind::Ipv4, "1.2.3.45", &["net", "net again", "wide"]);
        check(Kind::Ipv4, "9.9.9.9", &["v4"]);
        check(Kind::Ipv4, "1.20.3.4", &["wide"]);
        check(Kind::Ipv6, "2001:db8::1", &["net6", "v6"]);
        check(Kind::Ipv6, "2001:db9::1", &[]);
        check(Kind::Url, "evil.example/a", &["url"]);
        check(Kind::Url, "evil.example/a?x=1", &["url", "url query"]);
        check(Kind::Url, "evil.example/a?x=2", &["url"]);
        check(Kind::Url, "evil.example/a/", &[]);
        check(Kind::Url, "host.example:81/b/", &["prefix"]);
        check(Kind::Url, "host.example:81/b/c/d?q", &["prefix"]);
        check(Kind::Url, "host.example:81/b", &[]);
        check(Kind::Url, "host.example/b/", &[]);
        check(Kind::FileName, "evil12.exe", &["like"]);
        check(Kind::UserAgent, "Evil/1.0", &["matches"]);
        assert_eq!(found(&generation, Kind::Domain, "host.example", false), [""; 0]);
    }

    #[test]
    fn all_indicators_of_one_value_are_found() {
        let ids: Vec<String> = (10_000..13_000).map(|n| format!("indicator--{n}")).collect();
        let same = vec![atom(Kind::Md5, Test::Exact, "d41d8cd98f00b204e9800998ecf8427e")];
        let all: Vec<_> = ids.iter().map(|id| (id.as_str(), same.clone())).collect();
        let generation = Generation::open(compile(&all, Settings::default())).unwrap();
        assert_eq!(
            found(&generation, Kind::Md5, "d41d8cd98f00b204e9800998ecf8427e", false),
            ids
        );
        assert_eq!(
            found(&generation, Kind::Sha1, "d41d8cd98f00b204e9800998ecf8427e", false),
            [""; 0]
        );
    }

    #[test]
    fn a_cut_or_changed_file_is_an_error_and_never_a_panic() {
        let all: Vec<(String, Atom)> = (0..500)
            .map(|n| {
                (
                    format!("indicator--{n}"),
                    atom(Kind::Domain, Test::Domain, &format!("d{n}.example")),
                )
            })
            .collect();
        let all: Vec<_> = all
            .iter()
            .map(|(id, atom)| (id.as_str(), vec![atom.clone()]))
            .collect();
        let bytes = compile(&all, Settings::default());
        for cut in (0..bytes.len()).step_by(97) {
            assert!(Generation::open(bytes[..cut].to_vec()).is_err(), "cut at {cut}");
        }
        for place in (0..bytes.len()).step_by(61) {
            let mut wrong = bytes.clone();
            wrong[place] ^= 0x40;
            let opened = Generation::open(wrong).and_then(|generation| generation.verify());
            assert!(opened.is_err(), "changed at {place}");
        }
        Generation::open(bytes).unwrap().verify().unwrap();
        assert!(Generation::open(Vec::new()).is_err());
    }

    #[test]
    fn an_empty_generation_opens_and_finds_nothing() {
        let generation = Generation::open(compile(&[], Settings::default())).unwrap();
        assert!(generation.is_empty());
        assert_eq!(found(&generation, Kind::Domain, "evil.example", true), [""; 0]);
    }

    #[test]
    fn values_not_in_normal_form_and_patterns_that_cannot_run_are_given_back() {
        let mut compiler = Compiler::new(Vec::new(), Settings::default()).unwrap();
        let atoms = [
            atom(Kind::Ipv4, Test::Exact, "1.2.3.4.5"),
            atom(Kind::Ipv4, Test::Network, "1.2.3.4/24"),
            atom(Kind::Url, Test::Matches, "(?=a)"),
            atom(Kind::Mutex, Test::Exact, &"x".repeat(VALUE_BYTES_MAX + 1)),
            atom(Kind::Domain, Test::Domain, "evil.example"),
        ];
        assert_eq!(compiler.add(&Entry::default(), &atoms).unwrap().len(), 4);
        assert_eq!(compiler.finish().unwrap().0.atoms, 1);
    }

    /// Found by attack: 1,000 expressions of 20 times `\w` took 1.2 GB.
    #[test]
    fn expressions_stay_within_a_budget_and_the_rest_is_named() {
        let compiled = |expressions: &[String]| {
            let mut compiler = Compiler::new(Vec::new(), Settings::default()).unwrap();
            let mut refused = Vec::new();
            for expression in expressions {
                let atoms = [atom(Kind::FileName, Test::Matches, expression)];
                refused.extend(compiler.add(&Entry::default(), &atoms).unwrap());
            }
            assert!(compiler.pattern_bytes <= PATTERN_PROGRAMS_BYTES_MAX);
            (refused, compiler.finish().unwrap().1)
        };
        for (count, refusals) in [(3, 1..1000), (20, 936..937), (40, 1000..1001)] {
            let large: Vec<String> = (0..1000).map(|n| format!(r"\w{{{count}}}x{n}")).collect();
            let (refused, bytes) = compiled(&large);
            assert!(refusals.contains(&refused.len()), "{}", refused.len());
            assert!(
                refused
                    .iter()
                    .all(|reason| reason.starts_with(r"the expression `\w{"))
            );
            let generation = Generation::open(bytes).unwrap();
            let ids = found(&generation, Kind::FileName, &"w".repeat(200), false);
            assert_eq!(ids, [""; 0]);
        }
        let usual: Vec<String> = (0..100)
            .map(|n| format!(r"^\w+[-_]evil{n}.*\.(exe|dll)$"))
            .collect();
        let (refused, bytes) = compiled(&usual);
        assert_eq!(refused, [""; 0]);
        let generation = Generation::open(bytes).unwrap();
        assert_eq!(found(&generation, Kind::FileName, "an-evil7.exe", false).len(), 1);
    }
}
