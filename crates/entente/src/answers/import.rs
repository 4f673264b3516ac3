//! What became of items that were imported.

use entente_node::import::{Account, Fate, Item};
use serde::Serialize;
use utoipa::ToSchema;

/// What became of one item of an input.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ImportItem {
    /// The input that it stands in.
    pub(crate) file: String,
    /// Where in it: a JSON pointer or a line.
    pub(crate) place: String,
    /// The STIX id, where the item has one.
    pub(crate) id: Option<String>,
    /// A stable word: `stored`, `new-version`, `older-version`, `known`, `refused` and the like.
    pub(crate) outcome: String,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl ImportItem {
    pub(crate) fn of(file: &str, item: &Item) -> ImportItem {
        ImportItem {
            file: file.to_owned(),
            place: item.place.clone(),
            id: item.id.clone(),
            outcome: item.fate.word().to_owned(),
            reason: match &item.fate {
                Fate::Refused { reason } => Some(reason.clone()),
                _ => None,
            },
        }
    }
}

/// An input that could not be read, or not to its end.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Unread {
    /// The input.
    pub(crate) file: String,
    /// Always `unread`.
    pub(crate) outcome: &'static str,
    /// Why.
    pub(crate) reason: String,
}

impl Unread {
    pub(crate) fn of(file: String, reason: String) -> Unread {
        Unread {
            file,
            outcome: "unread",
            reason,
        }
    }
}

/// The sums of an import.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ImportAccount {
    /// Inputs.
    pub(crate) inputs: u64,
    /// Inputs that could not be read, or not to their end.
    pub(crate) unread: u64,
    /// Items that came in.
    #[serde(rename = "in")]
    pub(crate) items: u64,
    /// Items that are held now and were not before.
    pub(crate) stored: u64,
    /// Of these, further versions of known objects.
    pub(crate) versions: u64,
    /// Items that changed nothing.
    pub(crate) known: u64,
    /// Items that were not taken in.
    pub(crate) refused: u64,
    /// Whether nothing was stored, because nothing was to be.
    pub(crate) dry_run: bool,
}

impl ImportAccount {
    pub(crate) fn of(inputs: u64, unread: u64, account: &Account, dry_run: bool) -> ImportAccount {
        ImportAccount {
            inputs,
            unread,
            items: account.items,
            stored: account.stored,
            versions: account.versions,
            known: account.known,
            refused: account.refused,
            dry_run,
        }
    }
}

/// The sums as a line of their own.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ImportEnd {
    /// The sums.
    pub(crate) account: ImportAccount,
}
