//! A log as static files (C2SP tlog-tiles), for those whom it is told to.
//!
//! What is in them are salted commitments and hashes: they prove, and tell nothing of what was released.

use entente_translog::published::CHECKPOINT;
use entente_translog::tile::{self, TileId};

use super::{PeerView, Refused};

/// One file of a published log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedFile {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it is the same for good: a full tile is; the checkpoint and a partial tile give way to others.
    pub is_final: bool,
}

impl PeerView<'_> {
    /// The file at `path` of a log: `checkpoint`, `tile/<level>/<index>` or `tile/entries/<index>`, the last two also with
    /// `.p/<width>`. Up to the signed head only.
    ///
    /// # Errors
    /// [`Refused`], as for [`PeerView::slice`]; [`Refused::NoChannel`] also where there is no such file.
    pub fn file(&self, origin: &str, path: &str) -> Result<PublishedFile, Refused> {
        let open = self.open(origin)?;
        if path == CHECKPOINT {
            return Ok(PublishedFile {
                bytes: open.head.note.into_bytes(),
                is_final: false,
            });
        }
        let no_file = || Refused::NoChannel {
            origin: format!("{origin}/{path}"),
        };
        let is_there = |id: TileId| {
            TileId::of(id.level, id.index, open.head.size).is_some_and(|there| id.width <= there.width)
        };
        let entries = tile::parse_entries(path).ok();
        let id = match entries {
            Some((index, width)) => TileId {
                level: 0,
                index,
                width,
            },
            None => TileId::parse(path).map_err(|_| no_file())?,
        };
        if !is_there(id) {
            return Err(no_file());
        }
        let bytes = match entries {
            Some(_) => self.node.bundle_of_entries(origin, id)?,
            None => self.node.hashes(origin, id)?,
        };
        Ok(PublishedFile {
            bytes,
            is_final: id.width == tile::WIDTH,
        })
    }
}
