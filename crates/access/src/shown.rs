//! What a request shows of who sends it, as text of strangers: `Authorization` and cookies.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use crate::limits::AUTHORIZATION_BYTES_MAX;

/// The cookie of a session. The prefix makes browsers take it from this host alone, over TLS, for every path.
pub const COOKIE: &str = "__Host-entente";

/// What `Authorization` shows.
#[derive(Debug)]
pub enum Shown<'r> {
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
    /// What a value of `Authorization` shows.
    #[must_use]
    pub fn read(text: &str) -> Shown<'_> {
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

/// The value of the session's cookie in a line of cookies.
#[must_use]
pub fn session_cookie(line: &str) -> Option<&str> {
    let mut pairs = line.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
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
            assert_eq!(session_cookie(text), expected, "{text}");
        }
    }
}
