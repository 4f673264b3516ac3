//! What can go wrong inside a node, by whose fault. What comes from below keeps its own words.

use std::io;
use std::path::PathBuf;

/// Why a node could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store or its disk.
    #[error(transparent)]
    Store(#[from] entente_store::Error),
    /// A file of the node's own.
    #[error("cannot {doing} `{path}`: {cause}; check space and permissions of the data folder, then repeat")]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The compiled generation cannot be made or read.
    #[error("cannot use the compiled indicators in `{path}`: {cause}")]
    Generation {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// A text that the store holds is not an object; the store is damaged.
    #[error("the stored text of `{id}` cannot be read: {cause}; run `entente check`")]
    Text {
        /// The object's id.
        id: String,
        /// Why.
        cause: String,
    },
    /// The input could not be read to its end; what came before is accounted for.
    #[error("cannot read `{name}` to its end: {cause}")]
    Input {
        /// The input's name.
        name: String,
        /// What the system said.
        cause: String,
    },
}
