//! Everything a node can be asked to do, as plain synchronous calls.
//!
//! The only place where readers and engines meet the store. Time is an argument; nothing here prints.
//! Begin at [`Node`]; each question has a module: [`import`], [`look`], [`show`], [`rules`], [`scan`], [`export`],
//! [`check`], [`party`], [`pact`], [`channel`], [`shelf`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod acts;
pub mod audit;
pub mod bundled;
pub mod channel;
pub mod check;
pub mod derive;
pub mod error;
pub mod explain;
pub mod export;
pub mod generation;
pub mod guard;
mod head;
pub mod import;
pub mod keys;
pub mod limits;
pub mod look;
mod noted;
pub mod pact;
pub mod party;
pub mod reading;
pub mod recall;
pub mod receipt;
pub mod release;
pub mod retain;
pub mod rules;
pub mod scan;
pub mod shelf;
pub mod show;
pub mod sighting;
pub mod steady;
pub mod view;
mod witness;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use entente_store::Store;

pub use error::Error;

/// Under which name the store keeps the node's own random number.
const SECRET: &str = "secret";

/// A node: a store, and a folder for what is compiled from it.
pub struct Node {
    store: Box<dyn Store>,
    folder: PathBuf,
    secret: u64,
    /// Parties and agreements, as the store's acts say.
    acts: Mutex<acts::Ledger>,
    /// Held while a log is appended to, signed or taken in.
    desk_turn: Mutex<()>,
    /// Held while trials of rules are read and written: scans may run side by side.
    trials_turn: Mutex<()>,
}

impl Node {
    /// A node on `store`, which keeps compiled generations in `folder`. `secret` is the node's own random
    /// number: it keys the hashes of what is compiled, so that nobody can write indicators that collide.
    pub fn new(store: Box<dyn Store>, folder: &Path, secret: u64) -> Node {
        Node {
            store,
            folder: folder.to_owned(),
            secret,
            acts: Mutex::default(),
            desk_turn: Mutex::default(),
            trials_turn: Mutex::default(),
        }
    }

    /// A node on `store`, with the random number that the store keeps for it; `fresh` becomes it where there is none
    /// yet. A store that is open for reading only keeps nothing: the number is then good for this time.
    ///
    /// # Errors
    /// The store failed.
    pub fn open(store: Box<dyn Store>, folder: &Path, fresh: u64) -> Result<Node, Error> {
        let known = store.meta(SECRET)?;
        let known = known.and_then(|text| u64::from_str_radix(&text, 16).ok());
        if known.is_none() {
            match store.set_meta(SECRET, Some(&format!("{fresh:016x}"))) {
                Ok(()) | Err(entente_store::Error::OpenedForReading { .. }) => (),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Node::new(store, folder, known.unwrap_or(fresh)))
    }

    /// The store, for counts and for closing. Questions have calls of their own.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Lets go of the store in good order.
    ///
    /// # Errors
    /// What the store says; nothing acknowledged depends on it.
    pub fn close(self) -> Result<(), Error> {
        Ok(self.store.close()?)
    }
}
