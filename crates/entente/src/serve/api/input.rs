//! What a request says, read against what the OpenAPI document says that it may say.
//!
//! The schema that describes a body or a parameter is the one that it is checked against, so that neither can be
//! right without the other; every fault is told, each with its place.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::openapi::path::Parameter;
use utoipa::{IntoParams, ToSchema};

use super::schema::Schema;
use crate::inflate::Encoding;
use crate::serve::body::{self, Bounds, decoder, streamed, unreadable, whole};
use crate::serve::limits::{BODY_BYTES_MAX, JSON_BYTES_MAX, SMALL_BODY_BYTES_MAX, UPLOAD_BYTES_MAX};
use crate::serve::problem::Problem;
use crate::serve::server::Server;

/// A body of JSON, in or out.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned + ToSchema> FromRequest<Arc<Server>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, server: &Arc<Server>) -> Result<Json<T>, Problem> {
        let (parts, body) = request.into_parts();
        require_type(&parts.headers, &["application/json"])?;
        let bounds = Bounds {
            bytes_max: JSON_BYTES_MAX,
            decoded_max: JSON_BYTES_MAX,
        };
        let bytes = whole(server, &parts, body, bounds).await?;
        Ok(Json(from_json(&bytes)?))
    }
}

impl<T: DeserializeOwned + ToSchema> OptionalFromRequest<Arc<Server>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, server: &Arc<Server>) -> Result<Option<Json<T>>, Problem> {
        if !request.headers().contains_key(header::CONTENT_TYPE) {
            // What says nothing of its type may say nothing at all.
            let mut sent = request.into_body().into_data_stream();
            while let Some(chunk) = sent.next().await {
                if !chunk.is_ok_and(|chunk| chunk.is_empty()) {
                    return Err(Problem::unsupported(
                        "the body has no Content-Type; send application/json",
                    ));
                }
            }
            return Ok(None);
        }
        <Json<T> as FromRequest<_>>::from_request(request, server)
            .await
            .map(Some)
    }
}

/// A body of JSON that is small whatever it says: of those who are not known yet, and with secrets in it.
#[derive(Debug)]
pub(crate) struct Small<T>(pub(crate) T);

impl<T: DeserializeOwned + ToSchema> FromRequest<Arc<Server>> for Small<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, server: &Arc<Server>) -> Result<Small<T>, Problem> {
        let (parts, body) = request.into_parts();
        require_type(&parts.headers, &["application/json"])?;
        let bounds = Bounds {
            bytes_max: SMALL_BODY_BYTES_MAX,
            decoded_max: SMALL_BODY_BYTES_MAX,
        };
        let bytes = whole(server, &parts, body, bounds).await?;
        Ok(Small(from_json(&bytes)?))
    }
}

/// Reads a JSON text as a `T`: 400 where it is no JSON, 422 with every place where it is not what it has to be.
fn from_json<T: DeserializeOwned + ToSchema>(text: &[u8]) -> Result<T, Problem> {
    entente_stix::json::read(text).map_err(|error| {
        Problem::bad_request("the body is not JSON that every reader reads alike (RFC 8259, RFC 7493)")
            .at(error.pointer.clone(), error.to_string())
    })?;
    let value: Value = serde_json::from_slice(text)
        .map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))?;
    let faults = Schema::of::<T>().faults(&value);
    if faults.is_empty() {
        return serde_json::from_value(value).map_err(|error| {
            Problem::unprocessable("the body is not what this route takes").at("", error.to_string())
        });
    }
    let mut problem = Problem::unprocessable(
        "the body is not what this route takes; `/api/v1/openapi.json` says what it is to be",
    );
    problem.faults = faults;
    Err(problem)
}

/// What the parameters after the `?` say.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + IntoParams> FromRequestParts<Arc<Server>> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Server>) -> Result<Query<T>, Problem> {
        from_query(parts.uri.query().unwrap_or_default()).map(Query)
    }
}

fn from_query<T: DeserializeOwned + IntoParams>(query: &str) -> Result<T, Problem> {
    let known = T::into_params(|| None);
    let mut given = Map::new();
    let mut problem = Problem::bad_request(
        "a parameter is not what this route takes; `/api/v1/openapi.json` says what there is",
    );
    for (name, text) in url::form_urlencoded::parse(query.as_bytes()) {
        match known.iter().find(|parameter| parameter.name == *name) {
            Some(parameter) => {
                if let Err(why) = take(&mut given, parameter, &text) {
                    problem = problem.at(name, why);
                }
            }
            None => problem = problem.at(name.clone(), format!("there is no parameter `{name}` here")),
        }
    }
    for parameter in &known {
        let schema = Schema::of_parameter(parameter);
        match given.get(&parameter.name) {
            Some(value) => problem.faults.extend(schema.faults_at(value, &parameter.name)),
            None if matches!(parameter.required, utoipa::openapi::Required::True) => {
                problem = problem.at(parameter.name.clone(), "this parameter is missing");
            }
            None => {}
        }
    }
    if !problem.faults.is_empty() {
        return Err(problem);
    }
    serde_json::from_value(Value::Object(given)).map_err(|error| problem.at("", error.to_string()))
}

/// Takes a parameter's text as its schema says; lists are parameters that come more than once.
fn take(given: &mut Map<String, Value>, parameter: &Parameter, text: &str) -> Result<(), String> {
    let schema = Schema::of_parameter(parameter);
    if schema.is("array") {
        let values = given
            .entry(parameter.name.clone())
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(Value::from(text));
        }
        return Ok(());
    }
    let value = if schema.is("integer") {
        let number = text.parse::<u64>().map(Value::from);
        number
            .or_else(|_| text.parse::<i64>().map(Value::from))
            .map_err(|_| "a whole number is expected here".to_owned())?
    } else if schema.is("boolean") {
        text.parse::<bool>()
            .map(Value::from)
            .map_err(|_| "`true` or `false` is expected here".to_owned())?
    } else {
        Value::from(text)
    };
    match given.insert(parameter.name.clone(), value) {
        None => Ok(()),
        Some(_) => Err("this parameter may stand here only once".to_owned()),
    }
}

/// What the path names.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Server>> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Path<T>, Problem> {
        axum::extract::Path::<T>::from_request_parts(parts, server)
            .await
            .map(|axum::extract::Path(named)| Path(named))
            .map_err(|rejection| {
                Problem::bad_request(format!("the path cannot be read: {}", rejection.body_text()))
            })
    }
}

/// A body of text.
#[derive(Debug)]
pub(crate) struct Text(pub(crate) String);

/// The types under which a text may come.
pub(crate) const TEXT_TYPES: &[&str] = &["text/plain", "application/toml", "application/octet-stream"];

impl FromRequest<Arc<Server>> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, server: &Arc<Server>) -> Result<Text, Problem> {
        let (parts, body) = request.into_parts();
        require_type(&parts.headers, TEXT_TYPES)?;
        let bounds = Bounds {
            bytes_max: BODY_BYTES_MAX,
            decoded_max: entente_node::limits::ACTS_FILE_BYTES_MAX,
        };
        let bytes = whole(server, &parts, body, bounds).await?;
        let text = std::str::from_utf8(&bytes);
        text.map(|text| Text(text.to_owned()))
            .map_err(|_| Problem::bad_request("the body is not text (UTF-8)"))
    }
}

/// A body that is read as it comes, on a blocking thread, however long it is.
pub(crate) struct Upload {
    encoding: Encoding,
    body: Body,
}

/// The types under which intelligence and logs may come; what they are is told from their content.
pub(crate) const UPLOAD_TYPES: &[&str] = &[
    "application/json",
    "application/octet-stream",
    "application/stix+json",
    "application/taxii+json",
    "application/vnd.oasis.stix+json",
    "application/x-ndjson",
    "application/gzip",
    "application/zstd",
    "text/csv",
    "text/plain",
];

impl FromRequest<Arc<Server>> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Arc<Server>) -> Result<Upload, Problem> {
        let (parts, body) = request.into_parts();
        require_type(&parts.headers, UPLOAD_TYPES)?;
        Ok(Upload {
            encoding: body::encoding(&parts.headers)?,
            body,
        })
    }
}

impl Upload {
    /// The bytes, decoded and unpacked; to be asked for and read where waiting is allowed. What the body's sender
    /// did wrong is told by the [`Trouble`] beside it, once a read has failed.
    pub(crate) fn reader(self) -> Result<(Box<dyn Read + Send>, Trouble), Problem> {
        let trouble = Trouble::default();
        let sent = decoder(self.encoding, streamed(self.body), UPLOAD_BYTES_MAX)?;
        let mut sent = Watched {
            reader: sent,
            trouble: trouble.clone(),
        };
        let mut head = Vec::new();
        let read = (&mut sent).take(4).read_to_end(&mut head);
        read.map_err(|error| trouble.or(unreadable(&error)))?;
        let packed = match head.as_slice() {
            [0x1f, 0x8b, ..] => Encoding::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] => Encoding::Zstd,
            _ => Encoding::Identity,
        };
        let whole = io::Cursor::new(head).chain(sent);
        let unpacked = Watched {
            reader: decoder(packed, whole, UPLOAD_BYTES_MAX)?,
            trouble: trouble.clone(),
        };
        Ok((Box::new(unpacked), trouble))
    }
}

/// What was wrong with a body that could not be read to its end.
#[derive(Clone, Default)]
pub(crate) struct Trouble(Arc<Mutex<Option<Problem>>>);

impl Trouble {
    /// The body's fault, where there was one: readers may take what cannot be read for the end.
    pub(crate) fn met(&self) -> Option<Problem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The body's fault where it was one, else `problem`.
    pub(crate) fn or(&self, problem: Problem) -> Problem {
        self.met().unwrap_or(problem)
    }
}

struct Watched<R> {
    reader: R,
    trouble: Trouble,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer).inspect_err(|error| {
            let mut met = self.trouble.0.lock().unwrap_or_else(PoisonError::into_inner);
            // The innermost reader knows best, and fails first.
            met.get_or_insert_with(|| unreadable(error));
        })
    }
}

/// Refuses a body of another type than the route reads.
fn require_type(headers: &HeaderMap, types: &[&str]) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE);
    let given = given.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if types.contains(&essence.as_str()) {
        return Ok(());
    }
    let was = match essence.as_str() {
        "" => "the body has no Content-Type".to_owned(),
        essence => format!("`{}` is not read here", crate::render::short(essence, 80)),
    };
    Err(Problem::unsupported(format!(
        "{was}; send {}",
        types.join(" or ")
    )))
}
