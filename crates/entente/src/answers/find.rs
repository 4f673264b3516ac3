//! What a search or a list gives: objects in short, and who tells them.

use entente_node::receipt::Recalled;
use entente_node::show::Found;
use entente_store::{Source, Stored};
use serde::Serialize;
use utoipa::ToSchema;

use super::show::RecallShown;
use super::time;

/// An object in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FoundObject {
    /// The STIX id.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Whether its creator took it back.
    pub(crate) revoked: bool,
    /// `modified`, for objects that have it.
    #[schema(format = DateTime)]
    pub(crate) modified: Option<String>,
    /// The recall that holds for it, where the party that it belongs to took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) recalled: Option<RecallShown>,
}

impl From<&Found> for FoundObject {
    fn from(found: &Found) -> FoundObject {
        let hit = &found.hit;
        FoundObject {
            id: hit.id.clone(),
            name: hit.name.clone(),
            revoked: hit.revoked,
            modified: modified(hit.version),
            recalled: found.recalled.as_ref().map(RecallShown::from),
        }
    }
}

impl FoundObject {
    pub(crate) fn of(stored: &Stored, recalled: Option<&Recalled>) -> FoundObject {
        FoundObject {
            id: stored.id.clone(),
            name: stored.name.clone(),
            revoked: stored.revoked,
            modified: modified(stored.version),
            recalled: recalled.map(RecallShown::from),
        }
    }
}

fn modified(version: i64) -> Option<String> {
    (version != 0).then(|| time(version))
}

/// Someone who told something.
#[allow(dead_code, reason = "told over HTTP only")]
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SourceShown {
    /// The name under which it was taken in.
    pub(crate) source: String,
    /// How many object versions are held from it.
    pub(crate) holdings: u64,
    /// When it first told anything.
    #[schema(format = DateTime)]
    pub(crate) first: String,
}

impl From<&Source> for SourceShown {
    fn from(source: &Source) -> SourceShown {
        SourceShown {
            source: source.name.clone(),
            holdings: source.holdings,
            first: time(source.first_at),
        }
    }
}
