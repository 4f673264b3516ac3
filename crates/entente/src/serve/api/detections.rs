//! Logs scanned, what was found in them, and what is found while one listens.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use entente_access::Action;
use entente_detect::limits::STATE_LATENESS_MICROS;
use entente_node::rules::Asked;
use entente_node::scan::{LogInput, Settings, Told};
use entente_store::{Cursor, Page, Recorded};
use futures_util::{Stream, stream};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::IntoParams;

use super::input::{Json, Query, Upload};
use super::lines::{NDJSON, Sending, written};
use super::objects::bad_cursor;
use super::{Items, Place};
use crate::answers::detection::DetectionKept;
use crate::answers::scan::{Against, ScanLine, Summary};
use crate::commands::json_line;
use crate::exit::Failure;
use crate::place;
use crate::serve::caller;
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// Threads of one scan over HTTP: others ask too.
const SCAN_THREADS: usize = 2;

/// How a log is to be scanned.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ScanQuery {
    /// What reports call the log.
    #[param(min_length = 1, max_length = 200, example = "conn.log")]
    name: Option<String>,
    /// Also match before `valid_from` and after `valid_until`.
    any_time: Option<bool>,
    /// Also report when only the host of a URL indicator was seen.
    url_hosts: Option<bool>,
    /// Also match what the party that it belongs to recalled.
    recalled: Option<bool>,
    /// Tell detections, and keep nothing of them.
    dry_run: Option<bool>,
}

/// Find what the node knows in a log; every detection becomes a sighting
///
/// The body is read as it comes, and answered as it is read: a JSON value a line, the last one the summary. Scanning
/// the same log again finds the same, and keeps nothing twice.
#[utoipa::path(post, path = "/api/v1/scan", tag = "detections", params(ScanQuery),
    request_body(description = "A log: Zeek, Suricata EVE, EVTX, JSON, CSV, syslog, plain text", content(
        (String = "text/plain"), (String = "application/x-ndjson"), (Vec<u8> = "application/octet-stream"))),
    responses((status = 200, description = "A line for each detection, defect and input, and the summary",
        content((ScanLine = "application/x-ndjson")))))]
pub(super) async fn scan(
    State(server): State<Arc<Server>>,
    place: Place,
    Query(query): Query<ScanQuery>,
    upload: Upload,
) -> Result<Response, Problem> {
    written(&server, place, NDJSON, move |server, out| {
        scanned(server, &query, upload, out)
    })
    .await
}

fn scanned(server: &Server, query: &ScanQuery, upload: Upload, out: &mut Sending) -> Result<(), Problem> {
    let record = !query.dry_run.unwrap_or_default();
    let compiled = server.node.generation()?;
    let rules = server.node.rules(&compiled, &Asked::default())?;
    let (reader, trouble) = upload.reader()?;
    let log = LogInput {
        name: query.name.clone().unwrap_or_else(|| "body".to_owned()),
        open: Box::new(move || Ok(reader)),
        modified: Some(server.at().micros()),
    };
    let settings = Settings {
        threads: NonZeroUsize::new(SCAN_THREADS).unwrap_or(NonZeroUsize::MIN),
        any_time: query.any_time.unwrap_or_default(),
        url_hosts: query.url_hosts.unwrap_or_default(),
        recalled: query.recalled.unwrap_or_default(),
        record,
        lateness: STATE_LATENESS_MICROS,
        now: server.at(),
    };
    let mut summary = Summary::default();
    let mut told_all: Result<(), Failure> = Ok(());
    let scanned = server
        .node
        .scan(&compiled.generation, &rules, vec![log], &settings, &mut |told| {
            summary.take(&told);
            if record
                && matches!(
                    told,
                    Told::Found { is_new: true, .. } | Told::Fired { is_new: true, .. }
                )
            {
                server.detected.send_replace(());
            }
            if let (Ok(()), Some(line)) = (&told_all, ScanLine::of(&told)) {
                told_all = json_line(out, &line);
            }
        });
    // What was recorded becomes sightings also when the scan broke off, or nobody listens any more.
    let sightings = if record {
        let identity = place::identity(&server.node)?;
        server.node.write_sightings(&identity, server.at())?
    } else {
        0
    };
    let sums = scanned.map_err(|error| trouble.or(error.into()))?;
    // Once lines were sent, the one about the input that failed is among them.
    if let (Some(problem), false) = (trouble.met(), out.is_begun()) {
        return Err(problem);
    }
    told_all?;
    let against = Against {
        compiled: &compiled,
        rules: &rules,
    };
    for line in against.lines().chain([summary.line(&sums, against, sightings)]) {
        json_line(out, &line)?;
    }
    Ok(())
}

/// A page of detections.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DetectionsQuery {
    /// Only of this indicator.
    #[param(min_length = 1, max_length = 500)]
    indicator: Option<String>,
    /// `next` of the page before, or the number of a detection.
    #[param(min_length = 1, max_length = 20)]
    after: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
}

/// Detections, in the order in which they were made
#[utoipa::path(get, path = "/api/v1/detections", tag = "detections", params(DetectionsQuery),
    responses((status = 200, body = Items<DetectionKept>)))]
pub(super) async fn list(
    State(server): State<Arc<Server>>,
    Query(query): Query<DetectionsQuery>,
) -> Result<Json<Items<DetectionKept>>, Problem> {
    let done = blocking(&server, move |server| {
        let after = query.after.as_deref().map(Cursor::from_text);
        let limit = usize::from(query.limit.unwrap_or(100));
        let store = server.node.store();
        let page = store.detections(query.indicator.as_deref(), after.as_ref(), limit);
        let page = page.map_err(bad_cursor)?;
        Ok(Items {
            items: kept(server, &page.items)?,
            next: page.next.map(|next| next.as_str().to_owned()),
        })
    });
    done.await.map(Json)
}

fn kept(server: &Server, page: &[Recorded]) -> Result<Vec<DetectionKept>, Problem> {
    let recalls = server.node.recalls()?;
    let kept = page.iter().map(|recorded| {
        let recalled = recalls.of(&recorded.detection.indicator)?;
        Ok(DetectionKept::of(recorded, recalled.as_ref()))
    });
    kept.collect()
}

/// Detections that one event stream tells at a time.
const EVENTS_AT_ONCE: usize = 100;

/// After this a listener has to come again.
const LISTEN_FOR: Duration = Duration::from_secs(300);

/// Below the time after which an idle connection is closed; and how often it is asked again whether one may listen.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Detections as they are made: server-sent events
///
/// Each event has the detection's number as its id; whoever comes again with `Last-Event-ID` goes on after it and
/// misses none. Without it, one hears what is found from now on. The stream ends after five minutes, and seconds after
/// one may no longer listen; clients come again by themselves.
#[utoipa::path(get, path = "/api/v1/detections/events", tag = "detections",
    params(("Last-Event-ID" = Option<String>, Header, description = "The number of the last detection that was heard")),
    responses((status = 200, description = "Events named `detection`, each with a detection as its data",
        content((DetectionKept = "text/event-stream")))))]
pub(super) async fn events(State(server): State<Arc<Server>>, parts: Parts) -> Result<Response, Problem> {
    let heard = parts
        .headers
        .get("last-event-id")
        .map(|value| value.to_str().unwrap_or_default());
    let after = match heard {
        Some(number) => number.parse::<u64>().map_err(|_| {
            Problem::bad_request("`Last-Event-ID` is not the number of a detection")
                .at("Last-Event-ID", "leave it out to hear what is found from now on")
        })?,
        None => blocking(&server, last).await?,
    };
    let listening = Listening {
        detected: server.detected.subscribe(),
        server,
        parts,
        after,
        waiting: Vec::new().into_iter(),
        until: Instant::now() + LISTEN_FOR,
    };
    let keep = KeepAlive::new().interval(HEARTBEAT);
    Ok(Sse::new(told(listening)).keep_alive(keep).into_response())
}

/// The number of the last detection: numbers rise from 1, and none is taken back.
fn last(server: &Server) -> Result<u64, Problem> {
    let is_after = |number: u64| Ok::<_, Problem>(!page(server, number, 1)?.items.is_empty());
    let mut above = 1;
    while is_after(above)? {
        above *= 2;
    }
    let mut below = above / 2;
    while above - below > 1 {
        let middle = below + (above - below) / 2;
        if is_after(middle)? {
            below = middle;
        } else {
            above = middle;
        }
    }
    Ok(if is_after(below)? { above } else { below })
}

fn page(server: &Server, after: u64, limit: usize) -> Result<Page<Recorded>, Problem> {
    let after = Cursor::from_text(&after.to_string());
    let store = server.node.store();
    store.detections(None, Some(&after), limit).map_err(bad_cursor)
}

struct Listening {
    server: Arc<Server>,
    /// What the request showed.
    parts: Parts,
    detected: watch::Receiver<()>,
    after: u64,
    waiting: std::vec::IntoIter<DetectionKept>,
    until: Instant,
}

impl Listening {
    /// Whether what the request showed still counts: tokens are revoked, accounts disabled and roles changed meanwhile.
    async fn may_listen(&self) -> bool {
        let caller = caller::of(&self.server, &self.parts).await;
        caller.is_ok_and(|caller| caller.may(Action::Read))
    }
}

fn told(listening: Listening) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(listening, |mut listening| async move {
        loop {
            if !listening.may_listen().await {
                return None;
            }
            if let Some(kept) = listening.waiting.next() {
                listening.after = kept.number;
                let event = Event::default()
                    .event("detection")
                    .id(kept.number.to_string())
                    .json_data(kept)
                    .ok()?;
                return Some((Ok(event), listening));
            }
            listening.detected.mark_unchanged();
            let after = listening.after;
            let found = blocking(&listening.server, move |server| {
                kept(server, &page(server, after, EVENTS_AT_ONCE)?.items)
            });
            // A server that has too much to do lets its listeners come again.
            listening.waiting = found.await.ok()?.into_iter();
            if listening.waiting.len() > 0 {
                continue;
            }
            tokio::select! {
                changed = listening.detected.changed() => changed.ok()?,
                () = listening.server.stopped() => return None,
                () = tokio::time::sleep_until(listening.until) => return None,
                () = tokio::time::sleep(HEARTBEAT) => {}
            }
        }
    })
}
