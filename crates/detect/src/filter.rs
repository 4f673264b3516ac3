//! Whether a value can matter, decided on its raw bytes in a few nanoseconds.
//!
//! May say yes too often, never no wrongly: what it says yes to is read again by `values` and looked up
//! exactly. Bytes that are not plainly what they usually are go the slow way right here. Begin at
//! [`Filter::may_match`].

use crate::atom::Test;
use crate::generation::Generation;
use crate::key::{Family, Key, URL_HOST_TAG, family_of, value_key};
use crate::lookup::spellings;
use crate::memo::Memo;
use crate::text::Wanted;
use crate::values::{self, Reading};
use crate::{address, text};
use entente_stix::observable::Kind as Is;
use entente_telemetry::{Kind, Value};

/// The filter of one generation, on one thread.
#[derive(Debug)]
pub(crate) struct Filter<'g> {
    generation: &'g Generation,
    url_hosts: bool,
    /// Kinds, by their number, that some indicator can match.
    wanted: [bool; Kind::ALL.len()],
    /// Kinds that have patterns, which only the slow way knows.
    patterned: [bool; Kind::ALL.len()],
    has_urls: bool,
    has_url_prefixes: bool,
    cutter: Cutter,
    memo: Memo,
    key: Vec<u8>,
}

/// What a value of a telemetry kind may be read as.
fn meanings(kind: Kind) -> &'static [Is] {
    match kind {
        Kind::Address => &[Is::Ipv4, Is::Ipv6],
        Kind::Host | Kind::Domain => &[Is::Ipv4, Is::Ipv6, Is::Domain],
        Kind::Url => &[Is::Url, Is::Ipv4, Is::Ipv6, Is::Domain],
        Kind::Email => &[Is::Email, Is::Ipv4, Is::Ipv6, Is::Domain],
        Kind::Hash => &[
            Is::Md5,
            Is::Sha1,
            Is::Sha256,
            Is::Sha512,
            Is::Sha3_256,
            Is::Sha3_512,
            Is::Imphash,
        ],
        Kind::CertificateHash => &[
            Is::Md5,
            Is::Sha1,
            Is::Sha256,
            Is::Sha512,
            Is::Sha3_256,
            Is::Sha3_512,
        ],
        Kind::Ja3 => &[Is::Ja3],
        Kind::FileName | Kind::FilePath => &[Is::FileName, Is::FilePath],
        Kind::RegistryKey => &[Is::RegistryKey],
        Kind::UserAgent => &[Is::UserAgent],
        Kind::MacAddress => &[Is::MacAddress],
        Kind::AutonomousSystem => &[Is::AutonomousSystem],
        Kind::Text => &[
            Is::Ipv4,
            Is::Ipv6,
            Is::Domain,
            Is::Url,
            Is::Email,
            Is::Md5,
            Is::Sha1,
            Is::Sha256,
            Is::Sha512,
            Is::Sha3_256,
            Is::Sha3_512,
            Is::Imphash,
            Is::Ja3,
            Is::FileName,
            Is::FilePath,
            Is::RegistryKey,
            Is::UserAgent,
            Is::CommandLine,
        ],
    }
}

/// Cuts text into pieces of which some indicator may ask for one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cutter {
    wanted: Wanted,
    has_command_lines: bool,
}

impl Cutter {
    pub(crate) fn pieces<'t>(self, bytes: &'t [u8], mut piece: impl FnMut(Kind, &'t [u8])) {
        text::pieces(bytes, self.wanted, &mut piece);
        if self.has_command_lines {
            piece(Kind::Text, bytes);
        }
    }
}

/// Whether any kind of telemetry shows values of this kind.
pub(crate) fn is_observed(kind: Is) -> bool {
    Kind::ALL
        .iter()
        .any(|&telemetry| meanings(telemetry).contains(&kind))
}

impl<'g> Filter<'g> {
    pub(crate) fn new(generation: &'g Generation, url_hosts: bool) -> Self {
        let has = |kind: Is| generation.has_kind(kind as u8);
        let url_hosts = url_hosts && generation.has_test(Test::UrlHost);
        let wants = |kind: Kind| {
            let names_host = meanings(kind).contains(&Is::Domain) || kind == Kind::Address;
            meanings(kind).iter().any(|&meaning| has(meaning)) || url_hosts && names_host
        };
        let hosts = url_hosts || has(Is::Ipv4) || has(Is::Ipv6) || has(Is::Domain);
        Filter {
            generation,
            url_hosts,
            wanted: Kind::ALL.map(wants),
            patterned: Kind::ALL.map(|kind| {
                meanings(kind)
                    .iter()
                    .any(|&meaning| generation.patterns.has(meaning as u8))
            }),
            has_urls: has(Is::Url),
            has_url_prefixes: generation.has_test(Test::UrlPrefix),
            cutter: Cutter {
                wanted: Wanted {
                    addresses: hosts,
                    domains: hosts,
                    urls: has(Is::Url),
                    emails: has(Is::Email),
                    hashes: has(Is::Ja3) || meanings(Kind::Hash).iter().any(|&kind| has(kind)),
                    names: has(Is::FileName),
                    paths: has(Is::FilePath),
                    keys: has(Is::RegistryKey),
                    agents: has(Is::UserAgent),
                },
                has_command_lines: has(Is::CommandLine),
            },
            memo: Memo::default(),
            key: Vec::new(),
        }
    }

    /// Whether any indicator asks for values of this kind.
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "the arrays have an element for each kind")]
    pub(crate) fn wants(&self, kind: Kind) -> bool {
        self.wanted[kind as usize]
    }

    /// What cuts text into pieces that may matter.
    pub(crate) fn cutter(&self) -> Cutter {
        self.cutter
    }

    /// Whether the value, or what it holds, may be known.
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "the arrays have an element for each kind")]
    pub(crate) fn may_match(&mut self, kind: Kind, value: &Value<'_>) -> bool {
        if self.patterned[kind as usize] {
            return self.slow(kind, value);
        }
        let bytes = match value {
            Value::Plain(bytes) => *bytes,
            Value::Url { host, port, path } => return self.url_parts(host, *port, path, value),
        };
        match kind {
            Kind::Address => match address::v4(bytes) {
                Some(address) => self.v4(address, bytes),
                None => self.v6(bytes).unwrap_or_else(|| self.slow(kind, value)),
            },
            Kind::Host | Kind::Domain => match self.host(bytes).or_else(|| self.v6(bytes)) {
                Some(answer) => answer,
                None => self.slow(kind, value),
            },
            Kind::Url => self.url(bytes, value),
            Kind::Hash | Kind::CertificateHash => match self.hash(bytes) {
                Some(answer) if kind == Kind::Hash || memchr::memchr2(b':', b' ', bytes).is_none() => answer,
                _ => self.slow(kind, value),
            },
            Kind::Ja3 if bytes.len() == 32 => self
                .caseless(Is::Ja3, bytes)
                .unwrap_or_else(|| self.slow(kind, value)),
            Kind::UserAgent => self
                .caseless(Is::UserAgent, bytes)
                .unwrap_or_else(|| self.slow(kind, value)),
            _ => self.slow(kind, value),
        }
    }

    /// A domain or an address; `None` when it is neither plainly.
    #[inline(always)]
    fn host(&self, bytes: &[u8]) -> Option<bool> {
        if let Some(address) = address::v4(bytes) {
            return Some(self.v4(address, bytes));
        }
        let name = match bytes {
            [b'*', b'.', name @ ..] | [b'.', name @ ..] | name => name,
        };
        self.domain(name.strip_suffix(b".").unwrap_or(name))
    }

    #[inline(always)]
    fn v4(&self, address: u32, text: &[u8]) -> bool {
        let hash = self.generation.keys.word(Is::Ipv4 as u8, u64::from(address));
        self.may_contain(Family::Ipv4, hash)
            || self.generation.networks4.any_covers(address)
            || self.url_hosts && self.url_host(text)
    }

    /// `None` when it is not plainly an IPv6 address, or an IPv4 address within one.
    #[inline(never)]
    fn v6(&self, bytes: &[u8]) -> Option<bool> {
        let address: std::net::Ipv6Addr = std::str::from_utf8(bytes).ok()?.parse().ok()?;
        let bits = u128::from(address);
        let embeds = matches!(bits >> 32, 0xffff | 0x0064_ff9b_0000_0000_0000_0000);
        if embeds || self.url_hosts {
            return None;
        }
        let hash = self.generation.keys.wide(Is::Ipv6 as u8, bits);
        Some(self.may_contain(Family::Ipv6, hash) || self.generation.networks6.any_covers(bits))
    }

    #[inline(always)]
    fn url_host(&self, host: &[u8]) -> bool {
        self.may_contain(Family::Domain, self.generation.keys.domain(URL_HOST_TAG, host))
    }

    #[inline(always)]
    fn domain(&self, name: &[u8]) -> Option<bool> {
        let mut found = false;
        let keys = &self.generation.keys;
        let plain = keys.suffixes(Is::Domain as u8, name, |hash, _| {
            found |= self.may_contain(Family::Domain, hash);
        });
        if !plain {
            return None;
        }
        if self.url_hosts {
            found |= self.url_host(name);
        }
        Some(found)
    }

    #[inline(always)]
    fn hash(&self, bytes: &[u8]) -> Option<bool> {
        let mut found = Some(false);
        for &kind in values::hash_kinds(bytes.len()) {
            let own = if self.generation.has_kind(kind as u8) {
                self.caseless(kind, bytes)
            } else {
                Some(false)
            };
            found = found.zip(own).map(|(a, b)| a || b);
        }
        // Fingerprints may have separators.
        if values::hash_kinds(bytes.len()).is_empty() && !bytes.is_empty() {
            None
        } else {
            found
        }
    }

    /// A value that its normal form differs from in case at most; `None` when that is not plain.
    #[inline(always)]
    fn caseless(&self, kind: Is, bytes: &[u8]) -> Option<bool> {
        let hash = self.generation.keys.caseless(kind as u8, bytes);
        if self.may_contain(family_of(kind as u8), hash) {
            return Some(true);
        }
        // Blanks around it are cut by the normal form; other alphabets have blanks of their own.
        let is_plain = |byte: Option<&u8>| byte.is_some_and(|byte| (b'!'..=b'~').contains(byte));
        (is_plain(bytes.first()) && is_plain(bytes.last()) && bytes.is_ascii()).then_some(false)
    }

    #[inline(always)]
    fn url(&mut self, bytes: &[u8], value: &Value<'_>) -> bool {
        let rest = match bytes.split_first_chunk::<7>() {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"http://") => rest,
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"https:/") => {
                match rest.strip_prefix(b"/") {
                    Some(rest) => rest,
                    None => return self.slow(Kind::Url, value),
                }
            }
            _ => return self.slow(Kind::Url, value),
        };
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?'))
            .unwrap_or(rest.len());
        match rest.split_at_checked(length) {
            Some((host, path)) => self.url_plain(host, None, path, value),
            None => self.slow(Kind::Url, value),
        }
    }

    #[inline(always)]
    fn url_parts(&mut self, host: &[u8], port: Option<&[u8]>, path: &[u8], value: &Value<'_>) -> bool {
        match path.first() {
            Some(b'/' | b'?') | None => self.url_plain(host, port, path, value),
            _ => self.slow(Kind::Url, value),
        }
    }

    /// A URL of which scheme and host are cut off. `path` begins with `/` or `?`, or is empty.
    #[inline(always)]
    fn url_plain(&mut self, host: &[u8], port: Option<&[u8]>, path: &[u8], value: &Value<'_>) -> bool {
        let is_host_plain = match address::v4(host) {
            Some(address) => {
                if self.v4(address, host) {
                    return true;
                }
                true
            }
            // A last label that begins with a digit may be an address in one of its older spellings.
            None => match self.domain(host) {
                Some(true) => return true,
                Some(false) => is_plain_host(host),
                None => false,
            },
        };
        if !self.has_urls {
            return !is_host_plain && self.slow(Kind::Url, value);
        }
        if !is_host_plain || !is_plain_path(path) {
            return self.slow(Kind::Url, value);
        }
        let mut found = self.url_key(host, None, path);
        if let Some(port) = port
            && values::is_own_port(port)
        {
            found |= self.url_key(host, Some(port), path);
        }
        found
    }

    #[inline(always)]
    fn url_key(&mut self, host: &[u8], port: Option<&[u8]>, path: &[u8]) -> bool {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        key.extend_from_slice(host);
        key.make_ascii_lowercase();
        if let Some(port) = port {
            key.push(b':');
            key.extend_from_slice(port);
        }
        if path.first() != Some(&b'/') {
            key.push(b'/');
        }
        key.extend_from_slice(path);
        let found = self.normal_url(&key);
        self.key = key;
        found
    }

    /// Whether a URL in normal form may be known, itself, without its query, or by a prefix.
    #[inline(always)]
    fn normal_url(&self, key: &[u8]) -> bool {
        let keys = &self.generation.keys;
        let kind = Is::Url as u8;
        let mut found = false;
        let bare = match memchr::memchr(b'?', key) {
            Some(place) => {
                found |= self.may_contain(Family::Url, keys.exact(kind, key));
                key.get(..place).unwrap_or_default()
            }
            None => key,
        };
        let hash = if self.has_url_prefixes {
            keys.prefixes(kind, bare, |hash, _| found |= self.may_contain(Family::Url, hash))
        } else {
            keys.exact(kind, bare)
        };
        found | self.may_contain(Family::Url, hash)
    }

    #[inline(always)]
    fn may_contain(&self, family: Family, hash: u64) -> bool {
        match self.generation.blooms.get(family as usize) {
            Some(bloom) => bloom.may_contain(hash) && self.generation.table.may_contain(hash),
            None => true,
        }
    }

    /// By the value's normal forms. Remembers what was not found.
    #[cold]
    #[inline(never)]
    fn slow(&mut self, kind: Kind, value: &Value<'_>) -> bool {
        if self.memo.knows(kind, value) {
            return false;
        }
        let found = values::readings(kind, value)
            .iter()
            .any(|reading| self.reading(reading));
        if !found {
            self.memo.note(kind, value);
        }
        found
    }

    fn reading(&self, reading: &Reading) -> bool {
        let observable = &reading.observable;
        let value = observable.value.as_str();
        let known = match (
            observable.kind,
            value_key(&self.generation.keys, observable.kind as u8, value),
        ) {
            (Is::Domain, _) => self.domain(value.as_bytes()).unwrap_or(true),
            (Is::Url, _) => self.normal_url(value.as_bytes()),
            (_, Some(Key::Hash(hash, family))) => self.may_contain(family, hash),
            _ => true,
        };
        let is_address = matches!(observable.kind, Is::Ipv4 | Is::Ipv6);
        let patterns = &self.generation.patterns;
        known
            || is_address && (self.in_network(value) || self.url_hosts && self.url_host(value.as_bytes()))
            || patterns.has(observable.kind as u8)
                && spellings(&reading.raw, observable)
                    .iter()
                    .any(|text| patterns.any_match(observable.kind as u8, text))
    }

    fn in_network(&self, value: &str) -> bool {
        match value.parse() {
            Ok(std::net::IpAddr::V4(address)) => self.generation.networks4.any_covers(u32::from(address)),
            Ok(std::net::IpAddr::V6(address)) => self.generation.networks6.any_covers(u128::from(address)),
            Err(_) => true,
        }
    }
}

/// Whether the normal form of a URL has this host in lower case and otherwise as it is.
#[inline(always)]
fn is_plain_host(host: &[u8]) -> bool {
    let last = host
        .iter()
        .rposition(|&byte| byte == b'.')
        .map_or(0, |dot| dot + 1);
    host.get(last).is_some_and(|byte| byte.is_ascii_alphabetic()) && !host.starts_with(b"*")
}

/// Bytes that the normal form of a URL leaves as they are, in path and query.
const PLAIN_IN_PATH: [bool; 256] = plain_in_path();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn plain_in_path() -> [bool; 256] {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        plain[byte] = (byte as u8).is_ascii_alphanumeric()
            || matches!(
                byte as u8,
                b'/' | b'?' | b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'(' | b')' | b'*' | b'+'
            )
            || matches!(byte as u8, b',' | b';' | b'=' | b':' | b'@');
        byte += 1;
    }
    plain
}

/// Whether the normal form of a URL has this path and query as they are: nothing to escape, no dot segments,
/// no empty query.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "a u8 is below 256")]
fn is_plain_path(path: &[u8]) -> bool {
    let mut all_plain = true;
    let mut dot_segment = false;
    let mut before = 0;
    for &byte in path {
        all_plain &= PLAIN_IN_PATH[byte as usize];
        dot_segment |= byte == b'.' && before == b'/';
        before = byte;
    }
    all_plain && !dot_segment && before != b'?'
}

#[cfg(test)]
mod tests;
