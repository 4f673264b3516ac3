//! Measures one engine: `cargo run --release -p entente-store --example measure -- ingest FOLDER FILE…`,
//! or `indicators FOLDER COUNT`, `look FOLDER COUNT`, `search FOLDER QUERY…`, `release FOLDER COUNT`,
//! `withdraw FOLDER COUNT`, `collect FOLDER COUNT` or `pages FOLDER` in place of `ingest …`; `release`, `withdraw` and
//! `collect` work on what `indicators` stored, `pages` on what `release` and `collect` did.
//!
//! Prints objects and, for each part, seconds of processor time (user and system) and of the wall clock.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs
)]

use std::path::Path;
use std::time::Instant;

use entente_store::sqlite::{Options, Sqlite};
use entente_store::{
    Append, Change, Collect, CollectionFilter, EntryKind, Filter, Incoming, NewChannel, NewCollection,
    NewCollectionEntry, NewEntry, Observed, SearchQuery, Store, Versions, Withdrawn,
};
use sha2::{Digest, Sha256};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = Path::new(&arguments[1]);
    match arguments[0].as_str() {
        "ingest" => ingest_files(folder, &arguments[2..]),
        "indicators" => ingest_indicators(folder, arguments[2].parse().unwrap()),
        "look" => look(folder, arguments[2].parse().unwrap()),
        "search" => search(folder, &arguments[2..]),
        "release" => release(folder, arguments[2].parse().unwrap()),
        "withdraw" => withdraw(folder, arguments[2].parse().unwrap()),
        "collect" => collect(folder, arguments[2].parse().unwrap()),
        "pages" => pages(folder),
        other => println!("no such measurement: {other}"),
    }
    println!("peak resident {} MB", peak_resident() / 1024);
}

fn ingest_files(folder: &Path, files: &[String]) {
    let mut prepared = Vec::new();
    for file in files {
        let bundle: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        for object in bundle["objects"].as_array().unwrap() {
            prepared.push(Prepared::of(object));
        }
    }
    let bytes: usize = prepared.iter().map(|object| object.text.len()).sum();
    println!(
        "{} objects, {} MB, prepared ({} MB resident)",
        prepared.len(),
        bytes >> 20,
        peak_resident() / 1024
    );
    let store = Sqlite::open(folder, &writing()).unwrap();
    for round in ["first", "again"] {
        measure(&format!("ingest {round}"), prepared.len(), || {
            for batch in prepared.chunks(2_000) {
                let batch: Vec<Incoming<'_>> = batch.iter().map(Prepared::incoming).collect();
                store.ingest("measure", 1, &batch).unwrap();
            }
        });
    }
    println!("{:?}", store.stats().unwrap());
    measure("close", prepared.len(), || Box::new(store).close().unwrap());
}

fn ingest_indicators(folder: &Path, count: u64) {
    let store = Sqlite::open(folder, &writing()).unwrap();
    let mut number = 0;
    measure("ingest indicators", usize::try_from(count).unwrap(), || {
        while number < count {
            let end = (number + 4_000).min(count);
            let prepared: Vec<Prepared> = (number..end).map(indicator).collect();
            let batch: Vec<Incoming<'_>> = prepared.iter().map(Prepared::incoming).collect();
            store.ingest("list", 1, &batch).unwrap();
            number = end;
        }
    });
    println!("{:?}", store.stats().unwrap());
    measure("close", 1, || Box::new(store).close().unwrap());
}

/// `CACHE_MB` changes the page cache.
fn writing() -> Options {
    let mut options = Options::write();
    if let Ok(megabytes) = std::env::var("CACHE_MB") {
        options.cache_bytes = megabytes.parse::<usize>().unwrap() << 20;
    }
    options
}

fn look(folder: &Path, known: u64) {
    let store = Sqlite::open(folder, &Options::read()).unwrap();
    let values: Vec<String> = (0..10_000u64).map(|n| domain(mix(n) % (known * 2))).collect();
    let keys: Vec<(u8, &str)> = values.iter().map(|value| (3, value.as_str())).collect();
    for round in ["cold", "warm", "warm"] {
        let mut found = 0;
        measure(&format!("look {round}"), keys.len(), || {
            found = store
                .look(&keys, 10)
                .unwrap()
                .iter()
                .filter(|looked| !looked.mentions.is_empty())
                .count();
        });
        println!("found {found}");
    }
}

/// Entries of one change, as a release of many objects makes them.
const ENTRIES: usize = 1_000;

/// Reads what changed, and releases it, a thousand entries and the tiles they change at a time.
fn release(folder: &Path, count: usize) {
    let store = Sqlite::open(folder, &writing()).unwrap();
    let mut objects = Vec::with_capacity(count);
    measure("changed", count, || {
        let mut next = 0;
        while objects.len() < count {
            let (changed, after) = store.changed(next, ENTRIES).unwrap();
            assert!(!changed.is_empty(), "{} objects are there", objects.len());
            objects.extend(
                changed
                    .into_iter()
                    .map(|changed| (changed.stored.id, changed.stored.digest)),
            );
            next = after;
        }
    });
    objects.truncate(count);
    let origin = format!("entente/measure/{}", store.channels().unwrap().len());
    let channel = NewChannel {
        origin: &origin,
        agreement: "measure",
        owner: "identity--1",
        audience: vec!["identity--2"],
    };
    store
        .apply(&Change {
            channels: vec![channel],
            ..Change::default()
        })
        .unwrap();
    let opening = [b'o'; 450];
    let mut size = 0;
    measure("release", objects.len(), || {
        for objects in objects.chunks(ENTRIES) {
            let entries = objects.iter().map(|(id, digest)| NewEntry {
                kind: EntryKind::Release,
                subject: id,
                digest: Some(*digest),
                opening: &opening,
                salt: *digest,
                leaf: *digest,
                expires_at: Some(i64::try_from(size).unwrap()),
            });
            let append = Append {
                origin: &origin,
                expected_size: size,
                entries: entries.collect(),
                tiles: tiles(size, size + objects.len() as u64),
                frontier: vec![0; 640],
            };
            store
                .apply(&Change {
                    at: 1,
                    appends: vec![append],
                    ..Change::default()
                })
                .unwrap();
            store
                .apply(&Change {
                    heads: vec![(&origin, &opening)],
                    ..Change::default()
                })
                .unwrap();
            size += objects.len() as u64;
        }
    });
    let ids: Vec<&str> = objects.iter().map(|(id, _)| id.as_str()).collect();
    measure("live", ids.len(), || {
        for ids in ids.chunks(ENTRIES) {
            assert!(store.live(&origin, ids).unwrap().iter().all(Option::is_some));
        }
    });
    measure("entries", ids.len(), || {
        let all = (0..size)
            .step_by(ENTRIES)
            .map(|from| store.entries(&origin, from, ENTRIES).unwrap().len());
        assert_eq!(all.sum::<usize>(), ids.len());
    });
    measure("close", 1, || Box::new(store).close().unwrap());
}

/// The tiles of a tree that change between two sizes, of the right sizes: 256 hashes of the level below each.
fn tiles(from: u64, to: u64) -> Vec<(u8, u64, Vec<u8>)> {
    let mut tiles = Vec::new();
    let (mut from, mut to) = (from, to);
    for level in 0..6 {
        for index in from / 256..to.div_ceil(256) {
            let width = usize::try_from((to - index * 256).min(256)).unwrap();
            tiles.push((level, index, vec![level; width * 32]));
        }
        (from, to) = (from / 256, to / 256);
        if from == to {
            break;
        }
    }
    tiles
}

/// Withdraws what was stored last.
fn withdraw(folder: &Path, count: usize) {
    let store = Sqlite::open(folder, &writing()).unwrap();
    let ids: Vec<String> = (0..count as u64).map(|number| indicator(number).id).collect();
    let derive = |_: &[u8]| Err("there is only one version of each".to_owned());
    measure("withdraw", count, || {
        for ids in ids.chunks(ENTRIES) {
            let withdrawn = ids.iter().map(|id| Withdrawn {
                source: "list",
                id,
                digest: None,
                derive: &derive,
            });
            let change = Change {
                withdrawn: withdrawn.collect(),
                ..Change::default()
            };
            assert_eq!(store.apply(&change).unwrap().withdrawn, ids.len() as u64);
        }
    });
    measure("close", 1, || Box::new(store).close().unwrap());
}

/// Adds what is stored to a new collection, a thousand entries at a time; one of a thousand says that it is a report.
fn collect(folder: &Path, count: usize) {
    let store = Sqlite::open(folder, &writing()).unwrap();
    let id = store.collections(None).unwrap().len().to_string();
    let made = NewCollection {
        root: "measure",
        id: &id,
        title: "measure",
        description: None,
        alias: None,
        media_types: Vec::new(),
        can_read: true,
        can_write: true,
        owner: None,
    };
    let change = Change {
        collections: vec![made],
        ..Change::default()
    };
    store.apply(&change).unwrap();
    let rare = |number: usize, id: String| match number % ENTRIES {
        500 => id.replace("indicator--", "report--"),
        _ => id,
    };
    let mut next = 0;
    measure("collect", count, || {
        for begin in (0..count).step_by(ENTRIES) {
            let (changed, after) = store.changed(next, ENTRIES).unwrap();
            next = after;
            let objects = (begin..).zip(changed);
            let objects: Vec<_> = objects
                .map(|(number, changed)| (rare(number, changed.stored.id), changed.stored.digest))
                .collect();
            let entries = objects.iter().map(|(id, digest)| NewCollectionEntry {
                id,
                version: 1_704_067_200_000_000,
                version_text: "2024-01-01T00:00:00.000Z",
                spec_version: "2.1",
                media_type: "application/stix+json;version=2.1",
                digest: *digest,
                added: None,
            });
            let collected = vec![Collect {
                root: "measure",
                collection: &id,
                entries: entries.collect(),
            }];
            let change = Change {
                at: 1,
                collected,
                ..Change::default()
            };
            store.apply(&change).unwrap();
        }
    });
    measure("close", 1, || Box::new(store).close().unwrap());
}

/// Pages of a thousand with their texts from several depths of each channel and collection, under several filters.
fn pages(folder: &Path) {
    let store = Sqlite::open(folder, &Options::read()).unwrap();
    let texts = |digests: &[[u8; 32]]| {
        let texts = store.content(digests).unwrap();
        assert_eq!(texts.iter().flatten().count(), digests.len());
    };
    let of_type = |name: &'static str| Filter {
        types: vec![name],
        ..Filter::default()
    };
    for channel in store.channels().unwrap() {
        for depth in 0..5 {
            let from = channel.size * depth / 5;
            for filter in [Filter::default(), of_type("indicator"), of_type("report")] {
                let found = store.released(&channel.origin, from, channel.size, &filter, ENTRIES);
                let ids: Vec<String> = found.unwrap().items.into_iter().map(|found| found.id).collect();
                let few = Filter {
                    ids: ids.iter().take(10).map(String::as_str).collect(),
                    added_after: Some(0),
                    ..filter.clone()
                };
                for (name, filter) in [("", &filter), ("ten ids of ", &few)] {
                    let name = format!("{} from {from}, {name}{:?}", channel.origin, filter.types);
                    best(&name, || {
                        let page = store.released(&channel.origin, from, channel.size, filter, ENTRIES);
                        let digests: Vec<_> = page.unwrap().items.iter().map(|found| found.digest).collect();
                        texts(&digests);
                        digests.len()
                    });
                }
            }
        }
    }
    for made in store.collections(None).unwrap() {
        for depth in 0..5 {
            let from = made.last * depth / 5;
            let versions = |first, last| CollectionFilter {
                versions: Versions::Any {
                    first,
                    last,
                    exact: Vec::new(),
                },
                ..CollectionFilter::default()
            };
            let by = |filter| CollectionFilter {
                filter,
                ..versions(false, true)
            };
            let later = Filter {
                added_after: Some(i64::try_from(from).unwrap()),
                ..Filter::default()
            };
            let filters = [
                ("all", CollectionFilter::default()),
                ("last", versions(false, true)),
                ("first", versions(true, false)),
                ("none", versions(false, false)),
                ("last reports", by(of_type("report"))),
                ("last indicators", by(of_type("indicator"))),
                ("last added after", by(later)),
            ];
            for (name, filter) in &filters {
                best(&format!("collection {} from {from}, {name}", made.id), || {
                    let page = store.collection_entries("measure", &made.id, from, filter, ENTRIES);
                    let digests: Vec<_> = page.unwrap().items.iter().map(|found| found.digest).collect();
                    texts(&digests);
                    digests.len()
                });
            }
        }
    }
}

/// The first and the best of five runs, in milliseconds.
fn best(name: &str, mut run: impl FnMut() -> usize) {
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..5 {
        let start = Instant::now();
        found = run();
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let best = times.iter().copied().fold(f64::MAX, f64::min);
    println!(
        "{name}: {found} found, first {:.2} ms, best {best:.2} ms",
        times[0]
    );
}

fn search(folder: &Path, queries: &[String]) {
    let store = Sqlite::open(folder, &Options::read()).unwrap();
    for query in queries {
        let query = SearchQuery::parse(query).unwrap();
        let mut found = 0;
        measure(&format!("search {query:?}"), 1, || {
            found = store.search(&query, 20).unwrap().items.len()
        });
        println!("found {found}");
    }
}

fn indicator(number: u64) -> Prepared {
    let (a, b) = (mix(number), mix(number + (1 << 40)));
    let id = format!(
        "indicator--{:08x}-{:04x}-5{:03x}-8{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    );
    let value = domain(number);
    let text = format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"{id}","created":"2024-01-01T00:00:00.000Z","modified":"2024-01-01T00:00:00.000Z","name":"{value}","indicator_types":["malicious-activity"],"pattern":"[domain-name:value = '{value}']","pattern_type":"stix","valid_from":"2024-01-01T00:00:00Z"}}"#
    );
    Prepared {
        id,
        version: 1_704_067_200_000_000,
        digest: Sha256::digest(&text).into(),
        words: format!("[domain-name:value = '{value}']"),
        name: value.clone(),
        observables: vec![Observed {
            kind: 3,
            value,
            is_term: true,
        }],
        edges: Vec::new(),
        text,
    }
}

fn domain(number: u64) -> String {
    format!("{:x}.example", mix(number + 7))
}

fn mix(number: u64) -> u64 {
    let mut mixed = number
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(0x1234_5678_9abc_def1);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

struct Prepared {
    id: String,
    version: i64,
    digest: [u8; 32],
    text: String,
    words: String,
    name: String,
    observables: Vec<Observed>,
    edges: Vec<(String, String)>,
}

impl Prepared {
    fn of(object: &serde_json::Value) -> Prepared {
        let text = object.to_string();
        let mut edges = Vec::new();
        references(object, &mut edges);
        let mut words = String::new();
        searchable(object, &mut words);
        let modified = object["modified"].as_str().unwrap_or_default();
        Prepared {
            id: object["id"].as_str().unwrap().to_owned(),
            version: modified
                .bytes()
                .filter(u8::is_ascii_digit)
                .take(17)
                .fold(0, |n, d| n * 10 + i64::from(d - b'0')),
            digest: Sha256::digest(&text).into(),
            name: object["name"].as_str().unwrap_or_default().to_owned(),
            observables: Vec::new(),
            words,
            edges,
            text,
        }
    }

    fn incoming(&self) -> Incoming<'_> {
        Incoming {
            id: &self.id,
            type_name: self.id.split_once("--").unwrap().0,
            version: self.version,
            digest: self.digest,
            text: self.text.as_bytes(),
            created_by: self
                .edges
                .iter()
                .find(|(property, _)| property == "created_by_ref")
                .map(|(_, id)| id.as_str()),
            revoked: false,
            derived: false,
            observables: self.observables.clone(),
            edges: self.edges.clone(),
            words: self.words.clone(),
            name: self.name.clone(),
        }
    }
}

fn references(object: &serde_json::Value, edges: &mut Vec<(String, String)>) {
    for (property, value) in object.as_object().unwrap() {
        let targets = match value {
            serde_json::Value::String(target) if property.ends_with("_ref") => vec![target.clone()],
            serde_json::Value::Array(all) if property.ends_with("_refs") => all
                .iter()
                .map(|target| target.as_str().unwrap().to_owned())
                .collect(),
            _ => Vec::new(),
        };
        edges.extend(targets.into_iter().map(|target| (property.clone(), target)));
    }
}

/// Descriptions, aliases and external ids: about what people search.
fn searchable(object: &serde_json::Value, words: &mut String) {
    for (property, value) in object.as_object().unwrap() {
        match value {
            serde_json::Value::String(text)
                if !property.ends_with("_ref")
                    && !matches!(
                        property.as_str(),
                        "id" | "type" | "created" | "modified" | "spec_version" | "name"
                    ) =>
            {
                words.push_str(text);
                words.push('\n');
            }
            serde_json::Value::Array(all) if property == "aliases" || property == "x_mitre_aliases" => {
                all.iter().filter_map(|alias| alias.as_str()).for_each(|alias| {
                    words.push_str(alias);
                    words.push('\n');
                });
            }
            _ => {}
        }
    }
}

fn measure(what: &str, count: usize, body: impl FnOnce()) {
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    body();
    let (cpu, wall) = (cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    let rate = |seconds: f64| count as f64 / seconds.max(1e-6);
    println!(
        "{what}: {cpu:.3} s cpu ({:.0}/s), {wall:.3} s wall ({:.0}/s)",
        rate(cpu),
        rate(wall)
    );
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    let stat: f64 = stat.split_whitespace().next().unwrap().parse().unwrap();
    stat / 1e9
}

fn peak_resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
