//! Who asks: found from what the connection and the request carry.
//!
//! What a request shows itself comes first (`Authorization`, then the cookie of a session), the connection's
//! certificate after it. What is shown and wrong is refused; who shows nothing is anyone.

mod shown;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::Request;
use axum::http::Method;
use axum::http::request::Parts;
use entente_access::shown::Shown;
use entente_access::{Caller, Scopes, Standing, Who, secret};
use entente_exchange::hello::TlsKey;

use super::gate::Door;
use super::listen::network_of;
use super::peer;
use super::problem::Problem;
use super::proxy::{self, Proxy};
use super::server::Server;
use crate::accounts;

pub(crate) use shown::{is_from_elsewhere, session_cookie};

/// What a connection tells about the other side.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// Its address; behind a trusted proxy, whom that names.
    pub(crate) address: IpAddr,
    /// Whether it is encrypted.
    pub(crate) is_tls: bool,
    /// The key of its client certificate, where it showed one and proved to hold it.
    pub(crate) key: Option<TlsKey>,
}

/// Puts the caller's own address in the place of a trusted proxy's.
pub(crate) fn name_origin(proxies: &[Proxy], request: &mut Request) {
    if let Some(mut connection) = request.extensions().get::<Connection>().cloned() {
        connection.address = proxy::caller(proxies, connection.address, request.headers());
        request.extensions_mut().insert(connection);
    }
}

/// The other side's address, for counting its failed tries.
pub(crate) fn address(parts: &Parts) -> IpAddr {
    let connection = parts.extensions.get::<Connection>();
    connection.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |connection| connection.address)
}

/// What a caller's share is counted by: its party, its account, or, of who is not known, the network.
pub(crate) fn counted_as(parts: &Parts) -> String {
    match parts.extensions.get::<Caller>() {
        Some(caller) if caller.who != Who::Anyone => match caller.who.party() {
            Some(party) => party.to_owned(),
            None => caller.account.clone().unwrap_or_else(|| caller.name.clone()),
        },
        _ => format!("{:x}", network_of(address(parts))),
    }
}

/// Who asks.
pub(crate) async fn of(server: &Arc<Server>, parts: &Parts) -> Result<Caller, Problem> {
    match shown::authorization(&parts.headers) {
        Shown::Bearer(token) => by_token(server, token, None),
        Shown::Basic { name, secret } if secret::is_token(&secret) => by_token(server, &secret, Some(&name)),
        Shown::Basic { name, secret } => {
            let name = server
                .gate
                .verify(&name, &secret, address(parts), Door::Request)
                .await?;
            let caller = server.gate.accounts.read()?.caller(&name, Scopes::ALL);
            caller.ok_or_else(|| invalid("this account was disabled just now"))
        }
        Shown::Unreadable(why) => Err(invalid(why)),
        Shown::Nothing => match by_session(server, parts)? {
            Some(caller) => Ok(caller),
            None => by_certificate(server, parts),
        },
    }
}

fn by_token(server: &Arc<Server>, shown: &str, name: Option<&str>) -> Result<Caller, Problem> {
    let standing = server
        .gate
        .accounts
        .read()?
        .token(shown, accounts::seconds(server.at()));
    match standing {
        // A name beside a token must be its own: who mixes two accounts up should know.
        Standing::Good { caller, .. } if name.is_some_and(|name| !is_named(&caller, name)) => Err(invalid(
            "this token belongs to another account than the name beside it",
        )),
        // Known by its 256 bits: nobody else's failures keep it out.
        Standing::Good {
            caller,
            token,
            note_use,
        } => {
            if note_use {
                server.gate.note_use(token);
            }
            Ok(caller)
        }
        Standing::Over => Err(invalid(
            "this token is over; `entente account token` makes a new one",
        )),
        Standing::NotYet => Err(invalid(
            "by this node's clock this token is not made yet; its operator should set the clock right",
        )),
        Standing::Disabled => Err(invalid(
            "the account of this token is disabled; ask an administrator",
        )),
        // Not a try that counts: nobody guesses 256 bits, and made-up ones would keep out whoever shares the network.
        Standing::Unknown => Err(invalid(
            "this token is not known here: mistyped, revoked, or of another node; `entente account token` makes a new one",
        )),
    }
}

fn is_named(caller: &Caller, name: &str) -> bool {
    name.parse::<entente_access::Name>()
        .is_ok_and(|name| name.as_str() == caller.name)
}

/// By the cookie of somebody who signed in. A session that is over is none, and no fault.
fn by_session(server: &Server, parts: &Parts) -> Result<Option<Caller>, Problem> {
    let Some(cookie) = session_cookie(&parts.headers) else {
        return Ok(None);
    };
    let session = server
        .gate
        .session(cookie)?
        .filter(|session| !session.awaits_second);
    let Some(session) = session else {
        return Ok(None);
    };
    if is_from_elsewhere(parts) {
        return Err(Problem::forbidden(
            "this request comes from another site, or does not say where from; tools use tokens, cookies are for this node's own pages",
        ));
    }
    Ok(server.gate.accounts.read()?.caller(&session.account, Scopes::ALL))
}

fn by_certificate(server: &Server, parts: &Parts) -> Result<Caller, Problem> {
    let connection = parts.extensions.get::<Connection>();
    // Asked at each request: a key that is taken back counts no more on connections that stand.
    let peer = match connection.and_then(|connection| connection.key) {
        Some(key) => peer::known(server, &key)?,
        None => None,
    };
    Ok(peer.map_or_else(Caller::anyone, |party| Caller::peer(&party)))
}

/// How to say who one is.
pub(crate) const CHALLENGE: &str = "Bearer realm=\"entente\", Basic realm=\"entente\", charset=\"UTF-8\"";

const INVALID: &str =
    "Bearer realm=\"entente\", error=\"invalid_token\", Basic realm=\"entente\", charset=\"UTF-8\"";

fn invalid(detail: &str) -> Problem {
    Problem::unauthorized(detail).challenge(INVALID)
}

/// The answer to a caller that may not: who is nobody yet is asked who they are.
pub(crate) fn refusal(server: &Server, parts: &Parts, caller: &Caller) -> Problem {
    match caller.who {
        Who::Anyone => {
            let key = parts
                .extensions
                .get::<Connection>()
                .and_then(|connection| connection.key);
            let known_once = key.and_then(|key| peer::why_not(server, &key));
            let why = known_once.unwrap_or_else(|| {
                "give a token (`Authorization: Bearer ent_…`), a name and password, or a client certificate; `entente account \
                 token` makes tokens, `entente peer add` introduces a node"
                    .to_owned()
            });
            Problem::unauthorized(why).challenge(CHALLENGE)
        }
        _ => Problem::forbidden(
            "neither the role of this account nor the scopes of this token allow it; an administrator can change that",
        ),
    }
}

/// Whether a request changes nothing, whoever sends it.
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}
