//! The OpenAPI document: what the handlers say of themselves, and what is the same for all.

use std::sync::{Arc, OnceLock};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use entente_access::Action;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::PartialSchema as _;
use utoipa::openapi::OpenApi;

use super::once::takes_key;
use crate::answers::hex;
use crate::serve::problem::{Document, Fault};
use crate::serve::routes;
use crate::serve::server::Server;

/// Where the document is.
pub(super) const PATH: &str = "/api/v1/openapi.json";

const ABOUT: &str = "What the command line of Entente can do, over HTTP: intelligence in and out, look-ups, scans, agreements, \
releases and recalls, logs and their proofs, peers and feeds.\n\nThe answers are those of `entente … --json`. Faults are problem \
documents (RFC 9457): `type` leads to an explanation, `errors` names each fault of the input with its JSON pointer, or the name of \
its parameter. Lists come in pages: `next` of one is `after` of the following. Every request that changes something takes an \
`Idempotency-Key`: whoever repeats it within a day gets the first answer again. Bodies may come as gzip, deflate or zstd.";

const TAGS: &[(&str, &str)] = &[
    ("objects", "What is known: objects, values, words, sources"),
    ("import", "Intelligence in"),
    ("export", "What is known, given back"),
    ("detections", "Logs scanned, and what was found in them"),
    ("parties", "Who takes part, and their keys"),
    ("agreements", "What parties agreed on"),
    ("releases", "What leaves, and what is taken back"),
    ("bundles", "Offline exchange: one file for one party"),
    ("logs", "The release logs, and that they are good"),
    ("stix", "STIX tools"),
    ("rules", "Patterns and detection rules tried, without the node"),
    ("peers", "Other parties' nodes"),
    ("feeds", "Foreign TAXII servers, and their data taken over"),
    ("accounts", "People, tools and their tokens"),
    ("node", "The node itself"),
];

/// The document, whole.
pub(super) fn whole(made: &OpenApi) -> Value {
    let mut document = serde_json::to_value(made).unwrap_or_default();
    let info = json!({
        "title": "Entente", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT,
        "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
    });
    put(&mut document, &["info"], info);
    let tags = TAGS.iter();
    let tags = tags.map(|(name, about)| json!({"name": name, "description": about}));
    put(&mut document, &["tags"], tags.collect());
    put(&mut document, &["paths", PATH, "get"], own_operation());
    for (name, schema) in [
        ("Problem", json!(Document::schema())),
        ("Fault", json!(Fault::schema())),
    ] {
        put(&mut document, &["components", "schemas", name], schema);
    }
    put(&mut document, &["components", "responses", "Problem"], problem());
    put(
        &mut document,
        &["components", "parameters", "IdempotencyKey"],
        key(),
    );
    put(&mut document, &["components", "securitySchemes"], schemes());
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let method = method.to_ascii_uppercase();
            if let Some(action) = routes::all()
                .find(|route| route.path == path && route.method == method)
                .map(|route| route.action)
            {
                complete(operation, &method, path, action);
            }
        }
    }
    document
}

fn own_operation() -> Value {
    json!({
        "tags": ["node"], "operationId": "openapi", "summary": "This document",
        "responses": {"200": {
            "description": "The document", "content": {"application/json": {"schema": {"type": "object"}}},
        }},
    })
}

fn problem() -> Value {
    json!({
        "description": "A problem (RFC 9457)",
        "headers": {"Retry-After": {
            "description": "Seconds after which to try again", "schema": {"type": "integer", "minimum": 0},
        }},
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}

fn key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Whoever sends the same request again under the same key within a day gets the first answer again, \
                        and nothing is done twice; another request under the same key is refused.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
        "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
    })
}

fn schemes() -> Value {
    json!({
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "ent_…", "description": "A token of an account"},
        "password": {
            "type": "http", "scheme": "basic", "description": "An account's name with its password or a token",
        },
        "session": {
            "type": "apiKey", "in": "cookie", "name": "__Host-entente", "description": "A session, for people who signed in",
        },
        "certificate": {"type": "mutualTLS", "description": "A party's node, by its pinned key"},
    })
}

/// Puts a value where the members of `path` lead, objects made on the way.
fn put(document: &mut Value, path: &[&str], value: Value) {
    let mut place = document;
    for name in path {
        if !place.is_object() {
            *place = json!({});
        }
        let Some(members) = place.as_object_mut() else {
            return;
        };
        place = members.entry(*name).or_insert(Value::Null);
    }
    *place = value;
}

/// The method and the path as one name: `post-agreements-id-signature`.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.trim_start_matches("/api/v1");
    let words = path
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let method = method.to_ascii_lowercase();
    std::iter::once(method.as_str())
        .chain(words)
        .collect::<Vec<_>>()
        .join("-")
}

/// What an operation does not say of itself.
fn complete(operation: &mut Value, method: &str, path: &str, action: Action) {
    put(operation, &["operationId"], json!(operation_id(method, path)));
    put(operation, &["x-action"], json!(action.name()));
    let security = match action {
        Action::Know | Action::SignIn => json!([]),
        _ => json!([{"token": []}, {"password": []}, {"session": []}]),
    };
    put(operation, &["security"], security);
    let problem = json!({"$ref": "#/components/responses/Problem"});
    put(operation, &["responses", "default"], problem);
    if !takes_key(method, path) {
        return;
    }
    let key = json!({"$ref": "#/components/parameters/IdempotencyKey"});
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    match parameters {
        Some(parameters) => parameters.push(key),
        None => put(operation, &["parameters"], json!([key])),
    }
}

/// The route that gives the document.
pub(super) fn serve(made: OpenApi) -> MethodRouter<Arc<Server>> {
    let text: Arc<OnceLock<(Bytes, HeaderValue)>> = Arc::default();
    get(move |headers: HeaderMap| async move {
        let (text, tag) = text.get_or_init(|| {
            let text = whole(&made).to_string();
            let tag = format!("\"{}\"", hex(&Sha256::digest(text.as_bytes()).into()));
            let tag = HeaderValue::try_from(tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
            (text.into(), tag)
        });
        let asked = headers.get(header::IF_NONE_MATCH);
        if asked.is_some_and(|asked| asked == tag) {
            return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag.clone())]).into_response();
        }
        let json = HeaderValue::from_static("application/json");
        let headers = [
            (header::CONTENT_TYPE, json),
            (header::ETAG, tag.clone()),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        (headers, text.clone()).into_response()
    })
}
