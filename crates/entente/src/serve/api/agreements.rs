//! What parties agreed on: drafts, signatures, and what parties say about an agreement afterwards.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use entente_node::acts::{self, Kind};
use entente_node::pact::{Pact, Version};
use entente_policy::agreement::Agreement;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::{Json, Path, Query, Text};
use super::{Items, require_same};
use crate::answers::agreement::{
    ActTaken, AgreementShown, ExplainedShown, SignedNow, ToSign, WouldSign, known, say_so, sayable, signable,
    template,
};
use crate::answers::hex;
use crate::answers::party::named;
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// Every agreement that is known, and how it stands
#[utoipa::path(get, path = "/api/v1/agreements", tag = "agreements", responses((status = 200, body = Items<AgreementShown>)))]
pub(super) async fn list(State(server): State<Arc<Server>>) -> Result<Json<Items<AgreementShown>>, Problem> {
    let done = blocking(&server, |server| {
        let pacts = server.node.pacts(server.at())?;
        Ok(Items::all(pacts.iter().map(AgreementShown::from)))
    });
    done.await.map(Json)
}

/// One agreement: parties, standing, versions, signatures
///
/// `ETag` is the digest of the newest version: `If-Match` takes it where a draft is replaced.
#[utoipa::path(get, path = "/api/v1/agreements/{id}", tag = "agreements",
    params(("id" = String, Path, description = "The agreement's short name")),
    responses((status = 200, body = AgreementShown, headers(("ETag" = String, description = "Digest of the newest version")))))]
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let done = blocking(&server, move |server| Ok(known(&server.node, &id, server.at())?));
    let pact = done.await?;
    Ok((tagged(&pact), Json(AgreementShown::from(&pact))).into_response())
}

fn tagged(pact: &Pact) -> HeaderMap {
    let tag = pact
        .newest()
        .and_then(|newest| HeaderValue::try_from(tag(newest)).ok());
    tag.into_iter().map(|tag| (header::ETAG, tag)).collect()
}

fn tag(version: &Version) -> String {
    format!("\"{}\"", hex(&version.digest))
}

/// In which form a version is given.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TextForm {
    /// The document for people (TOML), to amend it for example.
    Toml,
    /// The canonical text (RFC 8785) whose digest is signed.
    Canonical,
    /// The file to hand to others: texts, signatures and the parties' cards.
    File,
}

/// Which text of an agreement.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TextQuery {
    /// The form; the document for people where it is not given.
    #[param(inline)]
    form: Option<TextForm>,
    /// The number of a version; the one that counts where it is not given.
    #[param(minimum = 1)]
    version: Option<u32>,
}

/// The text of an agreement: as a document, as it is signed, or as a file to hand to others
#[utoipa::path(get, path = "/api/v1/agreements/{id}/text", tag = "agreements",
    params(("id" = String, Path, description = "The agreement's short name"), TextQuery),
    responses((status = 200, content((String = "text/plain"), (String = "application/toml"), (Object = "application/json")))))]
pub(super) async fn text(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    Query(query): Query<TextQuery>,
) -> Result<Response, Problem> {
    let done = blocking(&server, move |server| {
        let pact = known(&server.node, &id, server.at())?;
        let number = query.version.unwrap_or(pact.agreement.version);
        let unknown = || entente_node::Error::UnknownAgreement {
            agreement: id.clone(),
            version: Some(number),
        };
        let version = pact.version(number).ok_or_else(unknown)?;
        Ok(match query.form.unwrap_or(TextForm::Toml) {
            TextForm::Toml => ("application/toml", version.agreement.to_toml()),
            TextForm::Canonical => ("application/json", version.agreement.canonical().to_owned()),
            TextForm::File => ("text/plain; charset=utf-8", server.node.pact_file(&id)?),
        })
    });
    let (media_type, text) = done.await?;
    Ok(([(header::CONTENT_TYPE, media_type)], text).into_response())
}

/// For whom a document is to be.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TemplateQuery {
    /// Short name that its parties will know it by: a-z, 0-9 and -.
    #[param(min_length = 1, max_length = 64, example = "sharing-2027")]
    id: String,
    /// Names or ids of the parties, oneself included; everyone who is known where none is given.
    #[serde(default)]
    #[param(max_items = 100)]
    party: Vec<String>,
}

/// A document to begin with, filled in with the parties that are known
#[utoipa::path(get, path = "/api/v1/agreement-template", tag = "agreements", params(TemplateQuery),
    responses((status = 200, content((String = "application/toml")))))]
pub(super) async fn begin(
    State(server): State<Arc<Server>>,
    Query(query): Query<TemplateQuery>,
) -> Result<Response, Problem> {
    let done = blocking(&server, move |server| {
        Ok(template(&server.node, &query.id, &query.party, server.at())?)
    });
    Ok(([(header::CONTENT_TYPE, "application/toml")], done.await?).into_response())
}

/// What became of a document, or of what another party handed over.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum TakenAnswer {
    /// A document was taken in.
    Draft {
        /// The agreement as it is held now.
        taken: AgreementShown,
    },
    /// A file was read, statement by statement.
    Acts {
        /// What became of each.
        acts: Vec<ActTaken>,
    },
}

/// Take in a document (TOML), or what another party handed over: texts and signatures
#[utoipa::path(post, path = "/api/v1/agreements", tag = "agreements",
    request_body(description = "A document, or a file of texts and signatures",
        content((String = "application/toml"), (String = "text/plain"))),
    responses((status = 200, body = TakenAnswer)))]
pub(super) async fn add(
    State(server): State<Arc<Server>>,
    Text(text): Text,
) -> Result<Json<TakenAnswer>, Problem> {
    let done = blocking(&server, move |server| {
        let at = server.at();
        if acts::file::is_file(&text) {
            let taken = server.node.take_pact_file(&text, at)?;
            return Ok(TakenAnswer::Acts {
                acts: taken.iter().map(ActTaken::from).collect(),
            });
        }
        let pact = server.node.draft(&text, at).map_err(of_document)?;
        Ok(TakenAnswer::Draft {
            taken: AgreementShown::from(&pact),
        })
    });
    done.await.map(Json)
}

/// Faults of a document, each with its line.
fn of_document(error: entente_node::Error) -> Problem {
    let entente_node::Error::Agreement(faults) = &error else {
        return error.into();
    };
    let mut problem = Problem::unprocessable(error.to_string());
    for fault in faults {
        let line = fault.line.map(|line| format!("line {line}")).unwrap_or_default();
        problem = problem.at(line, fault.to_string());
    }
    problem
}

/// Replace the draft of a version that nobody's signature binds
///
/// `If-Match` names the draft that is to be replaced, by the digest of its text; another one stays.
#[utoipa::path(put, path = "/api/v1/agreements/{id}/draft", tag = "agreements",
    params(("id" = String, Path, description = "The agreement's short name"),
        ("If-Match" = String, Header, description = "`ETag` of the agreement as it was read")),
    request_body(content = String, content_type = "application/toml"),
    responses((status = 200, body = AgreementShown, headers(("ETag" = String, description = "Digest of the newest version")))))]
pub(super) async fn replace(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Text(text): Text,
) -> Result<Response, Problem> {
    let expected = headers.get(header::IF_MATCH).ok_or_else(|| {
        Problem::precondition_required(
            "name the draft that is to be replaced: send the agreement's `ETag` as `If-Match`",
        )
    })?;
    let expected = expected.to_str().unwrap_or_default().to_owned();
    let done = blocking(&server, move |server| {
        let at = server.at();
        let pact = known(&server.node, &id, at)?;
        let newest = pact.newest().map(tag).unwrap_or_default();
        if expected != newest && expected != "*" {
            return Err(Problem::precondition(format!(
                "the newest version is now {newest}; read the agreement again, and decide anew"
            )));
        }
        let document =
            Agreement::read(&text).map_err(|faults| of_document(entente_node::Error::Agreement(faults)))?;
        require_same(&id, &document.id, "id")?;
        server.node.replace_draft(&text, at).map_err(of_document)
    });
    let pact = done.await?;
    Ok((tagged(&pact), Json(AgreementShown::from(&pact))).into_response())
}

/// What to sign.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignOrder {
    /// The number of a version; the newest where it is not given.
    #[schema(minimum = 1)]
    version: Option<u32>,
    /// SHA-256 of the text that was read: another text is not signed.
    #[schema(min_length = 64, max_length = 64)]
    digest: Option<String>,
    /// Say what would be signed, and sign nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What is to be said about an agreement.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WordOrder {
    /// Say what would be signed, and sign nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What was signed, or would be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum SignAnswer {
    /// It is signed.
    Signed(SignedNow),
    /// It would be.
    Would(WouldSign),
}

/// Sign a version with this node's key
#[utoipa::path(post, path = "/api/v1/agreements/{id}/signature", tag = "agreements",
    params(("id" = String, Path, description = "The agreement's short name")), responses((status = 200, body = SignAnswer)))]
pub(super) async fn sign(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    order: Option<Json<SignOrder>>,
) -> Result<Json<SignAnswer>, Problem> {
    let order = order.map(|Json(order)| order).unwrap_or_default();
    let done = blocking(&server, move |server| {
        let would = signable(&server.node, &id, order.version, server.at())?;
        if let Some(digest) = &order.digest
            && *digest != would.digest
        {
            return Err(Problem::conflict(format!(
                "version {} has another text than the one that was read; read it again before it is signed",
                would.version
            ))
            .at("/digest", format!("the text's digest is {}", would.digest)));
        }
        signed(server, would, order.dry_run)
    });
    done.await.map(Json)
}

fn signed(server: &Server, would: ToSign, dry_run: bool) -> Result<SignAnswer, Problem> {
    if dry_run {
        return Ok(SignAnswer::Would(WouldSign { would_sign: would }));
    }
    let keys = &server.signing()?.unlocked.keys;
    let pact = say_so(&server.node, &would, keys, server.at())?;
    Ok(SignAnswer::Signed(SignedNow {
        signed: AgreementShown::from(&pact),
    }))
}

async fn say(
    server: &Arc<Server>,
    id: String,
    kind: Kind,
    order: Option<Json<WordOrder>>,
) -> Result<Json<SignAnswer>, Problem> {
    let order = order.map(|Json(order)| order).unwrap_or_default();
    let done = blocking(server, move |server| {
        let would = sayable(&server.node, &id, kind, server.at())?;
        signed(server, would, order.dry_run)
    });
    done.await.map(Json)
}

/// Hold an agreement up: nothing crosses under it until you resume
#[utoipa::path(post, path = "/api/v1/agreements/{id}/suspension", tag = "agreements",
    params(("id" = String, Path, description = "The agreement's short name")), responses((status = 200, body = SignAnswer)))]
pub(super) async fn suspend(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    order: Option<Json<WordOrder>>,
) -> Result<Json<SignAnswer>, Problem> {
    say(&server, id, Kind::Suspension, order).await
}

/// Take your own suspension back
#[utoipa::path(post, path = "/api/v1/agreements/{id}/resumption", tag = "agreements",
    params(("id" = String, Path, description = "The agreement's short name")), responses((status = 200, body = SignAnswer)))]
pub(super) async fn resume(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    order: Option<Json<WordOrder>>,
) -> Result<Json<SignAnswer>, Problem> {
    say(&server, id, Kind::Resumption, order).await
}

/// Leave an agreement for good
#[utoipa::path(post, path = "/api/v1/agreements/{id}/leaving", tag = "agreements",
    params(("id" = String, Path, description = "The agreement's short name")), responses((status = 200, body = SignAnswer)))]
pub(super) async fn leave(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    order: Option<Json<WordOrder>>,
) -> Result<Json<SignAnswer>, Problem> {
    say(&server, id, Kind::Leaving, order).await
}

/// An object and where it would go.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ExplainQuery {
    /// The object's STIX id.
    #[param(min_length = 1, max_length = 1000)]
    object: String,
    /// The party it would go to: name or id.
    #[param(min_length = 1, max_length = 500)]
    party: String,
}

/// Why an object goes to a party, or stays: which clause lets it go, and in which form
#[utoipa::path(get, path = "/api/v1/explain", tag = "agreements", params(ExplainQuery),
    responses((status = 200, body = Items<ExplainedShown>)))]
pub(super) async fn explain(
    State(server): State<Arc<Server>>,
    Query(query): Query<ExplainQuery>,
) -> Result<Json<Items<ExplainedShown>>, Problem> {
    let done = blocking(&server, move |server| {
        let party = named(&server.node, Some(&query.party))?;
        let explained = server.node.explain(&query.object, &party.id, server.at())?;
        let explained = explained.ok_or_else(|| {
            let object = crate::render::short(&query.object, 120);
            Problem::not_found(format!(
                "no object `{object}` is held here; `/api/v1/find` looks for one by words"
            ))
        })?;
        Ok(Items::all(explained.iter().map(ExplainedShown::from)))
    });
    done.await.map(Json)
}
