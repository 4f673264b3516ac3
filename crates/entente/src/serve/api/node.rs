//! The node itself: its bounds, and whether everything is as history says.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::Json;
use super::{Items, Place, long};
use crate::answers::check::{CheckSums, Checked, DifferenceShown};
use crate::answers::limits::{Limit, all};
use crate::serve::problem::Problem;
use crate::serve::server::Server;

/// Every bound of the program, and what happens beyond it
#[utoipa::path(get, path = "/api/v1/limits", tag = "node", responses((status = 200, body = Items<Limit>)))]
pub(super) async fn limits() -> Json<Items<Limit>> {
    Json(Items::all(all()))
}

/// How to check.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckOrder {
    /// Repair what is derived from history where it differs.
    #[serde(default)]
    rebuild: bool,
}

/// What a check found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckDone {
    /// What is not as history says; at most a thousand, the sums count all.
    differences: Vec<DifferenceShown>,
    /// The sums.
    check: CheckSums,
}

/// Verify the store, and that everything derived from history is right
///
/// Writers wait while it repairs. Readers never wait.
#[utoipa::path(post, path = "/api/v1/check", tag = "node", responses((status = 200, body = CheckDone)))]
pub(super) async fn check(
    State(server): State<Arc<Server>>,
    place: Place,
    Json(order): Json<CheckOrder>,
) -> Result<Json<CheckDone>, Problem> {
    let done = long(&server, place, move |server| {
        let report = server.node.check(order.rebuild)?;
        let Checked { check } = Checked::from(&report);
        Ok(CheckDone {
            differences: report.differences.iter().map(DifferenceShown::from).collect(),
            check,
        })
    });
    done.await.map(Json)
}
