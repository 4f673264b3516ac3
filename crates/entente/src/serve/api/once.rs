//! Requests that are repeated are done once and answered alike (draft-ietf-httpapi-idempotency-key-header).
//!
//! The first answer is kept for a day under the caller's key; another request under the same key is refused, and one
//! that comes while the first is being done is told to wait. What failed is not kept: it did nothing, or what it did
//! is done by doing it again. So a crash between the deed and its answer being kept is no harm either: everything
//! that changes something here changes nothing when it is done twice. What is kept for one caller is bounded: the
//! oldest go first.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response as HttpResponse, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use entente_access::{Action, Caller, Who};
use entente_store::{Expected, NewDocument};
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex as AsyncMutex;

use crate::answers::hex;
use crate::serve::limits::{
    KEPT_ANSWER_BYTES_MAX, KEPT_ANSWER_FOR, KEPT_ANSWERS_BYTES_MAX, KEPT_ANSWERS_MAX,
};
use crate::serve::problem::Problem;
use crate::serve::routes;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// The header that carries the key.
pub(super) const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Of which kind answers are among the store's documents.
const KIND: &str = "answer";

/// Of which kind the lists of callers' answers are.
const LISTS: &str = "answers";

/// Headers that belong to an answer.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::CONTENT_DISPOSITION];

/// Beginnings of paths whose requests or answers hold secrets, which are not kept.
const SECRETS: [&str; 3] = ["/api/v1/session", "/api/v1/me", "/api/v1/accounts"];

/// Whether a route takes a key: it changes something, and nothing about it is secret.
pub(super) fn takes_key(method: &str, path: &str) -> bool {
    let action = method
        .parse()
        .ok()
        .filter(|method| !matches!(*method, Method::GET | Method::HEAD))
        .and_then(|method| routes::action(&method, path));
    let changes = matches!(
        action,
        Some(Action::Import | Action::Release | Action::Administer)
    );
    changes && !SECRETS.iter().any(|secret| path.starts_with(secret))
}

/// The requests with a key that are being done.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    names: Mutex<BTreeSet<String>>,
    /// Held by who changes what is kept for a caller.
    keeping: Mutex<()>,
}

impl UnderWay {
    fn begin(self: &Arc<Self>, name: &str) -> Option<Turn> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut names = self
            .under_way
            .names
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
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
    let path = request.extensions().get::<MatchedPath>();
    if !path.is_some_and(|path| takes_key(request.method().as_str(), path.as_str())) {
        return next.run(request).await;
    }
    let named = match named(&request) {
        Ok(Some(named)) => named,
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    let Some(turn) = server.under_way.begin(&named.name) else {
        return Problem::conflict(
            "a request with this Idempotency-Key is being done; ask again for its answer",
        )
        .retry(1)
        .into_response();
    };
    // Whoever hangs up gets the answer when they ask again: the work goes on without them.
    let done = tokio::spawn(async move {
        let answer = attempt(&server, &named, request, next).await;
        drop(turn);
        answer.unwrap_or_else(IntoResponse::into_response)
    });
    done.await
        .unwrap_or_else(|_| Problem::failed("this node could not finish that").into_response())
}

/// What an answer is kept under: nobody meets another caller's.
struct Named {
    /// Of the caller.
    caller: String,
    /// Of the caller and the key.
    name: String,
}

fn named(request: &Request) -> Result<Option<Named>, Problem> {
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
    let account = caller.account.as_deref().unwrap_or(&caller.name);
    let hashed = |parts: &[&str]| {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hex(&hash.finalize().into())
    };
    Ok(Some(Named {
        caller: hashed(&[who, account]),
        name: hashed(&[who, account, key]),
    }))
}

async fn attempt(
    server: &Arc<Server>,
    named: &Named,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = named.name.clone();
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
    keep(server, named, &heard, response).await
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
    named: &Named,
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
                put(server, named, &kept, &gathered).await?;
                return Ok(Response::from_parts(parts, Body::from(gathered)));
            }
        }
    }
    let body = stream::once(async { Ok(Bytes::from(gathered)) }).chain(stream);
    Ok(Response::from_parts(parts, Body::from_stream(body)))
}

async fn put(server: &Arc<Server>, named: &Named, kept: &Kept, body: &[u8]) -> Result<(), Problem> {
    let mut value = serde_json::to_vec(kept).unwrap_or_default();
    value.push(b'\n');
    value.extend_from_slice(body);
    let (caller, name) = (named.caller.clone(), named.name.clone());
    blocking(server, move |server| {
        let at = server.at().micros();
        let day = i64::try_from(KEPT_ANSWER_FOR.as_micros()).unwrap_or(i64::MAX);
        let store = server.node.store();
        let put = |kind, key: &str, value: Option<&[u8]>| {
            let document = NewDocument {
                kind,
                key,
                value,
                expires_at: Some(at.saturating_add(day)),
                expected: Expected::Any,
            };
            store.put_document(&document, at)
        };
        let _turn = server
            .under_way
            .keeping
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let list = store.document(LISTS, &caller, at)?;
        let mut list = List::read(list.as_ref().map_or(&[], |list| &list.value));
        let gone = list.add(name.clone(), value.len() as u64);
        // The list first: what is on it and not there does no harm.
        put(LISTS, &caller, Some(list.text().as_bytes()))?;
        for name in gone {
            put(KIND, &name, None)?;
        }
        put(KIND, &name, Some(&value))?;
        Ok(())
    })
    .await
}

/// What is kept for one caller: names and bytes, the oldest first.
#[derive(Debug, PartialEq, Eq)]
struct List(VecDeque<(String, u64)>);

impl List {
    fn read(text: &[u8]) -> List {
        let text = std::str::from_utf8(text).unwrap_or_default();
        let line = |line: &str| {
            let (name, bytes) = line.split_once(' ')?;
            Some((name.to_owned(), bytes.parse().ok()?))
        };
        List(text.lines().filter_map(line).collect())
    }

    fn text(&self) -> String {
        let lines = self.0.iter();
        lines.map(|(name, bytes)| format!("{name} {bytes}\n")).collect()
    }

    /// Adds an answer, and gives the names of those that have to go for it.
    fn add(&mut self, name: String, bytes: u64) -> Vec<String> {
        self.0.retain(|(known, _)| *known != name);
        self.0.push_back((name, bytes));
        let mut gone = Vec::new();
        let mut sum: u64 = self.0.iter().map(|(_, bytes)| bytes).sum();
        while self.0.len() > KEPT_ANSWERS_MAX || sum > KEPT_ANSWERS_BYTES_MAX {
            let Some((name, bytes)) = self.0.pop_front() else {
                break;
            };
            sum = sum.saturating_sub(bytes);
            gone.push(name);
        }
        gone
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_caller_so_many_are_kept_and_the_oldest_go_first() {
        let mut list = List::read(b"");
        for number in 0..KEPT_ANSWERS_MAX {
            assert_eq!(list.add(number.to_string(), 10), Vec::<String>::new());
        }
        assert_eq!(
            list.add("0".to_owned(), 10),
            Vec::<String>::new(),
            "it is the newest now"
        );
        assert_eq!(list.add("new".to_owned(), 10), ["1"]);
        assert_eq!(List::read(list.text().as_bytes()), list);
        let gone = list.add("big".to_owned(), KEPT_ANSWERS_BYTES_MAX - 25);
        assert_eq!(
            gone.len(),
            KEPT_ANSWERS_MAX - 2,
            "two small ones have room beside it"
        );
    }

    #[test]
    fn routes_that_change_nothing_take_no_key() {
        for (method, path, takes) in [
            ("POST", "/api/v1/import", true),
            ("DELETE", "/api/v1/feeds/{name}", true),
            ("GET", "/api/v1/accounts", false),
            ("POST", "/api/v1/accounts", false),
            ("POST", "/api/v1/look", false),
            ("POST", "/api/v1/stix/validation", false),
            ("POST", "/api/v1/proof/verification", false),
            ("POST", "/api/v1/session", false),
        ] {
            assert_eq!(takes_key(method, path), takes, "{method} {path}");
        }
    }
}
