//! Everything a node can be asked to do, as plain synchronous calls.
//!
//! The only place where readers and engines meet the store. Time is an argument; nothing here prints.
//! Begin at [`Node`]; each question has a module: [`import`], [`look`], [`show`], [`scan`], [`export`],
//! [`check`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod check;
pub mod derive;
pub mod error;
pub mod export;
pub mod generation;
pub mod guard;
pub mod import;
pub mod limits;
pub mod look;
mod noted;
pub mod reading;
pub mod release;
pub mod scan;
pub mod show;
pub mod sighting;
pub mod view;

use std::path::{Path, PathBuf};

use entente_store::Store;

pub use error::Error;

/// A node: a store, and a folder for what is compiled from it.
pub struct Node {
    store: Box<dyn Store>,
    folder: PathBuf,
    secret: u64,
}

impl Node {
    /// A node on `store`, which keeps compiled generations in `folder`. `secret` is the node's own random
    /// number: it keys the hashes of what is compiled, so that nobody can write indicators that collide.
    pub fn new(store: Box<dyn Store>, folder: &Path, secret: u64) -> Node {
        Node {
            store,
            folder: folder.to_owned(),
            secret,
        }
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
