//! Everybody's accounts, for administrators.
//!
//! Who may change whom is decided on the account that was loaded from the book, in `entente-access`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use entente_access::limits::TOKEN_SECONDS;
use entente_access::{Accounts, Action, By, Caller, Name, NewToken, Refusal, Role};
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::Items;
use super::input::{Json, Path, Small};
use super::session;
use crate::accounts;
use crate::answers::account::{AccountShown, Revoked, TokenMade, TokenShown};
use crate::answers::party::named;
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// A change that the rules may refuse, on a blocking thread.
pub(super) async fn change<R: Send + 'static>(
    server: &Arc<Server>,
    change: impl FnOnce(&mut Accounts) -> Result<R, Refusal> + Send + 'static,
) -> Result<R, Problem> {
    blocking(server, move |server| {
        server
            .gate
            .accounts
            .change(|book| change(book).map_err(Problem::from))
    })
    .await
}

/// The name in a path. What cannot be one is no account's.
fn of_path(text: &str) -> Result<Name, Problem> {
    text.parse()
        .map_err(|_| Refusal::NoAccount(text.chars().take(64).collect()).into())
}

fn shown(server: &Server, name: &Name) -> Result<Json<AccountShown>, Problem> {
    let book = server.gate.accounts.read()?;
    let account = book
        .get(name)
        .ok_or_else(|| Refusal::NoAccount(name.to_string()))?;
    Ok(Json(AccountShown::of(&book, name, account, server.at())))
}

/// Every account and its tokens
#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts", responses((status = 200, body = Items<AccountShown>)))]
pub(super) async fn list(State(server): State<Arc<Server>>) -> Result<Json<Items<AccountShown>>, Problem> {
    let book = server.gate.accounts.read()?;
    Ok(Json(Items::all(AccountShown::all(&book, server.at()))))
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    /// Its name: a-z, 0-9 and . _ - @ +, a letter or digit first.
    #[schema(min_length = 1, max_length = 64, example = "ada")]
    name: String,
    /// What it is for.
    #[schema(value_type = RoleName)]
    role: Role,
    /// The party that an account of role `taxii-client` belongs to: name or id.
    #[schema(max_length = 500)]
    party: Option<String>,
    /// Its password, of at least 12 characters; without one it has tokens only.
    #[schema(max_length = 1024)]
    password: Option<String>,
}

/// What an account is for.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(
    dead_code,
    reason = "the words of `entente_access::Role` in the OpenAPI document"
)]
pub(super) enum RoleName {
    TaxiiClient,
    Reader,
    Analyst,
    Releaser,
    Administrator,
}

/// What a token may be used for.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(
    dead_code,
    reason = "the words of `entente_access::Action` in the OpenAPI document"
)]
pub(super) enum ScopeName {
    Account,
    Read,
    Import,
    Release,
    Administer,
    TaxiiRead,
    TaxiiWrite,
    Peer,
}

/// Add an account
#[utoipa::path(post, path = "/api/v1/accounts", tag = "accounts", request_body = NewAccount, responses((status = 201, body = AccountShown)))]
pub(super) async fn add(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Small(new): Small<NewAccount>,
) -> Result<Response, Problem> {
    let name = session::name(&new.name, "/name")?;
    let party = match new.party {
        Some(party) => Some(party_of_others(&server, party).await?),
        None => None,
    };
    let password = match new.password {
        Some(password) => Some(server.gate.keep(Zeroizing::new(password), name.clone()).await?),
        None => None,
    };
    let at = accounts::seconds(server.at());
    let (added, role) = (name.clone(), new.role);
    change(&server, move |book| {
        let by = By::Caller(&caller);
        book.add(by, added.clone(), role, party, at)?;
        match password {
            Some(password) => book.set_password(by, &added, password),
            None => Ok(()),
        }
    })
    .await?;
    Ok((StatusCode::CREATED, shown(&server, &name)?).into_response())
}

/// The id of a party that is not this node's own.
async fn party_of_others(server: &Arc<Server>, party: String) -> Result<String, Problem> {
    let party = blocking(server, move |server| Ok(named(&server.node, Some(&party))?)).await;
    match party {
        Ok(party) if !party.is_self => Ok(party.id),
        Ok(_) => Err(Problem::unprocessable("this party is this node's own").at(
            "/party",
            "name another one; people of this node have the other roles",
        )),
        Err(problem) if problem.status == StatusCode::NOT_FOUND => {
            Err(Problem::unprocessable("this party is not known here").at("/party", problem.detail))
        }
        Err(problem) => Err(problem),
    }
}

/// One account
#[utoipa::path(get, path = "/api/v1/accounts/{name}", tag = "accounts",
    params(("name" = String, Path, description = "The account's name")), responses((status = 200, body = AccountShown)))]
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
) -> Result<Json<AccountShown>, Problem> {
    shown(&server, &of_path(&name)?)
}

/// What is to change of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountChange {
    /// Another role; a party's account never gets one of this node's own.
    #[schema(value_type = Option<RoleName>)]
    role: Option<Role>,
    /// Whether nobody may ask as it for now.
    disabled: Option<bool>,
}

/// Give an account another role, disable or enable it
#[utoipa::path(patch, path = "/api/v1/accounts/{name}", tag = "accounts",
    params(("name" = String, Path, description = "The account's name")), request_body = AccountChange, responses((status = 200, body = AccountShown)))]
pub(super) async fn update(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Small(asked): Small<AccountChange>,
) -> Result<Json<AccountShown>, Problem> {
    let name = of_path(&name)?;
    let changed = name.clone();
    change(&server, move |book| {
        let by = By::Caller(&caller);
        if let Some(role) = asked.role {
            book.set_role(by, &changed, role)?;
        }
        match asked.disabled {
            Some(disabled) => book.set_disabled(by, &changed, disabled),
            None => Ok(()),
        }
    })
    .await?;
    shown(&server, &name)
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// At least 12 characters.
    #[schema(max_length = 1024)]
    password: String,
}

/// Set somebody's password; whoever is signed in with the former one is signed out
#[utoipa::path(put, path = "/api/v1/accounts/{name}/password", tag = "accounts",
    params(("name" = String, Path, description = "The account's name")), request_body = NewPassword, responses((status = 204, description = "It is set")))]
pub(super) async fn password(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Small(asked): Small<NewPassword>,
) -> Result<StatusCode, Problem> {
    set_password(&server, caller, of_path(&name)?, asked.password).await
}

/// Sets the password of `name`, as `caller` may.
pub(super) async fn set_password(
    server: &Arc<Server>,
    caller: Caller,
    name: Name,
    new: String,
) -> Result<StatusCode, Problem> {
    let kept = server.gate.keep(Zeroizing::new(new), name.clone()).await?;
    change(server, move |book| {
        book.set_password(By::Caller(&caller), &name, kept)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove somebody's second factor, when they lost it
#[utoipa::path(delete, path = "/api/v1/accounts/{name}/second-factor", tag = "accounts",
    params(("name" = String, Path, description = "The account's name")), responses((status = 204, description = "It is gone")))]
pub(super) async fn remove_second(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    drop_second(&server, caller, of_path(&name)?).await
}

/// Removes the second factor of `name`, as `caller` may.
pub(super) async fn drop_second(
    server: &Arc<Server>,
    caller: Caller,
    name: Name,
) -> Result<StatusCode, Problem> {
    change(server, move |book| book.remove_second(By::Caller(&caller), &name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTokenOrder {
    /// What it may be used for; where none is named all that its account may, but to make further tokens (`account`).
    #[schema(value_type = Option<Vec<ScopeName>>, max_items = 16)]
    scopes: Option<Vec<Action>>,
    /// What to call it in lists.
    #[schema(min_length = 1, max_length = 100)]
    label: Option<String>,
    /// How many days it lasts; 90 where nothing is said.
    #[schema(minimum = 1, maximum = 730)]
    days: Option<u64>,
}

/// Makes a token of `name`, and answers with it.
pub(super) async fn new_token(
    server: &Arc<Server>,
    caller: Caller,
    name: Name,
    asked: NewTokenOrder,
) -> Result<Response, Problem> {
    let new = NewToken {
        scopes: asked
            .scopes
            .map(|scopes| scopes.into_iter().filter(|scope| !scope.is_implied()).collect()),
        label: asked.label,
        seconds: asked
            .days
            .map_or(TOKEN_SECONDS, |days| days.saturating_mul(86_400)),
    };
    let made = blocking(server, move |server| {
        server.gate.accounts.change(|book| {
            accounts::make_token(book, By::Caller(&caller), &name, new, server.at()).map_err(Problem::from)
        })
    });
    Ok((StatusCode::CREATED, Json::<TokenMade>(made.await?)).into_response())
}

/// Somebody's tokens
#[utoipa::path(get, path = "/api/v1/accounts/{name}/tokens", tag = "accounts",
    params(("name" = String, Path, description = "The account's name")), responses((status = 200, body = Items<TokenShown>)))]
pub(super) async fn tokens(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
) -> Result<Json<Items<TokenShown>>, Problem> {
    let Json(account) = shown(&server, &of_path(&name)?)?;
    Ok(Json(Items::all(account.tokens)))
}

/// Make a token of somebody's; its secret is shown once
#[utoipa::path(post, path = "/api/v1/accounts/{name}/tokens", tag = "accounts",
    params(("name" = String, Path, description = "The account's name")), request_body = NewTokenOrder, responses((status = 201, body = TokenMade)))]
pub(super) async fn add_token(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Small(asked): Small<NewTokenOrder>,
) -> Result<Response, Problem> {
    new_token(&server, caller, of_path(&name)?, asked).await
}

/// Take all of somebody's tokens back
#[utoipa::path(delete, path = "/api/v1/accounts/{name}/tokens", tag = "accounts",
    params(("name" = String, Path, description = "The account's name")), responses((status = 200, body = Revoked)))]
pub(super) async fn revoke_all(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<Json<Revoked>, Problem> {
    let name = of_path(&name)?;
    let revoked = change(&server, move |book| book.revoke_all(By::Caller(&caller), &name)).await?;
    Ok(Json(Revoked { revoked }))
}

/// Take a token back
#[utoipa::path(delete, path = "/api/v1/accounts/{name}/tokens/{token}", tag = "accounts",
    params(("name" = String, Path, description = "The account's name"), ("token" = String, Path, description = "Its number (tok-…)")),
    responses((status = 204, description = "It is good no more")))]
pub(super) async fn revoke(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path((name, token)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    take_back(&server, caller, of_path(&name)?, token).await
}

/// Takes a token of `name` back, as `caller` may.
pub(super) async fn take_back(
    server: &Arc<Server>,
    caller: Caller,
    name: Name,
    token: String,
) -> Result<StatusCode, Problem> {
    change(server, move |book| {
        book.require_token_of(&name, &token)?;
        book.revoke(By::Caller(&caller), &token).map(drop)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
