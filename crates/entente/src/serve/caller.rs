//! Who asks: found from what the connection and the request carry.

use axum::http::request::Parts;
use entente_access::{Caller, Who};
use entente_exchange::hello::TlsKey;

use super::peer;
use super::problem::Problem;
use super::server::Server;

/// What a connection tells about the other side.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// Its address.
    pub(crate) address: std::net::SocketAddr,
    /// Whether it is encrypted.
    pub(crate) is_tls: bool,
    /// The key of its client certificate, where it showed one and proved to hold it.
    pub(crate) key: Option<TlsKey>,
}

/// Who asks.
pub(crate) async fn of(server: &Server, parts: &Parts) -> Result<Caller, Problem> {
    let connection = parts.extensions.get::<Connection>();
    // Asked at each request: a key that is taken back counts no more on connections that stand.
    let peer = match connection.and_then(|connection| connection.key) {
        Some(key) => peer::known(server, &key)?,
        None => None,
    };
    Ok(peer.map_or_else(Caller::anyone, |party| Caller::peer(&party)))
}

const CHALLENGE: &str = "Bearer realm=\"entente\", Basic realm=\"entente\", charset=\"UTF-8\"";

/// The answer to a caller that may not: who is nobody yet is asked who they are.
pub(crate) fn refusal(caller: &Caller) -> Problem {
    match caller.who {
        Who::Anyone => Problem::unauthorized(
            "give a token (`Authorization: Bearer ent_…`), a name and password, or a client certificate; `entente account \
             token` makes tokens",
        )
        .challenge(CHALLENGE),
        _ => Problem::forbidden(
            "neither the role of this account nor the scopes of this token allow it; an administrator can change that",
        ),
    }
}
