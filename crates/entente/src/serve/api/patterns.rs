//! STIX patterns read, compared and matched, without asking the node.

use std::sync::Arc;

use axum::extract::State;
use entente_detect::pattern::{Mode, Options};
use entente_stix::json;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::input::Json;
use super::questions::{Answered, Any, Question, answered};
use super::{Items, Place};
use crate::answers::pattern::{Checked, Compared, Decided, checked, compared, matched};
use crate::serve::problem::Problem;
use crate::serve::server::Server;

/// Patterns to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternsToCheck {
    /// Each is answered by itself.
    #[schema(min_items = 1, max_items = 1000)]
    items: Vec<PatternToCheck>,
}

/// A pattern to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternToCheck {
    /// What the answer is called.
    id: Option<Value>,
    /// The pattern.
    #[schema(example = "[domain-name:value = 'evil.example']")]
    pattern: String,
}

impl Question for PatternToCheck {
    fn id(&mut self) -> Option<Value> {
        self.id.take()
    }
}

/// Whether STIX patterns are valid, and where they are not
#[utoipa::path(post, path = "/api/v1/patterns/check", tag = "rules",
    responses((status = 200, body = Items<Answered<Checked>>)))]
pub(super) async fn check(
    State(server): State<Arc<Server>>,
    place: Place,
    Json(asked): Json<PatternsToCheck>,
) -> Result<Json<Items<Answered<Checked>>>, Problem> {
    answered(&server, place, asked.items, |asked| checked(&asked.pattern)).await
}

/// Patterns to compare.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternsToCompare {
    /// Each is answered by itself.
    #[schema(min_items = 1, max_items = 1000)]
    items: Vec<PatternToCompare>,
}

/// Two patterns to compare.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternToCompare {
    /// What the answer is called.
    id: Option<Value>,
    /// A pattern.
    #[schema(example = "[file:size = 1 OR file:size = 2]")]
    a: String,
    /// Another.
    #[schema(example = "[file:size IN (2, 1)]")]
    b: String,
}

impl Question for PatternToCompare {
    fn id(&mut self) -> Option<Value> {
        self.id.take()
    }
}

/// Whether two STIX patterns mean the same
#[utoipa::path(post, path = "/api/v1/patterns/equal", tag = "rules",
    responses((status = 200, body = Items<Answered<Compared>>)))]
pub(super) async fn equal(
    State(server): State<Arc<Server>>,
    place: Place,
    Json(asked): Json<PatternsToCompare>,
) -> Result<Json<Items<Answered<Compared>>>, Problem> {
    answered(&server, place, asked.items, |asked| {
        compared(("`a`", &asked.a), ("`b`", &asked.b)).into()
    })
    .await
}

/// Patterns to hold against observed data.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternsToMatch {
    /// Which observations are joined; `strict` if it says nothing.
    mode: Option<Joined>,
    /// Count an observed-data as often as its number_observed says; by the text it counts once.
    #[serde(default)]
    count_number_observed: bool,
    /// Each is answered by itself.
    #[schema(min_items = 1, max_items = 1000)]
    items: Vec<PatternToMatch>,
}

/// Which observations are joined.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Joined {
    /// All with all, as STIX 2.1 §9 has it.
    Strict,
    /// Only those of one asset: of one `created_by_ref`.
    Asset,
}

/// A pattern and the observed data that it is held against.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternToMatch {
    /// What the answer is called.
    id: Option<Value>,
    /// The pattern.
    #[schema(example = "[file:size > 1] FOLLOWEDBY [domain-name:value = 'evil.example']")]
    pattern: String,
    /// Bundles, or observed-data and its objects, taken together.
    #[schema(value_type = Vec<Object>)]
    observed_data: Vec<Any>,
}

impl Question for PatternToMatch {
    fn id(&mut self) -> Option<Value> {
        self.id.take()
    }
}

/// Whether observed data satisfies STIX patterns
#[utoipa::path(post, path = "/api/v1/patterns/match", tag = "rules",
    responses((status = 200, body = Items<Answered<Decided>>)))]
pub(super) async fn match_observed(
    State(server): State<Arc<Server>>,
    place: Place,
    Json(asked): Json<PatternsToMatch>,
) -> Result<Json<Items<Answered<Decided>>>, Problem> {
    let options = Options {
        mode: match asked.mode {
            None | Some(Joined::Strict) => Mode::Strict,
            Some(Joined::Asset) => Mode::Asset,
        },
        counts_number_observed: asked.count_number_observed,
        ..Options::default()
    };
    answered(&server, place, asked.items, move |asked| {
        held_against(asked, options).into()
    })
    .await
}

fn held_against(asked: &PatternToMatch, options: Options) -> Result<bool, String> {
    let texts: Vec<String> = asked.observed_data.iter().map(Any::text).collect();
    let observed = texts.iter().map(|text| json::read(text.as_bytes()));
    let observed = observed.collect::<Result<_, _>>();
    matched(
        &asked.pattern,
        observed.map_err(|error| error.to_string())?,
        options,
    )
}
