//! `entente taxii` against small servers on loopback.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::exchange::{agreed, id, import, indicator};
use crate::harness::Home;
use crate::party::signing;
use crate::peers::eventually;
use crate::web::{Asked, Web, answer};

const TAXII: &str = "application/taxii+json;version=2.1";

/// What a small TAXII server holds: objects with the second at which they were added.
type Shelf = Arc<Mutex<Vec<(u32, String)>>>;

fn said(body: &Value) -> Vec<u8> {
    answer(200, &[("content-type", TAXII)], body.to_string())
}

fn added(second: u32) -> String {
    format!("2026-03-01T00:{:02}:{:02}.000000Z", second / 60, second % 60)
}

/// A well-behaved server with one collection in pages of three; only `Basic dXNlcjpwYXNz` may ask.
fn server(shelf: &Shelf) -> Web {
    let shelf = shelf.clone();
    Web::new(move |asked| {
        if asked.header("authorization") != Some("Basic dXNlcjpwYXNz") {
            return answer(401, &[("content-type", TAXII)], r#"{"title":"who are you?"}"#);
        }
        match asked.path() {
            "/taxii2/" => said(&json!({"title": "Small", "api_roots": ["/api/"]})),
            "/api/" => said(&json!({"title": "Root", "versions": [TAXII], "max_content_length": 9_000_000})),
            "/api/collections/" => said(&json!({"collections": [
                {"id": "c1", "title": "Warnings", "can_read": true, "can_write": true, "media_types": []},
            ]})),
            "/api/collections/c1/objects/" if asked.method == "POST" => {
                let body: Value = serde_json::from_slice(&asked.body).unwrap();
                let (mut good, mut bad) = (Vec::new(), Vec::new());
                for object in body["objects"].as_array().unwrap() {
                    match object["name"] == json!("Number 2") {
                        true => bad.push(json!({"id": object["id"], "message": "not that one"})),
                        false => good.push(json!({"id": object["id"]})),
                    }
                }
                let status = json!({"id": "s1", "status": "complete", "total_count": good.len() + bad.len(),
                    "success_count": good.len(), "successes": good, "failure_count": bad.len(), "failures": bad});
                answer(202, &[("content-type", TAXII)], status.to_string())
            }
            "/api/collections/c1/objects/" => page(&shelf.lock().unwrap(), asked),
            _ => answer(404, &[], ""),
        }
    })
}

fn page(shelf: &[(u32, String)], asked: &Asked) -> Vec<u8> {
    let after = asked.parameter("added_after").unwrap_or_default();
    let from: usize = asked.parameter("next").map_or(0, |next| next.parse().unwrap());
    let all: Vec<&(u32, String)> = shelf
        .iter()
        .filter(|(second, _)| added(*second) > after)
        .collect();
    let told: Vec<&(u32, String)> = all.iter().skip(from).take(3).copied().collect();
    let objects: Vec<&str> = told.iter().map(|(_, text)| text.as_str()).collect();
    let end = from + told.len();
    let mut body = format!(
        r#"{{"objects":[{}],"more":{}"#,
        objects.join(","),
        end < all.len()
    );
    if end < all.len() {
        body.push_str(&format!(r#","next":"{end}""#));
    }
    body.push('}');
    let dates = (
        told.first().map(|told| added(told.0)),
        told.last().map(|told| added(told.0)),
    );
    match dates {
        (Some(first), Some(last)) => answer(
            200,
            &[
                ("content-type", TAXII),
                ("x-taxii-date-added-first", &first),
                ("x-taxii-date-added-last", &last),
            ],
            body,
        ),
        _ => answer(200, &[("content-type", TAXII)], body),
    }
}

fn filled(count: u32) -> Shelf {
    Arc::new(Mutex::new(
        (1..=count)
            .map(|number| (number / 2, indicator(number, "")))
            .collect(),
    ))
}

fn password(home: &Home) -> String {
    home.file("password", "pass\n")
}

#[test]
fn a_feed_is_read_once_and_then_read_on() {
    let shelf = filled(8);
    let (server, home) = (server(&shelf), Home::new());
    let file = password(&home);
    let url = format!("{}/", server.url);
    let pull = |more: &[&str]| {
        let mut arguments = vec![
            "taxii",
            "pull",
            &url,
            "--user",
            "user",
            "--password-file",
            &file,
            "--name",
            "small",
        ];
        arguments.extend(more);
        home.run(&arguments)
    };
    let first = pull(&["--json"]);
    assert_eq!(first.code, 0, "{}", first.err);
    let account = &first.last()["account"];
    assert_eq!(
        (&account["in"], &account["stored"]),
        (&json!(8), &json!(8)),
        "{}",
        first.out
    );
    let quiet = pull(&[]);
    assert!(quiet.out.contains("stored                    0"), "{}", quiet.out);
    shelf.lock().unwrap().push((4, indicator(9, "")));
    shelf.lock().unwrap().push((90, indicator(10, "")));
    let second = pull(&["--json"]);
    let stored: Vec<Value> = second
        .json()
        .into_iter()
        .filter(|line| line["outcome"] == "stored")
        .collect();
    assert_eq!(stored.len(), 2, "{}", second.out);
    assert!(
        stored[0]["file"]
            .as_str()
            .unwrap()
            .ends_with("/api/collections/c1/")
    );
    // Who says so is the feed and the collection.
    assert!(home.ok(&["look", "n9.example"]).out.contains("small/Warnings"));
}

#[test]
fn what_a_server_has_is_shown_and_who_may_not_ask_is_told() {
    let shelf = filled(3);
    let (server, home) = (server(&shelf), Home::new());
    let file = password(&home);
    let shown = home
        .ok(&[
            "taxii",
            "info",
            &server.url,
            "--user",
            "user",
            "--password-file",
            &file,
            "--json",
        ])
        .last();
    assert_eq!(shown["title"], "Small");
    assert_eq!(shown["collections"][0]["title"], "Warnings");
    assert_eq!(shown["collections"][0]["holds"], "objects");
    assert_eq!(
        shown["oddities"],
        json!(["ignores `limit`: pages have up to 3 objects"])
    );
    let refused = home.run(&["taxii", "info", &server.url]);
    assert_eq!(refused.code, 5);
    assert!(
        refused.err.contains("does not let us in (401): who are you?"),
        "{}",
        refused.err
    );
    let missing = home.run(&["taxii", "pull", "http://127.0.0.1:1/"]);
    assert_eq!(missing.code, 5);
    assert!(
        missing.err.contains("cannot reach http://127.0.0.1:1"),
        "{}",
        missing.err
    );
    for bad in ["taxii.example", "file:///etc/passwd", "http://u:p@127.0.0.1/"] {
        assert_eq!(home.run(&["taxii", "pull", bad]).code, 2, "{bad}");
    }
}

#[test]
fn no_redirect_and_no_root_leads_elsewhere() {
    let trap = Web::new(|_| answer(200, &[("content-type", TAXII)], "{}"));
    let home = Home::new();
    let to = format!("{}/api/", trap.url);
    let redirects = to.clone();
    let roots = to.clone();
    let redirecting = Web::new(move |_| answer(302, &[("location", &redirects)], ""));
    let naming = Web::new(move |asked| match asked.path() {
        "/taxii2/" => said(&json!({"title": "T", "api_roots": [roots]})),
        _ => answer(404, &[], ""),
    });
    for server in [&redirecting, &naming] {
        let ran = home.run(&["taxii", "pull", &format!("{}/taxii2/", server.url)]);
        assert_eq!(ran.code, 5, "{}", ran.err);
        assert!(
            ran.err.contains("sends us on to") && ran.err.contains(&trap.url),
            "{}",
            ran.err
        );
    }
    assert_eq!(trap.connections(), 0);
}

#[test]
fn bombs_and_endless_bodies_end_at_their_bound() {
    let gzip = |body: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    };
    let bomb = gzip(&vec![b' '; 300 << 20]);
    let home = Home::new();
    let server = Web::new(move |_| {
        answer(
            200,
            &[("content-type", TAXII), ("content-encoding", "gzip")],
            &bomb,
        )
    });
    let ran = home.run(&["taxii", "info", &server.url]);
    assert_eq!(ran.code, 5);
    assert!(
        ran.err.contains("unpacks to more than 200 times its length"),
        "{}",
        ran.err
    );
    let server = Web::new(|_| answer(200, &[("content-type", TAXII)], vec![b' '; 70 << 20]));
    let ran = home.run(&["taxii", "info", &server.url]);
    assert_eq!(ran.code, 5);
    assert!(
        ran.err.contains("answers with more than 67108864 bytes"),
        "{}",
        ran.err
    );
}

#[test]
fn a_server_that_leads_in_circles_is_left_and_told() {
    let shelf = filled(2);
    let home = Home::new();
    let server = Web::new(move |asked| match asked.path() {
        "/c/" => said(&json!({"id": "c", "title": "C", "can_read": true, "can_write": false})),
        "/c/objects/" | "/collections/c/objects/" => {
            let objects: Vec<String> = shelf
                .lock()
                .unwrap()
                .iter()
                .map(|(_, text)| text.clone())
                .collect();
            let body = format!(
                r#"{{"objects":[{}],"more":true,"next":"again"}}"#,
                objects.join(",")
            );
            answer(200, &[("content-type", "application/json")], body)
        }
        "/collections/" => said(&json!({"collections": [{"id": "c", "title": "C", "can_read": true}]})),
        _ => answer(404, &[], ""),
    });
    let ran = home.run(&[
        "taxii",
        "pull",
        &format!("{}/collections/", server.url),
        "--name",
        "circle",
    ]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("brought nothing new"), "{}", ran.err);
    assert!(ran.out.contains("stored                    2"), "{}", ran.out);
    assert!(server.connections() < 10, "{}", server.connections());
}

#[test]
fn a_stored_feed_is_read_by_the_server_and_its_state_shown() {
    let shelf = filled(5);
    let (server, home) = (server(&shelf), Home::new());
    let file = password(&home);
    let broken = Web::new(|asked| match asked.path() {
        "/collections/" => said(&json!({"collections": [{"id": "c", "title": "C", "can_read": true}]})),
        _ => answer(403, &[], ""),
    });
    let store = |url: &str, name: &str| {
        let sign_in = ["--user", "user", "--password-file", &file];
        home.ok(&[
            ["taxii", "pull", url, "--every", "1m", "--name", name].as_slice(),
            &sign_in,
        ]
        .concat());
    };
    store(&server.url, "small");
    store(&format!("{}/collections/", broken.url), "broken");
    let state = |name: &str| {
        let feeds = home.ok(&["taxii", "info", "--json"]).json();
        feeds
            .into_iter()
            .find(|feed| feed["name"] == name)
            .unwrap_or_default()
    };
    assert_eq!(state("small")["state"], "waiting");
    let _served = home.serve(&[]);
    eventually("both feeds are read", || {
        state("small")["state"] == "ok" && state("broken")["state"] == "failing"
    });
    assert_eq!(state("small")["new_total"], 5);
    let standing = state("broken")["standing"].as_str().unwrap().to_owned();
    assert!(
        standing.contains("failing since") && standing.contains("does not let us in (403)"),
        "{standing}"
    );
    // What is stored while the server runs counts at once, and so does its end.
    home.ok(&["taxii", "stop", "small"]);
    assert_eq!(state("small")["state"], "stopped");
    shelf.lock().unwrap().push((90, indicator(77, "")));
    store(&server.url, "second");
    eventually("a feed that was stored later is read", || {
        state("second")["state"] == "ok"
    });
    assert_eq!(state("second")["new_total"], 1, "the others were known already");
    home.ok(&["taxii", "remove", "second"]);
    assert_eq!(state("second"), Value::Null);
    assert_eq!(home.run(&["taxii", "remove", "second"]).code, 4);
}

#[test]
fn a_push_hands_in_what_was_released_to_that_party_and_goes_on_where_it_stopped() {
    let homes = agreed(&["Alpha", "Beta"]);
    let alpha = &homes[0];
    let (server, file) = (server(&filled(0)), password(alpha));
    let push = |more: &[&str]| {
        let mut arguments = vec![
            "taxii",
            "push",
            &server.url,
            "--to",
            "Beta",
            "--collection",
            "Warnings",
        ];
        arguments.extend(["--user", "user", "--password-file", &file, "--json"]);
        arguments.extend(more);
        alpha.run(&arguments)
    };
    import(
        alpha,
        &[
            indicator(1, ""),
            indicator(2, ""),
            indicator(3, r#","labels":["internal"]"#),
        ],
    );
    let nothing = push(&[]);
    assert_eq!(nothing.code, 3, "{}", nothing.err);
    assert_eq!(signing(alpha, &["release", "--all"]).0, 0);
    let first = push(&[]);
    // One is refused by the server; what policy withholds was never there.
    assert_eq!(first.code, 6, "{}{}", first.out, first.err);
    let outcomes: Vec<(String, String)> = first
        .json()
        .iter()
        .filter(|line| line["id"].as_str().is_some_and(|id| id.starts_with("indicator")))
        .map(outcome)
        .collect();
    let expected = [(id(1), "accepted"), (id(2), "refused")].map(|(id, word)| (id, word.to_owned()));
    assert_eq!(outcomes, expected);
    import(alpha, &[indicator(4, "")]);
    assert_eq!(signing(alpha, &["release", "--all"]).0, 0);
    let second = push(&[]);
    let outcomes: Vec<(String, String)> = second
        .json()
        .iter()
        .filter(|line| line["id"].as_str().is_some_and(|id| id.starts_with("indicator")))
        .map(outcome)
        .collect();
    let expected = [(id(2), "refused"), (id(4), "accepted")].map(|(id, word)| (id, word.to_owned()));
    assert_eq!(outcomes, expected);
    let handed_in =
        String::from_utf8(server.asked().into_iter().flat_map(|asked| asked.body).collect()).unwrap();
    assert!(!handed_in.contains(&id(3)), "withheld, and handed in");
    assert_eq!(
        handed_in.matches(&id(1)).count(),
        1,
        "accepted, and handed in again"
    );
}

fn outcome(line: &Value) -> (String, String) {
    (
        line["id"].as_str().unwrap().to_owned(),
        line["outcome"].as_str().unwrap().to_owned(),
    )
}
