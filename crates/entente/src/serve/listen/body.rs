//! Bodies on their way: a request's must keep coming, an answer's says when it is through.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::Doing;
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

/// A request's body that must keep coming.
pub(crate) struct Paced {
    /// Gone once it was given up.
    body: Option<Incoming>,
    began: Instant,
    bytes: u64,
    until: Pin<Box<Sleep>>,
}

impl Paced {
    pub(crate) fn new(body: Incoming) -> Paced {
        Paced {
            body: Some(body),
            began: Instant::now(),
            bytes: 0,
            until: Box::pin(sleep(BODY_PAUSE_MAX)),
        }
    }

    fn give_up<T>(&mut self, why: Broken) -> Poll<Option<Result<T, Broken>>> {
        self.body = None;
        Poll::Ready(Some(Err(why)))
    }

    fn is_too_slow(&self) -> bool {
        let taken = self.began.elapsed();
        taken > BODY_GRACE && self.bytes < BODY_BYTES_A_SECOND_MIN.saturating_mul(taken.as_secs())
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
            Poll::Ready(Some(Ok(frame))) => {
                self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                if self.is_too_slow() {
                    return self.give_up(Broken::Slow);
                }
                self.until.as_mut().reset(Instant::now() + BODY_PAUSE_MAX);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => self.give_up(Broken::Off(error)),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match self.until.as_mut().poll(context) {
                Poll::Ready(()) => self.give_up(Broken::Slow),
                Poll::Pending => Poll::Pending,
            },
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
    _doing: Doing,
}

impl Guarded {
    pub(crate) fn new(body: axum::body::Body, doing: Doing) -> Guarded {
        Guarded { body, _doing: doing }
    }
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
