//! Signing in and out, for people with a browser.

use std::sync::Arc;

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use entente_access::shown::COOKIE;
use entente_access::throttle::Kind;
use entente_access::{Account, Name, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::input::{Json, Small};
use crate::accounts;
use crate::serve::caller::{self, is_from_elsewhere, session_cookie};
use crate::serve::gate::Door;
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// A name and its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The account's name.
    #[schema(max_length = 1024, example = "ada")]
    name: String,
    /// Its password.
    #[schema(max_length = 1024, example = "correct horse battery")]
    password: String,
}

/// How far somebody is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// As whom.
    account: String,
    /// Its role.
    role: String,
    /// Whether the code of the second factor is still to come (`POST /api/v1/session/code`), within five minutes;
    /// nothing may be done until then.
    needs_code: bool,
}

/// Sign in with a name and password
///
/// The answer sets the cookie of a session, which ends when nothing was asked for 30 minutes, and after 12 hours. Tools
/// use tokens instead.
#[utoipa::path(post, path = "/api/v1/session", tag = "accounts", request_body = SignIn, responses((status = 200, body = SignedIn)))]
pub(super) async fn sign_in(
    State(server): State<Arc<Server>>,
    parts: Parts,
    Small(asked): Small<SignIn>,
) -> Result<Response, Problem> {
    require_own_page(&parts)?;
    let password = Zeroizing::new(asked.password);
    let name = server
        .gate
        .verify(&asked.name, &password, caller::address(&parts), Door::SignIn)
        .await?;
    let book = server.gate.accounts.read()?;
    let account = book
        .get(&name)
        .ok_or_else(|| Refusal::NoAccount(name.to_string()))?;
    begin(&server, &name, account)
}

/// Begins a session, which waits for a code where the account has a second factor.
pub(crate) fn begin(server: &Server, name: &Name, account: &Account) -> Result<Response, Problem> {
    session(server, name, account, account.has_second())
}

fn session(server: &Server, name: &Name, account: &Account, needs_code: bool) -> Result<Response, Problem> {
    let secret = server.gate.sign_in(name.clone(), account, needs_code)?;
    let signed_in = SignedIn {
        account: name.to_string(),
        role: account.role.to_string(),
        needs_code,
    };
    let cookie = Zeroizing::new(format!(
        "{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Strict",
        secret.expose()
    ));
    Ok((set_cookie(&cookie), Json(signed_in)).into_response())
}

fn set_cookie(cookie: &str) -> AppendHeaders<Option<(HeaderName, HeaderValue)>> {
    let cookie = HeaderValue::try_from(cookie).ok().map(|mut cookie| {
        cookie.set_sensitive(true);
        cookie
    });
    AppendHeaders(cookie.map(|cookie| (header::SET_COOKIE, cookie)))
}

/// A code of the second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    /// Six digits.
    #[schema(max_length = 64, example = "287082")]
    pub(super) code: String,
}

/// Sign in: the code of the second factor, after the password
#[utoipa::path(post, path = "/api/v1/session/code", tag = "accounts", request_body = Code, responses((status = 200, body = SignedIn)))]
pub(super) async fn code(
    State(server): State<Arc<Server>>,
    parts: Parts,
    Small(asked): Small<Code>,
) -> Result<Response, Problem> {
    require_own_page(&parts)?;
    let cookie = session_cookie(&parts.headers).map(|cookie| Zeroizing::new(cookie.to_owned()));
    let waiting = match &cookie {
        Some(cookie) => server
            .gate
            .session(cookie)?
            .filter(|session| session.awaits_second),
        None => None,
    };
    let (Some(cookie), Some(waiting)) = (cookie, waiting) else {
        return Err(
            Problem::unauthorized("no sign-in waits for a code; begin with name and password")
                .challenge(caller::CHALLENGE),
        );
    };
    let name = waiting.account;
    let begun = server
        .gate
        .begin(Kind::Code, name.as_str(), caller::address(&parts))?;
    let taken = name.clone();
    blocking(&server, move |server| {
        let at = accounts::seconds(server.at());
        server
            .gate
            .accounts
            .change(|book| match book.take_code(&taken, asked.code.trim(), at) {
                Ok(()) => Ok(()),
                Err(refusal) => Err(Problem::unauthorized(refusal.to_string()).challenge(caller::CHALLENGE)),
            })
    })
    .await?;
    server.gate.right(begun);
    server.gate.signed_in_from(&name, caller::address(&parts));
    server.gate.sign_out(&cookie);
    let book = server.gate.accounts.read()?;
    let account = book
        .get(&name)
        .ok_or_else(|| Refusal::NoAccount(name.to_string()))?;
    session(&server, &name, account, false)
}

/// Sign out
#[utoipa::path(delete, path = "/api/v1/session", tag = "accounts", responses((status = 204, description = "No session is left")))]
pub(super) async fn sign_out(State(server): State<Arc<Server>>, parts: Parts) -> Result<Response, Problem> {
    if let Some(cookie) = session_cookie(&parts.headers) {
        if is_from_elsewhere(&parts) {
            return Err(Problem::forbidden("only this node's own pages sign out"));
        }
        server.gate.sign_out(cookie);
    }
    let gone = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok((StatusCode::NO_CONTENT, set_cookie(&gone)).into_response())
}

/// Refuses what a browser sends for another site's page: nobody is signed in as somebody else that way. Who is no
/// browser says nothing about it.
pub(crate) fn require_own_page(parts: &Parts) -> Result<(), Problem> {
    let headers = &parts.headers;
    let is_told = headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN);
    if is_told && is_from_elsewhere(parts) {
        return Err(Problem::forbidden(
            "this request comes from another site; sign in on this node's own page, or with a tool that sends no `Origin`",
        ));
    }
    Ok(())
}

/// An account's name in a body.
pub(crate) fn name(text: &str, pointer: &str) -> Result<Name, Problem> {
    text.parse().map_err(|bad: entente_access::name::BadName| {
        Problem::unprocessable("this cannot be the name of an account").at(pointer, bad.to_string())
    })
}
