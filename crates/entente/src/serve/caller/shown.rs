//! What a request shows of who sends it, in its headers: `Authorization`, cookies, where it comes from.

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use entente_access::shown::{self, Shown};

use super::is_safe;

/// What the headers of a request show.
pub(crate) fn authorization(headers: &HeaderMap) -> Shown<'_> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), more) = (values.next(), values.next()) else {
        return Shown::Nothing;
    };
    if more.is_some() {
        return Shown::Unreadable("`Authorization` may stand there once");
    }
    match value.to_str() {
        Ok(text) => Shown::read(text),
        Err(_) => Shown::Unreadable("`Authorization` has bytes that cannot stand there"),
    }
}

/// The value of the session's cookie.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .find_map(shown::session_cookie)
}

/// Whether a request that a cookie vouches for was not made by this node's own pages.
///
/// Browsers say so themselves (`Sec-Fetch-Site`); older ones name the origin. A change that tells neither is refused:
/// who is no browser has no use for a cookie.
pub(crate) fn is_from_elsewhere(parts: &Parts) -> bool {
    let headers = &parts.headers;
    let is_safe = is_safe(&parts.method);
    if let Some(site) = headers.get("sec-fetch-site") {
        let site = site.as_bytes();
        return !(site == b"same-origin" || site == b"none" || (is_safe && site == b"same-site"));
    }
    match headers.get(header::ORIGIN) {
        Some(origin) => origin.to_str().ok().and_then(authority) != own_authority(parts),
        None => !is_safe,
    }
}

/// `https://node.example:8440` as `node.example:8440`.
fn authority(origin: &str) -> Option<&str> {
    origin.split_once("://").map(|(_, authority)| authority)
}

/// Which host the request says it is for.
fn own_authority(parts: &Parts) -> Option<&str> {
    let of_uri = parts.uri.authority().map(|authority| authority.as_str());
    of_uri.or_else(|| parts.headers.get(header::HOST)?.to_str().ok())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn two_headers_are_none_to_choose_from() {
        let mut headers = HeaderMap::new();
        assert!(matches!(authorization(&headers), Shown::Nothing));
        headers.append(header::AUTHORIZATION, "Bearer a".parse().unwrap());
        assert!(matches!(authorization(&headers), Shown::Bearer("a")));
        headers.append(header::AUTHORIZATION, "Bearer b".parse().unwrap());
        assert!(matches!(authorization(&headers), Shown::Unreadable(_)));
    }

    #[test]
    fn changes_come_from_this_nodes_pages_or_not_at_all() {
        type Case = (&'static str, &'static [(&'static str, &'static str)], bool);
        let table: [Case; 14] = [
            ("POST", &[("sec-fetch-site", "same-origin")], false),
            ("POST", &[("sec-fetch-site", "none")], false),
            ("POST", &[("sec-fetch-site", "same-site")], true),
            ("POST", &[("sec-fetch-site", "cross-site")], true),
            ("POST", &[("sec-fetch-site", "nonsense")], true),
            // What the browser says of the site counts more than the origin.
            (
                "POST",
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://node.example"),
                ],
                true,
            ),
            ("POST", &[("origin", "https://node.example")], false),
            ("POST", &[("origin", "https://evil.example")], true),
            ("POST", &[("origin", "https://node.example.evil.example")], true),
            ("POST", &[("origin", "null")], true),
            ("POST", &[], true),
            ("DELETE", &[], true),
            ("GET", &[], false),
            ("GET", &[("sec-fetch-site", "cross-site")], true),
        ];
        for (method, headers, expected) in table {
            let mut request = Request::builder()
                .method(method)
                .uri("/api/v1/me")
                .header("host", "node.example");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(is_from_elsewhere(&parts), expected, "{method} {headers:?}");
        }
    }
}
