//! Peers, feeds, takeovers, and what types of problems mean.

use serde_json::json;

use super::Node;

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_feed_is_made_changed_and_removed() {
    let node = Node::new();
    let path = "/api/v1/feeds/abuse";
    let order = json!({"url": "https://taxii.example/taxii2/", "every_seconds": 3600, "collections": ["a"]});
    assert_eq!(node.get(path).await.status, 404);
    let made = node
        .ask("PUT", path, &[JSON], order.to_string())
        .await
        .ok()
        .json();
    assert_eq!(
        (&made["name"], &made["every"], &made["state"]),
        (&json!("abuse"), &json!(3600), &json!("waiting"))
    );
    assert_eq!(
        node.get("/api/v1/feeds").await.ok().json()["items"][0]["url"],
        order["url"]
    );
    let changed = json!({"stopped": true, "every_seconds": 60}).to_string();
    let changed = node.ask("PATCH", path, &[JSON], changed).await.ok().json();
    assert_eq!(
        (&changed["state"], &changed["every"]),
        (&json!("stopped"), &json!(60))
    );
    for (body, pointer) in [
        (
            json!({"name": "other", "url": "https://a.example/", "every_seconds": 60}),
            "/name",
        ),
        (json!({"url": "file:///etc/passwd", "every_seconds": 60}), "/url"),
        (
            json!({"url": "https://a.example/", "every_seconds": 1}),
            "/every_seconds",
        ),
        (
            json!({"url": "https://a.example/", "every_seconds": 60, "since": "yesterday"}),
            "/since",
        ),
    ] {
        let refused = node.ask("PUT", path, &[JSON], body.to_string()).await;
        assert_eq!(
            (refused.status, refused.faults()),
            (422, vec![pointer.to_owned()]),
            "{body}"
        );
    }
    assert_eq!(node.ask("DELETE", path, &[], "").await.status, 204);
    assert_eq!(node.ask("DELETE", path, &[], "").await.status, 404);
    assert_eq!(node.ask("PATCH", path, &[JSON], "{}").await.status, 404);
}

#[tokio::test]
async fn who_is_no_peer_is_not_found() {
    let node = Node::party("North CERT");
    assert_eq!(node.get("/api/v1/peers").await.ok().json()["items"], json!([]));
    for (method, path) in [
        ("GET", "/api/v1/peers/North%20CERT"),
        ("PATCH", "/api/v1/peers/North%20CERT"),
        ("DELETE", "/api/v1/peers/North%20CERT"),
        ("POST", "/api/v1/peers/North%20CERT/sync"),
        ("GET", "/api/v1/peers/nobody"),
    ] {
        let answer = node.ask(method, path, &[JSON], "{\"paused\":true}").await;
        assert_eq!(answer.status, 404, "{method} {path} {}", answer.text());
    }
    for (order, pointer) in [
        (json!({"url": "no address"}), "/url"),
        (
            json!({"url": "https://127.0.0.1:1/", "party": "nobody"}),
            "/party",
        ),
    ] {
        let refused = node.post("/api/v1/peers", &order).await;
        assert_eq!(
            (refused.status, refused.faults()),
            (422, vec![pointer.to_owned()]),
            "{order}"
        );
    }
}

#[tokio::test]
async fn data_of_another_server_are_taken_over_once() {
    let node = Node::new();
    let data = json!({
        "/discovery": {"title": "Old", "api_roots": ["http://localhost:5000/old/"]},
        "old": {
            "information": {"title": "Old root", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 1},
            "status": [],
            "collections": [{
                "id": "91a7b528-80eb-42ed-a74d-c6fbd5a26116", "title": "All", "can_read": true, "can_write": false,
                "objects": [], "manifest": [],
            }],
        },
    });
    for (query, collections) in [("?dry_run=true", 1), ("", 1)] {
        let done = node
            .post(&format!("/api/v1/taxii/takeover{query}"), &data)
            .await
            .ok()
            .json();
        assert_eq!(done["takeover"]["collections"], collections, "{done}");
    }
    assert_eq!(node.post("/api/v1/taxii/takeover", &json!([1])).await.status, 422);
}

#[tokio::test]
async fn types_of_problems_are_explained() {
    let node = Node::new();
    let problem = node.get("/api/v1/objects/none").await.json();
    let explained = node.get(problem["type"].as_str().unwrap()).await.ok().json();
    assert_eq!(explained["title"], problem["title"]);
    assert_eq!(node.get("/problems/none").await.status, 404);
    let all = node.get("/problems/").await.ok().json();
    let codes: Vec<&str> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes.len(), crate::serve::problem::KINDS.len());
    for code in codes {
        assert_eq!(
            node.get(&format!("/problems/{code}")).await.ok().json()["code"],
            code
        );
    }
}
