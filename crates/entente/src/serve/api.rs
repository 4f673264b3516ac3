//! REST under `/api/v1`: what the command line can do, with the same answers.
//!
//! A file a subject. What each route takes and gives stands at its handler, and becomes the OpenAPI document
//! ([`document`]); what it needs of a caller stands in [`ROUTES`]. Bodies and parameters are read by [`input`].

mod accounts;
mod agreements;
mod bundles;
mod detections;
mod document;
mod export;
mod feeds;
mod import;
pub(crate) mod input;
mod lines;
mod logs;
mod me;
mod node;
mod objects;
pub(crate) mod once;
mod parties;
mod patterns;
mod peers;
mod problems;
mod questions;
mod releases;
mod rules;
mod schema;
pub(crate) mod session;
mod stix;
mod takeover;
#[cfg(test)]
mod tests;
mod trials;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::{Router, middleware};
use entente_access::Action;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller;
use super::limits::CALLER_LONG_MAX;
use super::problem::Problem;
use super::routes::Route;
use super::server::Server;
use super::shares::{Full, Share};
use super::work::blocking;

/// What each route needs.
pub(crate) const ROUTES: &[Route] = &[
    Route::new("GET", "/api/v1/openapi.json", Action::Know),
    Route::new("GET", "/api/v1/limits", Action::Know),
    Route::new("POST", "/api/v1/check", Action::Administer),
    Route::new("GET", "/api/v1/look", Action::Read),
    Route::new("POST", "/api/v1/look", Action::Read),
    Route::new("GET", "/api/v1/find", Action::Read),
    Route::new("GET", "/api/v1/objects", Action::Read),
    Route::new("GET", "/api/v1/objects/{id}", Action::Read),
    Route::new("GET", "/api/v1/objects/{id}/raw", Action::Read),
    Route::new("GET", "/api/v1/objects/{id}/traces", Action::Read),
    Route::new("GET", "/api/v1/objects/{id}/versions", Action::Read),
    Route::new("GET", "/api/v1/sources", Action::Read),
    Route::new("POST", "/api/v1/import", Action::Import),
    Route::new("GET", "/api/v1/export/stix", Action::Read),
    Route::new("GET", "/api/v1/export/csv", Action::Read),
    Route::new("POST", "/api/v1/scan", Action::Import),
    Route::new("GET", "/api/v1/detections", Action::Read),
    Route::new("GET", "/api/v1/detections/events", Action::Read),
    Route::new("GET", "/api/v1/rules/trials", Action::Read),
    Route::new("POST", "/api/v1/rules/{id}/accept", Action::Import),
    Route::new("POST", "/api/v1/rules/{id}/park", Action::Import),
    Route::new("GET", "/api/v1/parties", Action::Read),
    Route::new("POST", "/api/v1/parties", Action::Administer),
    Route::new("GET", "/api/v1/parties/{party}", Action::Read),
    Route::new("GET", "/api/v1/parties/{party}/card", Action::Read),
    Route::new("POST", "/api/v1/keys/revocation", Action::Administer),
    Route::new("GET", "/api/v1/agreements", Action::Read),
    Route::new("POST", "/api/v1/agreements", Action::Administer),
    Route::new("GET", "/api/v1/agreements/{id}", Action::Read),
    Route::new("GET", "/api/v1/agreements/{id}/text", Action::Read),
    Route::new("PUT", "/api/v1/agreements/{id}/draft", Action::Administer),
    Route::new("POST", "/api/v1/agreements/{id}/signature", Action::Administer),
    Route::new("POST", "/api/v1/agreements/{id}/suspension", Action::Administer),
    Route::new("POST", "/api/v1/agreements/{id}/resumption", Action::Administer),
    Route::new("POST", "/api/v1/agreements/{id}/leaving", Action::Administer),
    Route::new("GET", "/api/v1/agreement-template", Action::Read),
    Route::new("GET", "/api/v1/explain", Action::Read),
    Route::new("GET", "/api/v1/feeds", Action::Read),
    Route::new("GET", "/api/v1/feeds/{name}", Action::Read),
    Route::new("PUT", "/api/v1/feeds/{name}", Action::Administer),
    Route::new("PATCH", "/api/v1/feeds/{name}", Action::Administer),
    Route::new("DELETE", "/api/v1/feeds/{name}", Action::Administer),
    Route::new("POST", "/api/v1/releases", Action::Release),
    Route::new("POST", "/api/v1/recalls", Action::Release),
    Route::new("POST", "/api/v1/bundles", Action::Release),
    Route::new("POST", "/api/v1/bundles/read", Action::Import),
    Route::new("GET", "/api/v1/logs", Action::Read),
    Route::new("POST", "/api/v1/logs/guard", Action::Administer),
    Route::new("GET", "/api/v1/logs/{log}", Action::Read),
    Route::new("GET", "/api/v1/logs/{log}/entries", Action::Read),
    Route::new("GET", "/api/v1/logs/{log}/verification", Action::Read),
    Route::new("GET", "/api/v1/logs/{log}/archive", Action::Read),
    Route::new("GET", "/api/v1/proof", Action::Read),
    Route::new("POST", "/api/v1/proof/verification", Action::Read),
    Route::new("GET", "/api/v1/stix/rules", Action::Know),
    Route::new("POST", "/api/v1/stix/validation", Action::Read),
    Route::new("POST", "/api/v1/stix/ids", Action::Read),
    Route::new("POST", "/api/v1/patterns/check", Action::Read),
    Route::new("POST", "/api/v1/patterns/equal", Action::Read),
    Route::new("POST", "/api/v1/patterns/match", Action::Read),
    Route::new("POST", "/api/v1/rules/check", Action::Read),
    Route::new("POST", "/api/v1/rules/eval", Action::Read),
    Route::new("GET", "/api/v1/peers", Action::Read),
    Route::new("POST", "/api/v1/peers", Action::Administer),
    Route::new("GET", "/api/v1/peers/{party}", Action::Read),
    Route::new("PATCH", "/api/v1/peers/{party}", Action::Administer),
    Route::new("DELETE", "/api/v1/peers/{party}", Action::Administer),
    Route::new("POST", "/api/v1/peers/{party}/sync", Action::Administer),
    Route::new("POST", "/api/v1/taxii/takeover", Action::Administer),
    Route::new("GET", "/problems/", Action::Know),
    Route::new("GET", "/problems/{code}", Action::Know),
    Route::new("POST", "/api/v1/session", Action::SignIn),
    Route::new("DELETE", "/api/v1/session", Action::SignIn),
    Route::new("POST", "/api/v1/session/code", Action::SignIn),
    Route::new("GET", "/api/v1/me", Action::Me),
    Route::new("PUT", "/api/v1/me/password", Action::Account),
    Route::new("POST", "/api/v1/me/second-factor", Action::Account),
    Route::new("PUT", "/api/v1/me/second-factor", Action::Account),
    Route::new("POST", "/api/v1/me/second-factor/removal", Action::Account),
    Route::new("GET", "/api/v1/me/tokens", Action::Account),
    Route::new("POST", "/api/v1/me/tokens", Action::Account),
    Route::new("DELETE", "/api/v1/me/tokens/{token}", Action::Account),
    Route::new("GET", "/api/v1/accounts", Action::Administer),
    Route::new("POST", "/api/v1/accounts", Action::Administer),
    Route::new("GET", "/api/v1/accounts/{name}", Action::Administer),
    Route::new("PATCH", "/api/v1/accounts/{name}", Action::Administer),
    Route::new("PUT", "/api/v1/accounts/{name}/password", Action::Administer),
    Route::new(
        "DELETE",
        "/api/v1/accounts/{name}/second-factor",
        Action::Administer,
    ),
    Route::new("GET", "/api/v1/accounts/{name}/tokens", Action::Administer),
    Route::new("POST", "/api/v1/accounts/{name}/tokens", Action::Administer),
    Route::new("DELETE", "/api/v1/accounts/{name}/tokens", Action::Administer),
    Route::new(
        "DELETE",
        "/api/v1/accounts/{name}/tokens/{token}",
        Action::Administer,
    ),
];

/// The routes with their handlers.
pub(crate) fn router(server: &Arc<Server>) -> Router<Arc<Server>> {
    let (router, document) = documented().split_for_parts();
    router
        .route(document::PATH, document::serve(document))
        .route_layer(middleware::from_fn_with_state(server.clone(), once::once))
}

fn documented() -> OpenApiRouter<Arc<Server>> {
    OpenApiRouter::new()
        .routes(routes!(node::limits))
        .routes(routes!(node::check))
        .routes(routes!(objects::look, objects::look_many))
        .routes(routes!(objects::find))
        .routes(routes!(objects::list))
        .routes(routes!(objects::show))
        .routes(routes!(objects::raw))
        .routes(routes!(objects::traces))
        .routes(routes!(objects::versions))
        .routes(routes!(objects::sources))
        .routes(routes!(import::import))
        .routes(routes!(export::as_stix))
        .routes(routes!(export::as_csv))
        .routes(routes!(detections::scan))
        .routes(routes!(detections::list))
        .routes(routes!(detections::events))
        .routes(routes!(trials::list))
        .routes(routes!(trials::accept))
        .routes(routes!(trials::park))
        .routes(routes!(parties::list, parties::meet))
        .routes(routes!(parties::show))
        .routes(routes!(parties::card))
        .routes(routes!(parties::revocation))
        .routes(routes!(agreements::list, agreements::add))
        .routes(routes!(agreements::show))
        .routes(routes!(agreements::text))
        .routes(routes!(agreements::replace))
        .routes(routes!(agreements::sign))
        .routes(routes!(agreements::suspend))
        .routes(routes!(agreements::resume))
        .routes(routes!(agreements::leave))
        .routes(routes!(agreements::begin))
        .routes(routes!(agreements::explain))
        .routes(routes!(feeds::list))
        .routes(routes!(feeds::show, feeds::put, feeds::update, feeds::remove))
        .routes(routes!(releases::release))
        .routes(routes!(releases::take_back))
        .routes(routes!(bundles::write))
        .routes(routes!(bundles::read))
        .routes(routes!(logs::list))
        .routes(routes!(logs::guard))
        .routes(routes!(logs::show))
        .routes(routes!(logs::entries))
        .routes(routes!(logs::verify))
        .routes(routes!(logs::archive))
        .routes(routes!(logs::prove))
        .routes(routes!(logs::verify_proof))
        .routes(routes!(stix::list_rules))
        .routes(routes!(stix::validate))
        .routes(routes!(stix::ids))
        .routes(routes!(patterns::check))
        .routes(routes!(patterns::equal))
        .routes(routes!(patterns::match_observed))
        .routes(routes!(rules::check))
        .routes(routes!(rules::eval))
        .routes(routes!(peers::list, peers::meet))
        .routes(routes!(peers::show, peers::update, peers::remove))
        .routes(routes!(peers::sync))
        .routes(routes!(takeover::take_over))
        .routes(routes!(problems::list))
        .routes(routes!(problems::explain))
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(session::code))
        .routes(routes!(me::me))
        .routes(routes!(me::password))
        .routes(routes!(me::enrol, me::confirm))
        .routes(routes!(me::remove_second))
        .routes(routes!(me::tokens, me::add_token))
        .routes(routes!(me::revoke))
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::show, accounts::update))
        .routes(routes!(accounts::password))
        .routes(routes!(accounts::remove_second))
        .routes(routes!(
            accounts::tokens,
            accounts::add_token,
            accounts::revoke_all
        ))
        .routes(routes!(accounts::revoke))
}

/// A list, or a page of one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Items<T> {
    /// What is listed.
    pub(crate) items: Vec<T>,
    /// Where the next page begins: give it as `after`. Absent where there is no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl<T> Items<T> {
    /// All that there is.
    pub(crate) fn all(items: impl IntoIterator<Item = T>) -> Items<T> {
        Items {
            items: items.into_iter().collect(),
            next: None,
        }
    }
}

/// Whether what the path names is what the body names: a request that contradicts itself changes nothing.
pub(crate) fn require_same(path: &str, body: &str, pointer: &str) -> Result<(), Problem> {
    if path == body {
        return Ok(());
    }
    let path = crate::render::short(path, 120);
    Err(
        Problem::unprocessable("the path names one thing, the body another")
            .at(pointer, format!("`{path}` is expected here, as in the path")),
    )
}

/// One of the few places for work that takes as long as the other side.
pub(crate) struct Place {
    _share: Share<String>,
}

impl FromRequestParts<Arc<Server>> for Place {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Place, Problem> {
        let share = server.long.take(caller::counted_as(parts), 1);
        share.map(|share| Place { _share: share }).map_err(|full| match full {
            Full::All => Problem::busy(
                "as many uploads and downloads as this node does at a time are under way; ask again",
            )
            .retry(5),
            Full::One => Problem::too_many(format!(
                "{CALLER_LONG_MAX} uploads and downloads of yours are under way; ask again after one of them, or in 5 s"
            ))
            .retry(5),
        })
    }
}

/// Does such work on a blocking thread.
async fn long<T: Send + 'static>(
    server: &Arc<Server>,
    place: Place,
    work: impl FnOnce(&Server) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = blocking(server, work).await;
    drop(place);
    done
}
