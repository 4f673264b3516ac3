//! Patterns and rules over HTTP: the answers of the batch forms, item by item.

use serde_json::{Value, json};

use super::Node;

async fn answers(path: &str, body: Value) -> Value {
    Node::new().post(path, &body).await.ok().json()["items"].clone()
}

const RULE: &str = "title: x\nlogsource: {category: test}\ndetection:\n  s: {a: b}\n  condition: s\n";

#[tokio::test]
async fn patterns_are_checked_compared_and_matched() {
    let checked = answers(
        "/api/v1/patterns/check",
        json!({"items": [{"id": 7, "pattern": "[file:size = 1]"}, {"pattern": "[file:size = ]"}]}),
    )
    .await;
    assert_eq!(checked[0], json!({"id": 7, "valid": true, "error": null}));
    assert_eq!(checked[1]["valid"], false);
    assert!(checked[1].get("id").is_none());
    assert!(
        checked[1]["error"]
            .as_str()
            .unwrap()
            .starts_with("line 1, column 14: ")
    );
    let compared = answers(
        "/api/v1/patterns/equal",
        json!({"items": [
            {"id": "x", "a": "[file:size = 1 OR file:size = 2]", "b": "[file:size IN (2, 1)]"},
            {"a": "[file:size = 1]", "b": "[file:size = 2]"},
            {"a": "[", "b": "["},
        ]}),
    )
    .await;
    assert_eq!(compared[0], json!({"id": "x", "equal": true}));
    assert_eq!(compared[1], json!({"equal": false}));
    assert_eq!(compared[2]["equal"], Value::Null);
    assert!(
        compared[2]["error"]
            .as_str()
            .unwrap()
            .contains("`a` cannot be read")
    );
    let observed = json!({"type": "observed-data", "id": "observed-data--5d0092c5-5f74-4287-9642-33f4c354e56d",
        "first_observed": "2026-01-01T00:00:00Z", "last_observed": "2026-01-01T00:00:00Z", "number_observed": 1,
        "object_refs": ["file--5d0092c5-5f74-4287-9642-33f4c354e56d"]});
    let file = json!({"type": "file", "id": "file--5d0092c5-5f74-4287-9642-33f4c354e56d", "size": 3});
    let of = |pattern: &str| json!({"id": pattern, "pattern": pattern, "observed_data": [observed, file]});
    let matched = answers(
        "/api/v1/patterns/match",
        json!({"mode": "strict", "items": [of("[file:size > 2]"), of("[file:size > 3]"), of("[file:size")]}),
    )
    .await;
    assert_eq!(matched[0], json!({"id": "[file:size > 2]", "verdict": "match"}));
    assert_eq!(matched[1]["verdict"], "no_match");
    assert_eq!(matched[2]["verdict"], "error");
}

#[tokio::test]
async fn rules_are_checked_and_evaluated() {
    let checked = answers(
        "/api/v1/rules/check",
        json!({"items": [
            {"id": 1, "rule": RULE},
            {"id": 2, "rule": {"title": "x", "logsource": {"category": "c"}, "detection": {"s": {"a": 1}, "condition": "s"}}},
            {"id": 3, "rule": "title: ["},
            {"id": 4, "rule": "rule x { condition: true }"},
            {"id": 5, "rule": "rule x { condition: nothing }"},
        ]}),
    )
    .await;
    let valid: Vec<bool> = (0..5).map(|at| checked[at]["valid"] == true).collect();
    assert_eq!(valid, [true, true, false, true, false], "{checked}");
    assert!(
        checked[4]["error"]
            .as_str()
            .unwrap()
            .starts_with("line 1, column 21: unknown identifier"),
        "{checked}"
    );
    let decided = answers(
        "/api/v1/rules/eval",
        json!({"pipelines": ["none"], "items": [
            {"id": 1, "rule": RULE, "event": {"a": "B"}},
            {"id": 2, "rule": RULE, "event": {"a": 1}},
            {"id": 3, "rule": "x", "event": {}},
        ]}),
    )
    .await;
    assert_eq!(decided[0], json!({"id": 1, "verdict": "match"}));
    assert_eq!(decided[1], json!({"id": 2, "verdict": "no_match"}));
    assert_eq!(decided[2]["verdict"], "error");
}

#[tokio::test]
async fn questions_that_are_none_are_named_with_their_place() {
    let node = Node::new();
    let faults = |path: &'static str, body: Value| {
        let node = &node;
        async move { node.post(path, &body).await.faults() }
    };
    assert_eq!(
        faults("/api/v1/patterns/check", json!({"items": []})).await,
        ["/items"]
    );
    assert_eq!(
        faults("/api/v1/patterns/check", json!({"items": [{"pattern": 1}]})).await,
        ["/items/0/pattern"]
    );
    assert_eq!(
        faults(
            "/api/v1/rules/eval",
            json!({"items": [{"rule": RULE, "event": 5}]})
        )
        .await,
        ["/items/0/event"]
    );
    assert_eq!(
        faults(
            "/api/v1/rules/eval",
            json!({"pipelines": ["/etc/passwd"], "items": [{"rule": RULE, "event": {}}]})
        )
        .await,
        ["/pipelines"]
    );
    let many = vec![json!({"rule": RULE}); 1001];
    assert_eq!(
        faults("/api/v1/rules/check", json!({"items": many})).await,
        ["/items"]
    );
}

#[tokio::test]
async fn hostile_questions_are_answered_soon() {
    let node = Node::new();
    let started = tokio::time::Instant::now();
    let deep = |unit: &str| json!({"rule": format!("rule x {{ condition: {}true }}", unit.repeat(100_000))});
    let items = [
        json!({"rule": "[".repeat(100_000)}),
        json!({"rule": RULE.replace("condition: s", &format!("condition: {}s", "(".repeat(60_000)))}),
        deep("not "),
        deep("("),
        deep("1 & "),
    ];
    let answer = node
        .post("/api/v1/rules/check", &json!({"items": items}))
        .await
        .ok()
        .json();
    for at in 0..items.len() {
        assert_eq!(answer["items"][at]["valid"], false, "{at}");
    }
    let pattern = format!("{}[file:size = 1]{}", "(".repeat(100_000), ")".repeat(100_000));
    let answer = node
        .post(
            "/api/v1/patterns/check",
            &json!({"items": [{"pattern": pattern}]}),
        )
        .await
        .ok()
        .json();
    assert_eq!(answer["items"][0]["valid"], false);
    assert!(started.elapsed().as_secs() < 10);
}
