//! Where a published log is read from.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::PathBuf;

use super::{Fault, Kind};
use crate::hash::{self, Hash};
use crate::limits;
use crate::tile::{self, TileId, Tiles, WIDTH};

/// Bytes of a full tile.
const TILE_BYTES: usize = 32 * WIDTH as usize;

/// A folder, a map in memory, a server: whatever has files by path. Paths are those of C2SP tlog-tiles, with `/`
/// between their parts, and never lead outside.
pub trait Source {
    /// The file at `path`, `None` if there is none. A file longer than `bytes_max` may be cut anywhere behind
    /// that length, but not at it. The error says in words what failed.
    fn read(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, String>;
}

impl<S: Source + ?Sized> Source for &S {
    fn read(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, String> {
        (**self).read(path, bytes_max)
    }
}

/// Files in memory, by path.
impl Source for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str, _bytes_max: usize) -> Result<Option<Vec<u8>>, String> {
        Ok(self.get(path).cloned())
    }
}

/// A folder on disk.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder in which `checkpoint` and `tile` lie.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl Source for Folder {
    fn read(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, String> {
        let path = self.path.join(path);
        let mut bytes = Vec::new();
        let read = fs::metadata(&path).and_then(|file| {
            // A pipe or a device in its place could hold us up for ever.
            if !file.is_file() {
                return Err(ErrorKind::InvalidInput.into());
            }
            fs::File::open(&path)?
                .take(bytes_max as u64 + 1)
                .read_to_end(&mut bytes)
        });
        match read {
            Ok(_) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) if error.kind() == ErrorKind::InvalidInput => Err("it is not a plain file".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The tiles of a published log, to make proofs from. They are checked in form only: verify what is
/// made from them.
#[derive(Debug, Clone, Copy)]
pub struct SourceTiles<'s, S: Source> {
    source: &'s S,
}

impl<'s, S: Source> SourceTiles<'s, S> {
    /// The tiles that are published there.
    pub fn new(source: &'s S) -> Self {
        Self { source }
    }

    /// The hashes of a tile, exactly as many as it is wide.
    pub(super) fn hashes(&self, id: TileId) -> Result<Vec<Hash>, Fault> {
        let bytes = self.tile(id)?;
        Ok(hash::from_bytes(&bytes)
            .iter()
            .copied()
            .take(id.width.into())
            .collect())
    }

    /// The bytes of the bundle of entries that belongs to a tile of level 0.
    pub(super) fn entries(&self, id: TileId) -> Result<Vec<u8>, Fault> {
        let (path, bytes) = self.full_or_partial(id, limits::BUNDLE_BYTES_MAX, |id| {
            tile::entries_path(id.index, id.width)
        })?;
        bytes.ok_or_else(|| Fault::new(Kind::MissingEntries, &path, "it is not there"))
    }

    /// The full file where it is there, as a log that has grown may have deleted the partial one (C2SP
    /// tlog-tiles, Partial Tiles); otherwise the partial one. With its path.
    fn full_or_partial(
        &self,
        id: TileId,
        bytes_max: usize,
        path: impl Fn(TileId) -> String,
    ) -> Result<(String, Option<Vec<u8>>), Fault> {
        let read = |path: String| match self.source.read(&path, bytes_max) {
            Ok(bytes) => Ok((path, bytes)),
            Err(why) => Err(Fault::new(Kind::Unreadable, &path, why)),
        };
        match read(path(id.full()))? {
            (_, None) if id.width < WIDTH => read(path(id)),
            found => Ok(found),
        }
    }
}

impl<S: Source> Tiles for SourceTiles<'_, S> {
    type Error = Fault;

    fn tile(&self, id: TileId) -> Result<Vec<u8>, Fault> {
        let (path, bytes) = self.full_or_partial(id, TILE_BYTES, |id| id.path())?;
        let bytes = bytes.ok_or_else(|| Fault::new(Kind::MissingTile, &path, "it is not there"))?;
        let wanted = if path == id.path() {
            usize::from(id.width) * 32
        } else {
            TILE_BYTES
        };
        let kind = match bytes.len() {
            found if found < wanted => Kind::ShortTile,
            found if found > wanted => Kind::LongTile,
            _ => return Ok(bytes),
        };
        Err(Fault::new(
            kind,
            &path,
            format!("it should be {wanted} bytes long"),
        ))
    }
}
