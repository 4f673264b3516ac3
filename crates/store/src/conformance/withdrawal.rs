//! Ended holdings: what is left is as if the rest had never been told, and who follows the changes misses nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Open, Sample, all_pages, derive, id, ingest};
use crate::Outcome::{KnownElsewhere, KnownHere, New, NewVersion, OlderVersion};
use crate::{Change, Outcome, SearchQuery, Store, Telling, Withdrawn};

pub(super) const CASES: &[Case] = &[
    (
        "withdrawn_version_gives_way_to_the_next_greatest",
        withdrawn_version_gives_way_to_the_next_greatest,
    ),
    (
        "version_held_by_another_stays_and_was_told_when_they_told_it",
        version_held_by_another_stays_and_was_told_when_they_told_it,
    ),
    (
        "withdrawn_text_is_gone_and_new_again",
        withdrawn_text_is_gone_and_new_again,
    ),
    (
        "withdrawing_nothing_changes_nothing",
        withdrawing_nothing_changes_nothing,
    ),
    (
        "withdrawal_moves_the_generation_where_detection_needs_it",
        withdrawal_moves_the_generation,
    ),
    (
        "detections_outlive_their_indicator",
        detections_outlive_their_indicator,
    ),
    (
        "withdrawn_and_told_in_one_change_is_an_exchange",
        withdrawn_and_told_in_one_change_is_an_exchange,
    ),
    (
        "object_that_becomes_current_again_takes_its_turn",
        object_that_becomes_current_again_takes_its_turn,
    ),
    ("turns_come_in_pages_and_go_on", turns_come_in_pages_and_go_on),
    (
        "any_history_is_what_a_naive_store_has",
        any_history_is_what_a_naive_store_has,
    ),
    (
        "follower_misses_nothing_while_others_write",
        follower_misses_nothing_while_others_write,
    ),
];

fn withdrawn<'a>(source: &'a str, id: &'a str, digest: Option<[u8; 32]>) -> Withdrawn<'a> {
    Withdrawn {
        source,
        id,
        digest,
        derive: &derive,
    }
}

fn withdraw(store: &dyn Store, source: &str, id: &str, digest: Option<[u8; 32]>) -> u64 {
    let change = Change {
        withdrawn: vec![withdrawn(source, id, digest)],
        ..Change::default()
    };
    store.apply(&change).unwrap().withdrawn
}

fn clean(store: &dyn Store) {
    let report = store.check(false, &derive).unwrap();
    assert!(report.is_clean(), "{:?}", report.differences);
}

/// A version of one tool, with something of its own to find it by.
fn version(number: i64) -> Sample {
    Sample::new("tool--1", number)
        .name(&format!("name{number}"))
        .words(&format!("word{number}"))
        .term(&format!("value{number}"))
        .mention("shared")
        .edge("x_ref", &format!("tool--target{number}"))
}

fn finds(store: &dyn Store, word: &str) -> usize {
    let query = SearchQuery::parse(word).unwrap();
    store.search(&query, 10).unwrap().items.len()
}

fn withdrawn_version_gives_way_to_the_next_greatest(open: &Open<'_>) {
    let store = open("a");
    ingest(&*store, "a", &[version(2), version(3), version(1)]);
    let change = store.change_number().unwrap();
    assert_eq!(withdraw(&*store, "a", "tool--1", Some(version(3).digest())), 1);
    assert!(store.change_number().unwrap() > change);
    let current = store.current("tool--1").unwrap().unwrap();
    assert_eq!((current.version, current.text.as_slice()), (2, version(2).text()));
    assert_eq!(
        [
            finds(&*store, "word2"),
            finds(&*store, "word3"),
            finds(&*store, "name2")
        ],
        [1, 0, 1]
    );
    let looked = store
        .look(&[(3, "value2"), (3, "value3"), (3, "shared")], 5)
        .unwrap();
    assert_eq!(
        looked
            .iter()
            .map(|looked| looked.mentions.len())
            .collect::<Vec<_>>(),
        [1, 0, 1]
    );
    assert_eq!(
        store
            .edges_to("tool--target2", None, None, 5)
            .unwrap()
            .items
            .len(),
        1
    );
    assert!(
        store
            .edges_to("tool--target3", None, None, 5)
            .unwrap()
            .items
            .is_empty()
    );
    clean(&*store);
    // One that was not current goes without a trace in the indexes.
    assert_eq!(withdraw(&*store, "a", "tool--1", Some(version(1).digest())), 1);
    assert_eq!(store.current("tool--1").unwrap().unwrap().version, 2);
    assert_eq!(store.stats().unwrap().versions, 1);
    clean(&*store);
    assert_eq!(withdraw(&*store, "a", "tool--1", None), 1);
    assert_eq!(store.current("tool--1").unwrap(), None);
    let stats = store.stats().unwrap();
    assert_eq!(
        (
            stats.current,
            stats.versions,
            stats.holdings,
            stats.observables,
            stats.edges
        ),
        (0, 0, 0, 0, 0)
    );
    clean(&*store);
}

fn version_held_by_another_stays_and_was_told_when_they_told_it(open: &Open<'_>) {
    let store = open("a");
    store.ingest("a", 100, &[version(1).incoming()]).unwrap();
    store.ingest("b", 200, &[version(1).incoming()]).unwrap();
    assert_eq!(withdraw(&*store, "a", "tool--1", None), 1);
    let current = store.current("tool--1").unwrap().unwrap();
    assert_eq!(current.first_told_at, 200);
    let holdings = store.holdings("tool--1", None, 5).unwrap().items;
    assert_eq!(
        holdings
            .iter()
            .map(|holding| holding.source.as_str())
            .collect::<Vec<_>>(),
        ["b"]
    );
    assert_eq!(finds(&*store, "word1"), 1);
    clean(&*store);
}

fn withdrawn_text_is_gone_and_new_again(open: &Open<'_>) {
    let store = open("a");
    ingest(&*store, "a", &[version(1), version(2)]);
    assert_eq!(withdraw(&*store, "a", "tool--1", None), 2);
    assert_eq!(store.by_digest(&version(2).digest()).unwrap(), None);
    assert_eq!(store.content(&[version(2).digest()]).unwrap(), [None]);
    assert!(store.versions("tool--1", None, 5).unwrap().items.is_empty());
    drop(store);
    let store = open("a");
    assert_eq!(ingest(&*store, "a", &[version(1)]), [New]);
    assert_eq!(finds(&*store, "word1"), 1);
    clean(&*store);
}

fn withdrawing_nothing_changes_nothing(open: &Open<'_>) {
    let store = open("a");
    ingest(&*store, "a", &[version(1).edge("y_ref", "tool--2")]);
    let before = (store.change_number().unwrap(), store.generation_number().unwrap());
    let (_, next) = store.changed(0, 10).unwrap();
    assert_eq!(withdraw(&*store, "b", "tool--1", None), 0);
    assert_eq!(withdraw(&*store, "a", "tool--2", None), 0);
    assert_eq!(withdraw(&*store, "a", "tool--3", None), 0);
    assert_eq!(withdraw(&*store, "a", "tool--1", Some([1; 32])), 0);
    assert_eq!(
        (store.change_number().unwrap(), store.generation_number().unwrap()),
        before
    );
    assert_eq!(store.changed(next, 10).unwrap(), (vec![], next));
}

fn withdrawal_moves_the_generation(open: &Open<'_>) {
    let store = open("a");
    let tells = |samples: &[Sample]| ingest(&*store, "a", samples);
    let moves = |id: &str, digest: Option<[u8; 32]>| {
        let before = store.generation_number().unwrap();
        assert!(withdraw(&*store, "a", id, digest) > 0);
        store.generation_number().unwrap() > before
    };
    tells(&[Sample::new("indicator--1", 1), Sample::new("indicator--1", 2)]);
    assert!(
        !moves("indicator--1", Some(Sample::new("indicator--1", 1).digest())),
        "it was not current"
    );
    assert!(moves("indicator--1", None));
    tells(&[Sample::new("malware--1", 1)]);
    assert!(!moves("malware--1", None));
    tells(&[Sample::new("x-rule--1", 1).term("x"), Sample::new("x-rule--1", 2)]);
    assert!(
        moves("x-rule--1", Some(Sample::new("x-rule--1", 2).digest())),
        "the older one looks for something"
    );
    assert!(moves("x-rule--1", None), "it no longer does");
    let based_on = Sample::new("relationship--1", 1).edge("target_ref", "domain-name--1");
    tells(&[based_on, Sample::new("domain-name--1", 0)]);
    assert!(moves("domain-name--1", None), "a relationship points at it");
    assert!(moves("relationship--1", None));
}

fn detections_outlive_their_indicator(open: &Open<'_>) {
    let store = open("a");
    ingest(
        &*store,
        "a",
        &[Sample::new("indicator--1", 1).term("evil.example")],
    );
    let detection = crate::Detection {
        indicator: "indicator--1".to_owned(),
        record: [1; 32],
        occurrence: 0,
        at: 5,
        day: 0,
        file: String::new(),
        line: 1,
        field: String::new(),
        kind: 3,
        value: "evil.example".to_owned(),
        host: String::new(),
        how: String::new(),
    };
    store.record_detections(&[detection]).unwrap();
    withdraw(&*store, "a", "indicator--1", None);
    assert_eq!(
        store
            .detections(Some("indicator--1"), None, 5)
            .unwrap()
            .items
            .len(),
        1
    );
    assert_eq!(store.hits(&[(3, "evil.example")]).unwrap()[0].count, 1);
    assert_eq!(store.dirty_groups(5).unwrap().len(), 1);
    clean(&*store);
}

fn withdrawn_and_told_in_one_change_is_an_exchange(open: &Open<'_>) {
    let store = open("a");
    ingest(&*store, "a", &[version(5)]);
    let old = version(5);
    let redacted = version(4);
    let change = Change {
        at: 9,
        withdrawn: vec![withdrawn("a", "tool--1", Some(old.digest()))],
        told: vec![Telling {
            source: "a",
            objects: vec![redacted.incoming()],
        }],
        ..Change::default()
    };
    let applied = store.apply(&change).unwrap();
    assert_eq!((applied.outcomes, applied.withdrawn), (vec![vec![New]], 1));
    assert_eq!(store.current("tool--1").unwrap().unwrap().version, 4);
    clean(&*store);
}

/// What a reader knows who goes on from where it left off.
#[derive(Default)]
struct Follower {
    after: u64,
    seen: BTreeMap<String, ([u8; 32], Vec<String>)>,
}

impl Follower {
    /// Reads on to the end; the ids that came up.
    fn read_on(&mut self, store: &dyn Store, limit: usize) -> Vec<String> {
        let mut ids = Vec::new();
        loop {
            let (changed, next) = store.changed(self.after, limit).unwrap();
            if changed.is_empty() {
                assert_eq!(next, self.after);
                return ids;
            }
            assert!(changed.len() <= limit && next > self.after);
            for changed in changed {
                assert!(changed.number > self.after && changed.number <= next);
                let told = changed.told.into_iter().map(|told| told.source).collect();
                ids.push(changed.stored.id.clone());
                self.seen.insert(changed.stored.id, (changed.stored.digest, told));
            }
            self.after = next;
        }
    }
}

fn object_that_becomes_current_again_takes_its_turn(open: &Open<'_>) {
    let store = open("a");
    let mut follower = Follower::default();
    ingest(&*store, "a", &[version(1)]);
    assert_eq!(follower.read_on(&*store, 10), ["tool--1"]);
    ingest(&*store, "a", &[version(2), Sample::new("tool--2", 1)]);
    assert_eq!(follower.read_on(&*store, 10), ["tool--1", "tool--2"]);
    withdraw(&*store, "a", "tool--1", Some(version(2).digest()));
    assert_eq!(follower.read_on(&*store, 10), ["tool--1"]);
    assert_eq!(follower.seen["tool--1"].0, version(1).digest());
    // An older version, or the same from the same source, is no change.
    ingest(&*store, "a", &[version(0), version(1)]);
    assert!(follower.read_on(&*store, 10).is_empty());
    ingest(&*store, "b", &[version(1)]);
    assert_eq!(follower.read_on(&*store, 10), ["tool--1"]);
    assert_eq!(follower.seen["tool--1"].1, ["a", "b"]);
    withdraw(&*store, "a", "tool--1", None);
    assert_eq!(follower.read_on(&*store, 10), ["tool--1"]);
    assert_eq!(follower.seen["tool--1"].1, ["b"]);
    // The number of what is gone is never given again.
    ingest(&*store, "a", &[Sample::new("tool--3", 1)]);
    follower.read_on(&*store, 10);
    withdraw(&*store, "a", "tool--3", None);
    assert!(follower.read_on(&*store, 10).is_empty());
    ingest(&*store, "a", &[Sample::new("tool--4", 1)]);
    assert_eq!(follower.read_on(&*store, 10), ["tool--4"]);
}

fn turns_come_in_pages_and_go_on(open: &Open<'_>) {
    let store = open("a");
    let samples: Vec<Sample> = (0..100)
        .map(|n| Sample::new(&id("tool", n * 7919 % 100), 1))
        .collect();
    let ids: Vec<String> = samples.iter().map(|sample| sample.id.clone()).collect();
    ingest(&*store, "a", &samples);
    ingest(&*store, "b", &samples[..30]);
    for limit in [1, 7, 100, usize::MAX] {
        let mut follower = Follower::default();
        let came: BTreeSet<String> = follower.read_on(&*store, limit).into_iter().collect();
        assert_eq!(came.len(), 100, "{limit}");
    }
    // In the order of storing, each once a page.
    let (changed, next) = store.changed(0, 1_000).unwrap();
    assert_eq!(
        changed
            .iter()
            .map(|changed| changed.stored.id.clone())
            .collect::<Vec<_>>(),
        ids
    );
    assert_eq!(store.changed(next, 10).unwrap(), (vec![], next));
    assert_eq!(store.changed(u64::MAX, 10).unwrap(), (vec![], u64::MAX));
    let large = "x".repeat(crate::limits::PAGE_BYTES_MAX / 4 + 1);
    let wide: Vec<Sample> = (0..6)
        .map(|n| Sample::new(&id("malware", n), 1).name(&large))
        .collect();
    wide.chunks(2).for_each(|pair| drop(ingest(&*store, "a", pair)));
    let (first, next) = store.changed(next, 100).unwrap();
    let (second, _) = store.changed(next, 100).unwrap();
    assert_eq!((first.len(), second.len()), (3, 3));
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Everything held, as a list: who, what, when first.
#[derive(Default)]
struct Naive {
    held: Vec<(String, Sample, i64)>,
}

impl Naive {
    fn of(&self, id: &str) -> std::vec::IntoIter<&(String, Sample, i64)> {
        let of_id: Vec<_> = self
            .held
            .iter()
            .filter(|(_, sample, _)| sample.id == id)
            .collect();
        of_id.into_iter()
    }

    fn current(&self, id: &str) -> Option<&Sample> {
        let samples = self.of(id).map(|(_, sample, _)| sample);
        samples.max_by_key(|sample| (sample.version, sample.digest()))
    }

    fn tell(&mut self, source: &str, sample: &Sample, at: i64) -> Outcome {
        let is_here =
            |(by, held, _): &(String, Sample, i64)| by == source && held.digest() == sample.digest();
        let outcome = match self.current(&sample.id) {
            _ if self.held.iter().any(is_here) => return KnownHere,
            _ if self
                .of(&sample.id)
                .any(|(_, held, _)| held.digest() == sample.digest()) =>
            {
                KnownElsewhere
            }
            None => New,
            Some(current) if (current.version, current.digest()) < (sample.version, sample.digest()) => {
                NewVersion
            }
            Some(_) => OlderVersion,
        };
        self.held.push((source.to_owned(), sample.clone(), at));
        outcome
    }

    fn withdraw(&mut self, source: &str, id: &str, digest: Option<[u8; 32]>) -> u64 {
        let before = self.held.len();
        self.held.retain(|(by, sample, _)| {
            !(by == source && sample.id == id && digest.is_none_or(|digest| digest == sample.digest()))
        });
        (before - self.held.len()) as u64
    }

    fn compare(&self, store: &dyn Store, ids: &[String]) {
        let count = |sample: &Sample| (sample.observables.len(), sample.edges.len());
        let currents: Vec<&Sample> = ids.iter().filter_map(|id| self.current(id)).collect();
        for id in ids {
            self.compare_id(store, id);
        }
        for word in 0..WORDS {
            let has = |sample: &&&Sample| sample.words == format!("word{word}");
            assert_eq!(
                finds(store, &format!("word{word}")),
                currents.iter().filter(has).count()
            );
            let value = format!("value{word}");
            let has = |sample: &&&Sample| sample.observables.iter().any(|observed| observed.value == value);
            let mentions = &store.look(&[(3, &value)], 100).unwrap()[0].mentions;
            assert_eq!(mentions.len(), currents.iter().filter(has).count());
        }
        let stats = store.stats().unwrap();
        let sums = currents.iter().map(|sample| count(sample));
        let (observables, edges) = sums.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let versions: BTreeSet<_> = self.held.iter().map(|(_, sample, _)| sample.digest()).collect();
        assert_eq!(
            (stats.current, stats.versions, stats.holdings),
            (
                currents.len() as u64,
                versions.len() as u64,
                self.held.len() as u64
            )
        );
        assert_eq!(
            (stats.observables, stats.edges),
            (observables as u64, edges as u64)
        );
    }

    fn compare_id(&self, store: &dyn Store, id: &str) {
        let current = self.current(id);
        let stored = store.current(id).unwrap();
        assert_eq!(
            stored
                .as_ref()
                .map(|stored| (stored.version, stored.text.as_slice(), stored.name.as_str())),
            current.map(|sample| (sample.version, sample.text(), sample.name.as_str()))
        );
        if let (Some(stored), Some(current)) = (stored, current) {
            let same = self
                .of(id)
                .filter(|(_, sample, _)| sample.digest() == current.digest());
            assert_eq!(Some(stored.first_told_at), same.map(|(_, _, at)| *at).min());
        }
        let mut holdings: Vec<_> = self
            .of(id)
            .map(|(by, sample, at)| (by.clone(), sample.digest(), *at))
            .collect();
        let mut stored: Vec<_> = all_pages(|after| store.holdings(id, after, 3).unwrap())
            .into_iter()
            .map(|holding| (holding.source, holding.digest, holding.at))
            .collect();
        holdings.sort();
        stored.sort();
        assert_eq!(stored, holdings);
        let edges: Vec<_> = store
            .edges_from(id)
            .unwrap()
            .into_iter()
            .map(|edge| (edge.property, edge.target))
            .collect();
        assert_eq!(
            edges,
            current.map(|sample| sample.edges.clone()).unwrap_or_default()
        );
    }

    fn compare_follower(&self, follower: &Follower, ids: &[String]) {
        for (id, current) in ids.iter().filter_map(|id| Some((id, self.current(id)?))) {
            let same = self
                .of(id)
                .filter(|(_, sample, _)| sample.digest() == current.digest());
            let mut tellers: Vec<String> = same.map(|(by, ..)| by.clone()).collect();
            tellers.sort();
            assert_eq!(follower.seen.get(id), Some(&(current.digest(), tellers)), "{id}");
        }
    }
}

const WORDS: u64 = 5;

fn any_sample(numbers: &mut Numbers, ids: &[String]) -> Sample {
    let id = &ids[numbers.below(ids.len() as u64) as usize];
    let version = numbers.below(3) as i64;
    let mut sample = Sample::new(id, version)
        .name(&format!("name{}", numbers.below(3)))
        .words(&format!("word{}", numbers.below(WORDS)));
    if numbers.below(2) == 0 {
        sample = sample.term(&format!("value{}", numbers.below(WORDS)));
    }
    if numbers.below(2) == 0 {
        sample = sample.edge("object_refs", &ids[numbers.below(ids.len() as u64) as usize]);
    }
    sample
}

/// How many histories are tried; `ENTENTE_CASES` asks for more.
#[allow(
    clippy::disallowed_methods,
    reason = "how long a test runs is asked by whoever runs it"
)]
fn histories() -> u64 {
    let asked = std::env::var("ENTENTE_CASES").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(12)
}

fn any_history_is_what_a_naive_store_has(open: &Open<'_>) {
    let ids: Vec<String> = (0..6)
        .map(|n| id(["tool", "indicator", "report"][n as usize % 3], n))
        .collect();
    let sources = ["a", "b", "c"];
    for seed in 0..histories() {
        let store = open(&seed.to_string());
        let mut numbers = Numbers(seed);
        let (mut naive, mut follower) = (Naive::default(), Follower::default());
        for at in 0..40i64 {
            let ended: Vec<(&str, &str, Option<[u8; 32]>)> = (0..numbers.below(3))
                .map(|_| {
                    let source = sources[numbers.below(3) as usize];
                    let id = ids[numbers.below(6) as usize].as_str();
                    let held: Vec<_> = naive.of(id).map(|(_, sample, _)| sample.digest()).collect();
                    let one = held.get(numbers.below(held.len() as u64 + 1) as usize).copied();
                    (source, id, one)
                })
                .collect();
            let told: Vec<(&str, Vec<Sample>)> = (0..numbers.below(3))
                .map(|_| {
                    let samples = (0..numbers.below(4))
                        .map(|_| any_sample(&mut numbers, &ids))
                        .collect();
                    (sources[numbers.below(3) as usize], samples)
                })
                .collect();
            let change = Change {
                at,
                withdrawn: ended
                    .iter()
                    .map(|(source, id, digest)| withdrawn(source, id, *digest))
                    .collect(),
                told: told
                    .iter()
                    .map(|(source, samples)| Telling {
                        source,
                        objects: samples.iter().map(Sample::incoming).collect(),
                    })
                    .collect(),
                ..Change::default()
            };
            let applied = store.apply(&change).unwrap();
            let ended: u64 = ended
                .iter()
                .map(|(source, id, digest)| naive.withdraw(source, id, *digest))
                .sum();
            assert_eq!(applied.withdrawn, ended, "seed {seed}, step {at}");
            let outcomes: Vec<Vec<Outcome>> = told
                .iter()
                .map(|(source, samples)| {
                    samples
                        .iter()
                        .map(|sample| naive.tell(source, sample, at))
                        .collect()
                })
                .collect();
            assert_eq!(applied.outcomes, outcomes, "seed {seed}, step {at}");
            naive.compare(&*store, &ids);
            if numbers.below(3) == 0 {
                follower.read_on(&*store, 1 + numbers.below(4) as usize);
                naive.compare_follower(&follower, &ids);
            }
        }
        clean(&*store);
    }
}

fn follower_misses_nothing_while_others_write(open: &Open<'_>) {
    let store = open("a");
    let store = &*store;
    let writing = std::sync::atomic::AtomicUsize::new(3);
    let mut follower = Follower::default();
    std::thread::scope(|scope| {
        for writer in 0..3u64 {
            let writing = &writing;
            scope.spawn(move || {
                let source = format!("writer {writer}");
                for round in 0..40u64 {
                    let number = |n: u64| id("tool", round * 10 + n);
                    // Some ids are told by all, some by one only; every third round takes one back.
                    let samples = [
                        Sample::new(&number(0), writer as i64),
                        Sample::new(&number(1 + writer), 1),
                    ];
                    ingest(store, &source, &samples);
                    if round % 3 == writer {
                        withdraw(store, &source, &number(0), None);
                    }
                }
                writing.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
        while writing.load(std::sync::atomic::Ordering::SeqCst) > 0 {
            follower.read_on(store, 7);
        }
    });
    follower.read_on(store, 7);
    for stored in all_pages(|after| store.objects(None, after, 1_000).unwrap()) {
        let holdings = store.holdings(&stored.id, None, 10).unwrap().items;
        let current = holdings.into_iter().filter(|holding| holding.is_current);
        let tellers: Vec<String> = current.map(|holding| holding.source).collect();
        assert_eq!(
            follower.seen.get(&stored.id),
            Some(&(stored.digest, tellers)),
            "{}",
            stored.id
        );
    }
    clean(store);
}
