use super::*;
use crate::arena::Reader;
use crate::atom::Atom;
use crate::compile::{Compiler, Entry, Settings};
use crate::lookup::lookup;
use crate::terms;
use crate::values::readings;
use proptest::prelude::*;
use std::net::IpAddr;

fn compile(atoms: &[Atom], seed: u64) -> Generation {
    let mut compiler = Compiler::new(
        Vec::new(),
        Settings {
            seed,
            url_hosts: true,
        },
    )
    .unwrap();
    for (number, atom) in atoms.iter().enumerate() {
        let id = number.to_string();
        let refused = compiler
            .add(
                &Entry {
                    id: &id,
                    ..Entry::default()
                },
                std::slice::from_ref(atom),
            )
            .unwrap();
        assert_eq!(refused, Vec::<String>::new(), "{atom:?}");
    }
    Generation::open(compiler.finish().unwrap().1).unwrap()
}

/// The numbers of the atoms that the engine finds for a value.
fn found(generation: &Generation, kind: Kind, value: &Value<'_>, url_hosts: bool) -> Vec<usize> {
    let mut filter = Filter::new(generation, url_hosts);
    // Twice: the second answer may come from what is remembered.
    let first = filter.may_match(kind, value);
    assert_eq!(first, filter.may_match(kind, value));
    let mut found = Vec::new();
    if filter.wants(kind) && first {
        let mut reader = Reader::new(generation);
        for reading in readings(kind, value) {
            lookup(
                &mut reader,
                &reading.observable,
                &reading.raw,
                url_hosts,
                |reader, atom| {
                    found.push(reader.indicator(atom.indicator)?.id.parse().unwrap());
                    Ok(())
                },
            )
            .unwrap();
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The same by comparing every reading with every atom as text.
fn expected(atoms: &[Atom], kind: Kind, value: &Value<'_>) -> Vec<usize> {
    let readings = readings(kind, value);
    let matches = |atom: &Atom| readings.iter().any(|reading| is_match(atom, reading));
    atoms
        .iter()
        .enumerate()
        .filter(|(_, atom)| matches(atom))
        .map(|(number, _)| number)
        .collect()
}

fn is_match(atom: &Atom, reading: &Reading) -> bool {
    let (wanted, seen) = (atom.value.as_str(), reading.observable.value.as_str());
    let is_below = || seen.len() > wanted.len() && seen.ends_with(&format!(".{wanted}"));
    let bare = seen.split('?').next().unwrap();
    let is_address = matches!(reading.observable.kind, Is::Ipv4 | Is::Ipv6);
    if atom.test == Test::Network {
        return is_address && in_network(wanted, seen);
    }
    atom.kind == reading.observable.kind
        && match atom.test {
            Test::Exact => seen == wanted,
            Test::Domain => seen == wanted || is_below(),
            Test::Below => is_below(),
            Test::UrlAnyQuery => bare == wanted,
            Test::UrlPrefix => bare.starts_with(wanted),
            Test::Like | Test::Matches => {
                let flags = if matches!(atom.kind, Is::Url | Is::UserAgent) {
                    "(?s)"
                } else {
                    "(?si)"
                };
                let expression = match atom.test {
                    Test::Like => format!("{flags}^{}$", regex::escape(wanted).replace('%', ".*")),
                    _ => format!("{flags}{wanted}"),
                };
                let expression = regex::Regex::new(&expression).unwrap();
                spellings(&reading.raw, &reading.observable)
                    .iter()
                    .any(|text| expression.is_match(text))
            }
            Test::Network | Test::UrlHost => unreachable!(),
        }
}

fn in_network(network: &str, address: &str) -> bool {
    let (start, length) = network.split_once('/').unwrap();
    let bits = |text: &str| match text.parse().unwrap() {
        IpAddr::V4(address) => format!("{:032b}", u32::from(address)),
        IpAddr::V6(address) => format!("{:0128b}", u128::from(address)),
    };
    let (start, address) = (bits(start), bits(address));
    let length: usize = length.parse().unwrap();
    start.len() == address.len() && start[..length] == address[..length]
}

fn host() -> impl Strategy<Value = String> {
    let label = prop::sample::select(vec![
        "evil",
        "EVIL",
        "notevil",
        "a",
        "b-c",
        "_x",
        "1",
        "xn--bcher-kva",
        "bücher",
    ]);
    let last = prop::sample::select(vec![
        "example",
        "Example",
        "com",
        "co.uk",
        "example.com",
        "x",
        "пример",
    ]);
    let ends = prop::sample::select(vec![
        "", "", "", "", ".", "..", ":80", ":8080", ":x", " ", "/", "\\x",
    ]);
    let starts = prop::sample::select(vec!["", "", "", "", "*.", ".", "..", " "]);
    (starts, prop::collection::vec(label, 0..4), last, ends).prop_map(|(start, labels, last, end)| {
        let labels: String = labels.iter().map(|label| format!("{label}.")).collect();
        format!("{start}{labels}{last}{end}")
    })
}

fn address() -> impl Strategy<Value = String> {
    let v4 = (1u8..3, 0u8..2, 0u8..2, 0u8..40).prop_map(|(a, b, c, d)| format!("{a}.{b}.{c}.{d}"));
    let v4_as = prop::sample::select(vec!["", "", "", "::ffff:", "64:ff9b::", " ", "0"]);
    let ends = prop::sample::select(vec!["", "", "", "", ":80", ".", "5", " ", "%eth0", "/24"]);
    let v4 = (v4_as, v4, ends).prop_map(|(start, address, end)| format!("{start}{address}{end}"));
    let v6 = prop::sample::select(vec![
        "2001:db8::1",
        "2001:DB8::1",
        "2001:0db8:0:0:0:0:0:1",
        "[2001:db8::1]",
        "[2001:db8::1]:443",
        "2001:db8::1%eth0",
        "fe80::1%25en0",
        "2001:db8:1::2",
        "::1",
        "2001:db8::11",
        "2001:db8::/32",
    ]);
    prop_oneof![3 => v4, 1 => v6.prop_map(str::to_owned)]
}

fn path() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a", "b", "A", "%41", "%7e", "%2F", "%2f", "..", ".", "", "a b", "ä", ".x", "%zz", "x.php", "a'b",
        "\\", "a|b",
    ]);
    let query = prop::sample::select(vec![
        "", "", "", "?", "?x=1", "?x=1/2/", "?x='1'", "?%7e", "#f", "?a#f", "/?x=1",
    ]);
    (prop::collection::vec(part, 0..4), query).prop_map(|(parts, query)| {
        let parts: String = parts.iter().map(|part| format!("/{part}")).collect();
        format!("{parts}{query}")
    })
}

fn url() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec![
        "http://",
        "https://",
        "HTTP://",
        "",
        "ftp://",
        "http:/",
        "https:",
        "//",
        "http://u@",
    ]);
    let port = prop::sample::select(vec!["", "", "", ":80", ":443", ":8080"]);
    (scheme, prop_oneof![host(), address()], port, path())
        .prop_map(|(scheme, host, port, path)| format!("{scheme}{host}{port}{path}"))
}

fn other() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "evil.exe",
        "Evil.EXE",
        "C:\\Temp\\evil.exe",
        "c:/temp/Evil.exe",
        "\\\\?\\C:\\Temp\\evil.exe",
        "\\Device\\HarddiskVolume2\\temp\\evil.exe",
        "/tmp/evil.exe",
        "evil.exe.txt",
        "été.exe",
        "ÉTÉ.exe",
        "HKLM\\Software\\Evil",
        "HKEY_LOCAL_MACHINE\\SOFTWARE\\Evil\\Value",
        "\\REGISTRY\\MACHINE\\Software\\Evil",
        "d41d8cd98f00b204e9800998ecf8427e",
        "D41D8CD98F00B204E9800998ECF8427E",
        "d4:1d:8c:d9:8f:00:b2:04:e9:80:09:98:ec:f8:42:7e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        "Evil/1.0 (x)",
        " Evil/1.0 (x) ",
        "evil/1.0 (x)",
        "user@evil.example",
        "User@EVIL.example",
        "Some One <user@evil.example>",
        "mailto:user@evil.example",
        "user@[1.0.0.1]",
        "AS64500",
        "64500",
        "00:11:22:33:44:55",
        "00-11-22-33-44-55",
    ]);
    name.prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![host(), address(), url(), other()]
}

const KINDS: [Is; 16] = [
    Is::Ipv4,
    Is::Domain,
    Is::Url,
    Is::Email,
    Is::Md5,
    Is::Sha1,
    Is::Sha256,
    Is::FileName,
    Is::FilePath,
    Is::RegistryKey,
    Is::UserAgent,
    Is::Ja3,
    Is::MacAddress,
    Is::AutonomousSystem,
    Is::Imphash,
    Is::CommandLine,
];

/// Atoms as indicators have them, of whatever can be read from some texts.
fn atoms(texts: &[(String, prop::sample::Index)]) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    for (text, which) in texts {
        let kinds = KINDS
            .iter()
            .flat_map(|&kind| terms::atoms_of_observable(kind, text));
        let all: Vec<Atom> = kinds.collect();
        if all.is_empty() {
            continue;
        }
        let atom = which.get(&all).clone();
        if atom.kind == Is::Domain && atom.value.contains('.') && atom.value.len() % 3 == 0 {
            atoms.push(Atom {
                test: Test::Below,
                ..atom.clone()
            });
        }
        atoms.push(atom);
    }
    atoms
}

fn check(atoms: &[Atom], texts: &[String], seed: u64) {
    let generation = compile(atoms, seed);
    for text in texts {
        let bytes = text.as_bytes();
        for kind in Kind::ALL {
            let value = Value::Plain(bytes);
            let engine = found(&generation, kind, &value, false);
            assert_eq!(
                engine,
                expected(atoms, kind, &value),
                "{kind:?} `{text}` against {atoms:?}"
            );
        }
        let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
        for port in [None, Some(&b"80"[..]), Some(b"8080")] {
            let value = Value::Url {
                host: host.as_bytes(),
                port,
                path: path.as_bytes(),
            };
            let engine = found(&generation, Kind::Url, &value, false);
            assert_eq!(
                engine,
                expected(atoms, Kind::Url, &value),
                "{value:?} against {atoms:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn engine_and_naive_matcher_agree(
        indicators in prop::collection::vec((text(), any::<prop::sample::Index>()), 0..12),
        texts in prop::collection::vec(text(), 1..12),
        seed: u64,
    ) {
        check(&atoms(&indicators), &texts, seed);
    }

    #[test]
    fn every_indicator_is_found_in_its_own_spelling(
        indicators in prop::collection::vec((text(), any::<prop::sample::Index>()), 1..12),
        seed: u64,
    ) {
        let texts: Vec<String> = indicators.iter().map(|(text, _)| text.clone()).collect();
        check(&atoms(&indicators), &texts, seed);
    }

    #[test]
    fn with_patterns_they_agree_too(
        indicators in prop::collection::vec((text(), any::<prop::sample::Index>()), 0..6),
        texts in prop::collection::vec(text(), 1..8),
        patterns in prop::collection::vec(prop::sample::select(vec![
            (Is::Domain, Test::Like, "%evil%"),
            (Is::Domain, Test::Matches, "^(a|b-c)\\."),
            (Is::Url, Test::Matches, "evil.*/[ab]"),
            (Is::Url, Test::Like, "http://evil.example/%"),
            (Is::FileName, Test::Like, "%.exe"),
            (Is::Ipv4, Test::Matches, "^1\\."),
            (Is::UserAgent, Test::Like, "Evil/%"),
        ]), 1..4),
    ) {
        let mut atoms = atoms(&indicators);
        let patterns = patterns.into_iter();
        atoms.extend(patterns.map(|(kind, test, value)| Atom { kind, test, value: value.to_owned() }));
        check(&atoms, &texts, 1);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let indicators = [("evil.example".to_owned()), "http://evil.example/a/".to_owned(), "1.2.3.4".to_owned()];
        let atoms: Vec<Atom> = indicators.iter().flat_map(|text| {
            KINDS.iter().flat_map(move |&kind| terms::atoms_of_observable(kind, text))
        }).collect();
        let generation = compile(&atoms, 1);
        let mut filter = Filter::new(&generation, true);
        for kind in Kind::ALL {
            filter.may_match(kind, &Value::Plain(&bytes));
            filter.may_match(kind, &Value::Url { host: &bytes, port: Some(&bytes), path: &bytes });
            filter.cutter().pieces(&bytes, |_, _| {});
        }
    }
}

#[test]
fn hosts_of_urls_are_found_alone_only_when_asked_for() {
    let atoms =
        terms::of_pattern("[url:value = 'http://evil.example:81/a'] OR [url:value = 'http://1.2.3.4/']")
            .atoms;
    let generation = compile(&atoms, 1);
    for value in [
        &b"evil.example"[..],
        b"EVIL.example.",
        b"1.2.3.4",
        b"::ffff:1.2.3.4",
    ] {
        assert_eq!(
            found(&generation, Kind::Host, &Value::Plain(value), true).len(),
            1
        );
        assert_eq!(
            found(&generation, Kind::Host, &Value::Plain(value), false).len(),
            0
        );
    }
    assert_eq!(
        found(&generation, Kind::Host, &Value::Plain(b"a.evil.example"), true).len(),
        0
    );
}

#[test]
fn nothing_is_wanted_that_no_indicator_asks_for() {
    let generation = compile(&terms::of_pattern("[ipv4-addr:value = '1.2.3.4']").atoms, 1);
    let filter = Filter::new(&generation, false);
    assert!(filter.wants(Kind::Address) && filter.wants(Kind::Host) && filter.wants(Kind::Text));
    assert!(!filter.wants(Kind::UserAgent) && !filter.wants(Kind::Hash));
}
