//! Other parties' nodes: met, listed, asked, paused and let go.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Items;
use super::input::{Json, Path};
use crate::answers::party::named;
use crate::answers::peer::{PeerMet, PeerShown};
use crate::exit::{Exit, Failure};
use crate::names::Names;
use crate::peers::line::{Line, address};
use crate::peers::{Peer, meeting};
use crate::serve::peers::states;
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// Every peer, and how the conversations with it go
#[utoipa::path(get, path = "/api/v1/peers", tag = "peers", responses((status = 200, body = Items<PeerShown>)))]
pub(super) async fn list(State(server): State<Arc<Server>>) -> Result<Json<Items<PeerShown>>, Problem> {
    blocking(&server, |server| shown(server, |_| true))
        .await
        .map(Json)
}

fn shown(server: &Server, is_wanted: impl Fn(&str) -> bool) -> Result<Items<PeerShown>, Problem> {
    let names = Names::of(&server.node)?;
    let states = states(server)?
        .into_iter()
        .filter(|(party, _, _)| is_wanted(party));
    Ok(Items::all(states.map(|(party, peer, state)| {
        PeerShown::of(&party, &names.name(&party), &peer, state)
    })))
}

fn one(server: &Server, party: &str) -> Result<PeerShown, Problem> {
    let found = shown(server, |peer| peer == party)?.items.pop();
    found.ok_or_else(|| no_peer(party))
}

fn no_peer(party: &str) -> Problem {
    let party = crate::render::short(party, 120);
    Problem::not_found(format!("`{party}` is no peer; `POST /api/v1/peers` meets one"))
}

/// A peer, and how the conversations with it go
#[utoipa::path(get, path = "/api/v1/peers/{party}", tag = "peers",
    params(("party" = String, Path, description = "The party's name or id")), responses((status = 200, body = PeerShown)))]
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    Path(party): Path<String>,
) -> Result<Json<PeerShown>, Problem> {
    let done = blocking(&server, move |server| {
        one(server, &named(&server.node, Some(&party))?.id)
    });
    done.await.map(Json)
}

/// A peer to be met.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://node.example:8440", "party": "South Grid"}))]
pub(super) struct PeerOrder {
    /// Where it answers.
    #[schema(min_length = 1, max_length = 2000)]
    url: String,
    /// Whom it must belong to: a party's name or id.
    #[schema(min_length = 1, max_length = 500)]
    party: Option<String>,
    /// A token that it gave, where keys cannot say who asks: behind a proxy that does TLS.
    #[schema(min_length = 1, max_length = 1000)]
    token: Option<String>,
    /// Seconds from one conversation to the next.
    #[schema(minimum = 1, maximum = 86_400)]
    every_seconds: Option<u32>,
}

/// Meet a peer: both nodes say who they are, and know each other's TLS keys from now on
///
/// Compare the key with the peer's operator by another way.
#[utoipa::path(post, path = "/api/v1/peers", tag = "peers", responses((status = 200, body = PeerMet)))]
pub(super) async fn meet(
    State(server): State<Arc<Server>>,
    Json(order): Json<PeerOrder>,
) -> Result<Json<PeerMet>, Problem> {
    let in_body = |pointer: &'static str| {
        move |failure: Failure| match failure.exit {
            Exit::NotFound | Exit::Usage => {
                Problem::unprocessable("the peer cannot be met so").at(pointer, failure.message)
            }
            _ => failure.into(),
        }
    };
    let url = address(&order.url).map_err(in_body("/url"))?;
    let wanted = order
        .party
        .as_deref()
        .map(|party| named(&server.node, Some(party)));
    let wanted = wanted.transpose().map_err(in_body("/party"))?;
    let keys = &server.signing()?.unlocked.keys;
    let token = order.token.as_deref();
    let line = Line::new(url.clone(), None, token, None, &server.folder)?;
    let (party, met) = meeting::meet(&line, &server.node, keys, wanted.as_ref()).await?;
    let before = meeting::keep(&server.peers, &party, &met, server.at(), |peer| {
        peer.url = Some(url.to_string());
        peer.token.clone_from(&order.token);
        peer.every_seconds = order.every_seconds.or(peer.every_seconds);
    })?;
    Ok(Json(PeerMet::of(
        &party,
        &met,
        &line,
        url.as_str(),
        before.as_ref(),
    )))
}

/// How a peer is to be treated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PeerChange {
    /// Whether nothing is asked of it, and nothing answered.
    paused: Option<bool>,
    /// Seconds from one conversation to the next.
    #[schema(minimum = 1, maximum = 86_400)]
    every_seconds: Option<u32>,
}

/// Pause a peer, go on with it, or talk with it more often or less
#[utoipa::path(patch, path = "/api/v1/peers/{party}", tag = "peers",
    params(("party" = String, Path, description = "The party's name or id")), responses((status = 200, body = PeerShown)))]
pub(super) async fn update(
    State(server): State<Arc<Server>>,
    Path(party): Path<String>,
    Json(order): Json<PeerChange>,
) -> Result<Json<PeerShown>, Problem> {
    let done = blocking(&server, move |server| {
        let id = change(server, &party, |peer| {
            peer.paused = order.paused.unwrap_or(peer.paused);
            peer.every_seconds = order.every_seconds.or(peer.every_seconds);
        })?;
        one(server, &id)
    });
    done.await.map(Json)
}

/// Changes a peer of the book; its id.
fn change(server: &Server, name: &str, change: impl FnOnce(&mut Peer)) -> Result<String, Problem> {
    let id = named(&server.node, Some(name))?.id;
    server.peers.change(|book| {
        let peer = book.peers.get_mut(&id).ok_or_else(|| no_peer(&id))?;
        change(peer);
        Ok::<_, Problem>(())
    })?;
    Ok(id)
}

/// Talk with a peer at once
///
/// The conversation is held by the server itself; `GET` tells how it went.
#[utoipa::path(post, path = "/api/v1/peers/{party}/sync", tag = "peers",
    params(("party" = String, Path, description = "The party's name or id")), responses((status = 202, body = PeerShown)))]
pub(super) async fn sync(
    State(server): State<Arc<Server>>,
    Path(party): Path<String>,
) -> Result<(StatusCode, Json<PeerShown>), Problem> {
    let done = blocking(&server, move |server| {
        let at = server.at().to_string();
        let id = change(server, &party, |peer| peer.wanted = Some(at))?;
        one(server, &id)
    });
    done.await.map(|shown| (StatusCode::ACCEPTED, Json(shown)))
}

/// Let a peer go: its keys count no more here, and it is not let in again until it is met from here
///
/// What was read from it stays, and so do the agreements with its party.
#[utoipa::path(delete, path = "/api/v1/peers/{party}", tag = "peers",
    params(("party" = String, Path, description = "The party's name or id")), responses((status = 204)))]
pub(super) async fn remove(
    State(server): State<Arc<Server>>,
    Path(party): Path<String>,
) -> Result<StatusCode, Problem> {
    let done = blocking(&server, move |server| {
        let id = named(&server.node, Some(&party))?.id;
        server.peers.change(|book| {
            let removed = book.remove(&id, server.at());
            removed.ok_or_else(|| no_peer(&id))
        })
    });
    done.await.map(|()| StatusCode::NO_CONTENT)
}
