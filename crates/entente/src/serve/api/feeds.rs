//! Feeds: how the readings of other organisations' TAXII servers stand.

use std::sync::Arc;

use axum::extract::State;

use super::Items;
use super::input::Json;
use crate::feeds::state::FeedShown;
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// Every feed, and how it stands
#[utoipa::path(get, path = "/api/v1/feeds", tag = "feeds", responses((status = 200, body = Items<FeedShown>)))]
pub(super) async fn list(State(server): State<Arc<Server>>) -> Result<Json<Items<FeedShown>>, Problem> {
    let feeds = blocking(&server, |server| Ok(crate::serve::feeds::shown(server)?));
    Ok(Json(Items::all(feeds.await?)))
}
