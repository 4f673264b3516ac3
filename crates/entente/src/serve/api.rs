//! REST under `/api/v1`: what the command line can do, with the same answers.
//!
//! A file a subject. What each route takes and gives stands at its handler, and becomes the OpenAPI document
//! ([`document`]); what it needs of a caller stands in [`ROUTES`]. Bodies and parameters are read by [`input`].

mod document;
pub(crate) mod input;
mod lines;
mod node;
mod schema;

use std::sync::Arc;

use axum::Router;
use entente_access::Action;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::routes::Route;
use super::server::Server;

/// What each route needs.
pub(crate) const ROUTES: &[Route] = &[
    Route::new("GET", "/api/v1/openapi.json", Action::Know),
    Route::new("GET", "/api/v1/limits", Action::Know),
    Route::new("POST", "/api/v1/check", Action::Administer),
];

/// The routes with their handlers.
pub(crate) fn router() -> Router<Arc<Server>> {
    let (router, document) = documented().split_for_parts();
    router.route(document::PATH, document::serve(document))
}

fn documented() -> OpenApiRouter<Arc<Server>> {
    OpenApiRouter::new()
        .routes(routes!(node::limits))
        .routes(routes!(node::check))
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
