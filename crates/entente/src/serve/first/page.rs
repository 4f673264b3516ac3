//! The same for people: the link opened in a browser is a form, without scripts or pictures.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::serve::problem::Problem;

/// Nothing is loaded or run, and the form goes where the page came from.
const POLICY: &str = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const FORM: &str = "<form method=\"post\" autocomplete=\"off\">\
<p><label>Name<br><input name=\"name\" required maxlength=\"64\" autocomplete=\"username\"></label>\
<p><label>Password, at least 12 characters<br>\
<input name=\"password\" type=\"password\" required minlength=\"12\" autocomplete=\"new-password\"></label>\
<p><button>Make the first administrator</button></form>";

/// Whether a browser asks, that shows pages to somebody.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// What the link is for, and the form.
pub(super) fn form() -> Response {
    page(
        StatusCode::OK,
        "<p>This link makes the first administrator of this node, once.",
        FORM,
    )
}

/// Who was made.
pub(super) fn done(name: &str) -> Response {
    // A name has no characters that mean something in HTML.
    let words = format!(
        "<p><b>{name}</b> is the administrator of this node now, and is signed in. Tools use tokens: \
         <code>entente account token {name}</code>."
    );
    page(StatusCode::CREATED, &words, "")
}

/// What went wrong; with the form again where another try may help.
pub(super) fn refused(problem: &Problem) -> Response {
    let words = format!("<p><b>{}</b>", escaped(&problem.detail));
    let faults = problem
        .faults
        .iter()
        .map(|fault| format!("<p>{}", escaped(&fault.detail)));
    let words = words + &faults.collect::<String>();
    let again = problem.status == StatusCode::UNPROCESSABLE_ENTITY;
    page(problem.status, &words, if again { FORM } else { "" })
}

fn page(status: StatusCode, words: &str, form: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Entente</title><h1>Entente</h1>{words}{form}</html>"
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            character => out.push(character),
        }
    }
    out
}
