//! `/health`: whether the node answers. Tells nothing that a stranger may not know.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use entente_access::Action;
use serde::Serialize;

use super::problem::Problem;
use super::routes::Route;
use super::server::Server;
use super::work::blocking;

pub(crate) const ROUTES: &[Route] = &[Route::new("GET", "/health", Action::Know)];

pub(crate) fn router() -> Router<Arc<Server>> {
    Router::new().route("/health", get(health))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

async fn health(State(server): State<Arc<Server>>) -> Result<Json<Health>, Problem> {
    blocking(&server, |server| {
        server.node.store().change_number()?;
        Ok(Json(Health { status: "ok" }))
    })
    .await
}
