//! Offline exchange: one encrypted file for one party.

use std::io::{self, Seek as _};
use std::sync::Arc;

use age::secrecy::ExposeSecret as _;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use entente_exchange::bundle::{self, From, Order};
use entente_stix::time::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::input::{Json, Upload};
use super::lines::written;
use super::{Place, long};
use crate::answers::bundle::{BundleTaken, failure, only_agreement};
use crate::answers::party::named;
use crate::exit::{Exit, Failure};
use crate::serve::problem::Problem;
use crate::serve::server::Server;

const DAY_MICROS: i64 = 86_400_000_000;

/// From which entries of the logs on a bundle tells.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum BundleBeginning {
    /// What the party has not signed for.
    #[default]
    Receipts,
    /// What the bundle before this one did not tell; whether that arrived is not known.
    LastBundle,
    /// Everything.
    Beginning,
}

/// A bundle to be written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to": "Energie AG", "days": 30}))]
pub(super) struct BundleOrder {
    /// For whom: a party's name or id.
    #[schema(min_length = 1, max_length = 500)]
    to: String,
    /// Under which agreement; the only one with this party where it is not given.
    #[schema(min_length = 1, max_length = 64)]
    agreement: Option<String>,
    /// From which entries on it tells.
    #[serde(default)]
    #[schema(required = false)]
    from: BundleBeginning,
    /// Give the party the entries of its own logs back, which it lost: this node holds copies of what it read.
    #[serde(default)]
    give_back: bool,
    /// Days for which it may be on its way; a year where it is not given.
    #[schema(minimum = 1, maximum = 3650)]
    days: Option<u16>,
}

/// Write one encrypted file with everything that a party has not yet signed for
#[utoipa::path(post, path = "/api/v1/bundles", tag = "bundles",
    responses((status = 200, description = "The bundle; only the party can open it",
        content((Vec<u8> = "application/octet-stream")))))]
pub(super) async fn write(
    State(server): State<Arc<Server>>,
    place: Place,
    Json(order): Json<BundleOrder>,
) -> Result<Response, Problem> {
    let mut answer = written(&server, place, "application/octet-stream", move |server, out| {
        let desk = server.desk()?;
        let party = named(&server.node, Some(&order.to)).map_err(|failure| in_body("/to", failure))?;
        let agreement = match &order.agreement {
            Some(agreement) => agreement.clone(),
            None => only_agreement(&server.node, &party, desk.at)
                .map_err(|failure| in_body("/agreement", failure))?,
        };
        let days = i64::from(order.days.unwrap_or(365));
        let order = Order {
            party: &party.id,
            agreement: &agreement,
            from: match order.from {
                BundleBeginning::Receipts => From::Receipts,
                BundleBeginning::LastBundle => From::LastBundle,
                BundleBeginning::Beginning => From::Beginning,
            },
            give_back: order.give_back,
            until: Timestamp::from_micros(desk.at.micros().saturating_add(days * DAY_MICROS)),
        };
        // It is whole before the first byte leaves: a bundle that breaks off is of no use to anyone.
        let mut file = tempfile::tempfile().map_err(in_the_way)?;
        bundle::write(&server.node, &order, &desk, &mut file).map_err(failure)?;
        file.rewind().map_err(in_the_way)?;
        io::copy(&mut file, out).map_err(Failure::from)?;
        Ok(())
    })
    .await?;
    let name = HeaderValue::from_static("attachment; filename=\"entente.bundle\"");
    answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    Ok(answer)
}

/// What the body names and nobody is, is a fault of the body.
fn in_body(pointer: &str, failure: Failure) -> Problem {
    match failure.exit {
        Exit::NotFound | Exit::Usage => {
            Problem::unprocessable("the body names what is not known here").at(pointer, failure.message)
        }
        _ => failure.into(),
    }
}

fn in_the_way(error: io::Error) -> Failure {
    Failure::store(format!("cannot keep a bundle in a temporary file: {error}"))
}

/// Take a bundle in: all of it is verified before any of it is taken in
#[utoipa::path(post, path = "/api/v1/bundles/read", tag = "bundles",
    request_body(content((Vec<u8> = "application/octet-stream"))), responses((status = 200, body = BundleTaken)))]
pub(super) async fn read(
    State(server): State<Arc<Server>>,
    place: Place,
    upload: Upload,
) -> Result<Json<BundleTaken>, Problem> {
    let done = long(&server, place, move |server| {
        let (signing, desk) = (server.signing()?, server.desk()?);
        let (mut reader, trouble) = upload.reader()?;
        let mut file = tempfile::tempfile().map_err(in_the_way)?;
        io::copy(&mut reader, &mut file).map_err(|error| trouble.or(in_the_way(error).into()))?;
        file.rewind().map_err(in_the_way)?;
        let secret = signing.unlocked.age.expose_secret();
        let account = bundle::read(&server.node, &desk, secret, &mut file).map_err(failure)?;
        Ok(BundleTaken::of("body".to_owned(), &account))
    });
    done.await.map(Json)
}
