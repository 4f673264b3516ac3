//! What leaves under agreements, and what is taken back.

use std::sync::Arc;

use axum::extract::State;
use entente_node::release::Selection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Items;
use super::input::Json;
use crate::answers::agreement::known;
use crate::answers::release::{
    RecalledShown, ReleaseEnd, ReleaseSums, RuledShown, recall, require_agreement, require_sources,
    would_recall,
};
use crate::exit::Exit;
use crate::serve::limits::ITEMS_MAX;
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// What to release: one of `ids`, `sources` and `all`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ids": ["indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"], "dry_run": true}))]
pub(super) struct ReleaseOrder {
    /// Ids of objects; decided even if they were decided before.
    #[schema(min_items = 1, max_items = 10_000)]
    ids: Option<Vec<String>>,
    /// What these sources told since they were last released.
    #[schema(min_items = 1, max_items = 1_000)]
    sources: Option<Vec<String>>,
    /// Everything that this node says or imported, since the last time.
    #[serde(default)]
    all: bool,
    /// Only under this agreement; under every one in force where it is not given.
    #[schema(min_length = 1, max_length = 64)]
    agreement: Option<String>,
    /// Say what would go, in which form, by which clause, or why not; and release nothing.
    #[serde(default)]
    dry_run: bool,
}

impl ReleaseOrder {
    fn selection(&self) -> Result<Selection, Problem> {
        match (&self.ids, &self.sources, self.all) {
            (Some(ids), None, false) => Ok(Selection::Ids(ids.clone())),
            (None, Some(sources), false) => Ok(Selection::Sources(sources.clone())),
            (None, None, true) => Ok(Selection::All),
            (ids, sources, all) => {
                let mut problem = Problem::unprocessable("it is not clear what to release");
                let given = [
                    ("/ids", ids.is_some()),
                    ("/sources", sources.is_some()),
                    ("/all", all),
                ];
                for (pointer, _) in given.iter().filter(|(_, given)| *given) {
                    problem = problem.at(*pointer, "only one of `ids`, `sources` and `all` may be given");
                }
                if problem.faults.is_empty() {
                    problem = problem.at("", "one of `ids`, `sources` and `all` is expected here");
                }
                Err(problem)
            }
        }
    }
}

/// What was decided.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReleaseDone {
    /// The decisions, object by object and audience by audience; at most a thousand.
    items: Vec<RuledShown>,
    /// How many more were decided than are listed.
    more: u64,
    /// The sums over all.
    release: ReleaseSums,
}

/// Let objects go to those whom an agreement allows them; what leaves is a line in a log
///
/// That an object is withheld is an answer, with its reason, and no fault.
#[utoipa::path(post, path = "/api/v1/releases", tag = "releases", responses((status = 200, body = ReleaseDone)))]
pub(super) async fn release(
    State(server): State<Arc<Server>>,
    Json(order): Json<ReleaseOrder>,
) -> Result<Json<ReleaseDone>, Problem> {
    let selection = order.selection()?;
    let done = blocking(&server, move |server| {
        let desk = server.desk()?;
        if let Some(id) = &order.agreement {
            known(&server.node, id, desk.at).map_err(|failure| match failure.exit {
                Exit::NotFound => {
                    Problem::unprocessable("there is no such agreement").at("/agreement", failure.message)
                }
                _ => failure.into(),
            })?;
        }
        require_agreement(&server.node, desk.at)?;
        if let Selection::Sources(sources) = &selection {
            require_sources(&server.node, sources).map_err(|failure| match failure.exit {
                Exit::NotFound => {
                    Problem::unprocessable("there is no such source").at("/sources", failure.message)
                }
                _ => failure.into(),
            })?;
        }
        let mut items = Vec::new();
        let mut more = 0;
        let agreement = order.agreement.as_deref();
        let account = server
            .node
            .release(&selection, agreement, order.dry_run, &desk, &mut |ruled| {
                if items.len() < ITEMS_MAX {
                    items.push(RuledShown::from(&ruled));
                } else {
                    more += 1;
                }
            })?;
        let ReleaseEnd { release } = ReleaseEnd::of(&account, order.dry_run);
        Ok(ReleaseDone { items, more, release })
    });
    done.await.map(Json)
}

/// What to take back, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ids": ["indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"], "reason": "a false positive", "dry_run": true}))]
pub(super) struct RecallOrder {
    /// Ids of released objects.
    #[schema(min_items = 1, max_items = 10_000)]
    ids: Vec<String>,
    /// Why, in words that every recipient will read.
    #[schema(min_length = 1, max_length = 1_000)]
    reason: String,
    /// Say which logs would say so, and recall nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Take releases back: every recipient hears of it, and drops them
#[utoipa::path(post, path = "/api/v1/recalls", tag = "releases", responses((status = 200, body = Items<RecalledShown>)))]
pub(super) async fn take_back(
    State(server): State<Arc<Server>>,
    Json(order): Json<RecallOrder>,
) -> Result<Json<Items<RecalledShown>>, Problem> {
    if order.reason.trim().is_empty() {
        return Err(Problem::unprocessable("the reason is empty").at(
            "/reason",
            "recipients will read why they must drop the object; say it in a sentence",
        ));
    }
    let done = blocking(&server, move |server| {
        let told = match order.dry_run {
            true => would_recall(&server.node, &order.ids)?,
            false => recall(&server.node, &order.ids, &order.reason, &server.desk()?)?,
        };
        Ok(Items::all(told))
    });
    done.await.map(Json)
}
