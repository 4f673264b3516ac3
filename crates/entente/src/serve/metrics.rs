//! `/metrics`: what goes on, in the text format of Prometheus.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, State};
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use entente_access::Action;
use prometheus::{Encoder, HistogramOpts, HistogramVec, IntGauge, Opts, Registry, TextEncoder};

use super::problem::Problem;
use super::routes::Route;
use super::server::Server;

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

async fn metrics(State(server): State<Arc<Server>>) -> Result<impl IntoResponse, Problem> {
    let mut text = Vec::new();
    TextEncoder::new()
        .encode(&server.metrics.registry.gather(), &mut text)
        .map_err(|error| Problem::failed(error.to_string()))?;
    Ok((
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    ))
}
