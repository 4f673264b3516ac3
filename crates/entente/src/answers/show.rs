//! One object with everything around it.

use entente_node::receipt::Recalled;
use entente_node::show::{Gone, Relation, Shown};
use entente_store::{Aside, Holding, Stored};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::trials::StandingShown;
use super::{hex, time};
use crate::exit::Failure;

/// An object with its sources and relations.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ShownObject {
    /// The STIX id.
    pub(crate) id: String,
    /// The current version; its text as it came in is `raw`.
    #[schema(value_type = Object)]
    pub(crate) object: Value,
    /// SHA-256 of its canonical form.
    pub(crate) digest: String,
    /// Who told it, version by version.
    pub(crate) holdings: Vec<HoldingShown>,
    /// What it refers to.
    pub(crate) refers_to: Vec<RelationEnd>,
    /// What refers to it.
    pub(crate) referred_by: Vec<RelationEnd>,
    /// The party that it belongs to.
    pub(crate) owner: Option<String>,
    /// What others say of it without being its owner, and what was parked.
    pub(crate) asides: Vec<AsideShown>,
    /// Who recalled it, when and why.
    pub(crate) recalls: Vec<RecallShown>,
    /// Whether the rule that it carries alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) trial: Option<StandingShown>,
    /// Whether more sources or relations exist than are listed.
    pub(crate) more: bool,
    /// Every version that is held, newest first, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) versions: Vec<VersionShown>,
}

/// What is left of an object that is not held: it was recalled, or never taken in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct GoneObject {
    /// The STIX id.
    pub(crate) id: String,
    /// The party that it belongs to.
    pub(crate) owner: Option<String>,
    /// What was told of it and not taken in.
    pub(crate) asides: Vec<AsideShown>,
    /// Who recalled it, when and why.
    pub(crate) recalls: Vec<RecallShown>,
}

/// A version as one source told it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct HoldingShown {
    /// The source.
    pub(crate) source: String,
    /// When it first told this version.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// SHA-256 of the version's canonical form.
    pub(crate) digest: String,
    /// Whether that is the current version.
    pub(crate) current: bool,
}

/// A reference, seen from one end.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RelationEnd {
    /// The property that refers.
    pub(crate) property: String,
    /// The object at the other end.
    pub(crate) id: String,
    /// Its name; null where it is not known here.
    pub(crate) name: Option<String>,
}

/// Something that was told and not taken in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AsideShown {
    /// Why it stands beside: a stable word.
    pub(crate) kind: String,
    /// Who told it.
    pub(crate) source: String,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// SHA-256 of its canonical form.
    pub(crate) digest: String,
    /// Why, as a sentence.
    pub(crate) reason: String,
    /// The object, where its text can be read.
    #[schema(value_type = Option<Object>)]
    pub(crate) object: Option<Value>,
}

/// A recall of an object.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RecallShown {
    /// The log in which it was recalled.
    pub(crate) log: String,
    /// The agreement.
    pub(crate) agreement: String,
    /// The party that recalled it.
    pub(crate) by: String,
    /// The number of the recall's entry.
    pub(crate) entry: u64,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// Why, in the party's words.
    pub(crate) reason: String,
}

/// One version of an object.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct VersionShown {
    /// SHA-256 of its canonical form.
    pub(crate) digest: String,
    /// The object.
    #[schema(value_type = Object)]
    pub(crate) object: Value,
}

impl ShownObject {
    /// # Errors
    /// The stored text cannot be read.
    pub(crate) fn of(shown: &Shown, versions: &[Stored]) -> Result<ShownObject, Failure> {
        Ok(ShownObject {
            id: shown.current.id.clone(),
            object: object(&shown.current)?,
            digest: hex(&shown.current.digest),
            holdings: shown.holdings.iter().map(HoldingShown::from).collect(),
            refers_to: shown.refers_to.iter().map(RelationEnd::from).collect(),
            referred_by: shown.referred_by.iter().map(RelationEnd::from).collect(),
            owner: shown.owner.clone(),
            asides: shown.asides.iter().map(AsideShown::from).collect(),
            recalls: shown.recalls.iter().map(RecallShown::from).collect(),
            trial: shown.trial.as_ref().map(StandingShown::of_tried),
            more: shown.more,
            versions: versions.iter().map(VersionShown::of).collect::<Result<_, _>>()?,
        })
    }
}

impl GoneObject {
    pub(crate) fn of(id: &str, gone: &Gone) -> GoneObject {
        GoneObject {
            id: id.to_owned(),
            owner: gone.owner.clone(),
            asides: gone.asides.iter().map(AsideShown::from).collect(),
            recalls: gone.recalls.iter().map(RecallShown::from).collect(),
        }
    }
}

impl VersionShown {
    /// # Errors
    /// The stored text cannot be read.
    pub(crate) fn of(stored: &Stored) -> Result<VersionShown, Failure> {
        Ok(VersionShown {
            digest: hex(&stored.digest),
            object: object(stored)?,
        })
    }
}

fn object(stored: &Stored) -> Result<Value, Failure> {
    serde_json::from_slice(&stored.text).map_err(|error| {
        Failure::store(format!(
            "the stored text of `{}` cannot be read: {error}; run `entente check`",
            stored.id
        ))
    })
}

impl From<&Holding> for HoldingShown {
    fn from(holding: &Holding) -> HoldingShown {
        HoldingShown {
            source: holding.source.clone(),
            at: time(holding.at),
            digest: hex(&holding.digest),
            current: holding.is_current,
        }
    }
}

impl From<&Relation> for RelationEnd {
    fn from(end: &Relation) -> RelationEnd {
        RelationEnd {
            property: end.property.clone(),
            id: end.id.clone(),
            name: end.name.clone(),
        }
    }
}

impl From<&Aside> for AsideShown {
    fn from(aside: &Aside) -> AsideShown {
        AsideShown {
            kind: aside.kind.clone(),
            source: aside.source.clone(),
            at: time(aside.at),
            digest: hex(&aside.digest),
            reason: aside.reason.clone(),
            object: serde_json::from_slice(&aside.text).ok(),
        }
    }
}

impl From<&Recalled> for RecallShown {
    fn from(recall: &Recalled) -> RecallShown {
        RecallShown {
            log: recall.origin.clone(),
            agreement: recall.agreement.clone(),
            by: recall.by.clone(),
            entry: recall.number,
            at: recall.at.to_string(),
            reason: recall.reason.clone(),
        }
    }
}
