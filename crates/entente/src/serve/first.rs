//! `/first/{secret}`: the link that a server without an administrator prints, to make the first one. Good once.

mod page;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use entente_access::{Action, Name, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::api::input::{Json, Path, Small};
use super::api::session::{self, require_own_page};
use super::body::{Bounds, whole};
use super::limits::SMALL_BODY_BYTES_MAX;
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
    headers: HeaderMap,
) -> Result<Response, Problem> {
    server.gate.require_first(&secret)?;
    if page::is_wanted(&headers) {
        return Ok(page::form());
    }
    let told = Told {
        what: "this link makes the first administrator of this node, once: POST {\"name\": …, \"password\": …} here, as \
               application/json; the password has at least 12 characters",
    };
    Ok(Json(told).into_response())
}

/// Who is to be the first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct First {
    #[schema(max_length = 64)]
    name: String,
    #[schema(max_length = 1024)]
    password: String,
}

/// Makes the first administrator, and signs them in.
async fn make(State(server): State<Arc<Server>>, Path(secret): Path<String>, request: Request) -> Response {
    let is_page = page::is_wanted(request.headers());
    match (made(&server, &secret, request).await, is_page) {
        (Ok((name, signed_in)), true) => {
            let cookie = signed_in.headers().get(header::SET_COOKIE).cloned();
            let mut response = page::done(name.as_str());
            if let Some(cookie) = cookie {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
        (Ok((_, signed_in)), false) => (StatusCode::CREATED, signed_in).into_response(),
        (Err(problem), true) => page::refused(&problem),
        (Err(problem), false) => problem.into_response(),
    }
}

async fn made(server: &Arc<Server>, secret: &str, request: Request) -> Result<(Name, Response), Problem> {
    let (parts, body) = request.into_parts();
    require_own_page(&parts)?;
    server.gate.require_first(secret)?;
    let first = if is_form(&parts.headers) {
        let bounds = Bounds {
            bytes_max: SMALL_BODY_BYTES_MAX,
            decoded_max: SMALL_BODY_BYTES_MAX,
        };
        let body = whole(server, &parts, body, bounds).await?;
        require_form(&body)?;
        of_form(&body)
    } else {
        require_told(&parts.headers)?;
        Small::<First>::from_request(Request::from_parts(parts, body), server)
            .await?
            .0
    };
    let name: Name = session::name(&first.name, "/name")?;
    let password = server
        .gate
        .keep(Zeroizing::new(first.password), name.clone())
        .await?;
    let named = name.clone();
    blocking(server, move |server| {
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
    let signed_in = session::begin(server, &name, account)?;
    Ok((name, signed_in))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

/// What tools send without being told of the type (curl says that it is a form) is named with the way out.
fn require_form(text: &[u8]) -> Result<(), Problem> {
    match text.trim_ascii_start().first() {
        Some(b'{') => Err(Problem::unsupported(SEND_JSON)),
        _ => Ok(()),
    }
}

/// Why a body without its type is not read.
fn require_told(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.contains_key(header::CONTENT_TYPE) {
        true => Ok(()),
        false => Err(Problem::unsupported(SEND_JSON)),
    }
}

const SEND_JSON: &str = "say of what type the body is: `Content-Type: application/json` and {\"name\": …, \"password\": …} \
                         (curl: -H 'content-type: application/json'); a browser shows a form at this address";

fn of_form(text: &[u8]) -> First {
    let field = |name: &str| {
        let mut fields = url::form_urlencoded::parse(text);
        let found = fields.find(|(field, _)| field == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    First {
        name: field("name"),
        password: field("password"),
    }
}
