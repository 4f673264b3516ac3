//! URLs, as the WHATWG URL standard reads them, without what is not the place itself.

use ::url::{Host, Url};

use super::{NotA, address, domain};

const NO_HOST: NotA = NotA("no host in the URL");

/// `host[:port]/path?query`: scheme, user, fragment, an empty query, ports 80 and 443 are left out.
/// The path is free of dot segments; unreserved characters are not escaped, escapes are in capitals.
///
/// A URL that names no host (`mailto:`, `data:`) keeps its scheme.
pub(super) fn normalise(raw: &str) -> Result<String, NotA> {
    let raw = raw.split('#').next().unwrap_or(raw).trim();
    let (scheme, rest) = split_scheme(raw);
    match scheme {
        Some(scheme) if !has_authority(scheme, rest) => opaque(scheme, rest),
        Some(scheme) => {
            let after_slashes = if rest.starts_with("//") && !is_web(scheme) {
                rest.get(2..).unwrap_or_default()
            } else {
                rest.trim_start_matches(['/', '\\'])
            };
            placed(after_slashes, default_port(scheme))
        }
        None => placed(raw.strip_prefix("//").unwrap_or(raw), None),
    }
}

/// The scheme, if there is one; `evil.example:8080/x` has a port there instead.
pub(super) fn split_scheme(raw: &str) -> (Option<&str>, &str) {
    let Some((scheme, rest)) = raw.split_once(':') else {
        return (None, raw);
    };
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    // One letter is the drive of a path.
    let begins = |first: char| first.is_ascii_alphabetic();
    let named = scheme.len() > 1 && scheme.starts_with(begins) && scheme.bytes().all(letters);
    let rest = rest.trim();
    let port_end = rest
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(rest.len());
    let after_port = rest.get(port_end..).unwrap_or_default();
    let is_port = port_end > 0 && (after_port.is_empty() || after_port.starts_with(['/', '?', '#', '\\']));
    if named && !is_port {
        (Some(scheme), rest)
    } else {
        (None, raw)
    }
}

fn is_web(scheme: &str) -> bool {
    ["http", "https", "ftp", "ws", "wss"]
        .iter()
        .any(|web| scheme.eq_ignore_ascii_case(web))
}

fn has_authority(scheme: &str, rest: &str) -> bool {
    is_web(scheme) || (rest.starts_with("//") && !scheme.eq_ignore_ascii_case("file"))
}

fn default_port(scheme: &str) -> Option<u16> {
    scheme.eq_ignore_ascii_case("ftp").then_some(21)
}

/// A URL without a host, or of local files: the scheme in lower case, the rest as it stands.
fn opaque(scheme: &str, rest: &str) -> Result<String, NotA> {
    let rest = rest.trim();
    let fits = |character: char| !character.is_control();
    if rest.is_empty() || !rest.chars().all(fits) {
        return Err(NotA("nothing after the scheme"));
    }
    if scheme.contains('.') {
        return Err(NO_HOST);
    }
    Ok(format!("{}:{rest}", scheme.to_ascii_lowercase()))
}

/// Everything behind `scheme://`. Read as if it were `http`, so that a normal form is its own.
fn placed(rest: &str, default_port: Option<u16>) -> Result<String, NotA> {
    let drive = matches!(rest.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    if drive || rest.starts_with(['/', '\\', '?', ':']) {
        return Err(NO_HOST);
    }
    let url = Url::parse(&format!("http://{rest}")).map_err(|error| match error {
        ::url::ParseError::InvalidPort => NotA("no port number after the host"),
        ::url::ParseError::EmptyHost => NO_HOST,
        _ => NotA("no host name or address at its start"),
    })?;
    let mut out = host(&url)?;
    if let Some(port) = url
        .port()
        .filter(|port| !matches!(port, 80 | 443) && Some(*port) != default_port)
    {
        out.push_str(&format!(":{port}"));
    }
    unescape_unreserved(url.path(), &mut out);
    if let Some(query) = url.query().filter(|query| !query.is_empty()) {
        out.push('?');
        unescape_unreserved(query, &mut out);
    }
    Ok(out)
}

fn host(url: &Url) -> Result<String, NotA> {
    match url.host().ok_or(NO_HOST)? {
        Host::Ipv4(address) => Ok(address.to_string()),
        Host::Ipv6(address) => {
            let observable = address::normalise(&address.to_string())?;
            Ok(if observable.value.contains(':') {
                format!("[{}]", observable.value)
            } else {
                observable.value
            })
        }
        Host::Domain(name) if name.starts_with(['*', '.']) => Err(NO_HOST),
        Host::Domain(name) => domain::normalise(name).map(std::borrow::Cow::into_owned),
    }
}

/// RFC 3986 §6.2.2: escapes of unreserved characters are resolved, others written in capitals.
fn unescape_unreserved(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (plain, escaped) = rest.split_at(at);
        out.push_str(plain);
        let digits = escaped
            .get(1..3)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(digits) = digits else {
            // A bare `%` is escaped, or what follows could become an escape by itself.
            out.push_str("%25");
            rest = escaped.get(1..).unwrap_or_default();
            continue;
        };
        let byte = u8::from_str_radix(digits, 16).unwrap_or(b'%');
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&digits.to_ascii_uppercase());
        }
        rest = escaped.get(3..).unwrap_or_default();
    }
    out.push_str(rest);
}
