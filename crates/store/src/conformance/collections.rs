//! Collections: numbers, times, versions, filters, pages.

use super::channels::clean;
use super::{Case, Open, digest, id};
use crate::{
    Change, Collect, Collected, CollectionEntry, CollectionFilter, Discard, Error, Filter, NewCollection,
    NewCollectionEntry, Store, Versions, limits,
};

pub(super) const CASES: &[Case] = &[
    (
        "collection_is_described_anew_and_keeps_its_entries",
        collection_is_described_anew_and_keeps_its_entries,
    ),
    ("known_entry_changes_nothing", known_entry_changes_nothing),
    ("number_is_never_given_twice", number_is_never_given_twice),
    ("times_of_entries_grow", times_of_entries_grow),
    (
        "first_and_last_are_of_the_whole_collection",
        first_and_last_are_of_the_whole_collection,
    ),
    (
        "disturbed_grows_when_earlier_answers_change",
        disturbed_grows_when_earlier_answers_change,
    ),
    (
        "page_of_what_is_rare_ends_and_leads_on",
        page_of_what_is_rare_ends_and_leads_on,
    ),
    (
        "unfit_collections_and_filters_are_refused",
        unfit_collections_and_filters_are_refused,
    ),
];

pub(super) fn collection<'a>(root: &'a str, id: &'a str) -> NewCollection<'a> {
    NewCollection {
        root,
        id,
        title: "a title",
        description: None,
        alias: None,
        media_types: vec!["application/stix+json;version=2.1"],
        can_read: true,
        can_write: true,
        owner: None,
    }
}

/// An entry whose digest follows from its id and version.
pub(super) fn item(id: &str, version: i64) -> NewCollectionEntry<'_> {
    NewCollectionEntry {
        id,
        version,
        version_text: "a version",
        spec_version: "2.1",
        media_type: "application/stix+json;version=2.1",
        digest: digest(format!("{id} {version}").as_bytes()),
        added: None,
    }
}

pub(super) fn collect<'a>(
    root: &'a str,
    collection: &'a str,
    entries: Vec<NewCollectionEntry<'a>>,
) -> Collect<'a> {
    Collect {
        root,
        collection,
        entries,
    }
}

pub(super) fn discard<'a>(root: &'a str, collection: &'a str, id: &'a str) -> Discard<'a> {
    Discard {
        root,
        collection,
        id,
        version: None,
    }
}

/// Every entry of a collection that a filter lets through, by pages of `limit`.
pub(super) fn filtered(
    store: &dyn Store,
    (root, id): (&str, &str),
    filter: &CollectionFilter<'_>,
    limit: usize,
) -> Vec<CollectionEntry> {
    let (mut entries, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next {
        let page = store.collection_entries(root, id, from, filter, limit).unwrap();
        assert!(page.items.len() <= limit);
        entries.extend(page.items);
        next = page.next;
    }
    entries
}

pub(super) fn all_entries(store: &dyn Store, root: &str, id: &str) -> Vec<CollectionEntry> {
    filtered(store, (root, id), &CollectionFilter::default(), 100)
}

/// A store with the collections `box` and `other` of the root `root`.
pub(super) fn with_collections(open: &Open<'_>) -> Box<dyn Store> {
    let store = open("a");
    let change = Change {
        at: 3,
        collections: vec![collection("root", "box"), collection("root", "other")],
        ..Change::default()
    };
    store.apply(&change).unwrap();
    store
}

/// Adds entries to a collection of `root`; what became of each.
pub(super) fn add(
    store: &dyn Store,
    at: i64,
    collection: &str,
    entries: Vec<NewCollectionEntry<'_>>,
) -> Vec<Collected> {
    let change = Change {
        at,
        collected: vec![collect("root", collection, entries)],
        ..Change::default()
    };
    store.apply(&change).unwrap().collected.remove(0)
}

/// Lets entries of `box` go; how many went.
pub(super) fn drop_entries(store: &dyn Store, id: &str, version: Option<i64>) -> u64 {
    let change = Change {
        discarded: vec![Discard {
            version,
            ..discard("root", "box", id)
        }],
        ..Change::default()
    };
    store.apply(&change).unwrap().discarded
}

fn numbers(entries: &[CollectionEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.number).collect()
}

fn collection_is_described_anew_and_keeps_its_entries(open: &Open<'_>) {
    let store = with_collections(open);
    add(&*store, 5, "box", vec![item("tool--1", 1)]);
    let anew = Change {
        at: 9,
        collections: vec![
            NewCollection {
                title: "another title",
                description: Some("what it is for"),
                alias: Some("the-box"),
                media_types: vec!["a/b", "c/d"],
                can_write: false,
                owner: Some("identity--1"),
                ..collection("root", "box")
            },
            collection("root 2", "box"),
        ],
        ..Change::default()
    };
    store.apply(&anew).unwrap();
    drop(store);
    let store = open("a");
    let made = store.collection("root", "box").unwrap().unwrap();
    assert_eq!(
        (
            made.title.as_str(),
            made.description.as_deref(),
            made.alias.as_deref()
        ),
        ("another title", Some("what it is for"), Some("the-box"))
    );
    assert_eq!(
        (made.can_read, made.can_write, made.owner.as_deref()),
        (true, false, Some("identity--1"))
    );
    assert_eq!((made.media_types.join(" ").as_str(), made.at), ("a/b c/d", 3));
    assert_eq!((made.size, made.last, made.disturbed), (1, 1, 0));
    let names = |root| -> Vec<String> {
        let collections = store.collections(root).unwrap();
        let names = collections
            .iter()
            .map(|made| format!("{}/{}", made.root, made.id));
        names.collect()
    };
    assert_eq!(names(None), ["root/box", "root/other", "root 2/box"]);
    assert_eq!(names(Some("root 2")), ["root 2/box"]);
    assert_eq!(store.collection("root", "none").unwrap(), None);
    let entries = all_entries(&*store, "root", "box");
    let expected = CollectionEntry {
        number: 1,
        id: "tool--1".to_owned(),
        version: 1,
        version_text: "a version".to_owned(),
        spec_version: "2.1".to_owned(),
        media_type: "application/stix+json;version=2.1".to_owned(),
        added: 5,
        digest: digest(b"tool--1 1"),
    };
    assert_eq!(entries, [expected]);
    assert!(all_entries(&*store, "root 2", "box").is_empty());
    assert!(all_entries(&*store, "none", "box").is_empty());
    clean(&*store);
}

fn known_entry_changes_nothing(open: &Open<'_>) {
    let store = with_collections(open);
    let first = add(
        &*store,
        5,
        "box",
        vec![item("tool--1", 1), item("tool--2", 1), item("tool--1", 1)],
    );
    let told: Vec<_> = first
        .iter()
        .map(|told| (told.number, told.added, told.is_new))
        .collect();
    assert_eq!(told, [(1, 5, true), (2, 6, true), (1, 5, false)]);
    let before = (
        store.collection("root", "box").unwrap(),
        all_entries(&*store, "root", "box"),
    );
    let again = add(&*store, 9, "box", vec![item("tool--2", 1)]);
    assert_eq!((again[0].number, again[0].added, again[0].is_new), (2, 6, false));
    assert_eq!(
        before,
        (
            store.collection("root", "box").unwrap(),
            all_entries(&*store, "root", "box")
        )
    );
    let other_text = NewCollectionEntry {
        digest: [9; 32],
        ..item("tool--2", 1)
    };
    let told = add(&*store, 9, "box", vec![other_text, item("tool--2", 2)]);
    assert_eq!((told[0].number, told[1].number), (3, 4));
    assert!(add(&*store, 9, "other", vec![item("tool--2", 1)])[0].is_new);
    clean(&*store);
}

fn number_is_never_given_twice(open: &Open<'_>) {
    let store = with_collections(open);
    add(
        &*store,
        5,
        "box",
        vec![item("tool--1", 1), item("tool--2", 1), item("tool--2", 2)],
    );
    assert_eq!(drop_entries(&*store, "tool--2", None), 2);
    assert_eq!(drop_entries(&*store, "tool--2", None), 0);
    assert_eq!(drop_entries(&*store, "tool--1", Some(7)), 0, "no such version");
    assert_eq!(drop_entries(&*store, "tool--1", Some(1)), 1);
    drop(store);
    let store = open("a");
    let told = add(&*store, 1, "box", vec![item("tool--2", 2)]);
    assert_eq!((told[0].number, told[0].added, told[0].is_new), (4, 8, true));
    let made = store.collection("root", "box").unwrap().unwrap();
    assert_eq!((made.size, made.last), (1, 4));
    clean(&*store);
}

fn times_of_entries_grow(open: &Open<'_>) {
    let store = with_collections(open);
    let brought = |id, added| NewCollectionEntry {
        added: Some(added),
        ..item(id, 1)
    };
    let told = add(
        &*store,
        100,
        "box",
        vec![
            brought("tool--1", 40),
            brought("tool--2", 50),
            brought("tool--3", 50),
            item("tool--4", 1),
            item("tool--5", 1),
        ],
    );
    let added = |told: &[Collected]| told.iter().map(|told| told.added).collect::<Vec<_>>();
    assert_eq!(added(&told), [40, 50, 50, 100, 101]);
    assert_eq!(added(&add(&*store, 90, "box", vec![item("tool--6", 1)])), [102]);
    let late = Change {
        at: 200,
        collected: vec![collect(
            "root",
            "box",
            vec![item("tool--7", 1), brought("tool--8", 199)],
        )],
        ..Change::default()
    };
    assert!(matches!(store.apply(&late), Err(Error::Unfit { subject, .. }) if subject == "tool--8"));
    assert_eq!(store.collection("root", "box").unwrap().unwrap().last, 6);
    let after = |added_after| {
        let filter = CollectionFilter {
            filter: Filter {
                added_after: Some(added_after),
                ..Filter::default()
            },
            ..CollectionFilter::default()
        };
        numbers(&filtered(&*store, ("root", "box"), &filter, 2))
    };
    assert_eq!(after(i64::MIN), [1, 2, 3, 4, 5, 6]);
    assert_eq!(after(40), [2, 3, 4, 5, 6]);
    assert_eq!((after(49), after(50)), (vec![2, 3, 4, 5, 6], vec![4, 5, 6]));
    assert_eq!(
        (after(101), after(102), after(i64::MAX)),
        (vec![6], vec![], vec![])
    );
    clean(&*store);
}

fn first_and_last_are_of_the_whole_collection(open: &Open<'_>) {
    let store = with_collections(open);
    let versions = [
        ("tool--1", 5),
        ("tool--2", 1),
        ("tool--1", 9),
        ("tool--1", 2),
        ("note--1", 3),
    ];
    let items = versions.iter().map(|(id, version)| item(id, *version));
    add(&*store, 5, "box", items.collect());
    let told = |filter: &CollectionFilter<'_>| numbers(&filtered(&*store, ("root", "box"), filter, 2));
    let of = |first, last, exact: &[i64]| CollectionFilter {
        versions: Versions::Any {
            first,
            last,
            exact: exact.to_vec(),
        },
        ..CollectionFilter::default()
    };
    let by = |filter, rest| CollectionFilter { filter, ..rest };
    let tools = || Filter {
        types: vec!["tool", "none"],
        ..Filter::default()
    };
    let one = || Filter {
        ids: vec!["tool--1", "tool--9", "tool--1"],
        ..Filter::default()
    };
    let late = || Filter {
        added_after: Some(7),
        ..Filter::default()
    };
    assert_eq!(told(&CollectionFilter::default()), [1, 2, 3, 4, 5]);
    assert_eq!(told(&of(false, true, &[])), [2, 3, 5]);
    assert_eq!(told(&of(true, false, &[])), [2, 4, 5]);
    assert_eq!(told(&of(true, true, &[])), [2, 3, 4, 5]);
    assert_eq!(told(&of(false, true, &[5, 1])), [1, 2, 3, 5]);
    assert!(told(&of(false, false, &[])).is_empty());
    assert_eq!(told(&by(tools(), CollectionFilter::default())), [1, 2, 3, 4]);
    assert_eq!(told(&by(tools(), of(false, true, &[]))), [2, 3]);
    assert_eq!(told(&by(one(), of(true, false, &[]))), [4]);
    assert_eq!(told(&by(one(), CollectionFilter::default())), [1, 3, 4]);
    assert_eq!(
        told(&by(
            Filter {
                types: vec!["note"],
                ..one()
            },
            CollectionFilter::default()
        )),
        Vec::<u64>::new()
    );
    assert_eq!(
        told(&by(late(), of(true, false, &[]))),
        [4, 5],
        "entry 4 is the first, though it came late"
    );
    let spec = |spec_versions: &[&'static str]| CollectionFilter {
        spec_versions: spec_versions.to_vec(),
        ..CollectionFilter::default()
    };
    assert_eq!(told(&spec(&["2.1", "2.0"])), [1, 2, 3, 4, 5]);
    assert!(told(&spec(&["2.0"])).is_empty());
    drop_entries(&*store, "tool--1", Some(9));
    assert_eq!(told(&of(false, true, &[])), [1, 2, 5]);
    drop_entries(&*store, "tool--1", Some(2));
    assert_eq!(told(&of(true, false, &[])), [1, 2, 5]);
    clean(&*store);
}

fn disturbed_grows_when_earlier_answers_change(open: &Open<'_>) {
    let store = with_collections(open);
    let disturbed = || store.collection("root", "box").unwrap().unwrap().disturbed;
    add(&*store, 5, "box", vec![item("tool--1", 5), item("tool--2", 5)]);
    assert_eq!(disturbed(), 0);
    add(&*store, 5, "box", vec![item("tool--1", 6)]);
    assert_eq!(disturbed(), 1, "5 is the last no more");
    add(&*store, 5, "box", vec![item("tool--1", 4)]);
    assert_eq!(disturbed(), 2, "5 is the first no more");
    add(&*store, 5, "box", vec![item("tool--1", 5), item("tool--3", 1)]);
    assert_eq!(disturbed(), 2);
    drop_entries(&*store, "tool--9", None);
    assert_eq!(disturbed(), 2);
    drop_entries(&*store, "tool--2", None);
    assert_eq!(disturbed(), 3);
}

fn page_of_what_is_rare_ends_and_leads_on(open: &Open<'_>) {
    let store = with_collections(open);
    let ids: Vec<String> = (0..limits::FILTER_LOOKS_MAX as u64 + 3_000)
        .map(|number| id(if number % 9_000 == 8_999 { "note" } else { "tool" }, number))
        .collect();
    for ids in ids.chunks(limits::CHANGE_ITEMS_MAX) {
        add(&*store, 5, "box", ids.iter().map(|id| item(id, 1)).collect());
    }
    add(&*store, 5, "box", vec![item("tool--last", 2)]);
    let page = |filter: &CollectionFilter<'_>, limit| {
        store.collection_entries("root", "box", 0, filter, limit).unwrap()
    };
    let notes = CollectionFilter {
        filter: Filter {
            types: vec!["note"],
            ..Filter::default()
        },
        ..CollectionFilter::default()
    };
    let found = page(&notes, 10);
    assert_eq!((numbers(&found.items), found.next), (vec![9_000, 18_000], None));
    let found = page(&notes, 1);
    assert_eq!((numbers(&found.items), found.next), (vec![9_000], Some(18_000)));
    let second = CollectionFilter {
        versions: Versions::Any {
            first: false,
            last: false,
            exact: vec![2],
        },
        ..CollectionFilter::default()
    };
    let found = page(&second, 10);
    assert!(found.items.is_empty() && found.next.is_some(), "it ended early");
    let all = filtered(&*store, ("root", "box"), &second, 10);
    assert_eq!(numbers(&all), [limits::FILTER_LOOKS_MAX as u64 + 3_001]);
    let found = page(&CollectionFilter::default(), usize::MAX);
    assert_eq!(
        (found.items.len(), found.next),
        (limits::PAGE_ITEMS_MAX, Some(limits::PAGE_ITEMS_MAX as u64 + 1))
    );
    clean(&*store);
}

fn unfit_collections_and_filters_are_refused(open: &Open<'_>) {
    let store = with_collections(open);
    let long = "x".repeat(limits::NAME_BYTES_MAX + 1);
    let longer = "x".repeat(limits::DESCRIPTION_BYTES_MAX + 1);
    let make = |collection| Change {
        collections: vec![collection],
        ..Change::default()
    };
    let box_of = || collection("root", "new");
    let refused = [
        make(collection(&long, "new")),
        make(NewCollection {
            title: &long,
            ..box_of()
        }),
        make(NewCollection {
            alias: Some(&long),
            ..box_of()
        }),
        make(NewCollection {
            description: Some(&longer),
            ..box_of()
        }),
        make(NewCollection {
            media_types: vec!["a"; limits::MEDIA_TYPES_MAX + 1],
            ..box_of()
        }),
        make(NewCollection {
            media_types: vec!["a\nb"],
            ..box_of()
        }),
        Change {
            collections: vec![box_of()],
            collected: vec![collect("root", "none", vec![item("tool--1", 1)])],
            ..Change::default()
        },
        Change {
            collected: vec![collect(
                "root",
                "box",
                vec![item("tool--1", 1); limits::CHANGE_ITEMS_MAX + 1],
            )],
            ..Change::default()
        },
    ];
    for change in refused {
        let answer = store.apply(&change);
        assert!(
            matches!(answer, Err(Error::TooMuch { .. } | Error::Unfit { .. })),
            "{answer:?}"
        );
    }
    assert_eq!(store.collections(None).unwrap().len(), 2);
    let many = vec!["tool--1"; limits::FILTER_KEYS_MAX + 1];
    let filters = [
        Filter {
            ids: many.clone(),
            ..Filter::default()
        },
        Filter {
            types: many.clone(),
            ..Filter::default()
        },
    ];
    let mut over: Vec<CollectionFilter<'_>> = filters
        .iter()
        .map(|filter| CollectionFilter {
            filter: filter.clone(),
            ..CollectionFilter::default()
        })
        .collect();
    over.push(CollectionFilter {
        spec_versions: many,
        ..CollectionFilter::default()
    });
    over.push(CollectionFilter {
        versions: Versions::Any {
            first: false,
            last: false,
            exact: vec![1; limits::FILTER_KEYS_MAX + 1],
        },
        ..CollectionFilter::default()
    });
    for filter in over {
        let answer = store.collection_entries("root", "box", 0, &filter, 1);
        assert!(matches!(answer, Err(Error::TooMuch { .. })), "{answer:?}");
    }
    for filter in filters {
        let answer = store.released("x", 0, 1, &filter, 1);
        assert!(matches!(answer, Err(Error::TooMuch { .. })), "{answer:?}");
    }
    assert!(
        store
            .collection_entries("root", "box", u64::MAX, &CollectionFilter::default(), 1)
            .unwrap()
            .items
            .is_empty()
    );
}
