//! Which kind of value a STIX object path denotes.

use super::{Kind, NotA, Observable, hash, normalise};
use crate::pattern::{ObjectPath, Step};

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Denotes {
    /// A value of one kind.
    One(Kind),
    /// An address or a domain name, as the value says: `network-traffic:dst_ref.value`.
    Host,
    /// A hash whose algorithm the path leaves open: `file:hashes[*]`, `hashes.UNKNOWN`.
    Hash,
}

impl Denotes {
    /// The kinds that a value there can have.
    pub fn kinds(self) -> &'static [Kind] {
        match self {
            Denotes::One(kind) => {
                let all = const { &ONE_KIND };
                all.iter()
                    .find(|one| one.first() == Some(&kind))
                    .map_or(&[], |one| one.as_slice())
            }
            Denotes::Host => &[Kind::Ipv4, Kind::Ipv6, Kind::Domain, Kind::MacAddress],
            Denotes::Hash => &[Kind::Md5, Kind::Sha1, Kind::Sha256, Kind::Sha512],
        }
    }

    /// The normal form of a value there.
    pub fn normalise(self, raw: &str) -> Result<Observable, NotA> {
        match self {
            Denotes::One(kind) => normalise(kind, raw),
            Denotes::Host => normalise(Kind::Ipv4, raw)
                .or_else(|_| normalise(Kind::Domain, raw))
                .or_else(|_| normalise(Kind::MacAddress, raw))
                .map_err(|_| NotA("no address and no domain name")),
            Denotes::Hash => {
                let kind = hash::by_length(raw.trim()).ok_or(NotA("no hash of a known length"))?;
                normalise(kind, raw)
            }
        }
    }
}

/// What `path` denotes, where that can be looked up. Steps over references are followed by name
/// (`email-message:from_ref.value`); the type of what a reference leads to decides nothing.
pub fn of_path(path: &ObjectPath) -> Option<Denotes> {
    let names: Vec<&str> = path.steps.iter().filter_map(name).collect();
    let indexed = path.steps.iter().any(|step| !matches!(step, Step::Property(_)));
    let parts = names.as_slice();
    if let Some(denotes) = hash_at(&path.object_type, parts) {
        return Some(denotes);
    }
    plain(&path.object_type, parts, indexed)
}

fn name(step: &Step) -> Option<&str> {
    match step {
        Step::Property(name) => Some(name),
        Step::Index(_) | Step::Any => None,
    }
}

/// `hashes.'SHA-256'` on whatever has hashes, nested or over a reference; `app:cert.sha256` as some write it.
fn hash_at(object_type: &str, parts: &[&str]) -> Option<Denotes> {
    match parts {
        [.., "hashes", algorithm] => Some(algorithm_kind(algorithm).map_or(Denotes::Hash, Denotes::One)),
        [.., "hashes"] => Some(Denotes::Hash),
        ["cert", algorithm] if object_type == "app" => algorithm_kind(algorithm).map(Denotes::One),
        _ => None,
    }
}

/// The kind of a hash by the name of its algorithm, in any spelling: `SHA-256`, `sha256`, `SHA_256`.
pub(super) fn algorithm_kind(algorithm: &str) -> Option<Kind> {
    let bare: String = algorithm.chars().filter(char::is_ascii_alphanumeric).collect();
    Some(match bare.to_ascii_uppercase().as_str() {
        "MD5" => Kind::Md5,
        "SHA1" => Kind::Sha1,
        "SHA256" => Kind::Sha256,
        "SHA512" => Kind::Sha512,
        "SHA3256" => Kind::Sha3_256,
        "SHA3512" => Kind::Sha3_512,
        "SSDEEP" => Kind::Ssdeep,
        "TLSH" => Kind::Tlsh,
        "IMPHASH" => Kind::Imphash,
        "JA3" | "JA3S" => Kind::Ja3,
        "JA4" => Kind::Ja4,
        _ => return None,
    })
}

fn plain(object_type: &str, parts: &[&str], indexed: bool) -> Option<Denotes> {
    let one = |kind| Some(Denotes::One(kind));
    match (object_type, parts) {
        ("ipv4-addr" | "ipv6-addr" | "domain-name", ["value"]) => match object_type {
            "ipv4-addr" => one(Kind::Ipv4),
            "ipv6-addr" => one(Kind::Ipv6),
            _ => one(Kind::Domain),
        },
        ("domain-name", ["resolves_to_refs", "value"]) if indexed => Some(Denotes::Host),
        ("url", ["value"]) | ("artifact" | "file", ["url"] | ["content_ref", "url"]) => one(Kind::Url),
        ("email-addr", ["value"]) => one(Kind::Email),
        (
            "email-message",
            [
                "from_ref" | "sender_ref" | "to_refs" | "cc_refs" | "bcc_refs",
                "value",
            ],
        ) => one(Kind::Email),
        ("mac-addr", ["value"]) => one(Kind::MacAddress),
        ("file", ["name"]) | ("process", ["name"]) => one(Kind::FileName),
        (
            "process",
            ["image_ref" | "binary_ref", "name"] | ["parent_ref", "image_ref" | "binary_ref", "name"],
        ) => one(Kind::FileName),
        ("email-message", ["body_multipart", "body_raw_ref", "name"]) => one(Kind::FileName),
        ("file", ["path"]) | ("directory", ["path"]) | ("process", ["cwd"]) => one(Kind::FilePath),
        ("file", ["parent_directory_ref", "path"]) => one(Kind::FilePath),
        ("process", ["command_line"]) => one(Kind::CommandLine),
        ("windows-registry-key", ["key"]) => one(Kind::RegistryKey),
        ("mutex", ["name"]) => one(Kind::Mutex),
        ("autonomous-system", ["number"]) => one(Kind::AutonomousSystem),
        ("user-account", ["user_id" | "account_login"]) => one(Kind::Account),
        ("x509-certificate", ["serial_number"]) => one(Kind::CertificateSerial),
        ("network-traffic", ["src_ref" | "dst_ref", "value"]) => Some(Denotes::Host),
        ("network-traffic", ["extensions", "http-request-ext", "request_header", header])
            if header.eq_ignore_ascii_case("user-agent") =>
        {
            one(Kind::UserAgent)
        }
        ("network-traffic", ["extensions", "http-request-ext", "request_header", header])
            if header.eq_ignore_ascii_case("host") =>
        {
            Some(Denotes::Host)
        }
        ("network-traffic", [.., "ja3" | "ja3s" | "ja3_hash" | "ja3s_hash" | "x_ja3" | "x_ja3s"]) => {
            one(Kind::Ja3)
        }
        ("network-traffic", [.., "ja4" | "x_ja4"]) => one(Kind::Ja4),
        ("file", ["extensions", "windows-pebinary-ext", "imphash"]) => one(Kind::Imphash),
        ("app", ["id"]) | ("configuration-profile", ["id"]) => one(Kind::Application),
        _ => None,
    }
}

/// Every kind as a slice of one, so that [`Denotes::kinds`] can give it out.
const ONE_KIND: [[Kind; 1]; 28] = [
    [Kind::Ipv4],
    [Kind::Ipv6],
    [Kind::Domain],
    [Kind::Url],
    [Kind::Email],
    [Kind::Md5],
    [Kind::Sha1],
    [Kind::Sha256],
    [Kind::Sha512],
    [Kind::FileName],
    [Kind::FilePath],
    [Kind::RegistryKey],
    [Kind::UserAgent],
    [Kind::Ja3],
    [Kind::MacAddress],
    [Kind::AutonomousSystem],
    [Kind::Mutex],
    [Kind::Ssdeep],
    [Kind::Tlsh],
    [Kind::Sha3_256],
    [Kind::Sha3_512],
    [Kind::CertificateSerial],
    [Kind::Account],
    [Kind::Application],
    [Kind::CommandLine],
    [Kind::Imphash],
    [Kind::Vulnerability],
    [Kind::Ja4],
];
