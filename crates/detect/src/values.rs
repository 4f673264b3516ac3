//! What an observed value can be read as: observables in normal form, the same form that indicators have.
//!
//! This is the slow and exact reading; `filter` decides beforehand, on the raw bytes, whether it can matter.
//! The normal forms themselves are `stix`'s.

use entente_stix::observable::{Kind as Is, Observable, normalise};
use entente_telemetry::{Kind, Value};
use std::borrow::Cow;

/// One reading of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) observable: Observable,
    /// The part of the value that was read, as observed; patterns are tried on it too.
    pub(crate) raw: String,
}

/// Every reading of a value. Several where a value holds more than one observable: a URL its host, a path its
/// file name, an e-mail address its domain.
pub(crate) fn readings(kind: Kind, value: &Value<'_>) -> Vec<Reading> {
    let mut readings = Vec::new();
    match value {
        Value::Plain(bytes) => plain(kind, String::from_utf8_lossy(bytes).trim(), &mut readings),
        Value::Url { host, port, path } => url_parts(host, *port, path, &mut readings),
    }
    readings
}

fn plain(kind: Kind, raw: &str, readings: &mut Vec<Reading>) {
    match kind {
        Kind::Address => {
            host(raw, readings);
            readings.retain(|reading| reading.observable.kind != Is::Domain);
        }
        Kind::Host | Kind::Domain => host(raw, readings),
        Kind::Url => url(raw, readings),
        Kind::Email => email(raw, readings),
        Kind::Hash => hash(raw, readings),
        Kind::CertificateHash => {
            hash(&raw.replace([':', ' '], ""), readings);
            readings.retain(|reading| reading.observable.kind != Is::Imphash);
        }
        Kind::Ja3 => add(Is::Ja3, raw, readings),
        Kind::FileName | Kind::FilePath => path(raw, readings),
        Kind::RegistryKey => registry_key(raw, readings),
        Kind::UserAgent => add(Is::UserAgent, raw, readings),
        Kind::MacAddress => add(Is::MacAddress, raw, readings),
        Kind::AutonomousSystem => add(Is::AutonomousSystem, raw, readings),
        // Its pieces are cut out elsewhere.
        Kind::Text => add(Is::CommandLine, raw, readings),
    }
}

fn add(kind: Is, raw: &str, readings: &mut Vec<Reading>) {
    if let Ok(observable) = normalise(kind, raw) {
        readings.push(Reading {
            observable,
            raw: raw.to_owned(),
        });
    }
}

/// A domain name or an address, perhaps with brackets, port or zone.
fn host(raw: &str, readings: &mut Vec<Reading>) {
    let raw = without_port(raw);
    let before = readings.len();
    add(Is::Ipv4, raw, readings);
    if readings.len() == before && raw.contains(':') {
        add(Is::Ipv6, raw, readings);
    }
    if readings.len() == before {
        add(Is::Domain, raw, readings);
    }
    // A network is something to look for, not something to be seen.
    readings.retain(|reading| !reading.observable.value.contains('/') || reading.observable.kind == Is::Url);
}

/// `[v6]`, `[v6]:port`, `v4:port`, `name:port`, `v6%zone` to what names the host.
fn without_port(raw: &str) -> &str {
    let inner = match raw.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => match raw.split_once(':') {
            Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => raw,
        },
    };
    match inner.split_once('%') {
        Some((address, _)) if address.contains(':') => address,
        _ => inner,
    }
}

fn url(raw: &str, readings: &mut Vec<Reading>) {
    add(Is::Url, raw, readings);
    if let Some(reading) = readings.last() {
        let key = reading.observable.value.clone();
        host(key.split(['/', '?']).next().unwrap_or_default(), readings);
    }
}

/// A URL whose host, port and path come in fields of their own.
///
/// Sensors log the server's port, and strip it from the `Host` header: a request through a proxy on port 8080
/// has the port of the proxy. So the URL is read both with the port and without.
fn url_parts(host: &[u8], port: Option<&[u8]>, path: &[u8], readings: &mut Vec<Reading>) {
    let (host, path) = (String::from_utf8_lossy(host), String::from_utf8_lossy(path));
    let (host, path) = (host.trim(), path.trim());
    // A request to a proxy names the whole URL.
    if path.contains("://") && !path.starts_with('/') {
        url(path, readings);
    }
    let host: Cow<'_, str> = if is_bare_v6(host) {
        format!("[{host}]").into()
    } else {
        host.into()
    };
    let slash = if path.starts_with(['/', '?']) { "" } else { "/" };
    url(&format!("http://{host}{slash}{path}"), readings);
    let port = port.map(String::from_utf8_lossy).unwrap_or_default();
    if is_own_port(port.as_bytes()) && !has_port(&host) {
        add(Is::Url, &format!("http://{host}:{port}{slash}{path}"), readings);
    }
}

/// Whether a port has to stand in a URL; 80 and 443 do not.
pub(crate) fn is_own_port(port: &[u8]) -> bool {
    !port.is_empty() && port != b"80" && port != b"443" && port.iter().all(u8::is_ascii_digit)
}

fn has_port(host: &str) -> bool {
    host.rsplit(']').next().unwrap_or(host).contains(':')
}

fn is_bare_v6(host: &str) -> bool {
    host.parse::<std::net::Ipv6Addr>().is_ok()
}

/// `user@host`, or the same in angle brackets after a name; and the host alone.
fn email(raw: &str, readings: &mut Vec<Reading>) {
    let address = match (raw.rfind('<'), raw.rfind('>')) {
        (Some(start), Some(end)) => raw.get(start + 1..end).unwrap_or(raw),
        _ => raw,
    };
    add(Is::Email, address.trim(), readings);
    if let Some((_, domain)) = address.trim().rsplit_once('@') {
        host(domain, readings);
    }
}

/// The hashes that have so many digits.
pub(crate) fn hash_kinds(digits: usize) -> &'static [Is] {
    match digits {
        32 => &[Is::Md5, Is::Imphash],
        40 => &[Is::Sha1],
        64 => &[Is::Sha256, Is::Sha3_256],
        128 => &[Is::Sha512, Is::Sha3_512],
        _ => &[],
    }
}

fn hash(raw: &str, readings: &mut Vec<Reading>) {
    for &kind in hash_kinds(raw.len()) {
        add(kind, raw, readings);
    }
}

/// The path, where there is one, the folder that it is in, and the name at its end.
fn path(raw: &str, readings: &mut Vec<Reading>) {
    match raw.rfind(['\\', '/']) {
        Some(slash) => {
            add(Is::FilePath, raw, readings);
            add(Is::FilePath, raw.get(..slash).unwrap_or_default(), readings);
            add(Is::FileName, raw.get(slash + 1..).unwrap_or_default(), readings);
        }
        None => {
            add(Is::FileName, raw, readings);
            // A field for paths may hold a bare name, and so may an indicator's path.
            add(Is::FilePath, raw, readings);
        }
    }
}

/// The key, and the key that it lies in: what sensors log may end in a value's name.
fn registry_key(raw: &str, readings: &mut Vec<Reading>) {
    add(Is::RegistryKey, raw, readings);
    if let Some((key, _)) = raw.trim_end_matches('\\').rsplit_once('\\') {
        add(Is::RegistryKey, key, readings);
    }
}
