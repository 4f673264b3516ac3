//! What is known, given back to its operator.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use entente_node::export::Selection;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Place;
use super::input::Query;
use super::lines::{self, written};
use crate::answers::export::{csv, stix};
use crate::serve::problem::Problem;
use crate::serve::server::Server;

/// What to give.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StixQuery {
    /// Only objects of this type; may stand here more than once.
    #[serde(default)]
    #[param(max_items = 50)]
    r#type: Vec<String>,
    /// Every version that is held, not only the current one.
    versions: Option<bool>,
}

/// A STIX bundle: every object as the text it came in
#[utoipa::path(get, path = "/api/v1/export/stix", tag = "export", params(StixQuery),
    responses((status = 200, content((Object = "application/stix+json")))))]
pub(super) async fn as_stix(
    State(server): State<Arc<Server>>,
    place: Place,
    Query(query): Query<StixQuery>,
) -> Result<Response, Problem> {
    let selection = Selection {
        types: query.r#type,
        versions: query.versions.unwrap_or_default(),
    };
    written(&server, place, lines::STIX, move |server, out| {
        stix(&server.node, &selection, out)?;
        Ok(())
    })
    .await
}

/// What to give.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CsvQuery {
    /// Only objects of this type; may stand here more than once.
    #[serde(default)]
    #[param(max_items = 50)]
    r#type: Vec<String>,
}

/// Indicators and their values as CSV; without those that are revoked
#[utoipa::path(get, path = "/api/v1/export/csv", tag = "export", params(CsvQuery),
    responses((status = 200, content((String = "text/csv")))))]
pub(super) async fn as_csv(
    State(server): State<Arc<Server>>,
    place: Place,
    Query(query): Query<CsvQuery>,
) -> Result<Response, Problem> {
    let selection = Selection {
        types: query.r#type,
        versions: false,
    };
    written(&server, place, "text/csv; charset=utf-8", move |server, out| {
        csv(&server.node, &selection, out)?;
        Ok(())
    })
    .await
}
