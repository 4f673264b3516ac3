//! Which endpoint of TAXII 2.1 (§1.6.5) a path names. Whether it is there for the visitor is not asked here.

use std::borrow::Cow;

use crate::limits::PATH_BYTES_MAX;

/// What stands before every path.
const ROOT: &str = "/taxii2";

/// An endpoint, with the names in its path, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Endpoint<'p> {
    /// §4.1.
    Discovery,
    /// §4.2.
    Root(Cow<'p, str>),
    /// §4.3.
    Status(Cow<'p, str>, Cow<'p, str>),
    /// §5.1.
    Collections(Cow<'p, str>),
    /// §5.2 to §5.8: in a collection of a root.
    In(Cow<'p, str>, Cow<'p, str>, Inside<'p>),
}

/// What is asked of a collection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inside<'p> {
    /// §5.2.
    About,
    /// §5.3.
    Manifest,
    /// §5.4 and §5.5.
    Objects,
    /// §5.6 and §5.7.
    Object(Cow<'p, str>),
    /// §5.8.
    Versions(Cow<'p, str>),
}

impl<'p> Endpoint<'p> {
    /// Reads a path from `/taxii2` on, percent-encoded as it came. The slash at the end may be missing.
    pub(super) fn of(path: &'p str) -> Option<Endpoint<'p>> {
        if path.len() > PATH_BYTES_MAX {
            return None;
        }
        let path = path.strip_prefix(ROOT)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut parts = Vec::new();
        if !path.is_empty() {
            for part in path.strip_prefix('/')?.split('/') {
                parts.push(decoded(part).filter(|part| !part.is_empty())?);
            }
        }
        let fixed: Vec<&str> = parts.iter().map(Cow::as_ref).collect();
        let pick = |place: usize| parts.get(place).cloned().unwrap_or_default();
        let inside = |inside| Endpoint::In(pick(0), pick(2), inside);
        Some(match fixed.as_slice() {
            [] => Endpoint::Discovery,
            [_] => Endpoint::Root(pick(0)),
            [_, "status", _] => Endpoint::Status(pick(0), pick(2)),
            [_, "collections"] => Endpoint::Collections(pick(0)),
            [_, "collections", _] => inside(Inside::About),
            [_, "collections", _, "manifest"] => inside(Inside::Manifest),
            [_, "collections", _, "objects"] => inside(Inside::Objects),
            [_, "collections", _, "objects", _] => inside(Inside::Object(pick(4))),
            [_, "collections", _, "objects", _, "versions"] => inside(Inside::Versions(pick(4))),
            _ => return None,
        })
    }

    /// The methods that it knows, as `Allow` tells them.
    pub(super) fn allowed(&self) -> &'static str {
        match self {
            Endpoint::In(_, _, Inside::Objects) => "GET, HEAD, POST, OPTIONS",
            Endpoint::In(_, _, Inside::Object(_)) => "GET, HEAD, DELETE, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }
}

/// A piece of a path or query with its percent signs resolved; `None` where that is no text.
pub(super) fn decoded(piece: &str) -> Option<Cow<'_, str>> {
    if !piece.contains('%') {
        return Some(Cow::Borrowed(piece));
    }
    let mut bytes = Vec::with_capacity(piece.len());
    let mut rest = piece.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high << 4 | low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<Endpoint<'_>>) {
        assert_eq!(Endpoint::of(path), expected, "{path}");
    }

    #[test]
    fn paths_name_endpoints() {
        let in_c = |inside| Some(Endpoint::In("r".into(), "c".into(), inside));
        check("/taxii2/", Some(Endpoint::Discovery));
        check("/taxii2", Some(Endpoint::Discovery));
        check("/taxii2/r/", Some(Endpoint::Root("r".into())));
        check("/taxii2/a%20b", Some(Endpoint::Root("a b".into())));
        check(
            "/taxii2/r/status/x/",
            Some(Endpoint::Status("r".into(), "x".into())),
        );
        check("/taxii2/r/collections/", Some(Endpoint::Collections("r".into())));
        check("/taxii2/r/collections/c/", in_c(Inside::About));
        check("/taxii2/r/collections/c/manifest/", in_c(Inside::Manifest));
        check("/taxii2/r/collections/c/objects", in_c(Inside::Objects));
        check(
            "/taxii2/r/collections/c/objects/o/",
            in_c(Inside::Object("o".into())),
        );
        check(
            "/taxii2/r/collections/c/objects/o/versions/",
            in_c(Inside::Versions("o".into())),
        );
        for other in [
            "",
            "/",
            "/taxii",
            "/taxii2x/",
            "/taxii2//",
            "/taxii2/r//",
            "/taxii2/r/status/",
            "/taxii2/r/objects/",
            "/taxii2/r/collections/c/objects/o/versions/v/",
            "/taxii2/%",
            "/taxii2/%zz",
            "/taxii2/%ff",
        ] {
            check(other, None);
        }
    }
}
