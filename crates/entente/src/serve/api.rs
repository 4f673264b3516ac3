//! REST under `/api/v1`: what the command line can do.

use std::sync::Arc;

use axum::Router;

use super::routes::Route;
use super::server::Server;

pub(crate) const ROUTES: &[Route] = &[];

pub(crate) fn router() -> Router<Arc<Server>> {
    Router::new()
}
