//! What is known about a value.

use entente_node::look::{Known, Said};
use serde::Serialize;
use utoipa::ToSchema;

use super::show::RecallShown;
use super::time;

/// What is known about one value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LookedUp {
    /// The value as it was asked.
    pub(crate) asked: String,
    /// What it was taken for; null: nothing that can be looked up.
    #[schema(example = "domain-name")]
    pub(crate) r#type: Option<String>,
    /// Its normal form.
    pub(crate) value: Option<String>,
    /// Whether anything is known about it.
    pub(crate) known: bool,
    /// Objects that mention it, or something that covers it.
    pub(crate) mentions: Vec<Mentioned>,
    /// Whether more objects mention it than are listed.
    pub(crate) more: bool,
    /// One's own detections of it.
    pub(crate) own_hits: OwnHits,
}

/// One object that mentions a value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Mentioned {
    /// The object's STIX id.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Whether its creator took it back.
    pub(crate) revoked: bool,
    /// The recall that holds for it, where the party that it belongs to took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) recalled: Option<RecallShown>,
    /// Whether the value is what an indicator looks for, rather than merely mentioned.
    pub(crate) is_term: bool,
    /// Whether it mentions the value itself, rather than something that covers it.
    pub(crate) exact: bool,
    /// What it mentions: the value, a parent domain, a network around it, the host of a URL.
    pub(crate) about: About,
    /// Who says so, and since when.
    pub(crate) sources: Vec<ToldBy>,
}

/// A value with its kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct About {
    /// The kind.
    pub(crate) r#type: String,
    /// The normal form.
    pub(crate) value: String,
}

/// Who told something, and since when.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ToldBy {
    /// The source.
    pub(crate) source: String,
    /// When it first said so.
    #[schema(format = DateTime)]
    pub(crate) at: String,
}

/// Detections of a value in one's own logs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnHits {
    /// How many.
    pub(crate) count: u64,
    /// The first.
    #[schema(format = DateTime)]
    pub(crate) first: Option<String>,
    /// The last.
    #[schema(format = DateTime)]
    pub(crate) last: Option<String>,
}

/// Whether anything is known about a value.
pub(crate) fn is_known(known: &Known) -> bool {
    !known.mentions.is_empty() || known.hits.count > 0
}

impl From<&Known> for LookedUp {
    fn from(known: &Known) -> LookedUp {
        let observable = known.observable.as_ref();
        LookedUp {
            asked: known.asked.clone(),
            r#type: observable.map(|observable| observable.kind.name().to_owned()),
            value: observable.map(|observable| observable.value.clone()),
            known: is_known(known),
            mentions: known.mentions.iter().map(Mentioned::from).collect(),
            more: known.more,
            own_hits: OwnHits {
                count: known.hits.count,
                first: known.hits.first.map(time),
                last: known.hits.last.map(time),
            },
        }
    }
}

impl From<&Said> for Mentioned {
    fn from(said: &Said) -> Mentioned {
        let told = said.mention.told.iter();
        Mentioned {
            id: said.mention.id.clone(),
            name: said.mention.name.clone(),
            revoked: said.mention.revoked,
            recalled: said.recalled.as_ref().map(RecallShown::from),
            is_term: said.mention.is_term,
            exact: said.is_exact,
            about: About {
                r#type: said.about.kind.name().to_owned(),
                value: said.about.value.clone(),
            },
            sources: told
                .map(|told| ToldBy {
                    source: told.source.clone(),
                    at: time(told.at),
                })
                .collect(),
        }
    }
}
