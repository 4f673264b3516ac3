//! The routes put together, and what every request passes through on its way to one.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, Uri, Version, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use super::limits::HEAD_BYTES_MAX;
use super::problem::Problem;
use super::server::Server;
use super::{api, caller, first, health, metrics, peer, routes, taxii};

/// Everything that is served.
pub(crate) fn router(server: &Arc<Server>) -> Router {
    let router = Router::new()
        .merge(health::router())
        .merge(first::router())
        .merge(metrics::router())
        .merge(api::router(server))
        .merge(peer::router())
        .merge(taxii::router())
        .route_layer(middleware::from_fn_with_state(server.clone(), admit))
        .fallback(nowhere)
        .method_not_allowed_fallback(no_such_method);
    router
        .layer(middleware::from_fn_with_state(server.clone(), around))
        .with_state(server.clone())
}

/// Finds out who asks, and lets them through where the table says that they may.
async fn admit(
    State(server): State<Arc<Server>>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let action = routes::action(&parts.method, path.as_str()).ok_or_else(|| no_route(&parts.uri))?;
    let caller = caller::of(&server, &parts).await?;
    if !caller.may(action) {
        return Err(caller::refusal(&server, &parts, &caller));
    }
    parts.extensions.insert(caller);
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// Refuses a head that is too long, to the byte: what reads it ends only where a buffer does.
fn require_head(request: &Request) -> Result<(), Problem> {
    let headers = request.headers().iter();
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    match headers + target > HEAD_BYTES_MAX {
        true => Err(Problem::head(format!(
            "the head of a request has at most {HEAD_BYTES_MAX} bytes; send fewer or shorter headers"
        ))),
        false => Ok(()),
    }
}

/// Refuses a request that does not say, or says twice, which host it is for (RFC 9112 §3.2, RFC 9113 §8.3.1): whoever
/// stands between may have understood the other one. A host in the target itself counts before the header.
fn require_one_host(request: &Request) -> Result<(), Problem> {
    let refuse = |why: &str| Err(Problem::bad_request(why));
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return refuse("there is more than one Host; send one");
    }
    let target = request.uri().authority();
    let Some(host) = host else {
        return match request.version() == Version::HTTP_11 {
            true => refuse("there is no Host; HTTP/1.1 sends one"),
            false => Ok(()),
        };
    };
    let named = host.to_str().ok().filter(|host| !host.contains('@'));
    let named = named.and_then(|host| match host {
        "" => Some(None),
        host => host.parse::<Authority>().ok().map(Some),
    });
    match (named, target) {
        (None, _) => refuse("the Host is not the name of one, with or without a port"),
        (Some(named), Some(target)) if request.version() == Version::HTTP_2 => {
            match named.is_none_or(|named| named == *target) {
                true => Ok(()),
                false => refuse("the Host is another one than in `:authority`"),
            }
        }
        _ => Ok(()),
    }
}

/// What is the same for every answer: it is known from where it is asked, it is counted, and it says how browsers are to treat it.
async fn around(State(server): State<Arc<Server>>, mut request: Request, next: Next) -> Response {
    caller::name_origin(&server.proxies, &mut request);
    let counted = server
        .metrics
        .begin(request.method(), request.extensions().get::<MatchedPath>());
    let instance = request.uri().path().to_owned();
    let mut response = match require_head(&request).and_then(|()| require_one_host(&request)) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    counted.end(response.status());
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let allowed = response.headers_mut().remove(header::ALLOW);
        response = match taxii::is_below(&instance) {
            true => taxii::refusal(&problem),
            false => problem.about(instance),
        };
        if let Some(allowed) = allowed {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
    }
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
    response
}

const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

async fn nowhere(request: Request) -> Response {
    no_route(request.uri()).into_response()
}

fn no_route(uri: &Uri) -> Problem {
    let path = crate::render::safe(&crate::render::short(uri.path(), 200));
    Problem::not_found(format!(
        "there is nothing at `{path}`; `/api/v1/openapi.json` describes what there is, TAXII begins at `/taxii2/`"
    ))
}

async fn no_such_method(request: Request) -> Response {
    Problem::method(format!("this route does not know {}", request.method())).into_response()
}
