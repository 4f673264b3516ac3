//! What is known: values, words, objects, sources.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use entente_store::Cursor;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::{Json, Path, Query};
use super::{Items, lines};
use crate::answers::find::{FoundObject, SourceShown};
use crate::answers::look::LookedUp;
use crate::answers::show::{GoneObject, ShownObject, VersionShown};
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// Values to look up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LookOrder {
    /// Addresses, domains, URLs, hashes, e-mail addresses, …; defanged forms are read.
    #[schema(min_items = 1, max_items = 10_000, example = json!(["hxxp://evil[.]example", "198.51.100.7"]))]
    values: Vec<String>,
}

/// Everything known about values
#[utoipa::path(post, path = "/api/v1/look", tag = "objects", responses((status = 200, body = Items<LookedUp>)))]
pub(super) async fn look_many(
    State(server): State<Arc<Server>>,
    Json(order): Json<LookOrder>,
) -> Result<Json<Items<LookedUp>>, Problem> {
    looked(&server, order.values).await
}

/// Values to look up.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LookQuery {
    /// A value; may stand here more than once.
    #[param(min_items = 1, max_items = 100)]
    value: Vec<String>,
}

/// Everything known about a value
#[utoipa::path(get, path = "/api/v1/look", tag = "objects", params(LookQuery), responses((status = 200, body = Items<LookedUp>)))]
pub(super) async fn look(
    State(server): State<Arc<Server>>,
    Query(query): Query<LookQuery>,
) -> Result<Json<Items<LookedUp>>, Problem> {
    looked(&server, query.value).await
}

async fn looked(server: &Arc<Server>, values: Vec<String>) -> Result<Json<Items<LookedUp>>, Problem> {
    let done = blocking(server, move |server| {
        let known = server.node.look(&values)?;
        Ok(Items::all(known.iter().map(LookedUp::from)))
    });
    done.await.map(Json)
}

/// A search.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FindQuery {
    /// Words that must all occur; "a phrase", prefix*, type:…, source:…, by:….
    #[param(min_length = 1, max_length = 2000, example = "type:indicator phish*")]
    query: String,
    /// At most so many answers.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<u16>,
}

/// What a search found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Found {
    /// The objects, best first.
    items: Vec<FoundObject>,
    /// Whether there are more; further words narrow the search.
    more: bool,
}

/// Search: words, phrases, prefixes, fields
#[utoipa::path(get, path = "/api/v1/find", tag = "objects", params(FindQuery), responses((status = 200, body = Found)))]
pub(super) async fn find(
    State(server): State<Arc<Server>>,
    Query(query): Query<FindQuery>,
) -> Result<Json<Found>, Problem> {
    if query.query.trim().is_empty() {
        return Err(
            Problem::bad_request("there is nothing to find in an empty query").at(
                "query",
                "words, prefix*, or fields such as type:indicator are expected here",
            ),
        );
    }
    let done = blocking(&server, move |server| {
        let limit = usize::from(query.limit.unwrap_or(50));
        let (hits, more) = server.node.find(&query.query, limit)?;
        Ok(Found {
            items: hits.iter().map(FoundObject::from).collect(),
            more,
        })
    });
    done.await.map(Json)
}

/// A page of objects.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ObjectsQuery {
    /// Only objects of this type.
    #[param(min_length = 1, max_length = 250, example = "indicator")]
    r#type: Option<String>,
    /// `next` of the page before.
    #[param(min_length = 1, max_length = 1000)]
    after: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
}

/// Objects in short, in the order of their ids
///
/// An object that is held when the paging begins is told exactly once, whatever is written meanwhile.
#[utoipa::path(get, path = "/api/v1/objects", tag = "objects", params(ObjectsQuery),
    responses((status = 200, body = Items<FoundObject>)))]
pub(super) async fn list(
    State(server): State<Arc<Server>>,
    Query(query): Query<ObjectsQuery>,
) -> Result<Json<Items<FoundObject>>, Problem> {
    let done = blocking(&server, move |server| {
        let after = query.after.as_deref().map(Cursor::from_text);
        let limit = usize::from(query.limit.unwrap_or(100));
        let page = server
            .node
            .store()
            .objects(query.r#type.as_deref(), after.as_ref(), limit)
            .map_err(bad_cursor)?;
        let recalls = server.node.recalls()?;
        let items = page.items.iter().map(|stored| {
            let recalled = recalls.of(&stored.id)?;
            Ok(FoundObject::of(stored, recalled.as_ref()))
        });
        Ok(Items {
            items: items.collect::<Result<_, Problem>>()?,
            next: page.next.map(|next| next.as_str().to_owned()),
        })
    });
    done.await.map(Json)
}

/// A cursor that no page gave is the caller's fault.
pub(super) fn bad_cursor(error: entente_store::Error) -> Problem {
    match error {
        entente_store::Error::BadCursor { .. } => {
            Problem::bad_request("`after` is not what a page of this list gave as `next`")
                .at("after", "leave it out to begin anew")
        }
        error => error.into(),
    }
}

/// One object with its sources and relations
///
/// What was recalled, or never taken in, is not found here; `/traces` tells what is left of it.
#[utoipa::path(get, path = "/api/v1/objects/{id}", tag = "objects", params(("id" = String, Path, description = "A STIX id")),
    responses((status = 200, body = ShownObject)))]
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
) -> Result<Json<ShownObject>, Problem> {
    let done = blocking(&server, move |server| {
        let Some(shown) = server.node.show(&id)? else {
            return Err(match server.node.gone(&id)? {
                Some(_) => unknown(&id, "; `/traces` below it tells what is left of it"),
                None => unknown(&id, "; `/api/v1/find` searches by words, `/api/v1/look` by value"),
            });
        };
        Ok(ShownObject::of(&shown, &[])?)
    });
    done.await.map(Json)
}

fn unknown(id: &str, way_out: &str) -> Problem {
    let id = crate::render::short(id, 120);
    Problem::not_found(format!("`{id}` is not held here{way_out}"))
}

/// What is left of an object that is not held: proposals, recalls, its owner
#[utoipa::path(get, path = "/api/v1/objects/{id}/traces", tag = "objects",
    params(("id" = String, Path, description = "A STIX id")), responses((status = 200, body = GoneObject)))]
pub(super) async fn traces(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
) -> Result<Json<GoneObject>, Problem> {
    let done = blocking(&server, move |server| {
        let gone = server.node.gone(&id)?;
        let gone = gone.ok_or_else(|| unknown(&id, ", and nothing is left of it"))?;
        Ok(GoneObject::of(&id, &gone))
    });
    done.await.map(Json)
}

/// The object's text, exactly as it came in
#[utoipa::path(get, path = "/api/v1/objects/{id}/raw", tag = "objects",
    params(("id" = String, Path, description = "A STIX id")),
    responses((status = 200, content((Object = "application/stix+json")))))]
pub(super) async fn raw(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let done = blocking(&server, move |server| {
        let stored = server.node.store().current(&id)?;
        stored.ok_or_else(|| unknown(&id, ""))
    });
    let stored = done.await?;
    Ok(([(header::CONTENT_TYPE, lines::STIX)], stored.text).into_response())
}

/// Every version that is held, newest first
#[utoipa::path(get, path = "/api/v1/objects/{id}/versions", tag = "objects",
    params(("id" = String, Path, description = "A STIX id")), responses((status = 200, body = Items<VersionShown>)))]
pub(super) async fn versions(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
) -> Result<Json<Items<VersionShown>>, Problem> {
    let done = blocking(&server, move |server| {
        let versions = server.node.versions(&id)?;
        if versions.is_empty() {
            return Err(unknown(&id, ""));
        }
        let versions = versions.iter().map(VersionShown::of);
        Ok(Items::all(versions.collect::<Result<Vec<_>, _>>()?))
    });
    done.await.map(Json)
}

/// Everyone who ever told something
#[utoipa::path(get, path = "/api/v1/sources", tag = "objects", responses((status = 200, body = Items<SourceShown>)))]
pub(super) async fn sources(State(server): State<Arc<Server>>) -> Result<Json<Items<SourceShown>>, Problem> {
    let done = blocking(&server, |server| {
        let sources = server.node.store().sources()?;
        Ok(Items::all(sources.iter().map(SourceShown::from)))
    });
    done.await.map(Json)
}
