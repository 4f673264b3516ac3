//! A stream of which the other side must take something now and then.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::Activity;
use crate::serve::limits::READ_BYTES_A_SECOND_MIN;

/// What is written at once of an answer is more than this; what is less may be the protocol's own, such as pings.
const OWN_BYTES_MAX: usize = 512;

/// Fails a write that makes no progress for too long, or too little while it is waited for.
pub(crate) struct Stalling<S> {
    stream: S,
    within: Duration,
    activity: Arc<Activity>,
    /// Since when a write waits.
    since: Option<Instant>,
    until: Pin<Box<Sleep>>,
    /// Since the pace was looked at last.
    waited: Duration,
    bytes: u64,
}

impl<S> Stalling<S> {
    pub(crate) fn new(stream: S, within: Duration, activity: Arc<Activity>) -> Stalling<S> {
        Stalling {
            stream,
            within,
            activity,
            since: None,
            until: Box::pin(sleep(within)),
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    fn watched<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
        bytes: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        match &polled {
            Poll::Ready(done) => {
                let bytes = done.as_ref().map_or(0, bytes);
                if bytes > OWN_BYTES_MAX {
                    self.activity.moved();
                }
                match self.is_too_slow(bytes) {
                    true => Poll::Ready(Err(too_slow())),
                    false => polled,
                }
            }
            Poll::Pending => {
                if self.since.is_none() {
                    let now = Instant::now();
                    self.since = Some(now);
                    self.until.as_mut().reset(now + self.within);
                }
                ready!(self.until.as_mut().poll(context));
                Poll::Ready(Err(too_slow()))
            }
        }
    }

    /// Looks at the pace after every `within` of waiting.
    fn is_too_slow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes as u64;
        self.waited += self.since.take().map(|since| since.elapsed()).unwrap_or_default();
        if self.waited < self.within {
            return false;
        }
        let wanted = READ_BYTES_A_SECOND_MIN.saturating_mul(self.waited.as_secs());
        self.waited = Duration::ZERO;
        std::mem::take(&mut self.bytes) < wanted
    }
}

fn too_slow() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the other side takes next to nothing")
}

impl<S: AsyncRead + Unpin> AsyncRead for Stalling<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stalling<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(context, polled, |written| *written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.watched(context, polled, |written| *written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.watched(context, polled, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watched(context, polled, |()| 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// How long somebody is written to, of four seconds, who takes so many bytes ten times a second.
    async fn written_for(bytes: usize) -> Duration {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let mut stream = Stalling::new(ours, Duration::from_secs(1), Arc::new(Activity::new()));
        tokio::spawn(async move {
            let mut taken = vec![0; bytes];
            while theirs.read_exact(&mut taken).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(4) && stream.write_all(&[0; 256]).await.is_ok() {}
        began.elapsed()
    }

    #[tokio::test]
    async fn who_takes_a_few_bytes_now_and_then_does_not_hold_on() {
        let held = written_for(20).await;
        assert!(held < Duration::from_secs(4), "{held:?}");
    }

    #[tokio::test]
    async fn who_takes_enough_is_written_to_for_as_long_as_it_takes() {
        assert!(written_for(2 << 10).await >= Duration::from_secs(4));
    }
}
