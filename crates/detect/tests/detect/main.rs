//! The crate from outside: patterns compiled, logs scanned, detections as people get them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod conformance;
mod naive;
mod observables;
mod rules;
mod share;
mod shared;
mod sigma;
mod traps;

use entente_detect::{Compiler, Entry, Generation, Hit, How, Options, Scanner, Settings, terms};
use entente_stix::observable::Kind as Is;
use entente_telemetry::{Defect, Kind, Observed, Record, Scratch, Source, Value, Visitor};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One indicator for each pattern, named by its number.
fn generation(patterns: &[&str]) -> Generation {
    compile(patterns.iter().map(|pattern| (*pattern, Entry::default())))
}

fn compile<'a>(indicators: impl Iterator<Item = (&'a str, Entry<'a>)>) -> Generation {
    let mut compiler = Compiler::new(
        Vec::new(),
        Settings {
            seed: 1,
            url_hosts: true,
        },
    )
    .unwrap();
    for (number, (pattern, entry)) in indicators.enumerate() {
        let terms = terms::of_pattern(pattern);
        assert_eq!(terms.not_evaluated, None, "{pattern}");
        let id = number.to_string();
        assert!(
            compiler
                .add(
                    &Entry {
                        id: &id,
                        name: pattern,
                        ..entry
                    },
                    &terms.atoms
                )
                .unwrap()
                .is_empty()
        );
    }
    Generation::open(compiler.finish().unwrap().1).unwrap()
}

fn scan<'g>(generation: &'g Generation, log: &[u8], options: Options) -> (Vec<Hit>, Scanner<'g>) {
    let mut scanner = Scanner::new(generation, options);
    let mut source = Source::open(log, "made for a test").unwrap();
    let mut scratch = Scratch::new();
    while let Some(batch) = source.next().unwrap() {
        batch.visit(&mut scanner, &mut scratch);
        source.recycle(batch);
    }
    (scanner.hits().unwrap(), scanner)
}

/// Line, field, indicator of every detection.
fn hits(patterns: &[&str], log: &str) -> Vec<(u64, String, usize)> {
    let generation = generation(patterns);
    let (hits, _) = scan(&generation, log.as_bytes(), Options::default());
    hits.iter()
        .map(|hit| (hit.line, hit.field.clone(), hit.indicator.id.parse().unwrap()))
        .collect()
}

const DNS: &str = r#"{"ts":1700000000.5,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.2","id.resp_p":53,"proto":"udp","query":"QUERY","answers":["ANSWER"]}"#;
const HTTP: &str = r#"{"ts":1700000000.5,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.2","id.resp_p":80,"trans_depth":1,"method":"GET","host":"HOST","uri":"URI","user_agent":"AGENT"}"#;

fn dns(query: &str, answer: &str) -> String {
    DNS.replace("QUERY", query).replace("ANSWER", answer) + "\n"
}

fn http(host: &str, uri: &str, agent: &str) -> String {
    HTTP.replace("HOST", host)
        .replace("URI", uri)
        .replace("AGENT", agent)
        + "\n"
}

#[test]
fn names_addresses_and_networks_are_found_and_nothing_alike() {
    let log = [
        dns("www.evil.example", "192.0.2.7"),
        dns("notevil.example", "192.0.3.7"),
        dns("evil.example.com", "198.51.100.45"),
        dns("EVIL.example", "198.51.100.4"),
    ]
    .concat();
    let found = hits(
        &[
            "[domain-name:value = 'evil.example']",
            "[ipv4-addr:value ISSUBSET '192.0.2.0/24']",
            "[ipv4-addr:value = '198.51.100.4']",
        ],
        &log,
    );
    let field = |name: &str| name.to_owned();
    assert_eq!(
        found,
        [
            (1, field("query"), 0),
            (1, field("answers"), 1),
            (4, field("query"), 0),
            (4, field("answers"), 2)
        ]
    );
}

#[test]
fn urls_split_over_fields_are_found() {
    let log = [
        http("evil.example", "/gate.php?id=1", "curl/8"),
        http("evil.example:8080", "/other/x", "curl/8"),
        http("good.example", "/evil.example/gate.php", "Evil/1.0"),
        http("evil.example", "/gate.phpx", "curl/8"),
    ]
    .concat();
    let patterns = [
        "[url:value = 'http://evil.example/gate.php']",
        "[url:value = 'http://evil.example:8080/other/']",
        "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Evil/1.0']",
        "[url:value = 'https://evil.example/other/x']",
    ];
    let found: Vec<_> = hits(&patterns, &log)
        .into_iter()
        .map(|(line, _, indicator)| (line, indicator))
        .collect();
    assert_eq!(found, [(1, 0), (2, 1), (3, 2)]);
}

#[test]
fn a_port_in_a_field_of_its_own_may_be_a_proxy_s() {
    let log = r#"{"timestamp":"2023-11-14T22:13:20.5+0000","event_type":"http","src_ip":"10.0.0.1","dest_ip":"10.0.0.2","http":{"hostname":"evil.example","http_port":8080,"url":"/other/x"}}"#;
    let patterns = [
        "[url:value = 'http://evil.example:8080/other/']",
        "[url:value = 'https://evil.example/other/x']",
    ];
    let found: BTreeSet<_> = hits(&patterns, log)
        .into_iter()
        .map(|(_, _, indicator)| indicator)
        .collect();
    assert_eq!(found, BTreeSet::from([0, 1]));
}

#[test]
fn a_detection_says_what_where_when_and_why() {
    let generation = generation(&["[domain-name:value = 'evil.example']"]);
    let log = dns("a.Evil.example", "10.9.9.9");
    let (hits, scanner) = scan(&generation, log.as_bytes(), Options::default());
    let hit = &hits[0];
    assert_eq!(
        (hit.line, hit.field.as_str(), hit.value.as_str()),
        (1, "query", "a.Evil.example")
    );
    assert_eq!(hit.observable.value, "a.evil.example");
    assert_eq!(
        hit.how,
        How::Subdomain {
            of: "evil.example".to_owned()
        }
    );
    assert_eq!(hit.time, Some(1_700_000_000_500_000));
    assert_eq!(hit.host.as_deref(), Some("10.0.0.1"));
    assert_eq!(hit.indicator.name, "[domain-name:value = 'evil.example']");
    assert_ne!(hit.record_digest, [0; 32]);
    let counters = scanner.counters();
    assert_eq!((counters.records, counters.hits, counters.defects), (1, 1, 0));
}

#[test]
fn validity_is_held_against_the_time_of_the_event() {
    let at = 1_700_000_000_500_000;
    let pattern = "[domain-name:value = 'evil.example']";
    let entry = |valid_from, valid_until, revoked| Entry {
        valid_from,
        valid_until,
        revoked,
        ..Entry::default()
    };
    let generation = compile(
        [
            (pattern, entry(Some(at), None, false)),
            (pattern, entry(Some(at + 1), None, false)),
            (pattern, entry(None, Some(at), false)),
            (pattern, entry(None, Some(at + 1), false)),
            (pattern, entry(None, None, true)),
        ]
        .into_iter(),
    );
    let ids = |hits: &[Hit]| {
        hits.iter()
            .map(|hit| hit.indicator.id.clone())
            .collect::<Vec<_>>()
    };
    let log = dns("evil.example", "10.9.9.9");
    let (hits, scanner) = scan(&generation, log.as_bytes(), Options::default());
    assert_eq!(ids(&hits), ["0", "3"]);
    assert_eq!(
        (scanner.counters().outside_validity, scanner.counters().revoked),
        (2, 1)
    );
    let (hits, _) = scan(
        &generation,
        log.as_bytes(),
        Options {
            any_time: true,
            ..Options::default()
        },
    );
    assert_eq!(ids(&hits), ["0", "1", "2", "3"]);
    let timeless = log.replace(r#""ts":1700000000.5,"#, "");
    let (hits, _) = scan(&generation, timeless.as_bytes(), Options::default());
    assert_eq!(hits.len(), 4, "without a time validity cannot be judged");
    assert!(hits.iter().all(|hit| hit.time.is_none()));
}

#[test]
fn one_value_in_several_fields_is_one_detection() {
    let log = dns("evil.example", "evil.example");
    assert_eq!(hits(&["[domain-name:value = 'evil.example']"], &log).len(), 1);
}

#[test]
fn values_in_plain_text_are_found() {
    let log = "Jan  1 00:00:00 gate squid[1]: GET http://evil.example/gate.php?x=1 from 10.0.0.9\n\
               Jan  1 00:00:01 gate kernel: DROP SRC=198.51.100.4 DST=10.0.0.1\n\
               Jan  1 00:00:02 gate app: md5 D41D8CD98F00B204E9800998ECF8427E by user@evil.example.\n\
               Jan  1 00:00:03 gate app: notevil.example evil.example.com 198.51.100.45\n";
    let found = hits(
        &[
            "[url:value = 'http://evil.example/gate.php']",
            "[ipv4-addr:value = '198.51.100.4']",
            "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']",
            "[domain-name:value = 'evil.example']",
            "[email-addr:value = 'user@evil.example']",
        ],
        log,
    );
    let found: BTreeSet<_> = found
        .into_iter()
        .map(|(line, _, indicator)| (line, indicator))
        .collect();
    assert_eq!(
        found,
        BTreeSet::from([(1, 0), (1, 3), (2, 1), (3, 2), (3, 3), (3, 4)])
    );
}

#[test]
fn a_damaged_record_is_an_error_and_not_a_silent_miss() {
    let mut compiler = Compiler::new(Vec::new(), Settings::default()).unwrap();
    let atoms = terms::of_pattern("[domain-name:value = 'evil.example']").atoms;
    compiler
        .add(
            &Entry {
                id: "indicator--1",
                ..Entry::default()
            },
            &atoms,
        )
        .unwrap();
    let mut bytes = compiler.finish().unwrap().1;
    let place = bytes
        .windows(12)
        .position(|part| part == b"evil.example")
        .unwrap();
    bytes[place] = b'E';
    let generation = Generation::open(bytes).unwrap();
    assert!(generation.verify().is_err());
    let mut scanner = Scanner::new(&generation, Options::default());
    let log = dns("evil.example", "10.9.9.9");
    let mut source = Source::open(log.as_bytes(), "made for a test").unwrap();
    while let Some(batch) = source.next().unwrap() {
        batch.visit(&mut scanner, &mut Scratch::new());
    }
    assert!(scanner.hits().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_scan_finds_the_lines_that_a_naive_matcher_finds(
        wanted in prop::collection::btree_set("(a|b|c)\\.(x|y|z)\\.example|10\\.9\\.[0-3]\\.[0-9]", 1..12),
        records in prop::collection::vec(("((a|b)\\.)?(a|b|c)\\.(x|y|z)\\.(example|example\\.com)", "10\\.9\\.[0-3]\\.[0-9]{1,2}"), 0..60),
    ) {
        let patterns: Vec<String> = wanted
            .iter()
            .map(|value| match value.starts_with("10") {
                true => format!("[ipv4-addr:value = '{value}']"),
                false => format!("[domain-name:value = '{value}']"),
            })
            .collect();
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        let log: String = records.iter().map(|(query, answer)| dns(query, answer)).collect();
        let mut expected = BTreeSet::new();
        for (line, (query, answer)) in (1u64..).zip(&records) {
            for (number, value) in wanted.iter().enumerate() {
                let domain = query == value || query.ends_with(&format!(".{value}"));
                if domain || answer == value {
                    expected.insert((line, number));
                }
            }
        }
        let found: Vec<_> = hits(&patterns, &log).into_iter().map(|(line, _, number)| (line, number)).collect();
        let distinct: BTreeSet<_> = found.iter().copied().collect();
        prop_assert_eq!(&distinct, &expected);
        // Each once.
        prop_assert_eq!(found.len(), distinct.len());
    }

    #[test]
    fn any_bytes_as_a_generation_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        prop_assert!(Generation::open(bytes).is_err());
    }
}

fn shared(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")).join(path)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(self::files(&path))
        } else {
            files.push(path)
        }
    }
    files
}

/// Every pattern of a bundle's indicators.
fn patterns(text: &[u8]) -> Vec<String> {
    let Ok(value) = entente_stix::json::read(text) else {
        return Vec::new();
    };
    let objects = value
        .get("objects")
        .and_then(|objects| objects.as_array())
        .unwrap_or_default();
    let pattern = |object: &entente_stix::json::Value<'_>| Some(object.get("pattern")?.as_str()?.to_owned());
    objects.iter().filter_map(pattern).collect()
}

#[test]
fn published_indicators_of_spyware_compile() {
    let files = files(&shared("data/stix/mvt-indicators"));
    if files.is_empty() {
        return;
    }
    let (mut indicators, mut evaluated, mut reasons) = (0, 0, BTreeSet::new());
    let mut compiler = Compiler::new(Vec::new(), Settings::default()).unwrap();
    for file in files {
        for pattern in patterns(&std::fs::read(file).unwrap()) {
            indicators += 1;
            let terms = terms::of_pattern(&pattern);
            assert_eq!(terms.atoms.is_empty(), terms.not_evaluated.is_some(), "{pattern}");
            evaluated += usize::from(!terms.atoms.is_empty());
            reasons.extend(terms.not_evaluated.map(|reason| (reason, pattern)));
            assert!(compiler.add(&Entry::default(), &terms.atoms).unwrap().is_empty());
        }
    }
    let generation = Generation::open(compiler.finish().unwrap().1).unwrap();
    assert_eq!(generation.len(), indicators as u64);
    assert!(
        indicators > 0 && evaluated * 10 >= indicators * 9,
        "{evaluated} of {indicators}: {reasons:#?}"
    );
}

/// Values of a log as a person would copy them into an indicator, with the lines that they stand on.
#[derive(Default)]
struct Planted {
    of_record: Vec<(Is, String)>,
    values: std::collections::BTreeMap<(Is, String), BTreeSet<u64>>,
}

impl Visitor for Planted {
    fn observed(&mut self, observed: Observed<'_>) {
        let kinds: &[Is] = match observed.kind {
            Kind::Address => &[Is::Ipv4],
            Kind::Host | Kind::Domain => &[Is::Ipv4, Is::Domain],
            Kind::Url => &[Is::Url],
            Kind::Email => &[Is::Email],
            Kind::Hash | Kind::CertificateHash => &[Is::Md5, Is::Sha1, Is::Sha256],
            Kind::Ja3 => &[Is::Ja3],
            Kind::FileName => &[Is::FileName],
            Kind::FilePath => &[Is::FilePath],
            Kind::RegistryKey => &[Is::RegistryKey],
            Kind::UserAgent => &[Is::UserAgent],
            _ => return,
        };
        let text = match observed.value {
            Value::Plain(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Value::Url { host, path, .. } => {
                format!(
                    "http://{}{}",
                    String::from_utf8_lossy(host),
                    String::from_utf8_lossy(path)
                )
            }
        };
        self.of_record
            .extend(kinds.iter().map(|&kind| (kind, text.clone())));
    }

    fn record(&mut self, record: &Record<'_>) {
        for value in std::mem::take(&mut self.of_record) {
            self.values.entry(value).or_default().insert(record.line());
        }
    }

    fn defect(&mut self, _: Defect) {
        self.of_record.clear();
    }
}

fn visit(path: &Path, visitor: &mut impl Visitor) -> bool {
    let Ok(mut source) = Source::open(std::fs::File::open(path).unwrap(), "shared") else {
        return false;
    };
    let mut scratch = Scratch::new();
    while let Ok(Some(batch)) = source.next() {
        batch.visit(visitor, &mut scratch);
        source.recycle(batch);
    }
    true
}

#[test]
fn what_occurs_in_real_logs_is_found_on_each_of_its_lines() {
    let mut planted_in_all = 0;
    for path in files(&shared("data/logs")) {
        let mut planted = Planted::default();
        if !visit(&path, &mut planted) {
            continue;
        }
        let mut compiler = Compiler::new(Vec::new(), Settings::default()).unwrap();
        let mut wanted = Vec::new();
        for (number, ((kind, value), lines)) in planted.values.into_iter().enumerate() {
            let atoms = terms::atoms_of_observable(kind, &value);
            if number % 5 != 0 || atoms.is_empty() {
                continue;
            }
            let id = wanted.len().to_string();
            compiler
                .add(
                    &Entry {
                        id: &id,
                        name: &value,
                        ..Entry::default()
                    },
                    &atoms,
                )
                .unwrap();
            wanted.push((kind, value, lines));
        }
        let generation = Generation::open(compiler.finish().unwrap().1).unwrap();
        let mut scanner = Scanner::new(&generation, Options::default());
        visit(&path, &mut scanner);
        let mut found = vec![BTreeSet::new(); wanted.len()];
        for hit in scanner.hits().unwrap() {
            found[hit.indicator.id.parse::<usize>().unwrap()].insert(hit.line);
        }
        for ((kind, value, lines), found) in wanted.iter().zip(&found) {
            assert!(
                lines.is_subset(found),
                "{kind:?} `{value}` in {}: {lines:?} but {found:?}",
                path.display()
            );
        }
        planted_in_all += wanted.len();
    }
    assert!(planted_in_all > 0 || files(&shared("data/logs")).is_empty());
}
