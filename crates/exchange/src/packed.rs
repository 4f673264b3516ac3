//! zstd around what travels, with a bound on what comes out.
//!
//! One frame with its checksum, so that damage on the way is told before anything is read. Memory is bounded by
//! the window and by what really comes out; a claimed length is never believed.

use std::io::Read as _;

use crate::limits::{PACK_LEVEL, WINDOW_LOG_MAX};

/// Why packed bytes were not unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUnpacked {
    /// Not one whole zstd frame.
    #[error("not a whole zstd frame: {0}; it was damaged or cut on its way")]
    Frame(String),
    /// It unpacks to more than may be.
    #[error("it unpacks to more than {limit} bytes; whoever made it does not keep to the bounds")]
    TooMuch {
        /// The bound.
        limit: usize,
    },
}

/// `bytes` as one zstd frame.
///
/// # Errors
/// When zstd cannot work, for want of memory.
pub(crate) fn pack(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), PACK_LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.window_log(WINDOW_LOG_MAX)?;
    encoder.set_pledged_src_size(Some(bytes.len() as u64))?;
    std::io::Write::write_all(&mut encoder, bytes)?;
    encoder.finish()
}

/// What one zstd frame holds, of at most `bytes_max` bytes.
pub(crate) fn unpack(frame: &[u8], bytes_max: usize) -> Result<Vec<u8>, NotUnpacked> {
    let told = |error: std::io::Error| NotUnpacked::Frame(error.to_string());
    let mut decoder = zstd::Decoder::with_buffer(frame).map_err(told)?.single_frame();
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(told)?;
    let mut bytes = Vec::new();
    let limit = (bytes_max as u64).saturating_add(1);
    decoder
        .by_ref()
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(told)?;
    if bytes.len() > bytes_max {
        return Err(NotUnpacked::TooMuch { limit: bytes_max });
    }
    match decoder.finish() {
        [] => Ok(bytes),
        _ => Err(NotUnpacked::Frame("bytes follow it".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::{NotUnpacked, pack, unpack};

    #[test]
    fn packed_bytes_come_back() {
        for bytes in [&b""[..], b"a", &[7; 100_000]] {
            assert_eq!(unpack(&pack(bytes).unwrap(), bytes.len()).unwrap(), bytes);
        }
    }

    #[test]
    fn a_bomb_is_cut_at_the_bound() {
        let bomb = pack(&vec![0; 50 << 20]).unwrap();
        assert!(bomb.len() < 10_000);
        assert_eq!(unpack(&bomb, 1000), Err(NotUnpacked::TooMuch { limit: 1000 }));
    }

    #[test]
    fn cut_changed_and_continued_frames_are_refused() {
        let frame = pack(b"one two three four one two three four").unwrap();
        for length in 0..frame.len() {
            assert!(unpack(&frame[..length], 1000).is_err(), "cut to {length}");
        }
        for at in 0..frame.len() {
            let mut changed = frame.clone();
            changed[at] ^= 0x10;
            let harmless = unpack(&changed, 1000) == unpack(&frame, 1000);
            assert!(harmless || unpack(&changed, 1000).is_err(), "changed at {at}");
        }
        assert!(unpack(&[&frame[..], &frame[..]].concat(), 1000).is_err());
    }
}
