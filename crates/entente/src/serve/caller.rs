//! Who asks: found from what the connection and the request carry.

use axum::http::request::Parts;
use entente_access::{Caller, Who};
use entente_exchange::hello::TlsKey;

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
pub(crate) async fn of(_server: &Server, _parts: &Parts) -> Result<Caller, Problem> {
    Ok(Caller::anyone())
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
