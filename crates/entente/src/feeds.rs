//! Feeds: collections of other organisations' TAXII servers, read once or again and again.
//!
//! What is to be read is kept in `feeds.json` ([`Book`]), which the command line and the server both read and change;
//! how far it was read is in the store ([`state`]). Begin at [`pull::read_feed`].

pub(crate) mod door;
pub(crate) mod pull;
pub(crate) mod state;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::kept::Kept;

const FILE: &str = "feeds.json";
const VERSION: u32 = 1;

/// Feeds of one node.
pub(crate) const FEEDS_MAX: usize = 1_000;

/// The shortest and the longest interval, in seconds.
pub(crate) const EVERY_SECONDS_MIN: u64 = 60;
pub(crate) const EVERY_SECONDS_MAX: u64 = 30 * 86_400;

/// The book of a data folder.
pub(crate) fn book(data: &Path) -> Kept<Book> {
    Kept::new(data.join(FILE), VERSION)
}

/// Every feed, by its name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) feeds: BTreeMap<String, Feed>,
}

/// One feed: a server, and which of its collections are read how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Feed {
    pub(crate) url: String,
    /// Ids, titles or aliases; none: every collection that may be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) collections: Vec<String>,
    /// Seconds from one reading to the next.
    pub(crate) every: u64,
    /// Where nothing was read yet: only what was added from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<String>,
    #[serde(default)]
    pub(crate) way: Way,
    /// It is not read, and kept to be read on later.
    #[serde(default)]
    pub(crate) stopped: bool,
}

/// How a server is reached. Secrets stay in their files, and are read anew each time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Way {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) login: Option<Login>,
    /// The only authorities that are believed: a PEM file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authority: Option<PathBuf>,
    /// A client certificate with its key: a PEM file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<PathBuf>,
    /// Whether the proxies of the environment are used.
    #[serde(default)]
    pub(crate) proxy: bool,
}

/// How we sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Login {
    /// HTTP Basic.
    Basic { user: String, password_file: PathBuf },
    /// `Authorization: Bearer`.
    Token { token_file: PathBuf },
    /// A header of the server's own.
    Header { name: String, value_file: PathBuf },
}
