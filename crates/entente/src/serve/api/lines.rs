//! Answers of any length: written on a blocking thread while they are sent, a bounded part of them in memory.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Place;
use crate::exit::Failure;
use crate::serve::limits::READ_BYTES_A_SECOND_MIN;
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// JSON values, one a line.
pub(super) const NDJSON: &str = "application/x-ndjson";

/// STIX objects and bundles.
pub(super) const STIX: &str = "application/stix+json;version=2.1";

/// Bytes that are gathered before they are sent.
const CHUNK_BYTES: usize = 64 << 10;

/// Chunks that wait for a reader.
const CHUNKS_WAITING: usize = 4;

/// How long a chunk waits for room among them: for a reader that takes as little as one may.
const CHUNK_WITHIN: Duration = Duration::from_secs(CHUNK_BYTES as u64 / READ_BYTES_A_SECOND_MIN);

/// Where such an answer is written.
pub(super) struct Sending {
    begun: bool,
    gathered: BytesMut,
    chunks: mpsc::Sender<Bytes>,
    runtime: Handle,
}

impl Sending {
    /// Whether something was sent already: a problem can no longer be the answer.
    pub(super) fn is_begun(&self) -> bool {
        self.begun
    }
}

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        self.begun = true;
        let chunk = self.gathered.split().freeze();
        // Over HTTP/2 a reader can take nothing, and the socket does not show it.
        let sent = self
            .runtime
            .block_on(tokio::time::timeout(CHUNK_WITHIN, self.chunks.send(chunk)));
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// What `write` writes. A problem before the first bytes are sent is the answer; after that it ends the answer early,
/// so that what is cut does not look whole.
pub(super) async fn written(
    server: &Arc<Server>,
    place: Place,
    media_type: &'static str,
    write: impl FnOnce(&Server, &mut Sending) -> Result<(), Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let runtime = Handle::current();
    let (chunks, mut waiting) = mpsc::channel(CHUNKS_WAITING);
    let writing = tokio::spawn({
        let server = server.clone();
        async move {
            let done = blocking(&server, move |server| {
                let mut out = Sending {
                    begun: false,
                    gathered: BytesMut::with_capacity(CHUNK_BYTES),
                    chunks,
                    runtime,
                };
                write(server, &mut out)?;
                out.flush().map_err(Failure::from)?;
                Ok(())
            });
            let done = done.await;
            drop(place);
            done
        }
    });
    let Some(first) = waiting.recv().await else {
        end(writing).await?;
        return Ok(answer(media_type, Body::empty()));
    };
    let rest = stream::unfold(Some((waiting, writing)), |state| async move {
        let (mut waiting, writing) = state?;
        match waiting.recv().await {
            Some(chunk) => Some((Ok(chunk), Some((waiting, writing)))),
            None => match end(writing).await {
                Ok(()) => None,
                Err(problem) => Some((Err(io::Error::other(problem.detail)), None)),
            },
        }
    });
    let first = stream::once(async { Ok::<_, io::Error>(first) });
    let body = Body::from_stream(futures_util::StreamExt::chain(first, rest));
    Ok(answer(media_type, body))
}

async fn end(writing: JoinHandle<Result<(), Problem>>) -> Result<(), Problem> {
    writing
        .await
        .unwrap_or_else(|_| Err(Problem::failed("this node could not finish that")))
}

fn answer(media_type: &'static str, body: Body) -> Response {
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static(media_type))],
        body,
    )
        .into_response()
}
