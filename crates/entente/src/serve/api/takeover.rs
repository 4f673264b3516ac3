//! The data of another TAXII server, taken over.

use std::io::Read as _;
use std::sync::Arc;

use axum::extract::State;
use entente_formats::limits::MEDALLION_BYTES_MAX;
use entente_formats::medallion;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::{Json, Query, Upload};
use super::{Place, long};
use crate::answers::takeover::{LeftShown, TakenOverShown};
use crate::serve::body::unreadable;
use crate::serve::limits::ITEMS_MAX;
use crate::serve::problem::Problem;
use crate::serve::server::Server;

/// How data are to be taken over.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TakeoverQuery {
    /// Say what would be taken over, and store nothing.
    dry_run: Option<bool>,
}

/// What became of another server's data.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TakeoverDone {
    /// What was left behind, and why; at most a thousand.
    items: Vec<LeftShown>,
    /// The sums.
    takeover: TakenOverShown,
}

/// Take an existing TAXII server over: its API roots, collections, objects and times become this node's own
///
/// The body is medallion's data file. Doing it again goes on where it stopped.
#[utoipa::path(post, path = "/api/v1/taxii/takeover", tag = "feeds", params(TakeoverQuery),
    request_body(content = Object, content_type = "application/json"), responses((status = 200, body = TakeoverDone)))]
pub(super) async fn take_over(
    State(server): State<Arc<Server>>,
    place: Place,
    Query(query): Query<TakeoverQuery>,
    upload: Upload,
) -> Result<Json<TakeoverDone>, Problem> {
    let done = long(&server, place, move |server| {
        let (reader, trouble) = upload.reader()?;
        let mut text = Vec::new();
        reader
            .take(MEDALLION_BYTES_MAX as u64 + 1)
            .read_to_end(&mut text)
            .map_err(|error| trouble.or(unreadable(&error)))?;
        let data = medallion::read(&text).map_err(|error| match error {
            medallion::NotMedallion::TooBig { .. } => Problem::too_large(error.to_string()),
            error => Problem::unprocessable(format!("this is not the data file of a TAXII server: {error}")),
        })?;
        let dry_run = query.dry_run.unwrap_or_default();
        let mut items = Vec::new();
        let taken = server.node.take_over(&data, dry_run, server.at(), &mut |left| {
            if items.len() < ITEMS_MAX {
                items.push(LeftShown::from(&left));
            }
        })?;
        let takeover = TakenOverShown::of(&taken, dry_run);
        Ok(TakeoverDone { items, takeover })
    });
    done.await.map(Json)
}
