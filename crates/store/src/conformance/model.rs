//! Random histories of a collection and of a channel beside plain lists that do the same slowly: every filter and page
//! must give what the lists give.

use super::channels::{self, clean, with_channels};
use super::collections::{add, drop_entries, filtered, item, with_collections};
use super::{Case, Open};
use crate::{
    Change, CollectionFilter, EntryKind, Filter, NewCollectionEntry, NewEntry, Standing, Store, Versions,
};

pub(super) const CASES: &[Case] = &[
    (
        "collection_gives_what_a_list_gives",
        collection_gives_what_a_list_gives,
    ),
    ("channel_gives_what_a_list_gives", channel_gives_what_a_list_gives),
];

/// A sequence of numbers that looks random (xorshift64*), the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }
}

const IDS: [&str; 6] = ["tool--1", "tool--2", "note--1", "note--2", "note--3", "bare"];

/// An entry of the list: number, id, version, STIX version, digest, added.
type Listed = (u64, &'static str, i64, &'static str, [u8; 32], i64);

/// What a filter lets through of the list, by its definition.
fn wanted(list: &[Listed], filter: &CollectionFilter<'_>) -> Vec<Listed> {
    let plain = &filter.filter;
    let order = |entry: &Listed| (entry.2, entry.4);
    let lets_through = |entry: &&Listed| {
        let (_, id, version, spec, _, added) = **entry;
        let same = || list.iter().filter(|other| other.1 == id).map(order);
        let is_version = match &filter.versions {
            Versions::All => true,
            Versions::Any { first, last, exact } => {
                (*first && same().min() == Some(order(entry)))
                    || (*last && same().max() == Some(order(entry)))
                    || exact.contains(&version)
            }
        };
        is_version
            && (filter.spec_versions.is_empty() || filter.spec_versions.contains(&spec))
            && (plain.ids.is_empty() || plain.ids.contains(&id))
            && (plain.types.is_empty() || plain.types.contains(&crate::type_of(id)))
            && plain.added_after.is_none_or(|after| added > after)
    };
    list.iter().filter(lets_through).copied().collect()
}

fn filter(random: &mut Numbers) -> Filter<'static> {
    let pick = |random: &mut Numbers, from: &[&'static str]| -> Vec<&'static str> {
        if random.below(2) == 0 {
            return Vec::new();
        }
        let count = random.below(3) as usize + 1;
        let place = |random: &mut Numbers| random.below(from.len() as u64) as usize;
        (0..count).map(|_| from[place(random)]).collect()
    };
    Filter {
        ids: pick(random, &IDS),
        types: pick(random, &["tool", "note", "bare", "none"]),
        added_after: (random.below(2) == 0).then(|| random.below(300) as i64),
    }
}

fn collection_gives_what_a_list_gives(open: &Open<'_>) {
    let store = with_collections(open);
    let mut random = Numbers(7);
    let mut list: Vec<Listed> = Vec::new();
    let (mut last, mut last_added) = (0, i64::MIN);
    for at in 0..150 {
        let id = IDS[random.below(6) as usize];
        if random.below(6) == 0 {
            let version = (random.below(2) == 0).then(|| random.below(6) as i64);
            let before = list.len();
            list.retain(|entry| entry.1 != id || version.is_some_and(|version| entry.2 != version));
            assert_eq!(drop_entries(&*store, id, version), (before - list.len()) as u64);
            continue;
        }
        let version = random.below(6) as i64;
        let spec = ["2.0", "2.1"][random.below(2) as usize];
        let mut entry = NewCollectionEntry {
            spec_version: spec,
            ..item(id, version)
        };
        entry.digest[0] ^= random.below(2) as u8;
        let told = add(&*store, at, "box", vec![entry.clone()])[0];
        // The same in another collection, which must not be seen in this one.
        add(&*store, at, "other", vec![entry.clone()]);
        let known = list
            .iter()
            .find(|listed| (listed.1, listed.2, listed.4) == (id, version, entry.digest));
        if let Some(known) = known {
            assert_eq!((told.number, told.added, told.is_new), (known.0, known.5, false));
            continue;
        }
        (last, last_added) = (last + 1, at.max(last_added.saturating_add(1)));
        assert_eq!((told.number, told.added, told.is_new), (last, last_added, true));
        list.push((last, id, version, spec, entry.digest, last_added));
        let asked = CollectionFilter {
            filter: filter(&mut random),
            versions: match random.below(3) {
                0 => Versions::All,
                _ => Versions::Any {
                    first: random.below(2) == 0,
                    last: random.below(2) == 0,
                    exact: (0..random.below(3)).map(|_| random.below(6) as i64).collect(),
                },
            },
            spec_versions: ["2.1", "3"][..random.below(3) as usize].to_vec(),
        };
        let limit = random.below(5) as usize + 1;
        let found = filtered(&*store, ("root", "box"), &asked, limit);
        let found: Vec<_> = found
            .iter()
            .map(|entry| (entry.number, entry.version, entry.digest, entry.added))
            .collect();
        let expected: Vec<_> = wanted(&list, &asked)
            .iter()
            .map(|entry| (entry.0, entry.2, entry.4, entry.5))
            .collect();
        assert_eq!(found, expected, "{asked:?}");
    }
    let size = store.collection("root", "box").unwrap().unwrap().size;
    assert_eq!(size, list.len() as u64);
    clean(&*store);
}

/// Releases of `x` that a filter lets through, by pages of `limit`.
fn released(store: &dyn Store, until: u64, filter: &Filter<'_>, limit: usize) -> Vec<Standing> {
    let (mut standing, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next {
        let page = store.released("x", from, until, filter, limit).unwrap();
        assert!(page.items.len() <= limit);
        standing.extend(page.items);
        next = page.next;
    }
    standing
}

fn channel_gives_what_a_list_gives(open: &Open<'_>) {
    let store = with_channels(open);
    let mut random = Numbers(11);
    // Of each entry: what it does, its subject, when added, and whether it was erased.
    let mut list: Vec<(EntryKind, &str, i64, bool)> = Vec::new();
    for at in 0..150 {
        if random.below(8) == 0 && !list.is_empty() {
            let number = random.below(list.len() as u64);
            let change = Change {
                erased: vec![("x", number)],
                ..Change::default()
            };
            store.apply(&change).unwrap();
            list[number as usize].3 = true;
        }
        let id = IDS[random.below(6) as usize];
        let kind = [EntryKind::Release, EntryKind::Release, EntryKind::Recall][random.below(3) as usize];
        let entry = NewEntry {
            expires_at: Some(at),
            ..channels::entry(kind, id, at as u8)
        };
        channels::add(&*store, "x", vec![entry]);
        channels::add(&*store, "y", vec![channels::release(id, 1)]);
        // `channels::add` always says that it is 5.
        list.push((kind, id, 5 + at, false));
        let asked = filter(&mut random);
        let until = list.len() as u64 - random.below(3);
        let expected = list
            .iter()
            .enumerate()
            .filter(|(number, (kind, id, added, erased))| {
                let is_replaced = list.iter().skip(number + 1).any(|later| later.1 == *id);
                *kind == EntryKind::Release
                    && !is_replaced
                    && !erased
                    && (*number as u64) < until
                    && (asked.ids.is_empty() || asked.ids.contains(id))
                    && (asked.types.is_empty() || asked.types.contains(&crate::type_of(id)))
                    && asked.added_after.is_none_or(|after| *added > after)
            });
        let expected: Vec<_> = expected
            .map(|(number, (_, id, added, _))| (number as u64, *id, *added, [number as u8; 32]))
            .collect();
        let limit = random.below(5) as usize + 1;
        let found = released(&*store, until, &asked, limit);
        let found: Vec<_> = found
            .iter()
            .map(|standing| {
                (
                    standing.number,
                    standing.id.as_str(),
                    standing.added,
                    standing.digest,
                )
            })
            .collect();
        assert_eq!(found, expected, "{asked:?}");
    }
    clean(&*store);
}
