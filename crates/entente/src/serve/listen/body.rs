//! Bodies on their way: a request's must keep coming, an answer's says when it is through.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::{Activity, Doing};
use crate::serve::limits::{
    BODY_BYTES_A_SECOND_MIN, BODY_GRACE, BODY_PAUSE_MAX, UNREAD_BYTES_MAX, UNREAD_WITHIN,
};

/// Why a body was given up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the body came too slowly")]
    Slow,
    #[error("the body broke off: {0}")]
    Off(#[from] hyper::Error),
}

/// A request's body that must keep coming: no long pause, and enough in any few seconds that it is waited for. What
/// came before buys no time, and the time that this node takes to read is not its sender's.
pub(crate) struct Paced {
    activity: Arc<Activity>,
    /// Gone once it was given up.
    body: Option<Incoming>,
    /// Since when the next bytes are waited for.
    since: Option<Instant>,
    until: Pin<Box<Sleep>>,
    /// Since its pace was looked at last.
    waited: Duration,
    bytes: u64,
}

impl Paced {
    pub(crate) fn new(body: Incoming, activity: Arc<Activity>) -> Paced {
        Paced {
            activity,
            body: Some(body),
            since: None,
            until: Box::pin(sleep(BODY_PAUSE_MAX)),
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    fn give_up<T>(&mut self, why: Broken) -> Poll<Option<Result<T, Broken>>> {
        self.body = None;
        self.activity.end();
        Poll::Ready(Some(Err(why)))
    }

    /// Looks at the pace after every [`BODY_GRACE`] of waiting.
    fn is_too_slow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes as u64;
        self.waited += self.since.take().map(|since| since.elapsed()).unwrap_or_default();
        if self.waited < BODY_GRACE {
            return false;
        }
        let wanted = BODY_BYTES_A_SECOND_MIN.saturating_mul(self.waited.as_secs());
        self.waited = Duration::ZERO;
        std::mem::take(&mut self.bytes) < wanted
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        match Pin::new(body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => match self.is_too_slow(frame.data_ref().map_or(0, Bytes::len)) {
                true => self.give_up(Broken::Slow),
                false => Poll::Ready(Some(Ok(frame))),
            },
            Poll::Ready(Some(Err(error))) => self.give_up(Broken::Off(error)),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                if self.since.is_none() {
                    let now = Instant::now();
                    self.since = Some(now);
                    self.until.as_mut().reset(now + BODY_PAUSE_MAX);
                }
                match self.until.as_mut().poll(context) {
                    Poll::Ready(()) => self.give_up(Broken::Slow),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Paced {
    /// Who is answered before the body was read gets to hear the answer: the rest is read and thrown away for a moment.
    /// Cutting it off at once makes HTTP/2 clients lose the answer, and HTTP/1.1 clients see a broken pipe.
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(UNREAD_WITHIN, throw_away(body)));
        }
    }
}

async fn throw_away(mut body: Incoming) {
    let mut left = UNREAD_BYTES_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            return;
        }
    }
}

/// An answer's body; the request counts as under way until it is through.
pub(crate) struct Guarded {
    body: axum::body::Body,
    number: u64,
    doing: Doing,
}

impl Guarded {
    pub(crate) fn new(body: axum::body::Body, doing: Doing) -> Guarded {
        Guarded {
            body,
            number: doing.number(),
            doing,
        }
    }
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.doing.asked(self.number);
        let polled = ready!(Pin::new(&mut self.body).poll_frame(context));
        if polled.is_some() {
            self.doing.handed(self.number);
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.doing.asked(self.number);
    }
}
