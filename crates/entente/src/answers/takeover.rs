//! What became of another TAXII server's data.

use entente_node::shelf::{Left, TakenOver};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that was not taken over.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LeftShown {
    /// JSON pointer to it in the file.
    pub(crate) left: String,
    /// The object's id, where it is one.
    pub(crate) id: Option<String>,
    /// Why.
    pub(crate) reason: String,
}

impl From<&Left> for LeftShown {
    fn from(left: &Left) -> LeftShown {
        LeftShown {
            left: left.pointer.clone(),
            id: left.id.clone(),
            reason: left.reason.clone(),
        }
    }
}

/// The sums of a takeover.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TakenOverShown {
    /// API roots.
    pub(crate) roots: u64,
    /// Collections.
    pub(crate) collections: u64,
    /// Status records that are new here.
    pub(crate) statuses: u64,
    /// Versions of objects that are new in their collection.
    pub(crate) objects: u64,
    /// Versions of objects that their collection had already.
    pub(crate) known: u64,
    /// What was left behind.
    pub(crate) left: u64,
    /// Whether nothing was stored, because nothing was to be.
    pub(crate) dry_run: bool,
}

impl TakenOverShown {
    pub(crate) fn of(taken: &TakenOver, dry_run: bool) -> TakenOverShown {
        TakenOverShown {
            roots: taken.roots,
            collections: taken.collections,
            statuses: taken.statuses,
            objects: taken.objects,
            known: taken.known,
            left: taken.left,
            dry_run,
        }
    }
}
