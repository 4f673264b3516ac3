//! Requests that are repeated.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::{Answer, Node, bundle};

async fn import(node: &Node, account: &str, key: &str, source: &str) -> Answer {
    let request = Request::builder()
        .method("POST")
        .uri(format!("/api/v1/import?source={source}"))
        .header("content-type", "application/stix+json")
        .header("idempotency-key", key)
        .body(Body::from(bundle()))
        .unwrap();
    node.ask_as(account, request).await
}

#[tokio::test]
async fn the_same_request_gets_the_first_answer_again() {
    let node = Node::new();
    let first = import(&node, "ada", "key-1", "a").await.ok();
    assert_eq!(first.json()["account"]["stored"], 1);
    assert_eq!(first.header("idempotency-replayed"), "");
    for key in ["key-1", "\"key-1\""] {
        let again = import(&node, "ada", key, "a").await.ok();
        assert_eq!(again.text(), first.text());
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.header("content-type"), "application/json");
    }
    // Another key, another deed.
    let other = import(&node, "ada", "key-2", "a").await.ok();
    assert_eq!(other.json()["account"]["known"], 1);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let node = Node::new();
    import(&node, "ada", "key", "a").await.ok();
    let other = import(&node, "ada", "key", "b").await;
    assert_eq!(
        (other.status, other.faults()),
        (422, vec!["Idempotency-Key".to_owned()])
    );
    let sources = node.get("/api/v1/sources").await.ok().json();
    let names: Vec<&serde_json::Value> = sources["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| &source["source"])
        .collect();
    assert!(
        names.contains(&&json!("a")) && !names.contains(&&json!("b")),
        "{sources}"
    );
}

#[tokio::test]
async fn keys_of_others_are_others_keys() {
    let node = Node::new();
    import(&node, "ada", "key", "a").await.ok();
    let of_other = import(&node, "bob", "key", "b").await.ok();
    assert_eq!(of_other.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn what_failed_may_be_tried_again_under_its_key() {
    let node = Node::new();
    let keyed = [("content-type", "application/json"), ("idempotency-key", "key")];
    let failed = node.ask("POST", "/api/v1/check", &keyed, "{\"rebuild\":1}").await;
    assert_eq!(failed.status, 422);
    let mended = node
        .ask("POST", "/api/v1/check", &keyed, "{\"rebuild\":false}")
        .await;
    assert_eq!(mended.status, 200, "{}", mended.text());
}

#[tokio::test]
async fn a_request_that_is_being_done_is_waited_for() {
    let node = Node::new();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let body = futures_util::stream::once(async move {
        let _ = stopped.await;
        Ok::<_, std::io::Error>(bytes::Bytes::from("198.51.100.7\n"))
    });
    let waiting = Request::builder()
        .method("POST")
        .uri("/api/v1/import?source=a")
        .header("content-type", "text/plain")
        .header("idempotency-key", "key")
        .body(Body::from_stream(body))
        .unwrap();
    let router = node.router("ada");
    let first = tokio::spawn(tower::ServiceExt::oneshot(router, waiting));
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let second = import(&node, "ada", "key", "a").await;
    assert_eq!(second.status, 409);
    assert_eq!(second.header("retry-after"), "1");
    stop.send(()).unwrap();
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn keys_that_cannot_be_keys_are_refused() {
    let node = Node::new();
    let long = "k".repeat(256);
    for key in ["", " ", "a b", &long] {
        let keyed = [("content-type", "application/json"), ("idempotency-key", key)];
        let answer = node
            .ask(
                "POST",
                "/api/v1/check",
                &keyed,
                json!({"rebuild": false}).to_string(),
            )
            .await;
        assert_eq!(answer.status, 400, "{key}");
    }
}
