//! Versions, holdings, outcomes, and batches as wholes.

use super::{Case, Open, Sample, all_pages, id, ingest};
use crate::Outcome::{KnownElsewhere, KnownHere, New, NewVersion, OlderVersion};
use crate::{Error, Store, limits};

pub(super) const CASES: &[Case] = &[
    ("object_comes_out_as_it_went_in", object_comes_out_as_it_went_in),
    ("ingest_twice_changes_nothing", ingest_twice_changes_nothing),
    ("second_source_holds_too", second_source_holds_too),
    (
        "greatest_version_is_current_in_any_order",
        greatest_version_is_current_in_any_order,
    ),
    (
        "equal_versions_are_decided_by_digest",
        equal_versions_are_decided_by_digest,
    ),
    (
        "one_batch_may_hold_many_versions",
        one_batch_may_hold_many_versions,
    ),
    (
        "known_derived_id_is_known_content",
        known_derived_id_is_known_content,
    ),
    ("poisoned_batch_leaves_nothing", poisoned_batch_leaves_nothing),
    ("over_large_batch_is_refused", over_large_batch_is_refused),
    ("change_number_tells_change", change_number_tells_change),
    (
        "generation_number_tells_what_detection_needs",
        generation_number_tells_what_detection_needs,
    ),
    ("everything_survives_reopening", everything_survives_reopening),
    ("meta_values_are_kept", meta_values_are_kept),
    ("sources_and_stats_count", sources_and_stats_count),
];

fn object_comes_out_as_it_went_in(open: &Open<'_>) {
    let store = open("a");
    let text = "id\tmalware--x\nversion\t-5\nname\tñ \u{0} ü\nwords\t\nrevoked\ttrue\nby\tidentity--1";
    let sample = Sample::new("malware--x", -5)
        .name("ñ \u{0} ü")
        .by("identity--1")
        .revoked();
    assert_eq!(sample.text(), text.as_bytes());
    assert_eq!(ingest(&*store, "a", std::slice::from_ref(&sample)), [New]);
    let stored = store.current("malware--x").unwrap().unwrap();
    assert_eq!(stored.id, "malware--x");
    assert_eq!(stored.type_name(), "malware");
    assert_eq!(stored.version, -5);
    assert_eq!(stored.digest, sample.digest());
    assert_eq!(stored.text, sample.text());
    assert_eq!(stored.created_by.as_deref(), Some("identity--1"));
    assert!(stored.revoked);
    assert_eq!(stored.name, "ñ \u{0} ü");
    assert_eq!(stored.first_told_at, 7);
    assert_eq!(store.by_digest(&sample.digest()).unwrap().unwrap(), stored);
    assert_eq!(store.by_digest(&[0; 32]).unwrap(), None);
    // Only referred to, so not there.
    assert_eq!(store.current("identity--1").unwrap(), None);
    let many = store
        .current_many(&["identity--1", "malware--x", "malware--x", ""])
        .unwrap();
    assert_eq!(many, [None, Some(stored.clone()), Some(stored), None]);
}

fn ingest_twice_changes_nothing(open: &Open<'_>) {
    let store = open("a");
    let samples: Vec<Sample> = (0..50)
        .map(|n| Sample::new(&id("tool", n), 1).edge("x_ref", &id("tool", n + 1)))
        .collect();
    assert_eq!(ingest(&*store, "a", &samples), [New; 50]);
    let before = (
        store.change_number().unwrap(),
        store.generation_number().unwrap(),
        counts(&*store),
    );
    assert_eq!(ingest(&*store, "a", &samples), [KnownHere; 50]);
    assert_eq!(
        (
            store.change_number().unwrap(),
            store.generation_number().unwrap(),
            counts(&*store)
        ),
        before
    );
    assert_eq!(ingest(&*store, "a", &[]), []);
    // The same object twice in one batch.
    let twin = Sample::new(&id("tool", 99), 1);
    assert_eq!(ingest(&*store, "a", &[twin.clone(), twin]), [New, KnownHere]);
}

/// The counts that do not depend on how an engine uses its disk.
fn counts(store: &dyn Store) -> crate::Stats {
    crate::Stats {
        disk_bytes: 0,
        ..store.stats().unwrap()
    }
}

fn second_source_holds_too(open: &Open<'_>) {
    let store = open("a");
    let sample = [Sample::new("tool--1", 1)];
    store.ingest("b", 100, &[sample[0].incoming()]).unwrap();
    let change = store.change_number().unwrap();
    let outcomes = store.ingest("a", 200, &[sample[0].incoming()]).unwrap();
    assert_eq!(outcomes, [KnownElsewhere]);
    assert!(store.change_number().unwrap() > change);
    assert_eq!(
        store.ingest("a", 300, &[sample[0].incoming()]).unwrap(),
        [KnownHere]
    );
    let newer = Sample::new("tool--1", 2);
    store.ingest("c", 400, &[newer.incoming()]).unwrap();
    let holdings = all_pages(|after| store.holdings("tool--1", after, 1).unwrap());
    let told: Vec<_> = holdings
        .iter()
        .map(|holding| {
            (
                holding.source.as_str(),
                holding.at,
                holding.version,
                holding.is_current,
            )
        })
        .collect();
    assert_eq!(
        told,
        [("c", 400, 2, true), ("a", 200, 1, false), ("b", 100, 1, false)]
    );
    assert_eq!(holdings[1].digest, sample[0].digest());
    // The first telling of an object is when anyone told it.
    assert_eq!(
        store
            .by_digest(&sample[0].digest())
            .unwrap()
            .unwrap()
            .first_told_at,
        100
    );
    assert!(store.holdings("tool--2", None, 10).unwrap().items.is_empty());
}

fn greatest_version_is_current_in_any_order(open: &Open<'_>) {
    let orders: [[i64; 3]; 6] = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]];
    for (number, order) in orders.iter().enumerate() {
        let store = open(&number.to_string());
        let mut greatest = i64::MIN;
        for version in order {
            let outcome = ingest(
                &*store,
                "a",
                &[Sample::new("tool--1", *version).term(&version.to_string())],
            );
            let expected = match greatest {
                i64::MIN => New,
                known if known < *version => NewVersion,
                _ => OlderVersion,
            };
            assert_eq!(outcome, [expected], "{order:?}");
            greatest = greatest.max(*version);
        }
        assert_eq!(store.current("tool--1").unwrap().unwrap().version, 3);
        let versions = all_pages(|after| store.versions("tool--1", after, 1).unwrap());
        assert_eq!(
            versions.iter().map(|stored| stored.version).collect::<Vec<_>>(),
            [3, 2, 1]
        );
        let looked = store.look(&[(3, "1"), (3, "2"), (3, "3")], 5).unwrap();
        assert_eq!(
            looked
                .iter()
                .map(|looked| looked.mentions.len())
                .collect::<Vec<_>>(),
            [0, 0, 1]
        );
    }
}

fn equal_versions_are_decided_by_digest(open: &Open<'_>) {
    let samples: Vec<Sample> = (0..40)
        .map(|n| Sample::new("ipv4-addr--1", 0).name(&n.to_string()))
        .collect();
    let store = open("a");
    for sample in &samples {
        ingest(&*store, "a", std::slice::from_ref(sample));
    }
    let mut digests: Vec<_> = samples.iter().map(Sample::digest).collect();
    digests.sort_unstable();
    digests.reverse();
    let versions = all_pages(|after| store.versions("ipv4-addr--1", after, 3).unwrap());
    assert_eq!(
        versions.iter().map(|stored| stored.digest).collect::<Vec<_>>(),
        digests
    );
    assert_eq!(store.current("ipv4-addr--1").unwrap().unwrap().digest, digests[0]);
    assert_eq!(ingest(&*store, "a", &samples), [KnownHere; 40]);
}

fn one_batch_may_hold_many_versions(open: &Open<'_>) {
    let store = open("a");
    let version = |number: i64| {
        Sample::new("tool--1", number)
            .name(&format!("name{number}"))
            .term(&format!("value{number}"))
            .mention("shared")
    };
    let outcomes = ingest(
        &*store,
        "a",
        &[version(2), version(1), version(3), version(2), version(3)],
    );
    assert_eq!(outcomes, [New, OlderVersion, NewVersion, KnownHere, KnownHere]);
    let look = |value: &str| store.look(&[(3, value)], 5).unwrap()[0].mentions.len();
    assert_eq!(
        [look("value1"), look("value2"), look("value3"), look("shared")],
        [0, 0, 1, 1]
    );
    assert_eq!(
        ingest(&*store, "b", &[version(4), version(4)]),
        [NewVersion, KnownHere]
    );
    assert_eq!([look("value3"), look("value4"), look("shared")], [0, 1, 1]);
}

fn known_derived_id_is_known_content(open: &Open<'_>) {
    let store = open("a");
    let first = Sample::new("indicator--1", 10).derived();
    let later = Sample::new("indicator--1", 20).derived();
    assert_eq!(ingest(&*store, "a", std::slice::from_ref(&first)), [New]);
    assert_eq!(ingest(&*store, "a", std::slice::from_ref(&later)), [KnownHere]);
    assert_eq!(ingest(&*store, "b", &[later]), [KnownElsewhere]);
    assert_eq!(store.current("indicator--1").unwrap().unwrap().version, 10);
}

fn poisoned_batch_leaves_nothing(open: &Open<'_>) {
    let store = open("a");
    ingest(&*store, "a", &[Sample::new("tool--0", 1)]);
    let before = (
        store.change_number().unwrap(),
        counts(&*store),
        store.sources().unwrap(),
    );
    let (good, other) = (
        Sample::new("tool--1", 1).term("x").words("word"),
        Sample::new("tool--2", 1),
    );
    let poisons = [
        crate::Incoming {
            text: b"\xff",
            ..other.incoming()
        },
        crate::Incoming {
            type_name: "malware",
            ..other.incoming()
        },
    ];
    for poison in poisons {
        let failed = store.ingest("new source", 1, &[good.incoming(), poison, other.incoming()]);
        assert!(matches!(failed, Err(Error::Unfit { .. })), "{failed:?}");
        assert_eq!(
            (
                store.change_number().unwrap(),
                counts(&*store),
                store.sources().unwrap()
            ),
            before
        );
        assert_eq!(store.current("tool--1").unwrap(), None);
    }
    assert_eq!(ingest(&*store, "a", &[good, other]), [New, New]);
}

fn over_large_batch_is_refused(open: &Open<'_>) {
    let store = open("a");
    let sample = Sample::new("tool--1", 1);
    let many = vec![sample.incoming(); limits::BATCH_OBJECTS_MAX + 1];
    assert!(matches!(store.ingest("a", 1, &many), Err(Error::TooMuch { .. })));
    let long = "x".repeat(limits::NAME_BYTES_MAX);
    let wide = Sample::new("tool--1", 1).edge("a_ref", &format!("tool--{long}"));
    assert!(matches!(
        store.ingest("a", 1, &[wide.incoming()]),
        Err(Error::TooMuch { .. })
    ));
    assert_eq!(counts(&*store), crate::Stats::default());
}

fn change_number_tells_change(open: &Open<'_>) {
    let store = open("a");
    let start = store.change_number().unwrap();
    ingest(&*store, "a", &[Sample::new("tool--1", 2)]);
    let stored = store.change_number().unwrap();
    ingest(&*store, "a", &[Sample::new("tool--1", 1)]);
    let older = store.change_number().unwrap();
    ingest(&*store, "b", &[Sample::new("tool--1", 1)]);
    let held = store.change_number().unwrap();
    assert!(start < stored && stored < older && older < held);
}

fn generation_number_tells_what_detection_needs(open: &Open<'_>) {
    let store = open("a");
    let moves = |sample: Sample| {
        let before = store.generation_number().unwrap();
        ingest(&*store, "a", &[sample]);
        store.generation_number().unwrap() > before
    };
    assert!(moves(Sample::new("indicator--1", 2).term("x")));
    assert!(
        !moves(Sample::new("indicator--1", 1).term("y")),
        "an older version is not detected"
    );
    assert!(!moves(Sample::new("indicator--1", 2).term("x")), "known already");
    assert!(!moves(Sample::new("malware--1", 1)));
    assert!(!moves(
        Sample::new("sighting--1", 1)
            .edge("sighting_of_ref", "indicator--1")
            .edge("observed_data_refs", "observed-data--1")
    ));
    assert!(!moves(
        Sample::new("observed-data--1", 1).edge("object_refs", "domain-name--1")
    ));
    assert!(!moves(
        Sample::new("observed-data--1", 2).edge("object_refs", "domain-name--1")
    ));
    assert!(
        moves(Sample::new("domain-name--1", 0).mention("x")),
        "observed data pointed at it"
    );
    assert!(moves(
        Sample::new("relationship--1", 1)
            .edge("source_ref", "indicator--1")
            .edge("target_ref", "domain-name--2")
    ));
    assert!(
        moves(Sample::new("domain-name--2", 0).mention("x")),
        "a relationship pointed at it"
    );
    assert!(!moves(Sample::new("domain-name--3", 0).mention("x")));
    assert!(
        moves(Sample::new("x-rule--1", 0).term("x")),
        "it looks for something"
    );
    assert!(moves(Sample::new("x-rule--1", 1)), "it no longer does");
}

fn everything_survives_reopening(open: &Open<'_>) {
    let samples: Vec<Sample> = (0..20)
        .map(|n| {
            Sample::new(&id("indicator", n), 1)
                .term(&n.to_string())
                .edge("x_ref", "tool--1")
                .words("needle")
        })
        .collect();
    let store = open("a");
    ingest(&*store, "a", &samples);
    let state = |store: &dyn Store| {
        let objects = store.objects(None, None, 100).unwrap();
        (
            objects,
            store.edges_to("tool--1", None, None, 100).unwrap(),
            store.change_number().unwrap(),
            counts(store),
        )
    };
    let before = state(&*store);
    drop(store);
    let store = open("a");
    assert_eq!(state(&*store), before);
    let cursor = store.objects(None, None, 7).unwrap().next.unwrap();
    store.close().unwrap();
    let store = open("a");
    assert_eq!(state(&*store), before);
    assert_eq!(
        store.objects(None, Some(&cursor), 100).unwrap().items,
        before.0.items[7..]
    );
    assert_eq!(ingest(&*store, "a", &samples), [KnownHere; 20]);
}

fn meta_values_are_kept(open: &Open<'_>) {
    let store = open("a");
    assert_eq!(store.meta("x").unwrap(), None);
    store.set_meta("x", Some("1")).unwrap();
    store.set_meta("x", Some("2")).unwrap();
    store.set_meta("y", Some("")).unwrap();
    drop(store);
    let store = open("a");
    assert_eq!(store.meta("x").unwrap().as_deref(), Some("2"));
    assert_eq!(store.meta("y").unwrap().as_deref(), Some(""));
    store.set_meta("x", None).unwrap();
    assert_eq!(store.meta("x").unwrap(), None);
}

fn sources_and_stats_count(open: &Open<'_>) {
    let store = open("a");
    let one = Sample::new("tool--1", 1)
        .edge("a_ref", "tool--2")
        .edge("a_ref", "tool--2")
        .edge("b_ref", "tool--2")
        .term("x")
        .mention("x");
    store.ingest("zeta", 5, &[one.incoming()]).unwrap();
    store
        .ingest(
            "alpha",
            6,
            &[one.incoming(), Sample::new("tool--1", 2).incoming()],
        )
        .unwrap();
    store
        .ingest("zeta", 7, &[Sample::new("x-a--1", 2).term("y").incoming()])
        .unwrap();
    let sources: Vec<_> = store
        .sources()
        .unwrap()
        .into_iter()
        .map(|s| (s.name, s.holdings, s.first_at))
        .collect();
    assert_eq!(sources, [("alpha".to_owned(), 2, 6), ("zeta".to_owned(), 2, 5)]);
    let stats = store.stats().unwrap();
    assert_eq!(
        stats.current_by_type,
        [("tool".to_owned(), 1), ("x-a".to_owned(), 1)]
    );
    assert_eq!(
        (stats.current, stats.versions, stats.holdings, stats.sources),
        (2, 3, 4, 2)
    );
    // The current version of the tool has neither.
    assert_eq!((stats.observables, stats.edges, stats.detections), (1, 0, 0));
}
