//! Who takes part: this node's own party, others by their cards, and keys.
//!
//! What needs the passphrase of the keys (becoming a party, making a key) is done where the keys are, on the command
//! line: a passphrase does not travel.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use entente_node::party::Party;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Items;
use super::input::{Json, Path, Query, Text};
use crate::answers::party::{Met, PartyShown, named};
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

const TEXT: &str = "text/plain; charset=utf-8";

/// A party by name or id, or this node's own as `self`.
pub(super) fn of(server: &Server, name: &str) -> Result<Party, Problem> {
    let name = Some(name).filter(|name| *name != "self");
    Ok(named(&server.node, name)?)
}

/// Everyone who is known, this node's own party first
#[utoipa::path(get, path = "/api/v1/parties", tag = "parties", responses((status = 200, body = Items<PartyShown>)))]
pub(super) async fn list(State(server): State<Arc<Server>>) -> Result<Json<Items<PartyShown>>, Problem> {
    let done = blocking(&server, |server| {
        let (parties, at) = (server.node.parties()?, server.at());
        Ok(Items::all(parties.iter().map(|party| PartyShown::of(party, at))))
    });
    done.await.map(Json)
}

/// A party and its keys
#[utoipa::path(get, path = "/api/v1/parties/{party}", tag = "parties",
    params(("party" = String, Path, description = "A name or id, or `self`")), responses((status = 200, body = PartyShown)))]
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    Path(party): Path<String>,
) -> Result<Json<PartyShown>, Problem> {
    let done = blocking(&server, move |server| {
        Ok(PartyShown::of(&of(server, &party)?, server.at()))
    });
    done.await.map(Json)
}

/// A party's card, to hand to others
#[utoipa::path(get, path = "/api/v1/parties/{party}/card", tag = "parties",
    params(("party" = String, Path, description = "A name or id, or `self`")),
    responses((status = 200, content((String = "text/plain")))))]
pub(super) async fn card(
    State(server): State<Arc<Server>>,
    Path(party): Path<String>,
) -> Result<Response, Problem> {
    let done = blocking(&server, move |server| {
        Ok(server.node.card(&of(server, &party)?.id)?)
    });
    Ok(([(header::CONTENT_TYPE, TEXT)], done.await?).into_response())
}

/// How cards are to be taken.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MeetQuery {
    /// Say whose cards these are, and store nothing.
    dry_run: Option<bool>,
}

/// What became of cards.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MeetDone {
    /// Whose cards were read. Compare the fingerprints with the parties themselves by another way.
    met: Vec<Met>,
    /// Agreements that were signed again, because this node's own key gave way to another.
    signed_again: u64,
}

/// Take in cards of others, and key lists of one's own that were signed elsewhere
#[utoipa::path(post, path = "/api/v1/parties", tag = "parties", params(MeetQuery),
    request_body(content = String, content_type = "text/plain", description = "Cards as `entente party card` writes them"),
    responses((status = 200, body = MeetDone)))]
pub(super) async fn meet(
    State(server): State<Arc<Server>>,
    Query(query): Query<MeetQuery>,
    Text(card): Text,
) -> Result<Json<MeetDone>, Problem> {
    let done = blocking(&server, move |server| {
        let (at, dry_run) = (server.at(), query.dry_run.unwrap_or_default());
        let (parties, refusal) = match dry_run {
            true => server.node.would_meet_each(&card, at)?,
            false => server.node.meet_each(&card, at)?,
        };
        if let Some(refusal) = refusal {
            let mut problem = Problem::from(entente_node::Error::from(refusal));
            let names: Vec<&str> = parties.iter().map(|party| party.name.as_str()).collect();
            if !names.is_empty() {
                let names = names.join(", ");
                problem.detail = format!("{}; what came before it was read: {names}", problem.detail);
            }
            return Err(problem);
        }
        let own_keys = parties.iter().any(|party| party.is_self) && !dry_run;
        let signed_again = match own_keys && server.node.has_signed()? {
            true => server.node.sign_again(&server.signing()?.unlocked.keys, at)?,
            false => 0,
        };
        let met = parties.iter().map(|party| Met {
            met: PartyShown::of(party, at),
            stored: !dry_run,
        });
        Ok(MeetDone {
            met: met.collect(),
            signed_again,
        })
    });
    done.await.map(Json)
}

/// A key to be taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RevocationOrder {
    /// The key (C2SP vkey), as `/api/v1/parties/self` shows it.
    #[schema(min_length = 1, max_length = 1000)]
    key: String,
}

/// The key list that takes one of this node's own keys back, to be signed where the root key is
///
/// Sign it there with `entente party keys --sign FILE --root ROOTFILE`, then give the signed list to `POST
/// /api/v1/parties`. Nothing changes until then.
#[utoipa::path(post, path = "/api/v1/keys/revocation", tag = "parties",
    responses((status = 200, content((String = "text/plain")))))]
pub(super) async fn revocation(
    State(server): State<Arc<Server>>,
    Json(order): Json<RevocationOrder>,
) -> Result<Response, Problem> {
    let done = blocking(&server, move |server| {
        let list = server.node.revocation(&order.key, server.at());
        let list = list.map_err(|error| match error {
            error @ entente_node::Error::UnknownKey { .. } => {
                Problem::unprocessable("this node's party has no such key").at("/key", error.to_string())
            }
            error => error.into(),
        })?;
        Ok(list.text())
    });
    Ok(([(header::CONTENT_TYPE, TEXT)], done.await?).into_response())
}
