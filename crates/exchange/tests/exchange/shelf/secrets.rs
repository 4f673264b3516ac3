//! Pairs of worlds that differ in what a visitor may not see: every answer is the same, to the byte.

use entente_exchange::taxii::Pages;
use entente_node::shelf::Visitor;

use super::{Guest, body, page};
use crate::Random;
use crate::world::{Actor, world_under};

const OPEN: &str = "anonymous_reading = true\n";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const CLEAR: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";

/// Every answer that a visitor gets by following what it is told, with headers.
fn view(host: &Actor, visitor: Visitor<'_>, limit: usize) -> String {
    let pages = Pages::new(1 << 20);
    let guest = Guest {
        host,
        visitor,
        seconds: 100,
        pages: &pages,
    };
    let mut all = String::new();
    let mut ask = |path: &str, query: &str| {
        let response = guest.ask("GET", path, query);
        all += &format!(
            "{path} {query} {} {:?} {}\n",
            response.status,
            response.headers,
            body(&response)
        );
        response
    };
    ask("/taxii2/", "");
    ask("/taxii2/north-sea/", "");
    ask("/taxii2/north-sea/collections/", "");
    for (id, _) in guest.collections("north-sea") {
        for form in ["objects", "manifest"] {
            let path = format!("/taxii2/north-sea/collections/{id}/{form}/");
            ask(&path, "match[type]=identity");
            let mut next = String::new();
            loop {
                let response = ask(&path, &format!("limit={limit}{next}"));
                match page(&response).1 {
                    Some(cursor) => next = format!("&next={cursor}"),
                    None => break,
                }
            }
        }
        for number in 1..40 {
            ask(
                &format!(
                    "/taxii2/north-sea/collections/{id}/objects/indicator--00000000-0000-4000-8000-{number:012}/"
                ),
                "",
            );
        }
    }
    all
}

/// Two worlds, of which the second has objects with `secret` among the others.
fn check(seed: u64, secret: &str, visitor: impl Fn(&[Actor]) -> Visitor<'_>, open: &str, seen: &str) {
    let limit = 1 + Random(seed).below(4);
    let views: Vec<String> = [false, true]
        .into_iter()
        .map(|has_secret| {
            let mut random = Random(seed);
            let mut actors = world_under(2, open, "");
            for batch in 0..1 + random.below(4) {
                let mut texts = Vec::new();
                for _ in 0..1 + random.below(6) {
                    let is_secret = random.below(3) == 0;
                    let text = actors[0].indicator();
                    match is_secret {
                        true if has_secret => texts.push(text.replace(GREEN, secret)),
                        true => {}
                        false => texts.push(text.replace(GREEN, seen)),
                    }
                }
                if !texts.is_empty() {
                    actors[0].tell_these(&texts, 10 + batch as i64);
                }
            }
            view(&actors[0], visitor(&actors), limit)
        })
        .collect();
    assert_eq!(views[0], views[1], "seed {seed}");
}

#[test]
fn a_party_learns_nothing_of_what_is_not_released_to_it() {
    for seed in 0..crate::cases(8) {
        check(seed, RED, |actors| Visitor::Party(&actors[1].id), "", GREEN);
    }
}

#[test]
fn anyone_learns_nothing_of_what_is_not_clear() {
    for seed in 0..crate::cases(12) {
        check(seed, GREEN, |_| Visitor::Anyone, OPEN, CLEAR);
    }
}

#[test]
fn anyone_sees_what_is_clear_where_the_agreement_says_so_and_nothing_elsewhere() {
    let pages = Pages::new(1 << 20);
    for (open, status) in [(OPEN, 200), ("", 401)] {
        let mut actors = world_under(2, open, "");
        let clear = actors[0].indicator().replace(GREEN, CLEAR);
        let green = actors[0].indicator();
        actors[0].tell_these(&[clear, green], 5);
        let guest = Guest {
            host: &actors[0],
            visitor: Visitor::Anyone,
            seconds: 100,
            pages: &pages,
        };
        assert_eq!(guest.ask("GET", "/taxii2/", "").status, status);
        assert_eq!(
            guest.ask("GET", "/taxii2/north-sea/collections/", "").status,
            status
        );
        assert_eq!(guest.ask("GET", "/taxii2/no-such/collections/", "").status, 401);
        for (id, alias) in guest.collections("north-sea") {
            assert!(!alias.contains("p1"), "the audience is nobody's business");
            let (ids, _) =
                page(&guest.ask("GET", &format!("/taxii2/north-sea/collections/{id}/objects/"), ""));
            assert_eq!(ids, ["indicator--00000000-0000-4000-8000-000000000001"]);
            let path = format!("/taxii2/north-sea/collections/{id}/objects/");
            assert_eq!(guest.post(&path, b"{\"objects\":[{}]}").status, 403);
        }
    }
}

#[test]
fn a_page_for_anyone_ends_after_many_hidden_entries_and_leads_on_to_what_is_behind() {
    let pages = Pages::new(1 << 20);
    let mut actors = world_under(2, OPEN, "");
    let hidden = entente_node::limits::HIDDEN_ENTRIES_MAX as u64 + 100;
    let before = actors[0].indicator().replace(GREEN, CLEAR);
    let texts: Vec<String> = (0..hidden).map(|_| actors[0].indicator()).collect();
    let behind = actors[0].indicator().replace(GREEN, CLEAR);
    actors[0].tell_these(&[before], 5);
    actors[0].tell_these(&texts, 6);
    actors[0].tell_these(&[behind], 7);
    let guest = Guest {
        host: &actors[0],
        visitor: Visitor::Anyone,
        seconds: 100,
        pages: &pages,
    };
    let (id, _) = guest.collections("north-sea").remove(0);
    let path = format!("/taxii2/north-sea/collections/{id}/objects/");
    let (first, next) = page(&guest.ask("GET", &path, "limit=10"));
    assert_eq!(first, ["indicator--00000000-0000-4000-8000-000000000001"]);
    let next = next.expect("the page says that there is more");
    let (second, end) = page(&guest.ask("GET", &path, &format!("limit=10&next={next}")));
    assert_eq!((second.len(), end), (1, None));
}

#[test]
fn taken_over_collections_and_boxes_of_others_are_not_there_for_a_party() {
    let actors = world_under(2, "", "");
    let pages = Pages::new(1 << 20);
    let file = br#"{"/discovery":{"title":"old"},"north-sea":{"information":{"title":"t"},"collections":[{"id":"c1","title":"c","can_read":true,"can_write":true,"media_types":[],"objects":[],"manifest":[]}]}}"#;
    let server = entente_formats::medallion::read(file).unwrap();
    actors[0]
        .at(3, |node, desk| {
            node.take_over(&server, false, desk.at, &mut |_| {})
        })
        .unwrap();
    assert_eq!(Guest::own(&actors[0], &pages).collections("north-sea").len(), 1);
    assert_eq!(
        Guest::party(&actors[0], &actors[1], &pages).collections("north-sea"),
        []
    );
    let path = "/taxii2/north-sea/collections/c1/";
    assert_eq!(
        Guest::party(&actors[0], &actors[1], &pages)
            .ask("GET", path, "")
            .status,
        404
    );
}
