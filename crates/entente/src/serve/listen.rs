//! Connections: accepted, greeted, watched, and let go.
//!
//! A plain `axum::serve` lets a client hold a connection for ever; here every wait has an end: the TLS handshake, the
//! head of a request, pauses and slowness of a body, a reader that takes nothing, and idleness. Begin at [`Listener`].

mod body;
mod stall;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::caller::Connection;
use super::limits::{
    ADDRESS_SHARE, ANSWER_STALL_MAX, HANDSHAKE_WITHIN, HEAD_BYTES_MAX, HEAD_WITHIN, IDLE_WITHIN, STOP_AFTER,
    STREAMS_MAX, WRITE_STALL_MAX,
};
use super::server::Server;
use super::shares::Shares;
use super::tls::{self, Tls};
use crate::cli;
use crate::exit::Failure;
use body::{Guarded, Paced};
use stall::Stalling;

/// A socket that is listened at.
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    /// Places for connections, by network.
    places: Arc<Shares<u128>>,
}

impl Listener {
    /// Binds an address; plain HTTP beyond loopback only where that was asked for in so many words.
    pub(crate) async fn bind(address: SocketAddr, asked: &cli::Serve) -> Result<Listener, Failure> {
        if asked.plain && !asked.plain_beyond_loopback && !is_loopback(address.ip()) {
            return Err(Failure::usage(format!(
                "plain HTTP at {address} could be read by others on the way; leave `--plain` out, or, behind a proxy that does \
                 TLS, add `--plain-beyond-loopback`"
            )));
        }
        let cannot = |error: std::io::Error| {
            Failure::network(format!(
                "cannot listen at {address}: {error}; name another address with `--listen`"
            ))
        };
        let socket = TcpListener::bind(address).await.map_err(cannot)?;
        let address = socket.local_addr().map_err(cannot)?;
        Ok(Listener {
            socket,
            address,
            places: Shares::new(
                u64::from(asked.connections),
                u64::from(asked.connections.div_ceil(ADDRESS_SHARE)),
            ),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts until the server stops; then waits for answers under way.
    pub(crate) async fn accept(self, server: Arc<Server>, tls: Option<Tls>, router: Router) {
        let mut connections = JoinSet::new();
        loop {
            let (stream, address) = tokio::select! {
                accepted = self.socket.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of descriptors, or the other side was gone already: neither ends the server.
                        eprintln!("entente: cannot accept a connection: {error}");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
                () = server.stopped() => break,
            };
            while connections.try_join_next().is_some() {}
            let Ok(place) = self.places.take(network_of(address.ip()), 1) else {
                continue;
            };
            let (server, tls, router) = (server.clone(), tls.clone(), router.clone());
            connections.spawn(async move {
                let gauge = server.metrics.connections.clone();
                gauge.inc();
                attend(stream, address, server, tls, router).await;
                gauge.dec();
                drop(place);
            });
        }
        drop(self.socket);
        let ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_AFTER, ended).await.is_err() {
            connections.abort_all();
        }
    }
}

/// An IPv4 address, or the /64 of an IPv6 address: what one customer has.
pub(super) fn network_of(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits() & !u128::from(u64::MAX),
    }
}

/// Whether only this machine reaches the address.
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

async fn attend(
    stream: TcpStream,
    address: SocketAddr,
    server: Arc<Server>,
    tls: Option<Tls>,
    router: Router,
) {
    // Small answers go at once; where the system cannot, they go a little later.
    let _ = stream.set_nodelay(true);
    let activity = Arc::new(Activity::new());
    let stream = Stalling::new(stream, WRITE_STALL_MAX, activity.clone());
    let Some(tls) = tls else {
        let connection = Connection {
            address: address.ip(),
            is_tls: false,
            key: None,
        };
        return converse(stream, connection, false, activity, server, router).await;
    };
    // Who does not greet in time, or greets wrongly, is let go without a word.
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await {
        let is_h2 = tls::is_h2(&stream);
        let connection = Connection {
            address: address.ip(),
            is_tls: true,
            key: tls::key_of_peer(&stream),
        };
        converse(stream, connection, is_h2, activity, server, router).await;
    }
}

/// Serves one connection, in the version of HTTP that was agreed on.
async fn converse<S>(
    stream: S,
    connection: Connection,
    is_h2: bool,
    activity: Arc<Activity>,
    server: Arc<Server>,
    router: Router,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = {
        let activity = activity.clone();
        hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
            let doing = activity.clone().begin();
            request.extensions_mut().insert(connection.clone());
            let request = request.map(|body| axum::body::Body::new(Paced::new(body, activity.clone())));
            let router = router.clone();
            async move {
                let response = router.oneshot(request).await?;
                Ok::<_, std::convert::Infallible>(response.map(|body| Guarded::new(body, doing)))
            }
        })
    };
    let io = TokioIo::new(stream);
    if is_h2 {
        let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(HEAD_WITHIN / 2)
            .keep_alive_timeout(HEAD_WITHIN / 2)
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX));
        watch(builder.serve_connection(io, service), &activity, &server).await;
    } else {
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_buf_size(HEAD_BYTES_MAX)
            .half_close(false);
        watch(builder.serve_connection(io, service), &activity, &server).await;
    }
}

/// Drives a connection until it ends, has been idle too long, or the server stops.
async fn watch<C: GracefulConnection>(connection: C, activity: &Activity, server: &Server) {
    let mut connection = pin!(connection);
    loop {
        tokio::select! {
            // What goes wrong with one connection is that connection's; it is closed.
            _ = connection.as_mut() => return,
            () = tokio::time::sleep(IDLE_WITHIN / 8) => {
                if activity.is_stalled() {
                    return;
                }
                if activity.idle_for() > IDLE_WITHIN || (activity.is_over() && activity.is_idle()) {
                    break;
                }
            }
            () = server.stopped() => break,
        }
    }
    connection.as_mut().graceful_shutdown();
    let within = match activity.is_idle() {
        true => IDLE_WITHIN / 8,
        false => STOP_AFTER,
    };
    let _ = tokio::time::timeout(within, connection).await;
}

/// Which requests of a connection are under way, and whether the other side does its part.
pub(crate) struct Activity {
    doing: AtomicUsize,
    last: Mutex<Instant>,
    /// Answers of which a piece was handed out and the next one was not asked for yet: since when.
    handed: Mutex<BTreeMap<u64, Instant>>,
    answers: AtomicU64,
    over: AtomicBool,
}

impl Activity {
    fn new() -> Activity {
        Activity {
            doing: AtomicUsize::new(0),
            last: Mutex::new(now()),
            handed: Mutex::default(),
            answers: AtomicU64::new(0),
            over: AtomicBool::new(false),
        }
    }

    fn begin(self: Arc<Self>) -> Doing {
        self.doing.fetch_add(1, Ordering::AcqRel);
        Doing(self)
    }

    /// The other side took a part of an answer: it is not idle, though nothing else is under way.
    fn moved(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = now();
    }

    fn handed(&self) -> MutexGuard<'_, BTreeMap<u64, Instant>> {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the other side lets an answer wait: over HTTP/2 it can without the socket showing it.
    fn is_stalled(&self) -> bool {
        let handed = self.handed();
        handed.values().any(|since| since.elapsed() > ANSWER_STALL_MAX)
    }

    /// The other side was given up: this is its last request.
    fn end(&self) {
        self.over.store(true, Ordering::Release);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    fn is_idle(&self) -> bool {
        self.doing.load(Ordering::Acquire) == 0
    }

    fn idle_for(&self) -> Duration {
        match self.is_idle() {
            true => self.last.lock().unwrap_or_else(PoisonError::into_inner).elapsed(),
            false => Duration::ZERO,
        }
    }
}

/// A request under way, until its answer is written.
pub(crate) struct Doing(Arc<Activity>);

impl Doing {
    /// What its answer is known by.
    fn number(&self) -> u64 {
        self.0.answers.fetch_add(1, Ordering::Relaxed)
    }

    /// A piece of the answer was handed out.
    fn handed(&self, number: u64) {
        self.0.handed().insert(number, now());
    }

    /// The next piece is asked for, or none will be.
    fn asked(&self, number: u64) {
        self.0.handed().remove(&number);
    }
}

impl Drop for Doing {
    fn drop(&mut self) {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = now();
        self.0.doing.fetch_sub(1, Ordering::AcqRel);
    }
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the binary is where the clock is read")]
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::{Activity, network_of};
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn an_answer_that_waits_for_its_reader_is_seen() {
        let activity = Arc::new(Activity::new());
        let doing = activity.clone().begin();
        let number = doing.number();
        doing.handed(number);
        assert!(!activity.is_stalled());
        if let Some(since) = activity.handed().get_mut(&number) {
            *since -= super::ANSWER_STALL_MAX + Duration::from_secs(1);
        }
        assert!(activity.is_stalled());
        doing.asked(number);
        assert!(!activity.is_stalled());
    }

    #[test]
    fn who_still_takes_what_was_written_is_not_idle() {
        let activity = Activity::new();
        *activity.last.lock().unwrap() -= Duration::from_secs(60);
        assert!(activity.idle_for() > Duration::from_secs(50));
        activity.moved();
        assert!(activity.idle_for() < Duration::from_secs(50));
    }

    #[test]
    fn one_customer_is_one_network() {
        let [near, beside, far, mapped, plain] = [
            "2001:db8::1",
            "2001:db8::2",
            "2001:db8:0:1::1",
            "::ffff:192.0.2.1",
            "192.0.2.1",
        ]
        .map(|address| network_of(address.parse().unwrap()));
        assert_eq!((near, mapped), (beside, plain));
        assert!(near != far && far != plain);
    }
}
