//! Logs as static files: `/tiles/<origin>/checkpoint`, `…/tile/<level>/<index>`, `…/tile/entries/<index>`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use entente_access::Caller;
use entente_node::view::{PublishedFile, Refused};
use entente_stix::digest::Digest;

use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

const FINAL: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
const PASSING: HeaderValue = HeaderValue::from_static("private, no-cache");

/// One file of a log, for who may read the log; for everyone else it is not there.
pub(super) async fn file(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(party) = caller.who.party().map(str::to_owned) else {
        return Err(nothing());
    };
    let mut turn = server.door.budgets.turn(&party).await?;
    let is_checkpoint = path.ends_with("/checkpoint");
    let file = blocking(&server, move |server| {
        let (origin, file) = split(&path).ok_or_else(nothing)?;
        let view = server.node.view(&party, server.at());
        view.file(origin, file).map_err(told)
    });
    let file = file.await?;
    turn.bytes(file.bytes.len());
    let media_type = match is_checkpoint {
        true => "text/plain; charset=utf-8",
        false => "application/octet-stream",
    };
    Ok(given(file, media_type, &headers))
}

/// A log's name has slashes; of its files, `tile/` stands once.
fn split(path: &str) -> Option<(&str, &str)> {
    if let Some((origin, _)) = path.rsplit_once("/tile/") {
        let file = path.get(origin.len() + 1..)?;
        return Some((origin, file));
    }
    path.rsplit_once('/')
}

fn nothing() -> Problem {
    Problem::not_found("there is no such file of a log for this caller")
}

fn told(refused: Refused) -> Problem {
    match refused {
        Refused::Failed(error) => (*error).into(),
        _ => nothing(),
    }
}

fn given(file: PublishedFile, media_type: &'static str, headers: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", Digest::of(&file.bytes));
    let is_known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == etag);
    let caching = if file.is_final { FINAL } else { PASSING };
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, media_type)], file.bytes).into_response(),
    };
    let told = response.headers_mut();
    told.insert(header::CACHE_CONTROL, caching);
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        told.insert(header::ETAG, etag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_name_of_a_log_ends_where_its_file_begins() {
        for (path, split_as) in [
            ("entente/a/b/c/checkpoint", Some(("entente/a/b/c", "checkpoint"))),
            (
                "entente/a/b/c/tile/0/x001/234.p/5",
                Some(("entente/a/b/c", "tile/0/x001/234.p/5")),
            ),
            (
                "entente/tile/b/c/tile/entries/000",
                Some(("entente/tile/b/c", "tile/entries/000")),
            ),
            (
                "entente/tile/b/checkpoint",
                Some(("entente", "tile/b/checkpoint")),
            ),
            ("checkpoint", None),
        ] {
            assert_eq!(split(path), split_as, "{path}");
        }
    }
}
