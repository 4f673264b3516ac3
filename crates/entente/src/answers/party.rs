//! Parties and their keys.

use entente_node::Node;
use entente_node::keys::{Key, KeyStanding};
use entente_node::party::Party;
use entente_stix::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::exit::Failure;

/// A party as it is known here.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PartyShown {
    /// Its STIX identity.
    #[schema(example = "identity--0b5b9b9e-6f6c-4c7b-9d1f-9a1f2d9d3b11")]
    pub(crate) id: String,
    /// What it calls itself.
    pub(crate) name: String,
    /// Whether it is this node's own.
    #[serde(rename = "self")]
    pub(crate) is_self: bool,
    /// The key that its key lists are signed with (C2SP vkey).
    pub(crate) root_key: String,
    /// A short form of the root key, to be compared by another way.
    pub(crate) fingerprint: String,
    /// For whom files to it are encrypted.
    pub(crate) recipient: Option<String>,
    /// The number of its newest key list that is known here.
    pub(crate) key_list: u64,
    /// Its instance keys.
    pub(crate) keys: Vec<KeyShown>,
}

/// An instance key of a party.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct KeyShown {
    /// The key (C2SP vkey).
    pub(crate) key: String,
    /// Since when it counts.
    #[schema(format = DateTime)]
    pub(crate) from: String,
    /// Until when.
    #[schema(format = DateTime)]
    pub(crate) until: String,
    /// When it was taken back.
    #[schema(format = DateTime)]
    pub(crate) revoked: Option<String>,
    /// `valid`, `not yet valid`, `over` or `revoked`.
    pub(crate) standing: String,
}

impl PartyShown {
    pub(crate) fn of(party: &Party, at: Timestamp) -> PartyShown {
        let key = |key: &Key| KeyShown {
            key: key.vkey.to_string(),
            from: key.from.to_string(),
            until: key.until.to_string(),
            revoked: key.revoked.map(|at| at.to_string()),
            standing: standing_word(key.standing(at)).to_owned(),
        };
        PartyShown {
            id: party.id.clone(),
            name: party.name.clone(),
            is_self: party.is_self,
            root_key: party.root.to_string(),
            fingerprint: party.fingerprint(),
            recipient: party.recipient.clone(),
            key_list: party.sequence,
            keys: party.keys.iter().map(key).collect(),
        }
    }
}

/// How a key stands, in a word or three.
pub(crate) fn standing_word(standing: KeyStanding) -> &'static str {
    match standing {
        KeyStanding::Valid => "valid",
        KeyStanding::NotYet => "not yet valid",
        KeyStanding::Expired => "over",
        KeyStanding::Revoked => "revoked",
    }
}

/// This node became a party.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Founded {
    /// The party.
    pub(crate) founded: PartyShown,
}

/// A party whose card was taken in, or read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Met {
    /// The party.
    pub(crate) met: PartyShown,
    /// Whether it is known from now on; not in a dry run.
    pub(crate) stored: bool,
}

/// A party by name or id; this node's own where none is named.
pub(crate) fn named(node: &Node, name: Option<&str>) -> Result<Party, Failure> {
    match name {
        None => Ok(node.me()?.ok_or(entente_node::Error::NotFounded)?),
        Some(name) => Ok(node
            .party(name)?
            .ok_or_else(|| entente_node::Error::UnknownParty {
                party: name.to_owned(),
            })?),
    }
}
