//! Oneself: who one is here, and one's own password, second factor and tokens.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use entente_access::throttle::Kind;
use entente_access::{By, Caller, Name, Who};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::Items;
use super::accounts::{NewTokenOrder, change, drop_second, new_token, set_password, take_back};
use super::input::{Json, Path, Small};
use super::session::Code;
use crate::accounts;
use crate::answers::account::{AccountShown, Enrolled, TokenMade, TokenShown, names};
use crate::serve::caller;
use crate::serve::gate::Door;
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// Who asks, and what they may.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Known {
    /// `own` (a person or tool of this node's own), `party` (an account of another party) or `peer` (its node).
    #[schema(example = "own")]
    who: &'static str,
    /// The account's name, or the party's id.
    name: String,
    /// The account's role.
    role: Option<String>,
    /// The party's id, where it is another one.
    party: Option<String>,
    /// What this request's credentials allow.
    scopes: Vec<String>,
    /// The account, where there is one.
    account: Option<AccountShown>,
}

/// Who am I?
#[utoipa::path(get, path = "/api/v1/me", tag = "accounts", responses((status = 200, body = Known)))]
pub(super) async fn me(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Known>, Problem> {
    let book = server.gate.accounts.read()?;
    let name = own_name(&caller).ok();
    let account = name.as_ref().and_then(|name| Some((name, book.get(name)?)));
    Ok(Json(Known {
        who: match caller.who {
            Who::Anyone => "anyone",
            Who::Own(_) => "own",
            Who::Party(_) => "party",
            Who::Peer(_) => "peer",
        },
        name: caller.name.clone(),
        role: account.map(|(_, account)| account.role.to_string()),
        party: caller.who.party().map(str::to_owned),
        scopes: names(caller.allowed()),
        account: account.map(|(name, account)| AccountShown::of(&book, name, account, server.at())),
    }))
}

/// The account that asks.
fn own_name(caller: &Caller) -> Result<Name, Problem> {
    let name = caller.account.as_deref().and_then(|name| name.parse().ok());
    name.ok_or_else(|| Problem::not_found("who asks here has no account; sign in, or show a token of one"))
}

/// Another password, with the one that it replaces.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    /// The password of now.
    #[schema(max_length = 1024)]
    current: String,
    /// The new one: at least 12 characters.
    #[schema(max_length = 1024)]
    password: String,
}

/// The password of now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CurrentPassword {
    /// The password of now.
    #[schema(max_length = 1024)]
    password: String,
}

/// Who is signed in somewhere and walked away is not to lose the account: what lets one in is changed by who knows it.
async fn require_password(
    server: &Server,
    caller: &Caller,
    parts: &Parts,
    password: String,
) -> Result<Name, Problem> {
    let name = own_name(caller)?;
    let password = Zeroizing::new(password);
    server
        .gate
        .verify(name.as_str(), &password, caller::address(parts), Door::SignIn)
        .await
        .map_err(|problem| match problem.status {
            StatusCode::UNAUTHORIZED => Problem::forbidden(
                "this is not the password of now; who has forgotten it asks an administrator for another",
            ),
            _ => problem,
        })
}

/// Change one's own password; whoever is signed in with the former one is signed out
#[utoipa::path(put, path = "/api/v1/me/password", tag = "accounts", request_body = PasswordChange, responses((status = 204, description = "It is changed")))]
pub(super) async fn password(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    Small(asked): Small<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let name = require_password(&server, &caller, &parts, asked.current).await?;
    set_password(&server, caller, name, asked.password).await
}

/// Begin a second factor: the secret for an authenticator application, shown once
#[utoipa::path(post, path = "/api/v1/me/second-factor", tag = "accounts", request_body = CurrentPassword, responses((status = 201, body = Enrolled)))]
pub(super) async fn enrol(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    Small(asked): Small<CurrentPassword>,
) -> Result<Response, Problem> {
    let name = require_password(&server, &caller, &parts, asked.password).await?;
    let enrolled = blocking(&server, move |server| {
        server
            .gate
            .accounts
            .change(|book| accounts::enrol(book, By::Caller(&caller), &name).map_err(Problem::from))
    });
    Ok((StatusCode::CREATED, Json::<Enrolled>(enrolled.await?)).into_response())
}

/// Confirm a second factor by its first code; from then on signing in takes one
#[utoipa::path(put, path = "/api/v1/me/second-factor", tag = "accounts", request_body = Code, responses((status = 204, description = "It counts; sign in again")))]
pub(super) async fn confirm(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    Small(asked): Small<Code>,
) -> Result<StatusCode, Problem> {
    let name = own_name(&caller)?;
    let begun = server
        .gate
        .begin(Kind::Code, name.as_str(), caller::address(&parts))?;
    let at = accounts::seconds(server.at());
    change(&server, move |book| {
        book.confirm(By::Caller(&caller), &name, asked.code.trim(), at)
    })
    .await?;
    server.gate.right(begun);
    Ok(StatusCode::NO_CONTENT)
}

/// Remove one's second factor
#[utoipa::path(post, path = "/api/v1/me/second-factor/removal", tag = "accounts", request_body = CurrentPassword, responses((status = 204, description = "It is gone")))]
pub(super) async fn remove_second(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    Small(asked): Small<CurrentPassword>,
) -> Result<StatusCode, Problem> {
    let name = require_password(&server, &caller, &parts, asked.password).await?;
    drop_second(&server, caller, name).await
}

/// One's own tokens
#[utoipa::path(get, path = "/api/v1/me/tokens", tag = "accounts", responses((status = 200, body = Items<TokenShown>)))]
pub(super) async fn tokens(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Items<TokenShown>>, Problem> {
    let name = own_name(&caller)?;
    let book = server.gate.accounts.read()?;
    let tokens = book.tokens(Some(&name));
    Ok(Json(Items::all(
        tokens.map(|(id, token)| TokenShown::of(id, token, server.at())),
    )))
}

/// Make a token of one's own; its secret is shown once
#[utoipa::path(post, path = "/api/v1/me/tokens", tag = "accounts", request_body = NewTokenOrder, responses((status = 201, body = TokenMade)))]
pub(super) async fn add_token(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Small(asked): Small<NewTokenOrder>,
) -> Result<Response, Problem> {
    let name = own_name(&caller)?;
    new_token(&server, caller, name, asked).await
}

/// Take a token of one's own back
#[utoipa::path(delete, path = "/api/v1/me/tokens/{token}", tag = "accounts",
    params(("token" = String, Path, description = "Its number (tok-…)")), responses((status = 204, description = "It is good no more")))]
pub(super) async fn revoke(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path(token): Path<String>,
) -> Result<StatusCode, Problem> {
    let name = own_name(&caller)?;
    take_back(&server, caller, name, token).await
}
