//! The routes, asked in this process: who asks is set, and no socket is between.

mod document;
mod exchange;
mod input;
mod network;
mod objects;
mod once;
mod rules;
mod trials;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use axum::{Extension, Router};
use clap::Parser as _;
use entente_access::{Caller, Role, Scopes, Who};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::cli::{Cli, Command};
use crate::serve::server::Server;

/// A node with its routes.
struct Node {
    server: Arc<Server>,
    _folder: tempfile::TempDir,
}

/// What a route answered.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.text()))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    fn ok(self) -> Answer {
        assert_eq!(self.status, 200, "{}", self.text());
        self
    }

    /// The pointers of the faults of a problem document, which must be one.
    #[track_caller]
    fn faults(&self) -> Vec<String> {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.text()
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert!(problem["detail"].as_str().unwrap().len() > 10, "{problem}");
        let faults = problem["errors"].as_array().cloned().unwrap_or_default();
        faults
            .iter()
            .map(|fault| fault["pointer"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn command(folder: &std::path::Path, words: &[&str]) -> Cli {
    let (data, guard) = (folder.join("data"), folder.join("guard"));
    let home = [
        "--data",
        data.to_str().unwrap(),
        "--guard",
        guard.to_str().unwrap(),
        "--quiet",
    ];
    let words = ["entente"].iter().chain(&home).chain(words);
    Cli::try_parse_from(words).unwrap()
}

impl Node {
    /// A node that is no party.
    fn new() -> Node {
        Node::open(tempfile::tempdir().unwrap(), &[])
    }

    /// A node that is the party of this name, its keys unlocked.
    fn party(name: &str) -> Node {
        let folder = tempfile::tempdir().unwrap();
        let phrase = folder.path().join("passphrase");
        std::fs::write(&phrase, "correct horse battery staple\n").unwrap();
        let phrase = ["--passphrase-file", phrase.to_str().unwrap()].map(str::to_owned);
        let phrase = [phrase[0].as_str(), &phrase[1]];
        let words = [["party", "add", "--self", name].as_slice(), &phrase].concat();
        crate::commands::run(command(folder.path(), &words)).unwrap();
        Node::open(folder, &phrase)
    }

    fn open(folder: tempfile::TempDir, words: &[&str]) -> Node {
        let words = [["serve", "--plain", "--listen", "127.0.0.1:0"].as_slice(), words].concat();
        let cli = command(folder.path(), &words);
        let Command::Serve(asked) = &cli.command else {
            panic!("not a server")
        };
        let server = Arc::new(Server::open(&cli.global, asked).unwrap());
        Node {
            server,
            _folder: folder,
        }
    }

    fn router(&self, account: &str) -> Router {
        let caller = Caller {
            who: Who::Own(Role::Administrator),
            name: account.to_owned(),
            account: Some(account.to_owned()),
            scopes: Scopes::ALL,
        };
        super::router(&self.server)
            .layer(Extension(caller))
            .with_state(self.server.clone())
    }

    async fn ask_as(&self, account: &str, request: Request<Body>) -> Answer {
        let answer = self.router(account).oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.into(),
        }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask_as("test", request.body(body.into()).unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(
            "POST",
            path,
            &[("content-type", "application/json")],
            body.to_string(),
        )
        .await
    }

    async fn post_text(&self, path: &str, text: impl Into<Body>) -> Answer {
        self.ask("POST", path, &[("content-type", "text/plain")], text)
            .await
    }
}

/// An indicator that is looked for, and its value.
const INDICATOR: &str = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";

/// A bundle with it.
fn bundle() -> String {
    serde_json::json!({
        "type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d",
        "objects": [{
            "type": "indicator", "spec_version": "2.1", "id": INDICATOR,
            "created": "2026-04-06T20:03:48.000Z", "modified": "2026-04-06T20:03:48.000Z",
            "name": "A bad address", "indicator_types": ["malicious-activity"],
            "pattern": "[ipv4-addr:value = '198.51.100.7']", "pattern_type": "stix",
            "valid_from": "2020-01-01T00:00:00Z",
            "object_marking_refs": ["marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"],
        }],
    })
    .to_string()
}

/// A log in which it was seen.
const LOG: &str = "{\"ts\":\"2026-05-01T10:00:00Z\",\"src_ip\":\"10.0.0.1\",\"dest_ip\":\"198.51.100.7\"}\n";

impl Node {
    /// With what the bundle says.
    async fn informed(self) -> Node {
        let stix = [("content-type", "application/stix+json")];
        self.ask("POST", "/api/v1/import?source=feed", &stix, bundle())
            .await
            .ok();
        self
    }
}
