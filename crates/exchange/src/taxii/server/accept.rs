//! What the headers say about media types: whether an answer in TAXII 2.1 is welcome (RFC 9110 §12.5.1), and whether
//! a body claims to be TAXII 2.1.

use crate::limits::ACCEPT_BYTES_MAX;

/// Thousandths: `q=0.5` is 500.
type Weight = u16;

/// Whether an answer of the type [`MEDIA_TYPE`](crate::taxii::MEDIA_TYPE) is welcome to who sent this `Accept`. The most
/// specific range that fits decides; a range that cannot be read says nothing. Who sends none takes anything.
pub(super) fn is_welcome(accept: Option<&str>) -> bool {
    let Some(accept) = accept.map(str::trim).filter(|accept| !accept.is_empty()) else {
        return true;
    };
    if accept.len() > ACCEPT_BYTES_MAX {
        return false;
    }
    let fitting = split(accept, ',').into_iter().filter_map(fit);
    fitting.max().is_some_and(|(_, weight)| weight > 0)
}

/// How specific a range is, and its weight, where it fits.
fn fit(range: &str) -> Option<(u8, Weight)> {
    let mut parts = split(range, ';').into_iter().map(str::trim);
    let (main, sub) = parts.next()?.split_once('/')?;
    let is = |left: &str, right: &str| left.trim().eq_ignore_ascii_case(right);
    let mut specific = match (is(main, "application"), is(sub, "taxii+json")) {
        (true, true) => 2,
        (true, false) if sub.trim() == "*" => 1,
        (false, _) if main.trim() == "*" && sub.trim() == "*" => 0,
        _ => return None,
    };
    let mut weight = 1_000;
    for part in parts.filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=')?;
        match name.trim() {
            name if name.eq_ignore_ascii_case("q") => {
                weight = read_weight(value.trim())?;
                break;
            }
            name if name.eq_ignore_ascii_case("version") && specific == 2 => {
                is_version(value).then_some(())?;
                specific = 3;
            }
            _ => {}
        }
    }
    Some((specific, weight))
}

/// `0`, `0.5`, `1.000`: RFC 9110 §12.4.2.
fn read_weight(text: &str) -> Option<Weight> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    let is_written =
        matches!(whole, "0" | "1") && digits.len() <= 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
    let thousandths: Weight = format!("{digits:0<3}").parse().ok().filter(|_| is_written)?;
    match whole {
        "0" => Some(thousandths),
        _ => (thousandths == 0).then_some(1_000),
    }
}

/// Whether a body of this `Content-Type` is one that TAXII 2.1 knows.
pub(super) fn is_taxii(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type.filter(|text| text.len() <= ACCEPT_BYTES_MAX) else {
        return false;
    };
    let mut parts = split(content_type, ';').into_iter().map(str::trim);
    let is_type = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("application/taxii+json"));
    let mut parameters = parts.filter(|part| !part.is_empty());
    is_type
        && parameters.all(|part| match part.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("version") => is_version(value),
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                unquoted(value).eq_ignore_ascii_case("utf-8")
            }
            Some(_) => true,
            None => false,
        })
}

fn is_version(value: &str) -> bool {
    unquoted(value) == "2.1"
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.unwrap_or(value)
}

/// The pieces between `at`, except where it stands in quotes.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|character| {
        quoted ^= character == '"';
        character == at && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_range_decides() {
        for (accept, expected) in [
            ("application/taxii+json;version=2.1", true),
            ("application/taxii+json; version=2.1", true),
            ("application/taxii+json;version=\"2.1\"", true),
            ("Application/TAXII+JSON ; Version=2.1;q=0.1", true),
            ("application/taxii+json", true),
            ("application/taxii+json;charset=utf-8", true),
            ("application/*", true),
            ("*/*", true),
            ("text/html, */*;q=0.1", true),
            ("text/html,application/taxii+json;q=0.001", true),
            ("", true),
            ("application/taxii+json;version=2.0", false),
            (
                "application/taxii+json;version=2.0, application/taxii+json;version=2.1",
                true,
            ),
            ("application/vnd.oasis.taxii+json", false),
            ("application/json", false),
            ("text/html", false),
            ("*/*;q=0", false),
            ("*/*, application/taxii+json;q=0", false),
            (
                "application/taxii+json;q=0, application/taxii+json;version=2.1",
                true,
            ),
            ("application/taxii+json;version=2.1;q=0, */*", false),
            ("application/taxii+json;q=1.5", false),
            ("application/taxii+json;q=x", false),
            (",,;;=", false),
            ("application", false),
        ] {
            assert_eq!(is_welcome(Some(accept)), expected, "{accept}");
        }
        assert!(is_welcome(None));
        assert!(!is_welcome(Some(&"*/*,".repeat(10_000))));
    }

    #[test]
    fn bodies_are_taxii_or_refused() {
        for (content_type, expected) in [
            ("application/taxii+json;version=2.1", true),
            ("application/taxii+json", true),
            ("application/taxii+json; charset=UTF-8; version=2.1", true),
            ("application/taxii+json;version=2.0", false),
            ("application/taxii+json;charset=latin1", false),
            ("application/taxii+json;version", false),
            ("application/json", false),
            ("application/stix+json;version=2.1", false),
            ("", false),
        ] {
            assert_eq!(is_taxii(Some(content_type)), expected, "{content_type}");
        }
        assert!(!is_taxii(None));
    }
}
