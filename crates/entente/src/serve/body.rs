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

use super::limits::{RATIO_FREE_BYTES, RATIO_MAX, SMALL_BODY_BYTES_MAX};
use super::caller;
use super::problem::Problem;
use super::server::Server;
use super::shares::{Full, Share};
use super::work::blocking;

/// How a body is encoded (RFC 9110 §8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Deflate,
    Zstd,
}

impl Encoding {
    /// What `Content-Encoding` says; one at most.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Encoding, Problem> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let (first, second) = (values.next(), values.next());
        let name = first.map(|value| value.to_str().unwrap_or_default().trim().to_ascii_lowercase());
        match (name.as_deref(), second) {
            (None | Some("" | "identity"), None) => Ok(Encoding::Identity),
            (Some("gzip" | "x-gzip"), None) => Ok(Encoding::Gzip),
            (Some("deflate"), None) => Ok(Encoding::Deflate),
            (Some("zstd"), None) => Ok(Encoding::Zstd),
            _ => Err(Problem::unsupported(
                "the body's Content-Encoding is not read here; send it as it is, or as gzip, deflate or zstd",
            )),
        }
    }
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
/// 413 beyond the bounds, 503 and 429 where all bodies under way, or the caller's, take as much as they may.
pub(crate) async fn whole(
    server: &Arc<Server>,
    parts: &Parts,
    body: Body,
    bounds: Bounds,
) -> Result<Bytes, Problem> {
    let encoding = Encoding::of(&parts.headers)?;
    require_length(&parts.headers, bounds.bytes_max)?;
    let shares = match bounds.bytes_max <= SMALL_BODY_BYTES_MAX {
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
        io::ErrorKind::FileTooLarge => Problem::too_large(error.to_string()),
        io::ErrorKind::TimedOut => Problem::timeout(error.to_string()),
        _ => Problem::bad_request(format!("the body cannot be read to its end: {error}")),
    }
}

/// A reader of what `reader` gives, decoded; fails with [`io::ErrorKind::FileTooLarge`] over a bound.
pub(crate) fn decoder<'r>(
    encoding: Encoding,
    reader: impl Read + Send + 'r,
    decoded_max: u64,
) -> Result<Box<dyn Read + Send + 'r>, Problem> {
    let counted = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let reader = Counted {
        reader,
        count: counted.clone(),
    };
    let inflating: Box<dyn Read + Send + 'r> = match encoding {
        Encoding::Identity => Box::new(reader),
        Encoding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(reader)),
        Encoding::Deflate => Box::new(flate2::read::ZlibDecoder::new(reader)),
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(reader)
                .map_err(|error| Problem::failed(format!("zstd: {error}")))?;
            // 2^23: what RFC 8878 §3.1.1.1.2 asks of every decoder.
            decoder
                .window_log_max(23)
                .map_err(|error| Problem::failed(format!("zstd: {error}")))?;
            Box::new(decoder)
        }
    };
    Ok(Box::new(Bounded {
        reader: inflating,
        encoded: counted,
        decoded: 0,
        decoded_max,
    }))
}

struct Counted<R> {
    reader: R,
    count: Arc<std::sync::atomic::AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.count
            .fetch_add(read as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(read)
    }
}

struct Bounded<R> {
    reader: R,
    encoded: Arc<std::sync::atomic::AtomicU64>,
    decoded: u64,
    decoded_max: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.decoded += read as u64;
        let encoded = self.encoded.load(std::sync::atomic::Ordering::Relaxed);
        let over = |what: String| Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
        if self.decoded > self.decoded_max {
            return over(format!("decoded, the body is over {} bytes", self.decoded_max));
        }
        if self.decoded > RATIO_FREE_BYTES && self.decoded > encoded.saturating_mul(RATIO_MAX) {
            return over(format!(
                "the body is more than {RATIO_MAX} times as long decoded as it came"
            ));
        }
        Ok(read)
    }
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
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(encoding: Encoding, bytes: &[u8], decoded_max: u64) -> io::Result<Vec<u8>> {
        let mut decoded = Vec::new();
        decoder(encoding, bytes, decoded_max)
            .unwrap()
            .read_to_end(&mut decoded)?;
        Ok(decoded)
    }

    #[test]
    fn every_encoding_is_read() {
        let text = b"{\"objects\":[]}".repeat(50);
        assert_eq!(decode(Encoding::Identity, &text, 1 << 20).unwrap(), text);
        assert_eq!(decode(Encoding::Gzip, &gzip(&text), 1 << 20).unwrap(), text);
        assert_eq!(decode(Encoding::Deflate, &zlib(&text), 1 << 20).unwrap(), text);
        let packed = zstd::encode_all(text.as_slice(), 3).unwrap();
        assert_eq!(decode(Encoding::Zstd, &packed, 1 << 20).unwrap(), text);
    }

    #[test]
    fn a_bomb_ends_at_a_bound() {
        let zeros = vec![0; 64 << 20];
        for (encoding, bomb) in [
            (Encoding::Gzip, gzip(&zeros)),
            (Encoding::Deflate, zlib(&zeros)),
            (Encoding::Zstd, zstd::encode_all(zeros.as_slice(), 3).unwrap()),
        ] {
            for decoded_max in [1 << 10, 1 << 30] {
                let error = decode(encoding, &bomb, decoded_max).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::FileTooLarge, "{encoding:?} {error}");
            }
            // However it is asked for, little more than the bound was ever held.
            let mut reader = decoder(encoding, bomb.as_slice(), 1 << 30).unwrap();
            let read = io::copy(&mut reader, &mut io::sink());
            assert!(read.is_err(), "{encoding:?}");
        }
    }

    #[test]
    fn what_is_cut_or_garbled_is_the_senders_fault() {
        let whole = gzip(&b"some text, some more".repeat(100));
        for bytes in [&whole[..whole.len() / 2], b"no gzip at all".as_slice()] {
            let error = decode(Encoding::Gzip, bytes, 1 << 20).unwrap_err();
            assert_eq!(unreadable(&error).status, 400);
        }
    }

    #[test]
    fn two_encodings_are_not_read() {
        let mut headers = HeaderMap::new();
        assert_eq!(Encoding::of(&headers).unwrap(), Encoding::Identity);
        headers.append(header::CONTENT_ENCODING, "GZIP".parse().unwrap());
        assert_eq!(Encoding::of(&headers).unwrap(), Encoding::Gzip);
        headers.append(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        assert_eq!(Encoding::of(&headers).unwrap_err().status, 415);
        headers.insert(header::CONTENT_ENCODING, "gzip, gzip".parse().unwrap());
        assert_eq!(Encoding::of(&headers).unwrap_err().status, 415);
        headers.insert(header::CONTENT_ENCODING, "br".parse().unwrap());
        assert_eq!(Encoding::of(&headers).unwrap_err().status, 415);
    }
}
