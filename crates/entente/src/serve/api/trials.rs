//! Trials of the rules that the node holds, and the operator's word on them.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Items;
use super::input::{Json, Path, Query};
use crate::answers::trials::{RuleState, TrialShown};
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// Which rules to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TrialsQuery {
    /// Only those that stand so.
    state: Option<RuleState>,
    /// `next` of the page before, or the id of a rule.
    #[param(min_length = 1, max_length = 500)]
    after: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
}

/// The rules that the node holds and looks for: which are on trial, which alert, which are parked and why
#[utoipa::path(get, path = "/api/v1/rules/trials", tag = "detections", params(TrialsQuery),
    responses((status = 200, body = Items<TrialShown>)))]
pub(super) async fn list(
    State(server): State<Arc<Server>>,
    Query(query): Query<TrialsQuery>,
) -> Result<Json<Items<TrialShown>>, Problem> {
    let done = blocking(&server, move |server| {
        let tried = server.node.rules_tried(server.at())?;
        let shown = tried.iter().map(TrialShown::of);
        let mut wanted = shown.filter(|one| {
            let is_after = query.after.as_ref().is_none_or(|after| one.id > *after);
            let stands_so = query.state.is_none_or(|state| one.standing.state == state);
            is_after && stands_so
        });
        let limit = usize::from(query.limit.unwrap_or(100));
        let items: Vec<TrialShown> = wanted.by_ref().take(limit).collect();
        let has_more = wanted.next().is_some();
        let last = items.last().filter(|_| has_more);
        Ok(Items {
            next: last.map(|last| last.id.clone()),
            items,
        })
    });
    done.await.map(Json)
}

/// Let a rule alert from now on, whatever its trial said
///
/// Another pattern under the same id is on trial again.
#[utoipa::path(post, path = "/api/v1/rules/{id}/accept", tag = "detections",
    params(("id" = String, Path, description = "The id of an indicator that carries a rule")),
    responses((status = 200, body = TrialShown)))]
pub(super) async fn accept(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
) -> Result<Json<TrialShown>, Problem> {
    let done = blocking(&server, move |server| {
        let told = server.node.accept_rules(std::slice::from_ref(&id), server.at())?;
        Ok(told.iter().map(TrialShown::of).next())
    });
    only(done.await?)
}

/// Why a rule is stopped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"because": "our backup matches it every night"}))]
pub(super) struct ParkOrder {
    /// For whoever asks later.
    #[schema(min_length = 1, max_length = 1_000)]
    because: String,
}

/// Stop a rule that alerts too much: what it matches is then only counted
///
/// Another pattern under the same id is on trial again.
#[utoipa::path(post, path = "/api/v1/rules/{id}/park", tag = "detections",
    params(("id" = String, Path, description = "The id of an indicator that carries a rule")),
    responses((status = 200, body = TrialShown)))]
pub(super) async fn park(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    Json(order): Json<ParkOrder>,
) -> Result<Json<TrialShown>, Problem> {
    let because = order.because.trim().to_owned();
    if because.is_empty() {
        return Err(Problem::unprocessable("the reason is empty").at(
            "/because",
            "whoever wonders later why the rule is silent will read it; say it in a sentence",
        ));
    }
    let done = blocking(&server, move |server| {
        let told = server
            .node
            .park_rules(std::slice::from_ref(&id), &because, server.at())?;
        Ok(told.iter().map(TrialShown::of).next())
    });
    only(done.await?)
}

fn only(told: Option<TrialShown>) -> Result<Json<TrialShown>, Problem> {
    told.map(Json)
        .ok_or_else(|| Problem::not_found("there is no such rule"))
}
