//! Feeds: collections of other organisations' TAXII servers, read again and again by this server.
//!
//! Secrets for signing in stand in files of the node's machine; feeds that need them are made there
//! (`entente taxii pull --every`), and shown and stopped here like the others.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use entente_stix::time::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::input::{Json, Path};
use super::{Items, require_same};
use crate::exit::Failure;
use crate::feeds::state::{FeedShown, forget};
use crate::feeds::{self, FEEDS_MAX, Feed};
use crate::place;
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// Every feed, and how far it was read
#[utoipa::path(get, path = "/api/v1/feeds", tag = "feeds", responses((status = 200, body = Items<FeedShown>)))]
pub(super) async fn list(State(server): State<Arc<Server>>) -> Result<Json<Items<FeedShown>>, Problem> {
    let feeds = blocking(&server, |server| Ok(counted(server)?));
    Ok(Json(Items::all(feeds.await?)))
}

fn counted(server: &Server) -> Result<Vec<FeedShown>, Failure> {
    let mut feeds = crate::serve::feeds::shown(server)?;
    FeedShown::count_held(
        &mut feeds,
        &server.node.store().sources().map_err(place::failure)?,
    );
    Ok(feeds)
}

fn one(server: &Server, name: &str) -> Result<FeedShown, Problem> {
    let feeds = counted(server)?;
    let found = feeds.into_iter().find(|feed| feed.name == name);
    found.ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Problem {
    let name = crate::render::short(name, 120);
    Problem::not_found(format!("no feed is called `{name}`; `/api/v1/feeds` lists them"))
}

/// A feed, and how far it was read
#[utoipa::path(get, path = "/api/v1/feeds/{name}", tag = "feeds",
    params(("name" = String, Path, description = "The feed's name")), responses((status = 200, body = FeedShown)))]
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
) -> Result<Json<FeedShown>, Problem> {
    blocking(&server, move |server| one(server, &name))
        .await
        .map(Json)
}

/// What is to be read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://taxii.example/taxii2/", "every_seconds": 3600}))]
pub(super) struct FeedOrder {
    /// The feed's name, as in the path.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The server: its discovery, an API root or a collection.
    #[schema(min_length = 1, max_length = 2000)]
    url: String,
    /// Ids, titles or aliases of collections; every one that may be read where none is given.
    #[serde(default)]
    #[schema(max_items = 1000)]
    collections: Vec<String>,
    /// Seconds from one reading to the next.
    #[schema(minimum = 60, maximum = 2_592_000)]
    every_seconds: u64,
    /// Where nothing was read yet: only what was added from then on.
    #[schema(min_length = 1, max_length = 40)]
    since: Option<String>,
}

/// Make a feed, or say anew what it reads
///
/// What it told, and how far it was read, stays.
#[utoipa::path(put, path = "/api/v1/feeds/{name}", tag = "feeds",
    params(("name" = String, Path, description = "The feed's name")), responses((status = 200, body = FeedShown)))]
pub(super) async fn put(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
    Json(order): Json<FeedOrder>,
) -> Result<Json<FeedShown>, Problem> {
    if let Some(named) = &order.name {
        require_same(&name, named, "/name")?;
    }
    let is_web = url::Url::parse(&order.url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !is_web {
        return Err(
            Problem::unprocessable("this is not the address of a TAXII server")
                .at("/url", "a URL with http or https is expected here"),
        );
    }
    if let Some(since) = &order.since {
        Timestamp::parse(since)
            .map_err(|error| Problem::unprocessable("this is no time").at("/since", error.to_string()))?;
    }
    let done = blocking(&server, move |server| {
        feeds::book(&server.folder).change(|book| {
            if book.feeds.len() >= FEEDS_MAX && !book.feeds.contains_key(&name) {
                let most = format!("a node reads at most {FEEDS_MAX} feeds; remove one first");
                return Err(Problem::conflict(most));
            }
            let before = book.feeds.remove(&name);
            // What signs in at one server is not told to another.
            let same = before
                .as_ref()
                .filter(|before| origin(&before.url) == origin(&order.url));
            let feed = Feed {
                way: same.map(|feed| feed.way.clone()).unwrap_or_default(),
                url: order.url,
                collections: order.collections,
                every: order.every_seconds,
                since: order.since,
                stopped: before.is_some_and(|feed| feed.stopped),
            };
            book.feeds.insert(name.clone(), feed);
            Ok(())
        })?;
        one(server, &name)
    });
    done.await.map(Json)
}

fn origin(url: &str) -> Option<url::Origin> {
    Some(url::Url::parse(url).ok()?.origin())
}

/// How a feed is to be read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedChange {
    /// Whether it is not read, and kept to be read on later.
    stopped: Option<bool>,
    /// Seconds from one reading to the next.
    #[schema(minimum = 60, maximum = 2_592_000)]
    every_seconds: Option<u64>,
}

/// Stop a feed, read it on, or more often or less
#[utoipa::path(patch, path = "/api/v1/feeds/{name}", tag = "feeds",
    params(("name" = String, Path, description = "The feed's name")), responses((status = 200, body = FeedShown)))]
pub(super) async fn update(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
    Json(order): Json<FeedChange>,
) -> Result<Json<FeedShown>, Problem> {
    let done = blocking(&server, move |server| {
        feeds::book(&server.folder).change(|book| {
            let feed = book.feeds.get_mut(&name).ok_or_else(|| unknown(&name))?;
            feed.stopped = order.stopped.unwrap_or(feed.stopped);
            feed.every = order.every_seconds.unwrap_or(feed.every);
            Ok::<_, Problem>(())
        })?;
        one(server, &name)
    });
    done.await.map(Json)
}

/// Remove a feed, and forget how far it was read; what it told stays
#[utoipa::path(delete, path = "/api/v1/feeds/{name}", tag = "feeds",
    params(("name" = String, Path, description = "The feed's name")), responses((status = 204)))]
pub(super) async fn remove(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let done = blocking(&server, move |server| {
        feeds::book(&server.folder).change(|book| {
            let removed = book.feeds.remove(&name);
            removed.map(drop).ok_or_else(|| unknown(&name))
        })?;
        Ok(forget(&server.node, &name)?)
    });
    done.await.map(|()| StatusCode::NO_CONTENT)
}
