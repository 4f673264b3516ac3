//! Domain names and e-mail addresses.

use std::borrow::Cow;

use super::{NotA, address, folded};

/// RFC 1035 §2.3.4.
const LABEL_BYTES_MAX: usize = 63;
const NAME_BYTES_MAX: usize = 253;

/// Lower-case A-labels. One dot at the end and `*.` or a dot before are taken off; `_` stays, since
/// service names have it.
pub(super) fn normalise(raw: &str) -> Result<Cow<'_, str>, NotA> {
    let name = raw
        .strip_prefix("*.")
        .or_else(|| raw.strip_prefix('.'))
        .unwrap_or(raw);
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_ascii() {
        check(name)?;
        return Ok(folded(name));
    }
    if name.len() > 4 * NAME_BYTES_MAX {
        return Err(NotA("a name longer than 253 bytes"));
    }
    let ascii = idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::EMPTY)
        .map_err(|_| NotA("no domain name: characters that none can have"))?;
    // Other scripts have their own full stops.
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    check(ascii)?;
    Ok(Cow::Owned(folded(ascii).into_owned()))
}

/// Checks a name in ASCII, of either case.
fn check(name: &str) -> Result<(), NotA> {
    if name.len() > NAME_BYTES_MAX {
        return Err(NotA("a name longer than 253 bytes"));
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err(NotA("an empty label in the name"));
        }
        if label.len() > LABEL_BYTES_MAX {
            return Err(NotA("a label longer than 63 bytes"));
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !label.bytes().all(allowed) {
            return Err(NotA("no domain name: characters that none can have"));
        }
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotA("a number at the end: no domain name"));
    }
    Ok(())
}

/// Whether names are registered below this name by unrelated parties: `com`, `co.uk`, `github.io`
/// (publicsuffix.org, private section included), and every name of one label.
pub fn is_public_suffix(domain: &str) -> bool {
    let suffix = psl::suffix(domain.as_bytes());
    !domain.contains('.')
        || suffix.is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == domain.as_bytes())
}

/// Whether the name has two labels or more and ends in a public or special suffix. Expects normal form.
pub(super) fn is_registrable(domain: &str) -> bool {
    let known = psl::suffix(domain.as_bytes()).is_some_and(|suffix| suffix.is_known());
    let last = domain.rsplit('.').next().unwrap_or_default();
    (known || SPECIAL_SUFFIXES.contains(&last)) && domain.contains('.')
}

/// Names outside the public tree that occur in logs and reports: reserved ones (RFC 2606, RFC 6762,
/// RFC 9476), private ones, and those of other roots.
const SPECIAL_SUFFIXES: &[&str] = &[
    "alt",
    "arpa",
    "bazar",
    "bit",
    "coin",
    "corp",
    "emc",
    "eth",
    "example",
    "home",
    "i2p",
    "internal",
    "invalid",
    "lan",
    "lib",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "test",
];

/// Lower case; the domain in its own normal form. `mailto:` is taken off.
pub(super) fn email(raw: &str) -> Result<Cow<'_, str>, NotA> {
    let address = match raw.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => raw.get(7..).unwrap_or_default(),
        _ => raw,
    };
    let (local, host) = address.rsplit_once('@').ok_or(NotA("no `@` in it"))?;
    let fits = |character: char| {
        !character.is_whitespace() && !character.is_control() && !"<>()[],;:\\".contains(character)
    };
    if local.is_empty() || !local.chars().all(fits) {
        return Err(NotA("no mailbox before the `@`"));
    }
    Ok(Cow::Owned(format!("{}@{}", folded(local), mail_host(host)?)))
}

/// A domain, or an address in brackets (RFC 5321 §4.1.3).
fn mail_host(host: &str) -> Result<Cow<'_, str>, NotA> {
    let Some(literal) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return if host.starts_with(['*', '.']) {
            Err(NotA("no domain after the `@`"))
        } else {
            normalise(host)
        };
    };
    let literal = literal
        .strip_prefix("IPv6:")
        .or_else(|| literal.strip_prefix("ipv6:"))
        .unwrap_or(literal);
    let address = address::parse(literal, false).ok_or(NotA("no address in the brackets"))?;
    Ok(Cow::Owned(format!("[{address}]")))
}
