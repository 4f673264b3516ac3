//! Tiles: the tree's hashes and entries as files that never change (C2SP tlog-tiles).
//!
//! A tile holds up to 256 hashes of one level; each hash of a level is the root over a full tile of the
//! level below. Begin at [`appended`] to write, at [`crate::proof`] to read.

use crate::hash::{self, Hash};
use crate::{Error, ReadError, limits};

mod path;

pub use path::{entries_path, parse_entries};

/// Hashes of a full tile, and entries of a full bundle.
pub const WIDTH: u16 = 256;

/// Which tile. The same tile is wider in a bigger tree until it is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 holds leaf hashes.
    pub level: u8,
    /// Which tile of that level, from the left.
    pub index: u64,
    /// Hashes in it, 1 to 256; less than 256 is a partial tile.
    pub width: u16,
}

impl TileId {
    /// The tile as it is in a tree of `size` entries; `None` where that tree has no hash for it.
    pub fn of(level: u8, index: u64, size: u64) -> Option<Self> {
        let from = index.checked_mul(WIDTH.into())?;
        let width = hashes_at(level, size).checked_sub(from)?.min(WIDTH.into());
        (width > 0).then_some(Self {
            level,
            index,
            width: width as u16,
        })
    }

    /// The path at which it is published: `tile/0/x001/234.p/5`.
    pub fn path(&self) -> String {
        path::path(&self.level.to_string(), self.index, self.width)
    }

    /// The tile that is published at a path. There is one path for each tile, and no other way to
    /// write it.
    pub fn parse(path: &str) -> Result<Self, Error> {
        path::parse(path)
    }

    /// The same tile when it is full.
    pub fn full(self) -> Self {
        Self { width: WIDTH, ..self }
    }
}

/// A tile's name and its hashes laid end to end.
pub type Tile = (TileId, Vec<u8>);

/// Where tiles are read from.
pub trait Tiles {
    /// What can go wrong there.
    type Error;

    /// The hashes of that tile laid end to end: at least `width * 32` bytes. What comes behind them, as
    /// when the tile is wider by now, is not looked at.
    fn tile(&self, id: TileId) -> Result<Vec<u8>, Self::Error>;
}

impl<T: Tiles + ?Sized> Tiles for &T {
    type Error = T::Error;

    fn tile(&self, id: TileId) -> Result<Vec<u8>, Self::Error> {
        (**self).tile(id)
    }
}

/// The hashes that a tree of `size` entries has at a level, full tiles below it only.
pub(crate) fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(8 * u32::from(level)).unwrap_or(0)
}

/// The hashes of one tile as the source gives it.
pub(crate) fn read<T: Tiles>(tiles: &T, id: TileId) -> Result<Vec<Hash>, ReadError<T::Error>> {
    let bytes = tiles.tile(id).map_err(ReadError::Source)?;
    let hashes = hash::from_bytes(&bytes).get(..id.width.into());
    Ok(hashes.ok_or(ReadError::Short(id))?.to_vec())
}

/// The hash tiles that change when `leaves` are appended to a tree of `old_size` entries: those that
/// became full and the new partial ones, level by level, each whole. Of the old tree only its partial
/// tiles are asked for.
///
/// Writing them does not publish them: that is what signing a checkpoint of the new size does.
pub fn appended<T: Tiles>(old_size: u64, leaves: &[Hash], old: &T) -> Result<Vec<Tile>, ReadError<T::Error>> {
    let grown = old_size
        .checked_add(leaves.len() as u64)
        .filter(|size| *size <= limits::TREE_SIZE_MAX);
    grown.ok_or(Error::TooMuch {
        what: "the size of a tree",
        max: limits::TREE_SIZE_MAX,
    })?;
    let mut changed = Vec::new();
    let mut new = leaves.to_vec();
    for level in 0.. {
        if new.is_empty() {
            break;
        }
        let before = hashes_at(level, old_size);
        let first = before / u64::from(WIDTH);
        let mut hashes = match TileId::of(level, first, old_size) {
            Some(partial) => read(old, partial)?,
            None => Vec::new(),
        };
        hashes.append(&mut new);
        for (index, tile) in (first..).zip(hashes.chunks(WIDTH.into())) {
            // A tile goes up only when it is full (tlog-tiles, Partial Tiles).
            new.extend(hash::perfect(tile).filter(|_| tile.len() == usize::from(WIDTH)));
            changed.push((
                TileId {
                    level,
                    index,
                    width: tile.len() as u16,
                },
                tile.concat(),
            ));
        }
    }
    Ok(changed)
}

/// Entries as they are published, each behind its length in two bytes, big-endian. At most 256 belong into
/// one bundle, and none may be over [`limits::ENTRY_BYTES_MAX`].
pub fn bundle<'a>(entries: impl Iterator<Item = &'a [u8]>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    for (nth, entry) in entries.enumerate() {
        if nth == usize::from(WIDTH) {
            return Err(Error::TooMuch {
                what: "a bundle's number of entries",
                max: WIDTH.into(),
            });
        }
        let length = u16::try_from(entry.len()).map_err(|_| Error::TooMuch {
            what: "an entry",
            max: limits::ENTRY_BYTES_MAX as u64,
        })?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle: 1 to 256, and nothing behind them.
pub fn unbundle(bytes: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let fault = |why| Error::Bytes {
        what: "bundle of entries",
        why,
    };
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        if entries.len() == usize::from(WIDTH) {
            return Err(fault("bytes follow its 256 entries"));
        }
        let (length, behind) = rest.split_first_chunk().ok_or(fault("it ends within a length"))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, behind) = behind
            .split_at_checked(length)
            .ok_or(fault("it ends within an entry"))?;
        entries.push(entry);
        rest = behind;
    }
    if entries.is_empty() {
        return Err(fault("it is empty"));
    }
    Ok(entries)
}
