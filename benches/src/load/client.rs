//! One connection that is kept as long as the server keeps it, HTTP/1.1 without TLS.

use std::time::{Duration, Instant};

use clap::Args;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderMap};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Failure;

/// Where to ask, and as who.
#[derive(Args, Clone)]
pub(crate) struct Target {
    /// What to ask: `http://…`
    #[arg(long)]
    pub(crate) url: Uri,
    /// A header of each request: `Name: value`
    #[arg(long)]
    pub(crate) header: Vec<String>,
}

impl Target {
    /// `127.0.0.1:8440`
    pub(crate) fn address(&self) -> Result<&str, Failure> {
        let authority = self.url.authority().ok_or("the URL names no host")?;
        Ok(authority.as_str())
    }

    /// The path, with these pairs behind it.
    pub(crate) fn path(&self, pairs: &[(&str, &str)]) -> String {
        let mut path = self.url.path().to_owned();
        let asked = self.url.query().map(str::to_owned);
        let pairs = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)));
        for (place, pair) in asked.into_iter().chain(pairs).enumerate() {
            path.push(if place == 0 { '?' } else { '&' });
            path.push_str(&pair);
        }
        path
    }
}

/// Of times and cursors only `+`, `/`, `=` and `:` need it.
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

pub(crate) struct Client {
    target: Target,
    sender: SendRequest<Empty<Bytes>>,
}

/// What was answered, and how long it took from the first byte sent to the last received.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) took: Duration,
}

impl Client {
    pub(crate) async fn connect(target: &Target) -> Result<Client, Failure> {
        let stream = TcpStream::connect(target.address()?).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its end is told to who asks next.
        tokio::spawn(connection);
        Ok(Client {
            target: target.clone(),
            sender,
        })
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer, Failure> {
        let mut request = Request::get(path).header(HOST, self.target.address()?);
        for header in &self.target.header {
            let (name, value) = header.split_once(':').ok_or("a header has no `:`")?;
            request = request.header(name.trim(), value.trim());
        }
        let request = request.body(Empty::new())?;
        let began = Instant::now();
        if self.sender.ready().await.is_err() {
            // The server closed it after the answer before, as some always do.
            *self = Client::connect(&self.target.clone()).await?;
        }
        let response = self.sender.send_request(request).await?;
        let (head, mut rest) = response.into_parts();
        let mut body = Vec::with_capacity(1 << 20);
        while let Some(frame) = rest.frame().await {
            if let Some(data) = frame?.data_ref() {
                body.extend_from_slice(data);
            }
        }
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
            took: began.elapsed(),
        })
    }
}
