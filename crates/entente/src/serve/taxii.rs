//! TAXII 2.1 under `/taxii2/`: who asks becomes a visitor of the node's shelf, and what goes wrong on the way is told
//! as TAXII tells it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use entente_access::{Action, Caller, Who};
use entente_exchange::limits::POST_BYTES_MAX;
use entente_exchange::taxii::{self, MEDIA_TYPE, Pages, refused_before_body, respond};
use entente_node::shelf::{Shelf, Visitor};
use serde_json::json;

use super::body::{self, Bounds};
use super::caller::{self, Connection};
use super::peer;
use super::problem::Problem;
use super::routes::Route;
use super::server::Server;
use super::shares::{Full, Share};
use super::work::blocking;

pub(crate) const ROUTES: &[Route] = &[
    Route::new("GET", "/taxii2/", Action::TaxiiRead),
    Route::new("GET", "/taxii2/{*path}", Action::TaxiiRead),
    Route::new("POST", "/taxii2/{*path}", Action::TaxiiWrite),
    Route::new("DELETE", "/taxii2/{*path}", Action::TaxiiWrite),
];

pub(crate) fn router() -> Router<Arc<Server>> {
    Router::new()
        .route("/taxii2/", get(answer))
        .route("/taxii2/{*path}", get(answer).post(answer).delete(answer))
}

/// Whether a path is TAXII's.
pub(super) fn is_below(path: &str) -> bool {
    path.strip_prefix("/taxii2")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The longer body is refused by TAXII's own words.
const BODY: Bounds = Bounds {
    bytes_max: POST_BYTES_MAX + 1,
    decoded_max: POST_BYTES_MAX + 1,
};

async fn answer(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    let answered = asked(&server, caller, request).await;
    answered.unwrap_or_else(|problem| refusal(&problem))
}

async fn asked(server: &Arc<Server>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let visitors = match caller.who {
        Who::Anyone => &server.door.strangers,
        _ => &server.door.visitors,
    };
    let one = caller::counted_as(&parts);
    let mut waiting = visitors.answers.take(one.clone(), 0).map_err(too_much_waits)?;
    let mut turn = visitors.budgets.turn(&one).await?;
    let asking = Arc::new(Asking { caller, parts });
    let contributor = asking
        .caller
        .who
        .party()
        .filter(|_| asking.parts.method == Method::POST);
    let body = match asking.parts.method.as_str() {
        "POST" => {
            let early = asking.clone();
            let refused = blocking(server, move |server| {
                Ok(early.of(server, &[], refused_before_body))
            });
            let (refused, worked) = refused.await?;
            turn.worked(worked);
            if let Some(refused) = refused {
                return Ok(sent(refused, waiting));
            }
            if let Some(party) = contributor {
                visitors.budgets.require_contribution_left(party)?;
            }
            body::whole(server, &asking.parts, body, BODY).await?
        }
        _ => Bytes::new(),
    };
    let posted = body.len();
    let answering = asking.clone();
    let answered = blocking(server, move |server| Ok(answering.of(server, &body, respond)));
    let (response, worked) = answered.await?;
    turn.worked(worked);
    turn.bytes(posted + response.body.len());
    if let Some(party) = contributor.filter(|_| response.status == 202) {
        visitors.budgets.contributed(party, posted);
    }
    let grown = waiting.grow(response.body.len() as u64);
    // What was done is told in any case: its answer is small.
    if caller::is_safe(&asking.parts.method) {
        grown.map_err(too_much_waits)?;
    }
    Ok(sent(response, waiting))
}

fn too_much_waits(full: Full) -> Problem {
    match full {
        Full::All => {
            Problem::busy("as many answers as this node holds wait for their readers; ask again after 5 s")
                .retry(5)
        }
        Full::One => Problem::too_many(
            "your answers wait for you to read them; read them first, or ask again after 5 s",
        )
        .retry(5),
    }
}

/// An answer's bytes, counted as its caller's until they are sent.
struct Waiting {
    body: Arc<[u8]>,
    _share: Share<String>,
}

impl AsRef<[u8]> for Waiting {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// A request on its way, and whose it is.
struct Asking {
    caller: Caller,
    parts: Parts,
}

impl Asking {
    /// Asks the visitor's shelf, and tells how long that took.
    fn of<R>(
        &self,
        server: &Server,
        body: &[u8],
        ask: impl FnOnce(&Shelf<'_>, &Pages, &taxii::Request<'_>) -> R,
    ) -> (R, Duration) {
        let began = peer::now();
        let parts = &self.parts;
        let text = |name| {
            let value = parts.headers.get(name);
            value.map(|value: &HeaderValue| value.to_str().unwrap_or("?"))
        };
        let at = server.at();
        let request = taxii::Request {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            accept: text(header::ACCEPT),
            content_type: text(header::CONTENT_TYPE),
            body,
            at,
            host: &host(parts),
        };
        let shelf = server.node.shelf(visitor(&self.caller), at);
        (ask(&shelf, &server.pages, &request), began.elapsed())
    }
}

fn visitor(caller: &Caller) -> Visitor<'_> {
    match &caller.who {
        Who::Anyone => Visitor::Anyone,
        Who::Own(_) => Visitor::Own {
            may_write: caller.may(Action::TaxiiWrite),
        },
        Who::Party(party) | Who::Peer(party) => Visitor::Party(party),
    }
}

/// How the caller called this server. Where it said nothing usable, addresses are told without it.
fn host(parts: &Parts) -> String {
    let is_tls = parts
        .extensions
        .get::<Connection>()
        .is_some_and(|connection| connection.is_tls);
    // A host in the target counts before the header (RFC 9112 §3.2.2).
    let named = parts.uri.authority().map(Authority::as_str);
    let named = named.or_else(|| parts.headers.get(header::HOST)?.to_str().ok());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    match named.filter(|host| !host.is_empty() && host.bytes().all(is_plain)) {
        Some(host) => format!("{}://{host}", if is_tls { "https" } else { "http" }),
        None => String::new(),
    }
}

fn sent(response: taxii::Response, share: Share<String>) -> Response {
    let body = Bytes::from_owner(Waiting {
        body: response.body,
        _share: share,
    });
    let mut sent = Response::new(Body::from(body));
    *sent.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            sent.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    sent
}

/// A problem as TAXII's error message (TAXII 2.1 §3.6.1), with the headers that it has anyway.
pub(super) fn refusal(problem: &Problem) -> Response {
    let message = json!({
        "title": problem.title,
        "description": problem.detail,
        "error_code": problem.code,
        "http_status": problem.status.as_u16().to_string(),
    });
    let mut response = problem.clone().into_response();
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    *response.body_mut() = Body::from(message.to_string());
    response
}
