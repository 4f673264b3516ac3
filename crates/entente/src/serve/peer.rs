//! What other nodes ask: introductions, questions, and logs as files (`docs/formats/peer.md`).
//!
//! Everything that is told goes through `PeerView`, as what the party of the caller may see. What a peer may cost is
//! bounded for each by itself ([`budget`]), so that one does not slow the others.

mod budget;
mod nonces;
mod tiles;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use entente_access::{Action, Caller};
use entente_exchange::hello::{Hello, Met, Moment, NotAHello, Refusal, Said, Threshold, TlsKey, VERSIONS};
use entente_exchange::limits::{HELLO_BYTES_MAX, PACKED_BYTES_MAX};
use entente_exchange::message::Question;
use entente_exchange::{answer, answer_locked, read_questions};

use tokio::sync::Notify;

use super::body::{self, Bounds};
use super::caller::Connection;
use super::limits::{CALLER_TAXII_BYTES_MAX, STRANGERS_TAXII_BYTES_MAX, TAXII_BYTES_MAX};
use super::problem::Problem;
use super::routes::Route;
use super::server::Server;
use super::shares::Shares;
use super::work::blocking;
use crate::keys;
use crate::peers::line::MESSAGE;
use crate::peers::{Book, Peer, Pinned};
use budget::Budgets;
pub(crate) use budget::{
    AT_ONCE, CONTRIBUTED_BYTES_A_DAY, VISITORS_AT_ONCE, VISITORS_WAITING_MAX, WAITING_MAX, now,
};
use nonces::Nonces;

pub(crate) const ROUTES: &[Route] = &[
    Route::new("POST", "/peer/v1/hello", Action::Know),
    Route::new("POST", "/peer/v1/ask", Action::Peer),
    Route::new("GET", "/tiles/{*path}", Action::TaxiiRead),
];

pub(crate) fn router() -> Router<Arc<Server>> {
    Router::new()
        .route("/peer/v1/hello", post(hello))
        .route("/peer/v1/ask", post(ask))
        .route("/tiles/{*path}", get(tiles::file))
}

/// What the server remembers of those who ask here.
pub(crate) struct Door {
    nonces: Nonces,
    budgets: Budgets,
    /// Who asks by TAXII and is known, and who is not: the latter do not crowd out the former.
    pub(super) visitors: Visitors,
    pub(super) strangers: Visitors,
    /// Parties that told something just now: they may have more.
    heard: Mutex<BTreeSet<String>>,
    spoke: Notify,
}

/// What visitors of TAXII may cost.
pub(super) struct Visitors {
    pub(super) budgets: Budgets,
    /// Bytes of answers that wait for their readers, by caller.
    pub(super) answers: Arc<Shares<String>>,
}

impl Visitors {
    fn new(bytes_max: u64, caller_bytes_max: u64) -> Visitors {
        Visitors {
            budgets: Budgets::of_visitors(),
            answers: Shares::new(bytes_max, caller_bytes_max),
        }
    }
}

impl Door {
    pub(crate) fn new() -> Result<Door, crate::exit::Failure> {
        Ok(Door {
            nonces: Nonces::new(keys::seed()?),
            budgets: Budgets::of_peers(),
            visitors: Visitors::new(TAXII_BYTES_MAX, CALLER_TAXII_BYTES_MAX),
            strangers: Visitors::new(STRANGERS_TAXII_BYTES_MAX, CALLER_TAXII_BYTES_MAX),
            heard: Mutex::default(),
            spoke: Notify::new(),
        })
    }

    /// The parties that told something since this was asked last.
    pub(crate) fn heard(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns when a party has told something.
    pub(crate) async fn somebody_spoke(&self) {
        self.spoke.notified().await;
    }

    fn hear(&self, party: &str) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.insert(party.to_owned());
        self.spoke.notify_one();
    }
}

/// The party whose key this is, if the key still counts: it is pinned, and who vouched for it is not revoked.
pub(crate) fn known(server: &Server, key: &TlsKey) -> Result<Option<String>, Problem> {
    let book = server.peers.read().map_err(crate::exit::Failure::from)?;
    let Some((party, pinned)) = book.by_key(key) else {
        return Ok(None);
    };
    let known = server.node.party(party)?;
    Ok(known.filter(|known| pinned.counts(known)).map(|known| known.id))
}

/// `POST /peer/v1/hello`: an empty body knocks, a hello introduces.
async fn hello(
    State(server): State<Arc<Server>>,
    Extension(connection): Extension<Connection>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    server.door.budgets.greet(connection.address)?;
    let bounds = Bounds {
        bytes_max: HELLO_BYTES_MAX,
        decoded_max: HELLO_BYTES_MAX,
    };
    let body = body::whole(&server, &parts, body, bounds).await?;
    let answer = blocking(&server, move |server| match body.is_empty() {
        true => threshold(server, &connection),
        false => introduce(server, &connection, &caller, &body),
    });
    Ok(text(answer.await?))
}

fn text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

fn threshold(server: &Server, connection: &Connection) -> Result<String, Problem> {
    Ok(Threshold {
        party: own_party(server)?,
        nonce: server
            .door
            .nonces
            .fresh(connection.key, server.at(), keys::seed()?),
        versions: VERSIONS.to_vec(),
    }
    .text())
}

fn own_party(server: &Server) -> Result<String, Problem> {
    let me = server.node.me()?;
    let me = me.ok_or_else(|| {
        Problem::conflict(
            "this node is no party yet; its operator makes it one with `entente party add --self NAME`",
        )
    })?;
    Ok(me.id)
}

/// Verifies who introduces itself, keeps its key, and answers with a hello of this node's own.
fn introduce(
    server: &Server,
    connection: &Connection,
    caller: &Caller,
    body: &[u8],
) -> Result<String, Problem> {
    let signing = server.signing()?;
    let (me, at) = (own_party(server)?, server.at());
    let said = Said::read(body).map_err(|error: NotAHello| Problem::bad_request(error.to_string()))?;
    let sender = server.node.party(said.sender())?;
    let nonce = said.answers();
    if !server.door.nonces.is_ours(&nonce, connection.key, at) {
        return Err(refused(&Refusal::Replayed));
    }
    let moment = Moment {
        me: &me,
        key: connection.key,
        nonce: &nonce,
        at,
    };
    let met = said
        .verify(sender.as_ref(), &moment)
        .map_err(|refusal| refused(&refusal))?;
    if !server.door.nonces.use_up(&nonce, at) {
        return Err(refused(&Refusal::Replayed));
    }
    match Pinned::of(&met, at) {
        Some(pinned) => pin(server, &met, pinned)?,
        // Without a key, who asks must be known by a token.
        None if caller.who.party() == Some(met.hello.from.as_str()) => {
            let book = server.peers.read().map_err(crate::exit::Failure::from)?;
            require_welcome(&book, &met.hello.from)?;
        }
        None => {
            return Err(Problem::forbidden(
                "show a client certificate, or, behind a proxy, give a token of this party",
            ));
        }
    }
    let answer = Hello {
        from: me,
        to: met.hello.from,
        key: server.shown().filter(|_| met.hello.key.is_some()),
        answers: met.hello.nonce,
        nonce: keys::seed()?,
        at,
        versions: VERSIONS.to_vec(),
    };
    answer
        .sign(&signing.unlocked.keys)
        .map_err(|refusal| refused(&refusal))
}

fn refused(refusal: &Refusal) -> Problem {
    match refusal {
        // Whose cards are known here is told to nobody who has not shown to be one of them.
        Refusal::Signature(_) => Problem::forbidden(
            "either this node has no card of that party, or the hello is not signed by a key that counts now by that card; its \
             operator takes the newest card in with `entente party add FILE`; cards are exchanged by another way, and \
             compared there",
        ),
        refusal => Problem::forbidden(refusal.to_string()),
    }
}

/// Who was removed stays so, whatever it says.
fn require_welcome(book: &Book, party: &str) -> Result<(), Problem> {
    match book.removed.get(party) {
        Some(removed) => Err(Problem::forbidden(removed.sentence())),
        None => Ok(()),
    }
}

/// Why the key of a connection opens nothing here, where it once did.
pub(crate) fn why_not(server: &Server, key: &TlsKey) -> Option<String> {
    server.peers.read().ok()?.why_not(key)
}

/// Keeps the key that a party asks with from now on; one that it had before counts no more.
fn pin(server: &Server, met: &Met, pinned: Pinned) -> Result<(), Problem> {
    let party = met.hello.from.as_str();
    let since = server.at();
    server.peers.change(|book| {
        require_welcome(book, party)?;
        let other = book.holder(&pinned.key).filter(|holder| *holder != party);
        if other.is_some() {
            return Err(Problem::conflict(
                "this TLS key is another party's here; its operator has to remove that peer first",
            ));
        }
        let peer = book
            .peers
            .entry(party.to_owned())
            .or_insert_with(|| Peer::new(since));
        peer.asks_with = Some(pinned);
        Ok(())
    })
}

/// `POST /peer/v1/ask`: questions of a peer, answered as what its party may see.
async fn ask(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let party = caller.who.party().map(str::to_owned);
    let party = party.ok_or_else(|| {
        Problem::forbidden(
            "only another party's node or account asks here; this node's own people use `/api/v1`",
        )
    })?;
    let mut turn = server.door.budgets.turn(&party).await?;
    let bounds = Bounds {
        bytes_max: PACKED_BYTES_MAX,
        decoded_max: PACKED_BYTES_MAX,
    };
    let question = body::whole(&server, &parts, body, bounds).await?;
    turn.bytes(question.len());
    let answered = blocking(&server, move |server| {
        let began = budget::now();
        let at = server.at();
        let view = server.node.view(&party, at);
        if tells(&question) {
            server.door.hear(&party);
        }
        let answered = match server.desk() {
            Ok(desk) => answer(&view, &desk, &question),
            Err(_) => answer_locked(&view, at, &question),
        };
        Ok((
            answered.map_err(|error| Problem::failed(error.to_string()))?,
            began.elapsed(),
        ))
    });
    let (answered, worked) = answered.await?;
    turn.bytes(answered.len());
    turn.worked(worked);
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, MESSAGE)], answered).into_response())
}

/// Whether a message brings heads or acts, so that there may be more to read where it came from.
fn tells(question: &[u8]) -> bool {
    let questions = read_questions(question).unwrap_or_default();
    let brings = |question: &Question| matches!(question, Question::TakeHeads(_) | Question::TakeActs(_));
    questions.iter().any(brings)
}
