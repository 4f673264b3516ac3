//! One server, reached: its client, and the headers that sign us in.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use entente_exchange::taxii::client::{Request, Response};
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::{Login, Way};
use crate::exit::Failure;
use crate::http::{Client, Fetch, FetchError, Setup, Trust};
use crate::inflate::NotInflated;
use crate::keys::first_line;

/// For one request, from its first byte to the last one of the answer.
const REQUEST_MAX: Duration = Duration::from_secs(120);

/// A server that can be asked.
pub(crate) struct Door {
    client: Client,
    login: Option<(HeaderName, HeaderValue)>,
}

/// What came back.
pub(crate) enum Back {
    Answer(Box<Response>),
    /// More than the request said is worth reading.
    TooBig,
}

impl Door {
    /// Reads certificates and secrets from their files.
    pub(crate) fn open(way: &Way) -> Result<Door, Failure> {
        let trust = match &way.authority {
            Some(path) => Trust::Ca(path.clone()),
            None => Trust::System,
        };
        let client = Client::new(Setup {
            trust,
            identity: way.certificate.clone(),
            environment_proxy: way.proxy,
        })
        .map_err(Failure::usage)?;
        Ok(Door {
            client,
            login: way.login.as_ref().map(header).transpose()?,
        })
    }

    /// Sends a request and brings what comes back.
    pub(crate) async fn ask(&self, request: &Request) -> Result<Back, Failure> {
        let mut headers = vec![(ACCEPT, HeaderValue::from_static(request.accept))];
        headers.extend(
            request
                .content_type
                .map(|kind| (CONTENT_TYPE, HeaderValue::from_static(kind))),
        );
        headers.extend(self.login.clone());
        let method = match request.method {
            "POST" => Method::POST,
            _ => Method::GET,
        };
        let fetched = self.client.fetch(Fetch {
            method,
            url: &request.url,
            headers: &headers,
            body: request.body.clone(),
            decoded_bytes_max: request.answer_bytes_max,
            timeout: REQUEST_MAX,
        });
        match fetched.await {
            Ok(fetched) => Ok(Back::Answer(Box::new(response(
                fetched.status,
                &fetched.headers,
                fetched.body,
            )))),
            Err(FetchError::Body {
                cause: NotInflated::TooBig { .. },
                ..
            }) => Ok(Back::TooBig),
            Err(error @ (FetchError::File { .. } | FetchError::Setup(_))) => Err(Failure::usage(error)),
            Err(error) => Err(Failure::network(error)),
        }
    }
}

fn response(status: u16, headers: &HeaderMap, body: Vec<u8>) -> Response {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    Response {
        status,
        content_type: text("content-type"),
        location: text("location"),
        retry_after: text("retry-after"),
        date: text("date"),
        added_first: text("x-taxii-date-added-first"),
        added_last: text("x-taxii-date-added-last"),
        body,
    }
}

fn header(login: &Login) -> Result<(HeaderName, HeaderValue), Failure> {
    let (name, value) = match login {
        Login::Basic { user, password_file } => {
            let password = first_line(password_file, "the password")?;
            let pair = zeroize::Zeroizing::new(format!("{user}:{}", password.as_str()));
            let coded = base64::engine::general_purpose::STANDARD.encode(pair.as_bytes());
            (AUTHORIZATION, secret(&format!("Basic {coded}"), password_file)?)
        }
        Login::Token { token_file } => {
            let token = first_line(token_file, "the token")?;
            (
                AUTHORIZATION,
                secret(&format!("Bearer {}", token.as_str()), token_file)?,
            )
        }
        Login::Header { name, value_file } => {
            let value = first_line(value_file, "the header's value")?;
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                Failure::usage(format!(
                    "`{}` cannot be the name of a header; write it as the server's documentation does, such as `X-Api-Key`",
                    crate::render::safe(name)
                ))
            })?;
            (name, secret(value.as_str(), value_file)?)
        }
    };
    Ok((name, value))
}

fn secret(value: &str, file: &Path) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Failure::usage(format!(
            "the first line of `{}` has characters that no header may have; put only the secret there",
            file.display()
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}
