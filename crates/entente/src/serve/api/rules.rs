//! Detection rules read and evaluated, without asking the node.

use std::sync::Arc;

use axum::extract::State;
use entente_sigma::Pipelines;
use entente_stix::json;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::input::Json;
use super::questions::{Answered, Any, Question, answered};
use super::{Items, Place};
use crate::answers::pattern::{Checked, Decided};
use crate::answers::rule::{matched, pipelines, refusal, text_of};
use crate::place;
use crate::serve::problem::Problem;
use crate::serve::server::Server;

/// Rules to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesToCheck {
    /// Each is answered by itself.
    #[schema(min_items = 1, max_items = 1000)]
    items: Vec<RuleToCheck>,
}

/// A rule to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleToCheck {
    /// What the answer is called.
    id: Option<Value>,
    /// Sigma or YARA as text; Sigma also as an object, or as a list of objects, each a document.
    #[schema(value_type = Value)]
    rule: Any,
}

impl Question for RuleToCheck {
    fn id(&mut self) -> Option<Value> {
        self.id.take()
    }
}

/// Whether rules load, and where they do not
#[utoipa::path(post, path = "/api/v1/rules/check", tag = "rules",
    responses((status = 200, body = Items<Answered<Checked>>)))]
pub(super) async fn check(
    State(server): State<Arc<Server>>,
    place: Place,
    Json(asked): Json<RulesToCheck>,
) -> Result<Json<Items<Answered<Checked>>>, Problem> {
    answered(&server, place, asked.items, |asked| {
        let text = asked.rule.text();
        Checked::from(match json::read(text.as_bytes()) {
            Ok(rule) => refusal(&text_of(&rule)),
            Err(error) => Some(error.to_string()),
        })
    })
    .await
}

/// Rules to hold against events.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesToEvaluate {
    /// Pipelines of ours that rules go through, by name; `all` and `none` are names too. None if it says nothing.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["windows-sysmon"]))]
    pipelines: Vec<String>,
    /// Each is answered by itself.
    #[schema(min_items = 1, max_items = 1000)]
    items: Vec<RuleToEvaluate>,
}

/// A rule and the event that it is held against.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleToEvaluate {
    /// What the answer is called.
    id: Option<Value>,
    /// A Sigma rule as text or as an object.
    #[schema(value_type = Value)]
    rule: Any,
    /// The event.
    #[schema(value_type = Object)]
    event: Any,
}

impl Question for RuleToEvaluate {
    fn id(&mut self) -> Option<Value> {
        self.id.take()
    }
}

/// Whether rules match events
#[utoipa::path(post, path = "/api/v1/rules/eval", tag = "rules",
    responses((status = 200, body = Items<Answered<Decided>>)))]
pub(super) async fn eval(
    State(server): State<Arc<Server>>,
    place: Place,
    Json(asked): Json<RulesToEvaluate>,
) -> Result<Json<Items<Answered<Decided>>>, Problem> {
    let pipelines = pipelines::of_ours(&asked.pipelines).map_err(|failure| {
        Problem::from(failure).at("/pipelines", "names of pipelines of ours are expected here")
    })?;
    let seed = place::seed();
    answered(&server, place, asked.items, move |asked| {
        held_against(asked, &pipelines, seed).into()
    })
    .await
}

fn held_against(asked: &RuleToEvaluate, pipelines: &Pipelines, seed: u64) -> Result<bool, String> {
    let (rule, event) = (asked.rule.text(), asked.event.text());
    let read = |text| json::read(text).map_err(|error| error.to_string());
    matched(&read(rule.as_bytes())?, &read(event.as_bytes())?, pipelines, seed)
}
