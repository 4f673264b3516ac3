//! What a party puts in, and what it is told about it.

use entente_exchange::taxii::Pages;
use entente_stix::json::{self, Value};
use entente_stix::time::Timestamp;

use super::{Guest, body, page};
use crate::world::{Actor, NOW, world_under};

const BOX: &str = "\n[[contribution]]\nname = \"gifts\"\nby = \"all\"\ntypes = [\"any\"]\nmarkings_up_to = \"green\"\nunmarked = \"clear\"\n";
const OBJECTS: &str = "/taxii2/north-sea/collections/contributions/objects/";
const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

fn identity(number: u32, creator: &Actor, name: &str, marking: &str, day: i64) -> String {
    let created = Timestamp::from_micros(NOW - 9 * 86_400_000_000);
    let modified = Timestamp::from_micros(NOW - day * 86_400_000_000);
    format!(
        r#"{{"type":"identity","spec_version":"2.1","id":"identity--77777777-0000-4000-8000-{number:012}","created_by_ref":"{}","created":"{created}","modified":"{modified}","name":"{name}","object_marking_refs":["{marking}"]}}"#,
        creator.id
    )
}

fn put(guest: &Guest<'_>, objects: &[String]) -> String {
    let response = guest.post(
        OBJECTS,
        format!("{{\"objects\":[{}]}}", objects.join(",")).as_bytes(),
    );
    assert_eq!(response.status, 202, "{}", body(&response));
    body(&response)
}

fn counts(status: &str) -> [i64; 4] {
    let value = json::read(status.as_bytes()).unwrap();
    ["total_count", "success_count", "failure_count", "pending_count"]
        .map(|key| value.get(key).and_then(Value::as_i64).unwrap())
}

fn status_path(status: &str) -> String {
    let value = json::read(status.as_bytes()).unwrap();
    format!(
        "/taxii2/north-sea/status/{}/",
        value.get("id").and_then(Value::as_str).unwrap()
    )
}

#[test]
fn good_objects_are_held_from_the_party_and_bad_ones_told_one_by_one() {
    let actors = world_under(2, "", BOX);
    let pages = Pages::new(1 << 20);
    let guest = Guest::party(&actors[0], &actors[1], &pages);
    let objects = [
        identity(1, &actors[1], "good", GREEN, 5),
        identity(2, &actors[1], "too closed", RED, 5),
        identity(3, &actors[1], "of the future", GREEN, -5),
        identity(4, &actors[1], "invalid", GREEN, 5).replace("\"name\"", "\"nome\""),
        r#"{"type":"identity","id":"identity--nonsense"}"#.to_owned(),
    ];
    let status = put(&guest, &objects);
    assert_eq!(counts(&status), [5, 1, 4, 0], "{status}");
    for place in 1..5 {
        assert!(
            status.contains(&format!("`/objects/{place}")),
            "{place} of {status}"
        );
    }
    let source = format!("party/{}/north-sea", actors[1].id);
    let told: Vec<String> = actors[0]
        .told()
        .into_iter()
        .filter(|(by, _, _)| *by == source)
        .map(|(_, id, _)| id)
        .collect();
    assert_eq!(told, ["identity--77777777-0000-4000-8000-000000000001"]);
    let (ids, _) = page(&guest.ask("GET", OBJECTS, ""));
    assert_eq!(ids, told);
    // The operator sees the box too, and may not write into it.
    let own = Guest::own(&actors[0], &pages);
    assert_eq!(page(&own.ask("GET", OBJECTS, "")).0, told);
    assert_eq!(own.post(OBJECTS, b"{\"objects\":[{}]}").status, 403);
}

#[test]
fn a_status_is_told_to_its_writer_alone_and_for_a_day() {
    let actors = world_under(3, "", BOX);
    let pages = Pages::new(1 << 20);
    let mut guest = Guest::party(&actors[0], &actors[1], &pages);
    let status = put(&guest, &[identity(1, &actors[1], "good", GREEN, 5)]);
    let path = status_path(&status);
    assert_eq!(body(&guest.ask("GET", &path, "")), status);
    for other in [
        Guest::party(&actors[0], &actors[2], &pages),
        Guest::own(&actors[0], &pages),
    ] {
        assert_eq!(other.ask("GET", &path, "").status, 404);
    }
    guest.seconds = 86_400;
    assert_eq!(guest.ask("GET", &path, "").status, 200);
    guest.seconds = 86_411;
    assert_eq!(guest.ask("GET", &path, "").status, 404);
}

#[test]
fn the_same_again_adds_nothing_and_another_text_of_a_version_is_refused() {
    let actors = world_under(2, "", BOX);
    let pages = Pages::new(1 << 20);
    let guest = Guest::party(&actors[0], &actors[1], &pages);
    let first = identity(1, &actors[1], "a", GREEN, 5);
    let address = r#"{"type":"ipv4-addr","spec_version":"2.1","id":"ipv4-addr--cbd67181-b9f8-595b-8bc3-3971e34fa1cc","value":"198.51.100.3","object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]}"#.to_owned();
    for _ in 0..2 {
        let status = put(&guest, &[first.clone(), address.clone()]);
        assert!(counts(&status)[1] >= 1, "{status}");
    }
    let before = page(&guest.ask("GET", OBJECTS, "match[version]=all")).0.len();
    let status = put(&guest, &[identity(1, &actors[1], "b", GREEN, 5)]);
    assert_eq!(counts(&status), [1, 0, 1, 0], "{status}");
    let status = put(&guest, &[identity(1, &actors[1], "b", GREEN, 4)]);
    assert_eq!(counts(&status), [1, 1, 0, 0], "{status}");
    assert_eq!(
        page(&guest.ask("GET", OBJECTS, "match[version]=all")).0.len(),
        before + 1
    );
    let of_object = format!("{OBJECTS}identity--77777777-0000-4000-8000-000000000001/");
    assert!(body(&guest.ask("GET", &of_object, "")).contains("\"name\":\"b\""));
    assert!(body(&guest.ask("GET", &of_object, "match[version]=first")).contains("\"name\":\"a\""));
    let versions = body(&guest.ask("GET", &format!("{of_object}versions/"), ""));
    assert_eq!(
        versions,
        r#"{"more":false,"versions":["2026-05-28T00:00:00.000Z","2026-05-27T00:00:00.000Z"]}"#
    );
}

/// What this node holds already must not show in any answer: not that it is held, from whom, or how it is spelt.
#[test]
fn answers_to_a_contribution_tell_nothing_of_what_is_held() {
    let told: Vec<String> = [false, true]
        .into_iter()
        .map(|is_held| {
            let actors = world_under(3, "", BOX);
            let pages = Pages::new(1 << 20);
            if is_held {
                let other = Guest::party(&actors[0], &actors[2], &pages);
                put(&other, &[identity(1, &actors[2], "theirs", GREEN, 6)]);
                put(
                    &other,
                    &[identity(2, &actors[2], "same", GREEN, 6).replace("\"type\"", "  \"type\"")],
                );
            }
            let mut guest = Guest::party(&actors[0], &actors[1], &pages);
            guest.seconds = 20;
            let mut all = put(
                &guest,
                &[
                    identity(1, &actors[1], "taken", GREEN, 5),
                    identity(2, &actors[2], "same", GREEN, 6),
                    identity(3, &actors[1], "fresh", GREEN, 5),
                ],
            );
            for (path, query) in [
                ("/taxii2/", ""),
                ("/taxii2/north-sea/collections/", ""),
                (OBJECTS, ""),
                (OBJECTS, "match[version]=all"),
                ("/taxii2/north-sea/collections/contributions/manifest/", ""),
                (&status_path(&all), ""),
            ] {
                let response = guest.ask("GET", path, query);
                all += &format!(
                    "{path} {query} {} {:?} {}\n",
                    response.status,
                    response.headers,
                    body(&response)
                );
            }
            all
        })
        .collect();
    assert_eq!(told[0], told[1]);
    assert!(
        told[0].contains("\"success_count\":3") || told[0].contains("\"success_count\":2"),
        "{}",
        told[0]
    );
}

#[test]
fn what_is_taken_out_is_gone_from_the_node() {
    let actors = world_under(2, "", BOX);
    let pages = Pages::new(1 << 20);
    let guest = Guest::party(&actors[0], &actors[1], &pages);
    put(
        &guest,
        &[
            identity(1, &actors[1], "a", GREEN, 5),
            identity(2, &actors[1], "b", GREEN, 5),
        ],
    );
    put(&guest, &[identity(1, &actors[1], "a2", GREEN, 4)]);
    let of_object = format!("{OBJECTS}identity--77777777-0000-4000-8000-000000000001/");
    assert_eq!(
        guest.ask("DELETE", &of_object, "match[version]=first").status,
        200
    );
    assert_eq!(
        page(&guest.ask("GET", &of_object, "match[version]=all")).0.len(),
        1
    );
    assert_eq!(guest.ask("DELETE", &of_object, "").status, 200);
    assert_eq!(guest.ask("DELETE", &of_object, "").status, 404);
    assert_eq!(guest.ask("GET", &of_object, "").status, 404);
    assert_eq!(page(&guest.ask("GET", OBJECTS, "")).0.len(), 1);
    assert_eq!(actors[0].told().len(), 1);
}
