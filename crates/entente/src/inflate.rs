//! Bodies unpacked as they are read, whoever sent them: bounded in bytes, and in how much more they are than what came.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Logarithm of the greatest window of zstd that is read: 8 MiB (RFC 9659 asks for that much of everybody).
const WINDOW_LOG_MAX: u32 = 23;

/// So many times its length on the wire a body may be, beyond the first [`RATIO_FREE_BYTES`].
pub(crate) const RATIO_MAX: u64 = 200;
const RATIO_FREE_BYTES: u64 = 4 << 20;

/// So many bytes more than unpacked a body may have on the wire: packing nothing in without end holds its reader too.
pub(crate) const PACKING_BYTES_MAX: usize = 64 << 10;

/// How a body is encoded (RFC 9110 §8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Deflate,
    Zstd,
}

impl Encoding {
    /// What `Content-Encoding` names; `None` for what is not read, and for several on top of each other.
    pub(crate) fn named(name: impl AsRef<str>) -> Option<Encoding> {
        match name.as_ref().trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Encoding::Identity),
            "gzip" | "x-gzip" => Some(Encoding::Gzip),
            "deflate" => Some(Encoding::Deflate),
            "zstd" => Some(Encoding::Zstd),
            _ => None,
        }
    }
}

/// Why a body was not read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotInflated {
    /// Too long.
    #[error("a body of more than {bytes_max} bytes")]
    TooBig { bytes_max: u64 },
    /// Longer than its packed bytes can mean well.
    #[error("a body that unpacks to more than {RATIO_MAX} times its length")]
    Bomb,
    /// An encoding that is not read.
    #[error("a body in the encoding `{0}`, which was not asked for")]
    Encoding(String),
    /// Damaged, or cut off.
    #[error("a body that does not unpack: {0}")]
    Damaged(String),
}

/// What reading met: [`Unpacking`] says itself why it ended, whatever else fails means damage.
impl From<io::Error> for NotInflated {
    fn from(error: io::Error) -> NotInflated {
        let told = error
            .get_ref()
            .and_then(|told| told.downcast_ref::<NotInflated>());
        told.cloned()
            .unwrap_or_else(|| NotInflated::Damaged(error.to_string()))
    }
}

/// The whole body, of which `packed` came.
///
/// # Errors
/// [`NotInflated`].
pub(crate) fn unpacked(encoding: Encoding, packed: &[u8], bytes_max: usize) -> Result<Vec<u8>, NotInflated> {
    let mut body = Vec::new();
    reader(encoding, packed, bytes_max as u64)?.read_to_end(&mut body)?;
    Ok(body)
}

/// A reader of what `packed` gives, unpacked. Fails with [`io::ErrorKind::FileTooLarge`] and a [`NotInflated`] over
/// a bound, and as `packed` does.
pub(crate) fn reader<'r>(
    encoding: Encoding,
    packed: impl Read + Send + 'r,
    bytes_max: u64,
) -> io::Result<Box<dyn Read + Send + 'r>> {
    let taken = Arc::new(AtomicU64::new(0));
    let mut packed = Counted {
        reader: packed,
        taken: taken.clone(),
        bytes_max,
    };
    let mut head = [0];
    let first = loop {
        match packed.read(&mut head) {
            Ok(read) => break head.get(..read).unwrap_or_default().to_vec(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    };
    // `deflate` is zlib (RFC 9110 §8.4.1.2), but some send it without zlib's header: CM = 8 with a window of at most
    // 32 KiB (RFC 1950 §2.2).
    let is_zlib = first
        .first()
        .is_some_and(|first| first & 0x0f == 8 && first >> 4 <= 7);
    let is_empty = first.is_empty();
    let packed = Cursor::new(first).chain(packed);
    let inner: Box<dyn Read + Send + 'r> = match encoding {
        Encoding::Identity => Box::new(packed),
        // Where nothing came, nothing was packed.
        _ if is_empty => Box::new(packed),
        Encoding::Gzip => Box::new(MultiGzDecoder::new(packed)),
        Encoding::Deflate if is_zlib => Box::new(ZlibDecoder::new(packed)),
        Encoding::Deflate => Box::new(DeflateDecoder::new(packed)),
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(packed)?;
            decoder.window_log_max(WINDOW_LOG_MAX)?;
            Box::new(decoder)
        }
    };
    Ok(Box::new(Unpacking {
        inner,
        taken,
        given: 0,
        bytes_max,
    }))
}

fn over(why: NotInflated) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, why)
}

/// Packed bytes, counted as they are taken.
struct Counted<R> {
    reader: R,
    taken: Arc<AtomicU64>,
    bytes_max: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let taken = self.taken.fetch_add(read as u64, Ordering::Relaxed);
        let bytes_max = self.bytes_max;
        match taken.saturating_add(read as u64) > bytes_max.saturating_add(PACKING_BYTES_MAX as u64) {
            true => Err(over(NotInflated::TooBig { bytes_max })),
            false => Ok(read),
        }
    }
}

/// Unpacked bytes, counted as they are given.
struct Unpacking<'r> {
    inner: Box<dyn Read + Send + 'r>,
    taken: Arc<AtomicU64>,
    given: u64,
    bytes_max: u64,
}

impl Read for Unpacking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.given += read as u64;
        if self.given > self.bytes_max {
            let bytes_max = self.bytes_max;
            return Err(over(NotInflated::TooBig { bytes_max }));
        }
        let taken = self.taken.load(Ordering::Relaxed);
        if self.given > RATIO_FREE_BYTES && self.given > taken.saturating_mul(RATIO_MAX) {
            return Err(over(NotInflated::Bomb));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(body: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn raw_deflate(body: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(body: &[u8]) -> Vec<u8> {
        zstd::encode_all(body, 3).unwrap()
    }

    type Pack = fn(&[u8]) -> Vec<u8>;
    const ENCODINGS: [(&str, Pack); 6] = [
        ("", <[u8]>::to_vec),
        ("identity", <[u8]>::to_vec),
        ("gzip", gzip),
        ("Deflate", zlib),
        ("deflate", raw_deflate),
        ("zstd", zstd),
    ];

    /// Gives a few bytes at a time.
    struct Pieces<'p>(&'p [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(buffer.len());
            self.0.read(&mut buffer[..most])
        }
    }

    fn inflate(name: &str, packed: &[u8], bytes_max: u64, piece: usize) -> Result<Vec<u8>, NotInflated> {
        let encoding = Encoding::named(name).unwrap();
        let mut body = Vec::new();
        reader(encoding, Pieces(packed, piece), bytes_max)?.read_to_end(&mut body)?;
        Ok(body)
    }

    #[test]
    fn what_was_packed_comes_out_whole_in_pieces_of_any_size() {
        let body: Vec<u8> = (0..70_000_u32).flat_map(|n| (n % 977).to_le_bytes()).collect();
        for (name, pack) in ENCODINGS {
            for piece in [1, 7, 4096, usize::MAX] {
                assert_eq!(
                    inflate(name, &pack(&body), body.len() as u64, piece).as_ref(),
                    Ok(&body),
                    "{name} by {piece}"
                );
            }
            assert_eq!(inflate(name, &pack(b"x"), 1, 1), Ok(b"x".to_vec()), "{name}");
            assert_eq!(inflate(name, b"", 1, 1), Ok(Vec::new()), "{name}");
        }
    }

    #[test]
    fn a_byte_over_the_bound_is_refused() {
        for (name, pack) in ENCODINGS {
            let packed = pack(&[b'x'; 1001]);
            let too_big = Err(NotInflated::TooBig { bytes_max: 1000 });
            assert_eq!(inflate(name, &packed, 1000, 16), too_big, "{name}");
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_has_unfolded() {
        for (name, pack) in ENCODINGS.iter().skip(2) {
            let packed = pack(&vec![0; 64 << 20]);
            assert_eq!(
                inflate(name, &packed, 128 << 20, 1024),
                Err(NotInflated::Bomb),
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_cut_off_or_garbled_is_damaged() {
        for (name, pack) in ENCODINGS.iter().skip(2) {
            let body: Vec<u8> = (0..5_000_u32).flat_map(u32::to_le_bytes).collect();
            let packed = pack(&body);
            for length in [1, packed.len() / 2, packed.len() - 1] {
                let cut = inflate(name, &packed[..length], 1 << 20, 512);
                assert!(
                    matches!(cut, Err(NotInflated::Damaged(_))),
                    "{name} to {length}: {cut:?}"
                );
            }
            let garbled = inflate(name, b"no such thing at all", 1 << 20, 512);
            assert!(matches!(garbled, Err(NotInflated::Damaged(_))), "{name}");
        }
    }

    #[test]
    fn several_encodings_and_unknown_ones_are_not_read() {
        for name in ["gzip, gzip", "br", "gzip\u{1b}"] {
            assert_eq!(Encoding::named(name), None);
        }
    }

    #[test]
    fn packing_nothing_without_end_is_refused() {
        // Empty stored blocks: bytes in, nothing out.
        let empty_blocks: Vec<u8> = [0, 0, 0, 0xff, 0xff].repeat(40_000);
        let refused = inflate("deflate", &empty_blocks, 1000, 4096);
        assert_eq!(refused, Err(NotInflated::TooBig { bytes_max: 1000 }));
    }
}
