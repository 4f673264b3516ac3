//! Bodies unpacked as they come, with the bytes counted while they unpack.

use std::io::{self, Write};

use flate2::write::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::{raw, zio};

/// Logarithm of the greatest window of zstd that is read: 8 MiB (RFC 9659 asks for that much of everybody).
const WINDOW_LOG_MAX: u32 = 23;

/// So many times its length on the wire a body may be, beyond the first [`RATIO_FREE_BYTES`].
const RATIO_MAX: usize = 200;
const RATIO_FREE_BYTES: usize = 4 << 20;

/// A body on its way: packed bytes in, unpacked bytes kept, never more than was allowed.
pub(crate) struct Inflate {
    decoder: Decoder,
    taken: usize,
    bytes_max: usize,
}

/// Why a body was not read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotInflated {
    /// Too long.
    #[error("a body of more than {bytes_max} bytes")]
    TooBig { bytes_max: usize },
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

enum Decoder {
    Plain(Bounded),
    Gzip(Box<GzDecoder<Bounded>>),
    Deflate(Box<Deflate>),
    Zstd(Box<zio::Writer<Bounded, raw::Decoder<'static>>>),
}

impl Inflate {
    /// For a body whose `Content-Encoding` is `encoding`, of which at most `bytes_max` are kept.
    ///
    /// # Errors
    /// [`NotInflated::Encoding`]: unknown, or several on top of each other.
    pub(crate) fn new(encoding: impl AsRef<str>, bytes_max: usize) -> Result<Inflate, NotInflated> {
        let named = encoding.as_ref().trim().to_ascii_lowercase();
        let out = Bounded {
            bytes: Vec::new(),
            bytes_max,
        };
        let decoder = match named.as_str() {
            "" | "identity" => Decoder::Plain(out),
            "gzip" | "x-gzip" => Decoder::Gzip(Box::new(GzDecoder::new(out))),
            "deflate" => Decoder::Deflate(Box::new(Deflate::new(out))),
            "zstd" => Decoder::Zstd(Box::new(zstd_decoder(out)?)),
            _ => return Err(NotInflated::Encoding(named)),
        };
        Ok(Inflate {
            decoder,
            taken: 0,
            bytes_max,
        })
    }

    /// The next piece as it travels.
    ///
    /// # Errors
    /// [`NotInflated`].
    pub(crate) fn write(&mut self, piece: &[u8]) -> Result<(), NotInflated> {
        self.taken = self.taken.saturating_add(piece.len());
        // Packing nothing in without end would hold the reader as well.
        if self.taken > self.bytes_max.saturating_add(64 << 10) {
            return Err(NotInflated::TooBig {
                bytes_max: self.bytes_max,
            });
        }
        let written = match &mut self.decoder {
            Decoder::Plain(out) => out.write_all(piece),
            Decoder::Gzip(decoder) => decoder.write_all(piece),
            Decoder::Deflate(decoder) => decoder.write(piece),
            Decoder::Zstd(decoder) => decoder.write_all(piece),
        };
        written.map_err(|error| fault(&error, self.bytes_max))?;
        let kept = self.kept();
        match kept > RATIO_FREE_BYTES && kept / RATIO_MAX > self.taken {
            true => Err(NotInflated::Bomb),
            false => Ok(()),
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`NotInflated::Damaged`]: cut off, or its checksum is wrong.
    pub(crate) fn finish(self) -> Result<Vec<u8>, NotInflated> {
        if self.taken == 0 {
            return Ok(Vec::new());
        }
        let bytes_max = self.bytes_max;
        let cut = |error: io::Error| fault(&error, bytes_max);
        let out = match self.decoder {
            Decoder::Plain(out) => out,
            Decoder::Gzip(decoder) => decoder.finish().map_err(cut)?,
            Decoder::Deflate(decoder) => decoder.finish().map_err(cut)?,
            Decoder::Zstd(mut decoder) => {
                decoder.finish().map_err(cut)?;
                decoder.into_inner().0
            }
        };
        Ok(out.bytes)
    }

    fn kept(&self) -> usize {
        let out = match &self.decoder {
            Decoder::Plain(out) => out,
            Decoder::Gzip(decoder) => decoder.get_ref(),
            Decoder::Deflate(decoder) => &decoder.out,
            Decoder::Zstd(decoder) => decoder.writer(),
        };
        out.bytes.len()
    }
}

fn fault(error: &io::Error, bytes_max: usize) -> NotInflated {
    match error.kind() {
        io::ErrorKind::StorageFull => NotInflated::TooBig { bytes_max },
        _ => NotInflated::Damaged(error.to_string()),
    }
}

fn zstd_decoder(out: Bounded) -> Result<zio::Writer<Bounded, raw::Decoder<'static>>, NotInflated> {
    let made = raw::Decoder::new().and_then(|mut decoder| {
        decoder.set_parameter(zstd::zstd_safe::DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(zio::Writer::new(out, decoder))
    });
    made.map_err(|error| NotInflated::Damaged(error.to_string()))
}

/// `deflate` is zlib (RFC 9110 §8.4.1.2), but some send it without zlib's header: the first byte tells.
struct Deflate {
    state: Option<Decompress>,
    out: Bounded,
    ended: bool,
}

impl Deflate {
    fn new(out: Bounded) -> Deflate {
        Deflate {
            state: None,
            out,
            ended: false,
        }
    }

    fn write(&mut self, mut piece: &[u8]) -> io::Result<()> {
        // CM = 8 with a window of at most 32 KiB (RFC 1950 §2.2).
        let is_zlib = |first: &u8| first & 0x0f == 8 && first >> 4 <= 7;
        let state = match (&mut self.state, piece.first()) {
            (_, None) => return Ok(()),
            (Some(state), _) => state,
            (unset, Some(first)) => unset.insert(Decompress::new(is_zlib(first))),
        };
        let mut buffer = vec![0; 32 << 10];
        while !piece.is_empty() {
            if self.ended {
                return Err(io::Error::other("more bytes after its end"));
            }
            let (read, wrote) = (state.total_in(), state.total_out());
            let status = state
                .decompress(piece, &mut buffer, FlushDecompress::None)
                .map_err(io::Error::other)?;
            let read = usize::try_from(state.total_in() - read).unwrap_or(piece.len());
            let wrote = usize::try_from(state.total_out() - wrote).unwrap_or(buffer.len());
            self.out.write_all(buffer.get(..wrote).unwrap_or_default())?;
            piece = piece.get(read..).unwrap_or_default();
            self.ended = status == Status::StreamEnd;
            if read == 0 && wrote == 0 && !self.ended {
                return Err(io::Error::other("it goes neither on nor back"));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<Bounded> {
        // What was read but not yet written out: it comes without further input.
        let mut buffer = vec![0; 32 << 10];
        while let Some(state) = self.state.as_mut().filter(|_| !self.ended) {
            let before = state.total_out();
            let status = state
                .decompress(&[], &mut buffer, FlushDecompress::Finish)
                .map_err(io::Error::other)?;
            let wrote = usize::try_from(state.total_out() - before).unwrap_or(buffer.len());
            self.out.write_all(buffer.get(..wrote).unwrap_or_default())?;
            self.ended = status == Status::StreamEnd;
            if wrote == 0 && !self.ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.out)
    }
}

/// Bytes up to a bound; what is beyond is an error of the kind `StorageFull`.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.len() > self.bytes_max.saturating_sub(self.bytes.len()) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn inflate(
        encoding: &str,
        packed: &[u8],
        bytes_max: usize,
        piece: usize,
    ) -> Result<Vec<u8>, NotInflated> {
        let mut inflate = Inflate::new(encoding, bytes_max)?;
        for piece in packed.chunks(piece) {
            inflate.write(piece)?;
        }
        inflate.finish()
    }

    #[test]
    fn what_was_packed_comes_out_whole_in_pieces_of_any_size() {
        let body: Vec<u8> = (0..70_000_u32).flat_map(|n| (n % 977).to_le_bytes()).collect();
        for (encoding, pack) in ENCODINGS {
            for piece in [1, 7, 4096, usize::MAX] {
                assert_eq!(
                    inflate(encoding, &pack(&body), body.len(), piece).as_ref(),
                    Ok(&body),
                    "{encoding} by {piece}"
                );
            }
            assert_eq!(
                inflate(encoding, &pack(b"x"), 1, 1),
                Ok(b"x".to_vec()),
                "{encoding}"
            );
            assert_eq!(inflate(encoding, b"", 1, 1), Ok(Vec::new()), "{encoding}");
        }
    }

    #[test]
    fn a_byte_over_the_bound_is_refused() {
        for (encoding, pack) in ENCODINGS {
            let packed = pack(&[b'x'; 1001]);
            let too_big = Err(NotInflated::TooBig { bytes_max: 1000 });
            assert_eq!(inflate(encoding, &packed, 1000, 16), too_big, "{encoding}");
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_has_unfolded() {
        for (encoding, pack) in ENCODINGS.iter().skip(2) {
            let packed = pack(&vec![0; 64 << 20]);
            let refused = inflate(encoding, &packed, 128 << 20, 1024);
            assert_eq!(refused, Err(NotInflated::Bomb), "{encoding}");
        }
    }

    #[test]
    fn what_is_cut_off_is_damaged() {
        for (encoding, pack) in ENCODINGS.iter().skip(2) {
            let body: Vec<u8> = (0..5_000_u32).flat_map(u32::to_le_bytes).collect();
            let packed = pack(&body);
            for length in [1, packed.len() / 2, packed.len() - 1] {
                let cut = inflate(encoding, &packed[..length], 1 << 20, 512);
                assert!(
                    matches!(cut, Err(NotInflated::Damaged(_))),
                    "{encoding} to {length}: {cut:?}"
                );
            }
        }
    }

    #[test]
    fn several_encodings_and_unknown_ones_are_named() {
        for encoding in ["gzip, gzip", "br", "gzip\u{1b}"] {
            let refused = Inflate::new(encoding, 10).map(|_| ());
            assert_eq!(refused, Err(NotInflated::Encoding(encoding.to_owned())));
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
