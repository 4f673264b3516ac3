//! Bytes of a log as text: decompressed (gzip with any number of members, zstd), UTF-16 turned into UTF-8, a
//! byte order mark dropped. All of it as a stream, in constant memory.

use crate::Error;
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, BufReader, Read};

/// The reader with the bytes that were looked at put back, and a count.
#[derive(Debug)]
struct Counted<R> {
    inner: R,
    head: Vec<u8>,
    head_at: usize,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let head = self.head.get(self.head_at..).unwrap_or_default();
        if !head.is_empty() {
            let mut head = head;
            let count = head.read(buffer)?;
            self.head_at += count;
            return Ok(count);
        }
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

enum Stage<R: Read> {
    Plain(Counted<R>),
    Gzip(Box<GzDecoder<BufReader<Counted<R>>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<Counted<R>>>>),
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { big_endian: bool },
}

/// Any file's text, decompressed as logs are: gzip with any number of members, zstd, UTF-16 turned into UTF-8, a
/// byte order mark dropped. `name` is for error texts only.
///
/// # Errors
/// The reader failed, or the compressed stream is damaged in its first bytes; later faults come from reading, with
/// the offset in their text.
pub fn decompressed<R: Read>(reader: R, name: &str) -> Result<impl Read, Error> {
    Ok(Decompressed(Input::open(reader, name)?))
}

struct Decompressed<R: Read>(Input<R>);

impl<R: Read> Read for Decompressed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(io::Error::other)
    }
}

/// One log's text.
pub(crate) struct Input<R: Read> {
    name: String,
    stage: Stage<R>,
    encoding: Encoding,
    /// Text that is ready: what was looked at for the byte order mark, or was converted.
    ready: Vec<u8>,
    ready_at: usize,
    /// UTF-16 that is not yet whole.
    half: Vec<u8>,
    /// An error that came while the first bytes were looked at; told once they are read.
    pending: Option<Error>,
    consumed: u64,
}

impl<R: Read> std::fmt::Debug for Input<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("name", &self.name)
            .field("encoding", &self.encoding)
            .finish()
    }
}

const RAW_BYTES: usize = 64 << 10;

impl<R: Read> Input<R> {
    pub(crate) fn open(reader: R, name: &str) -> Result<Self, Error> {
        let mut counted = Counted {
            inner: reader,
            head: Vec::new(),
            head_at: 0,
            count: 0,
        };
        let mut head = [0; 4];
        let failed = |source| Error::Io {
            name: name.into(),
            offset: 0,
            source,
        };
        let count = read_full(&mut counted, &mut head).map_err(failed)?;
        counted.head = head.get(..count).unwrap_or_default().to_vec();
        let stage = match counted.head.as_slice() {
            [0x1f, 0x8b, ..] => Stage::Gzip(Box::new(GzDecoder::new(BufReader::with_capacity(
                RAW_BYTES, counted,
            )))),
            // A zstd frame, or a skippable one before it.
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
                let reader = BufReader::with_capacity(RAW_BYTES, counted);
                Stage::Zstd(Box::new(zstd::Decoder::with_buffer(reader).map_err(failed)?))
            }
            _ => Stage::Plain(counted),
        };
        let mut input = Input {
            name: name.into(),
            stage,
            encoding: Encoding::Utf8,
            ready: Vec::new(),
            ready_at: 0,
            half: Vec::new(),
            pending: None,
            consumed: 0,
        };
        input.find_encoding()?;
        Ok(input)
    }

    /// Bytes taken from the reader so far.
    pub(crate) fn consumed(&self) -> u64 {
        match &self.stage {
            Stage::Plain(counted) => counted.count,
            Stage::Gzip(decoder) => offset(decoder.get_ref()),
            Stage::Zstd(decoder) => offset(decoder.get_ref()),
            Stage::Done => self.consumed,
        }
    }

    /// Reads text; 0 at the end. After an error, also 0.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        loop {
            let ready = self.ready.get(self.ready_at..).unwrap_or_default();
            if !ready.is_empty() {
                let count = ready.len().min(buffer.len());
                for (to, from) in buffer.iter_mut().zip(ready) {
                    *to = *from;
                }
                self.ready_at += count;
                return Ok(count);
            }
            let Encoding::Utf16 { big_endian } = self.encoding else {
                return self.read_bytes(buffer);
            };
            let mut raw = [0; 8 << 10];
            let count = self.read_bytes(&mut raw)?;
            self.half.extend_from_slice(raw.get(..count).unwrap_or_default());
            self.ready.clear();
            self.ready_at = 0;
            from_utf16(&mut self.half, big_endian, count == 0, &mut self.ready);
            if count == 0 && self.ready.is_empty() {
                return Ok(0);
            }
        }
    }

    fn find_encoding(&mut self) -> Result<(), Error> {
        let mut head = vec![0; 3];
        let mut count = 0;
        while count < 3 {
            match self.read_bytes(head.get_mut(count..).unwrap_or_default()) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(error) if count == 0 => return Err(error),
                // What is there comes first, then the error.
                Err(error) => {
                    self.pending = Some(error);
                    break;
                }
            }
        }
        head.truncate(count);
        let (encoding, mark) = match head.as_slice() {
            [0xef, 0xbb, 0xbf] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16 { big_endian: false }, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16 { big_endian: true }, 2),
            _ => (Encoding::Utf8, 0),
        };
        self.encoding = encoding;
        let rest = head.split_off(mark);
        match encoding {
            Encoding::Utf8 => self.ready = rest,
            Encoding::Utf16 { .. } => self.half = rest,
        }
        Ok(())
    }

    /// Decompressed bytes, not yet converted.
    fn read_bytes(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        loop {
            let result = match &mut self.stage {
                Stage::Plain(counted) => counted.read(buffer),
                Stage::Gzip(decoder) => decoder.read(buffer),
                Stage::Zstd(decoder) => decoder.read(buffer),
                Stage::Done => return Ok(0),
            };
            match result {
                Ok(0) if buffer.is_empty() => return Ok(0),
                Ok(0) if matches!(self.stage, Stage::Gzip(_)) => self.next_member()?,
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Nothing for the moment: whoever can wait reads on later.
                Err(source) if source.kind() == io::ErrorKind::WouldBlock => {
                    return Err(Error::Io {
                        name: self.name.clone(),
                        offset: self.consumed(),
                        source,
                    });
                }
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    /// Goes on with the next gzip member; zero bytes after the last one are padding.
    fn next_member(&mut self) -> Result<(), Error> {
        self.consumed = self.consumed();
        let Stage::Gzip(decoder) = std::mem::replace(&mut self.stage, Stage::Done) else {
            return Ok(());
        };
        let mut reader = decoder.into_inner();
        loop {
            let head = match reader.fill_buf() {
                Ok(head) => head,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    return Err(Error::Io {
                        name: self.name.clone(),
                        offset: self.consumed,
                        source,
                    });
                }
            };
            let zeros = head.iter().take_while(|byte| **byte == 0).count();
            match head.get(zeros) {
                None if head.is_empty() => return Ok(()),
                None => reader.consume(zeros),
                Some(0x1f) => {
                    reader.consume(zeros);
                    self.stage = Stage::Gzip(Box::new(GzDecoder::new(reader)));
                    return Ok(());
                }
                Some(_) => {
                    reader.consume(zeros);
                    self.consumed = offset(&reader);
                    return Err(self.compressed("gzip", "followed by something else".into()));
                }
            }
        }
    }

    fn failed(&mut self, error: io::Error) -> Error {
        self.consumed = self.consumed();
        let stage = std::mem::replace(&mut self.stage, Stage::Done);
        let compression = match stage {
            Stage::Gzip(_) => "gzip",
            Stage::Zstd(_) => "zstd",
            Stage::Plain(_) | Stage::Done => {
                return Error::Io {
                    name: self.name.clone(),
                    offset: self.consumed,
                    source: error,
                };
            }
        };
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.compressed(compression, "truncated".into()),
            // The decoders' own complaints, as against the disk's.
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                self.compressed(compression, format!("damaged ({error})"))
            }
            _ => Error::Io {
                name: self.name.clone(),
                offset: self.consumed,
                source: error,
            },
        }
    }

    fn compressed(&self, compression: &'static str, what: String) -> Error {
        Error::Compressed {
            name: self.name.clone(),
            compression,
            what,
            offset: self.consumed,
        }
    }
}

fn offset<R: Read>(reader: &BufReader<Counted<R>>) -> u64 {
    reader
        .get_ref()
        .count
        .saturating_sub(reader.buffer().len() as u64)
}

fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match reader.read(buffer.get_mut(count..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// Converts what of `half` is whole; at the end also what is not, as U+FFFD.
fn from_utf16(half: &mut Vec<u8>, big_endian: bool, at_end: bool, text: &mut Vec<u8>) {
    let unit = |pair: &[u8; 2]| {
        if big_endian {
            u16::from_be_bytes(*pair)
        } else {
            u16::from_le_bytes(*pair)
        }
    };
    let (pairs, odd) = half.as_chunks::<2>();
    let mut whole = pairs;
    if let Some((last, before)) = pairs.split_last()
        && !at_end
        && (0xd800..0xdc00).contains(&unit(last))
    {
        whole = before;
    }
    for character in char::decode_utf16(whole.iter().map(unit)) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    if at_end && !odd.is_empty() {
        text.extend_from_slice("\u{fffd}".as_bytes());
    }
    let used = if at_end { half.len() } else { whole.len() * 2 };
    half.drain(..used);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: &[u8]) -> (String, Option<String>) {
        let mut input = match Input::open(Trickle(bytes), "log") {
            Ok(input) => input,
            Err(error) => return (String::new(), Some(error.to_string())),
        };
        let mut text = Vec::new();
        loop {
            let mut buffer = [0; 7];
            match input.read(&mut buffer) {
                Ok(0) => return (String::from_utf8(text).unwrap(), None),
                Ok(count) => text.extend_from_slice(&buffer[..count]),
                Err(error) => {
                    assert_eq!(input.read(&mut buffer).unwrap(), 0);
                    return (
                        String::from_utf8_lossy(&text).into_owned(),
                        Some(error.to_string()),
                    );
                }
            }
        }
    }

    /// Gives three bytes at a time.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(3);
            self.0.read(&mut buffer[..count])
        }
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn text_is_the_same_in_every_wrapping() {
        let text = "first line\nsecond, with ä and 😀\n".repeat(50);
        assert_eq!(read(text.as_bytes()), (text.clone(), None));
        assert_eq!(read(format!("\u{feff}{text}").as_bytes()), (text.clone(), None));
        assert_eq!(read(&gzip(&text)), (text.clone(), None));
        let two = [gzip(&text), gzip(&text), vec![0; 5]].concat();
        assert_eq!(read(&two), (text.repeat(2), None));
        let frame = zstd::encode_all(text.as_bytes(), 1).unwrap();
        assert_eq!(read(&[frame.clone(), frame].concat()), (text.repeat(2), None));
        for big in [false, true] {
            let marked = format!("\u{feff}{text}");
            let units = marked.encode_utf16();
            let bytes: Vec<u8> = units
                .flat_map(|unit| {
                    if big {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect();
            assert_eq!(read(&bytes), (text.clone(), None));
            assert_eq!(read(&gzip(&text).repeat(1)), (text.clone(), None));
        }
        for short in ["", "a", "ab", "abc", "abcd"] {
            assert_eq!(read(short.as_bytes()), (short.into(), None));
        }
    }

    #[test]
    fn truncated_streams_give_what_was_before_the_cut() {
        let text: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
        for whole in [gzip(&text), zstd::encode_all(text.as_bytes(), 1).unwrap()] {
            let (got, error) = read(&whole[..whole.len() - 9]);
            assert!(
                text.starts_with(&got) && got.len() > text.len() / 2,
                "{}",
                got.len()
            );
            let error = error.unwrap();
            assert!(
                error.contains("truncated") && error.contains(&format!("byte {}", whole.len() - 9)),
                "{error}"
            );
        }
    }

    /// A stream that broke within its first two bytes of text was taken for complete.
    #[test]
    fn damage_in_the_first_bytes_is_told() {
        let mut zipped = gzip("ab");
        let end = zipped.len();
        zipped[end - 6] ^= 0xff;
        let mut input = Input::open(zipped.as_slice(), "x").unwrap();
        let mut buffer = [0; 16];
        let mut text = Vec::new();
        let error = loop {
            match input.read(&mut buffer) {
                Ok(0) => panic!("the damage went unnoticed"),
                Ok(count) => text.extend_from_slice(&buffer[..count]),
                Err(error) => break error.to_string(),
            }
        };
        assert!(b"ab".starts_with(&text) && error.contains("damaged"), "{error}");
        assert_eq!(input.read(&mut buffer).unwrap(), 0);
    }

    #[test]
    fn what_follows_gzip_is_named() {
        let (got, error) = read(&[gzip("text\n"), b"tail".to_vec()].concat());
        assert_eq!(got, "text\n");
        assert!(error.unwrap().contains("followed by something else"));
    }
}
