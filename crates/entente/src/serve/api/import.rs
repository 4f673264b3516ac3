//! Intelligence in.

use std::sync::Arc;

use axum::extract::State;
use entente_formats::Kind;
use entente_node::import::Settings;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::{Json, Query, Upload};
use super::{Place, long};
use crate::answers::import::{ImportAccount, ImportItem};
use crate::serve::limits::ITEMS_MAX;
use crate::serve::problem::Problem;
use crate::serve::server::Server;

/// How an input is to be taken.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// Who says so.
    #[param(min_length = 1, max_length = 200, example = "feed-a")]
    source: String,
    /// What reports call the input.
    #[param(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// What the input is; told from its content where it is not given.
    #[serde(rename = "as")]
    #[param(inline)]
    format: Option<InputFormat>,
    /// Refuse objects that break a MUST of STIX 2.1 instead of keeping them as told.
    strict: Option<bool>,
    /// Say what would be taken in, and store nothing.
    dry_run: Option<bool>,
}

/// What an input is.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum InputFormat {
    /// A bundle, an envelope, objects.
    Stix,
    /// A value a line.
    List,
    /// Rows with a heading.
    Csv,
}

impl From<InputFormat> for Kind {
    fn from(format: InputFormat) -> Kind {
        match format {
            InputFormat::Stix => Kind::Stix,
            InputFormat::List => Kind::List,
            InputFormat::Csv => Kind::Csv,
        }
    }
}

/// What became of an input.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportDone {
    /// The sums.
    account: ImportAccount,
    /// Items that were not taken in, each with its reason; at most a thousand.
    refused: Vec<ImportItem>,
    /// How many more were refused than are listed.
    refused_more: u64,
}

/// Take intelligence in: STIX, lists of values, CSV
///
/// The body is read as it comes, however long it is. What was taken in before it broke off stays. Compressed input is
/// read as it is.
#[utoipa::path(post, path = "/api/v1/import", tag = "import", params(ImportQuery),
    request_body(description = "A STIX bundle, a list of values, or CSV", content(
        (Object = "application/stix+json"), (Object = "application/json"),
        (String = "text/plain"), (String = "text/csv"), (Vec<u8> = "application/octet-stream"))),
    responses((status = 200, body = ImportDone)))]
pub(super) async fn import(
    State(server): State<Arc<Server>>,
    place: Place,
    Query(query): Query<ImportQuery>,
    upload: Upload,
) -> Result<Json<ImportDone>, Problem> {
    long(&server, place, move |server| taken(server, &query, upload))
        .await
        .map(Json)
}

fn taken(server: &Server, query: &ImportQuery, upload: Upload) -> Result<ImportDone, Problem> {
    let name = query.name.as_deref().unwrap_or("body");
    let settings = Settings {
        source: &query.source,
        at: server.at(),
        kind: query.format.map(Kind::from),
        strict: query.strict.unwrap_or_default(),
        dry_run: query.dry_run.unwrap_or_default(),
    };
    let (reader, trouble) = upload.reader()?;
    let mut refused = Vec::new();
    let imported = server.node.import(reader, name, &settings, &mut |item| {
        if refused.len() < ITEMS_MAX && matches!(item.fate, entente_node::import::Fate::Refused { .. }) {
            refused.push(ImportItem::of(name, &item));
        }
    });
    let imported = imported.map_err(|error| trouble.or(error.into()))?;
    let account = ImportAccount::of(1, 0, &imported.account, settings.dry_run);
    let broken_off = imported.broken_off.map(Problem::from);
    if let Some(mut problem) = trouble.met().or(broken_off) {
        problem.detail = format!(
            "{}; {} items came before, of which {} were stored and stay",
            problem.detail, account.items, account.stored
        );
        return Err(problem);
    }
    Ok(ImportDone {
        refused_more: account.refused.saturating_sub(refused.len() as u64),
        account,
        refused,
    })
}
