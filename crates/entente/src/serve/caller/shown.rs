//! What a request shows of who sends it, as bytes of strangers: `Authorization`, cookies, where it comes from.

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::is_safe;

/// The cookie of a session. The prefix makes browsers take it from this host alone, over TLS, for every path.
pub(crate) const COOKIE: &str = "__Host-entente";

/// Bytes of `Authorization` that are read: a password of 1,024 bytes with a name, in base 64.
const AUTHORIZATION_BYTES_MAX: usize = 2 << 10;

/// What `Authorization` shows.
#[derive(Debug)]
pub(crate) enum Shown<'r> {
    /// There is none.
    Nothing,
    /// A token (RFC 6750).
    Bearer(&'r str),
    /// A name with a password or token (RFC 7617).
    Basic {
        /// Whatever was sent as a name.
        name: String,
        /// The password or token.
        secret: Zeroizing<String>,
    },
    /// Something else, and what about it is wrong.
    Unreadable(&'static str),
}

impl Shown<'_> {
    /// What the headers of a request show.
    pub(crate) fn of(headers: &HeaderMap) -> Shown<'_> {
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

    /// What a value of `Authorization` shows.
    pub(crate) fn read(text: &str) -> Shown<'_> {
        if text.len() > AUTHORIZATION_BYTES_MAX {
            return Shown::Unreadable("`Authorization` is longer than any password or token here");
        }
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
            return Shown::Bearer(rest);
        }
        if scheme.eq_ignore_ascii_case("basic") {
            return basic(rest).unwrap_or(Shown::Unreadable(
                "`Authorization: Basic` is a name, a colon and a password, as UTF-8 in base 64",
            ));
        }
        Shown::Unreadable(
            "`Authorization` is `Bearer` with a token, or `Basic` with a name and a password or token",
        )
    }
}

fn basic(text: &str) -> Option<Shown<'static>> {
    let bytes = STANDARD
        .decode(text)
        .or_else(|_| STANDARD_NO_PAD.decode(text))
        .ok()?;
    let bytes = Zeroizing::new(bytes);
    let (name, secret) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some(Shown::Basic {
        name: name.to_owned(),
        secret: Zeroizing::new(secret.to_owned()),
    })
}

/// The value of the session's cookie.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
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

    fn told(text: &str) -> String {
        match Shown::read(text) {
            Shown::Bearer(token) => format!("bearer {token}"),
            Shown::Basic { name, secret } => format!("basic {name} {}", *secret),
            Shown::Nothing => "nothing".to_owned(),
            Shown::Unreadable(_) => "unreadable".to_owned(),
        }
    }

    #[test]
    fn what_is_shown_is_read_or_refused() {
        let table = [
            ("Bearer ent_x", "bearer ent_x"),
            ("bearer   ent_x ", "bearer ent_x"),
            ("Basic YWRhOndvcmRz", "basic ada words"),
            ("BASIC YWRhOndvcmRz", "basic ada words"),
            // A password may have colons, be empty, or come without padding.
            ("Basic YWRhOmE6Yjpj", "basic ada a:b:c"),
            ("Basic YWRhOg==", "basic ada "),
            ("Basic YWRhOg", "basic ada "),
            ("Basic YWRh", "unreadable"),
            ("Basic !!!", "unreadable"),
            ("Basic /zp4", "unreadable"),
            ("Basic", "unreadable"),
            ("Bearer", "unreadable"),
            ("Bearer ", "unreadable"),
            ("Digest username=x", "unreadable"),
            ("", "unreadable"),
            ("ent_x", "unreadable"),
        ];
        for (text, expected) in table {
            assert_eq!(told(text), expected, "{text}");
        }
        assert_eq!(told(&format!("Bearer {}", "x".repeat(3000))), "unreadable");
    }

    #[test]
    fn two_headers_are_none_to_choose_from() {
        let mut headers = HeaderMap::new();
        assert!(matches!(Shown::of(&headers), Shown::Nothing));
        headers.append(header::AUTHORIZATION, "Bearer a".parse().unwrap());
        assert!(matches!(Shown::of(&headers), Shown::Bearer("a")));
        headers.append(header::AUTHORIZATION, "Bearer b".parse().unwrap());
        assert!(matches!(Shown::of(&headers), Shown::Unreadable(_)));
    }

    #[test]
    fn the_cookie_is_found_by_its_exact_name() {
        let table = [
            ("__Host-entente=abc", Some("abc")),
            ("a=b; __Host-entente=abc; c=d", Some("abc")),
            ("__host-entente=abc", None),
            ("x__Host-entente=abc", None),
            ("entente=abc", None),
            ("__Host-entente", None),
        ];
        for (text, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, text.parse().unwrap());
            assert_eq!(session_cookie(&headers), expected, "{text}");
        }
    }

    #[test]
    fn changes_come_from_this_nodes_pages_or_not_at_all() {
        let table: [(&str, &[(&str, &str)], bool); 14] = [
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
