//! The OpenAPI document against the routes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Node;
use crate::serve::api;

async fn document() -> Value {
    Node::new().get(api::document::PATH).await.ok().json()
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let path = path.clone();
        let methods = item.as_object().unwrap().clone();
        methods
            .into_iter()
            .map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else_is() {
    let described: BTreeSet<(String, String)> = operations(&document().await)
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    let served: BTreeSet<(String, String)> = api::ROUTES
        .iter()
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(
        api::ROUTES.len(),
        served.len(),
        "a route stands in the table twice"
    );
    assert_eq!(described, served);
}

#[tokio::test]
async fn every_operation_says_what_it_does_needs_and_gives() {
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    let tags: Vec<&Value> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let what = format!("{method} {path}");
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|summary| summary.len() > 5),
            "{what}"
        );
        assert!(tags.contains(&&operation["tags"][0]), "{what}");
        assert!(ids.insert(operation["operationId"].to_string()), "{what}");
        assert!(operation["x-action"].is_string(), "{what}");
        assert!(operation["security"].is_array(), "{what}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{what}");
        assert_eq!(
            responses["default"]["$ref"], "#/components/responses/Problem",
            "{what}"
        );
        let named = path.matches('{').count();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        assert_eq!(in_path.count(), named, "{what}");
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    fn walk<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| walk(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let document = document().await;
    let mut found = BTreeSet::new();
    walk(&document, &mut found);
    assert!(found.len() > 30);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_document_is_not_sent_to_who_has_it() {
    let node = Node::new();
    let first = node.get(api::document::PATH).await.ok();
    let tag = first.header("etag").to_owned();
    let again = node
        .ask("GET", api::document::PATH, &[("if-none-match", &tag)], "")
        .await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}
