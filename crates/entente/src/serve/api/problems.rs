//! What a type of problem means: its URI leads here.

use serde::Serialize;
use utoipa::ToSchema;

use super::Items;
use super::input::{Json, Path};
use crate::serve::problem::{KINDS, Problem};

/// A type of problem.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProblemKind {
    /// Its short name, the end of its URI.
    #[schema(value_type = String)]
    code: &'static str,
    /// It in a few words.
    #[schema(value_type = String)]
    title: &'static str,
    /// What it means.
    #[schema(value_type = String)]
    about: &'static str,
}

/// Every type of problem
#[utoipa::path(get, path = "/problems/", tag = "node", responses((status = 200, body = Items<ProblemKind>)))]
pub(super) async fn list() -> Json<Items<ProblemKind>> {
    Json(Items::all(KINDS.iter().map(|(code, title, about)| ProblemKind {
        code,
        title,
        about: about.trim(),
    })))
}

/// What a type of problem means
#[utoipa::path(get, path = "/problems/{code}", tag = "node",
    params(("code" = String, Path, description = "The end of the problem's `type`")), responses((status = 200, body = ProblemKind)))]
pub(super) async fn explain(Path(asked): Path<String>) -> Result<Json<ProblemKind>, Problem> {
    let kind = KINDS.iter().find(|(code, _, _)| *code == asked);
    let (code, title, about) = kind.ok_or_else(|| {
        let known: Vec<&str> = KINDS.iter().map(|(code, _, _)| *code).collect();
        Problem::not_found(format!(
            "there is no such type of problem; there are {}",
            known.join(", ")
        ))
    })?;
    let about = about.trim();
    Ok(Json(ProblemKind { code, title, about }))
}
