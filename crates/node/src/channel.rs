//! Channels: one log for each agreement, owner and audience (docs/decisions/0014).
//!
//! An owner's log holds what it released to that audience, and nothing leaves except through it. Readers keep
//! a copy of the log, so that they can prove and witness. Begin at [`Desk`], then [`crate::release`],
//! [`crate::view`] and [`crate::reading`].

pub mod opening;
pub(crate) mod provenance;
pub(crate) mod surroundings;

use std::sync::{MutexGuard, PoisonError};

use entente_policy::terms::{Audience, Terms};
use entente_stix::digest::Digest;
use entente_stix::time::Timestamp;
use entente_store::{Channel, Store};
use entente_translog::ReadError;
use entente_translog::tile::{TileId, Tiles};

use crate::guard::Guard;
use crate::keys::Keys;
use crate::pact::Pact;
use crate::party::Party;
use crate::{Error, Node};

/// Where a party signs: its keys, unlocked, the guard of what it signed, and the time.
pub struct Desk<'a> {
    /// Now.
    pub at: Timestamp,
    /// The secrets of the node's own party.
    pub keys: &'a Keys,
    /// Remembers the last signed head of each own log.
    pub guard: &'a dyn Guard,
}

/// What every log's name begins with.
const FAMILY: &str = "entente";

/// What every party's id begins with.
const IDENTITY: &str = "identity--";

/// The name of the log in which `owner` releases to `audience` under an agreement:
/// `entente/<agreement>/<owner's uuid>/<16 hexadecimal digits of the SHA-256 over the audience's ids>`.
pub fn origin(agreement: &str, owner: &str, audience: &[String]) -> String {
    let owner = owner.strip_prefix(IDENTITY).unwrap_or(owner);
    let audience = Digest::of(audience.join("\n").as_bytes()).to_string();
    let audience = audience.get(..16).unwrap_or_default();
    format!("{FAMILY}/{agreement}/{owner}/{audience}")
}

/// The agreement's id and the owner's party id that a log's name tells.
pub fn read_origin(origin: &str) -> Option<(&str, String)> {
    let mut parts = origin.split('/');
    let (family, agreement, owner) = (parts.next()?, parts.next()?, parts.next()?);
    let audience = parts.next()?;
    let is_whole = family == FAMILY && !agreement.is_empty() && audience.len() == 16;
    (is_whole && parts.next().is_none()).then(|| (agreement, format!("{IDENTITY}{owner}")))
}

/// Set once an id belongs to a party: before that, nobody's ownership needs to be looked up.
pub(crate) const BOUND: &str = "bound";

/// The audiences of an owner as they are now: without the parties that left.
pub(crate) fn audiences(pact: &Pact, terms: &Terms, owner: &str) -> Vec<Audience> {
    let audiences = terms.audiences(owner).into_iter();
    let remaining = audiences.map(|mut audience| {
        audience.members.retain(|member| !pact.left.contains_key(member));
        audience
    });
    remaining
        .filter(|audience| !audience.members.is_empty())
        .collect()
}

/// What the sources begin with under which parties' objects are held.
pub(crate) const PARTY_SOURCE: &str = "party/";

/// The source under which an object is held that `party` told under an agreement.
pub fn source_of(party: &str, agreement: &str) -> String {
    format!("{PARTY_SOURCE}{party}/{agreement}")
}

/// The party and the agreement of a source, where a party told it.
pub fn party_of_source(source: &str) -> Option<(&str, &str)> {
    source.strip_prefix(PARTY_SOURCE)?.split_once('/')
}

/// The tree of a stored log.
pub(crate) struct Tree<'s> {
    pub(crate) store: &'s dyn Store,
    pub(crate) origin: &'s str,
}

impl Tiles for Tree<'_> {
    type Error = Error;

    fn tile(&self, id: TileId) -> Result<Vec<u8>, Error> {
        let tile = self.store.tile(self.origin, id.level, id.index)?;
        tile.ok_or_else(|| Error::Damaged {
            origin: self.origin.to_owned(),
            cause: format!("its tile `{}` is missing", id.path()),
        })
    }
}

impl Node {
    /// Appending, signing and taking in happen one at a time, in this process; others may not write at all.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.desk_turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tree<'s>(&'s self, origin: &'s str) -> Tree<'s> {
        Tree {
            store: self.store(),
            origin,
        }
    }

    /// The party `id`, which must be known.
    pub(crate) fn known_party(&self, id: &str) -> Result<Party, Error> {
        self.party(id)?
            .ok_or_else(|| Error::UnknownParty { party: id.to_owned() })
    }

    /// What reading a tree gave, with the log's name to whatever went wrong.
    pub(crate) fn in_tree<T>(&self, origin: &str, read: Result<T, ReadError<Error>>) -> Result<T, Error> {
        read.map_err(|error| match error {
            ReadError::Source(error) => error,
            ReadError::Short(tile) => Error::Damaged {
                origin: origin.to_owned(),
                cause: format!("its tile `{}` is too short", tile.path()),
            },
            ReadError::Asked(cause) => Error::BadLog {
                origin: origin.to_owned(),
                cause,
            },
        })
    }

    /// The channels that this node's own party owns.
    pub(crate) fn own_channels(&self, me: &str) -> Result<Vec<Channel>, Error> {
        let mut channels = self.store.channels()?;
        channels.retain(|channel| channel.owner == me);
        Ok(channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_tells_agreement_owner_and_audience() {
        let owner = "identity--d7f3e25a-ba1c-447a-ab71-6434b092b05e";
        let audience = ["identity--1".to_owned(), "identity--2".to_owned()];
        let name = origin("north-sea", owner, &audience);
        assert_eq!(
            name,
            "entente/north-sea/d7f3e25a-ba1c-447a-ab71-6434b092b05e/304cd3f444ef5b23"
        );
        assert_eq!(read_origin(&name), Some(("north-sea", owner.to_owned())));
        assert_ne!(name, origin("north-sea", owner, &audience[..1]));
        for other in [
            "",
            "entente/x/y",
            "entente//y/0123456789abcdef",
            "a/x/y/0123456789abcdef",
            "entente/x/y/0123456789abcdef/z",
        ] {
            assert_eq!(read_origin(other), None, "{other}");
        }
    }

    #[test]
    fn source_tells_party_and_agreement() {
        let source = source_of("identity--1", "north-sea");
        assert_eq!(party_of_source(&source), Some(("identity--1", "north-sea")));
        assert_eq!(party_of_source("feed"), None);
    }
}
