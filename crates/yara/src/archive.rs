//! What is inside of a file: zip and tar members, gzip and zstd streams, one in another, all bounded.
//!
//! Begin at [`members`]. A broken or oversized part is told and passed over; the rest is still looked at.

use std::io::{Cursor, Read};

use crate::limits::{
    ARCHIVE_BYTES_MAX, ARCHIVE_DEPTH_MAX, ARCHIVE_MEMBERS_MAX, FILE_BYTES_MAX, INFLATE_RATIO_MAX,
};

/// Some bytes to look at, and what they are called.
pub type Bytes<'a> = &'a [u8];

/// A part that is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its name, the archive's included: `a.zip!/b/c.exe`.
    pub name: String,
    /// Why, for people.
    pub reason: String,
}

/// A part to look at.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its name, the archive's included: `a.zip!/b/c.exe`; the file's own name for the file itself.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: Bytes<'a>,
}

/// Tells the file itself and then every part inside of it; returns what was passed over.
pub fn members(name: &str, bytes: &[u8], tell: &mut dyn FnMut(Member<'_>)) -> Vec<Skipped> {
    let mut opener = Opener {
        tell,
        skipped: Vec::new(),
        members: 0,
        inflated: 0,
    };
    opener.part(name, bytes, 0);
    opener.skipped
}

struct Opener<'t> {
    tell: &'t mut dyn FnMut(Member<'_>),
    skipped: Vec<Skipped>,
    members: usize,
    inflated: u64,
}

impl Opener<'_> {
    fn part(&mut self, name: &str, bytes: &[u8], depth: usize) {
        (self.tell)(Member { name, bytes });
        if depth >= ARCHIVE_DEPTH_MAX {
            return;
        }
        match Container::of(bytes) {
            Some(Container::Zip) => self.zip(name, bytes, depth),
            Some(Container::Tar) => self.tar(name, bytes, depth),
            Some(Container::Gzip) => {
                let inner = format!("{name}!/{}", stem(name, &[".gz", ".tgz"]));
                let stream = flate2::read::MultiGzDecoder::new(bytes);
                self.stream(&inner, stream, bytes.len() as u64, depth);
            }
            Some(Container::Zstd) => {
                let inner = format!("{name}!/{}", stem(name, &[".zst", ".zstd"]));
                match zstd::stream::read::Decoder::new(bytes) {
                    Ok(stream) => {
                        self.stream(&inner, stream, bytes.len() as u64, depth);
                    }
                    Err(error) => self.skip(inner, error.to_string()),
                }
            }
            None => {}
        }
    }

    fn zip(&mut self, name: &str, bytes: &[u8], depth: usize) {
        let mut archive = match zip::ZipArchive::new(Cursor::new(bytes)) {
            Ok(archive) => archive,
            Err(error) => return self.skip(name.to_owned(), format!("not opened as zip: {error}")),
        };
        for number in 0..archive.len() {
            match archive.by_index(number) {
                Ok(member) if member.is_file() => {
                    let inner = format!("{name}!/{}", String::from_utf8_lossy(member.name_raw()));
                    let packed = member.compressed_size();
                    if !self.stream(&inner, member, packed, depth) {
                        return;
                    }
                }
                Ok(_) => {}
                Err(error) => self.skip(format!("{name}!/#{number}"), error.to_string()),
            }
        }
    }

    fn tar(&mut self, name: &str, bytes: &[u8], depth: usize) {
        let mut archive = tar::Archive::new(bytes);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return self.skip(name.to_owned(), format!("not opened as tar: {error}")),
        };
        for entry in entries {
            match entry {
                Ok(entry) if entry.header().entry_type().is_file() => {
                    let inner = format!("{name}!/{}", String::from_utf8_lossy(&entry.path_bytes()));
                    let size = entry.size();
                    if !self.stream(&inner, entry, size, depth) {
                        return;
                    }
                }
                Ok(_) => {}
                // What follows a broken header has no place.
                Err(error) => return self.skip(name.to_owned(), format!("broken off: {error}")),
            }
        }
    }

    /// Reads a part and looks into it; `packed` is its size before inflating. False when no more may come.
    fn stream(&mut self, name: &str, stream: impl Read, packed: u64, depth: usize) -> bool {
        self.members += 1;
        if self.members > ARCHIVE_MEMBERS_MAX {
            self.skip(
                name.to_owned(),
                format!("more than {ARCHIVE_MEMBERS_MAX} members; it and the rest are not looked at"),
            );
            return false;
        }
        let left = ARCHIVE_BYTES_MAX.saturating_sub(self.inflated);
        let fair = packed.saturating_mul(INFLATE_RATIO_MAX).max(1 << 20);
        let most = FILE_BYTES_MAX.min(left).min(fair);
        let mut bytes = Vec::new();
        match stream.take(most + 1).read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if bytes.is_empty() => {
                self.skip(name.to_owned(), error.to_string());
                return true;
            }
            Err(error) => self.skip(
                name.to_owned(),
                format!("only its first {} bytes can be read: {error}", bytes.len()),
            ),
        }
        self.inflated += bytes.len() as u64;
        if bytes.len() as u64 > most {
            let reason = if most == left {
                format!("the archive holds more than {ARCHIVE_BYTES_MAX} bytes; the rest is not looked at")
            } else if most == fair {
                format!("it inflates to more than {INFLATE_RATIO_MAX} times its size")
            } else {
                format!("it is larger than {FILE_BYTES_MAX} bytes")
            };
            self.skip(name.to_owned(), reason);
            return most != left;
        }
        self.part(name, &bytes, depth + 1);
        true
    }

    fn skip(&mut self, name: String, reason: String) {
        // As many as there may be members.
        if self.skipped.len() <= ARCHIVE_MEMBERS_MAX {
            self.skipped.push(Skipped { name, reason });
        }
    }
}

enum Container {
    Zip,
    Tar,
    Gzip,
    Zstd,
}

impl Container {
    fn of(bytes: &[u8]) -> Option<Container> {
        if bytes.starts_with(b"PK\x03\x04") {
            Some(Container::Zip)
        } else if bytes.starts_with(&[0x1f, 0x8b, 8]) {
            Some(Container::Gzip)
        } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Some(Container::Zstd)
        } else if bytes.get(257..262) == Some(b"ustar") {
            Some(Container::Tar)
        } else {
            None
        }
    }
}

/// The name of what a compressed stream holds.
fn stem<'n>(name: &'n str, endings: &[&str]) -> &'n str {
    let name = name.rsplit_once('/').map_or(name, |(_, name)| name);
    endings
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .filter(|stem| !stem.is_empty())
        .unwrap_or("content")
}
