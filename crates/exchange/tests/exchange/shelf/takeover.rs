//! What medallion told is told here after a takeover: objects, manifest and versions, for every filter. What it would
//! tell is worked out here anew, object by object, in the slowest way there is.

use std::collections::{BTreeMap, BTreeSet};

use entente_exchange::taxii::Pages;
use entente_formats::medallion;
use entente_node::shelf::TakenOver;
use entente_stix::json::{self, Value};

use super::{Guest, body};
use crate::Random;
use crate::world::{Actor, world};

/// One version of an object in medallion.
#[derive(Clone)]
struct Kept {
    id: String,
    added: u64,
    version: u64,
    spec: &'static str,
}

fn time(second: u64) -> String {
    format!("2020-01-01T00:{:02}:{:02}.000Z", second / 60, second % 60)
}

impl Kept {
    fn text(&self) -> String {
        let spec = if self.spec == "2.1" {
            "\"spec_version\":\"2.1\","
        } else {
            ""
        };
        format!(
            r#"{{"type":"{}",{spec}"id":"{}","created":"{}","modified":"{}","name":"v{}"}}"#,
            self.type_name(),
            self.id,
            time(0),
            time(self.version),
            self.version
        )
    }

    fn type_name(&self) -> &str {
        self.id.split_once("--").unwrap().0
    }

    fn media_type(&self) -> String {
        format!("application/stix+json;version={}", self.spec)
    }
}

/// Data files in the three shapes that there are.
fn file(kept: &[Kept], shape: usize) -> String {
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    let manifest = |kept: &Kept| {
        format!(
            r#"{{"id":"{}","date_added":"{}","version":"{}","media_type":"{}"}}"#,
            kept.id,
            time(kept.added),
            time(kept.version),
            kept.media_type()
        )
    };
    let with_meta = |kept: &Kept| {
        let text = kept.text();
        let open = text.strip_suffix('}').unwrap().to_owned();
        format!(
            r#"{open},"__meta":{{"date_added":"{}","media_type":"{}"}}}}"#,
            time(kept.added),
            kept.media_type()
        )
    };
    let about = r#""title":"Old one","description":"d","can_read":true,"can_write":true,"media_types":["application/stix+json;version=2.1"]"#;
    let (collections, status) = match shape {
        0 => (
            format!(
                r#"[{{"id":"c-1",{about},"objects":{},"manifest":{}}}]"#,
                list(kept.iter().map(Kept::text).collect()),
                list(kept.iter().map(manifest).collect())
            ),
            r#"[{"id":"s-1","status":"complete","total_count":0}]"#,
        ),
        _ => (
            format!(
                r#"{{"c-1":{{"id":"c-1",{about},"objects":{}}}}}"#,
                list(kept.iter().map(with_meta).collect())
            ),
            r#"{"s-1":{"id":"s-1","status":"complete","total_count":0}}"#,
        ),
    };
    format!(
        r#"{{"/discovery":{{"title":"Some server","default":"http://localhost:5000/old-root/","api_roots":["http://localhost:5000/old-root/"]}},"old-root":{{"information":{{"title":"Old root","versions":["application/taxii+json;version=2.1"],"max_content_length":9}},"status":{status},"collections":{collections}}}}}"#
    )
}

fn take_over(actor: &Actor, text: &str) -> TakenOver {
    let server = medallion::read(text.as_bytes()).unwrap();
    actor
        .at(3, |node, desk| {
            node.take_over(&server, false, desk.at, &mut |left| panic!("{left:?}"))
        })
        .unwrap()
}

/// What is asked for.
#[derive(Clone, Default, Debug)]
struct Asked {
    types: Vec<&'static str>,
    after: Option<u64>,
    specs: Vec<&'static str>,
    versions: Vec<String>,
}

impl Asked {
    fn query(&self) -> String {
        let mut query = String::new();
        if !self.types.is_empty() {
            query += &format!("&match[type]={}", self.types.join(","));
        }
        if let Some(after) = self.after {
            query += &format!("&added_after={}", time(after));
        }
        if !self.specs.is_empty() {
            query += &format!("&match[spec_version]={}", self.specs.join(","));
        }
        if !self.versions.is_empty() {
            query += &format!("&match[version]={}", self.versions.join(","));
        }
        query
    }

    /// Id, version and time of adding of what is told, in order.
    fn expected(&self, kept: &[Kept]) -> Vec<(String, u64, u64)> {
        let mut left: Vec<Kept> = kept
            .iter()
            .filter(|kept| self.types.is_empty() || self.types.contains(&kept.type_name()))
            .filter(|kept| self.after.is_none_or(|after| kept.added > after))
            .filter(|kept| self.specs.is_empty() || self.specs.contains(&kept.spec))
            .cloned()
            .collect();
        if self.specs.is_empty() {
            let all = left.clone();
            left.retain(|kept| {
                !all.iter()
                    .any(|other| other.id == kept.id && other.spec > kept.spec)
            });
        }
        let has = |word: &str| self.versions.iter().any(|version| version == word);
        if !has("all") {
            let all = left.clone();
            let of = |id: &str| {
                all.iter()
                    .filter(move |other| other.id == id)
                    .map(|other| other.version)
                    .collect::<Vec<u64>>()
            };
            let is_last = self.versions.is_empty() || has("last");
            left.retain(|kept| {
                let versions = of(&kept.id);
                (is_last && versions.iter().max() == Some(&kept.version))
                    || (has("first") && versions.iter().min() == Some(&kept.version))
                    || has(&time(kept.version))
            });
        }
        left.sort_by_key(|kept| kept.added);
        left.into_iter()
            .map(|kept| (kept.id, kept.version, kept.added))
            .collect()
    }
}

/// Id and version of everything in a list, in pages.
fn told(guest: &Guest<'_>, form: &str, query: &str, limit: usize) -> Vec<(String, String, Option<String>)> {
    let path = format!("/taxii2/old-root/collections/c-1/{form}/");
    let mut all = Vec::new();
    let mut next = String::new();
    loop {
        let response = guest.ask("GET", &path, &format!("limit={limit}{query}{next}"));
        assert_eq!(response.status, 200, "{}", body(&response));
        let text = body(&response);
        let value = json::read(text.as_bytes()).unwrap();
        for object in value.get("objects").and_then(Value::as_array).unwrap_or_default() {
            let string = |key| object.get(key).and_then(Value::as_str).map(str::to_owned);
            let version = string("version").or_else(|| string("modified")).unwrap();
            all.push((string("id").unwrap(), version, string("date_added")));
        }
        match value.get("next").and_then(Value::as_str) {
            Some(cursor) => next = format!("&next={cursor}"),
            None => return all,
        }
    }
}

fn random_kept(random: &mut Random) -> Vec<Kept> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for _ in 0..1 + random.below(25) {
        let number = random.below(6);
        let type_name = ["indicator", "malware", "tool"][number % 3];
        let one = Kept {
            id: format!("{type_name}--00000000-0000-4000-8000-00000000000{number}"),
            added: random.below(8) as u64,
            version: random.below(5) as u64,
            spec: if random.below(4) == 0 { "2.0" } else { "2.1" },
        };
        if seen.insert((one.id.clone(), one.version)) {
            kept.push(one);
        }
    }
    kept
}

#[test]
fn every_filter_tells_what_medallion_told() {
    for seed in 0..crate::cases(12) {
        let mut random = Random(seed);
        let kept = random_kept(&mut random);
        let actors = world(2);
        let text = file(&kept, seed as usize % 2);
        let account = take_over(&actors[0], &text);
        assert_eq!((account.objects, account.left), (kept.len() as u64, 0));
        assert_eq!(take_over(&actors[0], &text).objects, 0, "again");
        let pages = Pages::new(1 << 20);
        let guest = Guest::own(&actors[0], &pages);
        for _ in 0..20 {
            let some = |random: &mut Random, from: &[&'static str]| -> Vec<&'static str> {
                from.iter().copied().filter(|_| random.below(4) == 0).collect()
            };
            let words: Vec<String> = ["first", "last", "all"]
                .map(str::to_owned)
                .into_iter()
                .chain((0..5).map(time))
                .collect();
            let asked = Asked {
                types: some(&mut random, &["indicator", "malware", "tool"]),
                after: (random.below(3) == 0).then(|| random.below(8) as u64),
                specs: some(&mut random, &["2.0", "2.1"]),
                versions: words.into_iter().filter(|_| random.below(5) == 0).collect(),
            };
            let expected: Vec<(String, String)> = asked
                .expected(&kept)
                .into_iter()
                .map(|(id, version, _)| (id, time(version)))
                .collect();
            for limit in [1 + random.below(4), 100] {
                let objects = told(&guest, "objects", &asked.query(), limit);
                let objects: Vec<(String, String)> = objects
                    .into_iter()
                    .map(|(id, version, _)| (id, version))
                    .collect();
                assert_eq!(objects, expected, "seed {seed} limit {limit} {asked:?}");
                let manifest = told(&guest, "manifest", &asked.query(), limit);
                let times: Vec<String> = asked
                    .expected(&kept)
                    .iter()
                    .map(|(_, _, added)| time(*added).replace("Z", "000Z"))
                    .collect();
                let found: Vec<String> = manifest
                    .iter()
                    .map(|(_, _, added)| added.clone().unwrap())
                    .collect();
                assert_eq!(found, times);
            }
        }
        let mut versions: BTreeMap<&str, Vec<&Kept>> = BTreeMap::new();
        for kept in &kept {
            versions.entry(&kept.id).or_default().push(kept);
        }
        for (id, of_it) in versions {
            let spec = of_it.iter().map(|kept| kept.spec).max().unwrap();
            let mut expected: Vec<String> = of_it
                .iter()
                .filter(|kept| kept.spec == spec)
                .map(|kept| time(kept.version))
                .collect();
            expected.sort_by(|left, right| right.cmp(left));
            let response = guest.ask(
                "GET",
                &format!("/taxii2/old-root/collections/c-1/objects/{id}/versions/"),
                "",
            );
            let text = body(&response);
            let value = json::read(text.as_bytes()).unwrap();
            let found = value.get("versions").and_then(Value::as_array).unwrap().iter();
            let found: Vec<String> = found
                .map(|version| version.as_str().unwrap().to_owned())
                .collect();
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn names_permissions_and_statuses_come_with_it_and_a_second_takeover_changes_nothing() {
    let kept = random_kept(&mut Random(3));
    let actors = world(2);
    let text = file(&kept, 0);
    take_over(&actors[0], &text);
    let pages = Pages::new(1 << 20);
    let guest = Guest::own(&actors[0], &pages);
    let ask = |path: &str| body(&guest.ask("GET", path, ""));
    assert_eq!(
        ask("/taxii2/"),
        r#"{"title":"Some server","default":"https://node.example/taxii2/old-root/","api_roots":["https://node.example/taxii2/old-root/"]}"#
    );
    assert!(ask("/taxii2/old-root/").contains("\"title\":\"Old root\""));
    assert_eq!(
        ask("/taxii2/old-root/status/s-1/"),
        r#"{"id":"s-1","status":"complete","total_count":0}"#
    );
    let collection = ask("/taxii2/old-root/collections/c-1/");
    assert!(
        collection.contains("\"title\":\"Old one\"") && collection.contains("\"can_write\":true"),
        "{collection}"
    );
    let before = (
        actors[0].state(),
        ask("/taxii2/old-root/collections/c-1/manifest/"),
    );
    take_over(&actors[0], &text);
    assert_eq!(
        before,
        (
            actors[0].state(),
            ask("/taxii2/old-root/collections/c-1/manifest/")
        )
    );
}

#[test]
fn the_version_is_modified_else_created_else_as_medallion_told_it() {
    let text = r#"{"/discovery":{"title":"t"},"r":{"information":{"title":"r"},"status":[],"collections":[
        {"id":"c","title":"c","can_read":true,"can_write":false,"media_types":[],
         "manifest":[{"id":"a--1","date_added":"2020-01-09T00:00:00Z","version":"2020-01-02T00:00:00Z"},
                     {"id":"a--2","date_added":"2020-01-09T00:00:00Z","version":"2020-01-01T00:00:00Z"},
                     {"id":"a--3","date_added":"2020-01-09T00:00:00Z","version":"2020-01-08T00:00:00Z"}],
         "objects":[{"id":"a--1","created":"2020-01-01T00:00:00Z","modified":"2020-01-02T00:00:00Z"},
                    {"id":"a--2","created":"2020-01-01T00:00:00Z"},
                    {"id":"a--3"},
                    {"id":"a--4","__meta":{"date_added":"2020-01-09T00:00:00Z"}}]}]}}"#;
    let server = medallion::read(text.as_bytes()).unwrap();
    let records = &server.roots[0].collections[0].records;
    let versions: Vec<String> = records.iter().map(|record| record.version.to_string()).collect();
    let day = |day: u32| format!("2020-01-0{day}T00:00:00.000Z");
    assert_eq!(versions, [day(2), day(1), day(8), day(9)]);
}

#[test]
fn what_cannot_be_taken_over_is_told_one_by_one() {
    let text = r#"{"/discovery":{"title":"t"},"r":{"information":{"title":"r"},"status":[{"no":"id"}],"collections":[
        {"id":"c","title":"c","can_read":true,"can_write":false,"media_types":[],
         "manifest":[{"id":"tool--00000000-0000-4000-8000-000000000001","date_added":"2020-01-01T00:00:00Z","version":"2020-01-01T00:00:00Z"},
                     {"id":"x","date_added":"yesterday","version":"2020-01-01T00:00:00Z"}],
         "objects":[{"id":"tool--00000000-0000-4000-8000-000000000002","type":"tool","modified":"2020-01-01T00:00:00Z"},
                    {"type":"tool"}, 7]},
        {"title":"nameless"}, {"id":"c"}]}, "junk":[1]}"#;
    let server = medallion::read(text.as_bytes()).unwrap();
    let actors = world(2);
    let mut places = BTreeSet::new();
    let account = actors[0].at(3, |node, desk| {
        node.take_over(&server, false, desk.at, &mut |left| {
            assert!(places.insert(left.pointer))
        })
    });
    assert_eq!(account.unwrap().left as usize, places.len());
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    assert_eq!(
        places,
        [
            "/junk",
            "/r/collections/0/manifest/0",
            "/r/collections/0/manifest/1",
            "/r/collections/0/objects/0",
            "/r/collections/0/objects/1",
            "/r/collections/0/objects/2",
            "/r/collections/1",
            "/r/collections/2",
            "/r/status/0",
        ]
    );
    for other in [
        "",
        "[]",
        "{}",
        "{\"a\":1}",
        "{\"type\":\"bundle\",\"objects\":[]}",
        "\u{0}",
    ] {
        assert!(medallion::read(other.as_bytes()).is_err(), "{other}");
    }
}
