//! Every object once, whatever is written meanwhile; what is told no more is gone from kept pages at once.

use std::collections::BTreeSet;

use entente_exchange::taxii::Pages;

use super::{Guest, body, header, page};
use crate::world::world;

const OBJECTS: &str = "/taxii2/north-sea/collections/p0-to-p1/objects/";
const MANIFEST: &str = "/taxii2/north-sea/collections/p0-to-p1/manifest/";

#[test]
fn pages_of_every_size_tell_each_object_once_in_one_order() {
    let mut actors = world(2);
    actors[0].tell(23);
    let pages = Pages::new(1 << 20);
    let guest = Guest::party(&actors[0], &actors[1], &pages);
    let (whole, _) = guest.all(OBJECTS, "", 10_000);
    assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), 23);
    for limit in 1..=25 {
        for path in [OBJECTS, MANIFEST] {
            let (ids, count) = guest.all(path, "", limit);
            assert_eq!(ids, whole, "limit {limit}");
            assert_eq!(count, 23_usize.div_ceil(limit).max(1));
        }
    }
}

/// Some clients know no cursor and go on by the time of the last object that they got.
#[test]
fn going_on_by_time_tells_each_object_once_though_all_came_at_one_instant() {
    let mut actors = world(2);
    actors[0].tell(17);
    let pages = Pages::new(1 << 20);
    let guest = Guest::party(&actors[0], &actors[1], &pages);
    for limit in [1, 2, 5, 16, 17, 18] {
        let mut ids = Vec::new();
        let mut after = "2000-01-01T00:00:00Z".to_owned();
        loop {
            let response = guest.ask("GET", OBJECTS, &format!("limit={limit}&added_after={after}"));
            let (some, _) = page(&response);
            ids.extend(some);
            match header(&response, "x-taxii-date-added-last") {
                Some(last) => after = last.to_owned(),
                None => break,
            }
        }
        assert_eq!(ids.len(), 17, "limit {limit}");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 17);
    }
}

#[test]
fn nothing_is_lost_or_repeated_while_a_writer_adds() {
    let mut actors = world(2);
    let pages = Pages::new(4 << 20);
    let mut random = crate::Random(7);
    for case in 0..crate::cases(6) {
        actors[0].tell(1 + random.below(9) as u64);
        let limit = 1 + random.below(5);
        let before: BTreeSet<String> = Guest::party(&actors[0], &actors[1], &pages)
            .all(OBJECTS, "", 100)
            .0
            .into_iter()
            .collect();
        let mut seen = Vec::new();
        let mut next = String::new();
        for step in 0.. {
            let guest = Guest::party(&actors[0], &actors[1], &pages);
            let (some, more) = page(&guest.ask("GET", OBJECTS, &format!("limit={limit}{next}")));
            seen.extend(some);
            let Some(cursor) = more else { break };
            next = format!("&next={cursor}");
            if step < 5 && random.below(2) == 0 {
                actors[0].tell(1 + random.below(4) as u64);
            }
        }
        let distinct: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(distinct.len(), seen.len(), "case {case}: told twice");
        assert!(before.is_subset(&distinct), "case {case}: lost");
    }
}

#[test]
fn what_is_recalled_is_gone_from_kept_pages_at_once() {
    let mut actors = world(2);
    actors[0].tell(6);
    let pages = Pages::new(1 << 20);
    let first = "indicator--00000000-0000-4000-8000-000000000002";
    let told = |limit: usize| {
        Guest::party(&actors[0], &actors[1], &pages)
            .all(OBJECTS, "", limit)
            .0
    };
    for limit in [2, 10] {
        assert!(told(limit).iter().any(|id| id == first));
    }
    assert!(pages.bytes() > 0);
    let of_object = format!("{OBJECTS}{first}/");
    assert_eq!(
        Guest::party(&actors[0], &actors[1], &pages)
            .ask("GET", &of_object, "")
            .status,
        200
    );
    actors[0]
        .at(5, |node, desk| {
            node.recall(&[first.to_owned()], "a mistake", desk)
        })
        .unwrap();
    for limit in [2, 10] {
        let ids = told(limit);
        assert_eq!(ids.len(), 5);
        assert!(ids.iter().all(|id| id != first));
    }
    let gone = Guest::party(&actors[0], &actors[1], &pages).ask("GET", &of_object, "");
    assert_eq!(gone.status, 404);
    assert!(!body(&gone).contains(first));
}

#[test]
fn a_suspended_agreement_closes_kept_pages_at_once() {
    let mut actors = world(2);
    actors[0].tell(3);
    let pages = Pages::new(1 << 20);
    let guest = Guest::party(&actors[0], &actors[1], &pages);
    assert_eq!(guest.ask("GET", OBJECTS, "").status, 200);
    actors[0]
        .at(5, |node, desk| node.suspend("north-sea", desk.keys, desk.at))
        .unwrap();
    for path in [
        OBJECTS,
        MANIFEST,
        "/taxii2/north-sea/",
        "/taxii2/north-sea/collections/",
    ] {
        assert_eq!(guest.ask("GET", path, "").status, 404, "{path}");
    }
    assert_eq!(body(&guest.ask("GET", "/taxii2/", "")), r#"{"title":"party 0"}"#);
}

#[test]
fn a_cursor_belongs_to_its_filters_and_its_collection() {
    let mut actors = world(2);
    actors[0].tell(4);
    let pages = Pages::new(1 << 20);
    let guest = Guest::party(&actors[0], &actors[1], &pages);
    let (_, next) = page(&guest.ask("GET", OBJECTS, "limit=1"));
    let next = next.unwrap();
    assert_eq!(
        guest.ask("GET", OBJECTS, &format!("limit=3&next={next}")).status,
        200
    );
    assert_eq!(
        guest
            .ask("GET", OBJECTS, &format!("match[type]=indicator&next={next}"))
            .status,
        400
    );
    let other = Guest::party(&actors[1], &actors[0], &pages);
    actors[1].at(1, |_, _| ());
    let path = OBJECTS.replace("p0-to-p1", "p1-to-p0");
    assert_ne!(other.ask("GET", &path, &format!("next={next}")).status, 200);
}
