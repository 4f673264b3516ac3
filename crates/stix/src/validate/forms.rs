//! What texts of certain kinds look like. Each answers yes or no; the rules say the rest.

use std::net::{Ipv4Addr, Ipv6Addr};

/// STIX 2.1 §3.1: a letter, then letters and digits, single hyphens between; 3 to 250 characters.
/// A hyphen at the end is let through, as the standard's own schemas do.
pub(super) fn is_type_name(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    (3..=250).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.strip_suffix('-').unwrap_or(text).split('-').all(is_word)
}

/// STIX 2.1 §3.1: a letter, then letters, digits and underscores; at least 3, or `id`.
/// Those longer than 250 characters are told by a rule of their own.
pub(super) fn is_property_name(text: &str) -> bool {
    text == "id"
        || (text.len() >= 3
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(is_property_byte))
}

/// The same for names inside patterns and translations, which may begin with a digit or an underscore.
pub(super) fn is_property_name_lax(text: &str) -> bool {
    (3..=250).contains(&text.len()) && text.bytes().all(is_property_byte)
}

fn is_property_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

/// STIX 2.1 §2.3.
pub(super) fn is_dictionary_key(text: &str) -> bool {
    text.len() <= 250
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Version and variant digit of the UUID that ends an identifier, for identifiers as the standard writes
/// them: a type name, `--`, a UUID of version 1 to 5 and the variant of RFC 4122.
pub(super) fn uuid_version(id: &str) -> Option<u32> {
    let (type_name, uuid) = id.rsplit_once("--")?;
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        14 => (b'1'..=b'5').contains(&byte),
        19 => matches!(byte, b'8' | b'9' | b'a' | b'b' | b'A' | b'B'),
        _ => byte.is_ascii_hexdigit(),
    };
    let is_type = type_name.len() >= 3
        && type_name.starts_with(|c: char| c.is_ascii_lowercase())
        && !type_name.ends_with('-')
        && type_name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (is_type && uuid.len() == 36 && uuid.bytes().enumerate().all(fits))
        .then(|| uuid.chars().nth(14).and_then(|digit| digit.to_digit(16)))
        .flatten()
}

/// STIX 2.1 §2.8.
pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// STIX 2.1 §2.1: RFC 4648 §4, padded.
pub(super) fn is_base64(text: &str) -> bool {
    let body = text
        .strip_suffix("==")
        .or_else(|| text.strip_suffix('='))
        .unwrap_or(text);
    !text.is_empty()
        && text.len().is_multiple_of(4)
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// RFC 3986 §3: a scheme and a hierarchical part, percent-encoded, ASCII only.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let (hierarchy, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = hierarchy.split_once('?').unwrap_or((hierarchy, ""));
    let (authority, path) = match path.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", path),
    };
    scheme_ok
        && is_authority(authority)
        && has_only(path, b"/")
        && has_only(query, b"/?")
        && has_only(fragment, b"/?")
}

/// RFC 3986 §3.2.
fn is_authority(text: &str) -> bool {
    let (user, host_port) = text.rsplit_once('@').unwrap_or(("", text));
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let host_ok = match host_port.strip_prefix('[') {
        Some(literal) => literal.split_once(']').is_some_and(|(address, port)| {
            (address.parse::<Ipv6Addr>().is_ok() || address.starts_with(['v', 'V']))
                && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        }),
        None => {
            let (host, port) = host_port.rsplit_once(':').unwrap_or((host_port, ""));
            is_port(port) && has_only(host, b"") && !host.contains([':', '@'])
        }
    };
    host_ok && has_only(user, b"") && !user.contains('@')
}

/// Whether the text is of `pchar` (RFC 3986 §3.3) and these.
fn has_only(text: &str, also: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => {
                bytes.next().is_some_and(|b| b.is_ascii_hexdigit())
                    && bytes.next().is_some_and(|b| b.is_ascii_hexdigit())
            }
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b','
            | b';' | b'=' | b':' | b'@' => true,
            _ => byte.is_ascii_alphanumeric() || also.contains(&byte),
        };
        if !fits {
            return false;
        }
    }
    true
}

/// RFC 1034 in the preferred syntax, with labels of RFC 5890.
pub(super) fn is_domain_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.is_empty() {
        return false;
    }
    let ascii = match name.is_ascii() {
        true => name.to_ascii_lowercase(),
        false => match idna::domain_to_ascii_strict(name) {
            Ok(ascii) => ascii,
            Err(_) => return false,
        },
    };
    ascii.len() <= 253 && ascii.split('.').all(is_host_label)
}

fn is_host_label(label: &str) -> bool {
    let is_ldh = (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-');
    match (is_ldh, label.get(2..4)) {
        (true, Some("--")) => label.starts_with("xn--") && idna::domain_to_unicode(label).1.is_ok(),
        (is_ldh, _) => is_ldh,
    }
}

/// `addr-spec` of RFC 5322 §3.4.1, with letters beyond ASCII as RFC 6532 admits them.
pub(super) fn is_email_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .chars()
                .all(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
    };
    let is_quoted = |text: &str| {
        text.len() > 2
            && text.starts_with('"')
            && text.ends_with('"')
            && !text.chars().any(|c| c.is_control())
    };
    let domain_ok = match domain
        .strip_prefix('[')
        .and_then(|literal| literal.strip_suffix(']'))
    {
        Some(literal) => !literal.contains(['[', ']', '\\']) && !literal.is_empty(),
        None => domain.split('.').all(is_atom),
    };
    domain_ok && (is_quoted(local) || local.split('.').all(is_atom))
}

/// An address, or a network with a prefix length of 0 to 32 without leading zeros.
pub(super) fn is_ipv4(text: &str) -> bool {
    with_prefix(text, 32).is_some_and(|address| address.parse::<Ipv4Addr>().is_ok())
}

/// An address with or without a zone, or a network with a prefix length of 0 to 128.
pub(super) fn is_ipv6(text: &str) -> bool {
    with_prefix(text, 128).is_some_and(|address| {
        let (address, zone) = address.split_once('%').unwrap_or((address, "-"));
        address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty()
    })
}

/// What stands before the prefix length, if that is fine or absent.
fn with_prefix(text: &str, greatest: u8) -> Option<&str> {
    let Some((address, prefix)) = text.split_once('/') else {
        return Some(text);
    };
    let plain = prefix == "0" || !prefix.starts_with(['0', '+']);
    (plain && prefix.parse::<u8>().is_ok_and(|length| length <= greatest)).then_some(address)
}

/// STIX 2.1 §6.10.
pub(super) fn is_mac_address(text: &str) -> bool {
    let is_pair =
        |pair: &str| pair.len() == 2 && pair.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    text.len() == 17 && text.split(':').all(is_pair)
}

/// A CPE 2.3 formatted string (NISTIR 7695 §6.2): `cpe:2.3:` and eleven components.
pub(super) fn is_cpe(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("cpe:2.3:") else {
        return false;
    };
    let mut components = Components { rest: Some(rest) };
    let part_ok = components
        .next()
        .is_some_and(|part| matches!(part, "a" | "o" | "h" | "*" | "-"));
    let rest: Vec<&str> = components.take(11).collect();
    part_ok
        && rest.len() == 10
        && rest.iter().enumerate().all(|(at, component)| {
            matches!(*component, "*" | "-")
                || if at == 5 {
                    super::language::is_language(component)
                } else {
                    is_cpe_value(component)
                }
        })
}

/// The components of a CPE: cut at colons that are not quoted.
struct Components<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for Components<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.take()?;
        let mut quoted = false;
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                _ if quoted => quoted = false,
                b'\\' => quoted = true,
                b':' => {
                    self.rest = text.get(at + 1..);
                    return text.get(..at);
                }
                _ => {}
            }
        }
        Some(text)
    }
}

/// Letters, digits, `-._` and quoted punctuation, with wildcards at the ends only.
fn is_cpe_value(text: &str) -> bool {
    let body = match text.strip_prefix('*') {
        Some(body) => body,
        None => text.trim_start_matches('?'),
    };
    let mut bytes = body.bytes();
    let mut count = 0;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if bytes.next().is_some_and(|b| b.is_ascii_punctuation()) => {}
            b'-' | b'.' | b'_' => {}
            _ if byte.is_ascii_alphanumeric() => {}
            b'*' => return count > 0 && bytes.next().is_none(),
            b'?' => return count > 0 && bytes.all(|b| b == b'?'),
            _ => return false,
        }
        count += 1;
    }
    count > 0
}

/// STIX 2.1 §6.17: whether the hive is written in short.
pub(super) fn short_hive(key: &str) -> Option<&'static str> {
    let hive = key.split('\\').next().unwrap_or_default().to_ascii_uppercase();
    Some(match hive.as_str() {
        "HKLM" => "HKEY_LOCAL_MACHINE",
        "HKCC" => "HKEY_CURRENT_CONFIG",
        "HKCR" => "HKEY_CLASSES_ROOT",
        "HKCU" => "HKEY_CURRENT_USER",
        "HKU" => "HKEY_USERS",
        _ => return None,
    })
}

/// STIX 2.1 §2.14: lower case, with hyphens and not spaces or underscores between words.
pub(super) fn is_term(text: &str) -> bool {
    let has_letter = text.chars().any(char::is_lowercase);
    has_letter && !text.chars().any(|c| c.is_uppercase() || c == '_' || c == ' ')
}

/// STIX 2.1 §4.12: lower-case letters, digits and hyphens.
pub(super) fn is_product(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// STIX 2.1 §6.12.4: a family and upper-case words, joined by underscores.
pub(super) fn is_socket_option(text: &str) -> bool {
    const FAMILIES: &[&str] = &["SO", "ICMP", "ICMP6", "IP", "IPV6", "MCAST", "TCP", "IRLMP"];
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase());
    text.split_once('_')
        .is_some_and(|(family, rest)| FAMILIES.contains(&family) && rest.split('_').all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is: fn(&str) -> bool, yes: &[&str], no: &[&str]) {
        for text in yes {
            assert!(is(text), "{text}");
        }
        for text in no {
            assert!(!is(text), "{text}");
        }
    }

    #[test]
    fn names_of_types_and_properties() {
        check(
            is_type_name,
            &["file", "x-a", "a1b", "x509-certificate"],
            &["ab", "File", "a--b", "-abc", "1abc", "a_bc", ""],
        );
        check(
            is_property_name,
            &["id", "name", "x_foo", "a1_"],
            &["ab", "Name", "x-foo", "_abc", "1abc", ""],
        );
    }

    #[test]
    fn identifiers_have_a_version_and_a_variant() {
        assert_eq!(
            uuid_version("tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"),
            Some(4)
        );
        assert_eq!(
            uuid_version("ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd"),
            Some(5)
        );
        for id in [
            "tool-8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "tool--8e2e2d2b-17d4-6cbf-938f-98ee46b3cd3f",
            "tool--8e2e2d2b-17d4-4cbf-738f-98ee46b3cd3f",
            "Tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "",
            "--",
        ] {
            assert_eq!(uuid_version(id), None, "{id}");
        }
    }

    #[test]
    fn uris() {
        check(
            is_uri,
            &[
                "http://a.example/b?c=d#e",
                "urn:isbn:1",
                "mailto:a@b",
                "http://[::1]:80/",
                "ftp://u:p@h:21/x%20y",
                "file:///c",
                "http://a.example",
            ],
            &[
                "",
                "a.example/b",
                "http://a b",
                "http://a/{x}",
                "http://a/%zz",
                "http://ä.example/",
                "1http://a",
                "http://a:b:c/",
                "http://[::1/",
                "http://a#b#c",
                "http://a/\\b",
            ],
        );
    }

    #[test]
    fn domain_names() {
        check(
            is_domain_name,
            &[
                "a",
                "example.com",
                "EXAMPLE.com.",
                "bücher.example",
                "xn--bcher-kva.example",
                "1.2.3.4",
                "3com.com",
            ],
            &[
                "",
                ".",
                "a..b",
                "-a.com",
                "a-.com",
                "a_b.com",
                "a b.com",
                "http://a.com",
                "ab--c.com",
                "*.a.com",
            ],
        );
        assert!(!is_domain_name(&"a".repeat(64)));
        assert!(!is_domain_name(&"abcdefghi.".repeat(26)));
    }

    #[test]
    fn email_addresses() {
        check(
            is_email_address,
            &[
                "a@b.example",
                "o'neill+x@sub.b.example",
                "\"a b\"@c.example",
                "a@[192.0.2.1]",
                "ä@b.example",
            ],
            &[
                "",
                "a",
                "@b",
                "a@",
                "a b@c.example",
                "A <a@b.example>",
                "a..b@c.example",
                "a@b..c",
            ],
        );
    }

    #[test]
    fn addresses_and_networks() {
        check(
            is_ipv4,
            &["192.0.2.1", "0.0.0.0/0", "10.0.0.0/8", "1.2.3.4/32"],
            &[
                "",
                "999.1.1.1",
                "1.2.3",
                "1.2.3.4/33",
                "1.2.3.4/01",
                "01.2.3.4",
                "1.2.3.4/",
                "1.2.3.4/+8",
            ],
        );
        check(
            is_ipv6,
            &[
                "::",
                "2001:db8::/32",
                "::ffff:1.2.3.4",
                "fe80::1%eth0",
                "::/0",
                "::1/128",
            ],
            &["", "foo", "::1/129", "::1/00", "1.2.3.4", "fe80::1%"],
        );
        check(
            is_mac_address,
            &["00:1b:44:11:3a:b7"],
            &["00-1b-44-11-3a-b7", "00:1B:44:11:3A:B7", "00:1b:44:11:3a", ""],
        );
    }

    #[test]
    fn cpes() {
        check(
            is_cpe,
            &[
                "cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*",
                "cpe:2.3:a:foo\\\\bar:big\\$money:2010:-:*:*:special:ipod_touch:80gb:*",
                "cpe:2.3:o:a:b:*:*:*:en-us:*:*:*:*",
                "cpe:2.3:a:*soft:x?:1.0:*:*:*:*:*:*:*",
            ],
            &[
                "",
                "invalid",
                "cpe:/a:microsoft:word",
                "cpe:2.3:x:a:b:*:*:*:*:*:*:*:*",
                "cpe:2.3:a:a:b",
                "cpe:2.3:a:a b:c:*:*:*:*:*:*:*:*",
                "cpe:2.3:a:a:b:*:*:*:*:*:*:*:*:*",
                "cpe:2.3:a::b:*:*:*:*:*:*:*:*",
            ],
        );
    }

    #[test]
    fn encodings() {
        check(is_hex, &["00", "fFe0"], &["", "0", "0g"]);
        check(
            is_base64,
            &["AP8=", "YQ==", "AAAA"],
            &["", "====", "A", "AAA", "A=AA", "AA A"],
        );
    }
}
