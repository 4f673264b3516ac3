//! A node's disk: a store in a folder of its own, the guard of its signed heads, and a fuse that breaks both.
//!
//! A crash is a write that never ends: at the fuse's write the folder is copied as it then lies on the disk, every
//! later call fails, and the node is opened again on the copy. The write under way is there, is not there, or is
//! there half, as the fuse says; what was acknowledged before is whole. Begin at [`Disk`].

mod fuse;
mod guard;
mod store;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use entente_store::sqlite::{Options, Sqlite};

pub use fuse::{Blow, Fuse};
pub use guard::GuardFile;
pub use store::Fused;

use crate::random::Random;

/// The files of a store that outlive a crash; the rest is made anew.
const FILES: [&str; 2] = ["store.db", "store.db-wal"];

/// One node's disk.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    /// Which copy of the folder counts.
    image: u64,
    /// The guard file, outside the folder and outside backups.
    pub guard: GuardFile,
    /// What breaks.
    pub fuse: Fuse,
}

impl Disk {
    /// An empty disk in the folder `root`, which is this disk's alone.
    ///
    /// # Errors
    /// The real disk failed.
    pub fn new(root: PathBuf) -> io::Result<Disk> {
        fs::create_dir_all(&root)?;
        let fuse = Fuse::default();
        Ok(Disk {
            root,
            image: 0,
            guard: GuardFile::new(fuse.clone()),
            fuse,
        })
    }

    /// Opens the store that is on the disk.
    ///
    /// # Errors
    /// What the store says: after any crash that is a violation.
    pub fn open(&self) -> Result<Fused, entente_store::Error> {
        self.fuse.mend();
        let folder = self.folder();
        let options = Options {
            sync: false,
            cache_bytes: 2 << 20,
            ..Options::write()
        };
        let store = Sqlite::open(&folder, &options)?;
        Ok(Fused::new(store, folder, self.fuse.clone()))
    }

    /// Where compiled indicators go.
    pub fn compiled(&self) -> PathBuf {
        self.folder()
    }

    /// Call after the node was let go: what the crash left becomes what is on the disk.
    ///
    /// # Errors
    /// The real disk failed.
    pub fn settle(&mut self, random: &mut Random) -> io::Result<()> {
        let Some(wreck) = self.fuse.take_wreck() else {
            return Ok(());
        };
        let next = self.root.join(format!("image-{}", self.image + 1));
        wreck.settle_into(&next, random)?;
        fs::remove_dir_all(self.folder())?;
        self.image += 1;
        Ok(())
    }

    /// Power fails now, between two writes.
    ///
    /// # Errors
    /// The real disk failed.
    pub fn pull_the_plug(&self) -> io::Result<()> {
        self.fuse.blow_now(&self.folder())
    }

    /// A copy of the store as it lies on the disk.
    ///
    /// # Errors
    /// The real disk failed.
    pub fn backup(&self, name: &str) -> io::Result<PathBuf> {
        let to = self.root.join(name);
        let _ = fs::remove_dir_all(&to);
        copy(&self.folder(), &to)?;
        Ok(to)
    }

    /// Puts a copy in the place of what is on the disk. The node must have been let go.
    ///
    /// # Errors
    /// The real disk failed.
    pub fn restore(&mut self, backup: &Path) -> io::Result<()> {
        if self.folder().exists() {
            fs::remove_dir_all(self.folder())?;
        }
        self.image += 1;
        copy(backup, &self.folder())
    }

    fn folder(&self) -> PathBuf {
        self.root.join(format!("image-{}", self.image))
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for file in FILES {
        let source = from.join(file);
        if source.exists() {
            fs::copy(source, to.join(file))?;
        }
    }
    Ok(())
}
