//! The door tried from outside, in process: every route with every role and verb, guessing, signing in.
//!
//! In process because whoever asks must be able to come from anywhere; that sockets reach it is tried in
//! `tests/entente/account.rs`.

mod guessing;
mod known;
mod matrix;
mod signing_in;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use clap::Parser as _;
use entente_access::{By, Name, NewToken, Role};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::caller::Connection;
use super::{Server, router};
use crate::accounts;
use crate::cli::{Cli, Command};
use crate::exit::Failure;

const PASSWORD: &str = "correct horse battery";
const OTHERS: &str = "identity--7e2f4a1c-5b0d-4c3e-9f8a-1d2c3b4a5f60";

/// A server in a folder of its own, asked without a socket.
struct World {
    server: Arc<Server>,
    router: Router,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

/// A request, from somewhere.
struct Ask<'a> {
    method: &'a str,
    path: &'a str,
    from: &'a str,
    headers: Vec<(&'a str, String)>,
    body: String,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

fn ask<'a>(method: &'a str, path: &'a str) -> Ask<'a> {
    Ask {
        method,
        path,
        from: "192.0.2.1",
        headers: Vec::new(),
        body: String::new(),
    }
}

impl<'a> Ask<'a> {
    fn from(mut self, address: &'a str) -> Ask<'a> {
        self.from = address;
        self
    }

    fn with(mut self, name: &'a str, value: impl Into<String>) -> Ask<'a> {
        self.headers.push((name, value.into()));
        self
    }

    fn bearer(self, token: &str) -> Ask<'a> {
        self.with("authorization", format!("Bearer {token}"))
    }

    fn basic(self, name: &str, secret: &str) -> Ask<'a> {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{secret}"));
        self.with("authorization", format!("Basic {pair}"))
    }

    fn json(mut self, body: Value) -> Ask<'a> {
        self.body = body.to_string();
        self.with("content-type", "application/json")
    }

    fn request(&self) -> Request<Body> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .header("host", "node.example");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let address: IpAddr = self.from.parse().unwrap();
        let connection = Connection {
            address,
            is_tls: true,
            key: None,
        };
        let mut request = request.body(Body::from(self.body.clone())).unwrap();
        request.extensions_mut().insert(connection);
        request
    }
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What a problem's type ends with, or what TAXII's error is called by.
    fn code(&self) -> String {
        let problem = self.json();
        let kind = problem["type"].as_str().or(problem["error_code"].as_str());
        let kind = kind.unwrap_or_default();
        kind.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// The session's cookie, as a browser sends it back.
    fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

impl World {
    fn new() -> World {
        World::with(&[])
    }

    /// Served with these arguments besides.
    fn with(more: &[&str]) -> World {
        let folder = tempfile::tempdir().unwrap();
        let (data, guard) = (folder.path().join("data"), folder.path().join("heads"));
        let arguments = ["entente", "serve", "--plain", "--data"].map(str::to_owned);
        let arguments = arguments.into_iter().chain([
            data.display().to_string(),
            "--guard".to_owned(),
            guard.display().to_string(),
        ]);
        let arguments = arguments.chain(more.iter().map(|more| (*more).to_owned()));
        let cli = Cli::try_parse_from(arguments).unwrap();
        let Command::Serve(asked) = &cli.command else {
            panic!("not serve");
        };
        let server = Arc::new(Server::open(&cli.global, asked).unwrap());
        World {
            router: router::router(&server),
            server,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            _folder: folder,
        }
    }

    /// An account of a role, called `own-<role>` or as given, with [`PASSWORD`] where it is asked for.
    fn add(&self, name: &str, role: Role, with_password: bool) -> Name {
        let name: Name = name.parse().unwrap();
        let password = with_password.then(|| accounts::hashed(PASSWORD, &name).unwrap());
        let added = name.clone();
        self.change(move |book| {
            let party = role.is_of_a_party().then(|| OTHERS.to_owned());
            book.add(By::Operator, added.clone(), role, party, 0)?;
            match password {
                Some(password) => book.set_password(By::Operator, &added, password),
                None => Ok(()),
            }
        });
        name
    }

    fn token(&self, name: &Name) -> String {
        let new = NewToken {
            scopes: self
                .server
                .gate
                .accounts
                .read()
                .unwrap()
                .get(name)
                .map(|account| account.role.scopes()),
            label: None,
            seconds: 3600,
        };
        let at = self.server.at();
        let made =
            self.server.gate.accounts.change(|book| {
                accounts::make_token(book, By::Operator, name, new, at).map_err(Failure::from)
            });
        made.unwrap().token
    }

    fn change<R>(
        &self,
        change: impl FnOnce(&mut entente_access::Accounts) -> Result<R, entente_access::Refusal>,
    ) -> R {
        self.server
            .gate
            .accounts
            .change(|book| change(book).map_err(Failure::from))
            .unwrap()
    }

    /// The answer, without reading on where it never ends.
    fn tell(&self, ask: &Ask<'_>) -> Answer {
        self.runtime.block_on(self.answer(ask.request()))
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let is_stream = parts
            .headers
            .get("content-type")
            .is_some_and(|kind| kind == "text/event-stream");
        let body = match is_stream {
            true => Vec::new(),
            false => body.collect().await.unwrap().to_bytes().to_vec(),
        };
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }
}
