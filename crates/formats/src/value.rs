//! One written value to what it is: quotes, defanging, ports and schemes are seen through here.
//!
//! The kinds and their normal forms are `entente_stix::observable`'s.

use std::borrow::Cow;

use entente_stix::observable::{self, Kind, Observable};

use crate::entry::Refusal;

/// A value that was recognised.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    pub(crate) observable: Observable,
    pub(crate) written: String,
    pub(crate) port: Option<u16>,
}

/// What `raw` is by its look.
pub(crate) fn guess(raw: &str) -> Result<Value, Refusal> {
    let written = written(raw);
    if let Some((host, port)) = host_and_port(&written)
        && let Some(observable) = observable::guess(host)
        && matches!(observable.kind, Kind::Ipv4 | Kind::Ipv6 | Kind::Domain)
    {
        return Ok(Value {
            observable,
            written: host.to_owned(),
            port: Some(port),
        });
    }
    match observable::guess(&written) {
        Some(observable) if observable.kind == Kind::Vulnerability => Err(vulnerability()),
        Some(observable) => Ok(Value {
            observable,
            written: written.into_owned(),
            port: None,
        }),
        None => Err(unrecognised(&written)),
    }
}

/// What `raw` is, said to be a `kind`.
pub(crate) fn of_kind(kind: Kind, raw: &str) -> Result<Value, Refusal> {
    if kind == Kind::Vulnerability {
        return Err(vulnerability());
    }
    let written = written(raw);
    let (host, port) = match kind {
        Kind::Ipv4 | Kind::Ipv6 | Kind::Domain => {
            host_and_port(&written).map_or((written.as_ref(), None), |(h, p)| (h, Some(p)))
        }
        _ => (written.as_ref(), None),
    };
    let observable = observable::normalise(kind, host).map_err(|not| {
        Refusal::new(
            format!("not {}: {not}", kind.name()),
            "correct the value or its type; an empty type lets the value speak for itself",
        )
    })?;
    Ok(Value {
        observable,
        written: host.to_owned(),
        port,
    })
}

/// The value without the quotes, commas and brackets that people paste along, refanged.
fn written(raw: &str) -> Cow<'_, str> {
    let mut bare = raw.trim();
    bare = bare.strip_suffix(',').unwrap_or(bare).trim_end();
    for (open, close) in [('"', '"'), ('\'', '\''), ('`', '`'), ('<', '>')] {
        if let Some(inner) = bare.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
            bare = inner.trim();
        }
    }
    observable::refang(bare)
}

/// `host:port`, `[v6]:port`, either behind `tcp://` or `udp://`.
fn host_and_port(written: &str) -> Option<(&str, u16)> {
    let lower = written.get(..6).map(str::to_ascii_lowercase);
    let bare = match lower.as_deref() {
        Some("tcp://" | "udp://") => written.get(6..)?.trim_end_matches('/'),
        _ => written,
    };
    let (host, port) = bare.rsplit_once(':')?;
    let port = port
        .parse()
        .ok()
        .filter(|_| port.bytes().all(|b| b.is_ascii_digit()))?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        // `2001:db8::1:443` is an address, not an address with a port.
        None if host.contains([':', '/']) => return None,
        None => host,
    };
    (!host.is_empty()).then_some((host, port))
}

fn vulnerability() -> Refusal {
    Refusal::new(
        "a vulnerability, which is no indicator: it says what is weak, not who attacks",
        "take it in as a STIX `vulnerability` object",
    )
}

fn unrecognised(written: &str) -> Refusal {
    if written.starts_with('/') {
        return Refusal::new(
            "a URL path without a host",
            "give the whole URL, or a STIX pattern such as `[url:value LIKE '%/gate.php']`",
        );
    }
    if written.contains(char::is_whitespace) {
        return Refusal::new(
            "more than one word, and not a value of a known kind",
            "put one value on a line and a comment behind ` # `",
        );
    }
    if written.contains(',') {
        return Refusal::new(
            "not a value of a known kind; it looks like a row of CSV",
            "give CSV a header line that names its columns, as `value,description`",
        );
    }
    Refusal::new(
        "not a value of a known kind",
        "give an address, network, domain, URL, e-mail address or hash, or CSV with a `type` column",
    )
}
