//! Requests that are repeated are done once and answered alike (draft-ietf-httpapi-idempotency-key-header).
//!
//! The first answer is kept for a day under the caller's key; another request under the same key is refused, and one
//! that comes while the first is being done is told to wait. What failed is not kept: it did nothing, or what it did
//! is done by doing it again. So a crash between the deed and its answer being kept is no harm either: everything
//! that changes something here changes nothing when it is done twice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response as HttpResponse, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use entente_access::{Caller, Who};
use entente_store::{Expected, NewDocument};
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex as AsyncMutex;

use crate::answers::hex;
use crate::serve::limits::{KEPT_ANSWER_BYTES_MAX, KEPT_ANSWER_FOR};
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// The header that carries the key.
pub(super) const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Of which kind answers are among the store's documents.
const KIND: &str = "answer";

/// Headers that belong to an answer.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::CONTENT_DISPOSITION];

/// Beginnings of paths whose requests or answers hold secrets, which are not kept.
const SECRETS: [&str; 3] = ["/api/v1/session", "/api/v1/me", "/api/v1/accounts"];

/// Whether a route takes a key.
pub(super) fn takes_key(method: &str, path: &str) -> bool {
    method != "GET" && method != "HEAD" && !SECRETS.iter().any(|secret| path.starts_with(secret))
}

/// The requests with a key that are being done.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<BTreeSet<String>>);

impl UnderWay {
    fn begin(self: &Arc<Self>, name: &str) -> Option<Turn> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.to_owned()).then(|| Turn {
            under_way: self.clone(),
            name: name.to_owned(),
        })
    }
}

/// Ends with the request.
struct Turn {
    under_way: Arc<UnderWay>,
    name: String,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut names = self.under_way.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.remove(&self.name);
    }
}

/// An answer as it is kept: this on the first line, the body after it.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// SHA-256 of the request.
    request: String,
    status: u16,
    headers: Vec<(String, String)>,
}

/// Does a request that has a key once.
pub(super) async fn once(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    if !takes_key(request.method().as_str(), request.uri().path()) {
        return next.run(request).await;
    }
    let name = match name(&request) {
        Ok(Some(name)) => name,
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    let Some(turn) = server.under_way.begin(&name) else {
        return Problem::conflict(
            "a request with this Idempotency-Key is being done; ask again for its answer",
        )
        .retry(1)
        .into_response();
    };
    // Whoever hangs up gets the answer when they ask again: the work goes on without them.
    let done = tokio::spawn(async move {
        let answer = attempt(&server, &name, request, next).await;
        drop(turn);
        answer.unwrap_or_else(IntoResponse::into_response)
    });
    done.await
        .unwrap_or_else(|_| Problem::failed("this node could not finish that").into_response())
}

/// What the key is kept under: nobody meets another caller's.
fn name(request: &Request) -> Result<Option<String>, Problem> {
    let mut keys = request.headers().get_all(KEY).iter();
    let (Some(key), more) = (keys.next(), keys.next()) else {
        return Ok(None);
    };
    let key = key.to_str().unwrap_or_default().trim().trim_matches('"');
    let is_key = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_key || more.is_some() {
        return Err(Problem::bad_request("the Idempotency-Key cannot be one").at(
            "Idempotency-Key",
            "one key of 1 to 255 visible characters is expected here, a new UUID for example",
        ));
    }
    let caller = request
        .extensions()
        .get::<Caller>()
        .cloned()
        .unwrap_or_else(Caller::anyone);
    let who = match &caller.who {
        Who::Anyone => "anyone",
        Who::Own(_) => "own",
        Who::Party(_) => "party",
        Who::Peer(_) => "peer",
    };
    let mut hash = Sha256::new();
    for part in [who, caller.account.as_deref().unwrap_or(&caller.name), key] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    Ok(Some(hex(&hash.finalize().into())))
}

async fn attempt(
    server: &Arc<Server>,
    name: &str,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = name.to_owned();
    let kept = blocking(server, move |server| {
        let at = server.at().micros();
        Ok(server.node.store().document(KIND, &key, at)?)
    });
    let kept = kept.await?;
    let (parts, body) = request.into_parts();
    let heard = Heard::new(&parts.method, &parts.uri, &parts.headers, body);
    if let Some(kept) = kept {
        let digest = heard.digest().await?;
        return replay(&kept.value, &digest);
    }
    let response = next.run(Request::from_parts(parts, heard.body())).await;
    keep(server, name, &heard, response).await
}

/// The first answer again, where the request is the first one again.
fn replay(value: &[u8], digest: &str) -> Result<Response, Problem> {
    let damaged = || Problem::failed("the answer that was kept cannot be read");
    let end = value.iter().position(|byte| *byte == b'\n').ok_or_else(damaged)?;
    let (head, body) = value.split_at(end);
    let kept: Kept = serde_json::from_slice(head).map_err(|_| damaged())?;
    if kept.request != digest {
        return Err(Problem::unprocessable(
            "another request was made under this Idempotency-Key; take a new key for each",
        )
        .at(
            "Idempotency-Key",
            "a key that was not used in the last day is expected here",
        ));
    }
    let mut answer = HttpResponse::builder()
        .status(kept.status)
        .header(REPLAYED, "true");
    for (name, value) in kept.headers {
        answer = answer.header(name, value);
    }
    let body = body.get(1..).unwrap_or_default().to_vec();
    answer.body(Body::from(body)).map_err(|_| damaged())
}

/// Keeps an answer, where it is one that can be given again.
async fn keep(
    server: &Arc<Server>,
    name: &str,
    heard: &Heard,
    response: Response,
) -> Result<Response, Problem> {
    if !response.status().is_success() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let mut stream = body.into_data_stream();
    let mut gathered = Vec::new();
    while gathered.len() <= KEPT_ANSWER_BYTES_MAX {
        match stream.next().await {
            Some(Ok(chunk)) => gathered.extend_from_slice(&chunk),
            Some(Err(error)) => {
                // It broke off: what came is given, and that it broke off too.
                let body = stream::iter([Ok(Bytes::from(gathered)), Err(error)]);
                return Ok(Response::from_parts(parts, Body::from_stream(body)));
            }
            None => {
                let request = heard.digest().await?;
                let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
                let headers = KEPT_HEADERS.iter();
                let headers =
                    headers.filter_map(|name| Some((name.to_string(), text(parts.headers.get(name)?))));
                let kept = Kept {
                    request,
                    status: parts.status.as_u16(),
                    headers: headers.collect(),
                };
                put(server, name.to_owned(), &kept, &gathered).await?;
                return Ok(Response::from_parts(parts, Body::from(gathered)));
            }
        }
    }
    let body = stream::once(async { Ok(Bytes::from(gathered)) }).chain(stream);
    Ok(Response::from_parts(parts, Body::from_stream(body)))
}

async fn put(server: &Arc<Server>, name: String, kept: &Kept, body: &[u8]) -> Result<(), Problem> {
    let mut value = serde_json::to_vec(kept).unwrap_or_default();
    value.push(b'\n');
    value.extend_from_slice(body);
    blocking(server, move |server| {
        let at = server.at().micros();
        let day = i64::try_from(KEPT_ANSWER_FOR.as_micros()).unwrap_or(i64::MAX);
        let document = NewDocument {
            kind: KIND,
            key: &name,
            value: Some(&value),
            expires_at: Some(at.saturating_add(day)),
            expected: Expected::Any,
        };
        server.node.store().put_document(&document, at)?;
        Ok(())
    })
    .await
}

/// A request's body, digested as it is read.
#[derive(Clone)]
struct Heard(Arc<AsyncMutex<Hearing>>);

struct Hearing {
    body: BodyDataStream,
    hash: Sha256,
    ended: bool,
}

impl Heard {
    fn new(method: &Method, uri: &axum::http::Uri, headers: &HeaderMap, body: Body) -> Heard {
        let mut hash = Sha256::new();
        let header = |name| headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        for part in [
            method.as_str().as_bytes(),
            path.as_bytes(),
            header(header::CONTENT_TYPE),
            header(header::CONTENT_ENCODING),
            header(header::IF_MATCH),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Heard(Arc::new(AsyncMutex::new(Hearing {
            body: body.into_data_stream(),
            hash,
            ended: false,
        })))
    }

    /// The body, for whoever reads it.
    fn body(&self) -> Body {
        Body::from_stream(stream::unfold(self.0.clone(), |hearing| async {
            let chunk = hearing.lock().await.next().await?;
            Some((chunk, hearing))
        }))
    }

    /// The request's digest; what nobody has read of the body is read for it.
    async fn digest(&self) -> Result<String, Problem> {
        let mut hearing = self.0.lock().await;
        while let Some(chunk) = hearing.next().await {
            chunk.map_err(|error| Problem::bad_request(error.to_string()))?;
        }
        Ok(hex(&hearing.hash.clone().finalize().into()))
    }
}

impl Hearing {
    async fn next(&mut self) -> Option<Result<Bytes, axum::Error>> {
        if self.ended {
            return None;
        }
        let chunk = self.body.next().await;
        match &chunk {
            Some(Ok(bytes)) => self.hash.update(bytes),
            Some(Err(_)) | None => self.ended = true,
        }
        chunk
    }
}
