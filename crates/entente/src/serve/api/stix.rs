//! STIX tools that need no node.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::input::{Json, Upload};
use super::{Items, Place, long};
use crate::answers::stix::{
    FindingShown, FindingSums, Identified, RuleShown, findings, identified, objects, rules,
};
use crate::serve::limits::ITEMS_MAX;
use crate::serve::problem::Problem;
use crate::serve::server::Server;

/// The rules of validation
#[utoipa::path(get, path = "/api/v1/stix/rules", tag = "stix", responses((status = 200, body = Items<RuleShown>)))]
pub(super) async fn list_rules() -> Json<Items<RuleShown>> {
    Json(Items::all(rules()))
}

/// What a validation found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ValidationDone {
    /// Whether nothing breaks a MUST.
    valid: bool,
    /// The findings; at most a thousand, the sums count all.
    findings: Vec<FindingShown>,
    /// The sums.
    sums: FindingSums,
}

/// Validate STIX 2.1: each finding with its place, rule, clause and a way out
#[utoipa::path(post, path = "/api/v1/stix/validation", tag = "stix",
    request_body(description = "A bundle, a list of objects, objects one a line, or one object",
        content((Object = "application/stix+json"), (Object = "application/json"))),
    responses((status = 200, body = ValidationDone)))]
pub(super) async fn validate(
    State(server): State<Arc<Server>>,
    place: Place,
    upload: Upload,
) -> Result<Json<ValidationDone>, Problem> {
    let done = long(&server, place, move |_| {
        let (reader, trouble) = upload.reader()?;
        let (mut sums, mut shown) = (FindingSums::default(), Vec::new());
        objects(reader, "body", &mut |pointer, text| {
            let findings = findings(text);
            sums.count(&findings);
            let room = ITEMS_MAX.saturating_sub(shown.len());
            shown.extend(findings.iter().take(room).map(|finding| FindingShown {
                pointer: format!("{pointer}{}", finding.pointer),
                ..FindingShown::from(finding)
            }));
            Ok(())
        })
        .map_err(|failure| trouble.or(failure.into()))?;
        if let Some(problem) = trouble.met() {
            return Err(problem);
        }
        Ok(ValidationDone {
            valid: sums.errors == 0,
            findings: shown,
            sums,
        })
    });
    done.await.map(Json)
}

/// The id that follows from an observable, or why there is none.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Identity {
    /// Where the observable stands: a JSON pointer.
    pointer: String,
    /// Its id.
    stix_id: Option<String>,
    /// Why it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Ids of observables.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Identities {
    /// The observables, in order; at most a thousand.
    items: Vec<Identity>,
    /// How many more there are than are listed.
    more: u64,
    /// Objects of types that are no observables.
    passed_over: u64,
}

/// Deterministic ids of observables (STIX 2.1 §2.9)
#[utoipa::path(post, path = "/api/v1/stix/ids", tag = "stix",
    request_body(description = "A bundle, a list of objects, objects one a line, or one object",
        content((Object = "application/stix+json"), (Object = "application/json"))),
    responses((status = 200, body = Identities)))]
pub(super) async fn ids(
    State(server): State<Arc<Server>>,
    place: Place,
    upload: Upload,
) -> Result<Json<Identities>, Problem> {
    let done = long(&server, place, move |_| {
        let (reader, trouble) = upload.reader()?;
        let mut done = Identities {
            items: Vec::new(),
            more: 0,
            passed_over: 0,
        };
        objects(reader, "body", &mut |pointer, text| {
            let (stix_id, reason) = match identified(text) {
                Identified::Id(id) => (Some(id), None),
                Identified::NoId(reason) => (None, Some(reason)),
                Identified::NoObservable => {
                    done.passed_over += 1;
                    return Ok(());
                }
            };
            if done.items.len() < ITEMS_MAX {
                let pointer = pointer.to_owned();
                done.items.push(Identity {
                    pointer,
                    stix_id,
                    reason,
                });
            } else {
                done.more += 1;
            }
            Ok(())
        })
        .map_err(|failure| trouble.or(failure.into()))?;
        match trouble.met() {
            Some(problem) => Err(problem),
            None => Ok(done),
        }
    });
    done.await.map(Json)
}
