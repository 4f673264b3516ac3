//! Intelligence in, asked for, found in logs, and given back.

use entente_access::{By, Name, NewToken, Role};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{INDICATOR, LOG, Node, bundle};
use crate::accounts;
use crate::exit::Failure;

#[tokio::test]
async fn what_comes_in_is_shown_looked_up_and_found() {
    let node = Node::new().informed().await;
    let shown = node
        .get(&format!("/api/v1/objects/{INDICATOR}"))
        .await
        .ok()
        .json();
    assert_eq!(shown["object"]["name"], "A bad address");
    assert_eq!(shown["holdings"][0]["source"], "feed");
    let looked = node
        .get("/api/v1/look?value=198.51.100%5B.%5D7&value=192.0.2.1")
        .await
        .ok()
        .json();
    assert_eq!(looked["items"][0]["mentions"][0]["id"], INDICATOR);
    assert_eq!(
        (&looked["items"][0]["known"], &looked["items"][1]["known"]),
        (&json!(true), &json!(false))
    );
    let many = node
        .post("/api/v1/look", &json!({"values": ["198.51.100.7", "192.0.2.1"]}))
        .await
        .ok()
        .json();
    assert_eq!(many["items"][0]["mentions"], looked["items"][0]["mentions"]);
    let found = node.get("/api/v1/find?query=bad+addr*&limit=5").await.ok().json();
    assert_eq!(
        (&found["items"][0]["id"], &found["more"]),
        (&json!(INDICATOR), &json!(false))
    );
    let versions = node
        .get(&format!("/api/v1/objects/{INDICATOR}/versions"))
        .await
        .ok()
        .json();
    assert_eq!(versions["items"][0]["digest"], shown["digest"]);
    let sources = node.get("/api/v1/sources").await.ok().json();
    assert_eq!(
        (&sources["items"][0]["source"], &sources["items"][0]["holdings"]),
        (&json!("feed"), &json!(1))
    );
}

#[tokio::test]
async fn an_object_leaves_as_the_bytes_it_came_in() {
    let text = format!(
        "{{\"type\":\"identity\",\"spec_version\":\"2.1\",  \"id\":\"identity--{0}\",\"created\":\"2026-01-01T00:00:00.000Z\",\
        \"modified\":\"2026-01-01T00:00:00.000Z\",\"name\":\"Ä\",\"x_big\":1.0e2}}",
        "f431f809-377b-45e0-aa1c-6a4751cae5ff"
    );
    let node = Node::new();
    node.post_text("/api/v1/import?source=a&as=stix", text.clone())
        .await
        .ok();
    let raw = node
        .get("/api/v1/objects/identity--f431f809-377b-45e0-aa1c-6a4751cae5ff/raw")
        .await
        .ok();
    assert_eq!(raw.text(), text);
    assert_eq!(raw.header("content-type"), "application/stix+json;version=2.1");
    let all = node.get("/api/v1/export/stix?type=identity").await.ok();
    assert!(all.text().contains(&text), "{}", all.text());
    assert_eq!(all.json()["type"], "bundle");
}

#[tokio::test]
async fn an_import_accounts_for_every_item() {
    let node = Node::new();
    let list = "198.51.100.7\nevil.example\nno such thing at all !!\n";
    let would = node
        .post_text("/api/v1/import?source=a&as=list&dry_run=true", list)
        .await
        .ok()
        .json();
    assert_eq!(
        (&would["account"]["in"], &would["account"]["dry_run"]),
        (&json!(3), &json!(true))
    );
    assert!(
        node.get("/api/v1/objects?type=indicator").await.ok().json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let done = node
        .post_text("/api/v1/import?source=a&as=list&name=list.txt", list)
        .await
        .ok()
        .json();
    assert_eq!(
        (&done["account"]["stored"], &done["account"]["refused"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(done["refused"][0]["file"], "list.txt");
    assert!(done["refused"][0]["reason"].as_str().unwrap().len() > 5, "{done}");
    let again = node
        .post_text("/api/v1/import?source=a&as=list", list)
        .await
        .ok()
        .json();
    assert_eq!(
        (&again["account"]["stored"], &again["account"]["known"]),
        (&json!(0), &json!(2))
    );
    let theirs = node.post_text("/api/v1/import?source=party%2Fx", list).await;
    assert_eq!(theirs.status, 422, "{}", theirs.text());
}

#[tokio::test]
async fn lists_come_in_pages_and_each_item_once() {
    let node = Node::new();
    let list: String = (1..=25).map(|number| format!("192.0.2.{number}\n")).collect();
    node.post_text("/api/v1/import?source=a&as=list", list).await.ok();
    let all = node.get("/api/v1/objects?limit=1000").await.ok().json();
    let all: Vec<Value> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].clone())
        .collect();
    assert!(all.len() >= 25);
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let page = node
            .get(&format!("/api/v1/objects?limit=7{after}"))
            .await
            .ok()
            .json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 7);
        paged.extend(items.iter().map(|item| item["id"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        after = format!("&after={next}");
    }
    assert_eq!(paged, all);
    let bad = node.get("/api/v1/detections?after=never").await;
    assert_eq!((bad.status, bad.faults()), (400, vec!["after".to_owned()]));
}

#[tokio::test]
async fn a_scan_tells_detections_line_by_line_and_keeps_them_once() {
    let node = Node::new().informed().await;
    for (query, new) in [("&dry_run=true", false), ("", true), ("", false)] {
        let scanned = node
            .post_text(&format!("/api/v1/scan?name=eve.json{query}"), LOG)
            .await
            .ok();
        assert_eq!(scanned.header("content-type"), "application/x-ndjson");
        let lines: Vec<Value> = scanned
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let found = lines.iter().find(|line| line["indicator"] == INDICATOR).unwrap();
        assert_eq!((&found["file"], &found["line"]), (&json!("eve.json"), &json!(1)));
        assert_eq!(found["new"], json!(new), "{query} {found}");
        assert_eq!(lines.last().unwrap()["summary"]["detections"], 1);
    }
    let kept = node.get("/api/v1/detections").await.ok().json();
    assert_eq!(kept["items"].as_array().unwrap().len(), 1, "{kept}");
    assert_eq!(kept["items"][0]["value"], "198.51.100.7");
    let of_other = node
        .get("/api/v1/detections?indicator=indicator--0")
        .await
        .ok()
        .json();
    assert_eq!(of_other["items"], json!([]));
}

/// The next event of a stream: its text, from `event:` to the blank line.
async fn event(
    stream: &mut (impl futures_util::Stream<Item = Result<bytes::Bytes, axum::Error>> + Unpin),
) -> String {
    let mut text = String::new();
    let read = async {
        while !text.contains("\n\n") || text.starts_with(':') {
            text = text.trim_start_matches(":\n\n").to_owned();
            text.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), read)
        .await
        .unwrap();
    text
}

/// The token of a reader's account.
fn ears(node: &Node) -> String {
    let name: Name = "ears".parse().unwrap();
    let at = node.server.at();
    let made = node.server.gate.accounts.change(|book| {
        if book.get(&name).is_none() {
            book.add(By::Operator, name.clone(), Role::Reader, None, 0)
                .map_err(Failure::from)?;
        }
        let new = NewToken {
            scopes: None,
            label: None,
            seconds: 3600,
        };
        accounts::make_token(book, By::Operator, &name, new, at).map_err(Failure::from)
    });
    made.unwrap().token
}

async fn listen(node: &Node, after: Option<&str>) -> axum::body::BodyDataStream {
    let mut request = axum::http::Request::builder()
        .uri("/api/v1/detections/events")
        .header("authorization", format!("Bearer {}", ears(node)));
    if let Some(after) = after {
        request = request.header("last-event-id", after);
    }
    let request = request.body(axum::body::Body::empty()).unwrap();
    let answer = node.router("test").oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    answer.into_body().into_data_stream()
}

#[tokio::test(flavor = "multi_thread")]
async fn detections_are_heard_as_they_are_made_and_after_the_last_one_heard() {
    let node = Node::new().informed().await;
    let mut live = listen(&node, None).await;
    let other = LOG.replace("10.0.0.1", "10.0.0.2");
    node.post_text("/api/v1/scan", LOG).await.ok();
    let first = event(&mut live).await;
    assert!(
        first.starts_with("event: detection\nid: 1\ndata: {") || first.contains("id: 1\n"),
        "{first}"
    );
    assert!(first.contains("198.51.100.7"), "{first}");
    node.post_text("/api/v1/scan", other).await.ok();
    assert!(event(&mut live).await.contains("id: 2\n"));
    // Who comes again goes on after what it heard, and who comes anew hears what is found from now on.
    assert!(
        event(&mut listen(&node, Some("1")).await)
            .await
            .contains("id: 2\n")
    );
    assert!(
        event(&mut listen(&node, Some("0")).await)
            .await
            .contains("id: 1\n")
    );
    let mut late = listen(&node, None).await;
    node.post_text("/api/v1/scan", LOG.replace("10.0.0.1", "10.0.0.3"))
        .await
        .ok();
    assert!(event(&mut late).await.contains("id: 3\n"));
    let bad = node
        .ask("GET", "/api/v1/detections/events", &[("last-event-id", "x")], "")
        .await;
    assert_eq!(bad.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_no_longer_listen_hears_no_more() {
    let node = Node::new().informed().await;
    let mut live = listen(&node, None).await;
    node.post_text("/api/v1/scan", LOG).await.ok();
    assert!(event(&mut live).await.contains("id: 1\n"));
    let name: Name = "ears".parse().unwrap();
    let revoked = node
        .server
        .gate
        .accounts
        .change(|book| book.revoke_all(By::Operator, &name).map_err(Failure::from));
    revoked.unwrap();
    node.post_text("/api/v1/scan", LOG.replace("10.0.0.1", "10.0.0.2"))
        .await
        .ok();
    let rest = async {
        while let Some(told) = live.next().await {
            assert!(!told.unwrap().starts_with(b"event"));
        }
    };
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), rest);
    ended.await.unwrap();
}

#[tokio::test]
async fn values_leave_as_rows() {
    let node = Node::new().informed().await;
    let rows = node.get("/api/v1/export/csv").await.ok();
    assert_eq!(rows.header("content-type"), "text/csv; charset=utf-8");
    assert!(rows.text().contains("198.51.100.7"), "{}", rows.text());
}

#[tokio::test]
async fn an_export_of_many_objects_is_whole() {
    let node = Node::new();
    let list: String = (0..3_000)
        .map(|number| format!("host-{number}.example\n"))
        .collect();
    node.post_text("/api/v1/import?source=a&as=list", list).await.ok();
    let all = node.get("/api/v1/export/stix?type=indicator").await.ok().json();
    assert_eq!(all["objects"].as_array().unwrap().len(), 3_000);
}

#[tokio::test]
async fn stix_is_validated_and_observables_get_their_ids() {
    let node = Node::new();
    let done = node
        .post_text("/api/v1/stix/validation", bundle())
        .await
        .ok()
        .json();
    assert_eq!(
        (&done["valid"], &done["sums"]["objects"]),
        (&json!(true), &json!(1)),
        "{done}"
    );
    let broken = bundle().replace("\"valid_from\":\"2020-01-01T00:00:00Z\"", "\"x\":1");
    let done = node
        .post_text("/api/v1/stix/validation", broken)
        .await
        .ok()
        .json();
    assert_eq!(done["valid"], false);
    assert!(done["findings"][0]["way_out"].is_string(), "{done}");
    let observable = "{\"type\":\"ipv4-addr\",\"spec_version\":\"2.1\",\"value\":\"198.51.100.3\"}";
    let ids = node.post_text("/api/v1/stix/ids", observable).await.ok().json();
    // STIX 2.1 §2.9: UUIDv5 of the contributing properties.
    let id = ids["items"][0]["stix_id"].as_str().unwrap();
    assert!(id.starts_with("ipv4-addr--") && id.as_bytes()[25] == b'5', "{id}");
    assert!(
        !node.get("/api/v1/stix/rules").await.ok().json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn the_node_tells_its_bounds_and_checks_itself() {
    let node = Node::new().informed().await;
    let limits = node.get("/api/v1/limits").await.ok().json();
    assert!(limits["items"].as_array().unwrap().len() > 50);
    let check = node
        .post("/api/v1/check", &json!({"rebuild": true}))
        .await
        .ok()
        .json();
    assert_eq!(
        (&check["check"]["clean"], &check["check"]["versions"]),
        (&json!(true), &json!(2))
    );
}
