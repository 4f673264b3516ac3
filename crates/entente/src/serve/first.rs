//! `/first/{secret}`: the link that a server without an administrator prints, to make the first one. Good once.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use entente_access::{Action, Name, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::api::input::{Json, Path, Small};
use super::api::session::{self, require_own_page};
use super::caller;
use super::problem::Problem;
use super::routes::Route;
use super::server::Server;
use super::work::blocking;
use crate::accounts;

const PATH: &str = "/first/{secret}";

pub(crate) const ROUTES: &[Route] = &[
    Route::new("GET", PATH, Action::SignIn),
    Route::new("POST", PATH, Action::SignIn),
];

pub(crate) fn router() -> Router<Arc<Server>> {
    Router::new().route(PATH, get(tell).post(make))
}

#[derive(Serialize)]
struct Told {
    what: &'static str,
}

/// Says what the link is for.
async fn tell(
    State(server): State<Arc<Server>>,
    Path(secret): Path<String>,
    parts: Parts,
) -> Result<Json<Told>, Problem> {
    server.gate.require_first(&secret, caller::address(&parts))?;
    Ok(Json(Told {
        what: "this link makes the first administrator of this node, once: POST {\"name\": …, \"password\": …} here, as \
               application/json; the password has at least 12 characters",
    }))
}

/// Who is to be the first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct First {
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    #[schema(max_length = 1024)]
    password: String,
}

/// Makes the first administrator, and signs them in.
async fn make(
    State(server): State<Arc<Server>>,
    Path(secret): Path<String>,
    parts: Parts,
    Small(first): Small<First>,
) -> Result<Response, Problem> {
    require_own_page(&parts)?;
    server.gate.require_first(&secret, caller::address(&parts))?;
    let name: Name = session::name(&first.name, "/name")?;
    let password = server
        .gate
        .keep(Zeroizing::new(first.password), name.clone())
        .await?;
    let named = name.clone();
    blocking(&server, move |server| {
        // The rule that there is none before is asked again under the book's lock: of two who come at once, one is first.
        let made = server.gate.accounts.change(|book| {
            let at = accounts::seconds(server.at());
            book.add_first(named, password, at).map_err(Problem::from)
        });
        made?;
        server.gate.close_first();
        Ok(())
    })
    .await?;
    let book = server.gate.accounts.read()?;
    let account = book
        .get(&name)
        .ok_or_else(|| Refusal::NoAccount(name.to_string()))?;
    let signed_in = session::begin(&server, &name, account)?;
    Ok((StatusCode::CREATED, signed_in).into_response())
}
