//! `/metrics`: what goes on, in the text format of Prometheus.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::MatchedPath;
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use entente_access::Action;
use entente_stix::time::Timestamp;
use prometheus::{Encoder, HistogramOpts, HistogramVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use super::problem::Problem;
use super::routes::Route;
use super::server::Server;
use super::work::blocking;
use crate::peers::state::State;

pub(crate) const ROUTES: &[Route] = &[Route::new("GET", "/metrics", Action::Read)];

pub(crate) fn router() -> Router<Arc<Server>> {
    Router::new().route("/metrics", get(metrics))
}

/// What is counted.
pub(crate) struct Metrics {
    pub(crate) registry: Registry,
    requests: HistogramVec,
    pub(crate) connections: IntGauge,
}

impl Metrics {
    pub(crate) fn new() -> Result<Metrics, prometheus::Error> {
        let registry = Registry::new();
        let requests = HistogramVec::new(
            HistogramOpts::new(
                "entente_http_request_seconds",
                "Requests by route, method and status, and how long they took",
            )
            .buckets(vec![0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0]),
            &["route", "method", "status"],
        )?;
        let connections = IntGauge::with_opts(Opts::new("entente_connections", "Open connections"))?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(connections.clone()))?;
        Ok(Metrics {
            registry,
            requests,
            connections,
        })
    }

    /// A request came in. Of those that no route takes, the path is not kept: strangers choose it.
    pub(crate) fn begin(&self, method: &Method, path: Option<&MatchedPath>) -> Counted<'_> {
        #[expect(clippy::disallowed_methods, reason = "the binary is where the clock is read")]
        let began = Instant::now();
        Counted {
            metrics: self,
            method: match *method {
                Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::DELETE => {
                    method.to_string()
                }
                _ => "other".to_owned(),
            },
            route: path.map_or("none", MatchedPath::as_str).to_owned(),
            began,
        }
    }
}

/// A request under way.
pub(crate) struct Counted<'m> {
    metrics: &'m Metrics,
    method: String,
    route: String,
    began: Instant,
}

impl Counted<'_> {
    pub(crate) fn end(self, status: StatusCode) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.metrics
            .requests
            .with_label_values(&[self.route.as_str(), self.method.as_str(), status.as_str()])
            .observe(seconds);
    }
}

async fn metrics(
    axum::extract::State(server): axum::extract::State<Arc<Server>>,
) -> Result<impl IntoResponse, Problem> {
    let text = blocking(&server, |server| {
        let mut families = server.metrics.registry.gather();
        let now = Registry::new();
        peers(server, &now)?;
        super::feeds::measure(&super::feeds::shown(server)?, &now).map_err(failed)?;
        families.extend(now.gather());
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text).map_err(failed)?;
        Ok(text)
    });
    Ok((
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text.await?,
    ))
}

fn failed(error: prometheus::Error) -> Problem {
    Problem::failed(format!("the metrics cannot be written: {error}"))
}

/// Numbers of the moment by name of a thing, asked anew each time: what is removed is gone.
struct Gauges<'r> {
    registry: &'r Registry,
    label: &'static str,
}

impl Gauges<'_> {
    fn set(
        &self,
        name: &str,
        help: &str,
        values: impl Iterator<Item = (String, Option<i64>)>,
    ) -> Result<(), Problem> {
        let gauge = IntGaugeVec::new(Opts::new(name, help), &[self.label]).map_err(failed)?;
        for (of, value) in values {
            if let Some(value) = value {
                gauge.with_label_values(&[of.as_str()]).set(value);
            }
        }
        self.registry.register(Box::new(gauge)).map_err(failed)
    }
}

/// Seconds since 1970 of a time as it is kept.
fn seconds(time: &str) -> Option<i64> {
    Some(Timestamp::parse(time).ok()?.micros() / 1_000_000)
}

fn peers(server: &Server, registry: &Registry) -> Result<(), Problem> {
    type Value = fn(&State) -> Option<i64>;
    let states = super::peers::states(server)?;
    let gauges = Gauges {
        registry,
        label: "party",
    };
    let kinds: [(&str, &str, Value); 6] = [
        (
            "entente_peer_lag_entries",
            "Entries that the peer has signed for us and that are not held here yet",
            |state| i64::try_from(state.lag).ok(),
        ),
        (
            "entente_peer_queue_entries",
            "Entries of our logs that the peer has not acknowledged",
            |state| i64::try_from(state.queue).ok(),
        ),
        (
            "entente_peer_parked_objects",
            "Objects of the peer that are parked",
            |state| i64::try_from(state.parked).ok(),
        ),
        (
            "entente_peer_failures",
            "Conversations that failed since the last one that did not",
            |state| Some(i64::from(state.failures)),
        ),
        (
            "entente_peer_last_success_timestamp_seconds",
            "When the last conversation came to its end",
            |state| seconds(state.succeeded.as_deref()?),
        ),
        (
            "entente_peer_received_bytes",
            "Bytes that came from the peer in all conversations",
            |state| i64::try_from(state.received).ok(),
        ),
    ];
    for (name, help, value) in kinds {
        let values = states
            .iter()
            .map(|(party, _, state)| (party.clone(), value(state)));
        gauges.set(name, help, values)?;
    }
    Ok(())
}
