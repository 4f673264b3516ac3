//! A published log, checked from its files alone: checkpoint, tiles and entries (C2SP tlog-tiles).
//!
//! Everything is checked from the signed root downwards, so that a fault is put where it lies: below a tile
//! that is known to be good. Each tile and each bundle is read once; memory stays at a tile a level. Begin at
//! [`verify`].

use crate::checkpoint::{self, VerifiedCheckpoint};
use crate::hash::{self, Hash};
use crate::note::Verifier;
use crate::tile::{self, TileId, WIDTH};
use crate::tlog_proof::{self, TlogProof};
use crate::{Error, ReadError, limits, proof};

mod fault;
mod source;

pub use fault::{Fault, Kind};
pub use source::{Folder, Source, SourceTiles};

/// The path at which the signed checkpoint is published.
pub const CHECKPOINT: &str = "checkpoint";

/// What is asked of a log besides that it holds together. The default asks for nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// The log's name.
    pub origin: Option<&'a str>,
    /// Size and root of a head that one has seen of this log: it must be a beginning of what is published.
    /// Without one, a log that was put back to an earlier state of its own cannot be told.
    pub known: Option<(u64, Hash)>,
    /// The known witnesses' keys.
    pub witness_keys: &'a [Verifier],
    /// How many known witnesses must have cosigned the checkpoint.
    pub quorum: usize,
    /// Every entry must be a commitment of 32 bytes, as in a release log.
    pub commitments: bool,
}

/// A log that holds together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its signed checkpoint: name, size, root, and who signed.
    pub checkpoint: VerifiedCheckpoint,
    /// Names of the known witnesses that cosigned it.
    pub witnesses: Vec<String>,
    /// Hash tiles checked.
    pub tiles: u64,
    /// Bundles of entries checked.
    pub bundles: u64,
}

/// Checks a whole published log: the checkpoint is signed by one of `log_keys`, the tiles lead to its root,
/// and every entry is the one that its tile names. The first fault found ends it.
///
/// The work is one hash for each entry and one for each node; each tile and bundle is read once.
pub fn verify<S: Source>(source: &S, log_keys: &[Verifier], options: &Options<'_>) -> Result<Report, Fault> {
    let (checkpoint, witnesses) = head(source, log_keys, options)?;
    let mut audit = Audit {
        tiles: SourceTiles::new(source),
        commitments: options.commitments,
        read: 0,
        bundles: 0,
    };
    audit.tree(&checkpoint)?;
    if let Some((size, root)) = options.known {
        extends(&audit.tiles, &checkpoint, size, &root)?;
    }
    Ok(Report {
        checkpoint,
        witnesses,
        tiles: audit.read,
        bundles: audit.bundles,
    })
}

/// Proves that entry `index` is in a published log, from as few of its files as that takes. The proof was
/// checked with `log_keys` before it is given.
pub fn prove<S: Source>(source: &S, log_keys: &[Verifier], index: u64) -> Result<TlogProof, Fault> {
    let (checkpoint, _) = head(source, log_keys, &Options::default())?;
    let tiles = SourceTiles::new(source);
    let bundle = TileId::of(0, index / u64::from(WIDTH), checkpoint.size).filter(|_| index < checkpoint.size);
    let bundle = bundle.ok_or_else(|| {
        Fault::new(
            Kind::NoSuchEntry,
            CHECKPOINT,
            format!("the log has {} entries", checkpoint.size),
        )
    })?;
    let proof = proof::inclusion(&tiles, index, checkpoint.size).map_err(of_read)?;
    let bytes = tiles.entries(bundle)?;
    let leaves = leaves(&bytes, bundle)?;
    let leaf = leaves
        .get((index % u64::from(WIDTH)) as usize)
        .copied()
        .unwrap_or_else(hash::empty);
    proof::verify_inclusion(&proof, checkpoint.size, &checkpoint.root, index, &leaf).map_err(|error| {
        let place = tile::entries_path(bundle.index, bundle.width);
        Fault::new(
            Kind::BadEntry,
            &place,
            format!("entry {index}: {error}; verify the whole log to find out more"),
        )
    })?;
    Ok(TlogProof {
        extra: None,
        index,
        proof,
        checkpoint: checkpoint.note().to_owned(),
    })
}

/// The signed checkpoint, and who of the known witnesses cosigned it.
fn head<S: Source>(
    source: &S,
    log_keys: &[Verifier],
    options: &Options<'_>,
) -> Result<(VerifiedCheckpoint, Vec<String>), Fault> {
    let note = source
        .read(CHECKPOINT, limits::NOTE_BYTES_MAX)
        .map_err(|why| Fault::new(Kind::Unreadable, CHECKPOINT, why))?
        .ok_or_else(|| Fault::new(Kind::MissingCheckpoint, CHECKPOINT, "it is not there"))?;
    let mut checkpoint = checkpoint::open(&note, log_keys).map_err(of_checkpoint)?;
    if let Some(origin) = options.origin {
        checkpoint = checkpoint.of_log(origin).map_err(of_checkpoint)?;
    }
    let witnesses = tlog_proof::require_quorum(&note, options.witness_keys, options.quorum);
    Ok((checkpoint, witnesses.map_err(of_checkpoint)?))
}

/// The head that one has seen must be a beginning of the log.
fn extends<S: Source>(
    tiles: &SourceTiles<'_, S>,
    checkpoint: &VerifiedCheckpoint,
    size: u64,
    root: &Hash,
) -> Result<(), Fault> {
    if size > checkpoint.size {
        let why = format!("it has {} entries, and {size} were seen before", checkpoint.size);
        return Err(Fault::new(Kind::RolledBack, CHECKPOINT, why));
    }
    let proof = proof::consistency(tiles, size, checkpoint.size).map_err(of_read)?;
    proof::verify_consistency(&proof, checkpoint.size, &checkpoint.root, size, root).map_err(|_| {
        let why = format!("its first {size} entries are not those that were seen before");
        Fault::new(Kind::Forked, CHECKPOINT, why)
    })
}

struct Audit<'s, S: Source> {
    tiles: SourceTiles<'s, S>,
    commitments: bool,
    read: u64,
    bundles: u64,
}

impl<S: Source> Audit<'_, S> {
    /// The partial tiles, one a level at most, make the root; what is below them follows.
    fn tree(&mut self, checkpoint: &VerifiedCheckpoint) -> Result<(), Fault> {
        let mut edge = Vec::new();
        for level in (0..8).rev() {
            let index = tile::hashes_at(level, checkpoint.size) / u64::from(WIDTH);
            if let Some(id) = TileId::of(level, index, checkpoint.size) {
                edge.push((id, self.tile(id)?));
            }
        }
        let peaks: Vec<_> = edge.iter().flat_map(|(_, hashes)| hash::peaks(hashes)).collect();
        if hash::over(&peaks) != checkpoint.root {
            return Err(self.blame_for_root(&edge));
        }
        edge.iter().try_for_each(|(id, hashes)| self.below(*id, hashes))
    }

    /// Checks what hangs below a tile that is known to be good.
    fn below(&mut self, id: TileId, hashes: &[Hash]) -> Result<(), Fault> {
        let Some(level) = id.level.checked_sub(1) else {
            self.bundles += 1;
            return self.entries(id, hashes);
        };
        for (index, expected) in (id.index * u64::from(WIDTH)..).zip(hashes) {
            let child = TileId {
                level,
                index,
                width: WIDTH,
            };
            let hashes = self.tile(child)?;
            if hash::perfect(&hashes) != Some(*expected) {
                return Err(self.blame_for_tile(child, &hashes));
            }
            self.below(child, &hashes)?;
        }
        Ok(())
    }

    fn entries(&self, id: TileId, hashes: &[Hash]) -> Result<(), Fault> {
        let bytes = self.tiles.entries(id)?;
        let found = leaves(&bytes, id)?;
        let place = tile::entries_path(id.index, id.width);
        let wrong: Vec<_> = (0u64..)
            .zip(hashes.iter().zip(&found))
            .filter(|(_, (a, b))| a != b)
            .collect();
        if let Some((first, _)) = wrong.first() {
            let number = id.index * u64::from(WIDTH) + first;
            let (kind, why) = match wrong.len() == hashes.len() && hashes.len() > 1 {
                true => (
                    Kind::ForeignEntries,
                    "none of its entries is in this log".to_owned(),
                ),
                false => (
                    Kind::BadEntry,
                    format!("entry {number} is not the one that was logged"),
                ),
            };
            return Err(Fault::new(kind, &place, why));
        }
        if self.commitments && tile::unbundle(&bytes).is_ok_and(|all| all.iter().any(|one| one.len() != 32)) {
            return Err(Fault::new(
                Kind::NotACommitment,
                &place,
                "an entry is not 32 bytes long",
            ));
        }
        Ok(())
    }

    fn tile(&mut self, id: TileId) -> Result<Vec<Hash>, Fault> {
        self.read += 1;
        self.tiles.hashes(id)
    }

    /// The partial tiles do not make the root: one that does not fit what is below it was changed; if all
    /// fit, it is the checkpoint that is not of this log.
    fn blame_for_root(&self, edge: &[(TileId, Vec<Hash>)]) -> Fault {
        match edge
            .iter()
            .rev()
            .find(|(id, hashes)| !self.fits_below(*id, hashes))
        {
            Some((id, _)) => Fault::new(
                Kind::BadHash,
                &id.path(),
                "its hashes are not those of what is below it",
            ),
            None => Fault::new(
                Kind::RootMismatch,
                CHECKPOINT,
                "the tiles lead to another root than the signed one",
            ),
        }
    }

    /// A full tile is not what the tile above it says: changed, or whole and of some other log.
    fn blame_for_tile(&self, id: TileId, hashes: &[Hash]) -> Fault {
        match self.fits_below(id, hashes) {
            true => Fault::new(
                Kind::ForeignTile,
                &id.path(),
                "it fits what is below it, but not this log",
            ),
            false => Fault::new(
                Kind::BadHash,
                &id.path(),
                "its hashes are neither those above nor those below it",
            ),
        }
    }

    /// Whether a tile is made from what is right below it; looked at only to say whose fault it is.
    fn fits_below(&self, id: TileId, hashes: &[Hash]) -> bool {
        let Some(level) = id.level.checked_sub(1) else {
            let bytes = self.tiles.entries(id);
            return bytes
                .and_then(|bytes| leaves(&bytes, id))
                .is_ok_and(|leaves| leaves == hashes);
        };
        (id.index * u64::from(WIDTH)..)
            .zip(hashes)
            .all(|(index, expected)| {
                let child = self.tiles.hashes(TileId {
                    level,
                    index,
                    width: WIDTH,
                });
                child.is_ok_and(|hashes| hash::perfect(&hashes) == Some(*expected))
            })
    }
}

/// The leaf hashes of a bundle, as many as its tile is wide. A full bundle may stand in for a partial one.
fn leaves(bytes: &[u8], id: TileId) -> Result<Vec<Hash>, Fault> {
    let place = tile::entries_path(id.index, id.width);
    let entries =
        tile::unbundle(bytes).map_err(|error| Fault::new(Kind::BadEntries, &place, error.to_string()))?;
    let (found, wanted) = (entries.len(), usize::from(id.width));
    if found < wanted {
        let why = format!("it has {found} entries, and {wanted} are needed");
        return Err(Fault::new(Kind::ShortEntries, &place, why));
    }
    if found > wanted && found != usize::from(WIDTH) {
        let why = format!("it has {found} entries, and should have {wanted}");
        return Err(Fault::new(Kind::LongEntries, &place, why));
    }
    Ok(entries
        .iter()
        .take(wanted)
        .map(|entry| hash::leaf(entry))
        .collect())
}

fn of_read(error: ReadError<Fault>) -> Fault {
    match error {
        ReadError::Source(fault) => fault,
        other => Fault::new(Kind::BadCheckpoint, CHECKPOINT, other.to_string()),
    }
}

fn of_checkpoint(error: Error) -> Fault {
    let kind = match &error {
        Error::BadSignature(_) => Kind::BadSignature,
        Error::UnknownSigner(_) => Kind::UnknownSigner,
        Error::Unsupported { .. } => Kind::UnsupportedSignature,
        Error::Origin { .. } => Kind::OtherLog,
        Error::Quorum { .. } => Kind::TooFewWitnesses,
        _ => Kind::BadCheckpoint,
    };
    Fault::new(kind, CHECKPOINT, error.to_string())
}
