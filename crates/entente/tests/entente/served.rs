//! The built binary as a server, and a client to ask it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::harness::Home;

/// A server that ends with the test.
pub(crate) struct Served {
    child: Child,
    stdin: Option<ChildStdin>,
    /// `http://127.0.0.1:41733`
    pub(crate) url: String,
    #[allow(dead_code, reason = "for the tests of accounts")]
    /// The link with which the first administrator is made, where there was one.
    pub(crate) first_link: Option<String>,
    told: Arc<Mutex<String>>,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Home {
    /// Serves this home's node, plain on loopback.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Served {
        self.serve_with(&[&["--plain"], arguments].concat())
    }

    /// Serves this home's node with exactly these arguments beside the address.
    pub(crate) fn serve_with(&self, arguments: &[&str]) -> Served {
        let always = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--json",
            "--until-stdin-closes",
        ];
        let mut child = self
            .command(&[always.as_slice(), arguments].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let told = Arc::new(Mutex::new(String::new()));
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let telling = told.clone();
        std::thread::spawn(move || {
            let mut line = String::new();
            while err.read_line(&mut line).is_ok_and(|read| read > 0) {
                telling.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        std::thread::spawn(move || out.read_to_end(&mut Vec::new()));
        let said: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("the server did not start: {}", told.lock().unwrap()));
        let client = reqwest::Client::builder()
            .danger_accept_invalid_certs(true)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        Served {
            stdin: child.stdin.take(),
            child,
            url: said["listening"].as_str().unwrap().to_owned(),
            first_link: said["first_link"].as_str().map(str::to_owned),
            told,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            client,
        }
    }
}

impl Served {
    /// `127.0.0.1:41733`
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    /// What it wrote to stderr so far.
    pub(crate) fn told(&self) -> String {
        self.told.lock().unwrap().clone()
    }

    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let url = match path.starts_with('/') {
            true => format!("{}{path}", self.url),
            false => path.to_owned(),
        };
        let body = body.into();
        self.runtime.block_on(async {
            let mut request = self.client.request(method.parse().unwrap(), url);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            if !body.is_empty() {
                request = request.body(body);
            }
            let response = request.send().await.unwrap();
            Answer {
                status: response.status().as_u16(),
                headers: response.headers().clone(),
                body: response.bytes().await.unwrap().to_vec(),
            }
        })
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, headers, "")
    }

    /// Ends it in good order, and gives its exit code.
    pub(crate) fn stop(&mut self) -> i32 {
        drop(self.stdin.take());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
