//! The guard of signed heads as a value that outlives crashes and is in no backup.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entente_node::guard::{Guard, GuardError};

use super::fuse::{Blow, Fuse, Turn};

/// A guard file.
#[derive(Debug, Clone)]
pub struct GuardFile {
    heads: Arc<Mutex<BTreeMap<String, String>>>,
    fuse: Fuse,
}

impl GuardFile {
    /// An empty one, on the disk of this fuse.
    pub fn new(fuse: Fuse) -> GuardFile {
        GuardFile {
            heads: Arc::default(),
            fuse,
        }
    }

    /// What somebody has who copies the file: a liar's second guard.
    pub fn copied(&self, fuse: Fuse) -> GuardFile {
        GuardFile {
            heads: Arc::new(Mutex::new(self.heads().clone())),
            fuse,
        }
    }

    /// What was signed last, by log.
    pub fn signed(&self) -> BTreeMap<String, String> {
        self.heads().clone()
    }

    fn heads(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guard for GuardFile {
    fn last(&self, origin: &str) -> Result<Option<String>, GuardError> {
        match self.fuse.is_blown() {
            true => Err(dead()),
            false => Ok(self.heads().get(origin).cloned()),
        }
    }

    fn advance(&self, origin: &str, from: Option<&str>, to: &str) -> Result<(), GuardError> {
        let turn = self.fuse.turn();
        if let Turn::Dead | Turn::Blow(Blow::Before | Blow::Torn) = turn {
            // A new file takes the place of the old one whole: a torn one never does.
            return Err(dead());
        }
        let mut heads = self.heads();
        if heads.get(origin).map(String::as_str) != from {
            let origin = origin.to_owned();
            return Err(GuardError::Moved { origin });
        }
        heads.insert(origin.to_owned(), to.to_owned());
        match turn {
            Turn::Blow(_) => Err(dead()),
            _ => Ok(()),
        }
    }
}

fn dead() -> GuardError {
    GuardError::Failed("the power is off".to_owned())
}
