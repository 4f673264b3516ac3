//! Rules on trial: listed by pages, accepted and parked.

use serde_json::{Value, json};

use super::Node;

fn id(number: u32) -> String {
    format!("indicator--{number:08}-17d4-4cbf-938f-98ee46b3cd3f")
}

/// A node with three rules, of which the second matches every process.
async fn told() -> Node {
    let rule = |number: u32, ends: &str| {
        json!({
            "type": "indicator", "spec_version": "2.1", "id": id(number),
            "created": "2026-04-06T20:03:48.000Z", "modified": "2026-04-06T20:03:48.000Z", "name": format!("Rule {number}"),
            "pattern": format!("title: A\nlogsource:\n  product: windows\n  category: process_creation\ndetection:\n  a:\n    Image|endswith: {ends}\n  condition: a"),
            "pattern_type": "sigma", "valid_from": "2020-01-01T00:00:00Z",
        })
    };
    let rules = [rule(1, "a.exe"), rule(2, ".exe"), rule(3, "c.exe")];
    let bundle =
        json!({"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "objects": rules});
    let node = Node::new();
    let stix = [("content-type", "application/stix+json")];
    node.ask("POST", "/api/v1/import?source=feed", &stix, bundle.to_string())
        .await
        .ok();
    node
}

fn log() -> String {
    let record = |second: u32| {
        let event = json!({"Event": {
            "System": {
                "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
                "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "pc7",
                "TimeCreated": {"#attributes": {"SystemTime": format!("2026-05-01T10:{:02}:{:02}.000000Z", second / 60, second % 60)}},
            },
            "EventData": {"Image": "C:\\b.exe"},
        }});
        format!("{event}\n")
    };
    (0..150).map(record).collect()
}

async fn ids(node: &Node, query: &str) -> (Vec<Value>, Value) {
    let page = node
        .get(&format!("/api/v1/rules/trials{query}"))
        .await
        .ok()
        .json();
    let ids = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].clone());
    (ids.collect(), page["next"].clone())
}

#[tokio::test]
async fn rules_are_listed_by_pages_and_by_how_they_stand() {
    let node = told().await;
    let scanned = node
        .post_text("/api/v1/scan?name=sysmon", log())
        .await
        .ok()
        .text();
    assert!(scanned.contains("\"parked\":{\"rule\":"), "{scanned}");
    let all: Vec<Value> = [1, 2, 3].map(|number| json!(id(number))).into();
    assert_eq!(ids(&node, "").await, (all.clone(), Value::Null));
    assert_eq!(ids(&node, "?limit=2").await, (all[..2].to_vec(), json!(id(2))));
    assert_eq!(
        ids(&node, &format!("?limit=2&after={}", id(2))).await,
        (all[2..].to_vec(), Value::Null)
    );
    assert_eq!(ids(&node, "?state=parked").await.0, [json!(id(2))]);
    assert_eq!(
        ids(&node, "?state=on-trial&limit=1").await,
        (all[..1].to_vec(), json!(id(1)))
    );
    assert_eq!(node.get("/api/v1/rules/trials?state=lost").await.status, 400);
    let shown = node.get(&format!("/api/v1/objects/{}", id(2))).await.ok().json();
    assert_eq!(
        (&shown["trial"]["state"], &shown["trial"]["reason"]),
        (
            &json!("parked"),
            &json!("matches too much: 150 of 150 records that it looked at")
        )
    );
}

#[tokio::test]
async fn a_rule_is_accepted_and_parked_and_what_is_none_is_not() {
    let node = told().await;
    let accepted = node
        .ask("POST", &format!("/api/v1/rules/{}/accept", id(2)), &[], "")
        .await
        .ok()
        .json();
    assert_eq!(
        (&accepted["state"], &accepted["name"]),
        (&json!("accepted"), &json!("Rule 2"))
    );
    let scanned = node
        .post_text("/api/v1/scan?name=sysmon", log())
        .await
        .ok()
        .text();
    assert!(scanned.contains("\"detections\":150"), "{scanned}");
    let because = json!({"because": "our installer"});
    let parked = node
        .post(&format!("/api/v1/rules/{}/park", id(2)), &because)
        .await
        .ok()
        .json();
    assert_eq!(
        (&parked["state"], &parked["reason"]),
        (&json!("parked"), &json!("our installer"))
    );

    let unknown = node
        .ask("POST", "/api/v1/rules/indicator--0/accept", &[], "")
        .await;
    assert_eq!((unknown.status, unknown.faults()), (404, vec![]));
    let empty = node
        .post(&format!("/api/v1/rules/{}/park", id(2)), &json!({"because": " "}))
        .await;
    assert_eq!((empty.status, empty.faults()), (422, vec!["/because".to_owned()]));
    let nothing = node
        .post(&format!("/api/v1/rules/{}/park", id(2)), &json!({}))
        .await;
    assert_eq!(nothing.status, 422);
}
