//! Where a server may send us: only to the origin that the operator named.

use url::Url;

use super::Fault;
use crate::limits::TAXII_NAME_BYTES_MAX;

/// The address that the operator named, good to be asked.
pub(super) fn named(text: &str) -> Result<Url, Fault> {
    let no_address = |cause: String| Fault::Address {
        url: text.to_owned(),
        cause,
    };
    let mut url = Url::parse(text.trim()).map_err(|error| no_address(error.to_string()))?;
    if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
        return Err(no_address("it must begin with https://".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::Address {
            // Not repeated: it holds a secret.
            url: url.origin().ascii_serialization(),
            cause: "a password does not belong into an address, which ends up in logs".to_owned(),
        });
    }
    url.set_fragment(None);
    Ok(url)
}

/// Where `reference`, which a server gave at `at`, points to; refused unless it is on the origin of `named`.
pub(super) fn within(named: &Url, at: &Url, reference: &str) -> Result<Url, Fault> {
    let elsewhere = |to: String| Fault::Elsewhere {
        named: named.origin().ascii_serialization(),
        to,
    };
    let mut url = at
        .join(reference.trim())
        .map_err(|_| elsewhere(shortened(reference)))?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    if url.origin() != named.origin() || !is_plain {
        return Err(elsewhere(shortened(&url.origin().ascii_serialization())));
    }
    url.set_fragment(None);
    Ok(url)
}

/// `url` as a folder: what is joined to it goes below it.
pub(super) fn folder(mut url: Url) -> Url {
    url.set_query(None);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push("");
    }
    url
}

/// `segments` below the folder `url`, with the slash at the end that TAXII asks for (§1.6.6).
pub(super) fn below(url: &Url, segments: &[&str]) -> Url {
    let mut url = folder(url.clone());
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments).push("");
    }
    url
}

/// Whether a server's id can stand in a path as one segment.
pub(super) fn is_segment(id: &str) -> bool {
    !matches!(id, "" | "." | "..") && id.len() <= TAXII_NAME_BYTES_MAX
}

/// A foreign text, short enough for a sentence.
pub(super) fn shortened(text: &str) -> String {
    const CHARACTERS_MAX: usize = 300;
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
