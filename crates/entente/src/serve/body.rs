//! Bodies of requests: read whole within bounds, or streamed to a reader; inflated only once the caller is known.
//!
//! Bytes are bounded as they come and as they are decoded, and so is the ratio between the two. What is held of all
//! bodies that are under way is bounded too, and what one caller has of that.

use std::io::{self, Read};
use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::caller;
use super::limits::SMALL_BODY_BYTES_MAX;
use super::problem::Problem;
use super::server::Server;
use super::shares::{Full, Share};
use super::work::blocking;
use crate::inflate::{self, Encoding};

/// How a body is encoded, as `Content-Encoding` says; one at most.
pub(crate) fn encoding(headers: &HeaderMap) -> Result<Encoding, Problem> {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    let (first, second) = (values.next(), values.next());
    let name = first.map_or("", |value| value.to_str().unwrap_or("?"));
    Encoding::named(name).filter(|_| second.is_none()).ok_or_else(|| {
        Problem::unsupported(
            "the body's Content-Encoding is not read here; send it as it is, or as gzip, deflate or zstd",
        )
    })
}

/// Bounds of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// As it comes.
    pub(crate) bytes_max: usize,
    /// Decoded.
    pub(crate) decoded_max: usize,
}

/// The whole body, decoded. What it takes counts as its caller's until the bytes are dropped.
///
/// # Errors
/// 415 for an encoding that is not read, and for any where the body is small and anyone may send it; 413 beyond the
/// bounds, 503 and 429 where all bodies under way, or the caller's, take as much as they may.
pub(crate) async fn whole(
    server: &Arc<Server>,
    parts: &Parts,
    body: Body,
    bounds: Bounds,
) -> Result<Bytes, Problem> {
    let encoding = encoding(&parts.headers)?;
    require_length(&parts.headers, bounds.bytes_max)?;
    let is_small = bounds.bytes_max <= SMALL_BODY_BYTES_MAX;
    if is_small && encoding != Encoding::Identity {
        return Err(Problem::unsupported(
            "nothing is inflated here, where anyone may send; send the body as it is, without Content-Encoding",
        ));
    }
    let shares = match is_small {
        true => &server.small_bodies,
        false => &server.bodies,
    };
    let one = caller::counted_as(parts);
    let share = |one| shares.take(one, 0).map_err(no_room);
    let held = gather(body, bounds.bytes_max, Held::new(share(one.clone())?)).await?;
    if encoding == Encoding::Identity {
        return Ok(held.done());
    }
    let mut decoded = Held::new(share(one)?);
    blocking(server, move |_| {
        let mut reader = decoder(encoding, held.bytes.as_slice(), bounds.decoded_max as u64)?;
        let mut piece = vec![0; 64 << 10];
        loop {
            match reader.read(&mut piece).map_err(|error| unreadable(&error))? {
                0 => return Ok(decoded.done()),
                read => decoded.add(piece.get(..read).unwrap_or_default(), bounds.decoded_max)?,
            }
        }
    })
    .await
}

/// Bytes in memory, counted as somebody's share.
struct Held {
    bytes: Vec<u8>,
    share: Share<String>,
}

impl Held {
    fn new(share: Share<String>) -> Held {
        Held {
            bytes: Vec::new(),
            share,
        }
    }

    /// More bytes, at most `bytes_max` together.
    fn add(&mut self, more: &[u8], bytes_max: usize) -> Result<(), Problem> {
        let (has, needed) = (self.bytes.capacity(), self.bytes.len() + more.len());
        if needed > bytes_max {
            return Err(too_large(bytes_max as u64));
        }
        if needed > has {
            let wanted = needed.max(bytes_max.min(has * 2));
            self.share.grow((wanted - has) as u64).map_err(no_room)?;
            self.bytes.reserve_exact(wanted - self.bytes.len());
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }

    fn done(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn no_room(full: Full) -> Problem {
    match full {
        Full::All => Problem::busy("the bodies under way take as many bytes as this node has for them; ask again").retry(2),
        Full::One => Problem::too_many(
            "your bodies under way take as many bytes as one caller gets; send fewer at a time, and this one again in 2 s",
        )
        .retry(2),
    }
}

/// Refuses early what says itself that it is too long.
fn require_length(headers: &HeaderMap, bytes_max: usize) -> Result<(), Problem> {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > bytes_max as u64 => Err(too_large(bytes_max as u64)),
        _ => Ok(()),
    }
}

fn too_large(bytes_max: u64) -> Problem {
    Problem::too_large(format!(
        "at most {bytes_max} bytes are taken here; send it in parts, or give the file to `POST /api/v1/import`"
    ))
}

async fn gather(body: Body, bytes_max: usize, mut held: Held) -> Result<Held, Problem> {
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        held.add(&chunk.map_err(|error| broken(&error))?, bytes_max)?;
    }
    Ok(held)
}

/// Whether it was too slow or broke off.
fn broken(error: &axum::Error) -> Problem {
    let text = error.to_string();
    match text.contains("too slowly") {
        true => Problem::timeout(text),
        false => Problem::bad_request(text),
    }
}

/// What reading a body to its end met.
pub(crate) fn unreadable(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Problem::too_large(format!("this is {error}; send it in parts")),
        io::ErrorKind::TimedOut => Problem::timeout(error.to_string()),
        _ => Problem::bad_request(format!("the body cannot be read to its end: {error}")),
    }
}

/// A reader of what `packed` gives, decoded within bounds ([`inflate::reader`]).
pub(crate) fn decoder<'r>(
    encoding: Encoding,
    packed: impl Read + Send + 'r,
    decoded_max: u64,
) -> Result<Box<dyn Read + Send + 'r>, Problem> {
    inflate::reader(encoding, packed, decoded_max).map_err(|error| unreadable(&error))
}

/// Chunks of a streamed body that wait for its reader.
const CHUNKS_WAITING: usize = 8;

/// A body as a reader for a blocking thread: as it comes, not decoded, not bounded but by the reader's patience.
pub(crate) fn streamed(body: Body) -> Streamed {
    let (chunks, rest) = mpsc::channel(CHUNKS_WAITING);
    tokio::spawn(async move {
        let mut stream = body.into_data_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| match error.to_string() {
                text if text.contains("too slowly") => io::Error::new(io::ErrorKind::TimedOut, text),
                text => io::Error::new(io::ErrorKind::UnexpectedEof, text),
            });
            // The reader has gone: nobody wants the rest.
            if chunks.send(chunk).await.is_err() {
                return;
            }
        }
    });
    Streamed {
        rest,
        chunk: Bytes::new(),
    }
}

/// See [`streamed`].
pub(crate) struct Streamed {
    rest: mpsc::Receiver<io::Result<Bytes>>,
    chunk: Bytes,
}

impl Read for Streamed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.rest.blocking_recv() {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(0),
            }
        }
        let taken = self.chunk.len().min(buffer.len());
        self.chunk
            .copy_to_slice(buffer.get_mut(..taken).unwrap_or_default());
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_too_large_and_what_is_garbled_is_the_senders_fault() {
        let bomb = zstd::encode_all(vec![0; 64 << 20].as_slice(), 3).unwrap();
        for (bytes, decoded_max, status) in [
            (bomb.as_slice(), 1 << 10, 413),
            (&bomb, 1 << 30, 413),
            (&bomb[..bomb.len() / 2], 1 << 10, 413),
            (b"nothing of that kind", 1 << 10, 400),
        ] {
            let mut reader = decoder(Encoding::Zstd, bytes, decoded_max).unwrap();
            let error = io::copy(&mut reader, &mut io::sink()).unwrap_err();
            assert_eq!(unreadable(&error).status, status, "{error}");
        }
    }

    #[test]
    fn two_encodings_are_not_read() {
        let mut headers = HeaderMap::new();
        assert_eq!(encoding(&headers).unwrap(), Encoding::Identity);
        headers.append(header::CONTENT_ENCODING, "GZIP".parse().unwrap());
        assert_eq!(encoding(&headers).unwrap(), Encoding::Gzip);
        headers.append(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        assert_eq!(encoding(&headers).unwrap_err().status, 415);
        headers.insert(header::CONTENT_ENCODING, "gzip, gzip".parse().unwrap());
        assert_eq!(encoding(&headers).unwrap_err().status, 415);
        headers.insert(header::CONTENT_ENCODING, "br".parse().unwrap());
        assert_eq!(encoding(&headers).unwrap_err().status, 415);
    }
}
